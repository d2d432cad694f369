package srtp

import "encoding/binary"

// Kind is what a packet at a media port is, by its first bytes.
type Kind uint8

// The kinds that share a port (RFC 7983 section 7, RFC 5761 section 4).
const (
	KindUnknown Kind = iota
	KindSTUN
	KindZRTP
	KindDTLS
	KindTURN // channel data
	KindRTP
	KindRTCP
)

// KindOf tells what a packet is:
//
//	             +----------------+
//	             |        [0..3] -+--> STUN
//	             |      [16..19] -+--> ZRTP
//	packet -->   |      [20..63] -+--> DTLS
//	             |      [64..79] -+--> TURN channel
//	             |    [128..191] -+--> RTP, RTCP
//	             +----------------+
//
// RTCP is told from RTP by its packet type, 192 to 223: the payload types 64 to 95
// with and without marker are not used where both share a port (RFC 5761 section 4).
func KindOf(packet []byte) Kind {
	if len(packet) == 0 {
		return KindUnknown
	}
	switch b := packet[0]; {
	case b <= 3:
		return KindSTUN
	case 16 <= b && b <= 19:
		return KindZRTP
	case 20 <= b && b <= 63:
		return KindDTLS
	case 64 <= b && b <= 79:
		return KindTURN
	case b < 128 || b > 191 || len(packet) < 2:
		return KindUnknown
	}
	if 192 <= packet[1] && packet[1] <= 223 {
		return KindRTCP
	}
	return KindRTP
}

// header is what SRTP needs to know of an RTP packet.
type header struct {
	sequence uint16
	ssrc     uint32
	size     int // bytes before the payload
}

// readHeader reads the fixed header and measures the rest (RFC 3550 sections 5.1 and
// 5.3.1); ok is false for what is no RTP packet.
func readHeader(packet []byte) (h header, ok bool) {
	const fixed, extension = 12, 4
	if len(packet) < fixed || packet[0]>>6 != 2 {
		return header{}, false
	}
	h.size = fixed + 4*int(packet[0]&0x0f)
	if packet[0]&0x10 != 0 {
		if len(packet) < h.size+extension {
			return header{}, false
		}
		h.size += extension + 4*int(binary.BigEndian.Uint16(packet[h.size+2:]))
	}
	h.sequence = binary.BigEndian.Uint16(packet[2:])
	h.ssrc = binary.BigEndian.Uint32(packet[8:])
	return h, h.size <= len(packet)
}

// readRTCP reads the sender's SSRC of the first packet of a compound (RFC 3550 section
// 6.4.1); ok is false for what is no RTCP.
func readRTCP(packet []byte) (ssrc uint32, ok bool) {
	const least = 8
	if len(packet) < least || packet[0]>>6 != 2 {
		return 0, false
	}
	return binary.BigEndian.Uint32(packet[4:]), true
}
