package quality

import "time"

// remembered is how many sender reports a block may still refer to.
const remembered = 4

// longestTrip is the longest round trip that is believed.
const longestTrip = 30 * time.Second

// RoundTrip measures the way to a receiver of RTP and back, by the sender reports
// that it is sent and what its report blocks say of them. Whether the reports are our
// own or relayed does not matter: what is measured is the way from here.
//
// RFC 3550 s6.4.1: the round trip is "A-LSR-DLSR", A being when the block came. Here A
// and LSR are both read from the local clock, so the far end's and its jumps do not
// matter.
//
// The zero value has measured nothing.
type RoundTrip struct {
	sent [remembered]departure
	next uint8
	// Last is the latest measurement, Sum that of all, Count how many.
	Last, Sum time.Duration
	Count     uint64
}

type departure struct {
	at  time.Time
	lsr uint32
}

// Sent notes a sender report that goes to the receiver, with its NTP time.
func (r *RoundTrip) Sent(now time.Time, ntp uint64) {
	r.sent[r.next%remembered] = departure{now, Middle(ntp)}
	r.next++
}

// Heard takes a report block that came from the receiver, and tells how long the way
// was; false when the block is about no report that was noted.
func (r *RoundTrip) Heard(now time.Time, b Block) (time.Duration, bool) {
	for _, d := range r.sent {
		if b.LastReport == 0 || d.at.IsZero() || d.lsr != b.LastReport {
			continue
		}
		trip := max(0, now.Sub(d.at)-shortDuration(b.Delay))
		if trip > longestTrip {
			return 0, false
		}
		r.Last = trip
		r.Sum += trip
		r.Count++
		return trip, true
	}
	return 0, false
}

// Mean is that of all measurements; 0 without any.
func (r *RoundTrip) Mean() time.Duration {
	if r.Count == 0 {
		return 0
	}
	return r.Sum / time.Duration(r.Count)
}
