package rtp

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// receive takes packets of 20 ms with the given sequence numbers.
func receive(r *reception, ssrc uint32, sequences ...uint16) {
	for _, n := range sequences {
		at := start.Add(time.Duration(n) * 20 * ms)
		r.add(at, header{ssrc: ssrc, sequence: n, timestamp: uint32(n) * 160}, 172, 8000)
	}
}

func TestReceptionCounts(t *testing.T) {
	for _, c := range []struct {
		name                        string
		sequences                   []uint16
		lost, duplicates, reordered uint64
	}{
		{"one packet", []uint16{7}, 0, 0, 0},
		{"in order", []uint16{7, 8, 9}, 0, 0, 0},
		{"over the wrap", []uint16{65534, 65535, 0, 1}, 0, 0, 0},
		{"two lost", []uint16{7, 8, 11}, 2, 0, 0},
		{"lost at the wrap", []uint16{65534, 1}, 2, 0, 0},
		{"late, then complete", []uint16{7, 9, 8, 10}, 0, 0, 1},
		{"before the first", []uint16{7, 6, 8}, 0, 0, 1},
		{"before the first, at the wrap", []uint16{0, 65535, 1}, 0, 0, 1},
		{"twice", []uint16{7, 8, 8, 9}, 0, 1, 0},
		{"late and twice", []uint16{7, 9, 8, 8}, 0, 1, 1},
		{"a duplicate does not hide a loss", []uint16{7, 7, 9}, 1, 1, 0},
		{"one wild number is neither loss nor a new order", []uint16{7, 8, 40000, 9, 10}, 0, 0, 0},
		{"a restart, known by two in a row", []uint16{7, 10, 40000, 40001, 40003}, 3, 0, 0},
	} {
		var r reception
		receive(&r, 1, c.sequences...)
		s := r.stream()
		if s.Lost != c.lost || s.Duplicates != c.duplicates || s.Reordered != c.reordered {
			t.Errorf("%s: lost %d, duplicates %d, reordered %d; want %d, %d, %d", c.name,
				s.Lost, s.Duplicates, s.Reordered, c.lost, c.duplicates, c.reordered)
		}
		if s.Packets != uint64(len(c.sequences)) || s.Octets != 172*s.Packets {
			t.Errorf("%s: %d packets, %d octets", c.name, s.Packets, s.Octets)
		}
	}
}

func TestReceptionAddsUpOverSSRCs(t *testing.T) {
	var r reception
	receive(&r, 1, 10, 12)
	receive(&r, 2, 500, 503)
	if s := r.stream(); s.Lost != 3 || s.SSRC != 2 || s.Packets != 4 {
		t.Errorf("%+v", s)
	}
}

func TestReceptionOfNothing(t *testing.T) {
	var r reception
	if s := r.stream(); s != (Stream{}) {
		t.Errorf("%+v", s)
	}
}

// TestReceptionLossIsExact: of a stream of which some packets are lost, some
// twice and some a little late, what has been lost is known exactly.
func TestReceptionLossIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.Uint16().Draw(t, "first")
		n := rapid.IntRange(2, 400).Draw(t, "n")
		fate := rapid.SliceOfN(rapid.IntRange(0, 9), n, n).Draw(t, "fate")
		fate[0], fate[n-1] = 9, 9 // the ends are known only if they come
		var r reception
		var lost, twice uint64
		var late []uint16
		for i, f := range fate {
			sequence := first + uint16(i)
			switch f {
			case 0:
				lost++
			case 1:
				twice++
				receive(&r, 1, sequence, sequence)
			case 2:
				late = append(late, sequence)
			default:
				receive(&r, 1, sequence)
			}
			if len(late) == 3 || i == n-1 || len(late) > 0 && sequence-late[0] > 50 {
				receive(&r, 1, late...)
				late = nil
			}
		}
		if s := r.stream(); s.Lost != lost || s.Duplicates != twice {
			t.Fatalf("lost %d, duplicates %d; want %d, %d", s.Lost, s.Duplicates, lost, twice)
		}
	})
}

func TestJitter(t *testing.T) {
	steady := func(i int) time.Duration { return 0 }
	for _, c := range []struct {
		name      string
		delay     func(i int) time.Duration
		low, high time.Duration
	}{
		{"a steady stream has none", steady, 0, 0},
		{"every other packet 4 ms late: |D| is 4 ms throughout", func(i int) time.Duration { return time.Duration(i%2) * 4 * ms }, 3990 * time.Microsecond, 4 * ms},
		{"a delay that is always the same is none", func(int) time.Duration { return 300 * ms }, 0, 0},
		{"one packet 16 ms late, long ago", func(i int) time.Duration {
			if i == 2 {
				return 16 * ms
			}
			return 0
		}, 0, ms / 10},
	} {
		var r reception
		for i := range 200 {
			at := start.Add(time.Duration(i)*20*ms + c.delay(i))
			r.add(at, header{ssrc: 1, sequence: uint16(i), timestamp: uint32(i) * 160}, 172, 8000)
		}
		if j := r.stream().Jitter; j < c.low || j > c.high {
			t.Errorf("%s: %v, want %v to %v", c.name, j, c.low, c.high)
		}
	}
}

// TestJitterByTheFormula holds the integers against RFC 3550 s6.4.1 in floating
// point.
func TestJitterByTheFormula(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.SampledFrom([]uint32{8000, 16000, 48000, 90000}).Draw(t, "rate")
		delays := rapid.SliceOfN(rapid.IntRange(0, 100), 2, 200).Draw(t, "delays in ms")
		var r reception
		want := 0.0
		for i, d := range delays {
			at := start.Add(time.Duration(i*20+d) * ms)
			r.add(at, header{ssrc: 1, sequence: uint16(i), timestamp: uint32(i) * rate / 50}, 172, rate)
			if i > 0 {
				step := float64(d - delays[i-1])
				want += (max(step, -step) - want) / 16
			}
		}
		got := float64(r.stream().Jitter) / float64(ms)
		if got < want-0.001 || got > want+0.001 {
			t.Fatalf("%f ms, want %f", got, want)
		}
	})
}

func TestJitterLeavesOutWhatWasNotSampledInTurn(t *testing.T) {
	var r reception
	add := func(at time.Duration, sequence uint16, timestamp uint32) {
		r.add(start.Add(at), header{ssrc: 1, sequence: sequence, timestamp: timestamp}, 172, 8000)
	}
	add(0, 1, 0)
	// A key of 100 ms: five packets with the timestamp of its beginning.
	for i := range 5 {
		add(time.Duration(i+1)*20*ms, uint16(i+2), 160)
	}
	add(120*ms, 7, 960)
	if j := r.stream().Jitter; j != 0 {
		t.Errorf("a key made %v of jitter", j)
	}
	add(140*ms, 8, 1<<31) // the clock was set anew
	add(160*ms, 9, 1<<31+160)
	if j := r.stream().Jitter; j != 0 {
		t.Errorf("a new clock made %v of jitter", j)
	}
}

func TestJitterOverTheWrapOfTimestamps(t *testing.T) {
	var r reception
	for i := range uint32(10) {
		r.add(start.Add(time.Duration(i)*20*ms), header{ssrc: 1, sequence: uint16(i), timestamp: i*160 - 800}, 172, 8000)
	}
	if j := r.stream().Jitter; j != 0 {
		t.Errorf("%v", j)
	}
}
