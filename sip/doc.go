// Package sip is the SIP edge: it turns messages into legs of calls and legs into
// messages. The calls themselves are package bridge's; what a leg may say and
// when is package dialog's; this package is the loop around them and decides who
// may come in.
//
//	bytes ─▶ transport ─▶ receive.go ─┬─▶ a call's leg, by our tag or our branch
//	                                  ├─▶ invite.go     a new call
//	                                  ├─▶ register.go   the registrar
//	                                  ├─▶ stateless.go  what is answered at once
//	                                  └─▶ linger.go     repetitions of what is over
//
// # Decisions
//
//   - sipgo gives the messages; its transport and transaction layers are not used
//     (packages transport and wire say why).
//   - Everything before a call exists is stateless (RFC 3261 s8.2.7): a stranger
//     who sends INVITEs gets 401s and costs no memory. To tags of such answers are
//     derived from the request, so a repetition gets the same one.
//   - Our tags and branches begin with the id of their call. A message finds its
//     call by one look-up, and its leg by the number behind the id.
//   - A phone is called, and sent requests within a dialog, over the flow it came
//     on, whatever its Contact says: behind a NAT there is no other way. A trunk is
//     sent what its Contact and Record-Route say (RFC 3261 s12.2.1.1).
//   - A trunk called by TLS must prove who it is (package transport), and what began
//     by TLS does not go on in clear. SIPS URIs on one side bring SIPS URIs in our
//     Contact there; what becomes of the call on the other side is the route's.
//   - Headers end at the gateway but for those that a trunk names (pass_headers). What
//     tells who is who, and by whom a call was diverted, is written anew for each peer.
//   - A source is matched to a trunk by address, and where two trunks share one by
//     the port or by the domain in From. Anybody else must authenticate, and so must
//     at a trunk's address who says to be one of our users, or sends over the flow
//     of a registered phone.
//   - Trunks are watched by one goroutine (watch.go), which steps the machines of package
//     trunk: OPTIONS, registrations, and what calls tell it of their INVITEs. A call is
//     given the trunks of its route in the order of what is known of them when it begins
//     (choose.go); none is tried that is down or at its limit, but by emergency calls.
//   - Calls of a carrier with which we are registered come from where that is, and are
//     not challenged. One to our Contact there is to the number in To.
//   - Where a trunk is may have to be asked of name servers; a call's goroutine does not
//     wait for them (dial.go). A trunk's servers are tried in order within one attempt,
//     and those that have failed lately last, by calls, pings and registrations alike
//     (servers.go, locate.go).
//   - A phone whose connection has died is looked for among those that have registered
//     since, by its instance, its contact, or its address (phones.go).
//   - A phone that redirects a call deflects it: it is forwarded by that user to what the
//     user could have dialled (failover.go). That a phone says so is enough: it has the
//     user's password and could call there itself.
//   - Behind a NAT our Via and Contact have its address for everybody (secure.go), also for
//     who is on the inner side: the NAT must let packets turn around for them.
//   - A REFER within a dialog is its call's, and is not challenged: who sends it has proved
//     who it is when the dialog began. Which dialog a Replaces means is found by our tag in
//     it. One that is not ours is passed on, unless it is to be replaced here.
//   - A REFER outside of a dialog is click to dial, for users only: their phones are called,
//     and who answers is transferred (clicktodial.go).
//   - An INVITE with Replaces must be from somebody who may call; whose place it may take is
//     asked of the call, on whose goroutine the new leg is made.
//   - A redirection of a trunk is followed within the trunk that gave it, and nowhere else: another
//     trunk has not agreed to what this one is told of the caller.
//   - A call that is over leaves its id for 64*T1, and what its peers may repeat with
//     their answers. Responses to calls that were never here are dropped.
//   - An INFO tells keys and nothing else (keys.go): of another type it gets 415. Who is told
//     keys by INFO gets one at a time; one that refuses it gets tones from then on.
package sip
