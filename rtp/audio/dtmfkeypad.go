package audio

import (
	"fmt"
	"math"
	"time"

	"github.com/tandem-gateway/tandem/rtp/dtmf"
)

// The levels of a Keypad's tones, in dBFS: -10 and -8 dBm0. The high one is 2 dB
// stronger, as telephones have it (ETSI ES 201 235-2 s4.2.2), since lines weaken
// high tones more.
const (
	KeypadLow  = -10 + ZeroDBm0
	KeypadHigh = -8 + ZeroDBm0
)

// keypadEdge is how long a tone takes to rise and to fall: clicks would be heard,
// and be other tones.
const keypadEdge = 3 * time.Millisecond

// Keypad is a source of keys as tones (ITU-T Q.23). What is to sound is put into
// its Queue: whole keys (Send), or one that is down and sounds until it is up
// (Press, Release). Before, between and after the keys it is silent; it has no
// end.
type Keypad struct {
	// Queue has the keys that have not sounded yet; taking them out is the keypad's
	// affair.
	dtmf.Queue

	rate  int
	edge  int64
	waves [2]wave
	// sounding: the key at the queue's front sounds; at is how many samples it has
	// sounded, length how many it will in all.
	sounding   bool
	at, length int64
	// pause is how many samples of silence must still come before another key.
	pause int64
}

// NewKeypad makes a keypad for a sampling rate in Hz, from 8,000 on.
func NewKeypad(rate int) (*Keypad, error) {
	if rate < 8000 {
		return nil, fmt.Errorf("audio: keys at %d samples a second: it must be 8000 or more", rate)
	}
	return &Keypad{rate: rate, edge: samples(keypadEdge, rate)}, nil
}

// samples is how many there are in a time.
func samples(d time.Duration, rate int) int64 {
	return int64(d.Seconds()*float64(rate) + 0.5)
}

// Send adds a key as Queue does. A Flash, which has no tone, is an ErrDigit.
func (k *Keypad) Send(d dtmf.Digit, duration time.Duration) error {
	if d == dtmf.Flash {
		return dtmf.ErrDigit
	}
	return k.Queue.Send(d, duration)
}

// Press adds a key as Queue does. A Flash, which has no tone, is an ErrDigit.
func (k *Keypad) Press(d dtmf.Digit) error {
	if d == dtmf.Flash {
		return dtmf.ErrDigit
	}
	return k.Queue.Press(d)
}

// Rate is the sampling rate in Hz.
func (k *Keypad) Rate() int { return k.rate }

// Sounding tells whether the next frame has some of a key, or of the pause behind
// one: other sound must keep away.
func (k *Keypad) Sounding() bool { return k.Len() > 0 || k.pause > 0 }

// Fill fills a frame.
func (k *Keypad) Fill(pcm []int16) int {
	for rest := pcm; len(rest) > 0; {
		rest = rest[k.fill(rest):]
	}
	return len(pcm)
}

// fill fills a frame up to the next change.
func (k *Keypad) fill(pcm []int16) int {
	k.settle()
	left := int64(len(pcm))
	if k.sounding {
		left = min(left, k.length-k.at)
		k.sound(pcm[:left])
		return int(left)
	}
	if k.pause > 0 {
		left = min(left, k.pause)
		k.pause -= left
	}
	clear(pcm[:left])
	return int(left)
}

// settle begins and ends keys.
func (k *Keypad) settle() {
	if k.sounding && k.at >= k.length {
		k.sounding = false
		k.pause = samples(dtmf.MinPause, k.rate)
		k.Drop()
	}
	digit, duration, down, ok := k.Front()
	if !ok || k.pause > 0 {
		return
	}
	if !k.sounding {
		k.begin(digit)
	}
	switch {
	case down:
		k.length = math.MaxInt64
	case k.length == math.MaxInt64:
		k.length = max(samples(duration, k.rate), k.at+k.edge)
	}
}

func (k *Keypad) begin(d dtmf.Digit) {
	low, high, _ := dtmfTones(d)
	k.waves[0] = wave{step: low / float64(k.rate), amplitude: amplitude(KeypadLow)}
	k.waves[1] = wave{step: high / float64(k.rate), amplitude: amplitude(KeypadHigh)}
	for i := range k.waves {
		k.waves[i].point, k.waves[i].turn = 0, turnOf(k.waves[i].step)
	}
	k.sounding, k.at, k.length = true, 0, math.MaxInt64
}

// turnOf is what turns a point by a part of a circle.
func turnOf(cycles float64) complex128 {
	sine, cosine := math.Sincos(2 * math.Pi * cycles)
	return complex(cosine, sine)
}

// sound fills a frame with the key's tones.
func (k *Keypad) sound(pcm []int16) {
	low, high := &k.waves[0], &k.waves[1]
	low.begin(len(pcm))
	high.begin(len(pcm))
	for i := range pcm {
		x := imag(low.point) + imag(high.point)
		if near := min(k.at, k.length-1-k.at); near < k.edge {
			x *= 0.5 - 0.5*math.Cos(math.Pi*(float64(near)+0.5)/float64(k.edge))
		}
		pcm[i] = int16(math.Round(x))
		low.point *= low.turn
		high.point *= high.turn
		k.at++
	}
}
