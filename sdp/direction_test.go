package sdp

import (
	"testing"

	"pgregory.net/rapid"
)

func TestDirectionNamesAndBits(t *testing.T) {
	for _, c := range []struct {
		d               Direction
		name            string
		sends, receives bool
		reverse         Direction
	}{
		{Inactive, "inactive", false, false, Inactive},
		{SendOnly, "sendonly", true, false, RecvOnly},
		{RecvOnly, "recvonly", false, true, SendOnly},
		{SendRecv, "sendrecv", true, true, SendRecv},
	} {
		if c.d.String() != c.name || c.d.Sends() != c.sends || c.d.Receives() != c.receives || c.d.Reverse() != c.reverse {
			t.Errorf("%d is %v, sends %v, receives %v, reverse %v; want %+v", c.d, c.d, c.d.Sends(), c.d.Receives(), c.d.Reverse(), c)
		}
		if d, ok := parseDirection(c.name); !ok || d != c.d {
			t.Errorf("parseDirection(%q) = %v, %v", c.name, d, ok)
		}
	}
	for _, name := range []string{"", "send", "sendrecvx", "receives", "SENDRECX"} {
		if d, ok := parseDirection(name); ok {
			t.Errorf("parseDirection(%q) = %v, want none", name, d)
		}
	}
}

func anyDirection() *rapid.Generator[Direction] {
	return rapid.Map(rapid.IntRange(0, 3), func(i int) Direction { return Direction(i) })
}

func TestDirectionAlgebra(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyDirection().Draw(t, "a"), anyDirection().Draw(t, "b")
		switch {
		case a.Reverse().Reverse() != a:
			t.Fatalf("reversing %v twice gives %v", a, a.Reverse().Reverse())
		case a.And(b) != b.And(a):
			t.Fatalf("%v and %v do not commute", a, b)
		case a.And(b).Reverse() != a.Reverse().And(b.Reverse()):
			t.Fatalf("Reverse does not distribute over %v and %v", a, b)
		case a.And(SendRecv) != a || a.And(Inactive) != Inactive || a.And(a) != a:
			t.Fatalf("And is no intersection for %v", a)
		case a.Reverse().Sends() != a.Receives():
			t.Fatalf("what %v receives its reverse does not send", a)
		case a.And(b).Sends() != (a.Sends() && b.Sends()):
			t.Fatalf("%v and %v: Sends is not what both send", a, b)
		}
	})
}

// Values outside the two bits, as a damaged stored state may hold, do no harm.
func TestDirectionOfStrayBits(t *testing.T) {
	for d := range 256 {
		if got := Direction(d).And(SendRecv); got > SendRecv {
			t.Fatalf("Direction(%d).And = %d", d, got)
		}
		if got, want := Direction(d).String(), Direction(d&3).String(); got != want {
			t.Fatalf("Direction(%d) = %q, want %q", d, got, want)
		}
		if got, want := Direction(d).Reverse(), Direction(d&3).Reverse(); got != want {
			t.Fatalf("Direction(%d).Reverse = %d, want %d", d, got, want)
		}
	}
}

func TestPartyIsSeenFromBothSides(t *testing.T) {
	for p, want := range map[Party]struct {
		other Party
		name  string
	}{Nobody: {Nobody, "nobody"}, Us: {Them, "us"}, Them: {Us, "them"}, Both: {Both, "both"}} {
		if p.Other() != want.other || p.String() != want.name {
			t.Errorf("%d: other %v, name %q; want %+v", p, p.Other(), p, want)
		}
	}
}
