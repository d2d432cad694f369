package codec

import "time"

// OpusPacket is what can be told of an Opus packet without decoding it.
//
// RFC 6716 s3.1: the first octet has the configuration, whether it is stereo, and
// how many frames there are.
//
//	 0 1 2 3 4 5 6 7
//	+-+-+-+-+-+-+-+-+
//	| config  |s| c |
//	+-+-+-+-+-+-+-+-+
type OpusPacket struct {
	// Config is the mode, bandwidth and frame size, 0 to 31 (RFC 6716 table 2): up to 11
	// SILK, up to 15 both, above CELT.
	Config uint8
	// Stereo tells what was coded; a decoder makes of it what is wanted.
	Stereo bool
	// Frames is how many frames there are, 1 to 48, and Frame how long each is.
	Frames int
	Frame  time.Duration
}

// Duration is how long the sound of the packet is, 2.5 to 120 ms.
func (p OpusPacket) Duration() time.Duration { return time.Duration(p.Frames) * p.Frame }

// Bounds of RFC 6716 s3.2.1 (an octet of length counts 4 times) and s3.2.5.
const (
	opusLongestFrame  = 1275
	opusLongestPacket = 120 * time.Millisecond
)

// ParseOpus tells what is in a packet, or ErrPayload when it breaks one of the
// rules R1 to R7 of RFC 6716 s3.4, which a receiver must not process as normal Opus.
func ParseOpus(payload []byte) (OpusPacket, error) {
	if len(payload) == 0 {
		return OpusPacket{}, ErrPayload // R1
	}
	toc := payload[0]
	p := OpusPacket{Config: toc >> 3, Stereo: toc&4 != 0, Frame: opusFrame(toc >> 3)}
	rest, ok := payload[1:], false
	switch toc & 3 {
	case 0:
		p.Frames, ok = 1, len(rest) <= opusLongestFrame
	case 1: // R3
		p.Frames, ok = 2, len(rest)%2 == 0 && len(rest)/2 <= opusLongestFrame
	case 2:
		p.Frames, ok = 2, twoFrames(rest)
	default:
		p.Frames, ok = manyFrames(rest)
	}
	if !ok || p.Duration() > opusLongestPacket { // R5
		return OpusPacket{}, ErrPayload
	}
	return p, nil
}

// opusFrame is the length of a frame: RFC 6716 table 2.
func opusFrame(config uint8) time.Duration {
	switch {
	case config < 12:
		return [...]time.Duration{10, 20, 40, 60}[config&3] * time.Millisecond
	case config < 16:
		return [...]time.Duration{10, 20}[config&1] * time.Millisecond
	}
	return 2500 * time.Microsecond << (config & 3)
}

// frameLength reads a length and gives what follows it; -1 when there is none.
//
// RFC 6716 s3.2.1: up to 251 it is one octet; from 252 on there is a second one,
// which counts four times.
func frameLength(b []byte) (int, []byte) {
	switch {
	case len(b) == 0:
		return -1, nil
	case b[0] < 252:
		return int(b[0]), b[1:]
	case len(b) == 1:
		return -1, nil
	}
	return int(b[1])*4 + int(b[0]), b[2:]
}

// twoFrames checks two frames of different lengths: R4, and R2 for the second.
func twoFrames(b []byte) bool {
	first, b := frameLength(b)
	return first >= 0 && first <= len(b) && len(b)-first <= opusLongestFrame
}

// manyFrames checks any number of frames: R6 and R7.
//
//	 0 1 2 3 4 5 6 7
//	+-+-+-+-+-+-+-+-+
//	|v|p|     M     |
//	+-+-+-+-+-+-+-+-+
func manyFrames(b []byte) (frames int, ok bool) {
	if len(b) == 0 {
		return 0, false
	}
	count := b[0]
	frames = int(count & 63)
	b = b[1:]
	if count&0x40 != 0 {
		if b, ok = withoutPadding(b); !ok {
			return 0, false
		}
	}
	if frames == 0 {
		return 0, false
	}
	if count&0x80 == 0 {
		return frames, len(b)%frames == 0 && len(b)/frames <= opusLongestFrame
	}
	return frames, differentFrames(b, frames)
}

// withoutPadding takes padding off the end.
//
// RFC 6716 s3.2.5: the octets that say how long the padding is are not in it; 255
// means 254 and what the next octet says.
func withoutPadding(b []byte) ([]byte, bool) {
	padding := 0
	for {
		if len(b) == 0 {
			return nil, false
		}
		size := int(b[0])
		b = b[1:]
		if size < 255 {
			padding += size
			break
		}
		padding += 254
	}
	if padding > len(b) {
		return nil, false
	}
	return b[:len(b)-padding], true
}

// differentFrames checks the lengths of all frames but the last, which has the
// rest.
func differentFrames(b []byte, frames int) bool {
	sum := 0
	for range frames - 1 {
		var length int
		if length, b = frameLength(b); length < 0 {
			return false
		}
		sum += length
	}
	return sum <= len(b) && len(b)-sum <= opusLongestFrame
}

// opusLength is how many values of PCM a packet decodes to; 0 when it is
// malformed.
func opusLength(s Shape, payload []byte) int {
	p, err := ParseOpus(payload)
	if err != nil {
		return 0
	}
	return s.values(p.Duration())
}

// opusFrameFor is how many values of PCM the frame is that is nearest to a packet
// time: RFC 6716 s2.1.4 has 2.5, 5, 10, 20, 40 and 60 ms.
func opusFrameFor(s Shape, ptime time.Duration) int {
	best := 2500 * time.Microsecond
	for _, frame := range [...]time.Duration{5, 10, 20, 40, 60} {
		if frame *= time.Millisecond; (ptime - best).Abs() > (ptime - frame).Abs() {
			best = frame
		}
	}
	return s.values(best)
}
