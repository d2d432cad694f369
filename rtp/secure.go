package rtp

import (
	"errors"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tandem-gateway/tandem/rtp/srtp"
)

// Security is how the packets of a far end are protected, both ways (SRTP, RFC 3711):
// with keys that the descriptions held (SDES, RFC 4568), or with those of a handshake
// over the RTP port (DTLS-SRTP, RFC 5763).
type Security struct {
	// Send is what we protect with, Receive what the far end does: SDES.
	Send, Receive srtp.Keys
	// Handshake has both agreed on; nil for SDES.
	Handshake *Handshake
}

// Handshake is our part in DTLS-SRTP.
type Handshake struct {
	// Role is our part.
	Role srtp.Role
	// Certificate is ours, whose fingerprint the far end was told.
	Certificate *srtp.Certificate
	// Fingerprints are those of the far end's certificate.
	Fingerprints []srtp.Fingerprint
	// Timeout is how long it may take; 0 is srtp.DefaultTimeout.
	Timeout time.Duration
	// Ended is told once, on another goroutine: nil when the keys are in force, else why
	// there are none. It is not told of one that another or Close has ended; nil is nobody.
	Ended func(error)
}

// same reports whether a handshake proves the same to both sides.
//
// RFC 8842 s3: what asks for a new association is a change of fingerprints or roles; a
// description that repeats them lets the one there is go on.
func (h *Handshake) same(other *Handshake) bool {
	return h.Role == other.Role && h.Certificate == other.Certificate && slices.Equal(h.Fingerprints, other.Fingerprints)
}

// secured is the SRTP of a session. It belongs to the session's lock but for spare.
//
//	         SDES keys, or a handshake that has succeeded
//	none ----------------------------------------------------> keyed --+
//	  |                                                         |  ^   | other keys
//	  +-- packets are dropped, both ways      plain RTP agreed  v  |   | (Rekey)
//	                                                            off    +
//
// What protects outlives plain RTP in between: should the keys come back, their indices go
// on, as no index may be used twice (RFC 3711 s9.1).
type secured struct {
	on        bool
	out       *srtp.Outbound
	in        *srtp.Inbound
	handshake *handshake
	// spare is where packets are sealed. Whoever seals takes it, and gives it back when the
	// packet is sent.
	spare atomic.Pointer[[]byte]
}

// handshake is one association of DTLS.
type handshake struct {
	Handshake
	dtls *srtp.DTLS
	// peer is where its last packet came from: behind NAT that is not the address of SDP.
	peer netip.AddrPort
}

// active says whether the far end is spoken to by SRTP; s may be nil.
func (s *secured) active() bool { return s != nil && s.on }

// mute says that nothing may go out, for want of keys.
func (s *secured) mute() bool { return s != nil && s.on && s.out == nil }

// secure puts in force how the far end's packets are protected; nil is plain RTP. It gives
// the handshake that this has ended, to be closed without the lock.
func (s *Session) secure(now time.Time, by *Security) (over *handshake, err error) {
	if by == nil && s.secured == nil {
		return nil, nil
	}
	if s.secured == nil {
		s.secured = new(secured)
	}
	x := s.secured
	switch {
	case by == nil:
	case by.Handshake == nil:
		if err = x.rekey(now, by.Send, by.Receive); err == nil {
			over, x.handshake = x.handshake, nil
		}
	case x.handshake == nil || !x.handshake.same(by.Handshake):
		over, err = s.shake(by.Handshake)
	}
	if err == nil {
		x.on = by != nil
		s.flow.single = x.on
	}
	return over, err
}

// rekey goes on with keys; those in force disturb nothing.
func (s *secured) rekey(now time.Time, send, receive srtp.Keys) error {
	if s.out != nil {
		return errors.Join(s.in.Rekey(now, receive), s.out.Rekey(send))
	}
	out, err := srtp.NewOutbound(send)
	if err != nil {
		return err
	}
	in, err := srtp.NewInbound(receive)
	if err == nil {
		s.out, s.in = out, in
	}
	return err
}

// renew goes on with the keys of a new association. What it sends begins anew, since its
// keys were never used before and the far end has heard nothing under them.
func (s *secured) renew(now time.Time, send, receive srtp.Keys) error {
	if s.out == nil {
		return s.rekey(now, send, receive)
	}
	out, err := srtp.NewOutbound(send)
	if err == nil {
		s.out, err = out, s.in.Rekey(now, receive)
	}
	return err
}

// open turns a packet of the RTP port into plain RTP; false when there is none. An
// address that could not be believed anyway is not worth the work.
func (s *Session) open(now time.Time, packet []byte, from netip.AddrPort) ([]byte, bool) {
	x := s.secured
	switch {
	case !x.on:
		return packet, true
	case srtp.KindOf(packet) == srtp.KindDTLS:
		s.receiveHandshake(packet, from)
		return nil, false
	case !s.latch.considers(now, from):
		s.counters.rare().dropped.Strangers++
		return nil, false
	case x.in == nil:
		s.counters.rare().dropped.Unauthentic++
		return nil, false
	}
	plain, err := x.in.Unprotect(now, packet)
	if err != nil {
		s.counters.rare().dropped.Unauthentic++
	}
	return plain, err == nil
}

// openReport is open for RTCP.
func (s *Session) openReport(now time.Time, packet []byte, from netip.AddrPort) ([]byte, bool) {
	x := s.secured
	switch {
	case !x.active():
		return packet, true
	case !s.considersReport(now, from):
		s.counters.rare().dropped.Strangers++
		return nil, false
	case x.in == nil:
		s.counters.rare().dropped.Unauthentic++
		return nil, false
	}
	plain, err := x.in.UnprotectRTCP(now, packet)
	if err != nil {
		s.counters.rare().dropped.Unauthentic++
	}
	return plain, err == nil
}

// hearSealed is the end of hear for a far end by SRTP: other listeners have the same
// packet, so a copy is sealed. It is called with the lock, and gives it back.
func (s *Session) hearSealed(h header, packet []byte, to netip.AddrPort) {
	x := s.secured
	room := x.take(packet)
	h.write(*room)
	sealed, err := x.out.Protect(*room)
	if err != nil {
		s.unsealed(err, len(packet))
	}
	s.mu.Unlock()
	if err == nil && s.media.Send(sealed, to) != nil {
		s.unsent(&s.counters.sent, len(packet))
	}
	x.spare.Store(room)
}

// take gives a copy of a packet with room behind it to be sealed in.
func (s *secured) take(packet []byte) *[]byte {
	room := s.spare.Swap(nil)
	if room == nil {
		room = new([]byte)
	}
	*room = append(slices.Grow((*room)[:0], len(packet)+srtp.Tailroom), packet...)
	return room
}

// unsealed takes a packet back that cannot be sealed: a copy of one that was, one that
// comes far too late, or the key is used up.
func (s *Session) unsealed(err error, size int) {
	s.counters.sent.Packets--
	s.counters.sent.Octets -= uint64(size)
	if errors.Is(err, srtp.ErrSequence) {
		s.counters.rare().dropped.Late++
	} else {
		s.counters.rare().dropped.Unsent++
	}
}

// sealReport seals a report, which has room behind it.
func (s *Session) sealReport(report []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.secured.out.ProtectRTCP(report)
}
