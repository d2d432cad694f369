package sip

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/internal/phone"
)

// step is one thing that a party says, out of what it can say then, and how long
// it is quiet afterwards.
type step struct {
	Who, Act, Which, Status, Method int
	Described, Fork                 bool
	Quiet                           time.Duration
}

func anyStep(t *rapid.T) step {
	return step{
		Who: rapid.IntRange(0, 1).Draw(t, "who"), Act: rapid.IntRange(0, 9).Draw(t, "act"), Which: rapid.IntRange(0, 2).Draw(t, "which"),
		Status: rapid.SampledFrom([]int{100, 180, 183, 200, 200, 200, 302, 401, 404, 481, 486, 491, 503, 603}).Draw(t, "status"),
		Method: rapid.IntRange(0, 5).Draw(t, "method"), Described: rapid.Bool().Draw(t, "described"),
		Fork:  rapid.IntRange(0, 3).Draw(t, "fork") == 0,
		Quiet: rapid.SampledFrom([]time.Duration{0, 0, 100 * time.Millisecond, time.Second, 40 * time.Second}).Draw(t, "quiet"),
	}
}

// mischief is a party that says whatever it can, in any order: it has what it was
// asked and what it was told so far.
type mischief struct {
	*party
	uri    string // whom it calls
	asked  []phone.Arrival
	finals []phone.Arrival
	sent   []*phone.Message
}

func (m *mischief) listen() {
	for _, a := range m.take() {
		switch _, method := a.CSeq(); {
		case a.IsRequest() && a.Method != "ACK":
			m.asked = append(m.asked, a)
		case !a.IsRequest() && a.Status >= 200 && method == "INVITE":
			m.finals = append(m.finals, a)
		}
	}
}

func (m *mischief) put(msg *phone.Message) {
	m.sent = append(m.sent, msg)
	m.say(msg)
}

// act says one thing.
func (m *mischief) act(s step) {
	switch {
	case s.Act == 0:
		m.put(m.invite(m.uri))
	case s.Act <= 4 && len(m.asked) > 0:
		m.reply(s)
	case s.Act <= 5 && len(m.finals) > 0:
		if ack, err := m.ackTo(one(m.finals, s).Message); err == nil {
			m.put(ack)
		}
	case s.Act <= 7:
		m.within(s)
	case s.Act == 8 && len(m.sent) > 0:
		m.put(one(m.sent, s))
	case len(m.sent) > 0:
		m.put(m.cancelOf(one(m.sent, s)))
	}
}

// ackTo and cancelOf read what its reader may be writing.
func (m *mischief) ackTo(final *phone.Message) (*phone.Message, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.Ack(final)
}

func (m *mischief) cancelOf(sent *phone.Message) *phone.Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.Cancel(sent)
}

// one of the newest.
func one[T any](list []T, s step) T { return list[len(list)-1-min(s.Which, len(list)-1)] }

// reply answers something that was asked, perhaps once more and otherwise.
func (m *mischief) reply(s step) {
	tag := ""
	if s.Fork {
		tag = "fork"
	}
	m.mu.Lock()
	answer := m.Respond(one(m.asked, s).Message, s.Status, tag)
	if s.Described {
		answer.SetSDP(m.description())
	}
	m.mu.Unlock()
	m.put(answer)
}

// within sends a request in one of its dialogs.
func (m *mischief) within(s step) {
	if req := m.request(s); req != nil {
		m.put(req)
	}
}

// request makes one in one of its dialogs; nil when it has none.
func (m *mischief) request(s step) *phone.Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	var dialogs []*phone.Dialog
	for _, a := range append(m.asked, m.finals...) {
		dialogs = append(dialogs, m.Dialogs(a.Get("Call-ID"))...)
	}
	if len(dialogs) == 0 {
		return nil
	}
	req := m.In(one(dialogs, s), []string{"BYE", "BYE", "INVITE", "OPTIONS", "INFO", "UPDATE"}[s.Method])
	if s.Described {
		req.SetSDP(m.description())
	}
	return req
}

// Whatever two parties say to each other through the edge, in whatever order: every
// call ends, once and with one event, nothing fails inside, and ports and memory
// come back.
func TestAnyOrder(t *testing.T) {
	set := settings(t)
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.Custom(anyStep), 1, 25).Draw(rt, "steps")
		var fault error
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t, set)
			fault = playSteps(s, steps)
			s.tidy()
		})
		if fault != nil {
			rt.Fatal(fault)
		}
	})
}

func playSteps(s *stage, steps []step) error {
	parties := []*mischief{
		{party: s.pbx(), uri: "sip:+14255550100@" + domain}, {party: s.udp("carrier", carrierAt), uri: "sip:+14255550101@" + domain},
	}
	parties[0].put(parties[0].invite(parties[0].uri))
	for _, next := range steps {
		parties[0].listen()
		parties[1].listen()
		parties[next.Who].act(next)
		s.pass(next.Quiet)
	}
	s.edge.StopAll(event.Cause{Status: 503, By: event.PartyGateway})
	s.pass(3 * time.Minute)
	if s.edge.Calls() != 0 || s.ports.InUse() != 0 || s.edge.lingering.len() != 0 {
		return fmt.Errorf("left: %d calls, %d ports, %d entries", s.edge.Calls(), s.ports.InUse(), s.edge.lingering.len())
	}
	return s.checkStories()
}

// checkStories wants one end for each beginning and nothing after it.
func (s *stage) checkStories() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	open := map[string]bool{}
	for _, e := range s.events {
		id := e.Of().Call
		began, known := open[id]
		switch e := e.(type) {
		case event.CallReceived:
			if known {
				return fmt.Errorf("call %s has begun twice", id)
			}
			open[id] = true
			continue
		case event.CallEnded:
			open[id] = false
			if e.Cause.Text == "internal error" {
				return fmt.Errorf("call %s failed inside:\n%s", id, &s.log)
			}
		}
		if !began {
			return fmt.Errorf("%T of call %s, which is not open", e, id)
		}
	}
	for id, still := range open {
		if still {
			return fmt.Errorf("call %s has not ended", id)
		}
	}
	return nil
}
