package audio

import (
	"math"
	"slices"
)

// sharing finds the listeners who hear the same in a tick. Two do when the
// sources that are active, as each hears them, have the same gains, when the
// gains that change do so alike, and when their limiters stand alike, which those
// of all do as long as they have nothing to do. It is a hash table of listeners.
type sharing struct {
	groups []group
	// slots has groups by hash, counted from 1.
	slots []int
	// sets has each group's set of sources heard with the usual gain, seats each
	// group's listeners.
	sets  []uint64
	seats []int
}

// group is the listeners of one frame.
type group struct {
	// leader is the first of them, size how many there are.
	leader, size int
	hash         uint64
	set          []uint64
	silent       bool
	// pcm is the frame, factor where their limiters stand after it.
	pcm    []int16
	factor float64
}

func (s *sharing) prepare(room *Room) {
	n := len(room.numbers)
	slots := 4
	for slots < 2*n {
		slots *= 2
	}
	*s = sharing{
		groups: make([]group, 0, n),
		slots:  make([]int, slots),
		sets:   make([]uint64, 0, (n+1)*room.words),
		seats:  make([]int, 0, n),
	}
}

// assemble brings the room's listeners into groups.
func (m *Mixer) assemble() {
	s := &m.share
	s.groups, s.sets = s.groups[:0], s.sets[:0]
	clear(s.slots)
	for i, listens := range m.room.listens {
		if listens {
			m.members[i].group = m.join(i)
		}
	}
}

// join finds a listener's group, or founds it.
func (m *Mixer) join(listener int) int {
	s := &m.share
	g := m.groupOf(listener)
	for slot := g.hash % uint64(len(s.slots)); ; slot = (slot + 1) % uint64(len(s.slots)) {
		k := s.slots[slot] - 1
		if k < 0 {
			s.slots[slot] = len(s.groups) + 1
			s.sets = s.sets[:len(s.sets)+len(g.set)]
			s.groups = append(s.groups, g)
			return len(s.groups) - 1
		}
		if other := &s.groups[k]; other.hash == g.hash && m.alike(&g, other) {
			other.size++
			return k
		}
	}
}

// groupOf describes what a listener hears. The set lies behind the others' and
// stays there only if it founds a group.
func (m *Mixer) groupOf(listener int) group {
	begin := len(m.share.sets)
	g := group{leader: listener, size: 1, set: m.share.sets[begin : begin+m.room.words]}
	heard := uint64(0)
	for k, row := range m.room.row(listener) {
		g.set[k] = row & m.active[k]
		heard |= g.set[k]
		g.hash = hashed(g.hash, g.set[k])
	}
	for _, v := range m.room.special[listener] {
		if m.members[v.source].talks {
			heard = 1
			g.hash = hashed(g.hash, uint64(v.source), uint64(v.gain))
		}
	}
	if m.before != nil {
		for _, source := range m.talking {
			if fade := m.fade(listener, source); fade != 0 {
				heard = 1
				g.hash = hashed(g.hash, uint64(source), uint64(fade))
			}
		}
	}
	if g.silent = heard == 0; !g.silent {
		g.hash = hashed(g.hash, math.Float64bits(m.members[listener].factor))
	}
	return g
}

// hashed mixes words into a hash.
func hashed(hash uint64, words ...uint64) uint64 {
	for _, word := range words {
		hash = (hash ^ word) * 0x9E3779B97F4A7C15
		hash ^= hash >> 32
	}
	return hash
}

// alike tells whether the listeners of two groups hear the same.
func (m *Mixer) alike(a, b *group) bool {
	switch {
	case a.silent || b.silent:
		return a.silent && b.silent
	case m.members[a.leader].factor != m.members[b.leader].factor || !slices.Equal(a.set, b.set):
		return false
	case m.before != nil && !m.fadesAlike(a.leader, b.leader):
		return false
	}
	return m.speciallyAlike(m.room.special[a.leader], m.room.special[b.leader])
}

func (m *Mixer) fadesAlike(a, b int) bool {
	for _, source := range m.talking {
		if m.fade(a, source) != m.fade(b, source) {
			return false
		}
	}
	return true
}

// speciallyAlike compares lists of special sources, but for those who are not
// talking.
func (m *Mixer) speciallyAlike(a, b []voice) bool {
	for {
		a, b = m.skip(a), m.skip(b)
		switch {
		case len(a) == 0 || len(b) == 0:
			return len(a) == len(b)
		case a[0] != b[0]:
			return false
		}
		a, b = a[1:], b[1:]
	}
}

func (m *Mixer) skip(list []voice) []voice {
	for len(list) > 0 && !m.members[list[0].source].talks {
		list = list[1:]
	}
	return list
}

// fade is how much more gain a listener heard a source with in the room before.
func (m *Mixer) fade(listener, source int) int64 {
	return m.before.gain(m.members[listener].was, m.members[source].was) - m.room.gain(listener, source)
}

// seat makes an output of each group.
func (m *Mixer) seat() {
	seats := m.share.seats[:0]
	for _, g := range m.share.groups {
		begin, end := len(seats), len(seats)+g.size
		seats = seats[:end]
		m.outputs = append(m.outputs, Output{Listeners: seats[begin:begin:end], PCM: g.pcm, Silent: g.silent})
	}
	for i, listens := range m.room.listens {
		if l := &m.members[i]; listens {
			out := &m.outputs[l.group]
			out.Listeners = append(out.Listeners, l.number)
			l.factor = m.share.groups[l.group].factor
		}
	}
}
