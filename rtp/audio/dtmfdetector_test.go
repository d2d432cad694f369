package audio

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/rtp/dtmf"
)

// press is a key as a test has it: its tones in dBm0, frequencies off by a
// fraction, and how long it and the silence behind it last, in ms.
type press struct {
	digit           dtmf.Digit
	low, high       float64
	offLow, offHigh float64
	on, off         float64
}

// usual is a key at a usual level.
func usual(d dtmf.Digit, on, off float64) press {
	return press{digit: d, low: -10, high: -8, on: on, off: off}
}

// keys makes the sound of keys, 100 ms after the beginning, with sharp edges.
func keys(rate int, presses ...press) []float64 {
	sound := make([]float64, rate/10)
	for _, p := range presses {
		low, high, _ := dtmfTones(p.digit)
		low, high = low*(1+p.offLow), high*(1+p.offHigh)
		n := int(math.Round(p.on * float64(rate) / 1000))
		for i := range n {
			t := 2 * math.Pi * float64(i) / float64(rate)
			sound = append(sound, amplitude(p.low+ZeroDBm0)*math.Sin(low*t+1)+amplitude(p.high+ZeroDBm0)*math.Sin(high*t+2))
		}
		sound = append(sound, make([]float64, int(math.Round(p.off*float64(rate)/1000)))...)
	}
	return append(sound, make([]float64, rate/10)...)
}

// noisy adds white noise of a level in dBm0, over the telephone's 4 kHz.
func noisy(sound []float64, rate int, level float64, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 2))
	sigma := amplitude(level+ZeroDBm0) / math.Sqrt2 * math.Sqrt(float64(rate)/8000)
	for i := range sound {
		sound[i] += r.NormFloat64() * sigma
	}
	return sound
}

func keysPCM(sound []float64) []int16 {
	pcm := make([]int16, len(sound))
	for i, x := range sound {
		pcm[i] = int16(math.Round(min(max(x, math.MinInt16), math.MaxInt16)))
	}
	return pcm
}

// listen gives the keys that a detector hears, in frames of 20 ms.
func listen(t testing.TB, rate int, pcm []int16) []HeardKey {
	t.Helper()
	d, err := NewDTMFDetector(rate)
	if err != nil {
		t.Fatal(err)
	}
	var heard []HeardKey
	for len(pcm) > 0 {
		n := min(rate/50, len(pcm))
		heard = d.Add(pcm[:n], heard)
		pcm = pcm[n:]
	}
	return heard
}

// digitsOf writes what was heard: each key that ended, one that did not with a +.
func digitsOf(heard []HeardKey) string {
	var b strings.Builder
	for i, h := range heard {
		switch {
		case h.Phase == dtmf.Ended:
			b.WriteString(h.Digit.String())
		case i+1 == len(heard) || heard[i+1].Phase != dtmf.Ended:
			fmt.Fprintf(&b, "+%v", h.Digit)
		}
	}
	return b.String()
}

var allKeys = []dtmf.Digit{1, 2, 3, dtmf.A, 4, 5, 6, dtmf.B, 7, 8, 9, dtmf.C, dtmf.Star, 0, dtmf.Pound, dtmf.D}

// TestDetectorLimits: ITU-T Q.24's limits one by one, for every key, at both rates.
func TestDetectorLimits(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*press)
		accept bool
	}{
		{"as it should be", func(p *press) {}, true},
		{"40 ms", func(p *press) { p.on, p.off = 40, 40 }, true},
		{"37 ms", func(p *press) { p.on, p.off = 37, 40 }, true},
		{"23 ms", func(p *press) { p.on = 23 }, false},
		{"20 ms", func(p *press) { p.on = 20 }, false},
		{"0 dBm0", func(p *press) { p.low, p.high = 0, -0.2 }, true},
		{"-25 dBm0", func(p *press) { p.low, p.high = -25, -25 }, true},
		{"-25 and -29 dBm0", func(p *press) { p.low, p.high = -25, -29 }, true},
		{"-40 dBm0", func(p *press) { p.low, p.high = -40, -40 }, false},
		{"both 1.5% up", func(p *press) { p.offLow, p.offHigh = 0.015, 0.015 }, true},
		{"both 1.5% down", func(p *press) { p.offLow, p.offHigh = -0.015, -0.015 }, true},
		{"one up, one down", func(p *press) { p.offLow, p.offHigh = 0.015, -0.015 }, true},
		{"1.5% and 2 Hz", func(p *press) { p.offLow, p.offHigh = 0.0179, 0.0162 }, true},
		{"low 3.5% up", func(p *press) { p.offLow = 0.035 }, false},
		{"low 3.5% down", func(p *press) { p.offLow = -0.035 }, false},
		{"high 3.5% up", func(p *press) { p.offHigh = 0.035 }, false},
		{"high 3.5% down", func(p *press) { p.offHigh = -0.035 }, false},
		{"high 8 dB weaker", func(p *press) { p.high = p.low - 8 }, true},
		{"high 4 dB stronger", func(p *press) { p.high = p.low + 4 }, true},
		{"high 13 dB weaker", func(p *press) { p.high = p.low - 13 }, false},
		{"high 9 dB stronger", func(p *press) { p.high = p.low + 9 }, false},
		{"one tone only", func(p *press) { p.high = -90 }, false},
		{"the other tone only", func(p *press) { p.low = -90 }, false},
		{"all limits at once", func(p *press) {
			p.low, p.high, p.on, p.off, p.offLow, p.offHigh = -17, -25, 40, 40, 0.015, -0.015
		}, true},
	} {
		for _, rate := range []int{8000, 16000} {
			t.Run(fmt.Sprint(c.name, " at ", rate), func(t *testing.T) {
				var presses []press
				want := ""
				for _, d := range allKeys {
					p := usual(d, 60, 60)
					c.change(&p)
					presses = append(presses, p)
					if c.accept {
						want += d.String()
					}
				}
				if got := digitsOf(listen(t, rate, keysPCM(keys(rate, presses...)))); got != want {
					t.Errorf("heard %q, want %q", got, want)
				}
			})
		}
	}
}

// TestDetectorInterruption: Q.24: an interruption of 10 ms is none, a pause of
// 40 ms is one.
func TestDetectorInterruption(t *testing.T) {
	for _, rate := range []int{8000, 16000} {
		for _, c := range []struct {
			off  float64
			want string
		}{{2, "5"}, {5, "5"}, {10, "5"}, {30, "55"}, {40, "55"}, {100, "55"}} {
			got := digitsOf(listen(t, rate, keysPCM(keys(rate, usual(5, 60, c.off), usual(5, 60, 50)))))
			if got != c.want {
				t.Errorf("%v ms at %d: heard %q, want %q", c.off, rate, got, c.want)
			}
		}
	}
}

// TestDetectorWithoutPauses: one key passes into the next, or does after too short
// a pause, and each has its place.
func TestDetectorWithoutPauses(t *testing.T) {
	heard := listen(t, 8000, keysPCM(keys(8000, usual(5, 80, 10), usual(6, 80, 0), usual(dtmf.B, 80, 0))))
	if got := digitsOf(heard); got != "56B" || !near(float64(heard[1].End), 800+640, 80) || !near(float64(heard[2].Begin), 800+720, 80) || !near(float64(heard[4].Begin), 800+1360, 80) {
		t.Errorf("heard %v", heard)
	}
	if got := digitsOf(listen(t, 8000, keysPCM(keys(8000, usual(5, 80, 0), usual(9, 80, 0), usual(7, 80, 0))))); got != "597" {
		t.Errorf("heard %q", got)
	}
}

// TestDetectorInWhiteNoise: at 15 dB, of which Q.24 has nothing but which
// exchanges have to stand: 5,000 keys, short ones, off by as much as may be.
func TestDetectorInWhiteNoise(t *testing.T) {
	for _, c := range []struct{ low, high, on float64 }{{-10, -10, 50}, {-10, -10, 40}, {-17, -25, 45}, {-25, -25, 45}, {-14, -10, 40}} {
		var presses []press
		want := ""
		for i := range 1000 {
			d := allKeys[i*7%16]
			p := press{digit: d, low: c.low, high: c.high, on: c.on, off: 45, offLow: 0.015 * float64(i%3-1), offHigh: 0.015 * float64(i/3%3-1)}
			presses = append(presses, p)
			want += d.String()
		}
		noise := 10*math.Log10(math.Pow(10, c.low/10)+math.Pow(10, c.high/10)) - 15
		got := digitsOf(listen(t, 8000, keysPCM(noisy(keys(8000, presses...), 8000, noise, 3))))
		if got != want {
			t.Errorf("%+v: heard %d keys of %d", c, len(got), len(want))
		}
	}
}

// TestDetectorPositions: where a key begins and ends is told to 3 ms.
func TestDetectorPositions(t *testing.T) {
	for _, rate := range []int{8000, 16000} {
		presses := []press{usual(1, 40, 50), usual(2, 71, 93), usual(3, 500, 61), usual(dtmf.D, 1000, 50)}
		heard := listen(t, rate, keysPCM(noisy(keys(rate, presses...), rate, -40, 9)))
		if got := digitsOf(heard); got != "123D" {
			t.Fatalf("heard %q", got)
		}
		at := 100.0
		for i, p := range presses {
			began, ended := heard[2*i], heard[2*i+1]
			begin, end := float64(ended.Begin)*1000/float64(rate), float64(ended.End)*1000/float64(rate)
			if began.Begin != ended.Begin || !near(begin, at, 3) || !near(end, at+p.on, 3) || !near(began.Level, -5.88+ZeroDBm0, 0.5) {
				t.Errorf("%v: %.1f to %.1f ms at %.1f dBFS, want %.1f to %.1f", p.digit, begin, end, began.Level, at, at+p.on)
			}
			at += p.on + p.off
		}
	}
}

// TestDetectorFrames: what is heard does not depend on how the sound is cut.
func TestDetectorFrames(t *testing.T) {
	pcm := keysPCM(noisy(keys(8000, usual(1, 50, 50), usual(2, 50, 50), usual(3, 300, 50)), 8000, -30, 1))
	want := fmt.Sprint(listen(t, 8000, pcm))
	r := rand.New(rand.NewPCG(1, 1))
	d, _ := NewDTMFDetector(8000)
	for range 20 {
		var heard []HeardKey
		d.Reset()
		for rest := pcm; len(rest) > 0; {
			n := min(r.IntN(700), len(rest))
			heard = d.Add(rest[:n], heard)
			rest = rest[n:]
		}
		if got := fmt.Sprint(heard); got != want {
			t.Fatalf("heard %s, want %s", got, want)
		}
	}
}

func TestDetectorTellsInTime(t *testing.T) {
	pcm := keysPCM(noisy(keys(8000, usual(1, 200, 100), usual(2, 200, 50)), 8000, -25, 1))
	d, _ := NewDTMFDetector(8000)
	for i := range pcm {
		for _, h := range d.Add(pcm[i:i+1], nil) {
			late := time.Duration(int64(i)-h.Begin) * time.Second / 8000
			if h.Phase == dtmf.Ended {
				late = time.Duration(int64(i)-h.End) * time.Second / 8000
			}
			t.Log(h.Digit, h.Phase, late)
			if late > DTMFLookBack*time.Millisecond {
				t.Errorf("%v %v is told %v later", h.Digit, h.Phase, late)
			}
		}
	}
}

func BenchmarkDTMFDetector(b *testing.B) {
	for _, rate := range []int{8000, 16000} {
		b.Run(fmt.Sprint(rate), func(b *testing.B) {
			d, _ := NewDTMFDetector(rate)
			pcm := keysPCM(noisy(make([]float64, rate), rate, -20, 1))
			var heard []HeardKey
			i := 0
			for b.Loop() {
				heard = d.Add(pcm[i:i+rate/50], heard[:0])
				i = (i + rate/50) % rate
			}
		})
	}
}
