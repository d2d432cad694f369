package quality

import (
	"encoding/binary"
	"fmt"
	"time"
)

// Unknown is what a level, R or MOS of Metrics has when it is not known.
const Unknown = 127

// Metrics is the VoIP metrics report block of RTCP XR (RFC 3611 s4.7): what a receiver
// says about how it hears one stream. The fields are as on the wire.
type Metrics struct {
	// SSRC is whose stream it is.
	SSRC uint32
	// LossRate and DiscardRate are the shares of packets that were lost, and that came
	// too late or too early, in 1/256.
	LossRate, DiscardRate uint8
	// BurstDensity and GapDensity are the shares lost or discarded within bursts and
	// gaps, in 1/256; BurstDuration and GapDuration how long these are in the mean, in
	// ms.
	BurstDensity, GapDensity   uint8
	BurstDuration, GapDuration uint16
	// RoundTrip and EndSystem are delays in ms, 0 when not known.
	RoundTrip, EndSystem uint16
	// Signal and Noise are levels in dBm0, EchoLoss is in dB.
	Signal, Noise int8
	EchoLoss      uint8
	// Gmin is what bursts were told from gaps by.
	Gmin uint8
	// R is that of G.107, 0 to 100; ExternalR that of the network beyond a gateway.
	R, ExternalR uint8
	// ListeningMOS and ConversationalMOS are ten times the MOS, 10 to 50: the first
	// without, the second with what delay does.
	ListeningMOS, ConversationalMOS uint8
	// Configuration has two bits for the kind of concealment, two for that of the
	// jitter buffer and four for its speed (s4.7.6).
	Configuration uint8
	// Buffer, BufferMost and BufferCeiling are the jitter buffer's delay now, the most
	// it has been, and the most that it can be, in ms.
	Buffer, BufferMost, BufferCeiling uint16
}

// The bits of Metrics.Configuration that Quality.Metrics sets: concealment by repetition
// ("standard"), and an adaptive jitter buffer.
const (
	concealmentStandard = 3 << 6
	bufferAdaptive      = 3 << 4
)

// metricsType is the block type, metricsWords its length without its first word, and
// metricsSize that of all of it in octets.
const (
	metricsType  = 7
	metricsWords = 8
	metricsSize  = 4 + 4*metricsWords
)

// extended reads an XR packet (RFC 3611 s2): blocks, one after the other, of which
// unknown ones are passed over (s3).
func (r Reader) extended(p []byte) error {
	if len(p) < headSize {
		return fmt.Errorf("%w: XR of %d octets: its SSRC is missing (RFC 3611 s2)", ErrReport, len(p))
	}
	from := binary.BigEndian.Uint32(p[4:])
	for b := p[headSize:]; len(b) >= 4; {
		size := 4 + 4*int(binary.BigEndian.Uint16(b[2:]))
		if size > len(b) {
			return fmt.Errorf("%w: XR block type %d of %d octets, and %d are left (RFC 3611 s3)", ErrReport, b[0], size, len(b))
		}
		if b[0] == metricsType && size == metricsSize && r.Metrics != nil {
			r.Metrics(from, readMetrics(b))
		}
		b = b[size:]
	}
	return nil
}

// readMetrics reads a block:
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|     BT=7      |   reserved    |       block length = 8        |
//	|                        SSRC of source                         |
//	|   loss rate   | discard rate  | burst density |  gap density  |
//	|       burst duration          |         gap duration          |
//	|     round trip delay          |       end system delay        |
//	| signal level  |  noise level  |     RERL      |     Gmin      |
//	|   R factor    | ext. R factor |    MOS-LQ     |    MOS-CQ     |
//	|   RX config   |   reserved    |          JB nominal           |
//	|          JB maximum           |          JB abs max           |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
func readMetrics(b []byte) Metrics {
	word := func(at int) uint16 { return binary.BigEndian.Uint16(b[at:]) }
	return Metrics{
		SSRC:     binary.BigEndian.Uint32(b[4:]),
		LossRate: b[8], DiscardRate: b[9], BurstDensity: b[10], GapDensity: b[11],
		BurstDuration: word(12), GapDuration: word(14),
		RoundTrip: word(16), EndSystem: word(18),
		Signal: int8(b[20]), Noise: int8(b[21]), EchoLoss: b[22], Gmin: b[23],
		R: b[24], ExternalR: b[25], ListeningMOS: b[26], ConversationalMOS: b[27],
		Configuration: b[28], Buffer: word(30), BufferMost: word(32), BufferCeiling: word(34),
	}
}

// AppendMetrics appends an XR packet with one VoIP metrics block, from an SSRC.
func AppendMetrics(to []byte, from uint32, m Metrics) []byte {
	to = appendHead(to, 0, typeExtendedReport, headSize+metricsSize, from)
	to = append(to, metricsType, 0, 0, metricsWords)
	to = binary.BigEndian.AppendUint32(to, m.SSRC)
	to = append(to, m.LossRate, m.DiscardRate, m.BurstDensity, m.GapDensity)
	to = appendWords(to, m.BurstDuration, m.GapDuration, m.RoundTrip, m.EndSystem)
	to = append(to, byte(m.Signal), byte(m.Noise), m.EchoLoss, m.Gmin)
	to = append(to, m.R, m.ExternalR, m.ListeningMOS, m.ConversationalMOS)
	to = append(to, m.Configuration, 0)
	return appendWords(to, m.Buffer, m.BufferMost, m.BufferCeiling)
}

func appendWords(to []byte, words ...uint16) []byte {
	for _, w := range words {
		to = binary.BigEndian.AppendUint16(to, w)
	}
	return to
}

// Metrics is what a quality is as a block, about an SSRC whose packets are of a
// duration. What is not measured here is Unknown.
func (q Quality) Metrics(ssrc uint32, ptime time.Duration) Metrics {
	l := q.Losses
	return Metrics{
		SSRC:     ssrc,
		LossRate: fixed8(max(0, l.Share()-q.discardShare())), DiscardRate: fixed8(q.discardShare()),
		BurstDensity: fixed8(l.BurstDensity()), GapDensity: fixed8(l.GapDensity()),
		BurstDuration: milliseconds(scale(l.BurstLength(), ptime)), GapDuration: milliseconds(scale(l.GapLength(), ptime)),
		RoundTrip: milliseconds(q.RoundTrip), EndSystem: milliseconds(q.Delay),
		Signal: Unknown, Noise: Unknown, EchoLoss: Unknown, Gmin: Gmin,
		R: uint8(min(max(q.R, 0), 100) + 0.5), ExternalR: Unknown,
		ListeningMOS: uint8(10*q.ListeningMOS + 0.5), ConversationalMOS: uint8(10*q.MOS + 0.5),
		Configuration: concealmentStandard | bufferAdaptive,
		Buffer:        milliseconds(q.Delay), BufferMost: milliseconds(q.DelayMost), BufferCeiling: milliseconds(q.DelayCeiling),
	}
}

// fixed8 is a share as a fixed-point number with the binary point at the left edge.
//
// RFC 3611 s4.7.1: "limiting the maximum value to 255 (to avoid overflow), and
// taking the integer part".
func fixed8(share float64) uint8 { return uint8(min(max(share, 0)*256, 255)) }

func scale(packets float64, ptime time.Duration) time.Duration {
	return time.Duration(packets * float64(ptime))
}

// milliseconds is a duration as a field of 16 bits has it.
func milliseconds(d time.Duration) uint16 { return uint16(min(max(d.Milliseconds(), 0), 65535)) }
