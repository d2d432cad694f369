package main

import (
	"net/netip"
	"time"
)

const (
	setupCalls  = 150
	directCalls = 50
	setupRate   = 10
)

// measureSetup takes the time from INVITE to 200 of calls that come now and then.
func (b *bench) measureSetup() error {
	t, err := b.target()
	if err != nil {
		return err
	}
	defer t.Kill()
	through, err := b.setups(setupCalls, b.place.SIP(gatewayHost))
	if err != nil {
		return err
	}
	direct, err := b.setups(directCalls, b.place.SIP(farHost))
	if err != nil {
		return err
	}
	b.table.add("INVITE to 200, 10 calls/s, p50", "%s (without the gateway %s)",
		milliseconds(quantile(through, 0.5)), milliseconds(quantile(direct, 0.5)))
	b.table.add("INVITE to 200, 10 calls/s, p99", "%s (without the gateway %s)",
		milliseconds(quantile(through, 0.99)), milliseconds(quantile(direct, 0.99)))
	return nil
}

// setups places calls to an address and gives how long each took to be answered.
func (b *bench) setups(n int, to netip.AddrPort) ([]time.Duration, error) {
	l, err := newLoad(b.place, to)
	if err != nil {
		return nil, err
	}
	defer l.close()
	calls, err := l.place(n, setupRate)
	if err != nil {
		return nil, err
	}
	var times []time.Duration
	for _, c := range calls {
		times = append(times, c.setup)
	}
	return times, l.hangUp(calls, 200)
}
