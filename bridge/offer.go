package bridge

import (
	"time"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/sdp"
)

// exchange is an offer of one party that the other party is answering.
//
//	exchangeIdle ── Offered by p: Offer to q ──▶ exchangePassed ── answer of q: AcceptOffer to p ──▶ exchangeIdle
//	                                                   │   └────── refusal of q: RefuseOffer to p ──▶ exchangeIdle
//	                                                   └────────── p takes it back: q is offered what was ──▶ exchangeRestoring ──▶ exchangeIdle
//	                another offer meanwhile: 491
type exchange struct {
	phase    exchangePhase
	from, to int
}

type exchangePhase uint8

const (
	exchangeIdle exchangePhase = iota
	exchangePassed
	exchangeRestoring
)

// offered passes a party's offer on to the other one.
func (m *Machine) offered(p *participant, offer *sdp.Session) {
	q := m.counterpart(p)
	switch {
	case q == nil || !p.inTalk():
		m.refuseOffer(p, 481, "the call is over")
	case m.exchange.phase != exchangeIdle:
		m.refuseOffer(p, 491, "another offer is being answered")
	case offer == nil:
		// An INVITE without a description asks for our offer (RFC 3261 s14.2): what
		// is agreed. The answer comes with the ACK.
		m.tell(p, AcceptOffer{SDP: p.local.sent})
	case p.remote != nil && offer.Origin == p.remote.Origin && offer.String() == p.remote.String():
		// The same version of the same description: nothing has changed. The text is
		// compared too, for phones that forget to raise the version.
		m.repeat(p, offer)
	default:
		m.pass(p, q, offer)
	}
}

func (m *Machine) refuseOffer(p *participant, status int, text string) {
	m.tell(p, RefuseOffer{Cause: event.Cause{
		Status: status, Q850: q850Of(status), By: event.PartyGateway, Text: text,
	}})
}

// repeat answers an offer that says what is agreed already, with what we said.
func (m *Machine) repeat(p *participant, offer *sdp.Session) {
	if p.local.sent == nil || len(p.local.sent.Media) != len(offer.Media) {
		m.refuseOffer(p, 488, "the offer does not fit the session")
		return
	}
	m.tell(p, AcceptOffer{SDP: p.local.sent})
}

// pass offers q what p offers.
func (m *Machine) pass(p, q *participant, offer *sdp.Session) {
	next, err := m.offerTo(q, offer)
	if err != nil {
		m.refuseOffer(p, 488, err.Error())
		return
	}
	p.offered = offer
	m.exchange = exchange{phase: exchangePassed, from: p.id, to: q.id}
	m.tell(q, Offer{SDP: next})
}

// offerAnswered takes q's answer back to the party whose offer it was.
func (m *Machine) offerAnswered(now time.Time, q *participant, answer *sdp.Session) {
	e := m.exchange
	if e.phase == exchangeIdle || e.to != q.id {
		m.answeredUs(now, q, answer)
		return
	}
	m.exchange = exchange{}
	ours, _, err := sdp.Agreed(q.local.sent, answer)
	if err != nil {
		m.backOut(m.participant(e.from), e, err)
		return
	}
	q.remote = answer
	if e.phase == exchangeRestoring {
		m.connect(q, ours)
		m.rehold(now)
		return
	}
	p := m.participant(e.from)
	reply, theirs, err := m.answerTo(p, answer)
	if err != nil {
		m.backOut(p, e, err)
		return
	}
	p.remote = p.offered
	m.connect(q, ours)
	m.connect(p, theirs)
	m.tell(p, AcceptOffer{SDP: reply})
	m.rehold(now)
}

// backOut refuses p's offer when the answer of the other party cannot serve it.
func (m *Machine) backOut(p *participant, e exchange, err error) {
	if e.phase == exchangePassed {
		m.refuseOffer(p, 488, err.Error())
	}
}

// answeredUs takes the answer to an offer that was ours: of a caller whose INVITE
// had none, or of a party that asked for our offer.
func (m *Machine) answeredUs(now time.Time, p *participant, answer *sdp.Session) {
	if !p.inTalk() || p.local.sent == nil {
		return
	}
	ours, _, err := sdp.Agreed(p.local.sent, answer)
	if err != nil {
		Stop{Cause: event.Cause{Status: 488, Q850: q850Of(488), By: event.PartyGateway, Text: err.Error()}}.step(m, now)
		return
	}
	p.remote = answer
	m.connect(p, ours)
	m.rehold(now)
}

// offerRefused takes q's refusal back: both sessions are as they were.
func (m *Machine) offerRefused(q *participant, c event.Cause) {
	e := m.exchange
	if e.phase == exchangeIdle || e.to != q.id {
		return
	}
	m.exchange = exchange{}
	if e.phase == exchangePassed {
		m.tell(m.participant(e.from), RefuseOffer{Cause: c})
	}
}

// offerWithdrawn handles a party that took its offer back (CANCEL of a
// re-INVITE): the other party, which may have answered, is offered what was
// agreed before.
func (m *Machine) offerWithdrawn(p *participant) {
	e := m.exchange
	if e.phase != exchangePassed || e.from != p.id {
		return
	}
	m.exchange = exchange{}
	q := m.participant(e.to)
	if p.remote == nil || q == nil {
		return
	}
	if before, err := m.offerTo(q, p.remote); err == nil {
		m.exchange = exchange{phase: exchangeRestoring, from: p.id, to: q.id}
		m.tell(q, Offer{SDP: before})
	}
}

// counterpart is the party that p talks with.
func (m *Machine) counterpart(p *participant) (other *participant) {
	m.others(p, func(q *participant) {
		if q.inTalk() && other == nil {
			other = q
		}
	})
	return other
}

// rehold derives who is on hold from what was agreed: hold is a direction, and
// who holds is whoever stopped receiving (RFC 3264 s8.4).
func (m *Machine) rehold(now time.Time) {
	m.rehear()
	by := m.holders()
	for i := range m.participants {
		p := &m.participants[i]
		if !p.inTalk() {
			continue
		}
		held := event.ParticipantConnected
		for _, h := range by {
			if h != p.id {
				held = event.ParticipantHold
			}
		}
		m.enterParticipant(now, p, held, event.Cause{})
	}
	switch {
	case m.state < event.CallConnected || m.state >= event.CallDisconnecting:
	case len(by) == 0:
		if m.state != event.CallConnected {
			m.watchSilence(now)
		}
		m.enter(now, event.CallConnected)
	case by[0] == callerID:
		m.enter(now, event.CallLocalHold)
	default:
		m.enter(now, event.CallRemoteHold)
	}
}

// holders gives the parties that hold the call.
func (m *Machine) holders() (by []int) {
	for i := range m.participants {
		p := &m.participants[i]
		if p.inTalk() && p.stream.HeldBy&sdp.Them != 0 {
			by = append(by, p.id)
		}
	}
	return by
}
