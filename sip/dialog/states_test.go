package dialog

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// census is which states of the diagrams a usage has been in.
type census struct {
	callers, callees [Ended + 1]int
	reinvites        [reinviteReceived + 1]int
	byes             [byeWaitsForNotify + 1]int
	demands          [demandAll + 1]int
	assurances       [3]int // idle, waiting, a 2xx waits too
	refreshers       [theyRefresh + 1]int
	owners           [ownsCallID + 1]int
}

// note counts what a usage is in.
func (c *census) note(u *Usage) {
	c.reinvites[u.reinvite.phase]++
	c.byes[u.bye.phase]++
	c.demands[u.assurance.demand]++
	c.refreshers[u.timer.refresher]++
	c.owners[u.owner]++
	if u.owner == ownsCallID {
		c.callers[u.state]++
	} else {
		c.callees[u.state]++
	}
	switch {
	case u.assurance.answer != nil:
		c.assurances[2]++
	case u.assurance.waiting != 0:
		c.assurances[1]++
	default:
		c.assurances[0]++
	}
}

// lists are the counts of each diagram. A caller is never Invited or Answered, a callee
// never Calling or Withdrawn; neither is seen before its INVITE.
func (c *census) lists() map[string][]int {
	return map[string][]int{
		"State of a UAC before the answer": c.callers[Calling : Calling+1],
		"State of a UAC, ringing":          c.callers[Early : Rejected+1],
		"State of a UAC, up and over":      c.callers[Confirmed:],
		"State of a UAS, ringing":          c.callees[Invited : Early+1],
		"State of a UAS, up and over":      c.callees[Rejected:],
		"reinvitePhase":                    c.reinvites[:],
		"byePhase":                         c.byes[:],
		"demand":                           c.demands[:],
		"assurance":                        c.assurances[:],
		"refresher":                        c.refreshers[:],
		"ownership":                        c.owners[:],
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

// missing names a state that has not been seen; empty when all have.
func (c *census) missing() string {
	for name, seen := range c.lists() {
		if i := slices.Index(seen, 0); i >= 0 {
			return fmt.Sprintf("%s: no call ever got to number %d of it: %v", name, i, seen)
		}
	}
	return ""
}

// TestEveryStateIsReached: what TestAnyCallEnds says of any order of commands and messages
// it says of every state that the diagrams draw.
func TestEveryStateIsReached(t *testing.T) {
	all := &census{}
	for range 40 {
		rapid.Check(t, func(t *rapid.T) {
			p := anyPair(t)
			for range rapid.IntRange(4, 20).Draw(t, "commands") {
				p.anyCommand(t)
				p.run(evenly(t, "then wait", pauses))
			}
			p.finish()
			all.add(&p.seen)
		})
		if t.Failed() || all.missing() == "" {
			break
		}
	}
	if missing := all.missing(); missing != "" {
		t.Error(missing)
	}
}
