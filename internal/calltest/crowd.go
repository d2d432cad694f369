package calltest

import (
	"errors"
	"fmt"
	"sync"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
)

// calls are the calls of a script as their events tell of them.
type calls struct {
	mu   sync.Mutex
	live []liveCall
}

// liveCall is a call that is not over: who has placed it, a user or a trunk, and who is in
// it, by the names of the participants.
type liveCall struct {
	id     string
	origin dialplan.Party
	who    map[string]int
}

// note takes an event. It is called on the goroutines of the calls.
func (c *calls) note(e event.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch e := e.(type) {
	case event.CallReceived:
		origin := dialplan.Party{Kind: dialplan.PartyUser, Name: e.User}
		if e.User == "" {
			origin = dialplan.Party{Kind: dialplan.PartyTrunk, Name: e.Trunk}
		}
		c.live = append(c.live, liveCall{id: e.Call, origin: origin, who: map[string]int{origin.Name: 1}})
	case event.ParticipantStateChanged:
		if i := c.index(e.Call); i >= 0 && e.Participant > 1 {
			c.live[i].who[e.Name] = e.Participant
		}
	case event.CallEnded:
		if i := c.index(e.Call); i >= 0 {
			c.live = append(c.live[:i], c.live[i+1:]...)
		}
	}
}

func (c *calls) index(id string) int {
	for i := range c.live {
		if c.live[i].id == id {
			return i
		}
	}
	return -1
}

// of is the newest call that somebody has placed.
func (c *calls) of(name string) (found liveCall, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, call := range c.live {
		if call.origin.Name == name {
			found, ok = call, true
		}
	}
	return found, ok
}

// crowdStep is "gateway adds NUMBER to the call of NAME" or "gateway removes NAME from the
// call of NAME": what the control of a call does. Calls go by who has placed them.
type crowdStep struct {
	line
	adds       bool
	whom, call string
}

func parseCrowd(l line, words []string) (step, error) {
	return &crowdStep{l, words[1] == "adds", words[2], words[7]}, nil
}

func (c *crowdStep) play(s *stage) error {
	of, call, err := s.liveCall(c.call)
	if err != nil {
		return c.errorf("%w", err)
	}
	if c.adds {
		call.Add(dialplan.Request{Origin: of.origin, To: c.whom})
		return nil
	}
	participant, ok := of.who[c.whom]
	if !ok {
		return c.errorf("%s is not in the call: there are %v", c.whom, of.who)
	}
	call.Remove(participant, event.Cause{Status: 200, Q850: 16, By: event.PartyGateway, Text: "removed"})
	return nil
}

// liveCall is the call that somebody has placed.
func (s *stage) liveCall(name string) (of liveCall, call *bridge.Call, err error) {
	if s.running == nil {
		return of, nil, errors.New("no gateway plays")
	}
	of, ok := s.running.calls.of(name)
	if ok {
		call = s.running.gateway.Call(of.id)
	}
	if call == nil {
		return of, nil, fmt.Errorf("%s has placed no call that is not over", name)
	}
	return of, call, nil
}
