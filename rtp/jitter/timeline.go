package jitter

// timeline lays timestamps on one axis, in ticks.
type timeline struct {
	// last is the newest packet, before the newest one ahead of the last jump.
	last, before mark
	// end is where the newest packet's sound ends.
	end int64
	// newest is the newest packet's number, jump that of the first packet after the last
	// jump.
	newest, jump int64
}

// mark is a timestamp and where it lies.
type mark struct {
	at        int64
	timestamp uint32
}

// of is where another timestamp lies, less than half a cycle away.
func (m mark) of(timestamp uint32) int64 { return m.at + int64(int32(timestamp-m.timestamp)) }

// of is where a packet lies that is not the newest.
func (t *timeline) of(number int64, timestamp uint32) int64 {
	if number < t.jump {
		return t.before.of(timestamp)
	}
	return t.last.of(timestamp)
}

// extend notes the newest packet.
func (t *timeline) extend(number, at int64, p *Packet) {
	t.newest = number
	t.last = mark{at, p.Timestamp}
	t.end = max(t.end, at+int64(p.Ticks))
}

// resume gives the place of a newest packet whose timestamp says nothing: right
// behind the last one and those that are missing between them, or at the time that
// has passed, if that is later by more than what jitter explains.
func (t *timeline) resume(number, passed, slack int64, p *Packet) int64 {
	t.before, t.jump = t.last, number
	missing := (number - t.newest - 1) * int64(p.Ticks)
	follow := min(t.end+missing, max(t.end, passed))
	if passed-follow < slack {
		return follow
	}
	return passed
}
