package bridge

import "testing"

// TestRingingThenEarlyMedia: 180, then 183 with a description.
func TestRingingThenEarlyMedia(t *testing.T) {
	tell(t, `
	show tell call party connect hear
	alice calls with PCMU te
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
	found 1: carrier
		party 2 idle->connecting
	2 rings 180
		party 2 connecting->ringing
		call connecting->ringing
		tell 1 Ring 180
	2 rings 183 PCMU
		connect 2 to 192.0.2.2:4004 PCMU
		connect 1 to 192.0.2.1:4002 PCMU
		party 2 ringing->earlyMedia
		call ringing->earlyMedia
		tell 1 Progress 183 v1 PCMU
		hear 1<2 2<1
	2 answers PCMU
		connect 2 to 192.0.2.2:4004 PCMU
		connect 1 to 192.0.2.1:4002 PCMU
		party 2 earlyMedia->connected
		tell 1 Answer v1 PCMU
		party 1 connecting->connected
		call earlyMedia->connected
		hear 1<2 2<1
	`)
}

// TestEarlyMediaThenRinging: the 180 after a 183 is passed on, and takes nothing back.
func TestEarlyMediaThenRinging(t *testing.T) {
	tell(t, `
	show tell call hear
	alice calls with PCMU te
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
	found 1: carrier
	2 rings 183 PCMU
		call connecting->earlyMedia
		tell 1 Progress 183 v1 PCMU
		hear 1<2 2<1
	2 rings 180
		tell 1 Ring 180
	2 rings 180
		tell 1 Ring 180
	`)
}

// TestProvisionals: every one over 100 is passed on with its own number.
func TestProvisionals(t *testing.T) {
	tell(t, `
	show tell
	alice calls with PCMU
	found 1: carrier
	2 tries
	2 rings 181
		tell 1 Ring 181
	2 rings 182
		tell 1 Ring 182
	2 rings 183
		tell 1 Ring 183
	2 rings 180 PCMU
		tell 1 Progress 180 v1 PCMU
	`)
}

// TestEarlyMediaChanges: a carrier that moves its announcement sends another 183;
// the same one again is no new version (RFC 3264 s8).
func TestEarlyMediaChanges(t *testing.T) {
	tell(t, `
	show tell connect hear
	alice calls with PCMU PCMA
	found 1: carrier
	2 rings 183 PCMU
		connect 2 to 192.0.2.2:4004 PCMU
		connect 1 to 192.0.2.1:4002 PCMU
		tell 1 Progress 183 v1 PCMU
		hear 1<2 2<1
	2 rings 183 PCMU
		connect 2 to 192.0.2.2:4004 PCMU
		connect 1 to 192.0.2.1:4002 PCMU
		tell 1 Progress 183 v1 PCMU
		hear 1<2 2<1
	2 rings 183 @6000 v2 PCMA
		connect 2 to 192.0.2.2:6000 PCMA
		connect 1 to 192.0.2.1:4002 PCMA
		tell 1 Progress 183 v2 PCMA
		hear 1<2 2<1
	2 answers @6000 v2 PCMA
		connect 2 to 192.0.2.2:6000 PCMA
		connect 1 to 192.0.2.1:4002 PCMA
		tell 1 Answer v2 PCMA
		hear 1<2 2<1
	`)
}

// TestTwoForksWithEarlyMedia: the newest is heard; when it goes, the other one is
// heard again.
func TestTwoForksWithEarlyMedia(t *testing.T) {
	tell(t, `
	given user bob
	show tell hear call shut
	alice calls with PCMU
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
	found 1: desk mobile
	2 rings 183 PCMU
		call connecting->earlyMedia
		tell 1 Progress 183 v1 PCMU
		hear 1<2 2<1
	3 rings 183 PCMU
		tell 1 Progress 183 v1 PCMU
		hear 1<3 3<1
	3 refuses 480
		shut 3
		hear 1<2 2<1
	2 answers PCMU
		tell 1 Answer v1 PCMU
		call earlyMedia->connected
		hear 1<2 2<1
	`)
}

// TestEarlyMediaThenFailure: the announcement is heard, then the status comes.
func TestEarlyMediaThenFailure(t *testing.T) {
	tell(t, `
	show tell hear call
	alice calls with PCMU
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
	found 1: carrier
	2 rings 183 PCMU
		call connecting->earlyMedia
		tell 1 Progress 183 v1 PCMU
		hear 1<2 2<1
	wait 5s
	2 refuses 404
		call earlyMedia->disconnecting 404/1 callee
		tell 1 Refuse 404/1 callee
	`)
}

// TestEarlyMediaThenNextTrunk: the call stays in early media while the next trunk
// is tried, and hears that one as soon as it has some.
func TestEarlyMediaThenNextTrunk(t *testing.T) {
	tell(t, `
	given trunk carrier, trunk backup
	show tell hear call
	alice calls with PCMU
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
	found 1: carrier
	2 rings 183 PCMU
		call connecting->earlyMedia
		tell 1 Progress 183 v1 PCMU
		hear 1<2 2<1
	2 refuses 503
		hear nothing
	found 2: backup
	3 rings 180
		tell 1 Ring 180
	3 rings 183 PCMU
		tell 1 Progress 183 v1 PCMU
		hear 1<3 3<1
	`)
}

// TestUnusableEarlyMedia: a 183 that nobody can listen to is ringing all the same.
func TestUnusableEarlyMedia(t *testing.T) {
	tell(t, `
	show tell hear connect call
	alice calls with PCMU
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
	found 1: carrier
	2 rings 183 G722
		call connecting->ringing
		tell 1 Ring 183
	`)
}
