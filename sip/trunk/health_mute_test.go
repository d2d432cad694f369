package trunk

import (
	"testing"
	"time"
)

// knownToAnswer is the health of a trunk that has answered an OPTIONS before.
func knownToAnswer(s HealthSettings) Health {
	h := NewHealth(s)
	h.Ponged = true
	return h
}

// TestCarrierThatIgnoresOptions: lost pings alone take no trunk down that has never
// answered one; failed calls do, and then a call is the trial, not a ping.
func TestCarrierThatIgnoresOptions(t *testing.T) {
	h := NewHealth(DefaultHealthSettings())
	now := time.Unix(0, 0)
	h.Step(now, 0.5, Begin{})
	tick := func(until func() bool) {
		t.Helper()
		for range 1000 {
			if until() {
				return
			}
			at, set := h.Deadline()
			if !set {
				t.Fatalf("in %v nothing is due", h.State)
			}
			now = at
			h.Step(now, 0.5, Timer{})
		}
	}
	for range 50 {
		before := h.Ping
		tick(func() bool { return h.Ping > before })
		if h.State != Up {
			t.Fatalf("lost pings made it %v", h.State)
		}
	}
	for range 3 {
		h.Step(now, 0.5, Called{Result{Fate: TimedOut}})
	}
	if h.State != Down {
		t.Fatalf("three failed calls left it %v", h.State)
	}
	tick(func() bool { return h.State == Trial })
	h.Step(now, 0.5, Called{Response(200)})
	if h.State != Up {
		t.Fatalf("the trial call left it %v", h.State)
	}
}
