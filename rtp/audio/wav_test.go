package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/tandem-gateway/tandem/rtp/codec"
)

// riff makes a RIFF file of chunks.
func riff(chunks ...[]byte) []byte {
	body := slices.Concat(append([][]byte{[]byte("WAVE")}, chunks...)...)
	return riffChunk("RIFF", body)
}

func riffChunk(id string, body []byte) []byte {
	b := append([]byte(id), 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(body)))
	b = append(b, body...)
	if len(body)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

// resized puts another size into a chunk's head.
func resized(chunk []byte, size uint32) []byte {
	b := bytes.Clone(chunk)
	binary.LittleEndian.PutUint32(b[4:], size)
	return b
}

func formatChunk(tag, channels, rate, bits int) []byte {
	var b []byte
	b = binary.LittleEndian.AppendUint16(b, uint16(tag))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate*channels*bits/8))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels*bits/8))
	b = binary.LittleEndian.AppendUint16(b, uint16(bits))
	return riffChunk("fmt ", b)
}

// extensible is a format chunk of WAVE_FORMAT_EXTENSIBLE.
func extensible(tag, channels, rate, bits int) []byte {
	b := formatChunk(wavExtensible, channels, rate, bits)
	b = append(b, 22, 0, byte(bits), 0, 4, 0, 0, 0, byte(tag), byte(tag>>8))
	return riffChunk("fmt ", append(b, wavGUID...)[8:])
}

func wavFile(tag, channels, rate, bits int, sound []byte) []byte {
	return riff(formatChunk(tag, channels, rate, bits), riffChunk("data", sound))
}

func pcm16(samples ...int16) (b []byte) {
	for _, x := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(x))
	}
	return b
}

// law encodes samples by G.711.
func law(l codec.G711, samples ...int16) []byte {
	b := make([]byte, len(samples))
	l.Encode(b, samples)
	return b
}

func TestWAV(t *testing.T) {
	list := riffChunk("LIST", []byte("INFOISFTodd"))
	sound := riffChunk("data", pcm16(1, -2, 3))
	mono := formatChunk(wavPCM, 1, 8000, 16)
	for _, c := range []struct {
		name string
		file []byte
		rate int
		want []int16
	}{
		{"16 bits", riff(mono, sound), 8000, []int16{1, -2, 3}},
		{"16 bits, stereo", wavFile(wavPCM, 2, 48000, 16, pcm16(100, 200, -5, -8, 32767, 32767, -32768, -32768)), 48000, []int16{150, -6, 32767, -32768}},
		{"8 bits", wavFile(wavPCM, 1, 16000, 8, []byte{128, 0, 255, 129}), 16000, []int16{0, -32768, 32512, 256}},
		{"8 bits, stereo", wavFile(wavPCM, 2, 8000, 8, []byte{128, 130, 0, 0}), 8000, []int16{256, -32768}},
		{"mu-law", wavFile(wavMuLaw, 1, 8000, 8, law(codec.PCMU, 0, 1000, -30000)), 8000, []int16{0, 988, -30076}},
		{"A-law", wavFile(wavALaw, 1, 8000, 8, law(codec.PCMA, 8, 1000, -30000)), 8000, []int16{8, 1008, -30208}},
		{"A-law, stereo", wavFile(wavALaw, 2, 8000, 8, law(codec.PCMA, 8, 1000)), 8000, []int16{508}},
		{"extensible", riff(extensible(wavPCM, 1, 8000, 16), sound), 8000, []int16{1, -2, 3}},
		{"extensible of mu-law", riff(extensible(wavMuLaw, 1, 8000, 8), riffChunk("data", law(codec.PCMU, 1000))), 8000, []int16{988}},
		{"a fmt chunk of 18", riff(riffChunk("fmt ", append(mono[8:], 0, 0)), sound), 8000, []int16{1, -2, 3}},
		{"a fmt chunk of 17", riff(riffChunk("fmt ", append(mono[8:], 0)), sound), 8000, []int16{1, -2, 3}},
		{"a fmt chunk of 51", riff(riffChunk("fmt ", append(mono[8:], make([]byte, 35)...)), sound), 8000, []int16{1, -2, 3}},
		{"other chunks, of odd sizes", riff(list, mono, list, list, sound, list), 8000, []int16{1, -2, 3}},
		{"no sound", riff(mono, riffChunk("data", nil), list), 8000, nil},
		{"cut off", riff(mono, resized(sound, 1000)), 8000, []int16{1, -2, 3}},
		{"cut off within a sample", riff(mono, resized(riffChunk("data", []byte{1, 0, 2}), 1000)), 8000, []int16{1, 2}},
		{"cut off within a block", riff(formatChunk(wavPCM, 2, 8000, 16), resized(sound, 1000)), 8000, []int16{0}},
		{"an open end", resized(riff(mono, resized(sound, 0xFFFFFFFF)), 0xFFFFFFFF), 8000, []int16{1, -2, 3}},
		{"never finished", resized(riff(mono, resized(sound, 0)), 0), 8000, []int16{1, -2, 3}},
	} {
		for reader, r := range map[string]io.Reader{"at once": bytes.NewReader(c.file), "by octets": iotest.OneByteReader(bytes.NewReader(c.file))} {
			w, err := NewWAV(r)
			if err != nil {
				t.Errorf("%s, %s: %v", c.name, reader, err)
				continue
			}
			if got := drain(w); !slices.Equal(got, c.want) || w.Rate() != c.rate || w.Err() != nil {
				t.Errorf("%s, %s: %v at %d, want %v at %d (%v)", c.name, reader, got, w.Rate(), c.want, c.rate, w.Err())
			}
			if n := w.Fill(make([]int16, 3)); n != 0 {
				t.Errorf("%s, %s: %d samples after the end", c.name, reader, n)
			}
		}
	}
}

// TestLongWAV has more samples than are read at a time.
func TestLongWAV(t *testing.T) {
	want := make([]int16, 5000)
	for i := range want {
		want[i] = int16(7 * i)
	}
	w, err := NewWAV(bytes.NewReader(wavFile(wavPCM, 1, 8000, 16, pcm16(want...))))
	if err != nil {
		t.Fatal(err)
	}
	if got := pull(t, w, 5000, 3000); !slices.Equal(got, want) {
		t.Error("another sound")
	}
}

func TestWAVRefuses(t *testing.T) {
	sound := riffChunk("data", pcm16(1, 2, 3))
	whole := wavFile(wavPCM, 1, 8000, 16, pcm16(1, 2, 3))
	guid := extensible(wavPCM, 1, 8000, 16)
	guid[len(guid)-1]++
	block := formatChunk(wavPCM, 2, 8000, 16)
	block[8+12] = 3
	for _, c := range []struct {
		name string
		file []byte
		is   error
		says string
	}{
		{"nothing", nil, ErrNotWAV, "ends before the RIFF header"},
		{"an Ogg file", []byte("OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00"), ErrNotWAV, `begins with "OggS`},
		{"another RIFF", append([]byte("RIFF\x04\x00\x00\x00AVI "), whole[12:]...), ErrNotWAV, "AVI"},
		{"a header alone", whole[:12], ErrNotWAV, "ends before its data chunk"},
		{"no data chunk", whole[:36], ErrNotWAV, "ends before its data chunk"},
		{"half a fmt chunk", whole[:30], ErrNotWAV, "ends before the end of its fmt chunk"},
		{"a short fmt chunk", riff(riffChunk("fmt ", whole[20:34]), sound), ErrNotWAV, "has 14 octets and needs 16"},
		{"data before fmt", riff(sound, formatChunk(wavPCM, 1, 8000, 16)), ErrNotWAV, "before its fmt chunk"},
		{"a huge chunk", riff(resized(riffChunk("LIST", nil), 0xFFFFFFF0)), ErrNotWAV, "no sound within the first 16 MiB"},
		{"a chunk that is cut off", riff(resized(riffChunk("LIST", nil), 100)), ErrNotWAV, "ends before its data chunk"},
		{"24 bits", wavFile(wavPCM, 1, 8000, 24, nil), ErrUnplayable, "0x1 of 24 bits"},
		{"floating point", wavFile(3, 1, 8000, 32, nil), ErrUnplayable, "0x3 of 32 bits"},
		{"A-law of 16 bits", wavFile(wavALaw, 1, 8000, 16, nil), ErrUnplayable, "0x6 of 16 bits"},
		{"GSM", wavFile(0x31, 1, 8000, 8, nil), ErrUnplayable, "0x31"},
		{"44.1 kHz", wavFile(wavPCM, 1, 44100, 16, nil), ErrUnplayable, "44100 samples a second are none of [8000 16000 48000]: convert it, for example by sox"},
		{"six channels", wavFile(wavPCM, 6, 48000, 16, nil), ErrUnplayable, "6 channels"},
		{"no channels", wavFile(wavPCM, 0, 48000, 16, nil), ErrUnplayable, "0 channels"},
		{"odd blocks", riff(block, sound), ErrUnplayable, "blocks of 3 octets"},
		{"an unknown GUID", riff(guid, sound), ErrUnplayable, "0xfffe"},
		{"a short extensible one", riff(formatChunk(wavExtensible, 1, 8000, 16), sound), ErrUnplayable, "0xfffe"},
	} {
		_, err := NewWAV(bytes.NewReader(c.file))
		if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v\nwant %v, %q", c.name, err, c.is, c.says)
		}
	}
}

// failing is a reader that fails after some octets.
type failing struct {
	rest []byte
	err  error
}

func (f *failing) Read(b []byte) (int, error) {
	if len(f.rest) == 0 {
		return 0, f.err
	}
	n := copy(b, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

func TestWAVReaderFails(t *testing.T) {
	broken := errors.New("the disk is gone")
	whole := wavFile(wavPCM, 1, 8000, 16, pcm16(1, 2, 3))
	for _, n := range []int{5, 16, 30, 40} {
		if _, err := NewWAV(&failing{whole[:n], broken}); !errors.Is(err, broken) {
			t.Errorf("after %d octets: %v", n, err)
		}
	}
	w, err := NewWAV(&failing{whole[:48], broken})
	if err != nil {
		t.Fatal(err)
	}
	frame := make([]int16, 10)
	if n := w.Fill(frame); n != 2 || frame[1] != 2 || !errors.Is(w.Err(), broken) {
		t.Errorf("%d samples, %v", n, w.Err())
	}
	if n := w.Fill(frame); n != 0 {
		t.Errorf("%d samples after the error", n)
	}
}

// FuzzWAV: whatever a file holds, it is refused with a typed error, or gives no
// more samples than it has octets, at a rate that can be played.
func FuzzWAV(f *testing.F) {
	f.Add(wavFile(wavPCM, 1, 8000, 16, pcm16(1, 2, 3)))
	f.Add(wavFile(wavPCM, 2, 48000, 8, []byte{1, 2, 3}))
	f.Add(wavFile(wavALaw, 1, 16000, 8, []byte{1, 2, 3}))
	f.Add(riff(riffChunk("LIST", []byte("odd")), extensible(wavMuLaw, 2, 8000, 8), resized(riffChunk("data", []byte{1, 2, 3}), 0xFFFFFFFF)))
	f.Add(resized(riff(formatChunk(wavPCM, 1, 8000, 16), resized(riffChunk("data", []byte{1, 2, 3}), 0)), 0))
	f.Fuzz(func(t *testing.T, file []byte) {
		w, err := NewWAV(bytes.NewReader(file))
		if err != nil {
			if !errors.Is(err, ErrNotWAV) && !errors.Is(err, ErrUnplayable) {
				t.Fatalf("%v", err)
			}
			return
		}
		pcm := drain(w)
		if !slices.Contains(wavRates, w.Rate()) || len(pcm) > len(file) || w.Err() != nil {
			t.Fatalf("%d samples of %d octets at %d, %v", len(pcm), len(file), w.Rate(), w.Err())
		}
		p, err := LoadPrompt(bytes.NewReader(file), 8000)
		if err != nil || len(p.pcm) != (len(pcm)*8000+w.Rate()-1)/w.Rate() {
			t.Fatalf("%d samples at %d make a prompt of %d, %v", len(pcm), w.Rate(), len(p.pcm), err)
		}
	})
}
