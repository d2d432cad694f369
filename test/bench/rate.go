package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tandem-gateway/tandem/test/peers"
)

// The search for the rate.
const (
	lowestRate  = 200
	highestRate = 6400
	stepTime    = 4 * time.Second
	talkTime    = 200 * time.Millisecond
	precision   = 0.06
)

// measureRate searches the most calls a second of which none fails.
func (b *bench) measureRate() error {
	rate, err := search(lowestRate, highestRate, precision, b.carries)
	if err != nil {
		return err
	}
	b.rate = rate
	b.table.add("calls a second without a failure (INVITE, 180, 200, ACK, 0.2 s, BYE)", "%d", rate)
	return nil
}

// search doubles a number as long as it is good, then halves the gap. It gives the
// greatest that was good; half the lowest, which nobody has tried, when none was.
func search(lowest, highest int, precision float64, good func(int) (bool, error)) (int, error) {
	best, bad := lowest/2, 0
	for n := lowest; bad == 0 && n <= highest; n *= 2 {
		ok, err := good(n)
		if err != nil {
			return best, err
		}
		if ok {
			best = n
		} else {
			bad = n
		}
	}
	for bad > 0 && float64(bad-best) > precision*float64(bad) {
		n := (best + bad) / 2
		ok, err := good(n)
		if err != nil {
			return best, err
		}
		if ok {
			best = n
		} else {
			bad = n
		}
	}
	return best, nil
}

// carries tells whether a fresh gateway carries a rate.
func (b *bench) carries(rate int) (bool, error) {
	t, err := b.target()
	if err != nil {
		return false, err
	}
	defer t.Kill()
	good, err := b.flood(rate*int(stepTime/time.Second), rate)
	if err == nil && good {
		say("%d calls a second: good", rate)
	}
	return good, err
}

// flood makes calls by SIPp at both ends, and tells whether all succeeded and no
// more than one message in a thousand had to be repeated.
func (b *bench) flood(calls, rate int) (bool, error) {
	b.started++
	dir := filepath.Join(b.dir, fmt.Sprintf("flood%d", b.started))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return false, err
	}
	limit := time.Duration(calls/rate)*time.Second + patience
	base := peers.SIPp{Calls: calls, Rate: rate, Quiet: true, Limit: limit, Under: loadCore()}
	far, near := base, base
	far.Name, far.At = "far", b.place.SIP(farHost)
	far.Steps = []string{"called", "ring", "answer", "hungup"}
	near.Name, near.At, near.To, near.Talk = "near", b.place.SIP(nearHost), b.place.SIP(gatewayHost), talkTime
	near.Steps = []string{"call", "answered", "talk", "hangup"}
	called, err := far.Start(dir)
	if err != nil {
		return false, err
	}
	defer called.End()
	calling, err := near.Start(dir)
	if err != nil {
		return false, err
	}
	defer calling.End()
	if why := fault(calls, limit, calling, called); why != nil {
		say("%d calls at %d a second: %v", calls, rate, why)
		return false, nil
	}
	return true, nil
}

// fault says why runs did not end with all calls made and next to nothing repeated.
func fault(calls int, limit time.Duration, runs ...*peers.Run) error {
	for _, r := range runs {
		stats, err := r.Finish(limit + patience)
		if err != nil {
			return fmt.Errorf("%w\n%.600s", err, r.Said())
		}
		// A call has four messages of each side that can be repeated.
		if stats.Succeeded != calls || stats.Repeated > 4*calls/1000 {
			return fmt.Errorf("%s: %+v", r.Name, stats)
		}
	}
	return nil
}
