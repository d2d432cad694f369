// Package audio works on linear PCM of 16 bits. Its elements are passive: they
// have no goroutine, no clock and no socket, and make or take sound when
// whoever drives them hands them a frame. Frames may have any length.
//
// A Source is sound that is pulled. There is a Tone, which makes sines; a
// Cadence, which makes the bursts by which callers of each country know ringback,
// busy and congestion (Signal); a Prompt, which is a WAV or the built-in Tune in
// memory, and its Playback; and Resample, which brings one to another rate.
//
// What comes in frames goes through a Resampler from one rate to another. A Mixer
// makes what each participant of a Room hears of the others, and tells by a
// SpeechDetector who is speaking.
//
// Against them stands a Detector, which tells how strong a sine is in what it was
// given and how strong all the rest: it tells whether sound has arrived, and not
// just packets.
//
// Levels are in dBFS: 0 is the RMS of a sine that reaches full scale, as AES17
// has it, so that a single sine's level is its amplitude's.
//
//	source.go             what is pulled
//	tone.go, cadence.go   sines, and bursts of them
//	signal.go             the bursts of ringback, busy and congestion by country
//	prompt.go, tune.go    sound in memory, the built-in music on hold
//	wav.go, resample.go   sound from files, and to another rate
//	resampler.go, fir.go  frames to another rate, and the filters that do it
//	room.go               who hears whom in a mix
//	mixer.go              one tick of a mix
//	share.go, sum.go      who hears the same in it, and the sums
//	limiter.go            what keeps a sum within 16 bits
//	speech.go             who is speaking
//	detector.go           what is heard
//
// # Decisions
//
//   - A prompt is decoded and resampled when it is loaded, not when it is played:
//     what plays must neither wait for a disk nor fail, and a thousand listeners
//     cost a copy of a frame each.
//   - What a WAV must be is known before its first sample, so NewWAV refuses all
//     that cannot be played. After that a file that is damaged or cut off plays as
//     far as it goes.
//   - A mix takes in everybody who makes a sound, not the loudest few. Its sums are
//     exact integers, so it does not matter how they are made, and N-1 is made by
//     subtraction. It adds no delay, so its limiter works within a frame.
//   - A mixer says which listeners hear the same, and leaves encoding to its caller:
//     only that one knows the codecs. An encoder with a memory (G.722, Opus) must go
//     on where its listener's stream was when who shares a frame with whom changes.
//   - Signals and music are made, not shipped: no sound file is in the repository.
package audio

import "math"

// Floor is the level of nothing at all, in dBFS: less than any sample of 16 bits
// can hold.
const Floor = -120

// ZeroDBm0 is the level of 0 dBm0 in dBFS, by which the telephone network states
// levels.
//
// ITU-T G.711: the largest sine is +3.14 dBm0 in A-law. (In mu-law it is +3.17,
// at a slightly smaller amplitude; the two differ by 0.07 dB here.)
const ZeroDBm0 = -3.14

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
