package audio

import "math/bits"

// sums adds up. It keeps some sums of a tick, and makes each further one of that
// which is nearest: where everybody hears everybody else, of the sum of all by
// taking one out.
type sums struct {
	// kept are sums of this tick, as many as used. The first is of nothing.
	kept []kept
	used int
	// steps make the next sum out of another.
	steps   []step
	scratch []int64
	// frames has room for each group's frame.
	frames []int16
}

// kept is the sum of a set of sources with their usual gains.
type kept struct {
	set []uint64
	sum []int64
}

// step adds a source with a gain; it takes it out with a negative one. Where it
// fades, the gain goes to 0 over the frame.
type step struct {
	source int
	gain   int64
	fades  bool
}

// mostKept bounds the memory that a mixer takes: a sum has 8 octets a sample.
const mostKept = 16

func (s *sums) prepare(room *Room, samples, members int) {
	n := min(mostKept, len(room.numbers)) + 1
	sets, sound := make([]uint64, n*room.words), make([]int64, (n+1)*samples)
	*s = sums{
		kept:    make([]kept, n),
		steps:   make([]step, 0, 2*members),
		scratch: sound[:samples],
		frames:  make([]int16, len(room.numbers)*samples),
	}
	for i := range s.kept {
		sound = sound[samples:]
		s.kept[i] = kept{sets[i*room.words : (i+1)*room.words], sound[:samples]}
	}
}

// mix makes each group's frame.
func (m *Mixer) mix() {
	m.sums.used = 1
	if count(m.active) > 2 {
		m.sum(m.active)
	}
	frames := m.sums.frames
	for i := range m.share.groups {
		g := &m.share.groups[i]
		g.pcm, g.factor = m.silence, 1
		if g.silent {
			continue
		}
		g.pcm, frames = frames[:m.samples:m.samples], frames[m.samples:]
		g.factor = limited(g.pcm, m.groupSum(g), m.members[g.leader].factor)
	}
}

// groupSum is all that a group hears.
func (m *Mixer) groupSum(g *group) []int64 {
	usual := m.sum(g.set)
	steps := m.sums.steps[:0]
	for _, v := range m.room.special[g.leader] {
		if m.members[v.source].talks {
			steps = append(steps, step{v.source, v.gain, false})
		}
	}
	if m.before != nil {
		for _, source := range m.talking {
			if fade := m.fade(g.leader, source); fade != 0 {
				steps = append(steps, step{source, fade, true})
			}
		}
	}
	return m.build(m.sums.scratch, usual, steps)
}

// sum is the sum of a set of sources with their usual gains. It is kept if there
// is room, and if it is more than one step from another that is.
func (m *Mixer) sum(set []uint64) []int64 {
	s := &m.sums
	from, apart := s.nearest(set)
	if apart == 0 {
		return from.sum
	}
	into := s.scratch
	if apart > 1 && s.used < len(s.kept) {
		k := &s.kept[s.used]
		s.used++
		copy(k.set, set)
		into = k.sum
	}
	return m.build(into, from.sum, m.difference(from.set, set))
}

// nearest finds the kept sum from which it takes the fewest steps to a set.
func (s *sums) nearest(set []uint64) (from *kept, apart int) {
	for i := range s.kept[:s.used] {
		k, steps := &s.kept[i], 0
		for w, word := range set {
			steps += bits.OnesCount64(word ^ k.set[w])
		}
		if from == nil || steps < apart {
			from, apart = k, steps
		}
	}
	return from, apart
}

// difference lists the steps from one set to another.
func (m *Mixer) difference(from, to []uint64) []step {
	steps := m.sums.steps[:0]
	for w, word := range to {
		for rest := word ^ from[w]; rest != 0; rest &= rest - 1 {
			bit := bits.TrailingZeros64(rest)
			gain := m.room.usual[64*w+bit]
			if word>>bit&1 == 0 {
				gain = -gain
			}
			steps = append(steps, step{64*w + bit, gain, false})
		}
	}
	return steps
}

// build makes a sum of another, and gives the other where there are no steps.
// They may be the same.
func (m *Mixer) build(into, from []int64, steps []step) []int64 {
	for _, s := range steps {
		pcm := m.members[s.source].frame
		if s.fades {
			addFading(into, from, pcm, s.gain)
		} else {
			add(into, from, pcm, s.gain)
		}
		from = into
	}
	return from
}

func add(into, from []int64, pcm []int16, gain int64) {
	into, from = into[:len(pcm)], from[:len(pcm)]
	for i, x := range pcm {
		into[i] = from[i] + int64(x)*gain
	}
}

func addFading(into, from []int64, pcm []int16, gain int64) {
	into, from = into[:len(pcm)], from[:len(pcm)]
	lost := gain / int64(len(pcm))
	for i, x := range pcm {
		into[i] = from[i] + int64(x)*gain
		gain -= lost
	}
}

func count(set []uint64) (n int) {
	for _, word := range set {
		n += bits.OnesCount64(word)
	}
	return n
}
