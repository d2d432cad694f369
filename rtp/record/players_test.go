package record

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestPlayers: programs that many people have open what is written here, complete
// and cut off. Those that are not installed are named in the log; what must hold of
// the files is checked without them by the tests of each format.
func TestPlayers(t *testing.T) {
	for _, format := range formats() {
		dir := t.TempDir()
		r := begun(t, nil, Config{Storage: Directory{Path: dir}, Format: format, Rate: 16000})
		together(t, 0, 3*time.Second,
			speaking(t, join(t, r, Party{}), 8000, 440), speaking(t, join(t, r, Party{}), 16000, 1000))
		result := stopped(t, r, 3*time.Second)
		whole := filepath.Join(dir, result.Files[0])
		play(t, format, whole, 3)
		content, err := os.ReadFile(whole)
		if err != nil {
			t.Fatal(err)
		}
		cut := filepath.Join(dir, "cut"+format.extension())
		if err := os.WriteFile(cut, content[:len(content)*2/3+1], 0o600); err != nil {
			t.Fatal(err)
		}
		play(t, format, cut, 1.4)
	}
}

// play wants each player to decode at least so many seconds.
func play(t *testing.T, format Format, file string, seconds float64) {
	t.Helper()
	octets := int(seconds * 16000 * 2 * 2)
	for _, command := range [][]string{
		{"sox", file, "-t", "raw", "-r", "16000", "-b", "16", "-e", "signed", "-c", "2", "-"},
		{"ffmpeg", "-v", "error", "-i", file, "-f", "s16le", "-ar", "16000", "-ac", "2", "-"},
		{"opusdec", "--quiet", "--rate", "16000", file, "-"},
	} {
		if command[0] == "opusdec" && format == WAV {
			continue
		}
		if _, err := exec.LookPath(command[0]); err != nil {
			t.Logf("%s is not installed", command[0])
			continue
		}
		var complaint strings.Builder
		c := exec.Command(command[0], command[1:]...)
		c.Stderr = &complaint
		out, err := c.Output()
		if strings.Contains(complaint.String(), "no handler for") {
			t.Logf("this %s has no %v", command[0], format)
			continue
		}
		if err != nil || len(out) < octets-4 {
			t.Errorf("%s %s: %d octets of %d, %v: %s", command[0], filepath.Base(file), len(out), octets, err, complaint.String())
		}
	}
}
