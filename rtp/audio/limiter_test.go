package audio

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// through20 gives what a listener hears of one source in frames of 20 ms.
func through20(t testing.TB, gain float64, pcm []int16) (heard []int16) {
	t.Helper()
	m := newMixer(t, 8000, map[int][]Heard{0: {}, 1: {{0, gain}}})
	return played(t, m, pcm, 1, nil)
}

// TestFullScaleIsNotTouched: what fits 16 bits is not limited, to the last step.
func TestFullScaleIsNotTouched(t *testing.T) {
	pcm := slices.Repeat([]int16{32767, -32768, 0, 1}, 400)
	if got := through20(t, 0, pcm); !slices.Equal(got, pcm) {
		t.Errorf("begins with %d", got[:8])
	}
}

// TestLimiterDistortion: once the first frame is over, a sine that is 6, 12 or 18
// dB too loud becomes one that just fits. THD and noise are under -60 dB; where
// the samples come to lie on its peaks by turns, as those of 997 Hz do, the
// limiter follows them, by 0.7 dB, and it is -45. Clipping by 6 dB would be -10.
func TestLimiterDistortion(t *testing.T) {
	for _, frequency := range []float64{60, 200, 440, 997, 3000} {
		for _, gain := range []float64{6, 12, 18} {
			got := through20(t, gain, sound(t, 16000, Sine{frequency, -0.5}))
			tone, rest := measure(t, got[160:], frequency)
			most := -60.0
			if frequency == 997 {
				most = -45
			}
			if !near(tone, 0, 0.1) || rest-tone > most {
				t.Errorf("%.0f Hz at %+.0f dB: %.2f dBFS, and %.1f of the rest", frequency, gain-0.5, tone, rest)
			}
		}
	}
}

// clipped gives the longest row of samples that stand at the end of the scale,
// and how many of them there are.
func clipped(pcm []int16) (longest, all int) {
	row := 0
	for _, x := range pcm {
		if x < 32767 && x > -32767 {
			row = 0
			continue
		}
		row++
		all++
		longest = max(longest, row)
	}
	return longest, all
}

// TestManyTalkersAtOnce: ten sounds that would be clipped for a sixth of the time
// are not: nothing wraps, and a thousandth stands at full scale, never for more
// than the 1.25 ms that may be cut.
func TestManyTalkersAtOnce(t *testing.T) {
	const n = 10
	m := newMixer(t, 16000, everybody(n+1))
	random := seeded()
	sounds := make([]*Tone, n)
	for i := range sounds {
		tone, err := NewTone(16000, Sine{150 + 900*random.Float64(), -12}, Sine{150 + 900*random.Float64(), -12})
		if err != nil {
			t.Fatal(err)
		}
		sounds[i] = tone
	}
	over, total := 0, 0
	var got []int16
	for range 100 {
		frames, sum := make(map[int][]int16), make([]int, 320)
		for i, tone := range sounds {
			frames[i] = make([]int16, 320)
			tone.Fill(frames[i])
			for k, x := range frames[i] {
				sum[k] += int(x)
			}
		}
		heard := tick(m, frames)[n]
		for k, x := range sum {
			if total++; x > 32767 || x < -32768 {
				over++
			}
			if x > 1000 && heard[k] < 0 || x < -1000 && heard[k] > 0 {
				t.Fatalf("%d became %d", x, heard[k])
			}
		}
		got = append(got, heard...)
	}
	if over < total/6 {
		t.Errorf("only %d of %d exceed: this tests nothing", over, total)
	}
	if row, all := clipped(got); row > 20 || all > total/1000 {
		t.Errorf("%d samples at full scale, %d in a row", all, row)
	}
}

// TestLimiterSteps: what becomes loud within a frame is turned down before it is,
// in a straight line; what becomes quiet comes back by 0.3 dB a frame.
func TestLimiterSteps(t *testing.T) {
	pcm := sound(t, 160*60, Sine{200, -12})
	for i := 160*10 + 80; i < 160*20; i++ { // 6 dB more for 0.19 s, and +12 of the mixer's
		pcm[i] *= 2
	}
	got := through20(t, 12, pcm)
	factor := func(i int) float64 { // at sample i, where the sine is at its peak
		return float64(got[i]) / (float64(pcm[i]) * math.Pow(10, 12.0/20))
	}
	// The sine's peaks are at 10 and 30 of each 40.
	if got := factor(160*5 + 10); !near(got, 1, 0.001) {
		t.Errorf("before it is loud, the factor is %.3f", got)
	}
	for _, c := range []struct {
		at   int
		want float64
	}{{10, 0.9375}, {30, 0.8125}, {50, 0.6875}, {70, 0.5625}, {90, 0.5}, {150, 0.5}} {
		if got := factor(160*10 + c.at); !near(got, c.want, 0.005) {
			t.Errorf("at %d of the frame that becomes loud, the factor is %.3f, want %.3f", c.at, got, c.want)
		}
	}
	for _, c := range []struct {
		frame int
		want  float64
	}{{15, 0.5}, {20, 0.5}, {25, 0.5 * math.Pow(10, 0.3*5/20)}, {30, 0.5 * math.Pow(10, 0.3*10/20)}, {40, 0.5 * math.Pow(10, 0.3*20/20)}, {42, 1}} {
		if got := factor(160*c.frame + 10); !near(got, c.want, 0.02) {
			t.Errorf("in frame %d the factor is %.3f, want %.3f", c.frame, got, c.want)
		}
	}
	if own := 2 * steepest(pcm[160*12:160*18]); steepest(got) > own {
		t.Errorf("a step of %d, the sound has %d", steepest(got), own)
	}
}

// TestLimiterHoldsAlways: whatever comes, nothing wraps: each sample has its own
// sign and is no larger than it was, and the limiter's factor never exceeds 1.
func TestLimiterHoldsAlways(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		samples := rapid.SampledFrom([]int{160, 320, 960}).Draw(t, "samples")
		sum, out := make([]int64, samples), make([]int16, samples)
		factor := 1.0
		for range rapid.IntRange(1, 20).Draw(t, "frames") {
			peak := math.Pow(10, 6*random.Float64())
			quiet := random.IntN(samples + 1)
			for i := range sum {
				sum[i] = int64(peak * (2*random.Float64() - 1) * unity)
				if i < quiet {
					sum[i] /= 100
				}
			}
			factor = limited(out, sum, factor)
			checkLimited(t, out, sum, factor)
		}
	})
}

func checkLimited(t *rapid.T, out []int16, sum []int64, factor float64) {
	if factor <= 0 || factor > 1 {
		t.Fatalf("the factor is %g", factor)
	}
	for i, s := range sum {
		x, y := float64(s)/unity, float64(out[i])
		// What is rounded is exact to 1/(1<<20), by the offset that it is rounded with.
		if x*y < 0 || math.Abs(y) > math.Abs(x)+0.5+1e-6 {
			t.Fatalf("sample %d: %.2f became %d", i, x, out[i])
		}
	}
	// The line has ended by the second span: no sample behind it is cut.
	for i := len(sum) / limiterSpans; i < len(sum); i++ {
		if x := float64(sum[i]) / unity * factor; math.Abs(x) > 32767.5 {
			t.Fatalf("sample %d needs less than %g: %.1f", i, factor, x)
		}
	}
}

// TestLimitersOfListeners: who hears less is turned down less. When two come to
// hear the same, each goes on from where his limiter stands, until they stand
// alike; then they share a frame again.
func TestLimitersOfListeners(t *testing.T) {
	m := newMixer(t, 8000, everybody(4))
	loud := sound(t, 160*100, Sine{200, -1})
	apart := 0
	var last int
	var heard []int16 // by 0
	for i := range 100 {
		frame := loud[160*i : 160*(i+1)]
		m.Put(1, frame)
		if i < 10 {
			m.Put(0, frame) // the others hear both, 0 hears one
		}
		outputs := m.Tick()
		last = len(outputs)
		if i >= 10 && last == 3 {
			apart++
		}
		heard = append(heard, outputs[0].PCM...)
	}
	if apart < 15 || apart > 25 { // 6 dB at 0.3 dB a frame
		t.Errorf("they stand apart for %d frames", apart)
	}
	if last != 2 {
		t.Errorf("at the end there are %d frames", last)
	}
	if !slices.Equal(heard, loud) {
		t.Error("who hears one is limited as if he heard two")
	}
}

// TestLimiterOfSilence: a limiter has come back when nothing was heard.
func TestLimiterOfSilence(t *testing.T) {
	m := newMixer(t, 8000, map[int][]Heard{1: {{0, 12}}})
	pcm := sound(t, 160, Sine{200, -3})
	tick(m, map[int][]int16{0: pcm})
	tick(m, nil)
	quiet := sound(t, 160, Sine{200, -30})
	if got := tick(m, map[int][]int16{0: quiet})[1]; !near(float64(got[10]), 3.981*float64(quiet[10]), 1) {
		t.Errorf("%d became %d", quiet[10], got[10])
	}
}

// BenchmarkLimited is a frame of 16 kHz.
func BenchmarkLimited(b *testing.B) {
	random, out := seeded(), make([]int16, 320)
	for name, peak := range map[string]int64{"fits": 30000, "exceeds": 60000} {
		sum := make([]int64, 320)
		for i := range sum {
			sum[i] = (2*random.Int64N(peak) - peak) * unity
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				limited(out, sum, 1)
			}
		})
	}
}
