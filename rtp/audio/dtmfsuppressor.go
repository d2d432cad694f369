package audio

import (
	"math"

	"github.com/tandem-gateway/tandem/rtp/dtmf"
)

// The suppressor's times in ms: how much it silences before and behind a key, and
// by how much it delays the sound, so that it has not let out a key's beginning
// when the detector tells of it.
const (
	suppressorMargin = 4
	suppressorDelay  = DTMFLookBack + suppressorMargin
)

// DTMFSuppressor takes keys out of sound, for a recording that must not have
// them: it silences each from its first sample to its last. To know it in time it
// holds the sound back for 54 ms (Delay); who puts two sides together must hold
// back the other one too.
type DTMFSuppressor struct {
	detector *DTMFDetector
	// line is the sound that is held back, in a ring; at is its oldest sample.
	line []int16
	at   int
	// taken is how many samples came in; margin and most are in samples.
	taken        int64
	margin, most int64
	// muted are the last keys, in a ring: where they begin and end.
	muted [4]struct{ begin, end int64 }
	last  int
}

// NewDTMFSuppressor makes a suppressor. It refuses the rates that NewDTMFDetector
// does.
func NewDTMFSuppressor(rate int) (*DTMFSuppressor, error) {
	d, err := NewDTMFDetector(rate)
	if err != nil {
		return nil, err
	}
	step := rate / 1000
	return &DTMFSuppressor{
		detector: d, line: make([]int16, suppressorDelay*step),
		margin: int64(suppressorMargin * step), most: int64(20 * step),
	}, nil
}

// Delay is by how many samples the sound is delayed.
func (s *DTMFSuppressor) Delay() int { return len(s.line) }

// Process puts in the place of a frame the sound of Delay samples before, without
// keys; at first that is silence. It appends to heard the keys that its detector
// heard in the frame.
func (s *DTMFSuppressor) Process(pcm []int16, heard []HeardKey) []HeardKey {
	for len(pcm) > 0 {
		n := int(min(int64(len(pcm)), s.most))
		known := len(heard)
		heard = s.detector.Add(pcm[:n], heard)
		for _, h := range heard[known:] {
			s.mark(h)
		}
		s.exchange(pcm[:n])
		s.silence(pcm[:n])
		pcm = pcm[n:]
	}
	return heard
}

// mark takes note of where a key lies.
func (s *DTMFSuppressor) mark(h HeardKey) {
	if h.Phase == dtmf.Began {
		s.last = (s.last + 1) % len(s.muted)
		s.muted[s.last].begin = h.Begin - s.margin
		s.muted[s.last].end = math.MaxInt64
		return
	}
	s.muted[s.last].end = h.End + s.margin
}

// exchange puts a frame into the line, and takes out what was in its place.
func (s *DTMFSuppressor) exchange(pcm []int16) {
	for i, x := range pcm {
		pcm[i], s.line[s.at] = s.line[s.at], x
		if s.at++; s.at == len(s.line) {
			s.at = 0
		}
	}
	s.taken += int64(len(pcm))
}

// silence silences what of a frame that goes out belongs to keys.
func (s *DTMFSuppressor) silence(pcm []int16) {
	n := int64(len(pcm))
	first := s.taken - int64(len(s.line)) - n
	for _, m := range s.muted {
		begin, end := max(m.begin-first, 0), min(m.end-first, n)
		if begin < end {
			clear(pcm[begin:end])
		}
	}
}
