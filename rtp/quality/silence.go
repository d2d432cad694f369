package quality

import "time"

// Side is one of the two sides of a call.
type Side uint8

// The two sides.
const (
	Caller Side = iota
	Callee
)

// String gives the side's name.
func (s Side) String() string { return [...]string{"caller", "callee"}[s&1] }

// SilenceAfter is for how long nothing may come from a side.
const SilenceAfter = 5 * time.Second

// Silence watches for one-way audio: nothing from one side for five seconds after the
// answer, or after it was asked to send again (Expect). It tells of each side once for
// each time.
//
// The zero value waits for the answer.
type Silence struct {
	sides [2]watched
}

// watched is a side:
//
//	          Expect                Step, 5 s over
//	resting ----------> expected --------------------> told
//	        <----------
//	          Heard, Rest (from told, too)
type watched struct {
	since time.Time
	state watchState
}

type watchState uint8

const (
	resting watchState = iota
	expected
	told
)

// Answer is when the call is answered: both sides are expected to send.
func (s *Silence) Answer(now time.Time) {
	s.Expect(now, Caller)
	s.Expect(now, Callee)
}

// Expect tells that a side is to send from now on: it was answered, or a hold has
// ended.
func (s *Silence) Expect(now time.Time, side Side) {
	s.sides[side&1] = watched{now, expected}
}

// Rest tells that nothing is expected of a side: it is held, or sends nothing by its own
// wish (a=recvonly, a=inactive).
func (s *Silence) Rest(side Side) { s.sides[side&1].state = resting }

// Heard tells that a packet came from a side, which settles the matter, and whether the
// side had been told of as silent: then it is heard at last.
func (s *Silence) Heard(side Side) (atLast bool) {
	w := &s.sides[side&1]
	atLast = w.state == told
	w.state = resting
	return atLast
}

// Due is when Step has something to say, if nothing comes; the zero time when nothing
// is expected.
func (s *Silence) Due() time.Time {
	var due time.Time
	for _, w := range s.sides {
		if at := w.since.Add(SilenceAfter); w.state == expected && (due.IsZero() || at.Before(due)) {
			due = at
		}
	}
	return due
}

// Step tells which sides have not been heard for five seconds, each once. Both at once
// is no one-way audio but none at all.
func (s *Silence) Step(now time.Time) (caller, callee bool) {
	return s.sides[Caller].silent(now), s.sides[Callee].silent(now)
}

func (w *watched) silent(now time.Time) bool {
	if w.state != expected || now.Sub(w.since) < SilenceAfter {
		return false
	}
	w.state = told
	return true
}
