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

// spelling is a way to say hold: RFC 3264 s8.4, and the older c=0.0.0.0.
type spelling struct {
	name        string
	line, at    string // of the holder's description; at is its own address when empty
	seen        string // by the held side
	says        string // the held side
	agreed      string // what the holder gets
	holderHeard bool   // by the held side
}

var spellings = []spelling{
	{"sendonly", "a=sendonly", "", phone.SendOnly, "a=recvonly", phone.RecvOnly, true},
	{"inactive", "a=inactive", "", phone.Inactive, "a=inactive", phone.Inactive, false},
	{"no address", "a=sendrecv", "0.0.0.0", phone.SendOnly, "a=recvonly", phone.RecvOnly, true},
	{"no address and sendonly", "a=sendonly", "0.0.0.0", phone.SendOnly, "a=recvonly", phone.RecvOnly, true},
}

// held follows a hold and its end from holder to held. Both go on talking, whatever
// was agreed, so that what is not to be heard would be.
func (s *stage) held(how spelling, holder, held *party, holderVoice, heldVoice *voice) {
	s.Helper()
	holder.proceed()
	s.direction(held.saw("held"), how.seen)
	s.direction(holder.saw("hold_agreed"), how.agreed)
	holderVoice.silent()
	if how.holderHeard {
		heldVoice.hears(holderVoice.audio.Pitch)
	} else {
		heldVoice.silent()
	}
	holder.proceed()
	s.direction(held.saw("resumed"), phone.SendRecv)
	s.direction(holder.saw("resume_agreed"), phone.SendRecv)
	holderVoice.hears(heldVoice.audio.Pitch)
	heldVoice.hears(holderVoice.audio.Pitch)
}

// TestHold: the caller holds the call in each spelling, and so does the callee.
func TestHold(t *testing.T) {
	t.Parallel()
	for _, how := range spellings {
		t.Run(how.name, func(t *testing.T) {
			t.Parallel()
			t.Run("the caller holds", func(t *testing.T) { holdByCaller(t, how) })
			t.Run("the callee holds", func(t *testing.T) { holdByCallee(t, how) })
		})
	}
}

// holding are the steps of a side that holds, and withheld those of the other.
var (
	holding  = []string{"wait", "hold", "wait", "resume", "wait", "hangup"}
	withheld = []string{"held", "resumed", "hungup"}
)

// spell gives the two sides their descriptions.
func (how spelling) spell(holder, held map[string]string) {
	holder["holding"], held["held"] = how.line, how.says
	if how.at != "" {
		holder["held_at"] = how.at
	}
}

func holdByCaller(t *testing.T, how spelling) {
	bothWays(t, house, func(s *stage, w way) {
		called := w.called(s, append([]string{"called", "ring", "answer"}, withheld...)...)
		calling := w.calling(s, "call", append([]string{"ringing", "answered"}, holding...)...)
		how.spell(calling.Keys, called.Keys)
		callee, caller := s.start(called), s.start(calling)
		answer, invite := up(caller, callee)
		mine, theirs := s.talk(w.caller, answer, w.callee, invite)
		s.held(how, caller, callee, mine, theirs)
		caller.proceed()
		s.answered(s.finished(caller, callee), "caller")
	})
}

func holdByCallee(t *testing.T, how spelling) {
	bothWays(t, house, func(s *stage, w way) {
		called := w.called(s, append([]string{"called", "ring", "answer"}, holding...)...)
		calling := w.calling(s, "call", append([]string{"ringing", "answered"}, withheld...)...)
		how.spell(called.Keys, calling.Keys)
		callee, caller := s.start(called), s.start(calling)
		answer, invite := up(caller, callee)
		mine, theirs := s.talk(w.caller, answer, w.callee, invite)
		s.held(how, callee, caller, theirs, mine)
		callee.proceed()
		s.answered(s.finished(callee, caller), "callee")
	})
}

// TestHoldMusic: the held side hears the music of the house, and nothing of a holder
// who goes on talking, in each spelling, also where the holder wants nobody to send.
func TestHoldMusic(t *testing.T) {
	t.Parallel()
	for _, how := range spellings {
		t.Run(how.name, func(t *testing.T) {
			bothWays(t, house+"music_on_hold: tune\n", func(s *stage, w way) {
				called := w.called(s, append([]string{"called", "ring", "answer"}, withheld...)...)
				calling := w.calling(s, "call", append([]string{"ringing", "answered"}, holding...)...)
				how.spell(calling.Keys, called.Keys)
				called.Keys["held"] = "a=recvonly"
				callee, caller := s.start(called), s.start(calling)
				answer, invite := up(caller, callee)
				mine, theirs := s.talk(w.caller, answer, w.callee, invite)
				caller.proceed()
				s.direction(callee.saw("held"), phone.SendOnly)
				s.direction(caller.saw("hold_agreed"), how.agreed)
				mine.silent()
				before := theirs.report().Received
				theirs.gets(before + 50)
				if level := theirs.level(low); level > phone.Audible {
					s.Errorf("the held side hears the holder at %.0f dBm0", level)
				}
				caller.proceed()
				callee.saw("resumed")
				caller.saw("resume_agreed")
				mine.hears(high)
				theirs.hears(low)
				caller.proceed()
				if r := s.finished(caller, callee); r.Disposition != "answered" {
					s.Errorf("record: %+v", r)
				}
			})
		})
	}
}
