package dialog

import (
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// RFC 5407 s3.2.1: both say BYE; each answers the other's.
func TestByeCrossesBye(t *testing.T) {
	overEach(t, func(t *testing.T, protocol transport.Protocol) {
		p := answeredOver(t, protocol)
		p.caller.reports, p.callee.reports = nil, nil
		p.bye(p.caller)
		p.bye(p.callee)
		p.run(time.Second)
		p.expectOver()
		p.expectReports(p.caller, Released{})
		p.expectReports(p.callee, Released{})
		p.expectSent(p.caller, "SIP/2.0 200", 1)
		p.expectSent(p.callee, "SIP/2.0 200", 2) // the INVITE's too
	})
}

// RFC 3261 s15: "the callee's UA MUST NOT send a BYE on a confirmed dialog until it has
// received an ACK for its 2xx response or until the server transaction times out."
func TestCalleeByeWaitsForAck(t *testing.T) {
	overEach(t, func(t *testing.T, protocol transport.Protocol) {
		p := newPairOver(t, protocol)
		p.loses("ACK", 1)
		p.invite()
		p.run(time.Second)
		p.answer(answer())
		p.bye(p.callee, Header{"Reason", "Q.850;cause=16"})
		p.run(200 * time.Millisecond)
		p.expectSent(p.callee, "BYE", 0)
		p.run(5 * time.Second)
		p.expectSent(p.callee, "BYE", 1)
		p.expectOver()
		left := p.caller.reports[len(p.caller.reports)-2].(Left)
		if header(left.Request, "Reason") != "Q.850;cause=16" {
			p.fail("the reason is lost")
		}
	})
}

func TestCalleeByeWithoutAnyAck(t *testing.T) {
	p := newPair(t)
	p.loses("ACK", 1000)
	p.invite()
	p.run(time.Second)
	p.answer(answer())
	p.bye(p.callee)
	p.run(31 * time.Second)
	p.expectSent(p.callee, "BYE", 0)
	p.run(5 * time.Second)
	p.expectSent(p.callee, "BYE", 1)
	p.expectOver()
	p.expectReports(p.callee, Released{})
}

// RFC 5407 s3.1.3, s3.1.6: the caller's BYE comes before its ACK, or instead of it. It ends
// what the callee's would have ended.
func TestByeBeforeAck(t *testing.T) {
	for _, waits := range []bool{false, true} {
		r := rawCallee(t, transport.UDP)
		r.do(func(u *Usage) { u.Answer(r.now, answer()) })
		if waits {
			r.do(func(u *Usage) { u.Bye(r.now) })
		}
		r.forget()
		r.send("BYE")
		r.expect("200 BYE")
		if waits {
			r.expectReports(Released{})
		} else {
			r.expectReports(Left{}, Released{})
		}
		r.send("ACK") // RFC 5407 s3.2.4
		r.wait(time.Minute)
		r.expect("200 BYE")
		r.expectOver()
	}
}

// RFC 3261 s15.1.1: whatever comes back, or nothing, the dialog is over.
func TestAnyAnswerToByeEndsTheCall(t *testing.T) {
	for _, status := range []int{200, 202, 301, 400, 401, 404, 408, 481, 500, 503, 603, 0} {
		r := rawCaller(t, nil)
		r.accept("them")
		r.do(func(u *Usage) { u.Bye(r.now) })
		r.forget()
		if status != 0 {
			r.respond(sip.BYE, status, "", nil, "")
			r.expect()
		} else {
			r.wait(32 * time.Second)
		}
		r.expectReports(Released{})
		r.expectOver()
	}
}

// A provisional response to a BYE is no answer (RFC 4320 has a 100 come late).
func TestTryingToByeIsNoAnswer(t *testing.T) {
	r := rawCaller(t, nil)
	r.accept("them")
	r.do(func(u *Usage) { u.Bye(r.now) })
	r.respond(sip.BYE, 100, "", nil, "")
	r.expectState(Leaving)
	r.wait(33 * time.Second)
	r.expectOver()
}

func TestByeOverABrokenConnection(t *testing.T) {
	r := rawCaller(t, nil)
	r.accept("them")
	r.do(func(u *Usage) {
		u.Bye(r.now)
		u.TransportFailed(r.now)
	})
	r.expectReports(Accepted{}, Released{})
	r.expectOver()
}

func TestByeNamesItsAgent(t *testing.T) {
	r := rawCaller(t, func(c *Config) { c.Agent = "Tandem" })
	r.accept("them")
	r.do(func(u *Usage) { u.Bye(r.now) })
	if agent := header(r.request(sip.BYE), "User-Agent"); agent != "Tandem" {
		t.Errorf("the agent is %q", agent)
	}
}

// A BYE is a BYE whatever it carries.
func TestByeWithABody(t *testing.T) {
	r := rawCaller(t, nil)
	r.accept("them")
	r.forget()
	r.receive(r.requestText("BYE", "", []string{"Content-Type: text/plain", "Reason: Q.850;cause=31"}, "bye"))
	r.expect("200 BYE")
	r.expectReports(Left{}, Released{})
	if left := r.reports[0].(Left); header(left.Request, "Reason") != "Q.850;cause=31" || string(left.Request.Body()) != "bye" {
		t.Errorf("the BYE came as %+v", left)
	}
}

// RFC 3261 s15.1.2: the caller ends its own INVITE by a BYE in the early dialog.
func TestByeInAnEarlyDialog(t *testing.T) {
	r := rawCallee(t, transport.UDP)
	r.do(func(u *Usage) { u.Provisional(r.now, 180, nil) })
	r.forget()
	r.send("BYE")
	r.expect("200 BYE", "487 INVITE")
	r.expectReports(Left{})
	r.acknowledgeFailure(1)
	r.expectReports(Left{}, Released{})
	r.expectOver()
}

// RFC 5407 s3.2.2: what crosses our BYE is no more in a dialog, but another BYE.
func TestRequestsThatCrossOurBye(t *testing.T) {
	r := rawCaller(t, nil)
	r.accept("them")
	r.do(func(u *Usage) { u.Bye(r.now) })
	r.forget()
	r.receive(r.requestText("INVITE", "", at("them"), rawOffer))
	r.send("OPTIONS")
	r.send("FROBNICATE")
	r.send("BYE")
	r.expect("481 INVITE", "481 OPTIONS", "481 FROBNICATE", "200 BYE")
	r.expectReports()
}

// RFC 3261 s15.1.2 and RFC 5407 s3.2.2: a BYE ends the re-INVITE that waits for our
// answer, with 487.
func TestByeEndsAPendingReinvite(t *testing.T) {
	eachSide(t, func(p *pair, by, other *side) {
		p.offer(by, description1("192.0.2.9", 12000, sdp.SendRecv))
		p.run(time.Second)
		p.bye(other)
		p.run(time.Second)
		p.expectSent(other, "SIP/2.0 487", 1)
		p.expectSent(by, "CANCEL", 0)
		p.expectOver()
		p.expectReports(by, OfferFailed{}, Left{}, Released{}) // the 487 comes before the BYE
		p.expectReports(other, Offered{}, Released{})
	})
}

func TestByeEndsOurOwnReinvite(t *testing.T) {
	eachSide(t, func(p *pair, by, other *side) {
		p.offer(by, description1("192.0.2.9", 12000, sdp.SendRecv))
		p.run(time.Second)
		p.bye(by)
		p.run(time.Second)
		p.expectSent(other, "SIP/2.0 487", 1)
		p.expectSent(by, "CANCEL", 0)
		p.expectOver()
		p.expectReports(by, Released{})
		p.expectReports(other, Offered{}, Left{}, Released{})
	})
}

// A re-INVITE that rings on after the call is cancelled: nothing bounds it else.
func TestReinviteThatNothingEnds(t *testing.T) {
	for _, who := range []string{"our BYE", "theirs"} {
		t.Run(who, func(t *testing.T) {
			r := rawCaller(t, nil)
			r.accept("them")
			r.do(func(u *Usage) { u.Offer(r.now, description1("192.0.2.1", 10002, sdp.SendRecv)) })
			r.respond(sip.INVITE, 100, "", nil, "")
			reinvite := r.request(sip.INVITE)
			if who == "theirs" {
				r.send("BYE")
			} else {
				r.do(func(u *Usage) { u.Bye(r.now) })
				r.respond(sip.BYE, 200, "", nil, "")
			}
			r.forget()
			r.wait(3 * time.Second)
			r.do(func(u *Usage) { u.Tick(r.now) })
			r.expectState(Leaving)
			r.expect()
			r.wait(time.Second)
			r.expect("CANCEL")
			if cancel := r.request(sip.CANCEL); wire.Branch(cancel) != wire.Branch(reinvite) || wire.ToTag(cancel) != "them" {
				t.Errorf("the CANCEL is\n%s", r.bytes[0])
			}
			r.wait(33 * time.Second)
			r.expectReports(Released{})
			r.expectOver()
		})
	}
}

// RFC 5407 s3.2.3: a 2xx to the re-INVITE that crosses the BYE is acknowledged all the
// same.
func TestReinviteAnsweredAfterBye(t *testing.T) {
	r := rawCaller(t, nil)
	r.accept("them")
	r.do(func(u *Usage) { u.Offer(r.now, description1("192.0.2.1", 10002, sdp.SendRecv)) })
	r.do(func(u *Usage) { u.Bye(r.now) })
	r.respond(sip.BYE, 200, "", nil, "")
	r.expectState(Leaving)
	r.forget()
	r.respond(sip.INVITE, 200, "", at("them"), rawOffer)
	r.expect("ACK")
	r.expectReports(Released{})
	r.expectOver()
}

// The 2xx to a re-INVITE is repeated until its ACK while our BYE is under way, and not
// after the end.
func TestByeBeforeTheAckOfAReinvite(t *testing.T) {
	r := rawCaller(t, nil)
	r.accept("them")
	r.receive(r.requestText("INVITE", "", at("them"), rawOffer))
	r.do(func(u *Usage) { u.AcceptOffer(r.now, answer()) })
	r.do(func(u *Usage) { u.Bye(r.now) })
	r.forget()
	r.wait(400 * time.Millisecond)
	r.wait(200 * time.Millisecond)
	r.expect("BYE", "200 INVITE")
	r.respond(sip.BYE, 200, "", nil, "")
	r.wait(time.Minute)
	r.expect("BYE", "200 INVITE")
	r.expectReports(Released{})
	r.expectOver()
}

func TestRepeatedByeIsAnsweredAgain(t *testing.T) {
	r := rawCaller(t, nil)
	r.accept("them")
	r.do(func(u *Usage) { u.Offer(r.now, description1("192.0.2.1", 10002, sdp.SendRecv)) }) // keeps the usage
	r.forget()
	text := r.send("BYE")
	r.receive(text)
	r.expect("200 BYE", "200 BYE")
	r.expectReports(Left{})
	if string(r.bytes[0]) != string(r.bytes[1]) || strings.Contains(string(r.bytes[0]), "Contact") {
		t.Errorf("the answers are\n%s%s", r.bytes[0], r.bytes[1])
	}
}

// The 2xx is not repeated to who has hung up, even while something else keeps the usage.
func TestByeStopsTheAnswer(t *testing.T) {
	for _, waits := range []bool{false, true} {
		r := rawCallee(t, transport.UDP)
		r.do(func(u *Usage) { u.Answer(r.now, answer()) })
		r.receive(r.requestText("INVITE", "", at("them"), rawOffer)) // its 487 waits for an ACK
		if waits {
			r.do(func(u *Usage) { u.Bye(r.now) })
		}
		r.send("BYE")
		r.expectState(Leaving)
		r.forget()
		r.wait(600 * time.Millisecond)
		r.expect("487 INVITE")
		r.acknowledgeFailure(2)
		r.expectOver()
	}
}
