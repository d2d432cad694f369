package codec

import (
	"math"
	"math/rand/v2"
)

// Sound to try codecs with, and measures of what came out. All of it is the same
// in every run.

// tone is a sine of an amplitude, of full scale 32767.
func tone(rate int, hz, amplitude float64, n int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(math.Round(amplitude * math.Sin(2*math.Pi*hz*float64(i)/float64(rate))))
	}
	return pcm
}

// white is noise with an RMS, spread evenly.
func white(rms float64, n int) []int16 {
	random := rand.New(rand.NewPCG(1, 2))
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(math.Round((2*random.Float64() - 1) * rms * math.Sqrt(3)))
	}
	return pcm
}

// speech is like a voice: pulses whose pitch wanders between 90 and 150 Hz, and
// some noise, through the resonances of vowels, which change four times a second, in
// syllables of 200 ms with 50 ms between them.
func speech(rate int, seconds float64) []int16 {
	vowels := [4][3]resonance{}
	for v, formants := range [4][3]float64{{730, 1090, 2440}, {270, 2290, 3010}, {300, 870, 2240}, {530, 1840, 2480}} {
		for f, hz := range formants {
			vowels[v][f] = resonanceAt(hz, 90, float64(rate))
		}
	}
	random := rand.New(rand.NewPCG(3, 4))
	n := int(seconds * float64(rate))
	pcm, phase := make([]int16, n), 0.0
	var memory [3][2]float64
	for i := range pcm {
		t := float64(i) / float64(rate)
		phase += (120 + 30*math.Sin(2*math.Pi*0.7*t)) / float64(rate)
		x := 0.02 * (random.Float64() - 0.5)
		if phase >= 1 {
			phase--
			x++
		}
		syllable := t - math.Floor(t*4)/4
		loud := math.Max(0, math.Min(1, 20*math.Min(syllable, 0.2-syllable)))
		y := 0.0
		for f, r := range vowels[int(t*4)%len(vowels)] {
			y += r.ring(&memory[f], x) / float64(f+1)
		}
		pcm[i] = int16(math.Max(-32000, math.Min(32000, 9000*loud*y)))
	}
	return pcm
}

// resonance is a filter of two poles.
type resonance struct{ a1, a2 float64 }

func resonanceAt(hz, width, rate float64) resonance {
	r := math.Exp(-math.Pi * width / rate)
	return resonance{2 * r * math.Cos(2*math.Pi*hz/rate), r * r}
}

func (r resonance) ring(memory *[2]float64, x float64) float64 {
	y := x + r.a1*memory[0] - r.a2*memory[1]
	memory[1], memory[0] = memory[0], y
	return y
}

// dbov is the RMS in decibels relative to a square wave at full scale.
func dbov(pcm []int16) float64 {
	sum := 0.0
	for _, sample := range pcm {
		sum += float64(sample) * float64(sample)
	}
	return 10*math.Log10(sum/float64(max(1, len(pcm)))+1e-9) - 20*math.Log10(32768)
}

// toneLevel is the level of one frequency in dBov.
func toneLevel(pcm []int16, rate int, hz float64) float64 {
	var re, im float64
	for i, sample := range pcm {
		sin, cos := math.Sincos(2 * math.Pi * hz * float64(i) / float64(rate))
		re += float64(sample) * cos
		im += float64(sample) * sin
	}
	n := float64(len(pcm))
	return 10*math.Log10(2*(re*re+im*im)/(n*n)+1e-9) - 20*math.Log10(32768)
}

// snr is how much stronger the sound is than its difference from what came out, in
// dB, when that is delayed by so many samples.
func snr(sound, out []int16, delay int) float64 {
	var signal, noise float64
	for i := range sound {
		if i+delay >= len(out) {
			break
		}
		d := float64(out[i+delay]) - float64(sound[i])
		signal += float64(sound[i]) * float64(sound[i])
		noise += d * d
	}
	return 10 * math.Log10((signal+1e-9)/(noise+1e-9))
}

// bestSNR is snr at the delay that suits the first eighth best, and the
// delay.
func bestSNR(sound, out []int16, most int) (best float64, delay int) {
	best = math.Inf(-1)
	for d := range most + 1 {
		if s := snr(sound[:len(sound)/8], out, d); s > best {
			best, delay = s, d
		}
	}
	return snr(sound, out, delay), delay
}

// losses says which of n packets are lost: a share of them, in bursts of a mean
// length (a model of two states, after Gilbert; a mean of 1 is loss at random).
func losses(n int, share, burst float64) []bool {
	random := rand.New(rand.NewPCG(5, 6))
	lost := make([]bool, n)
	bad := false
	for i := range lost {
		switch {
		case burst <= 1:
			bad = random.Float64() < share
		case bad:
			bad = random.Float64() >= 1/burst
		default:
			bad = random.Float64() < share/(1-share)/burst
		}
		lost[i] = bad
	}
	return lost
}
