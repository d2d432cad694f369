package codec

import (
	"encoding/binary"
	"fmt"
	"time"
)

var _ = [...]any{Encoder(l16Encoder{}), Decoder((*l16Decoder)(nil))}

// checkL16 refuses what is not of use: RFC 3551 s4.5.11 leaves the rate and the
// number of channels open.
func checkL16(f Format) error {
	if f.Clock < 8000 || f.Clock > 48000 || f.Channels > 2 {
		return fmt.Errorf("codec: %s: linear PCM is taken from 8,000 to 48,000 Hz and with one or two channels", f)
	}
	return nil
}

// l16Encoder writes linear PCM of 16 bits.
//
// RFC 3551 s4.5.11: "L16 denotes uncompressed audio data samples, using 16-bit
// signed representation", "in network byte order".
type l16Encoder struct{ shape Shape }

func shapeOfL16(f Format) Shape {
	return Shape{int(f.Clock), f.Clock, int(max(f.Channels, 1))}
}

func newL16Encoder(f Format, _ Options) (Encoder, error) {
	return l16Encoder{shapeOfL16(f)}, checkL16(f)
}

func (e l16Encoder) Shape() Shape                  { return e.shape }
func (e l16Encoder) Frame(ptime time.Duration) int { return e.shape.values(ptime) }
func (l16Encoder) Close()                          {}

func (e l16Encoder) Encode(payload []byte, pcm []int16) (int, error) {
	if len(pcm) == 0 || len(pcm)%e.shape.Channels != 0 {
		return 0, ErrFrame
	}
	if len(payload) < 2*len(pcm) {
		return 0, ErrRoom
	}
	for i, sample := range pcm {
		binary.BigEndian.PutUint16(payload[2*i:], uint16(sample))
	}
	return 2 * len(pcm), nil
}

// Follow and Joins: without a memory all encoders of a shape are one.
func (e l16Encoder) Follow(other Encoder) bool { return other == Encoder(e) }
func (l16Encoder) Joins([]byte, []int16) bool  { return true }

// l16Decoder reads linear PCM; losses are concealed in each channel by itself.
type l16Decoder struct {
	shape Shape
	loss  []concealer
}

func newL16Decoder(f Format, _ Options) (Decoder, error) {
	if err := checkL16(f); err != nil {
		return nil, err
	}
	d := &l16Decoder{shape: shapeOfL16(f)}
	for range d.shape.Channels {
		d.loss = append(d.loss, newConcealer(d.shape.Rate))
	}
	return d, nil
}

func (d *l16Decoder) Shape() Shape { return d.shape }
func (d *l16Decoder) Close()       {}

func (d *l16Decoder) Length(payload []byte) int {
	if len(payload)%(2*d.shape.Channels) != 0 {
		return 0
	}
	return len(payload) / 2
}

func (d *l16Decoder) Decode(pcm []int16, payload []byte) (int, error) {
	n := d.Length(payload)
	switch {
	case n == 0:
		return 0, ErrPayload
	case len(pcm) < n:
		return 0, ErrRoom
	}
	for i := range pcm[:n] {
		pcm[i] = int16(binary.BigEndian.Uint16(payload[2*i:]))
	}
	for i := range d.loss {
		d.loss[i].heard(pcm[:n], i, len(d.loss))
	}
	return n, nil
}

func (d *l16Decoder) Conceal(pcm []int16, _ []byte) {
	for i := range d.loss {
		d.loss[i].fill(pcm, i, len(d.loss))
	}
}
