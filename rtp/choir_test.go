package rtp

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/rtp/audio"
)

// hush has parties say nothing, and gives what has them speak again.
func hush(parties ...*party) (speak func(i int)) {
	loud := make([]audio.Source, len(parties))
	for i, p := range parties {
		loud[i], p.sound = p.sound, sourceFunc(func(pcm []int16) int { clear(pcm); return len(pcm) })
	}
	return func(i int) { parties[i].sound = loud[i] }
}

// singing tells which parties share an encoder.
func singing(parties ...*party) (list []bool) {
	for _, p := range parties {
		s := p.heardBy().(*seat)
		s.room.mu.Lock()
		list = append(list, s.sings)
		s.room.mu.Unlock()
	}
	return list
}

// each has every party encode for itself.
func each(parties ...*party) {
	for _, p := range parties {
		s := p.heardBy().(*seat)
		s.room.mu.Lock()
		s.assign(nil)
		s.room.mu.Unlock()
	}
}

// TestChoir: those who only listen share an encoder, who speaks up hears all but itself from
// that packet on, and all hear one stream.
func TestChoir(t *testing.T) {
	for _, c := range []Codec{pcmu, g722, wide, opus} {
		t.Run(c.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRehearsal(t)
				all := r.conference(c, c, c, c, c)
				quiet := all[1:]
				speak := hush(quiet...)
				r.hears(everybody(5), nil, all...)
				talk(1200*ms, all...)
				if c.Name != g722.Name { // which joins when it can
					if got := fmt.Sprint(singing(all...)); got != "[false true true true true]" {
						t.Errorf("of five, who share: %s", got)
					}
				}
				speak(0)
				talk(500*ms, all...)
				if singing(all...)[1] {
					t.Error("one who speaks shares")
				}
				pcm, sent := all[1].heard()
				checkHears(t, "who speaks", all[1].rate, after(pcm, all[1].rate, 1250*ms), map[int]float64{1: -10})
				checkMarkers(t, sent)
				pcm, sent = all[2].heard()
				checkHears(t, "who listens", all[2].rate, after(pcm, all[2].rate, 1250*ms), map[int]float64{1: -10, 2: -10})
				checkMarkers(t, sent)
				r.hears(Table{}, nil, all...)
			})
		})
	}
}

// checkMarkers checks that a stream has no pause.
func checkMarkers(t *testing.T, sent []sentFrame) {
	t.Helper()
	for i, s := range sent {
		if s.header.marker != (i == 0) || i > 0 && s.at.Sub(sent[i-1].at) != framePeriod {
			t.Errorf("packet %d: %+v at %v", i, s.header, s.at)
		}
	}
}

// heardAfterAWord is what a party is sent of another one's tone from when it has said a word:
// how far the rest is below the tone in each 20 ms, and the tone's levels. alone has all
// encode for themselves.
func heardAfterAWord(t *testing.T, codecs []Codec, alone bool) (clear, level []float64, shared bool) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		all := r.conference(codecs...)
		speak := hush(all[1:]...)
		r.hears(everybody(len(all)), nil, all...)
		talk(200*ms, all...)
		if alone {
			each(all...)
		}
		talk(1500*ms, all...)
		speak(0)
		talk(800*ms, all...)
		hush(all[1])
		talk(2500*ms, all...)
		pcm, _ := all[1].heard()
		shared = singing(all[1])[0]
		pcm = after(pcm, all[1].rate, 1600*ms)
		for n := all[1].rate / 50; len(pcm) >= 2*n; pcm = pcm[n:] {
			tone, rest := levelsAt(t, all[1].rate, pcm[:2*n], tones[0])
			clear, level = append(clear, tone-rest), append(level, tone)
		}
		r.hears(Table{}, nil, all...)
	})
	return clear, level, shared
}

// least is the least of a list from an index on.
func least(list []float64, from int) float64 {
	x := math.Inf(1)
	for _, v := range list[from:] {
		x = min(x, v)
	}
	return x
}

// TestComingAndGoingIsNotHeard: a party speaks up, and so encodes for itself again, and goes
// back. The tone that it hears all the time is as clear as where nothing is shared, and as
// loud.
func TestComingAndGoingIsNotHeard(t *testing.T) {
	for _, codecs := range [][]Codec{
		{pcmu, pcmu, pcmu, pcmu}, {g722, g722, g722, g722}, {wide, wide, wide, wide}, {opus, opus, opus, opus},
		{g722, pcmu, pcmu, pcmu, g722}, {opus, wide, wide, wide, opus}, // with a resampler
	} {
		t.Run(fmt.Sprint(codecs), func(t *testing.T) {
			needs(t, codecs[0])
			clear, level, shared := heardAfterAWord(t, codecs, false)
			usual, _, never := heardAfterAWord(t, codecs, true)
			if never || !shared && codecs[1] != g722 {
				t.Fatalf("shared: %v, %v", shared, never)
			}
			t.Logf("the rest is at least %.1f dB below the tone, else %.1f; shared at the end: %v", least(clear, 0), least(usual, 0), shared)
			if got, want := least(clear, 0), least(usual, 0); got < want-2 {
				t.Errorf("the rest is %.1f dB below the tone, where nothing is shared %.1f", got, want)
			}
			for i, x := range level {
				if math.Abs(x-level[0]) > 0.5 {
					t.Errorf("%d ms: the tone is at %.1f dBFS, not %.1f", 20*i, x, level[0])
				}
			}
		})
	}
}

// TestWhoLeavesAChoirGoesOn: those of a mix hear each other by a transcoder from now on, or by
// a relay, without a gap and in one stream.
func TestWhoLeavesAChoirGoesOn(t *testing.T) {
	for _, codecs := range [][]Codec{{g722, opus, opus, opus}, {pcmu, g722, g722, g722}, {opus, opus, opus, opus}} {
		t.Run(fmt.Sprint(codecs), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRehearsal(t)
				all := r.conference(codecs...)
				hush(all[1:]...)
				for range 2 {
					r.hears(everybody(4), nil, all...)
					talk(1200*ms, all...)
					r.hears(both(), nil, all...)
					talk(300*ms, all...)
				}
				pcm, sent := all[1].heard()
				if n := len(sent); n < 147 || n > 153 {
					t.Errorf("%d packets in 3 s", n)
				}
				if gap := silence(after(pcm, all[1].rate, 100*ms), all[1].rate); gap > framePeriod+8*ms {
					t.Errorf("%v of silence", gap)
				}
				r.hears(everybody(4), nil, all...)
				talk(1200*ms, all...)
				all[2].Close()
				talk(200*ms, all[0], all[1], all[3])
				if _, sent := all[3].heard(); len(sent) < 68 {
					t.Errorf("%d packets to the last one", len(sent))
				}
				r.hears(Table{}, nil, all...)
			})
		})
	}
}

// TestKeysOfASinger: keys cut in, and the others hear on.
func TestKeysOfASinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		all := r.conference(pcmu, pcmu, pcmu, pcmu)
		hush(all[1:]...)
		r.hears(everybody(4), nil, all...)
		talk(time.Second, all...)
		for _, p := range all {
			p.taken()
		}
		if err := all[1].SendKey(5, 100*ms); err != nil {
			t.Fatal(err)
		}
		talk(time.Second, all...)
		keyed, sent := all[1].heard()
		if tone, _ := levels(t, keyed[8*60:8*100], 770); tone < -25 {
			t.Errorf("the key is at %.1f dBFS", tone)
		}
		if n := len(sent); n < 49 || n > 51 {
			t.Errorf("%d packets", n)
		}
		checkHears(t, "who was told a key", 8000, after(keyed, 8000, 400*ms), map[int]float64{1: -10})
		pcm, _ := all[2].heard()
		if tone, _ := levels(t, pcm, 770); tone > -40 {
			t.Errorf("another hears the key, at %.1f dBFS", tone)
		}
		r.hears(Table{}, nil, all...)
	})
}

// TestWhoMaySing: who takes another codec or other packets, or hears somebody whom the others
// do not, is not of a choir; of two groups in a room each has its own, and a choir goes on
// while others come.
func TestWhoMaySing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		all := r.conference(pcmu, pcmu, pcmu, pcmu, pcma, pcmu)
		long := Remote{RTP: all[3].far, Send: numbered([]Codec{pcmu}), Receive: numbered([]Codec{pcmu}), Direction: SendRecv, Ptime: 40 * ms}
		if err := all[3].SetRemote(long); err != nil {
			t.Fatal(err)
		}
		hush(all[1:]...)
		r.hears(everybody(5), nil, all...)
		talk(time.Second, all...)
		if got := fmt.Sprint(singing(all[:5]...)); got != "[false true true false false]" {
			t.Errorf("who share: %s", got)
		}
		before := all[1].heardBy().(*seat).choir
		r.hears(everybody(6), nil, all...)
		talk(time.Second, all...)
		if got := fmt.Sprint(singing(all...)); got != "[false true true false false true]" || all[1].heardBy().(*seat).choir != before {
			t.Errorf("when another has come: %s", got)
		}
		for _, p := range all {
			p.taken()
		}
		groups := Table{1: {{Source: 5}, {Source: 2}}, 2: {{Source: 5}, {Source: 1}}, 3: {{Source: 4}, {Source: 6}}, 6: {{Source: 4}, {Source: 3}}}
		r.hears(groups, nil, all...)
		talk(time.Second, all...)
		one, two := all[1].heardBy().(*seat).choir, all[2].heardBy().(*seat).choir
		if one == two || one != all[0].heardBy().(*seat).choir || two != all[5].heardBy().(*seat).choir {
			t.Errorf("of two groups: %p, %p", one, two)
		}
		for i, want := range []map[int]float64{{}, {1: -10}, {}, {}, {}, {}} {
			pcm, _ := all[i].heard()
			checkHears(t, fmt.Sprint("party ", i+1), 8000, pcm[max(0, len(pcm)-4000):], want)
		}
		r.hears(Table{}, nil, all...)
	})
}

// TestComingAndGoingDoesNotAllocate: nor does a tick in which somebody joins or leaves.
func TestComingAndGoingDoesNotAllocate(t *testing.T) {
	for _, c := range []Codec{pcmu, g722, opus} {
		t.Run(c.Name, func(t *testing.T) {
			talk, tick, sessions := mixedRoom(t, 5, 2, c)
			for range 100 {
				talk()
				tick()
			}
			joined := 0
			n := allocsPerRun(200, func() {
				for _, s := range sessions[2:] {
					s := s.current().from.maker.(*seat)
					if s.sings {
						joined++
					}
					s.leave()
					s.alike = settled
				}
				talk()
				tick()
			})
			if n != 0 || joined < 200 {
				t.Errorf("%v allocations a tick, %d have joined", n, joined)
			}
		})
	}
}
