package dialog

import (
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transport"
)

const bob, carol = `"Bob" <sip:bob@example.test>`, `<sip:carol@example.test>`

func asserting(who string) Header { return Header{"P-Asserted-Identity", who} }

// RFC 5876: who has the call now is said in an UPDATE or a re-INVITE, with an offer or
// without; what is no news, and what is refused, is not reported.
func TestOtherSideNamesItself(t *testing.T) {
	r := rawCallee(t, transport.UDP, "P-Asserted-Identity: "+bob)
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	r.send("ACK")
	r.forget()
	send := func(method, body string, headers ...string) {
		r.forget()
		r.receive(r.requestText(method, "", append(at("them"), headers...), body))
	}
	send("UPDATE", "", "P-Asserted-Identity: "+bob)
	send("UPDATE", "")
	r.expectReports()
	send("UPDATE", "", "P-Asserted-Identity: "+carol, "P-Asserted-Identity: <tel:+14255550123>", "Privacy: id")
	r.expect("200 UPDATE")
	r.expectReports(Identified{})
	if is := r.reports[0].(Identified); is != (Identified{carol + ", <tel:+14255550123>", "id"}) {
		t.Errorf("it is %+v", is)
	}
	send("UPDATE", rawOffer, "P-Asserted-Identity: "+bob)
	r.expectReports(Offered{})
	r.do(func(u *Usage) { u.AcceptOffer(r.now, answer()) })
	r.expectReports(Offered{}, Identified{})
	send("INVITE", rawOffer, "P-Asserted-Identity: "+carol)
	r.do(func(u *Usage) { u.RefuseOffer(r.now, 488) })
	r.expectReports(Offered{})
	send("INVITE", rawOffer, "P-Asserted-Identity: "+carol)
	r.do(func(u *Usage) { u.AcceptOffer(r.now, answer()) })
	r.expectReports(Offered{}, Identified{})
	r.expect("200 INVITE")
	send("UPDATE", "", "P-Asserted-Identity: "+bob, "Require: what")
	r.expectReports()
}

// A callee names itself in its 2xx: a refresh that repeats it is no news.
func TestCalleeNamesItself(t *testing.T) {
	r := rawCaller(t, nil)
	r.respond(sip.INVITE, 200, "them", append(at("them"), "P-Asserted-Identity: "+bob), rawOffer)
	r.forget()
	r.receive(r.requestText("UPDATE", "", append(at("them"), "P-Asserted-Identity: "+bob), ""))
	r.expectReports()
	r.receive(r.requestText("UPDATE", "", append(at("them"), "P-Asserted-Identity: "+carol), ""))
	r.expectReports(Identified{})
}

// We say it by UPDATE, to who takes that, else by a re-INVITE that offers what is agreed;
// once, and without a word to the owner.
func TestWeNameOurselves(t *testing.T) {
	for _, method := range []sip.RequestMethod{sip.UPDATE, sip.INVITE} {
		r := rawCaller(t, withPassword)
		r.respond(sip.INVITE, 200, "them", append(at("them"), "Allow: INVITE, ACK, BYE, "+string(method)), rawOffer)
		r.forget()
		r.do(func(u *Usage) { u.Identify(r.now, asserting(carol), Header{"Privacy", "none"}) })
		r.expect(string(method))
		req := r.request(method)
		if header(req, "P-Asserted-Identity") != carol || header(req, "Privacy") != "none" || (len(req.Body()) > 0) != (method == sip.INVITE) {
			t.Errorf("sent\n%s", r.bytes[0])
		}
		r.challenge(method, 407, "proxy")
		r.forget()
		r.respond(method, 491, "", nil, "")
		r.forget()
		r.wait(5 * time.Second)
		if method == sip.INVITE { // glare: it is said again
			if len(r.sent) == 0 || header(r.sent[0], "P-Asserted-Identity") != carol {
				t.Error("it says nothing any more")
			}
			r.respond(method, 200, "", at("them"), rawOffer)
		}
		r.expectReports()
		r.expectState(Confirmed)
		if !r.usage.quiet() {
			t.Errorf("something is under way: %+v", r.usage.reinvite)
		}
	}
}

// It waits for whatever is under way, and what is said last counts.
func TestNamesWait(t *testing.T) {
	waits := []struct {
		name  string
		begin func(r *raw)
		end   func(r *raw)
	}{
		{"for the answer", func(*raw) {}, func(*raw) {}},
		{"for our offer", func(r *raw) { r.do(func(u *Usage) { u.Offer(r.now, hold()) }) }, func(r *raw) { r.respond(sip.INVITE, 488, "", nil, "") }},
		{"for theirs", func(r *raw) { r.receive(r.requestText("UPDATE", "", at("them"), rawOffer)) }, func(r *raw) { r.do(func(u *Usage) { u.AcceptOffer(r.now, answer()) }) }},
		{"for theirs that is refused", func(r *raw) { r.receive(r.requestText("UPDATE", "", at("them"), rawOffer)) }, func(r *raw) { r.do(func(u *Usage) { u.RefuseOffer(r.now, 488) }) }},
		{"for the UPDATE before", func(r *raw) { r.do(func(u *Usage) { u.Identify(r.now, asserting(bob)) }) }, func(r *raw) { r.respond(sip.UPDATE, 200, "", nil, "") }},
		{"for its refusal", func(r *raw) { r.do(func(u *Usage) { u.Identify(r.now, asserting(bob)) }) }, func(r *raw) { r.respond(sip.UPDATE, 500, "", nil, "") }},
	}
	for i, tt := range waits {
		t.Run(tt.name, func(t *testing.T) {
			r := rawCaller(t, nil)
			accept := func() { r.respond(sip.INVITE, 200, "them", append(at("them"), "Allow: UPDATE"), rawOffer) }
			if i > 0 {
				accept()
			}
			tt.begin(r)
			r.forget()
			r.do(func(u *Usage) { u.Identify(r.now, asserting(bob)) })
			r.do(func(u *Usage) { u.Identify(r.now, asserting(carol)) })
			r.expect()
			if i == 0 {
				accept()
			}
			tt.end(r)
			if got := header(r.request(sip.UPDATE), "P-Asserted-Identity"); got != carol {
				t.Errorf("it says %q", got)
			}
			if r.respond(sip.UPDATE, 200, "", nil, ""); !r.usage.quiet() || r.usage.naming.headers != nil {
				t.Error("it is said again")
			}
		})
	}
}

// A 405 to the UPDATE: the other side has said otherwise, and gets a re-INVITE.
func TestUpdateThatIsNotTaken(t *testing.T) {
	r := rawCaller(t, nil)
	r.respond(sip.INVITE, 200, "them", append(at("them"), "Allow: UPDATE"), rawOffer)
	r.do(func(u *Usage) { u.Identify(r.now, asserting(carol)) })
	r.forget()
	r.respond(sip.UPDATE, 405, "", nil, "")
	r.expect("INVITE")
	if got := header(r.request(sip.INVITE), "P-Asserted-Identity"); got != carol {
		t.Errorf("it says %q", got)
	}
}

// With an offer it goes in the same message, whenever that goes.
func TestNamesGoWithAnOffer(t *testing.T) {
	r := rawCaller(t, nil)
	r.accept("them")
	r.do(func(u *Usage) { u.Offer(r.now, hold(), asserting(carol)) })
	if got := header(r.request(sip.INVITE), "P-Asserted-Identity"); got != carol {
		t.Errorf("the re-INVITE says %q", got)
	}
	r = answeredCallee(t)
	r.do(func(u *Usage) { u.Offer(r.now, hold(), asserting(carol)) }) // it waits for the ACK
	r.send("ACK")
	if got := header(r.request(sip.INVITE), "P-Asserted-Identity"); got != carol {
		t.Errorf("the queued re-INVITE says %q", got)
	}
	r = rawCaller(t, nil)
	r.respond(sip.INVITE, 183, "them", append(reliable("them", 1), "Allow: UPDATE"), rawOffer)
	r.do(func(u *Usage) { u.Offer(r.now, hold(), asserting(carol)) })
	if got := header(r.request(sip.UPDATE), "P-Asserted-Identity"); got != carol {
		t.Errorf("the UPDATE says %q", got)
	}
}

// The UPDATE that names us is a refresh too, and there is no other one beside it.
func TestNamingRefreshes(t *testing.T) {
	r := timed(t, "uac", "Allow: UPDATE")
	r.wait(899 * time.Second)
	r.do(func(u *Usage) { u.Identify(r.now, asserting(carol)) })
	if got := header(r.request(sip.UPDATE), "Session-Expires"); got != "1800;refresher=uac" {
		t.Errorf("it asks for %q", got)
	}
	r.forget()
	r.wait(1001 * time.Millisecond)
	r.expect("UPDATE") // repeated
	r.respond(sip.UPDATE, 200, "", []string{"Session-Expires: 1800;refresher=uac"}, "")
	r.forget()
	r.wait(890 * time.Second)
	r.expect()
	r.wait(20 * time.Second)
	if got := header(r.request(sip.UPDATE), "P-Asserted-Identity"); got != "" {
		t.Errorf("the refresh says %q", got)
	}
}

// Between two usages, each way and under loss.
func TestNamesBetweenAPair(t *testing.T) {
	eachSide(t, func(p *pair, by, other *side) {
		p.loses("UPDATE", 2)
		p.do(by, func(u *Usage) { u.Identify(p.now, asserting(carol)) })
		p.run(10 * time.Second)
		p.expectReports(other, Identified{})
		if is := other.reports[0].(Identified); is.Asserted != carol {
			p.fail("it is %+v", is)
		}
		p.expectReports(by)
		p.hangUp()
	})
}

// Nothing is said to who is not there, or of nobody.
func TestNamesForNobody(t *testing.T) {
	r := rawCaller(t, nil)
	r.accept("them")
	r.do(func(u *Usage) { u.Bye(r.now) })
	r.forget()
	r.do(func(u *Usage) { u.Identify(r.now, asserting(carol)) })
	r.expect()
	r = rawCaller(t, nil)
	r.accept("them")
	r.forget()
	r.do(func(u *Usage) { u.Identify(r.now) })
	r.expect()
}

// TestNamesOutliveTheOffer: where an offer with them is refused, or cannot be made, they are
// said by themselves.
func TestNamesOutliveTheOffer(t *testing.T) {
	said := func(r *raw) {
		t.Helper()
		if got := header(r.request(sip.UPDATE), "P-Asserted-Identity"); got != carol {
			t.Errorf("the UPDATE says %q", got)
		}
	}
	up := func() *raw {
		r := rawCaller(t, nil)
		r.respond(sip.INVITE, 200, "them", append(at("them"), "Allow: UPDATE"), rawOffer)
		return r
	}
	r := up()
	r.do(func(u *Usage) { u.Offer(r.now, hold(), asserting(carol)) })
	r.forget()
	r.respond(sip.INVITE, 488, "", nil, "")
	said(r)
	r = up()
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	r.do(func(u *Usage) { u.Offer(r.now, hold(), asserting(carol)) }) // 491: another one is out
	r.forget()
	r.respond(sip.INVITE, 200, "", at("them"), rawOffer)
	said(r)
}
