package rtp

import (
	"slices"
	"strings"

	"github.com/tandem-gateway/tandem/rtp/audio"
	"github.com/tandem-gateway/tandem/rtp/codec"
	"github.com/tandem-gateway/tandem/rtp/jitter"
)

// format is a payload as a codec takes it.
func (p *Payload) format() codec.Format {
	return codec.Format{Name: p.Codec.Name, Clock: p.Codec.Rate, Channels: p.Codec.Channels, Parameters: p.Parameters}
}

// isOpus tells whether a codec is the one that runs at any rate.
func (c Codec) isOpus() bool { return strings.EqualFold(c.Name, "opus") }

// isComfort tells of comfort noise (RFC 3389), isKeys of telephone events (RFC 4733).
func (c Codec) isComfort() bool { return strings.EqualFold(c.Name, "CN") }
func (c Codec) isKeys() bool    { return strings.EqualFold(c.Name, "telephone-event") }

// soundRates are the sampling rates of sound here. What has another one is relayed
// only.
var soundRates = [...]int{8000, 16000, 48000}

// rateOf is the sampling rate of a payload's sound, and 0 when there is no codec for
// it. Opus, which has any, gets the one that the far end plays or sends at the most.
func rateOf(p *Payload) int {
	f := p.format()
	switch {
	case !codec.Known(f):
		return 0
	case p.Codec.isOpus():
		return opusRate(codec.ParseOpusParameters(p.Parameters).MaxPlaybackRate)
	case strings.EqualFold(p.Codec.Name, "G722"):
		return 16000 // RFC 3551 s4.5.2: its clock is not its sampling rate
	case slices.Contains(soundRates[:], int(p.Codec.Rate)):
		return int(p.Codec.Rate)
	}
	return 0
}

// opusRate is the rate for a limit in Hz, 0 for none.
func opusRate(limit int) int {
	switch {
	case limit == 0 || limit > 24000:
		return 48000
	case limit > 8000:
		return 16000
	}
	return 8000
}

// sounding finds the first payload that there is a codec for; nil when there is none.
func sounding(list []Payload) *Payload {
	for i := range list {
		if rateOf(&list[i]) > 0 {
			return &list[i]
		}
	}
	return nil
}

// ear turns what one source sends into sound: PCM of one channel and of one rate. It
// has a decoder for each payload number that has come, and what brings its sound to
// the rate. It is for one goroutine at a time.
type ear struct {
	rate   int
	spoken []Payload
	voices []*voice
	// up brings sound that comes as PCM to the rate, at of which it is made.
	up *audio.Resampler
	at int
	// raw is a packet's sound as it was decoded, fitted when it was made longer or
	// shorter, pcm at the ear's rate.
	raw, fitted, pcm []int16
}

// voice is a codec that the source speaks.
type voice struct {
	payload *Payload
	decoder codec.Decoder
	// resampler brings its sound to a rate in Hz.
	resampler *audio.Resampler
	to        int
	// ticks is how long the last packet was on the source's clock.
	ticks uint32
}

// voice finds the codec of a payload number, and makes it when it is heard first;
// nil when there is none.
func (e *ear) voice(number uint8) *voice {
	for _, v := range e.voices {
		if v.payload.Number == number {
			return v
		}
	}
	for i := range e.spoken {
		if p := &e.spoken[i]; p.Number == number && rateOf(p) > 0 {
			return e.learn(p)
		}
	}
	return nil
}

func (e *ear) learn(p *Payload) *voice {
	d, err := codec.NewDecoder(p.format(), codec.Options{Rate: e.rate, Channels: 1})
	if err != nil {
		return nil
	}
	r, err := audio.NewResampler(d.Shape().Rate, e.rate)
	if err != nil {
		d.Close()
		return nil
	}
	v := &voice{payload: p, decoder: d, resampler: r, to: e.rate}
	e.voices = append(e.voices, v)
	return v
}

// length is how long a payload sounds, on the source's clock.
func (v *voice) length(payload []byte) uint32 {
	return v.decoder.Shape().Ticks(v.decoder.Length(payload))
}

// decode gives the sound of a packet, good until the next call; nothing when the
// payload is malformed.
func (e *ear) decode(v *voice, payload []byte) []int16 {
	pcm := e.decodeRaw(v, payload)
	if pcm == nil {
		return nil
	}
	return e.fit(v, pcm)
}

// decodeTo is decode for a packet that is to be a little longer or shorter than it is.
func (e *ear) decodeTo(v *voice, payload []byte, ticks uint32) []int16 {
	pcm := e.decodeRaw(v, payload)
	switch {
	case pcm == nil:
		return nil
	case ticks == v.ticks:
		return e.fit(v, pcm)
	}
	e.fitted = slice(e.fitted, v.decoder.Shape().Values(ticks)/v.decoder.Shape().Channels)
	jitter.Fit(e.fitted, pcm, 1)
	return e.fit(v, e.fitted)
}

func (e *ear) decodeRaw(v *voice, payload []byte) []int16 {
	e.raw = slice(e.raw, v.decoder.Length(payload))
	n, err := v.decoder.Decode(e.raw, payload)
	if err != nil || n == 0 {
		return nil
	}
	v.ticks = v.decoder.Shape().Ticks(n)
	return single(v, e.raw[:n])
}

// conceal makes up the sound of a time that is missing. next is the packet after it, if
// the one before that is what is missing.
func (e *ear) conceal(v *voice, ticks uint32, next []byte) []int16 {
	e.raw = slice(e.raw, v.decoder.Shape().Values(ticks))
	v.decoder.Conceal(e.raw, next)
	return e.fit(v, single(v, e.raw))
}

// fit brings sound of a codec to the ear's rate.
func (e *ear) fit(v *voice, pcm []int16) []int16 {
	e.pcm = v.resampler.Append(e.pcm[:0], pcm)
	return e.pcm
}

// hear gives sound that came as PCM of a rate, at the ear's; nil for a rate that
// there is no way from.
func (e *ear) hear(pcm []int16, rate int) []int16 {
	if e.up == nil || e.at != rate {
		up, err := audio.NewResampler(rate, e.rate)
		if err != nil {
			return nil
		}
		e.up, e.at = up, rate
	}
	e.pcm = e.up.Append(e.pcm[:0], pcm)
	return e.pcm
}

func (e *ear) close() {
	for _, v := range e.voices {
		v.decoder.Close()
	}
	e.voices = nil
}

// single makes one channel of what a codec has, where it lies.
func single(v *voice, pcm []int16) []int16 {
	if v.decoder.Shape().Channels != 2 {
		return pcm
	}
	n := len(pcm) / 2
	for i := range n {
		pcm[i] = int16((int(pcm[2*i]) + int(pcm[2*i+1])) / 2)
	}
	return pcm[:n]
}

// slice is a slice of a length, in the place of an old one.
func slice[T any](old []T, n int) []T {
	if cap(old) >= n {
		return old[:n]
	}
	return make([]T, n)
}
