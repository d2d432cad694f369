package audio

import (
	"math"
	"math/rand/v2"
	"testing"
)

// syllables makes something like speech: a buzz with a few formants for voices,
// noise for fricatives, in syllables of 100 to 300 ms with gaps of 20 to 90 ms, a
// pause of 0.5 s after each eighth. Its level while it sounds is in dBFS.
func syllables(random *rand.Rand, rate int, seconds, level float64) []int16 {
	var pcm []float64
	for n := 1; len(pcm) < int(seconds*float64(rate)); n++ {
		pcm = append(pcm, syllable(random, rate)...)
		gap := 0.02 + 0.07*random.Float64()
		if n%8 == 0 {
			gap = 0.5
		}
		pcm = append(pcm, make([]float64, int(gap*float64(rate)))...)
	}
	out := make([]int16, len(pcm))
	for i, x := range pcm {
		out[i] = int16(math.Round(x * amplitude(level)))
	}
	return out
}

func syllable(random *rand.Rand, rate int) []float64 {
	pcm := make([]float64, int((0.1+0.2*random.Float64())*float64(rate)))
	pitch, voiced := 90+150*random.Float64(), random.IntN(4) > 0
	formant := 300 + 500*random.Float64()
	for i := range pcm {
		t := float64(i) / float64(rate)
		if voiced {
			for k := 1.0; k*pitch < 3400; k++ {
				pcm[i] += math.Sin(2*math.Pi*k*pitch*t) / (1 + math.Abs(k*pitch-formant)/200)
			}
		} else {
			pcm[i] = 0.6 * random.NormFloat64()
		}
		pcm[i] *= 0.5 * math.Sin(math.Pi*float64(i)/float64(len(pcm)))
	}
	return pcm
}

// gaussian adds noise of a level in dBFS to a sound.
func gaussian(random *rand.Rand, pcm []int16, level float64) []int16 {
	sigma := amplitude(level) / math.Sqrt2
	for i := range pcm {
		pcm[i] = int16(math.Round(float64(pcm[i]) + sigma*random.NormFloat64()))
	}
	return pcm
}

// hearing runs a detector over a sound, and gives for each frame whether somebody
// speaks, and how often that changed.
func hearing(t testing.TB, rate int, pcm []int16) (speaking []bool, changes int) {
	t.Helper()
	d, n := NewSpeechDetector(rate), rate/50
	for i := 0; i+n <= len(pcm); i += n {
		before := d.Speaking()
		changed := d.Hear(pcm[i : i+n])
		if changed != (before != d.Speaking()) {
			t.Fatalf("frame %d: a change is told: %v", i/n, changed)
		}
		if changed {
			changes++
		}
		speaking = append(speaking, d.Speaking())
	}
	return speaking, changes
}

// share is how much of a part is true.
func share(list []bool) float64 {
	n := 0.0
	for _, is := range list {
		if is {
			n++
		}
	}
	return n / float64(len(list))
}

// TestSpeechIsHeard: at each rate and level, in silence and over noise 20 dB
// below, speech is heard nearly all the time, and its pauses do not make it end.
func TestSpeechIsHeard(t *testing.T) {
	for _, rate := range []int{8000, 16000, 48000} {
		for _, level := range []float64{-3, -15, -30} {
			for _, noise := range []float64{-90, level - 35} {
				random := seeded()
				pcm := append(make([]int16, rate), syllables(random, rate, 6, level)...)
				pcm = append(pcm, make([]int16, 2*rate)...)
				speaking, changes := hearing(t, rate, gaussian(random, pcm, noise))
				during := speaking[50+10 : len(speaking)-100]
				if share(speaking[:50]) > 0 || share(during) < 0.9 || share(speaking[len(speaking)-60:]) > 0 {
					t.Errorf("%d Hz, %.0f dBFS over %.0f: %.0f%% before, %.0f%% during, %.0f%% after", rate, level, noise,
						100*share(speaking[:50]), 100*share(during), 100*share(speaking[len(speaking)-60:]))
				}
				if changes > 10 {
					t.Errorf("%d Hz, %.0f dBFS over %.0f: begins and ends %d times", rate, level, noise, changes)
				}
			}
		}
	}
}

// TestNoiseIsNoSpeech: no noise that is there from the beginning is speech, and
// one that begins later is none any more after 3.5 s.
func TestNoiseIsNoSpeech(t *testing.T) {
	for _, level := range []float64{-90, -60, -45, -30, -15} {
		random := seeded()
		always := gaussian(random, make([]int16, 8000*30), level)
		if speaking, _ := hearing(t, 8000, always); share(speaking) > 0 {
			t.Errorf("noise of %.0f dBFS is speech for %.1f%%", level, 100*share(speaking))
		}
		later := append(make([]int16, 8000*5), gaussian(random, make([]int16, 8000*10), level)...)
		speaking, changes := hearing(t, 8000, later)
		if share(speaking[50*5+175:]) > 0 || changes > 2 {
			t.Errorf("a fan of %.0f dBFS is speech for %.1f%%, %d changes", level, 100*share(speaking), changes)
		}
	}
}

// TestTonesAndSpeech: a tone is speech for 3 s, where it is loud enough.
func TestTonesAndSpeech(t *testing.T) {
	for _, c := range []struct {
		level  float64
		speech bool
	}{{-10, true}, {-30, true}, {-48, true}, {-52, false}, {-70, false}} {
		pcm := append(make([]int16, 8000), sound(t, 8000*10, Sine{425, c.level})...)
		speaking, changes := hearing(t, 8000, pcm)
		if heard := changes > 0; heard != c.speech {
			t.Errorf("a tone of %.0f dBFS is speech: %v", c.level, heard)
		}
		if share(speaking[50+175:]) > 0 || c.speech && share(speaking[60:180]) < 1 {
			t.Errorf("a tone of %.0f dBFS is speech for %.0f%%", c.level, 100*share(speaking))
		}
	}
}

// TestSpeechBeginsAndEndsInTime: 60 ms after its beginning, 400 ms after its end,
// and a pause of less than that is bridged.
func TestSpeechBeginsAndEndsInTime(t *testing.T) {
	tone := sound(t, 160*100, Sine{300, -20})
	frames := func(n int, pcm []int16) []int16 { return pcm[:160*n] }
	silence := make([]int16, 160*100)
	for _, c := range []struct {
		name       string
		on, off    int // frames
		begins     int
		ends       int // -1: does not
		onceMore   int // frames of sound after the pause
		wantBridge bool
	}{
		{"a word", 20, 50, 12, 49, 0, false},
		{"two words", 20, 19, 12, -1, 20, true},
		{"a click", 2, 50, -1, -1, 0, false},
	} {
		pcm := append([]int16{}, frames(10, silence)...)
		pcm = append(append(pcm, frames(c.on, tone)...), frames(c.off, silence)...)
		pcm = append(pcm, frames(c.onceMore, tone)...)
		speaking, changes := hearing(t, 8000, pcm)
		begins, ends := -1, -1
		for i, is := range speaking {
			if is && begins < 0 {
				begins = i
			}
			if !is && begins >= 0 && ends < 0 {
				ends = i
			}
		}
		if begins != c.begins || ends != c.ends || c.wantBridge && changes != 1 {
			t.Errorf("%s: from frame %d to %d, %d changes; want from %d to %d", c.name, begins, ends, changes, c.begins, c.ends)
		}
	}
}

// TestFramesThatAreNotThere: they are a pause, and noise is still known after
// them, as after a sender's discontinuous transmission.
func TestFramesThatAreNotThere(t *testing.T) {
	random := seeded()
	d := NewSpeechDetector(8000)
	if d.Hear(nil) || d.Speaking() {
		t.Error("nothing is speech")
	}
	hum := func() []int16 { return gaussian(random, make([]int16, 160), -40) }
	for range 50 {
		d.Hear(hum())
	}
	for range 1000 {
		d.Hear(nil)
	}
	for i := range 50 {
		if d.Hear(hum()); d.Speaking() {
			t.Fatalf("the noise from before is speech after %d frames", i)
		}
	}
	for range 5 {
		d.Hear(sound(t, 160, Sine{300, -10}))
	}
	began := d.Speaking()
	for range 20 {
		d.Hear(nil)
	}
	if !began || d.Speaking() {
		t.Errorf("speaking: %v, and without frames %v", began, d.Speaking())
	}
}

// TestConstantIsNoSound: what a converter adds to all samples is neither speech
// nor noise.
func TestConstantIsNoSound(t *testing.T) {
	pcm := append(make([]int16, 8000), sound(t, 8000, Sine{300, -40})...)
	for i := range pcm {
		pcm[i] += 3000
	}
	speaking, changes := hearing(t, 8000, pcm)
	if share(speaking[:50]) > 0 || changes != 1 || !speaking[55] {
		t.Errorf("%d changes, %.0f%% of silence", changes, 100*share(speaking[:50]))
	}
}

func BenchmarkSpeechDetector(b *testing.B) {
	pcm := syllables(seeded(), 16000, 1, -10)
	d := NewSpeechDetector(16000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i = (i + 320) % 15000 {
		d.Hear(pcm[i : i+320])
	}
}
