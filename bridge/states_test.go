package bridge

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tandem-gateway/tandem/event"
)

// census is which states of the machine's diagrams have been seen.
type census struct {
	calls     [event.CallDisconnected + 1]int
	parties   [event.ParticipantDisconnected + 1]int
	legs      [legReleased + 1]int
	exchanges [exchangeOwn + 1]int
	ringbacks [ringbackPlaying + 1]int
	forwards  [forwardAsked + 1]int
	transfers [transferFetching + 1]int
	playbacks [event.PlaybackFailed + 1]int
	plays     [playbackRuns + 1]int
	hunts     [3]int // idle, locating, ringing
	takeovers [6]int // see tookOver
}

// note counts what the machine is in after a step, and what it went through in it.
func (c *census) note(m *Machine, actions []Action) {
	for _, a := range actions {
		if e, ok := a.(Emit); ok {
			c.passed(e.Event)
		}
	}
	c.exchanges[m.exchange.phase]++
	c.ringbacks[m.ringback.phase]++
	c.forwards[m.forwarding.phase]++
	c.transfers[m.transfer.phase]++
	for _, p := range m.participants {
		c.legs[p.leg]++
	}
	if m.playing != nil {
		for _, p := range m.playing.list {
			c.plays[p.phase]++
		}
	}
	switch {
	case !m.hunting():
		c.hunts[0]++
	case m.hunt.index > m.hunt.located:
		c.hunts[1]++
	default:
		c.hunts[2]++
	}
}

// tookOver counts what hunts were in that came over from another call: somebody is called,
// rings, sends early media; an attempt is being located, a user hands the call on; and those
// that nobody waits for any more.
func (c *census) tookOver(awaited bool, g *GiveHunt) {
	for _, p := range g.parties {
		c.takeovers[p.state-event.ParticipantConnecting]++
	}
	switch {
	case g.search.forwarding.phase == forwardAsked:
		c.takeovers[4]++
	case g.search.hunt.located < g.search.hunt.index:
		c.takeovers[3]++
	}
	if !awaited {
		c.takeovers[5]++
	}
}

func (c *census) passed(e event.Event) {
	switch e := e.(type) {
	case event.CallReceived:
		c.calls[event.CallIncoming]++
	case event.CallStateChanged:
		c.calls[e.From]++
		c.calls[e.To]++
	case event.ParticipantStateChanged:
		c.parties[e.From]++
		c.parties[e.To]++
	case event.PlaybackChanged:
		c.playbacks[e.State]++
	}
}

// lists are the counts of each diagram, from the first state that there is.
func (c *census) lists() map[string][]int {
	return map[string][]int{
		"event.CallState":        c.calls[event.CallIncoming:],
		"event.ParticipantState": c.parties[event.ParticipantIdle:],
		"legPhase":               c.legs[legLive:],
		"exchangePhase":          c.exchanges[:],
		"ringbackPhase":          c.ringbacks[:],
		"forwardPhase":           c.forwards[:],
		"transferPhase":          c.transfers[:],
		"event.PlaybackState":    c.playbacks[event.PlaybackNotStarted:],
		"playbackPhase":          c.plays[:],
		"hunt":                   c.hunts[:],
		"takeover":               c.takeovers[:],
	}
}

func (c *census) add(d *census) {
	more := d.lists()
	for name, seen := range c.lists() {
		for i := range seen {
			seen[i] += more[name][i]
		}
	}
}

// missing names a state that has not been seen; empty when all have. The lobby belongs to
// meetings: a call without one has none.
func (c *census) missing() string {
	c.calls[event.CallInLobby], c.parties[event.ParticipantInLobby] = 1, 1
	for name, seen := range c.lists() {
		if i := slices.Index(seen, 0); i >= 0 {
			return fmt.Sprintf("%s: no call ever got to number %d of it: %v", name, i, seen)
		}
	}
	return ""
}

// TestEveryStateIsReached: what the property tests say of any order of events they say
// of every state that the diagrams draw.
func TestEveryStateIsReached(t *testing.T) {
	all := &census{}
	for range 150 { // a tenth of that is usually enough
		often(t, func(t *rapid.T) {
			w := newWorld(t)
			for range rapid.IntRange(40, 80).Draw(t, "moves") {
				w.move()
			}
			w.finish()
			all.add(&w.seen)
		})
		if t.Failed() || all.missing() == "" {
			break
		}
	}
	if missing := all.missing(); missing != "" {
		t.Error(missing)
	}
}
