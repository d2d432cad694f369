package trunk

import "time"

// The events of a registration that its owner decides on.
type (
	// Begin sends the first REGISTER. It also begins a [Health].
	Begin struct{}
	// Timer says that the deadline has been reached.
	Timer struct{}
	// FlowLost says that the connection which the REGISTER went over has died: the
	// carrier may not reach us any more.
	FlowLost struct{}
	// Change gives another account or pace, as after a reload. An equal account sends
	// nothing, the zero Account is [Stop]; a pace holds from the next REGISTER on.
	Change struct {
		Account Account
		Pace    Pace
	}
	// Stop ends the registration and removes the binding.
	Stop struct{}
)

func (Begin) registration(r *Registration, now time.Time, _ float64) Actions {
	if r.State != Idle {
		return 0
	}
	return r.register(now)
}

// registration has nothing left to do: Step looks at the time before every event.
func (Timer) registration(*Registration, time.Time, float64) Actions { return 0 }

// registration registers again over a new flow. RFC 5626 s4.5: "When a flow used for
// registration … fails, the UA needs to form a new flow to replace the old flow and
// replace any registrations that were previously sent over this flow." Where flows die
// as soon as they are made that is not done more often than after a failure.
func (FlowLost) registration(r *Registration, now time.Time, _ float64) Actions {
	if r.State != Registered {
		return 0
	}
	again := r.Sent.Add(r.Pace.Backoff.Base / 2)
	if !now.Before(again) {
		return r.register(now)
	}
	if again.Before(r.Due) {
		r.Due = again
	}
	return 0
}

// registration takes another account. RFC 3261 s10.2: "UAs MUST NOT send a new
// registration (that is, containing new Contact header field values, as opposed to a
// retransmission) until they have received a final response from the registrar for the
// previous one or the previous REGISTER request has timed out."
func (e Change) registration(r *Registration, now time.Time, random float64) Actions {
	if e.Account == (Account{}) {
		return Stop{}.registration(r, now, random)
	}
	r.setPace(e.Pace.orDefault())
	switch r.State {
	case Idle:
		r.Account = e.Account
	case Leaving, Removing:
		if r.Next != (Account{}) { // what stops does not begin again
			r.Next = e.Account
		}
	case Registering, Refreshing:
		if e.Account != r.Account {
			r.State, r.Next = Leaving, e.Account
		}
	case Registered, Lapsing, Waiting:
		if e.Account != r.Account {
			r.Next = e.Account
			return r.leave(now)
		}
	}
	return 0
}

func (r *Registration) setPace(p Pace) {
	if p.Expires != r.Pace.Expires {
		r.Asked = p.Expires
	}
	r.Pace = p
}

// registration ends within Pace.StopWait, answered or not.
func (Stop) registration(r *Registration, now time.Time, _ float64) Actions {
	by := now.Add(r.Pace.StopWait)
	r.Next = Account{}
	switch r.State {
	case Idle:
		return r.follow(now)
	case Registering, Refreshing:
		r.State, r.Due = Leaving, by
	case Leaving, Removing:
		if by.Before(r.Due) {
			r.Due = by
		}
	case Registered, Lapsing, Waiting:
		r.Due = by
		return r.leave(now)
	}
	return 0
}

// leave gives up the account, now that no REGISTER is out: it removes a binding that
// the next one does not take over. RFC 3261 s10.2.2: "A UA requests the immediate removal
// of a binding by specifying an expiration interval of '0' for that contact address in a
// REGISTER request."
func (r *Registration) leave(now time.Time) Actions {
	if r.Until.IsZero() || r.Next.binds(r.Account) {
		return r.follow(now)
	}
	r.State, r.Repeats = Removing, 0
	if r.Next != (Account{}) { // a stop has set its end already
		r.Due = now.Add(r.Pace.StopWait)
	}
	return r.send(now)
}

// gaveUpLeaving goes on without the answer that was waited for: there is no time left
// for more when we stop.
func (r *Registration) gaveUpLeaving(now time.Time) Actions {
	if r.Next == (Account{}) {
		return r.follow(now)
	}
	return r.leave(now)
}

// follow goes on to the next account, or ends.
func (r *Registration) follow(now time.Time) Actions {
	if r.Next == (Account{}) {
		r.State, r.Until, r.Due = Ended, time.Time{}, time.Time{}
		return Finished
	}
	if r.State == Removing {
		r.Until = time.Time{}
	}
	if r.Next.Registrar != r.Account.Registrar {
		r.Asked = r.Pace.Expires
	}
	r.Account, r.Next = r.Next, Account{}
	r.Failures, r.Last = 0, Result{}
	return r.register(now)
}
