package rtp

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestPortsOfARange(t *testing.T) {
	for _, c := range []struct{ first, last, pairs int }{
		{20000, 20001, 1}, {20000, 20000, 0}, {20001, 20004, 1}, {20001, 20005, 2},
		{20000, 29999, 5000}, {65534, 65535, 1}, {65535, 65535, 0}, {20002, 20000, 0},
	} {
		p := newPorts(uint16(c.first), uint16(c.last), 0)
		seen := make(map[pair]bool)
		for {
			got, ok := p.take(start)
			if !ok {
				break
			}
			if got.rtp()%2 != 0 || int(got.rtp()) < c.first || int(got.rtcp()) > c.last || seen[got] {
				t.Errorf("%d-%d gave %d", c.first, c.last, got)
			}
			seen[got] = true
		}
		if len(seen) != c.pairs || p.inUse != c.pairs {
			t.Errorf("%d-%d gave %d pairs, want %d", c.first, c.last, len(seen), c.pairs)
		}
	}
}

func TestPortsRestAfterUse(t *testing.T) {
	p := newPorts(20000, 20001, 10*time.Second)
	got, _ := p.take(start)
	p.put(start, got)
	if _, ok := p.take(start.Add(10*time.Second - 1)); ok {
		t.Error("given out within the quarantine")
	}
	if again, ok := p.take(start.Add(10 * time.Second)); !ok || again != got {
		t.Errorf("after the quarantine: %d, %v", again, ok)
	}
}

func TestPortsBeginInRandomOrder(t *testing.T) {
	order := func() (list [8]pair) {
		p := newPorts(20000, 29999, 0)
		for i := range list {
			list[i], _ = p.take(start)
		}
		return list
	}
	if order() == order() {
		t.Error("twice the same order: chances for that are one in 10^29")
	}
}

// TestPortsProperties: no pair is out twice, none comes back before its
// quarantine is over, the longest unused one comes first, and none is lost.
func TestPortsProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		quarantine := time.Duration(rapid.IntRange(0, 5).Draw(t, "quarantine")) * time.Second
		total := rapid.IntRange(1, 5).Draw(t, "pairs")
		p := newPorts(1000, uint16(1000+2*total-1), quarantine)
		now := start
		var out []pair
		back := make(map[pair]time.Time)
		t.Repeat(map[string]func(*rapid.T){
			"wait": func(t *rapid.T) { now = now.Add(time.Duration(rapid.IntRange(1, 4000).Draw(t, "ms")) * ms) },
			"take": func(t *rapid.T) {
				got, ok := p.take(now)
				if !ok {
					for q, at := range back {
						if !now.Before(at.Add(quarantine)) {
							t.Fatalf("%d is free but was not given", q)
						}
					}
					return
				}
				if at, used := back[got]; used && now.Before(at.Add(quarantine)) {
					t.Fatalf("%d given out within its quarantine", got)
				}
				delete(back, got)
				out = append(out, got)
			},
			"put": func(t *rapid.T) {
				if len(out) == 0 {
					t.Skip("none out")
				}
				i := rapid.IntRange(0, len(out)-1).Draw(t, "which")
				p.put(now, out[i])
				back[out[i]] = now
				out = append(out[:i], out[i+1:]...)
			},
			"": func(t *rapid.T) {
				if p.inUse != len(out) || p.inUse+p.free != total {
					t.Fatalf("%d in use, %d free of %d; %d are out", p.inUse, p.free, total, len(out))
				}
			},
		})
	})
}
