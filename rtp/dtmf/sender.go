package dtmf

import "time"

const (
	// finals is how often the last packet of an event or a segment is sent.
	//
	// RFC 4733 s2.5.1.4: "The final packet for each event and for each segment
	// SHOULD be sent a total of three times at the interval used by the source for
	// updates."
	finals = 3
	// volume is what a Sender states: -10 dBm0.
	volume = 10
)

// Sender turns keys into packets, one for each packet time of its stream. What
// is to be sent is put into its Queue: whole keys (Send), or one that is still
// down and is sent meanwhile (Press, Release). It is a pure machine; its clock is
// the stream's own timestamps.
type Sender struct {
	// Queue has the keys that are not sent yet.
	Queue
	// Volume is what the packets say of the tone's level, in dBm0 without its sign.
	Volume uint8

	rate int
	// ptime is what a packet time adds, in ticks.
	ptime int64

	// sending: the key at the queue's front has begun, at start.
	sending bool
	start   uint32
	// segment is where its segment begins, in ticks since start; sent is what the
	// last packet said of its length.
	segment, sent int64
	// finals is how often the last packet of the event or segment was sent; over
	// says that it is the event's.
	finals int
	over   bool
	// pause is until when no other key may begin; it counts while paused is set.
	pause  uint32
	paused bool
}

// NewSender makes a sender for a payload whose clock runs at a rate in Hz, and
// for a stream that has a packet each ptime; 0 stands for 20 ms.
func NewSender(rate int, ptime time.Duration) *Sender {
	if ptime <= 0 {
		ptime = 20 * time.Millisecond
	}
	return &Sender{rate: rate, ptime: ticks(ptime, rate), Volume: volume}
}

// Next gives the packet of a packet time, or false when no key is to be sent then
// and sound may be. timestamp is what a packet of sound would have then. The
// payload is written into buffer, which should have room for PayloadSize octets.
//
// A key's first packet has the marker and says that it has lasted one packet time
// already, as a packet of sound would have that much of it.
func (s *Sender) Next(timestamp uint32, buffer []byte) (Packet, bool) {
	first := !s.sending
	if first && !s.begin(timestamp) {
		return Packet{}, false
	}
	d, end := s.progress(timestamp)
	p := s.payload(d, end)
	packet := Packet{Timestamp: s.start + uint32(s.segment), Marker: first, Payload: p.Append(buffer[:0])}
	s.count(p)
	return packet, true
}

// Sending tells whether a key is being sent; those that wait are not counted.
func (s *Sender) Sending() bool { return s.sending }

// begin begins the key at the queue's front, unless it is time for a pause.
func (s *Sender) begin(timestamp uint32) bool {
	s.paused = s.paused && int32(timestamp-s.pause) < 0
	if s.paused || s.Len() == 0 {
		return false
	}
	s.sending = true
	s.start = timestamp
	s.segment, s.sent, s.finals, s.over = 0, 0, 0, false
	return true
}

// progress tells how long the key has lasted, in ticks, and whether it has ended.
// What was said once is not taken back.
func (s *Sender) progress(timestamp uint32) (length int64, end bool) {
	_, duration, down, _ := s.Front()
	length = max(int64(timestamp-s.start)+s.ptime, s.sent)
	if down {
		return length, false
	}
	whole := max(ticks(duration, s.rate), s.sent)
	return min(length, whole), length >= whole
}

// payload is what is to be said of a key that has lasted so long.
//
// RFC 4733 s2.5.1.3: a key that lasts longer than a packet can say is reported
// with the longest duration and without the E bit, and then as a new segment
// that begins where that one ended.
func (s *Sender) payload(length int64, end bool) Payload {
	digit, _, _, _ := s.Front()
	p := Payload{Event: uint8(digit), Volume: s.Volume, End: end}
	within := length - s.segment
	if within > maxDuration {
		p.End = false
	}
	p.Duration = uint16(min(within, maxDuration))
	return p
}

// count takes note of a packet, and goes on to the next segment or key.
func (s *Sender) count(p Payload) {
	s.sent = s.segment + int64(p.Duration)
	if !p.End && p.Duration < maxDuration {
		return
	}
	if p.End && !s.over {
		s.over, s.finals = true, 0
	}
	s.finals++
	switch {
	case s.finals < finals:
	case p.End:
		s.finish()
	default:
		s.segment += maxDuration
		s.finals = 0
	}
}

// finish drops the key. The pause behind it begins when the key ended; in it, the
// final packets were repeated.
func (s *Sender) finish() {
	s.Drop()
	s.sending = false
	s.pause = s.start + uint32(s.sent+ticks(MinPause, s.rate))
	s.paused = true
}
