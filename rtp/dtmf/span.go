package dtmf

import "time"

const (
	// reuse is after what time without a packet a timestamp may stand for another
	// key. No packet is late by that much, and no finger that fast on a sender
	// that never changes its timestamp.
	reuse = time.Second
	// forget is after what time without a packet a key is not known any more.
	forget = time.Minute
)

// span is the time that a key occupies on its sender's clock.
type span struct {
	event uint8
	// state is what was said of it: that it is down, that its sender ended it, or
	// that nothing more was heard.
	state state
	start uint32
	// length is what was heard of it, in ticks since start.
	length int64
	volume uint8
	heard  time.Time
}

// state is how it is about a key:
//
//	            E bit
//	none -> down -----> ended
//	         | timeout, or the next key
//	         +--------> lost
type state uint8

const (
	none state = iota
	down
	ended
	lost
)

// has tells whether a packet's event belongs to the key.
func (s *span) has(now time.Time, at uint32, marker bool, p Payload) bool {
	silent := now.Sub(s.heard)
	if s.state == none || s.event != p.Event || silent >= forget {
		return false
	}
	since := int64(at - s.start) // an earlier one is beyond every length
	switch {
	case since == 0:
		// Some senders use one timestamp for all keys.
		return s.state == down || silent < reuse || int64(p.Duration) >= s.length
	case since < s.length:
		return !marker || s.state != ended
	case since == s.length && !marker:
		return true
	}
	return s.state != ended && !marker && isSegment(since)
}

// isSegment tells whether a segment may begin that far behind a key's beginning.
//
// RFC 4733 s2.5.1.3: a key longer than a packet can state is cut into segments of
// the longest duration there is, 0xFFFF. The last packets of the segment before,
// which would say that it came to that, may be lost.
func isSegment(since int64) bool { return since%maxDuration == 0 && since < 1<<24 }

// hear takes in an event that belongs to the key. It tells whether it has become
// longer.
//
// A duration that falls by more than half its range has passed through 0: that
// is no segment of RFC 4733's, but the timestamp says that it is the same key.
func (s *span) hear(now time.Time, at uint32, p Payload) (longer bool) {
	length := int64(at-s.start) + int64(p.Duration)
	for s.state == down && s.length-length > maxDuration/2 {
		length += maxDuration + 1
	}
	longer = length > s.length
	s.length = max(s.length, length)
	s.volume = p.Volume
	s.heard = now
	return longer
}
