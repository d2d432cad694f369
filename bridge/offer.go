package bridge

import (
	"errors"
	"time"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/sdp"
)

// exchange is an offer of one party that the other party is answering.
//
//	exchangeIdle ── offer of p: Offer to q ──▶ exchangePassed ── answer of q: AcceptOffer to p ──▶ exchangeIdle
//	     │                                       │   │   └────── refusal of q: RefuseOffer to p ──▶ exchangeIdle
//	     │                                       │   └─ p takes it back ─▶ exchangeWithdrawn ── refusal of q ──▶ exchangeIdle
//	     │                                       │ answer that                 │ answer of q
//	     │                                       ▼ p cannot use                ▼
//	     │                                      exchangeRestoring: Offer to q of what was ── its answer ──▶ exchangeIdle
//	     └─ our own offer in a 2xx to q ──▶ exchangeOwn ── answer of q in its ACK ──▶ exchangeIdle
//	            another offer meanwhile: 491
type exchange struct {
	phase exchangePhase
	// from made the offer, 0 where it is ours; to is to answer it.
	from, to int
	// before is our description to the latter until now: a refused offer has not
	// been made (RFC 6337 s2.3).
	before *sdp.Description
}

type exchangePhase uint8

const (
	exchangeIdle exchangePhase = iota
	exchangePassed
	exchangeWithdrawn
	exchangeRestoring
	exchangeOwn
)

// offered passes a party's offer on to the other one. What cannot be taken is refused by
// RFC 3261 s14.2, which leaves the call as it was: with 488 an offer that is not acceptable,
// with 491 one that meets another, be it the other party's: there is one call between them.
func (m *Machine) offered(now time.Time, p *participant, offer *sdp.Description) {
	q := m.counterpart(p)
	offer = restricted(offer, p.codecs)
	switch {
	case offer != nil && m.early(p):
		m.offeredEarly(p, offer)
	case !p.inTalk() || q == nil && !m.waitsForParty(p):
		m.refuseOffer(p, 481, "the call is over")
	case m.crowd() > 2:
		m.answerAlone(now, p, offer)
	case m.exchange.phase != exchangeIdle:
		m.refuseOffer(p, 491, "another offer is being answered")
	case offer == nil:
		m.offerOurs(p)
	case q == nil:
		m.offeredAlone(p, offer)
	case p.remote != nil && offer.Origin == p.remote.Origin && offer.String() == p.remote.String():
		// The same version of the same description: nothing has changed. The text is
		// compared too, for phones that forget to raise the version.
		m.repeat(p, offer)
	default:
		m.pass(p, q, offer)
	}
}

// early says whether a party has early media that it may offer to change: before the call is
// answered, or while it rings for a transferee.
func (m *Machine) early(p *participant) bool {
	unanswered := m.state < event.CallConnected || p.rings()
	return unanswered && p.state != event.ParticipantDisconnected && p.stream.Remote.IsValid()
}

// offeredEarly answers an offer before the call is answered (RFC 3311 and RFC 3262 s5:
// UPDATE, PRACK): with as much of what we said as is an answer. Nobody else is asked,
// for what the callee will take is not known yet; the answer to the call says it.
func (m *Machine) offeredEarly(p *participant, offer *sdp.Description) {
	answer, ours, err := p.local.accept(offer, p.local.sent)
	if err != nil {
		m.refuseOffer(p, 488, err.Error())
		return
	}
	if p.id == callerID {
		p.offered = offer // the callee's answer will be fitted to this one
	}
	m.connect(p, ours)
	m.tell(p, AcceptOffer{SDP: p.local.publish(answer)})
}

// waitsForParty says whether a party is to talk with somebody who is not there yet: its
// transferor has gone.
func (m *Machine) waitsForParty(p *participant) bool {
	return m.transfer.phase != transferIdle && p.id == m.transfer.transferee
}

// offeredAlone answers such a party itself. A 481 would end its call: RFC 5057 s5.1.
func (m *Machine) offeredAlone(p *participant, offer *sdp.Description) {
	answer, ours, err := p.local.accept(offer, p.local.sent)
	if err != nil {
		m.refuseOffer(p, 488, err.Error())
		return
	}
	p.offered, p.remote = offer, offer
	m.connect(p, ours)
	m.tell(p, AcceptOffer{SDP: p.local.publish(answer)})
}

func (m *Machine) refuseOffer(p *participant, status int, text string) {
	m.tell(p, RefuseOffer{Cause: event.Cause{
		Status: status, Q850: q850Of(status), By: event.PartyGateway, Text: text,
	}})
}

// offerOurs answers an INVITE without a description, which asks for our offer: what is
// agreed, and who holds the call may take it back by its answer. RFC 3261 s14.2: "A UAS
// providing an offer in a 2xx … SHOULD construct the offer as if the UAS were making a brand
// new call". The answer comes with the ACK.
func (m *Machine) offerOurs(p *participant) {
	before := p.local.sent
	offer := p.local.repeat()
	if p.stream.HeldBy&sdp.Them != 0 {
		if talk, err := m.offerTalk(p, p); err == nil {
			offer = talk
		}
	}
	m.exchange = exchange{phase: exchangeOwn, to: p.id, before: before}
	m.tell(p, AcceptOffer{SDP: offer})
}

// repeat answers an offer that says what is agreed already, with what we said: as
// much of it as is an answer, for it may have been an offer.
func (m *Machine) repeat(p *participant, offer *sdp.Description) {
	answer, err := p.local.answer(offer, p.local.sent)
	if err != nil {
		m.refuseOffer(p, 488, err.Error())
		return
	}
	m.tell(p, AcceptOffer{SDP: p.local.publish(answer)})
}

// pass offers q what p offers.
func (m *Machine) pass(p, q *participant, offer *sdp.Description) {
	before := q.local.sent
	next, err := m.offerTo(q, offer)
	if err != nil {
		m.refuseOffer(p, 488, err.Error())
		return
	}
	p.offered = offer
	m.exchange = exchange{phase: exchangePassed, from: p.id, to: q.id, before: before}
	m.tell(q, Offer{SDP: next})
}

// offerAnswered takes q's answer, and on to the party whose offer it was.
func (m *Machine) offerAnswered(now time.Time, q *participant, answer *sdp.Description) {
	e := m.exchange
	if e.phase == exchangeIdle || e.to != q.id {
		return // nobody has asked
	}
	m.exchange = exchange{}
	ours, _, err := sdp.Agreed(q.local.sent, answer)
	switch {
	case e.phase == exchangePassed:
		m.passBack(now, m.participant(e.from), q, answer, ours, err)
	case e.phase == exchangeWithdrawn:
		m.restore(m.participant(e.from), q)
	case err != nil:
		m.noAudio(now, err)
	default:
		was := q.stream.Direction
		m.agreed(q, answer, ours)
		m.followed(q, e, was)
		m.rehold(now)
	}
}

// followed has the other party offered what q's answer to an offer of ours has changed: q
// holds the call by it, or takes it back.
func (m *Machine) followed(q *participant, e exchange, was sdp.Direction) {
	other := m.counterpart(q)
	if e.phase == exchangeOwn && e.before != nil && q.stream.Direction != was && other != nil &&
		m.owed.none() && m.transfer.phase == transferIdle && m.crowd() == 2 {
		m.align(q.id, other.id)
	}
}

// changed follows a party whose answer to a refresh is another than before. While an
// offer is being answered, that answer will say what holds.
func (m *Machine) changed(now time.Time, q *participant, answer *sdp.Description) {
	if !q.inTalk() || m.exchange.phase != exchangeIdle {
		return
	}
	if ours, _, err := sdp.Agreed(q.local.sent, answer); err == nil {
		m.agreed(q, answer, ours)
		m.rehold(now)
	}
}

// passBack answers p's offer with what q has answered to it. Where p cannot use
// that, its offer is refused and q returns to what was.
func (m *Machine) passBack(now time.Time, p, q *participant, answer *sdp.Description, ours sdp.Stream, err error) {
	var (
		reply  *sdp.Description
		theirs sdp.Stream
	)
	if err == nil {
		reply, theirs, err = m.answerTo(p, answer)
	}
	if err != nil {
		m.refuseOffer(p, 488, err.Error())
		m.restore(p, q)
		return
	}
	m.agreed(q, answer, ours)
	p.remote = p.offered
	m.connect(p, theirs)
	m.tell(p, AcceptOffer{SDP: reply})
	m.rehold(now)
}

// agreed notes the answer to an offer of ours. A party that was offered nothing to
// receive cannot say by its answer that it holds the call: it does if it did.
func (m *Machine) agreed(q *participant, answer *sdp.Description, ours sdp.Stream) {
	if audio := q.local.sent.Audio(); audio != nil && !audio.EffectiveDirection().Sends() {
		ours.HeldBy |= q.stream.HeldBy & sdp.Them
	}
	q.remote = answer
	m.connect(q, ours)
}

// restore offers q what was agreed with p, when q has accepted what p does not
// want any more.
func (m *Machine) restore(p, q *participant) {
	if p.remote == nil {
		return
	}
	before := q.local.sent
	if next, err := m.offerTo(q, p.remote); err == nil {
		m.exchange = exchange{phase: exchangeRestoring, from: p.id, to: q.id, before: before}
		m.tell(q, Offer{SDP: next})
	}
}

// noAudio ends a call in which nothing is agreed any more.
func (m *Machine) noAudio(now time.Time, err error) {
	Stop{Cause: event.Cause{
		Status: 488, Q850: q850Of(488), By: event.PartyGateway, Text: err.Error(),
	}}.step(m, now)
}

// offerRefused takes q's refusal back: both sessions are as they were. There was
// none before the answer to a caller's INVITE without an offer.
func (m *Machine) offerRefused(now time.Time, q *participant, c event.Cause) {
	e := m.exchange
	if e.phase == exchangeIdle || e.to != q.id {
		return
	}
	m.exchange = exchange{}
	q.local.sent = e.before
	switch {
	case e.phase == exchangePassed:
		m.tell(m.participant(e.from), RefuseOffer{Cause: c})
	case e.before == nil:
		m.noAudio(now, errNoAnswer)
	}
}

var (
	errNoAnswer = errors.New("the offer in the answer was not answered")
	errBusy     = errors.New("another offer is being answered")
)

// offerWithdrawn handles a party that took its offer back (CANCEL of a
// re-INVITE). The other party is answering it: what it says is waited for.
func (m *Machine) offerWithdrawn(p *participant) {
	if e := &m.exchange; e.phase == exchangePassed && e.from == p.id {
		e.phase = exchangeWithdrawn
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
	by := m.holders()
	if m.crowd() > 2 {
		by = nil // the others talk on
	}
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
