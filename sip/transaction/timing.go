package transaction

import "time"

// Timing holds the durations that every timer is made of: RFC 3261 section 17.1.1.1
// and its table 4.
type Timing struct {
	T1 time.Duration // estimate of the round-trip time
	T2 time.Duration // longest retransmit interval for non-INVITE requests and INVITE responses
	T4 time.Duration // longest time that a message stays in the network
	D  time.Duration // how long an INVITE client waits for repeated finals: "at least 32 seconds"
}

// DefaultTiming returns the RFC's values: 500 ms, 4 s, 5 s and 32 s.
func DefaultTiming() Timing {
	return Timing{
		T1: 500 * time.Millisecond,
		T2: 4 * time.Second,
		T4: 5 * time.Second,
		D:  32 * time.Second,
	}
}

// tryingDelay is how long an INVITE server waits for its user's first response:
// "The server transaction MUST generate a 100 (Trying) response unless it knows that
// the TU will generate a provisional or final response within 200 ms" (RFC 3261
// section 17.2.1).
const tryingDelay = 200 * time.Millisecond

// Timeout returns 64*T1: timers B, F, H, J, L and M, and the wait after a CANCEL.
func (t Timing) Timeout() time.Duration { return 64 * t.T1 }

// NonInviteTrying returns how long a non-INVITE server stays silent before it says
// 100: "the amount of time it takes a client transaction's Timer E to be reset to
// T2" (RFC 4320 section 4.1), 3.5 s with the default values.
func (t Timing) NonInviteTrying() time.Duration {
	elapsed, interval := t.T1, 2*t.T1
	for interval < t.T2 {
		elapsed += interval
		interval *= 2
	}
	return elapsed
}

// orDefault fills what is not positive with the RFC's values, so that a zero Timing
// means the default and no machine spins on a zero interval.
func (t Timing) orDefault() Timing {
	d := DefaultTiming()
	for _, f := range []struct{ v, def *time.Duration }{
		{&t.T1, &d.T1}, {&t.T2, &d.T2}, {&t.T4, &d.T4}, {&t.D, &d.D},
	} {
		if *f.v <= 0 {
			*f.v = *f.def
		}
	}
	return t
}

// Transport says whether the network under a transaction may lose messages.
type Transport uint8

const (
	// Unreliable transports (UDP) need retransmissions and time to absorb them.
	Unreliable Transport = iota
	// Reliable transports (TCP, TLS, WebSocket) have no timers A, E and G, and
	// timers D, I, J and K are zero.
	Reliable
)

// String returns "unreliable" or "reliable".
func (t Transport) String() string {
	if t == Reliable {
		return "reliable"
	}
	return "unreliable"
}

// linger returns how long a completed transaction absorbs repetitions: d, or zero
// on a reliable transport.
func (t Transport) linger(d time.Duration) time.Duration {
	if t == Reliable {
		return 0
	}
	return d
}

// Timers are a transaction's two alarms. No machine ever needs more at once: one
// repeats a message, the other ends the state. A zero time is a stopped alarm.
type Timers struct {
	Retransmit time.Time     // timer A, E or G; for a server without a response, the one that says 100
	Interval   time.Duration // what Retransmit was last set to
	Expire     time.Time     // timer B, D, F, H, I, J, K, L or M
}

// Deadline returns the next moment at which the owner must call Step(now, Timer), or
// false when no timer runs. It changes only in Step.
func (t *Timers) Deadline() (time.Time, bool) {
	switch {
	case t.Retransmit.IsZero():
		return t.Expire, !t.Expire.IsZero()
	case t.Expire.IsZero() || t.Retransmit.Before(t.Expire):
		return t.Retransmit, true
	}
	return t.Expire, true
}

// arm starts the retransmit alarm with its first interval.
func (t *Timers) arm(now time.Time, interval time.Duration) {
	t.Interval, t.Retransmit = interval, now.Add(interval)
}

// again moves the retransmit alarm on from the moment it was set for, so that a late
// owner does not shift the RFC's schedule; a very late one is not asked to catch up.
func (t *Timers) again(now time.Time, interval time.Duration) {
	t.Interval, t.Retransmit = interval, t.Retransmit.Add(interval)
	if !t.Retransmit.After(now) {
		t.Retransmit = now.Add(interval)
	}
}

// expireIn stops the retransmit alarm and sets the other to end the state after d.
func (t *Timers) expireIn(now time.Time, d time.Duration) {
	*t = Timers{Expire: now.Add(d)}
}

// hush stops the retransmit alarm.
func (t *Timers) hush() { t.Retransmit, t.Interval = time.Time{}, 0 }

func (t *Timers) expired(now time.Time) bool { return due(t.Expire, now) }
func (t *Timers) resend(now time.Time) bool  { return due(t.Retransmit, now) }

func due(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }
