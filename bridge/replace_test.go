package bridge

import "testing"

// TestReplaces is RFC 3891: the carrier's attended transfer ends here with an INVITE that
// takes the place of the party it has transferred.
func TestReplaces(t *testing.T) {
	const talk = `
	show tell hear transfer party
	alice calls with PCMU te
	found 1: carrier
		party 2 idle->connecting
	2 answers PCMU te
		party 2 connecting->connected
		tell 1 Answer v1 PCMU te
		party 1 connecting->connected
		hear 1<2 2<1
	`
	tell(t, talk+`
	replacing 2 carrier PCMU te
		party 3 idle->connecting
		transfer attended transferring of 1 by 2 to carrier
		tell 3 Answer v1 PCMU te as alice
		party 3 connecting->connected
		transfer attended transferred of 1 by 2 to carrier
		tell 2 Hangup 200/16 gateway
		party 2 connected->disconnected 200/16 gateway
		hear 1<3 3<1
	1 hangs up
		party 1 connected->disconnected 200/16 caller
		tell 3 Hangup 200/16 caller
		party 3 connected->disconnected 200/16 caller
	`)
	tell(t, talk+`
	replacing 1 alice nothing
		party 3 idle->connecting
		transfer attended transferring of 2 by 1 to alice
		tell 3 Answer v1 PCMU te as +14255550100
		party 3 connecting->connected
		transfer attended transferred of 2 by 1 to alice
		tell 1 Hangup 200/16 gateway
		party 1 connected->disconnected 200/16 gateway
		hear nothing
	3 agrees PCMU te
		hear 2<3 3<2
	`)
	for _, c := range []struct{ line, status string }{
		{"replacing 0 carrier PCMU te", "481/41"},
		{"replacing 7 carrier PCMU te", "481/41"},
		{"replacing 2 mallory PCMU te", "403/21"},
		{"replacing 2 carrier PCMU te early-only", "486/17"},
		{"replacing 2 carrier opus", "488/65"},
	} {
		tell(t, talk+c.line+`
		party 3 idle->connecting
		tell 3 Refuse `+c.status+` gateway
		party 3 connecting->disconnected `+c.status+` gateway
		hear 1<2 2<1
	1 hangs up
		party 1 connected->disconnected 200/16 caller
		tell 2 Hangup 200/16 caller
		party 2 connected->disconnected 200/16 caller
		`)
	}
}

// TestPickUp: a phone of the user takes the call that rings at another one of its own.
func TestPickUp(t *testing.T) {
	const rings = `
	given user bob
	show tell hear party call attempt
	alice calls with PCMU PCMA te
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
	found 1: desk
		attempt 1 to bob at sip:desk as +14255550101
		party 2 idle->connecting
	2 rings 180
		party 2 connecting->ringing
		call connecting->ringing
		tell 1 Ring 180
	`
	tell(t, rings+`
	replacing 2 bob PCMA te
		party 3 idle->connecting
		attempt 2 to bob at picked up from desk as
		tell 3 Answer v1 PCMA te as alice
		attempt 2 ended 200/16 callee
		attempt 1 ended 487/26 gateway
		tell 2 Hangup 200/26 gateway
		party 2 ringing->disconnected 200/26 gateway
		party 3 connecting->connected
		tell 1 Answer v1 PCMA te as bob
		party 1 connecting->connected
		call ringing->connected
		hear 1<3 3<1
	3 hangs up
		call connected->disconnecting 200/16 callee
		party 3 connected->disconnected 200/16 callee
		tell 1 Hangup 200/16 callee
		party 1 connected->disconnected 200/16 callee
	`)
	tell(t, rings+`
	replacing 2 bob opus
		party 3 idle->connecting
		tell 3 Refuse 488/65 gateway
		party 3 connecting->disconnected 488/65 gateway
		hear nothing
	replacing 1 alice PCMU
		party 4 idle->connecting
		tell 4 Refuse 481/41 gateway
		party 4 connecting->disconnected 481/41 gateway
		hear nothing
	2 refuses 486
		attempt 1 ended 486/0 callee
		party 2 ringing->disconnected 486/0 callee
		call ringing->disconnecting 486/17 callee
		tell 1 Refuse 486/17 callee
		party 1 connecting->disconnected 486/17 callee
	`)
}
