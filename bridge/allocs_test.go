package bridge

import "testing"

// allocsPerRun is the least of three counts of how often a run allocates. The count is of the
// whole process, in which something of another test may still run; what a run allocates by
// itself it does each time.
func allocsPerRun(runs int, f func()) float64 {
	least := testing.AllocsPerRun(runs, f)
	for range 2 {
		if least == 0 {
			break
		}
		least = min(least, testing.AllocsPerRun(runs, f))
	}
	return least
}
