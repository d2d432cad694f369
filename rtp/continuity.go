package rtp

import "time"

// guardedPackets is for how many packets of a new source those from before its
// first one are kept out.
const guardedPackets = 64

// continuity makes one stream of what a listener hears, whatever the sources.
//
// The first source passes as it is, with all its SSRCs: a translator "forwards
// RTP packets with their SSRC identifier intact" (RFC 3550 s7.1). From the
// moment that another source takes its place, packets get the SSRC that the
// listener knows, the sequence number after the last one and a timestamp that
// has gone on by the time between them, with the marker on the first one. A
// phone then plays on; with a new SSRC or numbers that jump many a one is
// silent for seconds, and SRTP's roll-over counter would be lost.
//
// The zero value has sent nothing.
type continuity struct {
	state continuityState
	// first is the source's number that its first packet had, and guard how many
	// packets are still compared with it.
	guard uint8
	first uint16
	// single makes one stream of the first source too, for SRTP: one SSRC, whose numbers
	// never jump. jump is the number that would follow on a jump of the source.
	single bool
	jump   uint16
	// source is whose packets came last. Only its identity counts.
	source *source
	// by is how the source's packets are shifted.
	by shift
	// sequence and timestamp are those of the newest packet sent, at is when the first one
	// with that timestamp was: all packets of a key have that of its beginning.
	sequence  uint16
	timestamp uint32
	at        time.Time
}

// silent --packet--> passing --another source--> shifting
type continuityState uint8

const (
	continuitySilent continuityState = iota
	continuityPassing
	continuityShifting
)

// next rewrites a header for the listener; rate is its codec's clock. It is
// false for a packet that belongs before the source's first one: its number has
// gone to another source's packet.
func (c *continuity) next(now time.Time, from *source, h header, rate uint32) (header, bool) {
	switch {
	case c.state == continuitySilent:
		c.state, c.source = continuityPassing, from
		c.advance(now, h)
	case c.source != from || c.state == continuityShifting && h.ssrc != c.by.from:
		c.splice(now, from, h, rate)
		h.marker = true
	case c.single && c.jumps(h):
		c.splice(now, from, h, rate)
		h.marker = true
	case c.state == continuityPassing && h.ssrc != c.by.to:
		c.advance(now, h)
	}
	if c.state == continuityPassing {
		c.keep(now, h)
		return h, true
	}
	if c.guard > 0 {
		c.guard--
		if int16(h.sequence-c.first) < 0 && int16(h.sequence+c.by.sequence-c.sequence) < 0 {
			return h, false
		}
	}
	h.ssrc = c.by.to
	h.sequence += c.by.sequence
	h.timestamp += c.by.timestamp
	c.keep(now, h)
	return h, true
}

// jumps tells whether the source goes on with another SSRC, or as far from where it was
// as SRTP cannot follow: by so much that it would be taken for older than the replay
// window (RFC 3711 s3.3.2). As with RFC 3550 A.1, "two sequential packets" make a jump;
// the first of them is lost.
func (c *continuity) jumps(h header) bool {
	if c.state == continuityPassing && h.ssrc != c.by.to {
		return true
	}
	if int16(h.sequence+c.by.sequence-c.sequence) > -oldestSealed {
		return false
	}
	before := c.jump
	c.jump = h.sequence + 1
	return h.sequence == before
}

// oldestSealed is how many packets late one can still be sealed (srtp.Outbound).
const oldestSealed = 128

// advance begins a stream that passes.
func (c *continuity) advance(now time.Time, h header) {
	c.by = shift{from: h.ssrc, to: h.ssrc}
	c.sequence, c.timestamp, c.at = h.sequence, h.timestamp, now
}

// splice sets the shift so that this packet follows the newest one sent. Two
// packets are at least 20 ms apart, however quickly the sources change: the last
// one's sound takes that long.
func (c *continuity) splice(now time.Time, from *source, h header, rate uint32) {
	elapsed := max(now.Sub(c.at), 20*time.Millisecond)
	ticks := uint32(uint64(elapsed.Seconds() * float64(rate)))
	c.by = shift{
		active:    true,
		from:      h.ssrc,
		to:        c.by.to,
		sequence:  c.sequence + 1 - h.sequence,
		timestamp: c.timestamp + ticks - h.timestamp,
	}
	c.state, c.source = continuityShifting, from
	c.first, c.guard = h.sequence, guardedPackets
}

// keep notes the newest packet sent.
func (c *continuity) keep(now time.Time, h header) {
	if int16(h.sequence-c.sequence) < 0 {
		return
	}
	if c.sequence = h.sequence; c.timestamp != h.timestamp {
		c.timestamp, c.at = h.timestamp, now
	}
}

// shiftOf is how the stream of a source reaches the listener; nothing is changed
// for a source that it does not hear.
func (c *continuity) shiftOf(from *source) shift {
	if c.source != from {
		return shift{}
	}
	return c.by
}
