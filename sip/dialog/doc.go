// Package dialog is one leg's SIP signalling as a pure machine: the INVITE usage
// (RFC 5057) with its dialogs (RFC 3261 s12), its transactions (package
// transaction) and its offers and answers (package sdp).
//
// A Usage is told of messages, of commands and of the time; it says which bytes
// to send and what to report. It has no socket, no lock, no goroutine and no
// clock. The loop around it is package sip.
//
//	NewUAS ─ Receive(INVITE) ─┐                      ┌─ Take() []Action: Send, Reports
//	NewUAC ─ Invite ──────────┼─▶  Usage  ───────────┤
//	Provisional, Answer, Bye ─┘   Tick(now)          └─ Deadline()
//
// One file per verb:
//
//	invite_uac.go  the INVITE we send: forks, answers, failures
//	invite_uas.go  the INVITE we receive: provisionals, 2xx until ACK, failures
//	elsewhere.go   the INVITE we send, at the next server of whom we call (RFC 3263)
//	reinvite.go    INVITE within the dialog, from either side; glare
//	update.go      UPDATE (RFC 3311), and the offers in it, early and later
//	glare.go       491 and the back-off after it
//	prack.go       100rel and PRACK (RFC 3262), both ways
//	late_offer.go  the callee's offer to an INVITE of ours that made none
//	identity.go    who the sides say that they are once the call is up (RFC 5876)
//	fate.go        which failures end more than their request (RFC 5057)
//	timer.go       session timers (RFC 4028)
//	ack.go         ACK to a 2xx, both ways
//	bye.go         BYE, both ways, and its crossings
//	refer.go       REFER and NOTIFY, both ways: a usage beside the call (package refer)
//	referee.go     a REFER outside of any call
//	cancel.go      CANCEL, both ways, and the crossing with a 2xx
//	info.go        INFO (RFC 6086 s9), both ways: what the owner says it understands
//	options.go     what else comes within a dialog
//	disown.go      ACK and BYE for a 2xx that nobody waits for
//	leftovers.go   what outlives the usage: answers to retransmissions
//
// and what they stand on:
//
//	usage.go       the usage, its states, its timers
//	dialog.go      the dialog: route set, target, numbers
//	client.go      the client transactions a usage runs; digest challenges
//	server.go      the server transactions a usage runs
//	message.go     how requests are written
//	body.go        the description in a body
//	report.go      what a usage says
//
// # Decisions
//
//   - A usage is caller and callee, UAC and UAS, in one type: after the first
//     INVITE both sides of a dialog do the same things.
//   - Requests are rendered once, when they are first sent. A retransmission
//     writes the same bytes.
//   - A command that does not fit the state is ignored: the report that made it out
//     of date is already on its way. After Cancel, Bye and Reject nothing is
//     reported but Released.
//   - A Usage that has ended releases itself as soon as nothing of it needs to be
//     sent again by a timer. What only answers retransmissions of the other side
//     (timers D, I, J, L) is handed over by Leftovers, so that an ended call costs
//     a few hundred bytes and not a goroutine for 32 s. While its owner still hands
//     it messages, an ended usage answers them itself, without a timer or a report.
//   - RFC 3261 s15: a callee "MUST NOT send a BYE on a confirmed dialog until it
//     has received an ACK for its 2xx response or until the server transaction
//     times out". Bye waits for it.
//   - A request that follows a challenge is a transaction of its own. The challenged
//     one stays until timer D has run, since its ACK may have been lost.
//   - 100rel is of one side: a caller that requires it gets every 18x reliably, one that
//     supports it only those with a description; we always offer it. A caller that requires
//     it and offers nothing gets no 18x before its owner has a description for one: the
//     first reliable one must offer. A 2xx waits for the PRACK to a description.
//   - Reliable responses that overtake others are kept, a few for each fork, and heard when
//     the gap closes: they would come again, but a phone rings the sooner.
//   - Where our INVITE offers nothing, the callee's offer is handed to the owner behind
//     Progressed or Accepted, and the PRACK or the ACK waits for the answer, half of 64*T1
//     at most. It cannot be refused by a status: ports 0 do, and BYE after an ACK.
//   - An answer that went out reliably is the answer. When the 2xx would say another one,
//     it says nothing and a re-INVITE follows the ACK.
//   - Offers of ours go by re-INVITE after the 2xx, by UPDATE before it. A 491 is met by
//     trying again, four times in all; only then the owner hears of it.
//   - A session timer is of one side too. Refreshes are answered and sent here, without a
//     word to the owner: by UPDATE without a description where the other side takes it.
//     An expiry is Left with 408 and "session expired".
//   - A failure of a request within the dialog ends what RFC 5057 s5.1 says, by its table.
//     What ends the call is Left with the status and a BYE: the other side may think
//     otherwise.
//   - Who the other side is, is reported of requests that are accepted, and when it is
//     news; what it said first stands in the INVITE or the 2xx. What we say waits until
//     nothing else is under way, and its failure is nobody's concern.
//   - What a REFER wants and what is told of it is package refer's; here it is sent and
//     answered. Its subscription outlives a BYE of the other side, a BYE of ours waits for
//     the last NOTIFY, two of T1 at most, and no failure of either ends the call.
//   - A peer is taken as it comes where the RFC lets us: responses without a To tag
//     (RFC 2543), a 2xx without Contact (the URI that was called is the target), an
//     ACK with the INVITE's branch. An INVITE without Contact is refused (ReadInvite).
//   - A re-INVITE of ours that the end of the call does not end is cancelled after T2:
//     a transaction that rings has no timer of its own.
//   - A usage keeps no part of a message, but for responses whose turn has not come: what
//     it needs is copied. One whose call is
//     only talking holds no transaction and costs about 2 KiB.
package dialog
