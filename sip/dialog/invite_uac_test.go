package dialog

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

func TestCallAnsweredAndHungUpByEachSide(t *testing.T) {
	overEach(t, func(t *testing.T, protocol transport.Protocol) {
		for _, who := range []string{"caller", "callee"} {
			t.Run(who, func(t *testing.T) {
				p := answeredOver(t, protocol)
				p.expectReports(p.caller, Trying{}, Progressed{}, Accepted{})
				p.expectReports(p.callee, Acknowledged{})
				by := p.caller
				if who == "callee" {
					by = p.callee
				}
				other := p.other(by)
				by.reports, other.reports = nil, nil
				p.bye(by, Header{"Reason", "Q.850;cause=16"})
				p.run(time.Second)
				p.expectReports(by, Released{})
				p.expectReports(other, Left{}, Released{})
				p.expectOver()
				left := other.reports[0].(Left)
				if left.Status != 200 || header(left.Request, "Reason") != "Q.850;cause=16" {
					p.fail("the end came as %+v", left)
				}
			})
		}
	})
}

// RFC 3261 s17.1.1.2: timers A and B; over TCP there is no timer A.
func TestNobodyThere(t *testing.T) {
	overEach(t, func(t *testing.T, protocol transport.Protocol) {
		p := newPairOver(t, protocol)
		p.lost = func(*side, []byte) bool { return true }
		p.invite()
		p.run(31 * time.Second)
		p.expectReports(p.caller)
		p.run(2 * time.Second)
		p.expectReports(p.caller, Failed{}, Released{})
		p.expectOver()
		if f := p.caller.reports[0].(Failed); f.Status != 408 || f.Response != nil {
			p.fail("the failure is %+v, want 408 of our own", f)
		}
		if protocol == transport.TCP {
			p.expectSent(p.caller, "INVITE", 1)
		} else {
			p.expectSent(p.caller, "INVITE", 7) // at 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5
		}
	})
}

func TestRejected(t *testing.T) {
	overEach(t, func(t *testing.T, protocol transport.Protocol) {
		p := ringing(t, protocol)
		p.reject(486, Header{"Reason", "Q.850;cause=17"}, Phrase("Busy"))
		p.run(time.Second)
		p.expectReports(p.caller, Trying{}, Progressed{}, Failed{}, Released{})
		p.expectOver()
		f := p.caller.reports[2].(Failed)
		if f.Status != 486 || f.Response.Reason != "Busy" || header(f.Response, "Reason") != "Q.850;cause=17" {
			p.fail("the failure came as %+v", f)
		}
	})
}

// A way that is known to be broken is a 503 (RFC 3261 s8.1.3.1).
func TestInviteCannotBeSent(t *testing.T) {
	r := rawCaller(t, nil)
	r.do(func(u *Usage) { u.TransportFailed(r.now) })
	r.expectReports(Failed{}, Released{})
	if f := r.reports[0].(Failed); f.Status != 503 {
		t.Errorf("the failure is %d, want 503", f.Status)
	}
	r.expectOver()
}

// A connection that dies while a phone rings says nothing about the phone: the
// response may come over another one (RFC 3261 s18.2.2).
func TestConnectionLostWhileRinging(t *testing.T) {
	r := rawCaller(t, nil)
	r.ring("a")
	r.do(func(u *Usage) { u.TransportFailed(r.now) })
	r.accept("a")
	r.expectReports(Progressed{}, Accepted{})
	r.expectState(Confirmed)
}

func TestInviteSaysWhatItMust(t *testing.T) {
	r := rawCaller(t, func(c *Config) { c.Agent = "Tandem" })
	req := r.request(sip.INVITE)
	for name, want := range map[string]string{
		"Max-Forwards": "70", "From": "<sip:us@192.0.2.1>;tag=us", "To": "<sip:them@192.0.2.2>", "Call-ID": "raw",
		"CSeq": "1 INVITE", "Contact": "<sip:us@192.0.2.1:5060>", "Allow": Allow, "User-Agent": "Tandem",
		"Content-Type": "application/sdp", "P-Asserted-Identity": "<sip:us@192.0.2.1>", "Supported": Supported,
	} {
		if got, ok := wire.Value(req, name); !ok || got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if r.hops[0] != "sip:them@192.0.2.2:5060" {
		t.Errorf("it goes to %q", r.hops[0])
	}
	plain := rawCaller(t, nil)
	if _, there := wire.Value(plain.request(sip.INVITE), "User-Agent"); there {
		t.Error("an agent without a name is named")
	}
}

// The next hop may be another than the Request-URI says; CANCEL and ACK go there too.
func TestInviteByAProxy(t *testing.T) {
	r := newRaw(t, transport.UDP)
	r.usage = NewUAC(config("us", callerAt))
	r.do(func(u *Usage) {
		u.Invite(r.now, Invitation{
			RequestURI: "sip:them@far.test", Hop: "sip:proxy.test;lr", From: "<sip:us@192.0.2.1>", To: "<sip:them@far.test>",
			CallID: "raw", MaxForwards: 69,
		})
	})
	r.ring("a")
	r.do(func(u *Usage) { u.Cancel(r.now) })
	r.fail(487)
	r.expect("INVITE", "CANCEL", "ACK")
	for i, hop := range r.hops {
		if uri := r.sent[i].(*sip.Request).Recipient.String(); hop != "sip:proxy.test;lr" || uri != "sip:them@far.test" {
			t.Errorf("message %d is for %q and goes to %q", i, uri, hop)
		}
	}
	if _, there := wire.Value(r.sent[0], "Content-Type"); there || header(r.sent[0], "Max-Forwards") != "69" {
		t.Errorf("the INVITE is\n%s", r.bytes[0])
	}
}

// RFC 3261 s12.1.2: each To tag is an early dialog of its own.
func TestForksRingApart(t *testing.T) {
	r := rawCaller(t, nil)
	r.respond(sip.INVITE, 100, "", nil, "")
	r.ring("a")
	r.respond(sip.INVITE, 183, "b", at("b"), rawOffer)
	r.ring("a")
	r.respond(sip.INVITE, 100, "", nil, "")
	r.expectReports(Trying{}, Progressed{}, Progressed{}, Progressed{})
	if s := r.reports[1].(Progressed).SDP; s != nil {
		t.Error("a 180 without a description has one")
	}
	if s := r.reports[2].(Progressed).SDP; s == nil || s.Audio().Port != 20000 {
		t.Error("the description of the 183 is lost")
	}
	if n := len(r.usage.dialogs); n != 2 {
		t.Fatalf("%d dialogs, want 2", n)
	}
	if a, b := r.usage.dialogs[0].Target, r.usage.dialogs[1].Target; a != "sip:a@192.0.2.2:5060" || b != "sip:b@192.0.2.2:5060" {
		t.Errorf("the targets are %q and %q", a, b)
	}
	r.forget()
	r.accept("a")
	r.expect("ACK")
	if to := wire.ToTag(r.request(sip.ACK)); to != "a" {
		t.Errorf("the ACK goes to %q", to)
	}
	r.expectReports(Accepted{})
}

// RFC 3261 s13.2.2.4: a 2xx of another fork is acknowledged and its dialog ended, in
// whatever order the forks were heard, and the call does not notice.
func TestSecondForkAnswers(t *testing.T) {
	for _, first := range []string{"a", "b"} {
		t.Run(first, func(t *testing.T) {
			second := map[string]string{"a": "b", "b": "a"}[first]
			r := rawCaller(t, nil)
			r.ring("a")
			r.ring("b")
			r.accept(first)
			r.forget()
			r.accept(second)
			r.expect("ACK", "BYE")
			for _, m := range []sip.RequestMethod{sip.ACK, sip.BYE} {
				if to, uri := wire.ToTag(r.request(m)), r.request(m).Recipient.User; to != second || uri != second {
					t.Errorf("the %s goes to tag %q at %q, want %q", m, to, uri, second)
				}
			}
			r.accept(second) // its ACK was lost
			r.accept(first)
			r.expect("ACK", "BYE", "ACK", "ACK")
			if a, b := wire.ToTag(r.sent[2]), wire.ToTag(r.sent[3]); a != second || b != first {
				t.Errorf("the ACKs go to %q and %q", a, b)
			}
			r.respond(sip.BYE, 200, "", nil, "")
			r.expectReports()
			r.expectState(Confirmed)
			r.forget()
			r.do(func(u *Usage) { u.Bye(r.now) })
			r.expect("BYE")
			if to := wire.ToTag(r.request(sip.BYE)); to != first {
				t.Errorf("the call's BYE goes to %q", to)
			}
			r.respond(sip.BYE, 200, "", nil, "")
			r.expectReports(Released{})
			r.expectOver()
		})
	}
}

// What a fork that lost says of its own dialog is not about the call.
func TestForkThatLostHangsUp(t *testing.T) {
	r := rawCaller(t, nil)
	r.accept("a")
	r.accept("b")
	r.forget()
	r.receive(r.requestText("BYE", "b", nil, ""))
	r.receive(r.requestText("OPTIONS", "b", nil, ""))
	r.receive(r.requestText("INVITE", "b", at("b"), rawOffer))
	r.expect("200 BYE", "481 OPTIONS", "481 INVITE")
	r.expectReports()
	r.expectState(Confirmed)
	r.forget()
	r.seq = 0
	r.receive(r.requestText("BYE", "a", nil, ""))
	r.expect("200 BYE")
	r.expectReports(Left{})
}

// There is no bound on the forks that are ended, only on those that are kept.
func TestManyForks(t *testing.T) {
	r := rawCaller(t, nil)
	for i := range 3 * maxForks {
		r.ring(fmt.Sprint("early", i))
	}
	if n := len(r.usage.dialogs); n != maxForks {
		t.Fatalf("%d dialogs are kept, want %d", n, maxForks)
	}
	for i := range 3 * maxForks {
		tag := fmt.Sprint("answered", i)
		r.forget()
		r.accept(tag)
		if i == 0 {
			r.expect("ACK")
			continue
		}
		r.expect("ACK", "BYE")
		if to := wire.ToTag(r.request(sip.BYE)); to != tag {
			t.Fatalf("the BYE goes to %q, want %q", to, tag)
		}
	}
	if n := len(r.usage.dialogs); n != maxForks {
		t.Fatalf("%d dialogs are kept, want %d", n, maxForks)
	}
	r.forget()
	r.receive(r.requestText("OPTIONS", "answered0", nil, ""))
	r.expect("200 OPTIONS")
	r.do(func(u *Usage) { u.Bye(r.now) })
	if to := wire.ToTag(r.request(sip.BYE)); to != "answered0" {
		t.Errorf("the call's BYE goes to %q", to)
	}
}

// A description in a 18x that answers nothing of ours is not told of.
func TestEarlyMediaThatAnswersNothing(t *testing.T) {
	for _, body := range []string{strings.Replace(rawOffer, "audio", "video", 1), "v=0\r\n"} {
		r := rawCaller(t, nil)
		r.respond(sip.INVITE, 183, "a", at("a"), body)
		if p := r.reports[0].(Progressed); p.Status != 183 || p.SDP != nil {
			t.Errorf("%q came as %+v", body, p)
		}
	}
}

// RFC 3261 s13.2.2.4: 64*T1 after the first 2xx the early dialogs are terminated. What
// answers still later is ended all the same; the call's own 2xx is not.
func TestForkAnswersVeryLate(t *testing.T) {
	r := rawCaller(t, nil)
	for _, tag := range []string{"a", "b", "c"} {
		r.ring(tag)
	}
	invite := r.request(sip.INVITE)
	r.accept("b")
	r.wait(33 * time.Second)
	if n := len(r.usage.dialogs); n != 1 || r.usage.dialogs[0] != r.usage.chosen {
		t.Fatalf("%d dialogs are kept, want the one that was answered", n)
	}
	if _, ok := r.usage.Deadline(); ok {
		t.Error("a timer runs in a call that is only talking")
	}
	r.forget()
	r.respondTo(invite, 200, "c", at("c"), rawOffer)
	r.expect("ACK", "BYE")
	r.respondTo(invite, 200, "b", at("b"), rawOffer)
	r.expect("ACK", "BYE")
	r.expectState(Confirmed)
}

// RFC 3261 s12.1.2: "A UAC MUST be prepared to receive a response without a tag in the
// To field, in which case the tag is considered to have a value of null."
func TestPeerWithoutTags(t *testing.T) {
	r := rawCaller(t, nil)
	r.respond(sip.INVITE, 183, "", at("old"), rawOffer)
	r.respond(sip.INVITE, 200, "", at("old"), "")
	r.expect("INVITE", "ACK")
	r.expectReports(Progressed{}, Accepted{})
	if s := r.reports[1].(Accepted).SDP; s == nil {
		t.Error("the description that the 183 has shown is not the answer")
	}
	r.receive(strings.Replace(r.requestText("BYE", "", nil, ""), ";tag=them", "", 1))
	r.expect("INVITE", "ACK", "200 BYE")
	r.expectReports(Progressed{}, Accepted{}, Left{}, Released{})
}

// Without Contact there is only the URI that was called.
func TestAnswerWithoutContact(t *testing.T) {
	for _, contact := range [][]string{nil, {"Contact: *"}, {"Contact: <tel:+1425>"}} {
		r := rawCaller(t, nil)
		r.respond(sip.INVITE, 200, "a", contact, rawOffer)
		r.expect("INVITE", "ACK")
		if uri := r.request(sip.ACK).Recipient.String(); uri != "sip:them@192.0.2.2:5060" {
			t.Errorf("%v: the ACK is for %q", contact, uri)
		}
	}
}

// The 2xx decides the route set and the target, whatever the early dialog had.
func TestAnswerRecomputesTheRouteSet(t *testing.T) {
	r := rawCaller(t, nil)
	r.respond(sip.INVITE, 180, "a", []string{"Contact: <sip:early@192.0.2.2>", "Record-Route: <sip:old.test;lr>"}, "")
	r.respond(sip.INVITE, 183, "a", []string{"Contact: <sip:other@192.0.2.2>"}, "")
	if d := r.usage.dialogs[0]; d.Target != "sip:early@192.0.2.2" || len(d.Routes) != 1 {
		t.Errorf("a later 18x has changed the early dialog: %q by %q", d.Target, d.Routes)
	}
	r.respond(sip.INVITE, 200, "a", []string{
		"Contact: <sip:late@192.0.2.2:5070;transport=udp>", "Record-Route: <sip:p3.test;lr;x=1>, <sip:p2.test;lr>", "Record-Route: <sip:p1.test;lr>",
	}, rawOffer)
	ack := r.request(sip.ACK)
	if uri := ack.Recipient.String(); uri != "sip:late@192.0.2.2:5070;transport=udp" {
		t.Errorf("the ACK is for %q", uri)
	}
	want := "<sip:p1.test;lr> <sip:p2.test;lr> <sip:p3.test;lr;x=1>"
	if got := strings.Join(wire.Values(ack, "Route"), " "); got != want {
		t.Errorf("the route is %s, want %s", got, want)
	}
	if hop := r.hops[len(r.hops)-1]; hop != "sip:p1.test;lr" {
		t.Errorf("the next hop is %q", hop)
	}
}

// The answer is the 2xx's own, else the one that a 18x of the same dialog has shown,
// and nothing that answers something else.
func TestWhichAnswerCounts(t *testing.T) {
	video := strings.Replace(rawOffer, "m=audio", "m=video", 1)
	other := strings.Replace(rawOffer, "20000", "30000", 1)
	for _, tt := range []struct {
		name, early, tag, final string
		port                    uint16 // 0: no answer
	}{
		{"in the 2xx", "", "", rawOffer, 20000},
		{"in the 183", rawOffer, "a", "", 20000},
		{"another in the 2xx", rawOffer, "a", other, 30000},
		{"in the 183 of another fork", rawOffer, "b", "", 0},
		{"none", "", "", "", 0},
		{"for other media", "", "", video, 0},
		{"broken", "", "", "v=0\r\n", 0},
	} {
		r := rawCaller(t, nil)
		if tt.early != "" {
			r.respond(sip.INVITE, 183, tt.tag, at(tt.tag), tt.early)
		}
		r.respond(sip.INVITE, 200, "a", at("a"), tt.final)
		accepted := r.reports[len(r.reports)-1].(Accepted)
		switch {
		case accepted.SDP == nil && tt.port != 0:
			t.Errorf("%s: there is no answer", tt.name)
		case accepted.SDP != nil && accepted.SDP.Audio().Port != tt.port:
			t.Errorf("%s: the answer has port %d, want %d", tt.name, accepted.SDP.Audio().Port, tt.port)
		}
		r.expectState(Confirmed)
		if state := r.usage.chosen.Media.State; state != sdp.Stable {
			t.Errorf("%s: the negotiation is in %v", tt.name, state)
		}
	}
}

// A 2xx behind a failure of the same INVITE is another fork's, through a proxy that
// did not wait: RFC 3261 s16.7 step 5.
func TestAnswerAfterFailure(t *testing.T) {
	r := rawCaller(t, nil)
	r.ring("a")
	r.fail(486)
	r.expectReports(Progressed{}, Failed{}, Released{})
	r.forget()
	r.accept("b")
	r.expect("ACK", "BYE")
	r.accept("b")
	r.expect("ACK", "BYE", "ACK", "BYE")
	if string(r.bytes[0]) != string(r.bytes[2]) || string(r.bytes[1]) != string(r.bytes[3]) {
		t.Error("the repetitions differ")
	}
	r.expectReports()
	r.expectOver()
}

// The failure is acknowledged with the INVITE's route and To of the response, each time
// it comes (RFC 3261 s17.1.1.3).
func TestFailureIsAcknowledgedEachTime(t *testing.T) {
	r := rawCaller(t, nil)
	r.fail(404)
	r.fail(404)
	r.expect("INVITE", "ACK", "ACK")
	ack, invite := r.request(sip.ACK), r.request(sip.INVITE)
	if wire.Branch(ack) != wire.Branch(invite) || wire.ToTag(ack) != "failed" || ack.CSeq().SeqNo != 1 {
		t.Errorf("the ACK is\n%s", r.bytes[1])
	}
	if string(r.bytes[1]) != string(r.bytes[2]) {
		t.Error("the repetition differs")
	}
}

// A response that is not ours, or that answers nothing, changes nothing.
func TestResponsesOfOthers(t *testing.T) {
	r := rawCaller(t, nil)
	invite := r.request(sip.INVITE)
	good := responseText(invite, 200, "a", at("a"), rawOffer)
	for _, change := range [][2]string{
		{"Call-ID: raw", "Call-ID: other"}, {"tag=us", "tag=other"}, {"CSeq: 1 INVITE", "CSeq: 1 OPTIONS"},
	} {
		r.receive(strings.Replace(good, change[0], change[1], 1))
		r.expect("INVITE")
		r.expectState(Calling)
	}
	r.receive(strings.Replace(good, "branch="+wire.Branch(invite), "branch=z9hG4bKus.9", 1))
	r.expect("INVITE", "ACK", "BYE") // a fork of an INVITE that is forgotten
	r.expectState(Calling)
}

// RFC 3261 s14.2 and s15: before the 2xx the callee may neither change nor end the call.
func TestRequestsInAnEarlyDialog(t *testing.T) {
	r := rawCaller(t, nil)
	r.ring("them")
	r.forget()
	r.send("OPTIONS")
	r.receive(r.requestText("INVITE", "", at("them"), rawOffer))
	r.send("BYE")
	r.expect("200 OPTIONS", "491 INVITE", "200 BYE")
	r.expectReports()
	r.expectState(Early)
	r.accept("them")
	r.expectReports(Accepted{})
}

// Commands that do not fit the state are ignored.
func TestCommandsOfTheOtherRole(t *testing.T) {
	r := rawCaller(t, nil)
	for _, state := range []State{Calling, Early} {
		r.expectState(state)
		r.forget()
		r.do(func(u *Usage) {
			u.Provisional(r.now, 180, nil)
			u.Answer(r.now, answer())
			u.Reject(r.now, 486)
			u.Bye(r.now)
			u.AcceptOffer(r.now, answer())
			u.RefuseOffer(r.now, 488)
			u.Invite(r.now, Invitation{CallID: "again"})
		})
		r.expect()
		r.expectReports()
		r.ring("a")
	}
	r.forget()
	r.do(func(u *Usage) { u.Offer(r.now, offer()) })
	r.expectReports(OfferFailed{}) // 491: the INVITE is under way
}
