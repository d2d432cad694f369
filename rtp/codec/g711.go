package codec

import "math/bits"

// G711 is one of the two laws of ITU-T G.711: 8,000 samples a second, an octet
// each. It is bit-exact with ITU-T G.191's reference for all inputs.
type G711 uint8

// The laws, by their names in RTP (RFC 3551 s4.5.14): PCMU is payload 0, PCMA 8.
const (
	PCMU G711 = iota
	PCMA
)

// Silence is the code of the smallest positive value, 0 in µ-law and 8 in A-law:
// what to send when there is nothing to say.
func (l G711) Silence() byte {
	if l == PCMA {
		return 0xD5
	}
	return 0xFF
}

// Decode turns codes into samples, as many as fit into pcm, and gives their
// number.
func (l G711) Decode(pcm []int16, codes []byte) int {
	table := &expanded[l&1]
	n := min(len(pcm), len(codes))
	for i, code := range codes[:n] {
		pcm[i] = table[code]
	}
	return n
}

// Encode turns samples into codes, as many as fit into codes, and gives their
// number.
func (l G711) Encode(codes []byte, pcm []int16) int {
	n := min(len(pcm), len(codes))
	codes = codes[:n]
	if l == PCMA {
		for i, sample := range pcm[:n] {
			codes[i] = compressA(sample)
		}
		return n
	}
	for i, sample := range pcm[:n] {
		codes[i] = compressMu(sample)
	}
	return n
}

// expanded has the values of all codes, first µ-law's, then A-law's.
var expanded = expandAll()

func expandAll() (tables [2][256]int16) {
	for code := range 256 {
		tables[PCMU][code] = expandMu(byte(code))
		tables[PCMA][code] = expandA(byte(code))
	}
	return tables
}

// Both laws write a sample as sign, segment (3 bits) and place in the segment (4
// bits). Negative samples are mirrored by complement, -1 to 0, so that both
// halves have the same number of values.

// magnitude is the sample's distance from zero, 0 to 32767, and 0x80 for a sample
// that is not negative.
func magnitude(sample int16) (m uint16, positive byte) {
	sign := sample >> 15 // -1 or 0
	return uint16(sample ^ sign), byte(^sign) & 0x80
}

// compressMu: G.711 table 2. The scale has 14 bits and is shifted by 33, which
// makes the segments powers of two; all bits of the code are inverted.
func compressMu(sample int16) byte {
	m, positive := magnitude(sample)
	biased := min(m>>2+33, 0x1FFF)
	segment := bits.Len16(biased >> 6)
	place := byte(biased>>(segment+1)) & 0x0F
	return positive | ^(byte(segment)<<4|place)&0x7F
}

func expandMu(code byte) int16 {
	segment, place := ^code>>4&7, int16(^code&0x0F)
	value := ((place<<1+33)<<segment - 33) << 2
	if code&0x80 == 0 {
		return -value
	}
	return value
}

// compressA: G.711 table 1. The scale has 13 bits, the two lowest segments have
// the same steps; the even bits of the code are inverted.
func compressA(sample int16) byte {
	m, positive := magnitude(sample)
	m >>= 4
	segment := bits.Len16(m >> 4)
	place := byte(m>>max(segment-1, 0)) & 0x0F
	return (positive | byte(segment)<<4 | place) ^ 0x55
}

func expandA(code byte) int16 {
	code ^= 0x55
	segment, value := code>>4&7, int16(code&0x0F)<<1+1
	if segment > 0 {
		value = (value + 32) << (segment - 1)
	}
	if value <<= 3; code&0x80 == 0 {
		return -value
	}
	return value
}
