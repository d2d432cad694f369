package rtp

import (
	"fmt"
	"math"

	"github.com/tandem-gateway/tandem/rtp/audio"
)

// volume is a gain that changes without a click: along a straight line over the frame
// that follows.
type volume struct {
	// now and next are factors less one, so that the zero value changes nothing.
	now, next float32
	begun     bool
}

// checkGain refuses what no listener is to hear.
func checkGain(number int, h Heard) error {
	if !(h.Gain <= audio.MaxGain) {
		return fmt.Errorf("rtp: listener %d hears source %d with a gain of %g dB: it must be a number up to %d", number, h.Source, h.Gain, audio.MaxGain)
	}
	return nil
}

// set sets a gain in dB. The first is in force at once.
func (v *volume) set(dB float64) {
	v.next = float32(math.Pow(10, dB/20) - 1)
	if !v.begun {
		v.now, v.begun = v.next, true
	}
}

// apply changes a frame.
func (v *volume) apply(pcm []int16) {
	if v.now == 0 && v.next == 0 {
		return
	}
	factor, step := 1+v.now, (v.next-v.now)/float32(max(len(pcm), 1))
	for i, x := range pcm {
		factor += step
		pcm[i] = saturated(float32(x) * factor)
	}
	v.now = v.next
}

func saturated(x float32) int16 {
	return int16(min(max(x, math.MinInt16), math.MaxInt16))
}
