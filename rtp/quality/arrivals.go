package quality

// patience is by how many numbers a packet may come late and still be received.
const patience = 64

// farAway is which step of the sequence number is no loss but another row (RFC 3550
// A.1, MAX_DROPOUT).
const farAway = 3000

// Arrivals makes losses of the sequence numbers of a stream as they come. A number
// is judged when one 64 higher has come.
//
// The zero value has received nothing.
type Arrivals struct {
	losses Losses
	// seen has a bit for each of the last 64 numbers, the highest one's being bit 0;
	// pending is how many of them count.
	seen    uint64
	pending int
	ssrc    uint32
	highest uint16
	begun   bool
}

// Add takes a packet. It does not allocate.
func (a *Arrivals) Add(ssrc uint32, sequence uint16) {
	ahead := int(int16(sequence - a.highest))
	switch {
	case !a.begun || ssrc != a.ssrc || ahead >= farAway || ahead <= -farAway:
		a.settle()
		a.begun, a.ssrc, a.highest, a.seen, a.pending = true, ssrc, sequence, 1, 1
	case ahead > 0:
		a.advance(ahead)
		a.highest, a.seen = sequence, a.seen|1
	case -ahead < a.pending:
		a.seen |= 1 << -ahead
	}
}

// advance judges the numbers that leave the window when it moves up.
func (a *Arrivals) advance(n int) {
	for ; n > 0; n-- {
		if a.pending == patience {
			a.judge(patience - 1)
			a.pending--
		}
		a.seen <<= 1
		a.pending++
	}
}

func (a *Arrivals) judge(bit int) {
	if a.seen>>bit&1 != 0 {
		a.losses.Received(1)
		return
	}
	a.losses.Lose(1)
}

// settle judges all that is in the window.
func (a *Arrivals) settle() {
	for ; a.pending > 0; a.pending-- {
		a.judge(a.pending - 1)
	}
}

// Losses is what was lost so far, without the last numbers, which may still come.
func (a *Arrivals) Losses() Losses { return a.losses }

// Final is what was lost when nothing comes any more.
func (a *Arrivals) Final() Losses {
	final := *a
	final.settle()
	return final.losses
}
