package record

import "slices"

// cuts are the pauses of a recording, on its clock, whose unit is a sample. What lies
// in a pause is cut out.
type cuts struct {
	// pending are the cuts that are not reached yet, in order.
	pending []cut
	// paused tells on which side of the last cut it is that was reached.
	paused bool
	// last is where the last cut is, reached or not, and off which side it begins.
	last int64
	off  bool
	// lost is how much all finished pauses take.
	lost int64
}

// cut is where a pause begins or ends.
type cut struct {
	at    int64
	pause bool
}

// span is a stretch that is recorded. fresh tells that it is the first of one.
type span struct {
	from, to int64
	fresh    bool
}

// add makes a cut, not before the last one and not before what was written, and
// gives where it lies in the recording.
func (c *cuts) add(at, edge int64, pause bool) (position int64) {
	at = max(at, edge, c.last)
	if c.off {
		c.lost += at - c.last
	}
	c.pending = append(c.pending, cut{at, pause})
	c.last, c.off = at, pause
	return at - c.lost
}

// spans appends what is recorded of a stretch, and passes it.
func (c *cuts) spans(list []span, from, to int64) []span {
	fresh := false
	for len(c.pending) > 0 && c.pending[0].at < to {
		next := c.pending[0]
		if !c.paused && next.at > from {
			list = append(list, span{from, next.at, fresh})
		}
		fresh = c.paused && !next.pause
		c.paused, from = next.pause, max(from, next.at)
		c.pending = slices.Delete(c.pending, 0, 1)
	}
	if c.paused {
		return list
	}
	return append(list, span{from, to, fresh})
}
