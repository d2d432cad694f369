package codec

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Format is a codec as SDP names it.
type Format struct {
	// Name is the encoding name of a=rtpmap; its case does not matter (RFC 4855 s3).
	Name string
	// Clock is the rate of a=rtpmap in Hz: what RTP timestamps count. It is not
	// always the sampling rate, see Shape.
	Clock uint32
	// Channels is what a=rtpmap says after the clock; 0 means 1 (RFC 8866 s6.6).
	Channels uint8
	// Parameters is the far end's a=fmtp without the payload number, such as
	// "minptime=10;useinbandfec=1": what it would like to be sent.
	Parameters string
}

// String writes the format as a=rtpmap does.
func (f Format) String() string {
	if f.Channels > 1 {
		return fmt.Sprintf("%s/%d/%d", f.Name, f.Clock, f.Channels)
	}
	return fmt.Sprintf("%s/%d", f.Name, f.Clock)
}

// Options say how to use a codec that leaves a choice, which of those here is
// Opus alone. The others have one shape and ignore them.
type Options struct {
	// Rate is the sampling rate of the PCM in Hz: 8000, 12000, 16000, 24000 or
	// 48000; 0 means 48000.
	Rate int
	// Channels is how many channels the PCM has, 1 or 2; 0 means 1.
	Channels int
	// Bitrate is in bit/s, 6,000 to 510,000; 0 means what suits the rate. What the far
	// end limits in its a=fmtp goes before.
	Bitrate int
	// Complexity is how much work an encoder puts into a frame, 1 to 10; 0 means
	// DefaultComplexity.
	Complexity int
	// Loss is the percentage of packets that are expected to be lost, which
	// in-band FEC is made for; 0 means DefaultLoss.
	Loss int
}

// Shape is what the PCM of a codec is like.
type Shape struct {
	// Rate is the sampling rate of the PCM in Hz.
	Rate int
	// Clock is what RTP timestamps count, in Hz.
	//
	// RFC 3551 s4.5.2: "Even though the actual sampling rate for G.722 audio is
	// 16,000 Hz, the RTP clock rate for the G722 payload format is 8,000 Hz". Opus
	// has a clock of 48,000 whatever the rate.
	Clock uint32
	// Channels is how many samples there are at a time, interleaved in the PCM.
	Channels int
}

// Ticks is by how much the RTP timestamp grows over n values of PCM, all
// channels counted.
func (s Shape) Ticks(n int) uint32 {
	return uint32(uint64(n/s.Channels) * uint64(s.Clock) / uint64(s.Rate))
}

// Values is how many values of PCM, all channels counted, a number of ticks of
// the RTP clock take.
func (s Shape) Values(ticks uint32) int {
	return int(uint64(ticks)*uint64(s.Rate)/uint64(s.Clock)) * s.Channels
}

// values is how many values of PCM a duration takes.
func (s Shape) values(d time.Duration) int {
	return int(d*time.Duration(s.Rate)/time.Second) * s.Channels
}

// Encoder turns PCM into payloads, one after another of one stream. It is for
// one goroutine at a time and does not allocate.
type Encoder interface {
	// Shape is what PCM it takes.
	Shape() Shape
	// Frame is how many values of PCM, all channels counted, a packet of about a
	// duration takes: the length nearest to it that the codec has.
	Frame(ptime time.Duration) int
	// Encode turns one frame of PCM into a payload and gives its length in octets. 0
	// and no error means that nothing is to be sent (discontinuous transmission). The
	// errors are ErrFrame, ErrRoom, ErrClosed.
	Encode(payload []byte, pcm []int16) (int, error)
	// Follow takes the encoder to where another one of the same format and options is: who
	// has heard that one goes on with this one, and there is no difference. It is false, and
	// nothing has changed, where the other is of another kind or closed.
	Follow(other Encoder) bool
	// Joins tells whether who has heard this encoder may go on with another one of the same
	// format, and no harm that is worth hearing comes of it. payload is what the other has
	// made of pcm, which this one has not encoded. Both have encoded the same sound for half
	// a second before.
	Joins(payload []byte, pcm []int16) bool
	// Close frees what the encoder has outside of Go's memory. It may be called
	// twice.
	Close()
}

// Decoder turns payloads into PCM, those of one stream in the order of their
// sequence numbers. It is for one goroutine at a time and does not allocate.
type Decoder interface {
	// Shape is what PCM it gives.
	Shape() Shape
	// Length is how many values of PCM, all channels counted, a payload decodes to;
	// 0 when it is malformed.
	Length(payload []byte) int
	// Decode turns a payload into PCM and gives the number of values, all channels
	// counted. The errors are ErrPayload, ErrRoom, ErrClosed; what a decoder knows of
	// the sound before stays as it was, so Conceal may follow.
	Decode(pcm []int16, payload []byte) (int, error)
	// Conceal fills pcm in the place of a payload that was lost. next is the payload
	// after the one that is missing where it is here already, else nil: Opus finds in it
	// what was lost, if the sender put it there. It is to be decoded after that as
	// any other.
	Conceal(pcm []int16, next []byte)
	// Close frees what the decoder has outside of Go's memory. It may be called
	// twice.
	Close()
}

// Errors of encoders and decoders. They come as they are, so that a flood of
// garbage costs no memory.
var (
	// ErrFrame: the PCM is not as long as a frame of the codec (see Encoder.Frame).
	ErrFrame = errors.New("codec: the PCM is not a whole frame: give as many values as Frame says")
	// ErrPayload: what was received is not a payload of the codec.
	ErrPayload = errors.New("codec: malformed payload: conceal it as a lost one")
	// ErrRoom: the slice to be filled is too short.
	ErrRoom = errors.New("codec: the result does not fit into the slice")
	// ErrClosed: the codec was closed.
	ErrClosed = errors.New("codec: used after Close")
)

// ErrUnknown: there is no such codec here. NewEncoder and NewDecoder wrap it in an
// error that names the format.
var ErrUnknown = errors.New("codec: no such codec")

// maker is a codec's line in the table.
type maker struct {
	name string
	// clock and channels are what a=rtpmap must say; 0 means anything, which the
	// constructors check.
	clock    uint32
	channels uint8
	// missing says why the codec is not in this build; empty when it is.
	missing string
	encoder func(Format, Options) (Encoder, error)
	decoder func(Format, Options) (Decoder, error)
}

// makers has all codecs: a new one is a file of its own and a line here.
var makers = []maker{
	{name: "PCMU", clock: 8000, channels: 1, encoder: newG711Encoder, decoder: newG711Decoder},
	{name: "PCMA", clock: 8000, channels: 1, encoder: newG711Encoder, decoder: newG711Decoder},
	{name: "G722", clock: 8000, channels: 1, encoder: newG722Encoder, decoder: newG722Decoder},
	{name: "opus", clock: 48000, channels: 2, missing: opusMissing, encoder: newOpusEncoder, decoder: newOpusDecoder},
	{name: "L16", encoder: newL16Encoder, decoder: newL16Decoder},
}

func (m maker) makes(f Format) bool {
	return strings.EqualFold(m.name, f.Name) &&
		(m.clock == 0 || m.clock == f.Clock) &&
		(m.channels == 0 || m.channels == max(f.Channels, 1))
}

func makerOf(f Format) (maker, error) {
	for _, m := range makers {
		if m.makes(f) {
			return m, nil
		}
	}
	return maker{}, fmt.Errorf("%w: %s; it can be relayed but not turned into another", ErrUnknown, f)
}

// Known tells whether NewEncoder and NewDecoder have a codec: what cannot be
// had is to be relayed only, not offered for a transcode.
func Known(f Format) bool {
	m, err := makerOf(f)
	if err != nil || m.missing != "" {
		return false
	}
	return m.clock != 0 || checkL16(f) == nil
}

// NewEncoder makes the encoder of a stream. The error wraps ErrUnknown, or says
// which option is wrong or why the codec is not in this build.
func NewEncoder(f Format, o Options) (Encoder, error) {
	m, err := makerOf(f)
	if err != nil {
		return nil, err
	}
	return m.encoder(f, o)
}

// NewDecoder makes the decoder of a stream. The errors are those of NewEncoder.
func NewDecoder(f Format, o Options) (Decoder, error) {
	m, err := makerOf(f)
	if err != nil {
		return nil, err
	}
	return m.decoder(f, o)
}
