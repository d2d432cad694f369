package main

import "time"

const (
	relayCalls  = 100
	relayWarmup = 2 * time.Second
	relayTime   = 10 * time.Second
)

// measureRelay takes what 100 calls with audio both ways cost.
func (b *bench) measureRelay() error {
	return b.loaded(func(t *target, l *load) error {
		calls, err := l.place(relayCalls, 100)
		if err != nil {
			return err
		}
		if _, err := l.audio.talk(calls, 0, relayWarmup); err != nil {
			return err
		}
		l.audio.counted() // from here on
		if err := b.relayed(t, l.audio, calls); err != nil {
			return err
		}
		return l.hangUp(calls, 200)
	})
}

// relayed measures while audio flows.
func (b *bench) relayed(t *target, s *streams, calls []*call) error {
	before, err := t.cpu()
	if err != nil {
		return err
	}
	sent, err := s.talk(calls, int(relayWarmup/frame), relayTime)
	if err != nil {
		return err
	}
	after, err := t.cpu()
	got, delays := s.counted()
	b.table.add("CPU a relayed packet, 100 calls of G.711 both ways", "%.1f µs",
		float64((after-before).Microseconds())/float64(max(got, 1)))
	b.table.add("their loss", "%.3f%% of %d packets", 100*float64(sent-got)/float64(sent), sent)
	b.table.add("their delay, p50 and p99", "%s, %s", milliseconds(quantile(delays, 0.5)), milliseconds(quantile(delays, 0.99)))
	return err
}
