package trunk

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// registering drives a registration as its owner does (timers in order, on time) through
// whatever a registrar, a network and a person may do to it, and watches what none of it
// may break.
type registering struct {
	t   *rapid.T
	r   *Registration
	now time.Time
	// sent is when each REGISTER was.
	sent []time.Time
	// failed is when the last failure was, and pause the least wait that follows it;
	// failed is zero when something else than time may end the wait.
	failed time.Time
	pause  time.Duration
	// stopped is when it was told to stop, sentStopped what it had sent by then.
	stopped     time.Time
	sentStopped int
	finished    int
}

func newRegistering(t *rapid.T) *registering {
	pace := Pace{
		Expires: time.Duration(rapid.SampledFrom([]int{0, 1, 30, 60, 3600}).Draw(t, "expires")) * time.Second,
		Backoff: Backoff{
			Base: time.Duration(rapid.SampledFrom([]int{0, 30, 90}).Draw(t, "base")) * time.Second,
		},
	}
	r := NewRegistration(accounts["first"], "call@gw", pace)
	return &registering{t: t, r: &r, now: epoch}
}

func (g *registering) random() float64 {
	return rapid.SampledFrom([]float64{0, 0.25, 0.5, 0.999999}).Draw(g.t, "random")
}

// step takes the machine through an event and checks what holds after each.
func (g *registering) step(ev RegistrationEvent) {
	before := *g.r
	acts := g.r.Step(g.now, g.random(), ev)
	if acts.Has(SendRegister) {
		g.checkSent(before, ev)
	} else if g.r.CSeq != before.CSeq {
		g.t.Fatalf("CSeq went from %d to %d without a REGISTER", before.CSeq, g.r.CSeq)
	}
	if acts.Has(Report) != (before.State != g.r.State) {
		g.t.Fatalf("%T took %v to %v and said %v", ev, before.State, g.r.State, acts)
	}
	if acts.Has(Finished) {
		g.finished++
	}
	if acts != 0 && before.State == Ended {
		g.t.Fatalf("%T made an ended registration %v", ev, acts)
	}
	g.noteFailure(before)
	g.checkState()
}

// noteFailure remembers what wait a failure has begun.
func (g *registering) noteFailure(before Registration) {
	if g.r.Failures <= before.Failures {
		return
	}
	g.failed, g.pause = g.now, g.r.Pace.Backoff.Wait(g.r.Failures, 0)
	if denied(g.r.Last) {
		g.pause = max(g.pause, g.r.Pace.Slow/2)
	}
	g.pause = max(g.pause, min(g.r.Last.RetryAfter, LongestRest))
}

func (g *registering) checkSent(before Registration, ev RegistrationEvent) {
	if g.r.CSeq != before.CSeq+1 {
		g.t.Fatalf("CSeq went from %d to %d", before.CSeq, g.r.CSeq)
	}
	if n := len(g.sent); n > 0 {
		gap := g.now.Sub(g.sent[n-1])
		switch ev.(type) {
		case Timer:
			if before.State != Removing && before.State != Leaving {
				g.checkRate(gap)
			}
		case FlowLost:
			if least := g.r.Pace.Backoff.Base / 2; gap < least {
				g.t.Fatalf("a lost flow made it REGISTER again after %v, not %v", gap, least)
			}
			g.checkRate(gap)
		}
	}
	g.failed = time.Time{}
	g.sent = append(g.sent, g.now)
}

// checkRate is for what nobody has asked for but the time.
func (g *registering) checkRate(gap time.Duration) {
	if gap < leastRefresh {
		g.t.Fatalf("a REGISTER %v after the last", gap)
	}
	if !g.failed.IsZero() && g.now.Sub(g.failed) < g.pause {
		g.t.Fatalf("a REGISTER %v after a failure (%v) that wants %v", g.now.Sub(g.failed), g.r.Last, g.pause)
	}
}

func (g *registering) checkState() {
	at, set := g.r.Deadline()
	if rests := g.r.State == Idle || g.r.State == Ended; set == rests {
		g.t.Fatalf("%v with a deadline: %v", g.r.State, set)
	}
	if set && !at.After(g.now) {
		g.t.Fatalf("%v: the deadline is %v before now", g.r.State, g.now.Sub(at))
	}
	switch g.r.State {
	case Registered, Refreshing, Lapsing:
		if !g.r.Bound(g.now) {
			g.t.Fatalf("%v without a binding", g.r.State)
		}
	case Idle, Registering, Waiting, Ended:
		if !g.r.Until.IsZero() {
			g.t.Fatalf("%v with a binding until %v", g.r.State, g.r.Until)
		}
	}
	if (g.r.State == Removing) != (g.r.Request().Expires == 0) {
		g.t.Fatalf("%v asks for %d s", g.r.State, g.r.Request().Expires)
	}
	if !g.stopped.IsZero() {
		g.checkStopped()
	}
}

// checkStopped: it ends soon, with one REGISTER and its repetitions at most.
func (g *registering) checkStopped() {
	if g.r.State != Ended && g.now.Sub(g.stopped) >= g.r.Pace.StopWait {
		g.t.Fatalf("%v still, %v after the stop", g.r.State, g.now.Sub(g.stopped))
	}
	if n := len(g.sent) - g.sentStopped; n > 1+mostRepeats {
		g.t.Fatalf("%d REGISTERs after the stop", n)
	}
	if (g.finished == 1) != (g.r.State == Ended) {
		g.t.Fatalf("%v, finished %d times", g.r.State, g.finished)
	}
}

// pass lets time go by and serves every deadline on its way.
func (g *registering) pass(d time.Duration) {
	until := g.now.Add(d)
	for at, set := g.r.Deadline(); set && !at.After(until); at, set = g.r.Deadline() {
		g.now = at
		before := *g.r
		if g.step(Timer{}); *g.r == before {
			g.t.Fatalf("the timer did nothing to %+v", before)
		}
	}
	g.now = until
	g.checkPassed()
}

func (g *registering) checkPassed() {
	if !g.stopped.IsZero() {
		g.checkStopped()
	}
}

func (g *registering) cseq() uint32 {
	return g.r.CSeq - uint32(rapid.SampledFrom([]int{0, 0, 0, 0, 1}).Draw(g.t, "stale"))
}

func (g *registering) answer() RegistrationEvent {
	seconds := rapid.SampledFrom([]int{-1, -1, 0, 1, 9, 60, 3600, 1 << 31})
	switch rapid.SampledFrom([]string{"ok", "ok", "challenge", "fail", "fail"}).Draw(g.t, "answer") {
	case "ok":
		return Accepted{g.cseq(), seconds.Draw(g.t, "contact"), seconds.Draw(g.t, "header")}
	case "challenge":
		return Challenged{g.cseq()}
	}
	return Failed{
		CSeq: g.cseq(),
		Result: Result{
			Fate:       rapid.SampledFrom([]Fate{Answered, Answered, TimedOut, Unreachable}).Draw(g.t, "fate"),
			Status:     rapid.SampledFrom([]int{302, 400, 401, 403, 404, 408, 423, 423, 500, 503, 603}).Draw(g.t, "status"),
			RetryAfter: time.Duration(rapid.SampledFrom([]int{0, 0, 1, 90, 1 << 30}).Draw(g.t, "after")) * time.Second,
		},
		MinExpires: time.Duration(rapid.SampledFrom([]int{0, 60, 61, 3600, 7200, 1 << 30}).Draw(g.t, "min")) * time.Second,
	}
}

func TestRegistrationInAnyOrder(t *testing.T) {
	names := []string{"first", "password", "moved", "other"}
	rapid.Check(t, func(t *rapid.T) {
		g := newRegistering(t)
		g.step(Begin{})
		t.Repeat(map[string]func(*rapid.T){
			"pass": func(t *rapid.T) {
				g.pass(time.Duration(rapid.SampledFrom([]int{1, 900, 4_000, 31_000, 70_000, 3_000_000}).Draw(t, "ms")) * time.Millisecond)
			},
			"answer":  func(*rapid.T) { g.step(g.answer()) },
			"answer2": func(*rapid.T) { g.step(g.answer()) },
			"lose":    func(*rapid.T) { g.step(FlowLost{}) },
			"change": func(t *rapid.T) {
				g.step(Change{accounts[rapid.SampledFrom(names).Draw(t, "account")], g.r.Pace})
			},
			"stop": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "really") > 0 || !g.stopped.IsZero() {
					return
				}
				g.stopped, g.sentStopped = g.now, len(g.sent)
				g.step(Stop{})
			},
		})
		if g.stopped.IsZero() {
			g.stopped, g.sentStopped = g.now, len(g.sent)
			g.step(Stop{})
		}
		g.pass(g.r.Pace.StopWait)
	})
}

// A registrar that fails each time, in whatever way, is asked no more often than RFC 5626
// s4.5 allows: so many REGISTERs in a day at most, whatever the random values are.
func TestRegistersInADayOfFailures(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := newRegistering(t)
		g.r.Pace.Backoff = DefaultPace().Backoff
		g.step(Begin{})
		for g.now.Sub(epoch) < 24*time.Hour {
			for g.r.State == Registering {
				a := g.answer()
				if _, ok := a.(Accepted); ok {
					a = Failed{CSeq: g.r.CSeq, Result: Response(500)}
				}
				g.step(a)
			}
			at, _ := g.r.Deadline()
			g.pass(at.Sub(g.now))
		}
		// 30, 60, 120, 240, 480, 900 s, then every 900 s: 7 and 94 attempts.
		if n := len(g.sent); n > 101*(1+mostRepeats) {
			t.Fatalf("%d REGISTERs in a day", n)
		}
	})
}

// The same events at the same times with the same random values lead to the same, so that
// a registration can be replayed.
func TestRegistrationIsDeterministic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := newRegistering(t)
		twin := *g.r
		for range rapid.IntRange(1, 20).Draw(t, "events") {
			g.now = g.now.Add(time.Duration(rapid.IntRange(0, 100_000).Draw(t, "ms")) * time.Millisecond)
			ev := rapid.SampledFrom([]RegistrationEvent{Begin{}, Timer{}, FlowLost{}, Change{Account: accounts["other"]}}).Draw(t, "event")
			if rapid.Bool().Draw(t, "answer") {
				ev = g.answer()
			}
			random := g.random()
			if a, b := g.r.Step(g.now, random, ev), twin.Step(g.now, random, ev); a != b || *g.r != twin {
				t.Fatalf("%T: %v and %v, %+v and %+v", ev, a, b, *g.r, twin)
			}
			// Timers come late here, and yet nothing is left undone.
			if at, set := g.r.Deadline(); set && !at.After(g.now) {
				t.Fatalf("%T: %v has a deadline %v ago", ev, g.r.State, g.now.Sub(at))
			}
		}
	})
}
