package rtp

import (
	"sync/atomic"
	"time"
)

// source is where packets come in that others hear: the first of the paths which
// they take. The list is swapped as a whole, and read without a lock.
type source struct {
	paths atomic.Pointer[path]
	// maker is what makes the packets; nil for a far end's, which come by themselves, and
	// with RTCP beside them.
	maker maker
}

// maker is what stands behind a source whose sound is made here.
type maker interface {
	// settle starts or stops it, after what hears it has changed.
	settle()
}

// path is one source heard by one listener. It does not change once it is in
// force. With thousands of calls nothing of a call is in the processor's cache
// when its packet comes, so a path is one piece of memory: the list goes through
// the paths themselves, and the rewrites of most lie within it.
type path struct {
	from     *source
	to       listener
	next     *path
	rewrites []rewrite
	inline   [4]rewrite
	// muted is set while a key sounds in what comes, and nothing is to pass since the
	// listener is told of the key; nil where all passes.
	muted *atomic.Bool
}

// rewrite is what becomes of one payload number on a path.
type rewrite struct {
	// from is the number on the source's side, to that on the listener's.
	from, to uint8
	// rate is the codec's clock.
	rate  uint32
	codec *Codec
}

// listener is where paths end: a session's far end, a sink, and what transcodes or
// mixes.
type listener interface {
	// match appends what becomes of a source's payloads, that first which the
	// listener likes best. The error is ErrNoCodecs, or a noCommonCodec.
	match(list []rewrite, spoken []Payload) ([]rewrite, error)
	// attach says by which path it hears from now on; nil for nothing. It gives the
	// path by which it heard before.
	attach(p *path) (before *path)
	// current is the path by which it hears; nil for none.
	current() *path
	// hearsBy tells whether a path is the one by which it hears. A path from the
	// same source that has been compiled again is.
	hearsBy(p *path) bool
	// hear takes a packet. It may change the fixed header in the packet, not the
	// payload.
	hear(now time.Time, p *path, h header, packet []byte)
	// hearReport takes a valid RTCP compound packet; heard is the shift of what
	// the packet's sender hears itself.
	hearReport(p *path, packet []byte, heard hearing)
}

// frameListener is a listener that takes a player's sound before it is encoded: a
// frame of 20 ms at a rate in Hz, which it must not change, and for how long the player
// was silent before.
type frameListener interface {
	hearFrame(now time.Time, silent time.Duration, pcm []int16, rate int)
}

// hearing is what a session hears at the moment: from whom, and how it was
// shifted on the way.
type hearing struct {
	from *source
	by   shift
	// at is when the report came that this goes with.
	at time.Time
}

// rewrite finds what becomes of a payload number; nil when the listener did not
// negotiate its codec.
func (p *path) rewrite(number uint8) *rewrite {
	for i := range p.rewrites {
		if p.rewrites[i].from == number {
			return &p.rewrites[i]
		}
	}
	return nil
}

// rewriteOf finds what becomes of a codec; nil when the listener does not take it.
func (p *path) rewriteOf(c Codec) *rewrite {
	for i := range p.rewrites {
		if p.rewrites[i].codec.Is(c) {
			return &p.rewrites[i]
		}
	}
	return nil
}

// audible tells whether anything passes that can be listened to.
func audible(list []rewrite) bool {
	for i := range list {
		if !list[i].codec.accompanies() {
			return true
		}
	}
	return false
}

// Swap puts the paths in force, one source after the other. A listener is told
// first, so that what the old source still sends is dropped rather than mixed
// into the new one's stream. Players begin when all is in force, and those that
// nobody hears any more stop, also one that is not among the ends.
//
// Swap once, and before the same ends are compiled again: what the old paths no longer
// need has ended then.
func (p *Paths) Swap() {
	for t, dB := range p.gains {
		t.setGain(dB)
	}
	left := make(map[listener]*path)
	for l, way := range p.to {
		if before := l.attach(way); before != nil {
			left[l] = before
		}
	}
	for l, before := range left {
		if s := seatOf(before); s != nil && seatOf(p.to[l]) != s {
			s.depart()
		}
	}
	if m := &p.mix; m.room != nil {
		m.room.set(m.who, m.hearing, m.tell)
	}
	for s, first := range p.from {
		handOver(s.paths.Swap(first), first)
	}
	if p.mix.room != nil {
		p.mix.room.settle()
	}
	for s := range p.from {
		s.settle()
	}
	for s, wanted := range p.tones {
		s.listenForTones(time.Now(), wanted)
	}
	for l, before := range left {
		before.retire(p.to[l])
	}
}

// retire ends what only an old path has needed; after is the one in its place, or nil.
func (p *path) retire(after *path) {
	p.from.settle()
	old := mouthOf(p)
	if after == nil || after.from != p.from {
		switch m := p.from.maker.(type) {
		case *transcoder:
			m.close()
		case *seat:
			m.left.Store(true)
		}
	}
	if old != nil && mouthOf(after) != old {
		old.close()
	}
}

// mouthOf is the mouth by which a listener hears; nil when its sound is not made here.
func mouthOf(p *path) *mouth {
	if p == nil {
		return nil
	}
	switch m := p.from.maker.(type) {
	case *transcoder:
		return m.mouth
	case *seat:
		return m.mouth
	}
	return nil
}

// settle starts or stops what makes the packets.
func (s *source) settle() {
	if s.maker != nil {
		s.maker.settle()
	}
}

// heard tells whether anybody hears the source.
func (s *source) heard() bool {
	for p := s.paths.Load(); p != nil; p = p.next {
		if p.to.hearsBy(p) {
			return true
		}
	}
	return false
}

// spread carries a packet along all paths. Each listener writes all fields that
// differ, so that they may share the packet.
func (s *source) spread(now time.Time, h header, packet []byte) {
	for p := s.paths.Load(); p != nil; p = p.next {
		if p.muted != nil && p.muted.Load() {
			continue
		}
		p.to.hear(now, p, h, packet)
	}
}

// spreadReport carries an RTCP packet along all paths.
func (s *source) spreadReport(packet []byte, heard hearing) {
	for p := s.paths.Load(); p != nil; p = p.next {
		p.to.hearReport(p, packet, heard)
	}
}
