package bridge

import (
	"slices"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/sdp"
)

// Replacing is an INVITE with Replaces (RFC 3891): somebody takes the place of a party of
// the call. That is how other servers finish an attended transfer, and how a phone picks
// up what rings at another one.
type Replacing struct {
	Caller Caller
	// Participant is whose place it takes; 0 when no dialog of the call is meant.
	Participant int
	// EarlyOnly: not if that one has answered.
	EarlyOnly bool
}

// Replace lets a leg take the place of that whose dialog is named. It is called on the
// call's goroutine, before anything of the leg is reported; Participants()+1 is the leg's
// number.
func (c *Call) Replace(_ time.Time, leg Leg, caller Caller, d DialogID) {
	number := c.Participants() + 1
	for len(c.legs) < number {
		c.legs = append(c.legs, nil)
	}
	c.legs[number-1] = leg
	e := Replacing{Caller: caller, EarlyOnly: d.EarlyOnly}
	for i, l := range c.legs[:number-1] {
		if l != nil && l.Is(d) {
			e.Participant = i + 1
		}
	}
	var err error
	e.Caller.Keys = c.keys(caller.SRTP)
	if e.Caller.Media, err = c.media.open(c.env.Ports, number, caller.Local); err != nil {
		c.env.Log.Error("no media for who replaces a party", "call", c.id, "err", err)
	}
	c.tellMachine(e)
}

func (e Replacing) step(m *Machine, now time.Time) {
	x, p := m.arrive(now, e.Caller), m.participant(e.Participant)
	switch {
	case !e.Caller.Media.IsValid():
		m.turnAway(now, x, 503, "no media port is free")
	case p == nil || p.state == event.ParticipantDisconnected || m.state >= event.CallDisconnecting:
		m.turnAway(now, x, 481, "the dialog to be replaced is gone")
	case !e.Caller.mayReplace(p):
		m.turnAway(now, x, 403, "the dialog to be replaced is another's")
	case p.inTalk() && e.EarlyOnly:
		// RFC 3891 s3: "If the Replaces header field contains an early-only flag … and the
		// dialog is confirmed", 486 is the answer.
		m.turnAway(now, x, 486, "the dialog to be replaced has been answered")
	case m.transfer.phase != transferIdle || m.surrender != nil:
		m.turnAway(now, x, 491, "a transfer is under way")
	case p.inTalk():
		m.replace(now, x, p)
	case p.id == callerID:
		// RFC 3891 s3: an early dialog that was not initiated by this side is no match.
		m.turnAway(now, x, 481, "the dialog to be replaced has not been answered")
	default:
		m.pickUp(now, x, p)
	}
}

// mayReplace says whether a caller may take somebody's place: its own, that of one whose
// calls it may pick up, and any where a trusted network says so.
func (c *Caller) mayReplace(p *participant) bool {
	return c.Request.Origin == p.party || c.Trusted ||
		p.party.Kind == dialplan.PartyUser && slices.Contains(c.PicksUp, p.party.Name)
}

// arrive takes in a party that has called by itself.
func (m *Machine) arrive(now time.Time, c Caller) *participant {
	id := len(m.participants) + 1
	m.participants = append(m.participants, m.calling(id, &c, event.ParticipantIdle))
	x := &m.participants[id-1]
	m.enterParticipant(now, x, event.ParticipantConnecting, event.Cause{})
	return x
}

// turnAway refuses a party that has arrived; nothing else changes.
func (m *Machine) turnAway(now time.Time, x *participant, status int, text string) {
	c := event.Cause{Status: status, Q850: q850Of(status), By: event.PartyGateway, Text: text}
	m.tell(x, Refuse{Cause: c})
	m.leave(now, x, c)
}

// replace puts x in the place of p, who talks with somebody.
func (m *Machine) replace(now time.Time, x, p *participant) {
	q := m.counterpart(p)
	if q == nil {
		m.turnAway(now, x, 481, "nobody talks there")
		return
	}
	answer, err := m.welcome(x, q)
	if err != nil {
		m.turnAway(now, x, 488, err.Error())
		return
	}
	m.transfer = transfer{kind: event.TransferAttended, transferor: p.id, transferee: q.id, target: x.name}
	m.transferEvent(now, event.Transferring, event.Cause{})
	m.tell(x, Answer{SDP: answer, Connected: q.shown()})
	m.enterParticipant(now, x, event.ParticipantConnected, event.Cause{})
	m.connectParties(now, x)
}

// welcome makes the answer for who comes to talk with q, or our offer where it has made
// none.
func (m *Machine) welcome(x, q *participant) (*sdp.Description, error) {
	if x.offered == nil {
		if m.exchange.phase != exchangeIdle {
			return nil, errBusy
		}
		offer, err := m.offerTalk(x, q)
		if err == nil {
			m.exchange = exchange{phase: exchangeOwn, to: x.id}
		}
		return offer, err
	}
	if q.remote == nil || q.remote.Audio() == nil {
		return nil, errNoAudio
	}
	l := x.local.base().Like(q.remote.Audio())
	l.Direction = sdp.SendRecv
	answer, err := sdp.NewAnswer(x.offered, l, sdp.LocalOrder)
	if err != nil {
		return nil, err
	}
	return m.settleOn(x, answer)
}

// settleOn connects a party by our answer to its offer.
func (m *Machine) settleOn(x *participant, answer *sdp.Description) (*sdp.Description, error) {
	_, ours, err := sdp.Agreed(x.offered, answer)
	if err != nil {
		return nil, err
	}
	x.remote = x.offered
	m.connect(x, ours)
	return x.local.publish(answer), nil
}

// pickUp lets x answer what rings at p. Both the caller and x have made an offer; each
// gets what they have in common as its answer.
func (m *Machine) pickUp(now time.Time, x, p *participant) {
	caller := m.caller()
	if x.offered == nil || caller.offered == nil {
		m.turnAway(now, x, 488, "a call that rings is picked up with an offer, and has one")
		return
	}
	toCaller, theirs, err := caller.local.accept(caller.offered, x.offered)
	if err != nil {
		m.turnAway(now, x, 488, err.Error())
		return
	}
	toX, err := x.local.answer(x.offered, caller.offered)
	if err == nil {
		toX, err = m.settleOn(x, toX)
	}
	if err != nil {
		m.turnAway(now, x, 488, err.Error())
		return
	}
	m.emit(event.AttemptStarted{
		Header: m.at(now), Attempt: x.id - callerID, User: x.identity.User, Target: "picked up from " + p.name,
	})
	caller.remote = caller.offered
	m.connect(caller, theirs)
	m.tell(x, Answer{SDP: toX, Connected: caller.shown()})
	m.established(now, x, caller.local.publish(toCaller), x.shown())
}
