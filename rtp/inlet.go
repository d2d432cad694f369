package rtp

import (
	"slices"
	"sync"
	"time"

	"github.com/tandem-gateway/tandem/rtp/audio"
	"github.com/tandem-gateway/tandem/rtp/codec"
	"github.com/tandem-gateway/tandem/rtp/jitter"
)

// The delay of a source in a room. jitter's own floor is for networks of which nothing
// is known; a source whose packets come in time has them played 1 ms after they could
// have come at the earliest: with the 20 ms that a tick may be away that makes 21.
const (
	inletFloor = 5 * time.Millisecond
	inletEarly = 4 * time.Millisecond
)

// inlet is a source in a room: to the source it is a listener. The source's goroutine
// puts packets in, or a player its frames; the room takes 20 ms of sound at a time.
type inlet struct {
	room   *room
	from   *source
	number int
	spoken kinds

	mu  sync.Mutex
	ear ear
	// buffer is that of the packets; nil until one comes. clock is its clock, in Hz.
	buffer *jitter.Buffer
	clock  uint32
	// last is the codec of the last sound.
	last *voice
	// held is sound that is left of the last tick, or that a player has brought.
	held []int16
	// noise is what the source's comfort noise sounds like; quiet that it sounds now.
	noise *codec.Noise
	quiet bool
}

func newInlet(r *room, number int, from *source, spoken []Payload) *inlet {
	return &inlet{room: r, number: number, from: from, spoken: spoken, ear: ear{rate: r.mixer.Rate(), spoken: spoken}}
}

// match, attach and current are not asked: an inlet has one source for life, and takes
// what its ear knows.
func (n *inlet) match(list []rewrite, _ []Payload) ([]rewrite, error) { return list, nil }
func (n *inlet) attach(*path) (before *path)                          { return nil }
func (n *inlet) current() *path                                       { return nil }

func (n *inlet) hearsBy(p *path) bool { return p.from == n.from && n.room.wanted() }

// hearReport passes nothing on: a mixer's listeners have no stream of the source.
func (n *inlet) hearReport(*path, []byte, hearing) {}

// hear puts a packet in.
func (n *inlet) hear(now time.Time, _ *path, h header, packet []byte) {
	kind, p := n.spoken.of(h.number)
	if kind == unknownKind {
		return
	}
	payload := packet[h.begin:h.end]
	n.mu.Lock()
	defer n.mu.Unlock()
	arrived := jitter.Packet{
		SSRC: h.ssrc, Sequence: h.sequence, Timestamp: h.timestamp, Marker: h.marker,
		Number: h.number, Kind: kind.arrives(), Payload: payload,
	}
	if kind == soundKind {
		v := n.ear.voice(h.number)
		if v == nil {
			return
		}
		arrived.Ticks = v.length(payload)
	}
	if n.runs(kind, p.Codec.Rate) {
		n.buffer.Put(now, arrived)
	}
}

// runs sees to it that there is a buffer for a codec's clock. What is no sound goes by
// that which there is.
func (n *inlet) runs(kind kind, clock uint32) bool {
	if n.buffer != nil && (kind != soundKind || clock == n.clock) {
		return true
	}
	b, err := jitter.New(jitter.Options{Clock: clock, Tick: framePeriod, Floor: inletFloor})
	if err != nil {
		return false
	}
	n.buffer, n.clock = b, clock
	return true
}

// maxHeld is how many frames of a player wait: two come at once when the clock is late.
const maxHeld = 2

// hearFrame puts a player's frame in.
func (n *inlet) hearFrame(_ time.Time, _ time.Duration, pcm []int16, rate int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.held) < maxHeld*n.room.mixer.Samples() {
		n.held = append(n.held, n.ear.hear(pcm, rate)...)
	}
}

// put puts the sound of a tick into the mixer, unless there is none.
func (n *inlet) put(slot time.Time, m *audio.Mixer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	samples := m.Samples()
	n.fill(slot, samples)
	if len(n.held) == 0 {
		return
	}
	pcm := n.held[:min(samples, len(n.held))]
	m.Put(n.number, pcm)
	n.held = n.held[:copy(n.held, n.held[len(pcm):])]
}

// mostFrames is how many frames make up a tick at the most; a packet of Opus has 2.5 ms or
// more. It bounds what garbage can cost.
const mostFrames = 32

// fill gets as much sound as a tick takes.
func (n *inlet) fill(slot time.Time, samples int) {
	if n.buffer == nil {
		return
	}
	if n.buffer.Stats().Target <= inletFloor {
		slot = slot.Add(inletEarly)
	}
	for range mostFrames {
		if len(n.held) >= samples {
			return
		}
		missing := timeTicks(time.Duration(samples-len(n.held))*time.Second/time.Duration(n.ear.rate), n.clock)
		f := n.buffer.Take(slot, max(missing, 1))
		if !n.take(f) {
			return
		}
	}
}

// take adds a frame's sound; false when it is silent from here to the end of the tick.
func (n *inlet) take(f jitter.Frame) bool {
	switch f.Kind {
	case jitter.Voice:
		n.takeVoice(f)
	case jitter.Lost:
		n.takeLoss(f)
	case jitter.Comfort:
		n.takeComfort(f)
	default:
		return n.takeSilence(f)
	}
	return true
}

func (n *inlet) takeVoice(f jitter.Frame) {
	v := n.ear.voice(f.Number)
	if v == nil {
		return
	}
	n.last, n.quiet = v, false
	pcm := n.ear.decodeTo(v, f.Payload, f.Ticks)
	if pcm == nil {
		pcm = n.ear.conceal(v, f.Ticks, nil)
	}
	n.held = append(n.held, pcm...)
}

func (n *inlet) takeLoss(f jitter.Frame) {
	if n.last != nil {
		n.held = append(n.held, n.ear.conceal(n.last, f.Ticks, f.Next)...)
		return
	}
	n.addSilence(f.Ticks)
}

// takeComfort begins with comfort noise. In a mix all of it would add up to more noise
// than anybody sends, but it is what a listener hears of the source between its words.
func (n *inlet) takeComfort(f jitter.Frame) {
	if n.noise == nil {
		n.noise = codec.NewNoise()
	}
	n.quiet = n.noise.Take(f.Payload) == nil
}

// takeSilence adds silence, or noise. Silence need not be added where nothing follows.
func (n *inlet) takeSilence(f jitter.Frame) bool {
	switch {
	case n.quiet:
		n.addNoise(f.Ticks)
	case len(n.held) > 0:
		n.addSilence(f.Ticks)
	default:
		return false
	}
	return true
}

// samples is how long some ticks are at the room's rate, at least a sample.
func (n *inlet) samples(ticks uint32) int {
	return max(1, int(int64(ticks)*int64(n.ear.rate)/int64(n.clock)))
}

func (n *inlet) addSilence(ticks uint32) {
	at := len(n.held)
	n.held = slices.Grow(n.held, n.samples(ticks))[:at+n.samples(ticks)]
	clear(n.held[at:])
}

func (n *inlet) addNoise(ticks uint32) {
	at := len(n.held)
	n.addSilence(ticks)
	n.noise.Fill(n.held[at:])
}

func (n *inlet) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ear.close()
	n.last = nil
}
