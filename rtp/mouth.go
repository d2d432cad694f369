package rtp

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tandem-gateway/tandem/rtp/codec"
)

// The bounds of what is sent in one packet.
const (
	shortestPacket = 10 * time.Millisecond
	longestPacket  = 60 * time.Millisecond
	// maxPayload is what fits into a packet that no network splits.
	maxPayload = 1400
)

// mouth is how a far end is spoken to with sound that is made here: the codec that it
// likes best, packets as long as it wishes, and a stream of their own, which
// continuity joins on to what came before. It is kept while the far end hears such
// sound, whoever makes it, so that an encoder with a memory goes on where it was.
//
// The lock is also that of the transcoder that speaks through it.
type mouth struct {
	payload Payload
	// rate is that of the sound, in Hz; ptime how long packets are to be, 0 for as
	// long as those of the source.
	rate  int
	ptime time.Duration

	mu      sync.Mutex
	encoder codec.Encoder
	shape   codec.Shape
	// by is who spoke last.
	by *source
	// next is the header of the next packet.
	next header
	// length is that of the source's packets which frame was made for: how many values
	// a packet has.
	length time.Duration
	frame  int
	// pending is sound that is no whole packet yet. owed is by how much time has gone
	// on, in ticks, to complete one before its sound was there.
	pending []int16
	owed    uint32
	stereo  []int16
	packet  [headerSize + maxPayload]byte
}

func newMouth(p *Payload, rate int, ptime time.Duration) (*mouth, error) {
	e, err := codec.NewEncoder(p.format(), codec.Options{Rate: rate, Channels: 1})
	if err != nil {
		return nil, err
	}
	m := &mouth{payload: *p, rate: rate, ptime: ptime, encoder: e, shape: e.Shape()}
	m.packet[0] = 2 << 6
	m.next = header{
		ssrc:      rand.Uint32(),
		timestamp: rand.Uint32(),
		sequence:  uint16(rand.Uint32()),
		number:    p.Number,
		marker:    true,
		begin:     headerSize,
	}
	return m, nil
}

// mouthFor gives the mouth that there is, if it is what a far end wants, or another
// one.
func mouthFor(old *mouth, p *Payload, rate int, ptime time.Duration) (*mouth, error) {
	if old.fits(p, rate, ptime) {
		return old, nil
	}
	return newMouth(p, rate, ptime)
}

// leastOpusRate is the least rate at which Opus is encoded. Its narrow band is made for
// speech alone: a steady tone is 10 dB above the rest of what comes out of it, and 25 dB in
// the wide band, which costs some 30 µs a frame more.
const leastOpusRate = 16000

// mouthRate is the rate at which a payload is encoded: Opus has the choice, and no use
// for more than the sound has.
func mouthRate(p *Payload, sound int) int {
	if p.Codec.isOpus() {
		return min(rateOf(p), max(sound, leastOpusRate))
	}
	return rateOf(p)
}

// fits tells whether a mouth is what a far end wants.
func (m *mouth) fits(p *Payload, rate int, ptime time.Duration) bool {
	return m != nil && m.payload == *p && m.rate == rate && m.ptime == ptime
}

// path is a listener's path from what speaks through the mouth: the sound, and what it
// takes beside it.
func (m *mouth) path(from *source, to listener, taken []Payload) *path {
	way := &path{from: from, to: to}
	way.rewrites = append(way.inline[:0], as(&m.payload))
	if keys := m.keys(taken); keys != nil {
		way.rewrites = append(way.rewrites, as(keys))
	}
	for i := range taken {
		if p := &taken[i]; p.Codec.isComfort() && p.Codec.Rate == m.payload.Codec.Rate {
			way.rewrites = append(way.rewrites, as(p))
			break
		}
	}
	return way
}

// as is a payload that is made with the listener's number.
func as(p *Payload) rewrite { return rewrite{p.Number, p.Number, p.Codec.Rate, &p.Codec} }

// keys is the payload in which a listener takes keys beside the sound; nil when there
// is none.
func (m *mouth) keys(taken []Payload) *Payload { return keysIn(taken, m.payload.Codec.Rate) }

// turn says who speaks from now on. What the one before has left unfinished is not
// sent.
func (m *mouth) turn(by *source) {
	if m.by != by {
		m.by, m.pending, m.owed, m.next.marker = by, m.pending[:0], 0, true
	}
}

// say sends sound, as many packets as there are whole; the rest waits for more. length
// is how long the source's packets are.
func (m *mouth) say(now time.Time, way *path, pcm []int16, length time.Duration) {
	if m.shape.Channels == 2 {
		pcm = m.double(pcm)
	}
	if len(m.pending) == 0 {
		m.measure(length)
	}
	m.owed = 0
	for len(m.pending)+len(pcm) >= m.frame {
		if len(m.pending) == 0 {
			m.send(now, way, pcm[:m.frame])
			pcm = pcm[m.frame:]
			continue
		}
		n := m.frame - len(m.pending)
		m.pending = append(m.pending, pcm[:n]...)
		m.send(now, way, m.pending)
		m.pending, pcm = m.pending[:0], pcm[n:]
	}
	m.pending = append(m.pending, pcm...)
}

// double makes two channels of one.
func (m *mouth) double(pcm []int16) []int16 {
	m.stereo = slice(m.stereo, 2*len(pcm))
	for i, x := range pcm {
		m.stereo[2*i], m.stereo[2*i+1] = x, x
	}
	return m.stereo
}

// measure settles how long packets are: as the far end wishes, else as the source's.
func (m *mouth) measure(length time.Duration) {
	if m.ptime > 0 {
		length = m.ptime
	}
	length = min(max(length, shortestPacket), longestPacket)
	if length == m.length {
		return
	}
	m.length = length
	m.frame = m.encoder.Frame(length)
	for strings.EqualFold(m.payload.Codec.Name, "L16") && 2*m.frame > maxPayload {
		length /= 2
		m.frame = m.encoder.Frame(length)
	}
}

// send encodes a packet and sends it. Where a codec has nothing to send time goes on
// all the same, and the marker says where sound does.
//
// RFC 3551 s4.1: "The first packet of a talkspurt, that is, the first packet after
// a silence period during which packets have not been transmitted contiguously,
// SHOULD be distinguished by setting the marker bit".
func (m *mouth) send(now time.Time, way *path, pcm []int16) {
	n, _ := m.encoder.Encode(m.packet[headerSize:], pcm)
	m.pass(now, way, m.packet[:], n)
}

// pass sends what has been encoded as the next packet, n octets behind room for its header;
// 0 is nothing to send.
func (m *mouth) pass(now time.Time, way *path, packet []byte, n int) {
	if n > 0 {
		m.emit(now, way, m.next, packet[:headerSize+n])
	} else {
		m.next.marker = true
	}
	m.next.timestamp += m.shape.Ticks(m.frame)
}

// emit sends a packet, whose header is still to be written.
func (m *mouth) emit(now time.Time, way *path, h header, packet []byte) {
	h.end = uint16(len(packet))
	m.next.sequence++
	m.next.marker = false
	way.to.hear(now, way, h, packet)
}

// isEven tells whether each packet is 20 ms, all of what is said at once.
func (m *mouth) isEven() bool {
	return len(m.pending) == 0 && m.length == framePeriod && m.frame == m.rate/50
}

// accompany sends a packet that goes along with the sound, under a number and a
// timestamp of its own.
func (m *mouth) accompany(now time.Time, way *path, h header, payload []byte) {
	n := copy(m.packet[headerSize:], payload)
	h.ssrc, h.sequence, h.begin = m.next.ssrc, m.next.sequence, headerSize
	marker := m.next.marker
	m.emit(now, way, h, m.packet[:headerSize+n])
	m.next.marker = marker
}

// flush sends what is pending, filled up with silence: what comes next is not sound.
func (m *mouth) flush(now time.Time, way *path) {
	if n := len(m.pending); n > 0 {
		m.fill(now, way, m.frame-n)
		m.owed = m.shape.Ticks(m.frame - n)
	}
}

// fill adds silence to what is pending, no more than makes a packet of it.
func (m *mouth) fill(now time.Time, way *path, values int) {
	n := len(m.pending)
	m.pending = slices.Grow(m.pending, values)[:n+values]
	clear(m.pending[n:])
	if len(m.pending) == m.frame {
		m.send(now, way, m.pending)
		m.pending = m.pending[:0]
	}
}

// pause lets time go on without sound, in ticks of the codec's clock.
func (m *mouth) pause(now time.Time, way *path, ticks uint32) {
	if n := len(m.pending); n > 0 {
		values := min(m.frame-n, m.shape.Values(ticks))
		m.fill(now, way, values)
		ticks -= m.shape.Ticks(values)
	}
	paid := min(m.owed, ticks)
	m.owed -= paid
	if ticks -= paid; ticks > 0 && len(m.pending) == 0 {
		m.next.timestamp += ticks
		m.next.marker = true
	}
}

func (m *mouth) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.encoder.Close()
}
