package dialog

import (
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"pgregory.net/rapid"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// RFC 3261 s14.1 and s14.2, RFC 5407 s3.3.1: glare is 491 on both sides, and both offer
// again: first the one that does not own the Call-ID. The other one's gives way to it.
func TestReinviteGlare(t *testing.T) {
	overEach(t, func(t *testing.T, protocol transport.Protocol) {
		p := answeredOver(t, protocol)
		p.caller.reports, p.callee.reports = nil, nil
		p.offer(p.caller, hold())
		p.offer(p.callee, hold())
		p.run(100 * time.Millisecond)
		p.expectReports(p.caller)
		p.expectReports(p.callee)
		p.run(2 * time.Second)
		p.expectReports(p.caller, OfferFailed{}, Offered{})
		if f := p.caller.reports[0].(OfferFailed); f.Status != 491 {
			p.fail("glare came as %d, want 491", f.Status)
		}
		p.acceptOffer(p.caller, holdOk())
		p.run(time.Second)
		p.expectReports(p.callee, OfferAnswered{})
		p.sameAgreement()
		p.hangUp()
	})
}

// "T has a randomly chosen value between 2.1 and 4 seconds in units of 10 ms", or "of
// between 0 and 2 seconds".
func TestBackOffIsInItsRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := &Usage{config: Config{Seed: rapid.Uint64().Draw(t, "seed")}, state: Confirmed}
		low, high := time.Duration(0), 2*time.Second
		if rapid.Bool().Draw(t, "owner") {
			u.owner, low, high = ownsCallID, 2100*time.Millisecond, 4*time.Second
		}
		now := time.Unix(0, 0)
		for range 3 {
			u.reinvite.client = &client{}
			if !u.backOff(now, u.reinvite) {
				t.Fatal("it gives up")
			}
			wait := u.reinvite.retryAt.Sub(now)
			if wait < low || wait > high || wait%(10*time.Millisecond) != 0 {
				t.Fatalf("it waits %v", wait)
			}
		}
		u.reinvite.client = &client{}
		if u.backOff(now, u.reinvite) {
			t.Fatal("it goes on for ever")
		}
	})
}

// After maxTries the owner is told, and only then.
func TestGlareThatDoesNotEnd(t *testing.T) {
	r := rawCaller(t, nil)
	r.accept("them")
	before := r.usage.chosen.Media
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	for range maxTries {
		r.forget()
		r.respond(sip.INVITE, 491, "", nil, "")
		r.wait(2090 * time.Millisecond)
		r.expect("ACK")
		if len(r.reports) == 0 {
			r.wait(2 * time.Second)
			if len(r.sent) < 2 || r.sent[1].(*sip.Request).Method != sip.INVITE {
				t.Fatalf("it does not offer again, but sends %v", r.sent)
			}
		}
	}
	r.expectReports(OfferFailed{})
	if r.usage.chosen.Media != before {
		t.Error("the session has changed")
	}
}

// A call that ends while an offer waits forgets it.
func TestHangupWhileBackingOff(t *testing.T) {
	eachSide(t, func(p *pair, by, other *side) {
		p.offer(p.caller, hold())
		p.offer(p.callee, hold())
		p.run(25 * time.Millisecond)
		p.bye(by)
		p.run(time.Minute)
		p.expectOver()
	})
}

// Glare between an UPDATE and a re-INVITE: RFC 3311 s5.2 has 491 too.
func TestUpdateMeetsReinvite(t *testing.T) {
	r := rawCaller(t, nil)
	r.accept("them")
	r.do(func(u *Usage) { u.Offer(r.now, hold()) })
	r.forget()
	r.receive(r.requestText("UPDATE", "", at("them"), rawOffer))
	r.expect("491 UPDATE")
	if r.usage.chosen.Media.State != sdp.LocalOffer {
		t.Error("our offer does not wait any more")
	}
}
