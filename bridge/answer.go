package bridge

import (
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/sdp"
)

// elsewhere is what the targets are told that did not answer first.
// RFC 3326 s2: "SIP ;cause=200 ;text="Call completed elsewhere"".
func elsewhere() event.Cause {
	return event.Cause{Status: 200, Q850: 26, By: event.PartyGateway, Text: "Call completed elsewhere"}
}

// answer handles a target's 2xx. The first one has the call: the others are told
// to hang up in the same step, as RFC 3261 s16.7 step 10 has it: "If the forwarded
// response was a final response, the proxy MUST generate a CANCEL request for all pending
// client transactions". One that comes later has crossed its CANCEL, and its leg ends it.
func (m *Machine) answer(now time.Time, p *participant, r Answered) {
	if p.state == event.ParticipantDisconnected || p.inTalk() {
		return
	}
	switch {
	case m.transfer.hunts():
		m.transferAnswered(now, p, r)
		return
	case m.transfer.phase == transferAdding:
		m.addAnswered(now, p, r)
		return
	}
	p.stream = sdp.Stream{} // of all its branches one has answered
	answer, err := m.agree(p, r.SDP)
	if err != nil {
		m.answerUnusable(now, p, err)
		return
	}
	p.remote, m.caller().remote = r.SDP, m.caller().offered
	m.established(now, p, answer, m.connectedTo(r))
}

// established is the call's answer: p has it, with that for the caller.
func (m *Machine) established(now time.Time, p *participant, answer *sdp.Description, connected dialplan.Shown) {
	m.byRule()
	m.huntOver()
	m.answered = now
	m.attemptEnded(now, p, event.Cause{Status: 200, Q850: 16, By: event.PartyCallee, Text: "answered"})
	m.cancelTargets(now, p, elsewhere())
	m.enterParticipant(now, p, event.ParticipantConnected, event.Cause{})
	if m.caller().offered == nil {
		m.exchange = exchange{phase: exchangeOwn, to: callerID}
	}
	m.tell(m.caller(), Answer{SDP: answer, Connected: connected})
	m.enterParticipant(now, m.caller(), event.ParticipantConnected, event.Cause{})
	m.enter(now, event.CallConnected)
	m.watchSilence(now)
	m.spareTranscode(m.caller(), p)
	m.rehold(now)
}

// connectedTo is who the caller is told has answered: what the callee says of itself
// where it is believed, else the user whose phone it is.
func (m *Machine) connectedTo(r Answered) dialplan.Shown {
	if r.Connected.User != "" {
		return r.Connected
	}
	return m.plan().Answers
}

// answerUnusable hangs up on an answer that no codec of the caller fits. RFC 3261
// s13.2.2.4 has its leg acknowledge the 2xx all the same, and say BYE then.
func (m *Machine) answerUnusable(now time.Time, p *participant, err error) {
	c := event.Cause{Status: 488, Q850: q850Of(488), By: event.PartyGateway, Text: err.Error()}
	m.attemptEnded(now, p, c)
	m.tell(p, Hangup{Cause: c})
	m.leave(now, p, c)
	m.attemptFailed(now, c)
}
