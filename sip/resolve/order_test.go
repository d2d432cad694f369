package resolve

import (
	"math"
	"slices"
	"testing"
)

// shares counts how often each server comes first among those given.
func shares(records []Server, draws int) map[string]int {
	chance, count := seeded(2782), map[string]int{}
	for range draws {
		count[ordered(records, chance)[0].Target]++
	}
	return count
}

// RFC 2782: "Larger weights SHOULD be given a proportionately higher probability of
// being selected."
func TestWeightsDecideShares(t *testing.T) {
	const draws = 20_000
	for _, c := range []struct {
		name    string
		records []Server
		want    map[string]float64
	}{
		{"one to two", []Server{{Weight: 1, Target: "a"}, {Weight: 2, Target: "b"}}, map[string]float64{
			// Zero and one draw the first in the running order, which is either.
			"a": (2.0/4 + 1.0/4) / 2, "b": (2.0/4 + 3.0/4) / 2}},
		{"large weights", []Server{{Weight: 600, Target: "a"}, {Weight: 300, Target: "b"}, {Weight: 100, Target: "c"}},
			map[string]float64{"a": 0.6, "b": 0.3, "c": 0.1}},
		{"the largest weights", []Server{{Weight: 65535, Target: "a"}, {Weight: 65535, Target: "b"}},
			map[string]float64{"a": 0.5, "b": 0.5}},
		{"a priority before all weights", []Server{{Priority: 2, Weight: 65535, Target: "a"}, {Priority: 1, Target: "b"}},
			map[string]float64{"a": 0, "b": 1}},
		// "In the presence of records containing weights greater than 0, records with
		// weight 0 should have a very small chance of being selected."
		{"weight 0 beside others", []Server{{Weight: 0, Target: "a"}, {Weight: 99, Target: "b"}},
			map[string]float64{"a": 0.01, "b": 0.99}},
		{"weight 0 everywhere", []Server{{Target: "a"}, {Target: "b"}, {Target: "c"}, {Target: "d"}},
			map[string]float64{"a": 0.25, "b": 0.25, "c": 0.25, "d": 0.25}},
	} {
		t.Run(c.name, func(t *testing.T) {
			count := shares(c.records, draws)
			for target, share := range c.want {
				// Five standard deviations: the seed is fixed, so this is exact.
				allowed := 5 * math.Sqrt(share*(1-share)/draws)
				if got := float64(count[target]) / draws; math.Abs(got-share) > allowed {
					t.Errorf("%s is first in %.4f, not %.4f of the draws", target, got, share)
				}
			}
		})
	}
}

// The second place is drawn among those that are left, by their weights.
func TestSecondPlaceByWeight(t *testing.T) {
	const draws = 20_000
	records := []Server{{Weight: 1000, Target: "a"}, {Weight: 750, Target: "b"}, {Weight: 250, Target: "c"}}
	chance, firsts, seconds := seeded(1), 0, 0
	for range draws {
		if list := ordered(records, chance); list[0].Target == "a" {
			firsts++
			if list[1].Target == "b" {
				seconds++
			}
		}
	}
	if share := float64(seconds) / float64(firsts); math.Abs(share-0.75) > 0.02 {
		t.Errorf("b is second in %.3f of the cases, not in 0.75", share)
	}
}

func TestOrderedLeavesItsArgument(t *testing.T) {
	records := []Server{{Priority: 3, Target: "a"}, {Priority: 1, Weight: 5, Target: "b"}, {Priority: 1, Weight: 5, Target: "c"}}
	before := slices.Clone(records)
	for seed := range uint64(20) {
		ordered(records, seeded(seed))
	}
	if !slices.Equal(records, before) {
		t.Errorf("became %v", records)
	}
}

// The draws are as the RFC says: in [0, sum], both included, over the running sums.
func TestDrawIsInclusive(t *testing.T) {
	for drawn, want := range map[int]string{0: "zero", 1: "one", 2: "two", 3: "two"} {
		records := []Server{{Target: "zero"}, {Weight: 1, Target: "one"}, {Weight: 2, Target: "two"}}
		take(records, func(n int) int {
			if n != 4 {
				t.Fatalf("draws from %d values, not 0 to 3", n)
			}
			return drawn
		})
		if records[0].Target != want || len(records) != 3 {
			t.Errorf("%d selects %v, not %s", drawn, records, want)
		}
	}
}

func BenchmarkLocate(b *testing.B) {
	z := zoneOf(b, rfc3263)
	m := Means{Protocols: []Protocol{UDP, TCP}, Families: []Family{IPv4}}
	target, known, chance := Target{Host: "example.com"}, Answers{}, seeded(1)
	for {
		_, missing, _ := Locate(target, m, known, chance)
		if len(missing) == 0 {
			break
		}
		for _, q := range missing {
			known[q] = z.answer(q)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		Locate(target, m, known, chance)
	}
}
