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

// A repeated INVITE gets the last response that it has (RFC 3261 s17.2.1), and none
// once there is a 2xx (RFC 6026).
func TestInviteIsRepeated(t *testing.T) {
	r := newRaw(t, transport.UDP)
	text := r.requestText("INVITE", "", at("them"), rawOffer)
	r.begin(r.parse(text).(*sip.Request))
	r.receive(text)
	r.expect("100 INVITE", "100 INVITE")
	r.do(func(u *Usage) { u.Provisional(r.now, 180, nil) })
	r.receive(text)
	r.expect("100 INVITE", "100 INVITE", "180 INVITE", "180 INVITE")
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	r.forget()
	r.receive(text)
	r.expect()
	r.expectState(Answered)
}

func TestResponsesSayWhatTheyMust(t *testing.T) {
	r := rawCallee(t, transport.UDP, "Record-Route: <sip:p1.test;lr>, <sip:p2.test;lr>", "Timestamp: 12")
	trying := r.response()
	if wire.ToTag(trying) != "" || header(trying, "Timestamp") != "12" || len(wire.Values(trying, "Record-Route")) != 0 {
		t.Errorf("the 100 is\n%s", r.bytes[0])
	}
	r.usage.config.Agent = "Tandem"
	for _, act := range []func(u *Usage){
		func(u *Usage) { u.Provisional(r.now, 183, answer()) },
		func(u *Usage) { u.Answer(r.now, answer(), Header{"X-Test", "1"}) },
	} {
		r.forget()
		r.do(act)
		res := r.response()
		for name, want := range map[string]string{
			"From": "<sip:them@192.0.2.2>;tag=them", "To": "<sip:us@192.0.2.1>;tag=us", "Call-ID": "raw", "CSeq": "1 INVITE",
			"Contact": "<sip:us@192.0.2.1:5060>", "Allow": Allow, "Supported": Supported, "Server": "Tandem", "Content-Type": "application/sdp",
		} {
			if got, ok := wire.Value(res, name); !ok || got != want {
				t.Errorf("%d: %s is %q, want %q", res.StatusCode, name, got, want)
			}
		}
		if rr := strings.Join(wire.Values(res, "Record-Route"), " "); rr != "<sip:p1.test;lr> <sip:p2.test;lr>" {
			t.Errorf("%d: Record-Route is %q", res.StatusCode, rr)
		}
		if s, _ := description(res); s == nil || s.Audio().Port != 20000 {
			t.Errorf("%d: the description is lost", res.StatusCode)
		}
	}
	if header(r.response(), "X-Test") != "1" {
		t.Error("the header that was asked for is not there")
	}
}

// RFC 3261 s8.2.6.2: "The Via header field values in the response MUST equal the Via
// header field values in the request and MUST maintain the same ordering."
func TestResponseRepeatsEachVia(t *testing.T) {
	r := newRaw(t, transport.UDP)
	req := r.parse(r.requestText("INVITE", "", append(at("them"), "Via: SIP/2.0/UDP far.test;branch=z9hG4bKfar"), "")).(*sip.Request)
	u := NewUAS(r.now, config("us", callerAt), req, nil, r.flow)
	const want = "\r\nVia: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKthem1\r\n"
	const next = "\r\nVia: SIP/2.0/UDP far.test;branch=z9hG4bKfar\r\n"
	text := string(u.Take()[0].Send)
	if i, j := strings.Index(text, want), strings.Index(text, next); i < 0 || j < i {
		t.Errorf("the Vias are not the request's:\n%s", text)
	}
}

// RFC 3261 s12.1.1: what the callee asks for goes to the Contact by the Record-Route.
func TestCalleeRouteSet(t *testing.T) {
	r := rawCallee(t, transport.UDP, "Record-Route: <sip:p1.test;lr>, <sip:p2.test;lr>")
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	r.send("ACK")
	r.forget()
	r.do(func(u *Usage) { u.Bye(r.now) })
	bye := r.request(sip.BYE)
	if uri := bye.Recipient.String(); uri != "sip:them@192.0.2.2:5060" {
		t.Errorf("the BYE is for %q", uri)
	}
	if got := strings.Join(wire.Values(bye, "Route"), " "); got != "<sip:p1.test;lr> <sip:p2.test;lr>" {
		t.Errorf("the route is %s", got)
	}
	if r.hops[0] != "sip:p1.test;lr" || wire.FromTag(bye) != "us" || wire.ToTag(bye) != "them" || bye.CSeq().SeqNo != 1 {
		t.Errorf("the BYE goes to %q and is\n%s", r.hops[0], r.bytes[0])
	}
}

// RFC 3261 s13.3.1.1: a provisional response each minute, or proxies give up.
func TestProvisionalIsRepeatedEachMinute(t *testing.T) {
	r := rawCallee(t, transport.UDP)
	r.do(func(u *Usage) { u.Provisional(r.now, 183, answer()) })
	r.forget()
	r.wait(59 * time.Second)
	r.expect()
	r.wait(2*time.Minute + 2*time.Second)
	r.expect("183 INVITE", "183 INVITE", "183 INVITE")
	if s, _ := description(r.response()); s == nil {
		t.Error("the repetition has lost the description")
	}
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	r.send("ACK")
	r.forget()
	r.wait(time.Hour)
	r.expect()
	if _, ok := r.usage.Deadline(); ok {
		t.Error("a timer runs on")
	}
}

func TestNothingButTryingForAMinute(t *testing.T) {
	r := rawCallee(t, transport.UDP)
	r.wait(61 * time.Second)
	r.expect("100 INVITE", "183 INVITE")
	r.expectState(Early)
	r.do(func(u *Usage) { u.Reject(r.now, 480) })
	r.acknowledgeFailure(1)
	r.wait(time.Hour)
	r.expect("100 INVITE", "183 INVITE", "480 INVITE")
	r.expectOver()
}

// RFC 3261 s13.3.1: the caller says how long it will wait.
func TestInviteExpires(t *testing.T) {
	r := rawCallee(t, transport.UDP, "Expires: 30")
	r.do(func(u *Usage) { u.Provisional(r.now, 180, nil) })
	r.forget()
	r.wait(29 * time.Second)
	r.expect()
	r.wait(time.Second)
	r.expect("487 INVITE")
	r.expectReports(Left{})
	if left := r.reports[0].(Left); left.Status != 487 || left.Request != nil {
		t.Errorf("the end is %+v", left)
	}
	r.acknowledgeFailure(1)
	r.expectReports(Left{}, Released{})
	r.expectOver()
}

func TestInviteExpiresAfterItsAnswer(t *testing.T) {
	for _, end := range []func(u *Usage){
		func(u *Usage) { u.Answer(time.Unix(0, 0), answer()) },
		func(u *Usage) { u.Reject(time.Unix(0, 0), 486) },
	} {
		r := rawCallee(t, transport.UDP, "Expires: 1")
		r.do(end)
		r.forget()
		r.wait(20 * time.Second)
		r.expectReports()
	}
}

func TestInviteThatExpiresAtOnce(t *testing.T) {
	r := rawCallee(t, transport.UDP, "Expires: 0")
	r.wait(0)
	r.expect("100 INVITE", "487 INVITE")
}

// Only 101 to 199 are provisional responses of ours.
func TestWrongStatuses(t *testing.T) {
	r := rawCallee(t, transport.UDP)
	r.forget()
	for _, status := range []int{-1, 0, 99, 100, 200, 404, 1000} {
		r.do(func(u *Usage) { u.Provisional(r.now, status, nil) })
	}
	r.expect()
	r.expectState(Invited)
	r.do(func(u *Usage) { u.Reject(r.now, 200) })
	r.expect("500 INVITE")
	r.expectState(Rejected)
}

// RFC 3261 s17.2.1: timer G repeats the failure until the ACK, timer H gives up; over TCP
// there is no timer G.
func TestFailureIsRepeatedUntilAck(t *testing.T) {
	overEach(t, func(t *testing.T, protocol transport.Protocol) {
		r := rawCallee(t, protocol)
		r.do(func(u *Usage) { u.Reject(r.now, 486) })
		r.forget()
		r.wait(10 * time.Second)
		if protocol == transport.TCP {
			r.expect()
		} else {
			r.expect("486 INVITE", "486 INVITE", "486 INVITE", "486 INVITE") // at 0.5, 1.5, 3.5, 7.5
		}
		r.expectReports()
		r.send("ACK") // its branch is not the INVITE's
		r.expectState(Rejected)
		r.acknowledgeFailure(1)
		r.expectReports(Released{})
		r.expectOver()
	})
}

func TestFailureWithoutAck(t *testing.T) {
	overEach(t, func(t *testing.T, protocol transport.Protocol) {
		r := rawCallee(t, protocol)
		r.do(func(u *Usage) { u.Reject(r.now, 486) })
		r.wait(31 * time.Second)
		r.expectReports()
		r.wait(2 * time.Second)
		r.expectReports(Released{})
		r.expectOver()
	})
}

// The answer that a 183 has shown is sent again in the 2xx, where nothing else is given.
func TestAnswerRepeatsTheEarlyOne(t *testing.T) {
	p := newPair(t)
	p.invite()
	p.run(time.Second)
	p.provisional(183, answer())
	p.run(time.Second)
	p.answer(nil)
	p.run(time.Second)
	p.expectReports(p.caller, Trying{}, Progressed{}, Accepted{})
	if s := p.caller.reports[2].(Accepted).SDP; s == nil || s.Audio().Port != 20000 {
		p.fail("the answer is %v", s)
	}
	for _, s := range []*side{p.caller, p.callee} {
		if m := s.usage.chosen.Media; m.State != sdp.Stable || m.Local == nil || m.Remote == nil {
			p.fail("the %s has agreed on nothing: %+v", s.name, m)
		}
	}
	p.hangUp()
}

// An answer that fits no offer goes out, and does not block what comes after it.
func TestAnswerThatFitsNoOffer(t *testing.T) {
	r := rawCallee(t, transport.UDP)
	wrong := description1("192.0.2.1", 10000, sdp.SendRecv)
	wrong.Media = append(wrong.Media, wrong.Media[0])
	r.do(func(u *Usage) { u.Answer(r.now, wrong) })
	r.expect("100 INVITE", "200 INVITE")
	if state := r.usage.chosen.Media.State; state != sdp.Stable {
		t.Errorf("the negotiation is in %v", state)
	}
}

func TestReadInvite(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		headers    []string
		status     int
		offer      bool
		header     Header
	}{
		{"with an offer", rawOffer, at("a"), 0, true, Header{}},
		{"without one", "", at("a"), 0, false, Header{}},
		{"no Contact", rawOffer, nil, 400, false, Header{"", "Missing Contact With SIP URI"}},
		{"Contact of another kind", rawOffer, []string{"Contact: <tel:+1425>"}, 400, false, Header{"", "Missing Contact With SIP URI"}},
		{"Contact of all", rawOffer, []string{"Contact: *"}, 400, false, Header{"", "Missing Contact With SIP URI"}},
		{"extensions", rawOffer, append(at("a"), "Require: 100rel, Join, Timer, Replaces"), 420, false, Header{"Unsupported", "join"}},
		{"another type", "hello", append(at("a"), "Content-Type: text/plain"), 415, false, Header{"Accept", "application/sdp"}},
		{"compressed", rawOffer, append(at("a"), "Content-Type: application/sdp", "Content-Encoding: gzip"), 415, false, Header{"Accept-Encoding", "identity"}},
		{"broken", "v=1\r\n", at("a"), 400, false, Header{"", "Bad Session Description"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRaw(t, transport.UDP)
			req := r.parse(r.requestText("INVITE", "", tt.headers, tt.body)).(*sip.Request)
			offer, status, headers := ReadInvite(req)
			if status != tt.status || (offer != nil) != tt.offer {
				t.Fatalf("status %d, offer %v; want %d, %v", status, offer, tt.status, tt.offer)
			}
			found := tt.header == Header{}
			for _, h := range headers {
				found = found || h == tt.header
			}
			if !found {
				t.Errorf("headers %v, want %v among them", headers, tt.header)
			}
		})
	}
}

// A usage that is made of an INVITE without Contact has the From to talk to.
func TestInviteWithoutContact(t *testing.T) {
	r := newRaw(t, transport.UDP)
	req := r.parse(r.requestText("INVITE", "", nil, "")).(*sip.Request)
	r.usage = NewUAS(r.now, config("us", callerAt), req, nil, r.flow)
	if target := r.usage.chosen.Target; target != "sip:them@192.0.2.2" {
		t.Errorf("the target is %q", target)
	}
}

// Commands of a caller are no commands of a callee; a hang-up before the answer is a
// Reject.
func TestCommandsOfACaller(t *testing.T) {
	r := rawCallee(t, transport.UDP)
	for _, state := range []State{Invited, Early} {
		r.expectState(state)
		r.forget()
		r.do(func(u *Usage) {
			u.Cancel(r.now)
			u.Bye(r.now)
			u.Invite(r.now, Invitation{CallID: "again"})
			u.AcceptOffer(r.now, answer())
			u.RefuseOffer(r.now, 488)
		})
		r.expect()
		r.expectReports()
		r.expectState(state)
		r.do(func(u *Usage) { u.Provisional(r.now, 180, nil) })
	}
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	r.forget()
	r.do(func(u *Usage) {
		u.Answer(r.now, answer())
		u.Reject(r.now, 486)
		u.Provisional(r.now, 180, nil)
	})
	r.expect()
	r.expectState(Answered)
}
