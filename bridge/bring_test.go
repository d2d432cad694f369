package bridge

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
)

// twoConsult begins a story in which alice, who has 2 on hold, asks for it to join her other
// call.
const twoConsult = `
	show tell bring hear party keep joined give fetch refuse
	alice calls with PCMU te
	found 1: carrier
		party 2 idle->connecting
	2 answers PCMU te
		party 2 connecting->connected
		tell 1 Answer v1 PCMU te
		party 1 connecting->connected
		hear 1<2 2<1
	1 refers alice sip:carol other joins
		bring 1 into other of alice
	`

// TestTransfereeIsBrought: it moves, and the transferor's call with it is over.
func TestTransfereeIsBrought(t *testing.T) {
	tell(t, twoConsult+`
	surrender 1 alice joins
		tell 1 AcceptRefer
		tell 1 Notify 200
		joined into other
		party 2 connected->disconnected 200/16 gateway
		give 2
		tell 1 Hangup 200/16 gateway
		party 1 connected->disconnected 200/16 gateway
	unbrought 403
	`)
	// Only when nothing is being offered.
	tell(t, twoConsult+`
	2 offers v2 PCMA te
		tell 1 Offer v2 PCMA te
	surrender 1 alice joins
	1 declines
		tell 2 RefuseOffer 488
		tell 1 AcceptRefer
		tell 1 Notify 200
		joined into other
		party 2 connected->disconnected 200/16 gateway
		give 2
		tell 1 Hangup 200/16 gateway
		party 1 connected->disconnected 200/16 gateway
	`)
}

// TestTransfereeIsNotBrought: those who talk with each other go on.
func TestTransfereeIsNotBrought(t *testing.T) {
	tell(t, twoConsult+`
	2 refers carrier sip:dave
		tell 2 RefuseRefer 491/31 gateway
	unbrought 481
		tell 1 RefuseRefer 481/41 gateway
	surrender 1 alice joins
		keep 481
	1 refers alice sip:carol other joins
		bring 1 into other of alice
	surrender 2 alice joins
		keep 481
	`)
	// The transferee hangs up before it is asked for, or while that waits.
	tell(t, twoConsult+`
	2 hangs up
		tell 1 RefuseRefer 487/16 gateway
		party 2 connected->disconnected 200/16 callee
		tell 1 Hangup 200/16 callee
		party 1 connected->disconnected 200/16 callee
	surrender 1 alice joins
		keep 481
	`)
	tell(t, twoConsult+`
	2 offers v2 PCMA te
		tell 1 Offer v2 PCMA te
	surrender 1 alice joins
	2 hangs up
		tell 1 RefuseRefer 487/16 gateway
		keep 481
		party 2 connected->disconnected 200/16 callee
		tell 1 Hangup 200/16 callee
		party 1 connected->disconnected 200/16 callee
	`)
}

// TestTransferorLeavesEarly: it hangs up right behind its REFER, as many phones do.
func TestTransferorLeavesEarly(t *testing.T) {
	tell(t, twoConsult+`
	1 hangs up
		party 1 connected->disconnected 200/16 caller
		hear nothing
	surrender 1 alice joins
		tell 1 AcceptRefer
		tell 1 Notify 200
		joined into other
		party 2 connected->disconnected 200/16 gateway
		give 2
	`)
	tell(t, twoConsult+`
	1 hangs up
		party 1 connected->disconnected 200/16 caller
		hear nothing
	unbrought 403
		tell 1 RefuseRefer 403/21 gateway
		tell 2 Hangup 403/0 gateway
		party 2 connected->disconnected 403/0 gateway
	`)
}

// TestTakesInTransferee: three talk. Those who have been told to be silent are offered to
// talk, one after the other.
func TestTakesInTransferee(t *testing.T) {
	const talks = `
	show tell hear party fetch refuse
	alice calls with PCMU te
	found 1: carrier
		party 2 idle->connecting
	2 answers PCMU te
		party 2 connecting->connected
		tell 1 Answer v1 PCMU te
		party 1 connecting->connected
		hear 1<2 2<1
	`
	tell(t, talks+`
	brought 1 alice
		fetch from other for alice
	brought 1 alice
		refuse bring of other 491
	1 refers alice sip:dave
		tell 1 RefuseRefer 491/31 gateway
	fetched PCMA te
		party 3 idle->connected
		hear 1<2 1<3 2<1 2<3 3<1 3<2
	3 hangs up
		party 3 connected->disconnected 200/16 callee
		hear 1<2 2<1
	`)
	tell(t, talks+`
	1 offers v2 PCMU te sendonly
		tell 2 Offer v2 PCMU te sendonly
	2 agrees v2 PCMU te recvonly
		tell 1 AcceptOffer v2 PCMU te recvonly
		party 2 connected->hold
		hear 1<2 2<1
	brought 1 alice
		fetch from other for alice
	fetched PCMU te
		party 3 idle->connected
		party 2 hold->connected
		tell 2 Offer v3 PCMU te
		hear 1<2 1<3 2<1 2<3 3<1 3<2
	2 agrees v3 PCMU te
		hear 1<2 1<3 2<1 2<3 3<1 3<2
	`)
	tell(t, talks+`
	brought 1 nobody
		refuse bring of other 403
	brought 7 alice
		refuse bring of other 481
	brought 0 alice
		refuse bring of other 481
	brought 1 alice
		fetch from other for alice
	unfetched 481
	brought 1 alice
		fetch from other for alice
	2 hangs up
		party 2 connected->disconnected 200/16 callee
		tell 1 Hangup 200/16 callee
		party 1 connected->disconnected 200/16 callee
	fetched PCMU te
		party 3 idle->connected
		tell 3 Hangup 487/16 gateway
		party 3 connected->disconnected 487/16 gateway
	`)
}

// TestCrowdIsNotTakenApart: who talks with several cannot have them taken over by a plain
// attended transfer.
func TestCrowdIsNotTakenApart(t *testing.T) {
	tell(t, threeTalk+`
	show tell hear party keep
	surrender 1 alice
		keep 403
	1 hangs up
		party 1 connected->disconnected 200/16 caller
		tell 3 Offer v2 PCMU te
		hear 2<3 3<2
	`)
}

// joins is alice's REFER with Join in the first call.
func joins(s *stage, dialog string) {
	s.report(callerID, Referred{
		Request: dialplan.Request{Origin: dialplan.Party{Kind: dialplan.PartyUser, Name: "alice"}, To: "sip:carol"},
		Target:  "sip:carol", Replaces: DialogID{Call: "other", CallID: dialog}, Joins: true,
	})
}

// TestTransferorStays: the party moves between the goroutines, and alice and both others
// hear each other.
func TestTransferorStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, other := pairOfCalls(t)
		other.others = map[string]*Call{"call": one.call}
		joins(one, "consultation")
		pass(time.Second)
		synctest.Wait()
		if one.forgot != 1 {
			t.Errorf("the transferee's call is not over: %v", one.events)
		}
		one.expect("the transferor in the transferee's call", one.legs[1].told[1:], "AcceptRefer", "Notify 200", "Hangup 200/16 gateway")
		one.expect("the transferee", one.legs[2].told[1:])
		for speaker := range 3 {
			before := sentTo(other)
			other.speak(speaker+1, other.mediaOf(speaker+1), 50)
			for id, n := range sentTo(other) {
				if n -= before[id]; id != speaker+1 && n < 40 {
					t.Errorf("while %d speaks %d is sent %d packets in a second", speaker+1, id, n)
				}
			}
		}
		other.report(1, HungUp{Cause: event.Cause{Status: 200, Q850: 16}}, Released{})
		pass(time.Second)
		other.call.Stop(event.Cause{Status: 200, By: event.PartyGateway})
		pass(time.Second)
		other.over()
	})
}

// sentTo counts what each participant of a call was sent.
func sentTo(s *stage) map[int]int {
	sent := map[int]int{}
	s.look(func(c *Call) {
		for id := range c.media {
			sent[id] = int(c.media[id].Stats().Sent.Packets)
		}
	})
	return sent
}

// TestTransferorCannotStay: its other call is not there, its dialog is not, or is busy.
func TestTransferorCannotStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, other := pairOfCalls(t)
		other.others = map[string]*Call{"call": one.call}
		joins(one, "unheard of")
		pass(time.Second)
		other.look(func(c *Call) { c.machine.transfer.phase = transferRelaying })
		joins(one, "consultation")
		pass(time.Second)
		other.look(func(c *Call) { c.machine.transfer.phase = transferIdle })
		pass(time.Second)
		one.others = nil
		joins(one, "consultation")
		pass(time.Second)
		synctest.Wait()
		if told := one.legs[1].told[1:]; !slices.Equal(told, []string{
			"RefuseRefer 481/41 gateway", "RefuseRefer 491/31 gateway", "RefuseRefer 481/41 gateway",
		}) {
			t.Errorf("the transferor was told %v", told)
		}
		one.call.Stop(event.Cause{Status: 503, By: event.PartyGateway})
		other.call.Stop(event.Cause{Status: 503, By: event.PartyGateway})
		pass(time.Second)
		one.over()
	})
}

// TestTransfereeHangsUpAsItMoves: the two who stay talk on.
func TestTransfereeHangsUpAsItMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, other := pairOfCalls(t)
		other.others = map[string]*Call{"call": one.call}
		joins(one, "consultation")
		one.report(2, HungUp{Cause: event.Cause{Status: 200, Q850: 16}}, Released{})
		pass(time.Second)
		other.look(func(c *Call) {
			if c.machine.State() != event.CallConnected || c.machine.transfer.phase != transferIdle {
				t.Errorf("the other call is %v, its transfer %v", c.machine.State(), c.machine.transfer.phase)
			}
		})
		other.call.Stop(event.Cause{Status: 503, By: event.PartyGateway})
		pass(time.Second)
		one.over()
	})
}
