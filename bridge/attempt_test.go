package bridge

import (
	"fmt"
	"strconv"
	"testing"
)

func TestBusy(t *testing.T) {
	tell(t, `
	given trunk carrier, trunk backup
	show tell attempt party shut call ended
	alice calls with PCMU
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
	found 1: carrier
		attempt 1 to carrier at sip:carrier as +14255550101
		party 2 idle->connecting
	2 refuses 486
		attempt 1 ended 486/0 callee
		party 2 connecting->disconnected 486/0 callee
		shut 2
		call connecting->disconnecting 486/17 callee
		tell 1 Refuse 486/17 callee
		party 1 connecting->disconnected 486/17 callee
		shut 1
	2 released
	1 released
		call disconnecting->disconnected 486/17 callee
		ended 486/17 callee, never answered
	`)
}

// failover plays a first trunk that fails with the given line, and gives what the
// caller is told of it; "" when the second trunk is tried.
func failover(t *testing.T, failure string, told string) {
	t.Helper()
	want := "locate 2 trunk backup"
	if told != "" {
		want = "tell 1 Refuse " + told
	}
	tell(t, `
	given trunk carrier, trunk backup
	show tell locate
	alice calls with PCMU
		locate 1 trunk carrier
	found 1: carrier
	`+failure+`
		`+want+`
	`)
}

// TestFailover: the statuses that speak of the trunk, and of nobody's phone.
func TestFailover(t *testing.T) {
	for _, status := range []int{408, 500, 502, 503, 504} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			failover(t, fmt.Sprintf("2 refuses %d", status), "")
		})
	}
	t.Run("early dialog dies", func(t *testing.T) { failover(t, "2 dies", "") })
}

// TestNoFailover: those that speak of the callee go to the caller as they are.
func TestNoFailover(t *testing.T) {
	for status, told := range map[int]string{
		400: "400/41", 403: "403/21", 404: "404/1", 410: "410/22", 415: "415/79", 480: "480/18", 484: "484/28",
		486: "486/17", 487: "487/16", 488: "488/65", 501: "501/79", 505: "505/127", 513: "513/127",
		600: "600/17", 603: "603/21", 604: "604/1", 606: "606/58", 499: "499/31",
		// These would mean something else to the caller.
		401: "502/21", 407: "502/21", 302: "480/31",
	} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			failover(t, fmt.Sprintf("2 refuses %d", status), told+" callee")
		})
	}
}

// TestFailoverWhole: ringing on the first trunk does not go back on the second.
func TestFailoverWhole(t *testing.T) {
	tell(t, `
	given trunk carrier, trunk backup
	alice calls with PCMU
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
		locate 1 trunk carrier
	found 1: carrier
		attempt 1 to carrier at sip:carrier as +14255550101
		party 2 idle->connecting
		dial 2 sip:carrier with v1 PCMU
	2 rings 180
		party 2 connecting->ringing
		call connecting->ringing
		tell 1 Ring 180
	2 refuses 503
		attempt 1 ended 503/0 callee
		party 2 ringing->disconnected 503/0 callee
		shut 2
		locate 2 trunk backup
		hear nothing
	found 2: backup
		attempt 2 to backup at sip:backup as +14255550101
		party 3 idle->connecting
		dial 3 sip:backup with v1 PCMU
	2 released
	3 rings 180
		party 3 connecting->ringing
		tell 1 Ring 180
	3 answers PCMU
		connect 3 to 192.0.2.3:4006 PCMU
		connect 1 to 192.0.2.1:4002 PCMU
		attempt 2 ended 200/16 callee
		party 3 ringing->connected
		tell 1 Answer v1 PCMU
		party 1 connecting->connected
		call ringing->connected
		hear 1<3 3<1
	`)
}

// TestEveryTrunkFails: the caller sees the first failure among equals.
func TestEveryTrunkFails(t *testing.T) {
	tell(t, `
	given trunk carrier, trunk backup, trunk last
	show tell locate ended
	alice calls with PCMU
		locate 1 trunk carrier
	found 1: carrier
	2 refuses 503
		locate 2 trunk backup
	found 2: backup
	3 refuses 408
		locate 3 trunk last
	found 3: none 502
		tell 1 Refuse 503/41 callee
	3 released
	2 released
	1 released
		ended 503/41 callee, never answered
	`)
}

// TestCalleeSaysMoreThanTrunk: 404 after 503 is what the caller is told.
func TestCalleeSaysMoreThanTrunk(t *testing.T) {
	tell(t, `
	given trunk carrier, trunk backup
	show tell
	alice calls with PCMU
	found 1: carrier
	2 refuses 503
	found 2: backup
	3 refuses 404
		tell 1 Refuse 404/1 callee
	`)
}

func TestNobodyThere(t *testing.T) {
	tell(t, `
	given user bob
	show tell locate attempt
	alice calls with PCMU
		locate 1 user bob
	found 1: none 480
		tell 1 Refuse 480/18 gateway
	`)
}

// TestNoMediaForTheCallee: the loop says 503 for a target without ports; no phone
// rings, and the caller hears it when no other attempt does better.
func TestNoMediaForTheCallee(t *testing.T) {
	tell(t, `
	given trunk carrier, trunk backup
	show tell locate attempt
	alice calls with PCMU
		locate 1 trunk carrier
	found 1: none 503
		locate 2 trunk backup
	found 2: none 503
		tell 1 Refuse 503/41 gateway
	`)
}

func TestSilentTrunk(t *testing.T) {
	tell(t, `
	given trunk carrier, trunk backup
	given attempt 4s
	show tell locate attempt dial ended
	alice calls with PCMU
		locate 1 trunk carrier
	found 1: carrier
		attempt 1 to carrier at sip:carrier as +14255550101
		dial 2 sip:carrier with v1 PCMU
	wait 3999ms
	wait 1ms
		attempt 1 ended 408/102 gateway
		tell 2 Hangup 408/102 gateway
		locate 2 trunk backup
	found 2: backup
		attempt 2 to backup at sip:backup as +14255550101
		dial 3 sip:backup with v1 PCMU
	# the last attempt has no other behind it and may be silent for as long as it rings
	wait 59s
	# what comes late from the first one is nobody's business
	2 tries
	2 rings 180
	2 answers PCMU
	2 released
	wait 1s
		attempt 2 ended 480/19 gateway
		tell 3 Hangup 480/19 gateway
		tell 1 Refuse 480/19 gateway
	3 released
	1 released
		ended 480/19 gateway, never answered
	`)
}

// TestLateTrying: a 100 of the trunk that was given up is no sign of life of the
// one that is tried now.
func TestLateTrying(t *testing.T) {
	tell(t, `
	given trunk carrier, trunk backup, trunk last
	given attempt 4s
	show locate
	alice calls with PCMU
		locate 1 trunk carrier
	found 1: carrier
	wait 4s
		locate 2 trunk backup
	found 2: backup
	2 tries
	wait 4s
		locate 3 trunk last
	`)
}

// TestSilenceOfTheFirstTrunkIsOver: what the first trunk still had of its time does
// not count for the second.
func TestSilenceOfTheFirstTrunkIsOver(t *testing.T) {
	tell(t, `
	given trunk carrier, trunk backup
	given attempt 4s
	show locate tell
	alice calls with PCMU
		locate 1 trunk carrier
	found 1: carrier
	wait 1s
	2 refuses 503
		locate 2 trunk backup
	# not even while the second is looked for
	wait 3s
	found 2: backup
	wait 59s
	wait 1s
		tell 3 Hangup 480/19 gateway
		tell 1 Refuse 480/19 gateway
	`)
}

// TestSignOfLife: any response of the trunk ends the wait for one.
func TestSignOfLife(t *testing.T) {
	for _, sign := range []string{"2 tries", "2 rings 180", "2 rings 183 PCMU"} {
		t.Run(sign, func(t *testing.T) {
			tell(t, `
			given trunk carrier, trunk backup
			given attempt 4s
			show locate
			alice calls with PCMU
				locate 1 trunk carrier
			found 1: carrier
			wait 3s
			`+sign+`
			wait 56s
			`)
		})
	}
}

func TestRingingTimeout(t *testing.T) {
	tell(t, `
	given trunk carrier, trunk backup
	given ringing 20s
	show tell locate attempt
	alice calls with PCMU
		locate 1 trunk carrier
	found 1: carrier
		attempt 1 to carrier at sip:carrier as +14255550101
	2 rings 180
		tell 1 Ring 180
	wait 19999ms
	wait 1ms
		attempt 1 ended 480/19 gateway
		tell 2 Hangup 480/19 gateway
		tell 1 Refuse 480/19 gateway
	`)
}

// TestNoRingingTimeout: a decision that sets none lets the legs end it.
func TestNoRingingTimeout(t *testing.T) {
	tell(t, `
	given ringing 0s
	show tell
	alice calls with PCMU
	found 1: carrier
	wait 1h
	2 refuses 408
		tell 1 Refuse 408/102 callee
	`)
}

// TestRingingTimesOutForAll: every phone of the user is cancelled; what one has
// said before is what the caller is told.
func TestRingingTimesOutForAll(t *testing.T) {
	tell(t, `
	given user bob
	show tell
	alice calls with PCMU
	found 1: desk mobile softphone
	2 refuses 486
	wait 60s
		tell 3 Hangup 480/19 gateway
		tell 4 Hangup 480/19 gateway
		tell 1 Refuse 486/17 callee
	`)
}

// TestPhonesFailOneByOne: RFC 3261 s16.7 step 6 chooses among the failures.
func TestPhonesFailOneByOne(t *testing.T) {
	for name, tt := range map[string]struct{ first, second, third, told string }{
		"busy everywhere":        {"486", "486", "486", "486/17 callee"},
		"first among equals":     {"404", "486", "480", "404/1 callee"},
		"4xx before 5xx":         {"501", "486", "503", "486/17 callee"},
		"5xx of the phone first": {"503", "501", "500", "501/79 callee"},
		"busy and unreachable":   {"408", "486", "408", "486/17 callee"},
	} {
		t.Run(name, func(t *testing.T) {
			tell(t, `
			given user bob
			show tell
			alice calls with PCMU
			found 1: desk mobile softphone
			2 refuses `+tt.first+`
			3 refuses `+tt.second+`
			4 refuses `+tt.third+`
				tell 1 Refuse `+tt.told+`
			`)
		})
	}
}

// TestPhonesUnreachable: only when all of them failed as a trunk does is the next
// attempt tried.
func TestPhonesUnreachable(t *testing.T) {
	tell(t, `
	given user bob, trunk voicemail
	show tell locate
	alice calls with PCMU
		locate 1 user bob
	found 1: desk mobile
	2 refuses 408
	3 refuses 503
		locate 2 trunk voicemail
	`)
}

// TestDeclined: RFC 3261 s16.7 step 5: a 6xx of one phone stops the others.
func TestDeclined(t *testing.T) {
	for _, status := range []string{"603", "600", "604", "606"} {
		t.Run(status, func(t *testing.T) {
			tell(t, `
			given user bob, trunk voicemail
			show tell locate attempt
			alice calls with PCMU
				locate 1 user bob
			found 1: desk mobile
				attempt 1 to bob at sip:desk as +14255550101
				attempt 2 to bob at sip:mobile as +14255550101
			2 rings 180
				tell 1 Ring 180
			3 refuses `+status+`
				attempt 2 ended `+status+`/0 callee
				attempt 1 ended `+status+`/0 callee
				tell 2 Hangup `+status+`/0 callee
				tell 1 Refuse `+status+`/`+strconv.Itoa(q850Of(number(status)))+` callee
			`)
		})
	}
}

// TestStaleLocation: targets that are found after their attempt is over have media
// that must be shut, and are not called.
func TestStaleLocation(t *testing.T) {
	tell(t, `
	show tell dial shut ended
	alice calls with PCMU
	1 cancels
		shut 1
	found 1: carrier backup
		shut 2
		shut 3
	1 released
		ended 487/0 caller, never answered
	`)
	tell(t, `
	show tell dial shut
	alice calls with PCMU
	found 1: carrier
		dial 2 sip:carrier with v1 PCMU
	2 answers PCMU
		tell 1 Answer v1 PCMU
	found 1: carrier
		shut 3
	1 hangs up
		shut 1
		tell 2 Hangup 200/16 caller
		shut 2
	`)
}
