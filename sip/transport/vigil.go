package transport

import (
	"math/rand/v2"
	"time"
)

// vigil watches over a stream's silence: until when something must come, and when the
// peer is asked whether it is there. It reads no clock.
//
//	            quiet or first message overdue: ErrIdle
//	          +------------------------------------------> ended
//	watching -+                                              ^
//	   ^      +-- ping is due ---> asked -- 10 s of silence -+  ErrNoPong
//	   +---------- anything comes ---+
type vigil struct {
	limit  time.Time // by when something must have come
	ping   time.Time // when the peer is asked; zero is never
	pong   time.Time // by when it must have said something; zero when it was not asked
	quiet  time.Duration
	every  time.Duration // the longest time between two pings
	proven bool          // it has sent a whole message, or we have dialled it
}

// pongWithin is RFC 5626 section 4.4.1's: "If a pong is not received within 10 seconds
// after sending a ping … then the client MUST treat the flow as failed." Whatever comes
// shows that the flow has not.
const pongWithin = 10 * time.Second

// incomingVigil is for a stream that came in: its first message is due.
func incomingVigil(now time.Time, l Limits) vigil {
	return vigil{limit: now.Add(l.FirstWhole), quiet: l.Quiet}
}

// dialledVigil is for a stream that we dialled, with pings or, for 0, without.
func dialledVigil(now time.Time, l Limits, every time.Duration) vigil {
	v := vigil{limit: now.Add(l.Quiet), quiet: l.Quiet, every: every, proven: true}
	v.schedule(now)
	return v
}

// schedule sets the time of the next ping, by chance in the last fifth of the longest
// (RFC 5626 section 4.4), so that not all peers of a server come at once.
func (v *vigil) schedule(now time.Time) {
	if v.every > 0 {
		v.ping = now.Add(v.every - rand.N(v.every/5+1))
	}
}

// wake is when passed must be called, unless something comes before.
func (v *vigil) wake() time.Time {
	at := v.limit
	for _, t := range []time.Time{v.ping, v.pong} {
		if !t.IsZero() && t.Before(at) {
			at = t
		}
	}
	return at
}

// asked says whether the peer owes the answer to a ping.
func (v *vigil) asked() bool { return !v.pong.IsZero() }

// heard takes that bytes have come, and whether a whole message was among them. What a
// stranger sends before its first message gives it no more time.
func (v *vigil) heard(now time.Time, whole bool) {
	v.proven = v.proven || whole
	if v.proven {
		v.limit = now.Add(v.quiet)
	}
	if v.asked() {
		v.pong = time.Time{}
		v.schedule(now)
	}
}

// passed says what is to be done now that nothing has come: ask the peer, or give up.
func (v *vigil) passed(now time.Time) (ask bool, err error) {
	switch {
	case !now.Before(v.limit):
		return false, ErrIdle
	case v.asked() && !now.Before(v.pong):
		return false, ErrNoPong
	case !v.ping.IsZero() && !now.Before(v.ping):
		v.ping, v.pong = time.Time{}, now.Add(pongWithin)
		return true, nil
	}
	return false, nil
}
