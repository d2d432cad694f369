package audio

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const ms = time.Millisecond

// pull takes n samples of a source in frames of a size. It fails when there are
// fewer.
func pull(t testing.TB, s Source, n, frame int) []int16 {
	t.Helper()
	pcm := make([]int16, n)
	for rest := pcm; len(rest) > 0; {
		part := rest[:min(frame, len(rest))]
		if got := s.Fill(part); got != len(part) {
			t.Fatalf("%d samples of %d, %d before the end", got, len(part), len(rest))
		}
		rest = rest[len(part):]
	}
	return pcm
}

// spans gives how long a sound is on and off by turns, beginning with on. Zeros
// of less than 2 ms lie within a sine.
func spans(pcm []int16) (lengths []int) {
	const short = 16
	begin, quiet, on := 0, 0, true
	for i, x := range pcm {
		switch {
		case x == 0:
			quiet++
		case !on:
			lengths, begin, on = append(lengths, i-begin), i, true
			fallthrough
		default:
			quiet = 0
		}
		if on && quiet > short {
			lengths, begin, on = append(lengths, i+1-quiet-begin), i+1-quiet, false
		}
	}
	return append(lengths, len(pcm)-begin)
}

// checkSpans compares lengths in samples, which the zeros at the edges of a sine
// make unsharp by a few.
func checkSpans(t testing.TB, what string, pcm []int16, want []Burst) {
	t.Helper()
	var lengths []int
	for _, b := range want {
		lengths = append(lengths, samplesIn(8000, b.On), samplesIn(8000, b.Off))
	}
	got := spans(pcm)
	if !slices.EqualFunc(got, lengths, func(a, b int) bool { return near(float64(a), float64(b), 4) }) {
		t.Errorf("%s: on and off for %d samples, want %d", what, got, lengths)
	}
}

func newCadence(t testing.TB, bursts ...Burst) *Cadence {
	t.Helper()
	c, err := NewCadence(8000, bursts...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCadenceTiming(t *testing.T) {
	tone := []Sine{{1000, -10}}
	bursts := []Burst{{tone, 400 * ms, 200 * ms}, {tone, 400 * ms, 2 * time.Second}, {tone, 165 * ms, 165 * ms}}
	c := newCadence(t, bursts...)
	whole := 8 * 3330
	for range 3 {
		pcm := pull(t, c, whole, 160)
		checkSpans(t, "a round", pcm, bursts)
		level, rest := measure(t, pcm[:3200], 1000)
		if !near(level, -10, 0.01) || rest > -90 {
			t.Errorf("tone %.2f, rest %.2f", level, rest)
		}
	}
}

// TestCadenceDoesNotDrift: burst lengths that are no whole number of samples do
// not add up to another frequency of repetition.
func TestCadenceDoesNotDrift(t *testing.T) {
	odd := 100*ms + 60*time.Microsecond // 800.48 samples
	c := newCadence(t, Burst{[]Sine{{425, -10}}, odd, odd})
	first := pull(t, c, 1601, 160)
	pull(t, c, 998*1601, 160)
	if last := pull(t, c, 1601, 160); !slices.Equal(first, last) {
		t.Error("the thousandth round differs from the first")
	}
}

func TestCadenceDoesNotDependOnFrames(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		bursts := []Burst{{[]Sine{{425, -13}}, 33 * ms, 20 * ms}, {[]Sine{{400, -16}, {450, -16}}, 25 * ms, 0}, {nil, 0, 7 * ms}}
		want := pull(t, newCadence(t, bursts...), 2000, 2000)
		c := newCadence(t, bursts...)
		var got []int16
		for len(got) < len(want) {
			frame := rapid.IntRange(0, 300).Draw(rt, "frame")
			got = append(got, pull(t, c, min(frame, len(want)-len(got)), frame+1)...)
		}
		for i := range want {
			if !near(float64(got[i]), float64(want[i]), 1) {
				rt.Fatalf("sample %d: %d, want %d", i, got[i], want[i])
			}
		}
	})
}

func TestCadenceRefuses(t *testing.T) {
	tone := []Sine{{425, -10}}
	for want, bursts := range map[string][]Burst{
		"without bursts":              nil,
		"burst 2 of a cadence is 0s":  {{tone, ms, 0}, {tone, 0, 0}},
		"burst 1 of a cadence is -1m": {{tone, -ms, time.Second}},
		"1µs on":                      {{tone, time.Microsecond, 0}},
		"between 0 and half of that":  {{[]Sine{{4000, -10}}, ms, ms}},
	} {
		if _, err := NewCadence(8000, bursts...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestSourcesDoNotAllocate(t *testing.T) {
	frame := make([]int16, 160)
	for name, s := range map[string]Source{
		"cadence":  newCadence(t, Ringback.In("GB")...),
		"playback": Tune(8000).Loop(),
		"resample": resampled(t, newCadenceAt(t, 48000), 8000),
	} {
		if n := testing.AllocsPerRun(300, func() { s.Fill(frame) }); n != 0 {
			t.Errorf("%s: %v allocations a frame", name, n)
		}
	}
}

// BenchmarkSources is a frame of 20 ms. The cadence is always on.
func BenchmarkSources(b *testing.B) {
	frame := make([]int16, 160)
	for name, s := range map[string]Source{
		"ringback of two sines": newCadence(b, Burst{Ringback.In("US")[0].Sines, time.Second, 0}),
		"tune":                  Tune(8000).Loop(),
		"from 48 kHz":           resampled(b, newCadenceAt(b, 48000), 8000),
		"from 16 kHz":           resampled(b, newCadenceAt(b, 16000), 8000),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s.Fill(frame)
			}
		})
	}
}

// newCadenceAt costs next to nothing at any rate: it is silent.
func newCadenceAt(t testing.TB, rate int) *Cadence {
	t.Helper()
	c, err := NewCadence(rate, Burst{Off: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
