package test

import (
	"testing"

	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/test/peers"
)

// way is who begins a call.
type way struct {
	name           string
	caller, callee byte
	who            phone.Credentials
	number         string
	proves         string // what its steps are called that prove who it is
}

// ways are the two directions through the gateway.
var ways = []way{
	{"the phone begins", aliceHost, carrierHost, alice, "+14255550100", "_digest"},
	{"the carrier begins", carrierHost, aliceHost, nobody, "+14255550101", ""},
}

// bothWays plays a story in both directions, beside other tests; alice's phone is
// registered.
func bothWays(t *testing.T, config string, story func(*stage, way)) {
	t.Helper()
	t.Parallel()
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			s := newStage(t, config)
			s.register(aliceHost, alice)
			story(s, w)
		})
	}
}

// calling is the caller with its steps: the first is call, or call_late.
func (w way) calling(s *stage, call string, steps ...string) peers.SIPp {
	return s.calling(w.caller, w.who, w.number, append([]string{call + w.proves}, steps...)...)
}

// called is the callee.
func (w way) called(s *stage, steps ...string) peers.SIPp { return s.called(w.callee, steps...) }

// up follows a call from its INVITE to its answer.
func up(caller, callee *party) (answer, invite *phone.Message) {
	caller.Helper()
	invite = callee.saw("called")
	caller.saw("ringing")
	answer = caller.saw("answered")
	callee.saw("acknowledged")
	return answer, invite
}

// finished waits until both sides have gone through their steps, and gives the record.
func (s *stage) finished(parties ...*party) peers.Record {
	s.Helper()
	for _, p := range parties {
		p.done()
	}
	return s.record(1)
}
