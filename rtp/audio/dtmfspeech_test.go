package audio

import (
	"math"
	"math/rand/v2"
)

// talker makes sound that is like speech: a glottis whose pitch drifts, in front
// of four resonances that glide from vowel to vowel, fricatives, syllables of
// changing loudness and pauses. Nobody could understand it, but its harmonics lie
// and move as those of speech do, and the pitches are those of grown-ups, 80 to 270 Hz,
// and with intonation up to 400.
// Half of the talkers speak through a telephone that has nothing below 300 Hz,
// which takes much away by which speech is told from keys.
type talker struct {
	random *rand.Rand
	// pitch is the talker's own in Hz; factor is how much shorter the throat is.
	pitch, factor float64
	phone         bool

	throat [4]resonance
	mouth  resonance
	// glottis is where in its cycle it is; f0 is its present pitch.
	glottis, f0 float64
	// period and strength are the present cycle's: no two are alike.
	period, strength float64
	last             float64
	highPass         [2]float64
}

// resonance is a recursive filter of two poles.
type resonance struct{ a, b, gain, one, two float64 }

func (r *resonance) tune(frequency, width, rate float64) {
	radius := math.Exp(-math.Pi * width / rate)
	r.a = 2 * radius * math.Cos(2*math.Pi*frequency/rate)
	r.b = -radius * radius
	r.gain = 1 - r.a - r.b
}

func (r *resonance) pass(x float64) float64 {
	y := r.gain*x + r.a*r.one + r.b*r.two
	r.two, r.one = r.one, y
	return y
}

// vowels are the first three resonances of ten vowels, as men have them
// (Peterson and Barney, 1952), in Hz.
var vowels = [10][3]float64{
	{270, 2290, 3010}, {390, 1990, 2550}, {530, 1840, 2480}, {660, 1720, 2410}, {730, 1090, 2440},
	{570, 840, 2410}, {440, 1020, 2240}, {300, 870, 2240}, {640, 1190, 2390}, {490, 1350, 1690},
}

// newTalker makes a talker of an age and sex by chance.
func newTalker(seed uint64) *talker {
	r := rand.New(rand.NewPCG(seed, 4))
	t := &talker{random: r, pitch: 80 * math.Pow(2, 1.75*r.Float64()), phone: seed%2 == 0}
	t.factor = 0.95 + 0.3*math.Log2(t.pitch/80)/2 + 0.05*r.NormFloat64()
	t.f0, t.period, t.strength = t.pitch, 1, 1
	return t
}

// say adds a syllable, and now and then a pause.
func (t *talker) say(pcm []int16) []int16 {
	r := t.random
	if r.IntN(4) == 0 {
		pcm = t.hiss(pcm, 320+r.IntN(1000))
	}
	from, to := vowels[r.IntN(10)], vowels[r.IntN(10)]
	if r.IntN(3) == 0 {
		to = from // steady
	}
	length := 500 + r.IntN(2500)
	if r.IntN(12) == 0 {
		length += 4000 // hesitating
	}
	pcm = t.voice(pcm, from, to, length)
	if r.IntN(6) == 0 {
		for range 400 + r.IntN(4000) {
			pcm = append(pcm, int16(r.IntN(7)-3))
		}
	}
	return pcm
}

// voice adds a vowel that glides to another.
func (t *talker) voice(pcm []int16, from, to [3]float64, length int) []int16 {
	r := t.random
	loudness := amplitude(-22+ZeroDBm0+4*r.NormFloat64()) * 2
	goal := t.pitch * math.Pow(2, 0.3*r.NormFloat64())
	const step = 40
	for at := 0; at < length; at += step {
		x := float64(at) / float64(length)
		for i := range from {
			t.throat[i].tune(min((from[i]+(to[i]-from[i])*x)*t.factor, 3700), 70+40*float64(i), 8000)
		}
		t.throat[3].tune(3500, 250, 8000)
		t.f0 += (goal-t.f0)*0.02 + 0.002*t.f0*r.NormFloat64()
		rise := min(x*10, 1, (1-x)*6) * loudness
		for range step {
			pcm = append(pcm, t.out(rise*t.pulse()))
		}
	}
	return pcm
}

// pulse is the glottis' flow through the throat.
func (t *talker) pulse() float64 {
	t.glottis += t.f0 * t.period / 8000
	if t.glottis >= 1 {
		t.glottis--
		t.period, t.strength = 1+0.007*t.random.NormFloat64(), 1+0.05*t.random.NormFloat64()
	}
	flow := 0.0
	switch p := t.glottis; {
	case p < 0.4:
		flow = p * p * (1.2 - 2*p) / 0.064 // opens
	case p < 0.56:
		x := (p - 0.4) / 0.16
		flow = 1 - x*x // closes
	}
	flow *= t.strength
	x := flow - t.last + 0.03*(t.random.Float64()-0.5)
	t.last = flow
	for i := range t.throat {
		x = t.throat[i].pass(x)
	}
	return x
}

// hiss adds a fricative.
func (t *talker) hiss(pcm []int16, length int) []int16 {
	t.mouth.tune(1200+2500*t.random.Float64(), 600, 8000)
	loudness := amplitude(-32 + ZeroDBm0)
	for range length {
		pcm = append(pcm, t.out(loudness*t.mouth.pass(t.random.Float64()*2-1)))
	}
	return pcm
}

// out lets a telephone take the low tones away.
func (t *talker) out(x float64) int16 {
	if t.phone {
		for i := range t.highPass {
			t.highPass[i] += 0.21 * (x - t.highPass[i])
			x -= t.highPass[i]
		}
		x *= 1.5
	}
	return int16(min(max(x, math.MinInt16), math.MaxInt16))
}

// speech makes n samples at 8 kHz, of a new talker every 20 s, and hands them on
// a piece at a time.
func speech(seed uint64, n int, hear func(pcm []int16)) {
	buffer := make([]int16, 0, 200000)
	for ; n > 0; seed++ {
		t := newTalker(seed)
		buffer = buffer[:0]
		for len(buffer) < 160000 {
			buffer = t.say(buffer)
		}
		piece := buffer[:min(160000, n)]
		n -= len(piece)
		hear(piece)
	}
}
