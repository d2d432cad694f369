package rtp

import (
	"time"

	"github.com/tandem-gateway/tandem/rtp/codec"
	"github.com/tandem-gateway/tandem/rtp/jitter"
)

// takeComfort passes comfort noise on (RFC 3389) to a listener that takes it, and
// makes it for one that does not: until the source speaks again the clock pulls the
// transcoder, for nothing comes meanwhile.
func (t *transcoder) takeComfort(now time.Time, f jitter.Frame) {
	_, p := t.spoken.of(f.Number)
	if to := t.way.rewriteOf(p.Codec); to != nil && len(f.Payload) > 0 {
		t.mouth.flush(now, t.way)
		h := header{number: to.to, timestamp: t.timestamp(now, p, f.Timestamp)}
		t.mouth.accompany(now, t.way, h, f.Payload)
		return
	}
	if t.comfort == nil {
		t.comfort = codec.NewNoise()
	}
	if p.Codec.Rate == 8000 && t.comfort.Take(f.Payload) == nil && t.noisy.CompareAndSwap(false, true) {
		t.pause(now, t.believed(now, int32(f.Timestamp-t.expected), p.Codec.Rate))
		t.expected, t.last = f.Timestamp, now
		t.clock.settle(&t.clock.rooms, t)
	}
}

// quieten ends the noise.
func (t *transcoder) quieten() {
	if t.noisy.CompareAndSwap(true, false) {
		t.clock.settle(&t.clock.rooms, t)
	}
}

func (t *transcoder) wanted() bool { return t.noisy.Load() && t.heard() }

func (t *transcoder) at() *place { return &t.place }

// pull makes 20 ms of noise. It is made at 8 kHz: telephone noise.
func (t *transcoder) pull(now, _ time.Time) {
	m := t.mouth
	m.mu.Lock()
	defer m.mu.Unlock()
	if t.closed || !t.noisy.Load() {
		return
	}
	m.turn(&t.source)
	t.ear.raw = slice(t.ear.raw, frameSamples)
	t.comfort.Fill(t.ear.raw)
	pcm := t.ear.hear(t.ear.raw, 8000)
	t.volume.apply(pcm)
	m.say(now, t.way, pcm, framePeriod)
	t.expected += frameSamples
	t.last = now
}
