package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
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
	b.table.add("calls a second without a failure (INVITE, 180, 200, ACK, 0.2 s, BYE)", "%d", rate)
	return err
}

// search doubles a number as long as it is good, then halves the gap. It gives the
// greatest that was good; half the lowest, which nobody has tried, when none was.
func search(lowest, highest int, precision float64, good func(int) (bool, error)) (int, error) {
	best, bad := lowest/2, 0
	for n := lowest; n != best && n <= highest; {
		ok, err := good(n)
		if err != nil {
			return best, err
		}
		if ok {
			best = n
		} else {
			bad = n
		}
		n = next(best, bad, precision)
	}
	return best, nil
}

// next is what to try when one number was good and another, if not 0, was bad; it
// is the good one when there is nothing more to try.
func next(best, bad int, precision float64) int {
	switch {
	case bad == 0:
		return 2 * best
	case float64(bad-best) <= precision*float64(bad):
		return best
	}
	return (best + bad) / 2
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
	near, far := b.ends(calls, rate)
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
	if why := fault(calls, near.Limit+patience, calling, called); why != nil {
		say("%d calls at %d a second: %v", calls, rate, why)
		return false, nil
	}
	return true, nil
}

// ends are the two SIPps of a flood.
func (b *bench) ends(calls, rate int) (near, far peers.SIPp) {
	limit := time.Duration(calls/rate)*time.Second + patience
	near = peers.SIPp{Calls: calls, Rate: rate, Quiet: true, Limit: limit, Under: loadCore(), Talk: talkTime}
	far = near
	near.Name, near.At, near.To = "near", b.place.SIP(nearHost), b.place.SIP(gatewayHost)
	near.Steps = []string{"call", "answered", "talk", "hangup"}
	far.Name, far.At = "far", b.place.SIP(farHost)
	far.Steps = []string{"called", "ring", "answer", "hungup"}
	return near, far
}

// fault says why runs did not end with all calls made and next to nothing repeated.
func fault(calls int, limit time.Duration, runs ...*peers.Run) error {
	for _, r := range runs {
		stats, err := r.Finish(limit)
		if err != nil {
			return fmt.Errorf("%w%s", err, firstSurprise(r.Said()))
		}
		// A call has four messages of each side that can be repeated.
		if stats.Succeeded != calls || stats.Repeated > 4*calls/1000 {
			return fmt.Errorf("%s: %+v", r.Name, stats)
		}
	}
	return nil
}

// firstSurprise finds in what SIPp says the first message that it did not expect.
func firstSurprise(said string) string {
	_, after, found := strings.Cut(said, "received '")
	line, _, _ := strings.Cut(after, "\n")
	if !found {
		return ""
	}
	_, reason, _ := strings.Cut(after, "\nReason: ")
	reason, _, _ = strings.Cut(reason, "\n")
	return ", first by " + strings.TrimSpace(line) + " " + strings.TrimSpace(reason)
}
