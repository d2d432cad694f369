package bridge

import "testing"

// TestAnsweredCall is the main job whole: nothing of it is left out.
func TestAnsweredCall(t *testing.T) {
	tell(t, `
	alice calls with PCMU PCMA te
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
		locate 1 trunk carrier
	found 1: carrier
		attempt 1 to carrier at sip:carrier as +14255550101
		party 2 idle->connecting
		dial 2 sip:carrier with v1 PCMU PCMA te
	2 tries
	2 rings 180
		party 2 connecting->ringing
		call connecting->ringing
		tell 1 Ring 180
	wait 3s
	2 answers PCMA te
		connect 2 to 192.0.2.2:4004 PCMA te
		connect 1 to 192.0.2.1:4002 PCMA te
		attempt 1 ended 200/16 callee
		party 2 ringing->connected
		tell 1 Answer v1 PCMA te
		party 1 connecting->connected
		call ringing->connected
		hear 1<2 2<1
	wait 60s
	1 hangs up
		call connected->disconnecting 200/16 caller
		party 1 connected->disconnected 200/16 caller
		shut 1
		tell 2 Hangup 200/16 caller
		party 2 connected->disconnected 200/16 caller
		shut 2
	1 released
	2 released
		call disconnecting->disconnected 200/16 caller
		ended 200/16 caller, answered at 3s
		forget
	`)
}

func TestCalleeHangsUp(t *testing.T) {
	tell(t, `
	show tell call ended forget
	alice calls with PCMU
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
	found 1: carrier
	2 answers PCMU
		tell 1 Answer v1 PCMU
		call connecting->connected
	2 hangs up
		call connected->disconnecting 200/16 callee
		tell 1 Hangup 200/16 callee
	# the order in which the legs release themselves does not matter
	2 released
	1 released
		call disconnecting->disconnected 200/16 callee
		ended 200/16 callee, answered at 0s
		forget
	`)
}

// TestBothHangUp: BYE crosses BYE.
func TestBothHangUp(t *testing.T) {
	tell(t, `
	show tell ended
	alice calls with PCMU
	found 1: carrier
	2 answers PCMU
		tell 1 Answer v1 PCMU
	1 hangs up
		tell 2 Hangup 200/16 caller
	2 hangs up
	2 released
	1 released
		ended 200/16 caller, answered at 0s
	`)
}

// TestDialogDies: 64*T1 without ACK, or 408 to a re-INVITE, is the gateway's word.
func TestDialogDies(t *testing.T) {
	tell(t, `
	show tell ended
	alice calls with PCMU
	found 1: carrier
	2 answers PCMU
		tell 1 Answer v1 PCMU
	1 dies
		tell 2 Hangup 408/102 gateway
	1 released
	2 released
		ended 408/102 gateway, answered at 0s
	`)
}

// TestLegEndsByItself: whatever made a leg release itself, the others are told.
func TestLegEndsByItself(t *testing.T) {
	tell(t, `
	show tell ended
	alice calls with PCMU
	found 1: carrier
	2 answers PCMU
		tell 1 Answer v1 PCMU
	2 released
		tell 1 Hangup 500/41 gateway
	1 released
		ended 500/41 gateway, answered at 0s
	`)
	tell(t, `
	given trunk carrier, trunk backup
	show tell dial attempt ended
	alice calls with PCMU
	found 1: carrier
		attempt 1 to carrier at sip:carrier as +14255550101
		dial 2 sip:carrier with v1 PCMU
	2 released
		attempt 1 ended 500/41 gateway
	found 2: backup
		attempt 2 to backup at sip:backup as +14255550101
		dial 3 sip:backup with v1 PCMU
	1 released
		attempt 2 ended 500/41 gateway
		tell 3 Hangup 500/41 gateway
		ended 500/41 gateway, never answered
	3 released
	`)
}

// TestFirstPhoneWins: RFC 3326 s2 gives the words for the others.
func TestFirstPhoneWins(t *testing.T) {
	tell(t, `
	given user bob
	alice calls with PCMU te
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
		locate 1 user bob
	found 1: desk mobile softphone
		attempt 1 to bob at sip:desk as +14255550101
		party 2 idle->connecting
		dial 2 sip:desk with v1 PCMU te breadth 20
		attempt 2 to bob at sip:mobile as +14255550101
		party 3 idle->connecting
		dial 3 sip:mobile with v1 PCMU te breadth 20
		attempt 3 to bob at sip:softphone as +14255550101
		party 4 idle->connecting
		dial 4 sip:softphone with v1 PCMU te breadth 20
	2 rings 180
		party 2 connecting->ringing
		call connecting->ringing
		tell 1 Ring 180
	3 rings 180
		party 3 connecting->ringing
		tell 1 Ring 180
	3 answers PCMU te
		connect 3 to 192.0.2.3:4006 PCMU te
		connect 1 to 192.0.2.1:4002 PCMU te
		attempt 2 ended 200/16 callee
		attempt 1 ended 487/26 gateway
		tell 2 Hangup 200/26 gateway
		party 2 ringing->disconnected 200/26 gateway
		shut 2
		attempt 3 ended 487/26 gateway
		tell 4 Hangup 200/26 gateway
		party 4 connecting->disconnected 200/26 gateway
		shut 4
		party 3 ringing->connected
		tell 1 Answer v1 PCMU te
		party 1 connecting->connected
		call ringing->connected
		hear 1<3 3<1
	# desk ends with 487; softphone's 200 has crossed the CANCEL: its leg ends it
	2 refuses 487
	2 released
	4 answers PCMU te
	4 hangs up
	4 released
	1 hangs up
		call connected->disconnecting 200/16 caller
		party 1 connected->disconnected 200/16 caller
		shut 1
		tell 3 Hangup 200/16 caller
		party 3 connected->disconnected 200/16 caller
		shut 3
	3 released
	1 released
		call disconnecting->disconnected 200/16 caller
		ended 200/16 caller, answered at 0s
		forget
	`)
}

// TestAnswerTwice: an answer that is told twice changes nothing.
func TestAnswerTwice(t *testing.T) {
	tell(t, `
	alice calls with PCMU
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
		locate 1 trunk carrier
	show tell call ended
	found 1: carrier
	2 answers PCMU
		tell 1 Answer v1 PCMU
		call connecting->connected
	show
	2 answers PCMU
	2 rings 180
	2 refuses 486
	2 tries
	`)
}

func TestAnswerWithoutUsableCodec(t *testing.T) {
	tell(t, `
	given trunk carrier, trunk backup
	show tell attempt ended
	alice calls with PCMU te
	found 1: carrier
		attempt 1 to carrier at sip:carrier as +14255550101
	2 answers G722
		attempt 1 ended 488/65 gateway
		tell 2 Hangup 488/65 gateway
		tell 1 Refuse 488/65 gateway
	2 released
	1 released
		ended 488/65 gateway, never answered
	`)
	for name, answer := range map[string]string{
		"none at all": "nothing", "a refused stream": "port0 PCMU", "keys alone": "te",
	} {
		t.Run(name, func(t *testing.T) {
			tell(t, `
			show tell
			alice calls with PCMU te
			found 1: carrier
			2 answers `+answer+`
				tell 2 Hangup 488/65 gateway
				tell 1 Refuse 488/65 gateway
			`)
		})
	}
}

// TestUnusableAnswerWhileOthersRing: the call waits for the others.
func TestUnusableAnswerWhileOthersRing(t *testing.T) {
	tell(t, `
	given user bob
	show tell
	alice calls with PCMU
	found 1: desk mobile
	2 answers G722
		tell 2 Hangup 488/65 gateway
	3 answers PCMU
		tell 1 Answer v1 PCMU
	`)
}

// TestRenumberedAnswer: RFC 3264 s6.1 lets an answerer use its own numbers; the
// caller is answered with the caller's.
func TestRenumberedAnswer(t *testing.T) {
	tell(t, `
	show tell connect dial
	alice calls with opus PCMU te/96
	found 1: carrier
		dial 2 sip:carrier with v1 opus PCMU te/96
	2 answers PCMU te/102
		connect 2 to 192.0.2.2:4004 PCMU te/102<96
		connect 1 to 192.0.2.1:4002 PCMU te/96
		tell 1 Answer v1 PCMU te/96
	`)
}

// TestCallWithoutOffer: the callee is offered what every phone has, the caller
// what the callee has answered; its answer comes with the ACK.
func TestCallWithoutOffer(t *testing.T) {
	tell(t, `
	alice calls with nothing
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
		locate 1 trunk carrier
	found 1: carrier
		attempt 1 to carrier at sip:carrier as +14255550101
		party 2 idle->connecting
		dial 2 sip:carrier with v1 PCMU PCMA te
	# early media is of no use: there is nothing in an unreliable 183 that the
	# caller could answer (RFC 3261 s13.2.1)
	2 rings 183 PCMA te
		party 2 connecting->ringing
		call connecting->ringing
		tell 1 Ring 183
	2 answers PCMA te
		connect 2 to 192.0.2.2:4004 PCMA te
		attempt 1 ended 200/16 callee
		party 2 ringing->connected
		tell 1 Answer v1 PCMA te
		party 1 connecting->connected
		call ringing->connected
		hear nothing
	# the callee's own offer has to wait for the ACK
	2 offers v2 PCMA te sendonly
		tell 2 RefuseOffer 491
	1 agrees PCMA te
		connect 1 to 192.0.2.1:4002 PCMA te
		hear 1<2 2<1
	2 offers v2 PCMA te sendonly
		tell 1 Offer v2 PCMA te sendonly
	1 agrees v2 PCMA te recvonly
		connect 1 to 192.0.2.1:4002 PCMA te sendonly
		connect 2 to 192.0.2.2:4004 PCMA te recvonly
		tell 2 AcceptOffer v2 PCMA te recvonly
		party 1 connected->hold
		call connected->remoteHold
		hear 1<2 2<1
	`)
}

// TestCallWithoutOfferUnanswered: an ACK that answers nothing usable leaves a call
// that nobody can talk in.
func TestCallWithoutOfferUnanswered(t *testing.T) {
	for name, line := range map[string]string{
		"another codec": "1 agrees G722", "a refused stream": "1 agrees port0 PCMU", "nothing": "1 declines 488",
	} {
		t.Run(name, func(t *testing.T) {
			tell(t, `
			show tell ended
			alice calls with nothing
			found 1: carrier
			2 answers PCMU te
				tell 1 Answer v1 PCMU te
			`+line+`
				tell 1 Hangup 488/65 gateway
				tell 2 Hangup 488/65 gateway
			1 released
			2 released
				ended 488/65 gateway, answered at 0s
			`)
		})
	}
}
