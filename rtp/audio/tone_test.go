package audio

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tandem-gateway/tandem/rtp/codec"
	"pgregory.net/rapid"
)

// sound makes n samples of a tone in frames of 20 ms at 8 kHz.
func sound(t testing.TB, n int, sines ...Sine) []int16 {
	t.Helper()
	tone, err := NewTone(8000, sines...)
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, n)
	for rest := pcm; len(rest) > 0; {
		frame := rest[:min(160, len(rest))]
		tone.Fill(frame)
		rest = rest[len(frame):]
	}
	return pcm
}

// measure gives the levels of a frequency in a sound.
func measure(t testing.TB, pcm []int16, frequency float64) (tone, rest float64) {
	t.Helper()
	d, err := NewDetector(8000, frequency)
	if err != nil {
		t.Fatal(err)
	}
	d.Add(pcm)
	if d.Samples() != len(pcm) {
		t.Errorf("%d samples heard of %d", d.Samples(), len(pcm))
	}
	return d.Levels()
}

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }

func TestToneIsASine(t *testing.T) {
	pcm := sound(t, 1000, Sine{Frequency: 1000, Level: 0})
	for i, sample := range pcm {
		want := 32767 * math.Sin(2*math.Pi*float64(i)/8)
		if !near(float64(sample), want, 1) {
			t.Fatalf("sample %d is %d, want %.1f", i, sample, want)
		}
	}
}

func TestToneDoesNotDependOnFrames(t *testing.T) {
	whole, err := NewTone(8000, Sine{Frequency: 440, Level: -10})
	if err != nil {
		t.Fatal(err)
	}
	want := make([]int16, 800)
	whole.Fill(want)
	for i, sample := range sound(t, 800, Sine{Frequency: 440, Level: -10}) {
		if !near(float64(sample), float64(want[i]), 1) { // a value halfway may be rounded either way
			t.Fatalf("sample %d: %d, want %d", i, sample, want[i])
		}
	}
}

// TestDetectorIsExact: any sine of any length beyond some cycles has its level,
// and nothing but the rounding to 16 bits is left.
func TestDetectorIsExact(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		frequency := rapid.Float64Range(200, 3800).Draw(rt, "Hz")
		want := rapid.Float64Range(-40, 0).Draw(rt, "dBFS")
		n := rapid.IntRange(160, 4000).Draw(rt, "samples")
		tone, rest := measure(t, sound(t, n, Sine{frequency, want}), frequency)
		if !near(tone, want, 0.05) || rest > -90 {
			rt.Fatalf("tone %.2f, rest %.2f", tone, rest)
		}
	})
}

func TestDetectorTellsTonesApart(t *testing.T) {
	pcm := sound(t, 8000, Sine{697, -10}, Sine{1209, -13})
	for _, c := range []struct{ frequency, tone, rest float64 }{
		{697, -10, -13}, {1209, -13, -10}, {941, Floor, -8.24},
	} {
		tone, rest := measure(t, pcm, c.frequency)
		if c.tone == Floor && tone > -60 || c.tone != Floor && !near(tone, c.tone, 0.1) || !near(rest, c.rest, 0.1) {
			t.Errorf("%.0f Hz: tone %.2f, rest %.2f; want %.2f, %.2f", c.frequency, tone, rest, c.tone, c.rest)
		}
	}
}

func TestDetectorInNoise(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pcm := sound(t, 8000, Sine{1004, -20})
	for i := range pcm {
		pcm[i] += int16(r.NormFloat64() * amplitude(-30) / math.Sqrt2)
	}
	tone, rest := measure(t, pcm, 1004)
	if !near(tone, -20, 0.2) || !near(rest, -30, 0.5) {
		t.Errorf("tone %.2f, rest %.2f; want -20, -30", tone, rest)
	}
}

func TestDetectorOfNothing(t *testing.T) {
	for _, pcm := range [][]int16{nil, {0}, make([]int16, 800)} {
		if tone, rest := measure(t, pcm, 1000); tone != Floor || rest != Floor {
			t.Errorf("%d samples of silence: tone %.1f, rest %.1f", len(pcm), tone, rest)
		}
	}
	one, rest := measure(t, []int16{32767}, 1000)
	if one != Floor || !near(rest, 3.01, 0.01) {
		t.Errorf("one sample: tone %.2f, rest %.2f", one, rest)
	}
}

func TestDetectorReset(t *testing.T) {
	d, err := NewDetector(8000, 1000)
	if err != nil {
		t.Fatal(err)
	}
	d.Add(sound(t, 800, Sine{1000, 0}))
	d.Reset()
	d.Add(sound(t, 800, Sine{1000, -30}))
	if tone, _ := d.Levels(); !near(tone, -30, 0.05) {
		t.Errorf("%.2f", tone)
	}
}

// TestLostFrameIsHeard: what the demo relies on. A frame of silence in fifty is
// far from nothing.
func TestLostFrameIsHeard(t *testing.T) {
	pcm := sound(t, 8000, Sine{1004, -10})
	clear(pcm[3200:3360])
	tone, rest := measure(t, pcm, 1004)
	if !near(tone, -10.2, 0.1) || rest < -30 {
		t.Errorf("tone %.2f, rest %.2f", tone, rest)
	}
}

// TestToneThroughG711: G.711's quantizing noise lies 33 dB or more under a tone
// of usual level (ITU-T G.712 asks for 33 dB from 0 to -30 dBm0).
func TestToneThroughG711(t *testing.T) {
	for _, law := range []codec.G711{codec.PCMU, codec.PCMA} {
		for _, want := range []float64{-3, -10, -20, -30} {
			pcm := sound(t, 8000, Sine{1004, want})
			codes := make([]byte, len(pcm))
			law.Encode(codes, pcm)
			law.Decode(pcm, codes)
			tone, rest := measure(t, pcm, 1004)
			if !near(tone, want, 0.1) || tone-rest < 33 {
				t.Errorf("law %d, %.0f dBFS: tone %.2f, noise %.1f dB below", law, want, tone, tone-rest)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	for _, frequency := range []float64{0, -5, 4000, 9000} {
		if _, err := NewTone(8000, Sine{frequency, -10}); err == nil {
			t.Errorf("a tone of %g Hz", frequency)
		}
		if _, err := NewDetector(8000, frequency); err == nil {
			t.Errorf("a detector of %g Hz", frequency)
		}
	}
	if _, err := NewTone(8000, Sine{440, -6}, Sine{480, -3}); err == nil {
		t.Error("sines that would be clipped")
	}
}

func TestNoAllocations(t *testing.T) {
	tone, err := NewTone(8000, Sine{350, -13}, Sine{440, -13})
	if err != nil {
		t.Fatal(err)
	}
	d, err := NewDetector(8000, 440)
	if err != nil {
		t.Fatal(err)
	}
	frame := make([]int16, 160)
	n := testing.AllocsPerRun(100, func() {
		tone.Fill(frame)
		d.Add(frame)
		d.Levels()
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkTone is a frame of 20 ms of a dial tone.
func BenchmarkTone(b *testing.B) {
	tone, err := NewTone(8000, Sine{350, -13}, Sine{440, -13})
	if err != nil {
		b.Fatal(err)
	}
	frame := make([]int16, 160)
	for b.Loop() {
		tone.Fill(frame)
	}
}

// BenchmarkDetector is a frame of 20 ms.
func BenchmarkDetector(b *testing.B) {
	d, err := NewDetector(8000, 1004)
	if err != nil {
		b.Fatal(err)
	}
	frame := sound(b, 160, Sine{1004, -10})
	for b.Loop() {
		d.Add(frame)
	}
}
