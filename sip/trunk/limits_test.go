package trunk

import (
	"errors"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func limitError(t *testing.T, err error) LimitError {
	t.Helper()
	var e *LimitError
	if !errors.As(err, &e) {
		t.Fatalf("%v is no LimitError", err)
	}
	return *e
}

func TestMaxCalls(t *testing.T) {
	m := Meter{Of: "trunk carrier", Limits: Limits{Calls: 2}}
	for range 2 {
		if err := Admit(epoch, Ordinary, &m); err != nil {
			t.Fatal(err)
		}
	}
	got := limitError(t, Admit(epoch, Ordinary, &m))
	if want := (LimitError{Of: "trunk carrier", Kind: MaxCalls, Max: 2}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if want := "trunk carrier has 2 calls (max_calls): the next may begin when one ends"; got.Error() != want {
		t.Errorf("%q, want %q", got.Error(), want)
	}
	if got.RetryAfter() != 1 {
		t.Errorf("Retry-After: %d", got.RetryAfter())
	}
	m.Release()
	if err := Admit(epoch, Ordinary, &m); err != nil {
		t.Errorf("after one has ended: %v", err)
	}
}

func TestMaxCPS(t *testing.T) {
	m := Meter{Of: "user alice", Limits: Limits{CPS: 4}}
	admit := func(at time.Duration) error { return Admit(epoch.Add(at), Ordinary, &m) }
	for range 4 { // a second's worth at once
		if err := admit(0); err != nil {
			t.Fatal(err)
		}
	}
	got := limitError(t, admit(100*time.Millisecond))
	if want := (LimitError{Of: "user alice", Kind: MaxCPS, Max: 4, Wait: 150 * time.Millisecond}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if want := "user alice has begun 4 calls a second (max_cps): the next may begin in 150ms"; got.Error() != want {
		t.Errorf("%q, want %q", got.Error(), want)
	}
	if err := admit(250 * time.Millisecond); err != nil {
		t.Errorf("when the wait is over: %v", err)
	}
	if err := admit(499 * time.Millisecond); err == nil {
		t.Error("a token early")
	}
	for i := range 4 { // full again, and no fuller
		if err := admit(time.Hour); err != nil {
			t.Errorf("call %d of a later burst: %v", i, err)
		}
	}
	if err := admit(time.Hour); err == nil {
		t.Error("a fifth at once")
	}
}

func TestAFractionOfACallASecond(t *testing.T) {
	m := Meter{Limits: Limits{CPS: 0.5}}
	if err := Admit(epoch, Ordinary, &m); err != nil {
		t.Fatal(err)
	}
	e := limitError(t, Admit(epoch.Add(500*time.Millisecond), Ordinary, &m))
	if e.Wait != 1500*time.Millisecond || e.RetryAfter() != 2 {
		t.Errorf("wait %v, Retry-After: %d", e.Wait, e.RetryAfter())
	}
	if err := Admit(epoch.Add(2*time.Second), Ordinary, &m); err != nil {
		t.Error(err)
	}
}

func TestThreeCallsASecondAreThree(t *testing.T) {
	m := Meter{Limits: Limits{CPS: 3}}
	for range 3 {
		if err := Admit(epoch, Ordinary, &m); err != nil {
			t.Fatal(err)
		}
	}
	if Admit(epoch, Ordinary, &m) == nil {
		t.Error("a fourth at once")
	}
}

func TestNoLimits(t *testing.T) {
	for _, l := range []Limits{{}, {Calls: -1, CPS: -1}, {CPS: math.NaN()}} {
		m := Meter{Limits: l}
		for range 1000 {
			if err := Admit(epoch, Ordinary, &m); err != nil {
				t.Fatalf("%+v: %v", l, err)
			}
		}
		if m.Open != 1000 {
			t.Errorf("%d are counted", m.Open)
		}
	}
}

func TestRatesBeyondSense(t *testing.T) {
	for _, cps := range []float64{1e9, 1e18, math.Inf(1), math.MaxFloat64} {
		m := Meter{Limits: Limits{CPS: cps}}
		for range 1000 {
			if err := Admit(epoch, Ordinary, &m); err != nil {
				t.Fatalf("%g: %v", cps, err)
			}
		}
	}
	m := Meter{Limits: Limits{CPS: 1e-300}}
	if err := Admit(epoch, Ordinary, &m); err != nil {
		t.Fatal(err)
	}
	if e := limitError(t, Admit(epoch, Ordinary, &m)); e.Wait != time.Hour {
		t.Errorf("waits %v", e.Wait)
	}
}

// All meters or none: a call that one refuses takes no place in the others.
func TestAdmitIsAllOrNothing(t *testing.T) {
	user := Meter{Of: "user alice", Limits: Limits{Calls: 5, CPS: 5}}
	full := Meter{Of: "trunk carrier", Limits: Limits{Calls: 1}, Open: 1}
	if e := limitError(t, Admit(epoch, Ordinary, &user, &full)); e.Of != "trunk carrier" {
		t.Errorf("refused by %s", e.Of)
	}
	if user.Open != 0 || !user.Full.IsZero() {
		t.Errorf("the user is charged: %+v", user)
	}
}

func TestEmergencyCallsAreExempt(t *testing.T) {
	m := Meter{Limits: Limits{Calls: 1, CPS: 1}, Open: 1}
	for range 10 {
		if err := Admit(epoch, Emergency, &m); err != nil {
			t.Fatal(err)
		}
	}
	if m.Open != 11 {
		t.Errorf("%d are counted", m.Open)
	}
	for range 11 {
		m.Release()
	}
	// They leave no debt: an ordinary call waits for one token, not for ten.
	now := m
	if e := limitError(t, now.Check(epoch, Ordinary)); e.Wait != time.Second {
		t.Errorf("the next waits %v", e.Wait)
	}
	if err := m.Check(epoch.Add(time.Second), Ordinary); err != nil {
		t.Error(err)
	}
}

func TestCheckTakesNothing(t *testing.T) {
	m := Meter{Limits: Limits{Calls: 1, CPS: 1}}
	for range 5 {
		if err := m.Check(epoch, Ordinary); err != nil {
			t.Fatal(err)
		}
	}
	if m.Open != 0 || !m.Full.IsZero() {
		t.Errorf("%+v", m)
	}
}

func TestReleaseNeverGoesBelowNone(t *testing.T) {
	m := Meter{Limits: Limits{Calls: 1}}
	m.Release()
	if m.Open != 0 {
		t.Fatalf("%d", m.Open)
	}
}

func TestAReloadLowersTheLimit(t *testing.T) {
	m := Meter{Limits: Limits{Calls: 5, CPS: 100}}
	for range 5 {
		if err := Admit(epoch, Ordinary, &m); err != nil {
			t.Fatal(err)
		}
	}
	m.Limits = Limits{Calls: 2, CPS: 1}
	for range 4 {
		if e := limitError(t, Admit(epoch.Add(time.Minute), Ordinary, &m)); e.Kind != MaxCalls {
			t.Fatalf("%+v", e)
		}
		m.Release()
	}
	if err := Admit(epoch.Add(time.Minute), Ordinary, &m); err != nil {
		t.Error(err)
	}
	m.Limits = Limits{Calls: 3}
	if err := m.Check(epoch.Add(time.Minute), Ordinary); err != nil {
		t.Errorf("without a rate: %v", err)
	}
}

// A clock that is set back makes nobody wait longer than from an empty bucket.
func TestAClockSetBack(t *testing.T) {
	m := Meter{Limits: Limits{CPS: 2}}
	for range 2 {
		if err := Admit(epoch, Ordinary, &m); err != nil {
			t.Fatal(err)
		}
	}
	back := epoch.Add(-24 * time.Hour)
	if e := limitError(t, m.Check(back, Ordinary)); e.Wait != 500*time.Millisecond {
		t.Errorf("waits %v", e.Wait)
	}
	if err := m.Check(back.Add(500*time.Millisecond), Ordinary); err != nil {
		t.Error(err)
	}
}

// Never more ordinary calls than the most, never more that begin within any window than
// its rate and a second's burst; and who waits as long as was said is let in.
func TestLimitsHoldInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 6).Draw(t, "max_calls")
		cps := rapid.SampledFrom([]float64{0.3, 0.5, 1, 2.5, 3, 7, 50}).Draw(t, "max_cps")
		m := Meter{Limits: Limits{Calls: most, CPS: cps}}
		now, ordinary, emergencies := epoch, 0, 0
		var begun []time.Time
		t.Repeat(map[string]func(*rapid.T){
			"pass": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 700).Draw(t, "ms")) * time.Millisecond)
			},
			"call": func(t *rapid.T) {
				err := Admit(now, Ordinary, &m)
				var e *LimitError
				if errors.As(err, &e) && e.Kind == MaxCPS {
					if e.Wait <= 0 {
						t.Fatalf("refused with no time to wait")
					}
					if rapid.Bool().Draw(t, "patient") {
						now = now.Add(e.Wait)
						err = Admit(now, Ordinary, &m)
						if err != nil {
							t.Fatalf("after the wait: %v", err)
						}
					}
				}
				if err != nil {
					return
				}
				ordinary++
				begun = append(begun, now)
				if ordinary > most {
					t.Fatalf("%d calls of %d", ordinary, most)
				}
			},
			"end": func(t *rapid.T) {
				if ordinary > 0 {
					ordinary--
					m.Release()
				}
			},
			"emergency": func(t *rapid.T) {
				if err := Admit(now, Emergency, &m); err != nil {
					t.Fatal(err)
				}
				emergencies++
			},
			"emergency ends": func(t *rapid.T) {
				if emergencies > 0 {
					emergencies--
					m.Release()
				}
			},
			"": func(t *rapid.T) {
				if m.Open != ordinary+emergencies {
					t.Fatalf("%d counted of %d and %d", m.Open, ordinary, emergencies)
				}
			},
		})
		checkWindows(t, begun, cps)
	})
}

func checkWindows(t *rapid.T, begun []time.Time, cps float64) {
	for i := range begun {
		for j := i; j < len(begun); j++ {
			window := begun[j].Sub(begun[i]).Seconds()
			if n := float64(j - i + 1); n > max(cps, 1)+cps*window+1e-6 {
				t.Fatalf("%v calls in %v s at %v a second", n, window, cps)
			}
		}
	}
}

func TestLimitNames(t *testing.T) {
	if MaxCalls.String() != "max_calls" || MaxCPS.String() != "max_cps" {
		t.Errorf("%v %v", MaxCalls, MaxCPS)
	}
}
