package bridge

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
)

// TestLookUpTakesTime: the call's goroutine is free meanwhile. What is found is called;
// a caller who has hung up before is not kept, and no port either.
func TestLookUpTakesTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 20099, Limits{})
		s.looksUp = 3 * time.Second
		s.arrive(plan("trunk carrier"))
		passed(2 * time.Second)
		if s.dialled(2) {
			t.Error("somebody is called who has not been found")
		}
		s.call.Post(work(func(c *Call, _ time.Time) {
			if s.ports.InUse() != 1 {
				t.Errorf("%d ports are open", s.ports.InUse())
			}
		}))
		passed(2 * time.Second)
		if !s.dialled(2) {
			t.Error("what was found is not called")
		}
		s.call.Stop(event.Cause{Status: 503, By: event.PartyGateway})
		passed(time.Second)
		s.over()
	})
}

func TestHangupDuringLookUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 20099, Limits{})
		s.looksUp = 3 * time.Second
		s.arrive(plan("trunk carrier"))
		passed(time.Second)
		s.call.Stop(event.Cause{Status: 487, By: event.PartyCaller})
		passed(time.Second)
		if len(s.legs[1].told) == 0 {
			t.Error("the caller is told nothing before the look-up has ended")
		}
		passed(5 * time.Second)
		if s.dialled(2) {
			t.Error("somebody is called for nobody")
		}
		s.over()
	})
}

// TestElsewhere: a trunk that goes on at another server has attempt_timeout anew when it
// had spoken, and not when it was silent.
func TestElsewhere(t *testing.T) {
	for _, tt := range []struct {
		trying bool
		want   time.Duration // when backup is called
	}{{false, 4 * time.Second}, {true, 7 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t, 20099, Limits{})
			s.onDial = func(l *stageLeg) {
				if l.id == 2 {
					if tt.trying {
						l.says(time.Second, Trying{})
					}
					l.says(3*time.Second, Elsewhere{})
				}
			}
			d := dialplan.Decision{AttemptTimeout: 4 * time.Second}
			d.Attempts = append(plan("trunk carrier").Attempts, plan("trunk backup").Attempts...)
			s.arrive(d)
			passed(tt.want - time.Millisecond)
			if s.dialled(3) {
				t.Errorf("trying=%v: backup is called before %v", tt.trying, tt.want)
			}
			passed(2 * time.Millisecond)
			if !s.dialled(3) {
				t.Errorf("trying=%v: backup is not called at %v", tt.trying, tt.want)
			}
			s.call.Stop(event.Cause{Status: 503, By: event.PartyGateway})
			passed(time.Minute)
			s.over()
		})
	}
}

// passed is pass, and everything done that was due: what the call's goroutine has written
// may be read then.
func passed(d time.Duration) {
	pass(d)
	synctest.Wait()
}

// dialled says whether a participant has a leg, read on the goroutine of the call.
func (s *stage) dialled(id int) (there bool) {
	s.look(func(*Call) { _, there = s.legs[id] })
	return there
}
