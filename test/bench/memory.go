package main

import (
	"fmt"
	"time"
)

const (
	idleCalls  = 500
	manyCalls  = 10_000
	manyRate   = 500
	firstCalls = 500
)

// measureIdle takes the memory of calls that are up and silent.
func (b *bench) measureIdle() error {
	t, err := b.target()
	if err != nil {
		return err
	}
	defer t.Kill()
	l, err := newLoad(b.place, b.place.SIP(gatewayHost))
	if err != nil {
		return err
	}
	defer l.close()
	before, err := t.settled(time.Second, 3*time.Second)
	if err != nil {
		return err
	}
	calls, err := l.place(idleCalls, 100)
	if err != nil {
		return err
	}
	during, err := t.settled(time.Second, 4*time.Second)
	if err != nil {
		return err
	}
	b.table.add("memory an idle call (PSS, 500 calls)", "%s", kib((during-before)/idleCalls))
	return l.hangUp(calls, 200)
}

// measureAfter takes the memory before and after 10,000 calls. Before is after the
// first 500, for a program that has never had a call has not begun to work.
func (b *bench) measureAfter() error {
	t, err := b.target()
	if err != nil {
		return err
	}
	defer t.Kill()
	fresh, err := t.memory()
	if err != nil {
		return err
	}
	if err := b.round(firstCalls, manyRate); err != nil {
		return err
	}
	before, err := t.settled(10*time.Second, time.Minute)
	if err != nil {
		return err
	}
	if err := b.round(manyCalls, manyRate); err != nil {
		return err
	}
	peak, err := t.memory()
	if err != nil {
		return err
	}
	after, err := t.settled(settling, time.Minute)
	if err != nil {
		return err
	}
	b.table.add(fmt.Sprintf("memory before and after %d calls (PSS)", manyCalls), "%s, %s (at their end %s, at start %s)",
		kib(before), kib(after), kib(peak), kib(fresh))
	return nil
}

// settling is for how long memory must not fall to count as settled: longer than
// the gateway's timers, the longest of which is RFC 3261's 64*T1.
const settling = 36 * time.Second

// round makes calls that must all succeed.
func (b *bench) round(calls, rate int) error {
	good, err := b.flood(calls, rate)
	if err == nil && !good {
		err = fmt.Errorf("not all of %d calls at %d a second succeed", calls, rate)
	}
	return err
}
