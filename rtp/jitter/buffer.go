package jitter

import (
	"cmp"
	"fmt"
	"time"
)

// Options are those of a Buffer and a Sequencer.
type Options struct {
	// Clock is the RTP clock in Hz, 8,000 to 192,000 (codec.Shape.Clock).
	Clock uint32
	// Tick is how often frames are taken; 0 means 20 ms. A Sequencer has none.
	Tick time.Duration
	// Floor and Ceiling are the least and the most that the delay may be; 0 means 10 ms
	// and 200 ms.
	Floor, Ceiling time.Duration
	// Wait is how long a Sequencer waits for a missing packet at most; 0 means 30 ms.
	Wait time.Duration
}

// Limits of options.
const (
	minClock, maxClock = 8000, 192000
	maxDelay           = 500 * time.Millisecond
)

// complete sets what was not said and checks the rest.
func (o Options) complete() (Options, error) {
	o.Tick = cmp.Or(o.Tick, 20*time.Millisecond)
	o.Floor = cmp.Or(o.Floor, 10*time.Millisecond)
	o.Ceiling = cmp.Or(o.Ceiling, 200*time.Millisecond)
	o.Wait = cmp.Or(o.Wait, 30*time.Millisecond)
	switch {
	case o.Clock < minClock || o.Clock > maxClock:
		return o, fmt.Errorf("%w: a clock of %d Hz: give the RTP clock of the codec, %d to %d", ErrOptions, o.Clock, minClock, maxClock)
	case o.Tick < 0 || o.Tick > maxDelay:
		return o, fmt.Errorf("%w: a tick of %v: it must be up to %v", ErrOptions, o.Tick, maxDelay)
	case o.Floor < 0 || o.Ceiling < o.Floor || o.Ceiling > maxDelay:
		return o, fmt.Errorf("%w: a delay from %v to %v: it must grow, up to %v", ErrOptions, o.Floor, o.Ceiling, maxDelay)
	case o.Wait < 0 || o.Wait > maxDelay:
		return o, fmt.Errorf("%w: a wait of %v: it must be up to %v", ErrOptions, o.Wait, maxDelay)
	}
	return o, nil
}

// limits are durations in ticks of the RTP clock.
type limits struct {
	clock int64
	// tick is how often sound is taken, grain by what steps a frame may differ.
	tick, grain    int64
	floor, ceiling int64
	// patience is how long what does not come is concealed, seamless which gap is
	// none where a stream resumes, wild how far a packet may be off, slack by how
	// much the delay may miss its target.
	patience, seamless, wild, slack int64
}

// ticks is a duration in ticks of a clock. Seconds and the rest are computed apart,
// so that a call may last for years.
func ticks(d time.Duration, clock int64) int64 {
	return int64(d/time.Second)*clock + int64(d%time.Second)*clock/int64(time.Second)
}

func newLimits(o Options) limits {
	clock := int64(o.Clock)
	in := func(d time.Duration) int64 { return ticks(d, clock) }
	return limits{
		clock: clock, tick: in(o.Tick), grain: clock / 4000, floor: in(o.Floor), ceiling: in(o.Ceiling),
		patience: in(100 * time.Millisecond), seamless: in(60 * time.Millisecond), wild: in(2 * time.Second), slack: in(5 * time.Millisecond),
	}
}

// duration is ticks as time.
func (l *limits) duration(ticks int64) time.Duration {
	return time.Duration(ticks) * time.Second / time.Duration(l.clock)
}

// Buffer is the adaptive buffer of one stream. Put and Take are for one goroutine at
// a time.
type Buffer struct {
	limits
	begun   time.Time
	store   store
	numbers numbering
	line    timeline
	transit transit
	playout playout
	stats   Stats
}

// New makes a buffer, the error of which wraps ErrOptions.
func New(o Options) (*Buffer, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	b := &Buffer{limits: newLimits(o)}
	b.transit.length, b.transit.bin = 2*b.clock, b.clock/200
	b.playout.usual = b.tick
	return b, nil
}

// local is a time on the buffer's axis, which begins with the first packet.
func (b *Buffer) local(now time.Time) int64 { return ticks(now.Sub(b.begun), b.clock) }

// Put takes a packet at the time when it came. What is not wanted any more is
// counted and forgotten.
func (b *Buffer) Put(now time.Time, p Packet) {
	b.stats.Received++
	if b.begun.IsZero() {
		b.begun = now
	}
	if len(p.Payload) > MaxPayload || int64(p.Ticks) > b.wild {
		b.stats.Strays++
		return
	}
	number, v := b.numbers.place(now, p.SSRC, p.Sequence)
	if v == stray {
		b.stats.Strays++
		return
	}
	b.accept(b.local(now), number, v, &p)
}

// accept places a packet on the axis, measures it and keeps it.
func (b *Buffer) accept(local, number int64, v verdict, p *Packet) {
	if b.store.at(number) != nil {
		b.stats.Duplicates++
		return
	}
	at, ok := b.locate(local, number, v, p)
	switch {
	case !ok:
		b.stats.Strays++
		return
	case number < b.playout.next:
		b.reject(number)
		return
	}
	b.makeRoom(number)
	kept := b.store.put(number, p)
	kept.at, kept.start = at, v == begins
}

// locate gives the place of a packet's sound; false when that cannot be. An Event
// has none: its timestamp is that of a key's beginning.
func (b *Buffer) locate(local, number int64, v verdict, p *Packet) (at int64, ok bool) {
	switch {
	case p.Kind == Event && v == begins:
		// The first packet of a row that has a timestamp to go by is yet to come.
		b.line.jump, b.line.before = number, b.line.last
		b.line.last = mark{max(b.line.end, local-b.transit.fastest), p.Timestamp}
		return b.line.last.at, true
	case p.Kind == Event:
		return b.line.end, true
	case v == behind:
		at = b.line.of(number, p.Timestamp)
		if off := local - at - b.transit.fastest; off > b.wild || off < -b.wild {
			return 0, false
		}
	default:
		at = b.newest(local, number, v, p)
		b.line.extend(number, at, p)
	}
	b.transit.add(local, local-at)
	return at, true
}

// newest places the newest packet. Its timestamp is believed unless it goes back, or
// the packet would have taken less time than any other by more than the ceiling, or so
// much more that nobody waits for it: then the sender counts anew.
func (b *Buffer) newest(local, number int64, v verdict, p *Packet) int64 {
	if !b.transit.begun {
		b.line.jump, b.line.end = number, local
		return local
	}
	at := b.line.last.of(p.Timestamp)
	took := local - at - b.transit.fastest
	if v == follows && at >= b.line.last.at && took >= -b.ceiling && took <= b.ceiling+2*b.tick {
		return at
	}
	b.stats.Restarts++
	return b.line.resume(number, local-b.transit.fastest, b.seamless, p)
}

// reject counts a packet whose place has been given out. A bit for each of the last
// 64 tells whether it was played.
func (b *Buffer) reject(number int64) {
	if behind := b.playout.next - 1 - number; behind < window && b.playout.played>>behind&1 != 0 {
		b.stats.Duplicates++
		return
	}
	b.stats.Late++
}

// makeRoom lets the oldest packets go for a new one that would not fit into the
// window with them.
func (b *Buffer) makeRoom(number int64) {
	if b.store.count == 0 && number-b.playout.next >= window {
		b.pass(number)
	}
	for number-b.playout.next >= window {
		b.skip()
	}
}

// skip gives up the next number.
func (b *Buffer) skip() {
	number := b.playout.next
	if b.store.at(number) != nil {
		b.store.drop(number)
		b.stats.Skipped++
	} else {
		b.stats.Lost++
	}
	b.playout.advance(1, false)
}

// pass gives up all numbers before one, of which no packet is here.
func (b *Buffer) pass(number int64) {
	missing := number - b.playout.next
	if b.playout.begun {
		b.stats.Lost += uint64(missing)
	}
	b.playout.advance(missing, false)
}

// Stats tells what became of the packets.
func (b *Buffer) Stats() Stats {
	s := b.stats
	s.Delay, s.Target = b.duration(b.playout.delay), b.duration(b.target())
	s.Stretched, s.Shrunk = b.duration(b.playout.stretched), b.duration(b.playout.shrunk)
	return s
}

// target is by how much later than the fastest one a packet is to be played.
func (b *Buffer) target() int64 { return min(max(b.transit.wanted(), b.floor), b.ceiling) }
