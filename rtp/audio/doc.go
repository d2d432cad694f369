// Package audio works on linear PCM of 16 bits. Its elements are passive: they
// have no goroutine, no clock and no socket, and make or take sound when
// whoever drives them hands them a frame. Frames may have any length.
//
// There is a Tone, which makes sines, and a Detector, which tells how strong a
// sine is in what it was given and how strong all the rest: between them they
// tell whether sound has arrived, and not just packets.
//
// Levels are in dBFS: 0 is the RMS of a sine that reaches full scale, as AES17
// has it, so that a single sine's level is its amplitude's.
package audio

import "math"

// Floor is the level of nothing at all, in dBFS: less than any sample of 16 bits
// can hold.
const Floor = -120

// fullScale is the largest amplitude of a sine.
const fullScale = math.MaxInt16

// level is the level of a mean power of samples, in dBFS.
func level(power float64) float64 {
	if power <= 0 {
		return Floor
	}
	return max(10*math.Log10(power/(fullScale*fullScale/2)), Floor)
}

// amplitude is that of a sine of a level in dBFS.
func amplitude(level float64) float64 { return fullScale * math.Pow(10, level/20) }
