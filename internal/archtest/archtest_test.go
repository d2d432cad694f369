package archtest

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// rules are all that the module is held to.
var rules = []Rule{
	{"imports point down", CheckHouse},
	{"libraries stay behind their walls", CheckWalls},
	{"no library's type crosses a wall", CheckSurfaces},
	{"everything exported is documented", CheckDocs},
	{"functions, files and structs are small", CheckSizes},
	{"most functions are short", CheckLengths},
	{"package variables are rare", CheckVariables},
	{"mutexes are rare", CheckMutexes},
	{"no test sleeps", CheckSleeps},
	{"no test is skipped without a reason", CheckSkips},
	{"there are enough tests", CheckRatio},
	{"names say what they mean", CheckWords},
}

// load parses the module that this test is in.
func load(t *testing.T) *Module {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above this test")
		}
		dir = filepath.Dir(dir)
	}
	m, err := Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestModule(t *testing.T) {
	m := load(t)
	t.Log(Lengths(m))
	t.Log(State(m))
	t.Log(Ratio(m))
	for _, rule := range rules {
		t.Run(rule.Name, func(t *testing.T) {
			for _, f := range sorted(rule.Check(m)) {
				t.Error(f)
			}
		})
	}
}

func sorted(found []Finding) []Finding {
	return slices.SortedFunc(slices.Values(found), func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Pos.Filename, b.Pos.Filename), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Message, b.Message))
	})
}
