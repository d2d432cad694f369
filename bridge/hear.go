package bridge

import (
	"errors"
	"slices"
	"time"

	"github.com/tandem-gateway/tandem/rtp"
)

// players play the sounds of a call, by their numbers in its hearing table.
type players map[int]player

type player struct {
	*rtp.Player
	sound Sound
}

// hear puts a hearing table in force. A listener that it cannot serve, because no
// codec of ours fits it, hears nothing; the others are not disturbed.
func (c *Call) hear(now time.Time, h Hear) {
	t := h.Table
	c.prepare(t, h.Sounds)
	c.tap(now, t, h.Taps)
	ends := make(map[int]rtp.End, len(c.media)+len(c.players)+len(h.Taps))
	c.taping.addTo(ends)
	for id, s := range c.media {
		ends[id] = s
	}
	for number, p := range c.players {
		ends[number] = p.Player
	}
	paths, err := rtp.Compile(t, ends)
	for tries := sparable(t); err != nil && tries > 0; tries-- {
		var deaf *rtp.HearingError
		if !errors.As(err, &deaf) {
			break
		}
		c.spare(t, deaf)
		paths, err = rtp.Compile(t, ends)
	}
	if err != nil {
		c.env.Log.Warn("hearing table not in force", "call", c.id, "err", err)
		return
	}
	for _, id := range h.Keys {
		if s := c.media[id]; s != nil {
			paths.ListenForKeys(s)
		}
	}
	c.listenToSpeech(paths)
	paths.Swap()
	c.players.keep(h.Sounds)
}

// sparable is how often something can be taken out of a table: a sound, or a row.
func sparable(t rtp.Table) int {
	n := len(t)
	for _, row := range t {
		n += len(row)
	}
	return n
}

// spare takes out of a table what a listener cannot be given: the tone of a recording
// where there is one, what is played to it, else all that it hears.
func (c *Call) spare(t rtp.Table, deaf *rtp.HearingError) {
	row := t[deaf.Listener]
	switch last := len(row) - 1; {
	case last > 0 && row[last].Source == beepNumber:
		t[deaf.Listener] = row[:last]
		return
	case last >= 0 && isPlayback(row[last].Source):
		t[deaf.Listener] = row[:last]
		c.tellMachine(Unheard{Number: playbackFor(row[last].Source), Participant: deaf.Listener, Why: deaf.Why})
		return
	}
	delete(t, deaf.Listener)
	if deaf.Listener < 0 {
		c.tellMachine(RecordingLacks{tapFor(deaf.Listener), deaf.Why})
		return
	}
	c.env.Log.Warn("somebody hears nothing", "call", c.id, "participant", deaf.Listener, "why", deaf.Why)
}

// prepare makes the players of sounds that a table names for the first time.
func (c *Call) prepare(t rtp.Table, sounds Sounds) {
	for number, s := range sounds {
		if p, ok := c.players[number]; ok && p.sound == s {
			continue
		}
		p, err := c.play(s)
		if err != nil {
			c.env.Log.Warn("a sound is not played", "call", c.id, "err", err)
			deafen(t, number)
			continue
		}
		if c.players == nil {
			c.players = players{}
		}
		c.players.stop(number)
		c.players[number] = player{p, s}
	}
}

// deafen takes a source out of a table.
func deafen(t rtp.Table, source int) {
	for listener, list := range t {
		t[listener] = slices.DeleteFunc(list, func(h rtp.Heard) bool { return h.Source == source })
	}
}

var errNoSound = errors.New("there is none")

func (c *Call) play(s Sound) (*rtp.Player, error) {
	source := c.made(s)
	if source == nil {
		return nil, errNoSound
	}
	return c.env.Ports.Play(source)
}

// stop ends the player of a number.
func (l players) stop(number int) {
	if p, ok := l[number]; ok {
		p.Stop()
		delete(l, number)
	}
}

// keep stops the players that a table no longer names: who comes back to hold hears the
// music from its beginning. A playback goes on where it was.
func (l players) keep(sounds Sounds) {
	for number := range l {
		if _, named := sounds[number]; !named && !isPlayback(number) {
			l.stop(number)
		}
	}
}
