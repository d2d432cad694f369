package gateway

import (
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/config"
)

func parsed(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Parse("music.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMusicOnHold(t *testing.T) {
	s, err := compile(parsed(t, "music_on_hold: pass"))
	if err != nil || s.Limits.Hold != bridge.HoldPass || s.Music() == nil {
		t.Errorf("pass: %v, %v", s, err)
	}
	s, err = compile(parsed(t, "music_on_hold: tune"))
	if err != nil || s.Limits.Hold != bridge.HoldMusic || s.Music() == nil {
		t.Fatalf("tune: %v, %v", s, err)
	}
	one, other := s.Music(), s.Music()
	frame, again := make([]int16, 160), make([]int16, 160)
	for range 100 {
		one.Fill(frame)
	}
	if other.Fill(again); one == other {
		t.Error("two parties on hold share one place in the tune")
	}
}

// A file that is no music is named with its line, and by `tandem check` too.
func TestMusicThatIsNone(t *testing.T) {
	noise := filepath.Join(t.TempDir(), "noise.wav")
	if err := os.WriteFile(noise, []byte("this is no WAV"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{noise, "/nonexistent.wav"} {
		_, err := Check(parsed(t, "\nmusic_on_hold: "+name))
		if err == nil || !strings.Contains(err.Error(), "music.yaml:2:") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// wave is a WAV of a second.
func wave() []byte {
	var b bytes.Buffer
	samples := make([]byte, 16000)
	for i := range samples {
		samples[i] = byte(i)
	}
	b.WriteString("RIFF")
	for _, part := range []any{
		uint32(36 + len(samples)), []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1), uint32(8000), uint32(16000),
		uint16(2), uint16(16), []byte("data"), uint32(len(samples)), samples,
	} {
		_ = binary.Write(&b, binary.LittleEndian, part) // a Buffer takes all
	}
	return b.Bytes()
}

// TestMusicFromURL: it is read at the start, and a reload has it again though the server
// is gone; from a private address only where that is allowed.
func TestMusicFromURL(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/a.wav" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(wave())
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	var said bytes.Buffer
	p := newPrompts(slog.New(slog.NewTextHandler(&said, nil)))
	p.roots = x509.NewCertPool()
	p.roots.AddCert(server.Certificate())
	allowed := parsed(t, "prompts: {allow_private: true}\nmusic_on_hold: "+server.URL+"/a.wav")
	if s, err := compileWith(allowed, p); err != nil || s.Limits.Hold != bridge.HoldMusic || s.Music() == nil {
		t.Fatalf("%v, %v", s, err)
	}
	for text, want := range map[string]string{
		"\nmusic_on_hold: " + server.URL + "/a.wav":                                         "music.yaml:2:16: music_on_hold: Get \"" + server.URL + "/a.wav\": dial tcp 127.0.0.1: the address is not public: set prompts.allow_private",
		"prompts: {allow_private: true}\nmusic_on_hold: " + server.URL + "/b.wav":           "music.yaml:2:16: music_on_hold: " + server.URL + "/b.wav: the server does not give it: 404",
		"prompts: {allow_private: true}\nmusic_on_hold: http://127.0.0.1/a.wav":             "only https URLs are read",
		"prompts: {allow_private: true}\nmusic_on_hold: https://nobody.invalid:10000/a.wav": "music.yaml:2:16: music_on_hold: ",
	} {
		if _, err := compileWith(parsed(t, text), p); err == nil || !strings.Contains(err.Error(), want[:20]) ||
			!strings.Contains(err.Error(), want[len(want)-15:]) {
			t.Errorf("%q: %v", text, err)
		}
	}
	server.Close()
	if s, err := compileWith(allowed, p); err != nil || s.Music() == nil || !strings.Contains(said.String(), "as it was") {
		t.Errorf("%v; the log says %q", err, said.String())
	}
}
