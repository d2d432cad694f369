package jitter

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestEachPacketOnceInOrderAndInTime: whatever the network does, packets come out once, in
// the order in which they were sent, not before they came, and the frames make up the
// time.
func TestEachPacketOnceInOrderAndInTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBuffer(t)
		ptime := rapid.SampledFrom([]time.Duration{10, 20, 30, 40, 60}).Draw(t, "ptime") * millisecond
		n := network{length: 4 * time.Second, ptime: ptime}
		n.delay, n.random = even, rapid.Uint64().Draw(t, "seed")
		all := n.packets()
		for i := range all {
			all[i].at += time.Duration(rapid.IntRange(0, 400).Draw(t, "late")) * millisecond * time.Duration(rapid.IntRange(0, 1).Draw(t, "whether"))
			if rapid.IntRange(0, 9).Draw(t, "twice") == 0 {
				again := all[i]
				again.at += time.Duration(rapid.IntRange(0, 100).Draw(t, "later")) * millisecond
				all = append(all, again)
			}
		}
		slices.SortStableFunc(all, func(a, b arrival) int { return int(a.at - b.at) })
		out := listen(t, b, all, n.length)
		last, ticks := time.Duration(-1), int64(0)
		for _, h := range out {
			ticks += int64(h.Ticks)
			if h.Kind != Voice {
				continue
			}
			// Of two of a kind the one that comes first counts.
			i := slices.IndexFunc(all, func(a arrival) bool { return a.packet.Timestamp == h.Timestamp })
			if a := all[i]; a.sampled <= last || h.at < a.at {
				t.Fatalf("at %v is heard what was sampled at %v and came at %v, after %v", h.at, a.sampled, a.at, last)
			}
			last = all[i].sampled
			if off := int64(h.Ticks) - int64(h.Length); max(off, -off) > int64(h.Length)/32 {
				t.Fatalf("a packet of %d ticks sounds for %d", h.Length, h.Ticks)
			}
		}
		if asked := int64(out[len(out)-1].at/(20*millisecond)+1) * 160; ticks < asked-160 || ticks > asked+800 {
			t.Fatalf("frames of %d ticks for %d", ticks, asked)
		}
		balance(t, b.Stats(), b.store.count)
	})
}

// balance: every packet that came is somewhere.
func balance(t rapid.TB, s Stats, waiting int) {
	t.Helper()
	if sum := s.Played + s.Late + s.Duplicates + s.Strays + s.Skipped + uint64(waiting); sum != s.Received {
		t.Fatalf("%d packets are accounted for, %d waiting ones among them: %+v", sum, waiting, s)
	}
}

// TestSequencerOnceAndInOrder: each number comes out once, as a packet or as lost, in
// order, and a packet that no packet is missing before at once.
func TestSequencerOnceAndInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := NewSequencer(Options{Clock: 8000})
		if err != nil {
			t.Fatal(err)
		}
		sent := rapid.SliceOfN(rapid.IntRange(0, 60), 1, 80).Draw(t, "numbers")
		now, timestamp := zero, int64(-1)
		for _, number := range sent {
			now = now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "passes")) * millisecond)
			s.Put(now, Packet{SSRC: 1, Sequence: uint16(65500 + number), Timestamp: uint32(160 * (number + 1)), Ticks: 160, Payload: []byte{byte(number)}})
			for f, ok := s.Next(now); ok; f, ok = s.Next(now) {
				if int64(f.Timestamp) <= timestamp {
					t.Fatalf("timestamp %d after %d", f.Timestamp, timestamp)
				}
				timestamp = int64(f.Timestamp)
				if f.Kind == Voice && uint32(f.Payload[0]+1)*160 != f.Timestamp {
					t.Fatalf("payload %d at %d", f.Payload[0], f.Timestamp)
				}
			}
			if due := s.Due(); !due.IsZero() && !now.Before(due) {
				t.Fatalf("at %v it was due at %v", now, due)
			}
		}
		balance(t, s.Stats(), s.store.count)
	})
}

// FuzzBuffer: whatever headers come, at whatever times, frames have lengths, memory is
// bounded and every packet is accounted for.
func FuzzBuffer(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("0123456789abcdef0123456789ABCDEF"))
	f.Add(slices.Repeat([]byte{0, 0, 0, 1, 0, 0, 0, 160, 0, 5}, 9))
	f.Add(slices.Repeat([]byte{3, 0, 255, 255, 127, 255, 255, 255, 9, 200}, 30))
	f.Fuzz(func(t *testing.T, data []byte) {
		b := newBuffer(t)
		s, _ := NewSequencer(Options{Clock: 8000})
		now := zero
		for len(data) >= 10 {
			p := Packet{
				SSRC: uint32(data[0] & 3), Kind: Kind(data[1] % 3), Sequence: binary.BigEndian.Uint16(data[2:]),
				Timestamp: binary.BigEndian.Uint32(data[4:]), Ticks: uint32(data[8]) << (data[1] >> 4), Payload: data[:10],
			}
			now = now.Add(time.Duration(data[9]) * time.Duration(data[9]) * millisecond / 16)
			data = data[10:]
			b.Put(now, p)
			s.Put(now, p)
			drain(t, b, s, now)
		}
		if len(b.store.slots) > window+1 || len(s.store.slots) > window+1 {
			t.Fatalf("%d and %d slots", len(b.store.slots), len(s.store.slots))
		}
	})
}

func drain(t *testing.T, b *Buffer, s *Sequencer, now time.Time) {
	for left := int64(160); left > 0; {
		f := b.Take(now, uint32(left))
		if f.Kind == Voice && f.Length == 0 {
			continue // it sounds for no time
		}
		if f.Ticks == 0 || int64(f.Ticks) > 2*b.wild {
			t.Fatalf("%+v", f)
		}
		left -= int64(f.Ticks)
	}
	for _, ok := s.Next(now); ok; _, ok = s.Next(now) {
	}
	events := b.Stats().Received - b.Stats().Played - b.Stats().Late - b.Stats().Duplicates - b.Stats().Strays - b.Stats().Skipped
	if events > 1<<40 {
		t.Fatalf("more packets are accounted for than came: %+v", b.Stats())
	}
}
