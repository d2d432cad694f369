package test

import (
	"strings"
	"testing"
	"time"
)

// ringingTone are the two frequencies of the ringing tone of North America (ITU-T E.180).
var ringingTone = []float64{440, 480}

// TestRingback: the callee's side says that it rings and sends nothing. The caller then
// hears the ringing tone of the callee's country, after a second or at once as the route
// says, until the callee answers.
func TestRingback(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, config string
		least, most  time.Duration
	}{
		{"auto", house, time.Second, 3 * time.Second},
		{"local", strings.Replace(house, "trunks: [carrier, backup]\n", "trunks: [carrier, backup]\n    ringback: local\n", 1), 0, time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStage(t, test.config)
			s.register(aliceHost, alice)
			w := ways[0]
			callee := s.start(w.called(s, "called", "ring", "wait", "answer", "hungup"))
			caller := s.start(w.calling(s, "call", "ringing", "early", "answered", "wait", "hangup"))
			invite := callee.saw("called")
			caller.saw("ringing")
			early := caller.saw("early")
			ear := s.voice(w.caller, transferorPitch)
			ear.speaks(early)
			rang, err := callee.run.Sent("SIP/2.0 180")
			if err != nil {
				t.Fatal(err)
			}
			if after := s.sentAfter(clock(rang), w.caller, "SIP/2.0 183"); after < test.least || after > test.most {
				s.Errorf("the caller is to hear something %v after the ringing", after)
			}
			s.ringsIn(ear)
			callee.proceed()
			answer := caller.saw("answered")
			mouth := s.voice(w.callee, transfereePitch)
			mouth.speaks(invite)
			ear.hears(transfereePitch)
			mouth.hears(transferorPitch)
			if early, final := s.described(early), s.described(answer); early.Address != final.Address {
				s.Errorf("the early description is for %s, that of the answer for %s", early.Address, final.Address)
			}
			caller.proceed()
			s.finished(caller, callee)
		})
	}
}

// ringsIn waits until a voice hears the ringing tone for half a second.
func (s *stage) ringsIn(v *voice) {
	s.Helper()
	for _, pitch := range ringingTone {
		v.hears(pitch)
	}
	if r := v.gets(25); r.Sources != 1 || r.Lost != 0 {
		s.Errorf("the ringing tone comes as %+v", r)
	}
}

// TestRingbackToCarrier: the same where the carrier calls a phone, which rings and answers.
func TestRingbackToCarrier(t *testing.T) {
	s := newStage(t, house)
	s.register(aliceHost, alice)
	w := ways[1]
	callee := s.start(w.called(s, "called", "ring", "wait", "refuse"))
	caller := s.start(w.calling(s, "call", "ringing", "early", "refused"))
	callee.saw("called")
	caller.saw("ringing")
	early := caller.saw("early")
	ear := s.voice(w.caller, transferorPitch)
	ear.speaks(early)
	s.ringsIn(ear)
	callee.proceed()
	s.status(caller.saw("refused"), 486)
	ear.silent()
	if r := s.finished(caller, callee); r.Status != 486 || r.Duration != 0 {
		s.Errorf("record: %+v", r)
	}
}
