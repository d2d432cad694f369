package sip

import (
	"sync"
	"time"

	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// lingering answers the repetitions of what is over: transactions whose user has
// gone, and requests that were answered without a call. It is what is left of
// timers D, I, J and L (RFC 3261 s17): an entry lives 64*T1 and costs a few
// hundred bytes.
//
// Entries are kept in generations of a quarter of that time each. A generation is
// dropped as a whole, so nothing is swept and no timer runs per entry.
type lingering struct {
	mu          sync.Mutex
	generations [generations]generation
	turnAt      time.Time
	span        time.Duration
}

// generations is one more than the time is cut into: the youngest is still being
// filled.
const generations = 5

type generation struct {
	requests  map[transaction.ServerKey]remains
	responses map[transaction.ClientKey]remains
	calls     map[string]struct{}
}

// remains is what a repetition gets; an empty answer swallows it.
type remains struct {
	answer []byte
	flow   transport.Flow
	hop    string
}

func newLingering(timeout time.Duration) *lingering {
	return &lingering{span: timeout / (generations - 1)}
}

// add keeps what a usage has left behind.
func (g *lingering) add(list []dialog.Leftover) {
	if len(list) == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	young := g.youngest(time.Now())
	for _, l := range list {
		r := remains{answer: l.Answer, flow: l.Flow, hop: l.Hop}
		if l.Response != (transaction.ClientKey{}) {
			young.responses[l.Response] = r
		} else {
			young.requests[l.Request] = r
		}
	}
}

// answered keeps the answer to a request.
func (g *lingering) answered(k transaction.ServerKey, answer []byte, flow transport.Flow) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.youngest(time.Now()).requests[k] = remains{answer: answer, flow: flow}
}

// request gives what a repeated request gets.
func (g *lingering) request(k transaction.ServerKey) (remains, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.youngest(time.Now())
	for i := range g.generations {
		if r, ok := g.generations[i].requests[k]; ok {
			return r, true
		}
	}
	return remains{}, false
}

// response gives what a repeated response gets.
func (g *lingering) response(k transaction.ClientKey) (remains, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.youngest(time.Now())
	for i := range g.generations {
		if r, ok := g.generations[i].responses[k]; ok {
			return r, true
		}
	}
	return remains{}, false
}

// ended remembers that a call has been, so that a fork of its INVITE which answers
// late is told from somebody who makes up a response.
func (g *lingering) ended(call string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.youngest(time.Now()).calls[call] = struct{}{}
}

// hasEnded says whether a call has been here until a short while ago.
func (g *lingering) hasEnded(call string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.youngest(time.Now())
	for i := range g.generations {
		if _, ok := g.generations[i].calls[call]; ok {
			return true
		}
	}
	return false
}

// youngest turns the generations as time goes by, and gives the one to fill.
func (g *lingering) youngest(now time.Time) *generation {
	if g.turnAt.IsZero() {
		g.turnAt = now.Add(g.span)
		g.generations[0] = newGeneration()
	}
	for turns := 0; !now.Before(g.turnAt) && turns < generations; turns++ {
		copy(g.generations[1:], g.generations[:])
		g.generations[0] = newGeneration()
		g.turnAt = g.turnAt.Add(g.span)
	}
	if !now.Before(g.turnAt) {
		g.turnAt = now.Add(g.span) // nothing came for a long time
	}
	return &g.generations[0]
}

func newGeneration() generation {
	return generation{
		requests: map[transaction.ServerKey]remains{}, responses: map[transaction.ClientKey]remains{},
		calls: map[string]struct{}{},
	}
}

// len is how many entries there are.
func (g *lingering) len() (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.youngest(time.Now())
	for i := range g.generations {
		n += len(g.generations[i].requests) + len(g.generations[i].responses) + len(g.generations[i].calls)
	}
	return n
}
