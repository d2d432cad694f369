package dtmf

import (
	"encoding/binary"
	"time"
)

// Rescaler relays the packets of events to a side whose clock runs at another
// rate, one for one. Where the other side has another packet time, a Receiver and
// a Sender do it.
type Rescaler struct {
	from, to int
	// keys are the last ones, in a ring: the newest is at last. Packets of an
	// earlier one may come late.
	keys [4]relayed
	last int
}

// relayed is a key, and where it lies on the other side's clock.
type relayed struct {
	span
	begun uint32
	// segment is where its newest segment begins there, in ticks since begun.
	segment int64
}

// NewRescaler makes one from a clock rate to another, in Hz, both above 0.
func NewRescaler(from, to int) *Rescaler { return &Rescaler{from: from, to: to} }

// Rescale gives the packet that is to be sent for one that came, whose payload it
// overwrites. timestamp is what a packet of sound would have there at this time:
// the key's, if this is its first packet. If that was lost, the key is taken to
// have begun earlier by what this packet says, lest it reach into the next. A
// payload that is none is left as it is, under that timestamp.
//
// A key that becomes too long for one packet there gets segments (RFC 4733
// s2.5.1.3): the packet that passes the boundary states the whole of the segment
// that ends, and the next one is of the new one. One with the E bit is not held
// up by that.
func (r *Rescaler) Rescale(now time.Time, p Packet, timestamp uint32) Packet {
	e, err := ParsePayload(p.Payload)
	if err != nil {
		p.Timestamp = timestamp
		return p
	}
	k := r.follow(now, p, e, timestamp)
	length := int64(p.Timestamp-k.start) + int64(e.Duration)
	segment, within := k.cut(Rescale(length, r.from, r.to), e.End)
	p.Timestamp = k.begun + uint32(segment)
	binary.BigEndian.PutUint16(p.Payload[2:], uint16(within))
	r.others(p.Payload[PayloadSize:])
	return p
}

// follow finds the key of a packet, or begins one.
func (r *Rescaler) follow(now time.Time, p Packet, e Payload, timestamp uint32) *relayed {
	for i := range r.keys {
		k := &r.keys[(r.last+len(r.keys)-i)%len(r.keys)]
		if k.has(now, p.Timestamp, p.Marker, e) {
			k.hear(now, p.Timestamp, e)
			k.end(e)
			return k
		}
	}
	r.last = (r.last + 1) % len(r.keys)
	k := &r.keys[r.last]
	*k = relayed{span: newSpan(now, p.Timestamp, e), begun: timestamp}
	if !p.Marker {
		k.begun -= uint32(Rescale(int64(e.Duration), r.from, r.to))
	}
	k.end(e)
	return k
}

func (k *relayed) end(e Payload) {
	if e.End {
		k.state = ended
	}
}

// cut tells in which segment a packet is that says a key has lasted so long, and
// how much of it lies in that segment.
func (k *relayed) cut(length int64, end bool) (segment, within int64) {
	own := max(length-1, 0) / maxDuration * maxDuration
	switch {
	case length <= k.segment && own < k.segment:
		return own, length - own // late: its segment is over
	case end || own == k.segment:
		k.segment = own
		return own, length - own
	}
	segment = k.segment
	k.segment += maxDuration
	return segment, maxDuration
}

// others rescales the events that follow the first.
func (r *Rescaler) others(b []byte) {
	for ; len(b) >= PayloadSize; b = b[PayloadSize:] {
		d := Rescale(int64(binary.BigEndian.Uint16(b[2:])), r.from, r.to)
		binary.BigEndian.PutUint16(b[2:], uint16(min(d, maxDuration)))
	}
}
