package rtp

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Feed is a source inside this process: a prompt, music, the voice of a phone
// that lives here. It has no clock and no goroutine; whoever has packets sends
// them, one goroutine at a time.
type Feed struct {
	source   source
	payloads []Payload
	header   header
	packet   []byte
}

// Frame is what a feed sends as one packet.
type Frame struct {
	// Codec is one of the feed's.
	Codec Codec
	// Marker is set on the first packet after silence (RFC 3551 s4.1).
	Marker bool
	// Timestamp is when the first sample was sampled, in the codec's clock.
	Timestamp uint32
	// Payload is the encoded sound.
	Payload []byte
}

// NewFeed makes a feed that sends with some codecs. Its SSRC and its first
// sequence number are random (RFC 3550 s5.1).
func NewFeed(codecs ...Codec) (*Feed, error) {
	f := &Feed{header: header{ssrc: rand.Uint32(), sequence: uint16(rand.Uint32())}}
	f.source.maker = f
	for i, c := range codecs {
		f.payloads = append(f.payloads, Payload{Number: uint8(i), Codec: c})
	}
	if len(codecs) == 0 || len(codecs) > 128 {
		return nil, fmt.Errorf("rtp: a feed of %d codecs: it needs one at least and has numbers for 128", len(codecs))
	}
	return f, errors.Join(checkPayloads("feed", f.payloads))
}

// Send sends a frame to those who hear the feed. It fails only for a codec that
// is not the feed's.
func (f *Feed) Send(now time.Time, frame Frame) error {
	p := carrying(f.payloads, frame.Codec)
	if p == nil {
		return fmt.Errorf("rtp: feed has no codec %s: name it in NewFeed", frame.Codec)
	}
	h := f.header
	h.number, h.marker, h.timestamp = p.Number, frame.Marker, frame.Timestamp
	h.begin, h.end = headerSize, uint16(headerSize+len(frame.Payload))
	f.header.sequence++
	f.packet = append(f.packet[:0], 2<<6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	f.packet = append(f.packet, frame.Payload...)
	h.write(f.packet)
	f.source.spread(now, h, f.packet)
	return nil
}

// settle has nothing to do: who has packets sends them.
func (f *Feed) settle() {}

func (f *Feed) speaks() (*source, []Payload) { return &f.source, f.payloads }

func (f *Feed) hears() listener { return nil }
