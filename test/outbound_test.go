package test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/test/peers"
)

// talk lets the two sides of a call hear each other: each got the description of
// the other in a message.
func (s *stage) talk(nearHost byte, near *phone.Message, farHost byte, far *phone.Message) (a, b *voice) {
	s.Helper()
	a, b = s.voice(nearHost, low), s.voice(farHost, high)
	a.speaks(near)
	b.speaks(far)
	a.hears(high)
	b.hears(low)
	for _, v := range []*voice{a, b} {
		// A relay leaves SSRC and sequence as they are (RFC 3550 s7.1).
		if r := v.report(); r.Sources != 1 || r.Lost != 0 {
			s.Errorf("%s hears %+v", v.audio.Local, r)
		}
	}
	return a, b
}

// answered checks the record of a call that was answered, with audio both ways.
func (s *stage) answered(r peers.Record, by string) {
	s.Helper()
	if r.Disposition != "answered" || r.EndedBy != by || r.Status != 200 || r.Answered.Before(r.Received) || r.Ended.Before(r.Answered) {
		s.Errorf("record of a call that %s ended: %+v", by, r)
	}
	talked := 0
	for _, m := range r.Media {
		switch {
		case m.Packets > 0 && m.Relayed > 0 && m.Lost == 0:
			talked++
		case m.Packets > 0 || m.Relayed > 0 || m.Lost > 0:
			s.Errorf("audio of participant %d: %+v", m.Participant, m)
		}
	}
	if talked != 2 {
		s.Errorf("%d parties had audio both ways, not 2: %+v", talked, r)
	}
}

func TestPhoneCallsNumber(t *testing.T) {
	s := newStage(t, house)
	s.register(aliceHost, alice)
	carrier := s.callee(carrierHost, "called", "ring", "wait", "answer", "hungup")
	desk := s.caller(aliceHost, alice, "(425)555-0100", "call_digest", "ringing", "answered", "wait", "hangup")

	invite := carrier.saw("called")
	if user := phone.User(invite.URI); user != "+14255550100" {
		t.Errorf("the carrier is asked for %q, not +14255550100", user)
	}
	if from := phone.User(phone.URI(invite.Get("P-Asserted-Identity"))); from != "+14255550101" {
		t.Errorf("the carrier is shown %q, not alice's +14255550101, in:\n%s", from, invite)
	}
	desk.saw("ringing")
	carrier.proceed()
	answer := desk.saw("answered")
	carrier.saw("acknowledged")
	s.talk(aliceHost, answer, carrierHost, invite)
	desk.proceed()
	carrier.saw("hungup")
	desk.saw("ended")
	desk.done()
	carrier.done()

	r := s.record(1)
	s.answered(r, "caller")
	if r.Caller.User != "alice" || r.Callee != "+14255550100" || r.CallerID != "+14255550101" || r.Trunk != "carrier" || r.Ringing.IsZero() {
		t.Errorf("record: %+v", r)
	}
}

func TestCarrierHangsUp(t *testing.T) {
	s := newStage(t, house)
	s.register(aliceHost, alice)
	carrier := s.callee(carrierHost, "called", "ring", "answer", "wait", "hangup")
	desk := s.caller(aliceHost, alice, "+14255550100", "call_digest", "ringing", "answered", "hungup")
	invite := carrier.saw("called")
	desk.saw("ringing")
	answer := desk.saw("answered")
	carrier.saw("acknowledged")
	s.talk(aliceHost, answer, carrierHost, invite)
	carrier.proceed()
	desk.saw("hungup")
	carrier.saw("ended")
	desk.done()
	carrier.done()
	s.answered(s.record(1), "callee")
}

// TestUserCallsUser: an internal call goes from phone to phone.
func TestUserCallsUser(t *testing.T) {
	s := newStage(t, house)
	s.register(aliceHost, alice)
	s.register(bobHost, bob)
	callee := s.callee(bobHost, "called", "ring", "answer", "hungup")
	caller := s.caller(aliceHost, alice, "4255550102", "call_digest", "ringing", "answered", "wait", "hangup")
	invite := callee.saw("called")
	caller.saw("ringing")
	answer := caller.saw("answered")
	s.talk(aliceHost, answer, bobHost, invite)
	caller.proceed()
	caller.done()
	callee.done()
	if r := s.record(1); r.AnsweredBy != "bob" || r.Disposition != "answered" {
		t.Errorf("record: %+v", r)
	}
}

// TestTCPPhone: a phone on TCP and a carrier on UDP.
func TestTCPPhone(t *testing.T) {
	s := newStage(t, house)
	carrier := s.callee(carrierHost, "called", "ring", "answer", "hungup")
	desk := s.calling(aliceHost, alice, "+14255550100", "call_digest", "ringing", "answered", "wait", "hangup")
	desk.TCP = true
	caller := s.start(desk)
	invite := carrier.saw("called")
	if via := invite.Get("Via"); !strings.HasPrefix(via, "SIP/2.0/UDP ") {
		t.Errorf("the carrier is called with Via: %s", via)
	}
	caller.saw("ringing")
	answer := caller.saw("answered")
	if contact := answer.Get("Contact"); !strings.Contains(contact, "transport=tcp") {
		t.Errorf("the answer over TCP has Contact: %s", contact)
	}
	s.talk(aliceHost, answer, carrierHost, invite)
	caller.proceed()
	caller.done()
	carrier.done()
	s.answered(s.record(1), "caller")
}

// manyCodecs are so many payload types with their lines that an INVITE is large.
func manyCodecs() (formats, lines string) {
	formats, lines = "0 8 101", "a=ptime:20"
	for n := 102; n < 127; n++ {
		formats += fmt.Sprintf(" %d", n)
		lines += fmt.Sprintf("\r\na=rtpmap:%d X-CODEC-%d/8000\r\na=fmtp:%d mode=one-that-nobody-has", n, n, n)
	}
	return formats, lines
}

// TestLargeInvite: RFC 3261 s18.1.1, a request over 1300 bytes goes by TCP, and by
// UDP after all where the peer has no TCP.
func TestLargeInvite(t *testing.T) {
	t.Parallel()
	for name, tcp := range map[string]bool{"to a carrier with TCP": true, "to a carrier without": false} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, house)
			called := s.called(carrierHost, "called", "ring", "answer", "hungup")
			called.TCP = tcp
			callee := s.start(called)
			calling := s.calling(aliceHost, alice, "+14255550100", "call_digest", "ringing", "answered", "wait", "hangup")
			calling.Keys["formats"], calling.Keys["attributes"] = manyCodecs()
			caller := s.start(calling)
			invite := callee.saw("called")
			if size := len(invite.String()); size <= 1300 {
				t.Errorf("the carrier's INVITE has %d bytes, which is not large", size)
			}
			if over := strings.HasPrefix(invite.Get("Via"), "SIP/2.0/TCP "); over != tcp {
				t.Errorf("Via: %s", invite.Get("Via"))
			}
			caller.saw("ringing")
			caller.saw("answered")
			caller.proceed()
			caller.done()
			callee.done()
			if r := s.record(1); r.Disposition != "answered" || r.Trunk != "carrier" {
				t.Errorf("record: %+v", r)
			}
		})
	}
}
