package bridge

import (
	"strings"
	"testing"
)

// inTalk is a call in which alice (1) and the carrier (2) talk, with what follows.
func inTalk(t *testing.T, show, text string) {
	t.Helper()
	tell(t, `
	show nothing
	alice calls with PCMU te
	found 1: carrier
	2 answers PCMU te
	show `+show+text)
}

// TestAddressChanges: a party that moves offers its new address; the other one is
// offered ours again, which has not changed, and is asked all the same.
func TestAddressChanges(t *testing.T) {
	inTalk(t, "tell connect hear call party", `
	1 offers v2 @6000 PCMU te
		tell 2 Offer v1 PCMU te
	2 agrees PCMU te
		connect 2 to 192.0.2.2:4004 PCMU te
		connect 1 to 192.0.2.1:6000 PCMU te
		tell 1 AcceptOffer v1 PCMU te
		hear 1<2 2<1
	2 offers v2 @7000 PCMU te
		tell 1 Offer v1 PCMU te
	1 agrees v2 @6000 PCMU te
		connect 1 to 192.0.2.1:6000 PCMU te
		connect 2 to 192.0.2.2:7000 PCMU te
		tell 2 AcceptOffer v1 PCMU te
		hear 1<2 2<1
	`)
}

// TestCodecChanges end to end.
func TestCodecChanges(t *testing.T) {
	inTalk(t, "tell connect", `
	2 offers v2 PCMA te
		tell 1 Offer v2 PCMA te
	1 agrees v2 PCMA te
		connect 1 to 192.0.2.1:4002 PCMA te
		connect 2 to 192.0.2.2:4004 PCMA te
		tell 2 AcceptOffer v2 PCMA te
	`)
}

// TestHold by either side, in each spelling (RFC 3264 s8.4).
func TestHold(t *testing.T) {
	tests := map[string]struct{ words, passed, answer string }{
		"sendonly":  {"PCMU te sendonly", "PCMU te sendonly", "recvonly"},
		"inactive":  {"PCMU te inactive", "PCMU te inactive", "inactive"},
		"c=0.0.0.0": {"PCMU te c=0", "PCMU te sendonly", "recvonly"},
		"both":      {"PCMU te c=0 sendonly", "PCMU te sendonly", "recvonly"},
	}
	for name, tt := range tests {
		t.Run("caller "+name, func(t *testing.T) {
			inTalk(t, "tell call party hear", `
	1 offers v2 `+tt.words+`
		tell 2 Offer v2 `+tt.passed+`
	2 agrees v2 PCMU te `+tt.answer+`
		tell 1 AcceptOffer v2 PCMU te `+tt.answer+`
		party 2 connected->hold
		call connected->localHold
		hear 1<2 2<1
	1 offers v3 PCMU te
		tell 2 Offer v3 PCMU te
	2 agrees v3 PCMU te
		tell 1 AcceptOffer v3 PCMU te
		party 2 hold->connected
		call localHold->connected
		hear 1<2 2<1
	`)
		})
		t.Run("callee "+name, func(t *testing.T) {
			inTalk(t, "tell call party", `
	2 offers v2 `+tt.words+`
		tell 1 Offer v2 `+tt.passed+`
	1 agrees v2 PCMU te `+tt.answer+`
		tell 2 AcceptOffer v2 PCMU te `+tt.answer+`
		party 1 connected->hold
		call connected->remoteHold
	2 offers v3 PCMU te
		tell 1 Offer v3 PCMU te
	1 agrees v3 PCMU te
		tell 2 AcceptOffer v3 PCMU te
		party 1 hold->connected
		call remoteHold->connected
	`)
		})
	}
}

// TestHeldMedia: what flows while a party holds, as its media is told.
func TestHeldMedia(t *testing.T) {
	inTalk(t, "connect", `
	1 offers v2 PCMU te sendonly
	2 agrees v2 PCMU te recvonly
		connect 2 to 192.0.2.2:4004 PCMU te sendonly
		connect 1 to 192.0.2.1:4002 PCMU te recvonly
	1 offers v3 PCMU te inactive
	2 agrees v3 PCMU te inactive
		connect 2 to 192.0.2.2:4004 PCMU te inactive
		connect 1 to 192.0.2.1:4002 PCMU te inactive
	`)
}

// bothHold is a call that both sides hold, the caller first.
const bothHold = `
	1 offers v2 PCMU te sendonly
		tell 2 Offer v2 PCMU te sendonly
	2 agrees v2 PCMU te recvonly
		tell 1 AcceptOffer v2 PCMU te recvonly
		party 2 connected->hold
		call connected->localHold
	2 offers v3 PCMU te inactive
		tell 1 Offer v3 PCMU te inactive
	# it can say nothing but inactive, which does not mean that it holds no more
	1 agrees v3 PCMU te inactive
		tell 2 AcceptOffer v3 PCMU te inactive
		party 1 connected->hold
`

func TestBothHoldCallerResumesFirst(t *testing.T) {
	inTalk(t, "tell call party", bothHold+`
	1 offers v4 PCMU te
		tell 2 Offer v4 PCMU te
	2 agrees v4 PCMU te sendonly
		tell 1 AcceptOffer v4 PCMU te sendonly
		party 2 hold->connected
		call localHold->remoteHold
	2 offers v5 PCMU te
		tell 1 Offer v5 PCMU te
	1 agrees v5 PCMU te
		tell 2 AcceptOffer v4 PCMU te
		party 1 hold->connected
		call remoteHold->connected
	`)
}

func TestBothHoldCalleeResumesFirst(t *testing.T) {
	inTalk(t, "tell call party", bothHold+`
	2 offers v4 PCMU te
		tell 1 Offer v4 PCMU te
	1 agrees v4 PCMU te sendonly
		tell 2 AcceptOffer v4 PCMU te sendonly
		party 1 hold->connected
	1 offers v5 PCMU te
		tell 2 Offer v5 PCMU te
	2 agrees v5 PCMU te
		tell 1 AcceptOffer v4 PCMU te
		party 2 hold->connected
		call localHold->connected
	`)
}

// TestHeldPartyMoves: the held party's own re-INVITE does not end the hold.
func TestHeldPartyMoves(t *testing.T) {
	inTalk(t, "tell call party", `
	1 offers v2 PCMU te sendonly
		tell 2 Offer v2 PCMU te sendonly
	2 agrees v2 PCMU te recvonly
		tell 1 AcceptOffer v2 PCMU te recvonly
		party 2 connected->hold
		call connected->localHold
	2 offers v3 @7000 PCMU te recvonly
		tell 1 Offer v2 PCMU te recvonly
	1 agrees v3 PCMU te sendonly
		tell 2 AcceptOffer v2 PCMU te sendonly
	`)
}

// TestAnsweredOnHold: a callee that answers with sendonly holds from the start.
func TestAnsweredOnHold(t *testing.T) {
	tell(t, `
	show tell call party
	alice calls with PCMU
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
	found 1: carrier
		party 2 idle->connecting
	2 answers PCMU sendonly
		party 2 connecting->connected
		tell 1 Answer v1 PCMU sendonly
		party 1 connecting->connected
		call connecting->connected
		party 1 connected->hold
		call connected->remoteHold
	`)
}

// TestIdenticalOffer is answered here, with what was said before and no new
// version: a session refresh (RFC 4028 s7.4).
func TestIdenticalOffer(t *testing.T) {
	inTalk(t, "tell connect hear call", `
	1 offers PCMU te
		tell 1 AcceptOffer v1 PCMU te
	2 offers PCMU te
		tell 2 AcceptOffer v1 PCMU te
	1 offers PCMU te
		tell 1 AcceptOffer v1 PCMU te
	`)
}

// TestRefreshAfterChange: what counts is what was agreed last, on both sides.
func TestRefreshAfterChange(t *testing.T) {
	inTalk(t, "tell", `
	1 offers v2 PCMU te sendonly
		tell 2 Offer v2 PCMU te sendonly
	2 agrees v2 PCMU te recvonly
		tell 1 AcceptOffer v2 PCMU te recvonly
	1 offers v2 PCMU te sendonly
		tell 1 AcceptOffer v2 PCMU te recvonly
	2 offers v2 PCMU te recvonly
		tell 2 AcceptOffer v2 PCMU te sendonly
	# the first descriptions are not those in force any more
	1 offers v1 PCMU te
		tell 2 Offer v3 PCMU te
	`)
}

// TestRefreshOfLessThanOffered: we have offered more than the callee has taken. Its
// refresh offers what it took, and is answered with no more than that.
func TestRefreshOfLessThanOffered(t *testing.T) {
	tell(t, `
	show tell
	alice calls with PCMU PCMA te
	found 1: carrier
	2 answers PCMU
		tell 1 Answer v1 PCMU
	2 offers PCMU
		tell 2 AcceptOffer v2 PCMU
	2 offers PCMU
		tell 2 AcceptOffer v2 PCMU
	`)
}

// TestRefreshWhileHolding: the answer is within what the refresh allows, though our
// last description to that party was a sendrecv offer.
func TestRefreshWhileHolding(t *testing.T) {
	tell(t, `
	show tell
	alice calls with PCMU
	found 1: carrier
	2 answers PCMU sendonly
		tell 1 Answer v1 PCMU sendonly
	2 offers PCMU sendonly
		tell 2 AcceptOffer v2 PCMU recvonly
	`)
}

// TestSameVersionOtherText: a phone that forgets to raise the version has changed
// its session all the same.
func TestSameVersionOtherText(t *testing.T) {
	inTalk(t, "tell", `
	1 offers PCMU te sendonly
		tell 2 Offer v2 PCMU te sendonly
	`)
}

// TestGlare: one exchange at a time in a call, whoever comes second (RFC 3261 s14.2).
func TestGlare(t *testing.T) {
	inTalk(t, "tell call", `
	1 offers v2 PCMU te sendonly
		tell 2 Offer v2 PCMU te sendonly
	2 offers v2 PCMU te sendonly
		tell 2 RefuseOffer 491
	1 offers v3 PCMU te
		tell 1 RefuseOffer 491
	2 agrees v2 PCMU te recvonly
		tell 1 AcceptOffer v2 PCMU te recvonly
		call connected->localHold
	2 offers v3 PCMU te recvonly @7000
		tell 1 Offer v2 PCMU te recvonly
	`)
}

// TestRefusedOffer: both sessions are as they were, with the status of who refused.
func TestRefusedOffer(t *testing.T) {
	for _, status := range []string{"488", "491", "500"} {
		t.Run(status, func(t *testing.T) {
			inTalk(t, "tell call connect", `
	1 offers v2 PCMU te sendonly
		tell 2 Offer v2 PCMU te sendonly
	2 declines `+status+`
		tell 1 RefuseOffer `+status+`
	# both refresh what they have; the refused version has been seen and counts
	2 offers PCMU te
		tell 2 AcceptOffer v3 PCMU te
	1 offers v3 PCMU te
		tell 2 Offer v3 PCMU te
	2 agrees v1 PCMU te
		connect 2 to 192.0.2.2:4004 PCMU te
		connect 1 to 192.0.2.1:4002 PCMU te
		tell 1 AcceptOffer v1 PCMU te
	`)
		})
	}
}

// TestUnusableReanswer: the party that was asked has changed its session, the one
// that asked cannot have that: it is refused, and the other returns to what was.
func TestUnusableReanswer(t *testing.T) {
	for _, answer := range []string{"G722", "port0 PCMU"} {
		t.Run(answer, func(t *testing.T) {
			inTalk(t, "tell call connect", `
	1 offers v2 PCMU te sendonly
		tell 2 Offer v2 PCMU te sendonly
	2 agrees v2 `+answer+`
		tell 1 RefuseOffer 488
		tell 2 Offer v3 PCMU te
	2 agrees v3 PCMU te
		connect 2 to 192.0.2.2:4004 PCMU te
	`)
		})
	}
}

// TestUnusableOffer: what cannot be offered on is not.
func TestUnusableOffer(t *testing.T) {
	for _, offer := range []string{"video PCMU", "port0 PCMU", "te"} {
		t.Run(offer, func(t *testing.T) {
			inTalk(t, "tell", `
	1 offers v2 `+offer+`
		tell 1 RefuseOffer 488
	2 offers v2 PCMU te sendonly
		tell 1 Offer v2 PCMU te sendonly
	`)
		})
	}
}

// TestWithdrawnOffer: CANCEL of a re-INVITE. The other party is answering already;
// when it has, it is offered what was.
func TestWithdrawnOffer(t *testing.T) {
	inTalk(t, "tell call party connect", `
	1 offers v2 PCMU te sendonly
		tell 2 Offer v2 PCMU te sendonly
	1 withdraws
	1 offers v3 PCMU te sendonly
		tell 1 RefuseOffer 491
	2 agrees v2 PCMU te recvonly
		tell 2 Offer v3 PCMU te
	2 offers v3 PCMU te @7000
		tell 2 RefuseOffer 491
	2 agrees v3 PCMU te
		connect 2 to 192.0.2.2:4004 PCMU te
	# and all is free again
	1 offers v4 PCMU te sendonly
		tell 2 Offer v4 PCMU te sendonly
	`)
}

// TestWithdrawnAndRefusedOffer: nothing has changed anywhere.
func TestWithdrawnAndRefusedOffer(t *testing.T) {
	inTalk(t, "tell call party connect", `
	1 offers v2 PCMU te sendonly
		tell 2 Offer v2 PCMU te sendonly
	1 withdraws
	2 declines 488
	2 offers v2 PCMU te sendonly
		tell 1 Offer v2 PCMU te sendonly
	`)
}

// TestRestoringFails: an answer that leaves nothing to talk over ends the call.
func TestRestoringFails(t *testing.T) {
	withdrawn := `
	1 offers v2 PCMU te sendonly
		tell 2 Offer v2 PCMU te sendonly
	1 withdraws
	2 agrees v2 PCMU te recvonly
		tell 2 Offer v3 PCMU te`
	inTalk(t, "tell", withdrawn+`
	2 agrees v3 port0 PCMU
		tell 1 Hangup 488/65 gateway
		tell 2 Hangup 488/65 gateway
	`)
	inTalk(t, "tell", withdrawn+`
	2 declines 491
	1 offers v4 PCMU te
		tell 2 Offer v3 PCMU te
	`)
}

// TestOfferOfNothing: a re-INVITE without a description is answered with our offer,
// and its answer comes in the ACK (RFC 3261 s14.2).
func TestOfferOfNothing(t *testing.T) {
	inTalk(t, "tell call connect", `
	1 offers nothing
		tell 1 AcceptOffer v1 PCMU te
	2 offers v2 PCMU te sendonly
		tell 2 RefuseOffer 491
	1 agrees v2 @6000 PCMU te
		connect 1 to 192.0.2.1:6000 PCMU te
	2 offers v2 PCMU te sendonly
		tell 1 Offer v2 PCMU te sendonly
	`)
	t.Run("hold and resume", func(t *testing.T) {
		inTalk(t, "tell call", `
	1 offers nothing
		tell 1 AcceptOffer v1 PCMU te
	1 agrees v2 PCMU te sendonly
		call connected->localHold
		tell 2 Offer v2 PCMU te sendonly
	2 agrees v2 PCMU te recvonly
	1 offers nothing
		tell 1 AcceptOffer v1 PCMU te
	1 agrees v2 PCMU te sendonly
	1 offers nothing
		tell 1 AcceptOffer v1 PCMU te
	1 agrees v3 PCMU te
		call localHold->connected
		tell 2 Offer v3 PCMU te
	2 agrees v3 PCMU te
	2 offers v4 PCMU te inactive
		tell 1 Offer v2 PCMU te inactive
	1 agrees v4 PCMU te inactive
		tell 2 AcceptOffer v4 PCMU te inactive
		call connected->remoteHold
	2 offers nothing
		tell 2 AcceptOffer v5 PCMU te
	2 agrees v5 PCMU te
		call remoteHold->connected
		tell 1 Offer v3 PCMU te
	1 agrees v5 PCMU te
	`)
	})
	t.Run("unanswered", func(t *testing.T) {
		inTalk(t, "tell call connect", `
	1 offers nothing
		tell 1 AcceptOffer v1 PCMU te
	1 declines 488
	2 offers v2 PCMU te sendonly
		tell 1 Offer v2 PCMU te sendonly
	`)
	})
	t.Run("after a refusal", func(t *testing.T) {
		inTalk(t, "tell", `
	2 offers v2 PCMU te sendonly
		tell 1 Offer v2 PCMU te sendonly
	1 declines 488
		tell 2 RefuseOffer 488
	1 offers nothing
		tell 1 AcceptOffer v3 PCMU te
	`)
	})
}

// TestAnswersThatNobodyAskedFor are ignored.
func TestAnswersThatNobodyAskedFor(t *testing.T) {
	inTalk(t, "tell call connect hear", `
	1 agrees v2 PCMU te sendonly
	1 declines 488
	1 withdraws
	1 offers v2 PCMU te sendonly
		tell 2 Offer v2 PCMU te sendonly
	1 agrees v2 PCMU te
	1 declines 488
	2 withdraws
	2 agrees v2 PCMU te recvonly
		connect 2 to 192.0.2.2:4004 PCMU te sendonly
		connect 1 to 192.0.2.1:4002 PCMU te recvonly
		tell 1 AcceptOffer v2 PCMU te recvonly
		call connected->localHold
		hear 1<2 2<1
	`)
}

// TestOfferBeforeTheAnswer: there is nobody yet to ask.
func TestOfferBeforeTheAnswer(t *testing.T) {
	tell(t, `
	show tell
	alice calls with PCMU
	found 1: carrier
	1 offers v2 PCMU
		tell 1 RefuseOffer 481
	2 offers v2 PCMU
		tell 2 RefuseOffer 481
	`)
}

// TestOfferInEarlyMedia: once something is agreed before the answer (RFC 3262, RFC 3311)
// an offer is answered here, with what we said; the answer to the call is fitted to the
// caller's last one.
func TestOfferInEarlyMedia(t *testing.T) {
	tell(t, `
	show tell connect
	alice calls with PCMU PCMA
	found 1: carrier
	2 rings 183 PCMU
		connect 2 to 192.0.2.2:4004 PCMU
		connect 1 to 192.0.2.1:4002 PCMU
		tell 1 Progress 183 v1 PCMU
	1 offers v2 PCMU PCMA @6000
		connect 1 to 192.0.2.1:6000 PCMU
		tell 1 AcceptOffer v1 PCMU
	1 offers v3 PCMA
		tell 1 RefuseOffer 488
	2 offers v2 PCMU @7000
		connect 2 to 192.0.2.2:7000 PCMU
		tell 2 AcceptOffer v2 PCMU
	2 answers v2 PCMU @7000
		connect 2 to 192.0.2.2:7000 PCMU
		connect 1 to 192.0.2.1:6000 PCMU
		tell 1 Answer v1 PCMU
	`)
}

// TestAnswerThatChanges: a party that answers a refresh with something new is followed,
// and the other one is not asked.
func TestAnswerThatChanges(t *testing.T) {
	tell(t, `
	show tell connect
	alice calls with PCMU
	found 1: carrier
	2 answers PCMU
		connect 2 to 192.0.2.2:4004 PCMU
		connect 1 to 192.0.2.1:4002 PCMU
		tell 1 Answer v1 PCMU
	2 changes v2 PCMU @7000
		connect 2 to 192.0.2.2:7000 PCMU
	`)
}

// TestOriginsDiffer: every party has a session id of its own, in every call
// (RFC 8866 s5.2), that is a 63-bit number (RFC 3264 s5).
func TestOriginsDiffer(t *testing.T) {
	seen := map[uint64]string{}
	for _, call := range []string{"a", "b", "ab", "0123456789abcdef", "1123456789abcdef"} {
		for participant := 1; participant <= 4; participant++ {
			id := newLocal(call, participant, ourMedia(participant)).origin.Origin.ID
			where := strings.Repeat(call+"/", participant)
			if other, ok := seen[id]; ok || id>>63 != 0 {
				t.Errorf("session id %d of %s (also of %q)", id, where, other)
			}
			seen[id] = where
		}
	}
}
