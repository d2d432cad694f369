package bridge

import (
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp"
	"github.com/tandem-gateway/tandem/sdp"
)

// transfer is one party's wish that the other one talk to somebody else (RFC 5589). The
// three are the transferor, the transferee and the target.
//
//	transferIdle ─ Referred: Direct ─▶ transferDirected ── refusal: RefuseRefer ──▶ Idle
//	  │   ▲                        │ └─ attempts by the transferee's trunk, which relays: Refer ─▶ transferRelayed
//	  │   │                        │ attempts            ┌────────── it refuses: go on here ──────────┤ accepts
//	  │   │                        ▼                     ▼                                            ▼
//	  │   │                        ├─────────────────────┘              it says 2xx: both hang up ─ transferRelaying
//	  │   │                        ▼
//	  │   │                      transferRequested ── the transferee says no: RefuseRefer ──▶ Idle
//	  │   │                        │ yes, or it has nobody to ask: AcceptRefer
//	  │   │                        ▼
//	  │   │                      transferCalling: the hunt, for the transferee
//	  │   │                        ├─ the target answers: Notify 200, Hangup to the transferor ──▶ Idle
//	  │   └─ Notify why ◀──────────┤ nobody does, and the transferor is still there
//	  │                            └─ nobody does, and it has gone ──▶ transferRecalling: the hunt,
//	  │                                  for the transferor ── answer ──▶ Idle, failure ──▶ the end
//	  └─ Referred with the dialog of another call ─▶ transferJoining: see join.go
//	  │    └─ its target still rings: its hunt comes over, see semiattended.go ─▶ transferCalling
//	  └─ Referred to join it ─▶ transferBringing: the transferor stays, see bring.go
//
// A transferor that hangs up meanwhile has done its part and leaves alone. Until the target
// answers, the transferee hears music, ringing or the target's early media, and the
// transferor nothing.
type transfer struct {
	phase      transferPhase
	kind       event.TransferKind
	transferor int
	transferee int
	// asked is what the transferor wants, target who that is, for people.
	asked  *Referred
	target string
	// party is the participant that the transferee has come to talk to.
	party int
	// failure is why the target does not talk to it, while somebody else is called.
	failure event.Cause
	// consentUntil is when silence is consent.
	consentUntil time.Time
}

type transferPhase uint8

const (
	transferIdle transferPhase = iota
	transferRelayed
	transferRelaying
	transferDirected
	transferRequested
	transferCalling
	transferRecalling
	transferJoining
	// transferAdding is none: somebody is called into the call, see add.go.
	transferAdding
	// transferBringing and transferFetching are of a transferor that stays, see bring.go.
	transferBringing
	transferFetching
)

// consentPatience is how long a transferee may think about it.
const consentPatience = 30 * time.Second

// hunts says whether somebody is called for the transferee.
func (t *transfer) hunts() bool { return t.phase == transferCalling || t.phase == transferRecalling }

// hunting says whether somebody is being called.
func (m *Machine) hunting() bool {
	return m.state >= event.CallConnecting && m.state < event.CallConnected ||
		m.transfer.hunts() || m.transfer.phase == transferAdding
}

// referred takes a party's wish. RFC 5589 s5: the transferor sends it within the dialog
// that is to be transferred.
func (m *Machine) referred(p *participant, r Referred) {
	q := m.counterpart(p)
	switch {
	case q == nil || !p.inTalk():
		m.refuseRefer(p, event.Cause{Status: 481, Text: "there is no call to transfer"})
		return
	case m.transfer.phase != transferIdle:
		m.refuseRefer(p, event.Cause{Status: 491, Text: "another transfer is under way"})
		return
	case m.crowd() > 2:
		m.refuseRefer(p, event.Cause{Status: 403, Text: "more than two talk: nobody is the one to be transferred"})
		return
	}
	r.Request = p.asksFor(r.Request)
	m.transfer = transfer{kind: event.TransferBlind, transferor: p.id, transferee: q.id, asked: &r}
	switch {
	case r.Replaces.Call != "" && r.Joins:
		m.bring()
	case r.Replaces.Call != "":
		m.joinCalls()
	default:
		m.direct()
	}
}

// asksFor is what a party asks of the dialplan with a REFER: as the one that it has called
// as, or was called as.
func (p *participant) asksFor(r dialplan.Request) dialplan.Request {
	as := p.asks()
	if r.FromURI != "" || as.Origin != r.Origin {
		return r
	}
	as.To, as.Diversion, as.HistoryInfo = r.To, "", ""
	return as
}

// direct asks the dialplan where the target is, as if the transferor had dialled it.
func (m *Machine) direct() {
	t := &m.transfer
	t.phase = transferDirected
	m.do(Direct{Transfer: dialplan.Transfer{
		Request: t.asked.Request, Transferee: m.participant(t.transferee).asks(), Show: m.limits.Transfer.CallerID,
	}})
}

func (m *Machine) refuseRefer(p *participant, c event.Cause) {
	c.By, c.Q850 = event.PartyGateway, orQ850(c.Q850, c.Status)
	m.tell(p, RefuseRefer{Cause: c})
}

func (e Directed) step(m *Machine, now time.Time) {
	t := &m.transfer
	var refused event.Cause
	if r := e.Decision.Refusal; r != nil {
		refused = event.Cause{Status: r.Status, Q850: r.Q850, By: event.PartyGateway, Text: r.Text}
	}
	switch {
	case t.phase == transferAdding:
		m.addDirected(now, e.Decision, refused)
	case t.phase == transferDirected && !refused.IsZero():
		m.declined(now, refused)
	case t.phase == transferDirected:
		m.decision = &e.Decision
		if !m.relay() {
			m.askTransferee(now)
		}
	case t.phase == transferRecalling && !refused.IsZero():
		m.recallFailed(now, refused)
	case t.phase == transferRecalling:
		m.huntFor(now, e.Decision)
	}
}

// askTransferee asks the party that is to be transferred.
func (m *Machine) askTransferee(now time.Time) {
	t := &m.transfer
	t.phase, t.consentUntil = transferRequested, now.Add(consentPatience)
	m.do(AskTransferee{Participant: t.transferee, By: m.participant(t.transferor).identity, Target: m.targetName()})
}

// declined ends a transfer that has not begun: everything is as it was, but for a
// transferor that has hung up already.
func (m *Machine) declined(now time.Time, c event.Cause) {
	by := m.participant(m.transfer.transferor)
	m.transfer, m.decision = transfer{}, nil
	m.refuseRefer(by, c)
	if !by.inTalk() {
		m.giveUpCall(now, c)
	}
}

// tellTransferor tells it something, also when it has hung up: its REFER is still to be
// answered then, and many phones want to know all the same what comes of it (RFC 5057 s4.1).
func (m *Machine) tellTransferor(c Command) { m.tell(m.participant(m.transfer.transferor), c) }

func (e Consented) step(m *Machine, now time.Time) {
	switch {
	case m.transfer.phase != transferRequested:
	case e.No:
		m.declined(now, event.Cause{Status: 603, Q850: 21, Text: "the other party does not want to be transferred"})
	default:
		m.beginTransfer(now)
	}
}

// consentByTime: who does not answer does not mind.
func (m *Machine) consentByTime(now time.Time) {
	if t := m.transfer.consentUntil; !t.IsZero() && !now.Before(t) {
		m.transfer.consentUntil = time.Time{}
		Consented{}.step(m, now)
	}
}

// beginTransfer calls the target. RFC 3515 s2.4.4: the NOTIFY that says 100 is the leg's.
func (m *Machine) beginTransfer(now time.Time) {
	t := &m.transfer
	t.phase, t.consentUntil = transferCalling, time.Time{}
	m.transferBegins(now)
	m.request = &t.asked.Request
	m.huntFor(now, *m.decision)
}

// transferBegins says so, and lets the transferee hear what comes.
func (m *Machine) transferBegins(now time.Time) {
	m.tellTransferor(AcceptRefer{})
	m.transferEvent(now, event.Transferring, event.Cause{})
	if m.limits.Transfer.EndUnanswered {
		for i := range m.decision.Attempts {
			m.decision.Attempts[i].Forwards = dialplan.Forwards{}
		}
	}
	m.stale = true
	m.wake(m.participant(m.transfer.transferee))
}

// huntFor calls those of a decision for the transferee.
func (m *Machine) huntFor(now time.Time, d dialplan.Decision) {
	m.decision, m.forwarding, m.ringback = &d, forwarding{}, ringback{}
	m.hunt = hunt{index: m.hunt.index, located: m.hunt.located, before: m.hunt.index}
	m.nextAttempt(now)
}

// transferRang tells the transferor of a target's provisional response, and lets the
// transferee hear it.
func (m *Machine) transferRang(now time.Time, p *participant, r Ringing) {
	if p.state == event.ParticipantConnecting {
		m.enterParticipant(now, p, event.ParticipantRinging, event.Cause{})
	}
	if r.SDP != nil && m.decision.Ringback != dialplan.RingbackLocal && m.agreeWith(p, r.SDP) == nil {
		m.enterParticipant(now, p, event.ParticipantEarlyMedia, event.Cause{})
		p.early, m.ringback.branch = m.newestEarly()+1, p.id
	}
	if m.transfer.phase == transferCalling {
		m.notify(event.Cause{Status: r.Status})
	}
	passed := m.decision.Ringback == dialplan.RingbackPass && m.earlyMedia() != nil
	switch {
	case passed && m.ringback.phase == ringbackPlaying:
		m.ringback.phase, m.stale = ringbackIdle, true // what comes is heard, whatever it is
	case passed:
	// Nobody else rings for a party that is in a call: the tone must be ours, at once.
	case r.Status == 180 && m.ringback.phase == ringbackIdle:
		m.ringback.phase, m.ringback.since = ringbackPlaying, now
		m.stale = true
	}
	m.lookForMedia(now)
}

// notify tells the transferor how it goes.
func (m *Machine) notify(c event.Cause) { m.tellTransferor(Notify{Cause: c}) }

// transferAnswered connects the transferee with who has answered for it.
func (m *Machine) transferAnswered(now time.Time, p *participant, r Answered) {
	if m.comesToTalk(now, p, r) {
		m.connectParties(now, p)
	}
}

// comesToTalk ends a hunt in a call that was answered before: who has answered is connected,
// and the others stop ringing. False for an answer that is of no use.
func (m *Machine) comesToTalk(now time.Time, p *participant, r Answered) bool {
	p.stream = sdp.Stream{} // of all its branches one has answered
	if r.SDP == nil || m.agreeWith(p, r.SDP) != nil {
		m.answerUnusable(now, p, errNoAudio)
		return false
	}
	p.remote = r.SDP
	m.attemptEnded(now, p, event.Cause{Status: 200, Q850: 16, By: event.PartyCallee, Text: "answered"})
	m.byRule()
	m.huntOver()
	m.cancelTargets(now, p, elsewhere())
	m.enterParticipant(now, p, event.ParticipantConnected, event.Cause{})
	return true
}

// huntOver: nobody is looked for any more.
func (m *Machine) huntOver() {
	m.hunt = hunt{index: m.hunt.index, located: m.hunt.located}
	m.decision, m.request, m.forwarding, m.ringback = nil, nil, forwarding{}, ringback{}
}

// connectParties is the success of a transfer: the transferor leaves, the others talk.
// RFC 3515 s2.4.5: the final NOTIFY says what the INVITE came to.
func (m *Machine) connectParties(now time.Time, target *participant) {
	t := m.transfer
	state := event.Transferred
	switch t.phase {
	case transferRecalling:
		state = event.TransferFailed // it has been; who is back now is its transferor
	case transferCalling, transferJoining:
		m.notify(event.Cause{Status: 200})
	}
	m.transfer.party = target.id
	m.transferEvent(now, state, event.Cause{})
	m.dropTransferor(now)
	m.transfer = transfer{}
	m.introduce(target, m.participant(t.transferee))
	m.align(target.id, t.transferee)
	m.watchSilence(now)
	m.stale = true
	m.rehold(now)
}

// dropTransferor hangs up a transferor whose call has been taken over.
func (m *Machine) dropTransferor(now time.Time) {
	if p := m.participant(m.transfer.transferor); p.inTalk() {
		c := event.Cause{Status: 200, Q850: 16, By: event.PartyGateway, Text: "transferred"}
		m.tell(p, Hangup{Cause: c})
		m.part(p)
		m.leave(now, p, c)
	}
}

// transferorLeaves lets a transferor hang up while its transfer is under way: it has done
// its part. RFC 5589 s6.1 leaves it the choice to end its dialog at once.
func (m *Machine) transferorLeaves(now time.Time, p *participant, c event.Cause) bool {
	if m.transfer.phase == transferIdle || p.id != m.transfer.transferor {
		return false
	}
	m.part(p)
	m.leave(now, p, c)
	p.leg = max(p.leg, legGivenUp) // it may wait long for what it is told of its transfer
	m.rehold(now)
	return true
}

// transferFailed gives the transferee back: to the transferor when that is still there,
// else as transfer_recall has it.
func (m *Machine) transferFailed(now time.Time, c event.Cause) {
	t := m.transfer
	if t.phase == transferRecalling {
		m.recallFailed(now, c)
		return
	}
	p := m.participant(t.transferor)
	m.notify(c)
	m.transferEvent(now, event.TransferFailed, c)
	m.huntOver()
	m.stale = true
	if !p.inTalk() {
		m.recall(now, c)
		return
	}
	m.transfer = transfer{}
	m.align(p.id, t.transferee)
	m.watchSilence(now)
}

// abandonTransfer is the end of the call under a transfer.
func (m *Machine) abandonTransfer(now time.Time, c event.Cause) {
	t := m.transfer
	if t.phase == transferIdle {
		return
	}
	if c.Status < 300 {
		c.Status = 487
	}
	p := m.participant(t.transferor)
	switch {
	case t.phase == transferAdding:
		m.addRefused(now, t.target, c)
	case t.phase == transferFetching: // who is fetched finds nobody
	case t.phase == transferCalling || t.phase == transferRelaying:
		m.notify(c)
		m.transferEvent(now, event.TransferFailed, c)
	case t.phase != transferRecalling:
		m.refuseRefer(p, c)
	}
	m.transfer = transfer{}
}

func (m *Machine) transferEvent(now time.Time, s event.TransferState, c event.Cause) {
	t := &m.transfer
	kind := t.kind
	if t.phase == transferRecalling {
		kind = event.TransferRecall
	}
	m.emit(event.TransferChanged{
		Header: m.at(now), State: s, Kind: kind, Chain: m.chain, Transferor: t.transferor, Transferee: t.transferee,
		By: m.participant(t.transferor).identity, Who: m.participant(t.transferee).identity,
		Target: m.targetName(), Party: t.party, Cause: c,
	})
}

// targetName is who the transferee is to talk to.
func (m *Machine) targetName() string {
	if m.decision != nil {
		m.transfer.target = callee(*m.decision)
	}
	return m.transfer.target
}

// transferHearing is who hears whom while somebody is called for the transferee: it hears
// the target's early media, the ringing tone or music, and nobody hears the transferor.
func (m *Machine) transferHearing(t rtp.Table) {
	q := m.participant(m.transfer.transferee)
	if !q.audible() {
		return
	}
	target := m.earlyMedia()
	if target != nil {
		t[target.id] = []rtp.Heard{{Source: q.id}}
	}
	switch {
	case m.ringback.phase == ringbackPlaying:
		t[q.id] = []rtp.Heard{{Source: ringbackFor(q.id)}}
	case target != nil:
		t[q.id] = []rtp.Heard{{Source: target.id}}
	default:
		t[q.id] = []rtp.Heard{{Source: musicFor(q.id)}}
	}
}
