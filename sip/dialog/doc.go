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
//	reinvite.go    INVITE within the dialog, from either side; glare
//	ack.go         ACK to a 2xx, both ways
//	bye.go         BYE, both ways, and its crossings
//	cancel.go      CANCEL, both ways, and the crossing with a 2xx
//	options.go     what else comes within a dialog
//	client.go      the client transactions a usage runs; digest challenges
//	server.go      the server transactions a usage runs
//	leftovers.go   what outlives the usage: answers to retransmissions
//
// # Decisions
//
//   - A usage is caller and callee, UAC and UAS, in one type: after the first
//     INVITE both sides of a dialog do the same things.
//   - Requests are rendered once, when they are first sent. A retransmission
//     writes the same bytes.
//   - A Usage that has ended releases itself as soon as nothing of it needs to be
//     sent again by a timer. What only answers retransmissions of the other side
//     (timers D, I, J, L) is handed over by Leftovers, so that an ended call costs
//     a few hundred bytes and not a goroutine for 32 s.
//   - RFC 3261 s15: a callee "MUST NOT send a BYE on a confirmed dialog until it
//     has received an ACK for its 2xx response or until the server transaction
//     times out". Bye waits for it.
package dialog
