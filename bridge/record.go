package bridge

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp"
	"github.com/tandem-gateway/tandem/rtp/record"
)

// A recording is a listener of the hearing table, or rather one for each party, which
// hears that party alone: so each is on its own side or in its own file, whatever the
// layout, and who joins or leaves later does so in the recording too. What the parties
// hear of each other goes on as it was, relayed where it was relayed.
//
// Recorded is what somebody in the call hears: of a party that nobody hears, because the
// other one is on hold or is being transferred, there is silence, and no music of ours.

// Recording says how a call is recorded.
type Recording struct {
	Layout record.Layout
	Format record.Format
	// Beep: those who are recorded hear a tone every 15 s that says so. It takes a mix for
	// each of them; who cannot be given one, for want of a codec here, hears none.
	Beep bool
	// DTMF leaves the tones of keys in what is recorded. Else they are silent there: they are
	// events, and may be a card's number.
	DTMF bool
}

// Recorded says which calls are recorded from their answer on, and how.
type Recorded struct {
	// Users are the names of those whose calls are, both ways, Routes of the routes.
	Users, Routes map[string]bool
	// As is also for recordings that are asked for without saying how.
	As Recording
}

// The events of recording.
type (
	// Record asks for the call to be recorded, from its answer on; nil is as configured. It
	// changes nothing about a recording under way.
	Record struct{ As *Recording }
	// PauseRecording has nothing recorded until ResumeRecording.
	PauseRecording struct{}
	// ResumeRecording goes on with a recording that is paused.
	ResumeRecording struct{}
	// StopRecording ends it. From then on no rule begins another one.
	StopRecording struct{}
	// RecordingEnded says that a recording is complete, or what it has failed of.
	RecordingEnded struct {
		Number int
		Result record.Result
	}
	// RecordingLacks says that a party cannot be recorded: there is no codec here for what it
	// speaks.
	RecordingLacks struct {
		Participant int
		Why         string
	}
	// RecordingLost says how much sound a slow disk has cost, since it was last said.
	RecordingLost struct {
		Number int
		Sound  time.Duration
	}
)

// The actions of recording.
type (
	// StartRecording begins one, of a sampling rate in Hz; RecordingEnded says what comes of
	// it.
	StartRecording struct {
		Number int
		As     Recording
		Rate   int
		Labels record.Labels
	}
	// CutRecording pauses it, or resumes it.
	CutRecording struct{ Pause bool }
	// EndRecording ends it, if it has not ended yet.
	EndRecording struct{}
)

func (StartRecording) action() {}
func (CutRecording) action()   {}
func (EndRecording) action()   {}

// recording is that of the call; event.RecordingState draws its states. One that was
// stopped is in its state until its files are complete.
type recording struct {
	state event.RecordingState // zero before the first
	as    Recording
	// asked is how the call is to be recorded as soon as it is answered, or as the
	// recording before is complete; nil when nobody has asked.
	asked *Recording
	// byRoute: a route of the call wants it recorded. declined: somebody has stopped it, or
	// it has failed, and rules do not begin another one.
	byRoute, declined bool
	number            int
	sides             []seat
	lost              time.Duration
	// until is how long its end is awaited; zero when it was not stopped.
	until time.Time
}

// seat is where a party is heard in a recording that is stereo; lacked says that it has
// been told that it is not heard.
type seat struct {
	participant int
	side        record.Side
	lacked      bool
}

// recordingPatience is how long a call waits for the files of its recording to be
// complete, and on the disk, before it ends. One that answers at all needs less.
const recordingPatience = 10 * time.Second

func (r *recording) on() bool {
	return r.state == event.Recording || r.state == event.RecordingPaused
}

// running says whether what is said now is recorded.
func (r *recording) running() bool { return r.state == event.Recording && r.until.IsZero() }

// Record has the call recorded from its answer on, from any goroutine; nil is as the
// configuration has it. What comes of it is in the call's events.
func (c *Call) Record(as *Recording) { c.Post(told{Record{as}}) }

// PauseRecording has nothing recorded until ResumeRecording, from any goroutine.
func (c *Call) PauseRecording() { c.Post(told{PauseRecording{}}) }

// ResumeRecording goes on with a recording that is paused, from any goroutine.
func (c *Call) ResumeRecording() { c.Post(told{ResumeRecording{}}) }

// StopRecording ends the recording, from any goroutine.
func (c *Call) StopRecording() { c.Post(told{StopRecording{}}) }

func (e Record) step(m *Machine, _ time.Time) {
	r := &m.recording
	if m.state >= event.CallDisconnecting || r.on() && r.until.IsZero() {
		return
	}
	r.asked = e.As
	if e.As == nil {
		r.asked = &m.limits.Recorded.As
	}
}

func (PauseRecording) step(m *Machine, now time.Time) {
	if m.recording.running() {
		m.cutRecording(now, event.RecordingPaused)
	}
}

func (ResumeRecording) step(m *Machine, now time.Time) {
	if r := &m.recording; r.state == event.RecordingPaused && r.until.IsZero() {
		m.cutRecording(now, event.Recording)
	}
}

func (m *Machine) cutRecording(now time.Time, s event.RecordingState) {
	m.recording.state, m.stale = s, true
	m.do(CutRecording{Pause: s == event.RecordingPaused})
	m.recordingEvent(now, event.RecordingChanged{})
}

func (StopRecording) step(m *Machine, now time.Time) {
	m.recording.declined = true
	m.stopRecording(now)
}

// stopRecording ends a recording; its files are complete when RecordingEnded says so.
func (m *Machine) stopRecording(now time.Time) {
	r := &m.recording
	r.asked = nil
	if !r.on() || !r.until.IsZero() {
		return
	}
	r.until, m.stale = now.Add(recordingPatience), true
	m.do(EndRecording{})
}

// byRule notes that the call has come to talk over a route whose calls are recorded. It is
// asked while the decision is there.
func (m *Machine) byRule() {
	if m.limits.Recorded.Routes[m.decision.Route] {
		m.recording.byRoute = true
	}
}

// ruled says whether the configuration wants the call recorded.
func (m *Machine) ruled() bool {
	return m.recording.byRoute || len(m.limits.Recorded.Users) > 0 &&
		slices.ContainsFunc(m.participants, func(p participant) bool { return p.inTalk() && m.limits.Recorded.Users[p.identity.User] })
}

// recordNow begins what is due.
func (m *Machine) recordNow(now time.Time) {
	r := &m.recording
	if r.on() || m.answered.IsZero() || m.state >= event.CallDisconnecting {
		return
	}
	as := r.asked
	if as == nil && !r.declined && m.ruled() {
		as = &m.limits.Recorded.As
	}
	if as == nil {
		return
	}
	*r = recording{state: event.Recording, as: *as, byRoute: r.byRoute, declined: r.declined, number: r.number + 1}
	m.stale = true
	m.do(StartRecording{Number: r.number, As: r.as, Rate: m.recordingRate(), Labels: m.labels()})
	m.recordingEvent(now, event.RecordingChanged{})
}

// recordingRate is the sampling rate of files: that of the telephone, or the double where
// somebody speaks more.
func (m *Machine) recordingRate() int {
	for i := range m.participants {
		if p := &m.participants[i]; p.audible() && wide(p.stream.Formats[0].Send.Name, p.stream.Formats[0].Send.ClockRate) {
			return 16000
		}
	}
	return 8000
}

// wide says whether a codec has more than the telephone's band. RFC 3551 s4.5.2: G722's
// clock rate says 8,000, its sampling rate is 16,000.
func wide(name string, clock int) bool { return clock > 8000 || strings.EqualFold(name, "G722") }

// labels name the first two who talk: the caller and the callee, as long as neither has
// been transferred away.
func (m *Machine) labels() record.Labels {
	l := record.Labels{CallID: m.id, ChainID: m.chain}
	for i := range m.participants {
		switch p := &m.participants[i]; {
		case !p.inTalk():
		case l.Caller == "":
			l.Caller = p.label()
		case l.Callee == "":
			l.Callee = p.label()
		}
	}
	return l
}

// label is who a party is, in one word.
func (p *participant) label() string {
	switch {
	case p.identity.Phone != "":
		return p.identity.Phone
	case p.identity.User != "":
		return p.identity.User
	}
	return p.name
}

// tapFor is the number of the listener that hears a party for the recording. It is below
// those of all sounds.
func tapFor(participant int) int { return -participant - 2<<16 }

// taps adds the recording's listeners to a hearing table, and says who it is that each
// hears.
func (m *Machine) taps(t rtp.Table) map[int]record.Party {
	r := &m.recording
	if !r.running() {
		return nil
	}
	taps := make(map[int]record.Party, 2)
	for i := range m.participants {
		p := &m.participants[i]
		if !p.inTalk() {
			continue
		}
		side := m.sideOf(p)
		if heard(t, p.id) {
			taps[tapFor(p.id)] = record.Party{Name: p.name, Number: p.identity.Phone, Side: side}
		}
	}
	if r.as.Beep {
		m.beeps(t)
	}
	for number := range taps {
		t[number] = []rtp.Heard{{Source: tapFor(number)}} // it is its own inverse
	}
	return taps
}

// heard says whether anybody in the table hears a source.
func heard(t rtp.Table, source int) bool {
	for _, list := range t {
		if slices.ContainsFunc(list, func(h rtp.Heard) bool { return h.Source == source }) {
			return true
		}
	}
	return false
}

// beeps lets those who hear others hear the tone too.
func (m *Machine) beeps(t rtp.Table) {
	for listener, list := range t {
		if len(list) > 0 && list[0].Source > 0 && m.participant(listener).inTalk() {
			t[listener] = append(list, rtp.Heard{Source: beepNumber})
		}
	}
}

// sideOf is the side that a party is heard on for as long as it stays: the left one, if
// nobody else is there, else the right one. So who is transferred is not on the side of
// the one that it comes to talk with.
func (m *Machine) sideOf(p *participant) record.Side {
	r := &m.recording
	side := record.Left
	for _, s := range r.sides {
		if s.participant == p.id {
			return s.side
		}
		if s.side == record.Left && m.participant(s.participant).inTalk() {
			side = record.Right
		}
	}
	r.sides = append(r.sides, seat{participant: p.id, side: side})
	return side
}

// step tells it once of each party.
func (e RecordingLacks) step(m *Machine, now time.Time) {
	r := &m.recording
	i := slices.IndexFunc(r.sides, func(s seat) bool { return s.participant == e.Participant && !s.lacked })
	if i >= 0 && r.on() {
		r.sides[i].lacked = true
		m.recordingEvent(now, event.RecordingChanged{Error: fmt.Sprintf("participant %d is not recorded: %s", e.Participant, e.Why)})
	}
}

func (e RecordingLost) step(m *Machine, now time.Time) {
	if r := &m.recording; r.on() && r.number == e.Number {
		r.lost += e.Sound
		m.recordingEvent(now, event.RecordingChanged{Lost: r.lost})
	}
}

// step ends the recording, whether it was stopped or has failed. The call goes on.
func (e RecordingEnded) step(m *Machine, now time.Time) {
	r := &m.recording
	if !r.on() || r.number != e.Number {
		return
	}
	if r.until.IsZero() {
		m.do(EndRecording{}) // it has ended by itself: nobody listens any more
		r.declined = true
	}
	*r = recording{state: event.RecordingNone, asked: r.asked, byRoute: r.byRoute, declined: r.declined, number: r.number}
	changed := event.RecordingChanged{
		Cause: event.RecordingCause(e.Result.Reason), Sidecar: e.Result.Sidecar, Files: e.Result.Files,
		Duration: e.Result.Duration, Lost: e.Result.Lost,
	}
	if e.Result.Reason != record.Stopped {
		r.state = event.RecordingFailed
	}
	if e.Result.Err != nil {
		changed.Error = e.Result.Err.Error()
	}
	m.stale = true
	m.recordingEvent(now, changed)
}

var errDiskSilent = errors.New("the disk does not answer: the files may not be complete")

// recordingByTime gives up waiting for a disk.
func (m *Machine) recordingByTime(now time.Time) {
	if t := m.recording.until; !t.IsZero() && !now.Before(t) {
		RecordingEnded{m.recording.number, record.Result{Reason: record.Failed, Err: errDiskSilent}}.step(m, now)
	}
}

func (m *Machine) recordingEvent(now time.Time, e event.RecordingChanged) {
	e.Header, e.Recording, e.State = m.at(now), m.recording.number, m.recording.state
	m.emit(e)
}
