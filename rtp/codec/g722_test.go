package codec

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
)

// What follows are the digital test sequences of ITU-T G.722 Appendix II. The
// files come with the Recommendation and are not shipped here, but two of the three
// inputs are told by the text so exactly that they can be made; and the
// Recommendation has the CRC-32 of all files, inputs and results. So a CRC that fits is the ITU's own vector passed. The
// filters are by-passed in these tests: each band gets the sequence itself.
//
// The third input, T1C1.XMT, is recorded noise and tones and cannot be made:
// TestRecordedSequences takes it, and the G.191 library's speech, from a directory
// where there is one.

// marker is a word that resets codecs; 16 of them are at each end of a file
// (II.4.5).
const marker = 1

func framed(data []int16) []int16 {
	words := make([]int16, len(data)+32)
	for i := range 16 {
		words[i], words[len(words)-1-i] = marker, marker
	}
	copy(words[16:], data)
	return words
}

// overflow is T1C2.XMT: table II-3, full swings that drive every sum to its
// limit.
func overflow() []int16 {
	var data []int16
	for i := range 639 {
		data = append(data, [2]int16{-16384, 16383}[i%2])
	}
	data = append(data, 0, -10000, -8192)
	for i := range 126 {
		data = append(data, [3]int16{-16384, 16383, -16384}[i%3])
	}
	for i := range data {
		data[i] <<= 1
	}
	return framed(data)
}

// artificial is T1D3.COD (II.3.2, table II-4): codes that go through all output
// levels, under signs and higher-band codes in eight patterns, 2,048 codes each.
func artificial() []int16 {
	signs := [8]string{"001", "11110000", "1", "1100", "10", "00000100", "00101", "11000"}
	lower := [8]int{0, 16, -1, 8, -1, 4, 0, 2} // runs of ones and zeros; 0: ones only, -1: zeros only
	data := make([]int16, 16384)
	for i := range data {
		pattern, at := i/2048, i%2048
		sign := uint16(signs[pattern][at%len(signs[pattern])] - '0')
		higher := sign << 1
		if run := lower[pattern]; run == 0 || run > 0 && at/run%2 == 0 {
			higher |= 1
		}
		data[i] = int16(higher<<14 | (sign<<5|magnitudeOf(i))<<8)
	}
	return framed(data)
}

// magnitudeOf is table II-4: 64 stretches of 256 codes, 31 31/30 30 30/29 ... 0 0/3,
// where two values take turns every 16 codes.
func magnitudeOf(i int) uint16 {
	stretch, value := i/256, uint16(31-i/512)
	if stretch%2 == 0 || i/16%2 == 0 {
		return value
	}
	if value == 0 {
		return 3
	}
	return value - 1
}

// transmit is configuration 1 (II.2.1): the encoders on the test sequence.
func transmit(words []int16) []int16 {
	low, high := lowBand(), highBand()
	out := make([]int16, len(words))
	for i, word := range words {
		if word&1 != 0 {
			low, high = lowBand(), highBand()
			out[i] = marker
			continue
		}
		sample := int32(word >> 1)
		code := uint16(high.encodeHigh(sample))<<6 | uint16(low.encodeLow(sample))
		out[i] = int16(code << 8)
	}
	return out
}

// receive is configuration 2 (II.2.2): the decoders on codes.
func receive(words []int16) (lower, higher []int16) {
	low, high := lowBand(), highBand()
	for _, word := range words {
		if word&1 != 0 {
			low, high = lowBand(), highBand()
			lower, higher = append(lower, marker), append(higher, marker)
			continue
		}
		code := byte(uint16(word) >> 8)
		lower = append(lower, int16(low.decodeLow(code)<<1))
		higher = append(higher, int16(high.decodeHigh(code>>6)<<1))
	}
	return lower, higher
}

func littleEndian(words []int16) []byte {
	var b []byte
	for _, word := range words {
		b = binary.LittleEndian.AppendUint16(b, uint16(word))
	}
	return b
}

// TestSequencesOfAppendixII: the CRCs are those of table II.6 (09/2012) for the
// files with the lower octet first.
func TestSequencesOfAppendixII(t *testing.T) {
	overflowed := transmit(overflow())
	low2, high2 := receive(overflowed)
	low3, high3 := receive(artificial())
	for _, c := range []struct {
		file  string
		words []int16
		crc   uint32
	}{
		{"bt1c2.xmt, an input", overflow(), 0x2D604685},
		{"bt2r2.cod, what the encoder makes of it", overflowed, 0x344EA5D0},
		{"bt3l2.rc1, what the lower decoder makes of that", low2, 0xAF00F31F},
		{"bt3h2.rc0, what the higher decoder makes of that", high2, 0x5330AE2E},
		{"bt1d3.cod, an input", artificial(), 0x7398964F},
		{"bt3l3.rc1, what the lower decoder makes of it", low3, 0xA5374659},
		{"bt3h3.rc0, what the higher decoder makes of it", high3, 0x3731AD7F},
	} {
		if got := crc32.ChecksumIEEE(littleEndian(c.words)); got != c.crc {
			t.Errorf("%s: CRC %08x, want %08x", c.file, got, c.crc)
		}
	}
}

// recorded reads a file of the ITU's.
func recorded(t *testing.T, name string) []int16 {
	dir := os.Getenv("G722_SEQUENCES")
	if dir == "" {
		t.Skip("set G722_SEQUENCES to a directory with files of the ITU's: bt1c1.xmt, bt2r1.cod, bt3l1.rc1 and bt3h1.rc0 of G.722 Appendix II (lower octet first), inpsp.bin, codspw.cod and outsp1.bin of G.191")
	}
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Skipf("%v: this sequence of the ITU's is not there", err)
	}
	words := make([]int16, len(b)/2)
	for i := range words {
		words[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return words
}

// TestRecordedSequences: the input of Appendix II that cannot be made here.
func TestRecordedSequences(t *testing.T) {
	codes := transmit(recorded(t, "bt1c1.xmt"))
	low, high := receive(codes)
	for name, got := range map[string][]int16{"bt2r1.cod": codes, "bt3l1.rc1": low, "bt3h1.rc0": high} {
		if !bytes.Equal(littleEndian(got), littleEndian(recorded(t, name))) {
			t.Errorf("%s differs", name)
		}
	}
}

// TestRecordedSpeech: speech of G.191 through filters and all.
func TestRecordedSpeech(t *testing.T) {
	speech, codes := recorded(t, "inpsp.bin"), recorded(t, "codspw.cod")
	var want []byte
	for _, code := range codes {
		want = append(want, byte(code))
	}
	got := make([]byte, len(want))
	e, _ := newG722Encoder(Format{}, Options{})
	if _, err := e.Encode(got, speech); err != nil || !bytes.Equal(got, want) {
		t.Errorf("encoded speech differs (%v)", err)
	}
	pcm := make([]int16, 2*len(want))
	d, _ := newG722Decoder(Format{}, Options{})
	if _, err := d.Decode(pcm, want); err != nil || !bytes.Equal(littleEndian(pcm), littleEndian(recorded(t, "outsp1.bin"))) {
		t.Errorf("decoded speech differs (%v)", err)
	}
}

// sweep is an input for filters and all that needs no library function whose last
// bit could differ: random numbers whose loudness goes from nothing to clipping
// and back, eight times.
func sweep() []int16 {
	pcm, random := make([]int16, 32000), uint32(1)
	for i := range pcm {
		random = random*1664525 + 1013904223
		pcm[i] = int16(int32(int16(random>>16)) * int32(min(i%4000, 4000-i%4000)) / 2000)
	}
	return pcm
}

// TestWholeCodec pins the codec with its filters. The numbers are CRCs of what this
// code makes; when they were taken, it made the G.191 library's speech to the last
// bit (TestRecordedSpeech), and ffmpeg 5.1 made the same codes and the same sound of it.
func TestWholeCodec(t *testing.T) {
	in := sweep()
	codes := make([]byte, len(in)/2)
	e, _ := newG722Encoder(Format{}, Options{})
	if _, err := e.Encode(codes, in); err != nil {
		t.Fatal(err)
	}
	if got := crc32.ChecksumIEEE(codes); got != sweepCodes {
		t.Errorf("codes: CRC %08x", got)
	}
	pcm := make([]int16, len(in))
	d, _ := newG722Decoder(Format{}, Options{})
	if _, err := d.Decode(pcm, codes); err != nil {
		t.Fatal(err)
	}
	if got := crc32.ChecksumIEEE(littleEndian(pcm)); got != sweepSound {
		t.Errorf("sound: CRC %08x", got)
	}
}

const (
	sweepCodes = 0xA8D72896
	sweepSound = 0x9914FC4A
)

// TestFrameLengthsDoNotMatter: the same stream in frames of any length.
func TestFrameLengthsDoNotMatter(t *testing.T) {
	in := sweep()[:6400]
	whole, wholeSound := make([]byte, len(in)/2), make([]int16, len(in))
	e, _ := newG722Encoder(Format{}, Options{})
	_, _ = e.Encode(whole, in)
	d, _ := newG722Decoder(Format{}, Options{})
	_, _ = d.Decode(wholeSound, whole)
	for _, frame := range []int{2, 10, 22, 24, 160, 318, 320, 322, 960} {
		e, _ := newG722Encoder(Format{}, Options{})
		d, _ := newG722Decoder(Format{}, Options{})
		for at := 0; at+frame <= len(in); at += frame {
			codes, sound := make([]byte, frame/2), make([]int16, frame)
			_, _ = e.Encode(codes, in[at:at+frame])
			_, _ = d.Decode(sound, codes)
			if !bytes.Equal(codes, whole[at/2:(at+frame)/2]) || !bytes.Equal(littleEndian(sound), littleEndian(wholeSound[at:at+frame])) {
				t.Fatalf("frames of %d samples: the one at %d differs", frame, at)
			}
		}
	}
}

// TestQuantizerByDefinition compares the division with the search that the
// Recommendation has, at each scale.
func TestQuantizerByDefinition(t *testing.T) {
	for log := int32(0); log <= 18432; log += 64 {
		scale := g722Scales[log>>6+lowOffset]
		for difference := int32(-32768); difference <= 32767; difference += 37 {
			magnitude, sign := difference, byte(0)
			if difference < 0 {
				magnitude, sign = ^difference, 1
			}
			mil := byte(1)
			for mil < 30 && g722Decisions[mil]*8*scale>>15 <= magnitude {
				mil++
			}
			if got, want := quantizeLow(difference, log), lowCode(mil, sign); got != want {
				t.Fatalf("%d at scale %d: code %d, want %d", difference, scale, got, want)
			}
		}
	}
}

// TestScales: the ends of table 18, and some of it between.
func TestScales(t *testing.T) {
	for i, ila := range map[int]int32{0: 1, 31: 2, 64: 7, 100: 16, 128: 31, 200: 151, 256: 511, 300: 1327, 319: 2003, 320: 2047, 351: 4007, 352: 4095} {
		if got := g722Scales[i]; got != 4*(ila+1) {
			t.Errorf("%d: %d, want %d", i, got, 4*(ila+1))
		}
	}
	if low, high := lowBand(), highBand(); low.scale != g722Scales[lowOffset] || high.scale != g722Scales[0] {
		t.Error("the scales after a reset are not those of the logarithm")
	}
}

// FuzzG722 looks for codes that make the arithmetic leave its 16 bits.
func FuzzG722(f *testing.F) {
	f.Add([]byte{0, 255, 0x3F, 0x80})
	f.Add(bytes.Repeat([]byte{0x20, 0x04}, 300))
	f.Fuzz(func(t *testing.T, codes []byte) {
		low, high := lowBand(), highBand()
		for _, code := range codes {
			low.decodeLow(code)
			high.decodeHigh(code >> 6)
			for _, b := range []band{low, high} {
				for _, x := range append(append(b.taps[:], b.past[:]...), b.predicted, b.zeros, b.rebuilt, b.scale, b.log) {
					if x != int32(int16(x)) {
						t.Fatalf("%d in %+v", x, b)
					}
				}
			}
		}
	})
}
