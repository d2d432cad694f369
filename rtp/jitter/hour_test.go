package jitter

import (
	"fmt"
	"testing"
	"time"
)

// bounds are what a network may cost: the delay that is added to that of its fastest
// packet (30 ms), and what share of the time is concealed beyond the packets lost.
type bounds struct {
	median, most time.Duration
	conceal      float64
}

// hold compares a run with its bounds.
func (want bounds) hold(t *testing.T, r report) {
	t.Helper()
	const fastest = 30 * millisecond
	median, most := r.quantile(0.5)-fastest, r.quantile(1)-fastest
	extra := float64(r.concealed)/float64(r.whole) - r.missing
	t.Logf("delay added: median %v, 99 %% %v, most %v; concealed beyond loss: %.3f %%", median, r.quantile(0.99)-fastest, most, 100*extra)
	if median > want.median || most > want.most {
		t.Errorf("delay added: median %v, most %v; want at most %v and %v", median, most, want.median, want.most)
	}
	if extra > want.conceal {
		t.Errorf("%.3f %% of the time is concealed beyond the %.2f %% of packets that were lost, want at most %.3f %%", 100*extra, 100*r.missing, 100*want.conceal)
	}
}

// buffer makes a buffer with the network's clock.
func (n network) buffer(t *testing.T) *Buffer {
	t.Helper()
	b, err := New(Options{Clock: uint32(n.rate())})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// play runs a network and checks what must hold of every run.
func play(t *testing.T, n network) (report, Stats) {
	t.Helper()
	b, all := n.buffer(t), n.packets()
	out := listen(t, b, all, n.length)
	r, s := measure(t, n, all, out, min(30*time.Second, n.length/10)), b.Stats()
	if s.Received != uint64(len(all)) || s.Strays != 0 || s.Duplicates != 0 {
		t.Errorf("%d packets came: %+v", len(all), s)
	}
	if waiting := s.Received - s.Played - s.Late - s.Skipped; waiting > 20 {
		t.Errorf("%d packets wait in the end: %+v", waiting, s)
	}
	return r, s
}

// TestHour: clocks that drift by 200 ppm move 720 ms in an hour. Nothing is lost,
// nothing interrupted, and the delay stays.
func TestHour(t *testing.T) {
	length := time.Hour
	if testing.Short() {
		length = 10 * time.Minute
	}
	for _, ppm := range []float64{-200, -20, 0, 20, 200} {
		t.Run(fmt.Sprintf("%+.0fppm", ppm), func(t *testing.T) {
			n := network{length: length, ptime: 20 * millisecond, ppm: ppm, delay: even}
			r, s := play(t, n)
			bounds{26 * millisecond, 37 * millisecond, 0}.hold(t, r)
			if r.concealed > 0 || r.silent > 0 || s.Skipped > 0 || s.Lost > 0 {
				t.Errorf("concealed %v, silent %v, %+v", r.concealed, r.silent, s)
			}
			moved := time.Duration(ppm * float64(length) / 1e6)
			if got := s.Shrunk - s.Stretched; (got - moved).Abs() > 30*millisecond {
				t.Errorf("the far end's clock gained %v, and %v was taken out", moved, got)
			}
		})
	}
}

// TestNetworks: each kind of jitter, every packet time, with drift and loss.
func TestNetworks(t *testing.T) {
	length := 5 * time.Minute
	if testing.Short() {
		length = 2 * time.Minute
	}
	for _, c := range []struct {
		name  string
		delay func() delay
		bounds
	}{
		{"gaussian 3 ms", func() delay { return gaussian(3 * millisecond) }, bounds{36 * millisecond, 50 * millisecond, 0.002}},
		{"gaussian 10 ms", func() delay { return gaussian(10 * millisecond) }, bounds{55 * millisecond, 75 * millisecond, 0.004}},
		{"gaussian 20 ms", func() delay { return gaussian(20 * millisecond) }, bounds{85 * millisecond, 110 * millisecond, 0.005}},
		{"wifi", wifi, bounds{125 * millisecond, 175 * millisecond, 0.015}},
		{"spikes", spikes, bounds{60 * millisecond, 205 * millisecond, 0.010}},
	} {
		for i, ptime := range []time.Duration{10, 20, 30, 60} {
			loss := []float64{0, 0.01, 0.05, 0.10}[i]
			for _, ppm := range []float64{-200, 200} {
				n := network{length: length, ptime: ptime * millisecond, ppm: ppm, loss: loss, delay: c.delay(), random: uint64(i)}
				t.Run(fmt.Sprintf("%s/%v/%+.0fppm", c.name, n.ptime, ppm), func(t *testing.T) {
					r, _ := play(t, n)
					c.bounds.hold(t, r)
				})
			}
		}
	}
}

// TestClocks: Opus counts 48,000 a second and L16 44,100; drift is followed as well.
func TestClocks(t *testing.T) {
	for _, clock := range []uint32{16000, 44100, 48000} {
		for _, ppm := range []float64{-200, 200} {
			n := network{length: 4 * time.Minute, ptime: 20 * millisecond, ppm: ppm, delay: gaussian(3 * millisecond), clock: clock}
			t.Run(fmt.Sprintf("%d/%+.0fppm", clock, ppm), func(t *testing.T) {
				r, s := play(t, n)
				bounds{36 * millisecond, 50 * millisecond, 0.002}.hold(t, r)
				if s.Lost > 0 || s.Skipped > 0 {
					t.Errorf("%+v", s)
				}
			})
		}
	}
}

// TestLongFrames: one of 120 ms, the longest that Opus has, and one of 5 ms.
func TestLongFrames(t *testing.T) {
	for _, ptime := range []time.Duration{5, 40, 120} {
		n := network{length: 2 * time.Minute, ptime: ptime * millisecond, ppm: 100, delay: gaussian(3 * millisecond)}
		t.Run(n.ptime.String(), func(t *testing.T) {
			r, s := play(t, n)
			bounds{40 * millisecond, 55 * millisecond, 0.003}.hold(t, r)
			if s.Skipped > 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestTalkSpurts: a sender that is silent half of the time and says so by nothing but
// its timestamps. No packet is lost, the beginning of each spurt is played as late as
// the rest, and the pauses are not concealed for longer than 100 ms.
func TestTalkSpurts(t *testing.T) {
	n := network{
		length: 10 * time.Minute, ptime: 20 * millisecond, ppm: 200, delay: gaussian(5 * millisecond),
		talks: func(sent time.Duration) bool { return sent%(4*time.Second) < 2*time.Second },
	}
	r, s := play(t, n)
	if s.Lost > 0 || s.Skipped > 0 {
		t.Errorf("lost: %+v", s)
	}
	if most := r.quantile(1) - 30*millisecond; most > 60*millisecond {
		t.Errorf("the delay added grows to %v", most)
	}
	if share := float64(r.concealed) / float64(r.concealed+r.silent); share > 0.06 {
		t.Errorf("%.1f %% of the pauses are concealed", 100*share)
	}
}

// TestLossIsConcealedAtItsPlace: with 10 % loss on an even network each lost packet has
// one frame, as long as itself, with the packet behind it where that is here.
func TestLossIsConcealedAtItsPlace(t *testing.T) {
	n := network{length: time.Minute, ptime: 20 * millisecond, delay: gaussian(10 * millisecond), loss: 0.1}
	b, all := newBuffer(t), n.packets()
	next, frames := 0, 0
	for _, h := range listen(t, b, all, n.length) {
		if h.Kind == Lost {
			frames++
			if h.Next != nil {
				next++
			}
		}
	}
	s := b.Stats()
	if int(s.Lost) < frames-int(s.Starved) || frames < int(s.Lost)*9/10 || next < frames*7/10 {
		t.Errorf("%d frames, %d of them with the next packet: %+v", frames, next, s)
	}
}
