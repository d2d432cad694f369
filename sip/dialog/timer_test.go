package dialog

import (
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transport"
)

func withTimer(c *Config) { c.SessionExpires, c.MinSE = 1800*time.Second, 90*time.Second }

// timed is a call of ours whose 2xx has set the timer to 1800 s.
func timed(t testing.TB, by string, headers ...string) *raw {
	r := rawCaller(t, withTimer)
	r.respond(sip.INVITE, 200, "them", append(append(at("them"), "Session-Expires: 1800;refresher="+by), headers...), rawOffer)
	r.forget()
	return r
}

// RFC 4028 s9, table 2, and s4's bounds.
func TestTimerOfACaller(t *testing.T) {
	for _, tt := range []struct {
		name    string
		headers []string
		want    string // Session-Expires of the 2xx
		require string
		state   refresher
	}{
		{"asks", []string{"Supported: timer", "Session-Expires: 600"}, "600;refresher=uac", "timer", theyRefresh},
		{"in short", []string{"k: timer", "x: 600;Refresher=UAC"}, "600;refresher=uac", "timer", theyRefresh},
		{"wants us to", []string{"Supported: timer", "Session-Expires: 600;refresher=uas"}, "600;refresher=uas", "", weRefresh},
		{"asks for more than we do", []string{"Supported: timer", "Session-Expires: 7200"}, "1800;refresher=uac", "timer", theyRefresh},
		{"and not for less", []string{"Supported: timer", "Session-Expires: 7200", "Min-SE: 3600"}, "3600;refresher=uac", "timer", theyRefresh},
		{"knows it", []string{"Supported: timer"}, "1800;refresher=uas", "", weRefresh},
		{"does not know it", nil, "1800;refresher=uas", "", weRefresh},
		{"its proxy asks", []string{"Session-Expires: 600"}, "600;refresher=uas", "", weRefresh},
		{"nonsense", []string{"Supported: timer", "Session-Expires: soon"}, "1800;refresher=uas", "", weRefresh},
	} {
		r := rawCallee(t, transport.UDP, tt.headers...)
		withTimer(&r.usage.config)
		r.do(func(u *Usage) { u.Answer(r.now, answer()) })
		res := r.response()
		if got := header(res, "Session-Expires"); got != tt.want || header(res, "Require") != tt.require || r.usage.timer.refresher != tt.state {
			t.Errorf("a caller that %s gets %q, Require %q", tt.name, got, header(res, "Require"))
		}
	}
}

// A gateway that asks for no timers serves who does.
func TestTimersOff(t *testing.T) {
	r := rawCallee(t, transport.UDP, "Supported: timer")
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	if header(r.response(), "Session-Expires") != "" {
		t.Error("a timer that nobody wants")
	}
	r = rawCallee(t, transport.UDP, "Supported: timer", "Session-Expires: 90")
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	if got := header(r.response(), "Session-Expires"); got != "90;refresher=uac" {
		t.Errorf("got %q", got)
	}
	if header(rawCaller(t, nil).request(sip.INVITE), "Session-Expires") != "" {
		t.Error("we ask for a timer")
	}
}

func TestTooBrief(t *testing.T) {
	r := newRaw(t, transport.UDP)
	for _, tt := range []struct {
		headers []string
		brief   bool
	}{
		{[]string{"Supported: timer", "Session-Expires: 89"}, true},
		{[]string{"Supported: timer", "Session-Expires: 90"}, false},
		{[]string{"Session-Expires: 60"}, false}, // it could do nothing with a 422
		{nil, false},
	} {
		req := r.parse(r.requestText("INVITE", "", append(at("a"), tt.headers...), "")).(*sip.Request)
		if h, brief := TooBrief(req, 90*time.Second); brief != tt.brief || h != (Header{"Min-SE", "90"}) {
			t.Errorf("%v: %v %v", tt.headers, brief, h)
		}
	}
	c := timed(t, "uac")
	c.receive(c.requestText("UPDATE", "", append(at("them"), "Supported: timer", "Session-Expires: 60"), ""))
	c.receive(c.requestText("INVITE", "", append(at("them"), "Supported: timer", "Session-Expires: 60"), rawOffer))
	c.expect("422 UPDATE", "422 INVITE")
}

// RFC 4028 s7.3, each request that can meet it.
func TestIntervalTooSmall(t *testing.T) {
	r := rawCaller(t, withTimer)
	r.forget()
	r.respond(sip.INVITE, 422, "a", []string{"Min-SE: 3600"}, "")
	r.expect("ACK", "INVITE")
	req := r.request(sip.INVITE)
	if header(req, "Session-Expires") != "3600" || header(req, "Min-SE") != "3600" || req.CSeq().SeqNo != 2 || len(req.Body()) == 0 {
		t.Errorf("the second try is\n%s", r.bytes[1])
	}
	r.respond(sip.INVITE, 422, "a", []string{"Min-SE: 3600"}, "") // it has got that
	r.expectReports(Failed{}, Released{})

	r = timed(t, "uac", "Allow: UPDATE")
	r.wait(900 * time.Second)
	r.respond(sip.UPDATE, 422, "", []string{"Min-SE: 4000"}, "")
	r.expect("UPDATE", "UPDATE")
	if got := header(r.request(sip.UPDATE), "Session-Expires"); got != "4000;refresher=uac" {
		t.Errorf("got %q", got)
	}
}

// RFC 4028 s10: half of the interval; UPDATE where it is allowed, else re-INVITE with the
// same description. The owner hears nothing.
func TestRefresh(t *testing.T) {
	for method, allow := range map[sip.RequestMethod]string{sip.UPDATE: "Allow: INVITE, UPDATE", sip.INVITE: "Allow: INVITE"} {
		r := timed(t, "uac", allow)
		for range 3 {
			r.forget()
			r.wait(899 * time.Second)
			r.expect()
			r.wait(time.Second)
			req := r.request(method)
			r.expect(string(method))
			if header(req, "Session-Expires") != "1800;refresher=uac" {
				t.Errorf("it says %q", header(req, "Session-Expires"))
			}
			body := ""
			if method == sip.INVITE {
				body = rawOffer
				if string(req.Body()) != r.usage.chosen.Media.Local.String() {
					t.Errorf("the refresh changes the description to\n%s", req.Body())
				}
			} else if len(req.Body()) != 0 {
				t.Error("the UPDATE has a body")
			}
			r.respond(method, 200, "", append(at("them"), "Session-Expires: 1800;refresher=uac"), body)
			r.expectReports()
		}
		r.respond(method, 200, "", at("them"), "") // a repetition
		r.expectState(Confirmed)
	}
}

// A peer that lists UPDATE and does not take it gets a re-INVITE.
func TestRefreshByAnotherMethod(t *testing.T) {
	r := timed(t, "uac", "Allow: UPDATE")
	r.wait(900 * time.Second)
	r.respond(sip.UPDATE, 405, "", []string{"Allow: INVITE"}, "")
	r.expect("UPDATE", "INVITE")
}

// A refresh that fails is tried again before it is too late; the end has its cause.
func TestExpiry(t *testing.T) {
	for _, by := range []string{"uac", "uas"} {
		t.Run(by, func(t *testing.T) {
			r := timed(t, by, "Allow: UPDATE")
			for left := true; left; _, left = r.usage.Deadline() {
				if at, ok := r.usage.Deadline(); !ok || r.usage.State() != Confirmed {
					t.Fatal("no timer runs")
				} else if r.wait(at.Sub(r.now)); r.usage.State() != Confirmed {
					break
				}
				if last, ok := r.all[len(r.all)-1].(*sip.Request); ok && last.Method == sip.UPDATE {
					r.respond(sip.UPDATE, 500, "", nil, "")
				}
			}
			if after := r.now.Sub(time.Unix(0, 0)); after != 1768*time.Second {
				t.Errorf("the end is after %v, want 32 s before 1800 s", after)
			}
			r.expectReports(Left{})
			if l := r.reports[0].(Left); l.Status != 408 || l.Text != "session expired" {
				t.Errorf("the end is %+v", l)
			}
			if bye := r.request(sip.BYE); header(bye, "Reason") != `SIP;cause=408;text="Session Expired"` {
				t.Errorf("the BYE says %q", header(bye, "Reason"))
			}
		})
	}
}

// Each refresh of the other side begins the interval anew, by either method.
func TestTheyRefresh(t *testing.T) {
	r := timed(t, "uas")
	for i := range 4 {
		r.wait(1700 * time.Second)
		r.forget()
		method, body := "UPDATE", ""
		if i%2 == 1 {
			method, body = "INVITE", rawOffer
		}
		r.receive(r.requestText(method, "", append(at("them"), "Supported: timer", "Session-Expires: 1800;refresher=uac"), body))
		if body != "" {
			r.do(func(u *Usage) { u.AcceptOffer(r.now, answer()) })
			ack := r.requestText("ACK", "", nil, "")
			r.receive(ack)
		}
		if got := header(r.response(), "Session-Expires"); got != "1800;refresher=uac" {
			t.Errorf("%s got %q", method, got)
		}
	}
	r.expectState(Confirmed)
}

// Two gateways refresh each other through any loss: the call stands for a day.
func TestTimersUnderLoss(t *testing.T) {
	for seed := range uint64(10) {
		p := newPair(t)
		withTimer(&p.caller.usage.config)
		p.lost = loss(seed, 0.2)
		p.invite()
		p.run(20 * time.Second)
		p.provisional(183, answer())
		p.run(20 * time.Second)
		p.answer(answer())
		p.run(24 * time.Hour)
		p.expectState(Confirmed, Confirmed)
		if n := p.sent(p.caller, "UPDATE") + p.sent(p.callee, "UPDATE"); n < 90 {
			p.fail("%d refreshes", n)
		}
		p.lost = nil
		p.hangUp()
	}
}

// A refresh meets glare as any re-INVITE does; an offer of the owner takes its place.
func TestRefreshMeetsGlare(t *testing.T) {
	r := timed(t, "uac")
	r.wait(900 * time.Second)
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	r.expect("INVITE")
	r.forget()
	r.respond(sip.INVITE, 491, "", nil, "")
	r.wait(4100 * time.Millisecond)
	if s, _ := description(r.request(sip.INVITE)); s.Audio().Port != hold().Audio().Port {
		t.Error("the owner's offer is lost")
	}
	r.forget()
	r.respond(sip.INVITE, 200, "", at("them"), rawOffer)
	r.expectReports(OfferAnswered{})
}

// Nor is one lost that comes while a refresh is answered.
func TestOfferDuringARefresh(t *testing.T) {
	for _, status := range []int{200, 500} {
		r := timed(t, "uac")
		r.wait(900 * time.Second)
		r.do(func(u *Usage) { u.Offer(r.now, hold()) })
		r.forget()
		r.respond(sip.INVITE, status, "", append(at("them"), "Session-Expires: 1800;refresher=uac"), rawOffer)
		r.expect("ACK", "INVITE")
		r.expectReports()
	}
}

// Who answers a refresh with something new is followed.
func TestRefreshBringsNews(t *testing.T) {
	r := timed(t, "uac")
	r.wait(900 * time.Second)
	r.respond(sip.INVITE, 200, "", at("them"), strings.Replace(rawOffer, "20000", "20002", 1))
	r.expectReports(Changed{})
}

// A seed that says nothing wrong: the same values each time.
func TestRandomIsTheSeeds(t *testing.T) {
	a, b := Usage{config: Config{Seed: 7}}, Usage{config: Config{Seed: 7}}
	for range 10 {
		if a.random(201) != b.random(201) {
			t.Fatal("chance has come from elsewhere")
		}
	}
}
