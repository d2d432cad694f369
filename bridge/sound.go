package bridge

import (
	"github.com/tandem-gateway/tandem/rtp"
	"github.com/tandem-gateway/tandem/rtp/audio"
	"github.com/tandem-gateway/tandem/rtp/record"
)

// Sound is what a source of a hearing table is that is nobody's voice.
type Sound struct {
	Kind SoundKind
	// Country is whose ringing tone it is, an ISO 3166 code of two letters; empty for music.
	Country string
	// Playback is the number of a playback; 0 for others.
	Playback int
}

// SoundKind is a kind of sound of ours.
type SoundKind uint8

// The sounds that a call plays.
const (
	SoundMusic SoundKind = iota
	SoundRingback
	SoundBeep
	SoundPlayback
)

// Sounds are the sounds of a hearing table, by their numbers in it, which are negative.
type Sounds map[int]Sound

// musicFor is the number of the music that a party hears: each has its own, which begins
// when it is put on hold.
func musicFor(participant int) int { return -participant }

// ringbackFor is the number of the ringing tone that a party hears.
func ringbackFor(participant int) int { return -participant - 1<<16 }

// beepNumber is the number of the tone that says that a call is recorded.
const beepNumber = -4 << 16

// sounds says what the negative numbers of a table stand for.
func (m *Machine) sounds(t rtp.Table) (s Sounds) {
	for _, list := range t {
		for _, h := range list {
			if h.Source < 0 {
				s = s.with(h.Source, m.sound(h.Source))
			}
		}
	}
	return s
}

func (s Sounds) with(number int, what Sound) Sounds {
	if s == nil {
		s = Sounds{}
	}
	s[number] = what
	return s
}

func (m *Machine) sound(number int) Sound {
	switch {
	case isPlayback(number):
		return Sound{Kind: SoundPlayback, Playback: playbackFor(number)}
	case number == beepNumber:
		return Sound{Kind: SoundBeep}
	case number < -1<<16:
		return Sound{Kind: SoundRingback, Country: m.decision.Country}
	}
	return Sound{Kind: SoundMusic}
}

// made makes a sound, from its beginning; nil when there is none.
func (c *Call) made(s Sound) audio.Source {
	e := c.env
	switch {
	case s.Kind == SoundPlayback:
		return c.reeled(s.Playback)
	case s.Kind == SoundRingback:
		return orNone(audio.NewCadence(toneRate, audio.Ringback.In(s.Country)...))
	case s.Kind == SoundBeep:
		return orNone(record.UsualBeep().Source(toneRate))
	case e.Music == nil:
		return nil
	}
	return e.Music()
}

// orNone gives a sound of ours. One that cannot be made would be an error of a table here,
// of which its tests would have said so.
func orNone[S audio.Source](sound S, err error) audio.Source {
	if err != nil {
		return nil
	}
	return sound
}

// toneRate is the sampling rate of tones, in Hz: that of the telephone.
const toneRate = 8000
