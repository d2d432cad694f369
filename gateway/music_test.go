package gateway

import (
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
	if err != nil || s.Limits.Hold != bridge.HoldPass || s.Music != nil {
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
