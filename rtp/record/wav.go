package record

import (
	"encoding/binary"
	"errors"
)

// wavHead is the length of a WAV's header: the RIFF header, the fmt chunk, and the
// head of the data chunk.
//
//	octets  0 "RIFF"   12 "fmt "           24 samples a second   36 "data"
//	        4 size     16 16               28 octets a second    40 size
//	        8 "WAVE"   20 tag, channels    32 block, bits        44 sound
const wavHead = 44

// wav writes a WAV of 16 bits (IBM and Microsoft, "Multimedia Programming Interface
// and Data Specifications 1.0", 1991).
//
// The sizes in the header are true after each flush: first the sound is written,
// then the sizes that count it in. So a file that is left as it is at any moment is
// a proper one, whatever its player makes of sizes that say "unknown".
type wav struct {
	file  File
	block int // octets of a sample of all channels
	head  [wavHead]byte
	// pending is sound that is not in the file yet, written how many octets are.
	pending []byte
	written int64
}

// newWAV begins a file.
func newWAV(file File, rate, channels int) (*wav, error) {
	w := &wav{file: file, block: 2 * channels}
	h := w.head[:]
	copy(h, "RIFF....WAVEfmt ")
	binary.LittleEndian.PutUint32(h[16:], 16)
	binary.LittleEndian.PutUint16(h[20:], 1)
	binary.LittleEndian.PutUint16(h[22:], uint16(channels))
	binary.LittleEndian.PutUint32(h[24:], uint32(rate))
	binary.LittleEndian.PutUint32(h[28:], uint32(rate*w.block))
	binary.LittleEndian.PutUint16(h[32:], uint16(w.block))
	binary.LittleEndian.PutUint16(h[34:], 16)
	copy(h[36:], "data")
	w.count()
	_, err := file.Write(h)
	return w, err
}

// count puts the sizes into the header.
func (w *wav) count() {
	binary.LittleEndian.PutUint32(w.head[4:], uint32(wavHead-8+w.written))
	binary.LittleEndian.PutUint32(w.head[40:], uint32(w.written))
}

func (w *wav) size() int64 { return wavHead + w.written + int64(len(w.pending)) }

func (w *wav) write(pcm []int16) error {
	for _, sample := range pcm {
		w.pending = binary.LittleEndian.AppendUint16(w.pending, uint16(sample))
	}
	return nil
}

// flush writes what is pending. Of what a full disk takes a part of, whole blocks
// count.
func (w *wav) flush() error {
	n, err := w.file.Write(w.pending)
	w.pending = w.pending[:0]
	w.written += int64(n - n%w.block)
	w.count()
	_, patched := w.file.WriteAt(w.head[:], 0)
	return errors.Join(err, patched)
}

func (w *wav) finish() error { return w.flush() }
