package rtp

import (
	"net/netip"
	"time"
)

// receiveMedia takes what comes to the RTP port.
func (s *Session) receiveMedia(now time.Time, packet []byte, from netip.AddrPort) {
	h, valid := parseHeader(packet)
	pass := false
	s.mu.Lock()
	if s.remote.Mux && isReport(packet) {
		s.receiveReport(now, packet, from)
		return
	}
	if s.secured != nil {
		if packet, pass = s.open(now, packet, from); !pass {
			s.mu.Unlock()
			return
		}
		h, valid = parseHeader(packet) // padding and extension may have been out of sight
	}
	pass = s.admit(now, h, valid, len(packet), from)
	pressed := pass && s.overhear(now, h, packet)
	s.mu.Unlock()
	if pressed {
		s.keyEar.settle()
	}
	if pass {
		s.source.spread(now, h, packet)
	}
}

// admit counts a packet and tells whether it is to be heard.
func (s *Session) admit(now time.Time, h header, valid bool, size int, from netip.AddrPort) bool {
	rate := s.agreed.rate(h.number)
	switch {
	case !valid:
		s.counters.rare().dropped.Malformed++
		return false
	case rate == 0 && from == s.latch.destination():
		s.counters.rare().dropped.Unnegotiated++
		return false
	case rate == 0 || !s.latch.step(now, from, h):
		s.counters.rare().dropped.Strangers++
		return false
	}
	s.in.add(now, h, size, rate)
	if s.remote.Direction&Sends == 0 {
		s.counters.rare().dropped.Held++
		return false
	}
	return true
}

// receiveControl takes what comes to the RTCP port.
func (s *Session) receiveControl(now time.Time, packet []byte, from netip.AddrPort) {
	s.mu.Lock()
	s.receiveReport(now, packet, from)
}

// receiveReport takes RTCP from either port. It is called with the lock, and
// gives it back.
func (s *Session) receiveReport(now time.Time, packet []byte, from netip.AddrPort) {
	packet, pass := s.admitReport(now, packet, from)
	heard := s.hearing()
	heard.at = now
	s.mu.Unlock()
	if pass {
		s.source.spreadReport(packet, heard)
	}
}

func (s *Session) admitReport(now time.Time, packet []byte, from netip.AddrPort) ([]byte, bool) {
	packet, opened := s.openReport(now, packet, from)
	switch {
	case !opened:
		return nil, false
	case !validReports(packet):
		s.counters.rare().dropped.Malformed++
		return nil, false
	case !s.believesReport(now, from):
		s.counters.rare().dropped.Strangers++
		return nil, false
	}
	s.counters.rare().reportsReceived.add(len(packet))
	s.hearsOf(now, packet)
	return packet, true
}

// believesReport asks the latch of the port that RTCP is to come to.
func (s *Session) believesReport(now time.Time, from netip.AddrPort) bool {
	if s.remote.Mux {
		return from.IsValid() && from == s.latch.destination()
	}
	return s.reports.step(now, from, &s.latch)
}

// considersReport is believesReport before anything is known of the packet.
func (s *Session) considersReport(now time.Time, from netip.AddrPort) bool {
	if s.remote.Mux {
		return s.believesReport(now, from)
	}
	return s.reports.considers(now, from, &s.latch)
}

// hearing is what this session hears; nothing when it has no path.
func (s *Session) hearing() hearing {
	if s.heard == nil {
		return hearing{}
	}
	return hearing{from: s.heard.from, by: s.flow.shiftOf(s.heard.from)}
}
