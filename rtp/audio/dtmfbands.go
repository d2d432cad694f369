package audio

import (
	"math"

	"github.com/tandem-gateway/tandem/rtp/dtmf"
)

// The tones of keys in Hz, and the key that has the row's and the column's (ITU-T
// Q.23 s6).
var (
	dtmfRows    = [4]float64{697, 770, 852, 941}
	dtmfColumns = [4]float64{1209, 1336, 1477, 1633}
	dtmfPad     = [4][4]dtmf.Digit{
		{1, 2, 3, dtmf.A}, {4, 5, 6, dtmf.B}, {7, 8, 9, dtmf.C}, {dtmf.Star, 0, dtmf.Pound, dtmf.D},
	}
)

// dtmfTones are the two tones of a key; false when it has none.
func dtmfTones(d dtmf.Digit) (low, high float64, ok bool) {
	for row, keys := range dtmfPad {
		for column, key := range keys {
			if key == d {
				return dtmfRows[row], dtmfColumns[column], true
			}
		}
	}
	return 0, 0, false
}

// The bands of the groups, which hold their tones with 1.5% to either side, and
// where the filters' edges lie: from there on each is 40 dB down where the other
// group begins. So is a dial tone's 440 Hz in the low band.
const (
	dtmfLowMiddle, dtmfLowEdge   = 821.0, 259.0
	dtmfHighMiddle, dtmfHighEdge = 1424.0, 355.0
	dtmfShape                    = 3.4 // of the Kaiser window: 40 dB
)

// dtmfBands takes both bands out of a sound, once a ms.
type dtmfBands struct {
	// taps are the filters' right halves, behind their centre.
	taps   []dtmfTap
	centre dtmfTap
	// step is how many samples a hop has.
	step int
	// buffer has samples; the next hop's first one lies at next, the last that came
	// before end.
	buffer    []float64
	next, end int
}

// dtmfTap is one tap of both filters. They are symmetric: even is of the real
// part, odd of the imaginary.
type dtmfTap struct{ lowEven, lowOdd, highEven, highOdd float64 }

// design makes the filters: sinc in a Kaiser window, moved up to the band. They
// pass a sine as a complex number of its amplitude.
func (b *dtmfBands) design(rate int) {
	b.step = rate / 1000
	reach := dtmfReach * b.step
	low, high := bandPass(rate, reach, dtmfLowMiddle, dtmfLowEdge), bandPass(rate, reach, dtmfHighMiddle, dtmfHighEdge)
	b.taps = make([]dtmfTap, reach+1)
	for i := range b.taps {
		b.taps[i] = dtmfTap{real(low[i]), imag(low[i]), real(high[i]), imag(high[i])}
	}
	b.centre, b.taps = b.taps[0], b.taps[1:]
	b.buffer = make([]float64, 2*reach+40*b.step)
	b.clear()
}

// bandPass gives a filter's right half.
func bandPass(rate, reach int, middle, edge float64) []complex128 {
	taps := make([]complex128, reach+1)
	sum := 0.0
	for i := range taps {
		x := float64(i) / float64(reach)
		weight := sinc(2*edge/float64(rate)*float64(i)) * bessel(dtmfShape*math.Sqrt(1-x*x))
		sine, cosine := math.Sincos(2 * math.Pi * middle / float64(rate) * float64(i))
		taps[i] = complex(weight*cosine, weight*sine)
		if sum += 2 * weight; i == 0 {
			sum = weight
		}
	}
	for i := range taps {
		taps[i] *= complex(2/sum, 0)
	}
	return taps
}

// clear begins with silence before the first sample, on which the first hop lies.
func (b *dtmfBands) clear() {
	clear(b.buffer)
	b.next, b.end = 0, dtmfReach*b.step
}

// sample is the number of the sample on which a hop lies.
func (b *dtmfBands) sample(hop int64) int64 { return hop * int64(b.step) }

// take takes in as many samples as there is room for.
func (b *dtmfBands) take(pcm []int16) int {
	if b.end == len(b.buffer) {
		copy(b.buffer, b.buffer[b.next:])
		b.next, b.end = 0, b.end-b.next
	}
	n := min(len(pcm), len(b.buffer)-b.end)
	for i, x := range pcm[:n] {
		b.buffer[b.end+i] = float64(x)
	}
	b.end += n
	return n
}

// ready tells whether the next hop's samples are all there.
func (b *dtmfBands) ready() bool { return b.end-b.next > 2*len(b.taps) }

// hop filters the next hop.
func (b *dtmfBands) hop() dtmfHop {
	reach := len(b.taps)
	window := b.buffer[b.next : b.next+2*reach+1]
	b.next += b.step
	x := window[reach]
	lowEven, highEven := b.centre.lowEven*x, b.centre.highEven*x
	lowOdd, highOdd := 0.0, 0.0
	left, right := window[:reach], window[reach+1:]
	for i := range b.taps {
		tap := &b.taps[i]
		l, r := left[len(left)-1-i], right[i]
		even, odd := r+l, r-l
		lowEven += tap.lowEven * even
		lowOdd -= tap.lowOdd * odd
		highEven += tap.highEven * even
		highOdd -= tap.highOdd * odd
	}
	return dtmfHop{complex(lowEven, lowOdd), complex(highEven, highOdd), b.power(window[reach-b.step/2:])}
}

// power is the mean power around a hop, of which a sine of amplitude a has a².
func (b *dtmfBands) power(samples []float64) float64 {
	sum := 0.0
	for _, x := range samples[:b.step] {
		sum += x * x
	}
	return 2 * sum / float64(b.step)
}
