package bridge

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
)

// threeTalk begins a story in which alice and 2 have a third in their call.
const threeTalk = `
	given codecs PCMU PCMA
	show tell hear party not direct call2
	alice calls with PCMU te
	found 1: carrier
		party 2 idle->connecting
	2 answers PCMU te
		party 2 connecting->connected
		tell 1 Answer v1 PCMU te
		party 1 connecting->connected
		hear 1<2 2<1
	add alice sip:carol
		direct sip:carol by alice
	directed trunk carrier
	found 2: carrier
		party 3 idle->connecting
	3 rings 180
		party 3 connecting->ringing
	3 answers PCMA PCMU te
		party 3 ringing->connected
		hear 1<2 1<3 2<1 2<3 3<1 3<2
	`

// TestThreeTalk: two, three, two, whoever goes.
func TestThreeTalk(t *testing.T) {
	tell(t, threeTalk+`
	3 hangs up
		party 3 connected->disconnected 200/16 callee
		hear 1<2 2<1
	1 hangs up
		party 1 connected->disconnected 200/16 caller
		tell 2 Hangup 200/16 caller
		party 2 connected->disconnected 200/16 caller
	`)
	// Those who are left share no codec that they speak now, but could: what one says need
	// not be turned into another codec.
	tell(t, threeTalk+`
	1 hangs up
		party 1 connected->disconnected 200/16 caller
		tell 3 Offer v2 PCMU te
		hear 2<3 3<2
	3 agrees v2 PCMU te
		hear 2<3 3<2
	3 hangs up
		party 3 connected->disconnected 200/16 callee
		tell 2 Hangup 200/16 callee
		party 2 connected->disconnected 200/16 callee
	`)
	tell(t, threeTalk+`
	remove 2
		tell 2 Hangup 200/16 gateway
		party 2 connected->disconnected 200/16 gateway
		tell 3 Offer v2 PCMU te
		hear 1<3 3<1
	remove 3
		tell 1 Hangup 200/16 gateway
		party 1 connected->disconnected 200/16 gateway
		tell 3 Hangup 200/16 gateway
		party 3 connected->disconnected 200/16 gateway
	remove 1
	`)
}

// TestHoldAmongThree: who holds stops listening, and the others talk on.
func TestHoldAmongThree(t *testing.T) {
	tell(t, threeTalk+`
	1 offers v2 PCMU te sendonly
		tell 1 AcceptOffer v2 PCMU te recvonly
		hear 1<2 1<3 2<1 2<3 3<1 3<2
	2 offers nothing
		tell 2 AcceptOffer v1 PCMU PCMA te
	3 offers nothing
		tell 3 RefuseOffer 491
	2 agrees v2 PCMU te
		hear 1<2 1<3 2<1 2<3 3<1 3<2
	3 offers v2 opus
		tell 3 RefuseOffer 488
	1 refers alice sip:dave
		tell 1 RefuseRefer 403/21 gateway
	`)
}

// TestNotAdded: those who talk go on.
func TestNotAdded(t *testing.T) {
	const two = `
	show tell hear party not
	alice calls with PCMU te
	found 1: carrier
		party 2 idle->connecting
	add alice sip:dave
		not added sip:dave 481/41 gateway
	2 answers PCMU te
		party 2 connecting->connected
		tell 1 Answer v1 PCMU te
		party 1 connecting->connected
		hear 1<2 2<1
	add alice sip:carol
	add alice sip:dave
		not added sip:dave 491/31 gateway
	`
	tell(t, two+`
	directed refused 403
		not added sip:carol 403/21 gateway
	1 hangs up
		party 1 connected->disconnected 200/16 caller
		tell 2 Hangup 200/16 caller
		party 2 connected->disconnected 200/16 caller
	`)
	tell(t, two+`
	directed trunk carrier
	found 2: carrier
		party 3 idle->connecting
	3 refuses 486
		party 3 connecting->disconnected 486/0 callee
		not added sip:carol 486/17 callee
		hear 1<2 2<1
	`)
	tell(t, two+`
	directed trunk carrier
	found 2: carrier
		party 3 idle->connecting
	2 hangs up
		not added sip:carol 487/16 callee
		party 2 connected->disconnected 200/16 callee
		tell 3 Hangup 200/16 callee
		party 3 connecting->disconnected 200/16 callee
		tell 1 Hangup 200/16 callee
		party 1 connected->disconnected 200/16 callee
	`)
}

// TestThreeHearEachOther has real media: a third party comes, each hears something while
// only one of the others speaks, and the two who are left are heard as before.
func TestThreeHearEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 20099, Limits{})
		s.onDial = func(l *stageLeg) {
			l.says(100*time.Millisecond, Answered{SDP: describe(l.id, []string{"PCMU", "te"})})
		}
		s.forwarded = plan("trunk backup")
		s.arrive(plan("trunk carrier"))
		pass(time.Second)
		s.call.Add(dialplan.Request{To: "sip:carol"})
		pass(time.Second)
		for _, speaker := range []int{1, 2, 3} {
			at := map[int]int{}
			s.look(func(c *Call) {
				for id := range c.media {
					at[id] = int(c.media[id].Stats().Sent.Packets)
				}
			})
			s.speak(speaker, s.mediaOf(speaker), 50)
			s.look(func(c *Call) {
				for id := range c.media {
					if n := int(c.media[id].Stats().Sent.Packets) - at[id]; id != speaker && n < 40 {
						t.Errorf("while %d speaks %d is sent %d packets in a second", speaker, id, n)
					}
				}
			})
		}
		s.call.Remove(3, event.Cause{Status: 200, Q850: 16, By: event.PartyGateway})
		pass(time.Second)
		if heard := s.speak(1, s.mediaOf(1), 20); heard != 0 {
			t.Errorf("alice hears %d packets while nobody else speaks", heard)
		}
		s.report(1, HungUp{Cause: event.Cause{Status: 200, Q850: 16}}, Released{})
		pass(time.Second)
		s.over()
	})
}
