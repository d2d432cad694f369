package dialog

import (
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/sdp"
)

func TestCallAnsweredAndHungUpByEachSide(t *testing.T) {
	for _, who := range []string{"caller", "callee"} {
		t.Run(who, func(t *testing.T) {
			p := answered(t)
			p.expectReports(p.caller, Trying{}, Progressed{}, Accepted{})
			p.expectReports(p.callee, Acknowledged{})
			by, other := p.caller, p.callee
			if who == "callee" {
				by, other = other, by
			}
			by.reports, other.reports = nil, nil
			p.do(by, func(u *Usage) { u.Bye(p.now) })
			p.run(time.Second)
			p.expectReports(by, Released{})
			p.expectReports(other, Left{}, Released{})
			p.expectState(Ended, Ended)
		})
	}
}

// RFC 3261 s13.3.1.4: the 2xx is repeated until the ACK comes, and after 64*T1
// without one the callee hangs up.
func TestAnswerIsRepeatedUntilAck(t *testing.T) {
	p := newPair(t)
	acks := 0
	p.lost = func(_ *side, b []byte) bool {
		if strings.HasPrefix(string(b), "ACK") {
			acks++
			return acks <= 3
		}
		return false
	}
	p.invite()
	p.run(time.Second)
	p.do(p.callee, func(u *Usage) { u.Answer(p.now, answer()) })
	p.run(10 * time.Second)
	p.expectState(Confirmed, Confirmed)
	if n := p.sent(p.callee, "SIP/2.0 200"); n != 4 {
		p.fail("%d answers were sent, want 4", n)
	}
	p.expectReports(p.caller, Trying{}, Accepted{})
}

func TestCalleeHangsUpWithoutAck(t *testing.T) {
	p := newPair(t)
	p.lost = func(_ *side, b []byte) bool { return strings.HasPrefix(string(b), "ACK") }
	p.invite()
	p.run(time.Second)
	p.do(p.callee, func(u *Usage) { u.Answer(p.now, answer()) })
	p.run(40 * time.Second)
	p.expectState(Ended, Ended)
	p.expectReports(p.callee, Left{}, Released{})
	p.expectReports(p.caller, Trying{}, Accepted{}, Left{}, Released{})
}

// RFC 3261 s9.1: a CANCEL waits for a provisional response; the INVITE ends in 487.
func TestCancelWhileRinging(t *testing.T) {
	p := newPair(t)
	p.invite()
	p.do(p.caller, func(u *Usage) { u.Cancel(p.now, Header{"Reason", "SIP;cause=200"}) })
	if p.sent(p.caller, "CANCEL") != 0 {
		p.fail("a CANCEL was sent before any provisional response")
	}
	p.run(10 * time.Second)
	p.expectReports(p.callee, Left{}, Released{})
	p.expectState(Ended, Ended)
	if p.sent(p.callee, "SIP/2.0 487") != 1 || p.sent(p.caller, "CANCEL") != 1 || p.sent(p.caller, "ACK") != 1 {
		p.fail("the CANCEL did not end in one 487 and one ACK")
	}
}

// The 2xx crosses the CANCEL: ACK and BYE.
func TestCancelCrossesAnswer(t *testing.T) {
	p := newPair(t)
	p.invite()
	p.run(time.Second)
	p.do(p.callee, func(u *Usage) { u.Answer(p.now, answer()) })
	p.do(p.caller, func(u *Usage) { u.Cancel(p.now) })
	p.run(5 * time.Second)
	p.expectState(Ended, Ended)
	p.expectReports(p.callee, Acknowledged{}, Left{}, Released{})
	for _, want := range []string{"CANCEL", "ACK", "BYE"} {
		if n := p.sent(p.caller, want); n != 1 {
			p.fail("%d %s were sent, want 1", n, want)
		}
	}
}

func TestByeCrossesBye(t *testing.T) {
	p := answered(t)
	p.do(p.caller, func(u *Usage) { u.Bye(p.now) })
	p.do(p.callee, func(u *Usage) { u.Bye(p.now) })
	p.run(time.Second)
	p.expectState(Ended, Ended)
}

// RFC 3261 s15: the callee's BYE waits for the ACK.
func TestCalleeByeWaitsForAck(t *testing.T) {
	p := newPair(t)
	acks := 0
	p.lost = func(_ *side, b []byte) bool {
		if strings.HasPrefix(string(b), "ACK") {
			acks++
			return acks == 1
		}
		return false
	}
	p.invite()
	p.run(time.Second)
	p.do(p.callee, func(u *Usage) { u.Answer(p.now, answer()) })
	p.do(p.callee, func(u *Usage) { u.Bye(p.now) })
	p.run(200 * time.Millisecond)
	if p.sent(p.callee, "BYE") != 0 {
		p.fail("a BYE was sent before the ACK")
	}
	p.run(5 * time.Second)
	if p.sent(p.callee, "BYE") != 1 {
		p.fail("no BYE was sent after the ACK")
	}
	p.expectState(Ended, Ended)
}

func TestRejected(t *testing.T) {
	p := newPair(t)
	p.invite()
	p.run(time.Second)
	p.do(p.callee, func(u *Usage) { u.Reject(p.now, 486, Header{"Reason", "Q.850;cause=17"}, Phrase("Busy")) })
	p.run(time.Second)
	p.expectReports(p.caller, Trying{}, Failed{}, Released{})
	p.expectState(Ended, Ended)
	if f := p.caller.reports[1].(Failed); f.Status != 486 || f.Response.Reason != "Busy" {
		p.fail("the failure came as %+v", f)
	}
}

func TestNobodyThere(t *testing.T) {
	p := newPair(t)
	p.callee.usage = NewUAC(config("nobody", calleeAt))
	p.lost = func(*side, []byte) bool { return true }
	p.invite()
	p.run(33 * time.Second)
	p.expectReports(p.caller, Failed{}, Released{})
	if f := p.caller.reports[0].(Failed); f.Status != 408 {
		p.fail("the failure is %d, want 408", f.Status)
	}
	if n := p.sent(p.caller, "INVITE"); n != 7 { // timer A: 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5
		p.fail("the INVITE was sent %d times, want 7", n)
	}
}

func TestReinviteFromEachSide(t *testing.T) {
	for _, who := range []string{"caller", "callee"} {
		t.Run(who, func(t *testing.T) {
			p := answered(t)
			by, other := p.caller, p.callee
			if who == "callee" {
				by, other = other, by
			}
			by.reports, other.reports = nil, nil
			p.do(by, func(u *Usage) { u.Offer(p.now, description1("192.0.2.9", 12000, sdp.SendOnly)) })
			p.run(time.Second)
			p.expectReports(other, Offered{})
			p.do(other, func(u *Usage) { u.AcceptOffer(p.now, description1("192.0.2.8", 13000, sdp.RecvOnly)) })
			p.run(time.Second)
			p.expectReports(by, OfferAnswered{})
			p.expectState(Confirmed, Confirmed)
			if p.sent(by, "ACK") < 1 {
				p.fail("the re-INVITE was not acknowledged")
			}
			p.do(by, func(u *Usage) { u.Bye(p.now) })
			p.run(time.Second)
			p.expectState(Ended, Ended)
		})
	}
}

func TestReinviteRefusedLeavesTheSession(t *testing.T) {
	p := answered(t)
	before := p.caller.usage.dialog().Media
	p.caller.reports = nil
	p.do(p.caller, func(u *Usage) { u.Offer(p.now, description1("192.0.2.9", 12000, sdp.SendRecv)) })
	p.run(time.Second)
	p.do(p.callee, func(u *Usage) { u.RefuseOffer(p.now, 488) })
	p.run(time.Second)
	p.expectReports(p.caller, OfferFailed{})
	p.expectState(Confirmed, Confirmed)
	if after := p.caller.usage.dialog().Media; after != before {
		p.fail("the refused offer changed the session")
	}
}

// RFC 3261 s14.2: glare.
func TestReinviteGlare(t *testing.T) {
	p := answered(t)
	p.caller.reports, p.callee.reports = nil, nil
	p.do(p.caller, func(u *Usage) { u.Offer(p.now, description1("192.0.2.9", 12000, sdp.SendRecv)) })
	p.do(p.callee, func(u *Usage) { u.Offer(p.now, description1("192.0.2.8", 13000, sdp.SendRecv)) })
	p.run(time.Second)
	p.expectReports(p.caller, OfferFailed{})
	p.expectReports(p.callee, OfferFailed{})
	if f := p.caller.reports[0].(OfferFailed); f.Status != 491 {
		p.fail("glare came as %d, want 491", f.Status)
	}
	p.expectState(Confirmed, Confirmed)
}

func TestByeEndsAPendingReinvite(t *testing.T) {
	p := answered(t)
	p.do(p.caller, func(u *Usage) { u.Offer(p.now, description1("192.0.2.9", 12000, sdp.SendRecv)) })
	p.run(time.Second)
	p.do(p.callee, func(u *Usage) { u.Bye(p.now) })
	p.run(time.Second)
	if p.sent(p.callee, "SIP/2.0 487") != 1 {
		p.fail("the pending re-INVITE was not ended with 487")
	}
	p.expectState(Ended, Ended)
}

// Under loss every call comes to the same end on both sides.
func TestCallsUnderLoss(t *testing.T) {
	for seed := range uint64(200) {
		p := newPair(t)
		p.lost = loss(seed, 0.2)
		p.invite()
		p.run(3 * time.Second)
		if p.callee.usage == nil {
			p.run(35 * time.Second)
			continue
		}
		p.do(p.callee, func(u *Usage) { u.Provisional(p.now, 180, nil) })
		p.run(time.Second)
		p.do(p.callee, func(u *Usage) { u.Answer(p.now, answer()) })
		p.run(70 * time.Second)
		if p.caller.usage.State() == Confirmed {
			p.do(p.caller, func(u *Usage) { u.Bye(p.now) })
		}
		p.run(70 * time.Second)
		p.expectState(Ended, Ended)
		if _, ok := p.caller.usage.Deadline(); ok {
			p.fail("seed %d: the caller's timers run on", seed)
		}
	}
}
