package dialog

import (
	"fmt"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"pgregory.net/rapid"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// Both sides under loss: whatever is lost, the early media arrives, once, and the 2xx
// comes after its PRACK.
func TestReliableEarlyMedia(t *testing.T) {
	for _, lost := range []string{"", "SIP/2.0 183", "PRACK", "SIP/2.0 200"} {
		t.Run(lost, func(t *testing.T) {
			p := newPair(t)
			p.invite()
			p.run(time.Second)
			if lost != "" {
				p.loses(lost, 2)
			}
			p.provisional(183, answer())
			p.answer(answer())
			p.run(10 * time.Second)
			p.expectState(Confirmed, Confirmed)
			p.expectReports(p.caller, Trying{}, Progressed{}, Accepted{})
			if a := p.caller.reports[2].(Accepted); a.SDP == nil || p.callee.usage.correction != nil {
				p.fail("the answer is lost or corrected")
			}
			p.sameAgreement()
			p.expectSent(p.caller, "INVITE", 1) // no re-INVITE: nothing is new
			p.expectSent(p.callee, "INVITE", 0)
			p.hangUp()
		})
	}
}

// A 2xx that says another answer than the reliable response did cannot say it: RFC 6337
// s2.1. A re-INVITE does, and the owner hears nothing of it.
func TestAnswerOtherThanTheEarlyOne(t *testing.T) {
	p := earlyMedia(t, transport.UDP)
	p.answer(description1("192.0.2.2", 20002, sdp.SendRecv))
	p.run(time.Second)
	p.expectSent(p.callee, "INVITE", 1)
	p.acceptOffer(p.caller, offer())
	p.run(time.Second)
	p.expectReports(p.callee, Acknowledged{})
	if port := p.caller.usage.chosen.Media.Remote.Audio().Port; port != 20002 {
		p.fail("the caller knows of %d", port)
	}
	p.hangUp()
}

// One reliable response after the other.
func TestProvisionalsQueueUp(t *testing.T) {
	r := rawCallee(t, transport.UDP, "Require: 100rel")
	r.forget()
	for _, status := range []int{180, 180, 181, 181, 183} { // what is said twice arrives once
		r.do(func(u *Usage) { u.Provisional(r.now, status, nil) })
	}
	for i, status := range []int{180, 181, 183} {
		r.expect(fmt.Sprint(status, " INVITE"))
		if res := r.response(); header(res, "RSeq") != fmt.Sprint(i+1) || header(res, "Require") != "100rel" {
			t.Errorf("%d has RSeq %s", status, header(res, "RSeq"))
		}
		r.prack(i+1, "200 PRACK")
	}
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	r.expect("200 INVITE")
}

// prack acknowledges a response and wants this before anything else.
func (r *raw) prack(rseq int, want string) {
	r.t.Helper()
	r.forget()
	r.send("PRACK", fmt.Sprintf("RAck: %d 1 INVITE", rseq))
	if len(r.sent) == 0 {
		r.t.Fatal("no answer to a PRACK")
	}
	rest, all := r.sent[1:], r.sent
	r.sent = all[:1]
	r.expect(want)
	r.sent, r.bytes, r.hops = rest, r.bytes[1:], r.hops[1:]
}

// RFC 3262 s3: T1, doubling; 64*T1: 5xx.
func TestReliableResponseIsRepeated(t *testing.T) {
	r := rawCallee(t, transport.TCP, "Supported: 100rel")
	r.do(func(u *Usage) { u.Provisional(r.now, 180, nil) })
	if header(r.response(), "RSeq") != "" {
		t.Error("a 180 that says nothing is reliable")
	}
	r.do(func(u *Usage) { u.Provisional(r.now, 183, answer()) })
	first := r.now
	for _, after := range []time.Duration{500, 1500, 3500, 7500, 15500, 31500} {
		r.forget()
		r.wait(first.Add(after*time.Millisecond - 1).Sub(r.now))
		r.expect()
		r.wait(1)
		r.expect("183 INVITE")
	}
	r.forget()
	r.wait(time.Second)
	r.expect("504 INVITE")
	r.expectReports(Left{})
	r.expectState(Rejected)
}

func TestBadPracks(t *testing.T) {
	r := rawCallee(t, transport.UDP, "Supported: 100rel")
	r.do(func(u *Usage) { u.Provisional(r.now, 183, answer()) })
	for _, tt := range []struct {
		rack string
		want string
	}{
		{"RAck: 2 1 INVITE", "481 PRACK"}, {"RAck: 1 2 INVITE", "481 PRACK"}, {"RAck: 1 1 UPDATE", "481 PRACK"},
		{"RAck: nonsense", "400 PRACK"}, {"X-Nothing: 1", "400 PRACK"}, {"RAck: 1 1 INVITE", "200 PRACK"},
		{"RAck: 1 1 INVITE", "481 PRACK"}, // it has been
	} {
		r.forget()
		text := r.send("PRACK", tt.rack)
		r.expect(tt.want)
		r.receive(text)
		r.expect(tt.want, tt.want)
	}
	r.forget()
	r.wait(30 * time.Second)
	r.expect()
}

// RFC 3262 s5: a 2xx waits for the PRACK to what had the answer; without one it need not,
// and the PRACK is taken all the same.
func TestAnswerBeforeThePrack(t *testing.T) {
	r := rawCallee(t, transport.UDP, "Require: 100rel")
	r.do(func(u *Usage) { u.Provisional(r.now, 180, nil) })
	r.forget()
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	r.expect("200 INVITE")
	r.prack(1, "200 PRACK")

	r = rawCallee(t, transport.UDP, "Require: 100rel")
	r.do(func(u *Usage) { u.Provisional(r.now, 183, answer()) })
	r.forget()
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	r.expect()
	r.do(func(u *Usage) { u.Bye(r.now) }) // it is not answered yet
	r.expect("480 INVITE")
}

// An offer in a PRACK is answered in its 2xx, and what waits waits for that.
func TestOfferInPrack(t *testing.T) {
	r := rawCallee(t, transport.UDP, "Require: 100rel")
	r.do(func(u *Usage) { u.Provisional(r.now, 183, answer()) })
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	r.forget()
	r.receive(r.requestText("PRACK", "", []string{"RAck: 1 1 INVITE"}, rawOffer))
	r.expect()
	r.expectReports(Offered{})
	r.do(func(u *Usage) { u.AcceptOffer(r.now, answer()) })
	r.expect("200 PRACK", "200 INVITE")
}

// A caller that requires 100rel and offers nothing would have to be made an offer in the
// first reliable response. It gets none: the 2xx offers.
func TestRequiredWithoutAnOffer(t *testing.T) {
	r := newRaw(t, transport.UDP)
	r.begin(r.parse(r.requestText("INVITE", "", append(at("them"), "Require: 100rel"), "")).(*sip.Request))
	r.do(func(u *Usage) { u.Provisional(r.now, 180, nil) })
	r.wait(2 * time.Minute)
	r.expect("100 INVITE")
	r.do(func(u *Usage) { u.Answer(r.now, offer()) })
	r.expect("100 INVITE", "200 INVITE")
}

// reliable is the headers of a reliable response of a fork.
func reliable(tag string, rseq int) []string {
	return append(at(tag), "Require: 100rel", fmt.Sprint("RSeq: ", rseq))
}

// RFC 3262 s4: in order, each once, and each fork on its own. What came too early has its
// turn when the gap closes.
func TestPracksOfForks(t *testing.T) {
	r := rawCaller(t, nil)
	r.forget()
	ring := func(tag string, rseq int, body string, want ...string) {
		t.Helper()
		r.forget()
		r.respond(sip.INVITE, 183, tag, reliable(tag, rseq), body)
		r.expect(want...)
		if reports := len(r.reports); reports != len(want) {
			t.Errorf("%s %d: %d reports", tag, rseq, reports)
		}
	}
	ring("a", 100, "", "PRACK")
	if rack := header(r.request(sip.PRACK), "RAck"); rack != "100 1 INVITE" {
		t.Errorf("RAck is %q", rack)
	}
	ring("b", 7, rawOffer, "PRACK")
	ring("a", 100, "") // repeated
	ring("a", 102, "") // one is missing
	ring("a", 101, rawOffer, "PRACK", "PRACK")
	ring("a", 102, "")
	ring("b", 6, "")
	if seq := r.request(sip.PRACK).CSeq().SeqNo; seq != 4 {
		t.Errorf("the third PRACK of a fork has CSeq %d", seq)
	}
	r.forget()
	r.respond(sip.INVITE, 200, "b", at("b"), "") // its 183 had the answer
	r.expect("ACK")
	r.expectReports(Accepted{})
	if r.reports[0].(Accepted).SDP == nil {
		t.Error("the answer is lost")
	}
}

// 100 is of one hop and never reliable, whatever it says.
func TestTryingIsNotAcknowledged(t *testing.T) {
	r := rawCaller(t, nil)
	r.forget()
	r.respond(sip.INVITE, 100, "", reliable("a", 1), "")
	r.expect()
}

// Reliable responses in whatever order, some twice, and repeated until they have been
// acknowledged: each is acknowledged and reported once, in the order of its RSeq.
func TestReliableResponsesInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newRaw(t, transport.UDP)
		r.usage = NewUAC(config("us", callerAt))
		r.do(func(u *Usage) {
			u.Invite(r.now, Invitation{RequestURI: "sip:them@192.0.2.2", From: "<sip:us@192.0.2.1>", To: "<sip:them@192.0.2.2>", CallID: "raw", MaxForwards: 70, Offer: offer()})
		})
		n := rapid.IntRange(1, 2*maxAhead).Draw(t, "responses")
		first := rapid.IntRange(1, 1<<31-1).Draw(t, "first RSeq")
		ring := func(i int) { r.respond(sip.INVITE, 180+i, "them", reliable("them", first+i), "") }
		ring(0) // nobody sends the second one before the PRACK to this one
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, n-1), 0, 3*n).Draw(t, "order") {
			ring(i)
			if len(r.usage.dialogs[0].ahead) > maxAhead {
				t.Fatalf("%d are kept", len(r.usage.dialogs[0].ahead))
			}
		}
		for i := range n {
			ring(i)
		}
		var acked, rang []string
		for _, m := range r.sent[1:] {
			acked = append(acked, header(m, "RAck"))
		}
		for _, report := range r.reports {
			rang = append(rang, fmt.Sprint(report.(Progressed).Status))
		}
		for i := range n {
			if len(acked) != n || acked[i] != fmt.Sprint(first+i, " 1 INVITE") || len(rang) != n || rang[i] != fmt.Sprint(180+i) {
				t.Fatalf("acknowledged %q, reported %q", acked, rang)
			}
		}
		if len(r.usage.dialogs[0].ahead) != 0 {
			t.Fatal("some are kept for ever")
		}
	})
}

// What was kept is forgotten with the answer.
func TestKeptResponsesAreForgotten(t *testing.T) {
	r := rawCaller(t, nil)
	for _, rseq := range []int{1, 3, 4} {
		r.respond(sip.INVITE, 180, "them", reliable("them", rseq), "")
	}
	if len(r.usage.dialogs[0].ahead) != 2 {
		t.Fatal("nothing is kept")
	}
	r.accept("them")
	r.forget()
	r.respond(sip.INVITE, 180, "them", reliable("them", 2), "")
	r.expect()
	if len(r.usage.dialogs[0].ahead) != 0 {
		t.Error("it is kept after the answer")
	}
}

// A PRACK whose offer is refused has acknowledged its response all the same: RFC 6337 s2.3
// has it sent again without one.
func TestRefusedOfferInPrack(t *testing.T) {
	r := rawCallee(t, transport.UDP, "Require: 100rel")
	r.do(func(u *Usage) { u.Provisional(r.now, 183, answer()) })
	r.forget()
	r.receive(r.requestText("PRACK", "", []string{"RAck: 1 1 INVITE"}, rawOffer))
	r.do(func(u *Usage) { u.RefuseOffer(r.now, 488) })
	r.expect("488 PRACK")
	r.prack(1, "200 PRACK")
	r.prack(1, "481 PRACK")
	r.forget()
	r.wait(30 * time.Second)
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	r.expect("200 INVITE")
}

// An answer that waits for a PRACK through the minute of RFC 3261 s13.3.1.1: nothing else
// is said beside it, and no timer stands still.
func TestPostponedAnswerOverAMinute(t *testing.T) {
	r := rawCallee(t, transport.UDP, "Require: 100rel")
	r.do(func(u *Usage) { u.Provisional(r.now, 180, nil) })
	r.prack(1, "200 PRACK")
	r.wait(50 * time.Second)
	r.do(func(u *Usage) { u.provide(r.now, provisional{183, answer()}) }) // as a queued one goes
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	r.forget()
	r.wait(15 * time.Second)
	for _, m := range r.sent {
		if res := m.(*sip.Response); res.StatusCode != 183 {
			t.Errorf("%d is sent", res.StatusCode)
		}
	}
	r.prack(2, "200 PRACK")
	r.expect("200 INVITE")
}
