package trunk

import (
	"fmt"
	"math"
	"time"
)

// Urgency says whether a call is free of every limit.
type Urgency uint8

const (
	// Ordinary calls keep to limits and to the health of trunks.
	Ordinary Urgency = iota
	// Emergency calls are never refused by a limit and may try any trunk.
	Emergency
)

// Limits bound the calls of a trunk or of a user. Zero is no limit.
type Limits struct {
	// Calls is how many there may be at a time.
	Calls int
	// CPS is how many may begin in a second, on average; as many as come in a second
	// may come at once, and always one. It may be a fraction: 0.5 is one in 2 s.
	CPS float64
}

// LimitKind is one of the two limits.
type LimitKind uint8

const (
	// MaxCalls is the limit of calls at a time.
	MaxCalls LimitKind = iota
	// MaxCPS is the limit of calls that begin in a second.
	MaxCPS
)

var limitNames = [...]string{"max_calls", "max_cps"}

// String gives the limit's key in the configuration.
func (k LimitKind) String() string { return name(limitNames[:], int(k)) }

// LimitError says which limit refuses a call. Package sip answers such a call with 503
// and Retry-After when nothing else can take it.
type LimitError struct {
	// Of is whose limit it is: "trunk carrier", "user alice".
	Of   string
	Kind LimitKind
	// Max is the limit.
	Max float64
	// Wait is how long until a call may begin; 0 when that depends on a call's end.
	Wait time.Duration
}

// Error says it in words.
func (e *LimitError) Error() string {
	if e.Kind == MaxCPS {
		return fmt.Sprintf("%s has begun %g calls a second (max_cps): the next may begin in %v", e.Of, e.Max, e.Wait)
	}
	return fmt.Sprintf("%s has %g calls (max_calls): the next may begin when one ends", e.Of, e.Max)
}

// RetryAfter is Wait in whole seconds, rounded up, at least 1: a Retry-After header.
func (e *LimitError) RetryAfter() int {
	return max(1, int(math.Ceil(e.Wait.Seconds())))
}

// Meter counts the calls of one trunk or user against its limits. It is a plain value
// and belongs to one goroutine or under one lock, as what is counted for a call in
// several meters must be counted in all or in none: see [Admit].
//
// The rate is a token bucket of a second's calls, kept as the time at which it will be
// full again, so that no fraction of a token is lost in rounding.
type Meter struct {
	// Of names its owner in errors.
	Of     string
	Limits Limits
	// Open is how many calls there are.
	Open int
	// Full is when the bucket will hold all its tokens.
	Full time.Time
}

// Check says whether a call could begin; the error is a *[LimitError].
func (m *Meter) Check(now time.Time, u Urgency) error {
	if u == Emergency {
		return nil
	}
	if m.Limits.Calls > 0 && m.Open >= m.Limits.Calls {
		return &LimitError{Of: m.Of, Kind: MaxCalls, Max: float64(m.Limits.Calls)}
	}
	if wait := m.wait(now); wait > 0 {
		return &LimitError{Of: m.Of, Kind: MaxCPS, Max: m.Limits.CPS, Wait: wait}
	}
	return nil
}

// wait is how long until the bucket holds a token.
func (m *Meter) wait(now time.Time) time.Duration {
	token, depth := m.token()
	if token == 0 {
		return 0
	}
	m.settle(now, depth)
	return m.Full.Add(token - depth).Sub(now)
}

// settle keeps the bucket from being emptier than empty: an emergency call leaves no
// debt, nor does a clock that is set back.
func (m *Meter) settle(now time.Time, depth time.Duration) {
	if most := now.Add(depth); m.Full.After(most) {
		m.Full = most
	}
}

// mostCPS is where a rate is no limit any more; it keeps a token at a nanosecond or more.
const mostCPS = 1e9

// token is the time in which one token comes, and that in which the bucket fills;
// both 0 without a limit.
func (m *Meter) token() (token, depth time.Duration) {
	cps := min(m.Limits.CPS, mostCPS)
	if !(cps > 0) { // not a number, too
		return 0, 0
	}
	// Rounded up: not a call too many. An hour bounds what a tiny rate asks for.
	token = time.Duration(min(math.Ceil(float64(time.Second)/cps), float64(time.Hour)))
	return token, token * time.Duration(max(cps, 1))
}

// Admit begins a call in all the meters, or in none when one refuses: then the error is
// that one's. An emergency call is never refused, but counted, so that it takes the
// place of a later call.
func Admit(now time.Time, u Urgency, meters ...*Meter) error {
	for _, m := range meters {
		if err := m.Check(now, u); err != nil {
			return err
		}
	}
	for _, m := range meters {
		m.begin(now)
	}
	return nil
}

func (m *Meter) begin(now time.Time) {
	m.Open++
	token, depth := m.token()
	if token == 0 {
		return
	}
	if m.Full.Before(now) {
		m.Full = now
	}
	m.Full = m.Full.Add(token)
	m.settle(now, depth)
}

// Release ends a call that was admitted, once.
func (m *Meter) Release() { m.Open = max(m.Open-1, 0) }
