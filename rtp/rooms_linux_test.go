package rtp

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/rtp/codec"
)

// BenchmarkRoom is a conference in real time, over the network of this machine: each party
// sends 50 packets a second, and a fifth of them talk. The far ends are another process, as
// in BenchmarkCalls. They measure from when a loud packet is sent to when its sound comes
// back, at any moment of the clock's 20 ms.
func BenchmarkRoom(b *testing.B) {
	for _, parties := range []int{3, 10, 100} {
		b.Run(fmt.Sprint(parties), func(b *testing.B) { mixParties(b, parties) })
	}
}

func mixParties(b *testing.B, parties int) {
	u, err := NewUDP()
	if err != nil {
		b.Fatal(err)
	}
	defer u.Close()
	e, err := New(Config{Network: u, Address: loopback, First: 20000, Last: 29999})
	if err != nil {
		b.Fatal(err)
	}
	ends, list := make(map[int]End), ""
	for i := range parties {
		s := sessionTo(b, e, generatorLeg(i))
		ends[i+1] = s
		list += fmt.Sprintln(s.LocalRTP())
	}
	swap(b, everybody(parties), ends)
	defer swap(b, Table{}, ends)
	b.Setenv(partiesVariable, "1")
	g := startGenerator(b, list, b.N)
	b.ResetTimer()
	before, began := processorTime(), time.Now()
	report := g.wait()
	used, took := processorTime()-before, time.Since(began)
	b.StopTimer()
	b.ReportMetric(100*used.Seconds()/took.Seconds()/float64(parties), "cpu-%/party")
	b.ReportMetric(report.p99/1000, "p99-ms")
	b.ReportMetric(report.loss, "loss-%")
	b.ReportMetric(0, "ns/op")
}

// partiesVariable makes the generator one of parties of a conference.
const partiesVariable = "RTP_TEST_PARTIES"

// The sounds of parties: silence, talk, and the probe, which stands out of all talk.
const (
	probeEvery = 100 * time.Millisecond
	talkPeak   = 1000
	probePeak  = 24000
	probeHeard = 12000
)

func isParties() bool { return os.Getenv(partiesVariable) != "" }

// converse sends the parties' packets in time, spread over the 20 ms. Now and then one of
// them sends the probe. It sends each 100 ms one, so at least 100 packets are 99 %.
func (f *farEnds) converse(packets int) {
	var payloads [3][]byte
	for i, peak := range []float64{0, talkPeak, probePeak} {
		pcm := make([]int16, frameSamples)
		for k := range pcm {
			pcm[k] = int16(peak * math.Sin(float64(k)*2*math.Pi/20))
		}
		payloads[i] = make([]byte, frameSamples)
		codec.PCMU.Encode(payloads[i], pcm)
	}
	wire := rtpPacket(0, 0, 0, 0, payloads[0]...)
	apart := float64(framePeriod) / float64(len(f.legs))
	pace := time.NewTicker(time.Millisecond / 2)
	defer pace.Stop()
	packets = max(packets, 100*len(f.legs))
	f.began = time.Now()
	for i := 0; i < packets; <-pace.C {
		for now := time.Since(f.began); i < packets && time.Duration(float64(i)*apart) <= now; i++ {
			leg, turn := i%len(f.legs), i/len(f.legs)
			sound := payloads[0]
			if leg%5 == 0 && rand.IntN(2) == 0 {
				sound = payloads[1]
			}
			if f.probes(turn, now) {
				sound = payloads[2]
			}
			copy(wire[headerSize:], sound)
			header{ssrc: uint32(leg), sequence: uint16(turn), timestamp: uint32(turn) * 160}.write(wire)
			_ = f.legs[leg].far.Send(wire, f.legs[leg].near)
		}
	}
	<-time.After(probeEvery)
}

// probes tells whether it is time for a probe, of another party each time.
func (f *farEnds) probes(turn int, now time.Duration) bool {
	waits := f.probe.Load() != 0 && now-f.probed < time.Second
	if turn < 25 || waits || now-f.probed < probeEvery || rand.IntN(7) != 0 {
		return false
	}
	f.probed = now
	f.probe.Store(int64(now) + 1)
	return true
}

// receiveMix takes what a party hears. The first to hear the probe tells its delay.
func (f *farEnds) receiveMix(_ time.Time, packet []byte, _ netip.AddrPort) {
	f.came.Add(1)
	sent := f.probe.Load()
	if sent == 0 {
		return
	}
	var pcm [frameSamples]int16
	for _, x := range pcm[:codec.PCMU.Decode(pcm[:], packet[headerSize:])] {
		if x > probeHeard && f.probe.CompareAndSwap(sent, 0) {
			took := time.Since(f.began) - time.Duration(sent-1)
			f.buckets[min(int(took.Microseconds())/10, len(f.buckets)-1)].Add(1)
			return
		}
	}
}
