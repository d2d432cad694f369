package rtp

import (
	"sync/atomic"
	"time"
)

// Packet is an RTP packet as a sink takes it.
type Packet struct {
	Codec     Codec
	Marker    bool
	Sequence  uint16
	Timestamp uint32
	SSRC      uint32
	// Payload is the taker's during the call only.
	Payload []byte
}

// Sink is a listener inside this process: a recorder, the ear of a phone that
// lives here, a test. It hears a source's packets as they came, in every codec
// that the source may send, late ones and duplicates too. RTCP is not for it.
type Sink struct {
	take func(now time.Time, p Packet)
	// heard is the path by which it hears; nil for none.
	heard atomic.Pointer[path]
}

// NewSink makes a sink that passes packets to a function. The function is called
// by whoever has the packet, mostly the goroutine that reads sockets: it must
// not block, and must expect a last packet of the old source while sources
// change.
func NewSink(take func(now time.Time, p Packet)) *Sink { return &Sink{take: take} }

func (k *Sink) speaks() (*source, []Payload) { return nil, nil }

func (k *Sink) hears() listener { return k }

func (k *Sink) match(list []rewrite, spoken []Payload) ([]rewrite, error) {
	for i := range spoken {
		p := &spoken[i]
		list = append(list, rewrite{p.Number, p.Number, p.Codec.Rate, &p.Codec})
	}
	return list, nil
}

func (k *Sink) attach(p *path) (before *path) { return k.heard.Swap(p) }

func (k *Sink) current() *path { return k.heard.Load() }

func (k *Sink) hearsBy(p *path) bool {
	heard := k.heard.Load()
	return heard != nil && heard.from == p.from
}

func (k *Sink) hear(now time.Time, p *path, h header, packet []byte) {
	way := p.rewrite(h.number)
	if way == nil || !k.hearsBy(p) {
		return
	}
	k.take(now, Packet{
		Codec:     *way.codec,
		Marker:    h.marker,
		Sequence:  h.sequence,
		Timestamp: h.timestamp,
		SSRC:      h.ssrc,
		Payload:   packet[h.begin:h.end],
	})
}

func (k *Sink) hearReport(*path, []byte, hearing) {}
