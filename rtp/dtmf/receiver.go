package dtmf

import (
	"fmt"
	"time"
)

// Timeout is how long after its last packet a key has ended whose final packets
// were all lost.
//
// RFC 4733 s2.5.1.2 has updates sent every 50 ms or more often: three of them are
// lost, and there are 50 ms for jitter.
const Timeout = 200 * time.Millisecond

// maxEvents is how many events of one packet are read.
const maxEvents = 16

// Phase is what happens to a key.
type Phase uint8

const (
	// Began: the key is pressed.
	Began Phase = iota
	// Continued: it is still down.
	Continued
	// Ended: it was released.
	Ended
)

// String gives the phase's name.
func (p Phase) String() string {
	return [...]string{"began", "continued", "ended"}[min(p, Ended)]
}

// Event is what a Receiver tells. Each key has one Began, then any number of
// Continued, then one Ended, all before those of the next. Only a key that was
// overtaken on its way has its Began and Ended together within a later one's.
type Event struct {
	Digit Digit
	Phase Phase
	// Volume is the tone's level in dBm0 without its sign.
	Volume uint8
	// Timestamp is when the key began, on the sender's clock.
	Timestamp uint32
	// Duration is how long the key is down, or was.
	Duration time.Duration
}

// Receiver turns the packets of one RTP stream into keys. It is a pure machine.
type Receiver struct {
	rate int
	// keys are the last ones, in a ring: the newest is at last.
	keys [8]span
	last int
}

// NewReceiver makes a receiver for a payload whose clock runs at a rate in Hz,
// which must be above 0.
func NewReceiver(rate int) *Receiver { return &Receiver{rate: rate} }

// Receive takes a packet, and appends to events what it tells. The error is an
// ErrPayload; events that are no keys are passed over.
//
// RFC 4733 s2.5.1.5 lets a packet have several events, each of which begins where
// the one before it ended.
func (r *Receiver) Receive(now time.Time, p Packet, events []Event) ([]Event, error) {
	if len(p.Payload)%PayloadSize != 0 || len(p.Payload) == 0 {
		return events, fmt.Errorf("%w: %d octets are no whole number of events", ErrPayload, len(p.Payload))
	}
	events = r.Expire(now, events)
	at, marker, rest := p.Timestamp, p.Marker, p.Payload
	for n := 0; n < maxEvents && len(rest) > 0; n++ {
		e, _ := ParsePayload(rest)
		rest = rest[PayloadSize:]
		e.End = e.End || len(rest) > 0
		events = r.receive(now, at, marker, e, events)
		at += uint32(e.Duration)
		marker = true
	}
	return events, nil
}

func (r *Receiver) receive(now time.Time, at uint32, marker bool, p Payload, events []Event) []Event {
	if !Digit(p.Event).Valid() {
		return events
	}
	for i := range r.keys {
		if k := &r.keys[(r.last+len(r.keys)-i)%len(r.keys)]; k.has(now, at, marker, p) {
			return r.goOn(k, now, at, p, events)
		}
	}
	if current := r.current(); current.state == down && int32(at-current.start) < 0 {
		return r.overtaken(now, at, p, events)
	}
	return r.begin(now, at, p, events)
}

// begin begins a key, and ends the one before it: only one is down at a time.
func (r *Receiver) begin(now time.Time, at uint32, p Payload, events []Event) []Event {
	events = r.end(r.current(), lost, events)
	r.last = (r.last + 1) % len(r.keys)
	k := r.current()
	*k = newSpan(now, at, p)
	events = append(events, r.event(k, Began))
	if p.End {
		events = r.end(k, ended, events)
	}
	return events
}

func newSpan(now time.Time, at uint32, p Payload) span {
	return span{event: p.Event, state: down, start: at, length: int64(p.Duration), volume: p.Volume, heard: now}
}

// overtaken reports a key of which nothing was heard before a later one began.
// It takes the place of the oldest.
func (r *Receiver) overtaken(now time.Time, at uint32, p Payload, events []Event) []Event {
	current := *r.current()
	k := r.current()
	*k = newSpan(now, at, p)
	events = r.end(k, lost, append(events, r.event(k, Began)))
	r.last = (r.last + 1) % len(r.keys)
	*r.current() = current
	return events
}

// goOn takes in one more packet of a key.
func (r *Receiver) goOn(k *span, now time.Time, at uint32, p Payload, events []Event) []Event {
	longer := k.hear(now, at, p)
	switch {
	case k.state != down:
		// It has been reported; the packet is a repetition, or late.
	case p.End:
		events = r.end(k, ended, events)
	case longer:
		events = append(events, r.event(k, Continued))
	}
	return events
}

func (r *Receiver) end(k *span, how state, events []Event) []Event {
	if k.state != down {
		return events
	}
	k.state = how
	return append(events, r.event(k, Ended))
}

// Expire ends a key of which nothing was heard for Timeout. Receive does so too.
func (r *Receiver) Expire(now time.Time, events []Event) []Event {
	if at, ok := r.Deadline(); ok && !now.Before(at) {
		return r.end(r.current(), lost, events)
	}
	return events
}

// Deadline is when Expire is to be called next; false while no key is down.
func (r *Receiver) Deadline() (time.Time, bool) {
	k := r.current()
	return k.heard.Add(Timeout), k.state == down
}

// Pressed is the key that is down.
func (r *Receiver) Pressed() (Digit, bool) {
	k := r.current()
	return Digit(k.event), k.state == down
}

// Reset begins with another stream, whose timestamps have nothing to do with
// those before (RFC 3550 s8: its SSRC has changed). A key that is down ends.
func (r *Receiver) Reset(events []Event) []Event {
	events = r.end(r.current(), lost, events)
	*r = Receiver{rate: r.rate}
	return events
}

func (r *Receiver) current() *span { return &r.keys[r.last] }

func (r *Receiver) event(k *span, phase Phase) Event {
	return Event{
		Digit: Digit(k.event), Phase: phase, Volume: k.volume,
		Timestamp: k.start, Duration: lasting(k.length, r.rate),
	}
}
