package codec

import (
	"strings"
	"time"
)

var _ = [...]any{Encoder(g711Encoder(0)), Decoder((*g711Decoder)(nil))}

// g711Encoder is a law as an Encoder; it has no state.
type g711Encoder G711

func lawOf(f Format) G711 {
	if strings.EqualFold(f.Name, "PCMA") {
		return PCMA
	}
	return PCMU
}

func newG711Encoder(f Format, _ Options) (Encoder, error) { return g711Encoder(lawOf(f)), nil }

func (g711Encoder) Shape() Shape                    { return Shape{8000, 8000, 1} }
func (e g711Encoder) Frame(ptime time.Duration) int { return e.Shape().values(ptime) }
func (g711Encoder) Close()                          {}

func (e g711Encoder) Encode(payload []byte, pcm []int16) (int, error) {
	if len(pcm) == 0 {
		return 0, ErrFrame
	}
	if len(payload) < len(pcm) {
		return 0, ErrRoom
	}
	return G711(e).Encode(payload, pcm), nil
}

// Follow and Joins: without a memory all encoders of a law are one.
func (e g711Encoder) Follow(other Encoder) bool { return other == Encoder(e) }
func (g711Encoder) Joins([]byte, []int16) bool  { return true }

// g711Decoder is a law and what it takes to conceal losses.
type g711Decoder struct {
	law  G711
	loss concealer
}

func newG711Decoder(f Format, _ Options) (Decoder, error) {
	return &g711Decoder{lawOf(f), newConcealer(8000)}, nil
}

func (*g711Decoder) Shape() Shape              { return Shape{8000, 8000, 1} }
func (*g711Decoder) Length(payload []byte) int { return len(payload) }
func (*g711Decoder) Close()                    {}

func (d *g711Decoder) Decode(pcm []int16, payload []byte) (int, error) {
	switch {
	case len(payload) == 0:
		return 0, ErrPayload
	case len(pcm) < len(payload):
		return 0, ErrRoom
	}
	n := d.law.Decode(pcm, payload)
	d.loss.heard(pcm[:n], 0, 1)
	return n, nil
}

func (d *g711Decoder) Conceal(pcm []int16, _ []byte) { d.loss.fill(pcm, 0, 1) }
