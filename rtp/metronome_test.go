package rtp

import (
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func TestBeat(t *testing.T) {
	b := beat{next: start}
	for _, c := range []struct {
		name         string
		now, slot    time.Duration
		frames       int
		next, rounds time.Duration
	}{
		{"early", -1, 0, 0, 0, 0},
		{"the first", 0, 0, 1, 20 * ms, 0},
		{"early again", 19 * ms, 20 * ms, 0, 20 * ms, 0},
		{"a little late", 21 * ms, 20 * ms, 1, 40 * ms, 0},
		{"almost a frame late", 60*ms - 1, 40 * ms, 1, 60 * ms, 0},
		{"a frame late: catches up", 80 * ms, 60 * ms, 2, 100 * ms, 0},
		{"two frames late: one is left out", 140 * ms, 120 * ms, 2, 160 * ms, 0},
		{"a second late", 1165 * ms, 1140 * ms, 2, 1180 * ms, 0},
		{"in time again", 1180 * ms, 1180 * ms, 1, 1200 * ms, 0},
	} {
		slot, frames := b.due(start.Add(c.now))
		if frames != c.frames || frames > 0 && !slot.Equal(start.Add(c.slot)) || !b.next.Equal(start.Add(c.next)) {
			t.Errorf("%s: %d frames from %v, next at %v", c.name, frames, slot.Sub(start), b.next.Sub(start))
		}
	}
}

// TestBeatDoesNotDrift: however late it wakes each time, frames stay on the grid
// that began with the first, and each slot has one frame at most.
func TestBeatDoesNotDrift(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := beat{next: start}
		last, frames, longest := start.Add(-framePeriod), 0, time.Duration(0)
		for range rapid.IntRange(1, 300).Draw(t, "turns") {
			late := time.Duration(rapid.IntRange(0, 70_000).Draw(t, "late")) * time.Microsecond
			longest = max(longest, late)
			now := b.next.Add(late)
			slot, n := b.due(now)
			for i := range n {
				this := slot.Add(time.Duration(i) * framePeriod)
				if !this.After(last) || this.Sub(start)%framePeriod != 0 || this.After(now) || now.Sub(this) >= 2*framePeriod {
					t.Fatalf("a frame for %v after one for %v, at %v", this.Sub(start), last.Sub(start), now.Sub(start))
				}
				last = this
			}
			frames += n
			if !b.next.Equal(last.Add(framePeriod)) {
				t.Fatalf("next at %v after a frame for %v", b.next.Sub(start), last.Sub(start))
			}
		}
		slots := int(last.Sub(start)/framePeriod) + 1
		if longest < 2*framePeriod && frames != slots {
			t.Fatalf("%d frames in %d slots, though never late by two", frames, slots)
		}
	})
}

// TestClockIsDriftFree: after a minute of simulated time there are as many frames
// as fit, each at its time.
func TestClockIsDriftFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		a := r.leg(1, pcmu)
		began := time.Now()
		r.play(a, r.player(endless{}))
		r.wait(time.Minute)
		sent := a.taken()
		if len(sent) != 3001 {
			t.Errorf("%d frames", len(sent))
		}
		for i, p := range sent {
			if want := began.Add(time.Duration(i) * framePeriod); !p.at.Equal(want) {
				t.Fatalf("frame %d was sent %v late", i, p.at.Sub(want))
			}
		}
	})
}

// TestClockCatchesUp: a source that holds everything up for 30 ms makes the next
// frame late, and the one after that is in time. 110 ms are too long: what cannot
// be made up is left out, in the timestamps too.
func TestClockCatchesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		a := r.leg(1, pcmu)
		hold := map[int]time.Duration{3: 30 * ms, 6: 110 * ms}
		began := time.Now()
		r.play(a, r.player(&slow{hold: hold}))
		r.wait(300 * ms)
		type frame struct {
			at    time.Duration
			ticks uint32
		}
		var got []frame
		sent := a.taken()
		for _, p := range sent {
			got = append(got, frame{p.at.Sub(began), p.header.timestamp - sent[0].header.timestamp})
		}
		want := []frame{
			{0, 0}, {20 * ms, 160}, {40 * ms, 320},
			{90 * ms, 480}, {90 * ms, 640}, // 80 is in time again, of 90
			{100 * ms, 800},
			{230 * ms, 960},                    // due at 120, held up till 230
			{230 * ms, 1600}, {230 * ms, 1760}, // those for 200 and 220: 140 to 180 are left out
			{240 * ms, 1920}, {260 * ms, 2080}, {280 * ms, 2240}, {300 * ms, 2400},
		}
		if len(got) != len(want) {
			t.Fatalf("%v", got)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("frame %d: %v, want %v", i, got[i], want[i])
			}
			if marker := i == 0 || i == 7; sent[i].header.marker != marker {
				t.Errorf("frame %d: marker %v", i, !marker)
			}
		}
	})
}

// TestClockRunsOnlyWhileSomebodyPlays: its goroutine ends at once, without
// waiting for the next frame, when the last player leaves; a bubble does not end
// before its goroutines, and its time stands still then.
func TestClockRunsOnlyWhileSomebodyPlays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		a, b := r.leg(1, pcmu), r.leg(2, pcmu)
		clock := &r.engine.clock
		one, two := r.player(endless{}), r.player(endless{})
		if clock.empty != nil || r.engine.Playing() != 0 {
			t.Error("runs before anybody plays")
		}
		for range 3 {
			r.play(a, one)
			r.play(b, two)
			r.wait(50 * ms)
			if clock.empty == nil || r.engine.Playing() != 2 {
				t.Errorf("%d are playing", r.engine.Playing())
			}
			r.play(a, nil)
			r.play(b, nil)
			synctest.Wait()
			if clock.empty != nil || r.engine.Playing() != 0 {
				t.Errorf("still runs, for %d", r.engine.Playing())
			}
		}
	})
}

// TestPlacesOfPlayers: players come and go in any order, and the clock has those
// who are heard.
func TestPlacesOfPlayers(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRehearsal(t)
			var legs [5]*rehearsalLeg
			var players [5]*Player
			var on [5]bool
			for i := range legs {
				legs[i], players[i] = r.leg(i+1, pcmu), r.player(endless{})
			}
			for range rapid.IntRange(1, 20).Draw(rt, "steps") {
				i := rapid.IntRange(0, len(legs)-1).Draw(rt, "leg")
				if on[i] = !on[i]; on[i] {
					r.play(legs[i], players[i])
				} else {
					r.play(legs[i], nil)
				}
				r.wait(framePeriod)
				for k, leg := range legs {
					if got := len(leg.taken()); got > 0 != on[k] && k != i {
						t.Fatalf("leg %d was sent %d packets, on: %v", k, got, on[k])
					}
				}
			}
			for _, leg := range legs {
				r.play(leg, nil)
			}
		})
	})
}
