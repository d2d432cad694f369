package dialog

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/refer"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// referCommands are what an owner may do about references, fit for its state or not.
var referCommands = map[string]func(u *Usage, now time.Time){
	"refer":        func(u *Usage, now time.Time) { u.Refer(now, toCarol()) },
	"accept refer": func(u *Usage, now time.Time) { u.AcceptRefer(now) },
	"refuse refer": func(u *Usage, now time.Time) { u.RefuseRefer(now, refer.Status{Code: 603}) },
	"notify 180":   func(u *Usage, now time.Time) { u.Notify(now, refer.Status{Code: 180}) },
	"notify 200":   func(u *Usage, now time.Time) { u.Notify(now, refer.Status{Code: 200}) },
}

func toCarol() refer.Reference {
	target, refusal := refer.ParseTarget("<sip:carol@192.0.2.3>")
	if refusal != nil {
		panic(refusal)
	}
	return refer.Reference{To: target}
}

// told are the reports about references, by their kinds and statuses.
func told(reports []Report) string {
	var list []string
	for _, r := range reports {
		if r, ok := r.(Referral); ok {
			text := strings.TrimPrefix(fmt.Sprintf("%T", r.Report), "refer.")
			switch what := r.Report.(type) {
			case refer.Refused:
				text += fmt.Sprint(" ", what.Status.Code)
			case refer.Progressed:
				text += fmt.Sprint(" ", what.Status.Code)
			case refer.Failed:
				text += fmt.Sprint(" ", what.Status.Code)
			}
			list = append(list, text)
		}
	}
	return strings.Join(list, ", ")
}

func (p *pair) expectTold(s *side, want string) {
	p.t.Helper()
	if got := told(s.reports); got != want {
		p.fail("%s was told %q, want %q", s.name, got, want)
	}
}

func (p *pair) refers(s *side, command string) {
	p.do(s, func(u *Usage) { referCommands[command](u, p.now) })
}

// place is where in the ladder a line is that a side sends and that begins so; -1 for none.
func (p *pair) place(s *side, start string) int {
	for i, l := range p.ladder {
		if strings.Contains(l, " "+s.name+" -> "+start) {
			return i
		}
	}
	return -1
}

// RFC 5589 s6.1 within one dialog, from either side: REFER, 202, NOTIFYs, and the BYE of who
// was asked behind the last of them.
func TestReferFollowed(t *testing.T) {
	eachSide(t, func(p *pair, by, asked *side) {
		p.refers(by, "refer")
		p.run(100 * time.Millisecond)
		p.expectTold(asked, "Referred")
		p.refers(asked, "accept refer")
		p.run(2 * time.Second)
		p.refers(asked, "notify 180")
		p.run(2 * time.Second)
		p.expectTold(by, "Accepted, Progressed 180")
		p.refers(asked, "notify 200")
		p.bye(asked)
		p.run(time.Minute)
		p.expectTold(by, "Accepted, Progressed 180, Done")
		p.expectSent(asked, "NOTIFY", 3)
		if bye := p.place(asked, "BYE"); bye < 0 || p.place(by, "SIP/2.0 200 OK (4 NOTIFY)") > bye {
			p.fail("the BYE did not wait for the answer to the last NOTIFY")
		}
		p.expectOver()
	})
}

// A REFER that is refused changes nothing, and another one may follow; its NOTIFYs then
// have an id (RFC 3515 s2.4.6).
func TestReferRefused(t *testing.T) {
	eachSide(t, func(p *pair, by, asked *side) {
		p.refers(by, "refer")
		p.run(time.Second)
		p.refers(asked, "refuse refer")
		p.run(time.Second)
		p.expectTold(by, "Refused 603")
		p.expectState(Confirmed, Confirmed)
		p.refers(by, "refer")
		p.refers(by, "refer") // while that one runs
		p.run(time.Second)
		p.expectTold(by, "Refused 603, Refused 491")
		p.refers(asked, "accept refer")
		p.run(time.Second)
		for _, m := range asked.sent {
			if req, ok := m.(*sip.Request); ok && req.Method == sip.NOTIFY && !strings.Contains(header(req, "Event"), "refer;id=") {
				p.fail("a NOTIFY of the second REFER without its id: %s", header(req, "Event"))
			}
		}
		p.refers(asked, "notify 200")
		p.run(time.Second)
		p.expectTold(by, "Refused 603, Refused 491, Accepted, Done")
		p.hangUp()
	})
}

// Whatever the network loses, the REFER is followed once, its end is told, and both sides
// end.
func TestReferUnderLoss(t *testing.T) {
	for seed := range uint64(20) {
		eachSide(t, func(p *pair, by, asked *side) {
			p.lost = loss(seed, 0.2)
			p.refers(by, "refer")
			p.run(10 * time.Second)
			p.expectTold(asked, "Referred")
			p.refers(asked, "accept refer")
			p.run(10 * time.Second)
			p.refers(asked, "notify 180")
			p.run(10 * time.Second)
			p.refers(asked, "notify 200")
			p.run(30 * time.Second)
			if got := told(by.reports); !strings.HasSuffix(got, "Done") || strings.Count(got, "Accepted") != 1 {
				p.fail("it was told %q", got)
			}
			p.bye(asked)
			p.run(2 * time.Minute)
			p.expectOver()
		})
	}
}

// A NOTIFY that is not answered holds our BYE up for 2*T1 and no longer.
func TestByeWaitsForNotifyAMoment(t *testing.T) {
	eachSide(t, func(p *pair, by, asked *side) {
		p.refers(by, "refer")
		p.run(time.Second)
		p.refers(asked, "accept refer")
		p.run(time.Second)
		p.loses("NOTIFY", 1000)
		begin := p.now
		p.refers(asked, "notify 200")
		p.bye(asked)
		if asked.usage.State() != Leaving {
			p.fail("it is %v", asked.usage.State())
		}
		p.run(2*p.caller.usage.config.Timing.T1 - time.Millisecond)
		p.expectSent(asked, "BYE", 0)
		p.run(time.Millisecond)
		p.expectSent(asked, "BYE", 1)
		p.run(time.Minute)
		if p.now.Sub(begin) > 70*time.Second {
			p.fail("it took too long")
		}
		p.expectOver()
	})
}

// Both say BYE while ours waits for the last NOTIFY: theirs is answered, and ours not sent.
func TestByeCrossesHeldBye(t *testing.T) {
	eachSide(t, func(p *pair, by, asked *side) {
		p.refers(by, "refer")
		p.run(time.Second)
		p.refers(asked, "accept refer")
		p.run(time.Second)
		p.refers(asked, "notify 200")
		p.bye(asked)
		p.bye(by)
		p.run(time.Minute)
		p.expectSent(asked, "BYE", 0)
		p.expectOver()
	})
}

// An owner who hangs up without a word about the REFER refuses it, or tells that it came to
// nothing.
func TestByeAnswersRefer(t *testing.T) {
	eachSide(t, func(p *pair, by, asked *side) {
		p.refers(by, "refer")
		p.run(time.Second)
		p.bye(asked)
		p.run(time.Minute)
		p.expectTold(by, "Refused 487")
		p.expectOver()
	})
	eachSide(t, func(p *pair, by, asked *side) {
		p.refers(by, "refer")
		p.run(time.Second)
		p.refers(asked, "accept refer")
		p.bye(asked)
		p.run(time.Minute)
		p.expectTold(by, "Accepted, Failed 487")
		p.expectOver()
	})
}

// referred is a raw caller's usage that has taken a REFER.
func referred(t *testing.T, headers ...string) *raw {
	r := inCallRaw(t)
	r.forget()
	r.send("REFER", append(headers, "Refer-To: <sip:carol@192.0.2.3>", "Contact: <sip:them@192.0.2.2>")...)
	r.expect()
	if got := told(r.reports); got != "Referred" {
		t.Fatalf("told %q", got)
	}
	r.do(func(u *Usage) { u.AcceptRefer(r.now) })
	return r
}

// answerNotify answers the last NOTIFY.
func (r *raw) answerNotify(status int) {
	r.t.Helper()
	r.respond(sip.NOTIFY, status, "", nil, "")
}

// The transferor hangs up behind the 202 and takes NOTIFYs all the same: RFC 5057 s4.1. The
// usage stays for that, and no longer.
func TestNotifyAfterBye(t *testing.T) {
	r := referred(t)
	r.expect("202 REFER", "NOTIFY")
	if res := r.response(); res.Contact() == nil {
		t.Error("a 202 without Contact")
	}
	r.answerNotify(200)
	r.forget()
	r.send("BYE")
	r.expect("200 BYE")
	r.expectReports(Left{})
	r.expectState(Leaving)
	r.wait(40 * time.Second)
	r.do(func(u *Usage) { u.Notify(r.now, refer.Status{Code: 180}) })
	r.answerNotify(200)
	r.wait(10 * time.Second)
	r.do(func(u *Usage) { u.Notify(r.now, refer.Status{Code: 200}) })
	r.expect("200 BYE", "NOTIFY", "NOTIFY")
	last := r.request(sip.NOTIFY)
	if got := header(last, "Subscription-State"); got != "terminated;reason=noresource" {
		t.Errorf("Subscription-State is %q", got)
	}
	if got := header(last, "Content-Type"); got != refer.FragmentType || !strings.HasPrefix(string(last.Body()), "SIP/2.0 200") {
		t.Errorf("the body is %q: %q", got, last.Body())
	}
	r.expectState(Leaving)
	r.answerNotify(200)
	r.expectReports(Left{}, Released{})
	r.expectOver()
}

// A transferor that hangs up and knows nothing of a NOTIFY any more has its leg released at
// once, and one that does not answer after a transaction's time.
func TestNotifyAfterByeUnwanted(t *testing.T) {
	r := referred(t)
	r.send("BYE")
	r.expectState(Leaving)
	r.answerNotify(481)
	r.expectOver()
	r.do(func(u *Usage) { u.Notify(r.now, refer.Status{Code: 200}) }) // too late

	r = referred(t)
	r.send("BYE")
	r.wait(33 * time.Second)
	r.expectOver()
}

// Its REFER is answered after its BYE, too: RFC 3261 s15.1.2, the UAS "MUST still respond to
// any pending requests".
func TestReferAnsweredAfterBye(t *testing.T) {
	r := inCallRaw(t)
	r.send("REFER", "Refer-To: <sip:carol@192.0.2.3>")
	r.send("BYE")
	r.forget()
	r.expectState(Leaving)
	r.do(func(u *Usage) { u.RefuseRefer(r.now, refer.Status{Code: 403}) })
	r.expect("403 REFER")
	r.expectReports(Released{})

	// One that nobody decides about gets its 202, and is over with the subscription.
	r = inCallRaw(t)
	r.send("REFER", "Refer-To: <sip:carol@192.0.2.3>")
	r.send("BYE")
	r.forget()
	r.wait(6 * time.Second)
	r.expect("100 REFER", "202 REFER", "NOTIFY", "NOTIFY") // the last one is a repetition
	r.answerNotify(200)
	r.wait(10 * time.Minute)
	r.expectOver()
}

// RFC 4488: a REFER that wants no subscription gets 200 and no NOTIFY, and holds up nothing.
func TestReferSubFalse(t *testing.T) {
	r := referred(t, "Refer-Sub: false", "Require: norefersub")
	r.expect("200 REFER")
	if got := header(r.response(), "Refer-Sub"); got != "false" {
		t.Errorf("Refer-Sub is %q", got)
	}
	r.forget()
	r.do(func(u *Usage) { u.Notify(r.now, refer.Status{Code: 200}) })
	r.do(func(u *Usage) { u.Bye(r.now) })
	r.expect("BYE")
}

// A REFER where there is nobody to be transferred is answered here.
func TestReferOutOfPlace(t *testing.T) {
	r := rawCallee(t, transport.UDP)
	r.do(func(u *Usage) { u.Provisional(r.now, 180, nil) })
	r.forget()
	r.send("REFER", "Refer-To: <sip:carol@192.0.2.3>")
	r.expect("403 REFER")

	r = rawCaller(t, nil)
	r.ring("them")
	r.forget()
	r.send("REFER", "Refer-To: <sip:carol@192.0.2.3>")
	r.expect("403 REFER")

	r = inCallRaw(t)
	r.do(func(u *Usage) { u.Bye(r.now) })
	r.forget()
	r.send("REFER", "Refer-To: <sip:carol@192.0.2.3>")
	r.expect("481 REFER")
	r.expectReports()
}

// NOTIFYs and SUBSCRIBEs that belong to no REFER of the dialog.
func TestNotifyOutOfPlace(t *testing.T) {
	r := inCallRaw(t)
	for _, tt := range []struct {
		method, event, want string
	}{
		{"NOTIFY", "refer", "481 NOTIFY"},
		{"NOTIFY", "dialog", "489 NOTIFY"},
		{"SUBSCRIBE", "refer", "405 SUBSCRIBE"},
	} {
		r.forget()
		r.send(tt.method, "Event: "+tt.event, "Subscription-State: active")
		r.expect(tt.want)
	}
	r.expectState(Confirmed)
	r = referred(t)
	r.answerNotify(200)
	r.forget()
	r.send("SUBSCRIBE", "Event: refer", "Expires: 60")
	r.expect("200 SUBSCRIBE", "NOTIFY")
	if r.response().Contact() == nil {
		t.Error("a 200 to SUBSCRIBE without Contact")
	}
}

// RFC 5057 s5.1 would have some failures of a NOTIFY or a REFER end the call: it goes on.
func TestFailureOfNotifySparesTheCall(t *testing.T) {
	for _, status := range []int{404, 408, 480, 481, 482, 489, 501, 604} {
		r := referred(t)
		r.answerNotify(status)
		r.expectState(Confirmed)
		r = inCallRaw(t)
		r.do(func(u *Usage) { u.Refer(r.now, toCarol()) })
		r.respond(sip.REFER, status, "", nil, "")
		r.expectState(Confirmed)
		if got := told(r.reports); got != fmt.Sprint("Refused ", status) {
			t.Errorf("%d: told %q", status, got)
		}
	}
}

// A REFER of ours that is challenged goes out again, and the NOTIFYs are of the one that was
// accepted.
func TestReferChallenged(t *testing.T) {
	r := rawCaller(t, withPassword)
	r.accept("them")
	r.forget()
	r.do(func(u *Usage) { u.Refer(r.now, toCarol()) })
	first := r.request(sip.REFER)
	r.challenge(sip.REFER, 401, "user")
	again := r.request(sip.REFER)
	if again.CSeq().SeqNo != first.CSeq().SeqNo+1 || header(again, "Refer-To") != header(first, "Refer-To") {
		t.Fatalf("the second is\n%s", again)
	}
	r.respond(sip.REFER, 202, "", nil, "")
	r.receive(r.requestText("NOTIFY", "", []string{
		fmt.Sprint("Event: refer;id=", again.CSeq().SeqNo), "Subscription-State: terminated;reason=noresource",
		"Content-Type: message/sipfrag",
	}, "SIP/2.0 200 OK\r\n"))
	if got := told(r.reports); got != "Accepted, Done" {
		t.Errorf("told %q", got)
	}
}

// A leg whose way is broken waits for no NOTIFY.
func TestByeAfterTheWayBroke(t *testing.T) {
	r := referred(t)
	r.do(func(u *Usage) { u.Notify(r.now, refer.Status{Code: 200}) })
	r.do(func(u *Usage) { u.Bye(r.now) })
	r.forget()
	r.do(func(u *Usage) { u.TransportFailed(r.now) })
	r.expect("BYE")
}
