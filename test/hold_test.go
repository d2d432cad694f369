package test

import (
	"testing"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// direction checks which way the audio of a description may go.
func (s *stage) direction(m *phone.Message, want string) {
	s.Helper()
	if d := s.described(m); d.Direction != want {
		s.Errorf("the description is %s, not %s:\n%s", d.Direction, want, m)
	}
}

// held follows a hold and its end from holder to held: RFC 3264 s8.4.
func (s *stage) held(holder, held *party, holderVoice, heldVoice *voice) {
	s.Helper()
	holder.proceed()
	s.direction(held.saw("held"), phone.SendOnly)
	s.direction(holder.saw("hold_agreed"), phone.RecvOnly)
	heldVoice.stops()
	holderVoice.silent()
	heldVoice.hears(holderVoice.audio.Pitch)
	holder.proceed()
	offer := held.saw("resumed")
	s.direction(offer, phone.SendRecv)
	s.direction(holder.saw("resume_agreed"), phone.SendRecv)
	heldVoice.speaks(offer)
	holderVoice.hears(heldVoice.audio.Pitch)
	heldVoice.hears(holderVoice.audio.Pitch)
}

func TestCallerHolds(t *testing.T) {
	s := newStage(t, house)
	s.register(aliceHost, alice)
	carrier := s.callee(carrierHost, "called", "ring", "answer", "held", "resumed", "hungup")
	desk := s.caller(aliceHost, alice, "+14255550100",
		"call_digest", "ringing", "answered", "wait", "hold", "wait", "resume", "wait", "hangup")
	invite := carrier.saw("called")
	desk.saw("ringing")
	answer := desk.saw("answered")
	carrier.saw("acknowledged")
	mine, theirs := s.talk(aliceHost, answer, carrierHost, invite)
	s.held(desk, carrier, mine, theirs)
	desk.proceed()
	desk.done()
	carrier.done()
	s.answered(s.record(1), "caller")
}

func TestCalleeHolds(t *testing.T) {
	s := newStage(t, house)
	s.register(aliceHost, alice)
	carrier := s.callee(carrierHost, "called", "ring", "answer", "wait", "hold", "wait", "resume", "wait", "hangup")
	desk := s.caller(aliceHost, alice, "+14255550100", "call_digest", "ringing", "answered", "held", "resumed", "hungup")
	invite := carrier.saw("called")
	desk.saw("ringing")
	answer := desk.saw("answered")
	carrier.saw("acknowledged")
	mine, theirs := s.talk(aliceHost, answer, carrierHost, invite)
	s.held(carrier, desk, theirs, mine)
	carrier.proceed()
	carrier.done()
	desk.done()
	s.answered(s.record(1), "callee")
}
