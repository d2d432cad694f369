package config

import (
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// genRecording draws a section.
func genRecording(t *rapid.T) Recording {
	return Recording{
		Path: rapid.SampledFrom([]string{"", "/var/spool/tandem", "calls of today"}).Draw(t, "recordings"),
		Name: rapid.SampledFrom([]string{defaultRecordingName, "{caller}/{call}"}).Draw(t, "name"),
		Beep: rapid.Bool().Draw(t, "beep"), RecordDTMF: rapid.Bool().Draw(t, "dtmf"), Layout: RecordingLayout(rapid.IntRange(0, 2).Draw(t, "layout")),
		Format: RecordingFormat(rapid.IntRange(0, 1).Draw(t, "format")),
	}
}

// recording writes it.
func (w *written) recording(c *Config) {
	w.key(0, "", "prompts", "")
	w.key(2, "prompts", "path", strconv.Quote(c.Prompts.Path))
	w.key(2, "prompts", "allow_private", strconv.FormatBool(c.Prompts.AllowPrivate))
	w.key(0, "", "recording", "")
	w.key(2, "recording", "path", strconv.Quote(c.Recording.Path))
	w.key(2, "recording", "name", strconv.Quote(c.Recording.Name))
	w.key(2, "recording", "layout", c.Recording.Layout.String())
	w.key(2, "recording", "format", c.Recording.Format.String())
	w.key(2, "recording", "beep", strconv.FormatBool(c.Recording.Beep))
	w.key(2, "recording", "record_dtmf", strconv.FormatBool(c.Recording.RecordDTMF))
}

// TestRecording reads the whole section, and what is recorded.
func TestRecording(t *testing.T) {
	c, err := Parse("t.yaml", []byte(`
recording: {path: /srv, name: "{call}", layout: separate, format: ogg, beep: true, record_dtmf: true}
prompts: {path: /srv/prompts, allow_private: true}
users: [{name: alice, password: long-enough, record: true}]
trunks: [{name: t, address: "sip:192.0.2.1"}]
routes: [{name: r, to: "+", trunks: [t], record: true}, {name: s, to: "+1", trunks: [t]}]
`))
	if err != nil {
		t.Fatal(err)
	}
	want := Recording{Path: "/srv", Name: "{call}", Layout: RecordingSeparate, Format: RecordingOgg, Beep: true, RecordDTMF: true}
	if c.Recording != want || c.Prompts != (Prompts{Path: "/srv/prompts", AllowPrivate: true}) || !c.Users[0].Record || !c.Routes[0].Record || c.Routes[1].Record {
		t.Errorf("%+v", c)
	}
	if d := Default().Recording; d != (Recording{Name: defaultRecordingName}) {
		t.Errorf("the default is %+v", d)
	}
}

// TestRecordingWords: each word of the file is a value, and its own name.
func TestRecordingWords(t *testing.T) {
	for i, word := range recordingLayouts {
		var l RecordingLayout
		if err := l.UnmarshalText([]byte(word)); err != nil || int(l) != i || l.String() != word {
			t.Errorf("%s is %v, %v", word, l, err)
		}
	}
	for i, word := range recordingFormats {
		var f RecordingFormat
		if err := f.UnmarshalText([]byte(word)); err != nil || int(f) != i || f.String() != word {
			t.Errorf("%s is %v, %v", word, f, err)
		}
	}
}
