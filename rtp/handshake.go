package rtp

import (
	"net/netip"
	"time"

	"github.com/tandem-gateway/tandem/rtp/srtp"
)

// shake begins a handshake, and gives the one before. Packets go on under the keys in
// force, if there are any, until there are new ones.
func (s *Session) shake(by *Handshake) (over *handshake, err error) {
	h := &handshake{Handshake: *by}
	h.dtls, err = srtp.NewDTLS(srtp.DTLSConfig{
		Role: by.Role, Certificate: by.Certificate, Remote: by.Fingerprints, Timeout: by.Timeout,
		Send: func(packet []byte) { s.sendHandshake(h, packet) },
	})
	if err != nil {
		return nil, err
	}
	over, s.secured.handshake = s.secured.handshake, h
	go s.await(h)
	return over, nil
}

// await puts the keys of a handshake in force.
func (s *Session) await(h *handshake) {
	send, receive, err := h.dtls.Keys()
	s.mu.Lock()
	current := !s.closed && s.secured.handshake == h
	if current && err == nil {
		err = s.secured.renew(time.Now(), send, receive)
	}
	s.mu.Unlock()
	if current && h.Ended != nil {
		h.Ended(err)
	}
}

// sendHandshake sends to where the handshake's packets come from, and first to where
// media goes. What cannot be sent is sent again by the handshake.
func (s *Session) sendHandshake(h *handshake, packet []byte) {
	s.mu.Lock()
	to := h.peer
	if !to.IsValid() {
		to = s.latch.destination()
	}
	s.mu.Unlock()
	if to.IsValid() {
		_ = s.media.Send(packet, to)
	}
}

// receiveHandshake takes a packet of DTLS from the address that media comes from, or is
// expected from; behind NAT its port may be another. Who it is the certificate tells.
func (s *Session) receiveHandshake(packet []byte, from netip.AddrPort) {
	h := s.secured.handshake
	expected := from == s.latch.destination() ||
		s.latch.state != latchLocked && (from.Addr() == s.latch.hint || from.Addr() == s.latch.expected.Addr())
	if h == nil || !expected {
		s.counters.rare().dropped.Strangers++
		return
	}
	h.peer = from
	h.dtls.Receive(packet)
}

// close ends an association; h may be nil. It is called without the session's lock, for
// the farewell.
func (h *handshake) close() {
	if h != nil {
		h.dtls.Close()
	}
}
