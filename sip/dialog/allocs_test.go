package dialog

import (
	"testing"
	"time"
)

// maxAllocs bounds what a call costs on both its sides. Half of it is the reading of its
// seven messages.
const maxAllocs = 230

func TestCallAllocations(t *testing.T) {
	now := time.Unix(0, 0).UTC()
	if n := testing.AllocsPerRun(100, func() { callOnce(t, now) }); n > maxAllocs {
		t.Errorf("a call costs %v allocations, want at most %d", n, maxAllocs)
	}
}
