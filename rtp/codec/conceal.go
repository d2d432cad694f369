package codec

import "math"

// concealer makes up the sound of lost packets from the sound before, for
// codecs that do not do so themselves. It is ITU-T G.711 Appendix I: the last
// pitch period is repeated; after 10 and 20 ms one more period is taken in, so
// that it does not sound like a tone; from 10 ms on it fades, and after 60 ms there
// is silence. Seams are smoothed by overlap-add.
//
// Two things are otherwise than there. The Appendix delays all sound by 3.75 ms,
// so that at the first loss it can still blend the sound before into the
// repetition. Here nothing is delayed: what the last quarter period differs from
// the one a period before is played on backwards, fading, above the repetition. It
// joins as smoothly, and what was received stays as it was, to the bit. And the
// lengths, which the Appendix has in samples at 8 kHz, are times, so that other
// rates can be concealed too.
type concealer struct {
	// step is how many samples 10 ms are; longest the longest pitch period, 15 ms.
	step, longest int

	// past is the sound up to now, made-up sound included.
	past []int16
	// cycle is the sound up to the loss; its last period samples are repeated, and
	// tail is how its last quarter was before it was smoothed.
	cycle, tail []int16
	// bridge is what is played above the repetition, fading, after a seam.
	bridge []int32

	lost int // samples since the loss began; 0 when nothing is lost
	pitch,
	quarter, // of the pitch period: how long a seam is
	period, // how much of cycle is repeated, 1 to 3 pitch periods
	at, // the next sample of that
	seam int // the next sample of bridge
}

// The Appendix's figures: of pitch detection, attenuation, and the first good frame.
const (
	shortestPitch  = 5.0 / 15 // of the longest
	fadePer10ms    = 0.2
	silentAfter    = 6 // times 10 ms
	overlapPer10ms = 0.4
	leastEnergy    = 250
)

// newConcealer makes a concealer for a rate of 4,000 Hz and above.
func newConcealer(rate int) concealer {
	c := concealer{step: rate / 100, longest: rate * 15 / 1000}
	size, quarter := 3*c.longest+c.longest/4, c.longest/4
	sound := make([]int16, 2*size+quarter)
	c.past, c.cycle, c.tail = sound[:size:size], sound[size:2*size:2*size], sound[2*size:]
	c.bridge = make([]int32, quarter)
	return c
}

// heard takes in what was decoded: pcm[first], pcm[first+stride] and so on. After a
// loss, it blends its beginning with what was made up.
func (c *concealer) heard(pcm []int16, first, stride int) {
	if c.lost > 0 {
		c.rejoin(pcm, first, stride)
	}
	c.remember(pcm, first, stride)
}

// fill makes up sound.
func (c *concealer) fill(pcm []int16, first, stride int) {
	for i := first; i < len(pcm); i += stride {
		pcm[i] = c.sample()
	}
	c.remember(pcm, first, stride)
}

// remember appends to past.
func (c *concealer) remember(pcm []int16, first, stride int) {
	n := (len(pcm) - first + stride - 1) / stride
	if n > len(c.past) {
		first += (n - len(c.past)) * stride
		n = len(c.past)
	}
	copy(c.past, c.past[n:])
	fresh := c.past[len(c.past)-n:]
	if stride == 1 {
		copy(fresh, pcm[first:])
		return
	}
	for i := range fresh {
		fresh[i] = pcm[first+i*stride]
	}
}

// sample makes up the next sample.
func (c *concealer) sample() int16 {
	switch c.lost {
	case 0:
		c.begin()
	case c.step, 2 * c.step:
		c.widen()
	}
	gain := c.gain()
	c.lost++
	if gain == 0 {
		return 0
	}
	return saturate(gain * float32(c.next()))
}

// peek gives the samples that would come next, but for those that a new seam would
// change.
func (c *concealer) peek(pcm []int16) {
	ahead := *c
	for i := range pcm {
		pcm[i] = saturate(ahead.gain() * float32(ahead.next()))
		ahead.lost++
	}
}

// gain is 1 for 10 ms, then falls.
func (c *concealer) gain() float32 {
	if c.lost >= silentAfter*c.step {
		return 0
	}
	return min(1, 1-fadePer10ms*float32(c.lost-c.step)/float32(c.step))
}

// next is the next sample of the repetition and of what bridges its seam.
func (c *concealer) next() int32 {
	value := c.repeat()
	if c.seam < c.quarter {
		value += c.bridge[c.seam] * int32(c.quarter-c.seam) / int32(c.quarter+1)
		c.seam++
	}
	return value
}

func (c *concealer) repeat() int32 {
	value := c.cycle[len(c.cycle)-c.period+c.at]
	if c.at++; c.at == c.period {
		c.at = 0
	}
	return int32(value)
}

// begin finds the pitch period and begins to repeat it.
func (c *concealer) begin() {
	copy(c.cycle, c.past)
	c.pitch = c.findPitch()
	c.quarter = c.pitch / 4
	end := len(c.cycle)
	copy(c.tail, c.cycle[end-c.quarter:])
	for i := range c.quarter {
		last := end - 1 - i
		c.bridge[i] = int32(c.cycle[last]) - int32(c.cycle[last-c.pitch])
	}
	c.period, c.at, c.seam = c.pitch, 0, 0
	c.closeRing()
}

// widen takes one more period into the repetition.
func (c *concealer) widen() {
	at := c.at % c.pitch
	for i := range c.quarter {
		c.bridge[i] = c.repeat()
	}
	c.period, c.at, c.seam = c.period+c.pitch, at, 0
	c.closeRing()
	for i := range c.quarter {
		c.bridge[i] -= c.repeat()
	}
	c.at = at
}

// closeRing blends the end of what is repeated into what was before its
// beginning, so that the end is followed by the beginning without a click.
func (c *concealer) closeRing() {
	end := c.cycle[len(c.cycle)-c.quarter:]
	before := c.cycle[len(c.cycle)-c.period-c.quarter:]
	for i := range end {
		share := float32(i+1) / float32(c.quarter)
		end[i] = int16((1-share)*float32(c.tail[i]) + share*float32(before[i]))
	}
}

// rejoin blends the first samples after a loss with the made-up sound: the
// longer the loss was, the longer, up to 10 ms.
func (c *concealer) rejoin(pcm []int16, first, stride int) {
	frames := (len(pcm) - first + stride - 1) / stride
	steps := (c.lost - 1) / c.step
	n := min(c.quarter+int(overlapPer10ms*float32(steps*c.step)), c.step, frames)
	gain := c.gain()
	for i := range n {
		share := float32(i+1) / float32(n+1)
		p := &pcm[first+i*stride]
		*p = saturate((1-share)*gain*float32(c.next()) + share*float32(*p))
	}
	c.lost = 0
}

// findPitch finds how far back the last 20 ms are most like themselves: first
// roughly, at 4 kHz, then around the best.
func (c *concealer) findPitch() int {
	coarse := max(1, c.step/40)
	shortest := int(shortestPitch * float64(c.longest))
	best := c.mostLike(shortest, c.longest, coarse)
	return c.mostLike(max(shortest, best-coarse+1), min(c.longest, best+coarse-1), 1)
}

func (c *concealer) mostLike(from, to, stride int) int {
	best, most := from, math.Inf(-1)
	for lag := from; lag <= to; lag += stride {
		if likeness := c.likeness(lag, stride); likeness > most {
			best, most = lag, likeness
		}
	}
	return best
}

// likeness is the correlation of the last 20 ms with those a lag before,
// normalized by the power of the latter.
func (c *concealer) likeness(lag, stride int) float64 {
	end := len(c.cycle)
	last := c.cycle[end-2*c.step:]
	before := c.cycle[end-2*c.step-lag : end-lag]
	var product, energy int64
	for i := 0; i < len(before) && i < len(last); i += stride {
		b := int64(before[i])
		product += b * int64(last[i])
		energy += b * b
	}
	return float64(product) / math.Sqrt(float64(max(energy, leastEnergy)))
}

// saturate rounds to a sample.
func saturate(value float32) int16 {
	switch {
	case value >= math.MaxInt16:
		return math.MaxInt16
	case value <= math.MinInt16:
		return math.MinInt16
	}
	return int16(value)
}
