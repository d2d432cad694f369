package main

import "time"

const (
	relayCalls  = 100
	relayWarmup = 2 * time.Second
	relayTime   = 10 * time.Second
)

// measureRelay takes what 100 calls with audio both ways cost.
func (b *bench) measureRelay() error {
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
	calls, err := l.place(relayCalls, 100)
	if err != nil {
		return err
	}
	if _, err := l.audio.talk(calls, 0, relayWarmup); err != nil {
		return err
	}
	if err := b.relayed(t, l, calls); err != nil {
		return err
	}
	return l.hangUp(calls, 200)
}

// relayed measures while audio flows.
func (b *bench) relayed(t *target, l *load, calls []*call) error {
	time.Sleep(100 * time.Millisecond) // what is under way arrives
	l.audio.near.counted()
	l.audio.far.counted()
	before, err := t.cpu()
	if err != nil {
		return err
	}
	sent, err := l.audio.talk(calls, int(relayWarmup/frame), relayTime)
	if err != nil {
		return err
	}
	after, err := t.cpu()
	if err != nil {
		return err
	}
	time.Sleep(100 * time.Millisecond)
	toNear, delays := l.audio.near.counted()
	toFar, more := l.audio.far.counted()
	delays = append(delays, more...)
	got := toNear + toFar
	b.table.add("CPU a relayed packet, 100 calls of G.711 both ways", "%.1f µs",
		float64((after-before).Microseconds())/float64(max(got, 1)))
	b.table.add("their loss", "%.3f%% of %d packets", 100*float64(sent-got)/float64(sent), sent)
	b.table.add("their delay, p50 and p99", "%s, %s", milliseconds(quantile(delays, 0.5)), milliseconds(quantile(delays, 0.99)))
	return nil
}
