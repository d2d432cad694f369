package audio

import (
	"fmt"
	"time"
)

// Burst is one beat of a cadence: sound, then silence.
type Burst struct {
	// Sines sound at a time, each beginning at phase 0.
	Sines []Sine
	// On is how long they sound, Off how long it is silent afterwards.
	On, Off time.Duration
}

// Cadence is a source of bursts, over and over, such as a ringback tone. Burst
// lengths are rounded to whole samples, so that it never drifts against them.
type Cadence struct {
	rate  int
	beats []beat
	// at is the beat that it is in, done how many samples of it have been made.
	at, done int
}

type beat struct {
	tone *Tone
	// on and whole are in samples: where the silence begins, and where it ends.
	on, whole int
}

// NewCadence makes a cadence at a sampling rate in Hz. It refuses what NewTone
// refuses, and bursts that last no time at all.
func NewCadence(rate int, bursts ...Burst) (*Cadence, error) {
	c := &Cadence{rate: rate}
	for i, b := range bursts {
		if b.On < 0 || b.Off < 0 || samplesIn(rate, b.On+b.Off) == 0 {
			return nil, fmt.Errorf("audio: burst %d of a cadence is %v on and %v off: it must last a sample at least", i+1, b.On, b.Off)
		}
		tone, err := NewTone(rate, b.Sines...)
		if err != nil {
			return nil, fmt.Errorf("audio: burst %d of a cadence: %w", i+1, err)
		}
		c.beats = append(c.beats, beat{tone, samplesIn(rate, b.On), samplesIn(rate, b.On+b.Off)})
	}
	if len(c.beats) == 0 {
		return nil, fmt.Errorf("audio: a cadence without bursts: name one at least")
	}
	return c, nil
}

// samplesIn is how many samples a time has, to the nearest.
func samplesIn(rate int, d time.Duration) int {
	return int((int64(d)*int64(rate) + int64(time.Second)/2) / int64(time.Second))
}

// Rate is the sampling rate in Hz.
func (c *Cadence) Rate() int { return c.rate }

// Fill fills a frame; a cadence has no end.
func (c *Cadence) Fill(pcm []int16) int {
	for rest := pcm; len(rest) > 0; {
		rest = rest[c.part(rest):]
	}
	return len(pcm)
}

// part fills as much as belongs to one state of the beat, and gives how much.
func (c *Cadence) part(pcm []int16) int {
	b := &c.beats[c.at]
	n := 0
	if c.done < b.on {
		n = b.tone.Fill(pcm[:min(len(pcm), b.on-c.done)])
	} else {
		n = min(len(pcm), b.whole-c.done)
		clear(pcm[:n])
	}
	if c.done += n; c.done == b.whole {
		c.done, c.at = 0, (c.at+1)%len(c.beats)
		c.beats[c.at].tone.restart()
	}
	return n
}
