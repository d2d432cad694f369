package bridge

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
)

// TestRingbackWhereNothingComes: a 180 and then silence.
func TestRingbackWhereNothingComes(t *testing.T) {
	tell(t, `
	given ringback auto GB
	show tell hear connect check call
	alice calls with G722 PCMU te
		call received from alice to (425) 555-0100
		call routed us to +14255550100 as +14255550101
		call incoming->connecting
	found 1: carrier
	2 rings 180
		call connecting->ringing
		tell 1 Ring 180
	wait 900ms
	2 rings 180
		tell 1 Ring 180
	wait 100ms
		check media
	heard nothing
		connect 1 to 192.0.2.1:4002 G722 PCMU te
		tell 1 Progress 183 v1 G722 PCMU te
		hear 1<-65537
	wait 30s
	2 rings 180
		tell 1 Ring 180
	2 answers PCMU te
		connect 2 to 192.0.2.2:4004 PCMU te
		connect 1 to 192.0.2.1:4002 PCMU te
		tell 1 Answer v2 PCMU te
		call ringing->connected
		hear 1<2 2<1
	`)
}

// TestRingbackInASessionThatIsSilent is the carrier that announces early media and sends
// none: the caller's phone is silent, since it has a session.
func TestRingbackInASessionThatIsSilent(t *testing.T) {
	tell(t, `
	given ringback auto GB
	show tell hear check
	alice calls with PCMU te
	found 1: carrier
	2 rings 183 PCMU te
		tell 1 Progress 183 v1 PCMU te
		hear 1<2 2<1
	wait 5s
	2 rings 180
		tell 1 Ring 180
	wait 1s
		check media
	heard 2s of 2
		hear 1<-65537 2<1
	# It wakes up: what the callee sends is better than a tone.
	wait 200ms
		check media
	heard 10ms of 2
		hear 1<2 2<1
	wait 20s
	2 refuses 486
		tell 1 Refuse 486/17 callee
	`)
}

// TestRingbackIsNotNeeded: the carrier sends its own.
func TestRingbackIsNotNeeded(t *testing.T) {
	tell(t, `
	given ringback auto GB
	show tell hear check
	alice calls with PCMU
	found 1: carrier
	2 rings 180 PCMU
		tell 1 Progress 180 v1 PCMU
		hear 1<2 2<1
	wait 1s
		check media
	heard 20ms of 2
	wait 30s
	2 answers PCMU
		tell 1 Answer v1 PCMU
		hear 1<2 2<1
	`)
}

// TestRingbackLocal: the caller hears the tone whatever the callee sends.
func TestRingbackLocal(t *testing.T) {
	tell(t, `
	given ringback local DE
	show tell hear check party
	alice calls with PCMA PCMU
	found 1: carrier
		party 2 idle->connecting
	2 rings 183 PCMU
		party 2 connecting->ringing
		tell 1 Ring 183
		tell 1 Progress 183 v1 PCMA PCMU
		hear 1<-65537
	2 rings 180
		tell 1 Ring 180
	wait 30s
	2 answers PCMU
		party 2 ringing->connected
		tell 1 Answer v2 PCMU
		party 1 connecting->connected
		hear 1<2 2<1
	`)
}

// TestRingbackThatNobodyCanHear: a caller without an offer, and one whose codecs no tone
// can be sent in. Their phones ring by themselves.
func TestRingbackThatNobodyCanHear(t *testing.T) {
	for _, offer := range []string{"nothing", "G729"} {
		tell(t, `
given ringback auto US
show tell hear check
alice calls with `+offer+`
found 1: carrier
2 rings 180
	tell 1 Ring 180
wait 1s
	check media
heard nothing
wait 30s
2 refuses 486
	tell 1 Refuse 486/17 callee
		`)
	}
}

// TestRingbackOfAnAttemptThatFails: the 180 of a trunk that then fails is not waited for,
// and a tone that plays goes on while the next one is tried.
func TestRingbackOfAnAttemptThatFails(t *testing.T) {
	tell(t, `
	given trunk carrier, trunk backup
	given ringback auto US
	show tell hear check locate
	alice calls with PCMU
		locate 1 trunk carrier
	found 1: carrier
	2 rings 180
		tell 1 Ring 180
	wait 500ms
	2 refuses 503
		locate 2 trunk backup
		hear nothing
	found 2: backup
	wait 3s
	3 rings 180
		tell 1 Ring 180
	wait 1s
		check media
	heard nothing
		tell 1 Progress 183 v1 PCMU
		hear 1<-65537
	3 refuses 486
		tell 1 Refuse 486/17 callee
	`)
}

// TestEarlyMediaOfSeveral: the caller hears the one that sends, and the newest where
// several do.
func TestEarlyMediaOfSeveral(t *testing.T) {
	tell(t, `
	given user bob
	given ringback pass US
	show hear check
	alice calls with PCMU
	found 1: desk mobile
	2 rings 183 PCMU
		hear 1<2 2<1
	3 rings 183 PCMU
		hear 1<3 3<1
	wait 200ms
		check media
	# The newer one is silent.
	heard 20ms of 2
		hear 1<2 2<1
	wait 200ms
		check media
	heard 20ms of 2 3
		hear 1<3 3<1
	3 refuses 486
		hear 1<2 2<1
	wait 200ms
		check media
	heard 5s of 2
	2 answers PCMU
		hear 1<2 2<1
	`)
}

// TestRingbackIsHeard plays it: packets with sound reach a caller whose callee only
// rings, and none after the answer but the callee's.
func TestRingbackIsHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 20099, Limits{})
		s.onDial = func(l *stageLeg) {
			l.says(time.Second, Trying{}, Ringing{Status: 180})
			l.says(6*time.Second, Answered{SDP: describe(2, []string{"PCMU", "te"})})
		}
		d := plan("trunk carrier")
		d.Ringback, d.Country = dialplan.RingbackAuto, "US"
		s.arrive(d)
		pass(3 * time.Second)
		ringing := 0
		s.look(func(c *Call) { ringing = len(c.players) })
		pass(5 * time.Second)
		left := -1
		s.look(func(c *Call) { left = len(c.players) })
		if ringing != 1 || left != 0 {
			t.Errorf("%d players while it rings and %d after the answer, want 1 and 0", ringing, left)
		}
		s.report(1, HungUp{Cause: event.Cause{Status: 200, Q850: 16}}, Released{})
		pass(time.Second)
		s.over()
		s.expect("the caller", s.legs[1].told, "Ring 180", "Progress 183 v1 PCMU te", "Answer v1 PCMU te")
	})
}

// TestPassedRingbackInATransfer: the transferee hears our tone until something comes of the
// target, and that from then on.
func TestPassedRingbackInATransfer(t *testing.T) {
	const asked = `
	given ringback pass US
	show hear
	alice calls with PCMU te
	found 1: carrier
	2 answers PCMU te
		hear 1<2 2<1
	1 refers alice sip:carol
	directed trunk carrier
	consent yes
		hear 2<-2
	found 2: backup
	`
	tell(t, asked+`
	3 rings 180
		hear 2<-65538
	3 rings 183 PCMU te
		hear 2<3 3<2
	3 rings 180
	`)
	tell(t, asked+`
	3 rings 183 PCMU te
		hear 2<3 3<2
	3 rings 180
	`)
}
