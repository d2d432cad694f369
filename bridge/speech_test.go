package bridge

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp/audio"
)

// speech notes who speaks, which must be one who talks and did not already.
func (a *audit) speech(e event.SpeakingChanged) {
	p := a.party(e.Participant)
	if p.speaks == e.Speaking || p.state != event.ParticipantConnected && p.state != event.ParticipantHold {
		a.fault("participant %d, %v, speaks: %v, before: %v", e.Participant, p.state, e.Speaking, p.speaks)
	}
	p.speaks = e.Speaking
}

// TestSpeaking: each change is told once, and whom nobody mixes any more has ended.
func TestSpeaking(t *testing.T) {
	tell(t, threeTalk+`
	show speech
	speaks 1
		speech of 1: true
	speaks 1
	speaks 3
		speech of 3: true
	falls 1
		speech of 1: false
	falls 2
	speaks 2
		speech of 2: true
	3 hangs up
		speech of 2: false
	falls 2
	speaks 3
	speaks 7
	1 hangs up
	speaks 2
	`)
}

// speaks draws that somebody is heard to speak, or no longer.
func (w *world) speaks() {
	w.step(Spoke{rapid.IntRange(1, len(w.machine.participants)+1).Draw(w.t, "speaker"), rapid.Bool().Draw(w.t, "speaks")})
}

// TestSpeechOfThree has real sound: 2 speaks for two seconds, and what is told of it is what
// it did.
func TestSpeechOfThree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 20099, Limits{})
		s.onDial = func(l *stageLeg) { l.says(0, Answered{SDP: describe(l.id, []string{"PCMU"})}) }
		s.forwarded = plan("trunk backup")
		s.arrive(plan("trunk carrier"))
		pass(time.Second)
		s.call.Add(dialplan.Request{To: "sip:carol"})
		pass(time.Second)
		s.send(2, s.mediaOf(2), time.Second) // nothing but silence, which shows what noise there is
		s.send(2, s.mediaOf(2), 2*time.Second, audio.Sine{Frequency: 440, Level: -20})
		pass(time.Second)
		s.call.Stop(event.Cause{Status: 200, By: event.PartyGateway})
		pass(time.Second)
		s.over()
		got := slices.DeleteFunc(slices.Clone(s.events), func(e string) bool { return !strings.HasPrefix(e, "speech") })
		s.expect("what is told of speech", got, "speech of 2: true", "speech of 2: false")
	})
}
