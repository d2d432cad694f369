package trunk

import "time"

// Backoff is how long to wait after failures in a row.
//
// RFC 5626 s4.5: "W = min( max-time, (base-time * (2 ^ consecutive-failures)))", and
// the wait is found "by selecting a uniform random time between 50 and 100% of the
// upper-bound wait time".
type Backoff struct {
	// Base and Max are base-time and max-time.
	Base, Max time.Duration
}

// Wait gives the wait after so many failures in a row. Random is uniform in [0,1).
// The wait is never under a millisecond.
func (b Backoff) Wait(failures int, random float64) time.Duration {
	upper := min(b.Base, b.Max)
	for i := 0; i < failures && upper < b.Max; i++ {
		upper += min(upper, b.Max-upper) // twice, without an overflow
	}
	return atLeast(between(upper/2, upper, random))
}

func (b Backoff) orDefault(d Backoff) Backoff {
	return Backoff{Base: positive(b.Base, d.Base), Max: positive(b.Max, d.Max)}
}

// between draws from low to high by a uniform value in [0,1).
func between(low, high time.Duration, random float64) time.Duration {
	if !(random > 0) { // not a number, too
		random = 0
	}
	return min(low+time.Duration(float64(high-low)*min(random, 1)), high)
}

// around draws from 90 to 110 % of d, so that trunks do not keep step.
func around(d time.Duration, random float64) time.Duration {
	return atLeast(between(d-d/10, d+d/10, random))
}

// atLeast keeps a deadline in the future.
func atLeast(d time.Duration) time.Duration { return max(d, time.Millisecond) }

// positive takes the default for what is not set.
func positive(d, byDefault time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return byDefault
}

// reached says whether a deadline that is set has come.
func reached(deadline, now time.Time) bool { return !deadline.IsZero() && !now.Before(deadline) }

// earliest is the first of those that are set.
func earliest(a, b time.Time) (at time.Time, set bool) {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		a = b
	}
	return a, !a.IsZero()
}
