package audio

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func resampled(t testing.TB, from Source, rate int) Source {
	t.Helper()
	s, err := Resample(from, rate)
	if err != nil {
		t.Fatal(err)
	}
	if s.Rate() != rate {
		t.Fatalf("its rate is %d, want %d", s.Rate(), rate)
	}
	return s
}

// prompt makes a prompt of samples.
func prompt(rate int, pcm ...int16) *Prompt { return &Prompt{rate: rate, pcm: pcm} }

// drain takes a source to its end, in frames of 160.
func drain(s Source) (pcm []int16) {
	frame := make([]int16, 160)
	for n := len(frame); n == len(frame); {
		n = s.Fill(frame)
		pcm = append(pcm, frame[:n]...)
	}
	return pcm
}

// through measures what becomes of a sine of 0 dBFS less 3 dB, at a frequency of
// the output.
func through(t testing.TB, from int, frequency, heard float64) (tone, rest float64) {
	t.Helper()
	source, err := NewTone(from, Sine{frequency, -3})
	if err != nil {
		t.Fatal(err)
	}
	s := resampled(t, source, 8000)
	pull(t, s, 800, 160) // where it begins is a step
	return measure(t, pull(t, s, 2000, 160), heard)
}

// TestPassBand: flat within 0.01 dB up to 3,400 Hz, and nothing is added.
func TestPassBand(t *testing.T) {
	for _, rate := range []int{16000, 48000} {
		for frequency := 50.0; frequency <= 3400; frequency += 134 {
			tone, rest := through(t, rate, frequency, frequency)
			if !near(tone, -3, 0.01) || rest > -88 {
				t.Errorf("%.0f Hz from %d: %.3f dB, rest %.1f dBFS", frequency, rate, tone+3, rest)
			}
		}
	}
}

// TestStopBand: what lies from 4,000 Hz upwards is 70 dB down, wherever it would
// be folded to.
func TestStopBand(t *testing.T) {
	for _, rate := range []int{16000, 48000} {
		for frequency := 4001.0; frequency < float64(rate)/2; frequency += float64(rate) / 199 {
			tone, rest := through(t, rate, frequency, 1000)
			if max(tone, rest)+3 > -70 {
				t.Errorf("%.0f Hz from %d: %.1f and %.1f dBFS are left", frequency, rate, tone, rest)
			}
		}
	}
}

func TestConstantPasses(t *testing.T) {
	pcm := slices.Repeat([]int16{12345}, 4800)
	got := drain(resampled(t, prompt(48000, pcm...).Play(), 8000))
	if len(got) != 800 || got[400] != 12345 {
		t.Errorf("%d samples, in the middle %d", len(got), got[400])
	}
}

// TestResampledLength: sample 0 is sample 0, the last one is not lost, whatever
// the length.
func TestResampledLength(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		factor := rapid.SampledFrom([]int{2, 3, 6}).Draw(t, "factor")
		n := rapid.IntRange(0, 5000).Draw(t, "samples")
		at := rapid.IntRange(0, 800).Draw(t, "impulse") * factor
		pcm := make([]int16, n)
		if at < n {
			pcm[at] = 30000
		}
		s, err := Resample(prompt(8000*factor, pcm...).Play(), 8000)
		if err != nil {
			t.Fatal(err)
		}
		got := drain(s)
		if len(got) != (n+factor-1)/factor {
			t.Fatalf("%d samples became %d", n, len(got))
		}
		if at < n && got[at/factor] != slices.Max(got) {
			t.Fatalf("an impulse at %d is not the greatest at %d", at, at/factor)
		}
		if more := s.Fill(make([]int16, 10)); more != 0 {
			t.Fatalf("%d samples after the end", more)
		}
	})
}

func TestResampledDoesNotDependOnFrames(t *testing.T) {
	tune := Tune(16000)
	want := pull(t, resampled(t, tune.Play(), 8000), 20000, 20000)
	if got := pull(t, resampled(t, tune.Play(), 8000), 20000, 7); !slices.Equal(got, want) {
		t.Error("frames of 7 samples give another sound")
	}
}

func TestResampleClips(t *testing.T) {
	pcm := make([]int16, 4800)
	for i := range pcm { // a square wave, whose low-pass overshoots
		pcm[i] = int16(32767 - 65535*(i/240%2))
	}
	got := drain(resampled(t, prompt(48000, pcm...).Play(), 8000))
	if slices.Max(got) != 32767 || slices.Min(got) != -32768 {
		t.Errorf("between %d and %d", slices.Min(got), slices.Max(got))
	}
}

func TestResampleRefuses(t *testing.T) {
	source := prompt(44100).Play()
	for _, rate := range []int{8000, 0, -8000, 441000} {
		_, err := Resample(source, rate)
		if err == nil || !strings.Contains(err.Error(), fmt.Sprint("44100 samples a second cannot be brought to ", rate)) {
			t.Errorf("to %d: %v", rate, err)
		}
	}
	if s, err := Resample(source, 44100); err != nil || s != Source(source) {
		t.Errorf("to the same rate: %v, %v", s, err)
	}
}

// TestUpwards: a source that is brought to a higher rate is as long, begins at
// once, and has its samples where they were.
func TestUpwards(t *testing.T) {
	for _, c := range []struct{ from, to int }{{8000, 16000}, {8000, 48000}, {16000, 48000}} {
		factor := c.to / c.from
		for _, n := range []int{0, 1, 7, 160, 5000} {
			pcm := noise(seeded(), n+1, 1000)[:n]
			got := drain(resampled(t, prompt(c.from, pcm...).Play(), c.to))
			if len(got) != n*factor {
				t.Fatalf("%v: %d samples became %d", c, n, len(got))
			}
			for i, x := range pcm {
				if got[i*factor] != x {
					t.Fatalf("%v: sample %d was %d and is %d", c, i, x, got[i*factor])
				}
			}
		}
	}
}
