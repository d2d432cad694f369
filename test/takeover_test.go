package test

import (
	"testing"

	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/test/peers"
)

// takes is a phone that calls to take over the dialog that an answer has made.
func (s *stage) takes(who phone.Credentials, host byte, answer *phone.Message, steps ...string) peers.SIPp {
	p := s.calling(host, who, "+14255550101", append([]string{"call_digest"}, steps...)...)
	p.Keys["allow"] = "Replaces: " + replaces(answer)
	return p
}

// TestTakeOver: RFC 3891, a user takes a call from one phone to another; the first phone is
// hung up, and the other side hears the second.
func TestTakeOver(t *testing.T) {
	s := newStage(t, moving)
	x := s.talking(fromPhone[0], []string{"hungup"}, []string{"hungup"})
	second := s.start(s.takes(alice, alice2Host, x.answer, "answered", "wait", "hangup"))
	answer := second.saw("answered")
	x.by.saw("hungup")
	voice := s.voice(alice2Host, targetPitch)
	voice.speaks(answer)
	x.talk(voice, x.ofVoice)
	x.byVoice.silent()
	second.proceed()
	x.of.saw("hungup")
	for _, p := range []*party{x.by, x.of, second} {
		p.done()
	}
}

// TestTakeOverRefused: another user may not, and the call stays as it was.
func TestTakeOverRefused(t *testing.T) {
	s := newStage(t, moving)
	x := s.talking(fromPhone[0], []string{"wait", "hangup"}, []string{"hungup"})
	thief := s.start(s.takes(bob, bobHost, x.answer, "refused"))
	s.status(thief.saw("refused"), 403)
	thief.done()
	x.talk(x.byVoice, x.ofVoice)
	x.by.proceed()
	x.by.done()
	x.of.done()
}
