package bridge

import (
	"errors"
	"net/netip"
	"slices"

	"github.com/tandem-gateway/tandem/sdp"
)

// local is our side towards one participant: the address that was opened for its
// audio, and the descriptions we sent it.
type local struct {
	media  netip.AddrPort
	origin sdp.Originator
	// turns says that what the party speaks may be turned into another codec.
	turns bool
	// protection says whether its audio is to be SRTP; part is ours in the DTLS handshake
	// that there was, unstated when there was none.
	protection sdp.Protection
	part       sdp.Setup
	// sent is our last description, the one that is agreed or was offered.
	sent *sdp.Description
	// keys are ours for SRTP; nil for none.
	keys *sdp.Security
}

// side makes the side towards a participant of this call.
func (m *Machine) side(participant int, media netip.AddrPort) local {
	l := newLocal(m.id, participant, media)
	l.turns = len(m.limits.Codecs) > 0
	return l
}

// newLocal makes the side towards a participant. The session id is a number that
// is different for every participant of every call (RFC 8866 s5.2).
func newLocal(call string, participant int, media netip.AddrPort) local {
	id := uint64(14695981039346656037) // FNV-1a
	for i := range len(call) {
		id = (id ^ uint64(call[i])) * 1099511628211
	}
	id = (id ^ uint64(participant)) * 1099511628211
	return local{
		media: media,
		// RFC 3264 s5: "representable with a 64 bit signed integer".
		origin: sdp.Originator{Origin: sdp.Origin{Username: "tandem", ID: id >> 1, Version: 1}},
	}
}

// base is what every description of ours to this participant says.
func (l *local) base() sdp.Local {
	return l.secured(sdp.Local{
		Origin: l.origin.Origin, Name: "tandem", Address: l.media.Addr(), Port: l.media.Port(),
		Direction: sdp.SendRecv,
	})
}

// publish gives a description its origin, with a new version when it says
// something new (RFC 3264 s8).
func (l *local) publish(s *sdp.Description) *sdp.Description {
	l.origin.Publish(s)
	l.sent = s
	return s
}

// repeat publishes once more what is agreed. Its version is a new one when an
// offer that was refused has come between.
func (l *local) repeat() *sdp.Description {
	s := *l.sent
	return l.publish(&s)
}

// ownCodecs is what we offer for a caller that offered nothing: what every phone
// and carrier has, or what the gateway has been told to.
func (m *Machine) ownCodecs(p *participant) []sdp.Codec {
	own := m.limits.Codecs
	if len(own) == 0 {
		own = []sdp.Codec{sdp.Static(0), sdp.Static(8)}
	}
	list := make([]sdp.Codec, 0, len(own)+1)
	for _, c := range own {
		if p.allows(c) {
			list = append(list, c)
		}
	}
	return append(list, numbered(keys(), list))
}

var errNoAudio = errors.New("no audio is offered")

// offerTo makes the offer to p out of what another party offers: its codecs, in
// its order and with its payload numbers, with our address in place of its own. A
// nil offer is one of our own codecs.
func (m *Machine) offerTo(p *participant, offered *sdp.Description) (*sdp.Description, error) {
	l := p.local.base()
	if p.local.keyless() {
		return nil, errNoKeying
	} else if offered == nil {
		l.Codecs = m.ownCodecs(p)
	} else if audio := offered.Audio(); audio != nil {
		l = l.Like(audio)
		l.Codecs = m.offerable(p, l.Codecs)
		l.Direction |= m.music(p, audio)
	} else {
		return nil, errNoAudio
	}
	s, err := sdp.NextOffer(p.local.sent, l)
	if err != nil {
		return nil, err
	}
	return p.local.publish(s), nil
}

// music is the direction that an offer to a party has beside that of the other one:
// who is put on hold and is to hear music must be sent something, also where the
// holder says inactive (RFC 3264 s8.4).
func (m *Machine) music(p *participant, offered *sdp.Media) sdp.Direction {
	if m.limits.Hold == HoldMusic && p.inTalk() && !offered.EffectiveDirection().Receives() {
		return sdp.SendOnly
	}
	return sdp.Inactive
}

// answer makes the answer to an offer that takes of it what another description,
// of the other party or of ours, says. It is not published.
func (l *local) answer(offer, like *sdp.Description) (*sdp.Description, error) {
	audio := like.Audio()
	if audio == nil {
		return nil, sdp.ErrRefused
	}
	ours := l.base().Like(audio)
	ours.Security.Setup = l.part
	ours.RTCPMux = true // where it is offered
	if l.turns {
		ours.Codecs = answeredKeys(ours.Codecs, offer)
	}
	answer, err := sdp.NewAnswer(offer, ours, sdp.LocalOrder)
	if !l.turns || !errors.Is(err, sdp.ErrNoCommonCodec) || !slices.ContainsFunc(audio.Codecs, transcodable) {
		return answer, err
	}
	ours.Codecs = turned(offer.Audio().Codecs)
	return sdp.NewAnswer(offer, ours, sdp.LocalOrder)
}

// accept makes an answer and what would be agreed by it.
func (l *local) accept(offer, like *sdp.Description) (*sdp.Description, sdp.Stream, error) {
	answer, err := l.answer(offer, like)
	if err != nil {
		return nil, sdp.Stream{}, err
	}
	_, ours, err := sdp.Agreed(offer, answer)
	return answer, ours, err
}

// answerable says before anybody is called whether the caller's offer has something
// that could be answered.
func (p *participant) answerable() error {
	if p.local.keyless() {
		return errNoKeying
	}
	if p.offered == nil {
		return nil
	}
	_, err := p.local.answer(p.offered, p.offered)
	if errors.Is(err, sdp.ErrRefused) {
		return errNoAudio
	}
	return err
}

// answerTo makes the answer to p's offer out of what the other party answered to
// the offer that was made of it.
func (m *Machine) answerTo(p *participant, answered *sdp.Description) (*sdp.Description, sdp.Stream, error) {
	answer, ours, err := p.local.accept(p.offered, answered)
	if err != nil {
		return nil, sdp.Stream{}, err
	}
	return p.local.publish(answer), ours, nil
}

// agree takes the callee's answer to the caller's offer: it connects the media of
// both and gives the caller's answer, or the offer to a caller that made none.
func (m *Machine) agree(p *participant, answered *sdp.Description) (*sdp.Description, error) {
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
	p.branch(s.Remote)
	p.stream = s
	p.local.shakes(s.Protected)
	m.do(Connect{Participant: p.id, Stream: s, Hint: p.hint, Branches: slices.Clone(p.branches), Digits: p.digits})
}

// branch notes that a target's early media comes from another address than before. RFC
// 3261 s13.2.2.4: each branch of a forked INVITE has a dialog of its own, until the answer
// none of them is the one.
func (p *participant) branch(to netip.AddrPort) {
	before := p.stream.Remote
	switch {
	case p.id == callerID || p.inTalk() || !before.IsValid():
		p.branches = nil
	case before != to:
		others := slices.DeleteFunc(slices.Clone(p.branches), func(a netip.AddrPort) bool { return a == to || a == before })
		p.branches = append(others[max(0, len(others)+1-maxBranches):], before)
	}
}

// maxBranches bounds the early dialogs whose media is listened for beside the newest's.
const maxBranches = 4
