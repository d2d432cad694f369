package test

import (
	"strings"
	"testing"
	"time"

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

// hasty does not wait long for a trunk that may still answer an INVITE.
var hasty = strings.NewReplacer("drain: 20s", "drain: 0s", "attempt_timeout: 4s", "attempt_timeout: 1s").Replace(house)

// TestTrunkDown: nobody listens at the first trunk's address.
func TestTrunkDown(t *testing.T) { newStage(t, hasty).over() }

// TestTrunkSilent: the first trunk takes the INVITE and says nothing, which it may for
// the attempt_timeout of a second.
func TestTrunkSilent(t *testing.T) {
	s := newStage(t, hasty)
	mute := s.raw(carrierHost)
	s.over()
	r := s.record(1)
	if took := r.Ringing.Sub(r.Received); took < time.Second || took > 3*time.Second {
		t.Errorf("the second trunk rings after %v", took)
	}
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

// TestTrunkOfTheBusy: a callee that is busy is so by any trunk.
func TestTrunkOfTheBusy(t *testing.T) {
	s := newStage(t, house)
	backup := s.raw(backupHost)
	carrier := s.callee(carrierHost, "called", "refuse")
	desk := s.caller(aliceHost, alice, "+14255550100", "call_digest", "refused")
	carrier.saw("called")
	s.status(desk.saw("refused"), 486)
	if r := s.finished(desk, carrier); len(r.Attempts) != 1 || r.Attempts[0].Status != 486 {
		t.Errorf("attempts: %+v", r.Attempts)
	}
	if got := backup.packets(); len(got) > 0 {
		t.Errorf("the second trunk got %q", got)
	}
}

// TestRedirect: a trunk says that the callee has moved to another number of its own.
func TestRedirect(t *testing.T) {
	s := newStage(t, strings.Replace(house, "sources: [CARRIERHOST/32]", "sources: [CARRIERHOST/32]\n    follow_redirects: true", 1))
	called := s.called(carrierHost, "moved", "ring", "answer", "hungup")
	called.Calls = 2 // the one that has moved, and the one that it has moved to
	carrier := s.start(called)
	desk := s.caller(aliceHost, alice, "+14255550100", "call_digest", "ringing", "answered", "wait", "hangup")
	first, second := carrier.saw("called"), carrier.saw("called")
	for m, number := range map[*phone.Message]string{first: "+14255550100", second: "+14255550199"} {
		if user := phone.User(m.URI); user != number {
			t.Errorf("the trunk is called for %q, not %s", user, number)
		}
	}
	desk.saw("ringing")
	answer := desk.saw("answered")
	carrier.saw("acknowledged")
	s.talk(aliceHost, answer, carrierHost, second)
	desk.proceed()
	r := s.finished(desk, carrier)
	s.answered(r, "caller")
	if r.Dialled != "+14255550100" || len(r.Attempts) != 2 || r.Attempts[0].Status != 302 || r.Attempts[1].Status != 200 {
		t.Errorf("record: %+v", r)
	}
}

// TestRedirectIsNotFollowed where nobody has said that it may be: the number that the
// trunk gives is at our cost.
func TestRedirectIsNotFollowed(t *testing.T) {
	s := newStage(t, house)
	carrier := s.callee(carrierHost, "moved")
	desk := s.caller(aliceHost, alice, "+14255550100", "call_digest", "refused")
	carrier.saw("called")
	m := desk.saw("refused")
	s.status(m, 480)
	if m.Has("Contact") {
		t.Errorf("the caller is told where the trunk wants us to call:\n%s", m)
	}
	if r := s.finished(desk, carrier); r.Status != 480 || len(r.Attempts) != 1 || r.Attempts[0].Status != 302 {
		t.Errorf("record: %+v", r)
	}
}

const withPassword = "address: sip:CARRIER\n    username: tandem\n    password: a-long-trunk-password"

var trunk = phone.Credentials{User: "tandem", Password: "a-long-trunk-password"}

// TestTrunkChallenges: the carrier wants to know who calls, by MD5 or SHA-256
// (RFC 8760).
func TestTrunkChallenges(t *testing.T) {
	t.Parallel()
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
