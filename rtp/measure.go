package rtp

import (
	"time"

	"github.com/tandem-gateway/tandem/rtp/jitter"
	"github.com/tandem-gateway/tandem/rtp/quality"
)

// Quality is how a far end was heard in all.
type Quality struct {
	quality.Interval
	// Lowest is the lowest R of all intervals of five seconds; 0 without any.
	Lowest float64
	// Told is what the far end has said last of how it hears us (RTCP XR, RFC 3611 s4.7),
	// by Reporting it has said so at all.
	Told      quality.Metrics
	Reporting bool
}

// Measure takes the counters as they are now, each second or few. When five seconds have
// passed it gives what became of the packets in them, and true. The first call begins.
func (s *Session) Measure(now time.Time) (quality.Interval, bool) {
	b := s.buffered()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.measured == nil && s.in.packets == 0 {
		s.begin(now)
		return quality.Interval{}, false // a leg that is silent costs nothing
	}
	m := s.measure(now)
	return m.meter.Step(now, s.countersOf(m, s.in.lossesNow(), b))
}

// Quality is how the far end was heard from the first Measure on, or ever if there was
// none: what had come before that counts too. It stays after Close.
func (s *Session) Quality(now time.Time) Quality {
	b := s.buffered()
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.measure(now)
	whole := m.meter // a copy: more may come
	whole.Step(now, s.countersOf(m, s.in.lossesInAll(), b))
	return Quality{Interval: whole.Total(now), Lowest: whole.Lowest(), Told: m.told, Reporting: m.tells}
}

// measured is what is known of a leg beside its counters. A leg has it when it has been
// measured, or RTCP has passed.
type measured struct {
	meter quality.Meter
	// trip is the way to the far end and back.
	trip quality.RoundTrip
	// told is the far end's last word, if it tells.
	told  quality.Metrics
	tells bool
	// heard is the far end's last sender report, and at when it came.
	heard quality.Sender
	at    time.Time
	// late is what the jitter buffers before this one have thrown away; the session may
	// have had several.
	late   uint64
	buffer buffered
}

// measure is what was measured. It is called with the lock.
func (s *Session) measure(now time.Time) *measured {
	if s.measured == nil {
		s.begin(now)
		s.measured = new(measured)
		s.measured.meter.Step(time.Unix(0, s.measuredFrom), quality.Counters{})
	}
	return s.measured
}

// begin notes from when on it is measured.
func (s *Session) begin(now time.Time) {
	if s.measuredFrom == 0 {
		s.measuredFrom = now.UnixNano()
	}
}

// countersOf is what was counted, with the lock.
func (s *Session) countersOf(m *measured, lost quality.Losses, b buffered) quality.Counters {
	discarded := min(m.discards(b), lost.Expected-lost.Lost)
	lost.Lost += discarded // each by itself: nobody knows which
	lost.Runs += discarded
	p := s.sounds()
	return quality.Counters{
		Received:   s.in.packets - s.in.duplicates,
		Duplicates: s.in.duplicates,
		Reordered:  s.in.reordered,
		Losses:     lost,
		Discarded:  discarded,
		Jitter:     time.Duration(s.in.jitter >> 4),
		RoundTrip:  m.trip.Last,
		Delay:      b.delay,
		Ptime:      s.in.packetTime(p.Codec.Rate),
		Codec:      p.Codec.Name,
	}
}

// sounds is the payload in which the far end speaks; what is no sound goes by that which
// was agreed first.
func (s *Session) sounds() Payload {
	for _, p := range s.remote.Receive {
		if p.Number == s.in.number && !p.Codec.accompanies() {
			return p
		}
	}
	if p := sounding(s.remote.Receive); p != nil {
		return *p
	}
	return Payload{}
}

// packetTime is how long the last packet sounded, by its timestamp. A clock that jumps
// says nothing of that.
func (r *reception) packetTime(rate uint32) time.Duration {
	if rate == 0 {
		return framePeriod
	}
	d := ticksTime(uint32(r.step), rate)
	if d < shortestPacket/2 || d > 2*longestPacket {
		return framePeriod
	}
	return d
}

// buffered is what a jitter buffer does to what the far end sends; by is whose it is, nil
// where packets are passed on as they come.
type buffered struct {
	by    listener
	late  uint64
	delay time.Duration
}

// discards counts what was thrown away, as buffers come and go.
func (m *measured) discards(b buffered) uint64 {
	if b.by != m.buffer.by || b.late < m.buffer.late {
		m.late += m.buffer.late
	}
	m.buffer = b
	return m.late + b.late
}

// buffers is a listener that puts packets in order.
type buffers interface {
	listener
	// ordered is what it has done to them; false while it has none.
	ordered() (jitter.Stats, bool)
}

// buffered finds the jitter buffer through which the far end is heard. There is none where
// it is relayed: a recording beside that does not count. It is called without the lock.
func (s *Session) buffered() (found buffered) {
	for p := s.source.paths.Load(); p != nil; p = p.next {
		switch to := p.to.(type) {
		case *Session:
			return buffered{}
		case buffers:
			if stats, ok := to.ordered(); ok && found.by == nil {
				found = buffered{to, stats.Late + stats.Skipped, stats.Delay}
			}
		}
	}
	return found
}

func (n *inlet) ordered() (jitter.Stats, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.buffer == nil {
		return jitter.Stats{}, false
	}
	return n.buffer.Stats(), true
}

func (t *transcoder) ordered() (jitter.Stats, bool) {
	t.mouth.mu.Lock()
	defer t.mouth.mu.Unlock()
	return t.order.Stats(), true
}

// hearsOf takes what a far end says of us and of itself. What is malformed within a valid
// packet is passed over; it is called with the lock.
func (s *Session) hearsOf(now time.Time, packet []byte) {
	m := s.measure(now)
	// The error says where reading ended; validReports has counted what is no RTCP.
	_ = quality.Reader{
		Sender:  func(r quality.Sender) { m.heard, m.at = r, now },
		Block:   func(_ uint32, b quality.Block) { m.trip.Heard(now, b) },
		Metrics: func(_ uint32, told quality.Metrics) { m.told, m.tells = told, true },
	}.Read(packet)
}

// departs notes that a report goes to the far end, with the lock: what comes back refers
// to it.
func (s *Session) departs(now time.Time, packet []byte) {
	m := s.measure(now)
	_ = quality.Reader{Sender: func(r quality.Sender) { m.trip.Sent(now, r.NTP) }}.Read(packet)
}
