package rtp

import (
	"net/netip"
	"slices"
	"time"
)

// What it takes to be believed.
const (
	// runLength is how many packets in a row a source at an unexpected address
	// must send: at 20 ms a packet, 80 ms are lost when a phone sits behind NAT.
	runLength = 4
	// strangerRunLength is the same for an address that is not the signalling's,
	// where that is known.
	strangerRunLength = 16
	// latchSilence is how long the source must be silent before another one of
	// the same address may follow it.
	latchSilence = 5 * time.Second
	// branchSilence is the same for the branches of a fork, of which one after the other
	// may send early media.
	branchSilence = 300 * time.Millisecond
	// reportSilence is the same for RTCP, which comes every 5 s or less often
	// (RFC 3550 s6.2).
	reportSilence = 15 * time.Second
	// latchRuns is how many sources are followed at a time.
	latchRuns = 8
	// runStale is how long a run that does not grow keeps its place.
	runStale = 250 * time.Millisecond
)

// latchState is what a latch is at:
//
//	          expect          the expected address,
//	unset --------------> open ----------------------> locked --+
//	                       ^  or a run from elsewhere  |  ^     | after 5 s of silence:
//	                       |                           |  |     | the expected address,
//	                       +---------------------------+  +-----+ or a run of the same IP
//	                         expect, another address
//
// While an INVITE is forked the newest branch that sends has the lock.
type latchState uint8

const (
	latchUnset latchState = iota
	latchOpen
	latchLocked
)

// latch decides whose packets are believed: symmetric RTP (RFC 4961) towards
// parties that do not know their own address (RFC 7362 calls it latching).
//
// The address that SDP announced locks with its first packet. Any other must
// first send a run: packets of one SSRC, with negotiated payload types, whose
// sequence numbers follow each other. The first source that has one wins and is
// the only one heard, also if a second is just as good. Which addresses get
// along with a short run is told by the hint, where the signalling comes from:
// behind NAT the media nearly always comes from there too.
//
// Somebody who sprays packets can therefore neither take over a stream that has
// locked nor, while it has not, keep the right one out: runs have their own
// places, a run that does not grow loses its place after 250 ms, and the hinted
// address takes the place of another.
//
// The zero value is unset and believes nobody.
type latch struct {
	state latchState
	// expected is what SDP announced; not valid when it announced none.
	expected netip.AddrPort
	hint     netip.Addr
	// branches are what older branches of a forked INVITE announced, mostly none.
	branches []netip.AddrPort
	// source is who is believed, and heard when it was last heard.
	source netip.AddrPort
	heard  time.Time
	// runs are those who would be believed; nil while there are none.
	runs *[latchRuns]run
}

// run is how far an unexpected source has come.
type run struct {
	from   netip.AddrPort
	ssrc   uint32
	next   uint16
	length uint16
	grown  time.Time
}

// expect sets what SDP announced. An address that differs from the last one
// opens the latch; the same one, as in a session refresh, leaves it as it is, and so
// does one of a further branch, which need not send, and none at all: who holds with
// c=0.0.0.0 goes on sending from where it was.
func (l *latch) expect(address netip.AddrPort, hint netip.Addr, branches []netip.AddrPort) {
	l.hint, l.branches = hint, branches
	if l.state != latchUnset && (address == l.expected || !address.IsValid()) {
		return
	}
	if l.state == latchLocked && len(branches) > 0 {
		l.expected = address
		return
	}
	l.state, l.expected, l.runs = latchOpen, address, nil
	l.source = netip.AddrPort{}
}

// step judges a packet that has a valid header and a negotiated payload type.
func (l *latch) step(now time.Time, from netip.AddrPort, h header) bool {
	switch {
	case l.state == latchUnset || !from.IsValid():
		return false
	case l.state == latchLocked && from == l.source:
		l.heard = now
		if l.runs != nil {
			l.runs = nil
		}
		return true
	case l.state == latchLocked && l.branchFollows(now, from):
		return l.lock(now, from)
	case l.state == latchLocked && now.Sub(l.heard) < latchSilence:
		return false
	case from == l.expected:
		return l.lock(now, from)
	}
	needed := l.needed(from.Addr())
	if needed == 0 || l.follow(now, from, h) < needed {
		return false
	}
	return l.lock(now, from)
}

// considers tells whether a packet from an address could count for anything, were it
// authentic: what step asks before it looks at the packet.
func (l *latch) considers(now time.Time, from netip.AddrPort) bool {
	switch {
	case l.state == latchUnset || !from.IsValid():
		return false
	case l.state == latchOpen || from == l.source || l.branchFollows(now, from):
		return true
	}
	return now.Sub(l.heard) >= latchSilence && (from == l.expected || l.needed(from.Addr()) > 0)
}

// branchFollows says whether another branch of a fork is heard from here on: a newer one
// at once, an older one when this one has fallen silent.
func (l *latch) branchFollows(now time.Time, from netip.AddrPort) bool {
	if len(l.branches) == 0 {
		return false
	}
	at := l.branch(from)
	return at >= 0 && (at > l.branch(l.source) || now.Sub(l.heard) >= branchSilence)
}

// branch counts the branches from the oldest; -1 is none.
func (l *latch) branch(a netip.AddrPort) int {
	if a == l.expected {
		return len(l.branches)
	}
	return slices.Index(l.branches, a)
}

func (l *latch) lock(now time.Time, from netip.AddrPort) bool {
	l.state, l.source, l.heard, l.runs = latchLocked, from, now, nil
	return true
}

// needed is the length of the run that an address must show; 0 when none will
// do: a source that has gone silent is followed only within its own address or
// to the signalling's.
func (l *latch) needed(a netip.Addr) uint16 {
	switch {
	case a == l.hint || l.state == latchLocked && a == l.source.Addr():
		return runLength
	case l.state == latchLocked:
		return 0
	case l.hint.IsValid():
		return strangerRunLength
	}
	return runLength
}

// follow takes a packet into its run and gives the run's length; 0 when there
// is no place for it.
func (l *latch) follow(now time.Time, from netip.AddrPort, h header) uint16 {
	if l.runs == nil {
		l.runs = new([latchRuns]run)
	}
	r := l.known(from, h.ssrc)
	if r == nil {
		r = l.place(now, from.Addr())
		if r == nil {
			return 0
		}
		*r = run{from: from, ssrc: h.ssrc, next: h.sequence, grown: now}
	}
	switch h.sequence {
	case r.next:
		r.length, r.next, r.grown = r.length+1, h.sequence+1, now
	case r.next - 1: // A duplicate proves nothing and breaks nothing.
	default:
		r.length, r.next = 1, h.sequence+1
	}
	return r.length
}

func (l *latch) known(from netip.AddrPort, ssrc uint32) *run {
	for i := range l.runs {
		if r := &l.runs[i]; r.length > 0 && r.ssrc == ssrc && r.from == from {
			return r
		}
	}
	return nil
}

// place finds room for a new run: a place that is free or stale, or, for the
// hinted address, the shortest run of another.
func (l *latch) place(now time.Time, a netip.Addr) *run {
	var weakest *run
	for i := range l.runs {
		r := &l.runs[i]
		if r.length == 0 || now.Sub(r.grown) > runStale {
			return r
		}
		if r.from.Addr() != l.hint && (weakest == nil || r.length < weakest.length) {
			weakest = r
		}
	}
	if a == l.hint {
		return weakest
	}
	return nil
}

// destination is where packets are sent: to the source that is believed, and
// until there is one to the address that SDP announced. It is not valid when
// there is neither.
func (l *latch) destination() netip.AddrPort {
	if l.state == latchLocked {
		return l.source
	}
	return l.expected
}

// reportLatch is the latch of an RTCP port. Its packets have no sequence
// numbers to make a run of, so it relies on that of RTP: the announced address
// is believed, and the IP address from which RTP is received.
type reportLatch struct {
	expected netip.AddrPort
	source   netip.AddrPort
	heard    time.Time
}

func (l *reportLatch) expect(address netip.AddrPort) {
	if address != l.expected {
		*l = reportLatch{expected: address}
	}
}

// step judges a valid RTCP packet; media is the latch of the RTP port.
func (l *reportLatch) step(now time.Time, from netip.AddrPort, media *latch) bool {
	if !l.considers(now, from, media) {
		return false
	}
	l.source, l.heard = from, now
	return true
}

// considers is step before the packet is known to be valid.
func (l *reportLatch) considers(now time.Time, from netip.AddrPort, media *latch) bool {
	locked := l.source.IsValid() && now.Sub(l.heard) < reportSilence
	byMedia := media.state == latchLocked && from.Addr() == media.source.Addr()
	return from.IsValid() && (from == l.source || !locked && (from == l.expected || byMedia))
}

func (l *reportLatch) destination() netip.AddrPort {
	if l.source.IsValid() {
		return l.source
	}
	return l.expected
}
