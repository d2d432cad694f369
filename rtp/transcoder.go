package rtp

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/tandem-gateway/tandem/rtp/codec"
	"github.com/tandem-gateway/tandem/rtp/jitter"
)

// maxConcealed is how much of a loss is made up; the rest is a pause. What a codec can
// make up has faded by then (G.711 Appendix I: after 60 ms).
const maxConcealed = 100 * time.Millisecond

// maxPause is how much longer a pause may be by the source's clock than it was by
// ours. What is longer is a clock that was set anew.
const maxPause = 500 * time.Millisecond

// transcoder brings the sound of one source to one listener in another codec, or with
// another gain. To the source it is a listener, to the listener a source. It works
// when a packet comes and on the goroutine that brings it, so it adds no delay.
//
//	source -> transcoder: sequencer -> ear -> gain -> mouth -> listener
//
// What it has is guarded by the mouth's lock.
type transcoder struct {
	// source is what the listener hears; way is the path from there to it.
	source source
	way    *path
	from   *source
	// spoken are the payloads of the source, taken those of the listener, as they were
	// negotiated when it was made.
	spoken kinds
	taken  []Payload
	mouth  *mouth
	clock  *metronome
	closed bool

	// lost is how many packets are missing before the next.
	order  *jitter.Sequencer
	lost   int
	ear    ear
	volume volume
	// begun is whether anything has come. expected is the timestamp that goes on from
	// the last sound, in the source's ticks, and last when that came.
	begun          bool
	ssrc, expected uint32
	last           time.Time
	keys           keyRelay

	// comfort is noise that is made while the source is silent; nil before there was
	// any. noisy says that it is being made.
	comfort *codec.Noise
	noisy   atomic.Bool
	place   place
}

// kind is what a payload is to whoever transcodes it.
type kind uint8

const (
	unknownKind kind = iota
	soundKind
	keyKind
	comfortKind
)

// arrives is how the sequencer calls it.
func (k kind) arrives() jitter.Kind {
	return [...]jitter.Kind{soundKind: jitter.Voice, keyKind: jitter.Event, comfortKind: jitter.Comfort}[k]
}

// kinds has the kind of each payload number.
type kinds []Payload

func (k kinds) of(number uint8) (kind, *Payload) {
	for i := range k {
		switch p := &k[i]; {
		case p.Number != number:
		case p.Codec.isKeys():
			return keyKind, p
		case p.Codec.isComfort():
			return comfortKind, p
		default:
			return soundKind, p
		}
	}
	return unknownKind, nil
}

func (t *transcoder) settle() {
	t.clock.settle(&t.clock.rooms, t)
	t.from.settle()
}

// heard tells whether the listener hears by it.
func (t *transcoder) heard() bool { return t.way.to.hearsBy(t.way) }

// match, attach and current are not asked: a transcoder has one source for life, and
// takes what its ear knows.
func (t *transcoder) match(list []rewrite, _ []Payload) ([]rewrite, error) { return list, nil }
func (t *transcoder) attach(*path) (before *path)                          { return nil }
func (t *transcoder) current() *path                                       { return nil }

func (t *transcoder) hearsBy(p *path) bool { return p.from == t.from && t.heard() }

// hearReport passes nothing on: a report is about packets that only one side has.
//
// RFC 3550 s7.2 has translators that change the encoding make reports of their own.
func (t *transcoder) hearReport(*path, []byte, hearing) {}

// hear takes a packet of the source. Keys are passed on at once; all else is in order,
// and what is in order already does not wait.
func (t *transcoder) hear(now time.Time, _ *path, h header, packet []byte) {
	m := t.mouth
	m.mu.Lock()
	defer m.mu.Unlock()
	kind, p := t.spoken.of(h.number)
	if t.closed || kind == unknownKind {
		return
	}
	m.turn(&t.source)
	payload := packet[h.begin:h.end]
	t.put(now, kind, h, payload)
	if kind == keyKind {
		t.takeKey(now, p, h, payload)
	}
	for f, ok := t.order.Next(now); ok; f, ok = t.order.Next(now) {
		t.take(now, f)
	}
}

// put takes note of a packet's number.
func (t *transcoder) put(now time.Time, kind kind, h header, payload []byte) {
	packet := jitter.Packet{
		SSRC: h.ssrc, Sequence: h.sequence, Timestamp: h.timestamp, Marker: h.marker,
		Number: h.number, Kind: kind.arrives(), Payload: payload,
	}
	if v := t.ear.voice(h.number); v != nil {
		packet.Ticks = v.length(payload)
	}
	t.order.Put(now, packet)
}

// take handles a packet in its turn, or notes that one is missing.
func (t *transcoder) take(now time.Time, f jitter.Frame) {
	switch f.Kind {
	case jitter.Lost:
		t.lost++
		return
	case jitter.Comfort:
		t.begin(now, f.SSRC, f.Timestamp)
		t.takeComfort(now, f)
	default:
		t.begin(now, f.SSRC, f.Timestamp)
		t.takeSound(now, f)
	}
	t.lost = 0
}

// begin notes the first packet of a stream. The timestamps of another stream have
// nothing to do with those before: time goes on by our own clock.
func (t *transcoder) begin(now time.Time, ssrc, timestamp uint32) {
	if t.begun && t.ssrc == ssrc {
		return
	}
	if t.begun {
		t.pause(now, now.Sub(t.last)-t.mouth.length)
	}
	t.begun, t.ssrc, t.expected, t.last, t.lost = true, ssrc, timestamp, now, 0
}

// takeSound decodes a packet of sound and says it, after what is missing before it.
func (t *transcoder) takeSound(now time.Time, f jitter.Frame) {
	v := t.ear.voice(f.Number)
	if v == nil {
		return
	}
	t.quieten()
	t.catchUp(now, v, f)
	pcm := t.ear.decode(v, f.Payload)
	if pcm == nil {
		pcm = t.ear.conceal(v, v.ticks, nil) // malformed
	}
	t.expected, t.last = f.Timestamp+v.ticks, now
	t.say(now, v, f.Timestamp, pcm)
}

// say passes sound on, unless there is a key in its place.
func (t *transcoder) say(now time.Time, v *voice, timestamp uint32, pcm []int16) {
	length := ticksTime(v.ticks, v.payload.Codec.Rate)
	if t.keys.covers(now, timestamp) {
		t.pause(now, length)
		return
	}
	t.volume.apply(pcm)
	t.mouth.say(now, t.way, pcm, length)
}

// catchUp makes up for what is missing before a packet: what was lost is concealed,
// and what was not sent, since the source is silent at times, is a pause.
func (t *transcoder) catchUp(now time.Time, v *voice, f jitter.Frame) {
	missing := int32(f.Timestamp - t.expected)
	if missing <= 0 {
		return
	}
	rate := v.payload.Codec.Rate
	concealed := min(uint32(missing), uint32(t.lost)*v.ticks, timeTicks(maxConcealed, rate))
	t.skip(now, v, missing-int32(concealed))
	for concealed > 0 {
		n, next := min(concealed, v.ticks), f.Payload
		if concealed > n {
			next = nil
		}
		t.say(now, v, f.Timestamp-concealed, t.ear.conceal(v, n, next))
		concealed -= n
	}
}

// skip is a pause by the source's clock.
func (t *transcoder) skip(now time.Time, v *voice, ticks int32) {
	t.pause(now, t.believed(now, ticks, v.payload.Codec.Rate))
}

// believed is how long some ticks of the source's clock are since its last sound, or
// how long that is by our own where it cannot be.
func (t *transcoder) believed(now time.Time, ticks int32, rate uint32) time.Duration {
	pause := ticksTime(uint32(max(0, ticks)), rate)
	if passed := now.Sub(t.last); pause > passed+maxPause {
		return passed
	}
	return pause
}

// pause lets time go on for the listener.
func (t *transcoder) pause(now time.Time, d time.Duration) {
	if d > 0 {
		t.mouth.pause(now, t.way, timeTicks(d, t.mouth.shape.Clock))
	}
}

// newTranscoder makes one from a source to what a mouth speaks to.
func newTranscoder(from *source, spoken []Payload, to *Session, taken []Payload, m *mouth) (t *transcoder, err error) {
	t = &transcoder{from: from, spoken: spoken, taken: taken, mouth: m, clock: &to.engine.clock}
	t.ear = ear{rate: m.rate, spoken: spoken}
	t.source.maker = t
	t.way = m.path(&t.source, to, taken)
	t.keys.to = m.keys(taken)
	t.order, err = jitter.NewSequencer(jitter.Options{Clock: m.payload.Codec.Rate})
	return t, err
}

// fits tells whether it is what would be made.
func (t *transcoder) fits(from *source, spoken, taken []Payload) bool {
	return t.from == from && slices.Equal(t.spoken, spoken) && slices.Equal(t.taken, taken)
}

// hearFrame takes a frame of a player, and how long it was silent before.
func (t *transcoder) hearFrame(now time.Time, silent time.Duration, pcm []int16, rate int) {
	m := t.mouth
	m.mu.Lock()
	defer m.mu.Unlock()
	if t.closed {
		return
	}
	m.turn(&t.source)
	t.pause(now, silent)
	if pcm = t.ear.hear(pcm, rate); len(pcm) > 0 {
		t.volume.apply(pcm)
		m.say(now, t.way, pcm, framePeriod)
	}
}

// close ends it: what it hears from now on goes nowhere.
func (t *transcoder) close() {
	t.mouth.mu.Lock()
	t.closed = true
	t.ear.close()
	t.mouth.mu.Unlock()
	t.settle()
}

// setGain sets the gain in dB; it becomes that within the next frame.
func (t *transcoder) setGain(dB float64) {
	t.mouth.mu.Lock()
	defer t.mouth.mu.Unlock()
	t.volume.set(dB)
}

// ticksTime is how long some ticks of a clock take, timeTicks how many there are in a
// time.
func ticksTime(ticks, rate uint32) time.Duration {
	return time.Duration(ticks) * time.Second / time.Duration(rate)
}

func timeTicks(d time.Duration, rate uint32) uint32 {
	return uint32(int64(d) * int64(rate) / int64(time.Second))
}
