package test

import (
	"strings"
	"testing"

	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/test/peers"
)

// softTrio are three baresips: two that talk, and one that one of the two transfers the
// other to.
type softTrio struct {
	*stage
	by, of, to *softphone
	moves      string // how by's phone names the target
}

// softTrios are those stories: alice's phone transfers, having called or been called, and
// the carrier does.
var softTrios = []struct {
	name                  string
	caller, callee, third byte
	callerMoves           bool
	dialled, target       string
}{
	{"the phone has called", aliceHost, carrierHost, backupHost, true, "+14255550100", seattle},
	{"the phone was called", carrierHost, aliceHost, backupHost, false, "+14255550101", seattle},
	{"the carrier has called", carrierHost, aliceHost, bobHost, true, "+14255550101", bobs},
}

// softAs is who a softphone is that stands somewhere.
func softAs(host byte, number string) peers.Baresip {
	switch host {
	case aliceHost:
		return peers.Baresip{Who: alice, Answers: true}
	case bobHost:
		return peers.Baresip{Who: bob}
	case backupHost:
		return peers.Baresip{Who: phone.Credentials{User: number}}
	}
	return peers.Baresip{Who: phone.Credentials{User: number}, Answers: true}
}

// softTalk brings up a story up to where its two talk.
func softTalk(t *testing.T, n int) *softTrio {
	t.Helper()
	c := softTrios[n]
	s := newStage(t, moving)
	numbers := map[byte]string{carrierHost: "+14255550100", backupHost: seattle}
	caller := s.softphone(softAs(c.caller, numbers[c.caller]), c.caller, transferorPitch)
	callee := s.softphone(softAs(c.callee, numbers[c.callee]), c.callee, transfereePitch)
	x := &softTrio{stage: s, by: caller, of: callee, moves: "sip:" + c.target + "@" + s.SIP(gatewayHost).String()}
	x.to = s.softphone(softAs(c.third, numbers[c.third]), c.third, targetPitch)
	if !c.callerMoves {
		x.by, x.of = callee, caller
	}
	callee.registeredIf(c.callee)
	caller.registeredIf(c.caller)
	x.to.registeredIf(c.third)
	caller.do("dial", "sip:"+c.dialled+"@"+s.SIP(gatewayHost).String())
	caller.await("CALL_ESTABLISHED")
	callee.await("CALL_ESTABLISHED")
	caller.both(callee)
	return x
}

// registeredIf waits for the registration of one that is a phone.
func (p *softphone) registeredIf(host byte) {
	p.stage.Helper()
	if isPhone(host) {
		p.registered(softAs(host, "").Who)
	}
}

// TestSoftphoneTransfers: a real phone transfers its call. The other side hears its tone,
// then the house, and then the tone of the one that it was transferred to, which hears it.
func TestSoftphoneTransfers(t *testing.T) {
	t.Parallel()
	for n, c := range softTrios {
		t.Run(c.name, func(t *testing.T) {
			x := softTalk(t, n)
			x.by.do("transfer", x.moves)
			x.to.await("CALL_INCOMING")
			x.of.music(x.by.pitch, x.to.pitch)
			x.to.do("accept", "")
			x.to.await("CALL_ESTABLISHED")
			x.by.await("CALL_CLOSED")
			x.of.both(x.to)
			x.of.do("hangup", "")
			x.to.await("CALL_CLOSED")
			x.of.await("CALL_CLOSED")
			if main, moved := x.aside(2); main.Cause != "transferred" || moved.Disposition != "answered" {
				t.Errorf("records: %+v %+v", main, moved)
			}
			quit(x.by, x.of, x.to)
		})
	}
}

// TestSoftphoneTransferFails: the target of a real phone's transfer does not want to talk.
// The phone is told why, and hangs up, as baresip 1.0 does then; nobody is left alone.
func TestSoftphoneTransferFails(t *testing.T) {
	x := softTalk(t, 0)
	x.by.do("transfer", x.moves)
	x.to.await("CALL_INCOMING")
	x.of.music(x.by.pitch, x.to.pitch)
	x.to.do("hangup", "")
	if e := x.by.await("TRANSFER_FAILED"); !strings.Contains(e.Param, "486") && e.Param != "Rejected" {
		t.Errorf("the phone is told %+v", e)
	}
	x.of.await("CALL_CLOSED")
	if main, moved := x.aside(2); main.Disposition != "answered" || moved.Disposition == "answered" || moved.Status < 400 {
		t.Errorf("records: %+v %+v", main, moved)
	}
	quit(x.by, x.of, x.to)
}
