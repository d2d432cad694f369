package resolve

import (
	"maps"
	"net/netip"
	"slices"
	"time"
)

// How long a candidate that failed is tried last.
const (
	firstPenalty = 30 * time.Second
	maxPenalty   = 5 * time.Minute
	// maxRetryAfter is as much of a Retry-After as is believed.
	maxRetryAfter = time.Hour
	maxAiling     = 1024
)

// Health remembers which candidates failed, so that the following requests try them
// last: RFC 3263 section 4.3 finds a dead server anew with every request, and each
// costs its caller a time-out. The zero value is ready. A Health belongs to one
// goroutine, or is guarded by its owner.
type Health struct {
	ailing map[peer]ailment
}

// peer is what fails: a server may be well over TCP and not over UDP.
type peer struct {
	protocol Protocol
	addr     netip.AddrPort
}

type ailment struct {
	until time.Time
	// last is how long the penalty was.
	last time.Duration
}

func (c Candidate) peer() peer { return peer{c.Protocol, c.Addr} }

// Failed notes that a candidate did, in the sense of RFC 3263 section 4.3: a transport
// failure, a 503, or no response at all. RetryAfter is the 503's Retry-After, 0 without
// one. RFC 3261 section 21.5.4: the client "SHOULD NOT forward any other requests to
// that server for the duration specified in the Retry-After"; an hour at most here. It
// is 30 s at least, and twice as long as before, up to 5 min, when the candidate fails
// again within 5 min after that.
func (h *Health) Failed(now time.Time, c Candidate, retryAfter time.Duration) {
	if h.ailing == nil {
		h.ailing = make(map[peer]ailment)
	}
	before, known := h.ailing[c.peer()]
	if !known && len(h.ailing) >= maxAiling {
		h.forget()
	}
	penalty := before.next(now)
	wait := max(penalty, min(retryAfter, maxRetryAfter))
	h.ailing[c.peer()] = ailment{now.Add(wait), penalty}
}

// next is the penalty of a failure after another, or after none.
func (a ailment) next(now time.Time) time.Duration {
	switch {
	case now.Before(a.until):
		return a.last // requests that were under way together are one failure
	case now.Before(a.until.Add(maxPenalty)):
		return min(2*a.last, maxPenalty)
	}
	return firstPenalty
}

// Succeeded notes that a candidate answered, with whatever but a 503.
func (h *Health) Succeeded(c Candidate) { delete(h.ailing, c.peer()) }

// Ailing says whether a candidate is to be tried last.
func (h *Health) Ailing(now time.Time, c Candidate) bool {
	return now.Before(h.ailing[c.peer()].until)
}

// Order returns the candidates with those that failed at the end, otherwise in their
// order. None is left out: when all have failed, the first is as good as any.
func (h *Health) Order(now time.Time, found []Candidate) []Candidate {
	ailing := func(c Candidate) bool { return h.Ailing(now, c) }
	well := func(c Candidate) bool { return !h.Ailing(now, c) }
	return slices.Concat(slices.DeleteFunc(slices.Clone(found), ailing), slices.DeleteFunc(slices.Clone(found), well))
}

// forget makes room: the one that is nearest to its end goes.
func (h *Health) forget() {
	first := slices.MinFunc(slices.Collect(maps.Keys(h.ailing)), func(a, b peer) int {
		return h.ailing[a].until.Compare(h.ailing[b].until)
	})
	delete(h.ailing, first)
}
