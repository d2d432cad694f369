package audio

import (
	"math"
	"slices"
)

// fir is a low-pass filter that raises or lowers a sampling rate by a whole
// factor, cut into what each output sample needs of it (a polyphase filter). It
// never changes: all who run it share it.
//
// Its taps are symmetric, so they are kept for pairs of samples that lie as far
// from the window's middle, the outermost first. They are integers in units of
// 2^-tapBits: a sound becomes the same one on every machine.
type fir struct {
	// One of these is the factor, the other one is 1.
	up, down int
	// window is how many input samples an output sample is made of.
	window int
	// even weighs the sums of pairs. Where one window makes two output samples, one
	// is the other's mirror image: odd, which weighs the differences, is added for
	// the first and subtracted for the second.
	even, odd []int64
	// centre weighs the sample in the middle of a window of odd length.
	centre int64
}

const tapBits = 24

// attenuation is what the filters are designed for, in dB.
const attenuation = 72.0

// interpolation designs a filter that puts factor samples, 2 or 3, in the place
// of each. pass is the highest frequency that passes unchanged, in cycles a
// sample of the input. The images of all below it lie from 1 - pass upwards, and
// are not let pass.
//
// So it is symmetric about half a cycle, and every factor-th tap but the centre
// is zero: each sample stays as it is, and others are put between.
func interpolation(factor int, pass float64) *fir {
	half := (kaiserReach((1-2*pass)/float64(factor)) + factor - 1) / factor
	taps := lowPass(1/(2*float64(factor)), factor*half)
	f := &fir{up: factor, down: 1, window: 2 * half}
	even, odd := make([]float64, half), make([]float64, half)
	sum := 0.0
	for k := range half {
		// Where the pair's samples lie, as seen from the first one that is put in.
		left, right := taps[factor*(half-1-k)+1], taps[factor*(half-k)-1]
		even[k], odd[k] = (left+right)/2, (left-right)/2
		sum += left + right
	}
	f.even = quantized(even, sum)
	if factor == 3 {
		f.odd = quantized(odd, sum)
	}
	return f
}

// decimation designs a filter that keeps one sample of factor. pass is the
// highest frequency that passes unchanged and stop the lowest that is not let
// pass, in cycles a sample of the output. The window reaches a multiple of align
// to either side.
func decimation(factor int, pass, stop float64, align int) *fir {
	m := float64(factor)
	reach := (kaiserReach((stop-pass)/m) + align - 1) / align * align
	taps := lowPass((pass+stop)/(2*m), reach)
	sum := -taps[0]
	for _, tap := range taps {
		sum += 2 * tap
	}
	even := quantized(taps, sum)
	slices.Reverse(even)
	return &fir{up: 1, down: factor, window: 2*reach + 1, even: even[:reach], centre: even[reach]}
}

// quantized divides taps by their sum, so that 0 Hz passes unchanged.
func quantized(taps []float64, sum float64) []int64 {
	q := make([]int64, len(taps))
	for i, tap := range taps {
		q[i] = int64(math.Round(tap / sum * (1 << tapBits)))
	}
	return q
}

// run filters what lies in a buffer, whose first window - 1 samples were there
// before, and gives how many samples it put into out. skip is how many of the
// others to leave out before the first output sample, where it lowers a rate.
func (f *fir) run(out, buffer []int16, skip int) int {
	switch {
	case f.up == 1:
		return f.lower(out, buffer[skip:])
	case f.odd == nil:
		return f.double(out, buffer)
	default:
		return f.triple(out, buffer)
	}
}

func (f *fir) lower(out, buffer []int16) int {
	n := 0
	for ; len(buffer) >= f.window; n++ {
		w := buffer[:f.window]
		out[n] = rounded(f.centre*int64(w[len(f.even)]) + pairs(w, f.even))
		buffer = buffer[min(f.down, len(buffer)):]
	}
	return n
}

func (f *fir) double(out, buffer []int16) int {
	n := 0
	for ; len(buffer) >= f.window; buffer = buffer[1:] {
		w := buffer[:f.window]
		out[n], out[n+1] = w[len(f.even)-1], rounded(pairs(w, f.even))
		n += 2
	}
	return n
}

func (f *fir) triple(out, buffer []int16) int {
	n := 0
	for ; len(buffer) >= f.window; buffer = buffer[1:] {
		w := buffer[:f.window]
		sum, difference := bothPairs(w, f.even, f.odd)
		out[n], out[n+1], out[n+2] = w[len(f.even)-1], rounded(sum+difference), rounded(sum-difference)
		n += 3
	}
	return n
}

// pairs weighs the sums of a window's pairs. It is where the time goes, so it
// takes four at a time.
func pairs(w []int16, even []int64) (sum int64) {
	left, right := w[:len(even)], w[len(w)-len(even):]
	for len(even) >= 4 && len(left) >= 4 && len(right) >= 4 {
		l, r, e := (*[4]int16)(left), (*[4]int16)(right[len(right)-4:]), (*[4]int64)(even)
		sum += e[0]*(int64(l[0])+int64(r[3])) + e[1]*(int64(l[1])+int64(r[2])) +
			e[2]*(int64(l[2])+int64(r[1])) + e[3]*(int64(l[3])+int64(r[0]))
		left, right, even = left[4:], right[:len(right)-4], even[4:]
	}
	for k, tap := range even {
		sum += tap * (int64(left[k]) + int64(right[len(right)-1-k]))
	}
	return sum
}

// bothPairs weighs the sums and the differences of a window's pairs.
func bothPairs(w []int16, even, odd []int64) (sum, difference int64) {
	left, right, odd := w[:len(even)], w[len(w)-len(even):], odd[:len(even)]
	for len(even) >= 2 && len(odd) >= 2 && len(left) >= 2 && len(right) >= 2 {
		l, r, e, o := (*[2]int16)(left), (*[2]int16)(right[len(right)-2:]), (*[2]int64)(even), (*[2]int64)(odd)
		a, b, c, d := int64(l[0]), int64(r[1]), int64(l[1]), int64(r[0])
		sum += e[0]*(a+b) + e[1]*(c+d)
		difference += o[0]*(a-b) + o[1]*(c-d)
		left, right, even, odd = left[2:], right[:len(right)-2], even[2:], odd[2:]
	}
	for k, tap := range even {
		a, b := int64(left[k]), int64(right[len(right)-1-k])
		sum += tap * (a + b)
		difference += odd[k] * (a - b)
	}
	return sum, difference
}

func rounded(sum int64) int16 {
	return int16(min(max((sum+1<<(tapBits-1))>>tapBits, math.MinInt16), math.MaxInt16))
}

// kaiserReach is how far a window must reach to either side for a transition
// from the pass band to the stop band, in cycles a sample (J. F. Kaiser, 1974).
func kaiserReach(transition float64) int {
	return int(math.Ceil((attenuation - 7.95) / (2.285 * 2 * math.Pi * transition) / 2))
}

// lowPass makes the taps of a low-pass filter, from its centre to one end: a sinc
// in a Kaiser window. cutoff is in cycles a sample.
func lowPass(cutoff float64, reach int) []float64 {
	shape := 0.1102 * (attenuation - 8.7)
	taps := make([]float64, reach+1)
	for i := range taps {
		x := float64(i) / float64(reach)
		taps[i] = sinc(2*cutoff*float64(i)) * bessel(shape*math.Sqrt(1-x*x))
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
