package record

import (
	"fmt"

	"github.com/tandem-gateway/tandem/rtp/codec"
)

// Format is what kind of files a recording makes.
type Format uint8

// The formats.
const (
	// WAV: linear PCM of 16 bits.
	WAV Format = iota
	// OggOpus: Opus in Ogg (RFC 7845).
	OggOpus
)

// String gives the format's name, which is also the end of a file's.
func (f Format) String() string { return [...]string{"wav", "opus"}[f] }

// extension is the end of a file's name (RFC 7845 s9).
func (f Format) extension() string { return "." + f.String() }

// check refuses a format that cannot be had, in the codec's words.
func (f Format) check(bitrate int) error {
	if f == WAV {
		return nil
	}
	if f != OggOpus {
		return fmt.Errorf("record: there is no format %d: use WAV or OggOpus", uint8(f))
	}
	encoder, err := codec.NewEncoder(opusFormat(1), codec.Options{Bitrate: bitrate})
	if err != nil {
		return fmt.Errorf("record: Ogg Opus: %w", err)
	}
	encoder.Close()
	return nil
}

// container is a sound file that is being written. After flush all that was written
// is in the file, which can be played as it is; finish completes it. Size is what it
// has with all that was written. None of them closes the file.
type container interface {
	write(pcm []int16) error
	flush() error
	finish() error
	size() int64
}

// begin begins a sound file.
func (f Format) begin(file File, rate, channels, bitrate int) (container, error) {
	if f == WAV {
		return newWAV(file, rate, channels)
	}
	return newOpus(file, rate, channels, bitrate)
}

// Layout is how the parties are laid out in files.
type Layout uint8

// The layouts.
const (
	// Stereo: one file with two sides; each party is on one of them, and those on one
	// side are mixed.
	Stereo Layout = iota
	// Mixed: one file, mono.
	Mixed
	// Separate: a file for each party, mono, from when that one joined.
	Separate
)

// String gives the layout's name.
func (l Layout) String() string { return [...]string{"stereo", "mixed", "separate"}[l] }

// Side is where a party is heard in a recording that is stereo.
type Side uint8

// The sides.
const (
	// AnySide: the first party that is added is on the left, all others on the right.
	AnySide Side = iota
	// Left and Right are the file's first and second channel.
	Left
	Right
)

// of settles AnySide for a party, counted from 0.
func (s Side) of(party int) Side {
	switch {
	case s != AnySide:
		return s
	case party == 0:
		return Left
	}
	return Right
}

// String gives the side's name.
func (s Side) String() string { return [...]string{"any", "left", "right"}[s] }
