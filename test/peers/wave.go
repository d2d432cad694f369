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

// ErrWave is what ReadWave's errors wrap: the file is no sound file of 16 bits at a
// multiple of 8 kHz.
var ErrWave = errors.New("not a WAVE file of 16 bits at a multiple of 8 kHz")

// ReadWave reads such a file as 8 kHz and one channel, each sample being the mean of those
// that it stands for. One that is still being written is read as far as it goes.
func ReadWave(file string) ([]int16, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return nil, fmt.Errorf("%w: %s", ErrWave, file)
	}
	merged := 1
	for b = b[12:]; len(b) >= 8; {
		name, size := string(b[:4]), int(binary.LittleEndian.Uint32(b[4:]))
		if name == "data" && size == 0 { // its writer says how much at the end
			size = len(b) - 8
		}
		body := b[8:min(8+size, len(b))]
		if name == "fmt " {
			if merged = mergedBy(body); merged == 0 {
				return nil, fmt.Errorf("%w: %s: its format is % x", ErrWave, file, body)
			}
		}
		if name == "data" {
			return samples(body, merged), nil
		}
		b = b[min(8+size+size&1, len(b)):]
	}
	return nil, fmt.Errorf("%w: %s has no data", ErrWave, file)
}

// mergedBy is how many of a file's samples become one; 0 when its format is none of ours.
func mergedBy(format []byte) int {
	if len(format) < 16 || format[0] != 1 || format[14] != 16 || format[2] == 0 {
		return 0
	}
	at := int(binary.LittleEndian.Uint32(format[4:]))
	if at%rate != 0 {
		return 0
	}
	return at / rate * int(format[2])
}

func samples(b []byte, merged int) []int16 {
	pcm := make([]int16, len(b)/2/merged)
	for i := range pcm {
		sum := 0
		for n := range merged {
			sum += int(int16(binary.LittleEndian.Uint16(b[2*(i*merged+n):])))
		}
		pcm[i] = int16(sum / merged)
	}
	return pcm
}
