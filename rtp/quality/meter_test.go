package quality

import (
	"math"
	"testing"
	"time"
)

var start = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// leg counts packets of 20 ms for a Meter.
type leg struct {
	m   Meter
	c   Counters
	now time.Time
	got []Interval
}

func newLeg(codec string) *leg {
	l := &leg{now: start, c: Counters{Codec: codec, Ptime: 20 * time.Millisecond}}
	l.m.Step(l.now, l.c)
	return l
}

// hears lets seconds pass in which each packet of so many is lost.
func (l *leg) hears(seconds, every int) {
	for range seconds {
		for i := range 50 {
			if every > 0 && i%every == every/2 {
				l.c.Losses.Lose(1)
				continue
			}
			l.c.Losses.Received(1)
			l.c.Received++
		}
		l.now = l.now.Add(time.Second)
		if i, ok := l.m.Step(l.now, l.c); ok {
			l.got = append(l.got, i)
		}
	}
}

func TestMeterOfAGoodCall(t *testing.T) {
	l := newLeg("PCMU")
	l.hears(12, 0)
	if len(l.got) != 2 {
		t.Fatalf("%d intervals in 12 s", len(l.got))
	}
	for i, v := range l.got {
		if v.From != start.Add(time.Duration(i)*IntervalLength) || v.To != v.From.Add(IntervalLength) {
			t.Errorf("interval %d from %v to %v", i, v.From, v.To)
		}
		if v.Received != 250 || v.Losses.Expected != 250 || v.Losses.Lost != 0 {
			t.Errorf("%+v", v)
		}
		if v.R < 92 || v.R > 93.3 || v.MOS < 4.38 || v.MOS > 4.42 || v.ListeningMOS < v.MOS {
			t.Errorf("R %.2f, MOS %.2f, listening %.2f", v.R, v.MOS, v.ListeningMOS)
		}
	}
	total := l.m.Total(l.now)
	if total.Received != 600 || total.From != start || total.To != l.now || l.m.Lowest() < 92 {
		t.Errorf("%+v", total)
	}
}

// TestMeterOfAnInterruption: one bad interval is seen as such, and in the total as what
// it is in the mean.
func TestMeterOfAnInterruption(t *testing.T) {
	l := newLeg("PCMA")
	l.hears(5, 0)
	l.c.Jitter, l.c.RoundTrip = 40*time.Millisecond, 300*time.Millisecond
	l.hears(5, 10)
	l.c.Jitter, l.c.RoundTrip = 2*time.Millisecond, 40*time.Millisecond
	l.hears(5, 0)
	good, bad, again := l.got[0], l.got[1], l.got[2]
	if bad.Losses.Lost != 25 || math.Abs(bad.Losses.Share()-0.1) > 1e-9 || bad.Losses.Bursts == 0 {
		t.Errorf("%+v", bad)
	}
	if bad.JitterMost != 40*time.Millisecond || bad.RoundTripMost != 300*time.Millisecond || again.JitterMost != 2*time.Millisecond {
		t.Errorf("bad %+v, again %+v", bad, again)
	}
	if bad.R > 65 || bad.MOS > 3.4 || again.R < 90 || good.R < 90 {
		t.Errorf("R %.1f, %.1f, %.1f", good.R, bad.R, again.R)
	}
	total := l.m.Total(l.now)
	if total.R <= bad.R || total.R >= good.R || l.m.Lowest() != bad.R || total.JitterMost != 40*time.Millisecond {
		t.Errorf("total R %.1f, lowest %.1f", total.R, l.m.Lowest())
	}
}

// TestMeterByHand: loss of 2 % by chance, 100 ms round trip, a buffer of 60 ms.
func TestMeterByHand(t *testing.T) {
	l := newLeg("G729")
	l.c.RoundTrip, l.c.Delay = 100*time.Millisecond, 60*time.Millisecond
	l.hears(5, 50)
	p := Defaults()
	p.Ie, p.Bpl, p.Ppl = 10, 19, 2
	near(t, "listening MOS", l.got[0].ListeningMOS, MOS(p.Rating()), 1e-9)
	p.T, p.Ta, p.Tr = 130, 130, 260
	near(t, "R", l.got[0].R, p.Rating(), 1e-9)
	near(t, "MOS", l.got[0].MOS, MOS(p.Rating()), 1e-9)
}

// TestMeterOfSilence: nothing is said of a leg of which nothing came.
func TestMeterOfSilence(t *testing.T) {
	l := newLeg("PCMU")
	for range 7 {
		l.now = l.now.Add(time.Second)
		if i, ok := l.m.Step(l.now, l.c); ok {
			l.got = append(l.got, i)
		}
	}
	if v := l.got[0]; v.R != 0 || v.MOS != 0 || v.ListeningMOS != 0 || l.m.Lowest() != 0 {
		t.Errorf("%+v", v)
	}
}

func TestQualityAsMetrics(t *testing.T) {
	l := newLeg("PCMU")
	l.c.RoundTrip, l.c.Delay, l.c.DelayCeiling = 80*time.Millisecond, 45*time.Millisecond, 200*time.Millisecond
	l.hears(5, 10)
	l.c.Discarded = 5
	l.now = l.now.Add(time.Second)
	l.m.Step(l.now, l.c)
	m := l.m.Total(l.now).Metrics(77, 20*time.Millisecond)
	q := l.m.Total(l.now).Quality
	if m.SSRC != 77 || m.LossRate != 20 || m.DiscardRate != 5 || m.Gmin != 16 || m.RoundTrip != 80 || m.Buffer != 45 || m.BufferCeiling != 200 {
		t.Errorf("%+v", m)
	}
	// The 25 losses are 10 apart and so one burst of 241 packets, 4.82 s.
	if m.BurstDensity != 25*256/241 || m.BurstDuration != 4820 || m.GapDensity != 0 {
		t.Errorf("%+v of %+v", m, q.Losses)
	}
	if math.Abs(float64(m.R)-q.R) > 0.5 || math.Abs(float64(m.ConversationalMOS)-10*q.MOS) > 0.5 || m.ListeningMOS < m.ConversationalMOS {
		t.Errorf("%+v of R %v, MOS %v", m, q.R, q.MOS)
	}
	if m.ExternalR != Unknown || m.Signal != Unknown || m.Noise != Unknown || m.EchoLoss != Unknown || m.Configuration != 0xF0 {
		t.Errorf("%+v", m)
	}
}

func TestStepDoesNotAllocate(t *testing.T) {
	l := newLeg("opus")
	if n := testing.AllocsPerRun(100, func() {
		l.c.Losses.Received(50)
		l.now = l.now.Add(time.Second)
		l.m.Step(l.now, l.c)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestSilence(t *testing.T) {
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	for _, c := range []struct {
		name           string
		story          func(s *Silence)
		step           int
		caller, callee bool
	}{
		{"both heard", func(s *Silence) { s.Answer(at(0)); s.Heard(Caller); s.Heard(Callee) }, 10, false, false},
		{"the callee is not", func(s *Silence) { s.Answer(at(0)); s.Heard(Caller) }, 5, false, true},
		{"the caller is not", func(s *Silence) { s.Answer(at(0)); s.Heard(Callee) }, 5, true, false},
		{"nobody is", func(s *Silence) { s.Answer(at(0)) }, 5, true, true},
		{"not yet", func(s *Silence) { s.Answer(at(0)) }, 4, false, false},
		{"not answered", func(*Silence) {}, 60, false, false},
		{"told already", func(s *Silence) { s.Answer(at(0)); s.Step(at(6)) }, 7, false, false},
		{"held", func(s *Silence) { s.Answer(at(0)); s.Heard(Caller); s.Rest(Callee) }, 60, false, false},
		{"held and resumed", func(s *Silence) {
			s.Answer(at(0))
			s.Heard(Caller)
			s.Heard(Callee)
			s.Rest(Callee)
			s.Expect(at(30), Callee)
		}, 35, false, true},
	} {
		var s Silence
		c.story(&s)
		if caller, callee := s.Step(at(c.step)); caller != c.caller || callee != c.callee {
			t.Errorf("%s: caller %v, callee %v", c.name, caller, callee)
		}
	}
}

func TestSilenceEnds(t *testing.T) {
	var s Silence
	s.Answer(start)
	if due := s.Due(); !due.Equal(start.Add(SilenceAfter)) {
		t.Errorf("due %v", due)
	}
	if s.Heard(Callee) {
		t.Error("the callee is heard at last, and was never told of")
	}
	s.Step(start.Add(SilenceAfter))
	if due := s.Due(); !due.IsZero() {
		t.Errorf("due %v with nothing to tell", due)
	}
	if !s.Heard(Caller) || s.Heard(Caller) {
		t.Error("the caller is heard at last, once")
	}
	if Caller.String() != "caller" || Callee.String() != "callee" {
		t.Error("names of sides")
	}
}
