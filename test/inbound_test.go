package test

import (
	"strings"
	"testing"

	"github.com/tandem-gateway/tandem/internal/phone"
)

var nobody = phone.Credentials{User: "+14255550123"}

// TestCarrierCallsPhones: both phones of a user ring; the one that answers has the
// call, and the other is told that it was answered elsewhere.
func TestCarrierCallsPhones(t *testing.T) {
	s := newStage(t, house)
	s.register(aliceHost, alice)
	s.register(alice2Host, alice)
	first := s.callee(aliceHost, "called", "ring", "wait", "answer", "hungup")
	second := s.callee(alice2Host, "called", "ring", "cancelled")
	carrier := s.caller(carrierHost, nobody, "+14255550101", "call", "ringing", "answered", "wait", "hangup")
	invite := first.saw("called")
	second.saw("called")
	carrier.saw("ringing") // twice, and SIPp takes the second, which is the same, for a repetition
	first.proceed()
	answer := carrier.saw("answered")
	first.saw("acknowledged")
	// RFC 3326 s3.1: "Reason: SIP ;cause=200 ;text="Call completed elsewhere"".
	if reason := second.saw("cancelled").Get("Reason"); !strings.Contains(strings.ReplaceAll(reason, " ", ""), "SIP;cause=200") {
		t.Errorf("the phone that did not answer is cancelled with Reason: %q", reason)
	}
	second.done()
	s.talk(carrierHost, answer, aliceHost, invite)
	carrier.proceed()
	first.saw("hungup")
	carrier.done()
	first.done()
	r := s.record(1)
	s.answered(r, "caller")
	if r.Caller.Trunk != "carrier" || r.AnsweredBy != "alice" {
		t.Errorf("record: %+v", r)
	}
}

// TestPhoneHangsUp: the called side ends an inbound call.
func TestPhoneHangsUp(t *testing.T) {
	s := newStage(t, house)
	s.register(aliceHost, alice)
	desk := s.callee(aliceHost, "called", "ring", "answer", "wait", "hangup")
	carrier := s.caller(carrierHost, nobody, "+14255550101", "call", "ringing", "answered", "hungup")
	invite := desk.saw("called")
	if from := phone.User(phone.URI(invite.Get("From"))); from != nobody.User {
		t.Errorf("alice is called by %q in:\n%s", from, invite)
	}
	carrier.saw("ringing")
	answer := carrier.saw("answered")
	desk.saw("acknowledged")
	s.talk(carrierHost, answer, aliceHost, invite)
	desk.proceed()
	carrier.saw("hungup")
	desk.done()
	carrier.done()
	s.answered(s.record(1), "callee")
}

// TestNoPhone: a user without a phone is not logged in (RFC 3261 s21.4.18).
func TestNoPhone(t *testing.T) {
	s := newStage(t, house)
	carrier := s.caller(carrierHost, nobody, "+14255550101", "call", "refused")
	s.status(carrier.saw("refused"), 480)
	carrier.done()
	if r := s.record(1); r.Status != 480 || r.Duration != 0 {
		t.Errorf("record: %+v", r)
	}
}

// TestUnregister: a phone that has said goodbye is not called any more.
func TestUnregister(t *testing.T) {
	s := newStage(t, house)
	s.register(aliceHost, alice)
	s.register(alice2Host, alice)
	s.unregister(alice2Host, alice)
	desk := s.callee(aliceHost, "called", "ring", "answer", "hungup")
	carrier := s.caller(carrierHost, nobody, "+14255550101", "call", "ringing", "answered", "wait", "hangup")
	desk.saw("called")
	carrier.saw("ringing")
	carrier.saw("answered")
	carrier.proceed()
	carrier.done()
	desk.done()
	if r := s.record(1); len(r.Attempts) != 1 {
		t.Errorf("attempts: %+v", r.Attempts)
	}
}
