package bridge

import (
	"sync"
	"time"
)

// Work is something that must happen on a call's goroutine: a message that came
// for one of its legs, a command from outside.
type Work interface{ Do(c *Call, now time.Time) }

// inbox is a call's queue. Post never blocks, so a reader of the network is never
// held up by a call, and the order of posting is the order of doing.
type inbox struct {
	mu     sync.Mutex
	queue  []Work
	closed bool
	wake   chan struct{}
}

func newInbox() inbox { return inbox{wake: make(chan struct{}, 1)} }

// post adds work; false when the call is over and nobody will do it.
func (b *inbox) post(w Work) bool {
	b.mu.Lock()
	open := !b.closed
	if open {
		b.queue = append(b.queue, w)
	}
	b.mu.Unlock()
	if open {
		select {
		case b.wake <- struct{}{}:
		default: // it is awake, or will be
		}
	}
	return open
}

// take gives what has been posted, reusing the space of what was taken before.
func (b *inbox) take(space []Work) []Work {
	b.mu.Lock()
	defer b.mu.Unlock()
	work := b.queue
	b.queue = space[:0]
	return work
}

// Droppable is work of which somebody must learn that it will not be done.
type Droppable interface {
	Work
	Dropped()
}

// close refuses further work; what nobody has done is dropped.
func (b *inbox) close() {
	for _, w := range b.shut() {
		if d, ok := w.(Droppable); ok {
			d.Dropped()
		}
	}
}

func (b *inbox) shut() []Work {
	b.mu.Lock()
	defer b.mu.Unlock()
	queue := b.queue
	b.closed, b.queue = true, nil
	return queue
}
