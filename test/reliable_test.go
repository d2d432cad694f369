package test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// lists tells whether a header that is a list has a word.
func lists(m *phone.Message, header, word string) bool {
	for _, v := range strings.Split(strings.Join(m.All(header), ","), ",") {
		if strings.TrimSpace(v) == word {
			return true
		}
	}
	return false
}

// What INVITEs say of it.
const (
	demandsNot = "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS"
	demands    = demandsNot + ", PRACK\r\nRequire: 100rel"
)

// TestReliableProvisionals: RFC 3262, each side of the gateway has its own. One that
// demands it gets it, whatever the other side knows.
func TestReliableProvisionals(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name          string
		allow         string
		ring, ringing string
	}{
		{"the caller demands it", demands, "ring", "ringing_reliable"},
		{"the callee demands it", demandsNot, "ring_reliable", "ringing"},
		{"both demand it", demands, "ring_reliable", "ringing_reliable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			bothWays(t, house, func(s *stage, w way) {
				callee := s.start(w.called(s, "called", test.ring, "wait", "answer", "hungup"))
				calling := w.calling(s, "call", test.ringing, "answered", "wait", "hangup")
				calling.Keys["allow"] = test.allow
				caller := s.start(calling)
				invite := callee.saw("called")
				s.alerted(callee, invite, test.ring == "ring_reliable")
				s.told(caller, "ringing", test.ringing == "ringing_reliable")
				callee.proceed()
				answer := caller.saw("answered")
				callee.saw("acknowledged")
				s.talk(w.caller, answer, w.callee, invite)
				caller.proceed()
				s.answered(s.finished(caller, callee), "caller")
			})
		})
	}
}

// TestReliableEarlyMedia: what comes by a reliable 183 is the answer (RFC 3262 s5), and
// is heard before the call is answered. One side has it reliably, or both.
func TestReliableEarlyMedia(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name          string
		allow         string
		ring, ringing string
	}{
		{"towards the caller", demands, "ring_early", "early_reliable"},
		{"from the callee", demandsNot, "ring_early_reliable", "early"},
		{"on both sides", demands, "ring_early_reliable", "early_reliable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			bothWays(t, house, func(s *stage, w way) {
				callee := s.start(w.called(s, "called", test.ring, "wait", "answer", "hungup"))
				calling := w.calling(s, "call", test.ringing, "answered", "wait", "hangup")
				calling.Keys["allow"] = test.allow
				caller := s.start(calling)
				invite := callee.saw("called")
				s.alerted(callee, invite, test.ring == "ring_early_reliable")
				progress := s.told(caller, "early", test.ringing == "early_reliable")
				ear, mouth := s.voice(w.caller, low), s.voice(w.callee, high)
				mouth.speaks(invite)
				ear.speaks(progress)
				ear.hears(high)
				callee.proceed()
				caller.saw("answered")
				callee.saw("acknowledged")
				mouth.hears(low)
				caller.proceed()
				s.answered(s.finished(caller, callee), "caller")
			})
		})
	}
}

// alerted looks at the callee's side of the ringing.
func (s *stage) alerted(callee *party, invite *phone.Message, reliably bool) {
	s.Helper()
	if lists(invite, "Require", "100rel") {
		s.Errorf("what the caller demands is demanded of the callee:\n%s", invite)
	}
	if !reliably {
		return
	}
	if !lists(invite, "Supported", "100rel") {
		s.Errorf("the callee may not ring reliably:\n%s", invite)
	}
	number, _ := invite.CSeq()
	// RFC 3262 s7.2: the RSeq, then the CSeq number and the method of the request.
	if prack := callee.saw("pracked"); strings.Join(strings.Fields(prack.Get("RAck")), " ") != fmt.Sprintf("4711 %d INVITE", number) {
		s.Errorf("the PRACK is for another response:\n%s", prack)
	}
}

// told looks at the caller's side, and gives what it is told.
func (s *stage) told(caller *party, what string, reliably bool) *phone.Message {
	s.Helper()
	m := caller.saw(what)
	if lists(m, "Require", "100rel") != reliably || m.Has("RSeq") != reliably {
		s.Errorf("that it is reliable is not %t:\n%s", reliably, m)
	}
	if reliably {
		s.status(caller.saw("pracked"), 200)
	}
	return m
}

// TestReliableIsKnown: RFC 3261 s11.2, what we can do is in the answer to OPTIONS.
func TestReliableIsKnown(t *testing.T) {
	s := newStage(t, house)
	ping := s.caller(carrierHost, nobody, "", "options")
	m := ping.saw("answered")
	for _, option := range []string{"100rel", "timer"} {
		if !lists(m, "Supported", option) {
			t.Errorf("Supported lacks %s in:\n%s", option, m)
		}
	}
	for _, method := range []string{"PRACK", "UPDATE"} {
		if !lists(m, "Allow", method) {
			t.Errorf("Allow lacks %s in:\n%s", method, m)
		}
	}
	ping.done()
}
