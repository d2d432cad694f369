package codec

import (
	"math"
	"testing"
)

// appendix is ITU-T G.711 Appendix I as it is written there, in its numbers for 8
// kHz and frames of 10 ms, as plainly as can be: what concealer is measured against.
// All it gives is 30 samples late, which is what its first blend needs.
type appendix struct {
	history       []float64 // 390 samples
	cycle, tail   []float64
	erased        int
	pitch, offset int
	length        int
}

func newAppendix() *appendix { return &appendix{history: make([]float64, 390)} }

// output appends a frame to the history and gives that of 30 samples before.
func (a *appendix) output(frame []float64) []int16 {
	a.history = append(a.history[80:], frame...)
	out := make([]int16, 80)
	for i := range out {
		out[i] = int16(math.Max(-32768, math.Min(32767, a.history[390-110+i])))
	}
	return out
}

// good: a frame that came.
func (a *appendix) good(pcm []int16) []int16 {
	frame := make([]float64, 80)
	for i, sample := range pcm {
		frame[i] = float64(sample)
	}
	if a.erased > 0 {
		length := min(80, a.pitch/4+32*(a.erased-1))
		gain := math.Max(0, 1-0.2*float64(a.erased-1))
		blend(frame[:length], a.take(length), gain)
		a.erased = 0
	}
	return a.output(frame)
}

// blend fades one sound out and the other, in place, in.
func blend(in, out []float64, gain float64) {
	for i := range in {
		share := float64(i+1) / float64(len(in))
		in[i] = share*in[i] + (1-share)*gain*out[i]
	}
}

// take goes on with the repetition.
func (a *appendix) take(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = a.cycle[390-a.length+a.offset]
		a.offset = (a.offset + 1) % a.length
	}
	return out
}

// lost: a frame that did not come.
func (a *appendix) lost() []int16 {
	var frame []float64
	switch {
	case a.erased == 0:
		a.cycle = append([]float64(nil), a.history...)
		a.pitch = a.findPitch()
		a.tail = append([]float64(nil), a.history[390-a.pitch/4:]...)
		a.offset, a.length = 0, a.pitch
		a.smooth()
		copy(a.history[390-a.pitch/4:], a.cycle[390-a.pitch/4:])
		frame = a.take(80)
	case a.erased <= 2:
		offset := a.offset
		old := a.take(a.pitch / 4)
		a.offset, a.length = offset%a.pitch, a.length+a.pitch
		a.smooth()
		frame = a.take(80)
		blend(frame[:len(old)], old, 1)
	default:
		frame = a.take(80)
	}
	for i := range frame {
		gain := 1 - 0.2*(float64(a.erased-1)+float64(i)/80)
		frame[i] *= math.Max(0, math.Min(1, gain))
	}
	a.erased++
	return a.output(frame)
}

// smooth blends the end of the repetition into what precedes its beginning.
func (a *appendix) smooth() {
	quarter := a.pitch / 4
	end := append([]float64(nil), a.cycle[390-a.length-quarter:390-a.length]...)
	blend(end, a.tail, 1)
	copy(a.cycle[390-quarter:], end)
}

// findPitch is without the decimation, which is there to save work.
func (a *appendix) findPitch() int {
	best, most := 40, math.Inf(-1)
	for lag := 120; lag >= 40; lag-- {
		product, energy := 0.0, 0.0
		for i := 230; i < 390; i++ {
			product += a.cycle[i] * a.cycle[i-lag]
			energy += a.cycle[i-lag] * a.cycle[i-lag]
		}
		if likeness := product / math.Sqrt(math.Max(energy, 250)); likeness > most {
			best, most = lag, likeness
		}
	}
	return best
}

// TestAsGoodAsTheAppendix: without its delay, the concealer is as near to the
// original as the Appendix, to 1 dB, at each kind of loss.
func TestAsGoodAsTheAppendix(t *testing.T) {
	voice := speech(8000, 8)
	for _, p := range patterns {
		lost := losses(len(voice)/160, p.share, p.burst)
		model, ours := newAppendix(), newConcealer(8000)
		var late, prompt []int16
		for at := 0; at+160 <= len(voice); at += 160 {
			frame := append([]int16(nil), voice[at:at+160]...)
			if lost[at/160] {
				late = append(append(late, model.lost()...), model.lost()...)
				ours.fill(frame, 0, 1)
			} else {
				late = append(append(late, model.good(frame[:80])...), model.good(frame[80:])...)
				ours.heard(frame, 0, 1)
			}
			prompt = append(prompt, frame...)
		}
		got, want := snr(voice, prompt, 0), snr(voice, late, 30)
		if got < want-1 {
			t.Errorf("loss %s: %.1f dB, the Appendix has %.1f", p, got, want)
		}
	}
}

// TestAppendixAttenuates: at other rates, the Appendix's times are kept.
func TestAppendixAttenuates(t *testing.T) {
	for _, rate := range []int{8000, 11025, 16000, 44100, 48000} {
		c := newConcealer(rate)
		c.heard(tone(rate, 200, 10000, rate/5), 0, 1)
		pcm := make([]int16, rate/10)
		c.fill(pcm, 0, 1)
		step := rate / 100
		for ms10, least := range []int{9600, 7900, 5900, 3900, 1900} {
			if peak := peakOf(pcm[ms10*step : (ms10+1)*step]); peak < least || peak > least+2800 {
				t.Errorf("%d Hz, after %d ms: a peak of %d", rate, 10*ms10, peak)
			}
		}
		if peak := peakOf(pcm[6*step:]); peak != 0 {
			t.Errorf("%d Hz: %d after 60 ms", rate, peak)
		}
	}
}
