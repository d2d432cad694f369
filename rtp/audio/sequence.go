package audio

import "time"

// Sequence is a source that plays others one after the other without a seam, and all of
// them over again as often as it was told.
type Sequence struct {
	rate  int
	parts []func() Source
	// at is the next part, playing that which plays; nil between two.
	at      int
	playing Source
	// rounds are left, the present one included; endless has no number of them. sounded says
	// that something was heard in the present one.
	rounds           int
	endless, sounded bool
}

// NewSequence makes a sequence of parts, each made anew for each round; rounds of 0 is over
// and over. A part of another sampling rate, in Hz, is left out. One of which nothing is
// heard in a whole round ends, also when it was to go on forever.
func NewSequence(rate, rounds int, parts ...func() Source) *Sequence {
	return &Sequence{rate: rate, parts: parts, rounds: rounds, endless: rounds <= 0}
}

// Rate is the sampling rate in Hz.
func (s *Sequence) Rate() int { return s.rate }

// Fill fills a frame.
func (s *Sequence) Fill(pcm []int16) (n int) {
	for n < len(pcm) && s.next() {
		got := s.playing.Fill(pcm[n:])
		s.sounded = s.sounded || got > 0
		if n += got; n < len(pcm) {
			s.playing = nil
		}
	}
	return n
}

// next sees to it that something plays; false when all is over.
func (s *Sequence) next() bool {
	for s.playing == nil {
		if s.at == len(s.parts) && !s.again() {
			return false
		}
		part := s.parts[s.at]()
		s.at++
		if part != nil && part.Rate() == s.rate {
			s.playing = part
		}
	}
	return true
}

// again begins another round, if there is to be one.
func (s *Sequence) again() bool {
	if s.rounds--; !s.sounded || !s.endless && s.rounds <= 0 {
		s.parts, s.at, s.sounded = nil, 0, false
		return false
	}
	s.at, s.sounded = 0, false
	return true
}

// Cut is a source that ends a given time after its beginning, if what it plays has not
// ended before.
func Cut(of Source, after time.Duration) Source {
	return &cut{Source: of, left: samplesIn(of.Rate(), after)}
}

type cut struct {
	Source
	left int
}

// Fill fills a frame, as far as time is left.
func (c *cut) Fill(pcm []int16) int {
	n := c.Source.Fill(pcm[:min(len(pcm), c.left)])
	c.left -= n
	return n
}
