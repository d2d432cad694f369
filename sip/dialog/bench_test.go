package dialog

import (
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// exchangeAll carries what two usages send to each other until both are silent:
// the network of a benchmark, which takes no time and loses nothing.
func exchangeAll(tb testing.TB, now time.Time, caller, callee *Usage) {
	flow := transport.Flow{Protocol: transport.UDP, Local: callerAt, Remote: calleeAt}
	for quiet := false; !quiet; {
		quiet = true
		for _, hop := range [...]struct{ from, to *Usage }{{caller, callee}, {callee, caller}} {
			for _, a := range hop.from.Take() {
				if a.Report != nil {
					continue
				}
				quiet = false
				msg, fault := wire.Parse(a.Send)
				if fault != nil {
					tb.Fatal(fault)
				}
				hop.to.Receive(now, msg, flow)
			}
		}
	}
}

// connect brings a call about: INVITE, 100, 180, 200, ACK.
func connect(tb testing.TB, now time.Time, ours, theirs *sdp.Description) (caller, callee *Usage) {
	flow := transport.Flow{Protocol: transport.UDP, Local: calleeAt, Remote: callerAt}
	caller = NewUAC(config("caller", callerAt))
	caller.Invite(now, Invitation{
		RequestURI: "sip:callee@192.0.2.2:5060", From: "<sip:caller@192.0.2.1>", To: "<sip:callee@192.0.2.2>",
		CallID: "bench", MaxForwards: 70, Offer: ours,
	})
	msg, fault := wire.Parse(caller.Take()[0].Send)
	if fault != nil {
		tb.Fatal(fault)
	}
	req := msg.(*sip.Request)
	offer, _, _ := ReadInvite(req)
	callee = NewUAS(now, config("callee", calleeAt), req, offer, flow)
	callee.Provisional(now, 180, nil)
	exchangeAll(tb, now, caller, callee)
	callee.Answer(now, theirs)
	exchangeAll(tb, now, caller, callee)
	return caller, callee
}

// callOnce is one call: that, BYE, 200.
func callOnce(tb testing.TB, now time.Time) (caller, callee *Usage) {
	caller, callee = connect(tb, now, benchOffer, benchAnswer)
	caller.Bye(now)
	exchangeAll(tb, now, caller, callee)
	return caller, callee
}

var benchOffer, benchAnswer = offer(), answer()

// BenchmarkCall is the signalling of a whole call on both its sides, the reading
// of its seven messages included.
func BenchmarkCall(b *testing.B) {
	now := time.Unix(0, 0).UTC()
	b.ReportAllocs()
	for b.Loop() {
		caller, callee := callOnce(b, now)
		if caller.State() != Ended || callee.State() != Ended {
			b.Fatal(caller.State(), callee.State())
		}
	}
}
