package transaction

import "time"

// InviteClient is the INVITE client transaction: RFC 3261 section 17.1.1, RFC 6026
// section 7.2 and, for CANCEL, RFC 3261 section 9.1.
//
//	           |INVITE from TU                      Timer A: send INVITE
//	           V send INVITE                        Timer B, Transport Err.: inform TU
//	     +-----------+   Cancel    +-------------+
//	     |  Calling  |------------>| Withdrawing |
//	     +-----------+             +-------------+
//	           |1xx                       |1xx
//	           |1xx to TU                 |1xx to TU, send CANCEL
//	           V                          V
//	     +------------+  Cancel    +------------+
//	 +---| Proceeding |----------->| Cancelling |  64*T1: inform TU, Terminated
//	 +-->+------------+ send       +------------+
//	1xx to TU  |        CANCEL            |       1xx to TU
//	           |                          |
//	           +-------------+------------+  (and from the two states above)
//	  300-699  |             |2xx
//	  send ACK |             |2xx to TU
//	  to TU    V             V
//	     +-----------+     +----------+
//	 +---| Completed |     | Accepted |---+ 2xx
//	 +-->+-----------+     +----------+<--+ 2xx to TU
//	300-699    |             |
//	send ACK   |Timer D      |Timer M
//	           |Transport    |
//	           |Err. to TU   |
//	           V             V
//	          +---------------+
//	          |  Terminated   |
//	          +---------------+
type InviteClient struct{ Transaction }

// NewInviteClient returns an INVITE client transaction that waits for Start. What is
// zero in the timing takes the RFC's value.
func NewInviteClient(timing Timing, transport Transport) InviteClient {
	return InviteClient{newTransaction(timing, transport)}
}

// Step takes the machine through one event and returns what its owner must do.
func (t *InviteClient) Step(now time.Time, ev Event) Actions {
	switch ev {
	case Start:
		return t.start(now)
	case Timer:
		return t.timer(now)
	case Cancel:
		return t.cancel(now)
	case TransportError:
		return t.transportError()
	}
	switch ev.class() {
	case provisional:
		return t.provisional(now)
	case success:
		return t.success(now)
	case failure:
		return t.failure(now)
	}
	return 0
}

func (t *InviteClient) start(now time.Time) Actions {
	if t.State != Idle {
		return 0
	}
	t.State = Calling
	t.expireIn(now, t.Timing.Timeout()) // timer B
	// "If an unreliable transport is being used, the client transaction MUST start
	// timer A with a value of T1." Section 17.1.1.2.
	if t.Transport == Unreliable {
		t.arm(now, t.Timing.T1)
	}
	return Send
}

func (t *InviteClient) timer(now time.Time) Actions {
	switch {
	case t.expired(now) && (t.State == Completed || t.State == Accepted):
		return t.end(0)
	case t.expired(now):
		return t.end(TimedOut)
	case t.resend(now):
		// "This process MUST continue so that the request is retransmitted with
		// intervals that double after each transmission." There is no cap.
		t.again(now, 2*t.Interval)
		return Send
	}
	return 0
}

// cancel obeys section 9.1: "If no provisional response has been received, the CANCEL
// request MUST NOT be sent; rather, the client MUST wait for the arrival of a
// provisional response before sending the request."
func (t *InviteClient) cancel(now time.Time) Actions {
	switch t.State {
	case Calling:
		t.State = Withdrawing
	case Proceeding:
		return t.sendCancel(now)
	}
	return 0
}

// sendCancel also starts the wait of section 9.1: "If there is no final response for
// the original request in 64*T1 seconds [...], the client SHOULD then consider the
// original transaction cancelled and SHOULD destroy the client transaction".
func (t *InviteClient) sendCancel(now time.Time) Actions {
	t.State = Cancelling
	t.expireIn(now, t.Timing.Timeout())
	return SendCancel
}

// transportError matters where this machine has something to send: the INVITE or the
// ACK. While Proceeding the response may come over another connection (section
// 18.2.2), and in Accepted the ACK is the dialog's.
func (t *InviteClient) transportError() Actions {
	switch t.State {
	case Calling, Withdrawing, Completed:
		return t.end(TransportFailed)
	}
	return 0
}

func (t *InviteClient) provisional(now time.Time) Actions {
	switch t.State {
	case Calling:
		// "In the 'Proceeding' state, the client transaction SHOULD NOT retransmit
		// the request any longer." Timer B is of the Calling state alone.
		t.State = Proceeding
		t.Timers = Timers{}
		return Deliver
	case Withdrawing:
		return Deliver | t.sendCancel(now)
	case Proceeding, Cancelling:
		return Deliver
	}
	return 0
}

func (t *InviteClient) success(now time.Time) Actions {
	switch t.State {
	case Calling, Withdrawing, Proceeding, Cancelling:
		// "the client transaction MUST transition to the 'Accepted' state, and
		// Timer M MUST be started with a value of 64*T1." RFC 6026 section 8.4.
		t.State = Accepted
		t.expireIn(now, t.Timing.Timeout())
		return Deliver
	case Accepted, Completed:
		// "Any 2xx responses that match this client transaction and that are
		// received while in the 'Accepted' state MUST be passed up to the TU."
		// For Completed see the package's decisions.
		return Deliver
	}
	return 0
}

func (t *InviteClient) failure(now time.Time) Actions {
	switch t.State {
	case Calling, Withdrawing, Proceeding, Cancelling:
		return t.complete(now)
	case Completed:
		// "Any retransmissions of a response with status code 300-699 that are
		// received while in the 'Completed' state MUST cause the ACK to be
		// re-passed to the transport layer for retransmission, but the newly
		// received response MUST NOT be passed up to the TU." RFC 6026 section 8.4.
		return SendAck
	}
	return 0
}

// complete starts timer D, "at least 32 seconds for unreliable transports, and a value
// of zero seconds for reliable transports".
func (t *InviteClient) complete(now time.Time) Actions {
	d := t.Transport.linger(t.Timing.D)
	if d == 0 {
		return t.end(SendAck | Deliver)
	}
	t.State = Completed
	t.expireIn(now, d)
	return SendAck | Deliver
}
