package gateway

import "testing"

func TestTideEbbsOnceMostCallsHaveGone(t *testing.T) {
	steps := []struct {
		calls int
		ebbs  bool
	}{
		{0, false}, {40, false}, {0, false}, // too few to matter
		{500, false}, {400, false}, {251, false}, {250, true}, // half of the peak have gone
		{240, false}, {200, false}, {125, true}, // the peak counts anew
		{60, true}, {0, true}, {0, false},
	}
	var tide tide
	for i, s := range steps {
		if got := tide.ebb(s.calls); got != s.ebbs {
			t.Errorf("step %d, %d calls: ebb is %v, want %v", i, s.calls, got, s.ebbs)
		}
	}
}
