package test

import (
	wire "encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"github.com/tandem-gateway/tandem/rtp/codec"
)

// coder has a voice, which knows G.711 alone, speak another codec: its packets pass through
// one.
type coder struct {
	*testing.T
	format  codec.Format
	in, out byte // payload types
	enc     codec.Encoder
	dec     codec.Decoder
}

// g711 is what a voice speaks by itself.
const g711 = codec.PCMU

// coder makes one that hears one payload type and speaks another. It ends with the voice
// that it is lent to.
func (s *stage) coder(f codec.Format, in, out byte) *coder {
	s.Helper()
	c := &coder{T: s.T, format: f, in: in, out: out}
	var err, wrong error
	c.enc, err = codec.NewEncoder(f, codec.Options{Rate: 16000})
	c.dec, wrong = codec.NewDecoder(f, codec.Options{Rate: 16000})
	if err != nil || wrong != nil {
		s.Fatal(err, wrong)
	}
	return c
}

func (c *coder) close() {
	c.enc.Close()
	c.dec.Close()
}

// lend makes a voice speak the codec.
func (c *coder) lend(v *voice) {
	v.mu.Lock()
	defer v.mu.Unlock()
	write := v.audio.Write
	v.audio.Write = func(b []byte, to netip.AddrPort) { write(c.encode(b), to) }
	v.decode, v.lent = c.decode, c
}

// encode turns a packet of G.711 into one of the codec: 8 kHz into 16 kHz.
func (c *coder) encode(packet []byte) []byte {
	pcm := make([]int16, len(packet)-12)
	g711.Decode(pcm, packet[12:])
	wide := make([]int16, 0, 2*len(pcm))
	for _, v := range pcm {
		wide = append(wide, v, v)
	}
	out := slices.Grow(slices.Clone(packet[:12]), 1500)[:1500]
	n, err := c.enc.Encode(out[12:], wide)
	if err != nil {
		c.Error(err)
	}
	out[1] = out[1]&0x80 | c.out
	stamp := wire.BigEndian.Uint32(out[4:])
	wire.BigEndian.PutUint32(out[4:], stamp*(c.format.Clock/8000))
	return out[:12+n]
}

// decode turns a packet of the codec into one of G.711; others stay as they are, for Audio
// to wonder about.
func (c *coder) decode(packet []byte) []byte {
	if len(packet) < 12 || packet[1]&0x7f != c.in {
		return packet
	}
	pcm := make([]int16, 16*120) // the longest packet of Opus
	n, err := c.dec.Decode(pcm, packet[12:])
	if err != nil {
		c.Error(err)
		return nil
	}
	narrow := make([]int16, n/2)
	for i := range narrow {
		narrow[i] = int16((int(pcm[2*i]) + int(pcm[2*i+1])) / 2)
	}
	out := append(slices.Clone(packet[:12]), make([]byte, len(narrow))...)
	out[1] = out[1] & 0x80
	g711.Encode(out[12:], narrow)
	return out
}
