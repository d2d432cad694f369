package srtp

// maxIndex is the last index of a packet: 32 bits of roll-over counter, 16 of sequence
// number.
const maxIndex = 1<<48 - 1

// stream is where one SSRC stands: the highest index so far, and which ones of the
// window below it there have been.
//
//	            window[1]              window[0]
//	... 0 1 1 1 1 1 ... 1 1 1 0 1 1 1 ... 1 1 1
//	    |                                     |
//	highest-127                            highest
type stream struct {
	highest int64
	window  [2]uint64
}

// windowSize is how far back a packet may be. RFC 3711 section 3.3.2 wants 64 at least;
// twice that is 2.5 s of speech in packets of 20 ms.
const windowSize = 128

// estimate is the index that a sequence number stands for: the one closest to the
// highest so far (RFC 3711 section 3.3.1 and appendix A). It is below 0 for a packet
// from before the first roll-over counter.
func (s *stream) estimate(sequence uint16) int64 {
	const half = 1 << 15
	roc, last, seq := s.highest>>16, s.highest&0xffff, int64(sequence)
	switch {
	case last < half && seq-last > half:
		roc--
	case last >= half && last-half > seq:
		roc++
	}
	return roc<<16 | seq
}

// fresh reports whether an index is new, as far as the window tells.
func (s *stream) fresh(index int64) bool {
	back := s.highest - index
	switch {
	case index < 0 || back >= windowSize:
		return false
	case back < 0:
		return true
	}
	return s.window[back/64]&(1<<(back%64)) == 0
}

// accept notes an index.
func (s *stream) accept(index int64) {
	if index > s.highest {
		s.slide(uint64(index - s.highest))
		s.highest = index
	}
	if back := s.highest - index; back < windowSize {
		s.window[back/64] |= 1 << (back % 64)
	}
}

// slide moves the window up.
func (s *stream) slide(n uint64) {
	switch w := &s.window; {
	case n >= 64:
		w[1], w[0] = w[0]<<(n-64), 0 // shifts of 64 and more give 0
	default:
		w[1], w[0] = w[1]<<n|w[0]>>(64-n), w[0]<<n
	}
}
