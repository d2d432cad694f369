package jitter

import (
	"testing"
	"time"
	"unsafe"

	"pgregory.net/rapid"
)

// beat puts a packet in and takes a tick's sound out, every 20 ms, with some
// reordering and loss.
type beat struct {
	b      *Buffer
	packet Packet
	now    time.Time
	level  uint32
	count  int
}

func newBeat(t rapid.TB) *beat {
	return &beat{b: newBuffer(t), now: zero, packet: Packet{SSRC: 1, Ticks: 160, Payload: make([]byte, 160)}}
}

func (x *beat) once() {
	x.count++
	x.now = x.now.Add(20 * millisecond)
	x.packet.Sequence++
	x.packet.Timestamp += 160
	switch x.count % 20 {
	case 4: // lost
	case 8: // late, the next comes before it
		ahead := x.packet
		ahead.Sequence++
		ahead.Timestamp += 160
		x.b.Put(x.now, ahead)
		x.b.Put(x.now, x.packet)
	default:
		x.b.Put(x.now, x.packet)
	}
	for x.level < 160 {
		x.level += x.b.Take(x.now, 160-x.level).Ticks
	}
	x.level -= 160
}

func TestBufferDoesNotAllocate(t *testing.T) {
	x := newBeat(t)
	for range 500 {
		x.once()
	}
	if n := testing.AllocsPerRun(2000, x.once); n != 0 {
		t.Errorf("%v allocations for each packet", n)
	}
	if n := len(x.b.store.slots); n > 8 {
		t.Errorf("%d slots for a stream of which two or three wait", n)
	}
}

func TestSequencerDoesNotAllocate(t *testing.T) {
	s, p, now := newSequence(t)
	once := func() {
		p.Sequence++
		p.Timestamp += 160
		now = now.Add(20 * millisecond)
		if p.Sequence%20 != 4 {
			s.Put(now, *p)
		}
		for _, ok := s.Next(now); ok; _, ok = s.Next(now) {
		}
	}
	for range 100 {
		once()
	}
	if n := testing.AllocsPerRun(2000, once); n != 0 {
		t.Errorf("%v allocations for each packet", n)
	}
}

func newSequence(t rapid.TB) (*Sequencer, *Packet, time.Time) {
	s, err := NewSequencer(Options{Clock: 8000})
	if err != nil {
		t.Fatal(err)
	}
	return s, &Packet{SSRC: 1, Ticks: 160, Payload: make([]byte, 160)}, zero
}

// TestSize: what a leg costs beside its slots.
func TestSize(t *testing.T) {
	if n := unsafe.Sizeof(Buffer{}); n > 1024 {
		t.Errorf("a Buffer has %d octets", n)
	}
	if n := unsafe.Sizeof(Sequencer{}); n > 512 {
		t.Errorf("a Sequencer has %d octets", n)
	}
	if n := unsafe.Sizeof(slot{}); n > 80 {
		t.Errorf("a slot has %d octets", n)
	}
}

// BenchmarkBuffer is a packet put in and taken out.
func BenchmarkBuffer(b *testing.B) {
	x := newBeat(b)
	b.ReportAllocs()
	for b.Loop() {
		x.once()
	}
}

// BenchmarkSequencer is a packet that comes in order.
func BenchmarkSequencer(b *testing.B) {
	s, p, now := newSequence(b)
	b.ReportAllocs()
	for b.Loop() {
		p.Sequence++
		now = now.Add(20 * millisecond)
		s.Put(now, *p)
		s.Next(now)
		s.Next(now)
	}
}

// BenchmarkFit is a frame of 20 ms at 48 kHz that is made longer.
func BenchmarkFit(b *testing.B) {
	src, dst := make([]int16, 960), make([]int16, 972)
	b.ReportAllocs()
	for b.Loop() {
		Fit(dst, src, 1)
	}
}
