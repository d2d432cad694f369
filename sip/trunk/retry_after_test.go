package trunk

import (
	"errors"
	"testing"
	"time"
)

func TestParseRetryAfter(t *testing.T) {
	tests := []struct {
		value string
		want  time.Duration
	}{
		{"120", 2 * time.Minute},
		{" 0 ", 0},
		// RFC 3261 s20.33's own examples.
		{"18000;duration=3600", 5 * time.Hour},
		{"120 (I'm in a meeting)", 2 * time.Minute},
		{"120 (a (nested) comment);x=y", 2 * time.Minute},
		{"5 ;duration=\"(\"", 5 * time.Second},
		{"99999999999999999999999999", (1<<31 - 1) * time.Second},
		{"00000000000000000000000000000007", 7 * time.Second},
	}
	for _, tt := range tests {
		if got, err := ParseRetryAfter(tt.value); err != nil || got != tt.want {
			t.Errorf("%q: %v %v, want %v", tt.value, got, err, tt.want)
		}
	}
}

func TestBadRetryAfter(t *testing.T) {
	for _, value := range []string{"", " ", "soon", "-1", "+1", "1.5", "1s", "12 0", ";duration=1", "Fri, 31 Dec 1999 23:59:59 GMT", "(2) 3", "1,2"} {
		if got, err := ParseRetryAfter(value); !errors.Is(err, ErrRetryAfter) || got != 0 {
			t.Errorf("%q: %v %v", value, got, err)
		}
	}
}

func FuzzParseRetryAfter(f *testing.F) {
	for _, seed := range []string{"120", "18000;duration=3600", "120 (I'm in a meeting)", "", "99999999999999999999", "1\r\nX: y", "\x00", "１"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		d, err := ParseRetryAfter(value)
		switch {
		case err != nil && (!errors.Is(err, ErrRetryAfter) || d != 0):
			t.Fatalf("%q: %v %v", value, d, err)
		case d < 0 || d > mostDelta*time.Second || d%time.Second != 0:
			t.Fatalf("%q: %v", value, d)
		}
		// Whatever it says, the time that it leads to is no overflow.
		h := NewHealth(HealthSettings{})
		h.Step(epoch, 0, Called{Result{Status: 503, RetryAfter: d}})
		if at, set := h.Deadline(); set && (!at.After(epoch) || at.After(epoch.Add(LongestRest))) {
			t.Fatalf("%q: rests until %v", value, at)
		}
	})
}
