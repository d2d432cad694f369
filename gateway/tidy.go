package gateway

import (
	"context"
	"runtime/debug"
	"time"
)

// The Go runtime keeps the memory of a busy hour for minutes after it is over. A
// gateway shares its machine with others, so what calls have left is given back
// once most of them have gone.
const (
	tidyEvery = time.Second
	// tidyAfter is how many calls must have ended: below it there is nothing to
	// give back that would be worth a collection.
	tidyAfter = 50
)

// tide follows how many calls there are.
type tide struct{ peak int }

// ebb takes the number of calls and says whether at least half of the most that
// there were since the last ebb have gone.
func (t *tide) ebb(calls int) bool {
	t.peak = max(t.peak, calls)
	if t.peak-calls < tidyAfter || calls > t.peak/2 {
		return false
	}
	t.peak = calls
	return true
}

// tidyAgain is when memory is given back a second time after an ebb: when the
// answers to repetitions, which outlive their calls by 64*T1, have gone too.
const tidyAgain = 45 * time.Second

// tidy gives memory back until ctx ends.
func (g *Gateway) tidy(ctx context.Context) {
	ticker := time.NewTicker(tidyEvery)
	defer ticker.Stop()
	var t tide
	var again time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			g.edge.Expire()
			if ebbs := t.ebb(g.edge.Calls()); ebbs || !again.IsZero() && now.After(again) {
				again = later(ebbs, now)
				debug.FreeOSMemory()
			}
		}
	}
}

// later is when to tidy again: after an ebb, not after the second time.
func later(ebbs bool, now time.Time) time.Time {
	if !ebbs {
		return time.Time{}
	}
	return now.Add(tidyAgain)
}
