package bridge

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp"
	"github.com/tandem-gateway/tandem/sdp"
)

// huntWords is a hunt that is given away: who rings, and what is left to try.
func huntWords(g GiveHunt) string {
	words := "give the hunt"
	for i, p := range g.parties {
		if i == 0 {
			words += " with"
		}
		words += fmt.Sprintf(" %d", p.id)
	}
	s := &g.search
	if left := len(s.decision.Attempts) - s.hunt.index; left > 0 {
		words += fmt.Sprintf(", %d to try", left)
	}
	switch {
	case s.forwarding.phase == forwardAsked:
		words += ", being forwarded"
	case s.hunt.located < s.hunt.index:
		words += ", being located"
	}
	return words
}

// consultations are calls of a transferor that have not been answered, as stories of their
// own.
var consultations = map[string]string{
	"calling": "found 1: other",
	"ringing": `found 1: other
		2 rings 180`,
	"ringing without an offer": `found 1: other
		2 rings 180`,
	"rings for 20s": `found 1: other
		2 rings 180
		wait 20s`,
	"playing": `found 1: other
		2 rings 183 PCMU te`,
	"playing, then ringing": `given ringback auto US
		found 1: other
		2 rings 183 PCMU te
		2 rings 180`,
	"ringing by itself": `given ringback auto US
		found 1: other
		2 rings 180
		wait 1s
		heard nothing`,
	"two of three": `given user bob
		found 1: desk mobile soft
		2 rings 180
		3 refuses 486
		4 rings 183 PCMU te`,
	"one plays, another rings": `given user bob
		found 1: desk mobile
		2 rings 183 PCMU te
		3 rings 180`,
	"both play": `given user bob
		given ringback auto US
		found 1: desk mobile soft
		3 refuses 480
		2 rings 183 PCMU te
		4 rings 183 PCMU te
		wait 200ms
		heard 20ms of 2`,
	"the second trunk": `given trunk carrier, trunk other, trunk backup
		found 1: carrier
		2 refuses 503
		found 2: other
		3 rings 180`,
	"locating": `given trunk carrier, trunk other
		found 1: carrier
		2 rings 180
		2 refuses 503`,
	"forwarding": `given user bob busy>carol
		found 1: desk
		2 rings 180
		2 refuses 486`,
	"forwarding at once": `given user bob always>carol`,
	"forwarded": `given user bob busy>carol
		found 1: desk
		2 refuses 486
		forwarded 1: user carol busy>+14255550177
		found 2: phone
		3 rings 180`,
}

// consultation is what comes over of one of them. A call that does not say whom it calls is
// to a trunk.
func (s *story) consultation(name string) HuntFetched {
	if consultations[name] == "" {
		panic("there is no consultation " + name)
	}
	other := &story{decision: plan("trunk other"), now: s.now, audit: newAudit(), show: []string{"nothing"}}
	other.machine = NewMachine("other", &s.limits)
	lines := strings.Split(consultations[name], "\n")
	for len(lines) > 0 && strings.HasPrefix(strings.TrimSpace(lines[0]), "given") {
		other.must(lines[0])
		lines = lines[1:]
	}
	offer := "PCMU PCMA te"
	if strings.HasSuffix(name, "without an offer") {
		offer = "nothing"
	}
	other.must("alice calls with " + offer)
	for _, l := range lines {
		if strings.TrimSpace(l) != "" {
			other.must(l)
		}
	}
	s.now = other.now
	return other.surrendered()
}

func (s *story) must(line string) {
	if err := s.happen(strings.Fields(line)); err != nil {
		panic(err)
	}
}

// surrendered has a call give up its hunt.
func (s *story) surrendered() HuntFetched {
	for _, a := range s.machine.Step(s.now, Surrender{Participant: callerID, By: dialplan.Party{Kind: dialplan.PartyUser, Name: "alice"}}) {
		if g, ok := a.(GiveHunt); ok {
			return HuntFetched(g)
		}
	}
	panic("the call has no hunt to give")
}

// consulting begins a story in which alice talks with 2 and wants to connect it with somebody
// who has not answered her.
const consulting = `
	given ringback auto US
	show tell hear transfer attempt dial locate forward call2 check
	alice calls with PCMU te
		locate 1 trunk carrier
	found 1: carrier
		attempt 1 to carrier at sip:carrier as +14255550101
		dial 2 sip:carrier with v1 PCMU te
	2 answers PCMU te
		attempt 1 ended 200/16 callee
		tell 1 Answer v1 PCMU te
		hear 1<2 2<1
	1 refers alice sip:carol other
	`

// overRinging is the moment in which what rings for alice comes to ring for 2.
const overRinging = consulting + `
	hunt fetched: ringing
		tell 1 AcceptRefer
		transfer attended transferring of 2 by 1 to +14255550100
		attempt 2 to other at sip:other as +14255550101
		tell 1 Notify 180
		hear 2<-65538
	`

// TestSemiAttendedTransfer is RFC 5589 s7.6 with nobody called anew.
func TestSemiAttendedTransfer(t *testing.T) {
	tell(t, overRinging+`
	3 answers PCMU te
		attempt 2 ended 200/16 callee
		tell 1 Notify 200
		transfer attended transferred of 2 by 1 to +14255550100
		tell 1 Hangup 200/16 gateway
		hear 2<3 3<2
	1 released
	2 hangs up
		tell 3 Hangup 200/16 callee
	`)
}

// TestSemiAttendedTransferInVain: the target does not want it, or does not answer within what
// is left of its time.
func TestSemiAttendedTransferInVain(t *testing.T) {
	tell(t, overRinging+`
	3 refuses 486
		attempt 2 ended 486/0 callee
		tell 1 Notify 486
		transfer attended failed of 2 by 1 to +14255550100 486/17 callee
		hear 1<2 2<1
	`)
	tell(t, consulting+`
	hunt fetched: rings for 20s
		tell 1 AcceptRefer
		transfer attended transferring of 2 by 1 to +14255550100
		attempt 2 to other at sip:other as +14255550101
		tell 1 Notify 180
		hear 2<-65538
	wait 39s
	wait 1s
		attempt 2 ended 480/19 gateway
		tell 3 Hangup 480/19 gateway
		tell 1 Notify 480
		transfer attended failed of 2 by 1 to +14255550100 480/19 gateway
		hear 1<2 2<1
	`)
	tell(t, overRinging+`
	1 hangs up
		hear 2<-65538
	1 released
	3 refuses 486
		attempt 2 ended 486/0 callee
		transfer attended failed of 2 by 1 to +14255550100 486/17 callee
		hear 2<-2
	directed user alice
		locate 3 user alice
	found 3: desk
		attempt 3 to alice at sip:desk as +14255550101
		dial 4 sip:desk with v1 PCMU te
	4 answers PCMU te
		attempt 3 ended 200/16 callee
		transfer recall failed of 2 by 1 to +14255550100
		hear 2<4 4<2
	`)
}

// TestSemiAttendedTransferAbandoned: the transferee hangs up, before the hunt has come over and
// behind that.
func TestSemiAttendedTransferAbandoned(t *testing.T) {
	tell(t, overRinging+`
	2 hangs up
		tell 1 Notify 487
		transfer attended failed of 2 by 1 to +14255550100 487/16 callee
		attempt 2 ended 487/16 callee
		tell 3 Hangup 200/16 callee
		tell 1 Hangup 200/16 callee
	`)
	tell(t, consulting+`
	2 hangs up
		tell 1 RefuseRefer 487/16 gateway
		tell 1 Hangup 200/16 callee
	1 released
	2 released
	hunt fetched: two of three
		attempt 2 to bob at sip:desk as +14255550101
		attempt 3 to bob at sip:soft as +14255550101
		attempt 2 ended 487/16 gateway
		tell 3 Hangup 487/16 gateway
		attempt 3 ended 487/16 gateway
		tell 4 Hangup 487/16 gateway
	`)
}

// TestSemiAttendedTransferIsHeard: early media that the transferor was hearing, and our tone in
// place of silence.
func TestSemiAttendedTransferIsHeard(t *testing.T) {
	const begins = `
		tell 1 AcceptRefer
		transfer attended transferring of 2 by 1 to +14255550100
		attempt 2 to other at sip:other as +14255550101
	`
	tell(t, consulting+`
	hunt fetched: calling
	`+begins+`
		hear 2<-2
	3 rings 180
		tell 1 Notify 180
		hear 2<-65538
	`)
	tell(t, consulting+`
	hunt fetched: playing
	`+begins+`
		tell 1 Notify 183
		hear 2<3 3<2
	3 answers PCMU te
		attempt 2 ended 200/16 callee
		tell 1 Notify 200
		transfer attended transferred of 2 by 1 to +14255550100
		tell 1 Hangup 200/16 gateway
		hear 2<3 3<2
	`)
	tell(t, consulting+`
	hunt fetched: playing, then ringing
	`+begins+`
		tell 1 Notify 183
		hear 2<-65538 3<2
	wait 200ms
		check media
	heard 20ms of 3
		hear 2<3 3<2
	`)
	tell(t, consulting+`
	hunt fetched: ringing by itself
	`+begins+`
		tell 1 Notify 180
		hear 2<-65538
	`)
}

// TestSemiAttendedTransferToSeveral: all phones that ring come over, also the one that is heard
// where several are, and the first that answers has the call.
func TestSemiAttendedTransferToSeveral(t *testing.T) {
	tell(t, consulting+`
	hunt fetched: two of three
		tell 1 AcceptRefer
		transfer attended transferring of 2 by 1 to +14255550100
		attempt 2 to bob at sip:desk as +14255550101
		attempt 3 to bob at sip:soft as +14255550101
		tell 1 Notify 183
		hear 2<4 4<2
	3 answers PCMU te
		attempt 2 ended 200/16 callee
		attempt 3 ended 487/26 gateway
		tell 4 Hangup 200/26 gateway
		tell 1 Notify 200
		transfer attended transferred of 2 by 1 to +14255550100
		tell 1 Hangup 200/16 gateway
		hear 2<3 3<2
	`)
	tell(t, consulting+`
	hunt fetched: one plays, another rings
		tell 1 AcceptRefer
		transfer attended transferring of 2 by 1 to +14255550100
		attempt 2 to bob at sip:desk as +14255550101
		attempt 3 to bob at sip:mobile as +14255550101
		tell 1 Notify 183
		hear 2<3 3<2
	`)
	tell(t, consulting+`
	hunt fetched: both play
		tell 1 AcceptRefer
		transfer attended transferring of 2 by 1 to +14255550100
		attempt 2 to bob at sip:desk as +14255550101
		attempt 3 to bob at sip:soft as +14255550101
		tell 1 Notify 183
		hear 2<3 3<2
	3 refuses 486
		attempt 2 ended 486/0 callee
		hear 2<4 4<2
	4 refuses 480
		attempt 3 ended 480/0 callee
		# The third phone's refusal was the first.
		tell 1 Notify 480
		transfer attended failed of 2 by 1 to +14255550100 480/18 callee
		hear 1<2 2<1
	`)
}

// TestSemiAttendedTransferGoesOn: what is left of the hunt is tried for the transferee.
func TestSemiAttendedTransferGoesOn(t *testing.T) {
	const begins = `
		tell 1 AcceptRefer
		transfer attended transferring of 2 by 1 to +14255550100
	`
	tell(t, consulting+`
	hunt fetched: the second trunk
	`+begins+`
		attempt 2 to other at sip:other as +14255550101
		tell 1 Notify 180
		hear 2<-65538
	3 refuses 503
		attempt 2 ended 503/0 callee
		locate 3 trunk backup
		hear 2<-65538
	found 3: backup
		attempt 3 to backup at sip:backup as +14255550101
		dial 4 sip:backup with v1 PCMU te
	4 refuses 404
		attempt 3 ended 404/0 callee
		tell 1 Notify 404
		transfer attended failed of 2 by 1 to +14255550100 404/1 callee
		hear 1<2 2<1
	`)
	tell(t, consulting+`
	hunt fetched: locating
	`+begins+`
		locate 2 trunk other
		hear 2<-2
	found 2: other
		attempt 2 to other at sip:other as +14255550101
		dial 3 sip:other with v1 PCMU te
	`)
	tell(t, consulting+`
	hunt fetched: forwarding
	`+begins+`
		forward 1 user-busy by bob to carol
		hear 2<-2
	forwarded 1: user carol
		locate 3 user carol
	found 3: phone
		attempt 2 to carol at sip:phone as +14255550101
		dial 3 sip:phone with v1 PCMU te hops 68
	`)
	tell(t, consulting+`
	hunt fetched: forwarding at once
	`+begins+`
		forward 1 unconditional by bob to carol
		hear 2<-2
	forwarded 1: user carol
		locate 2 user carol
	`)
	tell(t, consulting+`
	hunt fetched: forwarded
		tell 1 AcceptRefer
		transfer attended transferring of 2 by 1 to (425) 555-0100
		attempt 2 to carol at sip:phone as +14255550101
		tell 1 Notify 180
		hear 2<-65538
	3 refuses 486
		attempt 2 ended 486/0 callee
		forward 2 user-busy by carol to +14255550177 after bob
		hear 2<-65538
	`)
}

// TestSemiAttendedTransferToAnotherCodec: the target was offered what the transferor has.
func TestSemiAttendedTransferToAnotherCodec(t *testing.T) {
	tell(t, overRinging+`
	3 answers PCMA te
		attempt 2 ended 200/16 callee
		tell 1 Notify 200
		transfer attended transferred of 2 by 1 to +14255550100
		tell 1 Hangup 200/16 gateway
		tell 2 Offer v2 PCMA te of +14255550100
		hear 2<3 3<2
	`)
}

// TestSemiAttendedTransferWithoutAnOffer: the target was offered what the gateway has, for the
// transferor has offered nothing.
func TestSemiAttendedTransferWithoutAnOffer(t *testing.T) {
	tell(t, strings.Replace(overRinging, "hunt fetched: ringing", "hunt fetched: ringing without an offer", 1)+`
	3 answers PCMA
		attempt 2 ended 200/16 callee
		tell 1 Notify 200
		transfer attended transferred of 2 by 1 to +14255550100
		tell 1 Hangup 200/16 gateway
		tell 2 Offer v2 PCMA of +14255550100
		hear 2<3 3<2
	2 agrees PCMA
		hear 2<3 3<2
	`)
}

// TestSurrenderOfHunts: what is given with those who ring.
func TestSurrenderOfHunts(t *testing.T) {
	for name, want := range map[string]string{
		"calling": "give the hunt with 2", "two of three": "give the hunt with 2 4", "the second trunk": "give the hunt with 3, 1 to try",
		"locating": "give the hunt, being located", "forwarding": "give the hunt, being forwarded",
		"forwarding at once": "give the hunt, 1 to try, being forwarded",
	} {
		if got := huntWords(GiveHunt((&story{}).consultation(name))); got != want {
			t.Errorf("%s: %s, not %s", name, got, want)
		}
	}
}

// TestHuntMoves: three phones ring for alice, and go on for the other party of her first call,
// on that one's goroutine and with their ports.
func TestHuntMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, other := pairWith(t, plan("user bob"), Ringing{Status: 180})
		ports := []any{other.mediaOf(2), other.mediaOf(3), other.mediaOf(4)}
		phones := []*stageLeg{other.legs[2], other.legs[3], other.legs[4]}
		refer(one, "consultation")
		pass(time.Second)
		synctest.Wait()
		one.look(func(c *Call) {
			for i, l := range phones {
				if c.LegOf("other", 2+i) != Leg(l) || c.media[3+i].LocalRTP() != ports[i] {
					t.Errorf("leg %d is %v, its media at %v and not at %v", 2+i, c.LegOf("other", 2+i), c.media[3+i].LocalRTP(), ports[i])
				}
			}
		})
		if other.forgot != 1 {
			t.Errorf("the other call is not over: %v", other.events)
		}
		other.expect("the transferor's other leg", other.legs[1].told[3:], "Refuse 487/16 caller")
		one.report(4, Answered{SDP: describe(4, []string{"PCMU", "te"})})
		pass(time.Second)
		synctest.Wait()
		one.expect("the transferor", one.legs[1].told[1:], "AcceptRefer", "Notify 180", "Notify 200", "Hangup 200/16 gateway")
		one.expect("who has answered", phones[1].told[1:], "Identify +14255550100")
		one.expect("who has not", phones[0].told[1:], "Hangup 200/26 gateway")
		one.expect("who has not", phones[2].told[1:], "Hangup 200/26 gateway")
		one.report(2, HungUp{Cause: event.Cause{Status: 200, Q850: 16}}, Released{})
		pass(time.Second)
		synctest.Wait()
		one.over()
	})
}

// TestHandshakeOfAMovedParty: it fails when the party has gone over to another call. That would
// be silent, and ends.
func TestHandshakeOfAMovedParty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, other := pairWith(t, plan("trunk carrier"), Ringing{Status: 180})
		var hand *rtp.Handshake
		other.look(func(c *Call) { hand = c.handshake(2, &sdp.Protected{}) })
		refer(one, "consultation")
		pass(time.Second)
		synctest.Wait()
		hand.Ended(errors.New("no keys"))
		pass(time.Second)
		synctest.Wait()
		one.over()
		if last := one.legs[2].told[len(one.legs[2].told)-1]; last != "Hangup 488/65 gateway" {
			t.Errorf("the transferee was told %v", one.legs[2].told)
		}
	})
}

// TestHuntMovesAtACrossing: whatever happens in the moment in which the hunt changes hands, at
// the end nobody is left, and nobody rings for nobody.
func TestHuntMovesAtACrossing(t *testing.T) {
	gone := event.Cause{Status: 200, Q850: 16}
	for name, crosses := range map[string]func(one, other *stage){
		"the transferee hangs up":        func(one, _ *stage) { one.report(2, HungUp{Cause: gone}, Released{}) },
		"the transferor hangs up":        func(one, _ *stage) { one.report(1, HungUp{Cause: gone}, Released{}) },
		"the transferor cancels":         func(_, other *stage) { other.report(1, HungUp{Cause: event.Cause{Status: 487}}, Released{}) },
		"a phone answers":                func(_, other *stage) { other.report(3, Answered{SDP: describe(3, []string{"PCMU"})}) },
		"a phone refuses":                func(_, other *stage) { other.report(3, Refused{Cause: event.Cause{Status: 603}}, Released{}) },
		"the call is ended from outside": func(one, _ *stage) { one.call.Stop(event.Cause{Status: 503, By: event.PartyGateway}) },
		"both calls are":                 func(one, other *stage) { one.call.Stop(gone); other.call.Stop(gone) },
	} {
		for _, first := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				one, other := pairWith(t, plan("user bob"), Ringing{Status: 180})
				if first {
					crosses(one, other)
				}
				refer(one, "consultation")
				if !first {
					crosses(one, other)
				}
				pass(10 * time.Second)
				synctest.Wait()
				one.call.Stop(event.Cause{Status: 503, By: event.PartyGateway})
				other.call.Stop(event.Cause{Status: 503, By: event.PartyGateway})
				pass(time.Second)
				synctest.Wait()
				for _, id := range []int{2, 3, 4} {
					l := other.legs[id]
					ended := slices.ContainsFunc(l.told, func(c string) bool { return strings.HasPrefix(c, "Hangup") })
					if !ended && !(id == 3 && name == "a phone refuses") {
						t.Errorf("%s (first: %v): phone %d was told %v", name, first, id, l.told)
					}
				}
				if other.forgot != 1 {
					t.Errorf("%s (first: %v): the other call is not over: %v", name, first, other.events)
				}
				one.over()
			})
		}
	}
}
