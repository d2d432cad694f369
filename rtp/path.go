package rtp

import (
	"sync/atomic"
	"time"
)

// source is where packets come in that others hear: the first of the paths which
// they take. The list is swapped as a whole, and read without a lock.
type source struct {
	paths atomic.Pointer[path]
	// player is whose source it is; nil for a far end's and a feed's, which come by
	// themselves.
	player *Player
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
}

// rewrite is what becomes of one payload number on a path.
type rewrite struct {
	// from is the number on the source's side, to that on the listener's.
	from, to uint8
	// rate is the codec's clock.
	rate  uint32
	codec *Codec
}

// listener is where paths end: a session's far end or a sink. What transcodes or
// mixes will be one too.
type listener interface {
	// match appends what becomes of a source's payloads, that first which the
	// listener likes best. The error is ErrNoCodecs, or a noCommonCodec.
	match(list []rewrite, spoken []Payload) ([]rewrite, error)
	// attach says by which path it hears from now on; nil for nothing. It gives the
	// path by which it heard before.
	attach(p *path) (before *path)
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

// hearing is what a session hears at the moment: from whom, and how it was
// shifted on the way.
type hearing struct {
	from *source
	by   shift
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
func (p *Paths) Swap() {
	var left []*path
	for l, way := range p.to {
		if before := l.attach(way); before != nil {
			left = append(left, before)
		}
	}
	for s, first := range p.from {
		s.paths.Store(first)
	}
	for s := range p.from {
		s.settle()
	}
	for _, way := range left {
		way.from.settle()
	}
}

// settle starts or stops a player, after what hears it has changed.
func (s *source) settle() {
	if s.player != nil {
		s.player.clock.settle(s.player)
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
		p.to.hear(now, p, h, packet)
	}
}

// spreadReport carries an RTCP packet along all paths.
func (s *source) spreadReport(packet []byte, heard hearing) {
	for p := s.paths.Load(); p != nil; p = p.next {
		p.to.hearReport(p, packet, heard)
	}
}
