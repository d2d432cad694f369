package sdp

import (
	"slices"
	"testing"
)

var (
	pcmu  = Static(0)
	pcma  = Static(8)
	g722  = Static(9)
	g729  = Static(18)
	cn    = Static(13)
	opus  = Codec{Name: "opus", ClockRate: 48000, Channels: 2, PayloadType: 111, Fmtp: "useinbandfec=1"}
	dtmf  = Codec{Name: "telephone-event", ClockRate: 8000, Channels: 1, PayloadType: 101, Fmtp: "0-16"}
	odd97 = Codec{PayloadType: 97} // no a=rtpmap
)

// as gives the codec another number.
func as(c Codec, payloadType uint8) Codec {
	c.PayloadType = payloadType
	return c
}

// with gives the codec other parameters.
func with(c Codec, fmtp string) Codec {
	c.Fmtp = fmtp
	return c
}

func TestStaticPayloadNumbers(t *testing.T) {
	for pt, want := range map[uint8]string{
		0: "PCMU/8000", 3: "GSM/8000", 4: "G723/8000", 8: "PCMA/8000", 9: "G722/8000",
		10: "L16/44100/2", 13: "CN/8000", 15: "G728/8000", 18: "G729/8000", 34: "H263/90000",
		1: "payload 1", 35: "payload 35", 96: "payload 96", 127: "payload 127", 255: "payload 255",
	} {
		if got := Static(pt); got.String() != want || got.PayloadType != pt {
			t.Errorf("Static(%d) = %+v, %q, want %q", pt, got, got, want)
		}
	}
}

func TestSameIsByNameRateAndChannels(t *testing.T) {
	amr := Codec{Name: "AMR", ClockRate: 8000}
	g7221 := Codec{Name: "G7221", ClockRate: 16000}
	for _, c := range []struct {
		why  string
		a, b Codec
		want bool
	}{
		{"number does not count", pcmu, as(pcmu, 120), true},
		{"case does not count", pcmu, Codec{Name: "pcmu", ClockRate: 8000}, true},
		{"no channels are one", dtmf, Codec{Name: "Telephone-Event", ClockRate: 8000, Channels: 0}, true},
		{"name", pcmu, pcma, false},
		{"number alone", pcmu, as(pcma, 0), false},
		{"rate", dtmf, Codec{Name: "telephone-event", ClockRate: 48000}, false},
		{"channels", opus, Codec{Name: "opus", ClockRate: 48000}, false},
		{"annexb", g729, with(g729, "annexb=no"), true},
		{"G729A is G729", g729, Codec{Name: "g729a", ClockRate: 8000}, true},
		{"G729AB is G729A", Codec{Name: "G729AB", ClockRate: 8000}, Codec{Name: "G729A", ClockRate: 8000}, true},
		{"G729D is not", g729, Codec{Name: "G729D", ClockRate: 8000}, false},
		{"G729E is not", g729, Codec{Name: "G729E", ClockRate: 8000}, false},
		{"G729ABC is nothing", g729, Codec{Name: "G729ABC", ClockRate: 8000}, false},
		{"other parameters", opus, with(opus, "stereo=1"), true},
		{"AMR aligned or not", amr, with(amr, "octet-align=1"), false},
		{"AMR aligned alike", with(amr, "mode-set=0; Octet-Align = 1"), with(amr, "octet-align=1"), true},
		{"AMR default spelled out", amr, with(amr, "octet-align=0"), true},
		{"G722.1 at two bit rates", with(g7221, "bitrate=24000"), with(g7221, "bitrate=32000"), false},
		{"G722.1 without bit rate", with(g7221, "bitrate=24000"), g7221, true},
		{"unnamed", odd97, odd97, false},
		{"unnamed with PCMU", odd97, pcmu, false},
	} {
		if c.a.Same(c.b) != c.want || c.b.Same(c.a) != c.want {
			t.Errorf("%s: %v %q and %v %q: same is %v and %v, want %v", c.why, c.a, c.a.Fmtp, c.b, c.b.Fmtp, c.a.Same(c.b), c.b.Same(c.a), c.want)
		}
	}
}

func TestAuxiliaryCodecsCarryNoSpeech(t *testing.T) {
	for _, name := range []string{"telephone-event", "TELEPHONE-EVENT", "cn", "CN", "tone", "red"} {
		if !(Codec{Name: name}).Auxiliary() {
			t.Errorf("%s is not auxiliary", name)
		}
	}
	for _, c := range []Codec{pcmu, g729, opus, odd97, {Name: "CNX"}} {
		if c.Auxiliary() {
			t.Errorf("%v is auxiliary", c)
		}
	}
	if speaks([]Codec{dtmf, cn, odd97}) || !speaks([]Codec{dtmf, pcma}) || speaks(nil) {
		t.Error("speaks does not tell speech from auxiliaries and unnamed formats")
	}
}

func TestParam(t *testing.T) {
	c := Codec{Fmtp: " mode-set=0,2 ;Octet-Align= 1;maxptime; x==y;mode-set=7"}
	for name, want := range map[string]string{
		"mode-set": "0,2", "octet-align": "1", "maxptime": "", "x": "=y", "none": "", "": "",
	} {
		if got := c.Param(name); got != want {
			t.Errorf("Param(%q) = %q, want %q", name, got, want)
		}
	}
	if got := (Codec{}).Param("x"); got != "" {
		t.Errorf("no parameters, but Param = %q", got)
	}
}

func TestCommon(t *testing.T) {
	amr := Codec{Name: "AMR", ClockRate: 8000, PayloadType: 96}
	for _, c := range []struct {
		why                     string
		offered, answered, want []Codec
	}{
		{"answerer's order, offerer's numbers",
			[]Codec{pcmu, pcma, as(dtmf, 96)}, []Codec{pcma, pcmu, as(dtmf, 101)},
			[]Codec{pcma, pcmu, as(dtmf, 96)}},
		{"answerer's parameters",
			[]Codec{with(dtmf, "0-16")}, []Codec{with(dtmf, "0-15")}, []Codec{with(dtmf, "0-15")}},
		{"offerer's spelling",
			[]Codec{{Name: "pcmu", ClockRate: 8000, PayloadType: 0}}, []Codec{pcmu},
			[]Codec{{Name: "pcmu", ClockRate: 8000, PayloadType: 0}}},
		{"what was not offered is not there",
			[]Codec{pcmu}, []Codec{g722, opus}, []Codec{}},
		{"number reused for another codec does not match",
			[]Codec{as(opus, 96)}, []Codec{as(dtmf, 96)}, []Codec{}},
		{"an unnamed number is what the offer says",
			[]Codec{pcmu, dtmf}, []Codec{pcmu, {PayloadType: 101}}, []Codec{pcmu, with(dtmf, "")}},
		{"an unnamed number that was not offered is nothing",
			[]Codec{pcmu}, []Codec{odd97}, []Codec{}},
		{"two unnamed ones are nothing in common",
			[]Codec{odd97}, []Codec{odd97}, []Codec{}},
		{"twice the same codec: the same number is preferred",
			[]Codec{as(g729, 96), g729}, []Codec{g729}, []Codec{g729}},
		{"twice the same codec: each is used once",
			[]Codec{as(g729, 96), g729}, []Codec{as(g729, 110), as(g729, 111), as(g729, 112)},
			[]Codec{as(g729, 96), g729}},
		{"framing tells two AMR apart",
			[]Codec{amr, with(as(amr, 97), "octet-align=1")}, []Codec{with(as(amr, 120), "octet-align=1")},
			[]Codec{with(as(amr, 97), "octet-align=1")}},
		{"annexb=no of the offer binds a silent answer",
			[]Codec{with(g729, "annexb=no")}, []Codec{g729}, []Codec{with(g729, "annexb=no")}},
		{"annexb=no of the offer overrides annexb=yes",
			[]Codec{with(g729, "annexb=no")}, []Codec{with(g729, "x=1; annexb=yes")}, []Codec{with(g729, "x=1;annexb=no")}},
		{"annexb=no of the answer goes back",
			[]Codec{g729}, []Codec{with(g729, "annexb=no")}, []Codec{with(g729, "annexb=no")}},
		{"annexa=no likewise",
			[]Codec{with(Static(4), "annexa=no")}, []Codec{Static(4)}, []Codec{with(Static(4), "annexa=no")}},
	} {
		if got := Common(c.offered, c.answered); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", c.why, got, c.want)
		}
	}
}
