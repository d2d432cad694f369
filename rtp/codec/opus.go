package codec

import (
	"fmt"
	"strconv"
	"strings"
)

// DefaultComplexity is what Opus is encoded with. 20 ms of voice take 32 us to
// encode with it at 8 kHz and 59 us at 16 kHz, with in-band FEC 39 and 72 us, and 8
// and 14 us to decode (BenchmarkOpus, BenchmarkCodec). So a call between Opus and
// G.711, at 8 kHz, takes 0.25% of a core, and one with G.722 0.5%. With 2, encoding
// would take up to 1.9 times as long and be 0.5 dB nearer to the original at 16 kHz,
// with 5 2.6 times and 0.8 dB.
const DefaultComplexity = 1

// DefaultLoss is the percentage of lost packets that in-band FEC is made for where
// it was agreed on and nothing is known.
const DefaultLoss = 10

// OpusParameters are what a=fmtp can say of Opus. All are wishes of the receiver,
// or hints of the sender; whatever is sent can be decoded.
//
// RFC 7587 s6.1. The zero value is what is meant when nothing is said.
type OpusParameters struct {
	// MaxPlaybackRate and MaxCaptureRate are in Hz: what the receiver can play
	// (maxplaybackrate), and what it is likely to send (sprop-maxcapturerate); 0 is
	// no limit.
	MaxPlaybackRate, MaxCaptureRate int
	// Stereo: the receiver prefers stereo. SendsStereo: it is likely to send it
	// (sprop-stereo).
	Stereo, SendsStereo bool
	// CBR: constant bit rate is wanted. FEC: in-band forward error correction is of
	// use (useinbandfec). DTX: silence need not be sent (usedtx).
	CBR, FEC, DTX bool
	// MaxAverageBitrate is in bit/s, 6,000 to 510,000; 0 is no limit.
	MaxAverageBitrate int
	// MinPtime is the shortest packet wanted, in ms; 0 is no limit. It is not in RFC
	// 7587, but browsers send it.
	MinPtime int
}

// ParseOpusParameters reads a=fmtp without its payload number. What is unknown or
// out of range counts as not said: it would change nothing that can be decoded.
//
// RFC 7587 s6.1 has the range and the default of each.
func ParseOpusParameters(fmtp string) OpusParameters {
	var p OpusParameters
	for parameter := range strings.SplitSeq(fmtp, ";") {
		name, text, _ := strings.Cut(parameter, "=")
		value, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil {
			continue
		}
		p.set(strings.ToLower(strings.TrimSpace(name)), value)
	}
	return p
}

func (p *OpusParameters) set(name string, value int) {
	switch name {
	case "maxplaybackrate":
		p.MaxPlaybackRate = within(value, 8000, 48000)
	case "sprop-maxcapturerate":
		p.MaxCaptureRate = within(value, 8000, 48000)
	case "maxaveragebitrate":
		p.MaxAverageBitrate = within(value, 6000, 510000)
	case "minptime":
		p.MinPtime = within(value, 3, 120)
	default:
		if flag := p.flag(name); flag != nil {
			*flag = value == 1
		}
	}
}

// flag is the parameter that is 0 or 1; nil when the name is none of them.
func (p *OpusParameters) flag(name string) *bool {
	switch name {
	case "stereo":
		return &p.Stereo
	case "sprop-stereo":
		return &p.SendsStereo
	case "cbr":
		return &p.CBR
	case "useinbandfec":
		return &p.FEC
	case "usedtx":
		return &p.DTX
	}
	return nil
}

// within is value, or 0 when it is out of range.
func within(value, least, most int) int {
	if value < least || value > most {
		return 0
	}
	return value
}

// String writes the parameters for a=fmtp, without the payload number; empty when
// there is nothing to say.
func (p OpusParameters) String() string {
	var said []string
	for _, n := range []struct {
		name  string
		value int
	}{
		{"minptime", p.MinPtime},
		{"maxplaybackrate", p.MaxPlaybackRate},
		{"sprop-maxcapturerate", p.MaxCaptureRate},
		{"maxaveragebitrate", p.MaxAverageBitrate},
		{"stereo", number(p.Stereo)},
		{"sprop-stereo", number(p.SendsStereo)},
		{"cbr", number(p.CBR)},
		{"useinbandfec", number(p.FEC)},
		{"usedtx", number(p.DTX)},
	} {
		if n.value != 0 {
			said = append(said, n.name+"="+strconv.Itoa(n.value))
		}
	}
	return strings.Join(said, ";")
}

func number(flag bool) int {
	if flag {
		return 1
	}
	return 0
}

// OurOpusParameters are what to say of ourselves where PCM of a rate and a number
// of channels is made of what is received, and the same is sent.
func OurOpusParameters(rate, channels int) OpusParameters {
	p := OpusParameters{FEC: true, MinPtime: 10, Stereo: channels == 2, SendsStereo: channels == 2}
	if rate < 48000 {
		p.MaxPlaybackRate, p.MaxCaptureRate = rate, rate
	}
	return p
}

// opusShape is the shape that options ask for.
func opusShape(o Options) (Shape, error) {
	s := Shape{Rate: o.Rate, Clock: 48000, Channels: max(o.Channels, 1)}
	if s.Rate == 0 {
		s.Rate = 48000
	}
	switch s.Rate {
	case 8000, 12000, 16000, 24000, 48000:
	default:
		return s, fmt.Errorf("codec: Opus has no rate of %d Hz: use 8000, 12000, 16000, 24000 or 48000", s.Rate)
	}
	if s.Channels > 2 {
		return s, fmt.Errorf("codec: Opus in RTP has no %d channels: use 1 or 2 (RFC 7587 s4.1)", s.Channels)
	}
	return s, nil
}

// opusSettings are what an encoder is set to.
type opusSettings struct {
	bitrate, complexity, loss int
	maxRate                   int // Hz: what is above half of it is not sent
	mono, cbr, fec, dtx       bool
}

// settle brings together what the caller wants and what the far end does.
func settle(f Format, o Options, s Shape) (opusSettings, error) {
	p := ParseOpusParameters(f.Parameters)
	set := opusSettings{
		bitrate: o.Bitrate, complexity: o.Complexity, loss: o.Loss,
		maxRate: p.MaxPlaybackRate, mono: s.Channels == 2 && !p.Stereo,
		cbr: p.CBR, fec: p.FEC, dtx: p.DTX,
	}
	if set.bitrate == 0 {
		set.bitrate = usualBitrate(s, set)
	}
	if set.complexity == 0 {
		set.complexity = DefaultComplexity
	}
	if set.loss == 0 {
		set.loss = DefaultLoss
	}
	switch {
	case within(set.bitrate, 6000, 510000) == 0:
		return set, fmt.Errorf("codec: Opus at %d bit/s: 6,000 to 510,000 are possible", set.bitrate)
	case within(set.complexity, 1, 10) == 0:
		return set, fmt.Errorf("codec: Opus complexity %d: 1 to 10 are possible", set.complexity)
	case within(set.loss, 1, 100) == 0:
		return set, fmt.Errorf("codec: %d%% of packets lost: 1 to 100 are possible", set.loss)
	}
	if p.MaxAverageBitrate != 0 {
		set.bitrate = min(set.bitrate, p.MaxAverageBitrate)
	}
	return set, nil
}

// usualBitrate is somewhat more than RFC 7587 s3.1.1 recommends for speech in frames
// of 20 ms, as it is to sound well after another codec, and more again where
// redundancy is to be had: below these rates libopus makes none. Stereo takes half
// as much again.
func usualBitrate(s Shape, set opusSettings) int {
	rate, redundancy := 36000, 4000
	switch {
	case s.Rate <= 8000:
		rate, redundancy = 16000, 8000
	case s.Rate <= 16000:
		rate, redundancy = 24000, 4000
	}
	rate += redundancy * number(set.fec)
	if s.Channels == 2 && !set.mono {
		rate += rate / 2
	}
	return rate
}
