package sdp

import (
	"fmt"
	"slices"
	"strings"
)

// Order puts the codecs of an answer in order of preference, and may leave some out.
// It gets the offer's codecs and the common ones, these in our own order with the
// offer's payload numbers. What it returns beyond the common ones is not answered.
type Order func(offered, common []Codec) []Codec

// OfferOrder answers in the offerer's order, as RFC 3264 section 6.1 recommends:
// "unless there is a specific reason, the answerer list formats in the same relative
// order they were present in the offer".
func OfferOrder(offered, common []Codec) []Codec {
	ordered := make([]Codec, 0, len(common))
	for _, o := range offered {
		for _, c := range common {
			if c.PayloadType == o.PayloadType {
				ordered = append(ordered, c)
			}
		}
	}
	return ordered
}

// LocalOrder answers in the order of Local.Codecs. A relay uses it: Local.Codecs is
// then what the other side answered, in the order of its preference.
func LocalOrder(_, common []Codec) []Codec { return common }

// NewAnswer answers an offer (RFC 3264 section 6): the first m= line that is audio over
// a transport of l with a codec of l is answered, every other one is refused with
// port 0 in its place. choose orders the codecs; nil is OfferOrder. Codecs keep the
// offer's payload numbers and carry our parameters; those that are only auxiliary
// come last. The direction is our wish within what the offer allows.
//
// When nothing can be answered the error wraps ErrNotAcceptable (answer 488): it is
// ErrNoAudio, ErrTransport, ErrKeys or ErrNoCommonCodec. It wraps ErrLocal when l has
// no address or port, or asks for protection without keys.
func NewAnswer(offer *Description, l Local, choose Order) (*Description, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	slot, codecs, err := l.acceptable(offer, choose)
	if err != nil {
		return nil, err
	}
	// "The answer MUST contain exactly the same number of "m=" lines as the offer."
	s := l.session(len(offer.Media))
	// "The "t=" line in the answer MUST equal that of the offer."
	s.Timing = offer.Timing
	for i := range offer.Media {
		if i == slot {
			s.Media[i] = l.answerTo(&offer.Media[i], s, codecs)
		} else {
			s.Media[i] = refuse(&offer.Media[i])
		}
	}
	return s, nil
}

// acceptable finds the stream to answer and its codecs. The error is that of the
// stream that came closest.
func (l *Local) acceptable(offer *Description, choose Order) (slot int, codecs []Codec, err error) {
	err = ErrNoAudio
	ours := l.named()
	for i := range offer.Media {
		m := &offer.Media[i]
		switch {
		case !m.Audio():
		case !l.takes(m.Proto):
			if err == ErrNoAudio {
				err = ErrTransport
			}
		default:
			if codecs, err = l.fits(m, ours, choose); err == nil {
				return i, codecs, nil
			}
		}
	}
	return 0, nil, err
}

// fits finds the codecs to answer a stream with; the error is for what stands against it.
func (l *Local) fits(m *Media, ours []Codec, choose Order) ([]Codec, error) {
	if _, err := l.answerSecurity(m); err != nil {
		return nil, err
	}
	codecs := answerCodecs(m.Codecs, ours, choose)
	if !speaks(codecs) {
		return nil, ErrNoCommonCodec
	}
	return codecs, nil
}

// answerCodecs are the codecs to answer with, speech before auxiliaries: there are
// phones that take whatever stands first for the codec to speak.
func answerCodecs(offered, ours []Codec, choose Order) []Codec {
	if choose == nil {
		choose = OfferOrder
	}
	common := Common(offered, ours)
	chosen := make([]Codec, 0, len(common))
	var seen numbers
	for _, c := range choose(offered, slices.Clone(common)) {
		i := slices.IndexFunc(common, func(k Codec) bool { return k.PayloadType == c.PayloadType })
		if i >= 0 && seen.add(c.PayloadType) {
			chosen = append(chosen, common[i])
		}
	}
	slices.SortStableFunc(chosen, func(a, b Codec) int { return speechFirst(a) - speechFirst(b) })
	return chosen
}

func speechFirst(c Codec) (rank int) {
	if c.Auxiliary() {
		rank = 1
	}
	return rank
}

// answerTo makes the answer to one stream.
//
// "If a stream is offered as sendonly, the corresponding stream MUST be marked as
// recvonly or inactive in the answer. ... If an offered media stream is listed as
// inactive, it MUST be marked as inactive in the answer" (RFC 3264 section 6.1): all
// these cases are the offer reversed, AND our wish.
func (l *Local) answerTo(offered *Media, s *Description, codecs []Codec) Media {
	m := l.media(s, offered.Proto, codecs)
	m.Direction = offered.EffectiveDirection().Reverse().And(l.Direction)
	m.RTCPMux = l.RTCPMux && offered.RTCPMux
	keys, _ := l.answerSecurity(offered) // acceptable has made sure of it
	m.Security = keys.held()
	return m
}

// checkAnswer holds an answer of ours against its offer; a failure wraps ErrBadAnswer.
func checkAnswer(offer, answer *Description) error {
	if err := matchLines(offer, answer); err != nil {
		return err
	}
	if len(answer.Media) < len(offer.Media) {
		return fmt.Errorf("%w: %d m= lines for %d offered: refuse each unwanted one with port 0", ErrBadAnswer, len(answer.Media), len(offer.Media))
	}
	for i := range answer.Media {
		o, a := &offer.Media[i], &answer.Media[i]
		if a.Port != 0 && o.Port == 0 {
			return fmt.Errorf("%w: m= line %d has port %d but was offered with port 0: answer port 0", ErrBadAnswer, i+1, a.Port)
		}
		allowed := o.EffectiveDirection().Reverse()
		if a.Port != 0 && a.EffectiveDirection().And(allowed) != a.EffectiveDirection() {
			return fmt.Errorf("%w: m= line %d says %v where the offer allows %v", ErrBadAnswer, i+1, a.Direction, allowed)
		}
	}
	return nil
}

// matchLines checks what makes an answer unreadable: more m= lines than were offered,
// or another medium or transport in a line. Fewer lines are let through: old phones
// answer audio and video with audio alone, and what is missing is refused.
func matchLines(offer, answer *Description) error {
	if len(answer.Media) > len(offer.Media) {
		return fmt.Errorf("%w: %d m= lines for %d offered: answer each offered line once, in its place", ErrBadAnswer, len(answer.Media), len(offer.Media))
	}
	for i := range answer.Media {
		o, a := &offer.Media[i], &answer.Media[i]
		if !strings.EqualFold(o.Kind, a.Kind) {
			return fmt.Errorf("%w: m= line %d is %q for an offered %q: keep the offer's order", ErrBadAnswer, i+1, a.Kind, o.Kind)
		}
		if a.Port != 0 && !sameTransport(o.Proto, a.Proto) {
			return fmt.Errorf("%w: m= line %d is over %q, offered was %q: answer with the transport offered", ErrBadAnswer, i+1, a.Proto, o.Proto)
		}
	}
	return nil
}

// sameTransport compares transports; the feedback profiles (RFC 4585, RFC 5124) pass
// for those they extend, since devices answer one with the other and the packets do
// not differ.
func sameTransport(a, b string) bool {
	plain := func(proto string) string { return strings.TrimSuffix(known(rtpProfiles, proto), "F") }
	return strings.EqualFold(plain(a), plain(b))
}
