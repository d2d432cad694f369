package bridge

import (
	"slices"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
)

// hunt is the search for somebody who answers: the decision's attempts in
// order, each with one target or several that ring together.
type hunt struct {
	// index counts the attempts begun, located those that are known where to lead;
	// 0 before the first. before is what of them were of decisions that a
	// forwarding has replaced.
	index, located, before int
	// silentUntil is when an attempt from which nothing at all has come is given
	// up for the next one; zero once a response came.
	silentUntil time.Time
	// ringUntil is the end of the ringing time of the running attempt.
	ringUntil time.Time
	// best is the failure that the caller will be told of so far.
	best event.Cause
	// verdict is what follows on the last failure of the running attempt.
	verdict Verdict
}

// nextAttempt begins the next attempt, or ends the call with the best failure
// when there is none left.
func (m *Machine) nextAttempt(now time.Time) {
	h := &m.hunt
	h.silentUntil, h.ringUntil, h.verdict = time.Time{}, time.Time{}, ByStatus
	m.ringbackMoves()
	if h.index-h.before >= len(m.decision.Attempts) {
		m.huntFailed(now, h.best, "")
		return
	}
	plan := m.decision.Attempts[h.index-h.before]
	if m.forward(now, plan, dialplan.ReasonUnconditional) {
		return
	}
	h.index++
	m.do(Locate{Attempt: h.index, Plan: plan})
}

// plan is the attempt that was begun last.
func (m *Machine) plan() dialplan.Attempt {
	return m.decision.Attempts[m.hunt.index-m.hunt.before-1]
}

func (e Located) step(m *Machine, now time.Time) {
	awaited := e.Attempt == m.hunt.index && m.hunt.located < m.hunt.index
	m.hunt.located = m.hunt.index
	if !m.hunting() || !awaited {
		for _, t := range e.Targets {
			m.shutUnused(t)
		}
		return
	}
	if len(e.Targets) == 0 {
		if hunts(e.Failed.Status) {
			m.hunt.verdict = TryNext
		}
		m.attemptFailed(now, e.Failed)
		return
	}
	h := &m.hunt
	if d := m.decision.RingingTimeout; d > 0 {
		h.ringUntil = now.Add(d)
	}
	m.awaitTrunk(now)
	// All join before the first is called: one that cannot be called must not pass
	// for the last one that rang.
	first, n := len(m.participants), m.reach.within(len(e.Targets))
	m.participants = slices.Grow(m.participants, len(e.Targets))
	for _, t := range e.Targets[:n] {
		m.join(t, h.index, m.plan())
	}
	for _, t := range e.Targets[n:] {
		m.shutUnused(t)
	}
	plan := m.plan()
	for i, t := range e.Targets[:n] {
		m.call(now, &m.participants[first+i], t, plan, m.reach.share(i, n))
	}
}

// call sends the INVITE to one target.
func (m *Machine) call(now time.Time, p *participant, t Target, plan dialplan.Attempt, breadth int) {
	started := event.AttemptStarted{
		Header: m.at(now), Attempt: p.id - callerID, Target: t.URI, CallerID: plan.Shown.User,
	}
	if plan.To.Kind == dialplan.PartyTrunk {
		started.Trunk = plan.To.Name
	} else {
		started.User = plan.To.Name
	}
	p.try = &started
	m.emit(started)
	m.enterParticipant(now, p, event.ParticipantConnecting, event.Cause{})
	offer, err := m.offerToTarget(p)
	if err != nil {
		p.leg = legReleased
		m.refused(now, p, event.Cause{
			Status: 488, Q850: q850Of(488), By: event.PartyGateway, Text: err.Error(),
		})
		return
	}
	m.do(Dial{
		Participant: p.id, Target: t, Plan: plan, Offer: offer,
		MaxForwards: m.forwardsLeft(), MaxBreadth: breadth, Patience: m.decision.AttemptTimeout,
	}.referred(m.transfer.ofTarget()))
}

// join adds a party that is about to be dialled.
func (m *Machine) join(t Target, attempt int, plan dialplan.Attempt) {
	id := len(m.participants) + 1
	m.participants = append(m.participants, participant{
		id: id, name: t.Name, party: plan.To, identity: identityOf(plan.To, plan.Dial), attempt: attempt,
		transfers: t.Transfers, codecs: t.Codecs, digits: t.Digits, state: event.ParticipantIdle, leg: legLive,
		local: m.side(id, t.Media).protected(t.SRTP, t.Keys), hint: t.Hint,
	})
}

// shutUnused gives back the media that was opened for a target which came too
// late to be called: it becomes a participant that has already left.
func (m *Machine) shutUnused(t Target) {
	m.join(t, m.hunt.index, dialplan.Attempt{})
	p := &m.participants[len(m.participants)-1]
	p.state, p.leg = event.ParticipantDisconnected, legReleased
	m.do(Shut{Participant: p.id})
}

// refused is the end of one target's INVITE without an answer.
func (m *Machine) refused(now time.Time, p *participant, c event.Cause) {
	if p.state == event.ParticipantDisconnected || p.inTalk() {
		return
	}
	if c.By == 0 {
		c.By = event.PartyCallee
	}
	m.attemptEnded(now, p, c)
	m.leave(now, p, c)
	// RFC 3261 s16.7 step 5: "If a 6xx (Global Failure) response is received … it
	// SHOULD cancel all pending client transactions".
	if c.Status >= 600 {
		m.cancelTargets(now, nil, c)
	}
	m.attemptFailed(now, c)
}

func (m *Machine) attemptEnded(now time.Time, p *participant, c event.Cause) {
	p.try = nil
	m.emit(event.AttemptEnded{Header: m.at(now), Attempt: p.id - callerID, Cause: c})
}

// attemptFailed goes on after a failure: it waits while other targets of the
// attempt still ring, and hands the call on where the user that was called wants
// that.
func (m *Machine) attemptFailed(now time.Time, c event.Cause) {
	m.hunt.best = better(m.hunt.best, c)
	if m.ringingTargets() > 0 || m.forwardFailed(now, c) {
		return
	}
	m.goOn(now)
}

// goOn tries the next attempt where the failure speaks of the trunk, and tells the
// caller otherwise.
func (m *Machine) goOn(now time.Time) {
	if m.leadsOn() {
		m.nextAttempt(now)
		return
	}
	m.huntFailed(now, m.hunt.best, "")
}

// huntFailed tells whoever somebody is looked for that nobody was found.
func (m *Machine) huntFailed(now time.Time, c event.Cause, warning string) {
	switch {
	case m.transfer.hunts():
		m.transferFailed(now, toldCaller(c))
		return
	case m.transfer.phase == transferAdding:
		m.addFailed(now, toldCaller(c))
		return
	}
	m.refuse(now, c, warning)
}

// trying notes the first sign of life of a target. A late one, of a target that has
// been given up, says nothing of those that are called now.
func (m *Machine) trying(p *participant) {
	if p.id != callerID && p.state != event.ParticipantDisconnected {
		m.hunt.silentUntil = time.Time{}
	}
}

// awaitTrunk begins the time in which something must come, where there is another
// attempt.
func (m *Machine) awaitTrunk(now time.Time) {
	h := &m.hunt
	if d := m.decision.AttemptTimeout; d > 0 && h.index-h.before < len(m.decision.Attempts) {
		h.silentUntil = now.Add(d)
	}
}

// elsewhere begins that time anew when the server has failed that had said something:
// the next one may be silent. One that was silent has used up what it has had of it.
func (m *Machine) elsewhere(now time.Time, p *participant) {
	calling := m.state < event.CallConnected && p.attempt == m.hunt.index && p.state == event.ParticipantConnecting
	if calling && m.hunt.silentUntil.IsZero() {
		m.awaitTrunk(now)
	}
}

// silentTrunk gives up a trunk that has not said anything at all.
func (m *Machine) silentTrunk(now time.Time) {
	if t := m.hunt.silentUntil; t.IsZero() || now.Before(t) {
		return
	}
	m.hunt.silentUntil, m.hunt.verdict = time.Time{}, TryNext
	m.giveUp(now, event.Cause{
		Status: 408, Q850: q850Of(408), By: event.PartyGateway, Text: "no response from the trunk",
	})
}

// giveUp cancels every target of the running attempt and counts it as failed.
func (m *Machine) giveUp(now time.Time, c event.Cause) {
	m.cancelTargets(now, nil, c)
	m.attemptFailed(now, c)
}

// cancelTargets hangs up every target that has not answered, except one.
func (m *Machine) cancelTargets(now time.Time, except *participant, c event.Cause) {
	for i := range m.participants {
		p := &m.participants[i]
		if p == except || !p.rings() {
			continue
		}
		m.attemptEnded(now, p, cancelled(c))
		m.tell(p, Hangup{Cause: c})
		p.leg = max(p.leg, legGivenUp)
		m.leave(now, p, c)
	}
}

// cancelled is how an attempt ends that was called off: never with a status that
// would make it the answered one.
func cancelled(c event.Cause) event.Cause {
	if c.Status < 300 {
		c.Status = 487
	}
	return c
}

func (m *Machine) ringingTargets() int {
	n := 0
	for i := range m.participants {
		if m.participants[i].rings() {
			n++
		}
	}
	return n
}
