package bridge

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
)

// TestDeflect: the first phone that says where to sends the whole call there; another
// one that says so later is not heard any more, nor is one after the answer.
func TestDeflect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 20099, Limits{})
		s.forwarded = plan("trunk carrier")
		to := Refused{Cause: event.Cause{Status: 302}, Deflected: dialplan.Forward{Number: "+14255550177"}}
		s.onDial = func(l *stageLeg) {
			if l.id < 5 {
				l.says(time.Duration(l.id)*time.Second, to)
			} else {
				l.says(time.Second, Refused{Cause: event.Cause{Status: 486}})
			}
			l.says(0, Released{})
		}
		s.arrive(plan("user bob")) // has three phones
		pass(time.Minute)
		s.over()
		for id := 3; id <= 4; id++ {
			s.expect("another phone", s.legs[id].told[1:], "Hangup 302/0 callee")
		}
		s.expect("the caller", s.legs[1].told, "Ring 181", "Refuse 486/17 callee")
	})
}
