package record

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/tandem-gateway/tandem/rtp/codec"
)

// opusFrame is how much sound is in a packet, in units of 48 kHz: 20 ms.
const opusFrame = 960

// opusSkip is by how much libopus delays what it encodes for voice, in units of 48
// kHz: 6.5 ms, whatever the rate. A player skips as much.
//
// RFC 7845 s4.2: there is latency in encoder and decoder, and the pre-skip field says
// how many samples to decode and discard.
const opusSkip = 312

// opusLargest is the longest packet with one frame (RFC 6716 s3.2.1).
const opusLargest = 1276

// opus writes Ogg Opus (RFC 7845) of one or two channels.
type opus struct {
	pages   ogg
	encoder codec.Encoder
	// scale is how many units of 48 kHz a sample takes.
	scale, channels int
	// frame has filled values of the frame that comes next.
	frame  []int16
	filled int
	packet [opusLargest]byte
	// toc is the first octet of the last packet.
	toc byte
	// encoded and taken count what is in the packets and what came in, in units.
	encoded, taken int64
}

// opusFormat is how codec is asked for Opus. Nothing is lost on the way to a file, so
// there is no redundancy; and what is silent is encoded, so that no packet is
// missing.
func opusFormat(channels int) codec.Format {
	f := codec.Format{Name: "opus", Clock: 48000, Channels: 2}
	if channels == 2 {
		f.Parameters = "stereo=1"
	}
	return f
}

// newOpus begins a file. A bitrate of 0 is what suits the rate.
func newOpus(file File, rate, channels, bitrate int) (*opus, error) {
	encoder, err := codec.NewEncoder(opusFormat(channels), codec.Options{Rate: rate, Channels: channels, Bitrate: bitrate})
	if err != nil {
		return nil, err
	}
	o := &opus{encoder: encoder, scale: 48000 / rate, channels: channels}
	o.frame = make([]int16, encoder.Frame(20*time.Millisecond))
	o.pages = ogg{to: file, serial: rand.Uint32()}
	o.toc = opusSilence
	if err := o.begin(rate); err != nil {
		encoder.Close()
		return nil, err
	}
	return o, nil
}

// opusSilence begins a packet of 20 ms of the narrow band, mono (RFC 6716 s3.1).
const opusSilence = 1 << 3

// begin writes the headers, each on a page of its own.
//
// RFC 7845 s3: the first page has the identification header alone, the comment header
// must finish the page on which it completes, and both pages have granule position
// 0.
func (o *opus) begin(rate int) error {
	o.pages.add(opusHead(o.channels, rate))
	if err := o.pages.flush(0, oggFirst); err != nil {
		return err
	}
	o.pages.add(opusTags())
	return o.pages.flush(0, 0)
}

// opusHead is the identification header (RFC 7845 s5.1): version, channels, pre-skip,
// the rate of what was encoded, gain, and mapping family 0, which is mono or stereo.
func opusHead(channels, rate int) []byte {
	b := append([]byte("OpusHead\x01"), byte(channels))
	b = binary.LittleEndian.AppendUint16(b, opusSkip)
	b = binary.LittleEndian.AppendUint32(b, uint32(rate))
	return append(b, 0, 0, 0)
}

// opusTags is the comment header (RFC 7845 s5.2): who wrote it, and no comments. Who
// is heard in the recording is in the sidecar, which is easier to keep from others.
func opusTags() []byte {
	const vendor = "Tandem, libopus"
	b := binary.LittleEndian.AppendUint32([]byte("OpusTags"), uint32(len(vendor)))
	b = append(b, vendor...)
	return binary.LittleEndian.AppendUint32(b, 0)
}

func (o *opus) size() int64 { return o.pages.size() }

func (o *opus) write(pcm []int16) error {
	o.taken += int64(len(pcm) / o.channels * o.scale)
	for len(pcm) > 0 {
		n := copy(o.frame[o.filled:], pcm)
		pcm = pcm[n:]
		if o.filled += n; o.filled == len(o.frame) {
			if err := o.encode(); err != nil {
				return err
			}
		}
	}
	return nil
}

// encode makes a packet of the frame.
func (o *opus) encode() error {
	n, err := o.encoder.Encode(o.packet[:], o.frame)
	if err != nil {
		return err
	}
	packet := o.packet[:max(n, 1)]
	if n == 0 {
		packet[0] = o.toc
	}
	o.filled = 0
	return o.add(packet)
}

// add puts a packet into the page.
//
// RFC 7845 s4.1: where the encoder sent nothing, a packet with a frame of no octets
// asks for concealment. It keeps mode, bandwidth and channels of the one before.
func (o *opus) add(packet []byte) error {
	if !o.pages.fits(packet) {
		if err := o.flush(); err != nil {
			return err
		}
	}
	o.toc = packet[0] &^ 3
	o.pages.add(packet)
	o.encoded += opusFrame
	return nil
}

// flush ends the page, if there is anything in it.
//
// RFC 7845 s4: a page's granule position is the number of samples in the stream up to
// the end of the last packet that completes on it, at 48 kHz.
func (o *opus) flush() error {
	if len(o.pages.lacing) == 0 {
		return nil
	}
	return o.pages.flush(o.encoded, 0)
}

// finish pushes what the encoder still holds out of it, and ends the stream. The
// last page's granule position says where the sound ends within the last packet.
//
// RFC 7845 s4.4: "The page with the 'end of stream' flag set MAY have a granule
// position that indicates the page contains less audio data than would normally be
// returned by decoding up through the final packet."
func (o *opus) finish() error {
	defer o.encoder.Close()
	for o.encoded < o.taken+opusSkip {
		clear(o.frame[o.filled:])
		if err := o.encode(); err != nil {
			return err
		}
	}
	return o.pages.flush(o.taken+opusSkip, oggLast)
}
