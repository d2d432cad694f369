package record

import (
	"math"
	"slices"
	"testing"
	"time"
)

// laid puts frames of a constant into a voice, at positions that follow each other
// but for a step before the n-th, and gives what the voice then has from 0 on.
func laid(t *testing.T, frames, n int, step int64) (*voice, []int16) {
	t.Helper()
	v := newVoice(8000)
	pcm := slices.Repeat([]int16{1000}, 160)
	at := int64(0)
	for i := range frames {
		if i == n {
			at += step
		}
		if err := v.put(at, 0, 8000, pcm); err != nil {
			t.Fatal(err)
		}
		at += 160
	}
	return v, v.ring
}

// TestSteps: what is off by little stays without a seam, what is off by more is made
// good by a sample a frame, and what is off by much leaves a gap or is left out.
func TestSteps(t *testing.T) {
	for _, c := range []struct {
		step int64
		// end is where the sound ends after ten frames, holes how many samples there are
		// none of.
		end, holes int64
	}{
		{0, 1600, 0},
		{1, 1600, 0},
		{40, 1600, 0}, // 5 ms
		{41, 1601, 0},
		{43, 1603, 0},
		{100, 1605, 0}, // a sample in each of the five frames that follow
		{119, 1605, 0},
		{120, 1720, 120}, // 15 ms
		{1000, 2600, 1000},
		{-1, 1600, 0},
		{-40, 1600, 0},
		{-42, 1598, 0},
		{-119, 1595, 0},
		{-120, 1480, 0},
		{-160, 1440, 0}, // a frame that came twice
	} {
		v, ring := laid(t, 10, 5, c.step)
		holes := int64(0)
		for i, sample := range ring[:c.end] {
			switch sample {
			case 0:
				holes++
			case 1000:
			default:
				t.Fatalf("a step of %d: sample %d is %d", c.step, i, sample)
			}
		}
		if v.until != c.end || holes != c.holes || !silent(ring[c.end:]) {
			t.Errorf("a step of %d: the sound ends at %d with %d holes, want %d and %d", c.step, v.until, holes, c.end, c.holes)
		}
	}
}

// TestFlattest: a sample is doubled or left out where it is heard least.
func TestFlattest(t *testing.T) {
	pcm := []int16{0, 1000, 2000, 2900, 2950, 2100, -32768, 32767, 5}
	if i := flattest(pcm); i != 3 {
		t.Errorf("at %d", i)
	}
	if got := double(slices.Clone(pcm)); !slices.Equal(got, []int16{0, 1000, 2000, 2900, 2900, 2950, 2100, -32768, 32767, 5}) {
		t.Errorf("%d", got)
	}
	if got := omit(slices.Clone(pcm)); !slices.Equal(got, []int16{0, 1000, 2000, 2950, 2100, -32768, 32767, 5}) {
		t.Errorf("%d", got)
	}
	for _, short := range [][]int16{{7}, {7, 8}} {
		if len(double(slices.Clone(short))) != len(short)+1 || len(omit(slices.Clone(short))) != len(short)-1 {
			t.Errorf("%d", short)
		}
	}
}

// TestResampledPlace: at every rate a click is where it was put, be it the first
// sample of what is said, or the last before a gap.
func TestResampledPlace(t *testing.T) {
	for _, from := range rates {
		for _, to := range rates {
			for _, place := range []int{0, 1, 2} {
				v := newVoice(to)
				pcm := make([]int16, from/50)
				at := int64(to / 50) // there is something before it
				i := []int{0, from / 100, from/50 - from/8000}[place]
				for k := range from / 8000 { // as long as a sample of the lowest rate
					pcm[i+k] = 12000
				}
				if err := v.put(at, 0, from, pcm); err != nil {
					t.Fatal(err)
				}
				v.drain(0)
				want := float64(at) + (float64(i)+float64(from/8000-1)/2)*float64(to)/float64(from)
				if got := centre(v.ring); !(math.Abs(got-want) <= float64(to)/8000) {
					t.Errorf("%d to %d: the click of sample %d is at %.2f, want %.2f", from, to, i, got, want)
				}
				if v.running {
					t.Error("it still runs")
				}
			}
		}
	}
}

// centre is where the power of a sound is; no number where there is none.
func centre(pcm []int16) float64 {
	sum, moment := 0.0, 0.0
	for i, s := range pcm {
		power := float64(s) * float64(s)
		sum, moment = sum+power, moment+power*float64(i)
	}
	return moment / sum
}

// TestSamplesIn: no rounding adds up, and no long recording overflows.
func TestSamplesIn(t *testing.T) {
	for _, c := range []struct {
		rate int
		d    time.Duration
		want int64
	}{
		{8000, 125 * time.Microsecond, 1},
		{8000, 62 * time.Microsecond, 0},
		{8000, 63 * time.Microsecond, 1},
		{48000, time.Second - time.Nanosecond, 48000},
		{48000, 1000 * time.Hour, 48000 * 3_600_000},
		{8000, -time.Second, -8000},
	} {
		if got := samplesIn(c.rate, c.d); got != c.want {
			t.Errorf("%v at %d Hz: %d samples, want %d", c.d, c.rate, got, c.want)
		}
	}
	w := writer{Recording: &Recording{config: Config{Rate: 48000}}}
	if got := w.sound(48000*3_600_000 + 24000); got != 1000*time.Hour+500*time.Millisecond {
		t.Errorf("%v", got)
	}
}

// TestLastSamples: what a resampler still holds when somebody falls silent is written,
// though nothing comes behind it.
func TestLastSamples(t *testing.T) {
	for _, rate := range rates {
		d := newDisk()
		r := begun(t, d, Config{Layout: Mixed, Rate: rate})
		track := join(t, r, Party{})
		pcm := make([]int16, 960)
		for i := 960 - 48; i < 960; i++ {
			pcm[i] = 12000
		}
		track.Put(after(time.Second), 48000, pcm)
		r.Tick(after(2 * time.Second))
		stopped(t, r, 3*time.Second)
		sides, _ := samplesOf(t, d.content("call.wav"))
		want := 1.0195 * float64(rate)
		if got := centre(sides[0]); !(math.Abs(got-want) <= float64(rate)/4000) {
			t.Errorf("%d Hz: the last millisecond is at %.1f, want %.1f", rate, got, want)
		}
	}
}
