package gateway

import (
	"context"
	"crypto/x509"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/config"
	"github.com/tandem-gateway/tandem/event"
)

// libraryOf is a library over a directory.
func libraryOf(dir string) library {
	return library{newPrompts(slog.New(slog.DiscardHandler)), config.Prompts{Path: dir, AllowPrivate: true}}
}

// TestPromptOfFile: it is in memory once, and is read again when it has changed.
func TestPromptOfFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "hello.wav")
	if err := os.WriteFile(path, wave(), 0o600); err != nil {
		t.Fatal(err)
	}
	l := libraryOf(dir)
	first, err := l.Prompt(t.Context(), "hello.wav")
	if err != nil || first.Duration() != time.Second || first.Rate() != 8000 {
		t.Fatalf("%v, %v", first, err)
	}
	if again, err := l.Prompt(t.Context(), "hello.wav"); again != first {
		t.Errorf("it is read twice; %v", err)
	}
	if err := os.Chtimes(path, time.Time{}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if again, err := l.Prompt(t.Context(), "hello.wav"); again == first || err != nil {
		t.Errorf("it has changed, and is not read again; %v", err)
	}
}

// TestPromptsThatAreNone: nothing outside of the directory is read, and errors say what it
// was.
func TestPromptsThatAreNone(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "prompts")
	if err := os.MkdirAll(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{filepath.Join(top, "secret.wav"): wave(), filepath.Join(dir, "noise.wav"): []byte("this is no WAV")} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(top, "secret.wav"), filepath.Join(dir, "link.wav")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"missing.wav": "no such file", "../secret.wav": "escapes", "link.wav": "escapes",
		filepath.Join(top, "secret.wav"): "escapes", "folder": "no file", "noise.wav": "WAV", "http://127.0.0.1/x.wav": "https",
	} {
		if _, err := libraryOf(dir).Prompt(t.Context(), name); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := libraryOf("").Prompt(t.Context(), "a.wav"); err == nil || !strings.Contains(err.Error(), "prompts.path") {
		t.Errorf("without a directory: %v", err)
	}
}

// TestPromptOfURL: it is asked about each time, and made anew only when it has changed.
func TestPromptOfURL(t *testing.T) {
	asked, tag := 0, "1"
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		w.Header().Set("ETag", `"`+tag+`"`)
		if r.Header.Get("If-None-Match") == `"`+tag+`"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		if r.URL.Path == "/a.wav" {
			_, _ = w.Write(wave())
		}
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	l := libraryOf("")
	l.roots = x509.NewCertPool()
	l.roots.AddCert(server.Certificate())
	first, err := l.Prompt(t.Context(), server.URL+"/a.wav")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := l.Prompt(t.Context(), server.URL+"/a.wav"); again != first || asked != 2 {
		t.Errorf("it is made twice, asked for %d times; %v", asked, err)
	}
	tag = "2"
	if again, err := l.Prompt(t.Context(), server.URL+"/a.wav"); again == first || err != nil {
		t.Errorf("it has changed, and is as it was; %v", err)
	}
	if _, err := l.Prompt(t.Context(), server.URL+"/nothing.wav"); err == nil || !strings.Contains(err.Error(), "gives nothing") {
		t.Errorf("an empty one: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Prompt(gone, server.URL+"/b.wav"); err == nil {
		t.Error("it is read for a call that is over")
	}
}

// TestPlaybackIsLogged: with what went wrong as a warning.
func TestPlaybackIsLogged(t *testing.T) {
	h := event.Header{Call: "id1", At: time.Unix(1, 0)}
	for _, c := range []struct {
		event event.PlaybackChanged
		want  string
	}{
		{event.PlaybackChanged{Header: h, Playback: 1, Participant: 2, Reference: "menu", State: event.PlaybackCompleted, Cause: event.PlaybackDigit, Digit: "5"},
			"level=INFO call=id1 playback=1 participant=2 state=completed reference=menu cause=digit digit=5"},
		{event.PlaybackChanged{Header: h, Playback: 1, State: event.PlaybackFailed, Cause: event.PlaybackBroken, Error: "gone"},
			"level=WARN state=failed err=gone"},
	} {
		line := journaled(c.event)
		for _, want := range strings.Fields(c.want) {
			if !strings.Contains(line, want) {
				t.Errorf("%q is not in %s", want, line)
			}
		}
	}
}
