package dialog

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// earlyCallee is a usage that has answered the caller's offer in a reliable 183, whose
// PRACK has come; earlyCaller is its other side.
func earlyCallee(t testing.TB) *raw {
	r := rawCallee(t, transport.UDP, "Supported: 100rel", "Allow: INVITE, UPDATE")
	r.do(func(u *Usage) { u.Provisional(r.now, 183, answer()) })
	r.prack(1, "200 PRACK")
	r.forget()
	return r
}

func earlyCaller(t testing.TB) *raw {
	r := rawCaller(t, nil)
	r.respond(sip.INVITE, 183, "them", append(reliable("them", 1), "Allow: INVITE, UPDATE"), rawOffer)
	r.respond(sip.PRACK, 200, "", nil, "")
	r.forget()
	return r
}

// An offer in an early UPDATE is answered before the 2xx whatever its owner does first,
// and the 2xx has no description then: it would be a second answer.
func TestEarlyUpdateInEveryOrder(t *testing.T) {
	offered := func(r *raw) { r.receive(r.requestText("UPDATE", "", at("them"), rawOffer)) }
	answer2xx := func(r *raw) { r.do(func(u *Usage) { u.Answer(r.now, answer()) }) }
	accept := func(r *raw) { r.do(func(u *Usage) { u.AcceptOffer(r.now, holdOk()) }) }
	refuse := func(r *raw) { r.do(func(u *Usage) { u.RefuseOffer(r.now, 488) }) }
	for _, tt := range []struct {
		name  string
		steps []func(*raw)
		want  []string
	}{
		{"accepted, answered", []func(*raw){offered, accept, answer2xx}, []string{"200 UPDATE", "200 INVITE"}},
		{"answered, accepted", []func(*raw){offered, answer2xx, accept}, []string{"200 UPDATE", "200 INVITE"}},
		{"refused, answered", []func(*raw){offered, refuse, answer2xx}, []string{"488 UPDATE", "200 INVITE"}},
		{"answered, refused", []func(*raw){offered, answer2xx, refuse}, []string{"488 UPDATE", "200 INVITE"}},
		{"answered, forgotten", []func(*raw){offered, answer2xx, func(r *raw) { r.wait(16 * time.Second) }}, []string{"100 UPDATE", "504 UPDATE", "200 INVITE"}},
		{"rejected", []func(*raw){offered, func(r *raw) { r.do(func(u *Usage) { u.Reject(r.now, 486) }) }, accept}, []string{"487 UPDATE", "486 INVITE"}},
		{"gone", []func(*raw){offered, func(r *raw) { r.send("BYE") }, accept}, []string{"200 BYE", "487 UPDATE", "487 INVITE"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := earlyCallee(t)
			for _, step := range tt.steps {
				step(r)
			}
			r.expect(tt.want...)
			for _, m := range r.sent {
				res := m.(*sip.Response)
				s, _ := description(res)
				if has := s != nil; has != (res.StatusCode == 200 && res.CSeq().MethodName == sip.UPDATE) {
					t.Errorf("%d to %s has the description %v", res.StatusCode, res.CSeq().MethodName, s)
				}
			}
			r.finish()
		})
	}
}

// RFC 3262 s5: "If the UAS receives a PRACK with an offer, it MUST place the answer in the
// 2xx to the PRACK." An UPDATE meanwhile waits, unless it offers nothing.
func TestOfferInPrackInEveryOrder(t *testing.T) {
	for _, answered := range []string{"before", "after", "never"} {
		r := rawCallee(t, transport.UDP, "Require: 100rel")
		r.do(func(u *Usage) { u.Provisional(r.now, 183, answer()) })
		r.forget()
		r.receive(r.requestText("PRACK", "", []string{"RAck: 1 1 INVITE"}, rawOffer))
		r.receive(r.requestText("UPDATE", "", at("them"), rawOffer))
		r.receive(r.requestText("UPDATE", "", at("them"), ""))
		r.expect("500 UPDATE", "200 UPDATE")
		r.forget()
		if answered == "before" {
			r.do(func(u *Usage) { u.Answer(r.now, answer()) })
			r.do(func(u *Usage) { u.Provisional(r.now, 180, nil) }) // too late for that
		}
		r.do(func(u *Usage) { u.AcceptOffer(r.now, holdOk()) })
		want := []string{"200 PRACK"}
		if answered == "after" {
			r.do(func(u *Usage) { u.Answer(r.now, answer()) })
		}
		if answered != "never" {
			want = append(want, "200 INVITE")
		}
		r.expect(want...)
		if s, _ := description(r.sent[0]); s == nil || s.String() != holdOk().String() || r.usage.chosen.Media.Offerer != sdp.Them {
			t.Errorf("%s: the PRACK is answered with %v", answered, s)
		}
		r.finish()
	}
}

// RFC 3311 s5.2: "A UAS that receives an UPDATE before it has generated a final response to
// a previous UPDATE on the same dialog MUST return a 500 response to the new UPDATE, and
// MUST include a Retry-After header field with a randomly chosen value between 0 and 10
// seconds", early and later, with an offer and without. While an offer of ours waits it is
// 491, for an offer only.
func TestUpdatesThatCross(t *testing.T) {
	for _, r := range []*raw{earlyCallee(t), earlyCaller(t), inCallRaw(t)} {
		r.forget()
		seen := map[string]bool{}
		r.receive(r.requestText("UPDATE", "", at("them"), rawOffer))
		for i := range 100 {
			r.forget()
			body := ""
			if i%2 == 0 {
				body = rawOffer
			}
			r.receive(r.requestText("UPDATE", "", at("moved"), body))
			r.expect("500 UPDATE")
			after := header(r.response(), "Retry-After")
			if n, err := strconv.Atoi(after); err != nil || n < 0 || n > 10 {
				t.Fatalf("Retry-After is %q", after)
			}
			seen[after] = true
		}
		if len(seen) < 8 {
			t.Errorf("100 values are %v", seen)
		}
		if r.usage.dialogOf("them").Target != "sip:them@192.0.2.2:5060" {
			t.Error("a refused UPDATE has moved the target")
		}
		r.do(func(u *Usage) { u.RefuseOffer(r.now, 488) })
		r.forget()
		r.receive(r.requestText("UPDATE", "", at("moved"), ""))
		r.expect("200 UPDATE")
	}
	for _, r := range []*raw{earlyCallee(t), earlyCaller(t)} {
		r.do(func(u *Usage) { u.Offer(r.now, hold()) })
		r.forget()
		r.receive(r.requestText("UPDATE", "", at("them"), rawOffer))
		r.receive(r.requestText("UPDATE", "", at("them"), ""))
		r.expect("491 UPDATE", "200 UPDATE")
		if header(r.response(), "Retry-After") != "" {
			t.Error("Retry-After")
		}
	}
}

// An early offer of ours goes by UPDATE once there is something to be changed, and the
// 2xx need not wait for its answer, nor say anything beside it.
func TestOwnOfferBeforeTheAnswer(t *testing.T) {
	r := rawCallee(t, transport.UDP, "Supported: 100rel", "Allow: INVITE, UPDATE")
	fails := func(why string) {
		t.Helper()
		r.forget()
		r.do(func(u *Usage) { u.Offer(r.now, hold()) })
		if r.expectReports(OfferFailed{}); r.reports[0].(OfferFailed).Status != 491 || len(r.sent) > 0 {
			t.Errorf("%s: %+v", why, r.reports)
		}
	}
	fails("nothing is answered")
	r.do(func(u *Usage) { u.Provisional(r.now, 183, answer()) })
	fails("the answer is not acknowledged")
	r.prack(1, "200 PRACK")
	r.forget()
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	r.expect("UPDATE")
	update := r.request(sip.UPDATE)
	fails("one is under way")
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	r.expect("200 INVITE")
	if len(r.response().Body()) != 0 {
		t.Error("the 2xx says something")
	}
	r.forget()
	r.respondTo(update, 200, "", at("them"), rawOffer)
	r.expectReports(OfferAnswered{})
	r.receive(strings.Replace(r.requestText("ACK", "", nil, ""), "CSeq: 2 ACK", "CSeq: 1 ACK", 1))
	r.expectReports(OfferAnswered{}, Acknowledged{})
	if m := r.usage.chosen.Media; m.State != sdp.Stable || m.Local.String() != hold().String() {
		t.Errorf("agreed: %+v", m)
	}

	r = rawCallee(t, transport.UDP, "Supported: 100rel") // who does not take UPDATE
	r.do(func(u *Usage) { u.Provisional(r.now, 183, answer()) })
	r.prack(1, "200 PRACK")
	fails("there is no way")
}

// The caller's early offer: the 2xx to the INVITE may overtake the answer to it. After a
// 491 it goes once more, by UPDATE or, if there is a 2xx meanwhile, by re-INVITE.
func TestCallersOfferBeforeTheAnswer(t *testing.T) {
	r := earlyCaller(t)
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	update := r.request(sip.UPDATE)
	r.forget()
	r.respond(sip.INVITE, 200, "them", at("them"), "")
	r.expectReports(Accepted{})
	r.respondTo(update, 200, "", at("them"), rawOffer)
	r.expectReports(Accepted{}, OfferAnswered{})
	r.expect("ACK")

	for _, confirmed := range []bool{false, true} {
		r := earlyCaller(t)
		r.do(func(u *Usage) { u.Offer(r.now, hold()) })
		r.respond(sip.UPDATE, 491, "", nil, "")
		method := sip.UPDATE
		if confirmed {
			r.respond(sip.INVITE, 200, "them", at("them"), "")
			method = sip.INVITE
		}
		r.forget()
		r.wait(2 * time.Second)
		r.expect()
		r.wait(2100 * time.Millisecond)
		if len(r.sent) == 0 || r.sent[0].(*sip.Request).Method != method || len(r.sent[0].Body()) == 0 {
			t.Errorf("confirmed %v: sent %v", confirmed, r.sent)
		}
		r.respond(method, 200, "", at("them"), rawOffer)
		r.expectReports(OfferAnswered{})
	}
}

// Between two usages, whatever is lost: a reliable answer, an offer by UPDATE from each
// side, one after the other, then the 2xx; both have agreed on the last one.
func TestEarlyOffersOfAPairUnderLoss(t *testing.T) {
	for seed := range uint64(60) {
		p := newPair(t)
		p.lost = loss(seed, 0.2)
		p.invite()
		p.run(10 * time.Second)
		if p.callee.usage == nil || p.caller.usage.State() > Early {
			continue
		}
		p.provisional(183, answer())
		p.run(10 * time.Second)
		for _, by := range []*side{p.caller, p.callee} {
			p.offer(by, hold())
			p.run(5 * time.Second)
			p.acceptOffer(p.other(by), holdOk())
			p.run(5 * time.Second)
		}
		p.answer(nil)
		for range 4 { // what met a 491 comes once more, as a re-INVITE
			p.run(20 * time.Second)
			p.acceptOffer(p.caller, holdOk())
			p.acceptOffer(p.callee, holdOk())
		}
		p.run(20 * time.Second)
		p.sameAgreement()
		p.finish()
	}
}

// A description in an unreliable response previews the answer to the INVITE's offer and
// is nothing else: not an offer where that made none, nor an answer to an UPDATE.
func TestWhatAnUnreliableResponseMaySay(t *testing.T) {
	says := func(r *raw, want bool) {
		t.Helper()
		r.forget()
		r.do(func(u *Usage) { u.Provisional(r.now, 183, answer()) })
		if s, _ := description(r.response()); (s != nil) != want {
			t.Errorf("it says %v", s)
		}
	}
	says(rawCallee(t, transport.UDP), true)
	r := newRaw(t, transport.UDP)
	r.begin(r.parse(r.requestText("INVITE", "", at("them"), "")).(*sip.Request))
	says(r, false)
	r = earlyCallee(t)
	says(r, false)
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	says(r, false)
	r = earlyCallee(t)
	r.receive(r.requestText("UPDATE", "", at("them"), rawOffer))
	says(r, false)
	if r.usage.chosen.Media.State != sdp.RemoteOffer || r.usage.chosen.Media.Preview != nil {
		t.Error("the UPDATE is answered by it")
	}
}
