package dialog

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// released gives the leftovers by "method branch" of what they answer, and what they
// answer with: "" for nothing.
func released(t *testing.T, reports []Report) map[string]string {
	t.Helper()
	last, ok := reports[len(reports)-1].(Released)
	if !ok {
		t.Fatalf("the last report is %T", reports[len(reports)-1])
	}
	list := map[string]string{}
	for _, l := range last.Leftovers {
		name := l.Request.Method + " " + l.Request.Branch
		if l.Response != (transaction.ClientKey{}) {
			name = "response to " + l.Response.Method + " " + l.Response.Branch
		}
		if _, twice := list[name]; twice {
			t.Errorf("two leftovers for %s", name)
		}
		answer := ""
		if l.Answer != nil {
			answer = firstLine(l.Answer)
			if l.Flow == (transport.Flow{}) && l.Hop == "" {
				t.Errorf("the leftover for %s goes nowhere", name)
			}
		}
		list[name] = answer
	}
	return list
}

func expectLeftovers(t *testing.T, got, want map[string]string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("leftovers:\n%v\nwant:\n%v", got, want)
	}
}

// What RFC 3261's timers wait for when a usage has ended: J (BYE, CANCEL) answers, I and L
// (INVITE) swallow, D (failure of ours) acknowledges.
func TestLeftovers(t *testing.T) {
	t.Run("call hung up by the caller", func(t *testing.T) {
		p := answered(t)
		p.bye(p.caller)
		p.run(time.Second)
		expectLeftovers(t, released(t, p.caller.reports), map[string]string{})
		expectLeftovers(t, released(t, p.callee.reports), map[string]string{
			"INVITE z9hG4bKcaller.1": "", "BYE z9hG4bKcaller.3": "SIP/2.0 200 OK (2 BYE)",
		})
	})
	t.Run("call hung up long after", func(t *testing.T) {
		p := answered(t)
		p.run(time.Minute)
		p.bye(p.callee)
		p.run(time.Second)
		expectLeftovers(t, released(t, p.caller.reports), map[string]string{"BYE z9hG4bKcallee.1": "SIP/2.0 200 OK (1 BYE)"})
		expectLeftovers(t, released(t, p.callee.reports), map[string]string{})
	})
	t.Run("cancelled", func(t *testing.T) {
		p := ringing(t, transport.UDP)
		p.cancel()
		p.run(time.Second)
		expectLeftovers(t, released(t, p.caller.reports), map[string]string{
			"response to INVITE z9hG4bKcaller.1": "ACK sip:callee@192.0.2.2:5060 SIP/2.0 (1 ACK)",
		})
		expectLeftovers(t, released(t, p.callee.reports), map[string]string{
			"INVITE z9hG4bKcaller.1": "", "CANCEL z9hG4bKcaller.1": "SIP/2.0 200 OK (1 CANCEL)",
		})
	})
	t.Run("over TCP", func(t *testing.T) {
		p := ringing(t, transport.TCP)
		p.cancel()
		p.run(time.Second)
		expectLeftovers(t, released(t, p.caller.reports), map[string]string{})
		expectLeftovers(t, released(t, p.callee.reports), map[string]string{})
	})
	t.Run("nobody acknowledged the failure", func(t *testing.T) {
		r := rawCallee(t, transport.UDP)
		r.do(func(u *Usage) { u.Reject(r.now, 486) })
		r.wait(time.Minute)
		expectLeftovers(t, released(t, r.reports), map[string]string{})
	})
}

// An ended usage that is told of a repetition gives the answer itself, for as long as it
// is asked, and reports nothing.
func TestRepetitionsAfterTheEnd(t *testing.T) {
	r := rawCallee(t, transport.UDP)
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	ack := r.requestText("ACK", "", nil, "")
	r.receive(ack)
	options := r.send("OPTIONS")
	bye := r.send("BYE")
	r.expectOver()
	was := map[string]string{}
	for i, m := range r.sent {
		was[string(m.CSeq().MethodName)] = string(r.bytes[i])
	}
	r.forget()
	r.receive(bye)
	r.receive(options)
	r.receive(bye)
	r.expect("200 BYE", "200 OPTIONS", "200 BYE")
	for i, method := range []string{"BYE", "OPTIONS", "BYE"} {
		if string(r.bytes[i]) != was[method] {
			t.Errorf("the %s got another answer:\n%s", method, r.bytes[i])
		}
	}
	r.forget()
	r.receive(ack)
	r.acknowledgeFailure(1)
	r.expect()
	r.expectReports()
	r.expectOver()
}

// A new request finds no dialog any more.
func TestRequestsAfterTheEnd(t *testing.T) {
	r := rawCaller(t, nil)
	r.accept("them")
	r.send("BYE")
	r.forget()
	r.send("INFO")
	r.send("BYE")
	r.receive(r.requestText("INVITE", "", at("them"), rawOffer))
	r.send("ACK")
	r.send("CANCEL")
	r.expect("481 INFO", "481 BYE", "481 INVITE", "481 CANCEL")
	r.expectReports()
	r.expectOver()
}

// The responses that may still come: a repeated failure gets its ACK, a fork's 2xx ACK and
// BYE, the others nothing.
func TestResponsesAfterTheEnd(t *testing.T) {
	r := rawCaller(t, nil)
	r.ring("a")
	r.do(func(u *Usage) { u.Cancel(r.now) })
	r.respond(sip.CANCEL, 200, "x", nil, "")
	r.fail(487)
	r.expectOver()
	r.forget()
	r.fail(487)
	r.expect("ACK")
	r.respond(sip.CANCEL, 200, "x", nil, "")
	r.ring("a")
	r.respond(sip.INVITE, 100, "", nil, "")
	r.expect("ACK")
	r.accept("b")
	r.expect("ACK", "ACK", "BYE")
	if to := wire.ToTag(r.sent[2]); to != "b" {
		t.Errorf("the BYE goes to %q", to)
	}
	r.respond(sip.BYE, 200, "", nil, "")
	r.expect("ACK", "ACK", "BYE")
	r.expectReports()
	r.expectOver()
}

// The owner may do what it likes with an ended usage.
func TestCommandsAfterTheEnd(t *testing.T) {
	for _, r := range []*raw{rawCaller(t, nil), rawCallee(t, transport.UDP)} {
		r.do(func(u *Usage) {
			u.Cancel(r.now)
			u.Reject(r.now, 486)
		})
		r.wait(time.Hour)
		r.expectOver()
		r.forget()
		r.do(func(u *Usage) {
			u.Invite(r.now, Invitation{})
			u.Provisional(r.now, 180, nil)
			u.Answer(r.now, answer())
			u.Reject(r.now, 486)
			u.Cancel(r.now)
			u.Bye(r.now)
			u.Offer(r.now, offer())
			u.AcceptOffer(r.now, answer())
			u.RefuseOffer(r.now, 488)
			u.TransportFailed(r.now)
			u.Tick(r.now)
		})
		r.expect()
		r.expectReports()
		r.expectOver()
	}
}

func TestDisown(t *testing.T) {
	text := strings.Join([]string{
		"SIP/2.0 200 OK", "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKgone.2.7",
		`From: "A \"B\"" <sip:us@192.0.2.1>;tag=us`, "To: <sip:them@192.0.2.2>;tag=fork", "Call-ID: gone", "CSeq: 4 INVITE",
		"Contact: <sip:fork@192.0.2.9:5070;method=BYE?a=b>", "Record-Route: <sip:p2.test;lr>, <sip:p1.test;lr>", "Content-Length: 0", "", "",
	}, "\r\n")
	r := newRaw(t, transport.UDP)
	read := func(text string) []*sip.Request {
		t.Helper()
		var list []*sip.Request
		for _, b := range Disown(r.parse(text).(*sip.Response), "SIP/2.0/UDP 192.0.2.1:5060") {
			list = append(list, r.parse(string(b)).(*sip.Request))
		}
		if len(list) != 2 || list[0].Method != sip.ACK || list[1].Method != sip.BYE {
			t.Fatalf("%v, want ACK and BYE", list)
		}
		return list
	}
	for i, m := range read(text) {
		if uri := m.Recipient.String(); uri != "sip:fork@192.0.2.9:5070" {
			t.Errorf("the %s is for %q", m.Method, uri)
		}
		if got := strings.Join(wire.Values(m, "Route"), " "); got != "<sip:p1.test;lr> <sip:p2.test;lr>" {
			t.Errorf("the %s goes by %q", m.Method, got)
		}
		if n := m.CSeq().SeqNo; n != uint32(4+i) {
			t.Errorf("the %s has CSeq %d", m.Method, n)
		}
		if m.From().DisplayName != `A "B"` || wire.FromTag(m) != "us" || wire.ToTag(m) != "fork" || m.CallID().Value() != "gone" || header(m, "Max-Forwards") != "70" {
			t.Errorf("the %s is\n%s", m.Method, m)
		}
	}
	again, other := read(text), read(strings.Replace(text, "tag=fork", "tag=spoon", 1))
	for i, m := range read(text) {
		if wire.Branch(m) != wire.Branch(again[i]) {
			t.Errorf("the %s is another transaction each time", m.Method)
		}
		if wire.Branch(m) == wire.Branch(other[i]) || !transaction.HasCookie(wire.Branch(m)) {
			t.Errorf("the %s to another fork has the branch %q", m.Method, wire.Branch(other[i]))
		}
	}
	odd := strings.NewReplacer("Contact: <sip:", "Contact: <a:", "To: <sip:", "To: <b:", "<sip:p2.test;lr>", "<c:p2>").Replace(text)
	for _, m := range read(odd) {
		if uri, route := m.Recipient.String(), header(m, "Route"); uri != "sip:anonymous.invalid" || route != "<sip:p1.test;lr>" {
			t.Errorf("without a SIP URI the %s is for %q by %q", m.Method, uri, route)
		}
	}
	bare := strings.Replace(strings.Replace(text, "Contact: <sip:fork@192.0.2.9:5070;method=BYE?a=b>\r\n", "", 1), ";tag=fork", "", 1)
	for _, m := range read(bare) {
		if uri := m.Recipient.String(); uri != "sip:them@192.0.2.2" || wire.ToTag(m) != "" {
			t.Errorf("without Contact and tag the %s is for %q", m.Method, uri)
		}
	}
}
