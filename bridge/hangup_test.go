package bridge

import "testing"

func TestCallerCancelsWhileRinging(t *testing.T) {
	tell(t, `
	show tell call party attempt shut ended forget
	alice calls with PCMU
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
	found 1: carrier
		attempt 1 to carrier at sip:carrier as +14255550101
		party 2 idle->connecting
	2 rings 180
		party 2 connecting->ringing
		call connecting->ringing
		tell 1 Ring 180
	1 cancels
		call ringing->disconnecting 487/0 caller
		party 1 connecting->disconnected 487/0 caller
		shut 1
		attempt 1 ended 487/0 caller
		tell 2 Hangup 487/0 caller
		party 2 ringing->disconnected 487/0 caller
		shut 2
	1 released
		call disconnecting->disconnected 487/0 caller
		ended 487/0 caller, never answered
	2 refuses 487
	2 released
		forget
	`)
}

// TestCancelCrossesAnswer: the callee's 2xx comes after the caller's CANCEL. It is
// no answer: nothing is billed, and its leg, which knows of the hang-up, ends it.
func TestCancelCrossesAnswer(t *testing.T) {
	tell(t, `
	show tell ended forget
	alice calls with PCMU
	found 1: carrier
	2 rings 180
		tell 1 Ring 180
	1 cancels
		tell 2 Hangup 487/0 caller
	2 answers PCMU
	2 hangs up
	1 released
		ended 487/0 caller, never answered
	2 released
		forget
	`)
}

// TestAnswerCrossesCancel is the same the other way round: the answer was there
// first, so the leg of the caller says how it left.
func TestAnswerCrossesCancel(t *testing.T) {
	tell(t, `
	show tell ended
	alice calls with PCMU
	found 1: carrier
	wait 2s
	2 answers PCMU
		tell 1 Answer v1 PCMU
	1 hangs up
		tell 2 Hangup 200/16 caller
	2 released
	1 released
		ended 200/16 caller, answered at 2s
	`)
}

func TestCallerCancelsEveryPhone(t *testing.T) {
	tell(t, `
	given user bob, trunk voicemail
	show tell locate ended
	alice calls with PCMU
		locate 1 user bob
	found 1: desk mobile
	1 cancels
		tell 2 Hangup 487/0 caller
		tell 3 Hangup 487/0 caller
	# a busy phone is no reason to call the voicemail of somebody who has left
	2 refuses 486
	3 refuses 503
	2 released
	3 released
	1 released
		ended 487/0 caller, never answered
	`)
}

// TestCancelBeforeAnybodyIsCalled: while the attempt is still being located. What
// is found has media, which is shut before the call is forgotten.
func TestCancelBeforeAnybodyIsCalled(t *testing.T) {
	tell(t, `
	show tell dial shut ended forget
	alice calls with PCMU
	1 cancels
		shut 1
	1 released
	found 1: desk mobile
		shut 2
		shut 3
		ended 487/0 caller, never answered
		forget
	`)
}

// TestPartyHangsUpDuringExchange: an offer that nobody will answer any more is the
// legs' to end.
func TestPartyHangsUpDuringExchange(t *testing.T) {
	for name, tt := range map[string]struct{ leaves, told, by string }{
		"who has offered":  {"1", "2", "caller"},
		"who is to answer": {"2", "1", "callee"},
	} {
		t.Run(name, func(t *testing.T) {
			tell(t, `
			show tell hear
			alice calls with PCMU
			found 1: carrier
			2 answers PCMU
				tell 1 Answer v1 PCMU
				hear 1<2 2<1
			1 offers v2 PCMU sendonly
				tell 2 Offer v2 PCMU sendonly
			`+tt.leaves+` hangs up
				tell `+tt.told+` Hangup 200/16 `+tt.by+`
			2 agrees v2 PCMU recvonly
			2 declines 487
			1 withdraws
			1 offers v3 PCMU
				tell 1 RefuseOffer 481
			`)
		})
	}
}

// TestStop ends a call from outside, in each of its states.
func TestStop(t *testing.T) {
	// Each ends with every leg told and released.
	end := `
	2 released
	1 released
		ended 503/41 gateway, `
	tests := map[string]string{
		"connecting, not located": `
	stop 503
		tell 1 Refuse 503/41 gateway
	found 1: carrier
	1 released
		ended 503/41 gateway, never answered`,
		"connecting": `
	found 1: carrier
	stop 503
		tell 2 Hangup 503/41 gateway
		tell 1 Refuse 503/41 gateway` + end + "never answered",
		"ringing": `
	found 1: carrier
	2 rings 180
		tell 1 Ring 180
	stop 503
		tell 2 Hangup 503/41 gateway
		tell 1 Refuse 503/41 gateway` + end + "never answered",
		"early media": `
	found 1: carrier
	2 rings 183 PCMU
		tell 1 Progress 183 v1 PCMU
	stop 503
		tell 2 Hangup 503/41 gateway
		tell 1 Refuse 503/41 gateway` + end + "never answered",
		"connected": `
	found 1: carrier
	2 answers PCMU
		tell 1 Answer v1 PCMU
	stop 503
		tell 1 Hangup 503/41 gateway
		tell 2 Hangup 503/41 gateway` + end + "answered at 0s",
		"local hold": `
	found 1: carrier
	2 answers PCMU
		tell 1 Answer v1 PCMU
	1 offers v2 PCMU sendonly
		tell 2 Offer v2 PCMU sendonly
	2 agrees v2 PCMU recvonly
		tell 1 AcceptOffer v2 PCMU recvonly
	stop 503
		tell 1 Hangup 503/41 gateway
		tell 2 Hangup 503/41 gateway` + end + "answered at 0s",
		"remote hold": `
	found 1: carrier
	2 answers PCMU
		tell 1 Answer v1 PCMU
	2 offers v2 PCMU sendonly
		tell 1 Offer v2 PCMU sendonly
	1 agrees v2 PCMU recvonly
		tell 2 AcceptOffer v2 PCMU recvonly
	stop 503
		tell 1 Hangup 503/41 gateway
		tell 2 Hangup 503/41 gateway` + end + "answered at 0s",
		"an exchange under way": `
	found 1: carrier
	2 answers PCMU
		tell 1 Answer v1 PCMU
	1 offers v2 PCMU sendonly
		tell 2 Offer v2 PCMU sendonly
	stop 503
		tell 1 Hangup 503/41 gateway
		tell 2 Hangup 503/41 gateway` + end + "answered at 0s",
		"disconnecting": `
	found 1: carrier
	2 refuses 486
		tell 1 Refuse 486/17 callee
	stop 503
	2 released
	1 released
		ended 486/17 callee, never answered`,
		"disconnected": `
	1 cancels
	1 released
	found 1: none 480
		ended 487/0 caller, never answered
	stop 503`,
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			tell(t, `
	show tell ended
	alice calls with PCMU`+text)
		})
	}
}

// TestStopOfAnUnansweredCall: an operator's plain 200 is no final response that
// would refuse an INVITE.
func TestStopOfAnUnansweredCall(t *testing.T) {
	tell(t, `
	show tell attempt
	alice calls with PCMU
	found 1: carrier
		attempt 1 to carrier at sip:carrier as +14255550101
	stop 200
		attempt 1 ended 487/41 gateway
		tell 2 Hangup 200/41 gateway
		tell 1 Refuse 480/41 gateway
	`)
}

// TestLateReports: after the end, and after a leg's own end, nothing is done any
// more whatever somebody still says.
func TestLateReports(t *testing.T) {
	late := `
	2 tries
	2 rings 180
	2 rings 183 PCMU
	2 answers PCMU
	2 refuses 486
	2 hangs up
	2 agrees PCMU
	2 declines 488
	2 offers PCMU
	2 withdraws
	2 released
	1 cancels
	1 offers PCMU
	1 released
	7 released
	found 1: none 480
	heard nothing
	stop 500
	wait 1h`
	tell(t, `
	show ended forget
	alice calls with PCMU
	found 1: carrier
	2 answers PCMU
	1 hangs up
	1 released
	2 released
		ended 200/16 caller, answered at 0s
		forget
	show`+late)
	tell(t, `
	show ended forget
	alice calls with PCMU
	found 1: carrier
	2 refuses 486
	2 released
	1 released
		ended 486/17 callee, never answered
		forget
	show`+late)
}

// TestReleasedLegIsNotTold: a phone that has refused and gone hears nothing of the
// call that goes on.
func TestReleasedLegIsNotTold(t *testing.T) {
	tell(t, `
	given user bob
	show tell shut
	alice calls with PCMU
	found 1: desk mobile
	2 refuses 486
		shut 2
	2 released
	2 answers PCMU
	3 answers PCMU
		tell 1 Answer v1 PCMU
	2 offers PCMU
	1 hangs up
		shut 1
		tell 3 Hangup 200/16 caller
		shut 3
	`)
}
