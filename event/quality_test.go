package event

import "testing"

func TestLoss(t *testing.T) {
	for _, c := range []struct {
		expected, lost uint64
		want           float64
	}{{0, 0, 0}, {100, 0, 0}, {200, 1, 0.005}, {4, 4, 1}} {
		if got := (Quality{Expected: c.expected, Lost: c.lost}).Loss(); got != c.want {
			t.Errorf("%d of %d is %v, want %v", c.lost, c.expected, got, c.want)
		}
	}
}
