package dialog

import (
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/transport"
)

func hold() *sdp.Description   { return description1("192.0.2.9", 12000, sdp.SendOnly) }
func holdOk() *sdp.Description { return description1("192.0.2.8", 13000, sdp.RecvOnly) }

func TestReinviteFromEachSide(t *testing.T) {
	eachSide(t, func(p *pair, by, other *side) {
		acks := p.sent(by, "ACK")
		p.offer(by, hold())
		p.run(time.Second)
		p.expectReports(other, Offered{})
		p.expectSent(other, "SIP/2.0 100", map[string]int{"caller": 1, "callee": 2}[other.name]) // after 200 ms
		p.acceptOffer(other, holdOk())
		p.run(time.Second)
		p.expectReports(by, OfferAnswered{})
		p.expectState(Confirmed, Confirmed)
		p.expectSent(by, "ACK", acks+1)
		for _, s := range []*side{by, other} {
			if m := s.usage.chosen.Media; m.State != sdp.Stable || m.Local.Audio().Port == m.Remote.Audio().Port || m.Local.Audio().Port < 12000 {
				p.fail("the %s has agreed on %+v", s.name, m)
			}
		}
		p.hangUp()
	})
}

func TestReinviteRefusedLeavesTheSession(t *testing.T) {
	eachSide(t, func(p *pair, by, other *side) {
		before, theirs := by.usage.chosen.Media, other.usage.chosen.Media
		p.offer(by, hold())
		p.run(time.Second)
		p.refuseOffer(other, 488, Header{"Warning", `304 here "no"`})
		p.run(time.Second)
		p.expectReports(by, OfferFailed{})
		p.expectState(Confirmed, Confirmed)
		if f := by.reports[0].(OfferFailed); f.Status != 488 {
			p.fail("it failed with %d", f.Status)
		}
		if by.usage.chosen.Media != before || other.usage.chosen.Media != theirs {
			p.fail("the refused offer changed the session")
		}
		p.hangUp()
	})
}

// RFC 3261 s14.1: "the session parameters MUST remain unchanged", whatever the failure; a
// 481, a 408 and silence end the dialog (s12.2.1.2).
func TestHowAReinviteFails(t *testing.T) {
	for _, status := range []int{300, 400, 403, 486, 487, 488, 500, 503, 606} {
		r := rawCaller(t, nil)
		r.accept("them")
		before := r.usage.chosen.Media
		r.do(func(u *Usage) { u.Offer(r.now, hold()) })
		r.forget()
		r.respond(sip.INVITE, status, "", nil, "")
		r.expect("ACK")
		r.expectReports(OfferFailed{})
		if f := r.reports[0].(OfferFailed); f.Status != status || r.usage.chosen.Media != before {
			t.Errorf("%d came as %d", status, f.Status)
		}
		r.expectState(Confirmed)
		r.do(func(u *Usage) { u.Offer(r.now, hold()) })
		r.expect("ACK", "INVITE")
	}
	for _, status := range []int{408, 481, 0} {
		r := rawCaller(t, nil)
		r.accept("them")
		r.do(func(u *Usage) { u.Offer(r.now, hold()) })
		if status == 0 {
			status = 408
			r.wait(33 * time.Second)
		} else {
			r.respond(sip.INVITE, status, "", nil, "")
		}
		r.expectReports(Accepted{}, OfferFailed{}, Left{})
		if l := r.reports[2].(Left); l.Status != status || l.Request != nil {
			t.Errorf("the end is %+v, want %d", l, status)
		}
		if bye := r.request(sip.BYE); bye.CSeq().SeqNo != 3 {
			t.Errorf("the BYE has CSeq %d", bye.CSeq().SeqNo)
		}
		r.respond(sip.BYE, 481, "", nil, "")
		r.expectOver()
	}
}

// "… MUST return a 500 (Server Internal Error) response to the second INVITE".
func TestSecondReinviteBeforeTheAnswer(t *testing.T) {
	r := rawCaller(t, nil)
	r.accept("them")
	r.forget()
	r.receive(r.requestText("INVITE", "", at("them"), rawOffer))
	r.receive(r.requestText("INVITE", "", at("them"), rawOffer))
	r.expect("500 INVITE")
	if after := header(r.response(), "Retry-After"); after == "" {
		t.Error("no Retry-After")
	}
	r.do(func(u *Usage) { u.AcceptOffer(r.now, answer()) })
	r.expect("500 INVITE", "200 INVITE")
	r.expectReports(Offered{})
}

func TestSecondInviteInAnEarlyDialog(t *testing.T) {
	r := rawCallee(t, transport.UDP)
	r.do(func(u *Usage) { u.Provisional(r.now, 180, nil) })
	r.forget()
	r.receive(r.requestText("INVITE", "", at("them"), rawOffer))
	r.expect("500 INVITE")
	r.expectState(Early)
}

// RFC 3261 s12.2.2: "If a particular request is accepted by the UAS, all the state changes
// associated with it are performed. If the request is rejected, none of the state
// changes are performed."
func TestTargetRefresh(t *testing.T) {
	r := rawCaller(t, nil)
	r.accept("them")
	target := func() string { return r.usage.chosen.Target }
	r.receive(r.requestText("INVITE", "", at("moved"), rawOffer))
	r.do(func(u *Usage) { u.RefuseOffer(r.now, 488) })
	if got := target(); got != "sip:them@192.0.2.2:5060" {
		t.Errorf("a refused re-INVITE has made the target %q", got)
	}
	r.acknowledgeFailure(1)
	r.receive(r.requestText("INVITE", "", append(at("moved"), "Record-Route: <sip:new.test;lr>"), rawOffer))
	r.do(func(u *Usage) { u.AcceptOffer(r.now, answer()) })
	if got := target(); got != "sip:moved@192.0.2.2:5060" || len(r.usage.chosen.Routes) != 0 {
		t.Errorf("an accepted one has made it %q by %q", got, r.usage.chosen.Routes)
	}
	r.send("ACK")
	r.receive(r.requestText("INVITE", "", nil, rawOffer)) // without a Contact
	r.do(func(u *Usage) { u.AcceptOffer(r.now, answer()) })
	if got := target(); got != "sip:moved@192.0.2.2:5060" {
		t.Errorf("one without Contact has made it %q", got)
	}
	r.send("ACK")
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	r.respond(sip.INVITE, 488, "", at("nowhere"), "")
	if got := target(); got != "sip:moved@192.0.2.2:5060" {
		t.Errorf("a failure has made it %q", got)
	}
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	r.respond(sip.INVITE, 200, "", at("again"), rawOffer)
	if got := r.request(sip.ACK).Recipient.User; got != "again" {
		t.Errorf("the ACK goes to %q", got)
	}
}

// RFC 5407 s3.1.4: a re-INVITE overtakes the ACK to an answer; it is taken, and stands
// for it.
func TestReinviteBeforeTheAck(t *testing.T) {
	r := rawCallee(t, transport.UDP)
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	ack := r.requestText("ACK", "", nil, "")
	r.receive(r.requestText("INVITE", "", at("them"), rawOffer))
	r.expectReports(Offered{})
	r.do(func(u *Usage) { u.AcceptOffer(r.now, answer()) })
	r.forget()
	r.receive(ack)
	r.expectState(Answered)
	r.wait(600 * time.Millisecond)
	r.expect("200 INVITE")
	if n := r.response().CSeq().SeqNo; n != 2 {
		t.Errorf("the 2xx that is repeated has CSeq %d", n)
	}
	r.send("ACK")
	r.expectState(Confirmed)
	r.expectReports(Acknowledged{})
}

// A refusal of it leaves the first answer to be acknowledged.
func TestReinviteBeforeTheAckRefused(t *testing.T) {
	r := rawCallee(t, transport.UDP)
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	ack := r.requestText("ACK", "", nil, "")
	r.receive(r.requestText("INVITE", "", at("them"), rawOffer))
	r.do(func(u *Usage) { u.RefuseOffer(r.now, 488) })
	r.receive(ack)
	r.expectState(Confirmed)
	r.expectReports(Offered{}, Acknowledged{})
}

// RFC 5407 s3.1.5: when the 2xx has offered, the re-INVITE collides with that offer.
func TestReinviteBeforeTheAckWithItsAnswer(t *testing.T) {
	for _, body := range []string{rawOffer, ""} {
		r := newRaw(t, transport.UDP)
		r.begin(r.parse(r.requestText("INVITE", "", at("them"), "")).(*sip.Request))
		r.do(func(u *Usage) { u.Answer(r.now, answer()) })
		ack := r.requestText("ACK", "", nil, rawOffer)
		r.forget()
		r.receive(r.requestText("INVITE", "", at("them"), body))
		r.expect("491 INVITE")
		r.receive(ack)
		r.expectReports(Acknowledged{}, OfferAnswered{})
	}
}

// An offer of ours waits for the ACK to our 2xx.
func TestOfferBeforeTheAck(t *testing.T) {
	r := rawCallee(t, transport.UDP)
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	r.forget()
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	r.expect()
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	r.expectReports(OfferFailed{}) // the second one
	r.send("ACK")
	r.expect("INVITE")
	r.expectReports(OfferFailed{}, Acknowledged{})
	r.respond(sip.INVITE, 200, "", at("them"), rawOffer)
	r.expectReports(OfferFailed{}, Acknowledged{}, OfferAnswered{})
}

// …also to that of a re-INVITE.
func TestOfferBeforeTheAckOfAReinvite(t *testing.T) {
	r := rawCaller(t, nil)
	r.accept("them")
	r.receive(r.requestText("INVITE", "", at("them"), rawOffer))
	r.do(func(u *Usage) { u.AcceptOffer(r.now, answer()) })
	r.forget()
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	r.expect()
	r.send("ACK")
	r.expect("INVITE")
}

// An offer that waits is overtaken by one of the other side: glare, and theirs is there.
func TestOfferThatWaitsIsOvertaken(t *testing.T) {
	r := rawCallee(t, transport.UDP)
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	r.forget()
	r.receive(r.requestText("INVITE", "", at("them"), rawOffer))
	r.expect()
	r.expectReports(OfferFailed{}, Offered{})
	if f := r.reports[0].(OfferFailed); f.Status != 491 {
		t.Errorf("it failed with %d", f.Status)
	}
	r.do(func(u *Usage) { u.AcceptOffer(r.now, answer()) })
	r.send("ACK")
	r.expect("200 INVITE")
	r.expectState(Confirmed)
}

// A call that ends takes the offer that waits with it.
func TestOfferThatWaitsWhenTheCallEnds(t *testing.T) {
	r := rawCallee(t, transport.UDP)
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	r.do(func(u *Usage) { u.Bye(r.now) })
	r.forget()
	r.send("ACK")
	r.expect("BYE")
	r.expectReports()
}

// A re-INVITE without an offer asks for ours; the answer comes with the ACK.
func TestReinviteWithoutAnOffer(t *testing.T) {
	for _, tt := range []struct {
		body string
		want Report
	}{{rawOffer, OfferAnswered{}}, {"", OfferFailed{}}} {
		r := rawCaller(t, nil)
		r.accept("them")
		r.forget()
		r.receive(r.requestText("INVITE", "", at("them"), ""))
		if o := r.reports[0].(Offered); o.SDP != nil {
			t.Error("an offer came from nowhere")
		}
		r.do(func(u *Usage) { u.AcceptOffer(r.now, hold()) })
		r.receive(r.requestText("ACK", "", nil, tt.body))
		r.expectReports(Offered{}, tt.want)
		r.expectState(Confirmed)
	}
}

func TestReinviteThatCannotBeRead(t *testing.T) {
	for _, tt := range []struct {
		body    string
		headers []string
		status  string
	}{{"v=0", nil, "400 INVITE"}, {"hello", []string{"Content-Type: text/plain"}, "415 INVITE"}} {
		r := rawCaller(t, nil)
		r.accept("them")
		r.forget()
		r.receive(r.requestText("INVITE", "", append(tt.headers, at("moved")...), tt.body))
		r.expect(tt.status)
		r.expectReports()
		if tt.status == "415 INVITE" && header(r.response(), "Accept") != "application/sdp" {
			t.Error("a 415 without Accept")
		}
		r.receive(r.requestText("INVITE", "", at("them"), rawOffer))
		r.expectReports(Offered{})
	}
}

// The answer to a re-INVITE must answer it.
func TestReinviteAnsweredWithNonsense(t *testing.T) {
	for _, body := range []string{"", "v=0", strings.Replace(rawOffer, "audio", "video", 1)} {
		r := rawCaller(t, nil)
		r.accept("them")
		before := r.usage.chosen.Media
		r.do(func(u *Usage) { u.Offer(r.now, hold()) })
		r.forget()
		r.respond(sip.INVITE, 200, "", at("them"), body)
		r.expect("ACK")
		r.expectReports(OfferFailed{})
		if f := r.reports[0].(OfferFailed); f.Status != 488 || r.usage.chosen.Media != before {
			t.Errorf("%q came as %d", body, f.Status)
		}
	}
}

// A bad offer of our own side is not sent.
func TestOfferThatDropsAStream(t *testing.T) {
	r := rawCaller(t, nil)
	r.accept("them")
	r.forget()
	none := offer()
	none.Media = nil
	r.do(func(u *Usage) { u.Offer(r.now, none) })
	r.expect()
	r.expectReports(OfferFailed{})
	if f := r.reports[0].(OfferFailed); f.Status != 488 {
		t.Errorf("it failed with %d", f.Status)
	}
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	r.expect("INVITE")
}

// RFC 3261 s17.2.1: 100 when the owner takes longer than 200 ms; and a re-INVITE that is
// never acknowledged ends the call (s14.2, s13.3.1.4).
func TestSlowReinvite(t *testing.T) {
	r := rawCaller(t, nil)
	r.accept("them")
	r.forget()
	text := r.requestText("INVITE", "", at("them"), rawOffer)
	r.receive(text)
	r.wait(199 * time.Millisecond)
	r.expect()
	r.wait(time.Millisecond)
	r.expect("100 INVITE")
	r.receive(text)
	r.expect("100 INVITE", "100 INVITE")
	r.wait(time.Minute)
	r.do(func(u *Usage) { u.AcceptOffer(r.now, answer()) })
	r.wait(31 * time.Second)
	r.expectReports(Offered{})
	r.wait(2 * time.Second)
	r.expectReports(Offered{}, Left{})
	if r.request(sip.BYE).CSeq().SeqNo != 2 {
		t.Error("the BYE is not numbered")
	}
}

func TestOfferAtTheWrongTime(t *testing.T) {
	r := rawCaller(t, nil)
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	r.expect("INVITE")
	r.expectReports(OfferFailed{})
	r.accept("them")
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	r.expectReports(OfferFailed{}, Accepted{}, OfferFailed{})
	r.do(func(u *Usage) { u.Bye(r.now) })
	r.forget()
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	r.expect()
	r.expectReports()
	idle := NewUAC(config("idle", callerAt))
	idle.Offer(r.now, hold())
	if len(idle.Take()) != 0 {
		t.Error("an idle usage has offered")
	}
}

// Refused with a status that is none, a re-INVITE is refused all the same.
func TestRefusalWithAWrongStatus(t *testing.T) {
	r := rawCaller(t, nil)
	r.accept("them")
	r.forget()
	r.receive(r.requestText("INVITE", "", at("them"), rawOffer))
	r.do(func(u *Usage) { u.RefuseOffer(r.now, 200) })
	r.expect("500 INVITE")
}

// A bad offer that waited for the ACK fails when its turn comes, and the next one goes.
func TestBadOfferThatWaited(t *testing.T) {
	r := rawCallee(t, transport.UDP)
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	none := offer()
	none.Media = nil
	r.do(func(u *Usage) { u.Offer(r.now, none) })
	r.forget()
	r.send("ACK")
	r.expect()
	r.expectReports(Acknowledged{}, OfferFailed{})
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	r.expect("INVITE")
}

// What a re-INVITE says of us is what an INVITE says (RFC 3261 s14.1).
func TestReinviteSaysWhatItMust(t *testing.T) {
	r := rawCaller(t, func(c *Config) { c.Agent = "Tandem" })
	r.accept("them")
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	for name, want := range map[string]string{
		"CSeq": "2 INVITE", "To": "<sip:them@192.0.2.2>;tag=them", "From": "<sip:us@192.0.2.1>;tag=us",
		"Contact": "<sip:us@192.0.2.1:5060>", "User-Agent": "Tandem", "Content-Type": "application/sdp",
	} {
		if got := header(r.request(sip.INVITE), name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// A 2xx to a re-INVITE that was challenged before is acknowledged, and answers nothing: its
// repetition is under way.
func TestChallengedReinviteIsAnswered(t *testing.T) {
	r := rawCaller(t, withPassword)
	r.accept("them")
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	first := r.request(sip.INVITE)
	r.challenge(sip.INVITE, 401, "user")
	r.forget()
	r.respondTo(first, 200, "", at("them"), rawOffer)
	r.expectReports()
	r.respond(sip.INVITE, 200, "", at("them"), rawOffer)
	r.expectReports(OfferAnswered{})
}
