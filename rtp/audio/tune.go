package audio

import (
	"math"
	"math/cmplx"
)

// The built-in tune is the first half of the first prelude of J. S. Bach's
// Well-Tempered Clavier (BWV 846, 1722), in which it goes from C major to C
// major: played on something like a music box, a fifth higher than written,
// which brings it into the telephone's band.

// prelude has the five notes of each bar, in numbers of MIDI: 60 is the middle
// C. They are played as 1 2 3 4 5 3 4 5, twice.
var prelude = [][5]uint8{
	{60, 64, 67, 72, 76}, {60, 62, 69, 74, 77}, {59, 62, 67, 74, 77}, {60, 64, 67, 72, 76},
	{60, 64, 69, 76, 81}, {60, 62, 66, 69, 74}, {59, 62, 67, 74, 79}, {59, 60, 64, 67, 72},
	{57, 60, 64, 67, 72}, {50, 57, 62, 66, 72}, {55, 59, 62, 67, 71}, {55, 58, 64, 67, 73},
	{53, 57, 62, 69, 74}, {53, 56, 62, 65, 71}, {52, 55, 60, 67, 72}, {52, 53, 57, 60, 65},
	{50, 53, 57, 60, 65}, {43, 50, 55, 59, 65}, {48, 52, 55, 60, 64},
}

// figure is the order in which half a bar has its notes.
var figure = [8]int{0, 1, 2, 3, 4, 2, 3, 4}

const (
	// beatsPerMinute counts quarters; a bar has four of them, of four notes each.
	beatsPerMinute = 66
	secondsPerNote = 60.0 / beatsPerMinute / 4
	// transposition is in semitones.
	transposition = 7
	// A note rises within attack, loses 8.7 dB in each decay, and fades out before
	// it ends.
	attack, decay, fade, ending = 0.006, 0.55, 0.1, 2.2
)

// partials are the amplitudes of a note's harmonics. The higher ones also die
// away sooner.
var partials = [...]float64{1, 0.3, 0.1}

// tuneLevel is the tune's mean level (RMS) in dBFS: 8 dB below the tones of the
// network, since it goes on for longer.
const tuneLevel = -18 + ZeroDBm0

// Tune makes the built-in music on hold: 69 s at a sampling rate in Hz of 8,000
// or more, made to be looped: the last notes ring on into the first. It takes
// some 10 ms; make it once.
func Tune(rate int) *Prompt {
	note := secondsPerNote * float64(rate)
	loop := make([]float64, int(math.Round(note*float64(16*len(prelude)))))
	plucked := make(map[uint8][]float64)
	for bar, pitches := range prelude {
		for i := range 16 {
			pitch := pitches[figure[i%8]] + transposition
			if plucked[pitch] == nil {
				plucked[pitch] = pluck(rate, pitch)
			}
			mix(loop, int(math.Round(note*float64(16*bar+i))), plucked[pitch])
		}
	}
	return &Prompt{rate: rate, pcm: levelled(loop, tuneLevel)}
}

// mix adds a note to a loop, past whose end it goes on at the beginning.
func mix(loop []float64, at int, note []float64) {
	for len(note) > 0 {
		n := min(len(note), len(loop)-at)
		for i, x := range note[:n] {
			loop[at+i] += x
		}
		note, at = note[n:], 0
	}
}

// pluck makes the sound of one note.
func pluck(rate int, pitch uint8) []float64 {
	sound := make([]float64, int(ending*float64(rate)))
	frequency := 440 * math.Pow(2, (float64(pitch)-69)/12)
	for k, loudness := range partials {
		harmonic := float64(k + 1)
		if 2*harmonic*frequency >= float64(rate) {
			break
		}
		turn := cmplx.Rect(math.Exp(-harmonic/(decay*float64(rate))), 2*math.Pi*harmonic*frequency/float64(rate))
		point := complex(loudness, 0)
		for i := range sound {
			sound[i] += imag(point) * envelope(float64(i)/float64(rate))
			point *= turn
		}
	}
	return sound
}

// envelope is what rounds a note's beginning and end off.
func envelope(t float64) float64 {
	return min(t/attack, 1, (ending-t)/fade)
}

// levelled brings a sound to a mean level.
func levelled(sound []float64, want float64) []int16 {
	energy := 0.0
	for _, x := range sound {
		energy += x * x
	}
	gain := amplitude(want) / math.Sqrt(2*energy/float64(len(sound)))
	pcm := make([]int16, len(sound))
	for i, x := range sound {
		pcm[i] = int16(math.Round(min(max(gain*x, math.MinInt16), math.MaxInt16)))
	}
	return pcm
}
