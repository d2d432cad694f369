package jitter

import "time"

// Bounds of a row of sequence numbers (RFC 3550 A.1).
const (
	// maxDropout is the largest gap that still counts as loss.
	maxDropout = 3000
	// maxMisorder is how far behind a packet may come to be just late.
	maxMisorder = 100
	// farewell is for how long packets of the SSRC before are still expected on
	// the way and not taken for another change.
	farewell = 200 * time.Millisecond
)

// verdict is where a packet belongs.
type verdict uint8

const (
	// follows: it is the newest one of its row.
	follows verdict = iota
	// behind: a newer one has come before it.
	behind
	// begins: it is the first of another row, which follows the last.
	begins
	// stray: it belongs nowhere.
	stray
)

// noResume is no sequence number.
const noResume = 1 << 16

// numbering makes one row of numbers of the sequence numbers of a stream, of
// those of the next SSRC, and of those after a restart.
//
// The zero value has seen nothing.
type numbering struct {
	// highest is the newest packet's number, first that of its row's first one.
	highest, first int64
	changed        time.Time
	ssrc, former   uint32
	// resumes is the sequence number that would show that a wild jump is the new
	// order.
	resumes uint32
	// sequence is the newest packet's sequence number.
	sequence uint16
	begun    bool
}

// place gives the number of a packet.
func (n *numbering) place(now time.Time, ssrc uint32, sequence uint16) (int64, verdict) {
	switch {
	case !n.begun:
		return n.begin(ssrc, sequence), begins
	case ssrc != n.ssrc:
		return n.change(now, ssrc, sequence)
	}
	ahead := int64(int16(sequence - n.sequence))
	switch {
	case ahead > 0 && ahead < maxDropout:
		n.highest, n.sequence, n.resumes = n.highest+ahead, sequence, noResume
		return n.highest, follows
	case ahead <= 0 && ahead > -maxMisorder:
		return n.highest + ahead, n.before(n.highest + ahead)
	}
	return n.jump(sequence)
}

// before tells packets of the row from those that were sent before its first one,
// whose numbers another row has.
func (n *numbering) before(number int64) verdict {
	if number < n.first {
		return stray
	}
	return behind
}

// jump is a sequence number far away.
//
// RFC 3550 A.1: "Two sequential packets -- assume that the other side restarted
// without telling us so just re-sync".
func (n *numbering) jump(sequence uint16) (int64, verdict) {
	if uint32(sequence) == n.resumes {
		return n.begin(n.ssrc, sequence), begins
	}
	n.resumes = uint32(sequence + 1)
	return 0, stray
}

// change is another SSRC.
func (n *numbering) change(now time.Time, ssrc uint32, sequence uint16) (int64, verdict) {
	if ssrc == n.former && !n.changed.IsZero() && now.Sub(n.changed) < farewell {
		return 0, stray
	}
	n.former, n.changed = n.ssrc, now
	return n.begin(ssrc, sequence), begins
}

func (n *numbering) begin(ssrc uint32, sequence uint16) int64 {
	n.highest++
	n.first, n.ssrc, n.sequence, n.resumes, n.begun = n.highest, ssrc, sequence, noResume, true
	return n.highest
}
