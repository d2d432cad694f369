package bridge

import "testing"

func TestSilenceEndsTheCall(t *testing.T) {
	tell(t, `
	given silence 2m
	show tell check ended
	alice calls with PCMU
	found 1: carrier
	2 answers PCMU
		tell 1 Answer v1 PCMU
	wait 119s
	wait 1s
		check media
	heard nothing
		tell 1 Hangup 408/102 gateway
		tell 2 Hangup 408/102 gateway
	1 released
	2 released
		ended 408/102 gateway, answered at 0s
	`)
}

// TestAudioKeepsTheCall: the next look is when the silence would be full.
func TestAudioKeepsTheCall(t *testing.T) {
	tell(t, `
	given silence 2m
	show tell check ended
	alice calls with PCMU
	found 1: carrier
	2 answers PCMU
		tell 1 Answer v1 PCMU
	wait 2m
		check media
	heard 30s
	wait 89s
	wait 1s
		check media
	heard 100ms
	wait 119s
	wait 1s
		check media
	heard 2m
		tell 1 Hangup 408/102 gateway
		tell 2 Hangup 408/102 gateway
	`)
}

// TestNoSilenceBeforeTheAnswer: it may ring for as long as it rings.
func TestNoSilenceBeforeTheAnswer(t *testing.T) {
	tell(t, `
	given silence 5s
	given ringing 1h
	show check tell
	alice calls with PCMU
	found 1: carrier
	2 rings 183 PCMU
		tell 1 Progress 183 v1 PCMU
	wait 10m
	2 answers PCMU
		tell 1 Answer v1 PCMU
	wait 5s
		check media
	`)
}

// TestSilenceOnHold is what hold is for; after it the time begins anew.
func TestSilenceOnHold(t *testing.T) {
	for name, who := range map[string][2]string{"caller": {"1", "2"}, "callee": {"2", "1"}} {
		t.Run(name, func(t *testing.T) {
			tell(t, `
			given silence 2m
			show check tell
			alice calls with PCMU
			found 1: carrier
			2 answers PCMU
				tell 1 Answer v1 PCMU
			wait 1m
			`+who[0]+` offers v2 PCMU inactive
				tell `+who[1]+` Offer v2 PCMU inactive
			`+who[1]+` agrees v2 PCMU inactive
				tell `+who[0]+` AcceptOffer v2 PCMU inactive
			wait 1h
			`+who[0]+` offers v3 PCMU
				tell `+who[1]+` Offer v3 PCMU
			`+who[1]+` agrees v3 PCMU
				tell `+who[0]+` AcceptOffer v3 PCMU
			wait 119s
			wait 1s
				check media
			heard nothing
				tell 1 Hangup 408/102 gateway
				tell 2 Hangup 408/102 gateway
			`)
		})
	}
}

// TestHoldCrossesTheLook: what is heard of a call that has just been held says
// nothing.
func TestHoldCrossesTheLook(t *testing.T) {
	tell(t, `
	given silence 2m
	show check tell
	alice calls with PCMU
	found 1: carrier
	2 answers PCMU
		tell 1 Answer v1 PCMU
	1 offers v2 PCMU inactive
		tell 2 Offer v2 PCMU inactive
	wait 2m
		check media
	2 agrees v2 PCMU inactive
		tell 1 AcceptOffer v2 PCMU inactive
	heard nothing
	wait 1h
	`)
}

// TestHoldAndResumeCrossTheLook: the time begins anew with the resumption, also for
// a look that was on its way.
func TestHoldAndResumeCrossTheLook(t *testing.T) {
	tell(t, `
	given silence 2m
	show check tell
	alice calls with PCMU
	found 1: carrier
	2 answers PCMU
		tell 1 Answer v1 PCMU
	wait 2m
		check media
	1 offers v2 PCMU inactive
		tell 2 Offer v2 PCMU inactive
	2 agrees v2 PCMU inactive
		tell 1 AcceptOffer v2 PCMU inactive
	1 offers v3 PCMU
		tell 2 Offer v3 PCMU
	2 agrees v3 PCMU
		tell 1 AcceptOffer v3 PCMU
	heard 1h
	wait 119s
	wait 1s
		check media
	heard 1h
		tell 1 Hangup 408/102 gateway
		tell 2 Hangup 408/102 gateway
	`)
}

// TestNoSilenceTimeout: 0 is never.
func TestNoSilenceTimeout(t *testing.T) {
	tell(t, `
	show check
	alice calls with PCMU
	found 1: carrier
	2 answers PCMU
	wait 24h
	heard nothing
	`)
}
