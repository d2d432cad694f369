package bridge

import "testing"

// TestBlindTransfer is RFC 5589 s6.1, whole: alice has called bob, and hands him on.
func TestBlindTransfer(t *testing.T) {
	tell(t, `
	show introduce tell hear transfer party connect direct ask dial locate attempt shut call
	alice calls with PCMU te
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
		locate 1 trunk carrier
	found 1: carrier
		attempt 1 to carrier at sip:carrier as +14255550101
		party 2 idle->connecting
		dial 2 sip:carrier with v1 PCMU te
	2 answers PCMU te
		connect 2 to 192.0.2.2:4004 PCMU te
		connect 1 to 192.0.2.1:4002 PCMU te
		attempt 1 ended 200/16 callee
		party 2 connecting->connected
		tell 1 Answer v1 PCMU te
		party 1 connecting->connected
		call connecting->connected
		hear 1<2 2<1
	1 refers alice sip:carol
		direct sip:carol by alice
	directed trunk carrier
		ask 2 about +12065550123 by alice
	consent yes
		tell 1 AcceptRefer
		transfer blind transferring of 2 by 1 to +12065550123
		locate 2 trunk carrier
		hear 2<-2
	found 2: carrier
		attempt 2 to carrier at sip:carrier as +14255550101
		party 3 idle->connecting
		dial 3 sip:carrier with v1 PCMU te
	3 rings 180
		party 3 connecting->ringing
		tell 1 Notify 180
		hear 2<-65538
	3 answers PCMU te
		connect 3 to 192.0.2.3:4006 PCMU te
		attempt 2 ended 200/16 callee
		party 3 ringing->connected
		tell 1 Notify 200
		transfer blind transferred of 2 by 1 to +12065550123
		tell 1 Hangup 200/16 gateway
		party 1 connected->disconnected 200/16 gateway
		shut 1
		introduce +14255550100 to 3
		introduce +14255550100 to 2
		hear 2<3 3<2
	1 released
	2 hangs up
		call connected->disconnecting 200/16 callee
		party 2 connected->disconnected 200/16 callee
		shut 2
		tell 3 Hangup 200/16 callee
		party 3 connected->disconnected 200/16 callee
		shut 3
	2 released
	3 released
		call disconnecting->disconnected 200/16 callee
	`)
}

// upAndReferred begins a story in which alice talks with 2 and hands it on; the
// transferee's answer to alice's offer comes in the first line.
const upAndReferred = `
	given ringback auto US
	show tell hear transfer call2
	alice calls with PCMU te
	found 1: carrier
	2 answers PCMU te
		tell 1 Answer v1 PCMU te
		hear 1<2 2<1
	1 refers alice sip:carol
	directed trunk carrier
	consent yes
		tell 1 AcceptRefer
		transfer blind transferring of 2 by 1 to +12065550123
		hear 2<-2
	found 2: carrier
	`

// TestTransferorHangsUpAtOnce: many phones send BYE right behind the 202.
func TestTransferorHangsUpAtOnce(t *testing.T) {
	tell(t, upAndReferred+`
	1 hangs up
		hear 2<-2
	1 released
	3 rings 180
		hear 2<-65538
	3 answers PCMU te
		transfer blind transferred of 2 by 1 to +12065550123
		hear 2<3 3<2
	3 hangs up
		tell 2 Hangup 200/16 callee
	`)
}

// TestTransferTargetIsBusy: the transferor is still there and has its call back.
func TestTransferTargetIsBusy(t *testing.T) {
	tell(t, upAndReferred+`
	3 rings 180
		tell 1 Notify 180
		hear 2<-65538
	3 refuses 486
		tell 1 Notify 486
		transfer blind failed of 2 by 1 to +12065550123 486/17 callee
		hear 1<2 2<1
	2 hangs up
		tell 1 Hangup 200/16 callee
	`)
}

// TestTransferTargetDoesNotAnswer: the ringing time is over.
func TestTransferTargetDoesNotAnswer(t *testing.T) {
	tell(t, upAndReferred+`
	wait 10s
	3 rings 180
		tell 1 Notify 180
		hear 2<-65538
	wait 50s
		tell 3 Hangup 480/19 gateway
		tell 1 Notify 480
		transfer blind failed of 2 by 1 to +12065550123 480/19 gateway
		hear 1<2 2<1
	`)
}

// TestTransferRecall: the transferor has gone when the target turns out to be busy, and is
// called back.
func TestTransferRecall(t *testing.T) {
	tell(t, upAndReferred+`
	1 hangs up
		hear 2<-2
	1 released
	3 refuses 486
		transfer blind failed of 2 by 1 to +12065550123 486/17 callee
		hear 2<-2
	directed user alice
	found 3: desk
	4 rings 180
		hear 2<-65538
	4 answers PCMU te
		transfer recall failed of 2 by 1 to +12065550123
		hear 2<4 4<2
	4 hangs up
		tell 2 Hangup 200/16 callee
	`)
}

// TestTransferRecallInVain: nobody is left to talk to, and the transferee is told what
// the target's failure was.
func TestTransferRecallInVain(t *testing.T) {
	tell(t, upAndReferred+`
	1 hangs up
		hear 2<-2
	3 refuses 486
		tell 1 Notify 486
		transfer blind failed of 2 by 1 to +12065550123 486/17 callee
		hear 2<-2
	directed user alice
	found 3: desk
	4 refuses 480
		tell 2 Hangup 486/17 gateway
	`)
	tell(t, upAndReferred+`
	1 hangs up
		hear 2<-2
	3 refuses 486
		tell 1 Notify 486
		transfer blind failed of 2 by 1 to +12065550123 486/17 callee
		hear 2<-2
	directed refused 403
		tell 2 Hangup 486/17 gateway
	`)
}

// TestTransfereeHangsUp: nobody is left to be connected with the target.
func TestTransfereeHangsUp(t *testing.T) {
	tell(t, upAndReferred+`
	3 rings 180
		tell 1 Notify 180
		hear 2<-65538
	2 hangs up
		tell 1 Notify 487
		transfer blind failed of 2 by 1 to +12065550123 487/16 callee
		tell 3 Hangup 200/16 callee
		tell 1 Hangup 200/16 callee
	`)
}

// TestTransferToEarlyMedia: what the target sends before its answer is heard in place of
// our tone.
func TestTransferToEarlyMedia(t *testing.T) {
	tell(t, upAndReferred+`
	3 rings 183 PCMU te
		tell 1 Notify 183
		hear 2<3 3<2
	3 rings 180
		tell 1 Notify 180
		hear 2<-65538 3<2
	wait 200ms
	heard 20ms of 3
		hear 2<3 3<2
	3 answers PCMU te
		tell 1 Notify 200
		transfer blind transferred of 2 by 1 to +12065550123
		tell 1 Hangup 200/16 gateway
		hear 2<3 3<2
	`)
}

// TestTransferToChangedEarlyMedia: the target moves its early media by UPDATE (RFC 3311). A 481
// would end its dialog.
func TestTransferToChangedEarlyMedia(t *testing.T) {
	tell(t, upAndReferred+`
	3 offers v1 PCMU te
		tell 3 RefuseOffer 481
	3 rings 183 PCMU te
		tell 1 Notify 183
		hear 2<3 3<2
	3 offers v2 PCMU te @7000
		tell 3 AcceptOffer v1 PCMU te
		hear 2<3 3<2
	3 answers v2 PCMU te @7000
		tell 1 Notify 200
		transfer blind transferred of 2 by 1 to +12065550123
		tell 1 Hangup 200/16 gateway
		hear 2<3 3<2
	`)
}

// TestTransferIsNotAllowed: the dialplan is asked as if the transferor had dialled.
func TestTransferIsNotAllowed(t *testing.T) {
	tell(t, `
	show tell hear transfer direct
	alice calls with PCMU te
	found 1: carrier
	2 answers PCMU te
		tell 1 Answer v1 PCMU te
		hear 1<2 2<1
	1 refers alice sip:carol
		direct sip:carol by alice
	directed refused 403
		tell 1 RefuseRefer 403/21 gateway
	# And the other one may try.
	2 refers carrier sip:dave
		direct sip:dave by carrier
	directed trunk carrier
	consent no
		tell 2 RefuseRefer 603/21 gateway
	1 hangs up
		tell 2 Hangup 200/16 caller
	`)
}

// TestTransferee who does not say anything agrees.
func TestTransfereeIsAsked(t *testing.T) {
	tell(t, `
	show tell transfer ask
	alice calls with PCMU te
	found 1: carrier
	2 answers PCMU te
		tell 1 Answer v1 PCMU te
	1 refers alice sip:carol
	directed trunk carrier
		ask 2 about +12065550123 by alice
	wait 29s
	wait 1s
		tell 1 AcceptRefer
		transfer blind transferring of 2 by 1 to +12065550123
	consent no
	`)
}

// TestTransferCrossesTransfer: one at a time.
func TestTransferCrossesTransfer(t *testing.T) {
	tell(t, upAndReferred+`
	2 refers carrier sip:dave
		tell 2 RefuseRefer 491/31 gateway
	1 refers alice sip:dave
		tell 1 RefuseRefer 491/31 gateway
	3 answers PCMU te
		tell 1 Notify 200
		transfer blind transferred of 2 by 1 to +12065550123
		tell 1 Hangup 200/16 gateway
		hear 2<3 3<2
	# The target hands it on once more.
	3 refers carrier sip:erin
	directed trunk carrier
	consent yes
		tell 3 AcceptRefer
		transfer blind transferring of 2 by 3 to +12065550123
		hear 2<-2
	found 3: carrier
	4 answers PCMU te
		tell 3 Notify 200
		transfer blind transferred of 2 by 3 to +12065550123
		tell 3 Hangup 200/16 gateway
		hear 2<4 4<2
	`)
}

// TestTransferOfAHeldParty: phones hold before they transfer. The transferee, which
// receives only, is offered to talk when the target has answered.
func TestTransferOfAHeldParty(t *testing.T) {
	tell(t, `
	given ringback auto US
	show tell hear transfer party
	alice calls with PCMU te
	found 1: carrier
		party 2 idle->connecting
	2 answers PCMU te
		party 2 connecting->connected
		tell 1 Answer v1 PCMU te
		party 1 connecting->connected
		hear 1<2 2<1
	1 offers v2 PCMU te sendonly
		tell 2 Offer v2 PCMU te sendonly
	2 agrees v2 PCMU te recvonly
		tell 1 AcceptOffer v2 PCMU te recvonly
		party 2 connected->hold
		hear 1<2 2<1
	1 refers alice sip:carol
	directed trunk carrier
	consent yes
		tell 1 AcceptRefer
		transfer blind transferring of 2 by 1 to +12065550123
		hear 2<-2
	found 2: carrier
		party 3 idle->connecting
	3 answers PCMU te
		party 3 connecting->connected
		tell 1 Notify 200
		transfer blind transferred of 2 by 1 to +12065550123
		tell 1 Hangup 200/16 gateway
		party 1 connected->disconnected 200/16 gateway
		party 2 hold->connected
		tell 2 Offer v3 PCMU te of +14255550100
		hear 2<3 3<2
	2 agrees v3 PCMU te
		hear 2<3 3<2
	`)
}

// TestTransferOfAnInactiveParty: one that is held with "inactive" could not hear a thing.
func TestTransferOfAnInactiveParty(t *testing.T) {
	tell(t, `
	given ringback auto US
	show tell hear transfer
	alice calls with PCMU te
	found 1: carrier
	2 answers PCMU te
		tell 1 Answer v1 PCMU te
		hear 1<2 2<1
	1 offers v2 PCMU te inactive
		tell 2 Offer v2 PCMU te inactive
	2 agrees v2 PCMU te inactive
		tell 1 AcceptOffer v2 PCMU te inactive
		hear 1<2 2<1
	1 refers alice sip:carol
	directed trunk carrier
	consent yes
		tell 1 AcceptRefer
		transfer blind transferring of 2 by 1 to +12065550123
		tell 2 Offer v3 PCMU te
		hear 2<-2
	2 agrees v3 PCMU te
		hear 2<-2
	found 2: carrier
	3 refuses 486
		tell 1 Notify 486
		transfer blind failed of 2 by 1 to +12065550123 486/17 callee
		tell 2 Offer v4 PCMU te inactive
		hear 1<2 2<1
	2 agrees v4 PCMU te inactive
		hear 1<2 2<1
	`)
}

// TestTransferToAnotherCodec: the transferee is offered what the target has taken.
func TestTransferToAnotherCodec(t *testing.T) {
	tell(t, `
	show tell hear transfer
	alice calls with PCMU PCMA te
	found 1: carrier
	2 answers PCMU PCMA te
		tell 1 Answer v1 PCMU PCMA te
		hear 1<2 2<1
	1 refers alice sip:carol
	directed trunk carrier
	consent yes
		tell 1 AcceptRefer
		transfer blind transferring of 2 by 1 to +12065550123
		hear 2<-2
	found 2: carrier
	3 answers PCMA te
		tell 1 Notify 200
		transfer blind transferred of 2 by 1 to +12065550123
		tell 1 Hangup 200/16 gateway
		tell 2 Offer v2 PCMA te of +14255550100
		hear 2<3 3<2
	2 agrees v2 PCMA te
		hear 2<3 3<2
	`)
}

// TestTransferCrossesReinvite: the transferor's offer is being answered when the target
// answers, and the transferee's offer when the transferor has gone.
func TestTransferCrossesReinvite(t *testing.T) {
	tell(t, upAndReferred+`
	1 offers v2 PCMU te sendonly
		tell 2 Offer v2 PCMU te sendonly
	3 answers PCMU te
		tell 1 Notify 200
		transfer blind transferred of 2 by 1 to +12065550123
		tell 1 Hangup 200/16 gateway
		hear 2<3 3<2
	# The answer is to an offer of somebody who has left: what holds is offered next.
	2 agrees v2 PCMU te recvonly
		tell 2 Offer v3 PCMU te
		hear 2<3 3<2
	2 agrees v3 PCMU te
		hear 2<3 3<2
	`)
	tell(t, upAndReferred+`
	2 offers v2 PCMU te sendonly
		tell 1 Offer v2 PCMU te sendonly
	3 answers PCMU te
		tell 1 Notify 200
		transfer blind transferred of 2 by 1 to +12065550123
		tell 1 Hangup 200/16 gateway
		tell 2 RefuseOffer 491
		hear 2<3 3<2
	2 offers v3 PCMU te sendonly
		tell 3 Offer v2 PCMU te sendonly
	3 agrees v2 PCMU te recvonly
		tell 2 AcceptOffer v2 PCMU te recvonly
		hear 2<3 3<2
	`)
}

// TestTransferFollowsForwarding: the target has handed its calls on.
func TestTransferFollowsForwarding(t *testing.T) {
	tell(t, `
	show tell transfer forward
	alice calls with PCMU te
	found 1: carrier
	2 answers PCMU te
		tell 1 Answer v1 PCMU te
	1 refers alice sip:bob
	directed user bob busy>carol
	consent yes
		tell 1 AcceptRefer
		transfer blind transferring of 2 by 1 to +12065550123
	found 2: desk
	3 refuses 486
		forward 1 user-busy by bob to carol
	forwarded 1: user carol
	found 3: phone
	4 answers PCMU te
		tell 1 Notify 200
		transfer blind transferred of 2 by 1 to +12065550123
		tell 1 Hangup 200/16 gateway
	`)
}

// TestOfferOfAWaitingTransferee: its transferor has gone and the target rings. It is
// answered, for a 481 would end its call.
func TestOfferOfAWaitingTransferee(t *testing.T) {
	tell(t, upAndReferred+`
	1 hangs up
		hear 2<-2
	2 offers v2 PCMU te
		tell 2 AcceptOffer v1 PCMU te
		hear 2<-2
	2 offers v3 G722
		tell 2 RefuseOffer 488
	3 answers PCMU te
		tell 1 Notify 200
		transfer blind transferred of 2 by 1 to +12065550123
		hear 2<3 3<2
	`)
}

// TestRelayedTransfer: the transferee's trunk calls the target itself.
func TestRelayedTransfer(t *testing.T) {
	const begins = `
	given relays
	show tell hear transfer call
	alice calls with PCMU te
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
	found 1: carrier
	2 answers PCMU te
		tell 1 Answer v1 PCMU te
		call connecting->connected
		hear 1<2 2<1
	1 refers alice sip:carol
	directed trunk carrier
		tell 2 Refer sip:carol
	`
	tell(t, begins+`
	2 takes
		tell 1 AcceptRefer
		transfer blind transferring of 2 by 1 to +12065550123
	2 progresses 180
		tell 1 Notify 180
	2 progresses 200
		tell 1 Notify 200
		transfer blind transferred of 2 by 1 to +12065550123
		call connected->disconnecting 200/16 gateway
		tell 1 Hangup 200/16 gateway
		tell 2 Hangup 200/16 gateway
	`)
	tell(t, begins+`
	2 takes
		tell 1 AcceptRefer
		transfer blind transferring of 2 by 1 to +12065550123
	2 progresses 603
		tell 1 Notify 603
		transfer blind failed of 2 by 1 to +12065550123 603/0 none
		hear 1<2 2<1
	`)
	tell(t, begins+`
	2 balks 405
	consent yes
		tell 1 AcceptRefer
		transfer blind transferring of 2 by 1 to +12065550123
		hear 2<-2
	`)
}

// TestAttendedTransfer: the target comes over from the transferor's other call.
func TestAttendedTransfer(t *testing.T) {
	const begins = `
	show tell hear transfer fetch direct party
	alice calls with PCMU te
	found 1: carrier
		party 2 idle->connecting
	2 answers PCMU te
		party 2 connecting->connected
		tell 1 Answer v1 PCMU te
		party 1 connecting->connected
		hear 1<2 2<1
	1 refers alice sip:carol other
		fetch from other for alice
	`
	tell(t, begins+`
	fetched PCMU te
		party 3 idle->connected
		tell 1 AcceptRefer
		transfer attended transferring of 2 by 1 to sip:carol
		tell 1 Notify 200
		transfer attended transferred of 2 by 1 to sip:carol
		tell 1 Hangup 200/16 gateway
		party 1 connected->disconnected 200/16 gateway
		hear 2<3 3<2
	2 hangs up
		party 2 connected->disconnected 200/16 callee
		tell 3 Hangup 200/16 callee
		party 3 connected->disconnected 200/16 callee
	`)
	tell(t, begins+`
	fetched PCMA te
		party 3 idle->connected
		tell 1 AcceptRefer
		transfer attended transferring of 2 by 1 to sip:carol
		tell 1 Notify 200
		transfer attended transferred of 2 by 1 to sip:carol
		tell 1 Hangup 200/16 gateway
		party 1 connected->disconnected 200/16 gateway
		tell 2 Offer v2 PCMA te of stranger
		hear 2<3 3<2
	`)
	tell(t, begins+`
	unfetched 481
		tell 1 RefuseRefer 481/41 gateway
	`)
	tell(t, begins+`
	2 hangs up
		tell 1 RefuseRefer 487/16 gateway
		party 2 connected->disconnected 200/16 callee
		tell 1 Hangup 200/16 callee
		party 1 connected->disconnected 200/16 callee
	1 released
	2 released
	fetched PCMU te
		party 3 idle->connected
		tell 3 Hangup 487/16 gateway
		party 3 connected->disconnected 487/16 gateway
	3 released
	`)
}

// TestSurrender is the other side: the call whose party is taken over.
func TestSurrender(t *testing.T) {
	const begins = `
	show tell give keep joined call shut party
	alice calls with PCMU te
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
	found 1: carrier
		party 2 idle->connecting
	`
	const answered = begins + `
	2 answers PCMU te
		party 2 connecting->connected
		tell 1 Answer v1 PCMU te
		party 1 connecting->connected
		call connecting->connected
	`
	const given = `
		joined into other
		call connected->disconnecting 200/16 gateway
		party 2 connected->disconnected 200/16 gateway
		give 2
		tell 1 Hangup 200/16 gateway
		party 1 connected->disconnected 200/16 gateway
		shut 1
	`
	tell(t, answered+`
	surrender 1 nobody
		keep 403
	surrender 7 alice
		keep 481
	surrender 1 alice early-only
		keep 486
	surrender 1 alice
	`+given+`
	2 released
	1 released
		call disconnecting->disconnected 200/16 gateway
	`)
	tell(t, answered+`
	1 offers v2 PCMU te
		tell 2 Offer v1 PCMU te
	surrender 1 alice
	surrender 1 alice
		keep 491
	2 agrees v2 PCMU te
		tell 1 AcceptOffer v1 PCMU te
	`+given)
	tell(t, begins+`
	surrender 2 alice
		keep 403
	surrender 1 alice
		joined into other
		party 2 connecting->disconnected 487/16 caller
		give the hunt with 2
		call connecting->disconnecting 487/16 caller
		tell 1 Refuse 487/16 caller
		party 1 connecting->disconnected 487/16 caller
		shut 1
	2 released
	1 released
		call disconnecting->disconnected 487/16 caller
	`)
}

// TestConnectedLine: a party's own house has handed it on.
func TestConnectedLine(t *testing.T) {
	tell(t, `
	show introduce tell
	alice calls with PCMU
	found 1: carrier
	2 answers PCMU
		tell 1 Answer v1 PCMU
	2 says it is +12065550199
		introduce +12065550199 to 1
	1 hangs up
		tell 2 Hangup 200/16 caller
	2 says it is +12065550199
	`)
}
