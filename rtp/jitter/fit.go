package jitter

// Fit makes a frame of PCM longer or shorter by a few samples: src, of some channels
// interleaved, is brought to the length of dst. The first and the last sample stay
// where they are, and those between come from cubic interpolation, so the pitch
// changes by as much as the length does.
func Fit(dst, src []int16, channels int) {
	from, to := len(src)/channels, len(dst)/channels
	switch {
	case from == to:
		copy(dst, src)
		return
	case from < 2 || to < 2:
		clear(dst)
		copy(dst, src)
		return
	}
	step := float32(from-1) / float32(to-1)
	for i := range to {
		at := float32(i) * step
		whole := min(int(at), from-2)
		for c := range channels {
			dst[i*channels+c] = between(src[c:], whole, channels, at-float32(whole))
		}
	}
}

// between is the value of a Catmull-Rom spline a part of the way from one sample to
// the next.
func between(src []int16, i, stride int, part float32) int16 {
	last := (len(src) - 1) / stride
	a := float32(src[max(i-1, 0)*stride])
	b, c := float32(src[i*stride]), float32(src[(i+1)*stride])
	d := float32(src[min(i+2, last)*stride])
	y := b + part/2*(c-a+part*(2*a-5*b+4*c-d+part*(3*(b-c)+d-a)))
	return int16(max(-32768, min(32767, y+0.5*sign(y))))
}

func sign(x float32) float32 {
	if x < 0 {
		return -1
	}
	return 1
}
