package bridge

import (
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
)

// forwarding is a call's way past users who do not take it themselves.
//
//	             ┌── an attempt begins at a user who takes no calls: Always ───────────┐
//	             │── nobody can be reached: Unavailable ───────────────────────────────┤
//	forwardIdle ─┤── busy, on the last phone to say anything: Busy ────────────────────┤
//	     ▲       └── the ringing time is over, or they gave up themselves: NoAnswer ───┤
//	     │                        to a status: the caller is refused ◀─────────────────┤
//	     │                                                                 to somebody ▼
//	     ├── Forwarded, with attempts: 181, and the hunt begins anew ◀──── forwardAsked: Forward
//	     ├── Forwarded, with a refusal: the call goes on as without it ◀─────┤
//	     └── the call ends ◀─────────────────────────────────────────────────┘
//
// What the first user's phones have said is forgotten when the hunt begins anew: the
// caller is told what became of the call where it went.
type forwarding struct {
	phase forwardPhase
	// asked is what is under way.
	asked *dialplan.Forwarding
	// history are the diversions of this call so far.
	history []dialplan.Diversion
}

type forwardPhase uint8

const (
	forwardIdle forwardPhase = iota
	forwardAsked
)

// forward hands the call on when the user of an attempt wants that for a reason;
// false when it does not.
func (m *Machine) forward(now time.Time, plan dialplan.Attempt, why dialplan.Reason) bool {
	to := plan.Forwards.For(why)
	switch {
	case to.IsZero():
		return false
	case to.Status != 0:
		m.huntFailed(now, event.Cause{
			Status: to.Status, Q850: q850Of(to.Status), By: event.PartyGateway,
			Text: "the user's settings refuse the call (" + why.String() + ")",
		}, "")
	default:
		m.askForward(now, dialplan.Forwarding{
			By: plan.To.Name, Called: m.decision.Callee, Why: why, To: to, History: m.forwarding.history,
		})
	}
	return true
}

// deflect hands the call on to where a phone of the user has sent it, which is the
// user's word for all its phones; false when it has sent it nowhere.
func (m *Machine) deflect(now time.Time, p *participant, r Refused) bool {
	h := &m.hunt
	if r.Deflected.IsZero() || p.state == event.ParticipantDisconnected || p.inTalk() ||
		m.state >= event.CallConnected || p.attempt != h.index || h.index == h.before {
		return false
	}
	plan, c := m.plan(), r.Cause
	c.By = event.PartyCallee
	m.attemptEnded(now, p, c)
	m.leave(now, p, c)
	m.cancelTargets(now, nil, c)
	m.hunt.best = better(m.hunt.best, c)
	m.askForward(now, dialplan.Forwarding{
		By: plan.To.Name, Called: m.decision.Callee, Why: dialplan.ReasonDeflection, To: r.Deflected, History: m.forwarding.history,
	})
	return true
}

// askForward asks where the call goes. Nothing rings meanwhile.
//
// RFC 3261 s16.3 step 3: "If the request contains a Max-Forwards header field with a
// field value of zero (0), the element MUST NOT forward the request"; the answer is
// 483. Each user that hands the call on is such an element.
func (m *Machine) askForward(now time.Time, asked dialplan.Forwarding) {
	if m.forwardsLeft() <= 0 {
		m.forwardRefused(now, m.forwardEvent(now, asked, dialplan.Decision{}), &dialplan.Refusal{
			Status: 483, Text: "the call has used up its Max-Forwards",
		})
		return
	}
	h, f := &m.hunt, &m.forwarding
	h.silentUntil, h.ringUntil = time.Time{}, time.Time{}
	f.phase, f.asked = forwardAsked, &asked
	m.do(Forward{Hop: len(f.history) + 1, Request: *m.request, Forwarding: asked})
}

// forwardFailed hands the call on after a user's last phone has failed: for what
// happened last, or else for what the caller would be told.
func (m *Machine) forwardFailed(now time.Time, last event.Cause) bool {
	plan := m.plan()
	return m.forward(now, plan, reasonOf(last)) || m.forward(now, plan, reasonOf(m.hunt.best))
}

// reasonOf says for which of a user's settings a failure of its phones counts.
func reasonOf(c event.Cause) dialplan.Reason {
	switch c.Status {
	// RFC 3261 s21.4.24 and s21.6.1: the callee is busy. A 603 is a person's wish to
	// end it there.
	case 486, 600:
		return dialplan.ReasonBusy
	case 480:
		if c.Q850 == subscriberAbsent {
			return dialplan.ReasonUnavailable
		}
		return dialplan.ReasonNoAnswer
	case 408:
		return dialplan.ReasonNoAnswer
	// The phone is not where it has registered, or has no way to take a call.
	case 404, 410, 430, 500, 502, 503, 504:
		if c.Q850 != noCircuit {
			return dialplan.ReasonUnavailable
		}
	}
	return dialplan.ReasonUnknown
}

// Values of ITU-T Q.850 s2.2.7 that tell of what a status does not.
const (
	subscriberAbsent = 20
	noCircuit        = 34
)

func (e Forwarded) step(m *Machine, now time.Time) {
	f := &m.forwarding
	if f.phase != forwardAsked || e.Hop != len(f.history)+1 {
		return // the call has ended meanwhile
	}
	asked, d := *f.asked, e.Decision
	f.phase, f.asked = forwardIdle, nil
	told := m.forwardEvent(now, asked, d)
	if d.Refusal != nil {
		m.forwardRefused(now, told, d.Refusal)
		return
	}
	m.emit(told)
	f.history = append(f.history, d.Diversion)
	m.decision = &d
	m.hunt = hunt{index: m.hunt.index, located: m.hunt.located, before: m.hunt.index}
	// RFC 3261 s21.1.3: "A server MAY use this status code to indicate that the call is
	// being forwarded to a different set of destinations."
	if m.answered.IsZero() {
		m.tell(m.caller(), Ring{Status: 181})
	}
	m.nextAttempt(now)
}

// forwardRefused goes on as if the user had not wanted the call elsewhere: the caller
// is told why the user does not take it, and the refusal where there is nothing else
// to tell.
func (m *Machine) forwardRefused(now time.Time, told event.CallForwarded, r *dialplan.Refusal) {
	told.Refused = event.Cause{
		Status: r.Status, Q850: orQ850(r.Q850, r.Status), By: event.PartyGateway, Text: r.Text,
	}
	m.emit(told)
	if m.hunt.best.IsZero() {
		m.huntFailed(now, told.Refused, r.Warning)
		return
	}
	m.goOn(now)
}

// forwardEvent says who was called and who is called instead.
func (m *Machine) forwardEvent(now time.Time, asked dialplan.Forwarding, d dialplan.Decision) event.CallForwarded {
	e := event.CallForwarded{
		Header: m.at(now), Kind: event.RouteForwarded, Reason: asked.Why.String(), Route: d.Route,
		Original: event.Identity{User: asked.By, Phone: string(asked.Called)},
		Final:    event.Identity{User: asked.To.User, Phone: string(asked.To.Number)},
	}
	if len(d.Attempts) > 0 && d.Attempts[0].To.Kind == dialplan.PartyUser {
		e.Final.User = d.Attempts[0].To.Name
	}
	return e
}

// reach is how far a call may go and how wide: what its INVITE has of Max-Forwards
// and of Max-Breadth.
type reach struct {
	forwards, breadth int
}

// usualBreadth is what a call may have of branches at a time when its INVITE does not
// say it: RFC 5393 s5.3.3 has 60.
const usualBreadth = 60

// within bounds how many may ring together. RFC 5393 s5.3.3: the branches of a fork
// must share the Max-Breadth that came, and none may have less than one. A request
// over that would be answered 440 or tried one after the other; here the
// phones that are over it do not ring.
func (r reach) within(n int) int {
	if r.breadth == 0 {
		return min(n, usualBreadth)
	}
	return min(n, r.breadth)
}

// share is what one of n branches gets, 0 where nobody need be told: one INVITE for
// one that said nothing.
func (r reach) share(branch, n int) int {
	total := r.breadth
	if total == 0 && n > 1 {
		total = usualBreadth
	}
	share := total / n
	if branch < total%n {
		share++
	}
	return share
}

// forwardsLeft is the Max-Forwards of an INVITE of ours: one less than came, and one
// less for each user that has handed the call on.
func (m *Machine) forwardsLeft() int { return m.reach.forwards - 1 - len(m.forwarding.history) }
