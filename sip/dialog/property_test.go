package dialog

import (
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// Whatever two owners command, in whatever order, over whatever network: both usages end,
// each is released once and last, reports keep their order, every 2xx is acknowledged
// or its dialog ended, no timer is left, and nothing is ever sent that is not a valid
// message with its numbers in order. The clerk and expectOver look at all that.
func TestAnyCallEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPair(t)
		for range rapid.IntRange(0, 12).Draw(t, "commands") {
			p.anyCommand(t)
			p.run(evenly(t, "then wait", pauses))
		}
		p.finish()
	})
}

var pauses = []time.Duration{
	0, time.Millisecond, 9 * time.Millisecond, 10 * time.Millisecond, 11 * time.Millisecond, 20 * time.Millisecond, 21 * time.Millisecond,
	100 * time.Millisecond, 500 * time.Millisecond, time.Second, 4 * time.Second, 10 * time.Second, 31 * time.Second, 33 * time.Second, 70 * time.Second,
}

// anyPair is a pair on some network, whose INVITE has been sent.
func anyPair(t *rapid.T) *pair {
	protocol := rapid.SampledFrom([]transport.Protocol{transport.UDP, transport.UDP, transport.UDP, transport.TCP}).Draw(t, "protocol")
	p := newPairOver(t, protocol)
	if protocol == transport.UDP {
		seed := rapid.Uint64().Draw(t, "network")
		p.lost = loss(seed, rapid.SampledFrom([]float64{0, 0, 0.05, 0.2, 0.5, 1}).Draw(t, "loss"))
		if most := rapid.SampledFrom([]int{0, 0, 15, 300, 2000}).Draw(t, "late by at most ms"); most > 0 {
			r := rand.New(rand.NewPCG(seed, 2))
			p.late = func() (time.Duration, bool) {
				return time.Duration(r.IntN(most)) * time.Millisecond, r.IntN(5) == 0
			}
		}
	}
	if rapid.Bool().Draw(t, "100rel is required") {
		p.headers = []Header{{"Require", "100rel"}}
	}
	intervals := rapid.SampledFrom([]time.Duration{0, 90 * time.Second, 1800 * time.Second})
	p.timer, p.caller.usage.config.SessionExpires = intervals.Draw(t, "callee's timer"), intervals.Draw(t, "caller's timer")
	var first *sdp.Description
	if rapid.IntRange(0, 4).Draw(t, "offer") > 0 {
		first = offer()
	}
	p.inviteWith(first)
	p.run(rapid.SampledFrom(pauses).Draw(t, "after the INVITE"))
	return p
}

// evenly draws one of a list, each as likely as the others: rapid prefers the first.
func evenly[E any](t *rapid.T, label string, list []E) E {
	return list[rapid.Custom(func(t *rapid.T) (v int) {
		for range 8 {
			v *= 2
			if rapid.Bool().Draw(t, "bit") {
				v++
			}
		}
		return v % len(list)
	}).Draw(t, label)]
}

// anyCommand gives one of the sides a command, fit for its state or not.
func (p *pair) anyCommand(t *rapid.T) {
	s := p.caller
	if p.callee.usage != nil && rapid.Bool().Draw(t, "callee") {
		s = p.callee
	}
	body := []*sdp.Description{answer(), hold(), holdOk()}[rapid.IntRange(0, 2).Draw(t, "description")]
	command := evenly(t, "command", []string{
		"provisional", "early media", "answer", "answer", "answer", "reject", "offer", "offer", "offer",
		"accept", "accept", "refuse", "cancel", "bye", "broken", "identify",
		"refer", "accept refer", "refuse refer", "notify 180", "notify 200",
	})
	p.note("%s is told: %s", s.name, command)
	if act := referCommands[command]; act != nil && s.usage != nil {
		p.do(s, func(u *Usage) { act(u, p.now) })
		return
	}
	switch command {
	case "provisional", "early media", "answer", "reject":
		p.calleeCommand(command, body)
	case "offer":
		p.offer(s, body)
	case "accept":
		p.acceptOffer(s, body)
	case "refuse":
		p.refuseOffer(s, 488)
	case "cancel":
		p.cancel(Header{"Reason", "SIP;cause=200"})
	case "bye":
		p.bye(s)
	case "identify":
		p.do(s, func(u *Usage) { u.Identify(p.now, asserting(bob)) })
	case "broken":
		p.do(s, func(u *Usage) { u.TransportFailed(p.now) })
	}
}

func (p *pair) calleeCommand(command string, body *sdp.Description) {
	switch {
	case p.callee.usage == nil:
	case command == "provisional":
		p.provisional(180, nil)
	case command == "early media":
		p.provisional(183, body)
	case command == "answer":
		p.answer(body)
	case command == "reject":
		p.reject(486)
	}
}

// finish hangs up whatever is still up, as its owner would, until nothing is.
func (p *pair) finish() {
	for range 20 {
		p.cancel()
		p.bye(p.caller)
		if p.callee.usage != nil {
			p.reject(480)
			p.bye(p.callee)
		}
		p.run(100 * time.Second)
		over := p.caller.usage.State() == Ended && len(p.wire) == 0
		if over && (p.callee.usage == nil || p.callee.usage.State() == Ended) {
			break
		}
	}
	p.expectOver()
	reported := len(p.caller.reports) + len(p.callee.reports)
	p.run(100 * time.Second)
	if len(p.caller.reports)+len(p.callee.reports) != reported {
		p.fail("something was reported after the end")
	}
}

// The same with a plan: the call is meant to be answered and to last, on networks that lose
// some; what is agreed is then the same on both sides.
func TestCallsUnderLoss(t *testing.T) {
	for seed := range uint64(200) {
		p := newPair(t)
		p.lost = loss(seed, 0.2)
		p.invite()
		p.run(20 * time.Second)
		if p.callee.usage == nil {
			p.finish()
			continue
		}
		p.provisional(180, nil)
		p.run(time.Second)
		p.answer(answer())
		p.run(20 * time.Second)
		p.offer(p.callee, hold())
		p.run(20 * time.Second)
		p.acceptOffer(p.caller, holdOk())
		p.run(40 * time.Second)
		p.sameAgreement()
		p.finish()
	}
}

// sameAgreement wants both sides of a call that is up to have agreed on the same.
func (p *pair) sameAgreement() {
	a, b := p.caller.usage, p.callee.usage
	if a.State() != Confirmed || b.State() != Confirmed {
		return
	}
	ours, theirs := a.chosen.Media, b.chosen.Media
	if ours.State != sdp.Stable || theirs.State != sdp.Stable || ours.Local.String() != theirs.Remote.String() || ours.Remote.String() != theirs.Local.String() {
		p.fail("they have agreed on different things:\n%+v\n%+v", ours, theirs)
	}
}
