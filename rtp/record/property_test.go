package record

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestCuts: whatever pauses there are, exactly what lies outside of them is recorded,
// in order, and the positions are those in what is recorded.
func TestCuts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const length, block = 200, 20
		var c cuts
		var recorded, want []int64
		var list []span
		off, last, edge := false, int64(0), int64(0)
		paused := make([]bool, length)
		for edge < length {
			for range rapid.IntRange(0, 2).Draw(t, "cuts") {
				asked := rapid.Int64Range(0, length-1).Draw(t, "at")
				at := max(asked, edge, last)
				off, last = !off, at
				for i := at; i < length; i++ {
					paused[i] = off
				}
				position := c.add(asked, edge, off)
				before := int64(0)
				for _, p := range paused[:at] {
					if !p {
						before++
					}
				}
				if position != before {
					t.Fatalf("a cut at %d lies at %d, want %d", at, position, before)
				}
			}
			list = c.spans(list[:0], edge, edge+block)
			for _, s := range list {
				for i := s.from; i < s.to; i++ {
					recorded = append(recorded, i)
				}
			}
			edge += block
		}
		for i, p := range paused {
			if !p {
				want = append(want, int64(i))
			}
		}
		if !slices.Equal(recorded, want) {
			t.Fatalf("recorded %v, want %v", recorded, want)
		}
	})
}

// TestAnyOrder: whatever comes in whatever order, a recording is as long as what was
// not paused, its file says so, and it ends.
func TestAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := newDisk()
		layout := Layout(rapid.IntRange(0, 2).Draw(t, "layout"))
		rate := rapid.SampledFrom(rates).Draw(t, "rate")
		r, err := Start(Config{Storage: d, Pattern: "x", Layout: layout, Rate: rate, Queue: 1 << 12, Beep: UsualBeep()}, noon)
		if err != nil {
			t.Fatal(err)
		}
		var tracks []*Track
		end := time.Duration(0)
		for range rapid.IntRange(1, 60).Draw(t, "orders") {
			at := time.Duration(rapid.IntRange(-100, 3000).Draw(t, "ms")) * time.Millisecond
			end = max(end, at)
			switch what := rapid.IntRange(0, 9).Draw(t, "what"); {
			case what == 0 || len(tracks) == 0:
				track, err := r.Add(after(at), Party{Side: Side(rapid.IntRange(0, 2).Draw(t, "side"))})
				if err != nil {
					t.Fatal(err)
				}
				tracks = append(tracks, track)
			case what == 1:
				_ = r.Pause(after(at))
			case what == 2:
				_ = r.Resume(after(at))
			case what == 3:
				r.Tick(after(at))
			default:
				from := rapid.SampledFrom(rates).Draw(t, "from")
				n := rapid.IntRange(1, from/8).Draw(t, "samples")
				track := rapid.SampledFrom(tracks).Draw(t, "track")
				if !track.Put(after(at), from, ramp(n)) {
					t.Fatal("no room")
				}
			}
		}
		r.Stop(after(end))
		result := r.Result()
		if result.Reason != Stopped || result.Err != nil || result.Duration > end+200*time.Millisecond {
			t.Fatalf("%+v, stopped at %v", result, end)
		}
		s := d.sidecar(t, "x.json")
		for i, f := range result.Files {
			file := d.content(f)
			channels := int(file[22])
			samples := int64(len(file)-wavHead) / int64(2*channels)
			if ms := samples * 1000 / int64(rate); ms != s.Files[i].Duration || s.Files[i].Offset+ms > s.Duration+1 {
				t.Fatalf("%s has %d ms, and the sidecar says %+v of %d", f, ms, s.Files[i], s.Duration)
			}
		}
	})
}

// TestVoiceStaysInItsRing: whatever positions a party's frames have, nothing is laid
// outside of what the ring holds, and all of it is gone when the writer has passed.
func TestVoiceStaysInItsRing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const rate, block = 8000, 160
		v := newVoice(rate)
		newest, edge := int64(0), int64(0)
		pass := func(to int64) {
			for edge+block <= to {
				pcm, _ := v.block(edge, block)
				clear(pcm)
				edge += block
			}
		}
		at := int64(0)
		for range rapid.IntRange(1, 100).Draw(t, "frames") {
			at += rapid.OneOf(rapid.Int64Range(-400, 800), rapid.Int64Range(100, 220)).Draw(t, "step")
			from := rapid.SampledFrom(rates).Draw(t, "rate")
			n := rapid.IntRange(1, from/longestFrame).Draw(t, "samples")
			newest = max(newest, at+int64(n*rate/from))
			pass(newest - samplesIn(rate, window))
			if err := v.put(at, edge, from, ramp(n)); err != nil {
				t.Fatal(err)
			}
			if v.until-edge > int64(len(v.ring)) {
				t.Fatalf("%d samples in a ring of %d", v.until-edge, len(v.ring))
			}
		}
		pass(newest + 10*block)
		if !silent(v.ring) {
			t.Fatal("something is left")
		}
	})
}
