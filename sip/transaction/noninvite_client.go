package transaction

import "time"

// NonInviteClient is the client transaction of every request but INVITE and ACK, a
// CANCEL's too: RFC 3261 section 17.1.2.
//
//	          |Request from TU
//	          V send request
//	    +-----------+
//	+---|  Trying   |    Timer E: send request, twice the interval up to T2
//	+-->+-----------+    Timer F, Transport Err.: inform TU, Terminated
//	          |1xx
//	          |1xx to TU
//	          V
//	    +------------+   Timer E: send request, interval T2
//	+---| Proceeding |   Timer F, Transport Err.: inform TU, Terminated
//	+-->+------------+   1xx to TU
//	          |
//	          |200-699 (from Trying as well)
//	          |response to TU
//	          V
//	    +-----------+
//	    | Completed |    any response: absorbed
//	    +-----------+
//	          |Timer K
//	          V
//	    +------------+
//	    | Terminated |
//	    +------------+
type NonInviteClient struct{ Transaction }

// NewNonInviteClient returns a non-INVITE client transaction that waits for Start.
// What is zero in the timing takes the RFC's value.
func NewNonInviteClient(timing Timing, transport Transport) NonInviteClient {
	return NonInviteClient{newTransaction(timing, transport)}
}

// Step takes the machine through one event and returns what its owner must do.
func (t *NonInviteClient) Step(now time.Time, ev Event) Actions {
	switch ev {
	case Start:
		return t.start(now)
	case Timer:
		return t.timer(now)
	case TransportError:
		return t.transportError()
	}
	switch ev.class() {
	case provisional:
		return t.provisional()
	case success, failure:
		return t.final(now)
	}
	return 0
}

// waiting is true while a final response may still come.
func (t *NonInviteClient) waiting() bool { return t.State == Trying || t.State == Proceeding }

func (t *NonInviteClient) start(now time.Time) Actions {
	if t.State != Idle {
		return 0
	}
	t.State = Trying
	t.expireIn(now, t.Timing.Timeout()) // timer F
	// "If an unreliable transport is in use, the client transaction MUST set timer E
	// to fire in T1 seconds." Section 17.1.2.2.
	if t.Transport == Unreliable {
		t.arm(now, t.Timing.T1)
	}
	return Send
}

func (t *NonInviteClient) timer(now time.Time) Actions {
	switch {
	case t.expired(now) && t.State == Completed:
		return t.end(0)
	case t.expired(now):
		return t.end(TimedOut)
	case t.resend(now):
		t.again(now, t.nextInterval())
		return Send
	}
	return 0
}

// nextInterval gives timer E's next value: "the timer is reset, but this time with a
// value of MIN(2*T1, T2)" and so on in Trying; in Proceeding "Timer E MUST be reset
// with a value of T2 seconds".
func (t *NonInviteClient) nextInterval() time.Duration {
	if t.State == Proceeding {
		return t.Timing.T2
	}
	return min(2*t.Interval, t.Timing.T2)
}

func (t *NonInviteClient) transportError() Actions {
	if !t.waiting() {
		return 0
	}
	return t.end(TransportFailed)
}

// provisional leaves timers E and F as they run; RFC 3261 stops neither.
func (t *NonInviteClient) provisional() Actions {
	if !t.waiting() {
		return 0
	}
	t.State = Proceeding
	return Deliver
}

// final starts timer K: "T4 seconds for unreliable transports, and zero seconds for
// reliable transports".
func (t *NonInviteClient) final(now time.Time) Actions {
	if !t.waiting() {
		return 0
	}
	k := t.Transport.linger(t.Timing.T4)
	if k == 0 {
		return t.end(Deliver)
	}
	t.State = Completed
	t.expireIn(now, k)
	return Deliver
}
