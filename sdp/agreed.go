package sdp

import (
	"fmt"
	"net/netip"
	"time"
)

// Stream is the audio stream that an offer and its answer agreed on, seen from one side.
type Stream struct {
	Slot       int            // index of its m= line in both descriptions
	Host       string         // where the other side receives: an address or a name
	Remote     netip.AddrPort // the same as an address; not valid when Host is a name
	RemoteRTCP netip.AddrPort // where its RTCP goes; Remote when RTCPMux; may be not valid
	Port       uint16         // the other side's RTP port, for a Host to be resolved
	RTCPMux    bool           // both sides have RTP and RTCP on one port
	Proto      string         // the offer's transport
	Protected  *Protected     // how packets are protected, both ways; nil for plain RTP
	Formats    []Format       // agreed codecs, in the answerer's order of preference
	Direction  Direction      // what flows, seen from this side
	HeldBy     Party          // who stopped receiving; Us is this side
	Ptime      time.Duration  // packet time the other side asks to be sent; 0 for any
	MaxPtime   time.Duration  // longest packet the other side takes; 0 for any
}

// Format is one agreed codec with both its payload numbers. They are equal unless an
// answerer renumbers, which RFC 3264 section 6.1 lets it do.
type Format struct {
	Send    Codec // as the other side describes it: its number, what it can decode
	Receive Codec // as this side describes it
}

// Speech is the first codec agreed that carries speech; ok is false when there is none,
// which Agreed does not let happen.
func (s *Stream) Speech() (f Format, ok bool) {
	for _, f := range s.Formats {
		if !f.Send.Auxiliary() {
			return f, true
		}
	}
	return Format{}, false
}

// Moved reports whether the other side receives somewhere else than before: by a
// changed address, name or port of RTP or RTCP (RFC 3264 section 8.3.1). Held by
// address is not moved: the place to go back to is still the former one.
func (s *Stream) Moved(before *Stream) bool {
	if unreachable(s.Host) {
		return false
	}
	return s.Host != before.Host || s.Port != before.Port || s.RemoteRTCP != before.RemoteRTCP
}

// Agreed reads an answered offer for either side. It reads what devices send: an
// answer with fewer m= lines than offered refuses those missing; one that opens a
// direction which the offer did not is cut to what was offered; codecs that were not
// offered are ignored.
//
// The error wraps ErrBadAnswer when the answer has more m= lines than the offer, other
// media or transports in them, no codec that was offered, or keys that do not go with
// those offered; it is ErrRefused when the answer refuses the audio, or none was offered.
func Agreed(offer, answer *Description) (offerer, answerer Stream, err error) {
	if err := matchLines(offer, answer); err != nil {
		return Stream{}, Stream{}, err
	}
	slot := agreedSlot(offer, answer)
	if slot < 0 {
		return Stream{}, Stream{}, ErrRefused
	}
	o, a := &offer.Media[slot], &answer.Media[slot]
	formats := pair(o.Codecs, a.Codecs)
	if !speak(formats) {
		return Stream{}, Stream{}, fmt.Errorf("%w: none of the codecs answered was offered: answer with some of %v", ErrBadAnswer, o.Codecs)
	}
	offerer, answerer = towards(a, slot), towards(o, slot)
	if offerer.Protected, answerer.Protected, err = protect(o, a); err != nil {
		return Stream{}, Stream{}, err
	}
	offerer.Proto, answerer.Proto = o.Proto, o.Proto
	offerer.join(formats, o, a)
	answerer.join(swap(formats), o, a)
	offerer.Direction = o.EffectiveDirection().And(a.EffectiveDirection().Reverse())
	answerer.Direction = offerer.Direction.Reverse()
	offerer.HeldBy = heldBy(o.EffectiveDirection(), a.EffectiveDirection())
	answerer.HeldBy = offerer.HeldBy.Other()
	return offerer, answerer, nil
}

// agreedSlot is the first audio stream that both have with a port.
func agreedSlot(offer, answer *Description) int {
	for i := range answer.Media {
		if offer.Media[i].Audio() && answer.Media[i].Audio() {
			return i
		}
	}
	return -1
}

// towards is the part of a stream that the other side's section m alone decides.
func towards(m *Media, slot int) Stream {
	return Stream{
		Slot:       slot,
		Host:       m.Host,
		Port:       m.Port,
		Remote:     m.AddrPort(),
		RemoteRTCP: m.RTCPAddrPort(),
		Ptime:      m.Ptime,
		MaxPtime:   m.MaxPtime,
	}
}

// join adds what both sections decide together.
func (s *Stream) join(formats []Format, o, a *Media) {
	s.Formats = formats
	if s.RTCPMux = o.RTCPMux && a.RTCPMux; s.RTCPMux {
		s.RemoteRTCP = s.Remote
	}
}

// pair joins the codecs that were offered and answered, as the offerer uses them. An
// answered number without a name is read as the offer reads it.
func pair(offered, answered []Codec) []Format {
	formats := make([]Format, 0, min(len(offered), len(answered)))
	var spent numbers
	for _, a := range answered {
		o := counterpart(offered, &a, &spent)
		if o == nil {
			continue
		}
		if a.Name == "" {
			a.Name, a.ClockRate, a.Channels = o.Name, o.ClockRate, o.Channels
		}
		formats = append(formats, Format{Send: a, Receive: *o})
	}
	return formats
}

// swap is the same agreement seen from the answerer.
func swap(formats []Format) []Format {
	swapped := make([]Format, len(formats))
	for i, f := range formats {
		swapped[i] = Format{Send: f.Receive, Receive: f.Send}
	}
	return swapped
}

func speak(formats []Format) bool {
	s := Stream{Formats: formats}
	_, ok := s.Speech()
	return ok
}

// heldBy tells from both stated directions who stopped receiving; Us is the offerer.
// The answerer holds only when it refuses what the offerer would send: a recvonly
// or inactive offer leaves it no other answer.
func heldBy(offer, answer Direction) Party {
	by := Nobody
	if !offer.Receives() {
		by |= Us
	}
	if offer.Sends() && !answer.Receives() {
		by |= Them
	}
	return by
}
