// Package calltest plays call flows that are written as text, in simulated time
// and over a simulated network, against a whole gateway.
//
// A script reads as the ladder diagram of an RFC. It says what each party sends
// (->) and what it must get (<-), from the party's point of view; what happens
// inside of the gateway it does not say.
//
//	# RFC 3665 3.9: the callee is busy
//	phone alice 192.0.2.10 registers
//	trunk carrier 203.0.113.5
//
//	alice   -> INVITE sip:+14255550100@example.test sdp=offer
//	carrier <- INVITE ruri=sip:+14255550100@* sdp
//	    P-Asserted-Identity ~ <sip:\+14255550101@
//	carrier -> 486
//	carrier <- ACK
//	alice   <- 486 INVITE
//	alice   -> ACK
//	record disposition=busy status=486
//
// # Order
//
// Lines are played from top to bottom. A line with <- waits for the next message
// that its party gets in this call; another message there is a failure. What the
// other parties get meanwhile stays in their own queues, so the order of lines
// matters for each party and not between parties. At the end every queue must be
// empty and the gateway must hold no call, port, socket or goroutine.
//
// Nobody needs a line for: a 100 (one hop's business), a NOTIFY of a REFER that still runs,
// retransmissions (they are marked, and looked at with "again" only), a 401 or 407 to a request that was
// sent without "noauth" (the phone answers it), OPTIONS from outside of a call
// (it gets its 200), and a keep-alive (it gets its pong). A party "by hand" answers none.
//
// # Lines
//
//	config NAME                        NAME.yaml beside the script; "default" without this line
//	config:                            the configuration itself, indented below
//	names:                             a zone file, indented below: all that name servers know
//	only without loss: REASON          the script is not played on a bad network
//	keep provisionals: REASON          101 to 199 are not lost there: nobody repeats them
//	phone NAME ADDRESS [registers] [user=NAME] [password=X] [md5] [notify=STATUS] [by hand] [tcp|tls|sips] [srtp=sdes|best-effort|dtls] [suite=X] [gateway=ADDRESS]
//	trunk NAME ADDRESS [user=NUMBER] [login=USER:PASSWORD] [tcp|tcp-too|tls|sips] [srtp=sdes|best-effort|dtls] [suite=X] [gateway=ADDRESS]
//	stranger NAME ADDRESS
//
//	NAME -> METHOD URI [OPTION...]     a request outside of a call, or a new call
//	NAME -> METHOD [OPTION...]         a request in the call; re-INVITE is an INVITE there
//	NAME -> STATUS [METHOD] [OPTION...]  a response to the last request that has none
//	    Name: value                    sets a header; +Name adds one, !Name removes it
//	    | text                         a line of the body
//	NAME -> raw                        what is below after | as it stands
//	NAME -> keepalive                  CRLF twice, as a phone keeps its connection (RFC 5626 4.4.1)
//	NAME -> pong                       CRLF once: the answer to that
//	NAME <- METHOD|STATUS/STATUS [METHOD] [OPTION...]
//	    Name: a*b                      one line of the header is this, * is anything
//	    Name ~ regexp                  one line matches; !~ none does
//	    Name                           it is there; !Name it is not
//	    | a*b                          a line of the body is this
//	NAME <-? ...                       may come, within 500ms
//	NAME <- nothing for TIME
//	NAME <- pong [within=TIME]         the answer to its keepalive; one without its line is a failure
//	NAME <- keepalive [within=TIME]    the gateway's next one, which the party has answered
//	any order:                         the <- lines below, as they come
//
//	wait TIME                          at TIME waits until then from the begin
//	NAME sends tone [pitch=HZ]         NAME stops tone
//	NAME hears NAME|nothing|music|silence [within=TIME]  nothing: nobody's tone; silence: no packet
//	NAME presses KEYS [each=TIME] [tones]  in its media: telephone-event, or tones; each 160ms
//	NAME sees digits [KEYS]            telephone-events that came: these keys, each once
//	NAME hears digits [KEYS]           keys that came as tones; without KEYS none did
//	NAME and NAME hear each other, both hear each other
//	NAME sprays NAME                   sends its tone to the port that is the other's
//	drop next [N] WHAT [METHOD] to|from NAME   a method, a status or RTP
//	unplug NAME, plug NAME             NAME loses its connections
//	gateway is behind ADDRESS          a NAT: what is sent to that address comes to it
//	gateway adds NUMBER to the call of NAME, gateway removes NAME from the call of NAME
//	                                   NAME is who has placed it; the first is who is in it
//	gateway plays TONE to NAME in the call of NAME [until=KEYS] [alone]
//	                                   a tone of the US to one or everybody: busy, congestion,
//	                                   ringback; it is heard as music is
//	gateway stops playing in the call of NAME
//	gateway drains
//	gateway reloads:                   with the configuration that is indented below
//	record KEY=PATTERN ...             there is such a call record; records N counts them
//
// Options of -> are sdp (sdp=offer, answer, a direction, or same as before),
// codecs=A,B, moves=ADDRESS:PORT (its audio goes there), claims=ADDRESS:PORT (only
// its description says so), tag=X (a fork's To-tag), call=NAME (several calls of
// one party), auth, noauth, replay, expires=N, contact=X, keys=new or keys=false (of SRTP:
// others from here on, or those that it does not use). Options of <- are
// srtp=off, sdes, best-effort or dtls, ruri=a*b, sdp (or sdp=sendonly), no-sdp, codecs=A,B, tag=X, call=NAME, again,
// within=TIME, after=TIME (since the message before), proves=USER:PASSWORD.
//
// {gw} is the gateway's address, {lan} its second one, {NAME} and {NAME.rtp} a party's. {NAME.dialog} is the value
// of a Replaces (RFC 3891) for the party's dialog, {NAME.CALL.dialog} for that of call=CALL;
// {NAME.replaces} is the same for the headers of a URI in Refer-To, and {NAME.target} the
// other side's Contact in it. A NOTIFY with a provisional status is answered by itself, with
// 200 or what notify= says, whether a line looks at it or not; the last one needs its lines.
//
// A party with srtp=sdes describes RTP/SAVP with a key (RFC 4568), with best-effort RTP/AVP
// with one (RFC 8643), with dtls UDP/TLS/RTP/SAVP with a fingerprint (RFC 5763); its only suite is AES_CM_128_HMAC_SHA1_80 unless suite says another.
//
// A party with tls has port 5061 and a certificate for its address, with tls=NAME for
// that name; with sips it also has SIPS URIs. One authority signs for everybody. In a
// configuration {pki} is a directory with ca.pem, and with gateway.pem and gateway.key
// for the gateway, which parties do not talk to without.
//
// The gateway's address is 198.51.100.1. When the configuration has it listen there, it
// also has 2001:db8:ffff::1, which parties of IPv6 talk to, and 192.0.2.254, which those
// talk to that say so with gateway=192.0.2.254: the way from the gateway to 192.0.2.0/24
// begins there. Whatever the script says, every message must come from where its Via and
// Contact say, a response from where its request went, and sound from where the session
// description wants it.
//
// # Bad networks
//
// [Run] plays every script without loss, with 5 % and with 20 % of all packets
// lost, some doubled, and some overtaken. The parties then retransmit as RFC 3261
// says, lines wait as long as retransmissions may take and look behind messages
// that have overtaken theirs, and provisional responses, which nobody repeats,
// need not come. What chance does depends on the seed alone, and it takes no copy
// of one message more than twice, so that no script fails by bad luck. The
// environment's CALLTEST_SEEDS=50 plays each of them with 50 seeds a loss.
//
// A failure shows the ladder as it happened, the line, what it wanted and what
// came, and the gateway's log.
package calltest
