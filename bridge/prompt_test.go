package bridge

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp/audio"
)

// sines are prompts: a sine each, of a second and -10 dBFS. What is not among them is slow,
// and cannot be read in the end.
type sines map[string]float64

func (s sines) Prompt(ctx context.Context, name string) (*audio.Prompt, error) {
	frequency, ok := s[name]
	if !ok {
		select {
		case <-time.After(10 * time.Second):
			return nil, errors.New("prompt " + name + ": not there")
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	tone, err := audio.NewTone(8000, audio.Sine{Frequency: frequency, Level: -10})
	if err != nil {
		return nil, err
	}
	pcm := make([]int16, 8000)
	tone.Fill(pcm)
	return audio.LoadPrompt(bytes.NewReader(wav(pcm)), 8000)
}

// wav is a file of 8,000 samples a second.
func wav(pcm []int16) []byte {
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data")
	b = binary.LittleEndian.AppendUint32(b, uint32(2*len(pcm)))
	for _, x := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(x))
	}
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

// playing has two talk for a time at 440 and 1,000 Hz, and gives what each hears.
func (s *stage) playing(d time.Duration, meanwhile func()) (heard1, heard2 []int16) {
	to1, to2 := s.mediaOf(1), s.mediaOf(2)
	var both sync.WaitGroup
	both.Go(func() { heard1 = s.send(1, to1, d, audio.Sine{Frequency: 440, Level: -20}) })
	both.Go(func() { heard2 = s.send(2, to2, d, audio.Sine{Frequency: 1000, Level: -20}) })
	pass(time.Second)
	meanwhile()
	both.Wait()
	return heard1, heard2
}

// playingStage is a stage on which two talk, with prompts at 700 and 1,600 Hz.
func playingStage(t *testing.T) *stage {
	s := newStage(t, 20099, Limits{})
	s.call.env.Prompts = sines{"low": 700, "high": 1600}
	s.onDial = func(l *stageLeg) { l.says(0, Answered{SDP: describe(l.id, []string{"PCMU"})}) }
	s.arrive(plan("trunk carrier"))
	pass(100 * time.Millisecond)
	return s
}

// ends hangs up, and looks at what is left and what was told of playing.
func (s *stage) ends(want ...string) {
	s.t.Helper()
	s.call.Stop(event.Cause{Status: 200, By: event.PartyGateway})
	pass(time.Second)
	s.over()
	s.wantEvents(want...)
}

// hearsAt wants a frequency to be heard from a time on for 400 ms, at a level in dBFS, or
// not to be heard at all, at 0.
func hearsAt(t *testing.T, who string, pcm []int16, at time.Duration, frequency, want float64) {
	t.Helper()
	from := int(at * 8 / time.Millisecond)
	if from+3200 > len(pcm) {
		t.Fatalf("%s hears %d samples, and not for %v", who, len(pcm), at)
	}
	tone, _ := level(t, pcm[from:from+3200], frequency)
	if want == 0 && tone > -50 || want != 0 && math.Abs(tone-want) > 1 {
		t.Errorf("%s at %v: %g Hz is heard at %.1f dBFS, want %g", who, at, frequency, tone, want)
	}
}

// TestPromptsInARow: a queue of two items, played twice, over what the other one says; that
// one hears nothing of it.
func TestPromptsInARow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playingStage(t)
		heard, other := s.playing(7*time.Second, func() {
			s.call.Play(Playback{To: 1, Items: []Item{{Prompt: "low"}, {Prompt: "high"}}, Loops: 2, Reference: "menu"})
		})
		for i, frequency := range []float64{700, 1600, 700, 1600} {
			at := time.Second + time.Duration(i)*time.Second + 300*time.Millisecond
			hearsAt(t, "alice", heard, at, frequency, -10)
			hearsAt(t, "alice", heard, at, 2300-frequency, 0)
			hearsAt(t, "alice", heard, at, 1000, -20)
			hearsAt(t, "the carrier", other, at, frequency, 0)
			hearsAt(t, "the carrier", other, at, 440, -20)
		}
		hearsAt(t, "alice", heard, 5500*time.Millisecond, 1600, 0)
		hearsAt(t, "alice", heard, 5500*time.Millisecond, 1000, -20)
		s.ends("playback 1 menu to 1 notStarted", "playback 1 menu to 1 running", "playback 1 menu to 1 completed, ended")
	})
}

// TestToneToEverybody: alone, for as long as it was said; behind it what was asked for
// meanwhile, quieter, over the voices.
func TestToneToEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playingStage(t)
		heard1, heard2 := s.playing(5*time.Second, func() {
			s.call.Play(Playback{Items: []Item{{Tone: audio.Busy, Country: "DE", For: time.Second}}, Alone: true})
			s.call.Play(Playback{Items: []Item{{Prompt: "high"}}, Gain: -6})
		})
		for who, heard := range map[string][]int16{"alice": heard1, "the carrier": heard2} {
			// It is on for half of the time, and so is half of the rest its edges.
			if busy, _ := level(t, heard[8160:16160], 425); busy < -24 || busy > -18 {
				t.Errorf("%s hears the busy tone at %.1f dBFS", who, busy)
			}
			hearsAt(t, who, heard, 1300*time.Millisecond, 1000, 0)
			hearsAt(t, who, heard, 2400*time.Millisecond, 1600, -16)
			hearsAt(t, who, heard, 4*time.Second, 1600, 0)
		}
		hearsAt(t, "alice", heard1, 4*time.Second, 1000, -20)
		s.ends("playback 1 to 0 notStarted", "playback 1 to 0 running", "playback 2 to 0 notStarted",
			"playback 1 to 0 completed, ended", "playback 2 to 0 running", "playback 2 to 0 completed, ended")
	})
}

// TestTonesStopPlayback: of a phone that has no telephone-event, though nobody else asks for
// its keys.
func TestTonesStopPlayback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playingStage(t)
		s.report(1, Offered{SDP: describe(1, []string{"v2", "PCMU"})})
		s.report(2, OfferAnswered{SDP: describe(2, []string{"v2", "PCMU"})})
		s.call.Play(Playback{To: 1, Items: []Item{{Prompt: "low"}}, Loops: Endless, StopOn: "5"})
		pass(time.Second)
		s.keys(1, s.mediaOf(1), 200*time.Millisecond)
		s.send(1, s.mediaOf(1), 200*time.Millisecond)
		s.ends("playback 1 to 1 notStarted", "playback 1 to 1 running", "playback 1 to 1 completed, digit 5")
	})
}

// TestPromptThatIsNotThere, or that is still being read when nobody wants it any more.
func TestPromptThatIsNotThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playingStage(t)
		s.call.Play(Playback{To: 1, Items: []Item{{Prompt: "low"}, {Prompt: "lost"}}})
		s.call.Play(Playback{To: 2, Items: []Item{{Prompt: "lost"}}, Reference: "x"})
		s.call.StopPlaying("x")
		pass(11 * time.Second)
		s.call.Play(Playback{To: 2, Items: []Item{{Prompt: "slow"}}})
		pass(time.Second)
		s.ends("playback 1 to 1 notStarted", "playback 2 x to 2 notStarted", "playback 2 x to 2 completed, stopped",
			"playback 1 to 1 failed, failed, prompt lost: not there", "playback 3 to 2 notStarted", "playback 3 to 2 failed, nobody")
	})
	synctest.Test(t, func(t *testing.T) {
		s := playingStage(t)
		s.call.env.Prompts = nil
		s.call.Play(Playback{To: 1, Items: []Item{{Prompt: "low"}}})
		pass(time.Second)
		s.ends("playback 1 to 1 notStarted", "playback 1 to 1 failed, failed, there are no prompts here")
	})
}

// TestPlaybackWithoutCodec: a party whose codec there is not here goes on hearing the other
// one.
func TestPlaybackWithoutCodec(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playingStage(t)
		s.look(func(c *Call) {
			p := c.machine.participant(1)
			p.stream.Formats[0].Send.Name, p.stream.Formats[0].Receive.Name = "G729", "G729"
			q := c.machine.participant(2)
			q.stream.Formats[0].Send.Name, q.stream.Formats[0].Receive.Name = "G729", "G729"
			for id, p := range map[int]*participant{1: p, 2: q} {
				if err := c.media.connect(Connect{Participant: id, Stream: p.stream}, nil); err != nil {
					t.Error(err)
				}
			}
		})
		s.call.Play(Playback{To: 1, Items: []Item{{Prompt: "low"}}, Alone: true})
		pass(time.Second)
		if heard := s.speak(2, s.mediaOf(2), 50); heard != 0 {
			t.Errorf("the carrier hears %d packets of nobody", heard)
		}
		s.look(func(c *Call) {
			if n := c.media[1].Stats().Sent.Packets; n != 50 {
				t.Errorf("alice is sent %d packets of 50", n)
			}
		})
		s.ends("playback 1 to 1 notStarted", "playback 1 to 1 running",
			"playback 1 to 1 failed, failed, the source sends PCMU/8000, PCMA/8000, the listener takes G729/8000, and there is no codec here for one of them")
	})
}

// TestPlaybacksThatNobodyCanHear: where the parties come to speak what there is no codec for
// here, not even each other's, all that is played to them ends.
func TestPlaybacksThatNobodyCanHear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playingStage(t)
		for _, to := range []int{0, 1, 2} {
			s.call.Play(Playback{To: to, Items: []Item{{Prompt: "low"}}, Loops: Endless})
		}
		pass(time.Second)
		s.look(func(c *Call) {
			for id, name := range map[int]string{1: "G729", 2: "GSM"} {
				p := c.machine.participant(id)
				p.stream.Formats[0].Send.Name, p.stream.Formats[0].Receive.Name = name, name
				if err := c.media.connect(Connect{Participant: id, Stream: p.stream}, nil); err != nil {
					t.Error(err)
				}
			}
			c.machine.stale = true
			c.tellMachine(Timer{})
		})
		pass(2 * time.Second)
		s.look(func(c *Call) {
			if n := len(c.machine.playing.list); n != 0 {
				t.Errorf("%d playbacks are still said to run", n)
			}
		})
		s.call.Stop(event.Cause{Status: 200, By: event.PartyGateway})
		pass(time.Second)
		s.over()
	})
}
