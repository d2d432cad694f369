package dialog

import (
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// RFC 3311 s5.2: an UPDATE without an offer refreshes the target and is answered at once.
func TestUpdateRefreshesTheTarget(t *testing.T) {
	r := inCallRaw(t)
	r.forget()
	r.receive(r.requestText("UPDATE", "", at("moved"), ""))
	r.expect("200 UPDATE")
	if r.response().Contact() == nil || len(r.response().Body()) != 0 || r.usage.chosen.Target != "sip:moved@192.0.2.2:5060" {
		t.Errorf("the target is %s, the answer\n%s", r.usage.chosen.Target, r.bytes[0])
	}
	r.expectReports()
}

func TestOfferInUpdate(t *testing.T) {
	r := inCallRaw(t)
	r.forget()
	r.receive(r.requestText("UPDATE", "", at("moved"), rawOffer))
	r.expect()
	r.expectReports(Offered{})
	r.receive(r.requestText("UPDATE", "", at("them"), rawOffer)) // "500 … Retry-After"
	r.receive(r.requestText("INVITE", "", at("them"), rawOffer))
	r.expect("500 UPDATE", "500 INVITE")
	if header(r.response(), "Retry-After") == "" {
		t.Error("no Retry-After")
	}
	r.do(func(u *Usage) { u.AcceptOffer(r.now, answer()) })
	r.expect("500 UPDATE", "500 INVITE", "200 UPDATE")
	if s, _ := description(r.response()); s == nil || r.usage.chosen.Media.State != sdp.Stable || r.usage.chosen.Target != "sip:moved@192.0.2.2:5060" {
		t.Errorf("%v to %s:\n%s", r.usage.chosen.Media.State, r.usage.chosen.Target, r.bytes[2])
	}
	r.forget()
	before := r.usage.chosen.Media
	r.receive(r.requestText("UPDATE", "", at("them"), rawOffer))
	r.do(func(u *Usage) { u.RefuseOffer(r.now, 488) })
	r.expect("488 UPDATE")
	if r.usage.chosen.Media != before || r.usage.chosen.Target != "sip:moved@192.0.2.2:5060" {
		t.Error("what was refused has an effect")
	}
	r.receive(r.requestText("UPDATE", "", at("them"), "v=1\r\n"))
	r.expect("488 UPDATE", "400 UPDATE")
}

// An UPDATE whose offer nobody answers: 504 before its sender gives up.
func TestUpdateIsAnsweredInTime(t *testing.T) {
	r := inCallRaw(t)
	r.forget()
	r.receive(r.requestText("UPDATE", "", at("them"), rawOffer))
	r.wait(17 * time.Second)
	r.expect("100 UPDATE", "504 UPDATE")
	r.expectReports(Offered{}, OfferWithdrawn{})
	r.do(func(u *Usage) { u.AcceptOffer(r.now, answer()) })
	r.expect("100 UPDATE", "504 UPDATE")
}

// After a complete exchange in a reliable response either side may offer by UPDATE
// before the 2xx.
func TestUpdateBeforeTheAnswer(t *testing.T) {
	for _, who := range []string{"caller", "callee"} {
		t.Run(who, func(t *testing.T) {
			p := earlyMedia(t, transport.UDP)
			by := p.caller
			if who == "callee" {
				by = p.callee
			}
			other := p.other(by)
			p.caller.reports, p.callee.reports = nil, nil
			p.offer(by, hold())
			p.run(time.Second)
			p.expectSent(by, "UPDATE", 2) // and its repetition: it is answered late
			p.expectReports(other, Offered{})
			p.acceptOffer(other, holdOk())
			p.run(time.Second)
			p.expectReports(by, OfferAnswered{})
			p.answer(nil)
			p.run(time.Second)
			p.expectState(Confirmed, Confirmed)
			p.sameAgreement()
			p.hangUp()
		})
	}
}

// earlyMedia is a call that rings with early media, reliably.
func earlyMedia(t failer, protocol transport.Protocol) *pair {
	p := newPairOver(t, protocol)
	p.invite()
	p.run(time.Second)
	p.provisional(183, answer())
	p.run(time.Second)
	p.expectState(Early, Early)
	p.expectSent(p.caller, "PRACK", 1)
	return p
}

// Before that there is nothing an UPDATE could change: RFC 3311 s5.1.
func TestNoOfferBeforeTheFirstIsAnswered(t *testing.T) {
	p := ringing(t, transport.UDP)
	for _, s := range []*side{p.caller, p.callee} {
		s.reports = nil
		p.offer(s, hold())
		p.expectReports(s, OfferFailed{})
		p.expectSent(s, "UPDATE", 0)
	}
	r := rawCallee(t, transport.UDP)
	r.do(func(u *Usage) { u.Provisional(r.now, 180, nil) })
	r.forget()
	r.receive(r.requestText("UPDATE", "", at("them"), rawOffer))
	r.expect("500 UPDATE")
	c := rawCaller(t, nil)
	c.ring("them")
	c.forget()
	c.receive(c.requestText("UPDATE", "", at("them"), rawOffer))
	c.expect("491 UPDATE")
}

// RFC 5057: of the failures of an UPDATE, 408 and 481 end the dialog; others concern the
// request alone.
func TestHowAnUpdateFails(t *testing.T) {
	for _, tt := range []struct {
		status int
		ends   State
	}{{488, Confirmed}, {500, Confirmed}, {403, Confirmed}, {481, Leaving}, {408, Leaving}} {
		r := timed(t, "uac", "Allow: UPDATE")
		r.wait(901 * time.Second)
		r.forget()
		r.respond(sip.UPDATE, tt.status, "", nil, "")
		r.expectState(tt.ends)
	}
}
