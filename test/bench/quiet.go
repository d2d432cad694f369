package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A measurement that others begin to disturb is made again. Disturbed is when they
// use more than that share of a core.
const (
	disturbing = 0.08
	tries      = 2
	quietTime  = 20 * time.Second
)

// undisturbed measures until it was not disturbed, but not for ever; a figure that
// was disturbed says so.
func (b *bench) undisturbed(m measurement) error {
	for try := 1; ; try++ {
		quiet := waitForQuiet()
		rows := len(b.table.rows)
		before := usage()
		if err := m.run(b); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		others := usage().others(before)
		switch {
		case others < disturbing:
			return nil
		case try == tries || !quiet:
			b.table.remark(rows, fmt.Sprintf("disturbed: other programs used %.0f%% of a core", 100*others))
			return nil
		}
		say("%s: other programs used %.0f%% of a core; measuring again", m.name, 100*others)
		b.table.rows = b.table.rows[:rows]
	}
}

// waitForQuiet waits until nothing else computes, and tells whether that came.
func waitForQuiet() bool {
	for end := time.Now().Add(quietTime); time.Now().Before(end); {
		before := usage()
		time.Sleep(time.Second)
		if usage().others(before) < disturbing {
			return true
		}
	}
	return false
}

// used is processor time at a moment: of all programs, and of ours.
type used struct {
	at        time.Time
	all, ours time.Duration
}

// usage takes the user and system time of all programs from /proc/stat, and ours
// and that of our children that have ended. What the kernel does for the network
// (softirq) is in neither.
func usage() used {
	u := used{at: time.Now()}
	content, _ := os.ReadFile("/proc/stat") // elsewhere there is none, and nobody disturbs
	if f := strings.Fields(string(content)); len(f) > 3 {
		for _, field := range f[1:4] { // user, nice, system
			n, _ := strconv.Atoi(field)
			u.all += time.Duration(n) * time.Second / ticks
		}
	}
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var r syscall.Rusage
		if syscall.Getrusage(who, &r) == nil {
			u.ours += time.Duration(r.Utime.Nano() + r.Stime.Nano())
		}
	}
	return u
}

// others is the share of a core that other programs have used since.
func (u used) others(before used) float64 {
	theirs := (u.all - before.all) - (u.ours - before.ours)
	return max(theirs.Seconds(), 0) / u.at.Sub(before.at).Seconds()
}
