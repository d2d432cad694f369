package audio

import (
	"fmt"
	"slices"
	"time"
)

// ratio is how two rates are to each other; one of the two is 1.
type ratio struct{ up, down int }

// chains are the filters that bring sound from one rate to another, one after
// the other. Between 8 kHz and 48 it goes by way of 16: the long filter, whose
// transition is narrow, then runs at the lowest rate that it can.
//
// Going down, the lower rate's half is where the stop band begins, so nothing is
// folded. Going up, the stop band begins where the pass band's images do.
var chains = map[ratio][]*fir{
	{1, 1}: nil,
	{2, 1}: {interpolation(2, telephoneBand)},
	{3, 1}: {interpolation(3, widebandBand)},
	{6, 1}: {interpolation(2, telephoneBand), interpolation(3, (1-telephoneBand)/2)},
	{1, 2}: {decimation(2, telephoneBand, 0.5, 2)},
	{1, 3}: {decimation(3, widebandBand, 0.5, 3)},
	{1, 6}: {decimation(3, telephoneBand/2, 0.75, 6), decimation(2, telephoneBand, 0.5, 2)},
}

// The pass bands: the telephone's 3,400 Hz of 8,000, and the 7,000 of 16,000
// that G.722 has.
const (
	telephoneBand = 3400.0 / 8000
	widebandBand  = 7000.0 / 16000
)

// chainOf finds the filters for two rates in Hz.
func chainOf(from, to int) (ratio, []*fir, error) {
	var r ratio
	switch {
	case from <= 0 || to <= 0:
	case to%from == 0:
		r = ratio{to / from, 1}
	case from%to == 0:
		r = ratio{1, from / to}
	}
	chain, ok := chains[r]
	if !ok {
		return r, nil, fmt.Errorf("audio: sound of %d samples a second cannot be brought to %d: one rate must be 2, 3 or 6 times the other", from, to)
	}
	return r, chain, nil
}

// Resampler brings sound that comes in frames from one sampling rate to another:
// from any of 8, 16 and 48 kHz to any of them, or where one rate is 2, 3 or 6
// times the other. It is one stream's.
//
//	          flat (0.01 dB)   70 dB down          delay
//	 8 → 16   to 3,400 Hz      from 4,600 Hz       1.88 ms
//	 8 → 48   to 3,400 Hz      from 4,600 Hz       2.25 ms
//	16 → 48   to 7,000 Hz      from 9,000 Hz       1.13 ms
//	16 → 8    to 3,400 Hz      from 4,000 Hz       3.75 ms
//	48 → 8    to 3,400 Hz      from 4,000 Hz       4.13 ms
//	48 → 16   to 7,000 Hz      from 8,000 Hz       2.25 ms
//
// Going up, what lies between the pass band and half of the lower rate keeps an
// image of itself beyond that half, which is weaker than it; telephone sound has
// next to nothing there. What would exceed 16 bits is clipped.
type Resampler struct {
	ratio  ratio
	rate   int // of what goes in, in Hz
	stages []stage
	// between is what the first of two stages makes of a block.
	between []int16
}

// stage is a filter at work.
type stage struct {
	*fir
	// buffer has the last samples that came in, as many as still lie in a window,
	// and behind them a block of new ones.
	buffer []int16
	// skip is how many samples are to come before the next that is kept.
	skip int
}

// block is how many samples go through the stages at a time.
const block = 480

// NewResampler makes a resampler of what has from samples a second into what has
// to. The same rate is allowed, and changes nothing.
func NewResampler(from, to int) (*Resampler, error) {
	ratio, chain, err := chainOf(from, to)
	if err != nil {
		return nil, err
	}
	r := &Resampler{ratio: ratio, rate: from}
	most := block
	for _, f := range chain {
		r.stages = append(r.stages, stage{fir: f, buffer: make([]int16, f.window-1+most)})
		most = (most*f.up + f.down - 1) / f.down
	}
	if len(chain) == 2 {
		r.between = make([]int16, len(r.stages[1].buffer))
	}
	return r, nil
}

// Follow takes it to where another of the same rates is, so that it goes on with what that
// one has heard. It is false, and nothing has changed, where the rates differ.
func (r *Resampler) Follow(other *Resampler) bool {
	if r.ratio != other.ratio {
		return false
	}
	for i := range r.stages {
		s, o := &r.stages[i], &other.stages[i]
		copy(s.buffer[:s.window-1], o.buffer)
		s.skip = o.skip
	}
	return true
}

// Delay is by how much what comes out is later than what went in.
func (r *Resampler) Delay() time.Duration {
	return time.Duration(r.lag()) * time.Second / time.Duration(r.rate)
}

// lag is the delay in samples of what goes in. It is a whole number, and one of
// samples of what comes out too.
func (r *Resampler) lag() int {
	lag, up, down := 0, 1, 1
	for _, s := range r.stages {
		lag += s.window / 2 * down / up
		up, down = up*s.up, down*s.down
	}
	return lag
}

// out is how many samples come of n, rounded down.
func (r *Resampler) out(n int) int { return n * r.ratio.up / r.ratio.down }

// Append adds a frame, at the new rate, to out, and gives that back. It allocates
// nothing where out has room for it. The frame may have any length. After n
// samples in all there were n times the ratio out, rounded up.
func (r *Resampler) Append(out, frame []int16) []int16 {
	if len(r.stages) == 0 {
		return append(out, frame...)
	}
	out = slices.Grow(out, r.out(len(frame))+1)
	for len(frame) > 0 {
		part := frame[:min(block, len(frame))]
		frame = frame[len(part):]
		for i := range r.stages[1:] {
			n := r.stages[i].push(r.between, part)
			part = r.between[:n]
		}
		n := r.stages[len(r.stages)-1].push(out[len(out):cap(out)], part)
		out = out[:len(out)+n]
	}
	return out
}

// push filters a part of a frame that is no longer than a block, and gives how
// many samples it put into out.
func (s *stage) push(out, part []int16) int {
	before := s.window - 1
	n := copy(s.buffer[before:], part)
	made := s.run(out, s.buffer[:before+n], s.skip)
	s.skip = ((s.skip-n)%s.down + s.down) % s.down
	copy(s.buffer, s.buffer[n:n+before])
	return made
}
