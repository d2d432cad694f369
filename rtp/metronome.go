package rtp

import (
	"runtime"
	"sync"
	"time"
)

// framePeriod is how much sound goes into a packet of ours.
//
// RFC 3551 s4.2: "the default packetization interval SHOULD have a duration of
// 20 ms or one frame, whichever is longer".
const framePeriod = 20 * time.Millisecond

// metronome pulls every 20 ms what makes sound: the players of an engine first, and
// then its rooms, which may hear players. Its goroutine runs while there is anything
// to pull, and ends with the last of it.
//
// The zero value has nothing to pull.
type metronome struct {
	mu sync.Mutex
	// players are pulled one after the other, rooms by all processors; what comes of keys
	// is among the rooms.
	players, rooms roster
	// empty tells the goroutine that nobody is left; nil while there is none.
	empty chan struct{}

	// crew is the goroutine's own: who pulls rooms with it; nil for nobody.
	crew *crew
}

// paced is what the clock pulls.
type paced interface {
	// pull makes 20 ms of sound. slot is the time for which it is meant.
	pull(now, slot time.Time)
	// wanted tells whether it is to be pulled: whether somebody hears it.
	wanted() bool
	// at is where it stands in its roster.
	at() *place
}

// place is where something stands in a roster, counted from 1; 0 is nowhere. It is
// the clock's.
type place int

// roster is what is pulled.
type roster struct {
	list []paced
	// pulled is a copy of it, the goroutine's own: what starts or stops must not wait
	// for all others to be pulled.
	pulled []paced
}

// settle takes something in or out, by whether it is wanted now. Whoever changes
// that calls it afterwards; so the last one to call has seen how it is.
func (m *metronome) settle(r *roster, p paced) {
	m.mu.Lock()
	defer m.mu.Unlock()
	in := *p.at() > 0
	switch wanted := p.wanted(); {
	case wanted && !in:
		r.enter(p)
		m.start()
	case !wanted && in:
		r.leave(p)
		m.end()
	}
}

func (m *metronome) start() {
	if m.empty == nil {
		m.empty = make(chan struct{}, 1)
		go m.run(m.empty)
	}
}

func (m *metronome) idle() bool { return len(m.players.list)+len(m.rooms.list) == 0 }

func (m *metronome) end() {
	if m.idle() {
		select {
		case m.empty <- struct{}{}:
		default:
		}
	}
}

func (r *roster) enter(p paced) {
	r.list = append(r.list, p)
	*p.at() = place(len(r.list))
}

// leave puts the last one into the place that becomes free.
func (r *roster) leave(p paced) {
	end := len(r.list) - 1
	last := r.list[end]
	r.list[*p.at()-1], *last.at() = last, *p.at()
	r.list[end] = nil
	r.list = r.list[:end]
	*p.at() = 0
}

// run pulls until nobody is left.
func (m *metronome) run(empty <-chan struct{}) {
	beat := beat{next: time.Now()}
	timer := time.NewTimer(0)
	defer timer.Stop()
	m.crew = newCrew(runtime.GOMAXPROCS(0) - 1)
	defer m.crew.dismiss()
	for m.goesOn() {
		select {
		case <-empty:
		case <-timer.C:
			now := time.Now()
			slot, frames := beat.due(now)
			for i := range frames {
				m.pull(now, slot.Add(time.Duration(i)*framePeriod))
			}
			timer.Reset(time.Until(beat.next))
		}
	}
}

// goesOn tells the goroutine whether it is needed. After a no it must end.
func (m *metronome) goesOn() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.idle() {
		m.empty = nil
	}
	return m.empty != nil
}

// turn is how many players are pulled before other goroutines may run: a quarter
// of a millisecond's work, since packets that are relayed wait for it.
const turn = 64

// pull takes a frame of everything. slot is the time for which it is meant.
func (m *metronome) pull(now, slot time.Time) {
	m.mu.Lock()
	players, rooms := m.players.copied(), m.rooms.copied()
	m.mu.Unlock()
	for i, p := range players {
		p.pull(now, slot)
		if i%turn == turn-1 {
			runtime.Gosched()
		}
	}
	m.crew.pull(rooms, now, slot)
	clear(players)
	clear(rooms)
}

func (r *roster) copied() []paced {
	r.pulled = append(r.pulled[:0], r.list...)
	return r.pulled
}

// beat is a schedule of frames that does not drift: the time of a frame is
// counted from the first one, not from when the last one was sent.
type beat struct{ next time.Time }

// due gives the frames for which it is time: the slot of the first, and how many.
// Who is late catches up with one frame at most. Those before are left out, and
// the timestamps say so; sent all at once they would overrun the jitter buffers
// that have run empty meanwhile.
func (b *beat) due(now time.Time) (slot time.Time, frames int) {
	late := now.Sub(b.next)
	if late < 0 {
		return b.next, 0
	}
	passed := int(late/framePeriod) + 1
	frames = min(passed, 2)
	slot = b.next.Add(time.Duration(passed-frames) * framePeriod)
	b.next = b.next.Add(time.Duration(passed) * framePeriod)
	return slot, frames
}
