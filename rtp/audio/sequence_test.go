package audio

import (
	"slices"
	"testing"
	"time"
)

// counted is a source of a rate that gives some numbers.
type counted struct {
	rate int
	left []int16
}

func (c *counted) Rate() int { return c.rate }

func (c *counted) Fill(pcm []int16) int {
	n := copy(pcm, c.left)
	c.left = c.left[n:]
	return n
}

func counting(rate int, numbers ...int16) func() Source {
	return func() Source { return &counted{rate, numbers} }
}

// drawn takes n samples in frames of a size, or fewer when there are no more.
func drawn(s Source, n, size int) (all []int16) {
	frame := make([]int16, size)
	for len(all) < n {
		got := s.Fill(frame[:min(size, n-len(all))])
		if got == 0 {
			break
		}
		all = append(all, frame[:got]...)
	}
	return all
}

// TestSequence: parts follow each other without a seam, whatever the frames.
func TestSequence(t *testing.T) {
	none := func() Source { return nil }
	tests := map[string]struct {
		rounds int
		parts  []func() Source
		want   []int16
	}{
		"once":               {1, []func() Source{counting(8000, 1, 2, 3), counting(8000, 4, 5)}, []int16{1, 2, 3, 4, 5}},
		"twice":              {2, []func() Source{counting(8000, 1), counting(8000, 2, 3)}, []int16{1, 2, 3, 1, 2, 3}},
		"forever":            {0, []func() Source{counting(8000, 1, 2)}, []int16{1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2}},
		"an empty part":      {1, []func() Source{counting(8000, 1), counting(8000), counting(8000, 2)}, []int16{1, 2}},
		"no part":            {1, []func() Source{none, counting(8000, 2)}, []int16{2}},
		"another rate":       {1, []func() Source{counting(16000, 1), counting(8000, 2)}, []int16{2}},
		"nothing":            {1, nil, nil},
		"nothing, forever":   {0, nil, nil},
		"silence, forever":   {0, []func() Source{counting(8000)}, nil},
		"no source, forever": {0, []func() Source{none}, nil},
	}
	for name, tt := range tests {
		for _, size := range []int{1, 2, 5, 160} {
			s := NewSequence(8000, tt.rounds, tt.parts...)
			if got := drawn(s, 12, size); !slices.Equal(got, tt.want) {
				t.Errorf("%s in frames of %d: %v, want %v", name, size, got, tt.want)
			}
		}
	}
}

// TestSequenceEnds: what is over stays so, and says so at the end of its last frame.
func TestSequenceEnds(t *testing.T) {
	s := NewSequence(8000, 1, counting(8000, 1, 2, 3))
	frame := make([]int16, 5)
	for i, want := range []int{3, 0, 0} {
		if n := s.Fill(frame); n != want {
			t.Errorf("frame %d has %d samples, want %d", i, n, want)
		}
	}
	if s.Rate() != 8000 {
		t.Errorf("its rate is %d", s.Rate())
	}
}

// TestCut: a sound is as long as it may be, and no longer than it is.
func TestCut(t *testing.T) {
	endless := func() Source { return NewSequence(8000, 0, counting(8000, 1, 2, 3)) }
	if n := len(drawn(Cut(endless(), time.Second), 20000, 160)); n != 8000 {
		t.Errorf("a second has %d samples", n)
	}
	if n := len(drawn(Cut(counting(8000, 1, 2)(), time.Second), 20000, 160)); n != 2 {
		t.Errorf("two samples are %d", n)
	}
}
