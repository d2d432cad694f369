package archtest

import (
	"strconv"
	"strings"
)

// wall is where in the house a library may be seen.
type wall struct {
	// library is an import path's beginning.
	library string
	// dirs are patterns of directories; nil means tests only.
	dirs []string
}

// walls is every library there may be. Its first directory is the wall's gate:
// the package whose exported names the rest of the house sees.
var walls = []wall{
	{"github.com/emiago/sipgo", []string{"sip/..."}},
	{"github.com/pion", []string{"rtp/..."}},
	{"github.com/nyaruka/phonenumbers", []string{"dialplan"}},
	{"github.com/goccy/go-yaml", []string{"config"}},
	{"github.com/alecthomas/kong", []string{"cmd/..."}},
	{"github.com/miekg/dns", []string{"sip/resolve"}},
	{"golang.org/x/sys", []string{"rtp/...", "sip/transport"}},
	{"pgregory.net/rapid", nil},
	{"go.uber.org/goleak", nil},
}

func wallOf(imported string) (wall, bool) {
	for _, w := range walls {
		if imported == w.library || strings.HasPrefix(imported, w.library+"/") {
			return w, true
		}
	}
	return wall{}, false
}

// CheckWalls keeps each library behind its wall in code, the test libraries out
// of code, and unknown libraries out altogether. Tests may use any known one.
func CheckWalls(m *Module) []Finding {
	var found []Finding
	for _, p := range m.Packages {
		for _, f := range p.Files {
			for _, spec := range f.File.Imports {
				imported, _ := strconv.Unquote(spec.Path.Value)
				if !m.foreign(imported) {
					continue
				}
				if fault := wallFault(p.Dir, f.Test, imported); fault != "" {
					found = append(found, m.finding(spec.Pos(), "%s", fault))
				}
			}
		}
	}
	return found
}

func wallFault(dir string, test bool, imported string) string {
	w, known := wallOf(imported)
	switch {
	case !known:
		return imported + " is a library without a wall: add it to internal/archtest/walls.go with the one place that may use it"
	case test || withinAny(dir, w.dirs):
		return ""
	case w.dirs == nil:
		return imported + " is for tests only: use it in _test.go files"
	default:
		return imported + " stays behind its wall, " + strings.Join(w.dirs, " and ") + ": ask for what is needed through a type of ours there"
	}
}
