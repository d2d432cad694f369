package peers

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

// rate is what telephones sample with, in Hz.
const rate = 8000

// WriteWave writes a sound file of 8 kHz, 16 bits, one channel (RIFF WAVE, PCM).
func WriteWave(file string, pcm []int16) error {
	b := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(36+2*len(pcm)))
	b = binary.LittleEndian.AppendUint32(append(b, "WAVEfmt "...), 16)
	b = binary.LittleEndian.AppendUint16(b, 1) // PCM
	b = binary.LittleEndian.AppendUint16(b, 1) // channel
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = binary.LittleEndian.AppendUint32(b, 2*rate)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 16)
	b = binary.LittleEndian.AppendUint32(append(b, "data"...), uint32(2*len(pcm)))
	for _, s := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return os.WriteFile(file, b, 0o644)
}

// ErrWave is what ReadWave's errors wrap: the file is no sound file of 8 kHz, 16
// bits, one channel.
var ErrWave = errors.New("not a WAVE file of 8 kHz, 16 bits, one channel")

// ReadWave reads such a file. One that is still being written is read as far as it
// goes.
func ReadWave(file string) ([]int16, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return nil, fmt.Errorf("%w: %s", ErrWave, file)
	}
	for b = b[12:]; len(b) >= 8; {
		name, size := string(b[:4]), int(binary.LittleEndian.Uint32(b[4:]))
		if name == "data" && size == 0 { // its writer says how much at the end
			size = len(b) - 8
		}
		body := b[8:min(8+size, len(b))]
		if name == "fmt " && (len(body) < 16 || body[0] != 1 || body[2] != 1 ||
			binary.LittleEndian.Uint32(body[4:]) != rate || body[14] != 16) {
			return nil, fmt.Errorf("%w: %s: its format is % x", ErrWave, file, body)
		}
		if name == "data" {
			return samples(body), nil
		}
		b = b[min(8+size+size&1, len(b)):]
	}
	return nil, fmt.Errorf("%w: %s has no data", ErrWave, file)
}

func samples(b []byte) []int16 {
	pcm := make([]int16, len(b)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return pcm
}
