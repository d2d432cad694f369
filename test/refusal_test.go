package test

import (
	"strings"
	"testing"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// reason checks the Q.850 value of a message's Reason (RFC 3326).
func (s *stage) reason(m *phone.Message, q850 string) {
	s.Helper()
	reason := strings.ReplaceAll(strings.Join(m.All("Reason"), ","), " ", "")
	if !strings.Contains(reason, "Q.850;cause="+q850) {
		s.Errorf("Reason is %q, without Q.850 cause %s, in:\n%s", reason, q850, m)
	}
}

// TestBusy: the caller sees what the callee said, and no other trunk is tried.
func TestBusy(t *testing.T) {
	s := newStage(t, house)
	called := s.called(carrierHost, "called", "ring", "refuse")
	called.Keys["header"] = `Reason: Q.850;cause=17;text="User busy"`
	carrier := s.start(called)
	desk := s.caller(aliceHost, alice, "+14255550100", "call_digest", "ringing", "refused")
	carrier.saw("called")
	desk.saw("ringing")
	m := desk.saw("refused")
	s.status(m, 486)
	s.reason(m, "17")
	desk.done()
	carrier.done()
	r := s.record(1)
	if r.Disposition != "busy" || r.Status != 486 || r.Q850 != 17 || len(r.Attempts) != 1 || r.Duration != 0 || !r.Answered.IsZero() {
		t.Errorf("record: %+v", r)
	}
}

// TestNoAnswer: RFC 3398 s8.2.4.1 and Q.850's 19, "no answer from user".
func TestNoAnswer(t *testing.T) {
	s := newStage(t, strings.Replace(house, "ringing_timeout: 20s\n    attempt_timeout", "ringing_timeout: 1s\n    attempt_timeout", 1))
	carrier := s.callee(carrierHost, "called", "ring", "cancelled")
	desk := s.caller(aliceHost, alice, "+14255550100", "call_digest", "ringing", "refused")
	carrier.saw("called")
	desk.saw("ringing")
	s.reason(carrier.saw("cancelled"), "19")
	m := desk.saw("refused")
	s.status(m, 480)
	s.reason(m, "19")
	carrier.done()
	desk.done()
	if r := s.record(1); r.Disposition != "no_answer" || r.Q850 != 19 || len(r.Attempts) != 1 {
		t.Errorf("record: %+v", r)
	}
}

// TestCallerGivesUp while the carrier rings.
func TestCallerGivesUp(t *testing.T) {
	s := newStage(t, house)
	carrier := s.callee(carrierHost, "called", "ring", "cancelled")
	desk := s.caller(aliceHost, alice, "+14255550100", "call_digest", "ringing", "wait", "cancel")
	carrier.saw("called")
	desk.saw("ringing")
	desk.proceed()
	carrier.saw("cancelled")
	s.status(desk.saw("cancelled"), 487)
	carrier.done()
	desk.done()
	if r := s.record(1); r.Disposition != "cancelled" || r.EndedBy != "caller" || r.Status != 487 || r.Duration != 0 {
		t.Errorf("record: %+v", r)
	}
}

// TestNumbersThatAreNone are refused with a status that says what to do about it,
// and a header that says it in words.
func TestNumbersThatAreNone(t *testing.T) {
	s := newStage(t, house)
	tests := []struct {
		number string
		status int
	}{
		{"42555501", 484},
		{"no-such-user", 404},
		{"+1425555010099", 404},
		{"+4915112345678", 404}, // no route leads there
	}
	for i, test := range tests {
		desk := s.caller(aliceHost, alice, test.number, "call_digest", "refused")
		m := desk.saw("refused")
		if m.Status != test.status {
			t.Errorf("%s: got %q, wanted %d", test.number, m.Name(), test.status)
		}
		if !m.Has("Warning") && !m.Has("Reason") {
			t.Errorf("%s: the refusal does not say why:\n%s", test.number, m)
		}
		desk.done()
		if r := s.record(i + 1); r.Status != test.status || r.Dialled != test.number {
			t.Errorf("%s: record: %+v", test.number, r)
		}
	}
}

// TestPortsUsedUp: a call that gets no ports is refused with 503, and the one that
// has them goes on.
func TestPortsUsedUp(t *testing.T) {
	s := newStage(t, house+"rtp: {ports: 20000-20003}\n")
	carrier := s.callee(carrierHost, "called", "ring", "answer", "hungup")
	desk := s.caller(aliceHost, alice, "+14255550100", "call_digest", "ringing", "answered", "wait", "hangup")
	invite := carrier.saw("called")
	desk.saw("ringing")
	answer := desk.saw("answered")
	second := s.caller(bobHost, bob, "+14255550100", "call_digest", "refused")
	s.status(second.saw("refused"), 503)
	second.done()
	s.talk(aliceHost, answer, carrierHost, invite)
	desk.proceed()
	desk.done()
	carrier.done()
	s.answered(s.record(2), "caller")
	if err := s.gateway.Printed("level=WARN", 0); err != nil && s.gateway.Count("level=ERROR") == 0 {
		t.Error("that the ports are used up is not logged")
	}
}
