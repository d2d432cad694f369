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

// RFC 3261 s13.3.1.4: the 2xx is repeated until the ACK comes, "regardless of the
// transport"; each gets its ACK.
func TestAnswerIsRepeatedUntilAck(t *testing.T) {
	overEach(t, func(t *testing.T, protocol transport.Protocol) {
		p := newPairOver(t, protocol)
		p.loses("ACK", 3)
		p.invite()
		p.run(time.Second)
		p.answer(answer())
		p.run(3 * time.Second)
		p.expectState(Confirmed, Answered)
		p.run(7 * time.Second)
		p.expectState(Confirmed, Confirmed)
		p.expectSent(p.callee, "SIP/2.0 200", 4) // at 0, 0.5, 1.5, 3.5
		p.expectSent(p.caller, "ACK", 4)
		p.expectReports(p.caller, Trying{}, Accepted{})
		p.expectReports(p.callee, Acknowledged{})
		p.hangUp()
	})
}

// …and after 64*T1 without one the callee hangs up.
func TestCalleeHangsUpWithoutAck(t *testing.T) {
	overEach(t, func(t *testing.T, protocol transport.Protocol) {
		p := newPairOver(t, protocol)
		p.loses("ACK", 1000)
		p.invite()
		p.run(time.Second)
		p.answer(answer())
		p.run(32*time.Second - time.Millisecond)
		p.expectSent(p.callee, "BYE", 0)
		p.run(10 * time.Second)
		p.expectOver()
		p.expectReports(p.callee, Left{}, Released{})
		p.expectReports(p.caller, Trying{}, Accepted{}, Left{}, Released{})
		if left := p.callee.reports[0].(Left); left.Status != 408 || left.Request != nil {
			p.fail("the callee's end came as %+v", left)
		}
		if left := p.caller.reports[2].(Left); header(left.Request, "Reason") != noAck {
			p.fail("the BYE gives the reason %q", header(left.Request, "Reason"))
		}
		p.expectSent(p.callee, "SIP/2.0 200", 11) // at 0, 0.5, 1.5, 3.5, 7.5, 11.5 … 31.5; one is the BYE's
	})
}

// An ACK that comes after the callee has given up changes nothing any more.
func TestLateAck(t *testing.T) {
	r := rawCallee(t, transport.UDP)
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	ack := r.requestText("ACK", "", nil, "")
	r.wait(32*time.Second + time.Millisecond)
	r.expectReports(Left{})
	r.receive(ack)
	r.expectReports(Left{})
	r.respond(sip.BYE, 200, "", nil, "")
	r.expectReports(Left{}, Released{})
	r.receive(ack)
	r.expectReports(Left{}, Released{})
	r.expectOver()
}

// Only the ACK of the dialog, with the INVITE's number, acknowledges.
func TestForeignAcks(t *testing.T) {
	r := rawCallee(t, transport.UDP)
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	good := r.requestText("ACK", "", nil, "")
	for _, change := range [][2]string{
		{"CSeq: 1 ", "CSeq: 2 "}, {"Call-ID: raw", "Call-ID: other"}, {"tag=them", "tag=other"}, {"tag=us", "tag=other"}, {";tag=us", ""},
	} {
		r.receive(strings.Replace(good, change[0], change[1], 1))
		r.expectState(Answered)
	}
	r.receive(good)
	r.expectState(Confirmed)
	r.receive(good) // its repetition
	r.expectReports(Acknowledged{})
}

func TestForeignAckOfAFailure(t *testing.T) {
	r := rawCallee(t, transport.UDP)
	r.do(func(u *Usage) { u.Reject(r.now, 300) })
	text := strings.Replace(r.requestText("ACK", "", nil, ""), "z9hG4bKthem2", "z9hG4bKthem1", 1)
	r.receive(strings.Replace(text, "Call-ID: raw", "Call-ID: other", 1))
	r.expectState(Rejected)
	r.receive(text)
	r.expectState(Ended)
}

// RFC 3261 s13.2.2.4: "The ACK MUST contain the same credentials as the INVITE", and is
// for each fork its own, however late its 2xx is repeated.
func TestAckOfTheFirstInviteOutlivesAReinvite(t *testing.T) {
	r := rawCaller(t, nil)
	invite := r.request(sip.INVITE)
	r.accept("them")
	first := string(r.bytes[1])
	r.respondTo(invite, 200, "them", at("them"), rawOffer)
	if string(r.bytes[2]) != first {
		t.Error("the repetition of the first ACK differs")
	}
	r.do(func(u *Usage) { u.Offer(r.now, description1("192.0.2.1", 10002, sdp.SendRecv)) })
	r.respond(sip.INVITE, 200, "", at("them"), rawOffer)
	second := string(r.bytes[len(r.bytes)-1])
	if n := r.request(sip.ACK).CSeq().SeqNo; n != 2 {
		t.Fatalf("the re-INVITE's ACK has CSeq %d", n)
	}
	r.forget()
	r.respondTo(invite, 200, "them", at("them"), rawOffer) // the first ACK was lost
	r.respond(sip.INVITE, 200, "", at("them"), rawOffer)   // and the second one
	r.expect("ACK", "ACK")
	if string(r.bytes[0]) != first {
		t.Errorf("the 2xx to the first INVITE got\n%s", r.bytes[0])
	}
	if string(r.bytes[1]) != second {
		t.Errorf("the 2xx to the re-INVITE got\n%s", r.bytes[1])
	}
	r.expectReports()
}

// RFC 3261 s13.2.1: an offer in the 2xx is answered in the ACK.
func TestOfferInTheAnswer(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		headers    []string
		want       Report
	}{
		{"answered", rawOffer, nil, OfferAnswered{}},
		{"not answered", "", nil, OfferFailed{488}},
		{"answered with nonsense", "v=0\r\n", nil, OfferFailed{488}},
		{"answered with another kind", "hello", []string{"Content-Type: text/plain"}, OfferFailed{488}},
		{"answered with other media", strings.Replace(rawOffer, "audio", "video", 1), nil, OfferFailed{488}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRaw(t, transport.UDP)
			r.begin(r.parse(r.requestText("INVITE", "", at("them"), "")).(*sip.Request))
			r.do(func(u *Usage) { u.Answer(r.now, answer()) })
			r.receive(r.requestText("ACK", "", tt.headers, tt.body))
			r.expectReports(Acknowledged{}, tt.want)
			if f, ok := r.reports[1].(OfferFailed); ok && f != tt.want {
				t.Errorf("it failed as %+v, want %+v", f, tt.want)
			}
			if state := r.usage.chosen.Media.State; state != sdp.Stable {
				t.Errorf("the negotiation is in %v", state)
			}
			r.expectState(Confirmed)
		})
	}
}

// An offer in a 2xx that is withdrawn by our BYE is nobody's any more.
func TestAnswerInAckAfterHangup(t *testing.T) {
	r := newRaw(t, transport.UDP)
	r.begin(r.parse(r.requestText("INVITE", "", at("them"), "")).(*sip.Request))
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	r.do(func(u *Usage) { u.Bye(r.now) })
	r.expect("100 INVITE", "200 INVITE")
	r.receive(r.requestText("ACK", "", nil, rawOffer))
	r.expect("100 INVITE", "200 INVITE", "BYE")
	r.expectReports()
}

// The ACK of a 2xx may have the INVITE's branch: some do not know better.
func TestAckWithTheBranchOfTheInvite(t *testing.T) {
	r := rawCallee(t, transport.UDP)
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	r.acknowledgeFailure(1)
	r.expectState(Confirmed)
}

func TestAckIsSentByTheRoute(t *testing.T) {
	r := rawCaller(t, nil)
	r.respond(sip.INVITE, 200, "a", append(at("a"), "Record-Route: <sip:p.test;lr>"), rawOffer)
	ack := r.request(sip.ACK)
	if wire.Branch(ack) == wire.Branch(r.request(sip.INVITE)) {
		t.Error("the ACK of a 2xx has the INVITE's branch: it is a transaction of its own")
	}
	if header(ack, "Route") != "<sip:p.test;lr>" || r.hops[1] != "sip:p.test;lr" || len(ack.Body()) != 0 {
		t.Errorf("it goes to %q and is\n%s", r.hops[1], r.bytes[1])
	}
}
