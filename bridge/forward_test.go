package bridge

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/event"
)

// TestForwardAlways: no phone rings, the caller hears 181, and the call is the other
// user's with one hop less.
func TestForwardAlways(t *testing.T) {
	tell(t, `
	given user bob always>carol
	alice calls with PCMU
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
		forward 1 unconditional by bob to carol
	forwarded 1: user carol
		call forwarded unconditional from bob@+14255550100 to carol
		tell 1 Ring 181
		locate 1 user carol
	found 1: desk
		attempt 1 to carol at sip:desk as +14255550101
		party 2 idle->connecting
		dial 2 sip:desk with v1 PCMU hops 68
	2 rings 180
		party 2 connecting->ringing
		call connecting->ringing
		tell 1 Ring 180
	2 answers PCMU
		connect 2 to 192.0.2.2:4004 PCMU
		connect 1 to 192.0.2.1:4002 PCMU
		attempt 1 ended 200/16 callee
		party 2 ringing->connected
		tell 1 Answer v1 PCMU
		party 1 connecting->connected
		call ringing->connected
		hear 1<2 2<1
	`)
}

func TestForwardToNumber(t *testing.T) {
	tell(t, `
	given user bob always>+14255550177
	show tell forward call locate dial
	alice calls with PCMU
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
		forward 1 unconditional by bob to +14255550177
	forwarded 1: trunk carrier, trunk backup
		call forwarded unconditional from bob@+14255550100 to +14255550177
		tell 1 Ring 181
		locate 1 trunk carrier
	found 1: carrier
		dial 2 sip:carrier with v1 PCMU hops 68
	# the forwarded call hunts over its trunks as any call does
	2 refuses 503
		locate 2 trunk backup
	found 2: backup
		dial 3 sip:backup with v1 PCMU hops 68
	3 refuses 404
		call connecting->disconnecting 404/1 callee
		tell 1 Refuse 404/1 callee
	`)
}

// TestForwardBusy: what is busy, and what is a wish to end it there.
func TestForwardBusy(t *testing.T) {
	for _, status := range []string{"486", "600"} {
		t.Run(status, func(t *testing.T) {
			tell(t, `
			given user bob busy>carol
			show tell forward locate
			alice calls with PCMU
				locate 1 user bob
			found 1: desk
			2 rings 180
				tell 1 Ring 180
			2 refuses `+status+`
				forward 1 user-busy by bob to carol
			forwarded 1: user carol
				tell 1 Ring 181
				locate 2 user carol
			found 2: desk
			3 refuses 480
				tell 1 Refuse 480/18 callee
			`)
		})
	}
	for _, status := range []string{"603", "403", "488", "606", "302", "401"} {
		t.Run(status, func(t *testing.T) {
			want := status + "/" + strconv.Itoa(q850Of(number(status)))
			switch status {
			case "302":
				want = "480/31"
			case "401":
				want = "502/21"
			}
			tell(t, `
			given user bob busy>carol no-answer>carol unavailable>carol
			show tell forward
			alice calls with PCMU
			found 1: desk
			2 refuses `+status+`
				tell 1 Refuse `+want+` callee
			`)
		})
	}
}

// TestForwardNoAnswer: the ringing time, and a phone that gives up before it.
func TestForwardNoAnswer(t *testing.T) {
	tell(t, `
	given user bob no-answer>carol
	given ringing 20s
	show tell forward locate attempt call
	alice calls with PCMU
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
		locate 1 user bob
	found 1: desk
		attempt 1 to bob at sip:desk as +14255550101
	2 rings 180
		call connecting->ringing
		tell 1 Ring 180
	wait 19999ms
	wait 1ms
		attempt 1 ended 480/19 gateway
		tell 2 Hangup 480/19 gateway
		forward 1 no-answer by bob to carol
	forwarded 1: user carol
		call forwarded no-answer from bob@+14255550100 to carol
		tell 1 Ring 181
		locate 2 user carol
	found 2: desk
		attempt 2 to carol at sip:desk as +14255550101
	# the phone that was cancelled has answered meanwhile: it is too late
	2 answers PCMU
	2 released
	3 answers PCMU
		attempt 2 ended 200/16 callee
		tell 1 Answer v1 PCMU
		call ringing->connected
	`)
	for _, status := range []string{"480", "408"} {
		t.Run(status, func(t *testing.T) {
			tell(t, `
			given user bob no-answer>carol
			show tell forward
			alice calls with PCMU
			found 1: desk
			2 refuses `+status+`
				forward 1 no-answer by bob to carol
			`)
		})
	}
}

// TestForwardUnavailable: nobody is registered, or the phone is not where it was.
func TestForwardUnavailable(t *testing.T) {
	for _, failure := range []string{"found 1: none 480 20", "found 1: none 503"} {
		t.Run(failure, func(t *testing.T) {
			tell(t, `
			given user bob unavailable>carol
			show tell forward locate
			alice calls with PCMU
				locate 1 user bob
			`+failure+`
				forward 1 unavailable by bob to carol
			forwarded 1: user carol
				tell 1 Ring 181
				locate 2 user carol
			`)
		})
	}
	for _, status := range []string{"404", "410", "430", "500", "502", "503", "504"} {
		t.Run(status, func(t *testing.T) {
			tell(t, `
			given user bob unavailable>carol no-answer>dave busy>dave
			show tell forward
			alice calls with PCMU
			found 1: desk
			2 refuses `+status+`
				forward 1 unavailable by bob to carol
			`)
		})
	}
	t.Run("no port is free", func(t *testing.T) {
		tell(t, `
		given user bob unavailable>carol
		show tell forward
		alice calls with PCMU
		found 1: none 503 34
			tell 1 Refuse 503/34 gateway
		`)
	})
}

// TestForwardRefuses: a user may want calls refused.
func TestForwardRefuses(t *testing.T) {
	for _, tt := range []struct{ given, happens, told string }{
		{"always>603", "", "603/21 gateway"},
		{"unavailable>404", "found 1: none 480 20", "404/1 gateway"},
	} {
		t.Run(tt.given, func(t *testing.T) {
			if tt.happens == "" {
				tell(t, `
				given user bob `+tt.given+`
				show tell forward locate ended
				alice calls with PCMU
					tell 1 Refuse `+tt.told+`
				1 released
					ended `+tt.told+`, never answered
				`)
				return
			}
			tell(t, `
			given user bob `+tt.given+`
			show tell forward
			alice calls with PCMU
			`+tt.happens+`
				tell 1 Refuse `+tt.told+`
			`)
		})
	}
	tell(t, `
	given user bob busy>480
	show tell forward
	alice calls with PCMU
	found 1: desk
	2 refuses 486
		tell 1 Refuse 480/18 gateway
	`)
	tell(t, `
	given user bob no-answer>486
	given ringing 5s
	show tell forward
	alice calls with PCMU
	found 1: desk
	2 rings 180
		tell 1 Ring 180
	wait 5s
		tell 2 Hangup 480/19 gateway
		tell 1 Refuse 486/17 gateway
	`)
}

// TestForwardOnlyWhatIsSet: busy with a forward for no answer is busy.
func TestForwardOnlyWhatIsSet(t *testing.T) {
	tell(t, `
	given user bob no-answer>carol unavailable>carol
	show tell forward
	alice calls with PCMU
	found 1: desk
	2 refuses 486
		tell 1 Refuse 486/17 callee
	`)
}

// TestForwardWhilePhonesRing: one phone that is busy does not take the call away from
// those that ring; the last one decides.
func TestForwardWhilePhonesRing(t *testing.T) {
	tell(t, `
	given user bob busy>carol
	show tell forward
	alice calls with PCMU
	found 1: desk mobile
	2 refuses 486
	3 rings 180
		tell 1 Ring 180
	3 answers PCMU
		tell 1 Answer v1 PCMU
	`)
	// The mobile's time runs out: nobody answered.
	tell(t, `
	given user bob busy>carol no-answer>dave
	given ringing 20s
	show tell forward
	alice calls with PCMU
	found 1: desk mobile
	2 refuses 486
	3 rings 180
		tell 1 Ring 180
	wait 20s
		tell 3 Hangup 480/19 gateway
		forward 1 no-answer by bob to dave
	`)
	// Where nothing is set for that, the caller would be told busy: busy it is.
	tell(t, `
	given user bob busy>carol
	given ringing 20s
	show tell forward
	alice calls with PCMU
	found 1: desk mobile
	2 refuses 486
	wait 20s
		tell 3 Hangup 480/19 gateway
		forward 1 user-busy by bob to carol
	`)
	// RFC 3261 s16.7 step 5: a 600 stops the other phones, and the call goes on.
	tell(t, `
	given user bob busy>carol
	show tell forward
	alice calls with PCMU
	found 1: desk mobile
	2 refuses 600
		tell 3 Hangup 600/0 callee
		forward 1 user-busy by bob to carol
	`)
}

// TestForwardEarlyMedia: an announcement that the first phone played is over, and
// the caller hears the next one's.
func TestForwardEarlyMedia(t *testing.T) {
	tell(t, `
	given user bob busy>carol
	show tell forward hear
	alice calls with PCMU
	found 1: desk
	2 rings 183 PCMU
		tell 1 Progress 183 v1 PCMU
		hear 1<2 2<1
	2 refuses 486
		forward 1 user-busy by bob to carol
		hear nothing
	forwarded 1: user carol
		tell 1 Ring 181
	found 2: desk
	3 rings 183 PCMU
		tell 1 Progress 183 v1 PCMU
		hear 1<3 3<1
	`)
}

// TestForwardChain: bob to carol to a number, each for a reason of its own. The
// dialplan is told whose hands the call has been through, and Max-Forwards shrinks.
func TestForwardChain(t *testing.T) {
	tell(t, `
	given user bob busy>carol
	show tell forward locate dial call
	alice calls with PCMU
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
		locate 1 user bob
	found 1: desk
		dial 2 sip:desk with v1 PCMU
	2 refuses 486
		forward 1 user-busy by bob to carol
	forwarded 1: user carol always>dave
		call forwarded user-busy from bob@+14255550100 to carol
		tell 1 Ring 181
		forward 2 unconditional by carol to dave after bob
	forwarded 2: user dave unavailable>+14255550177
		call forwarded unconditional from carol to dave
		tell 1 Ring 181
		locate 2 user dave
	found 2: none 480 20
		forward 3 unavailable by dave to +14255550177 after bob after carol
	forwarded 3: trunk carrier
		call forwarded unavailable from dave to +14255550177
		tell 1 Ring 181
		locate 3 trunk carrier
	found 3: carrier
		dial 3 sip:carrier with v1 PCMU hops 66
	3 answers PCMU
		tell 1 Answer v1 PCMU
		call connecting->connected
	`)
}

// TestForwardRefused: what the dialplan does not let through leaves the call as it
// would have been. A caller of whom nothing rang is told of the refusal.
func TestForwardRefused(t *testing.T) {
	tell(t, `
	given user bob always>bob
	show tell call
	alice calls with PCMU
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
	forwarded 1: refused 482 25 399 gw "a ring"
		call forwarded unconditional from bob@+14255550100 to bob 482/25 gateway
		call connecting->disconnecting 482/25 gateway
		tell 1 Refuse 482/25 gateway warning 399 gw "a ring"
	`)
	tell(t, `
	given user bob busy>carol
	show tell
	alice calls with PCMU
	found 1: desk
	2 refuses 486
	forwarded 1: refused 482 25
		tell 1 Refuse 486/17 callee
	`)
	tell(t, `
	given user bob no-answer>carol
	given ringing 5s
	show tell
	alice calls with PCMU
	found 1: desk
	wait 5s
		tell 2 Hangup 480/19 gateway
	forwarded 1: refused 404 3
		tell 1 Refuse 480/19 gateway
	`)
	// A failure that speaks of the phone's connection lets the next attempt be tried.
	tell(t, `
	given user bob unavailable>carol, trunk voicemail
	show tell locate
	alice calls with PCMU
		locate 1 user bob
	found 1: desk
	2 refuses 503
	forwarded 1: refused 403 21
		locate 2 trunk voicemail
	`)
}

// TestForwardHops: each user that hands the call on costs one of its Max-Forwards.
func TestForwardHops(t *testing.T) {
	tell(t, `
	given user bob always>carol
	given hops 2
	show tell forward dial
	alice calls with PCMU
		forward 1 unconditional by bob to carol
	forwarded 1: user carol
		tell 1 Ring 181
	found 1: desk
		dial 2 sip:desk with v1 PCMU hops 0
	`)
	tell(t, `
	given user bob always>carol
	given hops 1
	show tell forward call
	alice calls with PCMU
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
		call forwarded unconditional from bob@+14255550100 to carol 483/25 gateway
		call connecting->disconnecting 483/25 gateway
		tell 1 Refuse 483/25 gateway
	`)
	// Without a hop left the call is what it was.
	tell(t, `
	given user bob busy>carol
	given hops 1
	show tell forward
	alice calls with PCMU
	found 1: desk
	2 refuses 486
		tell 1 Refuse 486/17 callee
	`)
}

// TestForwardRing: two users that forward to each other, with a dialplan that lets
// them: Max-Forwards ends it.
func TestForwardRing(t *testing.T) {
	s := &story{decision: plan("user bob always>carol"), now: begun, audit: newAudit()}
	s.begin([]string{"PCMU"})
	for hop := 1; hop <= 69; hop++ {
		s.forwarded(hop, []string{"user", "bob", "always>carol"})
	}
	s.made = nil
	s.forwarded(70, []string{"user", "bob"}) // nobody asks for it any more
	if c := s.machine.Cause(); c.Status != 483 || len(s.made) > 0 {
		t.Errorf("after 69 forwardings the call has cause %+v, and 70 makes %q", c, s.made)
	}
	s.audit.report(t)
}

// TestCallerGoesMeanwhile: what comes of a forwarding for a call that has ended is
// nobody's business.
func TestCallerGoesMeanwhile(t *testing.T) {
	for _, end := range []struct{ line, told string }{
		{"1 cancels", ""}, {"stop 503", "tell 1 Refuse 503/41 gateway"},
	} {
		t.Run(end.line, func(t *testing.T) {
			tell(t, `
			given user bob busy>carol
			show tell forward locate dial forget
			alice calls with PCMU
				locate 1 user bob
			found 1: desk
				dial 2 sip:desk with v1 PCMU
			2 refuses 486
				forward 1 user-busy by bob to carol
			`+end.line+`
				`+end.told+`
			forwarded 1: user carol
			2 released
			1 released
				forget
			forwarded 1: user carol
			`)
		})
	}
}

// TestCallerGoesWhileTheNextRings: the CANCEL goes to who rings now, and to nobody
// twice.
func TestCallerGoesWhileTheNextRings(t *testing.T) {
	tell(t, `
	given user bob no-answer>carol
	given ringing 5s
	show tell attempt ended
	alice calls with PCMU
	found 1: desk
		attempt 1 to bob at sip:desk as +14255550101
	wait 5s
		attempt 1 ended 480/19 gateway
		tell 2 Hangup 480/19 gateway
	forwarded 1: user carol
		tell 1 Ring 181
	found 2: desk mobile
		attempt 2 to carol at sip:desk as +14255550101
		attempt 3 to carol at sip:mobile as +14255550101
	1 cancels
		attempt 2 ended 487/0 caller
		tell 3 Hangup 487/0 caller
		attempt 3 ended 487/0 caller
		tell 4 Hangup 487/0 caller
	2 released
	3 released
	4 released
	1 released
		ended 487/0 caller, never answered
	`)
}

// TestLateLocationOfForwarder: phones that are found twice, or when their user has
// handed the call on, have media that must be shut.
func TestLateLocationOfForwarder(t *testing.T) {
	tell(t, `
	given user bob unavailable>carol
	show tell dial shut forward locate
	alice calls with PCMU
		locate 1 user bob
	found 1: none 480 20
		forward 1 unavailable by bob to carol
	found 1: desk
		shut 2
	forwarded 1: user carol
		tell 1 Ring 181
		locate 2 user carol
	found 1: desk
		shut 3
	found 2: desk
		shut 4
	`)
}

// TestForwardTwiceAnswered: an answer to what was asked before, or not at all.
func TestForwardTwiceAnswered(t *testing.T) {
	tell(t, `
	given user bob always>carol
	show tell forward locate
	alice calls with PCMU
		forward 1 unconditional by bob to carol
	forwarded 2: user dave
	forwarded 1: user carol
		tell 1 Ring 181
		locate 1 user carol
	forwarded 1: user dave
	forwarded 2: user dave
	`)
}

// TestTimersOfForwarder: the first user's ringing time is not the second's.
func TestTimersOfForwarder(t *testing.T) {
	tell(t, `
	given user bob busy>carol
	given ringing 20s
	show tell forward
	alice calls with PCMU
	found 1: desk
	wait 15s
	2 refuses 486
		forward 1 user-busy by bob to carol
	wait 30s
	forwarded 1: user carol
		tell 1 Ring 181
	found 2: desk
	wait 59s
	wait 1s
		tell 3 Hangup 480/19 gateway
		tell 1 Refuse 480/19 gateway
	`)
}

// TestConnected: who has answered, in the callee's own words or by whose phone it is.
func TestConnected(t *testing.T) {
	tell(t, `
	show tell
	alice calls with PCMU
	found 1: carrier
	2 answers PCMU as +14255550188
		tell 1 Answer v1 PCMU as +14255550188
	`)
	tell(t, `
	given user bob always>carol
	show tell
	alice calls with PCMU
	forwarded 1: user carol answers>carol
		tell 1 Ring 181
	found 1: desk
	2 answers PCMU
		tell 1 Answer v1 PCMU as carol
	`)
}

// TestMaxBreadth: RFC 5393: phones that ring together share what came.
func TestMaxBreadth(t *testing.T) {
	tell(t, `
	given user bob
	given breadth 7
	show dial
	alice calls with PCMU
	found 1: desk mobile softphone
		dial 2 sip:desk with v1 PCMU breadth 3
		dial 3 sip:mobile with v1 PCMU breadth 2
		dial 4 sip:softphone with v1 PCMU breadth 2
	`)
	// One phone gets all of it, and one trunk after the other, too.
	tell(t, `
	given trunk carrier, trunk backup
	given breadth 7
	show dial
	alice calls with PCMU
	found 1: carrier
		dial 2 sip:carrier with v1 PCMU breadth 7
	2 refuses 503
	found 2: backup
		dial 3 sip:backup with v1 PCMU breadth 7
	`)
	// Phones beyond it do not ring; their media is given back.
	tell(t, `
	given user bob
	given breadth 2
	show dial shut tell
	alice calls with PCMU
	found 1: desk mobile softphone
		shut 4
		dial 2 sip:desk with v1 PCMU breadth 1
		dial 3 sip:mobile with v1 PCMU breadth 1
	2 refuses 486
		shut 2
	3 refuses 486
		shut 3
		tell 1 Refuse 486/17 callee
		shut 1
	`)
}

// TestForwardInTheLoop: a call on its goroutine asks its plan, twice here, and calls
// who it says.
func TestForwardInTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 20099, Limits{})
		s.forwarded = plan("user bob busy>+14255550177")
		s.onDial = func(l *stageLeg) {
			if l.id < 5 {
				l.says(time.Second, Refused{Cause: event.Cause{Status: 486}}, Released{})
				s.forwarded = plan("trunk carrier")
				return
			}
			l.says(time.Second, Answered{SDP: describe(l.id, []string{"PCMU"})})
		}
		s.arrive(plan("user alice always>bob"))
		pass(3 * time.Second)
		s.report(callerID, HungUp{Cause: event.Cause{Status: 200, Q850: 16}}, Released{})
		pass(time.Second)
		s.over()
		s.expect("the caller", s.legs[callerID].told, "Ring 181", "Ring 181", "Answer v1 PCMU")
		s.expect("the carrier", s.legs[5].told, "INVITE sip:carrier with v1 PCMU te", "Hangup 200/16 caller")
	})
}
