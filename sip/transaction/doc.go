// Package transaction holds the four state machines of SIP's transaction layer:
// RFC 3261 section 17 as corrected by RFC 6026 (the Accepted states, timers L and
// M) and RFC 4320 (non-INVITE answers). Nothing here sends, waits, locks or looks
// at a clock.
//
// A machine is a plain value of at most 128 bytes. Its owner holds the rendered
// bytes of the one message that it may repeat (a client the request, a server its
// last response), steps the machine with an [Event] and does what the returned
// [Actions] say. So a retransmission costs a write and nothing else, a step
// allocates nothing, and a transaction is written out and read back with any
// encoder, all its fields being exported.
//
//	owner                      machine
//	  | Step(now, Start) -------> |
//	  | <----- Send               |   write the request
//	  | Deadline() = now+T1       |   call Step(then, Timer) at that moment
//	  | Step(now, Response(180))> |
//	  | <----- Deliver            |   hand the response to the dialog
//
// What an owner must keep to:
//
//   - It calls Step with Timer when [Timers.Deadline] is reached, not before
//     (nothing happens) and as soon as it can after.
//   - A server's owner replaces its kept response only when the step for that
//     response says Send. A 180 that comes after a 486 returns no action, and the
//     486 stays what a retransmitted request gets.
//   - After Terminated the value can be dropped; further steps do nothing.
//
// Decisions that the RFCs leave open:
//
//   - There is no timer C; it is a proxy's (RFC 3261 section 16.6). An INVITE that
//     keeps ringing ends when its owner says Cancel, and 64*T1 after the CANCEL at
//     the latest (section 9.1).
//   - Cancel is an event of the INVITE client machine, because only this machine
//     knows whether the CANCEL may go out now or must wait for a provisional
//     response. The CANCEL itself is an ordinary [NonInviteClient].
//   - A 2xx to an INVITE that comes after its non-2xx final response is delivered:
//     a proxy must forward it (section 16.7 step 5), and a callee who has answered
//     would else talk to nobody until its 2xx times out. The dialog acknowledges it
//     and says BYE, as for a 2xx of a second branch.
//   - Retransmitting a 2xx is the dialog's business (section 13.3.1.4); the INVITE
//     server in Accepted passes its 2xx on and swallows retransmitted INVITEs.
//   - A non-INVITE server that was given no answer ends 64*T1 after the request, when
//     its client has ended too; RFC 4320 forbids a 408 and nobody would hear another.
package transaction
