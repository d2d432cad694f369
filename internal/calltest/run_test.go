package calltest

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
)

func TestRunner(t *testing.T) { Run(t, os.DirFS("testdata/runner")) }

// Each of these scripts must fail, and for the reason that its title gives.
func TestFailingScripts(t *testing.T) {
	dir := os.DirFS("testdata/failing")
	names, err := fs.Glob(dir, "*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(name, ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := fs.ReadFile(dir, name)
			if err != nil {
				t.Fatal(err)
			}
			mustFail(t, name, string(text))
		})
	}
}

func mustFail(t *testing.T, name, text string) {
	script, err := Parse(name, text)
	if err != nil {
		t.Fatal(err)
	}
	reason, ok := strings.CutPrefix(script.Title, "fails: ")
	if !ok {
		t.Fatalf("title is %q, not the reason of the failure", script.Title)
	}
	synctest.Test(t, func(t *testing.T) {
		err := Play(script, Setup{Seed: 1, Dir: t.TempDir(), Configs: configsOf(os.DirFS("testdata"))})
		if err == nil {
			t.Fatal("it passed")
		}
		if !regexp.MustCompile(reason).MatchString(err.Error()) {
			t.Errorf("it failed for another reason than %q:\n%v", reason, err)
		}
	})
}
