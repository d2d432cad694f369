package record

import (
	"encoding/binary"
	"io"
)

// ogg writes the pages of one logical bitstream (RFC 3533 s6):
//
//	octets  0 "OggS"      6 granule position    18 page sequence   26 segments
//	        4 version 0  14 serial number       22 CRC             27 lacing values,
//	        5 flags                                                   packets
type ogg struct {
	to       io.Writer
	serial   uint32
	sequence uint32
	// lacing and body are the page that is being filled.
	lacing, body []byte
	page         []byte
	written      int64
}

// The flags of a page (RFC 3533 s6): the first of the stream, and the last.
const (
	oggFirst = 2
	oggLast  = 4
)

// oggPageHead is the length of a page's header without its lacing values, of which
// there are oggSegments at most.
const (
	oggPageHead = 27
	oggSegments = 255
)

// segments is how many lacing values a packet takes.
//
// RFC 3533 s5: a lacing value below 255 ends a packet, so one whose length is a
// multiple of 255 has a last value of 0.
func segments(packet []byte) int { return len(packet)/255 + 1 }

// fits tells whether a packet has room in the page.
func (o *ogg) fits(packet []byte) bool { return len(o.lacing)+segments(packet) <= oggSegments }

// add puts a packet, which fits, into the page.
func (o *ogg) add(packet []byte) {
	for range len(packet) / 255 {
		o.lacing = append(o.lacing, 255)
	}
	o.lacing = append(o.lacing, byte(len(packet)%255))
	o.body = append(o.body, packet...)
}

func (o *ogg) size() int64 {
	return o.written + int64(oggPageHead+len(o.lacing)+len(o.body))
}

// flush writes the page with one write. A page holds whole packets, so that a file
// that breaks off loses nothing of the pages before.
func (o *ogg) flush(granule int64, flags byte) error {
	p := append(o.page[:0], "OggS\x00"...)
	p = append(p, flags)
	p = binary.LittleEndian.AppendUint64(p, uint64(granule))
	p = binary.LittleEndian.AppendUint32(p, o.serial)
	p = binary.LittleEndian.AppendUint32(p, o.sequence)
	p = append(p, 0, 0, 0, 0, byte(len(o.lacing)))
	p = append(append(p, o.lacing...), o.body...)
	binary.LittleEndian.PutUint32(p[22:], oggCRC(p))
	o.page, o.lacing, o.body = p, o.lacing[:0], o.body[:0]
	o.sequence++
	n, err := o.to.Write(p)
	o.written += int64(n)
	return err
}

// oggCRC is a page's checksum, over the page with a checksum of 0.
//
// RFC 3533 s6: "The generator polynomial is 0x04c11db7." It begins with 0, and
// neither its bits nor its result are turned round.
func oggCRC(page []byte) uint32 {
	crc := uint32(0)
	for _, b := range page {
		crc = crc<<8 ^ oggTable[byte(crc>>24)^b]
	}
	return crc
}

// oggTable is what each octet makes of the checksum.
var oggTable = makeOggTable()

func makeOggTable() [256]uint32 {
	var table [256]uint32
	for i := range table {
		crc := uint32(i) << 24
		for range 8 {
			crc = crc<<1 ^ 0x04c11db7&-(crc>>31)
		}
		table[i] = crc
	}
	return table
}
