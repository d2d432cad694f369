package quality

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// lossesOf is Losses that are told of a line of packets: . is received, x is lost.
func lossesOf(packets string) (l Losses) {
	for _, c := range packets {
		if c == 'x' {
			l.Lose(1)
		} else {
			l.Received(1)
		}
	}
	return l
}

func good(n int) string { return strings.Repeat(".", n) }

func TestBurstsAndGaps(t *testing.T) {
	for _, c := range []struct {
		name, packets                   string
		bursts, clustered, lost, inGaps uint64
	}{
		{"nothing lost", good(100), 0, 0, 0, 0},
		{"one alone", good(50) + "x" + good(50), 0, 0, 0, 1},
		{"each alone", good(20) + "x" + good(16) + "x" + good(16) + "x" + good(20), 0, 0, 0, 3},
		{"15 between are too few", good(20) + "x" + good(15) + "x" + good(20), 1, 17, 2, 0},
		{"in a row", good(20) + "xxxx" + good(20), 1, 4, 4, 0},
		{"one burst of several runs", good(20) + "xx.x..x...x" + good(20), 1, 11, 5, 0},
		{"two bursts and one alone", "xx" + good(16) + "x" + good(16) + "x.x" + good(5), 2, 5, 4, 1},
		{"burst that is still open", good(20) + "x....x..", 1, 6, 2, 0},
		{"from the beginning", "xxx" + good(30), 1, 3, 3, 0},
		{"all", "xxxxx", 1, 5, 5, 0},
	} {
		l := lossesOf(c.packets)
		if l.Bursts != c.bursts || l.Clustered != c.clustered || l.BurstLost != c.lost || l.Lost-l.BurstLost != c.inGaps {
			t.Errorf("%s: %+v", c.name, l)
		}
		if l.Expected != uint64(len(c.packets)) || l.Lost != uint64(strings.Count(c.packets, "x")) {
			t.Errorf("%s: %d expected, %d lost", c.name, l.Expected, l.Lost)
		}
	}
}

// TestDensities: RFC 3611 s4.7.2 bounds the loss in gaps by 1/(Gmin+1).
func TestDensities(t *testing.T) {
	l := lossesOf(good(34) + "x...xx..xx" + good(40) + "x" + good(15))
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"share", l.Share(), 6.0 / 100},
		{"burst density", l.BurstDensity(), 5.0 / 10},
		{"gap density", l.GapDensity(), 1.0 / 90},
		{"burst length", l.BurstLength(), 10},
		{"gap length", l.GapLength(), 45},
	} {
		if math.Abs(c.got-c.want) > 1e-12 {
			t.Errorf("%s %v, want %v", c.what, c.got, c.want)
		}
	}
	var none Losses
	if none.Share() != 0 || none.BurstDensity() != 0 || none.GapDensity() != 0 || none.BurstLength() != 0 || none.BurstRatio() != 1 {
		t.Errorf("of nothing: %+v", none)
	}
}

// TestBurstRatio: losses by chance have 1, whatever their rate; those of a Markov chain
// have what G.107 s7.5 says, 1/(p+q).
func TestBurstRatio(t *testing.T) {
	for _, c := range []struct{ p, q, want float64 }{
		{0.01, 0.99, 1}, {0.1, 0.9, 1}, {0.02, 0.48, 2}, {0.01, 0.19, 5},
	} {
		r := rand.New(rand.NewPCG(1, 2))
		var l Losses
		lost := false
		for range 400_000 {
			change := c.p
			if lost {
				change = c.q
			}
			if r.Float64() < change {
				lost = !lost
			}
			if lost {
				l.Lose(1)
			} else {
				l.Received(1)
			}
		}
		if got := l.BurstRatio(); math.Abs(got-c.want) > 0.05*c.want {
			t.Errorf("p %v, q %v: BurstR %.3f, want %v", c.p, c.q, got, c.want)
		}
	}
}

func TestManyAtOnceIsLikeOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var at, by Losses
		for _, n := range rapid.SliceOfN(rapid.IntRange(-20, 40), 0, 30).Draw(t, "runs") {
			if n < 0 {
				at.Lose(uint64(-n))
			} else {
				at.Received(uint64(n))
			}
			for ; n < 0; n++ {
				by.Lose(1)
			}
			for ; n > 0; n-- {
				by.Received(1)
			}
		}
		if at != by {
			t.Fatalf("%+v, one by one %+v", at, by)
		}
		if by.Lost-by.BurstLost > 0 && by.GapDensity() > 1.0/(Gmin+1)+2.0/float64(by.Expected) {
			t.Fatalf("gap density %v: %+v", by.GapDensity(), by)
		}
	})
}

func TestSince(t *testing.T) {
	l := lossesOf(good(50) + "xx" + good(20))
	before := l
	l.Received(10)
	l.Lose(3)
	d := l.Since(before)
	if d.Expected != 13 || d.Lost != 3 || d.Runs != 1 || d.Bursts != 1 || d.Clustered != 3 || d.BurstLost != 3 {
		t.Errorf("%+v", d)
	}
}

func TestArrivals(t *testing.T) {
	var a Arrivals
	for i := range 300 {
		switch {
		case i == 100, i == 101: // lost
		case i == 150: // comes 10 packets later
		case i == 160:
			a.Add(1, uint16(65400+i))
			a.Add(1, uint16(65400+i-10))
		case i%50 == 7:
			a.Add(1, uint16(65400+i))
			a.Add(1, uint16(65400+i)) // twice
		default:
			a.Add(1, uint16(65400+i))
		}
	}
	if l := a.Final(); l.Expected != 300 || l.Lost != 2 || l.Bursts != 1 {
		t.Errorf("%+v", l)
	}
	if l := a.Losses(); l.Expected != 300-patience {
		t.Errorf("before the last have been judged: %+v", l)
	}
}

func TestArrivalsOfAnotherRow(t *testing.T) {
	var a Arrivals
	for i := range 10 {
		a.Add(1, uint16(i))
	}
	for i := range 10 {
		a.Add(2, uint16(500+i))
	}
	for i := range 10 {
		a.Add(2, uint16(30000+i))
	}
	if l := a.Final(); l.Expected != 30 || l.Lost != 0 {
		t.Errorf("%+v", l)
	}
}

func TestArrivalsTooLate(t *testing.T) {
	var a Arrivals
	a.Add(1, 0)
	for i := 2; i < 200; i++ {
		a.Add(1, uint16(i))
	}
	a.Add(1, 1)
	if l := a.Final(); l.Expected != 200 || l.Lost != 1 {
		t.Errorf("%+v", l)
	}
}

// TestArrivalsMatchTruth: whatever the order within 60 numbers, what did not come is
// lost.
func TestArrivalsMatchTruth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 300).Draw(t, "packets")
		first := rapid.Uint16().Draw(t, "first")
		var a Arrivals
		a.Add(9, first)
		came := map[int]bool{0: true}
		for i := 1; i < n; i++ {
			if rapid.IntRange(0, 5).Draw(t, "lost") == 0 && i < n-1 {
				continue
			}
			came[i] = true
			a.Add(9, first+uint16(i))
			back := i - rapid.IntRange(0, 50).Draw(t, "late")
			if back > 0 {
				came[back] = true
				a.Add(9, first+uint16(back))
			}
		}
		if l := a.Final(); l.Expected != uint64(n) || l.Lost != uint64(n-len(came)) {
			t.Fatalf("%d of %d came: %+v", len(came), n, l)
		}
	})
}

func TestArrivalsDoNotAllocate(t *testing.T) {
	var a Arrivals
	sequence := uint16(0)
	if n := testing.AllocsPerRun(1000, func() {
		sequence++
		if sequence%10 != 0 {
			a.Add(1, sequence)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkArrivals(b *testing.B) {
	var a Arrivals
	sequence := uint16(0)
	for b.Loop() {
		sequence++
		a.Add(1, sequence)
	}
}
