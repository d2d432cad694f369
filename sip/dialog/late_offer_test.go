package dialog

import (
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// RFC 3261 s13.2.1 and whatever is lost: the INVITE offers nothing, our 2xx offers, the ACK
// answers.
func TestLateOfferUnderLoss(t *testing.T) {
	for _, lost := range []string{"", "SIP/2.0 200", "INVITE"} {
		t.Run(lost, func(t *testing.T) {
			r := newRaw(t, transport.UDP)
			r.begin(r.parse(r.requestText("INVITE", "", at("them"), "")).(*sip.Request))
			r.do(func(u *Usage) { u.Answer(r.now, offer()) })
			if lost != "" {
				r.wait(5 * time.Second) // it is repeated
			}
			ack := r.requestText("ACK", "", nil, rawOffer)
			r.forget()
			r.receive(ack)
			r.receive(ack)
			r.expectReports(Acknowledged{}, OfferAnswered{})
			if r.usage.chosen.Media.Offerer != sdp.Us || r.usage.accept.server != nil {
				t.Error("the answer is not taken")
			}
		})
	}
}

// What is no answer is as good as none, and the next offer is not hindered by it.
func TestLateOfferWithoutUsableAnswer(t *testing.T) {
	for body, status := range map[string]int{"": 488, "v=1\r\n": 488, "v=0\r\nnonsense": 488} {
		r := inCallRaw(t)
		before := r.usage.chosen.Media
		r.forget()
		r.receive(r.requestText("INVITE", "", at("them"), ""))
		r.expectReports(Offered{})
		if r.reports[0].(Offered).SDP != nil {
			t.Error("an offer out of nothing")
		}
		r.do(func(u *Usage) { u.AcceptOffer(r.now, before.Local) })
		r.receive(r.requestText("ACK", "", nil, body))
		r.expectReports(Offered{}, OfferFailed{})
		if f := r.reports[1].(OfferFailed); f.Status != status {
			t.Errorf("%q: status %d", body, f.Status)
		}
		if r.usage.chosen.Media != before {
			t.Errorf("%q has changed the session", body)
		}
	}
}

// lateCaller is a usage whose INVITE has offered nothing.
func lateCaller(t testing.TB) *raw {
	r := newRaw(t, transport.UDP)
	r.usage = NewUAC(config("us", callerAt))
	r.do(func(u *Usage) {
		u.Invite(r.now, Invitation{
			RequestURI: "sip:them@192.0.2.2:5060", From: "<sip:us@192.0.2.1>", To: "<sip:them@192.0.2.2>", CallID: "raw", MaxForwards: 70,
		})
	})
	r.forget()
	return r
}

// The callee's 2xx offers: the ACK waits for the answer, has it, and is the same for each
// repetition of the 2xx.
func TestOfferOfTheCallee(t *testing.T) {
	r := lateCaller(t)
	r.accept("them")
	r.accept("them")
	r.expect()
	r.expectReports(Accepted{}, Offered{})
	if r.reports[0].(Accepted).SDP != nil || r.reports[1].(Offered).SDP == nil {
		t.Errorf("reported %+v", r.reports)
	}
	r.receive(r.requestText("INVITE", "", at("them"), rawOffer)) // it was early
	r.expect("500 INVITE")
	r.forget()
	r.do(func(u *Usage) { u.AcceptOffer(r.now, answer()) })
	r.accept("them")
	r.expect("ACK", "ACK")
	r.expectReports()
	if s, _ := description(r.request(sip.ACK)); s == nil || s.String() != answer().String() || string(r.bytes[0]) != string(r.bytes[1]) {
		t.Errorf("the ACK is\n%s", r.bytes[0])
	}
	if m := r.usage.chosen.Media; m.Offerer != sdp.Them || m.Local == nil || m.State != sdp.Stable {
		t.Errorf("agreed: %+v", m)
	}
	r.wait(40 * time.Second)
	r.forget()
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	r.expect("INVITE")
}

// "… the UAC core MUST generate a valid answer in the ACK and then send a BYE immediately",
// when its owner refuses, hangs up, or does not say anything in time.
func TestOfferOfTheCalleeRefused(t *testing.T) {
	for _, tt := range []struct {
		name    string
		act     func(r *raw)
		sends   []string
		reports []Report
	}{
		{"refused", func(r *raw) { r.do(func(u *Usage) { u.RefuseOffer(r.now, 488) }) }, []string{"ACK", "BYE"}, []Report{Left{}}},
		{"accepted with nothing", func(r *raw) { r.do(func(u *Usage) { u.AcceptOffer(r.now, nil) }) }, []string{"ACK", "BYE"}, []Report{Left{}}},
		{"hung up", func(r *raw) { r.do(func(u *Usage) { u.Bye(r.now) }) }, []string{"ACK", "BYE"}, nil},
		{"forgotten", func(r *raw) { r.wait(16 * time.Second) }, []string{"ACK", "BYE"}, []Report{Left{}}},
		{"gone", func(r *raw) { r.send("BYE") }, []string{"200 BYE", "ACK"}, []Report{Left{}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := lateCaller(t)
			r.accept("them")
			r.forget()
			tt.act(r)
			r.expect(tt.sends...)
			if got := kinds(r.reports); !strings.HasPrefix(got, kinds(tt.reports)) {
				t.Errorf("reported %s", got)
			}
			s, _ := description(r.request(sip.ACK))
			if s == nil || len(s.Media) != 1 || s.Media[0].Port != 0 || s.Media[0].Kind != "audio" || s.Origin.Host != "192.0.2.1" {
				t.Fatalf("the ACK has %+v", s)
			}
			r.wait(100 * time.Second)
			r.expectOver()
		})
	}
}

// A fork that comes too late, and a 2xx that crosses our CANCEL, may offer too.
func TestOfferOfACalleeThatIsNotWanted(t *testing.T) {
	r := lateCaller(t)
	r.ring("a")
	r.ring("b")
	r.accept("a")
	r.do(func(u *Usage) { u.AcceptOffer(r.now, answer()) })
	r.forget()
	r.accept("b")
	r.expect("ACK", "BYE")
	if s, _ := description(r.request(sip.ACK)); s == nil || s.Media[0].Port != 0 {
		t.Errorf("the ACK has %+v", s)
	}
	r = lateCaller(t)
	r.ring("a")
	r.do(func(u *Usage) { u.Cancel(r.now) })
	r.forget()
	r.accept("a")
	r.expect("ACK", "BYE")
	r.expectReports()
	if s, _ := description(r.request(sip.ACK)); s == nil || s.Media[0].Port != 0 {
		t.Errorf("the ACK has %+v", s)
	}
}

// A 2xx that neither offers nor answers leaves nothing to talk with: the owner is told and
// the ACK has been sent. So is one whose description nobody can read.
func TestNobodyOffers(t *testing.T) {
	for _, body := range []string{"", "v=1\r\n"} {
		r := lateCaller(t)
		r.respond(sip.INVITE, 200, "them", at("them"), body)
		r.expect("ACK")
		r.expectReports(Accepted{})
		if r.reports[0].(Accepted).SDP != nil || len(r.request(sip.ACK).Body()) != 0 {
			t.Error("something was agreed")
		}
	}
}

// An offer in a reliable response: its PRACK waits for the answer and has it (RFC 3262
// s5). The 2xx has none then, and its ACK neither.
func TestOfferInAReliableResponse(t *testing.T) {
	r := lateCaller(t)
	ring := func(rseq int, body string) {
		r.respond(sip.INVITE, 183, "them", reliable("them", rseq), body)
	}
	ring(7, rawOffer)
	ring(7, rawOffer)
	ring(8, "") // too early: the one before it is not acknowledged yet
	r.expect()
	r.expectReports(Progressed{}, Offered{})
	r.forget()
	r.do(func(u *Usage) { u.AcceptOffer(r.now, answer()) })
	r.expect("PRACK", "PRACK")
	r.expectReports(Progressed{})
	first := r.sent[0].(*sip.Request)
	if s, _ := description(first); s == nil || header(first, "RAck") != "7 1 INVITE" {
		t.Errorf("the PRACK is\n%s", r.bytes[0])
	}
	if last := r.request(sip.PRACK); len(last.Body()) != 0 || header(last, "RAck") != "8 1 INVITE" {
		t.Errorf("the PRACK is\n%s", r.bytes[1])
	}
	ring(7, rawOffer)
	r.forget()
	r.respond(sip.INVITE, 200, "them", at("them"), "")
	r.expect("ACK")
	r.expectReports(Accepted{})
	if r.reports[0].(Accepted).SDP == nil || len(r.request(sip.ACK).Body()) != 0 || r.usage.chosen.Media.Offerer != sdp.Them {
		t.Error("what was agreed is forgotten")
	}
}

// An offer in an unreliable response is none: RFC 3261 s13.2.1, "the first reliable
// non-failure message".
func TestOfferInAnUnreliableResponse(t *testing.T) {
	r := lateCaller(t)
	r.respond(sip.INVITE, 183, "them", at("them"), rawOffer)
	r.expect()
	r.expectReports(Progressed{})
	r.accept("them")
	r.expectReports(Progressed{}, Accepted{}, Offered{})
}

// Whatever comes between the offer and its answer, the PRACK goes when it still can.
func TestOfferInAReliableResponseIsNotAnswered(t *testing.T) {
	for _, tt := range []struct {
		name    string
		act     func(r *raw)
		sends   string
		reports string
	}{
		{"refused", func(r *raw) { r.do(func(u *Usage) { u.RefuseOffer(r.now, 488) }) }, "PRACK", ""},
		{"forgotten", func(r *raw) { r.wait(16 * time.Second) }, "PRACK", "OfferWithdrawn"},
		{"withdrawn", func(r *raw) { r.do(func(u *Usage) { u.Cancel(r.now) }) }, "PRACK,CANCEL", ""},
		{"failed", func(r *raw) { r.fail(486) }, "ACK", "OfferWithdrawn Failed Released"},
		{"answered", func(r *raw) { r.respond(sip.INVITE, 200, "them", at("them"), "") }, "ACK", "Accepted"},
		{"answered by another fork", func(r *raw) { r.accept("other") }, "PRACK", "OfferWithdrawn Accepted Offered"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := lateCaller(t)
			r.respond(sip.INVITE, 183, "them", reliable("them", 1), rawOffer)
			r.forget()
			tt.act(r)
			if got := kinds(r.reports); got != tt.reports {
				t.Errorf("reported %s", got)
			}
			r.expect(strings.Split(tt.sends, ",")...)
			if strings.HasPrefix(tt.sends, "PRACK") {
				if s, _ := description(r.request(sip.PRACK)); s == nil || s.Media[0].Port != 0 {
					t.Errorf("the PRACK has %+v", s)
				}
			}
			r.finish()
		})
	}
}

// Two forks offer at once: one after the other is heard, since each repeats what nobody
// has acknowledged.
func TestOffersOfTwoForks(t *testing.T) {
	r := lateCaller(t)
	ring := func(tag string) { r.respond(sip.INVITE, 183, tag, reliable(tag, 1), rawOffer) }
	ring("a")
	ring("b")
	r.expectReports(Progressed{}, Offered{})
	r.do(func(u *Usage) { u.AcceptOffer(r.now, answer()) })
	r.forget()
	ring("b")
	r.expectReports(Progressed{}, Offered{})
	r.do(func(u *Usage) { u.AcceptOffer(r.now, answer()) })
	r.expect("PRACK")
}

// A challenge ends the early dialogs, and the offers in them.
func TestChallengeAfterAnOffer(t *testing.T) {
	r := newRaw(t, transport.UDP)
	c := config("us", callerAt)
	withPassword(&c)
	r.usage = NewUAC(c)
	r.do(func(u *Usage) {
		u.Invite(r.now, Invitation{RequestURI: "sip:them@192.0.2.2", From: "<sip:us@192.0.2.1>", To: "<sip:them@192.0.2.2>", CallID: "raw", MaxForwards: 70})
	})
	r.respond(sip.INVITE, 183, "them", reliable("them", 1), rawOffer)
	r.forget()
	r.challenge(sip.INVITE, 407, "proxy")
	r.expectReports(OfferWithdrawn{})
	r.expect("ACK", "INVITE")
	r.accept("them")
	r.expectReports(OfferWithdrawn{}, Accepted{}, Offered{})
}

// Two usages with a network between them that loses this and that: the INVITE offers
// nothing, the callee offers in its 2xx or in a reliable 183, and both agree.
func TestLateOfferOfAPairUnderLoss(t *testing.T) {
	for _, early := range []bool{false, true} {
		for _, lost := range []string{"", "INVITE", "SIP/2.0 183", "PRACK", "SIP/2.0 200", "ACK"} {
			p := newPair(t)
			p.inviteWith(nil)
			p.run(time.Second)
			if p.callee.usage == nil {
				t.Fatal("no callee")
			}
			if lost != "" {
				p.loses(lost, 2)
			}
			if early {
				p.provisional(183, answer())
				p.run(4 * time.Second)
				p.acceptOffer(p.caller, offer())
				p.run(10 * time.Second)
				p.expectReports(p.callee, OfferAnswered{})
			}
			p.answer(answer())
			p.run(5 * time.Second)
			p.acceptOffer(p.caller, offer())
			p.run(10 * time.Second)
			p.expectState(Confirmed, Confirmed)
			p.sameAgreement()
			if m := p.callee.usage.chosen.Media; m.Offerer != sdp.Us || m.Remote.String() != offer().String() {
				p.fail("agreed: %+v", m)
			}
			p.hangUp()
		}
	}
}

// The PRACK to an offer of ours in a 183 answers nothing: the 2xx offers once more.
func TestPrackWithoutTheAnswer(t *testing.T) {
	r := newRaw(t, transport.UDP)
	r.begin(r.parse(r.requestText("INVITE", "", append(at("them"), "Require: 100rel"), "")).(*sip.Request))
	r.do(func(u *Usage) { u.Provisional(r.now, 183, offer()) })
	r.do(func(u *Usage) { u.Answer(r.now, offer()) })
	r.expect("100 INVITE", "183 INVITE")
	r.forget()
	r.send("PRACK", "RAck: 1 1 INVITE")
	r.expect("200 PRACK", "200 INVITE")
	r.expectReports(OfferFailed{})
	if s, _ := description(r.response()); s == nil {
		t.Error("nothing is offered")
	}
	ack := r.requestText("ACK", "", nil, rawOffer)
	r.receive(strings.Replace(ack, "CSeq: 2 ACK", "CSeq: 1 ACK", 1))
	r.expectReports(OfferFailed{}, Acknowledged{}, OfferAnswered{})
}
