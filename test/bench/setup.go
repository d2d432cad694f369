package main

import (
	"fmt"
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
	for _, share := range []float64{0.50, 0.99} {
		b.table.add(fmt.Sprintf("INVITE to 200, 10 calls/s, p%.0f", 100*share), "%s (without the gateway %s)",
			milliseconds(quantile(through, share)), milliseconds(quantile(direct, share)))
	}
	return err
}

// setups places calls to an address and gives how long each took to be answered.
func (b *bench) setups(n int, to netip.AddrPort) (times []time.Duration, err error) {
	l, err := newLoad(b.place, to)
	if err != nil {
		return nil, err
	}
	defer l.close()
	calls, err := l.place(n, setupRate)
	if err != nil {
		return nil, err
	}
	for _, c := range calls {
		times = append(times, c.setup)
	}
	return times, l.hangUp(calls, 200)
}
