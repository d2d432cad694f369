package resolve

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func candidate(p Protocol, host byte) Candidate {
	a := netip.AddrFrom4([4]byte{192, 0, 2, host})
	return Candidate{Protocol: p, Addr: netip.AddrPortFrom(a, p.port()), Host: a.String()}
}

// hostsOf writes the last byte of each candidate's address.
func hostsOf(list []Candidate) (found []byte) {
	for _, c := range list {
		found = append(found, c.Addr.Addr().As4()[3])
	}
	return found
}

func TestFailedAreLast(t *testing.T) {
	var h Health
	list := []Candidate{candidate(UDP, 1), candidate(UDP, 2), candidate(UDP, 3)}
	if got := hostsOf(h.Order(epoch, list)); !slices.Equal(got, []byte{1, 2, 3}) {
		t.Errorf("all well: %v", got)
	}
	h.Failed(epoch, list[0], 0)
	for after, want := range map[time.Duration][]byte{
		0: {2, 3, 1}, 30*time.Second - 1: {2, 3, 1}, 30 * time.Second: {1, 2, 3},
	} {
		if got := hostsOf(h.Order(epoch.Add(after), list)); !slices.Equal(got, want) {
			t.Errorf("after %v: %v, not %v", after, got, want)
		}
	}
	h.Failed(epoch, list[1], 0)
	h.Failed(epoch, list[2], 0)
	if got := hostsOf(h.Order(epoch, list)); !slices.Equal(got, []byte{1, 2, 3}) {
		t.Errorf("all failed: %v", got)
	}
	h.Succeeded(list[2])
	if got := hostsOf(h.Order(epoch, list)); !slices.Equal(got, []byte{3, 1, 2}) {
		t.Errorf("the third came back: %v", got)
	}
	if hostsOf(list)[0] != 1 {
		t.Error("the list given was changed")
	}
}

// A server is blamed for the protocol it failed on only.
func TestFailureIsOfOneProtocol(t *testing.T) {
	var h Health
	h.Failed(epoch, candidate(UDP, 1), 0)
	if h.Ailing(epoch, candidate(TCP, 1)) || !h.Ailing(epoch, candidate(UDP, 1)) {
		t.Error("UDP failed, and not TCP")
	}
}

func TestPenaltyDoubles(t *testing.T) {
	var h Health
	c, now := candidate(UDP, 1), epoch
	for _, want := range []time.Duration{30, 60, 120, 240, 300, 300} {
		want *= time.Second
		h.Failed(now, c, 0)
		if !h.Ailing(now.Add(want-1), c) || h.Ailing(now.Add(want), c) {
			t.Errorf("penalty is not %v", want)
		}
		now = now.Add(want)
	}
	now = now.Add(maxPenalty)
	h.Failed(now, c, 0)
	if h.Ailing(now.Add(firstPenalty), c) {
		t.Error("after five good minutes the count begins anew")
	}
}

// Calls that were under way together are one failure.
func TestFailuresTogetherAreOne(t *testing.T) {
	var h Health
	c := candidate(UDP, 1)
	for range 10 {
		h.Failed(epoch, c, 0)
	}
	if h.Ailing(epoch.Add(firstPenalty), c) {
		t.Error("ten calls at once are punished ten times")
	}
	now := epoch.Add(firstPenalty)
	h.Failed(now, c, 0)
	h.Failed(now.Add(time.Second), c, 0)
	if end := now.Add(time.Second + 2*firstPenalty); !h.Ailing(end.Add(-1), c) || h.Ailing(end, c) {
		t.Error("the second call of the second failure counts otherwise than the first")
	}
}

// RFC 3261 s21.5.4: Retry-After counts.
func TestRetryAfter(t *testing.T) {
	for asked, want := range map[time.Duration]time.Duration{
		time.Second: firstPenalty, 2 * time.Minute: 2 * time.Minute, 1000 * time.Hour: time.Hour,
	} {
		var h Health
		c := candidate(TCP, 1)
		h.Failed(epoch, c, asked)
		if !h.Ailing(epoch.Add(want-1), c) || h.Ailing(epoch.Add(want), c) {
			t.Errorf("Retry-After %v does not last %v", asked, want)
		}
	}
}

func TestHealthIsBounded(t *testing.T) {
	var h Health
	at := func(i int) Candidate {
		c := candidate(UDP, 1)
		c.Addr = netip.AddrPortFrom(c.Addr.Addr(), uint16(i+1))
		return c
	}
	for i := range 2 * maxAiling {
		h.Failed(epoch.Add(time.Duration(i)*time.Millisecond), at(i), 0)
	}
	if len(h.ailing) != maxAiling {
		t.Errorf("%d are remembered", len(h.ailing))
	}
	if now := epoch.Add(2 * maxAiling * time.Millisecond); h.Ailing(now, at(0)) || !h.Ailing(now, at(2*maxAiling-1)) {
		t.Error("not the oldest was forgotten")
	}
}

// Order loses none, adds none, and keeps the order within the well and the ailing.
func TestOrderKeepsAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h Health
		var list []Candidate
		for i := range rapid.IntRange(0, 12).Draw(t, "count") {
			list = append(list, candidate(UDP, byte(i)))
		}
		now := epoch
		for range rapid.IntRange(0, 20).Draw(t, "events") {
			if len(list) == 0 {
				break
			}
			now = now.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "seconds")) * time.Second)
			c := rapid.SampledFrom(list).Draw(t, "which")
			if rapid.Bool().Draw(t, "failed") {
				h.Failed(now, c, 0)
				if !h.Ailing(now, c) {
					t.Fatalf("%v failed and is well", c)
				}
			} else {
				h.Succeeded(c)
				if h.Ailing(now, c) {
					t.Fatalf("%v succeeded and is ailing", c)
				}
			}
		}
		got := h.Order(now, list)
		rank := func(c Candidate) int {
			r := int(c.Addr.Addr().As4()[3])
			if h.Ailing(now, c) {
				r += 1000
			}
			return r
		}
		if len(got) != len(list) || !slices.IsSortedFunc(got, func(a, b Candidate) int { return rank(a) - rank(b) }) {
			t.Fatalf("%v of %v", got, list)
		}
	})
}
