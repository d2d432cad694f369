package rtp

import "encoding/binary"

// RTCP packet types (RFC 3550 s12.1, RFC 4585 s6.1, RFC 3611 s2).
const (
	typeSenderReport      = 200
	typeReceiverReport    = 201
	typeSourceDescription = 202
	typeGoodbye           = 203
	typeApplication       = 204
	typeTransportFeedback = 205
	typePayloadFeedback   = 206
	typeExtendedReport    = 207
)

// blockSize is the size of one report block, in octets (RFC 3550 s6.4.1).
const blockSize = 24

// nextReport splits the first RTCP packet off a compound one; false when what
// is there is none.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|V=2|P|  count  |      PT       |  length in words, minus one   |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
func nextReport(b []byte) (report, rest []byte, ok bool) {
	if len(b) < 4 || b[0]>>6 != 2 || !isReport(b) {
		return nil, nil, false
	}
	size := 4 + 4*int(binary.BigEndian.Uint16(b[2:]))
	if size > len(b) {
		return nil, nil, false
	}
	return b[:size], b[size:], true
}

// validReports checks a compound packet.
//
// RFC 3550 A.2: the version of each packet is 2, the padding bit is set on the
// last one only, and "the length fields of the individual RTCP packets must add
// up to the overall length of the compound RTCP packet as received". That the
// first one is SR or RR is not asked: RFC 5506 allows reduced-size packets.
func validReports(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	for len(b) > 0 {
		report, rest, ok := nextReport(b)
		if !ok || report[0]&0x20 != 0 && len(rest) > 0 || !countsFit(report) {
			return false
		}
		b = rest
	}
	return true
}

// countsFit checks that a packet is long enough for what its count announces.
func countsFit(r []byte) bool {
	count := int(r[0] & 0x1F)
	switch r[1] {
	case typeSenderReport:
		return len(r) >= 28+count*blockSize
	case typeReceiverReport:
		return len(r) >= 8+count*blockSize
	case typeGoodbye:
		return len(r) >= 4+4*count
	case typeSourceDescription:
		return chunksFit(r, count)
	case typeApplication, typeTransportFeedback, typePayloadFeedback:
		return len(r) >= 12
	case typeExtendedReport:
		return len(r) >= 8
	}
	return true
}

func chunksFit(r []byte, count int) bool {
	at := 4
	for range count {
		next, ok := nextChunk(r, at)
		if !ok {
			return false
		}
		at = next
	}
	return true
}

// nextChunk gives the end of the SDES chunk that begins at an offset: an SSRC,
// items of a type, a length and text, and null octets up to the next word.
//
// RFC 3550 s6.5: "The list of items in each chunk MUST be terminated by one or
// more null octets".
func nextChunk(r []byte, at int) (next int, ok bool) {
	at += 4
	for at < len(r) && r[at] != 0 {
		if at+1 >= len(r) {
			return 0, false
		}
		at += 2 + int(r[at+1])
	}
	if at >= len(r) {
		return 0, false
	}
	return (at + 4) &^ 3, true
}

// shift is how the stream of one SSRC differs between the two sides of the
// gateway. The zero value changes nothing.
type shift struct {
	active bool
	// from is the SSRC as it comes, to the one that the reader knows.
	from, to uint32
	// sequence and timestamp are added.
	sequence  uint16
	timestamp uint32
}

// back is the shift as seen from the other side.
func (s shift) back() shift {
	return shift{s.active, s.to, s.from, -s.sequence, -s.timestamp}
}

// ssrc changes the SSRC at an offset if it is the one that is shifted.
func (s shift) ssrc(b []byte, at int) (hit bool) {
	if !s.active || binary.BigEndian.Uint32(b[at:]) != s.from {
		return false
	}
	binary.BigEndian.PutUint32(b[at:], s.to)
	return true
}

// shiftReports rewrites a valid compound packet for a listener: sent is the
// shift of the stream that its sender sends, heard that of the stream which its
// sender hears and makes reports about.
func shiftReports(b []byte, sent, heard shift) {
	for len(b) > 0 {
		report, rest, ok := nextReport(b)
		if !ok {
			return
		}
		shiftReport(report, sent, heard)
		b = rest
	}
}

func shiftReport(r []byte, sent, heard shift) {
	count := int(r[0] & 0x1F)
	switch r[1] {
	case typeSenderReport:
		if sent.ssrc(r, 4) {
			binary.BigEndian.PutUint32(r[16:], binary.BigEndian.Uint32(r[16:])+sent.timestamp)
		}
		shiftBlocks(r[28:], count, heard)
	case typeReceiverReport:
		sent.ssrc(r, 4)
		shiftBlocks(r[8:], count, heard)
	case typeGoodbye:
		for i := range count {
			sent.ssrc(r, 4+4*i)
		}
	case typeSourceDescription:
		shiftChunks(r, count, sent)
	case typeTransportFeedback, typePayloadFeedback:
		sent.ssrc(r, 4)
		heard.ssrc(r, 8)
	case typeApplication, typeExtendedReport:
		sent.ssrc(r, 4)
	}
}

// shiftBlocks rewrites report blocks: whom they are about, and the low half of
// the highest sequence number received (RFC 3550 s6.4.1). The cycles in its
// high half are the listener's own count and stay.
func shiftBlocks(b []byte, count int, heard shift) {
	for i := range count {
		block := b[i*blockSize:]
		if heard.ssrc(block, 0) {
			binary.BigEndian.PutUint16(block[10:], binary.BigEndian.Uint16(block[10:])+heard.sequence)
		}
	}
}

func shiftChunks(r []byte, count int, sent shift) {
	at, ok := 4, true
	for i := 0; i < count && ok; i++ {
		sent.ssrc(r, at)
		at, ok = nextChunk(r, at)
	}
}
