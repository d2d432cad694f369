package record

import (
	"slices"
	"time"

	"github.com/tandem-gateway/tandem/rtp/audio"
)

// voice lays the frames of one party where they belong on the recording's clock, and
// keeps them until all parties have had the time to be there. It is the writer's.
//
// Frames that follow each other are joined without a seam, whatever their times say
// to within slack. What is further off, because the party's clock runs at another speed,
// is made good by a sample a frame, left out or doubled where it is heard least. A
// frame that is off by jump or more does not follow the last one: before it there is
// silence; and of one that comes before the end of the last, what overlaps is left
// out.
type voice struct {
	rate      int // of the recording
	resampler *audio.Resampler
	from      int // what the resampler takes, in Hz
	lag       int64
	// next is where the next sample that comes belongs, while it is running. What the
	// resampler made of all before is laid up to lag before that.
	next    int64
	running bool
	// ring has the sound from the writer's edge on, at its position modulo its length.
	// Behind until there is none.
	ring  []int16
	until int64
	made  []int16
}

const (
	slack = 5 * time.Millisecond
	jump  = 15 * time.Millisecond
)

// blockTime is how much is written at a time, window how long the writer waits for
// who is late, and ringBlocks how much a voice keeps: the window, a frame, and some
// more.
const (
	blockTime  = 20 * time.Millisecond
	window     = 200 * time.Millisecond
	ringBlocks = 24
)

func newVoice(rate int) *voice {
	return &voice{rate: rate, ring: make([]int16, ringBlocks*samplesIn(rate, blockTime))}
}

// samplesIn is how many samples there are in a time, to the nearest. It splits the
// time, so that days do not overflow.
func samplesIn(rate int, d time.Duration) int64 {
	seconds, rest := d/time.Second, d%time.Second
	return int64(seconds)*int64(rate) + (int64(rest)*int64(rate)+int64(time.Second)/2)/int64(time.Second)
}

// put takes a frame that begins at a position. edge is where the writer is.
func (v *voice) put(at, edge int64, rate int, pcm []int16) error {
	if rate != v.from {
		if err := v.tune(rate, edge); err != nil {
			return err
		}
	}
	if v.running && at-v.next >= samplesIn(v.rate, jump) {
		v.drain(edge)
	}
	if !v.running {
		v.next, v.running = at, true
	}
	v.append(at, edge, v.trim(at, pcm))
	return nil
}

// tune sets the rate of what comes.
func (v *voice) tune(rate int, edge int64) error {
	v.drain(edge)
	resampler, err := audio.NewResampler(rate, v.rate)
	if err != nil {
		return err
	}
	v.resampler, v.from = resampler, rate
	v.lag = samplesIn(v.rate, resampler.Delay())
	return nil
}

// trim leaves out of a frame what overlaps with what there is.
func (v *voice) trim(at int64, pcm []int16) []int16 {
	overlap := v.next - at
	if overlap < samplesIn(v.rate, jump) {
		return pcm
	}
	return pcm[min(overlap*int64(v.from)/int64(v.rate), int64(len(pcm))):]
}

// append lays a frame, or the rest of one, behind what there is.
func (v *voice) append(at, edge int64, pcm []int16) {
	if len(pcm) == 0 {
		return
	}
	v.made = v.resampler.Append(v.made[:0], pcm)
	slack, off := samplesIn(v.rate, slack), at-v.next
	switch {
	case len(v.made) == 0:
	case off > slack:
		v.made = double(v.made)
	case -off > slack && -off < samplesIn(v.rate, jump):
		v.made = omit(v.made)
	}
	v.lay(edge)
}

// double doubles a sample, omit leaves one out.
func double(pcm []int16) []int16 {
	i := flattest(pcm)
	return slices.Insert(pcm, i, pcm[i])
}

func omit(pcm []int16) []int16 {
	i := flattest(pcm)
	return slices.Delete(pcm, i, i+1)
}

// flattest is where a sample differs least from the next.
func flattest(pcm []int16) int {
	place, least := 0, 1<<17
	for i := range len(pcm) - 1 {
		step := int(pcm[i+1]) - int(pcm[i])
		if step = max(step, -step); step < least {
			place, least = i, step
		}
	}
	return place
}

// lay adds what was made to what there is. What is behind the edge is too late.
func (v *voice) lay(edge int64) {
	begin := v.next - v.lag
	v.next += int64(len(v.made))
	pcm := v.made[min(max(edge-begin, 0), int64(len(v.made))):]
	at := max(begin, edge)
	v.until = max(v.until, at+int64(len(pcm)))
	i := int(at % int64(len(v.ring)))
	for _, sample := range pcm {
		v.ring[i] = saturated(v.ring[i], sample)
		if i++; i == len(v.ring) {
			i = 0
		}
	}
}

// saturated is a sum. There are two to add only where one run's end meets the next
// one's beginning.
func saturated(a, b int16) int16 {
	return int16(min(max(int(a)+int(b), -1<<15), 1<<15-1))
}

// drain ends a run: it gets out of the resampler what is still in it.
func (v *voice) drain(edge int64) {
	if !v.running {
		return
	}
	v.running = false
	var silence [64]int16
	v.made = v.made[:0]
	for rest := 2 * samplesIn(v.from, v.resampler.Delay()); rest > 0; rest -= min(rest, int64(len(silence))) {
		v.made = v.resampler.Append(v.made, silence[:min(rest, int64(len(silence)))])
	}
	v.lay(edge)
}

// block gives the sound of the block at the edge, and whether there is any. It is
// good until clear.
func (v *voice) block(edge int64, samples int) ([]int16, bool) {
	if v.running && v.next-v.lag < edge+int64(samples) {
		v.drain(edge)
	}
	i := int(edge % int64(len(v.ring)))
	return v.ring[i : i+samples], v.until > edge
}
