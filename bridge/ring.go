package bridge

import (
	"time"

	"github.com/tandem-gateway/tandem/event"
)

// ringing handles a target's provisional response. The caller hears of every
// one: a 180 after a 183 changes what its phone shows, and a repeated one keeps
// the INVITE alive (RFC 3261 s13.3.1.1).
func (m *Machine) ringing(now time.Time, p *participant, r Ringing) {
	if !m.hunting() || p.state == event.ParticipantDisconnected || p.id == callerID || p.inTalk() {
		return
	}
	m.trying(p)
	switch {
	case m.transfer.hunts():
		m.transferRang(now, p, r)
		return
	case m.transfer.phase == transferAdding:
		if p.state == event.ParticipantConnecting {
			m.enterParticipant(now, p, event.ParticipantRinging, event.Cause{})
		}
		return
	}
	if !m.passes(r) || !m.earlyMediaBegan(now, p, r) {
		m.rang(now, p, r.Status) // early media nobody can play is ringing all the same
	}
	m.ringbackDue(now, r)
}

// earlyMediaBegan passes a target's early media on; false when nobody can play it.
func (m *Machine) earlyMediaBegan(now time.Time, p *participant, r Ringing) bool {
	answer, err := m.agree(p, r.SDP)
	if err != nil {
		return false
	}
	m.enterParticipant(now, p, event.ParticipantEarlyMedia, event.Cause{})
	p.early, m.ringback.branch = m.newestEarly()+1, p.id
	m.enter(now, event.CallEarlyMedia)
	m.tell(m.caller(), Progress{Status: r.Status, SDP: answer})
	return true
}

func (m *Machine) rang(now time.Time, p *participant, status int) {
	if p.state == event.ParticipantConnecting {
		m.enterParticipant(now, p, event.ParticipantRinging, event.Cause{})
	}
	if m.state == event.CallConnecting {
		m.enter(now, event.CallRinging)
	}
	m.tell(m.caller(), Ring{Status: status})
}

// ringingTimeout ends an attempt that rang for its whole time. The callee was
// there and did not answer, so no other trunk is tried for it.
func (m *Machine) ringingTimeout(now time.Time) {
	if t := m.hunt.ringUntil; t.IsZero() || now.Before(t) {
		return
	}
	m.hunt.ringUntil = time.Time{}
	m.giveUp(now, event.Cause{
		Status: 480, Q850: 19, By: event.PartyGateway, Text: "no answer within the ringing time",
	})
}
