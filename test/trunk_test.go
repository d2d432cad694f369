package test

import (
	"strings"
	"testing"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// over plays a call that the first trunk does not carry and the second does.
func (s *stage) over() {
	s.Helper()
	backup := s.callee(backupHost, "called", "ring", "answer", "hungup")
	desk := s.caller(aliceHost, alice, "+14255550100", "call_digest", "ringing", "answered", "wait", "hangup")
	invite := backup.saw("called")
	desk.saw("ringing")
	answer := desk.saw("answered")
	s.talk(aliceHost, answer, backupHost, invite)
	desk.proceed()
	desk.done()
	backup.done()
	r := s.record(1)
	s.answered(r, "caller")
	if r.Trunk != "backup" || len(r.Attempts) != 2 || r.Attempts[0].Trunk != "carrier" || r.Attempts[1].Status != 200 {
		s.Errorf("attempts: %+v", r.Attempts)
	}
}

// hasty does not wait for a trunk that may still answer an INVITE.
var hasty = strings.Replace(house, "drain: 20s", "drain: 0s", 1)

// TestTrunkDown: nobody listens at the first trunk's address.
func TestTrunkDown(t *testing.T) { newStage(t, hasty).over() }

// TestTrunkSilent: the first trunk takes the INVITE and says nothing.
func TestTrunkSilent(t *testing.T) {
	s := newStage(t, hasty)
	mute := s.raw(carrierHost)
	s.over()
	if got := mute.packets(); len(got) == 0 || !strings.HasPrefix(got[0], "INVITE ") {
		t.Errorf("the silent trunk got %q", got)
	}
}

// TestTrunkUnavailable: the first trunk answers 503.
func TestTrunkUnavailable(t *testing.T) {
	s := newStage(t, house)
	called := s.called(carrierHost, "called", "refuse")
	called.Keys["status"], called.Keys["phrase"] = "503", "Service Unavailable"
	carrier := s.start(called)
	s.over()
	carrier.done()
	if a := s.record(1).Attempts; a[0].Status != 503 {
		t.Errorf("attempts: %+v", a)
	}
}

const withPassword = "address: sip:CARRIER\n    username: tandem\n    password: a-long-trunk-password"

var trunk = phone.Credentials{User: "tandem", Password: "a-long-trunk-password"}

// TestTrunkChallenges: the carrier wants to know who calls, by MD5 or SHA-256
// (RFC 8760).
func TestTrunkChallenges(t *testing.T) {
	for _, algorithm := range []string{"MD5", "SHA-256"} {
		t.Run(algorithm, func(t *testing.T) {
			s := newStage(t, strings.Replace(house, "address: sip:CARRIER", withPassword, 1))
			challenge := phone.Challenge{Realm: "carrier.test", Nonce: "4711", Algorithm: algorithm, QOP: "auth"}
			called := s.called(carrierHost, "called", "challenge", "ring", "answer", "hungup")
			called.Keys["realm"], called.Keys["nonce"], called.Keys["algorithm"] = challenge.Realm, challenge.Nonce, algorithm
			carrier := s.start(called)
			desk := s.caller(aliceHost, alice, "+14255550100", "call_digest", "ringing", "answered", "wait", "hangup")
			first := carrier.saw("called")
			second := carrier.saw("proven")
			if err := challenge.Verify(trunk, "INVITE", second.Get("Proxy-Authorization")); err != nil {
				t.Errorf("%v in:\n%s", err, second)
			}
			// RFC 3261 s22.1: the same Call-ID and tag, the next CSeq.
			a, _ := first.CSeq()
			b, _ := second.CSeq()
			if b != a+1 || first.Get("Call-ID") != second.Get("Call-ID") || first.Tag("From") != second.Tag("From") {
				t.Errorf("the second INVITE is none of the first's dialog:\n%s", second)
			}
			desk.saw("ringing")
			desk.saw("answered")
			desk.proceed()
			desk.done()
			carrier.done()
			if r := s.record(1); r.Disposition != "answered" || len(r.Attempts) != 1 {
				t.Errorf("record: %+v", r)
			}
		})
	}
}

// TestTrunkIsChallenged: calls of a trunk that has a password are challenged.
func TestTrunkIsChallenged(t *testing.T) {
	s := newStage(t, strings.Replace(house, "address: sip:CARRIER", withPassword, 1))
	s.register(aliceHost, alice)
	desk := s.callee(aliceHost, "called", "ring", "answer", "hungup")
	carrier := s.caller(carrierHost, trunk, "+14255550101", "call_digest", "ringing", "answered", "wait", "hangup")
	desk.saw("called")
	carrier.saw("ringing")
	carrier.saw("answered")
	carrier.proceed()
	carrier.done()
	desk.done()
	liar := s.caller(carrierHost, phone.Credentials{User: "tandem", Password: "guessed"}, "+14255550101", "call_digest", "refused")
	if m := liar.saw("refused"); m.Status != 401 && m.Status != 403 {
		t.Errorf("a wrong password gets %q", m.Name())
	}
	liar.done()
}

// TestTrunkAsks: RFC 3261 s11.2, we are asked whether we are there.
func TestTrunkAsks(t *testing.T) {
	s := newStage(t, house)
	ping := s.caller(carrierHost, nobody, "", "options")
	m := ping.saw("answered")
	s.status(m, 200)
	for _, method := range []string{"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS"} {
		if !strings.Contains(strings.Join(m.All("Allow"), ","), method) {
			t.Errorf("Allow lacks %s in:\n%s", method, m)
		}
	}
	ping.done()
}
