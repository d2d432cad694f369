package transaction

import "time"

// NonInviteServer is the server transaction of every request but INVITE and ACK: RFC
// 3261 section 17.2.2 with RFC 4320 section 4.
//
//	          |Request
//	          V request to TU
//	    +------------+
//	    |   Trying   |   Request: discarded
//	    +------------+
//	          |100 from TU, or nothing for 3.5 s (RFC 4320)
//	          |send response
//	          V
//	    +------------+
//	+---| Proceeding |   Request, 100 from TU: send response
//	+-->+------------+   Transport Err.: inform TU
//	          |
//	          |200-699 from TU, not 408 (from Trying as well)
//	          |send response
//	          V
//	    +------------+
//	+---| Completed  |   Request: send response
//	+-->+------------+   Transport Err.: inform TU
//	          |
//	          |Timer J; from Trying and Proceeding: 64*T1, inform TU
//	          V
//	    +------------+
//	    | Terminated |
//	    +------------+
type NonInviteServer struct{ Transaction }

// NewNonInviteServer returns a non-INVITE server transaction that waits for Start.
// What is zero in the timing takes the RFC's value.
func NewNonInviteServer(timing Timing, transport Transport) NonInviteServer {
	return NonInviteServer{newTransaction(timing, transport)}
}

// Step takes the machine through one event and returns what its owner must do.
func (t *NonInviteServer) Step(now time.Time, ev Event) Actions {
	switch ev {
	case Start:
		return t.start(now)
	case Request:
		return t.request()
	case Timer:
		return t.timer(now)
	case TransportError:
		return t.transportError()
	}
	switch ev.class() {
	case provisional:
		return t.provisional(now, ev)
	case success, failure:
		return t.final(now, ev)
	}
	return 0
}

// waiting is true while the user owes a final response.
func (t *NonInviteServer) waiting() bool { return t.State == Trying || t.State == Proceeding }

// start gives the user as long as the client will wait: RFC 4320 section 4.2, "an
// element that cannot respond before the transaction expires will not send a final
// response at all."
func (t *NonInviteServer) start(now time.Time) Actions {
	if t.State != Idle {
		return 0
	}
	t.State = Trying
	t.expireIn(now, t.Timing.Timeout())
	t.arm(now, t.Timing.NonInviteTrying())
	return Deliver
}

func (t *NonInviteServer) request() Actions {
	switch t.State {
	case Proceeding, Completed:
		return Send
	}
	// "Once in the 'Trying' state, any further request retransmissions are discarded."
	return 0
}

// timer says 100 when its time has come: RFC 4320 section 4.1, "Without regard to
// transport, an SIP element MUST respond to a non-INVITE request with a Status-Code of 100
// if it has not otherwise responded after the amount of time it takes a client
// transaction's Timer E to be reset to T2."
func (t *NonInviteServer) timer(now time.Time) Actions {
	switch {
	case t.expired(now) && t.State == Completed:
		return t.end(0)
	case t.expired(now):
		return t.end(TimedOut)
	case t.resend(now):
		t.State = Proceeding
		t.hush()
		return SendTrying
	}
	return 0
}

// transportError obeys RFC 6026 section 8.8, whose text (RFC 3261 section 17.2.4) is
// of both servers: inform the user and stay, since a retransmitted request may come
// from where an answer can be sent to.
func (t *NonInviteServer) transportError() Actions {
	switch t.State {
	case Proceeding, Completed:
		return TransportFailed
	}
	return 0
}

// provisional obeys RFC 4320 section 4.1: "An SIP element MUST NOT send any
// provisional response with a Status-Code other than 100 to a non-INVITE request. An
// SIP element MUST NOT respond to a non-INVITE request with a Status-Code of 100 over
// any unreliable transport, such as UDP, before the amount of time it takes a client
// transaction's Timer E to be reset to T2."
func (t *NonInviteServer) provisional(now time.Time, ev Event) Actions {
	tooEarly := t.State == Trying && t.Transport == Unreliable && !t.resend(now)
	if !t.waiting() || ev.Status() != 100 || tooEarly {
		return 0
	}
	t.State = Proceeding
	t.hush()
	return Send
}

// final starts timer J, "64*T1 seconds for unreliable transports, and zero seconds for
// reliable transports". RFC 4320 section 4.2: "A transaction-stateful SIP element MUST
// NOT send a response with Status-Code of 408 to a non-INVITE request", so a 408 is
// no answer and the transaction waits on.
func (t *NonInviteServer) final(now time.Time, ev Event) Actions {
	if !t.waiting() || ev.Status() == 408 {
		return 0
	}
	j := t.Transport.linger(t.Timing.Timeout())
	if j == 0 {
		return t.end(Send)
	}
	t.State = Completed
	t.expireIn(now, j)
	return Send
}
