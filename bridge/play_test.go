package bridge

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp"
	"github.com/tandem-gateway/tandem/rtp/audio"
)

// legalPlayback is the diagram above event.PlaybackState.
var legalPlayback = map[event.PlaybackState][]event.PlaybackState{
	0:                        {event.PlaybackNotStarted, event.PlaybackFailed},
	event.PlaybackNotStarted: {event.PlaybackRunning, event.PlaybackCompleted, event.PlaybackFailed},
	event.PlaybackRunning:    {event.PlaybackCompleted, event.PlaybackFailed},
}

func (a *audit) play(e event.PlaybackChanged) {
	if a.playbacks == nil {
		a.playbacks = map[int]event.PlaybackState{}
	}
	if from := a.playbacks[e.Playback]; !slices.Contains(legalPlayback[from], e.State) {
		a.fault("playback %d was %v and goes to %v", e.Playback, from, e.State)
	}
	over := e.State >= event.PlaybackCompleted
	if over == (e.Cause == 0) || (e.Cause == event.PlaybackDigit) == (e.Digit == "") {
		a.fault("playback %d is %v with cause %v and key %q", e.Playback, e.State, e.Cause, e.Digit)
	}
	a.playbacks[e.Playback] = e.State
	if over {
		delete(a.playbacks, e.Playback)
	}
}

// besidesPlaybacks is a row of a hearing table without its playbacks, which must run.
func (a *audit) besidesPlaybacks(listener int, row []rtp.Heard, sounds Sounds) []rtp.Heard {
	return slices.DeleteFunc(slices.Clone(row), func(h rtp.Heard) bool {
		s := sounds[h.Source]
		if s.Kind == SoundPlayback && a.playbacks[s.Playback] != event.PlaybackRunning {
			a.fault("participant %d hears playback %d, which is %v", listener, s.Playback, a.playbacks[s.Playback])
		}
		return s.Kind == SoundPlayback
	})
}

// play lets happen what a story says of playing: "play 1 hello busy/DE/2s", with "x3" or
// "forever", "until=12", "alone", "gain=-6" and "as=name"; "unplay", "unplay name"; "loaded
// 1", "loaded 1 badly", "played 1", "unheard 1 by 2".
func (s *story) play(w []string) {
	switch w[0] {
	case "play":
		s.step(Play{playbackOf(number(w[1]), w[2:])})
	case "unplay":
		s.step(StopPlaying{strings.Join(w[1:], "")})
	case "loaded":
		s.step(Loaded{number(w[1]), strings.Join(w[2:], "")})
	case "played":
		s.step(Played{number(w[1])})
	case "unheard":
		s.step(Unheard{number(w[1]), number(w[3]), "no codec"})
	}
}

func playbackOf(to int, words []string) Playback {
	p := Playback{To: to}
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		switch {
		case word == "alone":
			p.Alone = true
		case word == "forever":
			p.Loops = Endless
		case key == "until":
			p.StopOn = value
		case key == "as":
			p.Reference = value
		case key == "gain":
			p.Gain = float64(number(value))
		case word[0] == 'x' && len(word) > 1:
			p.Loops = number(word[1:])
		default:
			p.Items = append(p.Items, itemOf(word))
		}
	}
	return p
}

// itemOf is "hello", "hello/2s", "busy/DE", "busy/DE/2s".
func itemOf(word string) (i Item) {
	parts := strings.Split(word, "/")
	switch parts[0] {
	case "busy":
		i.Tone, i.Country = audio.Busy, parts[1]
		parts = parts[1:]
	case "tone7":
		i.Tone = 7
	default:
		i.Prompt = parts[0]
	}
	if len(parts) > 1 {
		i.For = lasting(parts[1])
	}
	return i
}

func playbackWords(e event.PlaybackChanged) string {
	words := fmt.Sprintf("playback %d", e.Playback)
	if e.Reference != "" {
		words += " " + e.Reference
	}
	words += fmt.Sprintf(" to %d %v", e.Participant, e.State)
	if e.Cause != 0 {
		words += fmt.Sprintf(", %v", e.Cause)
	}
	if e.Digit != "" {
		words += " " + e.Digit
	}
	if e.Error != "" {
		words += ", " + e.Error
	}
	return words
}

// twoTalk begins a story in which alice talks with 2.
const twoTalk = `
	show play load unload hear
	alice calls with PCMU te
	found 1: carrier
	2 answers PCMU te
		hear 1<2 2<1
	`

// TestPlayback: who is meant hears it over the other one, and it queues behind what was
// asked for before.
func TestPlayback(t *testing.T) {
	tell(t, twoTalk+`
	play 1 hello as=welcome
		playback 1 welcome to 1 notStarted
		load 1
	play 1 menu
		playback 2 to 1 notStarted
		load 2
	loaded 2
	loaded 1
		playback 1 welcome to 1 running
		hear 1<2 1<play1 2<1
	played 1
		unload 1
		playback 1 welcome to 1 completed, ended
		playback 2 to 1 running
		hear 1<2 1<play2 2<1
	played 2
		unload 2
		playback 2 to 1 completed, ended
		hear 1<2 2<1
	played 2
	loaded 2
	unheard 2 by 1
	`)
	// Alone, to everybody, and to one of them besides.
	tell(t, twoTalk+`
	play 0 news alone
		playback 1 to 0 notStarted
		load 1
	play 2 hello gain=-6
		playback 2 to 2 notStarted
		load 2
	loaded 1
		playback 1 to 0 running
		hear 1<play1 2<play1
	loaded 2
		playback 2 to 2 running
		hear 1<play1 2<play1 2<play2
	unplay
		unload 1
		playback 1 to 0 completed, stopped
		unload 2
		playback 2 to 2 completed, stopped
		hear 1<2 2<1
	`)
}

// TestPlaybackOnHold: it takes the place of the music, and the music comes back.
func TestPlaybackOnHold(t *testing.T) {
	tell(t, "\n\tgiven music"+twoTalk+`
	1 offers v2 PCMU te sendonly
	2 agrees v1 PCMU te recvonly
		hear 1<2 2<-2
	play 2 position
		playback 1 to 2 notStarted
		load 1
	loaded 1
		playback 1 to 2 running
		hear 1<2 2<play1
	played 1
		unload 1
		playback 1 to 2 completed, ended
		hear 1<2 2<-2
	`)
}

// TestKeyStopsPlayback: at once when it is down, once for a key that comes twice, and by
// those who hear it only.
func TestKeyStopsPlayback(t *testing.T) {
	tell(t, twoTalk+`
	play 1 menu until=12 as=menu
		playback 1 menu to 1 notStarted
		load 1
	play 1 second until=12
		playback 2 to 1 notStarted
		load 2
	loaded 1
		playback 1 menu to 1 running
		hear 1<2 1<play1 2<1
	loaded 2
	key 2 down 1
	key 2 up 1 100ms
	key 1 down 3
	key 1 up 3 100ms
	key 1 down 1
		unload 1
		playback 1 menu to 1 completed, digit 1
		playback 2 to 1 running
		hear 1<2 1<play2 2<1
	key 1 info 1 100ms
	key 1 up 1 100ms
	wait 5s
	key 1 info 2 100ms
		unload 2
		playback 2 to 1 completed, digit 2
		hear 1<2 2<1
	wait 100ms
	key 1 down 2
	`)
}

// TestPlaybackStopped: by its reference, before it has begun too.
func TestPlaybackStopped(t *testing.T) {
	tell(t, twoTalk+`
	play 1 a as=a
		playback 1 a to 1 notStarted
		load 1
	play 1 b as=b
		playback 2 b to 1 notStarted
		load 2
	unplay c
	unplay b
		unload 2
		playback 2 b to 1 completed, stopped
	loaded 1
		playback 1 a to 1 running
		hear 1<2 1<play1 2<1
	unplay a
		unload 1
		playback 1 a to 1 completed, stopped
		hear 1<2 2<1
	`)
}

// TestPlaybackToOneWhoLeaves, of three, and at the end of the call.
func TestPlaybackToOneWhoLeaves(t *testing.T) {
	three := strings.Replace(threeTalk, "show tell hear party not direct call2", "show play hear", 1)
	var quiet []string
	for _, line := range strings.Split(three, "\n") {
		if !strings.HasPrefix(line, "\t\t") || strings.HasPrefix(line, "\t\thear") {
			quiet = append(quiet, line)
		}
	}
	tell(t, strings.Join(quiet, "\n")+`
	play 3 hello
		playback 1 to 3 notStarted
	play 0 news
		playback 2 to 0 notStarted
	loaded 1
		playback 1 to 3 running
		hear 1<2 1<3 2<1 2<3 3<1 3<2 3<play1
	loaded 2
		playback 2 to 0 running
		hear 1<2 1<3 1<play2 2<1 2<3 2<play2 3<1 3<2 3<play1 3<play2
	3 hangs up
		playback 1 to 3 failed, nobody
		hear 1<2 1<play2 2<1 2<play2
	1 hangs up
		playback 2 to 0 failed, nobody
	play 0 late
		playback 3 to 0 failed, nobody, nobody is there to hear it
	1 released
	2 released
	3 released
	play 0 too late
	`)
}

// TestUnplayable: what cannot be played is said at once, and disturbs nobody.
func TestUnplayable(t *testing.T) {
	tell(t, `
	show play load
	alice calls with PCMU te
	play 1 early
		playback 1 to 1 failed, nobody, nobody is there to hear it
	found 1: carrier
	2 answers PCMU te
	play 7 alone
		playback 2 to 7 failed, failed, 0 items: name one at least, and no more than 64
	play 7 hello
		playback 3 to 7 failed, nobody, nobody is there to hear it
	play 1 hello gain=30
		playback 4 to 1 failed, failed, a gain of 30 dB: it may be 24 at the most
	play 1 hello until=12x
		playback 5 to 1 failed, failed, stop on "12x": the keys are 0 to 9, *, #, A to D and ! for a hook flash
	play 1 busy/DE hello
		playback 6 to 1 failed, failed, item 1 is a tone without an end, and others follow: say how long it sounds
	play 1 hello/-1s
		playback 7 to 1 failed, failed, item 1 lasts -1s
	play 1 tone7
		playback 8 to 1 failed, failed, item 1 is tone 7, which there is not
	play 1 hello
		playback 9 to 1 notStarted
		load 9
	loaded 9 nothere
		playback 9 to 1 failed, failed, nothere
	`)
	many := twoTalk
	for i := 1; i <= mostPlaybacks; i++ {
		many += fmt.Sprintf(`
	play 1 hello
		playback %d to 1 notStarted
		load %d`, i, i)
	}
	tell(t, many+`
	play 2 hello
		playback 33 to 2 failed, failed, 32 playbacks wait already
	`)
}

// TestUnheardPlayback: one that nobody has a codec for ends; one that somebody hears goes on.
func TestUnheardPlayback(t *testing.T) {
	tell(t, twoTalk+`
	play 0 news
		playback 1 to 0 notStarted
		load 1
	loaded 1
		playback 1 to 0 running
		hear 1<2 1<play1 2<1 2<play1
	unheard 1 by 2
	unheard 1 by 1
		unload 1
		playback 1 to 0 failed, failed, no codec
		hear 1<2 2<1
	`)
}

// plays draws something that is asked of playing, or that comes of it.
func (w *world) plays() {
	s := w.machine.playing
	some := func() int { return 1 + rapid.IntRange(0, max(0, len(w.happened)%5)).Draw(w.t, "playback") }
	if s != nil && len(s.list) > 0 && rapid.Bool().Draw(w.t, "that one") {
		n := s.list[w.roll(len(s.list), "which")].number
		some = func() int { return n }
	}
	switch w.roll(8, "plays") {
	case 0, 1:
		w.play(w.roll(4, "to"))
	case 2, 3, 4:
		w.step(Loaded{some(), rapid.SampledFrom([]string{"", "", "", "not there"}).Draw(w.t, "failed")})
	case 5:
		w.step(Played{some()})
	case 6:
		w.step(StopPlaying{rapid.SampledFrom([]string{"", "a", "b"}).Draw(w.t, "reference")})
	case 7:
		w.step(Unheard{some(), 1 + w.roll(3, "deaf"), "no codec"})
	}
}

// play draws one for a participant or everybody, and sometimes another one behind it, which
// is loaded first.
func (w *world) play(to int) {
	how := func() Playback {
		return playbackOf(to, []string{"hello", rapid.SampledFrom([]string{"alone", "until=1", "as=a"}).Draw(w.t, "how")})
	}
	w.step(Play{how()})
	if rapid.Bool().Draw(w.t, "two") {
		w.step(Play{how()})
		if s := w.machine.playing; s != nil { // a call that is over takes none
			w.step(Loaded{Number: s.count})
		}
	}
}
