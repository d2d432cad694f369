package record

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestDirectory(t *testing.T) {
	for _, c := range []struct {
		group           bool
		file, directory fs.FileMode
	}{{false, 0o600, 0o700}, {true, 0o640, 0o750}} {
		path := filepath.Join(t.TempDir(), "recordings")
		r := begun(t, nil, Config{Storage: Directory{path, c.group}, Pattern: "{date}/{call}", Labels: Labels{CallID: "a/b"}})
		speaking(t, join(t, r, Party{}), 8000, 440).say(t, 0, time.Second)
		result := stopped(t, r, time.Second)
		if result.Files[0] != "2026-11-20/a_b.wav" || result.Sidecar != "2026-11-20/a_b.json" {
			t.Fatalf("%+v", result)
		}
		for name, mode := range map[string]fs.FileMode{result.Files[0]: c.file, result.Sidecar: c.file, "2026-11-20": c.directory, ".": c.directory} {
			info, err := os.Stat(filepath.Join(path, name))
			if err != nil || info.Mode().Perm() != mode {
				t.Errorf("%s: %v, %v, want %v", name, info.Mode(), err, mode)
			}
		}
		if entries, _ := os.ReadDir(filepath.Join(path, "2026-11-20")); len(entries) != 2 {
			t.Errorf("left behind: %v", entries)
		}
		file, err := os.ReadFile(filepath.Join(path, result.Files[0]))
		if err != nil {
			t.Fatal(err)
		}
		sides, _ := samplesOf(t, file)
		hasTone(t, 8000, sides[0], 440, 60)
	}
}

// TestDirectoryKeepsWhatIsThere: files and links that are there are not written to.
func TestDirectoryKeepsWhatIsThere(t *testing.T) {
	path := t.TempDir()
	d := Directory{Path: path}
	victim := filepath.Join(path, "victim")
	if err := errors.Join(os.WriteFile(victim, []byte("x"), 0o600), os.Symlink(victim, filepath.Join(path, "link.wav"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"victim", "link.wav"} {
		if f, err := d.Create(name); !errors.Is(err, fs.ErrExist) || f != nil {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
	for _, name := range []string{"../x", "/etc/x", "a/../../x", ""} {
		if f, err := d.Create(name); err == nil || f != nil {
			t.Errorf("%q: %v, %v", name, f, err)
		}
		if err := d.Replace(name, nil); err == nil {
			t.Errorf("%q was replaced", name)
		}
	}
}

// TestReplace: the new content is there, in place of the old one, and nothing else;
// what cannot be replaced leaves nothing behind.
func TestReplace(t *testing.T) {
	path := t.TempDir()
	d := Directory{Path: path}
	for _, content := range []string{"a longer one", "short", ""} {
		if err := d.Replace("x.json", []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(filepath.Join(path, "x.json")); string(got) != content {
			t.Errorf("%q", got)
		}
	}
	if err := os.Mkdir(filepath.Join(path, "taken"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := d.Replace("taken", nil); err == nil {
		t.Error("a directory was replaced")
	}
	if err := d.Replace("missing/x.json", nil); err == nil {
		t.Error("written into nowhere")
	}
	if entries, _ := os.ReadDir(path); len(entries) != 2 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestName(t *testing.T) {
	labels := Labels{CallID: "c-1@x", ChainID: "h", Caller: "+14255550101", Callee: "../../etc/passwd"}
	for _, c := range []struct{ pattern, want string }{
		{"", "2026-11-20/120000-c-1@x"},
		{"{call}", "c-1@x"},
		{"a/{chain}/{date}_{time}_{caller}_{callee}", "a/h/2026-11-20_120000_+14255550101__./../etc/passwd"},
	} {
		got, err := name(c.pattern, labels, noon)
		if c.pattern != "" && strings.Contains(c.pattern, "callee") {
			c.want = "a/h/2026-11-20_120000_+14255550101__._.._etc_passwd"
		}
		if err != nil || got != c.want {
			t.Errorf("%q: %q, %v", c.pattern, got, err)
		}
	}
	for _, pattern := range []string{"/x", "../x", "x/../../y", ".", "..", "x//y", "x/", "./x", "{who}", "x{", "a\\b", "c:x", "a\x00"} {
		if got, err := name(pattern, labels, noon); err == nil || !strings.Contains(err.Error(), "pattern") {
			t.Errorf("%q: %q, %v", pattern, got, err)
		}
	}
}

// TestSafe: no value of a peer's makes another name than one, in one directory.
func TestSafe(t *testing.T) {
	for value, want := range map[string]string{
		"":                       "_",
		".":                      "_",
		"..":                     "_.",
		".hidden":                "_hidden",
		"a/b\\c":                 "a_b_c",
		"x\x00\r\ny":             "x___y",
		"Jürgen <sip:j@x>":       "J_rgen__sip_j@x_",
		"{date}":                 "_date_",
		strings.Repeat("a", 300): strings.Repeat("a", 64),
	} {
		if got := safe(value); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		WAV.String() + " " + OggOpus.String():                               "wav opus",
		Stereo.String() + " " + Mixed.String() + " " + Separate.String():    "stereo mixed separate",
		Left.String() + " " + Right.String() + " " + AnySide.String():       "left right any",
		Stopped.String() + ", " + NoSpace.String() + ", " + Failed.String(): "stopped, no space, failed",
		Reason(0).String():                 "",
		fileName("x", 2, 3, OggOpus):       "x.2.part3.opus",
		numbered("x", 1):                   "x",
		stamp(noon.Add(1234567 * 1000)):    "2026-11-20T12:00:01.234Z",
		fileName("a/b", 0, 1, Format(WAV)): "a/b.wav",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
