package main

import (
	"fmt"
	"time"
)

const (
	idleCalls  = 500
	firstCalls = 500
	manyCalls  = 10_000
	manyRate   = 500
)

// settling is for how long memory must not fall to count as settled: longer than
// the gateway's timers, the longest of which is RFC 3261's 64*T1.
const settling = 36 * time.Second

// scales weigh the gateway, and keep the first error.
type scales struct {
	*target
	err error
}

// weigh gives the memory when it has not fallen for a while; 0 is now.
func (s *scales) weigh(calm time.Duration) int {
	if s.err != nil {
		return 0
	}
	var bytes int
	bytes, s.err = s.settled(calm, calm+30*time.Second)
	return bytes
}

// measureIdle takes the memory of calls that are up and silent.
func (b *bench) measureIdle() error {
	return b.loaded(func(t *target, l *load) error {
		s := scales{target: t}
		before := s.weigh(time.Second)
		calls, err := l.place(idleCalls, 100)
		if err != nil {
			return err
		}
		during := s.weigh(time.Second)
		b.table.add("memory an idle call (PSS, 500 calls)", "%s", kib((during-before)/idleCalls))
		if s.err != nil {
			return s.err
		}
		return l.hangUp(calls, 200)
	})
}

// measureAfter takes the memory before and after 10,000 calls. Before is after the
// first 500, for a program that has never had a call has not begun to work.
func (b *bench) measureAfter() error {
	t, err := b.target()
	if err != nil {
		return err
	}
	defer t.Kill()
	s := scales{target: t}
	fresh := s.weigh(0)
	b.round(&s, firstCalls)
	before := s.weigh(10 * time.Second)
	b.round(&s, manyCalls)
	peak := s.weigh(0)
	after := s.weigh(settling)
	b.table.add(fmt.Sprintf("memory before and after %d calls (PSS)", manyCalls), "%s, %s (at their end %s, at start %s)",
		kib(before), kib(after), kib(peak), kib(fresh))
	return s.err
}

// round makes calls that must all succeed.
func (b *bench) round(s *scales, calls int) {
	if s.err == nil {
		s.err = b.all(calls, manyRate)
	}
}

// all makes calls, of which a failed one is an error.
func (b *bench) all(calls, rate int) error {
	good, err := b.flood(calls, rate)
	if err == nil && !good {
		err = fmt.Errorf("not all of %d calls at %d a second succeed", calls, rate)
	}
	return err
}
