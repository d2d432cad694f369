package test

import (
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// keysTold waits until keys have come as telephone-event, and no more than these.
func (v *voice) keysTold(want string) {
	v.stage.Helper()
	told := func() string {
		v.mu.Lock()
		defer v.mu.Unlock()
		return v.audio.Told()
	}
	for end := time.Now().Add(patience); told() != want && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(time.Second)
	if got := told(); got != want {
		v.stage.Errorf("%s was told the keys %q, not %q", v.audio.Local, got, want)
	}
}

// TestKeyByInfo: one that a SIPp presses by INFO comes to the other side as telephone-event,
// once, and both go on hearing each other.
func TestKeyByInfo(t *testing.T) {
	bothWays(t, house, func(s *stage, w way) {
		callee := s.start(ulaw.describes(w.called(s, "called", "ring", "answer_as", "hungup")))
		calling := ulaw.describes(w.calling(s, "call", "ringing", "answered", "wait", "inform", "wait", "hangup"))
		calling.Keys["key"] = "5"
		caller := s.start(calling)
		answer, invite := up(caller, callee)
		mine, theirs := s.voice(w.caller, low), s.voice(w.callee, high)
		mine.speaks(answer)
		theirs.listens(invite)
		theirs.speaks(invite)
		theirs.hears(low)
		caller.proceed()
		s.status(caller.saw("informed"), 200)
		theirs.keysTold("5")
		mine.hears(high)
		theirs.hears(low)
		caller.proceed()
		s.answered(s.finished(caller, callee), "caller")
	})
}

// listens reads payload numbers as a message's description has them: who answers it takes
// them over.
func (v *voice) listens(m *phone.Message) {
	v.stage.Helper()
	d := v.stage.described(m)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.audio.Expect(d)
}

// TestKeyToInfo: a carrier that is told keys by INFO gets one for each key of a phone, and
// nothing in its audio.
func TestKeyToInfo(t *testing.T) {
	config := strings.Replace(house, "- name: carrier\n", "- name: carrier\n    dtmf: info\n", 1)
	s := newStage(t, config)
	s.register(aliceHost, alice)
	callee := s.start(ulaw.describes(s.called(carrierHost, "called", "ring", "answer_as", "informed", "hungup")))
	caller := s.start(ulaw.describes(s.calling(aliceHost, alice, ways[0].number, "call_digest", "ringing", "answered", "wait", "hangup")))
	answer, invite := up(caller, callee)
	mine, theirs := s.voice(aliceHost, low), s.voice(carrierHost, high)
	mine.speaks(answer)
	theirs.listens(invite)
	theirs.speaks(invite)
	theirs.hears(low)
	mine.presses("8")
	info := callee.saw("informed")
	if got := info.Get("Content-Type") + " " + strings.Join(strings.Fields(info.Body), " "); !strings.HasPrefix(got, "application/dtmf-relay Signal=8 Duration=") {
		t.Errorf("the carrier is told %s", got)
	}
	theirs.keysTold("")
	caller.proceed()
	s.answered(s.finished(caller, callee), "caller")
}

// presses sends a key as telephone-event.
func (v *voice) presses(key string) {
	v.stage.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.audio.Press(key, 120*time.Millisecond, false); err != nil {
		v.stage.Fatal(err)
	}
}
