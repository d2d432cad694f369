package trunk

import (
	"fmt"
	"time"
)

// RegistrationState is where a registration stands.
type RegistrationState uint8

const (
	// Idle has not begun.
	Idle RegistrationState = iota
	// Registering has a REGISTER out and holds no binding.
	Registering
	// Registered holds a binding and rests until it must be refreshed.
	Registered
	// Refreshing holds a binding and has a REGISTER out for it.
	Refreshing
	// Lapsing still holds a binding whose refresh has failed; it waits to try again.
	Lapsing
	// Waiting holds none and waits to try again.
	Waiting
	// Leaving has a REGISTER out that must end before the account is given up.
	Leaving
	// Removing has the REGISTER out that removes the binding.
	Removing
	// Ended does nothing any more.
	Ended
)

var registrationNames = [...]string{
	"idle", "registering", "registered", "refreshing", "lapsing", "waiting", "leaving", "removing", "ended",
}

// String gives the state's name.
func (s RegistrationState) String() string { return name(registrationNames[:], int(s)) }

// Registration is the one binding of the gateway at one carrier: RFC 3261 s10.2 from
// the user agent's side, with the back-off of RFC 5626 s4.5. All of it can be written
// out and read back.
//
//	        Begin: REGISTER
//	Idle ---------------------> Registering <-------------------+
//	                             |       | failure              | timer: REGISTER
//	                         2xx |       +------------------> Waiting
//	                             V     the binding runs out   ^  ^
//	                           Registered --------------------+  | the binding
//	             timer, FlowLost |   ^                           | runs out
//	                    REGISTER V   | 2xx         failure       |
//	Registering <-------------- Refreshing <---------------> Lapsing
//	        the binding runs out               timer: REGISTER
//
//	Registering, Refreshing, Removing
//	    Challenged, 423     REGISTER again, with credentials or a longer time; the
//	                        state stays; at most four times in a row
//
//	Stop, or Change to another account:
//	    Idle                    --> Ended (Stop)
//	    Registering, Refreshing --> Leaving
//	    Leaving                 --> next, when its REGISTER is answered or given up
//	    Registered, Lapsing     --> next
//	    Waiting                 --> next
//	        next: is a binding held that the new account does not have?
//	              REGISTER with Expires 0 --> Removing
//	              else --> Registering with the new account, or Ended
//	    Removing                --> Registering with the new account, or Ended, when
//	                                it is answered or Pace.StopWait is over
type Registration struct {
	State   RegistrationState
	Account Account
	// Next is the account to take after Leaving or Removing; zero is none, then the
	// registration ends.
	Next Account
	Pace Pace
	// CallID is kept for life, and CSeq counts on (RFC 3261 s10.2: "All registrations
	// from a UAC SHOULD use the same Call-ID header field value for registrations sent
	// to a particular registrar").
	CallID string
	CSeq   uint32
	// Asked is the time we ask for, which a 423 may have raised.
	Asked time.Duration
	// Sent is when the last REGISTER was.
	Sent time.Time
	// Until is when the binding runs out; zero when none is held.
	Until time.Time
	// Due is when the state's time is up: to send, or to wait no longer.
	Due time.Time
	// Repeats counts the REGISTERs that were sent again for a challenge or a 423.
	Repeats int
	// Failures counts those in a row; Last is the last one.
	Failures int
	Last     Result
}

// NewRegistration makes a registration that waits for [Begin]. The Call-ID must be
// unique in the world; what is not positive in the pace takes the default.
func NewRegistration(account Account, callID string, pace Pace) Registration {
	pace = pace.orDefault()
	return Registration{Account: account, Pace: pace, CallID: callID, Asked: pace.Expires}
}

// Register is what a REGISTER says.
type Register struct {
	Account Account
	CallID  string
	CSeq    uint32
	// Expires is in seconds; 0 removes the binding (RFC 3261 s10.2.2).
	Expires int
}

// Request gives the REGISTER that SendRegister asks for.
func (r *Registration) Request() Register {
	q := Register{Account: r.Account, CallID: r.CallID, CSeq: r.CSeq}
	if r.State != Removing {
		q.Expires = int(r.Asked / time.Second)
	}
	return q
}

// Bound says whether the carrier has a binding of ours.
func (r *Registration) Bound(now time.Time) bool { return !r.Until.IsZero() && now.Before(r.Until) }

// Reason says why there is no binding, or why its refresh failed, and what to do;
// empty when all is well.
func (r *Registration) Reason() string {
	if r.Failures == 0 {
		if r.State == Waiting {
			return r.Account.Registrar + ": the binding ran out before it could be refreshed"
		}
		return ""
	}
	text := fmt.Sprintf("%s: %s", r.Account.Registrar, r.Last)
	switch {
	case r.Last.Fate != Answered:
	case advice[r.Last.Status] != "":
		text += ": " + advice[r.Last.Status]
	case r.Last.Status >= 300 && r.Last.Status < 400:
		text += ": the registrar has moved: set its new address"
	}
	if r.Failures > 1 {
		text += fmt.Sprintf(" (%d times in a row)", r.Failures)
	}
	return text
}

// Deadline is when to call Step with [Timer]; it is always later than the last step.
func (r *Registration) Deadline() (at time.Time, set bool) { return earliest(r.Due, r.Until) }

// RegistrationEvent is what happens to a registration: [Begin], [Challenged],
// [Accepted], [Failed], [FlowLost], [Change], [Stop] or [Timer].
type RegistrationEvent interface {
	registration(r *Registration, now time.Time, random float64) Actions
}

// Step takes the machine through one event and returns what its owner must do.
// Random is a uniform value in [0,1), used for back-off. An event that has no arrow
// in the diagram is ignored, and so is an answer to any REGISTER but the last.
func (r *Registration) Step(now time.Time, random float64, ev RegistrationEvent) Actions {
	before := r.State
	acts := r.expire(now, random)
	acts |= ev.registration(r, now, random)
	if r.State != before {
		acts |= Report
	}
	return acts
}

// expire does what time has brought.
func (r *Registration) expire(now time.Time, random float64) Actions {
	if reached(r.Until, now) {
		r.lapse()
	}
	if !reached(r.Due, now) {
		return 0
	}
	switch r.State {
	case Registered, Lapsing, Waiting:
		return r.register(now)
	case Registering, Refreshing:
		return r.fail(now, random, Result{Fate: TimedOut})
	case Leaving:
		return r.gaveUpLeaving(now)
	case Removing:
		return r.follow(now)
	}
	return 0
}

// lapse is the end of the binding's time.
func (r *Registration) lapse() {
	r.Until = time.Time{}
	switch r.State {
	case Registered, Lapsing:
		r.State = Waiting
	case Refreshing:
		r.State = Registering
	}
}

// answerWait is when a REGISTER counts as lost, should its owner never say. It is
// well over 64*T1, by when a transaction must have ended (RFC 3261 s17.1.2.2, timer F).
const answerWait = time.Minute

// register begins an attempt to make or to refresh the binding.
func (r *Registration) register(now time.Time) Actions {
	r.State = Registering
	if !r.Until.IsZero() {
		r.State = Refreshing
	}
	r.Repeats = 0
	r.Due = now.Add(answerWait)
	return r.send(now)
}

// send writes a REGISTER. RFC 3261 s10.2: "A UA MUST increment the CSeq value by one
// for each REGISTER request with the same Call-ID."
func (r *Registration) send(now time.Time) Actions {
	r.CSeq++
	r.Sent = now
	return SendRegister
}

// out says whether this is the REGISTER whose answer is waited for.
func (r *Registration) out(cseq uint32) bool {
	switch r.State {
	case Registering, Refreshing, Leaving, Removing:
		return cseq == r.CSeq
	}
	return false
}

// fail waits for another try.
func (r *Registration) fail(now time.Time, random float64, why Result) Actions {
	r.Failures++
	r.Last = why
	r.State = Waiting
	if !r.Until.IsZero() {
		r.State = Lapsing
	}
	r.Due = now.Add(r.Pace.wait(why, r.Failures, random))
	return 0
}
