// Package refer is REFER as a pure machine: the requests that ask somebody to call
// somebody else (RFC 3515), the subscription that comes with each of them, and the
// headers that transfer needs (RFC 3891, 3892, 4488, 4538).
//
// It stands beside package dialog and not in it, because a REFER within a call's
// dialog begins a second usage of that dialog: the subscription has its own
// life. It ends while the call goes on, a NOTIFY that is refused says nothing about the
// call, and a BYE ends only the call (RFC 5057, RFC 6665 s4.5). The dialog lends
// it its numbers, its route and its transactions; what is to be sent and what it means
// is decided here, and is the same for a REFER outside of any call.
//
//	REFER, SUBSCRIBE, NOTIFY ── Receive ──┐               ┌── Respond: a response
//	a response, a timeout ───── Answered ─┼─▶ Referrals ──┼── Send: a request
//	Accept, Progress, Conclude, Refer ────┘   Tick(now)   └── Report
//
// A machine sends nothing itself: it says method, headers and body, and is told what
// came back. It has no socket, no clock, no lock, no goroutine.
//
//	referrals.go   everything of one dialog: what comes goes to its machine
//	notifier.go    the REFER that came to us: 202, NOTIFYs, their end
//	subscriber.go  the REFER that we sent: its answer, NOTIFYs, their end
//	reference.go   the REFER request: read, written
//	referto.go     Refer-To: whom to call
//	referredby.go  Referred-By: who asked for it
//	replaces.go    Replaces: which dialog ends
//	join.go        Join: which dialog is joined
//	targetdialog.go Target-Dialog: which dialog the sender knows
//	event.go       Event, Subscription-State; the NOTIFY and SUBSCRIBE requests
//	sipfrag.go     message/sipfrag: the status in a NOTIFY
//	message.go     requests, responses, reports as plain values
//	write.go       what every written value must keep to
//
// # Decisions
//
//   - One reference of a dialog runs at a time, in whichever direction. A REFER that
//     comes while one runs gets 491; once the final status is known the next may come,
//     even if the final NOTIFY has not been answered.
//   - The owner decides about a REFER. When it takes longer than Config.AnswerWithin,
//     the 202 goes out by itself and the subscription is pending: RFC 3515 s2.4.2, "the
//     UA MUST return a 202 Accepted response before the REFER transaction expires".
//     RFC 6665 s8.3.1 would now have a 200 there; phones of both ages take the 202.
//   - One NOTIFY is out at a time, since over UDP a second one could overtake it. What
//     happens meanwhile is told by the next one: the latest status, for "The refer event
//     package does not support state deltas" (RFC 3515 s2.4.5). Progress goes out once a
//     second at most (s3.10); the end goes out at once.
//   - The final status is never skipped but for a subscriber that has gone. There is one
//     terminating NOTIFY; it is repeated only when it was refused with Retry-After.
//   - An end of the subscription is no end of the reference. RFC 3515 s2.4.4: "Terminating
//     a subscription, either by explicitly unsubscribing or rejecting NOTIFY, is not an
//     indication that the referenced request should be withdrawn or abandoned."
//   - Only a status line is told, never a response's headers (RFC 3515 s5.3).
//   - Of the headers in a Refer-To only those are passed on that cannot hurt: RFC 3261
//     s19.1.5 warns of the others. Replaces, Require and the method have fields of their
//     own. A method other than INVITE is declined with 603: it is well formed, and s2.4.2
//     has a denied reference declined.
//   - Of a notifier we believe the first final status, also in a NOTIFY that does not
//     terminate; an empty body is no news, a broken one gets 400 and changes nothing.
//   - A NOTIFY without an id belongs to the one subscription that lives; many phones leave
//     the id out after the first REFER, too.
//   - Subscriptions that we hold are not refreshed. The notifier has chosen how long it
//     needs, and what is not known by then is reported as Lost.
package refer
