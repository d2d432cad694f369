package quality

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// RTCP packet types (RFC 3550 s12.1, RFC 3611 s2).
const (
	typeSenderReport      = 200
	typeReceiverReport    = 201
	typeSourceDescription = 202
	typeExtendedReport    = 207
)

// Sizes in octets.
const (
	blockSize  = 24
	senderSize = 28
	headSize   = 8
	maxBlocks  = 31
)

// ErrReport: what was received is not RTCP as RFC 3550 A.2 has it. It is wrapped in an
// error that says what and where.
var ErrReport = errors.New("quality: malformed RTCP")

// Sender is what a sender report says of what was sent (RFC 3550 s6.4.1).
type Sender struct {
	// SSRC is who sends.
	SSRC uint32
	// NTP and RTP are the same moment, by the wall clock (see NTP) and as a timestamp.
	NTP uint64
	RTP uint32
	// Packets and Octets were sent so far, headers not counted.
	Packets, Octets uint32
}

// Block is a report block, what a receiver says of one stream (RFC 3550 s6.4.1).
type Block struct {
	// SSRC is whose stream it is.
	SSRC uint32
	// Fraction of packets lost since the last report, in 1/256.
	Fraction uint8
	// Lost in all, from -2^23 to 2^23-1: duplicates make it less.
	Lost int32
	// Highest is the extended highest sequence number received.
	Highest uint32
	// Jitter is in ticks of the stream's clock.
	Jitter uint32
	// LastReport and Delay are LSR and DLSR in units of 1/65536 s, 0 without any.
	LastReport, Delay uint32
}

// Reader is told what is in a compound packet. What is nil is passed over.
type Reader struct {
	// Sender is told of each sender report.
	Sender func(Sender)
	// Block is told of each report block, and who made it.
	Block func(from uint32, b Block)
	// Metrics is told of each VoIP metrics block, and who made it.
	Metrics func(from uint32, m Metrics)
}

// Read reads a compound RTCP packet, those of its packets that are SR, RR or XR. The
// error wraps ErrReport; what came before the mistake has been told of.
func (r Reader) Read(packet []byte) error {
	for at := 0; at < len(packet); {
		p := packet[at:]
		if len(p) < 4 || p[0]>>6 != 2 {
			return fmt.Errorf("%w: octet %d: no packet of version 2 begins there (RFC 3550 A.2)", ErrReport, at)
		}
		size := 4 + 4*int(binary.BigEndian.Uint16(p[2:]))
		if size > len(p) {
			return fmt.Errorf("%w: octet %d: a packet of %d octets, and %d are left", ErrReport, at, size, len(p))
		}
		if err := r.one(p[:size]); err != nil {
			return err
		}
		at += size
	}
	return nil
}

// one reads one packet.
func (r Reader) one(p []byte) error {
	count := int(p[0] & 0x1F)
	switch p[1] {
	case typeSenderReport:
		if len(p) < senderSize+count*blockSize {
			return short("SR", len(p), count)
		}
		if r.Sender != nil {
			r.Sender(readSender(p))
		}
		r.blocks(p, p[senderSize:], count)
	case typeReceiverReport:
		if len(p) < headSize+count*blockSize {
			return short("RR", len(p), count)
		}
		r.blocks(p, p[headSize:], count)
	case typeExtendedReport:
		return r.extended(p)
	}
	return nil
}

func short(what string, size, count int) error {
	return fmt.Errorf("%w: %s of %d octets announces %d report blocks (RFC 3550 s6.4)", ErrReport, what, size, count)
}

func readSender(p []byte) Sender {
	return Sender{
		SSRC:    binary.BigEndian.Uint32(p[4:]),
		NTP:     binary.BigEndian.Uint64(p[8:]),
		RTP:     binary.BigEndian.Uint32(p[16:]),
		Packets: binary.BigEndian.Uint32(p[20:]),
		Octets:  binary.BigEndian.Uint32(p[24:]),
	}
}

func (r Reader) blocks(p, b []byte, count int) {
	if r.Block == nil {
		return
	}
	for i := range count {
		r.Block(binary.BigEndian.Uint32(p[4:]), readBlock(b[i*blockSize:]))
	}
}

// readBlock reads a report block:
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                             SSRC                              |
//	| fraction lost |       cumulative number of packets lost       |
//	|           extended highest sequence number received           |
//	|                      interarrival jitter                      |
//	|                         last SR (LSR)                         |
//	|                   delay since last SR (DLSR)                  |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
func readBlock(b []byte) Block {
	lost := binary.BigEndian.Uint32(b[4:])
	return Block{
		SSRC:       binary.BigEndian.Uint32(b),
		Fraction:   uint8(lost >> 24),
		Lost:       int32(lost<<8) >> 8,
		Highest:    binary.BigEndian.Uint32(b[8:]),
		Jitter:     binary.BigEndian.Uint32(b[12:]),
		LastReport: binary.BigEndian.Uint32(b[16:]),
		Delay:      binary.BigEndian.Uint32(b[20:]),
	}
}

// AppendSender appends a sender report with up to 31 report blocks; more are left
// out.
func AppendSender(to []byte, s Sender, blocks ...Block) []byte {
	blocks = blocks[:min(len(blocks), maxBlocks)]
	to = appendHead(to, len(blocks), typeSenderReport, senderSize+len(blocks)*blockSize, s.SSRC)
	to = binary.BigEndian.AppendUint64(to, s.NTP)
	to = binary.BigEndian.AppendUint32(to, s.RTP)
	to = binary.BigEndian.AppendUint32(to, s.Packets)
	to = binary.BigEndian.AppendUint32(to, s.Octets)
	return appendBlocks(to, blocks)
}

// AppendReceiver appends a receiver report, of who has sent nothing since the last
// report but one, with up to 31 report blocks; more are left out.
func AppendReceiver(to []byte, ssrc uint32, blocks ...Block) []byte {
	blocks = blocks[:min(len(blocks), maxBlocks)]
	to = appendHead(to, len(blocks), typeReceiverReport, headSize+len(blocks)*blockSize, ssrc)
	return appendBlocks(to, blocks)
}

// AppendName appends the source description that every compound packet must have: who
// is behind an SSRC (CNAME, RFC 3550 s6.5.1), up to 255 octets.
func AppendName(to []byte, ssrc uint32, name string) []byte {
	name = name[:min(len(name), 255)]
	// The list of items ends with at least one null octet, and the chunk with a word.
	padding := 4 - (2+len(name))%4
	to = appendHead(to, 1, typeSourceDescription, headSize+2+len(name)+padding, ssrc)
	to = append(to, 1, byte(len(name)))
	to = append(to, name...)
	return append(to, make([]byte, padding)...)
}

// appendHead appends the first two words of a packet of a size in octets.
func appendHead(to []byte, count int, kind byte, size int, ssrc uint32) []byte {
	to = append(to, 2<<6|byte(count), kind)
	to = binary.BigEndian.AppendUint16(to, uint16(size/4-1))
	return binary.BigEndian.AppendUint32(to, ssrc)
}

func appendBlocks(to []byte, blocks []Block) []byte {
	for _, b := range blocks {
		lost := uint32(min(max(b.Lost, -1<<23), 1<<23-1)) & 0xFFFFFF
		for _, word := range [...]uint32{b.SSRC, uint32(b.Fraction)<<24 | lost, b.Highest, b.Jitter, b.LastReport, b.Delay} {
			to = binary.BigEndian.AppendUint32(to, word)
		}
	}
	return to
}
