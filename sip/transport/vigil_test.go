package transport

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	epoch   = time.Unix(1_000_000, 0)
	allowed = Limits{}.orDefault()
)

func TestVigilOverADialledStream(t *testing.T) {
	v := dialledVigil(epoch, allowed, 100*time.Second)
	ping := v.wake()
	if d := ping.Sub(epoch); d < 80*time.Second || d > 100*time.Second {
		t.Fatalf("the first ping is due after %v", d)
	}
	if ask, err := v.passed(ping.Add(-1)); ask || err != nil {
		t.Errorf("before it is due: %v, %v", ask, err)
	}
	if ask, err := v.passed(ping); !ask || err != nil {
		t.Errorf("when it is due: %v, %v", ask, err)
	}
	if v.wake() != ping.Add(10*time.Second) {
		t.Errorf("a pong is due after %v", v.wake().Sub(ping))
	}
	v.heard(ping.Add(9*time.Second), false)
	if d := v.wake().Sub(ping.Add(9 * time.Second)); d < 80*time.Second || d > 100*time.Second {
		t.Errorf("the next ping is due after %v", d)
	}
	ping = v.wake()
	v.passed(ping)
	if _, err := v.passed(ping.Add(10 * time.Second)); !errors.Is(err, ErrNoPong) {
		t.Errorf("without a pong: %v", err)
	}
}

func TestVigilWithoutPings(t *testing.T) {
	v := dialledVigil(epoch, allowed, 0)
	if v.wake() != epoch.Add(2*time.Hour) {
		t.Errorf("wakes after %v", v.wake().Sub(epoch))
	}
	v.heard(epoch.Add(time.Hour), false)
	if ask, err := v.passed(v.wake()); ask || !errors.Is(err, ErrIdle) || v.wake() != epoch.Add(3*time.Hour) {
		t.Errorf("%v, %v after %v", ask, err, v.wake().Sub(epoch))
	}
}

func TestVigilOverAnIncomingStream(t *testing.T) {
	v := incomingVigil(epoch, allowed)
	v.heard(epoch.Add(29*time.Second), false)
	if _, err := v.passed(epoch.Add(30 * time.Second)); !errors.Is(err, ErrIdle) {
		t.Errorf("no message after 30 s: %v", err)
	}
	v = incomingVigil(epoch, allowed)
	v.heard(epoch, true)
	v.heard(epoch.Add(time.Hour), false)
	if v.wake() != epoch.Add(3*time.Hour) {
		t.Errorf("wakes after %v", v.wake().Sub(epoch))
	}
}

// Whatever comes and does not come: the vigil wakes in the future, asks at most once
// before it hears or gives up, and lives as long as something comes in time.
func TestVigilInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		every := time.Duration(rapid.IntRange(0, 200).Draw(t, "every")) * time.Second
		now, asked := epoch, false
		v := dialledVigil(now, allowed, every)
		if rapid.Bool().Draw(t, "incoming") {
			v = incomingVigil(now, allowed)
		}
		last := now
		for range rapid.IntRange(1, 50).Draw(t, "steps") {
			wake := v.wake()
			if !wake.After(now) {
				t.Fatalf("at %v it wakes at %v", now, wake)
			}
			if rapid.Bool().Draw(t, "comes") {
				now = now.Add(time.Duration(rapid.Int64Range(0, int64(wake.Sub(now))-1).Draw(t, "after")))
				v.heard(now, true)
				last, asked = now, false
				continue
			}
			now = wake
			ask, err := v.passed(now)
			switch {
			case err != nil && now.Sub(last) < pongWithin:
				t.Fatalf("gave up %v after the last byte: %v", now.Sub(last), err)
			case errors.Is(err, ErrNoPong) != (err != nil && asked):
				t.Fatalf("asked %v, and %v", asked, err)
			case err != nil:
				return
			case !ask || asked:
				t.Fatalf("woke for nothing: ask %v, asked %v", ask, asked)
			}
			asked = true
		}
	})
}
