package jitter

import "time"

// Depths of reordering: how many later packets show that one is lost.
const (
	firstDepth, leastDepth, mostDepth = 2, 1, 8
	// calm is after how many packets in order the depth becomes less.
	calm = 512
	// mostLost is how many packets in a row are given out as Lost. After more it
	// is no use to conceal.
	mostLost = 5
)

// Sequencer passes on the packets of one stream in order, each as soon as there is
// nothing missing before it. It is for one goroutine at a time:
//
//	s.Put(now, packet)
//	for f, ok := s.Next(now); ok; f, ok = s.Next(now) { ... }
//
// and Next again at Due, when nothing has come. A number is given up when a few later
// packets have come, as many as packets have overtaken each other in this stream
// lately (1 to 8), or after Options.Wait.
type Sequencer struct {
	wait    time.Duration
	store   store
	numbers numbering
	// next is the number to be passed on next, played has a bit for each one before
	// it.
	next   int64
	played uint64
	// since is when the first packet came that waits for the missing one.
	since time.Time
	// depth is how many must wait until that is lost, inOrder how many have come in
	// order since it changed.
	depth, inOrder int64
	// lost is how many were given out as Lost in a row, usual how long a packet is
	// and timestamp that of the last one.
	lost             int64
	usual, timestamp uint32
	stats            Stats
	// broken is set when numbers were passed over.
	broken bool
}

// NewSequencer makes a Sequencer, the error of which wraps ErrOptions.
func NewSequencer(o Options) (*Sequencer, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	return &Sequencer{wait: o.Wait, depth: firstDepth}, nil
}

// Put takes a packet at the time when it came. All frames that Next has are to be
// taken before.
func (s *Sequencer) Put(now time.Time, p Packet) {
	s.stats.Received++
	if len(p.Payload) > MaxPayload {
		s.stats.Strays++
		return
	}
	number, v := s.numbers.place(now, p.SSRC, p.Sequence)
	switch {
	case v == stray:
		s.stats.Strays++
	case s.store.at(number) != nil:
		s.stats.Duplicates++
	case v != begins && number < s.next:
		s.reject(number)
	default:
		s.keep(now, number, v, &p)
	}
}

func (s *Sequencer) keep(now time.Time, number int64, v verdict, p *Packet) {
	for number-s.next >= window {
		s.giveUp()
	}
	if s.store.count == 0 {
		s.since = now
	}
	s.store.put(number, p).start = v == begins
	if v == begins {
		s.restart(number)
	}
}

// restart gives up what is missing of the row before.
func (s *Sequencer) restart(number int64) {
	if s.stats.Played > 0 {
		s.stats.Restarts++
	}
	if s.store.count == 1 {
		s.advance(number-s.next, false)
	}
}

// reject counts a packet that came after its number was given up, and learns of it
// for how many to wait.
func (s *Sequencer) reject(number int64) {
	behind := s.next - 1 - number
	if behind < window && s.played>>behind&1 != 0 {
		s.stats.Duplicates++
		return
	}
	s.stats.Late++
	s.depth, s.inOrder = min(max(s.depth, behind+1), mostDepth), 0
}

// giveUp passes over a number; a packet that is there is skipped.
func (s *Sequencer) giveUp() {
	if s.store.at(s.next) != nil {
		s.store.drop(s.next)
		s.stats.Skipped++
	} else {
		s.stats.Lost++
	}
	s.broken = true
	s.advance(1, false)
}

func (s *Sequencer) advance(n int64, played bool) {
	s.next += n
	s.played <<= min(n, window)
	if played {
		s.played |= 1
	}
}

// Due is when Next has something to say at the latest though nothing has come: the
// zero time when nothing waits.
func (s *Sequencer) Due() time.Time {
	if s.store.count == 0 {
		return time.Time{}
	}
	return s.since.Add(s.wait)
}

// Next gives the next frame, Voice, Comfort or Lost; false when there is none yet.
func (s *Sequencer) Next(now time.Time) (Frame, bool) {
	s.store.recycle()
	for s.store.count > 0 {
		held := s.store.at(s.next)
		switch {
		case held == nil && !s.proven(now):
			return Frame{}, false
		case held == nil && s.lost < mostLost:
			return s.missing(), true
		case held == nil:
			s.giveUp()
		case held.kind == Event:
			s.event(now)
		default:
			return s.pass(now, held), true
		}
	}
	return Frame{}, false
}

// proven tells whether the next number is lost.
func (s *Sequencer) proven(now time.Time) bool {
	return int64(s.store.count) >= s.depth || !now.Before(s.since.Add(s.wait)) || s.restarted()
}

// restarted tells whether the sender has begun anew behind the missing number: then
// it is not waited for.
func (s *Sequencer) restarted() bool { return s.numbers.first > s.next }

// missing gives out the next number as Lost.
func (s *Sequencer) missing() Frame {
	f := Frame{Kind: Lost, Ticks: s.usual, Timestamp: s.timestamp + s.usual}
	if after := s.store.at(s.next + 1); after != nil {
		f.SSRC, f.Number = after.ssrc, after.pt
		if after.kind == Voice && !after.start {
			f.Next = after.payload
		}
	}
	s.timestamp = f.Timestamp
	s.advance(1, false)
	s.stats.Lost++
	s.lost++
	return f
}

func (s *Sequencer) event(now time.Time) {
	s.store.drop(s.next)
	s.passed(now)
}

// pass gives out the next packet.
func (s *Sequencer) pass(now time.Time, held *slot) Frame {
	s.store.remove(s.next)
	s.timestamp = held.timestamp
	if held.kind == Voice && held.ticks > 0 {
		s.usual = held.ticks
	}
	f := held.frame(held.ticks)
	f.Start = f.Start || s.broken
	s.stats.Played++
	s.passed(now)
	return f
}

// passed goes on behind a packet. Those behind the next gap wait from now on.
func (s *Sequencer) passed(now time.Time) {
	s.advance(1, true)
	s.lost, s.broken, s.since = 0, false, now
	if s.inOrder++; s.inOrder >= calm {
		s.depth, s.inOrder = max(s.depth-1, leastDepth), 0
	}
}

// Stats tells what became of the packets.
func (s *Sequencer) Stats() Stats { return s.stats }
