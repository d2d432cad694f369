package rtp

import (
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/rtp/audio"
	"golang.org/x/sys/unix"
)

// BenchmarkOnHold plays music to listeners in real time, over the network of this
// machine: 50 packets a second each. Nobody reads them, so the CPU is that of
// playing and sending, loopback's delivery included. How punctual the clock is,
// the last player it pulls tells.
func BenchmarkOnHold(b *testing.B) {
	for _, listeners := range []int{100, 1000} {
		b.Run(fmt.Sprint(listeners), func(b *testing.B) { playToAll(b, listeners) })
	}
}

func playToAll(b *testing.B, listeners int) {
	u, err := NewUDP()
	if err != nil {
		b.Fatal(err)
	}
	defer u.Close()
	e, err := New(Config{Network: u, Address: loopback, First: 20000, Last: 29999})
	if err != nil {
		b.Fatal(err)
	}
	far := deafSocket(b)
	tune := audio.Tune(8000)
	watch := &punctual{Source: tune.Loop(), frames: b.N/listeners + 50}
	sounds := append(slices.Repeat([]audio.Source{nil}, listeners-1), watch)
	for i := range sounds {
		if sounds[i] == nil {
			sounds[i] = tune.Loop()
		}
	}
	sessions := make([]*Session, listeners)
	for i := range sessions {
		sessions[i] = sessionTo(b, e, far)
	}
	b.ResetTimer()
	before, began := processorTime(), time.Now()
	for i, s := range sessions {
		p, err := e.Play(sounds[i])
		if err != nil {
			b.Fatal(err)
		}
		swap(b, Table{1: {{Source: -1}}}, map[int]End{1: s, -1: p})
	}
	watch.wait()
	used, took := processorTime()-before, time.Since(began)
	b.StopTimer()
	var sent, unsent uint64
	for _, s := range sessions {
		s.Close()
		sent += s.Stats().Sent.Packets
		unsent += s.Stats().Dropped.Unsent
	}
	b.ReportMetric(float64(used.Microseconds())/float64(sent), "cpu-µs/packet")
	b.ReportMetric(100*used.Seconds()/took.Seconds(), "cpu-%")
	b.ReportMetric(watch.p99().Seconds()*1000, "jitter-p99-ms")
	b.ReportMetric(float64(unsent), "unsent")
	b.ReportMetric(0, "ns/op")
}

// deafSocket is one that nobody reads: the kernel throws away what does not fit.
func deafSocket(b *testing.B) netip.AddrPort {
	fd, local, err := bind(addr("127.0.0.2:0"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { unix.Close(fd) })
	return local
}

// punctual notes how far from 20 ms apart its frames are pulled.
type punctual struct {
	audio.Source
	frames int
	pulled atomic.Int64
	last   time.Time
	off    []time.Duration
}

func (p *punctual) Fill(pcm []int16) int {
	now := time.Now()
	if !p.last.IsZero() && len(p.off) < p.frames {
		p.off = append(p.off, (now.Sub(p.last) - framePeriod).Abs())
	}
	p.last = now
	p.pulled.Add(1)
	return p.Source.Fill(pcm)
}

func (p *punctual) wait() {
	pace := time.NewTicker(framePeriod)
	defer pace.Stop()
	for p.pulled.Load() <= int64(p.frames) {
		<-pace.C
	}
}

func (p *punctual) p99() time.Duration {
	off := slices.Clone(p.off[:p.frames])
	slices.Sort(off)
	return off[len(off)*99/100]
}
