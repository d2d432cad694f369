package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/tandem-gateway/tandem/rtp/codec"
)

// Errors of NewWAV, which are wrapped in others that say what was found and what
// to do.
var (
	// ErrNotWAV: what was read is no WAV, or breaks off before its sound.
	ErrNotWAV = errors.New("audio: not a WAV file")
	// ErrUnplayable: it is a WAV of a kind that is not played here.
	ErrUnplayable = errors.New("audio: a WAV that cannot be played")
)

// maxSkipped is how much may stand before the sound, such as a LIST chunk with a
// cover picture.
const maxSkipped = 16 << 20

// WAV is a source that decodes a WAV file (IBM and Microsoft, "Multimedia
// Programming Interface and Data Specifications 1.0", 1991): PCM of 8 or 16 bits
// or G.711, at 8, 16 or 48 kHz, mono, or stereo of which both sides are mixed.
type WAV struct {
	from   io.Reader
	format wavFormat
	// buffer has the octets of one piece of sound.
	buffer []byte
	err    error
}

// wavFormat is the fmt chunk:
//
//	octets  0     tag             4     samples a second    12    block size
//	        2     channels        8     octets a second     14    bits a sample
//
// and in WAVE_FORMAT_EXTENSIBLE also 16 size of what follows, 18 valid bits, 20
// speakers, 24 GUID of the encoding.
type wavFormat struct {
	tag, channels, block, bits int
	rate                       int
}

// The encodings, by their tags.
const (
	wavPCM        = 1
	wavALaw       = 6
	wavMuLaw      = 7
	wavExtensible = 0xFFFE
)

// wavRates are the sampling rates that are played.
var wavRates = []int{8000, 16000, 48000}

// wavGUID is the end of the GUIDs that stand for a tag.
var wavGUID = []byte{0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71}

// NewWAV reads a WAV up to its sound. What it refuses is an ErrNotWAV or an
// ErrUnplayable; other errors are the reader's.
//
// Chunks that are not needed are skipped, 16 MiB of them at most. The sound ends
// where its chunk does, or with the file where that is shorter. A file that was
// written while nobody knew how long it would be says 0 or 0xFFFFFFFF; it also
// plays to its end.
func NewWAV(r io.Reader) (*WAV, error) {
	w := &WAV{from: r}
	form, err := w.begin()
	if err != nil {
		return nil, err
	}
	skipped := int64(12)
	for {
		id, size, err := w.chunk()
		if err != nil {
			return nil, err
		}
		switch {
		case id == "data":
			return w, w.open(size, form)
		case id == "fmt ":
			err = w.readFormat(size)
		default:
			err = w.skip(even(size))
		}
		if err != nil {
			return nil, err
		}
		if skipped += size + 8; skipped > maxSkipped {
			return nil, fmt.Errorf("%w: no sound within the first %d MiB: strip what else the file holds", ErrNotWAV, maxSkipped>>20)
		}
	}
}

// begin reads the RIFF header, and gives the size that it states.
func (w *WAV) begin() (size uint32, err error) {
	var head [12]byte
	if err := w.read(head[:], "the RIFF header"); err != nil {
		return 0, err
	}
	if string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return 0, fmt.Errorf("%w: it begins with %q, not with RIFF and WAVE: convert it to one", ErrNotWAV, head)
	}
	return binary.LittleEndian.Uint32(head[4:]), nil
}

// chunk reads the head of the next chunk.
func (w *WAV) chunk() (id string, size int64, err error) {
	var head [8]byte
	if err := w.read(head[:], "its data chunk"); err != nil {
		return "", 0, err
	}
	return string(head[:4]), int64(binary.LittleEndian.Uint32(head[4:])), nil
}

// read reads what must be there.
func (w *WAV) read(b []byte, what string) error {
	_, err := io.ReadFull(w.from, b)
	return broken(err, what)
}

func (w *WAV) skip(octets int64) error {
	if octets > maxSkipped {
		return nil // NewWAV refuses it.
	}
	_, err := io.CopyN(io.Discard, w.from, octets)
	return broken(err, "its data chunk")
}

// even is what a chunk takes: chunks begin at even places.
func even(size int64) int64 { return size + size&1 }

// broken turns the end of the file into what it means.
func broken(err error, what string) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: it ends before %s", ErrNotWAV, what)
	case err != nil:
		return fmt.Errorf("audio: reading a WAV: %w", err)
	}
	return nil
}

func (w *WAV) readFormat(size int64) error {
	if size < 16 {
		return fmt.Errorf("%w: its fmt chunk has %d octets and needs 16", ErrNotWAV, size)
	}
	b := make([]byte, min(size, 40))
	if err := w.read(b, "the end of its fmt chunk"); err != nil {
		return err
	}
	w.format = wavFormat{
		tag:      int(binary.LittleEndian.Uint16(b)),
		channels: int(binary.LittleEndian.Uint16(b[2:])),
		rate:     int(binary.LittleEndian.Uint32(b[4:])),
		block:    int(binary.LittleEndian.Uint16(b[12:])),
		bits:     int(binary.LittleEndian.Uint16(b[14:])),
	}
	if w.format.tag == wavExtensible && len(b) == 40 && bytes.Equal(b[26:], wavGUID) {
		w.format.tag = int(binary.LittleEndian.Uint16(b[24:]))
	}
	if err := w.format.check(); err != nil {
		return err
	}
	return w.skip(even(size) - int64(len(b)))
}

// check refuses what is not played.
func (f wavFormat) check() error {
	refuse := func(what string, arguments ...any) error {
		return fmt.Errorf("%w: %s: convert it, for example by sox in.wav -b 16 -c 1 -r 8000 out.wav", ErrUnplayable, fmt.Sprintf(what, arguments...))
	}
	pcm := f.tag == wavPCM && (f.bits == 8 || f.bits == 16)
	law := (f.tag == wavALaw || f.tag == wavMuLaw) && f.bits == 8
	switch {
	case !pcm && !law:
		return refuse("encoding %#x of %d bits is neither PCM of 8 or 16 (0x1) nor G.711 (0x6, 0x7)", f.tag, f.bits)
	case !slices.Contains(wavRates, f.rate):
		return refuse("%d samples a second are none of %d", f.rate, wavRates)
	case f.channels != 1 && f.channels != 2:
		return refuse("%d channels are neither mono nor stereo", f.channels)
	case f.block != f.channels*f.bits/8:
		return refuse("blocks of %d octets do not fit %d channels of %d bits", f.block, f.channels, f.bits)
	}
	return nil
}

// open begins the sound.
func (w *WAV) open(size int64, form uint32) error {
	if w.format.rate == 0 {
		return fmt.Errorf("%w: its data chunk comes before its fmt chunk", ErrNotWAV)
	}
	unknown := size == 0xFFFFFFFF || size == 0 && (form == 0 || form == 0xFFFFFFFF)
	if !unknown {
		w.from = io.LimitReader(w.from, size)
	}
	w.buffer = make([]byte, 1024*w.format.block)
	return nil
}

// Rate is the sampling rate in Hz.
func (w *WAV) Rate() int { return w.format.rate }

// Err is the reader's error that ended the sound; nil when it has not ended or
// was complete. A file that is too short is no error.
func (w *WAV) Err() error { return w.err }

// Fill fills a frame. It reads as much as it needs, and may wait for that.
func (w *WAV) Fill(pcm []int16) int {
	done := 0
	for done < len(pcm) {
		want := min(len(pcm)-done, len(w.buffer)/w.format.block)
		n := w.decode(pcm[done:done+want], w.buffer[:want*w.format.block])
		if done += n; n < want {
			break
		}
	}
	return done
}

// decode reads blocks and gives how many samples they made.
func (w *WAV) decode(pcm []int16, b []byte) int {
	if w.err != nil {
		return 0
	}
	n, err := io.ReadFull(w.from, b)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		w.err = fmt.Errorf("audio: reading a WAV: %w", err)
	}
	n /= w.format.block
	for i := range pcm[:n] {
		pcm[i] = w.format.sample(b[i*w.format.block:])
	}
	return n
}

// sample decodes a block. Stereo is the mean of both sides.
func (f wavFormat) sample(block []byte) int16 {
	left := f.value(block)
	if f.channels == 1 {
		return left
	}
	right := f.value(block[f.block/2:])
	return int16((int(left) + int(right)) / 2)
}

// value decodes a sample of one side. PCM of 8 bits has no sign: 128 is silence.
func (f wavFormat) value(b []byte) int16 {
	var one [1]int16
	switch {
	case f.tag == wavMuLaw:
		codec.PCMU.Decode(one[:], b[:1])
	case f.tag == wavALaw:
		codec.PCMA.Decode(one[:], b[:1])
	case f.bits == 8:
		return (int16(b[0]) - 128) << 8
	default:
		return int16(binary.LittleEndian.Uint16(b))
	}
	return one[0]
}
