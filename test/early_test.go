package test

import (
	"testing"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// early follows a call to its early media: the caller hears the callee, packet by
// packet, and nobody has answered.
func (s *stage) early(w way, caller, callee *party) (ear, mouth *voice, progress *phone.Message) {
	s.Helper()
	invite := callee.saw("called")
	progress = caller.saw("early")
	ear, mouth = s.voice(w.caller, low), s.voice(w.callee, high)
	mouth.speaks(invite)
	ear.speaks(progress)
	ear.hears(high)
	if r := ear.gets(25); r.Lost != 0 || r.Sources != 1 { // half a second
		s.Errorf("before the answer the caller has got %+v", r)
	}
	return ear, mouth, progress
}

// TestEarlyMedia: the caller hears the callee before anybody has answered, and
// nothing is billed for that.
func TestEarlyMedia(t *testing.T) {
	bothWays(t, house, func(s *stage, w way) {
		callee := s.start(w.called(s, "called", "ring_early", "wait", "answer", "hungup"))
		caller := s.start(w.calling(s, "call", "early", "answered", "wait", "hangup"))
		ear, mouth, progress := s.early(w, caller, callee)
		callee.proceed()
		answer := caller.saw("answered")
		callee.saw("acknowledged")
		if early, final := s.described(progress), s.described(answer); early.Address != final.Address {
			s.Errorf("the early description is for %s, that of the answer for %s", early.Address, final.Address)
		}
		mouth.hears(low)
		ear.hears(high)
		caller.proceed()
		r := s.finished(caller, callee)
		s.answered(r, "caller")
		if r.EarlyMedia.IsZero() || r.Answered.Sub(r.EarlyMedia) <= 0 || r.Duration > r.Ended.Sub(r.Answered).Milliseconds()+1 {
			s.Errorf("times of the record: %+v", r)
		}
	})
}

// TestAnnouncement: the callee's side says why it fails, and then fails.
func TestAnnouncement(t *testing.T) {
	bothWays(t, house, func(s *stage, w way) {
		called := w.called(s, "called", "ring_early", "wait", "refuse")
		called.Keys["status"], called.Keys["phrase"] = "404", "Not Found"
		callee := s.start(called)
		caller := s.start(w.calling(s, "call", "early", "refused"))
		s.early(w, caller, callee)
		callee.proceed()
		s.status(caller.saw("refused"), 404)
		r := s.finished(caller, callee)
		if r.Status != 404 || r.Duration != 0 || !r.Answered.IsZero() || r.EarlyMedia.IsZero() {
			s.Errorf("record: %+v", r)
		}
	})
}
