// Package bridge is the call: who is in it, what each of them is in, and who
// hears whom.
//
// A Call is a set of participants, each with a Leg. The first participant is
// the caller; the others are the parties that were dialled for it. Two people
// on the phone and a hunt over four phones and two carriers are the same object
// with other participants.
//
// The package has two halves:
//
//   - Machine is the call as a pure state machine. Its one entry is Step: an
//     Event goes in, Actions come out, and nothing else happens. It knows no
//     socket, no lock and no clock.
//   - Call is the thin loop around it: one goroutine, one inbox, one timer. It
//     carries out what the machine says and brings back what comes of it. All
//     legs of a call run on this goroutine, so their events keep the order in
//     which they came.
//
// The signalling of a participant is a Leg: an interface with one method for
// commands and a handful of Reports that come back. A SIP dialog is one kind of
// leg (package sip); the call does not know which kind it has.
//
// # Where to look
//
//	begin.go    a call arrives; the dialplan's refusal
//	attempt.go  the attempts in order, and when the next one is tried
//	forward.go  users who hand calls on; Max-Forwards and Max-Breadth
//	ring.go     ringing, early media, the ringing time-out
//	answer.go   the first answer wins, the others are cancelled
//	offer.go    offers and answers passed from one party to the other
//	hangup.go   endings: from either side, from the gateway
//	cause.go    statuses, Q.850 values and what the caller is told
//	hearing.go  the hearing table
//	silence.go  rtp.timeout
//	loop.go     the goroutine around the machine
//
// # Decisions
//
//   - An offer is passed end to end: what one party offers is offered to the
//     other with our address in place of theirs, and the answer comes back the
//     same way. Only an offer that repeats the last one, as a session refresh
//     does (RFC 4028 s7.4), is answered here.
//   - While one exchange runs, another offer in the same call is glare, also
//     when it comes from the other party: 491, as RFC 3261 s14.2 has it. An offer
//     of ours in a 2xx is an exchange too, until the ACK answers it.
//   - A party that could not take part in what was agreed (its offer was taken
//     back, or the answer is of no use to it) has the other one offered what was.
//   - Who holds the call goes on holding it while it is asked nothing that it
//     could answer otherwise: an inactive answer to an inactive offer says nothing.
//   - A caller without an offer hears ringing, and no early media: an unreliable
//     183 is not the place for our offer.
//   - A user's forwarding waits until its last phone has failed: one that is busy does
//     not take the call from those that ring. What cannot be followed leaves the call
//     as it would have been without.
//   - Each leg is told once to go. What it still says has crossed that.
//   - A call is forgotten when every leg has released itself, not when the last
//     party hung up: a BYE that nobody acknowledged is still sent again.
package bridge
