package bridge

import (
	"context"
	"errors"
	"time"

	"github.com/tandem-gateway/tandem/rtp/audio"
)

// Prompts gives the sounds that playbacks name.
type Prompts interface {
	// Prompt gives the sound of a name, at 8,000 samples a second. It is called on a
	// goroutine of its own and may take its time, until the context ends.
	Prompt(ctx context.Context, name string) (*audio.Prompt, error)
}

var errNoPrompts = errors.New("there are no prompts here")

// reel is the sound of a playback. It is played once.
type reel struct {
	*audio.Sequence
	// tail is how much silence is still to follow: the last of the sound is on its way
	// through a mix when the last of it is taken from here.
	tail int
	// over is told once that it is at its end.
	over func()
}

// reelTail is the silence behind a playback.
const reelTail = 60 * time.Millisecond

// Fill fills a frame.
func (r *reel) Fill(pcm []int16) int {
	n := r.Sequence.Fill(pcm)
	if missing := len(pcm) - n; missing > 0 && r.tail > 0 {
		clear(pcm[n:])
		r.tail -= missing
		return len(pcm)
	}
	if n < len(pcm) && r.over != nil {
		r.over()
		r.over = nil
	}
	return n
}

// load gets the sound of a playback. Its goroutine ends with what it reads, or with the call.
func (c *Call) load(a Load) {
	names := a.prompts()
	switch {
	case len(names) == 0:
		loaded{load: a}.Do(c, time.Time{})
	case c.env.Prompts == nil:
		loaded{load: a, failed: errNoPrompts}.Do(c, time.Time{})
	default:
		go c.loadPrompts(c.life(), a, names)
	}
}

// prompts are the names of a playback's prompts.
func (a Load) prompts() (names []string) {
	for _, item := range a.Items {
		if item.Prompt != "" {
			names = append(names, item.Prompt)
		}
	}
	return names
}

// life is a context that ends with the call.
func (c *Call) life() context.Context {
	if c.alive == nil {
		c.alive, c.die = context.WithCancel(context.Background())
	}
	return c.alive
}

func (c *Call) loadPrompts(ctx context.Context, a Load, names []string) {
	sounds := make(map[string]*audio.Prompt, len(names))
	for _, name := range names {
		p, err := c.env.Prompts.Prompt(ctx, name)
		if err != nil {
			c.Post(loaded{load: a, failed: err})
			return
		}
		sounds[name] = p
	}
	c.Post(loaded{load: a, sounds: sounds})
}

// loaded brings what a playback plays, or why there is nothing.
type loaded struct {
	load   Load
	sounds map[string]*audio.Prompt
	failed error
}

// Do takes it in, unless the playback has been stopped meanwhile.
func (w loaded) Do(c *Call, _ time.Time) {
	n := w.load.Number
	switch {
	case c.machine.playing.index(n) < 0:
		return
	case w.failed != nil:
		c.tellMachine(Loaded{Number: n, Failed: w.failed.Error()})
		return
	}
	if c.reels == nil {
		c.reels = map[int]*reel{}
	}
	c.reels[n] = &reel{w.sequence(), int(reelTail * toneRate / time.Second), func() { c.Post(told{Played{n}}) }}
	c.tellMachine(Loaded{Number: n})
}

func (w loaded) sequence() *audio.Sequence {
	parts := make([]func() audio.Source, len(w.load.Items))
	for i, item := range w.load.Items {
		parts[i] = func() audio.Source { return item.source(w.sounds) }
	}
	rounds := max(w.load.Loops, 1)
	if w.load.Loops < 0 {
		rounds = 0
	}
	return audio.NewSequence(toneRate, rounds, parts...)
}

// source makes the sound of an item, from its beginning.
func (i Item) source(sounds map[string]*audio.Prompt) (s audio.Source) {
	if i.Prompt != "" {
		s = sounds[i.Prompt].Play()
	} else {
		s = orNone(audio.NewCadence(toneRate, i.Tone.In(i.Country)...))
	}
	if i.For > 0 {
		s = audio.Cut(s, i.For)
	}
	return s
}

// reeled is the sound of a playback; nil when it is over.
func (c *Call) reeled(number int) audio.Source {
	if r := c.reels[number]; r != nil {
		return r
	}
	return nil
}

// unload ends the sound of a playback.
func (c *Call) unload(number int) {
	delete(c.reels, number)
	c.players.stop(playbackFor(number))
}
