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

// metronome pulls the players of an engine every 20 ms. Its goroutine runs while
// somebody is playing, and ends with the last of them.
//
// The zero value has nobody playing.
type metronome struct {
	mu sync.Mutex
	// playing are the players that somebody hears. Each knows its place.
	playing []*Player
	// empty tells the goroutine that nobody is left; nil while there is none.
	empty chan struct{}

	// pulled is a copy of playing, the goroutine's own: a player that starts or
	// stops must not wait for all others to be pulled.
	pulled []*Player
}

// settle takes a player in or out, by whether somebody hears it now. Whoever
// changes that calls it afterwards; so the last one to call has seen how it is.
func (m *metronome) settle(p *Player) {
	m.mu.Lock()
	defer m.mu.Unlock()
	playing := p.place > 0
	switch heard := !p.over.Load() && p.source.heard(); {
	case heard && !playing:
		m.enter(p)
	case !heard && playing:
		m.leave(p)
	}
}

func (m *metronome) enter(p *Player) {
	m.playing = append(m.playing, p)
	p.place = len(m.playing)
	if m.empty == nil {
		m.empty = make(chan struct{}, 1)
		go m.run(m.empty)
	}
}

// leave puts the last player into the place that becomes free.
func (m *metronome) leave(p *Player) {
	end := len(m.playing) - 1
	last := m.playing[end]
	m.playing[p.place-1], last.place = last, p.place
	m.playing[end] = nil
	m.playing = m.playing[:end]
	p.place = 0
	if end == 0 {
		select {
		case m.empty <- struct{}{}:
		default:
		}
	}
}

// run pulls until nobody is left.
func (m *metronome) run(empty <-chan struct{}) {
	beat := beat{next: time.Now()}
	timer := time.NewTimer(0)
	defer timer.Stop()
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
	if len(m.playing) == 0 {
		m.empty = nil
	}
	return m.empty != nil
}

// turn is how many players are pulled before other goroutines may run: a quarter
// of a millisecond's work, since packets that are relayed wait for it.
const turn = 64

// pull takes a frame of each player. slot is the time for which it is meant.
func (m *metronome) pull(now, slot time.Time) {
	m.mu.Lock()
	m.pulled = append(m.pulled[:0], m.playing...)
	m.mu.Unlock()
	for i, p := range m.pulled {
		p.pull(now, slot)
		if i%turn == turn-1 {
			runtime.Gosched()
		}
	}
	clear(m.pulled)
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
