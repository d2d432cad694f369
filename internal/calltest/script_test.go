package calltest

import (
	"io/fs"
	"os"
	"strings"
	"testing"
)

// Every script is understood as a whole before any of it is played.
func TestScriptsParse(t *testing.T) {
	dir := os.DirFS("testdata")
	err := fs.WalkDir(dir, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".txt") {
			return err
		}
		text, err := fs.ReadFile(dir, path)
		if err != nil {
			return err
		}
		s, err := Parse(path, string(text))
		if err != nil {
			t.Error(err)
		} else if s.Title == "" || len(s.steps) == 0 {
			t.Errorf("%s: title %q, %d steps", path, s.Title, len(s.steps))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestParseSettings(t *testing.T) {
	s, err := Parse("x", "# Title\n\nconfig:\n  users:\n    - name: a\n  drain: 1s\nonly without loss: timed\n"+
		"keep provisionals: heard\nnames:\n  a.test A 192.0.2.1\n  b.test A 192.0.2.2\nwait 1s   # a while\n")
	if err != nil {
		t.Fatal(err)
	}
	want := Script{Name: "x", Title: "Title", Config: "users:\n  - name: a\ndrain: 1s\n", OnlyWithoutLoss: "timed", KeepProvisionals: "heard"}
	if s.Title != want.Title || s.Config != want.Config || s.OnlyWithoutLoss != want.OnlyWithoutLoss || s.KeepProvisionals != want.KeepProvisionals {
		t.Errorf("%+v", s)
	}
	if want := "a.test A 192.0.2.1\nb.test A 192.0.2.2\n"; s.Names != want {
		t.Errorf("names are %q", s.Names)
	}
	if len(s.steps) != 1 {
		t.Errorf("%d steps", len(s.steps))
	}
}

// A line that is not understood is refused with its number, before anything is
// played.
func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"alice says hello":                           "none of the lines",
		"phone alice nowhere":                        "no address",
		"phone alice 192.0.2.1 registered":           "is none of",
		"phone alice 192.0.2.1 gateway=192.0.2.253":  "none of its addresses",
		"alice <- pong within=soon":                  "no time",
		"wait long":                                  "no time",
		"at 1":                                       "no time",
		"alice <- 200 within=soon":                   "no time",
		"alice <- 200 sdpp":                          "is none of",
		"alice -> 200 tag=a tag=b":                   "given twice",
		"alice <- INVITE\n    From ~ (":              "missing closing )",
		"config:":                                    "needs the configuration",
		"alice -> raw":                               "needs the packet",
		"gateway reloads:":                           "needs the configuration",
		"gateway is behind it":                       "unable to parse IP",
		"gateway plays noise to a in the call of b":  "none of the tones",
		"only without loss:":                         "needs a reason",
		"any order:\n    wait 1s":                    "only NAME <- MESSAGE",
		"drop next 200":                              "should be",
		"drop next 200 at alice":                     "should be",
		"record answered":                            "no KEY=VALUE",
		"record a=b\n    nothing":                    "no key: value",
		"records many":                               "no number",
		"alice sends tone pitch=high":                "no number of Hz",
		"alice <- nothing for ever":                  "no time",
		"bob -> BYE\nalice hears everything at once": "line 2",
	} {
		if _, err := Parse("x", "# t\n"+text); err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "line 3", "line 2"), want) {
			t.Errorf("%q: %v, not %q", text, err, want)
		}
	}
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"a", "a", true}, {"a", "ab", false}, {"*", "", true}, {"a*", "abc", true}, {"a*c", "abc", true},
		{"a*c", "abd", false}, {"*b*", "abc", true}, {"a*b*c", "axxbyyc", true}, {"a*b*c", "axxcyyb", false},
		{"b*", "abc", false}, {"a*a", "a", false}, {"(x)", "(x)", true},
	} {
		if got := glob(c.pattern, c.text); got != c.want {
			t.Errorf("glob(%q, %q) = %v", c.pattern, c.text, got)
		}
	}
}

func TestDig(t *testing.T) {
	const record = `{"a":"x","n":7,"b":[{"c":true},{"c":null}],"d":{"e":1.5}}`
	for key, want := range map[string]string{
		"a": "x", "n": "7", "b.0.c": "true", "b.1.c": "null", "d.e": "1.5", "z": absent, "b.2": absent, "b.2.c": absent, "b.*.c": "true null", "b.*.x": absent, "a.b": absent, "d.z": absent,
	} {
		if got, err := dig(record, key); err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s is %q, %v, not %q", key, got, err, want)
		}
	}
	if _, err := dig("{", "a"); err == nil {
		t.Error("broken JSON was read")
	}
}

func TestBars(t *testing.T) {
	lines := nest(readLines(&Script{Title: "x"}, "a -> raw\n  | one # two\n  |\n  |  three\n"))
	if got := bars(lines[0].block); got != "one # two\r\n\r\n three\r\n" {
		t.Errorf("%q", got)
	}
}
