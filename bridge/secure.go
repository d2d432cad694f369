package bridge

import (
	"errors"
	"fmt"
	"time"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp"
	"github.com/tandem-gateway/tandem/rtp/srtp"
	"github.com/tandem-gateway/tandem/sdp"
)

// SRTP is how a party's audio may be protected. Each party's is its own: what one side
// says of keys never comes to the other, and SRTP here goes with plain RTP there.
type SRTP struct {
	// Protection is the degree.
	Protection sdp.Protection
	// SDES: keys may stand in descriptions, which is for signalling that nobody else
	// reads (RFC 4568 s8).
	SDES bool
	// DTLS: keys may be agreed on in the media path (RFC 5763).
	DTLS bool
}

// errNoKeying is the end of a call that must be protected and has no way to come to keys.
var errNoKeying = errors.New("SRTP is required and there is no way to keys: SDES needs signalling by TLS, unless sip.sdes_without_tls allows it, or let srtp_keys have DTLS")

// degree is the protection that can be had: what is optional is off where there is no way
// to keys.
func (s SRTP) degree() sdp.Protection {
	if s.Protection == sdp.ProtectionOptional && !s.SDES && !s.DTLS {
		return sdp.ProtectionOff
	}
	return s.Protection
}

// suites are those of our SDES keys, in the order in which they are offered: that first
// which every device has, as some read the first line only.
func suites() []srtp.Suite {
	return []srtp.Suite{srtp.AESCM128HMACSHA180, srtp.AEADAES256GCM, srtp.AEADAES128GCM, srtp.AESCM128HMACSHA132}
}

// keys makes our keys for one participant. They stay the same for as long as it is there:
// a new description changes none of what it does not speak of.
func (c *Call) keys(s SRTP) *sdp.Security {
	if s.degree() == sdp.ProtectionOff {
		return nil
	}
	keys := new(sdp.Security)
	if s.SDES {
		for _, suite := range suites() {
			keys.Cryptos = append(keys.Cryptos, sdp.Inline(suite.String(), srtp.GenerateKeys(suite).Master()))
		}
	}
	if s.DTLS && c.env.Certificate != nil {
		keys.Fingerprints = []sdp.Fingerprint{sdp.Fingerprint(c.env.Certificate.Fingerprint())}
	}
	return keys
}

// protected is our side with keys of its own.
func (l local) protected(s SRTP, keys *sdp.Security) local {
	l.protection, l.keys = s.degree(), keys
	return l
}

// secured completes what a description of ours says.
func (l *local) secured(d sdp.Local) sdp.Local {
	d.Protection, d.Protos = l.protection, l.transports()
	if l.keys != nil {
		d.Security = *l.keys
		// A handshake protects one pair of ports (RFC 5764 s3): RTCP on its own would need
		// another.
		d.RTCPMux = len(l.keys.Fingerprints) > 0
	}
	d.RTCPMux = d.RTCPMux || l.muxes()
	return d
}

// muxes says whether RTCP shares RTP's port by what has been agreed: a new offer keeps that.
// The first one asks for it only where it must, as some devices stumble over it (RFC 5761
// s5.1.1 leaves it to the offerer).
func (l *local) muxes() bool {
	return l.sent != nil && l.sent.Audio() != nil && l.sent.Audio().RTCPMux
}

// shakes notes our part in a handshake. An answer of ours keeps it: RFC 8842 s5.3, another
// one would ask for a new association.
func (l *local) shakes(p *sdp.Protected) {
	l.part = sdp.SetupUnstated
	if p != nil {
		l.part = p.Setup
	}
}

// keyless says that a party must be protected and cannot be.
func (l *local) keyless() bool {
	return l.protection == sdp.ProtectionRequired && (l.keys == nil || len(l.keys.Cryptos)+len(l.keys.Fingerprints) == 0)
}

// transports are those of our next description: a stream goes on by the one that it has,
// which an offer might otherwise change. Nil leaves it to the protection.
func (l *local) transports() []string {
	if l.protection == sdp.ProtectionOff || l.sent == nil || l.sent.Audio() == nil {
		return nil
	}
	list := []string{l.sent.Audio().Proto, "RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF"}
	if l.protection == sdp.ProtectionOptional {
		list = append(list, "RTP/AVP", "RTP/AVPF")
	}
	return list
}

// securityOf is how a participant's packets are protected by what was agreed; nil for plain
// RTP.
func (c *Call) securityOf(a Connect) (*rtp.Security, error) {
	p := a.Stream.Protected
	switch {
	case p == nil:
		return nil, nil
	case p.Keying == sdp.DTLS:
		return &rtp.Security{Handshake: c.handshake(a.Participant, p)}, nil
	case p.Keying != sdp.SDES:
		return nil, fmt.Errorf("%v was agreed on", p.Keying)
	}
	send, err := keysOf(&p.Send)
	if err != nil {
		return nil, err
	}
	receive, err := keysOf(&p.Receive)
	return &rtp.Security{Send: send, Receive: receive}, err
}

// keysOf reads the one key of an a=crypto line.
func keysOf(c *sdp.Crypto) (srtp.Keys, error) {
	suite, ok := srtp.ParseSuite(c.Suite)
	if !ok || len(c.Keys) != 1 {
		return srtp.Keys{}, fmt.Errorf("a=crypto:%d with suite %q and %d keys", c.Tag, c.Suite, len(c.Keys))
	}
	k := &c.Keys[0]
	keys, err := srtp.NewKeys(suite, []byte(k.Secret))
	keys.MKI, keys.Lifetime = k.MKIBytes(), k.Lifetime
	return keys, err
}

// handshake is our part in the DTLS handshake with a participant.
func (c *Call) handshake(participant int, p *sdp.Protected) *rtp.Handshake {
	h := &rtp.Handshake{Role: srtp.Server, Certificate: c.env.Certificate}
	if p.Setup == sdp.SetupActive {
		h.Role = srtp.Client
	}
	for _, f := range p.Fingerprints {
		h.Fingerprints = append(h.Fingerprints, srtp.Fingerprint(f))
	}
	session := c.media[participant]
	h.Ended = func(err error) { shaken{c, session, err}.post() }
	return h
}

// shaken is the end of a handshake, for the call that its party is in.
type shaken struct {
	in      *Call
	session *rtp.Session
	err     error
}

// post brings it there. A party may have gone over to another call meanwhile.
func (s shaken) post() {
	for s.in != nil && !s.in.Post(s) {
		s.in = s.in.heir.Load()
	}
}

// Do ends a call whose handshake has failed: one would hear nothing.
func (s shaken) Do(c *Call, _ time.Time) {
	for id, session := range c.media {
		switch {
		case session != s.session:
			continue
		case s.err == nil:
			c.env.Log.Debug("keys agreed by DTLS", "call", c.id, "participant", id)
		default:
			c.env.Log.Warn("no keys by DTLS", "call", c.id, "participant", id, "err", s.err)
			c.tellMachine(Stop{Cause: event.Cause{Status: 488, Q850: q850Of(488), By: event.PartyGateway, Text: s.err.Error()}})
		}
		return
	}
	s.Dropped()
}

// Dropped looks for the party where it has gone.
func (s shaken) Dropped() {
	s.in = s.in.heir.Load()
	s.post()
}
