package rtp

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// Tap is a listener inside this process that hears sound and not packets: a recorder, a
// speech recognizer. It hears one source or a mix of several, as its row in the table
// says, always by the clock: 20 ms every 20 ms, in order, with silence where there is
// nothing, and behind a jitter buffer. All taps of one table hear the same moment at the
// same time.
type Tap struct {
	rate  int
	take  func(now time.Time, pcm []int16)
	clock *metronome
	// heard is the path by which it hears; nil for none.
	heard atomic.Pointer[path]
}

// NewTap makes a tap of a sampling rate in Hz of 8,000, 16,000 or 48,000, which passes
// frames of 20 ms, of one channel, to a function; now is the time for which a frame is
// meant, and a frame that was left out shows in it. The function is called by the clock,
// for all taps of a table one after the other; it must not block, put a table in force nor
// close a session, and the frame is its own during the call only. While no table in force
// names the tap, or its row is empty, it is not called.
func (e *Engine) NewTap(rate int, take func(now time.Time, pcm []int16)) (*Tap, error) {
	if !slices.Contains(soundRates[:], rate) {
		return nil, fmt.Errorf("rtp: a tap of %d samples a second: it must be one of %d", rate, soundRates)
	}
	return &Tap{rate: rate, take: take, clock: &e.clock}, nil
}

func (t *Tap) speaks() (*source, []Payload) { return nil, nil }

func (t *Tap) hears() listener { return t }

// match, hear and hearReport are not asked: a tap hears by a room.
func (t *Tap) match(list []rewrite, _ []Payload) ([]rewrite, error) { return list, nil }
func (t *Tap) hear(time.Time, *path, header, []byte)                {}
func (t *Tap) hearReport(*path, []byte, hearing)                    {}

func (t *Tap) attach(p *path) (before *path) { return t.heard.Swap(p) }

func (t *Tap) current() *path { return t.heard.Load() }

func (t *Tap) hearsBy(p *path) bool {
	heard := t.heard.Load()
	return heard != nil && heard.from == p.from
}

func (t *Tap) hearMix(slot time.Time, way *path, pcm []int16) {
	if t.hearsBy(way) {
		t.take(slot, pcm)
	}
}
