package audio

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// pairsOfRates are those that a call can need, with what the table of Resampler
// says of each: where it is flat up to, where the stop band begins, the delay.
var pairsOfRates = []struct {
	from, to   int
	pass, stop float64
	delay      time.Duration
}{
	{8000, 16000, 3400, 4600, 1875 * time.Microsecond},
	{8000, 48000, 3400, 4600, 2250 * time.Microsecond},
	{16000, 48000, 7000, 9000, 1125 * time.Microsecond},
	{16000, 8000, 3400, 4000, 3750 * time.Microsecond},
	{48000, 8000, 3400, 4000, 4125 * time.Microsecond},
	{48000, 16000, 7000, 8000, 2250 * time.Microsecond},
}

func newResampler(t testing.TB, from, to int) *Resampler {
	t.Helper()
	r, err := NewResampler(from, to)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// converting puts a sound through in frames, and gives all that came out.
func converting(r *Resampler, pcm []int16, frame int) (out []int16) {
	for len(pcm) > 0 {
		n := min(frame, len(pcm))
		out = r.Append(out, pcm[:n])
		pcm = pcm[n:]
	}
	return out
}

// at makes a sine of -3 dBFS at a rate.
func at(t testing.TB, rate, n int, frequency float64) []int16 {
	t.Helper()
	tone, err := NewTone(rate, Sine{frequency, -3})
	if err != nil {
		t.Fatal(err)
	}
	return pull(t, tone, n, n)
}

// levels measures a frequency at a rate.
func levels(t testing.TB, rate int, pcm []int16, frequency float64) (tone, rest float64) {
	t.Helper()
	d, err := NewDetector(rate, frequency)
	if err != nil {
		t.Fatal(err)
	}
	d.Add(pcm)
	return d.Levels()
}

// TestResamplerPassBand: a sine stays what it is within 0.01 dB, and there is
// nothing else: no image and no alias over -70 dB.
func TestResamplerPassBand(t *testing.T) {
	for _, c := range pairsOfRates {
		for frequency := 40.0; frequency <= c.pass; frequency += (c.pass - 40) / 23.0001 {
			out := converting(newResampler(t, c.from, c.to), at(t, c.from, c.from/5, frequency), c.from/50)
			tone, rest := levels(t, c.to, out[c.to/50:], frequency)
			if !near(tone, -3, 0.01) || rest > -3-70 {
				t.Errorf("%d to %d, %.0f Hz: %.3f dB, and %.1f dBFS of the rest", c.from, c.to, frequency, tone+3, rest)
			}
		}
	}
}

// TestResamplerStopBand: going down, nothing from half of the lower rate upwards
// leaves more than -70 dB, wherever it would be folded to.
func TestResamplerStopBand(t *testing.T) {
	for _, c := range pairsOfRates {
		for frequency := c.stop + 1; c.from > c.to && frequency < float64(c.from)/2; frequency += float64(c.from) / 151 {
			out := converting(newResampler(t, c.from, c.to), at(t, c.from, c.from/5, frequency), c.from/50)
			if left := level(power(out[c.to/50:])); left > -3-70 {
				t.Errorf("%d to %d, %.0f Hz: %.1f dBFS are left", c.from, c.to, frequency, left)
			}
		}
	}
}

// TestResamplerDelay: an impulse comes out where Delay says, and so says the
// table of its doc comment.
func TestResamplerDelay(t *testing.T) {
	for _, c := range pairsOfRates {
		r := newResampler(t, c.from, c.to)
		pcm := make([]int16, c.from/10)
		begin := c.from / 100
		pcm[begin] = 30000
		out := converting(r, pcm, 100)
		peak := slices.Index(out, slices.Max(out))
		want := begin*c.to/c.from + int(r.Delay()*time.Duration(c.to)/time.Second)
		if r.Delay() != c.delay || peak != want {
			t.Errorf("%d to %d: delay %v, want %v; an impulse is at %d, want %d", c.from, c.to, r.Delay(), c.delay, peak, want)
		}
	}
}

// TestResamplerTakesAnyFrames: how the sound is cut into frames makes no
// difference, and there are as many samples as the ratio says.
func TestResamplerTakesAnyFrames(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := rapid.SampledFrom(pairsOfRates).Draw(rt, "rates")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		pcm := noise(random, rapid.IntRange(1, 3000).Draw(rt, "samples"), 20000)
		want := converting(newResampler(t, c.from, c.to), pcm, len(pcm))
		r, rest := newResampler(t, c.from, c.to), pcm
		var got []int16
		for len(rest) > 0 {
			n := 1 + random.IntN(min(len(rest), 1100))
			got = r.Append(got, rest[:n])
			rest = rest[n:]
			if done := len(pcm) - len(rest); len(got) != (done*c.to+c.from-1)/c.from {
				rt.Fatalf("%d samples after %d", len(got), done)
			}
		}
		if !slices.Equal(got, want) {
			rt.Fatal("the frames make a difference")
		}
	})
}

func TestResamplerConstantPasses(t *testing.T) {
	for _, c := range pairsOfRates {
		for _, x := range []int16{12345, -1, 32767, -32768} {
			out := converting(newResampler(t, c.from, c.to), slices.Repeat([]int16{x}, c.from/10), 50)
			for i, got := range out[len(out)/2:] {
				if got != x {
					t.Fatalf("%d to %d: sample %d of %d is %d", c.from, c.to, i, x, got)
				}
			}
		}
	}
}

// TestThereAndBack: a sound that goes up and comes down again is the same one.
func TestThereAndBack(t *testing.T) {
	for _, c := range pairsOfRates[:3] {
		up, down := newResampler(t, c.from, c.to), newResampler(t, c.to, c.from)
		pcm := at(t, c.from, c.from/2, 1004)
		got := converting(down, converting(up, pcm, c.from/50), c.to/50)
		late := int((up.Delay() + down.Delay()) * time.Duration(c.from) / time.Second)
		for i := late + c.from/50; i < len(got); i++ {
			if !near(float64(got[i]), float64(pcm[i-late]), 30) { // 0.01 dB
				t.Fatalf("by way of %d: sample %d is %d, was %d", c.to, i, got[i], pcm[i-late])
			}
		}
	}
}

func TestSameRate(t *testing.T) {
	r := newResampler(t, 16000, 16000)
	if got := r.Append([]int16{1}, []int16{2, 3}); !slices.Equal(got, []int16{1, 2, 3}) || r.Delay() != 0 {
		t.Errorf("%d, after %v", got, r.Delay())
	}
}

func TestNewResamplerRefuses(t *testing.T) {
	for _, c := range [][2]int{{8000, 44100}, {0, 8000}, {8000, 0}, {-8000, 16000}, {8000, 32000}, {12000, 8000}} {
		if _, err := NewResampler(c[0], c[1]); err == nil {
			t.Errorf("from %d to %d", c[0], c[1])
		}
	}
}

func TestResamplerDoesNotAllocate(t *testing.T) {
	for _, c := range pairsOfRates {
		r, frame, out := newResampler(t, c.from, c.to), make([]int16, c.from/50), make([]int16, 0, c.to/50+1)
		if n := testing.AllocsPerRun(100, func() { r.Append(out, frame) }); n != 0 {
			t.Errorf("%d to %d: %v allocations a frame", c.from, c.to, n)
		}
	}
}

// BenchmarkResampler is a frame of 20 ms.
func BenchmarkResampler(b *testing.B) {
	for _, c := range pairsOfRates {
		b.Run(fmt.Sprintf("%d to %d kHz", c.from/1000, c.to/1000), func(b *testing.B) {
			r, frame := newResampler(b, c.from, c.to), noise(seeded(), c.from/50, 20000)
			out := make([]int16, 0, c.to/50+1)
			b.ReportAllocs()
			for b.Loop() {
				r.Append(out, frame)
			}
		})
	}
}

// TestResamplersFollow: one that has heard something else goes on where another one is.
func TestResamplersFollow(t *testing.T) {
	for _, rates := range [][2]int{{8000, 8000}, {8000, 16000}, {16000, 48000}, {8000, 48000}, {16000, 8000}, {48000, 16000}, {48000, 8000}} {
		a, err := NewResampler(rates[0], rates[1])
		b, err2 := NewResampler(rates[0], rates[1])
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		frame := make([]int16, rates[0]/50)
		for i := range 10 {
			for k := range frame {
				frame[k] = int16((i*len(frame) + k) * 37 % 8001)
			}
			want, other := a.Append(nil, frame), frame
			if i < 5 {
				other = frame[:7*(i+1)]
			}
			if got := b.Append(nil, other); i >= 5 && !slices.Equal(got, want) {
				t.Fatalf("%v: frame %d is another", rates, i)
			}
			if i == 4 && !b.Follow(a) {
				t.Fatalf("%v does not follow", rates)
			}
		}
	}
	up, _ := NewResampler(8000, 16000)
	down, _ := NewResampler(16000, 8000)
	if up.Follow(down) {
		t.Error("one of other rates")
	}
}
