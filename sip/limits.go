package sip

import (
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/sip/trunk"
)

// meters count the calls of trunks and users against their limits. A call is counted
// in all of its meters or in none, and two calls may begin at once: hence the lock.
type meters struct {
	mu    sync.Mutex
	known map[string]*trunk.Meter
}

func newMeters() *meters { return &meters{known: map[string]*trunk.Meter{}} }

func trunkMeter(name string) string { return "trunk " + name }

func userMeter(name string) string { return "user " + name }

// meterOf names the meter of a party.
func meterOf(p dialplan.Party) string {
	if p.Kind == dialplan.PartyTrunk {
		return trunkMeter(p.Name)
	}
	return userMeter(p.Name)
}

// check says whether a call could begin; the error is a *trunk.LimitError.
func (m *meters) check(now time.Time, name string, s *Settings) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.meter(name, s).Check(now, trunk.Ordinary)
}

// admit counts a call, or says which limit refuses it.
func (m *meters) admit(now time.Time, name string, s *Settings, u trunk.Urgency) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return trunk.Admit(now, u, m.meter(name, s))
}

// release ends a call that was admitted.
func (m *meters) release(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k := m.known[name]; k != nil {
		k.Release()
	}
}

// meter gives a meter with the limits that are in force.
func (m *meters) meter(name string, s *Settings) *trunk.Meter {
	k := m.known[name]
	if k == nil {
		k = &trunk.Meter{Of: name}
		m.known[name] = k
	}
	k.Limits = s.limits(name)
	return k
}

// limits are those of a trunk or a user by the name of its meter.
func (s *Settings) limits(name string) trunk.Limits {
	if user, ok := strings.CutPrefix(name, userMeter("")); ok {
		return s.Users[user].Limits
	}
	if t := s.trunk(strings.TrimPrefix(name, trunkMeter(""))); t != nil {
		return t.Limits
	}
	return trunk.Limits{}
}

// admit counts a leg's call with its party, until the leg is released.
func (l *leg) admit(now time.Time, s *Settings, u trunk.Urgency) error {
	name := meterOf(l.peer)
	err := l.edge.meters.admit(now, name, s, u)
	if err == nil {
		l.metered = name
	}
	return err
}

// admitTrunk counts a call to a trunk there; calls to a user count for nobody.
func (l *leg) admitTrunk(now time.Time) error {
	if l.peer.Kind != dialplan.PartyTrunk {
		return nil
	}
	return l.admit(now, l.edge.settings.Load(), l.callUrgency())
}

// release gives back what the leg counts for.
func (l *leg) release() {
	if l.metered != "" {
		l.edge.meters.release(l.metered)
		l.metered = ""
	}
}

// retryAfter is when a call that a limit has refused may come again.
func retryAfter(err error) time.Duration {
	var limit *trunk.LimitError
	if errors.As(err, &limit) {
		return time.Duration(limit.RetryAfter()) * time.Second
	}
	return 0
}
