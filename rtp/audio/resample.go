package audio

import (
	"fmt"
	"math"
)

// The low-pass filter's figures, for an output of 8 kHz: flat within 0.01 dB up
// to 3,400 Hz, the telephone's band, and 70 dB down from 4,000 Hz, so that
// nothing of the sound above is folded into it. Other outputs have the same
// shape, in proportion. It costs some 360 multiplications and additions an
// output sample from 48 kHz, and 120 from 16 kHz.
const (
	passBand        = 3400.0 / 8000
	stopBand        = 4000.0 / 8000
	stopAttenuation = 72.0 // what it is designed for; rounding takes the rest
)

// Resample gives a source at a sampling rate in Hz that divides its own: 8 kHz
// of 16 or 48. A source of that rate already is given back as it is.
//
// The sound is not delayed: sample 0 of the input is sample 0 of the output. It
// ends with the source's last sample.
func Resample(from Source, rate int) (Source, error) {
	switch {
	case rate <= 0 || from.Rate()%rate != 0:
		return nil, fmt.Errorf("audio: a source of %d samples a second cannot be brought to %d: that must divide it", from.Rate(), rate)
	case from.Rate() == rate:
		return from, nil
	}
	return newDecimator(from, from.Rate()/rate), nil
}

// decimator lowers a rate by a whole factor: it lets pass what the lower rate
// can hold, and then keeps one sample of factor many.
type decimator struct {
	from   Source
	factor int
	// taps is the filter's right half, its centre first; it is symmetric.
	taps []float64
	// buffer has what was read and still lies in a window. The next window begins
	// at at; end is where what was read ends, and sound where the source's samples
	// end: behind it there is silence.
	buffer         []int16
	at, end, sound int
	ended          bool
}

func newDecimator(from Source, factor int) *decimator {
	d := &decimator{from: from, factor: factor, taps: lowPass(factor)}
	reach := len(d.taps) - 1
	d.buffer = make([]int16, 2*reach+1+160*factor)
	// Silence before the first sample.
	d.end, d.sound = reach, reach
	return d
}

func (d *decimator) Rate() int { return d.from.Rate() / d.factor }

func (d *decimator) Fill(pcm []int16) int {
	reach := len(d.taps) - 1
	for i := range pcm {
		if d.at+2*reach >= d.end {
			d.read()
		}
		if d.at+reach >= d.sound {
			return i
		}
		pcm[i] = d.filter(d.buffer[d.at : d.at+2*reach+1])
		d.at += d.factor
	}
	return len(pcm)
}

// read drops what lies before the next window, and fills the buffer.
func (d *decimator) read() {
	copy(d.buffer, d.buffer[d.at:d.end])
	d.end -= d.at
	d.sound -= d.at
	d.at = 0
	if !d.ended {
		free := d.buffer[d.end:]
		n := d.from.Fill(free)
		d.ended = n < len(free)
		d.end += n
		d.sound = d.end
	}
	clear(d.buffer[d.end:])
	d.end = len(d.buffer)
}

// filter weighs the samples of a window, which lie around its middle.
func (d *decimator) filter(window []int16) int16 {
	reach := len(d.taps) - 1
	left, right := window[:reach], window[reach+1:]
	sum := d.taps[0] * float64(window[reach])
	for i, tap := range d.taps[1:] {
		sum += tap * float64(int(left[reach-1-i])+int(right[i]))
	}
	return int16(math.Round(min(max(sum, math.MinInt16), math.MaxInt16)))
}

// lowPass designs the filter for a factor: a sinc in a Kaiser window (J. F.
// Kaiser, 1974: its formulas for the window's length and shape). Frequencies are
// in cycles a sample of the input. It gives the right half.
func lowPass(factor int) []float64 {
	pass, stop := passBand/float64(factor), stopBand/float64(factor)
	cutoff := (pass + stop) / 2
	reach := int(math.Ceil((stopAttenuation - 7.95) / (2.285 * 2 * math.Pi * (stop - pass)) / 2))
	shape := 0.1102 * (stopAttenuation - 8.7)
	taps := make([]float64, reach+1)
	sum := 0.0
	for i := range taps {
		x := float64(i) / float64(reach)
		taps[i] = 2 * cutoff * sinc(2*cutoff*float64(i)) * bessel(shape*math.Sqrt(1-x*x)) / bessel(shape)
		sum += 2 * taps[i]
	}
	sum -= taps[0]
	for i := range taps {
		taps[i] /= sum // 0 Hz passes unchanged
	}
	return taps
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// bessel is the modified Bessel function of the first kind of order 0, by its
// series.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > 1e-12*sum; k++ {
		term *= (x / 2 / k) * (x / 2 / k)
		sum += term
	}
	return sum
}
