package jitter

import (
	"math"
	"slices"
	"testing"
)

func TestFitKeepsAFrameOfTheSameLength(t *testing.T) {
	src := []int16{1, -2, 3, -32768, 32767, 6}
	dst := make([]int16, 6)
	Fit(dst, src, 2)
	if !slices.Equal(dst, src) {
		t.Errorf("%v", dst)
	}
}

// TestFitSine: a sine that is made longer or shorter is a sine of as many periods. What
// differs from it is 40 dB below.
func TestFitSine(t *testing.T) {
	for _, channels := range []int{1, 2} {
		for _, to := range []int{155, 158, 162, 165} {
			src, dst := make([]int16, 160*channels), make([]int16, to*channels)
			const periods = 12.5 // 625 Hz
			at := func(i, n int) float64 { return 10000 * math.Sin(2*math.Pi*periods*float64(i)/float64(n-1)) }
			for i := range src {
				src[i] = int16(at(i/channels, 160))
			}
			Fit(dst, src, channels)
			signal, noise := 0.0, 0.0
			for i, got := range dst {
				want := at(i/channels, to)
				signal += want * want
				noise += (float64(got) - want) * (float64(got) - want)
			}
			if snr := 10 * math.Log10(signal/noise); snr < 40 {
				t.Errorf("160 to %d, %d channels: %.1f dB", to, channels, snr)
			}
		}
	}
}

func TestFitEndsStay(t *testing.T) {
	src, dst := []int16{100, 32767, -32768, 32767, -32768, 7}, make([]int16, 7)
	Fit(dst, src, 1)
	if dst[0] != 100 || dst[6] != 7 {
		t.Errorf("%v", dst)
	}
}

func TestFitOfNothing(t *testing.T) {
	for _, src := range [][]int16{nil, {5}} {
		dst := []int16{9, 9, 9}
		Fit(dst, src, 1)
		if want := append(slices.Clone(src), 0, 0, 0)[:3]; !slices.Equal(dst, want) {
			t.Errorf("%v to %v", src, dst)
		}
	}
	Fit(nil, []int16{1, 2}, 1)
}
