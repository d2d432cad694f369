package audio

import "math"

// The limiter keeps a mix within 16 bits by turning it down, not by clipping it.
//
// It has the whole frame before it turns, so it can turn before a peak comes and
// yet delays nothing: down to what the frame's highest peak needs, in a straight
// line that ends before the first sample that needs less than there is now. It
// stays there for the rest of the frame, then goes up by a straight line in each
// frame, as fast as limiterRelease says, until nothing is changed any more.
//
// Only a peak in a frame's first 1.25 ms that nothing announced comes too soon:
// there the line takes those 1.25 ms, and what still exceeds is cut.
const (
	// limiterSpans is into how many spans a frame is divided: of 1.25 ms.
	limiterSpans = 16
	// limiterRelease is the factor of a frame of 20 ms: 0.3 dB, or 15 dB a second.
	limiterRelease = 1.0351421666793437
	// limiterCeiling is the highest sample.
	limiterCeiling = math.MaxInt16
	// limiterOffset is more than any sum has that is not cut off: 4,096 sources at full gain
	// and scale make 1 << 31. With more, rounding would be coarser (1 << 40 leaves 1/4,096).
	limiterOffset = 1 << 32
)

// settle brings a sum to 16 bits, and tells whether all of it fitted.
func settle(out []int16, sum []int64) bool {
	over := uint64(0)
	out = out[:len(sum)]
	for i, s := range sum {
		v := (s + unity/2) >> gainBits
		out[i] = int16(v)
		over |= uint64(v-math.MinInt16) >> 16
	}
	return over == 0
}

// limited brings a sum to 16 bits through the limiter, which stands at a factor,
// at most 1, and gives where it stands afterwards.
func limited(out []int16, sum []int64, factor float64) float64 {
	if settle(out, sum) && factor == 1 {
		return 1
	}
	first, lowest := needs(sum, factor)
	if lowest >= factor {
		next := min(factor*limiterRelease, lowest)
		turn(out, sum, factor, next)
		return next
	}
	span := len(sum) / limiterSpans
	n := max(first, 1) * span
	turn(out[:n], sum[:n], factor, lowest)
	turn(out[n:], sum[n:], lowest, lowest)
	return lowest
}

// needs gives the lowest factor that a sum needs anywhere, at most 1, and the
// first span that needs less than a factor.
func needs(sum []int64, factor float64) (first int, lowest float64) {
	span := len(sum) / limiterSpans
	first, lowest = limiterSpans, 1.0
	for i := range limiterSpans {
		part := sum[i*span : (i+1)*span]
		peak := int64(0)
		for _, s := range part {
			peak = max(peak, s, -s)
		}
		need := limiterCeiling * unity / float64(max(peak, unity))
		if need < factor && first == limiterSpans {
			first = i
		}
		lowest = min(lowest, need)
	}
	return first, lowest
}

// turn brings a sum to 16 bits by a factor that goes from one value to another.
func turn(out []int16, sum []int64, from, to float64) {
	out = out[:len(sum)]
	factor, step := from/unity, (to-from)/unity/float64(max(len(sum), 1))
	for i, s := range sum {
		// What is rounded is positive, so that it may be cut off.
		x := int64(float64(s)*factor+(limiterOffset+0.5)) - limiterOffset
		out[i] = int16(min(max(x, -limiterCeiling), limiterCeiling))
		factor += step
	}
}
