package transaction

import "time"

// InviteServer is the INVITE server transaction: RFC 3261 section 17.2.1 with RFC 6026
// section 7.1.
//
//	           |INVITE
//	           V INVITE to TU; send 100 if TU won't in 200 ms
//	     +------------+
//	 +---| Proceeding |   INVITE, 1xx from TU: send response
//	 +-->+------------+   Transport Err.: inform TU
//	           |
//	           +--------------------------+
//	  300-699  |                          |2xx from TU
//	  from TU  |                          |send response
//	  send     V                          V
//	     +-----------+               +----------+
//	 +---| Completed |               | Accepted |---+ INVITE: absorbed
//	 +-->+-----------+               +----------+<--+ ACK: to TU
//	INVITE,    |     |                    |           2xx from TU: send response
//	Timer G:   |ACK  |Timer H             |           Transport Err.: inform TU
//	send       |     |inform TU           |
//	response   V     |                    |Timer L
//	  +-----------+  |                    |
//	  | Confirmed |  |                    |
//	  +-----------+  |                    |
//	           |     |                    |
//	    Timer I|     |                    |
//	           V     V                    V
//	         +------------------------------+
//	         |          Terminated          |
//	         +------------------------------+
type InviteServer struct{ Transaction }

// NewInviteServer returns an INVITE server transaction that waits for Start. What is
// zero in the timing takes the RFC's value.
func NewInviteServer(timing Timing, transport Transport) InviteServer {
	return InviteServer{newTransaction(timing, transport)}
}

// Step takes the machine through one event and returns what its owner must do.
func (t *InviteServer) Step(now time.Time, ev Event) Actions {
	switch ev {
	case Start:
		return t.start(now)
	case Request:
		return t.request()
	case Ack:
		return t.ack(now)
	case Timer:
		return t.timer(now)
	case TransportError:
		return t.transportError()
	}
	switch ev.class() {
	case provisional:
		return t.provisional()
	case success:
		return t.success(now)
	case failure:
		return t.failure(now)
	}
	return 0
}

func (t *InviteServer) start(now time.Time) Actions {
	if t.State != Idle {
		return 0
	}
	t.State = Proceeding
	t.arm(now, tryingDelay)
	return Deliver
}

// unanswered is true until the first response: the alarm that says 100 still runs.
func (t *InviteServer) unanswered() bool { return !t.Retransmit.IsZero() }

// request answers a retransmitted INVITE: "If a request retransmission is received
// while in the 'Proceeding' state, the most recent provisional response that was
// received from the TU MUST be passed to the transport layer for retransmission."
// One that comes before any response is what the 100 exists for.
func (t *InviteServer) request() Actions {
	switch {
	case t.State == Proceeding && t.unanswered():
		return t.trying()
	case t.State == Proceeding, t.State == Completed:
		return Send
	}
	return 0
}

func (t *InviteServer) trying() Actions {
	t.hush()
	return SendTrying
}

func (t *InviteServer) ack(now time.Time) Actions {
	switch t.State {
	case Completed:
		return t.confirm(now)
	case Accepted:
		// An ACK to a 2xx is the dialog's, RFC 6026 section 7.1.
		return Deliver
	}
	return 0
}

// confirm starts timer I, "T4 seconds for unreliable transports, and zero seconds for
// reliable transports".
func (t *InviteServer) confirm(now time.Time) Actions {
	i := t.Transport.linger(t.Timing.T4)
	if i == 0 {
		return t.end(0)
	}
	t.State = Confirmed
	t.expireIn(now, i)
	return 0
}

func (t *InviteServer) timer(now time.Time) Actions {
	switch {
	case t.expired(now) && t.State == Completed:
		return t.end(TimedOut) // timer H: no ACK
	case t.expired(now):
		return t.end(0) // timer I or L
	case !t.resend(now):
		return 0
	case t.State == Proceeding:
		return t.trying()
	}
	// Timer G "is reset with a value that doubles, unless that value exceeds T2, in
	// which case it is reset with the value of T2."
	t.again(now, min(2*t.Interval, t.Timing.T2))
	return Send
}

// transportError obeys RFC 6026 section 8.8: "the server transaction SHOULD inform the
// TU that a failure has occurred, and MUST remain in the current state."
func (t *InviteServer) transportError() Actions {
	switch t.State {
	case Proceeding, Completed, Accepted:
		return TransportFailed
	}
	return 0
}

func (t *InviteServer) provisional() Actions {
	if t.State != Proceeding {
		return 0
	}
	t.hush()
	return Send
}

// success starts timer L, 64*T1 on every transport, with the response and not with its
// write, so that a failed write cannot leave the transaction behind for ever: "Timer L
// reflects the amount of time the server transaction could receive 2xx responses for
// retransmission from the TU while it is waiting to receive an ACK" (RFC 6026 section
// 8.7).
func (t *InviteServer) success(now time.Time) Actions {
	switch t.State {
	case Proceeding:
		t.State = Accepted
		t.expireIn(now, t.Timing.Timeout())
		return Send
	case Accepted:
		return Send
	}
	return 0
}

func (t *InviteServer) failure(now time.Time) Actions {
	if t.State != Proceeding {
		return 0
	}
	t.State = Completed
	t.expireIn(now, t.Timing.Timeout()) // timer H
	// "For unreliable transports, timer G is set to fire in T1 seconds, and is not set
	// to fire for reliable transports." Section 17.2.1.
	if t.Transport == Unreliable {
		t.arm(now, t.Timing.T1)
	}
	return Send
}
