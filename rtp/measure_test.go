package rtp

import (
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/tandem-gateway/tandem/rtp/quality"
)

// TestLossesAreThoseOfArrivals: what reception notes of a pattern is what quality.Arrivals
// would, which is told of each packet: with loss, reordering, duplicates, wraps and new
// SSRCs.
func TestLossesAreThoseOfArrivals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r reception
		var a quality.Arrivals
		sequence, ssrc := rapid.Uint16().Draw(t, "first"), uint32(1)
		take := func(n uint16) {
			r.add(start, header{ssrc: ssrc, sequence: n}, 172, 8000)
			a.Add(ssrc, n)
		}
		take(sequence)
		for range rapid.IntRange(1, 400).Draw(t, "packets") {
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0:
				sequence += uint16(rapid.IntRange(2, 200).Draw(t, "lost"))
			case 1:
				take(sequence + 2) // overtaken
				sequence++
			case 2:
				take(sequence) // twice
				continue
			case 3:
				ssrc++
				sequence = rapid.Uint16().Draw(t, "anew")
			default:
				sequence++
			}
			take(sequence)
		}
		if got, want := r.lossesNow(), a.Losses(); got != want {
			t.Fatalf("meanwhile\n%+v, want\n%+v", got, want)
		}
		if got, want := r.lossesInAll(), a.Final(); got != want {
			t.Fatalf("in all\n%+v, want\n%+v", got, want)
		}
	})
}

// send sends packets of 20 ms to a session for some time; lost says which do not come.
func (s *speaker) send(now time.Time, d time.Duration, lost func(n int) bool) time.Time {
	for n := range int(d / framePeriod) {
		if lost != nil && lost(n) {
			s.sequence++
			s.timestamp += 160
			now = now.Add(framePeriod)
			continue
		}
		now = s.say(now, 1)
	}
	return now
}

// TestMOSOfLosses: by G.107 with G.711's Ie 0 and Bpl 25.1, a loss of 2 % costs 7 points of R,
// and what comes in bursts costs more, the more so the higher it is.
func TestMOSOfLosses(t *testing.T) {
	for _, c := range []struct {
		name     string
		lost     func(n int) bool
		least    float64
		most     float64
		clusters bool
		ratio    float64
	}{
		{"none", nil, 4.35, 4.41, false, 1},
		{"2 %, each by itself", func(n int) bool { return n%50 == 25 }, 4.1, 4.3, false, 1},
		{"2 % in bursts of ten", func(n int) bool { return n%500 >= 100 && n%500 < 110 }, 4.1, 4.25, true, 9.8},
		{"10 %, each by itself", func(n int) bool { return n%10 == 5 }, 2.9, 3.6, true, 1},
		{"10 % in bursts of fifty", func(n int) bool { return n%500 >= 100 && n%500 < 150 }, 2.75, 2.9, true, 45},
		{"a third", func(n int) bool { return n%3 == 1 }, 1.2, 2.6, true, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, a, _, alice, _ := pairUp(t)
			a.Measure(start)
			end := alice.send(start, time.Minute, c.lost)
			q := a.Quality(end)
			if q.MOS < c.least || q.MOS > c.most {
				t.Errorf("MOS %.2f with %.1f %% lost, want %v to %v", q.MOS, 100*q.Losses.Share(), c.least, c.most)
			}
			if clusters := q.Losses.Bursts > 0; clusters != c.clusters {
				t.Errorf("%d bursts", q.Losses.Bursts)
			}
			if ratio := q.Losses.BurstRatio(); math.Abs(ratio-c.ratio) > 0.1 {
				t.Errorf("BurstR %.2f, want %v", ratio, c.ratio)
			}
			if q.Codec != "PCMU" || q.Losses.Expected < 2990 || q.Losses.Expected > 3000 {
				t.Errorf("%d packets of %s", q.Losses.Expected, q.Codec)
			}
		})
	}
}

// TestIntervals: each five seconds have their own reading, and the whole call has one.
func TestIntervals(t *testing.T) {
	_, a, _, alice, _ := pairUp(t)
	if _, complete := a.Measure(start); complete {
		t.Fatal("an interval is complete before it began")
	}
	now := start
	var shares []float64
	for i := range 4 {
		bad := i == 2
		now = alice.send(now, 5*time.Second, func(n int) bool { return bad && n%10 == 5 })
		q, complete := a.Measure(now)
		if !complete || q.To.Sub(q.From) != 5*time.Second {
			t.Fatalf("interval %d: %v from %v to %v", i, complete, q.From, q.To)
		}
		shares = append(shares, math.Round(100*q.Losses.Share()))
	}
	// The last 64 numbers of an interval may still come: they count in the next one.
	if shares[0] != 0 || shares[1] != 0 || shares[2] < 8 || shares[3] > 3 || shares[3] == 0 {
		t.Errorf("lost %v %%", shares)
	}
	q := a.Quality(now)
	if lost := q.Losses.Lost; lost != 25 {
		t.Errorf("%d lost in all, want 25", lost)
	}
	if q.Lowest >= q.R || q.Lowest == 0 {
		t.Errorf("the lowest is %.1f, and %.1f in all", q.Lowest, q.R)
	}
	if again := a.Quality(now); again != q {
		t.Errorf("asked again it is %+v, not %+v", again, q)
	}
	a.Close()
	if closed := a.Quality(now); closed.Losses != q.Losses {
		t.Error("closing changes what was lost")
	}
}

// TestNothingIsRated: a leg that nobody sends on has no MOS.
func TestNothingIsRated(t *testing.T) {
	_, a, _, _, _ := pairUp(t)
	if q := a.Quality(start); q.R != 0 || q.MOS != 0 || q.Losses.Expected != 0 || q.Reporting {
		t.Errorf("nothing is rated %+v", q)
	}
}

// TestRoundTripOfRelayedReports: bob's sender report passes to alice, who answers it 100 ms
// later and after another 30 ms of her own.
func TestRoundTripOfRelayedReports(t *testing.T) {
	r, a, b, alice, bob := pairUp(t)
	alice.say(start, 1)
	bob.say(start, 1)
	ntp := quality.NTP(start)
	r.deliver(start, addr("192.0.2.2:4001"), b.LocalRTCP(), quality.AppendSender(nil, quality.Sender{SSRC: bob.ssrc, NTP: ntp}))
	block := quality.Block{SSRC: bob.ssrc, LastReport: quality.Middle(ntp), Delay: quality.Short(30 * ms)}
	r.deliver(start.Add(130*ms), addr("192.0.2.1:4001"), a.LocalRTCP(), quality.AppendReceiver(nil, alice.ssrc, block))
	a.Measure(start.Add(200 * ms))
	if trip := a.Quality(start.Add(300 * ms)).RoundTrip; (trip - 100*ms).Abs() > ms {
		t.Errorf("alice is %v away, want 100 ms", trip)
	}
	if trip := b.Quality(start.Add(300 * ms)).RoundTrip; trip != 0 {
		t.Errorf("bob is %v away, and has answered nothing", trip)
	}
}

// TestMetricsOfTheFarEnd are kept as it told them last.
func TestMetricsOfTheFarEnd(t *testing.T) {
	r, a, _, alice, _ := pairUp(t)
	alice.say(start, 1)
	for _, rating := range []uint8{70, 82} {
		report := quality.AppendReceiver(nil, alice.ssrc)
		report = quality.AppendMetrics(report, alice.ssrc, quality.Metrics{SSRC: 0xB0B, LossRate: 13, R: rating, ConversationalMOS: 41})
		r.deliver(start, addr("192.0.2.1:4001"), a.LocalRTCP(), report)
	}
	q := a.Quality(start)
	if !q.Reporting || q.Told.R != 82 || q.Told.LossRate != 13 || q.Told.ConversationalMOS != 41 {
		t.Errorf("told %v: %+v", q.Reporting, q.Told)
	}
	r.deliver(start, addr("203.0.113.9:7001"), a.LocalRTCP(), quality.AppendMetrics(quality.AppendReceiver(nil, 9), 9, quality.Metrics{R: 1}))
	if a.Quality(start).Told.R != 82 {
		t.Error("a stranger's word was taken")
	}
}

// TestLateForAMixIsLost: what the jitter buffer of a room throws away counts as lost.
func TestLateForAMixIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		alice, bob, carol := r.party(1, 500, pcmu), r.party(2, 600, pcmu), r.party(3, 700, pcmu)
		r.hears(everybody(3), nil, alice, bob, carol)
		alice.Measure(time.Now())
		talk(2*time.Second, alice, bob, carol)
		held := alice.next()
		talk(time.Second, alice, bob, carol)
		alice.send(held) // a second late
		talk(2*time.Second, alice, bob, carol)
		q := alice.Quality(time.Now())
		if q.Discarded != 1 || q.Losses.Lost < 1 || q.Delay <= 0 {
			t.Errorf("%d discarded, %d lost, delay %v", q.Discarded, q.Losses.Lost, q.Delay)
		}
		if q := bob.Quality(time.Now()); q.Discarded != 0 || q.Losses.Lost != 0 {
			t.Errorf("of bob's %d discarded, %d lost", q.Discarded, q.Losses.Lost)
		}
	})
}

// TestReadReportsDoNotAllocate: reports with blocks and metrics, on a path where they pass.
func TestReadReportsDoNotAllocate(t *testing.T) {
	a, b := quietCall(t, false)
	relayed(a, addr(alicesAddress))()
	report := quality.AppendSender(nil, quality.Sender{SSRC: 1, NTP: quality.NTP(start)}, quality.Block{SSRC: 2, LastReport: 7})
	report = quality.AppendMetrics(report, 1, quality.Metrics{SSRC: 2, R: 80})
	n := allocsPerRun(1000, func() { a.receiveControl(start, report, addr("192.0.2.1:4001")) })
	if n != 0 || b.control.(*quietSocket).sent < 1000 || a.Quality(start).Told.R != 80 {
		t.Errorf("%v allocations, %d sent, told %+v", n, b.control.(*quietSocket).sent, a.Quality(start).Told)
	}
}

// TestLossyStreamDoesNotAllocate: nor does one that loses packets.
func TestLossyStreamDoesNotAllocate(t *testing.T) {
	a, _ := quietCall(t, false)
	packet, h, now := rtpPacket(0, 0, 0, 0, make([]byte, 160)...), header{ssrc: 1}, start
	n := allocsPerRun(2000, func() {
		h.write(packet)
		a.receiveMedia(now, packet, addr(alicesAddress))
		h.sequence += 1 + uint16(rand.IntN(3))
		now = now.Add(framePeriod)
	})
	if n != 0 || a.Quality(now).Losses.Lost == 0 {
		t.Errorf("%v allocations, %d lost", n, a.Quality(now).Losses.Lost)
	}
}

// BenchmarkMeasure is what a reading costs: one in five seconds for each party.
func BenchmarkMeasure(b *testing.B) {
	a, _ := quietCall(b, false)
	carry, now := relayed(a, addr(alicesAddress)), start
	b.ReportAllocs()
	for b.Loop() {
		carry()
		now = now.Add(quality.IntervalLength)
		a.Measure(now)
	}
}

// FuzzReports: whatever comes as RTCP from the far end, reading it changes nothing but what
// is known of the way and the far end, and what goes on is no longer than it was.
func FuzzReportsOfALiveCall(f *testing.F) {
	sender := quality.Sender{SSRC: 0xA11CE, NTP: quality.NTP(start)}
	f.Add(quality.AppendSender(nil, sender, quality.Block{SSRC: 0xB0B, LastReport: 1, Delay: 2}))
	f.Add(quality.AppendMetrics(quality.AppendReceiver(nil, 1), 1, quality.Metrics{R: 93, Gmin: 16}))
	f.Add(quality.AppendName(quality.AppendReceiver(nil, 1), 1, "a@b"))
	f.Add([]byte{0x80, 207, 0, 3, 0, 0, 0, 1, 7, 0, 0, 8, 0, 0, 0, 0})
	f.Add([]byte{0x9f, 201, 0, 1, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, report []byte) {
		r, a, _, alice, _ := pairUp(t)
		now := alice.say(start, 5)
		before := a.Stats().Received
		r.take()
		for range 2 {
			r.deliver(now, addr("192.0.2.1:4001"), a.LocalRTCP(), report)
		}
		for _, p := range r.take() {
			if len(p.bytes) != len(report) {
				t.Fatalf("%x became %x", report, p.bytes)
			}
		}
		if a.Stats().Received != before {
			t.Fatal("a report changes what was received")
		}
		if q := a.Quality(now); q.RoundTrip < 0 || q.RoundTrip > 30*time.Second || math.IsNaN(q.MOS) {
			t.Fatalf("%+v", q)
		}
	})
}
