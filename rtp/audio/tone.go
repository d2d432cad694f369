package audio

import (
	"fmt"
	"math"
	"math/cmplx"
)

// Sine is one sine of a tone.
type Sine struct {
	// Frequency is in Hz, below half of the sampling rate.
	Frequency float64
	// Level is in dBFS.
	Level float64
}

// Tone makes one sine, or several at a time as dial tones and keys have them. It
// goes on where the last frame ended.
type Tone struct {
	rate  int
	waves []wave
}

// wave is a sine on its way. Phases are in cycles, from 0 to 1. Within a frame
// its point turns on the circle by multiplication, which costs a twentieth of a
// sine and is off by less than 10^-12 at the frame's end.
type wave struct {
	phase, step, amplitude float64
	// point is where it is on the circle, turn what a sample turns it by.
	point, turn complex128
}

// NewTone makes a tone at a sampling rate in Hz. Sines whose sum could exceed full
// scale are refused: they would be clipped, and then be other tones too.
func NewTone(rate int, sines ...Sine) (*Tone, error) {
	t := &Tone{rate: rate}
	sum := 0.0
	for _, s := range sines {
		if err := checkFrequency(rate, s.Frequency); err != nil {
			return nil, err
		}
		w := wave{step: s.Frequency / float64(rate), amplitude: amplitude(s.Level)}
		w.turn = cmplx.Rect(1, 2*math.Pi*w.step)
		sum += w.amplitude
		t.waves = append(t.waves, w)
	}
	if sum > fullScale*1.000001 {
		return nil, fmt.Errorf("audio: the sines reach %.1f dB over full scale: lower their levels", 20*math.Log10(sum/fullScale))
	}
	return t, nil
}

func checkFrequency(rate int, frequency float64) error {
	if frequency <= 0 || 2*frequency >= float64(rate) {
		return fmt.Errorf("audio: a sine of %g Hz at %d samples a second: it must lie between 0 and half of that", frequency, rate)
	}
	return nil
}

// Rate is the sampling rate in Hz.
func (t *Tone) Rate() int { return t.rate }

// Fill fills a frame with the tone, which has no end.
func (t *Tone) Fill(pcm []int16) int {
	for k := range t.waves {
		t.waves[k].begin(len(pcm))
	}
	for i := range pcm {
		sum := 0.0
		for k := range t.waves {
			w := &t.waves[k]
			sum += imag(w.point)
			w.point *= w.turn
		}
		pcm[i] = int16(math.Round(min(max(sum, math.MinInt16), math.MaxInt16)))
	}
	return len(pcm)
}

// restart lets all sines begin anew.
func (t *Tone) restart() {
	for k := range t.waves {
		t.waves[k].phase = 0
	}
}

// begin sets the point at the beginning of a frame, and the phase to its end.
func (w *wave) begin(samples int) {
	w.point = cmplx.Rect(w.amplitude, 2*math.Pi*w.phase)
	w.phase = math.Mod(w.phase+w.step*float64(samples), 1)
}
