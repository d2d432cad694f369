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

// tidy gives memory back until ctx ends: as calls end, and once more as the answers
// to repetitions go, which outlive their calls by 64*T1.
func (g *Gateway) tidy(ctx context.Context) {
	ticker := time.NewTicker(tidyEvery)
	defer ticker.Stop()
	var calls, answers tide
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		ended, expired := calls.ebb(g.edge.Calls()), answers.ebb(g.edge.Expire())
		if ended || expired {
			debug.FreeOSMemory()
		}
	}
}
