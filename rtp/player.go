package rtp

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/tandem-gateway/tandem/rtp/audio"
	"github.com/tandem-gateway/tandem/rtp/codec"
)

// frameSamples is how many samples a frame of G.711 has.
const frameSamples = 160

// playable are the payloads of a player. A number is also that of RFC 3551 s6.
var playable = []Payload{
	{Number: 0, Codec: Codec{Name: "PCMU", Rate: 8000}},
	{Number: 8, Codec: Codec{Name: "PCMA", Rate: 8000}},
}

// lawOf is the law of a playable payload.
func lawOf(number uint8) codec.G711 {
	if number == 8 {
		return codec.PCMA
	}
	return codec.PCMU
}

// Player is a source that plays sound of ours: ringback, music on hold. It plays
// while a table in force names it and a listener is there, and pauses otherwise:
// a listener who comes back hears it go on. For sound that begins with each
// listener, make a player for each; it takes less than a kilobyte, and no
// goroutine. It need not be stopped.
//
// It sends PCMU or PCMA in frames of 20 ms, to each listener what that one likes
// best; to one who takes neither a transcoder brings the sound.
type Player struct {
	source source
	clock  *metronome
	sound  audio.Source
	// over is set when the sound has ended or was stopped.
	over  atomic.Bool
	ended chan struct{}
	place place

	// What follows belongs to the clock's goroutine. next is the header of the next
	// frame, slot the time of the last one; zero before the first.
	next    header
	slot    time.Time
	pcm     [frameSamples]int16
	packets [2][headerSize + frameSamples]byte
}

// Play makes a player of a sound, which must have 8,000 samples a second; other
// rates are refused (audio.Resample). The sound is the player's from now on. Its
// SSRC, first sequence number and first timestamp are random (RFC 3550 s5.1).
func (e *Engine) Play(sound audio.Source) (*Player, error) {
	if sound.Rate() != 8000 {
		return nil, fmt.Errorf("rtp: a sound of %d samples a second cannot be played: bring it to 8000 with audio.Resample or LoadPrompt", sound.Rate())
	}
	p := &Player{clock: &e.clock, sound: sound, ended: make(chan struct{})}
	p.source.maker = p
	p.next = header{
		ssrc:      rand.Uint32(),
		timestamp: rand.Uint32(),
		sequence:  uint16(rand.Uint32()),
		begin:     headerSize,
		end:       headerSize + frameSamples,
	}
	for i := range p.packets {
		p.packets[i][0] = 2 << 6
	}
	return p, nil
}

// Playing is how many players are heard at the moment.
func (e *Engine) Playing() int {
	e.clock.mu.Lock()
	defer e.clock.mu.Unlock()
	return len(e.clock.players.list)
}

// Stop ends the sound for good, wherever it is heard. A frame that is just being
// sent still goes out.
func (p *Player) Stop() {
	if p.over.CompareAndSwap(false, true) {
		close(p.ended)
		p.source.settle()
	}
}

// Ended is closed when the sound has been played to its end, or was stopped.
func (p *Player) Ended() <-chan struct{} { return p.ended }

func (p *Player) speaks() (*source, []Payload) { return &p.source, playable }

func (p *Player) hears() listener { return nil }

func (p *Player) settle() { p.clock.settle(&p.clock.players, p) }

func (p *Player) wanted() bool { return !p.over.Load() && p.source.heard() }

func (p *Player) at() *place { return &p.place }

// pull sends a frame. The last one is filled up with silence.
func (p *Player) pull(now, slot time.Time) {
	if p.over.Load() {
		return
	}
	n := p.sound.Fill(p.pcm[:])
	clear(p.pcm[n:])
	if n > 0 {
		h, silent := p.header(slot)
		p.send(now, h, silent)
	}
	if n < len(p.pcm) {
		p.Stop()
	}
}

// header is that of the frame for a slot, and for how long it was silent before.
// Timestamps go on while it pauses, and
// the marker says where it goes on.
//
// RFC 3551 s4.1: "The first packet of a talkspurt, that is, the first packet after
// a silence period during which packets have not been transmitted contiguously,
// SHOULD be distinguished by setting the marker bit".
func (p *Player) header(slot time.Time) (h header, silent time.Duration) {
	frames := 1
	if !p.slot.IsZero() {
		frames = max(1, int((slot.Sub(p.slot)+framePeriod/2)/framePeriod))
		p.next.timestamp += uint32(frames) * frameSamples
	}
	h = p.next
	h.marker = p.slot.IsZero() || frames > 1
	p.next.sequence++
	p.slot = slot
	return h, time.Duration(frames-1) * framePeriod
}

// send carries the frame along all paths. It is encoded once for each law; who makes
// another sound of it gets it as it is.
func (p *Player) send(now time.Time, h header, silent time.Duration) {
	var encoded [2]bool
	for way := p.source.paths.Load(); way != nil; way = way.next {
		if to, ok := way.to.(frameListener); ok {
			to.hearFrame(now, silent, p.pcm[:], 8000)
			continue
		}
		h.number = way.rewrites[0].from
		law := lawOf(h.number)
		packet := p.packets[law][:]
		if !encoded[law] {
			law.Encode(packet[headerSize:], p.pcm[:])
			encoded[law] = true
		}
		way.to.hear(now, way, h, packet)
	}
}
