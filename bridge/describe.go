package bridge

import (
	"errors"
	"hash/fnv"
	"net/netip"
	"strconv"

	"github.com/tandem-gateway/tandem/sdp"
)

// local is our side towards one participant: the address that was opened for its
// audio, and the descriptions we sent it.
type local struct {
	media  netip.AddrPort
	origin sdp.Originator
	// sent is our last description, the one that is agreed or was offered.
	sent *sdp.Session
}

// newLocal makes the side towards a participant. The session id is a number that
// is different for every participant of every call (RFC 8866 s5.2).
func newLocal(call string, participant int, media netip.AddrPort) local {
	h := fnv.New64a()
	h.Write([]byte(call))
	h.Write([]byte(strconv.Itoa(participant)))
	return local{
		media:  media,
		origin: sdp.Originator{Origin: sdp.Origin{Username: "tandem", ID: h.Sum64() >> 1, Version: 1}},
	}
}

// base is what every description of ours to this participant says.
func (l *local) base() sdp.Local {
	return sdp.Local{
		Origin: l.origin.Origin, Name: "tandem", Address: l.media.Addr(), Port: l.media.Port(),
		Direction: sdp.SendRecv,
	}
}

// publish gives a description its origin, with a new version when it says
// something new (RFC 3264 s8).
func (l *local) publish(s *sdp.Session) *sdp.Session {
	l.origin.Publish(s)
	l.sent = s
	return s
}

// ownCodecs is what we offer for a caller that offered nothing: what every phone
// and carrier has.
func ownCodecs() []sdp.Codec {
	return []sdp.Codec{
		sdp.Static(0), sdp.Static(8),
		{Name: "telephone-event", ClockRate: 8000, Channels: 1, PayloadType: 101, Fmtp: "0-16"},
	}
}

var errNoAudio = errors.New("no audio is offered")

// offerTo makes the offer to p out of what another party offers: its codecs, in
// its order and with its payload numbers, with our address in place of its own. A
// nil offer is one of our own codecs.
func (m *Machine) offerTo(p *participant, offered *sdp.Session) (*sdp.Session, error) {
	l := p.local.base()
	if offered == nil {
		l.Codecs = ownCodecs()
	} else if audio := offered.Audio(); audio != nil {
		l = l.Like(audio)
	} else {
		return nil, errNoAudio
	}
	s, err := sdp.NextOffer(p.local.sent, l)
	if err != nil {
		return nil, err
	}
	return p.local.publish(s), nil
}

// answerTo makes the answer to p's offer out of what the other party answered to
// the offer that was made of it.
func (m *Machine) answerTo(p *participant, answered *sdp.Session) (*sdp.Session, sdp.Stream, error) {
	audio := answered.Audio()
	if audio == nil {
		return nil, sdp.Stream{}, sdp.ErrRefused
	}
	answer, err := sdp.NewAnswer(p.offered, p.local.base().Like(audio), sdp.LocalOrder)
	if err != nil {
		return nil, sdp.Stream{}, err
	}
	_, ours, err := sdp.Agreed(p.offered, answer)
	if err != nil {
		return nil, sdp.Stream{}, err
	}
	return p.local.publish(answer), ours, nil
}

// agree takes the callee's answer to the caller's offer: it connects the media of
// both and gives the caller's answer, or the offer to a caller that made none.
func (m *Machine) agree(p *participant, answered *sdp.Session) (*sdp.Session, error) {
	if answered == nil {
		return nil, errNoAudio
	}
	ours, _, err := sdp.Agreed(p.local.sent, answered)
	if err != nil {
		return nil, err
	}
	caller := m.caller()
	if caller.offered == nil {
		offer, err := m.offerTo(caller, answered)
		if err != nil {
			return nil, err
		}
		m.connect(p, ours)
		return offer, nil
	}
	answer, callers, err := m.answerTo(caller, answered)
	if err != nil {
		return nil, err
	}
	m.connect(p, ours)
	m.connect(caller, callers)
	return answer, nil
}

// connect notes what was agreed with a participant and has its media follow.
func (m *Machine) connect(p *participant, s sdp.Stream) {
	p.stream = s
	m.do(Connect{Participant: p.id, Stream: s, Hint: p.hint})
}
