package rtp

import (
	"sync"
	"sync/atomic"
	"time"
)

// crew is goroutines that pull rooms together with the clock's own, so that one
// large room does not hold up the others. They wait for work between beats, and
// begin when there is more than one room for the first time.
type crew struct {
	hands   int
	calls   chan struct{}
	working sync.WaitGroup

	// What is pulled, when, and how much of it has been taken.
	rooms     []paced
	now, slot time.Time
	taken     atomic.Int64
}

// newCrew makes a crew of so many hands beside the clock's goroutine.
func newCrew(hands int) *crew { return &crew{hands: hands} }

// pull pulls all rooms, each once, and comes back when that is done. A crew that is
// nil leaves all to the caller.
func (c *crew) pull(rooms []paced, now, slot time.Time) {
	if c == nil || c.hands == 0 || len(rooms) < 2 {
		for _, r := range rooms {
			r.pull(now, slot)
		}
		return
	}
	c.start()
	c.rooms, c.now, c.slot = rooms, now, slot
	c.taken.Store(0)
	for range min(c.hands, len(rooms)-1) {
		c.working.Add(1)
		c.calls <- struct{}{}
	}
	c.work()
	c.working.Wait()
}

func (c *crew) start() {
	if c.calls != nil {
		return
	}
	c.calls = make(chan struct{}, c.hands)
	for range c.hands {
		go c.serve()
	}
}

// serve is a hand: it works when it is called, until dismiss.
func (c *crew) serve() {
	for range c.calls {
		c.work()
		c.working.Done()
	}
}

// work pulls rooms until all are taken.
func (c *crew) work() {
	for {
		next := int(c.taken.Add(1)) - 1
		if next >= len(c.rooms) {
			return
		}
		c.rooms[next].pull(c.now, c.slot)
	}
}

// dismiss ends the goroutines.
func (c *crew) dismiss() {
	if c.calls != nil {
		close(c.calls)
	}
}
