package bridge

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/event"
)

// measured answers measure media: "measured 1 2" when both have just been heard, "measured
// nobody", and "measured long ago" when both were before the call was answered.
func (s *story) measured(w []string) {
	e := Measured{Last: map[int]time.Time{}}
	switch w[0] {
	case "nobody":
	case "long":
		e.Last[1], e.Last[2] = s.now.Add(-time.Hour), s.now.Add(-time.Hour)
	default:
		for _, id := range w {
			e.Last[number(id)] = s.now
			e.Intervals = append(e.Intervals, event.MediaQuality{Participant: number(id)})
		}
	}
	s.step(e)
}

// TestMeasuredEachFiveSeconds, from the answer to the end, and not before or after.
func TestMeasuredEachFiveSeconds(t *testing.T) {
	tell(t, `
	given quality 5s
	show quality measure one
	alice calls with PCMU
	found 1: carrier
	2 rings 183 PCMU
	wait 30s
	2 answers PCMU
		measure media
	measured 1 2
		quality of 1
		quality of 2
	wait 4s
	wait 1s
		measure media
	measured 1 2
		quality of 1
		quality of 2
	wait 10s
		measure media
		measure media
	1 hangs up
	wait 10s
	`)
}

// TestNotMeasuredUnasked: nobody wants to know.
func TestNotMeasuredUnasked(t *testing.T) {
	tell(t, `
	show measure
	alice calls with PCMU
	found 1: carrier
	2 answers PCMU
	wait 1h
	`)
}

// TestOneWayAudio names the party that is not heard, once.
func TestOneWayAudio(t *testing.T) {
	for silent, heard := range map[string]string{"1, alice": "2", "2, carrier": "1"} {
		tell(t, `
		given quality 5s
		show one
		alice calls with PCMU
		found 1: carrier
		2 answers PCMU
		wait 3s
		wait 2s
		measured `+heard+`
			one way: nothing of `+silent+`
		wait 5s
		measured `+heard+`
		wait 5s
		measured 1 2
		wait 5s
		measured `+heard+`
		`)
	}
}

// TestBothAreHeard: that is no one-way audio, also if one of them falls silent later: a
// pause is not a fault.
func TestBothAreHeard(t *testing.T) {
	tell(t, `
	given quality 5s
	show one
	alice calls with PCMU
	found 1: carrier
	2 answers PCMU
	wait 5s
	measured 1 2
	wait 5s
	measured 1
	wait 5s
	measured 1
	`)
}

// TestNobodyIsHeard is no one-way audio. When one of them is heard at last it is, five
// seconds later.
func TestNobodyIsHeard(t *testing.T) {
	tell(t, `
	given quality 5s
	show one
	alice calls with PCMU
	found 1: carrier
	2 answers PCMU
	wait 5s
	measured nobody
	wait 5s
	measured long ago
	wait 3s
	measured 2
	wait 2s
	measured 2
		one way: nothing of 1, alice
	`)
}

// TestEarlyMediaIsNotHeard: what came before the answer proves nothing of after it.
func TestEarlyMediaIsNotHeard(t *testing.T) {
	tell(t, `
	given quality 5s
	show one
	alice calls with PCMU
	found 1: carrier
	2 rings 183 PCMU
	wait 10s
	2 answers PCMU
	measured long ago
	wait 5s
	measured 1
		one way: nothing of 2, carrier
	`)
}

// TestOneWayAudioNotOnHold: while one holds nobody need send; after it five seconds begin
// anew.
func TestOneWayAudioNotOnHold(t *testing.T) {
	for _, held := range []string{"sendonly", "inactive"} {
		tell(t, `
		given quality 5s
		show one measure
		alice calls with PCMU
		found 1: carrier
		2 answers PCMU
			measure media
		wait 2s
		1 offers v2 PCMU `+held+`
		2 agrees v2 PCMU `+map[string]string{"sendonly": "recvonly", "inactive": "inactive"}[held]+`
		wait 60s
		measured 1
		1 offers v3 PCMU
		2 agrees v3 PCMU
			measure media
		wait 4s
		measured 1
		wait 1s
			measure media
		measured 1
			one way: nothing of 2, carrier
		`)
	}
}

// qualityStage is an answered call of real media that is measured, and its events.
func qualityStage(t *testing.T) (s *stage, events func() []event.Event) {
	s = newStage(t, 20099, Limits{Quality: 5 * time.Second})
	s.onDial = func(l *stageLeg) { l.says(0, Answered{SDP: describe(2, []string{"PCMU"})}) }
	var list []event.Event
	var mu sync.Mutex
	publish := s.call.env.Publish
	s.call.env.Publish = func(e event.Event) {
		mu.Lock()
		defer mu.Unlock()
		list = append(list, e)
		publish(e)
	}
	s.arrive(plan("trunk carrier"))
	return s, func() []event.Event {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(list)
	}
}

// TestQualityOfRealMedia: who speaks well has the best MOS in each interval and in all.
func TestQualityOfRealMedia(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, events := qualityStage(t)
		pass(time.Millisecond)
		to1, to2 := s.mediaOf(1), s.mediaOf(2)
		done := make(chan struct{})
		go func() { defer close(done); s.speak(1, to1, 240) }()
		s.speak(2, to2, 240)
		<-done
		pass(time.Second)
		s.call.Stop(event.Cause{Status: 200, By: event.PartyGateway})
		pass(time.Second)
		s.over()
		rated, ended := 0, 0
		for _, e := range events() {
			switch e := e.(type) {
			case event.MediaQuality:
				rated++
				if q := e.Quality; q.MOS < 4.3 || q.Codec != "PCMU" || q.Lost != 0 || e.At.Sub(e.From) != 5*time.Second {
					t.Errorf("%+v", e)
				}
			case event.MediaEnded:
				ended++
				if q := e.Stream.Quality; q.MOS < 4.3 || q.Expected != 240 || q.Lost != 0 || q.BurstRatio != 1 {
					t.Errorf("in all %+v", q)
				}
			case event.OneWayAudio:
				t.Errorf("%+v", e)
			}
		}
		if rated != 2 || ended != 2 {
			t.Errorf("%d intervals, %d ends", rated, ended)
		}
	})
}

// TestOneWayAudioOfRealMedia: the carrier says nothing.
func TestOneWayAudioOfRealMedia(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, events := qualityStage(t)
		pass(time.Millisecond)
		s.speak(1, s.mediaOf(1), 250)
		pass(time.Second)
		s.call.Stop(event.Cause{Status: 200, By: event.PartyGateway})
		pass(time.Second)
		s.over()
		var silent []int
		for _, e := range events() {
			if e, ok := e.(event.OneWayAudio); ok {
				silent = append(silent, e.Participant)
				if late := e.At.Sub(s.begun); late < 5*time.Second || late > 5100*time.Millisecond || !strings.Contains(e.Name, "carrier") {
					t.Errorf("%+v after %v", e, late)
				}
			}
		}
		if !slices.Equal(silent, []int{2}) {
			t.Errorf("silent are %v", silent)
		}
	})
}

// BenchmarkQuality is what five seconds of a call cost that is measured: the timer, two
// readings and their events, without waking the goroutine. 1,000 calls do it 200 times a
// second: 1 % of a core would be 50 µs.
func BenchmarkQuality(b *testing.B) {
	m := NewMachine("0123456789abcdef", &Limits{Quality: 5 * time.Second})
	setUp(m, parsed(b, phoneOffer), parsed(b, carrierAnswer), plan("trunk carrier, trunk backup"))
	now := begun.Add(time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(5 * time.Second)
		m.Step(now, Timer{})
		m.Step(now, Measured{Intervals: []event.MediaQuality{{Participant: 1}, {Participant: 2}}, Last: map[int]time.Time{1: now, 2: now}})
	}
}

// measured answers MeasureMedia in a world: whoever is named has just been heard.
func (w *world) measured(last map[int]time.Time) {
	w.measures--
	e := Measured{Last: last}
	for id := range last {
		e.Intervals = append(e.Intervals, event.MediaQuality{Participant: id})
	}
	w.step(e)
}

// TestOneWayAudioAfterATransfer: while it is under way nobody need say anything, behind it
// the two who talk then are watched.
func TestOneWayAudioAfterATransfer(t *testing.T) {
	tell(t, `
	given quality 5s
	show one
	alice calls with PCMU te
	found 1: carrier
	2 answers PCMU te
	wait 2s
	1 refers alice sip:carol
	directed trunk carrier
	consent yes
	found 2: carrier
	wait 10s
	measured 2
	3 rings 180
	3 answers PCMU te
	wait 1s
	wait 5s
	measured 2
		one way: nothing of 3, carrier
	`)
}

// TestThreeAreNotWatched: in a conference two may listen.
func TestThreeAreNotWatched(t *testing.T) {
	tell(t, `
	given quality 5s
	show one
	given codecs PCMU PCMA
	alice calls with PCMU te
	found 1: carrier
	2 answers PCMU te
	measured 1 2
	add alice sip:carol
	directed trunk carrier
	found 2: carrier
	3 answers PCMU te
	wait 20s
	measured 1
	3 hangs up
	wait 5s
	measured 1
		one way: nothing of 2, carrier
	`)
}

// TestWhoOnlyListensIsNotSilent: it said so.
func TestWhoOnlyListensIsNotSilent(t *testing.T) {
	tell(t, `
	given quality 5s
	show one
	alice calls with PCMU recvonly
	found 1: carrier
	2 answers PCMU sendonly
	wait 10s
	measured 2
	wait 10s
	measured 2
	`)
}
