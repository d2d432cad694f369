package quality

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"pgregory.net/rapid"
)

// TestRoundTripExample is figure 2 of RFC 3550 s6.4.1.
func TestRoundTripExample(t *testing.T) {
	sent := time.Date(1995, 11, 10, 11, 33, 25, 125e6, time.UTC)
	ntp := NTP(sent)
	if ntp != 0xb44db705_20000000 {
		t.Fatalf("NTP %#x", ntp)
	}
	if lsr := Middle(ntp); lsr != 0xb705_2000 {
		t.Errorf("LSR %#x", lsr)
	}
	if dlsr := Short(5250 * time.Millisecond); dlsr != 0x0005_4000 {
		t.Errorf("DLSR %#x", dlsr)
	}
	came := time.Date(1995, 11, 10, 11, 33, 36, 500e6, time.UTC)
	if a := NTP(came); a != 0xb44db710_80000000 {
		t.Errorf("A %#x", a)
	}
	var r RoundTrip
	r.Sent(sent, ntp)
	trip, ok := r.Heard(came, Block{LastReport: 0xb705_2000, Delay: 0x0005_4000})
	if !ok || trip != 6125*time.Millisecond {
		t.Errorf("%v, %v; want 6.125 s", trip, ok)
	}
}

func TestRoundTrip(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var r RoundTrip
	if _, ok := r.Heard(now, Block{}); ok {
		t.Error("a block without LSR measured something")
	}
	for i := range 6 {
		r.Sent(now.Add(time.Duration(i)*time.Second), uint64(i+1)<<32)
	}
	for _, c := range []struct {
		about, delay uint32
		at, want     time.Duration
		ok           bool
	}{
		{6, 65536 / 2, 5*time.Second + 600*time.Millisecond, 100 * time.Millisecond, true},
		{3, 65536, 3200 * time.Millisecond, 200 * time.Millisecond, true}, // an earlier report
		{2, 0, time.Second, 0, false},            // forgotten
		{99, 0, time.Second, 0, false},           // never sent
		{6, 3 * 65536, 6 * time.Second, 0, true}, // a delay longer than the trip
		{6, 0, time.Minute, 0, false},            // wild
	} {
		trip, ok := r.Heard(now.Add(c.at), Block{LastReport: Middle(uint64(c.about) << 32), Delay: c.delay})
		if trip != c.want || ok != c.ok {
			t.Errorf("about report %d: %v, %v; want %v, %v", c.about, trip, ok, c.want, c.ok)
		}
	}
	if r.Mean() != 100*time.Millisecond || r.Count != 3 || r.Last != 0 {
		t.Errorf("mean %v of %d", r.Mean(), r.Count)
	}
	if (&RoundTrip{}).Mean() != 0 {
		t.Error("the mean of nothing is not 0")
	}
}

// read collects what is in a packet.
type content struct {
	senders []Sender
	blocks  []Block
	metrics []Metrics
	from    []uint32
}

func read(packet []byte) (c content, err error) {
	err = Reader{
		Sender:  func(s Sender) { c.senders = append(c.senders, s) },
		Block:   func(from uint32, b Block) { c.blocks, c.from = append(c.blocks, b), append(c.from, from) },
		Metrics: func(from uint32, m Metrics) { c.metrics, c.from = append(c.metrics, m), append(c.from, from) },
	}.Read(packet)
	return c, err
}

func drawBlock(t *rapid.T) Block {
	u := rapid.Uint32()
	return Block{
		SSRC: u.Draw(t, "ssrc"), Fraction: rapid.Uint8().Draw(t, "fraction"), Lost: rapid.Int32Range(-1<<23, 1<<23-1).Draw(t, "lost"),
		Highest: u.Draw(t, "highest"), Jitter: u.Draw(t, "jitter"), LastReport: u.Draw(t, "lsr"), Delay: u.Draw(t, "dlsr"),
	}
}

// TestReportsComeBack: what is written is read again, and pion's parser reads the same.
func TestReportsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := rapid.Uint32()
		s := Sender{SSRC: u.Draw(t, "ssrc"), NTP: rapid.Uint64().Draw(t, "ntp"), RTP: u.Draw(t, "rtp"), Packets: u.Draw(t, "packets"), Octets: u.Draw(t, "octets")}
		blocks := rapid.SliceOfN(rapid.Custom(drawBlock), 0, 31).Draw(t, "blocks")
		name := rapid.StringMatching(`[a-z0-9@.]{0,60}`).Draw(t, "name")
		packet := AppendName(AppendReceiver(AppendSender(nil, s, blocks...), s.SSRC, blocks...), s.SSRC, name)
		c, err := read(packet)
		if err != nil || len(c.senders) != 1 || c.senders[0] != s || !slices.Equal(c.blocks, append(slices.Clone(blocks), blocks...)) {
			t.Fatalf("%v: %+v", err, c)
		}
		for _, from := range c.from {
			if from != s.SSRC {
				t.Fatalf("from %d", from)
			}
		}
		theirs, err := rtcp.Unmarshal(packet)
		if err != nil || len(theirs) != 3 {
			t.Fatalf("pion: %v", err)
		}
		sr, rr, sdes := theirs[0].(*rtcp.SenderReport), theirs[1].(*rtcp.ReceiverReport), theirs[2].(*rtcp.SourceDescription)
		if sr.NTPTime != s.NTP || sr.OctetCount != s.Octets || len(rr.Reports) != len(blocks) || sdes.Chunks[0].Items[0].Text != name {
			t.Fatalf("pion: %+v", theirs)
		}
		for i, b := range rr.Reports {
			if b.LastSequenceNumber != blocks[i].Highest || b.Delay != blocks[i].Delay || int32(b.TotalLost<<8)>>8 != blocks[i].Lost {
				t.Fatalf("pion: %+v, want %+v", b, blocks[i])
			}
		}
	})
}

func TestTooManyBlocksAndTooLongANameAreCut(t *testing.T) {
	c, err := read(AppendReceiver(nil, 1, make([]Block, 40)...))
	if err != nil || len(c.blocks) != 31 {
		t.Errorf("%d blocks, %v", len(c.blocks), err)
	}
	packet := AppendName(nil, 1, strings.Repeat("n", 300))
	if _, err := rtcp.Unmarshal(packet); err != nil || len(packet)%4 != 0 {
		t.Errorf("%d octets, %v", len(packet), err)
	}
}

func TestBrokenReports(t *testing.T) {
	whole := AppendReceiver(nil, 1, Block{})
	metrics := AppendMetrics(nil, 1, Metrics{})
	for _, c := range []struct {
		name   string
		packet []byte
		says   string
	}{
		{"version 1", append([]byte{1 << 6}, whole[1:]...), "octet 0"},
		{"cut", whole[:len(whole)-1], "are left"},
		{"head only", whole[:3], "octet 0"},
		{"garbage behind", append(slices.Clone(whole), 1, 2, 3), "octet 32"},
		{"RR with a block too few", append([]byte{2<<6 | 2}, whole[1:]...), "RR of 32 octets announces 2"},
		{"SR without its sender", []byte{2 << 6, 200, 0, 1, 0, 0, 0, 0}, "SR of 8 octets"},
		{"XR without SSRC", []byte{2 << 6, 207, 0, 0}, "RFC 3611"},
		{"XR with a block too long", append(append(slices.Clone(metrics[:11]), 9), metrics[12:]...), "block type 7"},
	} {
		_, err := read(c.packet)
		if !errors.Is(err, ErrReport) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestMetricsOnTheWire has each field with another value, at the place where RFC 3611
// s4.7 has it.
func TestMetricsOnTheWire(t *testing.T) {
	m := Metrics{
		SSRC: 0x01020304, LossRate: 5, DiscardRate: 6, BurstDensity: 7, GapDensity: 8,
		BurstDuration: 0x090A, GapDuration: 0x0B0C, RoundTrip: 0x0D0E, EndSystem: 0x0F10,
		Signal: -20, Noise: -70, EchoLoss: 55, Gmin: 16, R: 93, ExternalR: 127, ListeningMOS: 44, ConversationalMOS: 43,
		Configuration: 0xF3, Buffer: 0x1112, BufferMost: 0x1314, BufferCeiling: 0x1516,
	}
	want := []byte{
		0x80, 207, 0, 10, 0xAA, 0xBB, 0xCC, 0xDD,
		7, 0, 0, 8,
		1, 2, 3, 4,
		5, 6, 7, 8,
		9, 0xA, 0xB, 0xC,
		0xD, 0xE, 0xF, 0x10,
		0xEC, 0xBA, 55, 16,
		93, 127, 44, 43,
		0xF3, 0, 0x11, 0x12,
		0x13, 0x14, 0x15, 0x16,
	}
	packet := AppendMetrics(nil, 0xAABBCCDD, m)
	if !bytes.Equal(packet, want) {
		t.Errorf("% x\nwant % x", packet, want)
	}
	c, err := read(packet)
	if err != nil || len(c.metrics) != 1 || c.metrics[0] != m || c.from[0] != 0xAABBCCDD {
		t.Errorf("%+v, %v", c, err)
	}
	var theirs rtcp.ExtendedReport
	if err := theirs.Unmarshal(packet); err != nil {
		t.Fatal(err)
	}
	v := theirs.Reports[0].(*rtcp.VoIPMetricsReportBlock)
	if v.SSRC != m.SSRC || v.LossRate != 5 || v.GapDuration != 0x0B0C || v.EndSystemDelay != 0x0F10 || v.RFactor != 93 || v.MOSCQ != 43 || v.JBAbsMax != 0x1516 {
		t.Errorf("pion: %+v", v)
	}
}

// TestOtherBlocksArePassedOver: RFC 3611 s3: a receiver ignores block types that it
// does not know.
func TestOtherBlocksArePassedOver(t *testing.T) {
	metrics := AppendMetrics(nil, 1, Metrics{SSRC: 9})[8:]
	packet := []byte{0x80, 207, 0, 14, 0, 0, 0, 1}
	packet = append(packet, 4, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8) // receiver reference time
	packet = append(packet, 99, 0, 0, 0)                        // unknown
	packet = append(packet, metrics...)
	packet[3] = byte(len(packet)/4 - 1)
	c, err := read(packet)
	if err != nil || len(c.metrics) != 1 || c.metrics[0].SSRC != 9 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestNothingIsAskedOfANilReader(t *testing.T) {
	packet := AppendMetrics(AppendSender(nil, Sender{}, Block{}), 1, Metrics{})
	if err := (Reader{}).Read(packet); err != nil {
		t.Error(err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(AppendSender(nil, Sender{SSRC: 1}, Block{SSRC: 2}))
	f.Add(AppendName(AppendReceiver(nil, 1, Block{SSRC: 2}, Block{}), 1, "a@b"))
	f.Add(AppendMetrics(AppendReceiver(nil, 1), 1, Metrics{SSRC: 2}))
	f.Add([]byte{0x80, 207, 0, 1, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, packet []byte) {
		c, err := read(packet)
		if err != nil && !errors.Is(err, ErrReport) {
			t.Fatal(err)
		}
		for _, m := range c.metrics {
			again, err := read(AppendMetrics(nil, 1, m))
			if err != nil || again.metrics[0] != m {
				t.Fatalf("%+v came back as %+v, %v", m, again, err)
			}
		}
		for _, b := range c.blocks {
			again, err := read(AppendReceiver(nil, 1, b))
			if err != nil || again.blocks[0] != b {
				t.Fatalf("%+v came back as %+v, %v", b, again, err)
			}
		}
	})
}
