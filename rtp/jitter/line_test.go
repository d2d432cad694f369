package jitter

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"pgregory.net/rapid"
)

// zero is when a test begins.
var zero = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

const (
	millisecond = time.Millisecond
	ssrc        = 0x1234
)

// arrival is a packet on its way: when it was sampled and when it comes.
type arrival struct {
	at, sampled time.Duration
	packet      Packet
}

// network is a sender and what is between it and the buffer.
type network struct {
	length time.Duration
	ptime  time.Duration
	// ppm is by how much the sender's clock is too fast, in millionths.
	ppm float64
	// loss is the share of packets that is lost, delay what each takes.
	loss   float64
	delay  delay
	talks  func(sent time.Duration) bool
	random uint64
	// clock is the RTP clock; 0 means 8,000 Hz.
	clock uint32
}

func (n network) rate() time.Duration { return time.Duration(cmp.Or(n.clock, 8000)) }

// sound is what all of them have in them.
var sound [20]byte

// delay is how long a packet takes that is sent at some time.
type delay func(r *rand.Rand, sent time.Duration) time.Duration

// packets are all that arrive, in the order in which they do.
func (n network) packets() []arrival {
	r := rand.New(rand.NewPCG(n.random, 7))
	real := time.Duration(float64(n.ptime) / (1 + n.ppm/1e6))
	ticks := uint32(n.ptime * n.rate() / time.Second)
	all := make([]arrival, 0, n.length/n.ptime+1)
	sequence, silent := uint16(65000), true
	for i := range int(n.length / real) {
		sent := time.Duration(float64(n.ptime) * float64(i) / (1 + n.ppm/1e6))
		if n.talks != nil && !n.talks(sent) {
			silent = true
			continue
		}
		p := Packet{SSRC: ssrc, Sequence: sequence, Timestamp: math.MaxUint32 - 100000 + uint32(i)*ticks, Ticks: ticks, Marker: silent, Payload: sound[:]}
		sequence, silent = sequence+1, false
		if r.Float64() >= n.loss {
			all = append(all, arrival{sent + n.ptime + n.delay(r, sent), sent, p})
		}
	}
	all = slices.DeleteFunc(all, func(a arrival) bool { return a.at > n.length-20*millisecond })
	slices.SortStableFunc(all, func(a, b arrival) int { return int(a.at - b.at) })
	return all
}

// heard is a frame and when its sound began.
type heard struct {
	Frame
	at time.Duration
}

// listen plays what comes through a buffer that is pulled every 20 ms, from a time
// that has nothing to do with the packets'.
func listen(t rapid.TB, b *Buffer, all []arrival, until time.Duration) []heard {
	t.Helper()
	tick, rate := uint32(b.tick), time.Duration(b.clock)
	out := make([]heard, 0, until/(10*millisecond))
	level := uint32(0)
	for now, i := 7*millisecond, 0; now < until; now += 20 * millisecond {
		for ; i < len(all) && all[i].at <= now; i++ {
			b.Put(zero.Add(all[i].at), all[i].packet)
		}
		for level < tick {
			f := b.Take(zero.Add(now), tick-level)
			if f.Ticks == 0 || int64(f.Ticks) > b.clock {
				t.Fatalf("at %v: a frame of %d ticks: %+v", now, f.Ticks, f)
			}
			out = append(out, heard{f, now + time.Duration(level)*time.Second/rate})
			level += f.Ticks
		}
		level -= tick
	}
	return out
}

func newBuffer(t rapid.TB) *Buffer {
	t.Helper()
	b, err := New(Options{Clock: 8000})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// report is what was heard of a run.
type report struct {
	whole, concealed, silent time.Duration
	// missing is the share of packets that the network lost.
	missing float64
	// delays are from the sampling of each packet to its sound, less the packet time.
	delays []time.Duration
}

func (r report) quantile(q float64) time.Duration {
	return r.delays[min(len(r.delays)-1, int(q*float64(len(r.delays))))]
}

// measure checks that each packet is heard at most once, in order and not before it
// came, and sums up what is heard after some time.
func measure(t rapid.TB, n network, all []arrival, out []heard, after time.Duration) report {
	t.Helper()
	byTimestamp := make(map[uint32]arrival, len(all))
	for _, a := range all {
		byTimestamp[a.packet.Timestamp] = a
	}
	sent := (all[len(all)-1].sampled-all[0].sampled)/n.ptime + 1
	r := report{missing: max(0, 1-float64(len(all))/float64(sent))}
	last := time.Duration(-1)
	for _, h := range out {
		if h.Kind == Voice {
			a, ok := byTimestamp[h.Timestamp]
			if !ok || a.sampled <= last || h.at < a.at {
				t.Fatalf("at %v timestamp %d is heard that was sampled at %v and came at %v, after one of %v", h.at, h.Timestamp, a.sampled, a.at, last)
			}
			last = a.sampled
		}
		if h.at >= after && h.at < n.length-100*millisecond {
			r.add(h, time.Duration(h.Ticks)*time.Second/n.rate(), last+n.ptime)
		}
	}
	slices.Sort(r.delays)
	return r
}

func (r *report) add(h heard, length, sent time.Duration) {
	r.whole += length
	switch h.Kind {
	case Voice:
		r.delays = append(r.delays, h.at-sent)
	case Lost:
		r.concealed += length
	case Silence:
		r.silent += length
	}
}

// Distributions of delay, all above 30 ms.

func even(*rand.Rand, time.Duration) time.Duration { return 30 * millisecond }

func gaussian(sigma time.Duration) delay {
	return func(r *rand.Rand, _ time.Duration) time.Duration {
		return 30*millisecond + time.Duration(math.Abs(r.NormFloat64())*float64(sigma))
	}
}

// wifi is a link that stands still for 40 to 90 ms about every two seconds, and then
// delivers at once what has piled up.
func wifi() delay {
	var from, to time.Duration
	return func(r *rand.Rand, sent time.Duration) time.Duration {
		if sent > to+500*millisecond && r.IntN(75) == 0 {
			from, to = sent, sent+time.Duration(40+r.IntN(50))*millisecond
		}
		if sent >= from && sent < to {
			return 30*millisecond + to - sent
		}
		return 30*millisecond + time.Duration(r.IntN(4))*millisecond
	}
}

// spikes are single delays of 150 ms, one in 20 s, which the packets behind share.
func spikes() delay {
	return func(r *rand.Rand, sent time.Duration) time.Duration {
		into := sent % (20 * time.Second)
		if into < 150*millisecond {
			return 30*millisecond + 150*millisecond - into
		}
		return 30*millisecond + time.Duration(r.IntN(3))*millisecond
	}
}
