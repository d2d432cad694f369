package audio

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// MaxPrompt is how long a prompt may last: at 8 kHz it takes 29 MB of memory.
const MaxPrompt = 30 * time.Minute

// ErrTooLong says that a prompt lasts longer than MaxPrompt.
var ErrTooLong = errors.New("audio: prompt too long")

// Prompt is sound in memory: an announcement, music on hold. It never changes,
// so any number of playbacks share it, each at a place of its own.
type Prompt struct {
	rate int
	pcm  []int16
}

// LoadPrompt reads a WAV to its end and keeps it at a sampling rate in Hz: 8,000,
// 16,000 or 48,000, whatever the WAV's. The errors are those of NewWAV, Resample and the reader,
// and ErrTooLong.
func LoadPrompt(r io.Reader, rate int) (*Prompt, error) {
	wav, err := NewWAV(r)
	if err != nil {
		return nil, err
	}
	source, err := Resample(wav, rate)
	if err != nil {
		return nil, err
	}
	p := &Prompt{rate: rate}
	if err := p.take(source); err != nil {
		return nil, err
	}
	return p, wav.Err()
}

// take takes a source to its end.
func (p *Prompt) take(from Source) error {
	most := samplesIn(p.rate, MaxPrompt)
	frame := make([]int16, p.rate/10)
	for n := len(frame); n == len(frame); {
		n = from.Fill(frame)
		if len(p.pcm)+n > most {
			return fmt.Errorf("%w: it lasts more than %v: cut it", ErrTooLong, MaxPrompt)
		}
		p.pcm = append(p.pcm, frame[:n]...)
	}
	return nil
}

// Rate is the sampling rate in Hz.
func (p *Prompt) Rate() int { return p.rate }

// Duration is how long it lasts.
func (p *Prompt) Duration() time.Duration {
	return time.Duration(len(p.pcm)) * time.Second / time.Duration(p.rate)
}

// Play makes a source that plays the prompt once.
func (p *Prompt) Play() *Playback { return &Playback{prompt: p} }

// Loop makes a source that plays the prompt over and over, without a seam. An
// empty prompt ends at once all the same.
func (p *Prompt) Loop() *Playback { return &Playback{prompt: p, repeats: len(p.pcm) > 0} }

// Playback is a source that plays a prompt from its beginning.
type Playback struct {
	prompt *Prompt
	// at is the next sample.
	at      int
	repeats bool
}

// Rate is the prompt's sampling rate in Hz.
func (b *Playback) Rate() int { return b.prompt.rate }

// Fill fills a frame.
func (b *Playback) Fill(pcm []int16) int {
	n := copy(pcm, b.prompt.pcm[b.at:])
	b.at += n
	for b.repeats && n < len(pcm) {
		b.at = copy(pcm[n:], b.prompt.pcm)
		n += b.at
	}
	return n
}
