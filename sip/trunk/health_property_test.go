package trunk

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// watching drives a trunk's health as its owner does, through whatever a carrier may do,
// and watches what none of it may break.
type watching struct {
	t   *rapid.T
	h   *Health
	now time.Time
	// failures counts by itself what the machine should: those since the last sign of
	// life.
	failures int
	// pinged is when the last OPTIONS was sent, out whether it was, and neither has
	// been answered nor given up.
	pinged time.Time
	out    bool
	// restUntil is until when a 503 has asked for rest.
	restUntil time.Time
}

func newWatching(t *rapid.T) *watching {
	h := knownToAnswer(HealthSettings{
		Interval:  time.Duration(rapid.SampledFrom([]int{0, 3, 30, 300}).Draw(t, "interval")) * time.Second,
		Threshold: rapid.IntRange(0, 5).Draw(t, "threshold"),
	})
	return &watching{t: t, h: &h, now: epoch}
}

func (w *watching) step(ev HealthEvent) {
	before := *w.h
	random := rapid.SampledFrom([]float64{0, 0.5, 0.999999}).Draw(w.t, "random")
	w.note(ev)
	acts := w.h.Step(w.now, random, ev)
	if acts.Has(Report) != (before.State != w.h.State) {
		w.t.Fatalf("%T took %v to %v and said %v", ev, before.State, w.h.State, acts)
	}
	if acts.Has(SendOptions) {
		w.checkSent(before)
	}
	// An open breaker and a rest wait for no OPTIONS that was sent before them.
	w.out = w.out && !w.h.AnswerBy.IsZero()
	w.checkMove(before, ev)
	w.checkState()
}

// note counts what an event means, before the machine does.
func (w *watching) note(ev HealthEvent) {
	switch e := ev.(type) {
	case Timer:
		if reached(w.h.AnswerBy, w.now) && w.h.Settings.Interval > 0 {
			w.failures++
			w.out = false
		}
	case Called:
		w.count(e.Result, e.Result.ofCall())
	case Ponged:
		s := e.Result.ofPing()
		current := w.out && e.Ping == w.h.Ping
		if e.Ping == 0 || e.Ping > w.h.Ping || s == signNone {
			return
		}
		if s != signFailure || current {
			w.count(e.Result, s)
		}
		if e.Ping == w.h.Ping {
			w.out = false
		}
	}
}

func (w *watching) count(r Result, s sign) {
	switch s {
	case signLife:
		w.failures = 0
	case signFailure:
		w.failures++
	case signRest:
		if until := w.now.Add(min(r.RetryAfter, LongestRest)); until.After(w.restUntil) {
			w.restUntil = until
		}
	}
}

func (w *watching) checkSent(before Health) {
	switch {
	case w.h.Settings.Interval == 0:
		w.t.Fatalf("an OPTIONS although there are none")
	case w.now.Before(w.restUntil):
		w.t.Fatalf("an OPTIONS %v before the end of the rest", w.restUntil.Sub(w.now))
	case w.h.Ping != before.Ping+1:
		w.t.Fatalf("OPTIONS %d comes after %d", w.h.Ping, before.Ping)
	case !w.pinged.IsZero() && w.now.Sub(w.pinged) < time.Second:
		w.t.Fatalf("an OPTIONS %v after the last", w.now.Sub(w.pinged))
	}
	w.pinged, w.out = w.now, true
}

// checkMove holds each change of state to its arrow in the diagram.
func (w *watching) checkMove(before Health, ev HealthEvent) {
	from, to := before.State, w.h.State
	if from == to {
		return
	}
	switch to {
	case Up:
		if w.failures != 0 {
			w.t.Fatalf("%v is up after %d failures", from, w.failures)
		}
	case Suspect:
		if w.failures == 0 || w.failures >= w.h.Settings.Threshold {
			w.t.Fatalf("%v is suspect after %d failures", from, w.failures)
		}
	case Down:
		if (from == Up || from == Suspect) && w.failures < w.h.Settings.Threshold {
			w.t.Fatalf("the breaker opened after %d failures of %d", w.failures, w.h.Settings.Threshold)
		}
	case Trial:
		if w.h.Settings.Interval > 0 {
			w.t.Fatalf("a call is tried where OPTIONS can be")
		}
	case Resting:
		if !w.restUntil.After(w.now) {
			w.t.Fatalf("%T made it rest", ev)
		}
	}
	if from == Resting && w.now.Before(w.restUntil) {
		w.t.Fatalf("%v, %v before the end of the rest", to, w.restUntil.Sub(w.now))
	}
}

func (w *watching) checkState() {
	at, set := w.h.Deadline()
	if set && !at.After(w.now) {
		w.t.Fatalf("%v: the deadline is %v before now", w.h.State, w.now.Sub(at))
	}
	pings := w.h.Settings.Interval > 0
	switch w.h.State {
	case Up, Suspect:
		if set != pings {
			w.t.Fatalf("%v waits: %v", w.h.State, set)
		}
	case Down, Probing, Resting:
		if !set {
			w.t.Fatalf("%v waits for nothing", w.h.State)
		}
	case Trial:
		if set {
			w.t.Fatalf("trial waits for more than a call")
		}
	}
	if w.failures >= w.h.Settings.Threshold && (w.h.State == Up || w.h.State == Suspect) {
		w.t.Fatalf("%v after %d failures of %d", w.h.State, w.failures, w.h.Settings.Threshold)
	}
}

// pass lets time go by and serves every deadline on its way.
func (w *watching) pass(d time.Duration) {
	until := w.now.Add(d)
	for at, set := w.h.Deadline(); set && !at.After(until); at, set = w.h.Deadline() {
		w.now = at
		before := *w.h
		if w.step(Timer{}); *w.h == before {
			w.t.Fatalf("the timer did nothing to %+v", before)
		}
	}
	w.now = until
}

func anyResult(t *rapid.T) Result {
	return Result{
		Fate:       rapid.SampledFrom([]Fate{Answered, Answered, Answered, TimedOut, Unreachable, Withheld, Abandoned}).Draw(t, "fate"),
		Status:     rapid.SampledFrom([]int{100, 180, 200, 302, 401, 404, 408, 486, 500, 502, 503, 503, 504, 603}).Draw(t, "status"),
		RetryAfter: time.Duration(rapid.SampledFrom([]int{0, 0, 1, 90, 1 << 30}).Draw(t, "after")) * time.Second,
	}
}

func TestHealthInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWatching(t)
		w.step(Begin{})
		t.Repeat(map[string]func(*rapid.T){
			"pass": func(t *rapid.T) {
				w.pass(time.Duration(rapid.SampledFrom([]int{1, 900, 4_000, 31_000, 3_600_000}).Draw(t, "ms")) * time.Millisecond)
			},
			"call": func(t *rapid.T) { w.step(Called{anyResult(t)}) },
			"fail": func(*rapid.T) { w.step(Called{Result{Fate: TimedOut}}) },
			"pong": func(t *rapid.T) {
				w.step(Ponged{w.h.Ping - uint32(rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(t, "old")), anyResult(t)})
			},
			"take": func(*rapid.T) { w.step(Taken{}) },
		})
		// Whatever has been, a trunk that is well is up again.
		w.pass(LongestRest)
		w.step(Called{Response(200)})
		if w.h.State != Up {
			t.Fatalf("%v after a success", w.h.State)
		}
	})
}

// A carrier that has died is down soon, is not asked often, and is up again within a
// minute and a bit after it has come back, without a call.
func TestADeadTrunkComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWatching(t)
		if w.h.Settings.Interval == 0 {
			return
		}
		w.step(Begin{})
		w.pass(10*time.Minute + time.Duration(w.h.Settings.Threshold)*w.h.Settings.Interval)
		if w.h.State != Down && w.h.State != Probing {
			t.Fatalf("%v after %d lost OPTIONS", w.h.State, w.h.Ping)
		}
		pings := w.h.Ping
		w.pass(time.Hour)
		if n := w.h.Ping - pings; n > 3600/30 {
			t.Fatalf("%d OPTIONS in an hour", n)
		}
		back := w.now
		for w.h.State != Up {
			at, _ := w.h.Deadline()
			w.pass(at.Sub(w.now))
			if w.out {
				w.step(Ponged{w.h.Ping, Response(200)})
			}
		}
		if took := w.now.Sub(back); took > 65*time.Second {
			t.Fatalf("up again after %v", took)
		}
	})
}

// Settings may change at any moment; only the deadline and the breaker's promise are
// checked then.
func TestHealthThroughReloads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := knownToAnswer(DefaultHealthSettings())
		now := epoch
		h.Step(now, 0, Begin{})
		for range rapid.IntRange(1, 40).Draw(t, "events") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20_000).Draw(t, "ms")) * time.Millisecond)
			ev := rapid.SampledFrom([]HealthEvent{
				Timer{}, Taken{}, Begin{}, Called{Result{Fate: TimedOut}}, Called{Response(200)}, Called{Response(500)},
				Ponged{h.Ping, Response(200)}, Ponged{h.Ping, Response(503)}, Called{Result{Status: 503, RetryAfter: 7 * time.Second}},
				Configure{HealthSettings{}}, Configure{DefaultHealthSettings()}, Configure{HealthSettings{Interval: time.Second, Threshold: 1}},
			}).Draw(t, "event")
			before := h
			acts := h.Step(now, rapid.Float64Range(0, 1).Draw(t, "random"), ev)
			at, set := h.Deadline()
			switch {
			case set && !at.After(now):
				t.Fatalf("%T: %v has a deadline %v ago", ev, h.State, now.Sub(at))
			case !set && (h.State == Down || h.State == Probing || h.State == Resting || h.State != Trial && h.Settings.Interval > 0):
				t.Fatalf("%T: %v waits for nothing", ev, h.State)
			case acts.Has(SendOptions) && before.Settings.Interval == 0:
				t.Fatalf("%T: an OPTIONS without an interval", ev)
			}
		}
	})
}
