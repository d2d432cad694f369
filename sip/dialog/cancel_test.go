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

// RFC 3261 s9.1: a CANCEL waits for a provisional response; the INVITE ends in 487.
func TestCancelAtOnce(t *testing.T) {
	overEach(t, func(t *testing.T, protocol transport.Protocol) {
		p := newPairOver(t, protocol)
		p.invite()
		p.cancel(Header{"Reason", "SIP;cause=200"})
		p.expectSent(p.caller, "CANCEL", 0)
		p.run(10 * time.Second)
		p.expectReports(p.callee, Left{}, Released{})
		p.expectReports(p.caller, Released{})
		p.expectOver()
		p.expectSent(p.callee, "SIP/2.0 487", 1)
		p.expectSent(p.caller, "CANCEL", 1)
		p.expectSent(p.caller, "ACK", 1)
		if left := p.callee.reports[0].(Left); left.Status != 487 || header(left.Request, "Reason") != "SIP;cause=200" {
			p.fail("the CANCEL came as %+v", left)
		}
	})
}

func TestCancelWhileRinging(t *testing.T) {
	overEach(t, func(t *testing.T, protocol transport.Protocol) {
		p := ringing(t, protocol)
		p.caller.reports = nil
		p.cancel()
		p.expectSent(p.caller, "CANCEL", 1)
		p.run(time.Second)
		p.expectReports(p.callee, Left{}, Released{})
		p.expectReports(p.caller, Released{})
		p.expectOver()
	})
}

// The CANCEL is the INVITE's: RFC 3261 s9.1.
func TestCancelSaysWhatItMust(t *testing.T) {
	r := rawCaller(t, nil)
	r.ring("a")
	r.do(func(u *Usage) { u.Cancel(r.now, Header{"Reason", `SIP;cause=200;text="Call completed elsewhere"`}) })
	invite, cancel := r.request(sip.INVITE), r.request(sip.CANCEL)
	for _, name := range []string{"From", "To", "Call-ID", "Via"} {
		if a, b := header(invite, name), header(cancel, name); a != b {
			t.Errorf("%s is %q, the INVITE's is %q", name, b, a)
		}
	}
	if cancel.Recipient.String() != invite.Recipient.String() || cancel.CSeq().SeqNo != invite.CSeq().SeqNo {
		t.Errorf("the CANCEL is\n%s", r.bytes[1])
	}
	for _, name := range []string{"Contact", "Allow", "Content-Type", "P-Asserted-Identity"} {
		if _, there := wire.Value(cancel, name); there {
			t.Errorf("the CANCEL has %s", name)
		}
	}
	if header(cancel, "Reason") == "" {
		t.Error("the reason is lost")
	}
}

// RFC 5407 s3.1.2: the 2xx crosses the CANCEL: ACK and BYE, with the CANCEL's reason.
func TestCancelCrossesAnswer(t *testing.T) {
	overEach(t, func(t *testing.T, protocol transport.Protocol) {
		p := newPairOver(t, protocol)
		p.invite()
		p.run(time.Second)
		p.answer(answer())
		p.cancel(Header{"Reason", "SIP;cause=200"})
		p.run(5 * time.Second)
		p.expectOver()
		p.expectReports(p.callee, Acknowledged{}, Left{}, Released{})
		p.expectReports(p.caller, Trying{}, Released{})
		for _, want := range []string{"CANCEL", "ACK", "BYE"} {
			p.expectSent(p.caller, want, 1)
		}
		if left := p.callee.reports[1].(Left); header(left.Request, "Reason") != "SIP;cause=200" {
			p.fail("the BYE has lost the reason")
		}
	})
}

// The 2xx comes while the CANCEL still waits for a provisional response: there is
// nothing to cancel any more.
func TestAnswerBeforeTheCancelCouldGo(t *testing.T) {
	r := rawCaller(t, nil)
	r.do(func(u *Usage) { u.Cancel(r.now) })
	r.expect("INVITE")
	r.accept("a")
	r.expect("INVITE", "ACK", "BYE")
	r.expectState(Withdrawn)
	r.respond(sip.BYE, 200, "", nil, "")
	r.expectReports(Released{})
	r.expectOver()
}

// All forks that answer a cancelled INVITE are ended.
func TestForksAnswerACancelledInvite(t *testing.T) {
	r := rawCaller(t, nil)
	r.ring("a")
	r.ring("b")
	r.do(func(u *Usage) { u.Cancel(r.now) })
	r.accept("a")
	r.accept("b")
	r.accept("a")
	r.expect("INVITE", "CANCEL", "ACK", "BYE", "ACK", "BYE", "ACK")
	for i, want := range []string{"a", "a", "b", "b", "a"} {
		if to := wire.ToTag(r.sent[i+2]); to != want {
			t.Errorf("message %d goes to %q, want %q", i+2, to, want)
		}
	}
	byes := []*sip.Request{r.sent[3].(*sip.Request), r.sent[5].(*sip.Request)}
	r.respond(sip.CANCEL, 200, "x", nil, "")
	r.respondTo(byes[0], 200, "", nil, "")
	r.expectState(Withdrawn)
	r.respondTo(byes[1], 481, "", nil, "")
	r.expectReports(Progressed{}, Progressed{}, Released{})
	r.expectOver()
}

// What comes between the CANCEL and the end is nobody's business any more.
func TestNothingIsReportedAfterCancel(t *testing.T) {
	r := rawCaller(t, nil)
	r.do(func(u *Usage) { u.Cancel(r.now) })
	r.respond(sip.INVITE, 100, "", nil, "")
	r.ring("a")
	r.expect("INVITE", "CANCEL")
	r.respond(sip.INVITE, 486, "a", nil, "")
	r.expect("INVITE", "CANCEL", "ACK")
	r.expectState(Withdrawn) // the CANCEL waits for its answer
	r.respond(sip.CANCEL, 481, "x", nil, "")
	r.expectReports(Released{})
	r.expectOver()
}

// RFC 3261 s9.1: "If there is no final response for the original request in 64*T1 seconds
// … the client SHOULD then consider the original transaction cancelled".
func TestCancelIsNotHeard(t *testing.T) {
	r := rawCaller(t, nil)
	r.ring("a")
	r.do(func(u *Usage) { u.Cancel(r.now) })
	r.wait(31 * time.Second)
	r.expectState(Withdrawn)
	r.wait(2 * time.Second)
	r.expectReports(Progressed{}, Released{})
	r.expectOver()
}

func TestCancelOfAnInviteThatIsNotHeard(t *testing.T) {
	r := rawCaller(t, nil)
	r.do(func(u *Usage) { u.Cancel(r.now) })
	r.wait(33 * time.Second)
	r.expectReports(Released{})
	r.expectOver()
	for _, m := range r.sent {
		if m.(*sip.Request).Method != sip.INVITE {
			t.Errorf("a %s was sent", m.(*sip.Request).Method)
		}
	}
}

// RFC 3261 s9.2: without its INVITE a CANCEL is answered with 481, behind a final
// response with 200 and no effect.
func TestCancelThatHasNoEffect(t *testing.T) {
	r := rawCallee(t, transport.UDP)
	cancel := func(branch string) string {
		text := strings.Replace(r.requestText("CANCEL", "", nil, ""), ";tag=us", "", 1)
		r.seq--
		return strings.Replace(strings.Replace(text, "z9hG4bKthem2", branch, 1), "CSeq: 2", "CSeq: 1", 1)
	}
	r.calls = 1
	r.forget()
	r.receive(cancel("z9hG4bKother"))
	r.expect("481 CANCEL")
	r.expectState(Invited)
	r.calls = 1
	good := cancel("z9hG4bKthem1")
	r.receive(strings.Replace(good, "Call-ID: raw", "Call-ID: other", 1))
	r.expect("481 CANCEL", "481 CANCEL")
	r.expectState(Invited)
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	r.forget()
	r.receive(good)
	r.receive(good)
	r.expect("200 CANCEL", "200 CANCEL")
	r.expectReports()
	r.expectState(Answered)
}

func TestCancelOfARingingCallee(t *testing.T) {
	r := rawCallee(t, transport.UDP)
	r.do(func(u *Usage) { u.Provisional(r.now, 180, nil) })
	r.forget()
	text := strings.Replace(strings.Replace(r.requestText("CANCEL", "", nil, ""), ";tag=us", "", 1), "z9hG4bKthem2", "z9hG4bKthem1", 1)
	r.receive(strings.Replace(text, "CSeq: 2", "CSeq: 1", 1))
	r.expect("200 CANCEL", "487 INVITE")
	if a, b := wire.ToTag(r.sent[0]), wire.ToTag(r.sent[1]); a != "us" || b != "us" {
		t.Errorf("the To tags are %q and %q: s9.2 has them equal", a, b)
	}
	r.do(func(u *Usage) { u.Answer(r.now, answer()) }) // it has crossed the CANCEL
	r.expect("200 CANCEL", "487 INVITE")
	r.acknowledgeFailure(1)
	r.expectReports(Left{}, Released{})
}

// The other side takes its re-INVITE back.
func TestCancelOfAReinvite(t *testing.T) {
	r := rawCaller(t, nil)
	r.accept("them")
	r.forget()
	before := r.usage.chosen.Media
	r.receive(r.requestText("INVITE", "", at("moved"), rawOffer))
	cancel := strings.Replace(r.requestText("CANCEL", "", nil, ""), "z9hG4bKthem2", "z9hG4bKthem1", 1)
	r.receive(strings.Replace(cancel, "CSeq: 2", "CSeq: 1", 1))
	r.expect("200 CANCEL", "487 INVITE")
	r.expectReports(Offered{}, OfferWithdrawn{})
	r.do(func(u *Usage) {
		u.AcceptOffer(r.now, answer()) // it has crossed the CANCEL
		u.RefuseOffer(r.now, 488)
	})
	r.expect("200 CANCEL", "487 INVITE")
	r.expectState(Confirmed)
	if after := r.usage.chosen.Media; after != before || r.usage.chosen.Target != "sip:them@192.0.2.2:5060" {
		t.Error("the withdrawn offer has changed the dialog")
	}
	r.do(func(u *Usage) { u.Offer(r.now, description1("192.0.2.1", 10002, sdp.SendRecv)) })
	r.expect("200 CANCEL", "487 INVITE", "INVITE")
}

// …even before its ACK to our 2xx has come (RFC 5407 s3.1.4).
func TestCancelOfAReinviteBeforeTheAck(t *testing.T) {
	r := rawCallee(t, transport.UDP)
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	r.forget()
	r.receive(r.requestText("INVITE", "", at("them"), rawOffer))
	cancel := strings.Replace(r.requestText("CANCEL", "", nil, ""), "z9hG4bKthem3", "z9hG4bKthem2", 1)
	r.receive(strings.Replace(cancel, "CSeq: 3", "CSeq: 2", 1))
	r.expect("200 CANCEL", "487 INVITE")
	r.expectReports(Offered{}, OfferWithdrawn{})
	r.expectState(Answered)
}
