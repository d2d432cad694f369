package quality

import "time"

// IntervalLength is how often a Meter gives an Interval.
const IntervalLength = 5 * time.Second

// Counters is what was counted of one leg since its beginning. Its counts never go back.
type Counters struct {
	// Received counts packets, duplicates not among them; Duplicates and Reordered
	// as in rtp.Stream.
	Received, Duplicates, Reordered uint64
	// Losses is what did not come (Arrivals) or was not played (a jitter buffer, whose
	// Discarded came too late and are among Losses.Lost).
	Losses    Losses
	Discarded uint64
	// Jitter is the interarrival jitter now (RFC 3550 s6.4.1).
	Jitter time.Duration
	// RoundTrip is the latest; 0 when it is not known.
	RoundTrip time.Duration
	// Delay is what the jitter buffer adds now, DelayCeiling the most that it may. 0
	// where packets are passed on as they come.
	Delay, DelayCeiling time.Duration
	// Ptime is how long a packet sounds; it is part of the delay.
	Ptime time.Duration
	// Codec is the name of a=rtpmap.
	Codec string
}

// Quality is how a leg was heard over some time: plain values, for events and
// records.
type Quality struct {
	// Received, Duplicates, Reordered and Discarded count packets, Losses those that
	// were expected and lost, in bursts and gaps.
	Received, Duplicates, Reordered, Discarded uint64
	Losses                                     Losses
	// Jitter is the mean of what was measured, JitterMost the highest.
	Jitter, JitterMost time.Duration
	// RoundTrip is the mean of the known ones, RoundTripMost the highest.
	RoundTrip, RoundTripMost time.Duration
	// Delay is the mean of what the jitter buffer added, DelayMost the highest and
	// DelayCeiling the most that it may.
	Delay, DelayMost, DelayCeiling time.Duration
	// R is the rating of ITU-T G.107, 0 to 93.2. MOS is the conversational mean
	// opinion score, 1 to 4.41; ListeningMOS is that without what delay does. All
	// are 0 when nothing was expected: nothing can be said of silence.
	R, MOS, ListeningMOS float64
	// Codec is what it was rated as.
	Codec string
}

// Interval is the quality from one time to another.
type Interval struct {
	From, To time.Time
	Quality
}

// Meter makes intervals and totals of counters.
//
// The zero value has no interval running; the first Step begins one.
type Meter struct {
	begun, from time.Time
	// before is where the interval began, first where the Meter did.
	before, first Counters
	now           Counters
	// interval and total are what cannot be told from counters.
	interval, total samples
	// lowest is the lowest rating of an interval.
	lowest float64
}

// samples are sums and peaks of values that are read.
type samples struct {
	jitter, trip, delay series
}

// series is a sum, a count and a peak.
type series struct {
	sum, most time.Duration
	count     int
}

func (s *series) add(d time.Duration) {
	s.sum += d
	s.most = max(s.most, d)
	s.count++
}

func (s series) mean() time.Duration {
	if s.count == 0 {
		return 0
	}
	return s.sum / time.Duration(s.count)
}

func (s *samples) add(c Counters) {
	s.jitter.add(c.Jitter)
	s.delay.add(c.Delay)
	if c.RoundTrip > 0 {
		s.trip.add(c.RoundTrip)
	}
}

// Step takes the counters as they are now, once a second or so. When five seconds are
// over it gives their interval, and true.
func (m *Meter) Step(now time.Time, c Counters) (Interval, bool) {
	if m.begun.IsZero() {
		m.begun, m.from, m.before, m.first, m.now = now, now, c, c, c
		return Interval{}, false
	}
	m.now = c
	m.interval.add(c)
	m.total.add(c)
	if now.Sub(m.from) < IntervalLength {
		return Interval{}, false
	}
	done := Interval{m.from, now, quality(m.before, c, m.interval)}
	if done.R > 0 && (m.lowest == 0 || done.R < m.lowest) {
		m.lowest = done.R
	}
	m.from, m.before, m.interval = now, c, samples{}
	return done, true
}

// Total is the quality from the first Step to the last.
func (m *Meter) Total(now time.Time) Interval {
	return Interval{m.begun, now, quality(m.first, m.now, m.total)}
}

// Lowest is the lowest R of all intervals in which anything was expected; 0 without
// any.
func (m *Meter) Lowest() float64 { return m.lowest }

// quality is what was counted between two states.
func quality(from, to Counters, s samples) Quality {
	q := Quality{
		Received: to.Received - from.Received, Duplicates: to.Duplicates - from.Duplicates,
		Reordered: to.Reordered - from.Reordered, Discarded: to.Discarded - from.Discarded,
		Losses: to.Losses.Since(from.Losses),
		Jitter: s.jitter.mean(), JitterMost: s.jitter.most,
		RoundTrip: s.trip.mean(), RoundTripMost: s.trip.most,
		Delay: s.delay.mean(), DelayMost: s.delay.most, DelayCeiling: to.DelayCeiling,
		Codec: to.Codec,
	}
	q.rate(to.Ptime)
	return q
}

// discardShare is the share of packets that came too late, 0 to 1.
func (q Quality) discardShare() float64 { return ratio(q.Discarded, q.Losses.Expected) }

// rate sets R and MOS. Where packets are passed on as they come, the listener's own
// jitter buffer is taken to hold twice the jitter.
func (q *Quality) rate(ptime time.Duration) {
	if q.Losses.Expected == 0 {
		return
	}
	codec := ImpairmentOf(q.Codec)
	p := Defaults()
	p.Ie, p.Bpl, p.Ppl, p.BurstR = codec.Ie, codec.Bpl, 100*q.Losses.Share(), q.Losses.BurstRatio()
	q.ListeningMOS = MOS(p.Rating())
	buffered := q.Delay
	if buffered == 0 {
		buffered = 2 * q.Jitter
	}
	p.T = float64(q.RoundTrip/2+buffered+ptime) / float64(time.Millisecond)
	p.Ta, p.Tr = p.T, 2*p.T
	q.R = max(0, p.Rating())
	q.MOS = MOS(q.R)
}
