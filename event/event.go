// Package event is the vocabulary in which a call tells what happens to it.
//
// A call emits values of the types below, in order, on its own goroutine; the
// API, the call records, the log and the metrics are folds over them and know
// nothing else of a call. So an event says everything its readers need: none of
// them asks the call a question back. The package imports nothing of ours.
//
// Times are the instants at which the call learnt of a thing, in the clock that
// the call runs on (virtual in tests). Strings are for people and records; what
// a reader must decide on is an enumeration.
package event

import "time"

// Event is one thing that happened to a call. The types of this package are the
// only ones there are.
type Event interface {
	// Of says which call it happened to and when.
	Of() Header
}

// Header is what every event carries.
type Header struct {
	// Call is the call's id, unique across gateways and restarts.
	Call string
	// At is when the call learnt of it.
	At time.Time
}

// Of gives the header; embedding it makes a type an Event.
func (h Header) Of() Header { return h }

// Cause says why a call, a participant or an attempt ended: in SIP's words, in
// Q.850's, and who did it. The zero Cause is "not ended".
type Cause struct {
	// Status is the SIP status (200 for a normal clearing by BYE, 487 for a
	// CANCEL, else the failure's own).
	Status int
	// Q850 is the ISUP cause value (RFC 3398, RFC 3326), 0 when there is none.
	Q850 int
	// By is who ended it.
	By Party
	// Text says it in words, for records and logs.
	Text string
}

// IsZero tells whether nothing has ended yet.
func (c Cause) IsZero() bool { return c == Cause{} }

// CallReceived is the first event of a call that somebody places to us.
type CallReceived struct {
	Header
	// SIPCallID is the Call-ID of the caller's dialog, to find it in a trace.
	SIPCallID string
	// User is the calling user's name, or empty when a trunk calls.
	User string
	// Trunk is the calling trunk's name, or empty when a user calls.
	Trunk string
	// Source is the caller's network address.
	Source string
	// Dialled is the callee as it was dialled, unchanged.
	Dialled string
	// Asserted is who the caller says it is: a number, or a name.
	Asserted string
}

// CallRouted says what the dialplan made of the dialled string.
type CallRouted struct {
	Header
	// Callee is the dialled number as E.164, or the user's name for an internal call.
	Callee string
	// Route is the name of the route that matched; empty for a user's own number.
	Route string
	// CallerID is the number shown to the callee of the first attempt.
	CallerID string
	// Private tells that the caller asked for its identity to be withheld.
	Private bool
	// Emergency tells that this is an emergency call.
	Emergency bool
}

// CallForwarded says that somebody who was called hands the call on, and to whom.
type CallForwarded struct {
	Header
	Kind RouteKind
	// Original was called, Final is called instead.
	Original, Final Identity
	// Reason says in a word what the call was handed on for: "unconditional",
	// "user-busy", "no-answer" or "unavailable" (RFC 5806 s4).
	Reason string
	// Route is the name of the route that leads there; empty for a user.
	Route string
	// Refused says why the call does not go there after all; zero when it does.
	Refused Cause
}

// Identity is a party as the call resource has it: a user, a phone number, or a user
// at that number.
type Identity struct {
	User, Phone string
}

// CallStateChanged says that a call went from one state to another.
type CallStateChanged struct {
	Header
	// From and To are never equal.
	From, To CallState
	// Cause is set when To is CallDisconnecting or CallDisconnected.
	Cause Cause
}

// ParticipantStateChanged says that one party went from one state to another.
type ParticipantStateChanged struct {
	Header
	// Participant is the party's number in its call, from 1; 1 is the caller.
	Participant int
	// Name is the party for people: a user, a number, a trunk.
	Name string
	// From and To are never equal.
	From, To ParticipantState
	// Cause is set when To is ParticipantDisconnected.
	Cause Cause
}

// AttemptStarted says that one try to reach the callee began.
type AttemptStarted struct {
	Header
	// Attempt counts from 1 within the call.
	Attempt int
	// Trunk is the trunk it goes to, or empty.
	Trunk string
	// User is the user whose phone it goes to, or empty.
	User string
	// Target is the Request-URI that was called.
	Target string
	// CallerID is the number as shown to this target.
	CallerID string
	// Since is when it began in another call, which this one goes on with; else zero.
	Since time.Time
}

// AttemptEnded says how one try to reach the callee ended; an attempt that was
// answered ends with status 200 at its answer.
type AttemptEnded struct {
	Header
	Attempt int
	Cause   Cause
	// Into is the call that goes on with it, where it has ended for this one only.
	Into string
}

// Stream is what was counted of the audio that one party sent us.
type Stream struct {
	// Packets and Bytes (of RTP payload and headers) received and accepted.
	Packets, Bytes uint64
	// Lost is expected less received (RFC 3550 A.3).
	Lost int64
	// Jitter is the interarrival jitter (RFC 3550 A.8).
	Jitter time.Duration
	// Relayed counts the packets of others that were sent to this party.
	Relayed uint64
	// Strangers counts packets from addresses that are not this party's.
	Strangers uint64
	// Quality is how well the party was heard in all, Told what it has said last of how it
	// heard us.
	Quality Quality
	Told    Told
}

// MediaEnded gives the final counts of one party's audio.
type MediaEnded struct {
	Header
	Participant int
	Stream      Stream
}

// CallEnded is the last event of a call. Nothing of the call follows it.
type CallEnded struct {
	Header
	Cause Cause
	// Answered is when the callee's answer reached us; zero when nobody answered.
	Answered time.Time
	// Ended is when the call ended for its parties: the BYE, the CANCEL, the final
	// failure. What comes between it and At is only the last BYE's way there.
	Ended time.Time
}
