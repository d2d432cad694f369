package rtp

import (
	"time"

	"github.com/tandem-gateway/tandem/rtp/quality"
)

// Bounds of RFC 3550 A.1 and of our own.
const (
	// maxDropout is the largest gap that still counts as loss.
	maxDropout = 3000
	// maxMisorder is how far behind a packet may come.
	maxMisorder = 100
	// maxStep is the largest difference of two packets' delays that is jitter.
	// What lies above is a clock that was set anew, after hold for example.
	maxStep = 3 * time.Second
)

// Stream is what was received of one stream so far. Loss is that of all SSRCs
// which the far end used, one after the other.
type Stream struct {
	Packets uint64
	// Octets counts whole packets, headers included, without UDP's.
	Octets uint64
	// Lost is expected less received packets (RFC 3550 A.3). Packets that come
	// late make it smaller again, duplicates do not.
	Lost uint64
	// Duplicates came twice within the last 64 sequence numbers; Reordered came
	// after a packet that was sent later.
	Duplicates, Reordered uint64
	// Jitter is the interarrival jitter (RFC 3550 s6.4.1) as a time.
	Jitter time.Duration
	// SSRC is the current synchronization source.
	SSRC uint32
	// Last is when the last packet came; zero when none has.
	Last time.Time
}

// reception measures a received stream (RFC 3550 A.1, A.3, A.8).
//
// The zero value has received nothing.
type reception struct {
	packets, octets       uint64
	duplicates, reordered uint64
	// lost is that of the series of numbers before the current one.
	lost uint64
	// base is the first extended sequence number of the current series, highest
	// the highest, received how many different ones of it have come. seen has a
	// bit for each of the last 64, the highest one's being bit 0.
	base, highest uint64
	received      uint64
	seen          uint64
	// resumes is the number that would show that a wild jump is the new order.
	resumes uint32
	ssrc    uint32
	// timestamp and at are those of the last packet that had a new timestamp.
	timestamp uint32
	// step is by how much the timestamp went on when it last did, number the payload number
	// of the last packet.
	step   uint16
	number uint8
	at     time.Time
	// jitter is in 16ths of a nanosecond, as RFC 3550 A.8 scales it.
	jitter int64
	last   time.Time
	// judged is the first number of which losses does not know yet. It is told when one is
	// lost, and not of each packet that comes.
	judged uint64
	// losses is nil while it has been told nothing: a leg is the smaller before it loses.
	losses *quality.Losses
}

// noResume is no sequence number.
const noResume = 1 << 16

// add takes a packet of a size in octets; rate is its codec's clock.
func (r *reception) add(now time.Time, h header, size int, rate uint32) {
	r.octets += uint64(size)
	r.last, r.number = now, h.number
	r.packets++
	if r.packets == 1 || h.ssrc != r.ssrc {
		r.begin(now, h)
		return
	}
	r.count(h)
	r.delay(now, h.timestamp, rate)
}

// begin starts a series of sequence numbers. The base lies one cycle up, so that
// a packet from before it does not go below zero.
func (r *reception) begin(now time.Time, h header) {
	r.settle()
	r.lost = r.lostTotal()
	r.ssrc, r.timestamp, r.at = h.ssrc, h.timestamp, now
	r.base = 1<<16 | uint64(h.sequence)
	r.highest, r.received, r.seen, r.resumes = r.base, 1, 1, noResume
	r.judged = r.base
}

// count places a sequence number before, among or after those that came.
func (r *reception) count(h header) {
	ahead := int(int16(h.sequence - uint16(r.highest)))
	switch {
	case ahead > 0 && ahead < maxDropout:
		if ahead > 1 || r.seen>>(patience-1) == 0 {
			r.judge(r.highest + uint64(ahead) - patience)
		}
		r.highest += uint64(ahead)
		r.seen = r.seen<<ahead | 1
		r.received++
	case ahead <= 0 && ahead > -maxMisorder:
		r.countLate(-ahead)
	case uint32(h.sequence) == r.resumes:
		// RFC 3550 A.1: "Two sequential packets -- assume that the other side
		// restarted without telling us".
		r.settle()
		r.lost = r.lostTotal()
		r.base = 1<<16 | uint64(h.sequence)
		r.highest, r.received, r.seen = r.base, 1, 1
		r.judged = r.base
	default:
		r.resumes = uint32(h.sequence + 1)
		return
	}
	r.resumes = noResume
}

// countLate counts a packet that came behind the highest one.
func (r *reception) countLate(behind int) {
	bit := uint64(1) << behind // 0 when behind the window
	if r.seen&bit != 0 {
		r.duplicates++
		return
	}
	r.seen |= bit
	r.reordered++
	r.received++
	r.base = min(r.base, r.highest-uint64(behind))
}

// delay takes a packet's delay into the jitter.
//
// RFC 3550 s6.4.1: "J(i) = J(i-1) + (|D(i-1,i)| - J(i-1))/16". Packets of one
// timestamp (a key's, a video frame's) were not sampled one after the other and
// say nothing.
func (r *reception) delay(now time.Time, timestamp, rate uint32) {
	sampled := int32(timestamp - r.timestamp)
	if sampled == 0 {
		return
	}
	r.step = uint16(sampled)
	d := now.Sub(r.at) - time.Duration(int64(sampled)*int64(time.Second)/int64(rate))
	r.timestamp, r.at = timestamp, now
	if d = d.Abs(); d < maxStep {
		r.jitter += int64(d) - (r.jitter+8)>>4
	}
}

func (r *reception) lostTotal() uint64 {
	if r.received == 0 {
		return r.lost
	}
	expected := r.highest - r.base + 1
	return r.lost + expected - min(expected, r.received)
}

func (r *reception) stream() Stream {
	return Stream{
		Packets:    r.packets,
		Octets:     r.octets,
		Lost:       r.lostTotal(),
		Duplicates: r.duplicates,
		Reordered:  r.reordered,
		Jitter:     time.Duration(r.jitter >> 4),
		SSRC:       r.ssrc,
		Last:       r.last,
	}
}
