package trunk

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// RFC 5626 s4.5's own figures: "if the base-time is 30 seconds, and there were three
// failures, then the upper-bound wait time is min(1800, 30*(2^3)) or 240 seconds".
func TestBackoff(t *testing.T) {
	b := Backoff{30 * time.Second, 1800 * time.Second}
	tests := []struct {
		failures int
		random   float64
		want     time.Duration
	}{
		{0, 0, 15 * time.Second},
		{1, 0, 30 * time.Second},
		{3, 0, 120 * time.Second},
		{3, 0.5, 180 * time.Second},
		{3, 1, 240 * time.Second},
		{5, 1, 960 * time.Second},
		{6, 1, 1800 * time.Second},
		{1 << 40, 1, 1800 * time.Second},
		{3, -1, 120 * time.Second},
		{3, 7, 240 * time.Second},
		{3, math.NaN(), 120 * time.Second},
		{-1, 1, 30 * time.Second},
	}
	for _, tt := range tests {
		if got := b.Wait(tt.failures, tt.random); got != tt.want {
			t.Errorf("%d failures, random %v: %v, want %v", tt.failures, tt.random, got, tt.want)
		}
	}
	if got := (Backoff{time.Hour, time.Minute}).Wait(0, 1); got != time.Minute {
		t.Errorf("a base over the most waits %v", got)
	}
	if got := (Backoff{time.Second, math.MaxInt64}).Wait(1000, 1); got != math.MaxInt64 {
		t.Errorf("without end it waits %v", got)
	}
	if got := (Backoff{}).Wait(3, 0); got <= 0 {
		t.Errorf("no back-off waits %v", got)
	}
}

func TestBackoffStaysWithinBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := Backoff{
			Base: time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(t, "base")),
			Max:  time.Duration(rapid.Int64Range(1, math.MaxInt64).Draw(t, "max")),
		}
		failures := rapid.IntRange(0, 200).Draw(t, "failures")
		random := rapid.Float64().Draw(t, "random")
		got := b.Wait(failures, random)
		if got <= 0 || got > max(b.Max, time.Millisecond) {
			t.Fatalf("%+v, %d failures: %v", b, failures, got)
		}
		if b.Wait(failures+1, 0) < b.Wait(failures, 0) {
			t.Fatalf("%+v: shorter after %d failures", b, failures+1)
		}
	})
}

func TestAround(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(int64(time.Second), int64(24*time.Hour)).Draw(t, "d"))
		got := around(d, rapid.Float64().Draw(t, "random"))
		if got < d-d/10 || got > d+d/10 {
			t.Fatalf("%v around %v", got, d)
		}
	})
}

func TestEarliest(t *testing.T) {
	later := epoch.Add(time.Second)
	for _, tt := range []struct {
		a, b, want time.Time
		set        bool
	}{
		{time.Time{}, time.Time{}, time.Time{}, false},
		{epoch, time.Time{}, epoch, true},
		{time.Time{}, epoch, epoch, true},
		{epoch, later, epoch, true},
		{later, epoch, epoch, true},
	} {
		if got, set := earliest(tt.a, tt.b); !got.Equal(tt.want) || set != tt.set {
			t.Errorf("of %v and %v: %v %v", tt.a, tt.b, got, set)
		}
	}
}
