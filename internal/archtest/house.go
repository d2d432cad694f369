package archtest

import (
	"slices"
	"strconv"
	"strings"
)

// floor is a package, or a tree of them, and what of ours it may import.
type floor struct {
	pattern string
	imports []string
}

// house is every package there may be. "Imports point down": what is listed
// above may be imported below where it is named, and nothing else.
var house = []floor{
	// The ground floor imports nothing of ours; rtp/... among themselves.
	{"event", nil},
	{"sdp", nil},
	{"dialplan", nil},
	{"rtp/...", []string{"rtp/..."}},
	{"sip/transaction", nil},
	{"sip/wire", nil},
	{"sip/digest", nil},
	{"sip/transport", nil},
	{"sip/resolve", nil},
	{"sip/trunk", nil},

	{"sip/dialog", []string{"sdp", "sip/refer", "sip/transaction", "sip/transport", "sip/wire"}},
	{"sip/refer", []string{"sip/wire"}},
	{"sip/registrar", []string{"sip/transport", "sip/wire"}},

	// The core defines Leg and knows no edge.
	{"bridge", []string{"event", "sdp", "dialplan", "rtp/..."}},
	{"cdr", []string{"event"}},
	{"store", nil},
	{"config", nil},

	// The edges import the core.
	{"sip", []string{"bridge", "event", "sip/...", "sdp", "rtp/...", "dialplan"}},
	{"api", []string{"bridge", "event"}},

	// The composition root sees everything that runs in production.
	{"gateway/fetch", nil},
	{"gateway", []string{"gateway/fetch", "event", "sdp", "dialplan", "rtp/...", "sip/...", "bridge", "api", "cdr", "store", "config"}},

	// What only tests and the demonstration need.
	{"internal/simnet", nil},
	{"internal/authority", nil},
	{"internal/archtest", nil},
	{"internal/phone", []string{"rtp/codec", "rtp/audio", "rtp/srtp"}},
	// calltest controls live calls as the api will: it asks bridge, and follows their events.
	{"internal/calltest", []string{"gateway", "bridge", "dialplan", "event", "rtp/audio", "config", "internal/phone", "internal/simnet", "internal/authority"}},
	{"internal/demo", []string{"gateway", "config", "event", "internal/phone"}},

	{"cmd/...", []string{"gateway", "config", "internal/demo"}},
	// Tests of the real binary with real peers.
	{"test/...", []string{"test/...", "internal/phone", "internal/calltest", "rtp/audio", "rtp/codec"}},
}

// floorOf finds a package's entry, the exact one before a tree.
func floorOf(dir string) (floor, bool) {
	for _, f := range house {
		if f.pattern == dir {
			return f, true
		}
	}
	i := slices.IndexFunc(house, func(f floor) bool { return within(dir, f.pattern) })
	if i < 0 {
		return floor{}, false
	}
	return house[i], true
}

// CheckHouse holds imports to the list, in code; tests may import upwards.
func CheckHouse(m *Module) []Finding {
	var found []Finding
	unknown := map[string]bool{}
	for p, f := range m.code {
		may, known := floorOf(p.Dir)
		if !known {
			if !unknown[p.Dir] {
				found = append(found, m.finding(f.Package, "package %s is not in the house: add it to the list in internal/archtest/house.go, with what it may import", p.Dir))
			}
			unknown[p.Dir] = true
			continue
		}
		for _, spec := range f.File.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			if dir, ours := m.local(imported); ours && !withinAny(dir, may.imports) {
				found = append(found, m.finding(spec.Pos(), "%s imports %s, and may import %s: turn the dependency round (an interface here that %[2]s satisfies), or move the code", p.Dir, dir, listed(may.imports)))
			}
		}
	}
	return found
}

func listed(patterns []string) string {
	if len(patterns) == 0 {
		return "nothing of ours"
	}
	return "only " + strings.Join(patterns, ", ")
}
