package bridge

import (
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/sdp"
)

// owed is an offer that two parties who have come to talk with each other need: to is
// offered what with has. It waits until no other exchange is under way.
type owed struct {
	to, with int
	// woken: the latter has been offered to talk.
	woken bool
	// wakes are those of several who are to be offered to talk, each once.
	wakes []int
}

// none says whether the two owe each other nothing.
func (o *owed) none() bool { return o.to == 0 }

// settled is what is left when the two have what they need.
func (o *owed) settled() owed { return owed{wakes: o.wakes} }

// align sees to it that two parties who did not negotiate with each other understand each
// other: one of them is offered what the other has, unless that is what it has too.
func (m *Machine) align(with, to int) { m.owed = owed{to: to, with: with, wakes: m.owed.wakes} }

// wakeAll sees to it that those of several can talk who have been told to be silent, on
// behalf of somebody who held their call before there were several.
func (m *Machine) wakeAll() {
	for i := range m.participants {
		if p := &m.participants[i]; p.inTalk() && p.silenced() {
			m.owed.wakes = append(m.owed.wakes, p.id)
		}
	}
}

// wakeNext offers the next one of them to talk; false when nobody is left.
func (m *Machine) wakeNext() bool {
	for len(m.owed.wakes) > 0 {
		p := m.participant(m.owed.wakes[0])
		m.owed.wakes = m.owed.wakes[1:]
		if p.inTalk() && p.silenced() && m.offerOwn(p) {
			return true
		}
	}
	return false
}

// payOwed makes the offer that is owed, once nothing else is offered.
func (m *Machine) payOwed() {
	if m.exchange.phase != exchangeIdle || m.state >= event.CallDisconnecting || m.wakeNext() || m.owed.none() {
		return
	}
	o := m.owed
	m.owed = owed{}
	to, with := m.participant(o.to), m.participant(o.with)
	switch {
	case !to.inTalk() || !with.inTalk() || m.fit(to, with):
	case with.silenced() && !o.woken && m.offerOwn(with):
		m.owed = owed{to: o.to, with: o.with, woken: true}
	default:
		m.realign(with, to)
	}
}

// realign offers a party what the other one has, unless that is what it has been offered:
// a call that is as it was, after a transfer that has failed, stays on hold in peace.
func (m *Machine) realign(with, to *participant) {
	if with.remote == nil {
		return
	}
	before := to.local.sent
	next, err := m.offerTo(to, with.remote)
	if err == nil && (before == nil || next.String() != before.String()) {
		m.exchange = exchange{phase: exchangeRestoring, from: with.id, to: to.id, before: before}
		m.tellOffer(to, next)
	}
}

// silenced says whether a party cannot talk because of what we have offered it, on behalf
// of somebody who held the call and has left.
func (p *participant) silenced() bool {
	return p.stream.Direction != sdp.SendRecv && p.stream.HeldBy&sdp.Them == 0
}

// offerOwn offers a party to talk, with the codecs that it has; false where it has none.
func (m *Machine) offerOwn(p *participant) bool {
	before := p.local.sent
	offer, err := m.offerTalk(p, p)
	if err == nil {
		m.exchange = exchange{phase: exchangeOwn, to: p.id, before: before}
		m.tellOffer(p, offer)
	}
	return err == nil
}

// fit says whether what was agreed with two parties, each by itself, lets them talk as
// well as they could.
func (m *Machine) fit(a, b *participant) bool {
	if a.stream.Direction != sdp.SendRecv || b.stream.Direction != sdp.SendRecv {
		return false
	}
	return len(a.stream.Formats) > 0 && len(b.stream.Formats) > 0 &&
		(a.stream.Formats[0].Send.Same(b.stream.Formats[0].Send) || len(m.limits.Codecs) > 0 && !common(a, b))
}

// common says whether two parties could speak one codec, so that what they say need only
// be relayed.
func common(a, b *participant) bool {
	return a.shares(sendable(b)) || a.remote != nil && a.remote.Audio() != nil && b.shares(a.remote.Audio().Codecs)
}

func sendable(p *participant) (list []sdp.Codec) {
	for _, f := range p.stream.Formats {
		if !f.Send.Auxiliary() {
			list = append(list, f.Send)
		}
	}
	return list
}

// wake lets a transferee hear that cannot be sent anything since it is held with
// "inactive": it is offered to talk again, with the codecs that it has.
func (m *Machine) wake(p *participant) {
	if !p.stream.Direction.Sends() && m.exchange.phase == exchangeIdle {
		m.offerOwn(p) // or it goes on being held, in silence
	}
}

// offerTalk offers a party to talk, with what another one has agreed on.
func (m *Machine) offerTalk(to, like *participant) (*sdp.Description, error) {
	if like.remote == nil || like.remote.Audio() == nil {
		return nil, errNoAudio
	}
	l := to.local.base().Like(like.remote.Audio())
	l.Codecs, l.Direction = m.offerable(to, l.Codecs), sdp.SendRecv
	s, err := sdp.NextOffer(to.local.sent, l)
	if err != nil {
		return nil, err
	}
	return to.local.publish(s), nil
}

// offerToTarget is what somebody who is called is offered: the caller's offer, and for a
// transferee what it has agreed on.
func (m *Machine) offerToTarget(p *participant) (*sdp.Description, error) {
	switch {
	case m.transfer.phase == transferAdding:
		return m.offerTo(p, nil)
	case m.transfer.hunts():
		return m.offerTalk(p, m.participant(m.transfer.transferee))
	}
	return m.offerTo(p, m.caller().offered)
}

// part takes a party that leaves out of the exchange that it has with another one.
func (m *Machine) part(p *participant) {
	e := &m.exchange
	switch {
	case e.phase == exchangeIdle:
	case e.to == p.id:
		if from := m.participant(e.from); e.phase == exchangePassed && from != nil && from.id != p.id {
			m.refuseOffer(from, 491, "the other party has just been replaced")
		}
		*e = exchange{}
	case e.from == p.id:
		e.phase, e.from = exchangeOwn, 0 // its answer is of use all the same
	}
	if m.owed.to == p.id || m.owed.with == p.id {
		m.owed = m.owed.settled()
	}
}

// agreeWith takes the answer of a target to an offer that was made of what the transferee
// has, and connects its media.
func (m *Machine) agreeWith(p *participant, answered *sdp.Description) error {
	ours, _, err := sdp.Agreed(p.local.sent, answered)
	if err != nil {
		return err
	}
	m.connect(p, ours)
	return nil
}
