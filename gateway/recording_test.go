package gateway_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/config"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/gateway"
	"github.com/tandem-gateway/tandem/rtp/record"
)

// recording is what is added to the configuration to record into a directory.
func recording(dir, more string) string {
	return "recording: {path: \"" + dir + "\"" + more + "}\nusers:"
}

// wavs are the sound files under a directory, by their names in it.
func wavs(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".wav") {
			name, _ := filepath.Rel(dir, path)
			list = append(list, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestRecordedUser: alice's call is recorded, and its record says where.
func TestRecordedUser(t *testing.T) {
	dir := t.TempDir()
	play(t, func(h *house) {
		h.pstn(carrierAt)
		p := h.phone("alice", aliceAt)
		h.call(p, "+14255550100")
		h.pass(3 * time.Second)
		h.hangup(p)
		h.pass(time.Second)
		files := wavs(t, dir)
		r := h.wantRecords(h.records(), "answered")[0]
		if len(files) != 1 || len(r.Recordings) != 1 || !slices.Equal(r.Recordings[0].Files, files) || r.Recordings[0].Ended != "stopped" {
			t.Fatalf("the files are %q, the record says %+v", files, r.Recordings)
		}
		if d := r.Recordings[0].Duration; d < r.Duration-100 || d > r.Duration+100 {
			t.Errorf("%d ms are recorded of %d", d, r.Duration)
		}
		h.says("call recording", "state=recording")
		h.says("call recording", "state=none", "cause=stopped", files[0])
		wantSidecar(t, filepath.Join(dir, r.Recordings[0].Sidecar), r.ID)
	}, "users:", recording(dir, `, name: "{caller}/{call}"`), "    password: secret-of-alice", "    password: secret-of-alice\n    record: true")
}

func wantSidecar(t *testing.T, path, call string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var s record.Sidecar
	if err := json.Unmarshal(text, &s); err != nil || s.CallID != call || s.Caller != "alice" || s.Callee != "+14255550100" || len(s.Parties) != 2 {
		t.Errorf("%s says %s, %v", path, text, err)
	}
	if filepath.Base(filepath.Dir(path)) != "alice" {
		t.Errorf("the file is %s", path)
	}
}

// TestRecordedRoute: calls over the route are, also after a reload, and not before it.
func TestRecordedRoute(t *testing.T) {
	dir := t.TempDir()
	play(t, func(h *house) {
		h.pstn(carrierAt)
		p := h.phone("alice", aliceAt)
		h.call(p, "+14255550100")
		if err := h.gateway.Reload(h.config("users:", recording(dir, ", layout: separate"), "    to: \"+1\"", "    to: \"+1\"\n    record: true")); err != nil {
			t.Fatal(err)
		}
		h.pass(2 * time.Second)
		h.hangup(p)
		if files := wavs(t, dir); len(files) != 0 {
			t.Errorf("a call that was up before the reload is recorded: %q", files)
		}
		h.call(p, "+14255550100")
		h.pass(2 * time.Second)
		h.hangup(p)
		h.pass(time.Second)
		if files := wavs(t, dir); len(files) != 2 {
			t.Errorf("the files are %q", files)
		}
	})
}

// TestRecordingHasNoPlace: the call goes on, the operator reads why there is no file.
func TestRecordingHasNoPlace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	play(t, func(h *house) {
		h.pstn(carrierAt)
		p := h.phone("alice", aliceAt)
		h.call(p, "+14255550100")
		h.pass(2 * time.Second)
		h.hangup(p)
		h.pass(time.Second)
		h.says("level=WARN", "call recording", "state=failed", "not a directory")
		r := h.wantRecords(h.records(), "answered")[0]
		if len(r.Recordings) != 1 || r.Recordings[0].Ended != "failed" || !strings.Contains(r.Recordings[0].Error, "not a directory") {
			t.Errorf("%+v", r.Recordings)
		}
		failed := slices.ContainsFunc(h.told(), func(e event.Event) bool {
			changed, ok := e.(event.RecordingChanged)
			return ok && changed.State == event.RecordingFailed
		})
		if !failed {
			t.Error("the embedder is not told")
		}
	}, "users:", recording(file, ""), "    password: secret-of-alice", "    password: secret-of-alice\n    record: true")
}

// TestRecordingCheck: what a name or a format does wrong is told with its line.
func TestRecordingCheck(t *testing.T) {
	for text, want := range map[string]string{
		"\nrecording: {path: /srv, name: \"{who}\"}":           "t.yaml:2:31: recording.name: the pattern",
		"\nrecording:\n  path: /srv\n  name: ../outside":       "t.yaml:4:9: recording.name: the pattern",
		"\nrecording: {path: /srv, format: ogg}":               "",
		"\nrecording: {path: /srv, layout: mixed, beep: true}": "",
	} {
		c, err := config.Parse("t.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		_, err = gateway.Check(c)
		if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			if want == "" && strings.Contains(err.Error(), "CGO_ENABLED") { // a binary without Opus says so
				continue
			}
			t.Errorf("%s: %v", text, err)
		}
	}
}
