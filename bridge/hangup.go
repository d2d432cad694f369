package bridge

import (
	"time"

	"github.com/tandem-gateway/tandem/event"
)

// hungUp handles a party that has left by itself.
func (m *Machine) hungUp(now time.Time, p *participant, c event.Cause) {
	if p.state == event.ParticipantDisconnected {
		return // it was told to go, and has crossed that
	}
	if p.id != callerID && !p.inTalk() {
		m.refused(now, p, c) // its early dialog is gone: the attempt has failed
		return
	}
	if c.By == 0 {
		c.By = event.PartyCallee
		if p.id == callerID {
			c.By = event.PartyCaller
		}
	}
	if m.transferorLeaves(now, p, c) || m.crowdThins(now, p, c) {
		return
	}
	m.close(now, c)
	m.leave(now, p, c)
	m.dismiss(now, c)
}

// step ends the call from outside.
func (e Stop) step(m *Machine, now time.Time) {
	if m.state == 0 || m.state >= event.CallDisconnecting {
		return
	}
	if m.answered.IsZero() {
		m.cancelTargets(now, nil, e.Cause)
		m.refuse(now, e.Cause, "")
		return
	}
	m.close(now, e.Cause)
	m.dismiss(now, e.Cause)
}

// close settles why the call ends. From here on nothing is answered any more,
// and the first cause stands.
func (m *Machine) close(now time.Time, c event.Cause) {
	if m.state >= event.CallDisconnecting {
		return
	}
	m.cause, m.ended = c, now
	m.abandonTransfer(now, c)
	m.stopRecording(now)
	m.stopPlayingTo(now, 0)
	if m.surrender != nil {
		m.surrender = nil
		m.keep(481, "the dialog to be replaced is gone")
	}
	m.exchange, m.owed = exchange{}, owed{}
	m.forwarding = forwarding{}
	m.hunt.silentUntil, m.hunt.ringUntil, m.silence, m.ringback = time.Time{}, time.Time{}, silence{}, ringback{}
	m.enter(now, event.CallDisconnecting)
}

// dismiss hangs up everybody who is still there.
func (m *Machine) dismiss(now time.Time, c event.Cause) {
	m.cancelTargets(now, nil, c)
	for i := range m.participants {
		p := &m.participants[i]
		if p.state != event.ParticipantDisconnected {
			m.tell(p, Hangup{Cause: c})
			m.leave(now, p, c)
		}
	}
}

// end is the end of the call for everybody who looks at it.
func (m *Machine) end(now time.Time) {
	m.enter(now, event.CallDisconnected)
	m.emit(event.CallEnded{Header: m.at(now), Cause: m.cause, Answered: m.answered, Ended: m.ended})
}
