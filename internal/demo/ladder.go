package demo

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// The three lanes of the drawing, from left to right.
const (
	phoneLane = iota
	gatewayLane
	trunkLane
)

var lanes = [...]string{phoneLane: "alice", gatewayLane: "gateway", trunkLane: "PSTN"}

// between is the width of the space between two lanes.
const between = 30

// ladder draws messages as they are seen. One that is sent is drawn before it
// leaves, so what it causes is always drawn below it.
type ladder struct {
	out   io.Writer
	began time.Time
}

func newLadder(out io.Writer) *ladder { return &ladder{out: out, began: time.Now()} }

// header names the lanes.
func (d *ladder) header() {
	gap := strings.Repeat(" ", between-6)
	d.print("\n%12s%s%s%s%s\n", lanes[phoneLane], gap, lanes[gatewayLane], gap, lanes[trunkLane])
}

// message draws an arrow from one lane to the next one.
func (d *ladder) message(at time.Time, from, to int, name string) {
	left := min(from, to)
	arrow := draw(name, from < to)
	empty := strings.Repeat(" ", between)
	gaps := [2]string{empty, empty}
	gaps[min(left, 1)] = arrow
	d.print("%8.3f  │%s│%s│\n", at.Sub(d.began).Seconds(), gaps[0], gaps[1])
}

// draw is an arrow with its name in the middle.
func draw(name string, right bool) string {
	room := between - 4 - utf8.RuneCountInString(name)
	before := max(room/2, 0)
	line := strings.Repeat("─", before) + " " + name + " " + strings.Repeat("─", max(room-before, 0))
	if right {
		return "─" + line + "▶"
	}
	return "◀" + line + "─"
}

// note is a line between the messages.
func (d *ladder) note(format string, args ...any) {
	d.print("%8.3f  · %s\n", time.Since(d.began).Seconds(), fmt.Sprintf(format, args...))
}

func (d *ladder) print(format string, args ...any) {
	fmt.Fprintf(d.out, format, args...)
}
