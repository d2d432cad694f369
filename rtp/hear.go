package rtp

import (
	"net/netip"
	"time"

	"github.com/tandem-gateway/tandem/rtp/srtp"
)

// match pairs a source's payloads with those of the far end that carry the same
// codec, in the far end's order. What the far end does not take is left out.
//
// RFC 3264 s5.1: "the formats in the "m=" line MUST be listed in order of
// preference".
func (s *Session) match(list []rewrite, spoken []Payload) ([]rewrite, error) {
	s.mu.Lock()
	taken := s.remote.Send
	s.mu.Unlock()
	if len(taken) == 0 {
		return nil, ErrNoCodecs
	}
	for i := range taken {
		t := &taken[i]
		for k := range spoken {
			if p := &spoken[k]; carrying(taken, p.Codec) == t {
				list = append(list, rewrite{p.Number, t.Number, p.Codec.Rate, &p.Codec})
			}
		}
	}
	if !audible(list) {
		return nil, noCommonCodec{spoken, taken}
	}
	return list, nil
}

// attach has no effect on a session that is closed.
func (s *Session) attach(p *path) (before *path) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before = s.heard
	if !s.closed {
		s.heard = p
		s.settleReports()
	}
	return before
}

func (s *Session) current() *path {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heard
}

// wishes are the payloads that the far end takes, and how long its packets are to be.
func (s *Session) wishes() (taken []Payload, ptime time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.remote.Send, s.remote.Ptime
}

func (s *Session) hearsBy(p *path) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.isBy(p)
}

// isBy is hearsBy, with the lock.
func (s *Session) isBy(p *path) bool { return s.heard != nil && s.heard.from == p.from }

// hear sends a packet to the far end.
func (s *Session) hear(now time.Time, p *path, h header, packet []byte) {
	s.mu.Lock()
	h, to, pass := s.dispatch(now, p, h, len(packet))
	if pass && s.secured.active() {
		s.hearSealed(h, packet, to)
		return
	}
	s.mu.Unlock()
	if !pass {
		return
	}
	h.write(packet)
	if err := s.media.Send(packet, to); err != nil {
		s.unsent(&s.counters.sent, len(packet))
	}
}

// dispatch counts a packet on its way out, and gives its header and where it
// goes.
func (s *Session) dispatch(now time.Time, p *path, h header, size int) (header, netip.AddrPort, bool) {
	to := s.latch.destination()
	way := p.rewrite(h.number)
	switch {
	case !s.speaksNow(p):
		s.counters.rare().dropped.Late++
		return h, to, false
	case way == nil:
		s.counters.rare().dropped.Unnegotiated++
		return h, to, false
	case s.remote.Direction&Receives == 0:
		s.counters.rare().dropped.Held++
		return h, to, false
	case !to.IsValid() || s.secured.mute():
		s.counters.rare().dropped.Unsent++
		return h, to, false
	}
	h.number = way.to
	h, inTime := s.flow.next(now, p.from, h, way.rate)
	if !inTime {
		s.counters.rare().dropped.Late++
		return h, to, false
	}
	s.counters.sent.add(size)
	return h, to, true
}

// unsent takes a packet back that the network refused.
func (s *Session) unsent(from *Traffic, size int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from.Packets--
	from.Octets -= uint64(size)
	s.counters.rare().dropped.Unsent++
}

// hearReport sends a report to the far end, with the SSRCs that the far end
// knows. The packet is shared with other listeners, so one that must be changed
// is copied; that is one in some seconds.
func (s *Session) hearReport(p *path, packet []byte, heard hearing) {
	s.mu.Lock()
	out, to, pass := s.dispatchReport(p, len(packet))
	sent, sealed := s.flow.shiftOf(p.from), s.secured.active()
	if pass {
		s.departs(heard.at, packet)
	}
	s.mu.Unlock()
	if !pass {
		return
	}
	about := shift{}
	if heard.from == &s.source {
		about = heard.by.back()
	}
	if sealed || sent.active || about.active {
		packet = append(make([]byte, 0, len(packet)+srtp.Tailroom), packet...)
		shiftReports(packet, sent, about)
	}
	s.postReport(out, to, packet, sealed)
}

// postReport sends a report that was counted, sealed where it must be.
func (s *Session) postReport(out Socket, to netip.AddrPort, packet []byte, seal bool) {
	size := len(packet) // it is longer when it is sealed, and was not counted so
	var err error
	if seal {
		packet, err = s.sealReport(packet)
	}
	if err == nil {
		err = out.Send(packet, to)
	}
	if err != nil {
		s.unsent(&s.counters.rare().reportsSent, size)
	}
}

func (s *Session) dispatchReport(p *path, size int) (Socket, netip.AddrPort, bool) {
	out, to := s.reportsGo()
	switch {
	case !s.speaksNow(p):
		s.counters.rare().dropped.Late++
		return out, to, false
	case !to.IsValid() || s.secured.mute():
		s.counters.rare().dropped.Unsent++
		return out, to, false
	}
	s.counters.rare().reportsSent.add(size)
	return out, to, true
}
