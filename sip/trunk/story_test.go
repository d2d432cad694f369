package trunk

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// story is a list of lines "event -> actions state deadline". The deadline is "@54m" after
// the beginning, or "never". An event "+1.5s" lets time pass to that moment after the
// beginning and steps the timer; timers that are due before it fail the story. An event
// after "late 2m:" comes at that moment although a timer was due before it.
type story struct {
	name  string
	lines string
	// random is 0.5 when not set.
	random float64
}

// player steps the machine that a story is about.
type player struct {
	step     func(now time.Time, random float64, event string) (acts Actions, state fmt.Stringer)
	deadline func() (time.Time, bool)
}

func (s story) run(t *testing.T, p player) {
	random := s.random
	if random == 0 {
		random = 0.5
	}
	now := epoch
	for line := range strings.Lines(strings.TrimSpace(s.lines)) {
		event, want, ok := strings.Cut(strings.TrimSpace(line), " -> ")
		if !ok {
			t.Fatalf("story line without arrow: %q", line)
		}
		event = strings.TrimSpace(event)
		now, event = p.pass(t, now, event)
		acts, state := p.step(now, random, event)
		got := fmt.Sprintf("%v %v %s", acts, state, p.when())
		if want := canonical(t, want); got != want {
			t.Fatalf("%s:\n got %s\nwant %s", strings.TrimSpace(line), got, want)
		}
		if at, set := p.deadline(); set && !at.After(now) {
			t.Fatalf("%s: the deadline %s is not in the future", line, p.when())
		}
	}
}

// pass moves the time that an event names and gives what is left of it.
func (p player) pass(t *testing.T, now time.Time, event string) (time.Time, string) {
	if rest, ok := strings.CutPrefix(event, "late "); ok {
		offset, event, _ := strings.Cut(rest, ": ")
		return epoch.Add(duration(t, offset)), event
	}
	offset, ok := strings.CutPrefix(event, "+")
	if !ok {
		return now, event
	}
	now = epoch.Add(duration(t, offset))
	if at, set := p.deadline(); set && at.Before(now) {
		t.Fatalf("%s: a timer was due at %s already", event, p.when())
	}
	return now, "timer"
}

func (p player) when() string {
	at, set := p.deadline()
	if !set {
		return "never"
	}
	return "@" + at.Sub(epoch).String()
}

// canonical writes the deadline of an expectation as when does.
func canonical(t *testing.T, want string) string {
	fields := strings.Fields(want)
	last := len(fields) - 1
	if offset, ok := strings.CutPrefix(fields[last], "@"); ok {
		fields[last] = "@" + duration(t, offset).String()
	}
	return strings.Join(fields, " ")
}

func duration(t *testing.T, text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// result reads "503", "503 after=2m", "timeout", "unreachable", "withheld", "abandoned".
func result(t *testing.T, fields []string) (r Result) {
	switch fields[0] {
	case "timeout":
		return Result{Fate: TimedOut}
	case "unreachable":
		return Result{Fate: Unreachable}
	case "withheld":
		return Result{Fate: Withheld}
	case "abandoned":
		return Result{Fate: Abandoned}
	}
	if _, err := fmt.Sscan(fields[0], &r.Status); err != nil {
		t.Fatalf("no such result: %q", fields)
	}
	if after := option(fields, "after"); after != "" {
		r.RetryAfter = duration(t, after)
	}
	return r
}

// option gives the value of key=value among fields.
func option(fields []string, key string) string {
	for _, f := range fields {
		if v, ok := strings.CutPrefix(f, key+"="); ok {
			return v
		}
	}
	return ""
}
