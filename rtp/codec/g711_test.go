package codec

import (
	"fmt"
	"testing"
)

// What follows is G.711 as the Recommendation tells it: decision values, and the
// quantizer as a search among them. The units are those of its tables, 1/8192 of
// full scale for µ-law and 1/4096 for A-law.

// scale is one law's positive half.
type scale struct {
	// decisions are the n + 1 decision values x1 to x(n+1), the last one virtual.
	decisions []int
	// unit is how many steps of 16-bit PCM one unit is.
	unit int
	// invert are the bits of the character signal that are inverted: G.711's note 2
	// to each table.
	invert byte
}

// segments makes decision values: the first, then 16 intervals of each size.
func segments(first []int, sizes ...int) []int {
	x := append([]int(nil), first...)
	for _, size := range sizes {
		for range 16 {
			x = append(x, x[len(x)-1]+size)
		}
	}
	return x
}

// aLaw: table 1a. 0, 2, 4 ... 64, then 16 intervals of 4, 8 ... 128 up to 4096.
var aLaw = scale{segments([]int{0}, 2, 2, 4, 8, 16, 32, 64, 128), 8, 0x55}

// muLaw: table 2a. 0, 1, 3, 5 ... 31, then 16 intervals of 4, 8 ... 256 up to
// 8159.
var muLaw = scale{segments([]int{0, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31}, 4, 8, 16, 32, 64, 128, 256), 4, 0x7F}

func TestTablesOfTheRecommendation(t *testing.T) {
	if last := aLaw.decisions[128]; last != 4096 || len(aLaw.decisions) != 129 {
		t.Fatalf("A-law ends with x%d = %d", len(aLaw.decisions), last)
	}
	if last := muLaw.decisions[128]; last != 8159 || len(muLaw.decisions) != 129 {
		t.Fatalf("µ-law ends with x%d = %d", len(muLaw.decisions), last)
	}
}

// interval finds the last decision value that is not above, among the 128.
func (s scale) interval(value float64) int {
	n := 0
	for i, x := range s.decisions[:128] {
		if value >= float64(x) {
			n = i
		}
	}
	return n
}

// encode quantizes a sample. Where it is negative, the interval is that of its
// mirror image; a value upon a decision value belongs to the interval below it,
// which is how G.191 breaks the tie (it mirrors by complement).
func (s scale) encode(sample int) byte {
	if sample >= 0 {
		return (0x80 | byte(s.interval(float64(sample)/float64(s.unit)))) ^ s.invert
	}
	return byte(s.interval((float64(-sample)-0.5)/float64(s.unit))) ^ s.invert
}

// decode gives the quantized value, halfway between two decision values; that of
// µ-law's first interval is 0 ("y0 = 0").
func (s scale) decode(code byte) int {
	code ^= s.invert
	n := int(code & 0x7F)
	y := (s.decisions[n] + s.decisions[n+1]) * s.unit / 2
	if s.decisions[1] == 1 && n == 0 {
		y = 0
	}
	if code&0x80 == 0 {
		return -y
	}
	return y
}

func laws() map[G711]scale { return map[G711]scale{PCMU: muLaw, PCMA: aLaw} }

func TestAllCodes(t *testing.T) {
	for law, reference := range laws() {
		for code := range 256 {
			var pcm [1]int16
			law.Decode(pcm[:], []byte{byte(code)})
			if want := reference.decode(byte(code)); int(pcm[0]) != want {
				t.Errorf("law %d, code %#02x: %d, want %d", law, code, pcm[0], want)
			}
		}
	}
}

func TestAllSamples(t *testing.T) {
	for law, reference := range laws() {
		for sample := -32768; sample <= 32767; sample++ {
			var code [1]byte
			law.Encode(code[:], []int16{int16(sample)})
			if want := reference.encode(sample); code[0] != want {
				t.Fatalf("law %d, sample %d: %#02x, want %#02x", law, sample, code[0], want)
			}
		}
	}
}

// TestKnownCodes are values that anybody can look up.
func TestKnownCodes(t *testing.T) {
	for _, c := range []struct {
		law    G711
		sample int16
		code   byte
	}{
		{PCMU, 0, 0xFF}, {PCMU, -1, 0x7F}, {PCMU, 32767, 0x80}, {PCMU, -32768, 0x00}, {PCMU, 1000, 0xCE},
		{PCMA, 0, 0xD5}, {PCMA, -1, 0x55}, {PCMA, 32767, 0xAA}, {PCMA, -32768, 0x2A}, {PCMA, 1000, 0xFA},
	} {
		var code [1]byte
		c.law.Encode(code[:], []int16{c.sample})
		if code[0] != c.code {
			t.Errorf("law %d, sample %d: %#02x, want %#02x", c.law, c.sample, code[0], c.code)
		}
	}
	if PCMU.Silence() != 0xFF || PCMA.Silence() != 0xD5 {
		t.Error("silence")
	}
}

// TestCodesSurvive: a code that is decoded and encoded again is the same one.
// µ-law has two zeros, of which the negative one becomes the other.
func TestCodesSurvive(t *testing.T) {
	for law := range laws() {
		for code := range 256 {
			var pcm [1]int16
			var again [1]byte
			law.Decode(pcm[:], []byte{byte(code)})
			law.Encode(again[:], pcm[:])
			if int(again[0]) != code && !(law == PCMU && code == 0x7F && again[0] == 0xFF) {
				t.Errorf("law %d: %#02x became %#02x", law, code, again[0])
			}
		}
	}
}

func TestAsMuchAsFits(t *testing.T) {
	for _, c := range [][3]int{{0, 5, 0}, {5, 0, 0}, {3, 5, 3}, {5, 3, 3}} {
		pcm, codes := make([]int16, c[0]), make([]byte, c[1])
		if n := PCMU.Decode(pcm, codes); n != c[2] {
			t.Errorf("decoded %d codes into %d: %d", c[1], c[0], n)
		}
		if n := PCMA.Encode(codes, pcm); n != c[2] {
			t.Errorf("encoded %d samples into %d: %d", c[0], c[1], n)
		}
	}
}

func TestNoAllocations(t *testing.T) {
	pcm, codes := make([]int16, 160), make([]byte, 160)
	n := testing.AllocsPerRun(100, func() {
		PCMU.Encode(codes, pcm)
		PCMA.Decode(pcm, codes)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkG711 is a frame of 20 ms.
func BenchmarkG711(b *testing.B) {
	pcm, codes := make([]int16, 160), make([]byte, 160)
	for i := range pcm {
		pcm[i] = int16(i * 397)
	}
	for law := range laws() {
		b.Run(fmt.Sprintf("%s/encode", [...]string{"PCMU", "PCMA"}[law]), func(b *testing.B) {
			for b.Loop() {
				law.Encode(codes, pcm)
			}
		})
		b.Run(fmt.Sprintf("%s/decode", [...]string{"PCMU", "PCMA"}[law]), func(b *testing.B) {
			for b.Loop() {
				law.Decode(pcm, codes)
			}
		})
	}
}
