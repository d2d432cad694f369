package bridge

import (
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
)

func (e Arrived) step(m *Machine, now time.Time) {
	if len(m.participants) > 0 {
		return // a call has one caller
	}
	c := e.Caller
	m.participants = append(m.participants, m.calling(callerID, &c, event.ParticipantConnecting))
	m.decision, m.request = &e.Decision, m.caller().request
	m.reach = reach{forwards: c.MaxForwards, breadth: c.MaxBreadth}
	m.state = event.CallIncoming
	m.emit(event.CallReceived{
		Header: m.at(now), SIPCallID: c.SIPCallID, User: c.User, Trunk: c.Trunk,
		Source: c.Source, Dialled: c.Dialled, Asserted: c.Name,
	})
	m.emit(event.CallRouted{
		Header: m.at(now), Callee: callee(e.Decision), Route: e.Decision.Route,
		CallerID: shown(e.Decision).User, Private: shown(e.Decision).Private,
		Emergency: e.Decision.Emergency,
	})
	if r := e.Decision.Refusal; r != nil {
		m.refuse(now, event.Cause{
			Status: r.Status, Q850: orQ850(r.Q850, r.Status), By: event.PartyGateway, Text: r.Phrase,
		}, r.Warning)
		return
	}
	// RFC 3261 s13.3.1.3: "A UAS rejecting an offer contained in an INVITE SHOULD return a
	// 488 (Not Acceptable Here) response."
	if err := m.caller().answerable(); err != nil {
		m.refuse(now, event.Cause{
			Status: 488, Q850: q850Of(488), By: event.PartyGateway, Text: err.Error(),
		}, "")
		return
	}
	m.enter(now, event.CallConnecting)
	m.nextAttempt(now)
}

// refuse ends a call that nobody has answered: the caller gets the cause as its
// final response, which is a failure whatever the cause says.
func (m *Machine) refuse(now time.Time, c event.Cause, warning string) {
	if m.state >= event.CallDisconnecting {
		return
	}
	c = toldCaller(c)
	m.close(now, c)
	caller := m.caller()
	m.tell(caller, Refuse{Cause: c, Warning: warning})
	m.leave(now, caller, c)
}

// callee names who is called, for records: the number, or what was dialled where
// that is a name, a service or an emergency number.
func callee(d dialplan.Decision) string {
	if d.Callee != "" {
		return string(d.Callee)
	}
	return d.Dialled
}

// shown is what the first attempt shows of the caller.
func shown(d dialplan.Decision) dialplan.Shown {
	if len(d.Attempts) == 0 {
		return dialplan.Shown{}
	}
	return d.Attempts[0].Shown
}
