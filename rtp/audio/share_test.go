package audio

import (
	"slices"
	"testing"
)

// TestAlikeDoesNotTrustTheHash: groups are compared by what they hear. Sources
// are 10 to 13, of whom 13 does not talk.
func TestAlikeDoesNotTrustTheHash(t *testing.T) {
	m := newMixer(t, 8000, map[int][]Heard{
		0: {{10, 0}, {11, 0}},
		1: {{10, 0}, {11, 0}},
		2: {{10, 0}, {11, 0}, {13, 0}},
		3: {{10, 0}},
		4: {{10, 0}, {11, -6}},
		5: {{10, 0}, {11, -6}, {13, 3}},
		6: {{10, 0}, {11, -7}},
		7: {{10, 0}, {11, 0}}, // with another limiter
		8: {{13, 0}},
		9: {},
	})
	m.members[7].factor = 0.5
	m.members[8].factor = 0.5
	for source := 10; source < 13; source++ {
		m.Put(source, slices.Repeat([]int16{1000}, 160))
	}
	m.listen()
	var groups []group
	for i := range 10 {
		g := m.groupOf(i)
		g.set = slices.Clone(g.set)
		groups = append(groups, g)
	}
	same := [][]int{{0, 1, 2}, {3}, {4, 5}, {6}, {7}, {8, 9}}
	for i := range groups {
		for k := range groups {
			want := slices.ContainsFunc(same, func(s []int) bool { return slices.Contains(s, i) && slices.Contains(s, k) })
			if got := m.alike(&groups[i], &groups[k]); got != want {
				t.Errorf("%d and %d are alike: %v", i, k, got)
			}
			if equal := groups[i].hash == groups[k].hash; equal != want {
				t.Errorf("%d and %d have one hash: %v", i, k, equal)
			}
		}
	}
}

// TestWhoseGainsFadeOtherwiseIsNotAlike: two who will hear the same come from
// different rooms.
func TestWhoseGainsFadeOtherwiseIsNotAlike(t *testing.T) {
	m := newMixer(t, 8000, map[int][]Heard{0: {{9, 0}}, 1: {{9, -6}}, 2: {{9, 0}}, 3: {}})
	pcm := slices.Repeat([]int16{8000}, 160)
	tick(m, map[int][]int16{9: pcm})
	enter(t, m, map[int][]Heard{0: {}, 1: {}, 2: {}, 3: {}})
	m.Put(9, pcm)
	var listeners [][]int
	for _, out := range m.Tick() {
		listeners = append(listeners, slices.Clone(out.Listeners))
		if first := out.PCM[0]; first != map[int]int16{0: 8000, 1: 4009, 3: 0}[out.Listeners[0]] {
			t.Errorf("%d begin with %d", out.Listeners, first)
		}
	}
	if !slices.EqualFunc(listeners, [][]int{{0, 2}, {1}, {3}}, slices.Equal) {
		t.Errorf("frames for %d", listeners)
	}
}

// TestSlotsThatCollide: a full table of hashes still tells groups apart.
func TestSlotsThatCollide(t *testing.T) {
	m := newMixer(t, 8000, everybody(40))
	for i := range 40 {
		m.Put(i, slices.Repeat([]int16{int16(100 + i)}, 160))
	}
	m.share.slots = m.share.slots[:40] // as many as groups
	outputs := m.Tick()
	for _, out := range outputs {
		want := 40*100 + 39*40/2 - (100 + out.Listeners[0])
		if len(out.Listeners) != 1 || int(out.PCM[0]) != want {
			t.Errorf("%d hear %d, want %d", out.Listeners, out.PCM[0], want)
		}
	}
	if len(outputs) != 40 {
		t.Errorf("%d frames", len(outputs))
	}
}
