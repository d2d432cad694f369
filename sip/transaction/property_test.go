package transaction

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

var anyEvent = rapid.OneOf(
	rapid.SampledFrom([]Event{0, Timer, TransportError, Cancel, Request, Ack}),
	rapid.Map(rapid.SampledFrom([]int{100, 180, 183, 199, 200, 202, 299, 300, 401, 408, 486, 487, 503, 603, 699}), Response),
)

// life drives a machine as its owner does (timers first, in order, on time) through
// random events, and watches what no order of events may break.
type life struct {
	t        *rapid.T
	m        machine
	now      time.Time
	ended    bool
	finals   int // non-2xx finals that were delivered or, by a server, sent first
	cancels  int
	verdicts int // TimedOut, or TransportFailed of a client
}

func (l *life) step(ev Event) Actions {
	before := state(l.m)
	acts := l.m.Step(l.now, ev)
	if l.ended && acts != 0 {
		l.t.Fatalf("%v after the end of the transaction: %v", ev, acts)
	}
	if acts.Has(Terminated) != (!l.ended && state(l.m) == Ended) {
		l.t.Fatalf("%v in %v: actions %v, state %v", ev, before, acts, state(l.m))
	}
	if state(l.m) < before && before != Idle {
		l.t.Fatalf("%v moved the machine back from %v to %v", ev, before, state(l.m))
	}
	l.ended = l.ended || acts.Has(Terminated)
	l.count(ev, acts)
	l.checkDeadline()
	return acts
}

func (l *life) count(ev Event, acts Actions) {
	if ev.class() == failure && acts.Has(Deliver) {
		l.finals++
	}
	if acts.Has(SendCancel) {
		l.cancels++
	}
	if acts.Has(TimedOut) || acts.Has(TransportFailed|Terminated) {
		l.verdicts++
	}
}

func (l *life) checkDeadline() {
	at, armed := l.m.Deadline()
	switch {
	case armed && l.ended:
		l.t.Fatalf("a timer outlives the transaction")
	case armed && !at.After(l.now):
		l.t.Fatalf("deadline %v is not in the future of %v", at, l.now)
	}
}

// wait lets d pass and serves every deadline on its way.
func (l *life) wait(d time.Duration) {
	until := l.now.Add(d)
	for at, armed := l.m.Deadline(); armed && !at.After(until); at, armed = l.m.Deadline() {
		l.now = at
		if acts := l.step(Timer); acts == 0 {
			l.t.Fatalf("the timer at +%v did nothing", at.Sub(epoch))
		}
	}
	l.now = until
}

// finish is what every owner does in the end: a client gives up, a server answers.
func (l *life) finish() {
	switch l.m.(type) {
	case *InviteClient:
		l.step(Cancel)
	case *InviteServer:
		l.step(Response(500))
	}
	l.wait(3 * 33 * time.Second)
	if !l.ended {
		l.t.Fatalf("still %v %v after its last event", state(l.m), 99*time.Second)
	}
}

func (l *life) run() {
	l.step(Start)
	for range rapid.IntRange(0, 30).Draw(l.t, "events") {
		l.wait(time.Duration(rapid.IntRange(0, 40_000).Draw(l.t, "ms")) * time.Millisecond / 4)
		l.step(anyEvent.Draw(l.t, "event"))
	}
	l.finish()
}

func newLife(t *rapid.T, makers ...func(Transport) machine) *life {
	mk := makers[rapid.IntRange(0, len(makers)-1).Draw(t, "machine")]
	tr := rapid.SampledFrom([]Transport{Unreliable, Reliable}).Draw(t, "transport")
	return &life{t: t, m: mk(tr), now: epoch}
}

func TestAnyOrderOfEventsEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLife(t, inviteClient, nonInviteClient, inviteServer, nonInviteServer)
		l.run()
		if l.verdicts > 1 {
			t.Fatalf("%d verdicts", l.verdicts)
		}
	})
}

func TestInviteClientDeliversOneNon2xx(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLife(t, inviteClient)
		l.run()
		if l.finals > 1 || l.cancels > 1 {
			t.Fatalf("%d non-2xx finals delivered, %d CANCELs", l.finals, l.cancels)
		}
	})
}

func TestNonInviteClientDeliversOneFinal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, finals := newLife(t, nonInviteClient), 0
		l.step(Start)
		for range 20 {
			ev := anyEvent.Draw(t, "event")
			if acts := l.step(ev); ev >= 200 && acts.Has(Deliver) {
				finals++
			} else if acts.Has(Deliver) && finals > 0 {
				t.Fatalf("%v delivered after the final response", ev)
			}
			l.wait(time.Duration(rapid.IntRange(0, 2000).Draw(t, "ms")) * time.Millisecond)
		}
		if finals > 1 || finals+l.verdicts > 1 {
			t.Fatalf("%d finals and %d verdicts", finals, l.verdicts)
		}
	})
}

// What a server has sent as its final response is never replaced: after it, only a
// repetition of that response is sent. (A 2xx may be sent again by its dialog.)
func TestServersKeepTheirFinal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLife(t, inviteServer, nonInviteServer)
		l.step(Start)
		final := Event(0)
		for range 20 {
			ev := anyEvent.Draw(t, "event")
			acts := l.step(ev)
			replaced := ev.Status() != 0 && acts.Has(Send)
			if replaced && final != 0 && !(final.class() == success && ev.class() == success) {
				t.Fatalf("%v sent after %v", ev, final)
			}
			if acts.Has(SendTrying) && final != 0 {
				t.Fatalf("100 made after %v", final)
			}
			if replaced && ev >= 200 {
				final = ev
			}
			l.wait(time.Duration(rapid.IntRange(0, 300).Draw(t, "ms")) * time.Millisecond)
		}
	})
}
