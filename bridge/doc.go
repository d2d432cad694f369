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
//	keys.go     keys (DTMF): told once, and passed on in the way that each party takes
//	ringback.go what a caller hears before the answer; sound.go the sounds of ours
//	speech.go   who speaks, of several
//	secure.go   SRTP: each party's own keys, and what its protection allows
//	silence.go  rtp.timeout
//	quality.go  how well the parties are heard, each five seconds; one-way audio
//	record.go   recording: what is recorded, pauses, its end; taping.go its files
//	play.go     prompts and tones that are played into the call; prompt.go their sound
//	transfer.go a party hands the other one on; what follows when it fails
//	refer.go    what a REFER says and is told; transfers that a trunk does itself
//	recall.go   nobody takes a transferred call, and its transferor has gone
//	join.go     an attended transfer: a party comes over from another call
//	semiattended.go  the same while the target still rings: its hunt comes over
//	bring.go    the same with a transferor that stays: the transferee comes over
//	replace.go  an INVITE with Replaces: somebody takes a party's place
//	align.go    parties that never negotiated with each other come to talk
//	identity.go who a party is, and how the other one learns it
//	loop.go     the goroutine around the machine
//	fetch.go    how a leg goes from one call's goroutine to another's
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
//   - SRTP is of one side: a party is described our keys for it and nothing of another
//     one's, so SRTP here goes with plain RTP there. Our keys stay for as long as it is in
//     the call. A DTLS handshake that fails ends the call: one would hear nothing.
//   - A party that could not take part in what was agreed (its offer was taken
//     back, or the answer is of no use to it) has the other one offered what was.
//   - Who holds the call goes on holding it while it is asked nothing that it
//     could answer otherwise: an inactive answer to an inactive offer says nothing.
//   - A caller without an offer hears ringing, and no early media: an unreliable
//     183 is not the place for our offer.
//   - A user's forwarding waits until its last phone has failed: one that is busy does
//     not take the call from those that ring. What cannot be followed leaves the call
//     as it would have been without.
//   - A transfer succeeds or leaves the call as it was. The transferor is told by what
//     really happens to the target; until that answers, the transferee hears music or
//     ringing, and never the transferor's line. The hunt for a target is the hunt for a
//     callee, with the transferee in the caller's place: forwarding, fail-over and the
//     ringing time-out are the same code.
//   - An attended transfer moves a leg between two calls with all that belongs to it:
//     its dialog, its ports, its place in the dialplan. A consultation that is still
//     ringing moves as a whole: who rings goes on ringing, for the transferee.
//   - A conference is made by a transferor that stays: the transferee comes to the call in
//     which that one talks, which goes on whatever comes of it. Each of several negotiates
//     with the gateway alone, and of several nobody is handed on.
//   - A recording is a part of the call: it begins with the answer at the earliest, goes on
//     through holds and transfers with whoever is in the call then, and ends with it. A
//     disk that is full or slow ends the recording, with an event, and holds nothing up;
//     at the end of the call its files are waited for, for 10 s at most, so that the last
//     event of a call is its last.
//   - What is played into a call is heard over the voices, or alone, and in the place of music;
//     it is not recorded. Playbacks of one listener queue, those for everybody have a queue of
//     their own. A playback that nobody has a codec for ends with an error, since it would
//     never come to its end.
//   - How well a party is heard is measured from the answer on, and not while somebody holds.
//     Two who talk are watched for one who is not heard at all; of three or more nobody need
//     say anything. Neither of the two is no one-way audio, but a network that is down.
//   - RTCP may share RTP's port where a party offers that. We do not offer it ourselves but
//     for DTLS, which needs it, and where it is in force already.
//   - Each leg is told once to go. What it still says has crossed that.
//   - A call is forgotten when every leg has released itself, not when the last
//     party hung up: a BYE that nobody acknowledged is still sent again.
package bridge
