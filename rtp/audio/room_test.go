package audio

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNewRoomRefuses(t *testing.T) {
	for _, c := range []struct {
		table map[int][]Heard
		says  string
	}{
		{map[int][]Heard{1: {{2, 24.1}}}, "listener 1 hears source 2 with a gain of 24.1 dB: it must be a number up to 24"},
		{map[int][]Heard{1: {{2, math.NaN()}}}, "gain of NaN dB"},
		{map[int][]Heard{1: {{2, math.Inf(1)}}}, "gain of +Inf dB"},
		{map[int][]Heard{1: {{2, 0}, {3, 0}, {2, -6}}}, "listener 1 hears source 2 twice: name it once"},
	} {
		if _, err := NewRoom(c.table); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %v, want %q", c.table, err, c.says)
		}
	}
}

// TestNobodyHearsHimself, whatever the table says.
func TestNobodyHearsHimself(t *testing.T) {
	m := newMixer(t, 8000, map[int][]Heard{4: {{4, 0}, {5, 0}}, 5: {{5, 6}, {4, 0}}})
	pcm := slices.Repeat([]int16{1000}, 160)
	got := tick(m, map[int][]int16{4: pcm})
	if got[4][0] != 0 || got[5][0] != 1000 {
		t.Errorf("4 hears %d of himself, 5 hears %d", got[4][0], got[5][0])
	}
}

// TestUsualGains: what most hear is the rule, only the rest is special.
func TestUsualGains(t *testing.T) {
	table := everybody(5)
	table[9] = []Heard{{0, -6}, {1, 0}, {2, math.Inf(-1)}}
	for i := 1; i < 5; i++ {
		table[i][0].Gain = 3 // all but 9 hear 0 louder
	}
	r, err := NewRoom(table)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(r.numbers, []int{0, 1, 2, 3, 4, 9}) || r.usual[0] != gainOf(3) || r.loudest[0] != gainOf(3) || r.usual[1] != unity || r.usual[5] != 0 {
		t.Errorf("members %d, gains %d", r.numbers, r.usual)
	}
	for i, special := range r.special {
		if want := i == 5; want != (len(special) == 1) || len(special) > 1 {
			t.Errorf("%d has %d special ones", r.numbers[i], len(special))
		}
	}
	if r.gain(5, 0) != gainOf(-6) || r.gain(5, 2) != 0 || r.gain(-1, 0) != 0 || r.gain(0, 6) != 0 || r.gain(1, 0) != gainOf(3) {
		t.Error("a gain is another one")
	}
}

// TestRoomKeepsEveryGain: however a table is cut into rule and exceptions, each
// gain is still there.
func TestRoomKeepsEveryGain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOfNDistinct(rapid.IntRange(-9, 200), 1, 70, rapid.ID[int]).Draw(t, "numbers")
		table := make(map[int][]Heard)
		for k, listener := range numbers {
			gain := float64(rapid.IntRange(-3, 3).Draw(t, "gain"))
			for i, source := range numbers {
				if (i+k)%3 > 0 {
					table[listener] = append(table[listener], Heard{source, gain * float64(i%2)})
				}
			}
		}
		r, err := NewRoom(table)
		if err != nil {
			t.Fatal(err)
		}
		for _, listener := range numbers {
			for _, source := range numbers {
				got := float64(r.gain(r.indexOf(listener), r.indexOf(source))) / unity
				if want := naiveGain(table, listener, source); !near(got, want, 1e-6) {
					t.Fatalf("%d hears %d with %g, want %g", listener, source, got, want)
				}
			}
		}
	})
}
