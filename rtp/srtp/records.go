package srtp

import "encoding/binary"

// Content types of records that a handshake is made of (RFC 6347 section 4.3.1).
const (
	changeCipherSpec = 20
	alert            = 21
	handshake        = 22
)

// recordHeader is a record's header:
//
//	| type 1 | version 2 | epoch 2 | sequence 6 | length 2 |
const recordHeader = 13

// sieve appends those records of a datagram to dst that can be part of a handshake. The
// library gives a handshake up for a record that it cannot read; who knows our port
// could end every one that way.
//
// "In general, invalid records SHOULD be silently discarded, thus preserving the
// association" (RFC 6347 section 4.1.2.7).
func sieve(dst, datagram []byte) []byte {
	for len(datagram) >= recordHeader {
		size := recordHeader + int(binary.BigEndian.Uint16(datagram[recordHeader-2:]))
		if size > len(datagram) {
			break
		}
		if sound(datagram[:size]) {
			dst = append(dst, datagram[:size]...)
		}
		datagram = datagram[size:]
	}
	return dst
}

// sound reports whether a record can be part of a handshake: of DTLS 1.0 or 1.2, no
// application data (RFC 5764 section 3 has none), and where it is not encrypted, as its
// type wants it.
func sound(record []byte) bool {
	const major, epoch = 254, 3
	body := record[recordHeader:]
	plain := record[epoch] == 0 && record[epoch+1] == 0
	if record[1] != major || len(body) == 0 {
		return false
	}
	switch record[0] {
	case changeCipherSpec:
		return len(body) == 1 && body[0] == 1
	case alert:
		return !plain || len(body) == 2 && (body[0] == 1 || body[0] == 2)
	case handshake:
		const header = 12
		return !plain || len(body) >= header
	}
	return false
}
