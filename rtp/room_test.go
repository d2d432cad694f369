package rtp

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/tandem-gateway/tandem/rtp/audio"
)

// tones are the frequencies of parties: none is a multiple or a difference of others.
var tones = []float64{440, 610, 790, 1030, 1270, 1510}

// conference makes parties of some codecs, each with its tone.
func (r *rehearsal) conference(codecs ...Codec) (all []*party) {
	for i, c := range codecs {
		all = append(all, r.party(i+1, tones[i], c))
	}
	return all
}

// checkHears checks which parties' tones are in a sound, and at what levels.
func checkHears(t testing.TB, who string, rate int, pcm []int16, want map[int]float64) {
	t.Helper()
	for i, f := range tones {
		tone, _ := levelsAt(t, rate, pcm, f)
		level, heard := want[i+1]
		switch {
		case heard && math.Abs(tone-level) > 1:
			t.Errorf("%s hears party %d at %.1f dBFS, want %.1f", who, i+1, tone, level)
		case !heard && tone > -40:
			t.Errorf("%s hears party %d, at %.1f dBFS", who, i+1, tone)
		}
	}
}

// row is what a row of a table is to sound like.
func row(heard []Heard, self int) map[int]float64 {
	want := make(map[int]float64)
	for _, h := range heard {
		if h.Source != self {
			want[h.Source] = -10 + h.Gain
		}
	}
	return want
}

// TestMix: each hears all others and not itself, whatever their codecs.
func TestMix(t *testing.T) {
	for _, codecs := range [][]Codec{
		{pcmu, pcma, pcmu},
		{pcmu, g722, g722},
		{opus, g722, pcmu, pcma},
		{opus, opus, wide, pcmu},
		{opus, opus, g722},
	} {
		t.Run(fmt.Sprint(codecs), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRehearsal(t)
				all := r.conference(codecs...)
				table := everybody(len(all))
				r.hears(table, nil, all...)
				talk(1500*ms, all...)
				for i, p := range all {
					pcm, sent := p.heard()
					if len(sent) < 73 || len(sent) > 76 {
						t.Errorf("%d packets to party %d", len(sent), i+1)
					}
					checkHears(t, fmt.Sprint("party ", i+1), p.rate, after(pcm, p.rate, 300*ms), row(table[i+1], i+1))
				}
				r.hears(Table{}, nil, all...)
			})
		})
	}
}

// TestMixGains: a table's gains and mutes are what is heard, from the next tick on.
func TestMixGains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		all := r.conference(pcmu, pcmu, g722, pcma)
		for _, table := range []Table{
			{1: {{Source: 2, Gain: -6}, {Source: 3}}, 2: {{Source: 1}, {Source: 3, Gain: 3}}},
			{1: {{Source: 2}, {Source: 3}, {Source: 4, Gain: -12}}, 4: {{Source: 1}, {Source: 2}}},
			{1: {{Source: 3}, {Source: 4, Gain: -200}}, 2: {{Source: 1}, {Source: 3}, {Source: 2}}, 3: {{Source: 2}, {Source: 1}}},
		} {
			r.hears(table, nil, all...)
			for _, p := range all {
				p.heard()
			}
			talk(time.Second, all...)
			for i, p := range all {
				pcm, sent := p.heard()
				want := row(table[i+1], i+1)
				if len(want) == 0 && len(sent) > 1 {
					t.Errorf("%v: %d packets to party %d", table, len(sent), i+1)
					continue
				}
				for k, level := range want {
					if level < -100 {
						delete(want, k)
					}
				}
				checkHears(t, fmt.Sprint(table, " party ", i+1), p.rate, after(pcm, p.rate, 200*ms), want)
			}
		}
		r.hears(Table{}, nil, all...)
	})
}

// TestTwoThreeTwo: a third party comes and goes. Each who stays hears one stream, with no
// more than a packet of silence at each change, and who shares a codec is relayed.
func TestTwoThreeTwo(t *testing.T) {
	for _, codecs := range [][]Codec{{pcmu, pcmu, pcmu}, {pcmu, pcmu, g722}, {g722, g722, opus}, {opus, opus, pcmu}, {pcma, g722, opus}} {
		for phase := time.Duration(0); phase < framePeriod; phase += 5 * ms {
			t.Run(fmt.Sprint(codecs, phase), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { testTwoThreeTwo(t, codecs, phase) })
			})
		}
	}
}

func testTwoThreeTwo(t *testing.T, codecs []Codec, phase time.Duration) {
	r := newRehearsal(t)
	all := r.conference(codecs...)
	alice, bob := all[0], all[1]
	same := codecs[0].Is(codecs[1])
	for range 3 {
		r.hears(both(), nil, all...)
		if _, relayed := bob.current().from.maker.(maker); relayed == same {
			t.Errorf("same codec %v, relayed %v", same, !relayed)
		}
		talk(400*ms, alice, bob)
		<-time.After(phase)
		r.hears(everybody(3), nil, all...)
		talk(400*ms, all...)
		<-time.After(phase)
	}
	r.hears(both(), nil, all...)
	talk(400*ms, alice, bob)
	for i, p := range []*party{alice, bob} {
		pcm, sent := p.heard()
		// Their phones pause for the phase, and that is no gap of ours.
		if gap := silence(after(pcm, p.rate, 100*ms), p.rate); gap > framePeriod+phase+4*ms {
			t.Errorf("party %d: %v of silence", i+1, gap)
		}
		if length := time.Duration(len(pcm)) * time.Second / time.Duration(p.rate); (length - 2800*ms - 6*phase).Abs() > 70*ms {
			t.Errorf("party %d: 2.8 s and %v became %v", i+1, 6*phase, length)
		}
		if len(sent) < 133 || len(sent) > 150 {
			t.Errorf("party %d: %d packets", i+1, len(sent))
		}
	}
	r.hears(Table{}, nil, all...)
}

// TestMixOverABadNetwork: loss, jitter and reordering on the way in are not heard as
// silence.
func TestMixOverABadNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		all := r.conference(pcmu, g722, opus)
		r.hears(everybody(3), nil, all...)
		for i := range 200 {
			for k, p := range all {
				packet := p.next()
				if (i*7+k*3)%25 == 0 {
					continue
				}
				go func() {
					<-time.After(time.Duration((i*13+k*5)%30) * ms)
					p.send(packet)
				}()
			}
			<-time.After(framePeriod)
		}
		for i, p := range all {
			pcm, _ := p.heard()
			pcm = after(pcm, p.rate, time.Second)
			if gap := silence(pcm, p.rate); gap > 10*ms {
				t.Errorf("party %d: %v of silence", i+1, gap)
			}
			for k := range all {
				if tone, _ := levelsAt(t, p.rate, pcm, tones[k]); k != i && tone < -14 || k == i && tone > -30 {
					t.Errorf("party %d hears %d at %.1f dBFS", i+1, k+1, tone)
				}
			}
		}
		r.hears(Table{}, nil, all...)
		<-time.After(time.Second)
	})
}

// TestMixingDelay: what comes at any moment goes out 21 ms later at the most.
func TestMixingDelay(t *testing.T) {
	for phase := time.Duration(0); phase < framePeriod; phase += ms {
		synctest.Test(t, func(t *testing.T) {
			r := newRehearsal(t)
			all := r.conference(pcmu, pcmu, pcmu)
			silent := make([]byte, 160)
			for i := range silent {
				silent[i] = 0xFF
			}
			r.hears(everybody(3), nil, all...)
			r.wait(phase)
			for range 50 { // quiet, so that nothing but what follows is heard
				packet := all[0].next()
				copy(packet[headerSize:], silent)
				all[0].send(packet)
				<-time.After(framePeriod)
			}
			all[1].taken()
			came := time.Now()
			talk(100*ms, all[0])
			for _, s := range all[1].taken() {
				if tone, _ := levels(t, sound([]sentFrame{s}), tones[0]); tone > -20 {
					if delay := s.at.Sub(came); delay > 21*ms {
						t.Errorf("packets %v after the tick: %v", phase, delay)
					}
					break
				}
			}
			r.hears(Table{}, nil, all...)
		})
	}
}

// TestSmallJitter: packets that are late by up to 4 ms are interrupted twice at the most, at
// whatever moment of the clock's 20 ms they come.
func TestSmallJitter(t *testing.T) {
	for phase := time.Duration(0); phase < framePeriod; phase += 2 * ms {
		synctest.Test(t, func(t *testing.T) {
			r := newRehearsal(t)
			all := r.conference(pcmu, pcmu, pcmu)
			r.hears(everybody(3), nil, all...)
			r.wait(phase)
			random := rand.New(rand.NewPCG(1, uint64(phase)))
			next := time.Now()
			for range 1500 {
				<-time.After(time.Until(next.Add(time.Duration(random.IntN(4000)) * time.Microsecond)))
				all[0].send(all[0].next())
				next = next.Add(framePeriod)
				<-time.After(time.Until(next))
			}
			synctest.Wait() // the clock may tick at this very moment
			for _, n := range all[1].heardBy().(*seat).room.present.Load().inlets {
				if n.number == 1 {
					if s := n.buffer.Stats(); s.Starved > 2 || s.Late > 0 || s.Delay > 30*ms {
						t.Errorf("phase %v: %+v", phase, s)
					}
				}
			}
			r.hears(Table{}, nil, all...)
		})
	}
}

// TestMusicInAMix: a player is a source like any other.
func TestMusicInAMix(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		all := r.conference(pcmu, g722, g722)
		p := r.player(sine(t, 1900))
		table := everybody(3)
		table[1] = append(table[1], Heard{Source: -1, Gain: -6})
		table[2] = []Heard{{Source: -1}, {Source: 1}}
		r.hears(table, map[int]End{-1: p}, all...)
		talk(time.Second, all...)
		for i, want := range []float64{-16, -10, -100} {
			pcm, _ := all[i].heard()
			pcm = after(pcm, all[i].rate, 200*ms)
			if tone, _ := levelsAt(t, all[i].rate, pcm, 1900); want < -50 && tone > -45 || want > -50 && math.Abs(tone-want) > 0.5 {
				t.Errorf("party %d hears the music at %.1f dBFS", i+1, tone)
			}
			if gap := silence(pcm, all[i].rate); gap > 5*ms {
				t.Errorf("party %d: %v of silence", i+1, gap)
			}
		}
		if r.engine.Playing() != 1 {
			t.Errorf("%d playing", r.engine.Playing())
		}
		r.hears(both(), map[int]End{-1: p}, all...)
		if r.engine.Playing() != 0 || len(r.engine.clock.rooms.list) != 0 {
			t.Errorf("after the mix: %d playing, %d rooms", r.engine.Playing(), len(r.engine.clock.rooms.list))
		}
	})
}

// TestTaps: a recorder's two taps hear the two sides of a relayed call, and a third the
// mix; what the parties hear is not touched.
func TestTaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		all := r.conference(pcmu, pcmu)
		var got [3][]int16
		var at [3][]time.Time
		more := map[int]End{}
		for i := range got {
			tap, err := r.engine.NewTap([]int{8000, 16000, 48000}[i], func(now time.Time, pcm []int16) {
				got[i], at[i] = append(got[i], pcm...), append(at[i], now)
			})
			if err != nil {
				t.Fatal(err)
			}
			more[-10-i] = tap
		}
		table := both()
		table[-10], table[-11], table[-12] = []Heard{{Source: 1}}, []Heard{{Source: 2}}, []Heard{{Source: 1}, {Source: 2, Gain: -6}}
		r.hears(table, more, all...)
		talk(time.Second, all...)
		for i, want := range []map[int]float64{{1: -10}, {2: -10}, {1: -10, 2: -16}} {
			rate := more[-10-i].(*Tap).rate
			if n := len(got[i]); n != 50*rate/50 && n != 51*rate/50 {
				t.Errorf("tap %d: %d samples", i, n)
			}
			checkHears(t, fmt.Sprint("tap ", i), rate, after(got[i], rate, 200*ms), want)
			for k := range at[i][1:] {
				if at[i][k+1].Sub(at[i][k]) != framePeriod || !at[i][k].Equal(at[0][k]) {
					t.Fatalf("tap %d, frame %d: at %v after %v", i, k, at[i][k+1], at[i][k])
				}
			}
		}
		for _, p := range all {
			if _, made := p.current().from.maker.(maker); made {
				t.Error("a call is not relayed because it is tapped")
			}
		}
		r.hears(both(), more, all...)
		before := len(got[0])
		talk(100*ms, all...)
		if len(got[0]) != before || len(r.engine.clock.rooms.list) != 0 {
			t.Error("a tap hears on")
		}
		if _, err := r.engine.NewTap(11025, nil); err == nil {
			t.Error("a tap of 11025 Hz")
		}
	})
}

// TestSilentSourcesInAMix: who sends comfort noise is heard as that, and who sends nothing
// as nothing, until there is sound again.
func TestSilentSourcesInAMix(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		noisy, quiet, hears := r.party(1, 440, pcmu, cn), r.party(2, 610, g722), r.party(3, 790, pcmu)
		table := Table{3: {{Source: 1}, {Source: 2}}}
		all := []*party{noisy, quiet, hears}
		r.hears(table, nil, all...)
		talk(500*ms, noisy, quiet)
		noisy.key(97, noisy.head.timestamp, 40)
		noisy.head.timestamp += 2 * 8000
		quiet.head.timestamp += 2 * 8000
		<-time.After(2 * time.Second)
		talk(500*ms, noisy, quiet)
		pcm, sent := hears.heard()
		if n := len(sent); n < 148 || n > 151 {
			t.Errorf("%d packets", n)
		}
		if _, level := levels(t, pcm[8*900:8*2400], 440); math.Abs(level-3+40) > 4 { // dBov counts from a square wave
			t.Errorf("noise at %.1f dBFS", level)
		}
		for i, from := range []int{200, 2700} {
			for k, f := range tones[:2] {
				if tone, _ := levels(t, pcm[8*from:8*(from+250)], f); math.Abs(tone+10) > 0.7 {
					t.Errorf("party %d at %.1f dBFS, time %d", k+1, tone, i)
				}
			}
		}
		r.hears(Table{}, nil, all...)
	})
}

// TestRateOfARoom: the highest that two have; it follows who is there, without a gap.
func TestRateOfARoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		all := r.conference(pcmu, pcmu, g722, opus, opus)
		for _, c := range []struct{ parties, rate int }{{3, 8000}, {4, 16000}, {5, 48000}, {4, 16000}, {3, 8000}} {
			r.hears(everybody(c.parties), nil, all...)
			talk(400*ms, all[:c.parties]...)
			if got := all[0].heardBy().(*seat).room.mixer.Rate(); got != c.rate {
				t.Errorf("%d parties: %d Hz, want %d", c.parties, got, c.rate)
			}
		}
		for _, p := range all[:3] {
			pcm, _ := p.heard()
			if gap := silence(after(pcm, p.rate, 100*ms), p.rate); gap > framePeriod+8*ms {
				t.Errorf("%v of silence", gap)
			}
		}
		r.hears(Table{}, nil, all...)
		if n := len(r.engine.clock.rooms.list); n != 0 {
			t.Errorf("%d rooms left", n)
		}
	})
}

// TestSpeechIsTold: who speaks in a mix.
func TestSpeechIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		all := r.conference(pcmu, pcmu, g722)
		type turn struct {
			source   int
			speaking bool
		}
		var turns []turn
		ends := map[int]End{1: all[0].Session, 2: all[1].Session, 3: all[2].Session}
		paths, err := Compile(everybody(3), ends)
		if err != nil {
			t.Fatal(err)
		}
		paths.OnSpeech(func(_ time.Time, source int, speaking bool) { turns = append(turns, turn{source, speaking}) })
		paths.Swap()
		loud := make([]audio.Source, len(all))
		for i, p := range all {
			loud[i], p.sound = p.sound, sourceFunc(func(pcm []int16) int { clear(pcm); return len(pcm) })
		}
		talk(time.Second, all...)
		for i, p := range all {
			quiet := p.sound
			p.sound = loud[i]
			talk(400*ms, all...)
			p.sound = quiet
			talk(time.Second, all...)
		}
		want := []turn{{1, true}, {1, false}, {2, true}, {2, false}, {3, true}, {3, false}}
		if fmt.Sprint(turns) != fmt.Sprint(want) {
			t.Errorf("%v", turns)
		}
		swap(t, Table{}, ends)
	})
}

// TestSameMixDisturbsNothing: a table that is put in force again, and one that changes
// one row, leave all others as they are.
func TestSameMixDisturbsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		all := r.conference(pcmu, g722, opus, pcma)
		r.hears(everybody(4), nil, all...)
		talk(300*ms, all...)
		before := all[0].heardBy()
		room := before.(*seat).room
		for i := range 10 {
			table := everybody(4)
			if i%2 == 0 {
				delete(table, 4)
			}
			r.hears(table, nil, all...)
			if all[0].heardBy() != before {
				t.Fatal("another seat")
			}
			talk(40*ms, all...)
		}
		for _, p := range all[:3] {
			pcm, sent := p.heard()
			for i, s := range sent {
				if s.header.marker != (i == 0) {
					t.Errorf("packet %d: %+v", i, s.header)
				}
			}
			if gap := silence(after(pcm, p.rate, 100*ms), p.rate); gap > 5*ms {
				t.Errorf("%v of silence", gap)
			}
		}
		r.hears(Table{}, nil, all...)
		if len(r.engine.clock.rooms.list) != 0 || room.wanted() {
			t.Error("the room is left")
		}
		for _, n := range room.present.Load().inlets {
			if len(n.ear.voices) != 0 {
				t.Error("a decoder is left")
			}
		}
	})
}

// TestListenerFromAnotherCall: who comes from a conference into another one leaves the
// first as it is.
func TestListenerFromAnotherCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		all := r.conference(pcmu, pcmu, pcmu, pcmu, pcmu)
		r.hears(everybody(3), nil, all[:3]...)
		talk(200*ms, all...)
		second := Table{1: {{Source: 4}, {Source: 5}}, 4: {{Source: 1}, {Source: 5}}, 5: {{Source: 1}, {Source: 4}}}
		swap(t, second, map[int]End{1: all[0].Session, 4: all[3].Session, 5: all[4].Session})
		for _, p := range all {
			p.taken()
		}
		talk(time.Second, all...)
		for i, want := range []map[int]float64{{4: -10, 5: -10}, {3: -10}, {2: -10}, {1: -10, 5: -10}, {1: -10, 4: -10}} {
			pcm, _ := all[i].heard()
			checkHears(t, fmt.Sprint("party ", i+1), 8000, after(pcm, 8000, 300*ms), want)
		}
		for _, p := range all {
			p.Close()
		}
		if n := len(r.engine.clock.rooms.list); n != 0 {
			t.Errorf("%d rooms left", n)
		}
	})
}

func TestWhatCannotBeMixed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		a, b, c := r.leg(1, pcmu), r.leg(2, g729), r.leg(3, pcmu)
		fresh, err := r.engine.Open(r.engine.address)
		if err != nil {
			t.Fatal(err)
		}
		defer fresh.Close()
		ends := map[int]End{1: a.Session, 2: b.Session, 3: c.Session, 4: fresh, 5: NewSink(nil)}
		for _, c := range []struct {
			table Table
			want  string
		}{
			{Table{1: {{Source: 2}, {Source: 3}}}, "rtp: listener 1 cannot hear source 2: it needs to mix: the source sends G729/8000, and there is no codec here for it"},
			{Table{2: {{Source: 1}, {Source: 3}}}, "rtp: listener 2 cannot hear source 3: it needs to mix: the listener takes G729/8000, and there is no codec here for it"},
			{Table{5: {{Source: 1}, {Source: 3}}}, "rtp: listener 5 cannot hear source 3: it needs to mix: it hears 2 sources at once"},
			{Table{1: {{Source: 3}, {Source: 4}}}, "rtp: nothing negotiated yet: call SetRemote before Compile: source 4"},
			{Table{4: {{Source: 1}, {Source: 3}}}, "rtp: nothing negotiated yet: call SetRemote before Compile: listener 4"},
			{Table{1: {{Source: 3}, {Source: 9}}}, "rtp: no such end: source 9 is not among the ends"},
			{Table{1: {{Source: 3}, {Source: 3}}}, "audio: listener 1 hears source 3 twice: name it once, with one gain"},
			{Table{1: {{Source: 3}, {Source: 1, Gain: 99}}}, "audio: listener 1 hears source 1 with a gain of 99 dB: it must be a number up to 24"},
		} {
			_, err := Compile(c.table, ends)
			var hearing *HearingError
			if err == nil || err.Error() != c.want || errors.As(err, &hearing) && hearing.Needs != Mix {
				t.Errorf("%v\nwant %s", err, c.want)
			}
		}
	})
}

// TestWhateverTheTableEachHearsItsRow draws tables over parties of several codecs and
// listens to what each is sent. (Opus, which does not keep the levels of several tones,
// is in TestMix.)
func TestWhateverTheTableEachHearsItsRow(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		synctest.Test(t, func(t *testing.T) {
			r := newRehearsal(t)
			codecs := make([]Codec, 4)
			for i := range codecs {
				codecs[i] = rapid.SampledFrom([]Codec{pcmu, pcma, g722, wide}).Draw(rt, "codec")
			}
			all := r.conference(codecs...)
			for range rapid.IntRange(1, 3).Draw(rt, "tables") {
				table := make(Table)
				for listener := 1; listener <= 4; listener++ {
					for source := 1; source <= 4; source++ {
						if rapid.Bool().Draw(rt, "hears") && source != listener {
							gain := rapid.SampledFrom([]float64{0, 0, -6}).Draw(rt, "gain")
							table[listener] = append(table[listener], Heard{source, gain})
						}
					}
				}
				r.hears(table, nil, all...)
				talk(400*ms, all...)
				for i, p := range all {
					pcm, _ := p.heard()
					pcm = after(pcm, p.rate, 200*ms)
					if len(table[i+1]) == 0 {
						if len(pcm) > 0 {
							t.Errorf("%v: party %d hears %d samples", table, i+1, len(pcm))
						}
						continue
					}
					checkHears(t, fmt.Sprint(table, codecs, " party ", i+1), p.rate, pcm, row(table[i+1], i+1))
				}
			}
			r.hears(Table{}, nil, all...)
			if n := len(r.engine.clock.rooms.list); n != 0 {
				t.Errorf("%d rooms left", n)
			}
		})
		if t.Failed() {
			rt.FailNow()
		}
	})
}

// TestNothingIsLeft: no goroutine outlives the rooms that it was for.
func TestNothingIsLeft(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	e, err := New(Config{Network: quietNetwork{}, Address: loopback, First: 20000, Last: 20099})
	if err != nil {
		t.Fatal(err)
	}
	ticked := make(chan struct{}, 1)
	for range 4 {
		ends := map[int]End{1: sessionTo(t, e, addr(alicesAddress)), 2: sessionTo(t, e, addr(bobsAddress))}
		tap, err := e.NewTap(8000, func(time.Time, []int16) {
			select {
			case ticked <- struct{}{}:
			default:
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		ends[3] = tap
		swap(t, Table{3: {{Source: 1}, {Source: 2}}}, ends)
		defer swap(t, Table{}, ends)
	}
	for range 10 {
		<-ticked
	}
}
