package record

import (
	"fmt"
	"time"

	"github.com/tandem-gateway/tandem/rtp/audio"
)

// Beep is the tone that says that a call is being recorded: into the recording, and
// by Source to those in the call. The zero value is no tone.
type Beep struct {
	// Frequency is in Hz, Level in dBFS.
	Frequency, Level float64
	// Length is how long it sounds, Every how often: from the beginning of one to that
	// of the next.
	Length, Every time.Duration
}

// UsualBeep is the tone as it is known in North America: 1,400 Hz for 200 ms every 15
// s, at a level that does not drown who is speaking.
func UsualBeep() Beep {
	return Beep{Frequency: 1400, Level: -20, Length: 200 * time.Millisecond, Every: 15 * time.Second}
}

// Source gives the tone as a source at a sampling rate in Hz, which has no end and
// begins with a beep. Play it from when the recording starts, stop it when it is
// paused, and begin a new one when it is resumed: so it sounds when the recording's
// own does. Of a Beep that is no tone it is an error.
func (b Beep) Source(rate int) (audio.Source, error) {
	if b.Length <= 0 || b.Every < b.Length {
		return nil, fmt.Errorf("record: a beep of %v every %v: it must last, and begin anew no sooner than it has ended", b.Length, b.Every)
	}
	cadence, err := audio.NewCadence(rate, audio.Burst{
		Sines: []audio.Sine{{Frequency: b.Frequency, Level: b.Level}},
		On:    b.Length, Off: b.Every - b.Length,
	})
	if err != nil {
		return nil, fmt.Errorf("record: a beep: %w", err)
	}
	return cadence, nil
}

// check refuses a tone that cannot be had at a rate.
func (b Beep) check(rate int) error {
	if b == (Beep{}) {
		return nil
	}
	_, err := b.Source(rate)
	return err
}
