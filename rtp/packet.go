package rtp

import "encoding/binary"

// headerSize is the size of the fixed header, in octets.
const headerSize = 12

// header is the fixed header of an RTP packet (RFC 3550 s5.1), and where its
// payload lies:
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|V=2|P|X|  CC   |M|     PT      |       sequence number         |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                           timestamp                           |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|           synchronization source (SSRC) identifier            |
//	+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
//	|            contributing source (CSRC) identifiers             |
//	|                             ....                              |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
type header struct {
	ssrc      uint32
	timestamp uint32
	sequence  uint16
	// begin and end are the bounds of the payload in the packet.
	begin, end uint16
	number     uint8
	marker     bool
}

// parseHeader reads a header; false when the packet is no RTP.
//
// RFC 3550 A.1: "RTP version field must equal 2", the lengths of CSRC list,
// extension and padding must be consistent with that of the packet.
func parseHeader(b []byte) (h header, ok bool) {
	if len(b) < headerSize || len(b) > 0xFFFF || b[0]>>6 != 2 {
		return h, false
	}
	begin, ok := payloadBegin(b)
	if !ok {
		return h, false
	}
	end, ok := payloadEnd(b, begin)
	return header{
		ssrc:      binary.BigEndian.Uint32(b[8:]),
		timestamp: binary.BigEndian.Uint32(b[4:]),
		sequence:  binary.BigEndian.Uint16(b[2:]),
		begin:     uint16(begin),
		end:       uint16(end),
		number:    b[1] & 0x7F,
		marker:    b[1]&0x80 != 0,
	}, ok
}

// payloadBegin skips the CSRC list and the extension (RFC 3550 s5.3.1).
func payloadBegin(b []byte) (begin int, ok bool) {
	begin = headerSize + 4*int(b[0]&0x0F)
	if b[0]&0x10 == 0 {
		return begin, begin <= len(b)
	}
	if begin+4 > len(b) {
		return 0, false
	}
	begin += 4 + 4*int(binary.BigEndian.Uint16(b[begin+2:]))
	return begin, begin <= len(b)
}

// payloadEnd takes off the padding.
//
// RFC 3550 s5.1: "The last octet of the padding contains a count of how many
// padding octets should be ignored, including itself."
func payloadEnd(b []byte, begin int) (end int, ok bool) {
	if b[0]&0x20 == 0 {
		return len(b), true
	}
	padding := int(b[len(b)-1])
	return len(b) - padding, padding > 0 && begin+padding <= len(b)
}

// write puts the fields back over those of a packet.
func (h header) write(b []byte) {
	b[1] = h.number
	if h.marker {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], h.sequence)
	binary.BigEndian.PutUint32(b[4:], h.timestamp)
	binary.BigEndian.PutUint32(b[8:], h.ssrc)
}

// isReport tells RTCP from RTP on one port.
//
// RFC 5761 s4: "RTP and RTCP packets are distinguished by the RTP marker bit
// and payload type": RTCP packet types lie in 192 to 223.
func isReport(b []byte) bool { return len(b) > 1 && b[1] >= 192 && b[1] <= 223 }
