package transaction

import "strconv"

// Event is what happens to a transaction. The numbers 100 to 699 are responses by
// their status code: a client has received it, a server's user wants it sent. The
// others are the constants below. A machine ignores an event that has no arrow in
// its diagram.
type Event uint16

const (
	// Start begins the transaction: a client's request is ready to be sent, a
	// server's first request has come in.
	Start Event = 1 + iota
	// Timer says that the deadline has been reached.
	Timer
	// TransportError says that the network could not take a message of this
	// transaction, or that its connection has died.
	TransportError
	// Cancel says that the owner no longer wants an INVITE client's request.
	Cancel
	// Request is a retransmission of a server's request.
	Request
	// Ack is an ACK that matches an INVITE server.
	Ack
)

// Response returns the event for a response with this status code, or an event that
// every machine ignores when the code is not within 100 to 699.
func Response(status int) Event {
	if status < 100 || status > 699 {
		return 0
	}
	return Event(status)
}

// Status returns the status code of a response event, or 0 for other events.
func (e Event) Status() int {
	if e < 100 {
		return 0
	}
	return int(e)
}

// String returns the event's name or its status code.
func (e Event) String() string {
	if e >= 100 {
		return strconv.Itoa(int(e))
	}
	return name(eventNames[:], int(e))
}

var eventNames = [...]string{"none", "start", "timer", "transportError", "cancel", "request", "ack"}

// class is the arrow's label in the RFC's figures.
type class uint8

const (
	other class = iota
	provisional
	success
	failure
)

func (e Event) class() class {
	switch {
	case e < 100:
		return other
	case e < 200:
		return provisional
	case e < 300:
		return success
	}
	return failure
}

func name(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return strconv.Itoa(i)
}
