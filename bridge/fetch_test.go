package bridge

import (
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
)

// pairOfCalls are two answered calls of alice in one gateway: in the first she talks with
// the carrier's party, in the other with a party that she may connect it with.
func pairOfCalls(t *testing.T) (one, other *stage) { return pairWith(t, plan("trunk carrier")) }

// pairWith is a pair of calls whose other one goes elsewhere; those who are called there say
// something else than an answer.
func pairWith(t *testing.T, d dialplan.Decision, there ...Report) (one, other *stage) {
	one = newStage(t, 20099, Limits{})
	other = &stage{
		t: t, net: one.net, ports: one.ports, legs: map[int]*stageLeg{}, begun: time.Now(), audit: newAudit(),
		found: one.found, onDial: func(*stageLeg) {},
	}
	other.audit.party(callerID).state, other.audit.call = event.ParticipantConnecting, event.CallIncoming
	other.call = New("other", &Env{
		Dialer: other, Plan: other, Ports: one.ports, Log: slog.New(slog.DiscardHandler),
		Publish: other.publish, Forget: func(*Call) { other.forgot++ },
	})
	one.others = map[string]*Call{"other": other.call}
	one.onDial = func(l *stageLeg) {
		l.says(100*time.Millisecond, Answered{SDP: describe(l.id, []string{"PCMU", "te"})})
	}
	one.arrive(plan("trunk carrier"))
	other.onDial = one.onDial
	if there != nil {
		other.onDial = func(l *stageLeg) { l.says(100*time.Millisecond, there...) }
	}
	other.arrive(d)
	pass(time.Second)
	synctest.Wait()
	other.legs[callerID].dialog = "consultation"
	return one, other
}

// refer is alice's REFER with Replaces in the first call.
func refer(s *stage, dialog string) {
	s.report(callerID, Referred{
		Request: dialplan.Request{Origin: dialplan.Party{Kind: dialplan.PartyUser, Name: "alice"}, To: "sip:carol"},
		Target:  "sip:carol", Replaces: DialogID{Call: "other", CallID: dialog},
	})
}

// TestLegMoves: an attended transfer takes a party from one goroutine to another with its
// leg and its ports, and what comes for it finds it there.
func TestLegMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, other := pairOfCalls(t)
		carol := other.legs[2]
		port := other.mediaOf(2)
		refer(one, "consultation")
		pass(time.Second)
		synctest.Wait()
		if other.forgot != 1 {
			t.Errorf("the other call is not over: %v", other.events)
		}
		one.look(func(c *Call) {
			if c.LegOf("other", 2) != Leg(carol) || c.media[3] == nil || c.media[3].LocalRTP() != port {
				t.Errorf("the leg is %v, its media %v", c.LegOf("other", 2), c.media[3])
			}
			if c.LegOf("other", 1) != nil || c.LegOf("nobody", 2) != nil {
				t.Error("legs are found that are not here")
			}
		})
		one.expect("the transferor", one.legs[1].told[1:], "AcceptRefer", "Notify 200", "Hangup 200/16 gateway")
		other.expect("the transferor's other leg", other.legs[1].told[1:], "Hangup 200/16 gateway")
		other.expect("the target", carol.told[1:], "Identify +14255550100")
		// The transferee hangs up: the one that came over is told so by its new call.
		one.report(2, HungUp{Cause: event.Cause{Status: 200, Q850: 16}}, Released{})
		pass(time.Second)
		synctest.Wait()
		if last := carol.told[len(carol.told)-1]; last != "Hangup 200/16 callee" {
			t.Errorf("the target was told %v", carol.told)
		}
		one.over()
	})
}

// TestLegCannotMove: the other call is not there, its dialog is not, or nobody talks in it.
func TestLegCannotMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, other := pairOfCalls(t)
		refer(one, "unheard of")
		pass(time.Second)
		synctest.Wait()
		one.others = nil
		refer(one, "consultation")
		pass(time.Second)
		synctest.Wait()
		if told := one.legs[1].told[1:]; !slices.Equal(told, []string{"RefuseRefer 481/41 gateway", "RefuseRefer 481/41 gateway"}) {
			t.Errorf("the transferor was told %v", told)
		}
		other.call.Stop(event.Cause{Status: 503, By: event.PartyGateway})
		one.call.Stop(event.Cause{Status: 503, By: event.PartyGateway})
		pass(time.Second)
		synctest.Wait()
		one.over()
	})
}

// TestLegMovesToACallThatEnds: the transferee hangs up in the moment in which the target
// comes over. It is not left alone.
func TestLegMovesToACallThatEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, other := pairOfCalls(t)
		carol := other.legs[2]
		refer(one, "consultation")
		one.report(2, HungUp{Cause: event.Cause{Status: 200, Q850: 16}}, Released{})
		pass(time.Second)
		synctest.Wait()
		if last := carol.told[len(carol.told)-1]; last != "Hangup 487/16 gateway" && last != "Hangup 200/16 callee" {
			t.Errorf("the target was told %v", carol.told)
		}
		if other.forgot != 1 {
			t.Errorf("the other call is not over: %v", other.events)
		}
		one.over()
	})
}

// TestAskedCallEnds: the other call ends while it is being asked.
func TestAskedCallEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, other := pairOfCalls(t)
		other.call.Stop(event.Cause{Status: 503, By: event.PartyGateway})
		refer(one, "consultation")
		pass(time.Second)
		synctest.Wait()
		if told := one.legs[1].told; told[len(told)-1] != "RefuseRefer 481/41 gateway" {
			t.Errorf("the transferor was told %v", told)
		}
		one.call.Stop(event.Cause{Status: 503, By: event.PartyGateway})
		pass(time.Second)
		synctest.Wait()
		one.over()
	})
}

// asker writes down who is asked.
type asker struct{ asked []string }

func (a *asker) TransferRequested(c *Call, participant int, by event.Identity, target string) {
	a.asked = append(a.asked, by.User+" to "+target)
	go c.Consent(false) // from any goroutine; it ends at once
}

// TestConsentIsAsked: somebody who can be asked may mind.
func TestConsentIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 20099, Limits{})
		a := &asker{}
		s.call.env.Consent = a
		s.onDial = func(l *stageLeg) { l.says(100*time.Millisecond, Answered{SDP: describe(2, []string{"PCMU"})}) }
		s.forwarded = plan("trunk carrier")
		s.arrive(plan("trunk carrier"))
		pass(time.Second)
		synctest.Wait()
		s.report(callerID, Referred{Request: dialplan.Request{To: "sip:carol"}, Target: "sip:carol"})
		pass(time.Second)
		synctest.Wait()
		s.expect("who was asked", a.asked, "alice to +14255550100")
		s.expect("the transferor", s.legs[1].told[1:], "RefuseRefer 603/21 gateway")
		s.call.Stop(event.Cause{Status: 503, By: event.PartyGateway})
		pass(time.Second)
		synctest.Wait()
		s.over()
	})
}
