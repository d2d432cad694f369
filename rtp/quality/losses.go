package quality

// Gmin is how many packets in a row must be received for what is lost before and
// after them not to be one burst.
//
// RFC 3611 s4.7.2 recommends 16: then at most every 17th packet is lost within a gap,
// which concealment still covers.
const Gmin = 16

// Losses sorts what became of each packet into bursts and gaps (RFC 3611 s4.7.2). It
// is told in the order of the sequence numbers.
//
// The zero value has been told nothing, with a Gmin of 16.
type Losses struct {
	// Expected is how many packets there should have been, Lost how many of them
	// did not come or came too late.
	Expected, Lost uint64
	// Bursts is how many bursts there were, Clustered how many packets they
	// took, received ones among them, and BurstLost how many of those were lost.
	Bursts, Clustered, BurstLost uint64
	// Runs is how often one or more packets were lost in a row.
	Runs uint64
	// since is how many were received since the last loss.
	since uint64
	// open is how many packets there were from the first to the last loss of what
	// may be a burst, openLost how many of them were lost.
	open, openLost uint64
}

// Received tells that n packets came, one after the other.
func (l *Losses) Received(n uint64) {
	l.Expected += n
	l.since += n
}

// Lose tells that n packets were lost, one after the other.
func (l *Losses) Lose(n uint64) {
	if n == 0 {
		return
	}
	if l.since > 0 || l.Lost == 0 {
		l.Runs++
	}
	l.Expected += n
	l.Lost += n
	l.extend(n)
	l.since = 0
}

// extend goes on with a burst, or begins what may become one.
//
// RFC 3611 s4.7.2: a burst is the longest sequence that begins and ends with a lost or
// discarded packet and within which nowhere Gmin packets in a row are received. A
// packet in a gap that is lost has Gmin received ones on both sides: one that is lost
// alone is therefore part of a gap. Before the first packet and behind the last all
// are taken to have been received.
func (l *Losses) extend(n uint64) {
	before, lostBefore := l.open, l.openLost
	if l.since >= Gmin || l.openLost == 0 {
		l.open, l.openLost, before, lostBefore = n, n, 0, 0
	} else {
		l.open, l.openLost = l.open+l.since+n, l.openLost+n
	}
	switch {
	case l.openLost < 2:
	case lostBefore < 2:
		l.Bursts++
		l.Clustered += l.open
		l.BurstLost += l.openLost
	default:
		l.Clustered += l.open - before
		l.BurstLost += l.openLost - lostBefore
	}
}

// Since is what was added since an earlier state of the same.
func (l Losses) Since(before Losses) Losses {
	return Losses{
		Expected: l.Expected - before.Expected, Lost: l.Lost - before.Lost,
		Bursts: l.Bursts - before.Bursts, Clustered: l.Clustered - before.Clustered,
		BurstLost: l.BurstLost - before.BurstLost, Runs: l.Runs - before.Runs,
	}
}

// Share is the share of packets that was lost, 0 to 1.
func (l Losses) Share() float64 { return ratio(l.Lost, l.Expected) }

// BurstDensity is the share that was lost of the packets in bursts, 0 to 1.
func (l Losses) BurstDensity() float64 { return ratio(l.BurstLost, l.Clustered) }

// GapDensity is the share that was lost of the packets in gaps, 0 to 1.
func (l Losses) GapDensity() float64 {
	return ratio(l.Lost-l.BurstLost, l.Expected-l.Clustered)
}

// BurstLength is how many packets a burst takes in the mean; 0 without any.
func (l Losses) BurstLength() float64 { return ratio(l.Clustered, l.Bursts) }

// GapLength is how many packets a gap takes in the mean. There is one before, between
// and after the bursts.
func (l Losses) GapLength() float64 { return ratio(l.Expected-l.Clustered, l.Bursts+1) }

// BurstRatio is BurstR of ITU-T G.107: how long the runs of lost packets are, divided
// by how long they would be if each packet were lost by chance. It is 1 then, and
// more when losses come together; less is not rated and is 1 too.
func (l Losses) BurstRatio() float64 {
	if l.Runs == 0 {
		return 1
	}
	return max(1, ratio(l.Lost, l.Runs)*(1-l.Share()))
}

func ratio(a, b uint64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
