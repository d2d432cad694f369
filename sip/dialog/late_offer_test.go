package dialog

import (
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// RFC 3261 s13.2.1, both ways and whatever is lost: the INVITE offers nothing, the 2xx
// offers, the ACK answers. An ACK of ours to such a 2xx has nothing to say: who places
// calls here always offers.
func TestLateOfferUnderLoss(t *testing.T) {
	for _, lost := range []string{"", "SIP/2.0 200", "INVITE"} {
		t.Run(lost, func(t *testing.T) {
			r := newRaw(t, transport.UDP)
			r.begin(r.parse(r.requestText("INVITE", "", at("them"), "")).(*sip.Request))
			r.do(func(u *Usage) { u.Answer(r.now, offer()) })
			if lost != "" {
				r.wait(5 * time.Second) // it is repeated
			}
			ack := r.requestText("ACK", "", nil, rawOffer)
			r.forget()
			r.receive(ack)
			r.receive(ack)
			r.expectReports(Acknowledged{}, OfferAnswered{})
			if r.usage.chosen.Media.Offerer != sdp.Us || r.usage.accept.server != nil {
				t.Error("the answer is not taken")
			}
		})
	}
}

// What is no answer is as good as none, and the next offer is not hindered by it.
func TestLateOfferWithoutUsableAnswer(t *testing.T) {
	for body, status := range map[string]int{"": 488, "v=1\r\n": 488, "v=0\r\nnonsense": 488} {
		r := inCallRaw(t)
		before := r.usage.chosen.Media
		r.forget()
		r.receive(r.requestText("INVITE", "", at("them"), ""))
		r.expectReports(Offered{})
		if r.reports[0].(Offered).SDP != nil {
			t.Error("an offer out of nothing")
		}
		r.do(func(u *Usage) { u.AcceptOffer(r.now, before.Local) })
		r.receive(r.requestText("ACK", "", nil, body))
		r.expectReports(Offered{}, OfferFailed{})
		if f := r.reports[1].(OfferFailed); f.Status != status {
			t.Errorf("%q: status %d", body, f.Status)
		}
		if r.usage.chosen.Media != before {
			t.Errorf("%q has changed the session", body)
		}
	}
}

// Nobody here sends an INVITE without an offer, and a 2xx that offers is acknowledged all
// the same.
func TestOfferInAnAnswerToNothing(t *testing.T) {
	r := newRaw(t, transport.UDP)
	r.usage = NewUAC(config("us", callerAt))
	r.do(func(u *Usage) {
		u.Invite(r.now, Invitation{RequestURI: "sip:them@192.0.2.2:5060", From: "<sip:us@192.0.2.1>", To: "<sip:them@192.0.2.2>", CallID: "raw", MaxForwards: 70})
	})
	r.accept("them")
	r.expect("INVITE", "ACK")
	r.expectReports(Accepted{})
	if a := r.reports[0].(Accepted); a.SDP != nil || r.usage.chosen.Media.State != sdp.Stable {
		t.Errorf("it is taken for %+v", a)
	}
}
