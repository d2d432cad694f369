package audio

import (
	"math"
	"slices"
)

// SpeechDetector tells whether somebody is speaking, by how loud it is: over the
// noise that there is all the time, which it follows, and over a fixed level. It
// needs 60 ms to be sure that speech has begun, so that a click is none, and 400
// ms of pause to say that it has ended.
//
// The noise is the quietest frame of the last 2.5 to 3 s: speech has a pause in
// that time (R. Martin, 2001: minimum statistics). So what stays as loud for
// longer, be it a fan or a tone, is noise from then on. Music mostly counts as
// speech.
//
// It takes frames of 20 ms.
type SpeechDetector struct {
	// stride is which samples are looked at: as many as at 8 kHz.
	stride int
	// quietest has the quietest frame's power in each of the last spans. The present
	// one is at at, and has had so many frames.
	quietest   [noiseSpans]float64
	at, frames int
	// noise is the least of them, power the last frame's.
	noise, power float64
	// loud is how many frames in a row were loud, pause how many were not.
	loud, pause int
	speaking    bool
}

const (
	noiseSpans = 6
	spanFrames = 25 // 0.5 s
	beginning  = 3  // frames of speech, until it has begun
	hangOver   = 20 // frames of pause, until it has ended
)

// What counts as speech, in mean powers of samples and factors of them.
const (
	zeroPower  = fullScale * fullScale / 2.0
	leastNoise = zeroPower * 3.16e-7 // -65 dBFS: quieter noise counts as that
	beginPower = zeroPower * 1.00e-5 // -50 dBFS
	stayPower  = zeroPower * 5.01e-6 // -53 dBFS
	beginOver  = 7.94                // 9 dB over the noise
	stayOver   = 3.98                // 6 dB
)

// NewSpeechDetector makes a detector of speech at a sampling rate in Hz of 8,000
// or a multiple.
func NewSpeechDetector(rate int) *SpeechDetector {
	d := &SpeechDetector{stride: max(rate/8000, 1), noise: math.Inf(1)}
	for i := range d.quietest {
		d.quietest[i] = math.Inf(1)
	}
	return d
}

// Speaking tells whether somebody is.
func (d *SpeechDetector) Speaking() bool { return d.speaking }

// Hear listens to a frame, and tells whether speech has begun or ended with it.
// nil is a frame that is not there: it is a pause, and says nothing about noise.
func (d *SpeechDetector) Hear(pcm []int16) (changed bool) {
	d.power = 0
	if len(pcm) > 0 {
		d.measure(pcm)
		d.follow()
	}
	noise := max(d.noise, leastNoise)
	if d.speaking {
		return d.stay(d.power > max(noise*stayOver, stayPower))
	}
	return d.begin(d.power > max(noise*beginOver, beginPower))
}

func (d *SpeechDetector) begin(loud bool) (changed bool) {
	if !loud {
		d.loud = 0
		return false
	}
	d.loud++
	d.speaking, d.pause = d.loud >= beginning, 0
	return d.speaking
}

func (d *SpeechDetector) stay(loud bool) (changed bool) {
	if loud {
		d.pause = 0
		return false
	}
	d.pause++
	d.speaking, d.loud = d.pause < hangOver, 0
	return !d.speaking
}

// measure takes the mean power of a frame, without what is constant in it: that
// is no sound, but a fault of somebody's converter.
func (d *SpeechDetector) measure(pcm []int16) {
	sum, squares, n := 0, 0, 0
	for i := 0; i < len(pcm); i += d.stride {
		x := int(pcm[i])
		sum += x
		squares += x * x
		n++
	}
	mean := float64(sum) / float64(n)
	d.power = float64(squares)/float64(n) - mean*mean
}

// follow takes the frame into the noise's account.
func (d *SpeechDetector) follow() {
	d.frames++
	if d.frames > spanFrames {
		d.frames, d.at = 1, (d.at+1)%noiseSpans
		d.quietest[d.at] = d.power
		d.noise = slices.Min(d.quietest[:])
	}
	d.quietest[d.at] = min(d.quietest[d.at], d.power)
	d.noise = min(d.noise, d.power)
}
