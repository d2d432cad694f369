package transaction

import "strings"

// Actions is the set of what an owner must do after a step, in the order of the bits:
// write first, then tell the user, then forget.
type Actions uint8

const (
	// Send writes the kept message once more or for the first time: a client's
	// request, a server's last response. For a server's response event it also
	// says that this response is now the one to keep.
	Send Actions = 1 << iota
	// SendAck writes the ACK to a non-2xx final response (RFC 3261 section
	// 17.1.1.3), the first time and for each repetition of that response.
	SendAck
	// SendCancel starts the CANCEL's own transaction; it comes once.
	SendCancel
	// SendTrying makes a 100 (Trying), keeps it as the last response and writes it.
	SendTrying
	// Deliver passes the message of this event to the transaction's user.
	Deliver
	// TimedOut tells the user that the other side stayed silent: no answer to a
	// client (treated as a 408, RFC 3261 section 8.1.3.1), no ACK to a server, or
	// a user whose answer to a non-INVITE request would now be too late.
	TimedOut
	// TransportFailed tells the user that the network failed (treated by a client
	// as a 503, RFC 3261 section 8.1.3.1).
	TransportFailed
	// Terminated ends the transaction: forget it and the kept message.
	Terminated
)

// Has reports whether all of these actions are in the set.
func (a Actions) Has(all Actions) bool { return a&all == all }

// String lists the actions, joined by "+", or "-" for none.
func (a Actions) String() string {
	if a == 0 {
		return "-"
	}
	var names []string
	for i, n := range actionNames {
		if a&(1<<i) != 0 {
			names = append(names, n)
		}
	}
	return strings.Join(names, "+")
}

var actionNames = [...]string{
	"send", "sendAck", "sendCancel", "sendTrying", "deliver", "timedOut", "transportFailed", "terminated",
}
