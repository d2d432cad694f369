package jitter

import "time"

// playout is where a Buffer stands.
//
//	          packet due
//	pausing -----------------------------------> talking
//	        <-----------------------------------
//	          comfort noise, a key, a gap in the
//	          timestamps, or nothing for 100 ms
type playout struct {
	phase phase
	// begun is set once something was played, quiet when the last packet was an Event.
	begun, quiet bool
	// next is the number that is played next, played has a bit for each one
	// before it, the last being bit 0.
	next   int64
	played uint64
	// position is up to where on the axis something was heard, idle for how long
	// nothing has come.
	position, idle int64
	// usual is how long the last packet was, timestamp what it had.
	usual     int64
	timestamp uint32
	// delay, stretched and shrunk are those of Stats, in ticks.
	delay, stretched, shrunk int64
}

type phase uint8

const (
	pausing phase = iota
	talking
)

// advance goes on by some numbers, the last of which was played or not.
func (p *playout) advance(n int64, played bool) {
	p.next += n
	p.played <<= min(n, window) // a shift by 64 leaves 0
	if played {
		p.played |= 1
	}
}

// Take gives the next frame. It is called every tick until the frames it gave make
// up the tick; want is how many ticks of the RTP clock are still missing, and more
// than 0. Silence, comfort noise and what is concealed for want of packets are no
// longer than that; Voice and Lost are as long as the packet, so what is left over is
// to be kept for the next tick.
func (b *Buffer) Take(now time.Time, want uint32) Frame {
	b.store.recycle()
	local := b.local(now)
	head := b.head()
	if head != nil {
		head = b.trim(local, head)
	}
	switch {
	case b.playout.phase == pausing:
		return b.pause(local, head, want)
	case head == nil:
		return b.starve(want)
	}
	return b.talk(local, head, want)
}

// head is the first packet that waits and makes a sound; nil when there is none.
// Events before it are passed.
func (b *Buffer) head() *slot {
	number := b.playout.next
	for left := b.store.count; left > 0; number++ {
		s := b.store.at(number)
		switch {
		case s == nil:
			continue
		case s.kind != Event:
			return s
		}
		b.passEvent(number)
		left--
	}
	return nil
}

// passEvent passes a packet without sound. If there is nothing behind it, nothing is
// missing there.
func (b *Buffer) passEvent(number int64) {
	b.pass(number)
	b.store.drop(number)
	b.playout.advance(1, true)
	b.playout.quiet = true
}

// trim skips the oldest packets while the delay is above the ceiling, until it is
// what it ought to be.
func (b *Buffer) trim(local int64, head *slot) *slot {
	if b.excess(local, head) <= b.ceiling+b.tick-b.target() {
		return head
	}
	for b.store.count > 1 && b.excess(local, head) > b.tick {
		b.pass(head.number)
		b.skip()
		next := b.head()
		if next == nil {
			break
		}
		head = next
	}
	b.playout.position = head.at
	return b.head()
}

// excess is by how much later than it ought to be a packet would be played now.
func (b *Buffer) excess(local int64, s *slot) int64 {
	return local - s.at - b.transit.fastest - b.target()
}

// pause waits for the beginning of a talk-spurt.
func (b *Buffer) pause(local int64, head *slot, want uint32) Frame {
	if head == nil || b.excess(local, head) < b.ahead(head) {
		return Frame{Kind: Silence, Ticks: want}
	}
	b.pass(head.number)
	if head.kind == Comfort {
		return b.comfort(head, want)
	}
	b.playout.phase = talking
	return b.voice(local, head, want, true)
}

// ahead is how much earlier some packets are taken than they sound, where a tick is not
// one packet or a part of one (see change).
func (b *Buffer) ahead(s *slot) int64 { return b.tick - common(int64(s.ticks), b.tick) }

// starve conceals that nothing is here, and takes it for a pause in the end. No number is
// given up: what comes late is played all the same, and the delay is longer from then
// on.
func (b *Buffer) starve(want uint32) Frame {
	p := &b.playout
	length := min(p.usual, int64(want))
	if p.idle += length; p.quiet || p.idle > b.patience {
		p.phase = pausing
		return Frame{Kind: Silence, Ticks: want}
	}
	p.position += length
	b.stats.Starved++
	return Frame{Kind: Lost, Ticks: uint32(length), Timestamp: p.timestamp + uint32(p.usual)}
}

// talk plays the first packet, or what is missing before it.
func (b *Buffer) talk(local int64, head *slot, want uint32) Frame {
	p := &b.playout
	missing, gap := head.number-p.next, head.at-p.position
	switch {
	case gap <= b.slack:
		b.pass(head.number)
		if head.kind == Comfort {
			return b.comfort(head, want)
		}
		return b.voice(local, head, want, head.start)
	case missing == 0 || gap > (missing+1)*p.usual:
		p.phase = pausing
		return b.pause(local, head, want)
	}
	return b.lost(head, missing, gap)
}

// lost stands for a missing packet: a whole one, or what is left of the gap when it
// is the last.
func (b *Buffer) lost(head *slot, missing, gap int64) Frame {
	p := &b.playout
	length := p.usual
	f := Frame{Kind: Lost, SSRC: head.ssrc, Number: head.pt}
	if missing == 1 || gap <= length {
		length = min(gap, 2*p.usual)
		f.Next = head.payload
	}
	p.timestamp += uint32(p.usual)
	f.Ticks, f.Timestamp = uint32(length), p.timestamp
	p.position += length
	p.advance(1, false)
	b.stats.Lost++
	return f
}

// comfort gives out comfort noise, behind which nothing is expected.
func (b *Buffer) comfort(head *slot, want uint32) Frame {
	b.playout.phase, b.playout.idle = pausing, 0
	return b.give(head, want)
}

// voice gives out a payload, a little longer or shorter than it is when the delay is
// not what it ought to be.
func (b *Buffer) voice(local int64, head *slot, want uint32, start bool) Frame {
	p := &b.playout
	length := int64(head.ticks)
	p.delay = local - head.at - b.transit.fastest
	change := b.change(b.excess(local, head), length, b.tick-int64(want))
	p.stretched += max(change, 0)
	p.shrunk += max(-change, 0)
	p.position, p.idle, p.quiet = head.at+length, 0, false
	if length > 0 {
		p.usual = length
	}
	f := b.give(head, uint32(length+change))
	f.Length, f.Start = uint32(length), start
	return f
}

// change is by how much a packet is made longer, held being the sound that is left
// of those before.
//
// Packets and ticks begin together once in so often (every 20 ms when both are that
// long, every 10 ms when packets are 30 ms long: their common divisor). What is then
// left over is delay for nothing. And it is the packet that is taken when most is left
// which must have come the earliest, so by that one the delay is judged. Up to a
// divisor more than the target is as near as can be: the next step down would be
// below it. Between the bounds there are 5 ms, in which nothing is changed, so that a
// target that goes to and fro is not followed.
func (b *Buffer) change(excess, length, held int64) int64 {
	most := length / 32 / b.grain * b.grain
	step := common(length, b.tick)
	over := max(0, held) % step
	worst := excess + held - (b.tick - step + over)
	switch {
	case worst < 0:
		return min(max(-worst/16/b.grain*b.grain, b.grain), most)
	case worst < b.slack:
		return 0
	case worst <= step+b.slack:
		return -min(over/b.grain*b.grain, b.grain, most)
	}
	return -min(max((worst-step)/16/b.grain*b.grain, b.grain), most)
}

// common is the greatest common divisor of a packet and a tick; a tick for what has
// no length.
func common(a, b int64) int64 {
	for a > 0 {
		a, b = b%a, a
	}
	return max(b, 1)
}

// give takes a packet out.
func (b *Buffer) give(s *slot, length uint32) Frame {
	b.store.remove(s.number)
	b.playout.advance(1, true)
	b.playout.begun, b.playout.timestamp = true, s.timestamp
	b.stats.Played++
	return s.frame(length)
}

// frame is what a packet is as a frame.
func (s *slot) frame(length uint32) Frame {
	return Frame{
		Payload: s.payload, Ticks: length, Length: s.ticks, Timestamp: s.timestamp,
		SSRC: s.ssrc, Number: s.pt, Kind: s.kind, Marker: s.marker, Start: s.start,
	}
}
