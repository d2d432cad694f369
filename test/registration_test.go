package test

import (
	"strings"
	"testing"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// TestTrunkRegisters: we register with a carrier that wants to know whose account it
// is, are called where we said, and take that back at the end.
func TestTrunkRegisters(t *testing.T) {
	s := emptyStage(t)
	challenge := phone.Challenge{Realm: "carrier.test", Nonce: "4711", Algorithm: "MD5", QOP: "auth"}
	called := s.called(carrierHost, "registrar")
	called.Keys["realm"], called.Keys["nonce"], called.Keys["algorithm"] = challenge.Realm, challenge.Nonce, challenge.Algorithm
	registrar := s.start(called)
	s.open(strings.Replace(house, "address: sip:CARRIER\n    sources: [CARRIERHOST/32]",
		withPassword+"\n    register: true\n    registrar: carrier.test", 1))
	first, second := registrar.saw("register"), registrar.saw("proven")
	registrar.done()
	if err := challenge.Verify(trunk, "REGISTER", second.Get("Authorization")); err != nil {
		t.Errorf("%v in:\n%s", err, second)
	}
	if first.URI != "sip:carrier.test" || phone.URI(first.Get("To")) != "sip:tandem@carrier.test" {
		t.Errorf("registered is:\n%s", first)
	}
	s.calledWhereRegistered(phone.URI(second.Get("Contact")))

	end := s.callee(carrierHost, "deregistered")
	if err := s.gateway.Stop(s.drain); err != nil {
		t.Error(err)
	}
	m := end.saw("deregistered")
	end.done()
	if m.Get("Expires") != "0" && !strings.Contains(m.Get("Contact"), "expires=0") {
		t.Errorf("the registration is not taken back by:\n%s", m)
	}
	if a, b := first.Get("Call-ID"), m.Get("Call-ID"); a != b {
		t.Errorf("a registration begins with Call-ID %s and ends with %s", a, b) // RFC 3261 s10.2
	}
}

// calledWhereRegistered has the carrier call the Contact that it was given. The number
// is in the To.
func (s *stage) calledWhereRegistered(contact string) {
	s.Helper()
	if at, ok := phone.Address(contact); !ok || at != s.SIP(gatewayHost) {
		s.Errorf("the Contact is %s, not at the gateway's %s", contact, s.SIP(gatewayHost))
	}
	s.register(aliceHost, alice)
	desk := s.callee(aliceHost, "called", "ring", "answer", "hungup")
	carrier := s.caller(carrierHost, nobody, "+14255550101", "call", "ringing", "answered", "wait", "hangup")
	answer, invite := up(carrier, desk)
	s.talk(carrierHost, answer, aliceHost, invite)
	carrier.proceed()
	r := s.finished(carrier, desk)
	s.answered(r, "caller")
	if r.Caller.Trunk != "carrier" || r.AnsweredBy != "alice" {
		s.Errorf("record: %+v", r)
	}
}
