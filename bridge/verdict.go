package bridge

import (
	"slices"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
)

// Verdict says what follows on the failure of an attempt.
type Verdict uint8

// The verdicts.
const (
	// ByStatus leaves it to the status: those that speak of the trunk lead on.
	ByStatus Verdict = iota
	// TryNext tries the next attempt.
	TryNext
	// GiveUp tells the caller.
	GiveUp
)

// leadsOn says whether the attempt after the one that has failed is tried. An
// emergency call tries everything: one carrier that refuses it must not be the last
// word.
func (m *Machine) leadsOn() bool {
	switch m.hunt.verdict {
	case TryNext:
		return true
	case GiveUp:
		return m.decision.Emergency
	}
	return m.decision.Emergency || hunts(m.hunt.best.Status)
}

// judge notes the verdict on a target that is still being called, and what to call
// instead of it.
func (m *Machine) judge(p *participant, r Refused) {
	if p.state == event.ParticipantDisconnected || p.inTalk() {
		return
	}
	m.hunt.verdict = r.Verdict
	attempts := make([]dialplan.Attempt, 0, len(r.Instead))
	for _, uri := range r.Instead {
		next := m.plan()
		next.URI = uri
		attempts = append(attempts, next)
	}
	m.decision.Attempts = slices.Insert(m.decision.Attempts, m.hunt.index-m.hunt.before, attempts...)
}
