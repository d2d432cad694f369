package bridge

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp"
	"github.com/tandem-gateway/tandem/rtp/audio"
)

// Playbacks are sounds of ours in the hearing table, like the music on hold: who is meant
// hears them over the others, or alone. They queue behind each other for each participant,
// and for everybody. One that is heard takes the place of music and ringing.
//
// What is not heard waits: a party that holds the call hears the rest when it is back.

// Playback is what is to be played to whom.
type Playback struct {
	// Reference is what who asks for it calls it, in events and to stop it.
	Reference string
	// To is the participant who hears it, behind what was asked for it before; 0 is
	// everybody who talks, at the same time.
	To int
	// Items are played one after the other.
	Items []Item
	// Loops is how often; 0 is once, and Endless until it is stopped.
	Loops int
	// StopOn are the keys that end it when one who hears it presses one: "0123456789*#ABCD!",
	// or some of them.
	StopOn string
	// Alone: who hears it hears nothing else meanwhile.
	Alone bool
	// Gain is in dB, up to audio.MaxGain.
	Gain float64
}

// Endless is a number of Loops.
const Endless = -1

// Item is a prompt, or a tone.
type Item struct {
	// Prompt is its name, as Prompts has it; empty for a tone.
	Prompt string
	// Tone is the signal of a country, an ISO 3166 code of two letters, or the international
	// one (ITU-T E.180).
	Tone    audio.Signal
	Country string
	// For is how long it is heard at the most; 0 is to its end, which a tone does not have.
	For time.Duration
}

// The bounds of what can be asked for.
const (
	mostPlaybacks = 32 // that wait or run in a call
	mostItems     = 64
)

// The events of playing.
type (
	// Play asks for a playback. What comes of it is in the call's events.
	Play struct{ Playback Playback }
	// StopPlaying ends the playbacks of a reference, whether they run or wait; an empty one
	// is all of them.
	StopPlaying struct{ Reference string }
	// Loaded answers Load; Failed says why a playback cannot be played.
	Loaded struct {
		Number int
		Failed string
	}
	// Played says that a playback has come to its end.
	Played struct{ Number int }
	// Unheard says that a participant cannot be played to: there is no codec here for what
	// it takes.
	Unheard struct {
		Number, Participant int
		Why                 string
	}
)

// The actions of playing.
type (
	// Load gets the sound of a playback; Loaded is the answer.
	Load struct {
		Number, Loops int
		Items         []Item
	}
	// Unload ends the sound of a playback.
	Unload struct{ Number int }
)

func (Load) action()   {}
func (Unload) action() {}

// playing are the playbacks of a call that are not over, in the order in which they were
// asked for.
type playing struct {
	list  []playback
	count int
}

type playback struct {
	Playback
	number int
	phase  playbackPhase
	deaf   []int // who cannot hear it
}

// playbackPhase is how far one is that is not over. event.PlaybackState is what is told of
// it: one that loads and one that waits have both not started.
//
//	playbackLoads ── Loaded ──▶ playbackWaits ── it is the first of its queue ──▶ playbackRuns
type playbackPhase uint8

const (
	playbackLoads playbackPhase = iota
	playbackWaits
	playbackRuns
)

// Play plays something into the call, from any goroutine. What comes of it is in the
// call's events.
func (c *Call) Play(p Playback) { c.Post(told{Play{p}}) }

// StopPlaying ends the playbacks of a reference, and all for an empty one, from any
// goroutine.
func (c *Call) StopPlaying(reference string) { c.Post(told{StopPlaying{reference}}) }

func (e Play) step(m *Machine, now time.Time) {
	if m.state == event.CallDisconnected {
		return // nobody listens any more
	}
	if m.playing == nil {
		m.playing = &playing{}
	}
	s := m.playing
	s.count++
	p := playback{Playback: e.Playback, number: s.count}
	switch why := p.unplayable(); {
	case why != "":
		m.playbackFails(now, p, event.PlaybackBroken, why)
	case len(s.list) == mostPlaybacks:
		m.playbackFails(now, p, event.PlaybackBroken, fmt.Sprintf("%d playbacks wait already", mostPlaybacks))
	case !m.listens(p.To):
		m.playbackFails(now, p, event.PlaybackNobody, "nobody is there to hear it")
	default:
		s.list = append(s.list, p)
		m.playbackEvent(now, p, event.PlaybackChanged{State: event.PlaybackNotStarted})
		m.do(Load{Number: p.number, Loops: p.Loops, Items: p.Items})
	}
}

// unplayable says what is wrong with a playback, in words; empty when nothing is.
func (p *playback) unplayable() string {
	switch {
	case len(p.Items) == 0 || len(p.Items) > mostItems:
		return fmt.Sprintf("%d items: name one at least, and no more than %d", len(p.Items), mostItems)
	case !(p.Gain <= audio.MaxGain):
		return fmt.Sprintf("a gain of %g dB: it may be %g at the most", p.Gain, float64(audio.MaxGain))
	case strings.Trim(p.StopOn, "0123456789*#ABCD!") != "":
		return fmt.Sprintf("stop on %q: the keys are 0 to 9, *, #, A to D and ! for a hook flash", p.StopOn)
	}
	for i, item := range p.Items {
		last := i == len(p.Items)-1
		switch {
		case item.For < 0:
			return fmt.Sprintf("item %d lasts %v", i+1, item.For)
		case item.Tone > audio.Congestion:
			return fmt.Sprintf("item %d is tone %d, which there is not", i+1, uint8(item.Tone))
		case item.Prompt == "" && item.For == 0 && !last:
			return fmt.Sprintf("item %d is a tone without an end, and others follow: say how long it sounds", i+1)
		}
	}
	return ""
}

// listens says whether a participant, or anybody for 0, talks.
func (m *Machine) listens(to int) bool {
	if m.state >= event.CallDisconnecting || m.answered.IsZero() {
		return false
	}
	p := m.participant(to)
	return to == 0 || p != nil && p.inTalk()
}

func (e Loaded) step(m *Machine, now time.Time) {
	i := m.playing.index(e.Number)
	switch {
	case i < 0:
	case e.Failed != "":
		m.playbackOver(now, i, event.PlaybackChanged{Cause: event.PlaybackBroken, Error: e.Failed})
	default:
		p := &m.playing.list[i]
		p.phase = max(p.phase, playbackWaits)
	}
}

func (e Played) step(m *Machine, now time.Time) {
	if i := m.playing.index(e.Number); i >= 0 {
		m.playbackOver(now, i, event.PlaybackChanged{Cause: event.PlaybackEnded})
	}
}

// step ends a playback that nobody can hear: it would never come to its end.
func (e Unheard) step(m *Machine, now time.Time) {
	i := m.playing.index(e.Number)
	if i < 0 {
		return
	}
	p := &m.playing.list[i]
	p.deaf = append(p.deaf, e.Participant)
	heard := slices.ContainsFunc(m.participants, func(q participant) bool { return q.audible() && p.heardBy(q.id) })
	if !heard {
		m.playbackOver(now, i, event.PlaybackChanged{Cause: event.PlaybackBroken, Error: e.Why})
	}
}

func (e StopPlaying) step(m *Machine, now time.Time) {
	m.endPlaybacks(now, event.PlaybackStopped, func(p *playback) bool { return e.Reference == "" || p.Reference == e.Reference })
}

// stopPlayingTo ends what was for a participant that leaves; 0 is all of it.
func (m *Machine) stopPlayingTo(now time.Time, participant int) {
	m.endPlaybacks(now, event.PlaybackNobody, func(p *playback) bool { return participant == 0 || p.To == participant })
}

// endPlaybacks ends those that are meant.
func (m *Machine) endPlaybacks(now time.Time, cause event.PlaybackCause, meant func(*playback) bool) {
	for i := 0; m.playing != nil && i < len(m.playing.list); {
		if !meant(&m.playing.list[i]) {
			i++
			continue
		}
		m.playbackOver(now, i, event.PlaybackChanged{Cause: cause})
	}
}

// keyStopsPlaying ends what a participant hears that its key ends. What waits behind it
// begins.
func (m *Machine) keyStopsPlaying(now time.Time, participant int, digit string) {
	for i := 0; m.playing != nil && i < len(m.playing.list); {
		p := &m.playing.list[i]
		if !p.heardBy(participant) || !strings.Contains(p.StopOn, digit) {
			i++
			continue
		}
		m.playbackOver(now, i, event.PlaybackChanged{Cause: event.PlaybackDigit, Digit: digit})
	}
}

// heardBy says whether a participant hears it.
func (p *playback) heardBy(participant int) bool {
	return p.phase == playbackRuns && (p.To == 0 || p.To == participant) && !slices.Contains(p.deaf, participant)
}

// playNow begins what is due: the first of each queue, once it is loaded.
func (m *Machine) playNow(now time.Time) {
	if m.playing == nil {
		return
	}
	for i := range m.playing.list {
		p := &m.playing.list[i]
		if p.phase == playbackWaits && m.playing.first(p.To) == p.number {
			p.phase, m.stale = playbackRuns, true
			m.playbackEvent(now, *p, event.PlaybackChanged{State: event.PlaybackRunning})
		}
	}
}

// first is the number of the first playback of a queue.
func (s *playing) first(to int) int {
	i := slices.IndexFunc(s.list, func(p playback) bool { return p.To == to })
	return s.list[i].number
}

// index is where a playback is in the list; -1 when it is over.
func (s *playing) index(number int) int {
	if s == nil {
		return -1
	}
	return slices.IndexFunc(s.list, func(p playback) bool { return p.number == number })
}

// playbackOver takes one out of the list.
func (m *Machine) playbackOver(now time.Time, i int, e event.PlaybackChanged) {
	p := m.playing.list[i]
	m.playing.list = slices.Delete(m.playing.list, i, i+1)
	m.stale = m.stale || p.phase == playbackRuns
	m.do(Unload{Number: p.number})
	e.State = event.PlaybackCompleted
	if e.Cause == event.PlaybackNobody || e.Cause == event.PlaybackBroken {
		e.State = event.PlaybackFailed
	}
	m.playbackEvent(now, p, e)
}

// playbackFails tells of one that was never in the list.
func (m *Machine) playbackFails(now time.Time, p playback, c event.PlaybackCause, why string) {
	m.playbackEvent(now, p, event.PlaybackChanged{State: event.PlaybackFailed, Cause: c, Error: why})
}

func (m *Machine) playbackEvent(now time.Time, p playback, e event.PlaybackChanged) {
	e.Header, e.Playback, e.Reference, e.Participant = m.at(now), p.number, p.Reference, p.To
	m.emit(e)
}

// playbackFor is the number of a playback in a hearing table. It is below all others, and its
// own inverse.
func playbackFor(number int) int { return -number - 5<<16 }

// play adds what is played to a hearing table.
func (m *Machine) play(t rtp.Table) {
	if m.playing == nil {
		return
	}
	for i := range m.playing.list {
		b := &m.playing.list[i]
		for j := range m.participants {
			if p := &m.participants[j]; p.audible() && b.heardBy(p.id) {
				t[p.id] = b.over(t[p.id])
			}
		}
	}
}

// over is what a party hears with a playback: in the place of other sounds of ours, over
// the voices of others, unless it is heard alone.
func (p *playback) over(row []rtp.Heard) []rtp.Heard {
	row = slices.DeleteFunc(row, func(h rtp.Heard) bool { return p.Alone && h.Source > 0 || h.Source < 0 && !isPlayback(h.Source) })
	return append(row, rtp.Heard{Source: playbackFor(p.number), Gain: p.Gain})
}

func isPlayback(number int) bool { return number < -5<<16 }

// keysWanted are the participants whose keys end what they hear, so that they are listened
// for in their sound too.
func (m *Machine) keysWanted() (list []int) {
	for i := range m.participants {
		p := &m.participants[i]
		wanted := m.playing != nil && p.audible() && slices.ContainsFunc(m.playing.list, func(b playback) bool { return b.StopOn != "" && b.heardBy(p.id) })
		if wanted {
			list = append(list, p.id)
		}
	}
	return list
}
