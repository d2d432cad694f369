package rtp

import (
	"math/rand/v2"
	"time"
)

// pair is an even port for RTP and the odd one above it for RTCP.
//
// RFC 3550 s11: "RTP SHOULD use an even destination port number and the
// corresponding RTCP stream SHOULD use the next higher (odd) destination port
// number."
type pair uint16

func (p pair) rtp() uint16  { return uint16(p) }
func (p pair) rtcp() uint16 { return uint16(p) + 1 }

// ports hands out the pairs of a range: a queue in which a pair that is given
// back goes to the end and stays for the quarantine, so that late packets of an
// old call do not reach a new one. The queue begins in random order: the next
// port is nobody's guess.
type ports struct {
	quarantine time.Duration
	// queue is a ring of the free pairs, the longest unused one at first.
	queue       []resting
	first, free int
	inUse       int
}

// resting is a free pair and the time from which it may be used.
type resting struct {
	pair  pair
	until time.Time
}

// newPorts makes the pairs that fit between two ports, both included.
func newPorts(first, last uint16, quarantine time.Duration) *ports {
	p := &ports{quarantine: quarantine}
	for n := (int(first) + 1) &^ 1; n+1 <= int(last); n += 2 {
		p.queue = append(p.queue, resting{pair: pair(n)})
	}
	rand.Shuffle(len(p.queue), func(i, j int) { p.queue[i], p.queue[j] = p.queue[j], p.queue[i] })
	p.free = len(p.queue)
	return p
}

// take gives a pair; false when all are in use or in quarantine.
func (p *ports) take(now time.Time) (pair, bool) {
	if p.free == 0 || now.Before(p.queue[p.first].until) {
		return 0, false
	}
	taken := p.queue[p.first].pair
	p.first = (p.first + 1) % len(p.queue)
	p.free--
	p.inUse++
	return taken, true
}

// put gives a pair back, after use or because somebody else has the port.
func (p *ports) put(now time.Time, back pair) {
	p.queue[(p.first+p.free)%len(p.queue)] = resting{back, now.Add(p.quarantine)}
	p.free++
	p.inUse--
}
