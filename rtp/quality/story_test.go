package quality

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"pgregory.net/rapid"

	"github.com/tandem-gateway/tandem/rtp/jitter"
)

// byDefinition finds bursts as RFC 3611 s4.7.2 defines them, with all packets before it.
func byDefinition(packets string) (bursts, clustered, lost int) {
	for _, cluster := range strings.FieldsFunc(strings.ReplaceAll(packets, strings.Repeat(".", Gmin), "|"), func(c rune) bool { return c == '|' }) {
		cluster = strings.Trim(cluster, ".")
		if n := strings.Count(cluster, "x"); n >= 2 {
			bursts, clustered, lost = bursts+1, clustered+len(cluster), lost+n
		}
	}
	return bursts, clustered, lost
}

func TestBurstsAreThoseOfTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		for range rapid.IntRange(0, 20).Draw(t, "clusters") {
			b.WriteString(strings.Repeat(".", rapid.IntRange(0, 40).Draw(t, "received")))
			b.WriteString(strings.Repeat("x", rapid.IntRange(0, 4).Draw(t, "lost")))
		}
		packets := b.String()
		bursts, clustered, lost := byDefinition(packets)
		l := lossesOf(packets)
		if int(l.Bursts) != bursts || int(l.Clustered) != clustered || int(l.BurstLost) != lost {
			t.Fatalf("%q has %d bursts of %d packets, %d lost: %+v", packets, bursts, clustered, lost, l)
		}
	})
}

// TestMarkovCounts holds the densities against the counters by which RFC 3611 s4.7.2
// works: transitions between received and lost packets in gaps and bursts.
func TestMarkovCounts(t *testing.T) {
	packets := strings.Repeat(good(100)+"x"+good(40)+"xx.x...x.xx"+good(60), 50)
	var c11, c13, c14, c22, c23, c33, received, lost float64
	for _, c := range packets {
		switch {
		case c == '.':
			received++
		case received >= Gmin:
			if lost == 1 {
				c14++
			} else {
				c13++
			}
			lost, c11, received = 1, c11+received, 0
		case received == 0:
			lost++
			c33++
		default:
			lost++
			c23++
			c22, received = c22+received-1, 0
		}
	}
	p32 := c23 / (c13 + c23 + c33)
	p23 := 1 - c22/(c22+c23)
	l := lossesOf(packets)
	near(t, "burst density", l.BurstDensity(), p23/(p23+p32), 0.07)
	near(t, "gap density", l.GapDensity(), c14/(c11+c14), 0.002)
	near(t, "gap length", l.GapLength(), (c11+c14+c13)/c13, 10)
}

// TestRoundTripOfTwoParties: the gateway sends a report, a phone with another clock and
// another implementation answers it, and the way there and back is what it was.
func TestRoundTripOfTwoParties(t *testing.T) {
	now := time.Date(2026, 3, 1, 10, 0, 0, 123456789, time.UTC)
	var trip RoundTrip
	report := AppendName(AppendSender(nil, Sender{SSRC: 11, NTP: NTP(now)}), 11, "gateway@example.test")
	trip.Sent(now, NTP(now))

	packets, err := rtcp.Unmarshal(report)
	if err != nil {
		t.Fatal(err)
	}
	seen := packets[0].(*rtcp.SenderReport)
	answer, err := rtcp.Marshal([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: 22, Reports: []rtcp.ReceptionReport{{
		SSRC: 11, FractionLost: 26, TotalLost: 17, Jitter: 80,
		LastSenderReport: uint32(seen.NTPTime >> 16), Delay: uint32(1.5 * 65536),
	}}}})
	if err != nil {
		t.Fatal(err)
	}

	now = now.Add(1500*time.Millisecond + 87*time.Millisecond)
	heard := 0
	err = Reader{Block: func(from uint32, b Block) {
		heard++
		if from != 22 || b.SSRC != 11 || b.Fraction != 26 || b.Lost != 17 || b.Jitter != 80 {
			t.Errorf("from %d: %+v", from, b)
		}
		if got, ok := trip.Heard(now, b); !ok || (got-87*time.Millisecond).Abs() > time.Millisecond {
			t.Errorf("round trip %v, %v; want 87 ms", got, ok)
		}
	}}.Read(answer)
	if err != nil || heard != 1 {
		t.Errorf("%d blocks, %v", heard, err)
	}
}

// TestNegativeLoss: duplicates make the number of lost packets negative (RFC 3550
// A.3), in 24 bits.
func TestNegativeLoss(t *testing.T) {
	for _, c := range []struct{ lost, want int32 }{
		{-1, -1}, {-1 << 23, -1 << 23}, {1<<23 - 1, 1<<23 - 1}, {1 << 30, 1<<23 - 1}, {-1 << 30, -1 << 23},
	} {
		got, err := read(AppendReceiver(nil, 1, Block{Lost: c.lost, Fraction: 0xFF}))
		if err != nil || got.blocks[0].Lost != c.want || got.blocks[0].Fraction != 0xFF {
			t.Errorf("%d: %+v, %v", c.lost, got.blocks, err)
		}
	}
}

func TestShortTimes(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		want uint32
	}{
		{0, 0}, {-time.Second, 0}, {time.Second, 65536}, {20 * time.Hour, 65535 << 16}, {15259, 1},
	} {
		if got := Short(c.d); got != c.want {
			t.Errorf("%v is %d units, want %d", c.d, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, int64(18*time.Hour)).Draw(t, "duration"))
		if off := d - shortDuration(Short(d)); off < 0 || off > 16*time.Microsecond {
			t.Fatalf("%v comes back %v off", d, off)
		}
	})
}

// TestMetricsOfExtremes: what does not fit into a field is its limit.
func TestMetricsOfExtremes(t *testing.T) {
	var all Losses
	all.Lose(1_000_000)
	q := Quality{Losses: all, RoundTrip: 2 * time.Hour, Delay: time.Hour}
	q.rate(20 * time.Millisecond)
	m := q.Metrics(1, 20*time.Millisecond)
	if m.LossRate != 255 || m.BurstDensity != 255 || m.BurstDuration != 65535 || m.RoundTrip != 65535 || m.Buffer != 65535 {
		t.Errorf("%+v", m)
	}
	if m.R != 0 || m.ConversationalMOS != 10 || q.MOS != 1 {
		t.Errorf("R %d, MOS %d of %+v", m.R, m.ConversationalMOS, q)
	}
	if m := (Quality{}).Metrics(1, 0); m.LossRate != 0 || m.R != 0 || m.BurstDuration != 0 {
		t.Errorf("of nothing: %+v", m)
	}
}

// TestBurstsAreWorse: the same share of packets lost is worse in bursts.
func TestBurstsAreWorse(t *testing.T) {
	rating := func(packets string) float64 {
		l := newLeg("PCMU")
		l.c.Losses = lossesOf(strings.Repeat(packets, 10))
		l.m = Meter{}
		l.m.Step(start, Counters{Codec: "PCMU"})
		i, ok := l.m.Step(start.Add(IntervalLength), l.c)
		if !ok || i.Losses.Lost == 0 {
			t.Fatalf("%+v", i)
		}
		return i.R
	}
	alone, bursts := rating(strings.Repeat(good(19)+"x", 6)), rating(good(114)+"xxxxxx")
	// 5 % are lost; those in bursts are six in a row, which is 5.7 times what chance gives.
	near(t, "what bursts cost", alone-bursts, 95*5/(5/5.7+25.1)-95*5/30.1, 0.01)
}

// TestCodecsByLoss: at 3 % loss each codec has its rank.
func TestCodecsByLoss(t *testing.T) {
	rating := func(name string) float64 {
		l := newLeg(name)
		l.hears(5, 33)
		return l.got[0].R
	}
	order := []string{"PCMU", "opus", "G729", "G723", "GSM"}
	for i := 1; i < len(order); i++ {
		if better, worse := rating(order[i-1]), rating(order[i]); better <= worse {
			t.Errorf("%s has R %.1f, %s %.1f", order[i-1], better, order[i], worse)
		}
	}
}

// TestBehindAJitterBuffer: what a buffer gives out is told to Losses, and what came too
// late counts as lost and as discarded.
func TestBehindAJitterBuffer(t *testing.T) {
	b, err := jitter.New(jitter.Options{Clock: 8000})
	if err != nil {
		t.Fatal(err)
	}
	m, c := Meter{}, Counters{Codec: "PCMU", Ptime: 20 * time.Millisecond, DelayCeiling: 200 * time.Millisecond}
	m.Step(start, c)
	var got Interval
	for i := range 250 {
		now := start.Add(time.Duration(i+1) * 20 * time.Millisecond)
		if i%25 != 20 {
			b.Put(now, jitter.Packet{Sequence: uint16(i), Timestamp: uint32(160 * i), Ticks: 160, Payload: []byte{0}})
		}
		for left := uint32(160); left > 0; {
			f := b.Take(now, left)
			if f.Kind == jitter.Voice {
				c.Losses.Received(1)
			}
			left -= min(left, f.Ticks)
		}
		s := b.Stats()
		c.Losses.Lose(s.Lost - c.Losses.Lost)
		c.Received, c.Discarded, c.Delay = s.Received, s.Late, s.Delay
		if v, ok := m.Step(now, c); ok {
			got = v
		}
	}
	if got.Losses.Lost < 9 || got.Losses.Lost > 10 || got.R < 75 || got.R > 92 || got.DelayMost == 0 {
		t.Errorf("%+v", got)
	}
}

// TestQualityPrints: the values are plain and have no pointers, so a copy is a copy.
func TestQualityPrints(t *testing.T) {
	l := newLeg("PCMU")
	l.hears(5, 10)
	kept := fmt.Sprintf("%+v", l.got[0])
	l.hears(20, 3)
	if fmt.Sprintf("%+v", l.got[0]) != kept {
		t.Error("an interval changed after it was given")
	}
}

// TestReadingDoesNotAllocate: nor does measuring the round trip.
func TestReadingDoesNotAllocate(t *testing.T) {
	packet := AppendMetrics(AppendSender(nil, Sender{SSRC: 1, NTP: 5 << 32}, Block{LastReport: 5 << 16}), 1, Metrics{})
	var trip RoundTrip
	trip.Sent(start, 5<<32)
	r := Reader{
		Sender:  func(s Sender) { trip.Sent(start, s.NTP) },
		Block:   func(_ uint32, b Block) { trip.Heard(start, b) },
		Metrics: func(uint32, Metrics) {},
	}
	if n := testing.AllocsPerRun(100, func() {
		if err := r.Read(packet); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
