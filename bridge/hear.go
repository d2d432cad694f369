package bridge

import (
	"errors"

	"github.com/tandem-gateway/tandem/rtp"
	"github.com/tandem-gateway/tandem/rtp/audio"
)

// music plays to the parties on hold, by the number of musicFor.
type music map[int]*rtp.Player

// hear puts a hearing table in force. A listener that it cannot serve, because no
// codec of ours fits it, hears nothing; the others are not disturbed.
func (c *Call) hear(t rtp.Table) {
	c.prepareMusic(t)
	ends := make(map[int]rtp.End, len(c.media)+len(c.music))
	for id, s := range c.media {
		ends[id] = s
	}
	for number, p := range c.music {
		ends[number] = p
	}
	paths, err := rtp.Compile(t, ends)
	for tries := len(t); err != nil && tries > 0; tries-- {
		var deaf *rtp.HearingError
		if !errors.As(err, &deaf) {
			break
		}
		c.env.Log.Warn("somebody hears nothing", "call", c.id, "participant", deaf.Listener, "why", deaf.Why)
		delete(t, deaf.Listener)
		paths, err = rtp.Compile(t, ends)
	}
	if err != nil {
		c.env.Log.Warn("hearing table not in force", "call", c.id, "err", err)
		return
	}
	paths.Swap()
	c.endMusic(t)
}

// prepareMusic makes the players that a table names for the first time.
func (c *Call) prepareMusic(t rtp.Table) {
	for listener, heard := range t {
		number := musicFor(listener)
		if len(heard) != 1 || heard[0].Source != number || c.music[number] != nil {
			continue
		}
		var sound audio.Source
		if c.env.Music != nil {
			sound = c.env.Music()
		}
		p, err := c.play(sound)
		if err != nil {
			c.env.Log.Warn("no music on hold", "call", c.id, "err", err)
			delete(t, listener)
			continue
		}
		if c.music == nil {
			c.music = music{}
		}
		c.music[number] = p
	}
}

var errNoMusic = errors.New("there is none")

func (c *Call) play(sound audio.Source) (*rtp.Player, error) {
	if sound == nil {
		return nil, errNoMusic
	}
	return c.env.Ports.Play(sound)
}

// endMusic stops the players that a table no longer names: who comes back to hold
// hears the music from its beginning.
func (c *Call) endMusic(t rtp.Table) {
	for number, p := range c.music {
		if h := t[-number]; len(h) == 1 && h[0].Source == number {
			continue
		}
		p.Stop()
		delete(c.music, number)
	}
}
