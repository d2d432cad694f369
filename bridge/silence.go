package bridge

import (
	"time"

	"github.com/tandem-gateway/tandem/event"
)

// silence watches for a call in which nobody says anything any more: two parties
// that vanished without a BYE.
type silence struct {
	// checkAt is when to look next; zero when nothing is watched.
	checkAt time.Time
	// since is the moment before which silence does not count: the answer, or the
	// end of a hold.
	since time.Time
}

func (m *Machine) watchSilence(now time.Time) {
	if m.limits.Silence > 0 {
		m.silence = silence{checkAt: now.Add(m.limits.Silence), since: now}
	}
}

func (m *Machine) checkSilence(now time.Time) {
	if t := m.silence.checkAt; t.IsZero() || now.Before(t) {
		return
	}
	if m.state != event.CallConnected || m.transfer.hunts() {
		m.watchSilence(now) // on hold nobody need say anything
		return
	}
	m.silence.checkAt = now.Add(m.limits.Silence)
	m.do(CheckMedia{})
}

func (e Heard) step(m *Machine, now time.Time) {
	if m.decision != nil && m.transfer.phase != transferAdding {
		m.heardRinging(now, e.Last)
		return
	}
	if m.state != event.CallConnected || m.limits.Silence <= 0 {
		return
	}
	last := m.silence.since
	for _, t := range e.Last {
		if t.After(last) {
			last = t
		}
	}
	if until := last.Add(m.limits.Silence); now.Before(until) {
		m.silence.checkAt = until
		return
	}
	Stop{Cause: event.Cause{
		Status: 408, Q850: 102, By: event.PartyGateway,
		Text: "no audio from either side for " + m.limits.Silence.String(),
	}}.step(m, now)
}
