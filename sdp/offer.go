package sdp

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Local is what this side puts into its descriptions: one audio stream over RTP.
type Local struct {
	Origin     Origin     // its Host is Address when empty
	Name       string     // s=; "" is "-"
	Address    netip.Addr // where RTP is received
	Port       uint16     // its port; RTCP is on the next unless RTCPPort says otherwise
	RTCPPort   uint16     // 0: Port+1, which needs no a=rtcp (RFC 3605 section 2.1)
	RTCPMux    bool       // offer a=rtcp-mux, or accept it (RFC 5761 section 5.1.1)
	Codecs     []Codec    // in order of preference; those without a name are left out
	Direction  Direction  // our wish, seen from us; the zero value is Inactive
	Ptime      time.Duration
	MaxPtime   time.Duration
	Protection Protection  // whether the audio is to be SRTP
	Security   Security    // our keys, at least one unless Protection is off; tags are given when they are written
	Protos     []string    // transports taken, that offered first; nil is what Protection says: RTP/AVP alone when off
	Attributes []Attribute // further a= lines of the stream
}

// defaultProtos are the transports of a Local that names none.
var defaultProtos = []string{"RTP/AVP"}

// Like is l with what a relay hands on of the other side's description: its codecs
// with their numbers and parameters, its direction as it effectively is, and its
// packet times. The describer's wish becomes ours, as we stand in its place.
func (l Local) Like(m *Media) Local {
	l.Codecs = m.Codecs
	l.Direction = m.EffectiveDirection()
	l.Ptime, l.MaxPtime = m.Ptime, m.MaxPtime
	return l
}

// NewOffer makes an initial offer of one audio stream (RFC 3264 section 5.1). The
// error wraps ErrLocal: no address, no port, no codec that can carry speech, two
// codecs with one payload number, or protection without keys.
func NewOffer(l Local) (*Description, error) {
	if err := l.checkOffer(); err != nil {
		return nil, err
	}
	s := l.session(1)
	s.Media[0] = l.media(s, l.protos()[0], l.named())
	return s, nil
}

// NextOffer makes an offer that changes a session of which previous is our current
// description, nil for none: audio goes to the slot where it was and the other
// streams stay as slots with port 0. Only the caller knows whether the origin's
// version has to grow; see Originator.
//
// "If the previous SDP had N "m=" lines, the new SDP MUST have at least N "m=" lines.
// The i-th media stream in the previous SDP ... matches the i-th media stream in the
// new SDP" (RFC 3264 section 8).
func NextOffer(previous *Description, l Local) (*Description, error) {
	if previous == nil || len(previous.Media) == 0 {
		return NewOffer(l)
	}
	if err := l.checkOffer(); err != nil {
		return nil, err
	}
	slot := audioSlot(previous)
	s := l.session(max(len(previous.Media), slot+1))
	s.Timing = previous.Timing
	for i := range previous.Media {
		s.Media[i] = refuse(&previous.Media[i])
	}
	proto := l.protos()[0]
	if slot < len(previous.Media) && previous.Media[slot].Port != 0 && l.takes(previous.Media[slot].Proto) {
		proto = previous.Media[slot].Proto
	}
	s.Media[slot] = l.media(s, proto, l.named())
	return s, nil
}

// audioSlot is where audio belongs in the next offer: the active stream, else the
// first slot that was audio, else a new one.
func audioSlot(s *Description) int {
	audio := func(m Media) bool { return strings.EqualFold(m.Kind, "audio") }
	if i := slices.IndexFunc(s.Media, func(m Media) bool { return m.Audio() }); i >= 0 {
		return i
	}
	if i := slices.IndexFunc(s.Media, audio); i >= 0 {
		return i
	}
	return len(s.Media)
}

// session makes our description around n streams that are still to be filled in.
func (l *Local) session(n int) *Description {
	s := &Description{Origin: l.Origin, Name: l.Name, Direction: SendRecv, Timing: unbounded, Media: make([]Media, n)}
	s.Host = l.Address.Unmap().String()
	if s.Origin.Host == "" {
		s.Origin.Host = s.Host
	}
	return s
}

// media makes our audio stream in s.
func (l *Local) media(s *Description, proto string, codecs []Codec) Media {
	m := Media{
		Kind:       "audio",
		Port:       l.Port,
		PortCount:  1,
		Proto:      proto,
		Host:       s.Host,
		Codecs:     codecs,
		Direction:  l.Direction.And(SendRecv),
		Ptime:      l.Ptime,
		MaxPtime:   l.MaxPtime,
		RTCPMux:    l.RTCPMux,
		Security:   l.offerSecurity(proto).held(),
		Attributes: l.Attributes,
	}
	if l.RTCPPort != 0 && l.RTCPPort != l.Port+1 {
		m.RTCP.Port = l.RTCPPort
	}
	return m
}

// refuse is the slot of a stream that is not wanted, or no longer.
//
// "To reject an offered stream, the port number in the corresponding stream in the
// answer MUST be set to zero. Any media formats listed are ignored. At least one MUST
// be present" (RFC 3264 section 6).
func refuse(m *Media) Media {
	r := Media{Kind: m.Kind, PortCount: 1, Proto: m.Proto, Direction: SendRecv, Formats: m.Formats}
	if len(m.Codecs) > 0 {
		r.Formats = make([]string, len(m.Codecs))
		for i, c := range m.Codecs {
			r.Formats[i] = strconv.Itoa(int(c.PayloadType))
		}
	}
	if len(r.Formats) == 0 {
		r.Formats = []string{"0"}
	}
	return r
}

// protos are the transports taken.
func (l *Local) protos() []string {
	if len(l.Protos) == 0 {
		return l.protectedProtos()
	}
	return l.Protos
}

// takes reports whether a transport is among them.
func (l *Local) takes(proto string) bool {
	return slices.ContainsFunc(l.protos(), func(p string) bool { return strings.EqualFold(p, proto) })
}

// named are the codecs that can be written so that the peer knows what they are.
func (l *Local) named() []Codec {
	nameless := func(c Codec) bool { return c.Name == "" }
	if !slices.ContainsFunc(l.Codecs, nameless) {
		return l.Codecs
	}
	return slices.DeleteFunc(slices.Clone(l.Codecs), nameless)
}

// check refuses what would make a description without a place to send to, or without
// the keys that it needs.
func (l *Local) check() error {
	switch {
	case !l.Address.IsValid() || l.Address.Zone() != "":
		return fmt.Errorf("%w: Address %v: give an IP address without zone", ErrLocal, l.Address)
	case l.Port == 0:
		return fmt.Errorf("%w: Port 0 would refuse the stream: give the RTP port", ErrLocal)
	}
	return l.checkSecurity()
}

// checkOffer refuses an offer that no peer could answer.
func (l *Local) checkOffer() error {
	if err := l.check(); err != nil {
		return err
	}
	codecs := l.named()
	if !speaks(codecs) {
		return fmt.Errorf("%w: Codecs %v: give one that carries speech", ErrLocal, l.Codecs)
	}
	var seen numbers
	for _, c := range codecs {
		if c.PayloadType > 127 || !seen.add(c.PayloadType) {
			return fmt.Errorf("%w: payload number %d of %v: give each codec its own from 0 to 127", ErrLocal, c.PayloadType, c)
		}
	}
	return nil
}
