package sip

import (
	"slices"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/wire"
)

// Ids sort as their calls began, and no two are the same.
func TestCallIDs(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var ids []string
	for i := range 200 {
		ids = append(ids, newCallID(now.Add(time.Duration(i)*time.Millisecond)))
	}
	if !slices.IsSorted(ids) {
		t.Error("ids do not sort by time")
	}
	for range 200 {
		ids = append(ids, newCallID(now))
	}
	slices.Sort(ids)
	if n := len(slices.Compact(ids)); n != 400 {
		t.Errorf("%d different ids", n)
	}
	if a, b := newCallID(now.AddDate(300, 0, 0)), newCallID(now); a <= b {
		t.Errorf("%s of the year 2326 sorts before %s", a, b)
	}
}

func TestTagsAndBranches(t *testing.T) {
	id := newCallID(time.Now())
	for _, participant := range []int{1, 2, 37} {
		if call, p, ok := parseLeg(legTag(id, participant)); !ok || call != id || p != participant {
			t.Errorf("tag: %s %d %v", call, p, ok)
		}
		// A branch goes on behind its leg.
		if call, p, ok := parseBranch(legBranch(id, participant) + ".12"); !ok || call != id || p != participant {
			t.Errorf("branch: %s %d %v", call, p, ok)
		}
	}
	for _, s := range []string{"", ".", "x", "x.", "x.0", "x.-1", "x.y", "x. 1", "x.99999999999999999999"} {
		if _, _, ok := parseLeg(s); ok {
			t.Errorf("%q is a leg", s)
		}
		if _, _, ok := parseBranch("z9hG4bK" + s); ok {
			t.Errorf("%q is a branch", s)
		}
	}
	for _, s := range []string{"x.1", "z9hG4bK", "Z9", "z9hG4bkx"} {
		if _, _, ok := parseBranch(s); ok {
			t.Errorf("%q is a branch", s)
		}
	}
}

// The tag of a stateless answer is the same for the same request and for no other:
// RFC 3261 s8.2.7.
func TestStatelessTag(t *testing.T) {
	ask := func(branch, callID, tag string) *sip.Request {
		return request(t, "OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK"+branch+"\r\nFrom: <sip:a@h>;tag="+tag+
			"\r\nTo: <sip:h>\r\nCall-ID: "+callID+"\r\nCSeq: 1 OPTIONS\r\n\r\n")
	}
	base := statelessTag(ask("1", "c", "t"))
	if again := statelessTag(ask("1", "c", "t")); again != base {
		t.Errorf("%s and %s", base, again)
	}
	for _, other := range []*sip.Request{ask("2", "c", "t"), ask("1", "d", "t"), ask("1", "c", "u"), ask("1c", "t", "x")} {
		if statelessTag(other) == base {
			t.Errorf("the same tag for\n%s", other)
		}
	}
	if _, _, ok := parseLeg(base); ok {
		t.Errorf("%s passes for a leg's tag", base)
	}
}

// request parses one.
func request(t testing.TB, text string) *sip.Request {
	t.Helper()
	m, fault := wire.Parse([]byte(text))
	if fault != nil {
		t.Fatal(fault)
	}
	return m.(*sip.Request)
}
