package bridge

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp/record"
)

// legalRecording is the diagram above event.RecordingState. What is on may tell of itself
// that it has lost something.
var legalRecording = map[event.RecordingState][]event.RecordingState{
	0:                     {event.Recording},
	event.RecordingNone:   {event.Recording},
	event.RecordingFailed: {event.Recording},
	event.Recording:       {event.Recording, event.RecordingPaused, event.RecordingNone, event.RecordingFailed},
	event.RecordingPaused: {event.RecordingPaused, event.Recording, event.RecordingNone, event.RecordingFailed},
}

func (a *audit) record(e event.RecordingChanged) {
	if !slices.Contains(legalRecording[a.recording], e.State) {
		a.fault("a recording was %v and goes to %v", a.recording, e.State)
	}
	if ended := e.State == event.RecordingNone || e.State == event.RecordingFailed; ended == (e.Cause == 0) {
		a.fault("a recording is %v with cause %v", e.State, e.Cause)
	}
	a.recording = e.State
}

func (a *audit) recordingOn() bool {
	return a.recording == event.Recording || a.recording == event.RecordingPaused
}

// recordedBy is "user alice", or "route us".
func recordedBy(kind, name string) Recorded {
	names := map[string]bool{name: true}
	if kind == "user" {
		return Recorded{Users: names}
	}
	return Recorded{Routes: names}
}

// record lets happen what a story says of recording: "record", "record separate opus beep",
// "pause", "resume", "unrecord"; of its end "recorded 1 5s", "recorded 1 full 5s", "recorded
// 1 broken"; "lost 1 300ms".
func (s *story) record(w []string) {
	switch w[0] {
	case "record":
		s.step(Record{recordedAs(w[1:])})
	case "pause":
		s.step(PauseRecording{})
	case "resume":
		s.step(ResumeRecording{})
	case "unrecord":
		s.step(StopRecording{})
	case "lacks":
		s.step(RecordingLacks{number(w[1]), "no codec"})
	case "lost":
		s.step(RecordingLost{number(w[1]), lasting(w[2])})
	case "recorded":
		s.step(RecordingEnded{number(w[1]), resultOf(w[2:])})
	}
}

func recordedAs(w []string) *Recording {
	if len(w) == 0 {
		return nil
	}
	as := &Recording{}
	for _, word := range w {
		switch word {
		case "mixed":
			as.Layout = record.Mixed
		case "separate":
			as.Layout = record.Separate
		case "opus":
			as.Format = record.OggOpus
		case "beep":
			as.Beep = true
		}
	}
	return as
}

func resultOf(w []string) record.Result {
	last := w[len(w)-1]
	switch w[0] {
	case "full":
		return record.Result{Reason: record.NoSpace, Err: errors.New("disk full"), Files: []string{"a.wav"}, Duration: lasting(last)}
	case "broken":
		return record.Result{Reason: record.Failed, Err: errors.New("broken")}
	}
	return record.Result{Reason: record.Stopped, Files: []string{"a.wav"}, Duration: lasting(last)}
}

func lasting(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		panic(err)
	}
	return d
}

// talks begins a story in which alice and a callee are recorded from the answer on.
const talks = `
	alice calls with PCMU te
	found 1: carrier
	2 answers PCMU te
		tell 1 Answer v1 PCMU te
		record 1 stereo wav 8000 of alice and +14255550100
		recording 1 recording
		hear 1<2 2<1 left1<1 right2<2
	`

// TestRecordedByRule: a call of a user or over a route that is recorded is, from the
// answer on and not before, and others are not.
func TestRecordedByRule(t *testing.T) {
	for _, rule := range []string{"user alice", "route us"} {
		tell(t, `
	given recorded `+rule+`
	show record hear tell`+talks+`
	2 hangs up
		record end
		tell 1 Hangup 200/16 callee
	1 released
	2 released
	recorded 1 5s
		recording 1 none, stopped: 5s in 1 files
	`)
	}
	for _, rule := range []string{"user carol", "route abroad"} {
		tell(t, `
	given recorded `+rule+`
	show record hear
	alice calls with PCMU te
	found 1: carrier
	2 answers PCMU te
		hear 1<2 2<1
	`)
	}
}

// TestRecordedCallee: also when it is who is called.
func TestRecordedCallee(t *testing.T) {
	tell(t, `
	given recorded user bob
	given user bob
	show record hear
	alice calls with PCMU te
	found 1: desk
	2 answers PCMU te
		record 1 stereo wav 8000 of alice and bob
		recording 1 recording
		hear 1<2 2<1 left1<1 right2<2
	`)
}

// TestRecordingAskedFor: before the answer it waits for it; once more changes nothing.
func TestRecordingAskedFor(t *testing.T) {
	tell(t, `
	show record hear
	alice calls with PCMU te
	found 1: carrier
	record separate opus
	2 rings 183 PCMU te
		hear 1<2 2<1
	2 answers PCMU te
		record 1 separate opus 8000 of alice and +14255550100
		recording 1 recording
		hear 1<2 2<1 left1<1 right2<2
	record mixed
	`)
	// And what nobody wants any more does not begin.
	tell(t, `
	given recorded user alice
	show record hear
	alice calls with PCMU te
	found 1: carrier
	record
	unrecord
	2 answers PCMU te
		hear 1<2 2<1
	`)
}

// TestRecordingPausedAndStopped: while it is paused nobody listens, and when it is
// complete another one may begin.
func TestRecordingPausedAndStopped(t *testing.T) {
	tell(t, `
	given recorded user alice
	show record hear tell`+talks+`
	resume
	pause
		record pause true
		recording 1 paused
		hear 1<2 2<1
	pause
	lost 1 300ms
		recording 1 paused, 300ms lost
	resume
		record pause false
		recording 1 recording
		hear 1<2 2<1 left1<1 right2<2
	lost 1 200ms
		recording 1 recording, 500ms lost
	unrecord
		record end
		hear 1<2 2<1
	unrecord
	pause
	record mixed
	recorded 1 7s
		recording 1 none, stopped: 7s in 1 files
		record 2 mixed wav 8000 of alice and +14255550100
		recording 2 recording
		hear 1<2 2<1 left1<1 right2<2
	recorded 1 7s
	lost 1 1s
	`)
}

// TestRecordingLacksParty: who cannot be recorded is told of once.
func TestRecordingLacksParty(t *testing.T) {
	tell(t, `
	given recorded user alice
	show record`+strings.Replace(strings.Replace(talks, "\t\ttell 1 Answer v1 PCMU te\n", "", 1),
		"\t\thear 1<2 2<1 left1<1 right2<2\n", "", 1)+`
	lacks 2
		recording 1 recording, participant 2 is not recorded: no codec
	lacks 2
	lacks 3
	lost 1 20ms
		recording 1 recording, 20ms lost
	`)
}

// TestRecordingWithoutSpace: it ends with an event, no rule begins another one, and the
// call goes on. Who asks gets one.
func TestRecordingWithoutSpace(t *testing.T) {
	tell(t, `
	given recorded user alice
	show record hear tell`+talks+`
	recorded 1 full 3s
		record end
		recording 1 failed, no space: 3s in 1 files, disk full
		hear 1<2 2<1
	1 offers v2 PCMU te
		tell 2 Offer v1 PCMU te
	record
		record 2 stereo wav 8000 of alice and +14255550100
		recording 2 recording
		hear 1<2 2<1 left1<1 right2<2
	recorded 2 broken
		record end
		recording 2 failed, failed: 0s in 0 files, broken
		hear 1<2 2<1
	2 hangs up
		tell 1 Hangup 200/16 callee
	`)
}

// TestRecordingEndsBeforeTheCall: the last event of a call is its last, though a disk may
// be slow; and one that does not answer at all does not hold the call.
func TestRecordingEndsBeforeTheCall(t *testing.T) {
	tell(t, `
	given recorded user alice
	show record ended forget`+strings.Replace(strings.Replace(talks, "\t\ttell 1 Answer v1 PCMU te\n", "", 1),
		"\t\thear 1<2 2<1 left1<1 right2<2\n", "", 1)+`
	2 hangs up
		record end
	1 released
	2 released
	wait 4s
	record
	recorded 1 5s
		recording 1 none, stopped: 5s in 1 files
		ended 200/16 callee, answered at 0s
		forget
	`)
	tell(t, `
	given recorded user alice
	show record ended forget`+strings.Replace(strings.Replace(talks, "\t\ttell 1 Answer v1 PCMU te\n", "", 1),
		"\t\thear 1<2 2<1 left1<1 right2<2\n", "", 1)+`
	2 hangs up
		record end
	1 released
	2 released
	wait 11s
		recording 1 failed, failed: 0s in 0 files, the disk does not answer: the files may not be complete
		ended 200/16 callee, answered at 0s
		forget
	`)
}

// TestHoldIsNotRecorded: of who holds while the other one hears our music nothing is
// recorded, and the music is not.
func TestHoldIsNotRecorded(t *testing.T) {
	tell(t, `
	given recorded user alice
	given music
	show record hear`+strings.Replace(talks, "\t\ttell 1 Answer v1 PCMU te\n", "", 1)+`
	1 offers v2 PCMU te sendonly
	2 agrees PCMU te recvonly
		hear 1<2 2<-2 right2<2
	1 offers v3 PCMU te
	2 agrees v2 PCMU te
		hear 1<2 2<1 left1<1 right2<2
	`)
}

// TestTransferIsRecorded: who is transferred in takes the place of the transferor, on its
// side; meanwhile nothing is heard and nothing recorded.
func TestTransferIsRecorded(t *testing.T) {
	tell(t, `
	given recorded user alice
	show record hear`+strings.Replace(talks, "\t\ttell 1 Answer v1 PCMU te\n", "", 1)+`
	1 refers alice sip:carol
	directed trunk carrier
	consent yes
		hear 2<-2
	found 2: carrier
	3 rings 180
		hear 2<-65538
	3 answers PCMU te
		hear 2<3 3<2 left3<3 right2<2
	3 hangs up
		record end
	`)
}

// TestAttendedTransferIsRecorded: the party that comes over from another call too; and a call
// that gives its party away has its recording ended first.
func TestAttendedTransferIsRecorded(t *testing.T) {
	tell(t, `
	given recorded user alice
	show record hear`+strings.Replace(talks, "\t\ttell 1 Answer v1 PCMU te\n", "", 1)+`
	1 refers alice sip:carol other
	fetched PCMU te
		hear 2<3 3<2 left3<3 right2<2
	`)
	tell(t, `
	given recorded user alice
	show record hear give`+strings.Replace(talks, "\t\ttell 1 Answer v1 PCMU te\n", "", 1)+`
	surrender 1 alice
		record end
		give 2
	`)
}

// TestRouteOfTransferIsRecorded: a call is recorded from when it comes to go over a route
// that is.
func TestRouteOfTransferIsRecorded(t *testing.T) {
	tell(t, `
	given recorded user bob
	show record hear
	alice calls with PCMU te
	found 1: carrier
	2 answers PCMU te
		hear 1<2 2<1
	1 refers alice sip:bob
	directed user bob
	consent yes
		hear 2<-2
	found 2: desk
	3 answers PCMU te
		record 1 stereo wav 8000 of +14255550100 and bob
		recording 1 recording
		hear 2<3 3<2 left2<2 right3<3
	`)
}

// TestThreeAreRecorded: who is added is heard in the recording too.
func TestThreeAreRecorded(t *testing.T) {
	tell(t, `
	given codecs PCMU PCMA
	given recorded user alice
	show record hear`+strings.Replace(talks, "\t\ttell 1 Answer v1 PCMU te\n", "", 1)+`
	add alice sip:carol
	directed trunk carrier
	found 2: carrier
	3 answers PCMA PCMU te
		hear 1<2 1<3 2<1 2<3 3<1 3<2 left1<1 right2<2 right3<3
	1 hangs up
		hear 2<3 3<2 right2<2 right3<3
	`)
}

// TestBeepIsHeard by those who hear each other, and not over music.
func TestBeepIsHeard(t *testing.T) {
	tell(t, `
	given music
	show record hear
	alice calls with PCMU te
	record beep
	found 1: carrier
	2 answers PCMU te
		record 1 stereo wav 8000 of alice and +14255550100 with beep
		recording 1 recording
		hear 1<2 1<beep 2<1 2<beep left1<1 right2<2
	1 offers v2 PCMU te sendonly
	2 agrees PCMU te recvonly
		hear 1<2 1<beep 2<-2 right2<2
	pause
		record pause true
		recording 1 paused
		hear 1<2 2<-2
	`)
}

// TestWideCallsAreRecordedWide: at the sampling rate of what is spoken.
func TestWideCallsAreRecordedWide(t *testing.T) {
	tell(t, `
	given recorded user alice
	show record
	alice calls with G722 PCMU
	found 1: carrier
	2 answers G722
		record 1 stereo wav 16000 of alice and +14255550100
		recording 1 recording
	`)
}

// TestRecordingInAnyOrder: whatever happens in whatever order, taps are in tables exactly
// while something is recorded, what was started is ended once, and the call ends.
func TestRecordingInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &story{limits: Limits{Recorded: recordedBy("user", rapid.SampledFrom([]string{"alice", "carol"}).Draw(t, "who"))}, decision: plan("trunk carrier"), now: begun, audit: newAudit()}
		w := &recordedWorld{story: s}
		s.begin([]string{"PCMU", "te"})
		lines := []string{
			"record", "record beep", "pause", "resume", "unrecord", "lost NUMBER 20ms", "recorded NUMBER full 1s",
			"recorded NUMBER broken", "1 offers v2 PCMU te sendonly", "2 agrees v2 PCMU te recvonly", "wait 1s", "found 1: carrier", "2 answers PCMU te",
		}
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(lines)-1), 0, 30).Draw(t, "lines") {
			w.happen(t, lines[i])
		}
		for _, l := range []string{"found 1: carrier", "2 answers PCMU te", "1 hangs up", "1 released", "2 released", "wait 11s"} {
			w.happen(t, l)
		}
		if s.machine.State() != event.CallDisconnected || len(s.audit.faults) > 0 || s.machine.recording.on() {
			t.Fatalf("%v, %v, recording %v:\n%s", s.machine.State(), s.audit.faults, s.machine.recording.state, strings.Join(w.done, "\n"))
		}
	})
}

// recordedWorld plays what the loop does with a recording.
type recordedWorld struct {
	*story
	started, ended, seen int
	done                 []string
	located, answered    bool
}

func (w *recordedWorld) happen(t *rapid.T, line string) {
	switch line {
	case "found 1: carrier":
		if w.located {
			return
		}
		w.located = true
	case "2 answers PCMU te":
		if !w.located || w.answered {
			return
		}
		w.answered = true
	case "1 offers v2 PCMU te sendonly", "2 agrees v2 PCMU te recvonly":
		if !w.answered || w.machine.exchange.phase != exchangeIdle == strings.HasPrefix(line, "1") {
			return
		}
	}
	line = strings.Replace(line, "NUMBER", fmt.Sprint(w.started), 1)
	w.done = append(w.done, line)
	if err := w.story.happen(strings.Fields(line)); err != nil {
		t.Fatal(err)
	}
	for ; w.seen < len(w.made); w.seen++ {
		w.performed(t, w.made[w.seen])
	}
}

// performed looks at an action.
func (w *recordedWorld) performed(t *rapid.T, line string) {
	switch {
	case strings.HasPrefix(line, "record end"):
		if w.ended++; w.ended > w.started {
			t.Fatalf("%d ended of %d", w.ended, w.started)
		}
	case strings.HasPrefix(line, "record pause"):
	case strings.HasPrefix(line, "record "):
		if w.started++; w.ended != w.started-1 {
			t.Fatalf("%d started, %d ended", w.started, w.ended)
		}
	case strings.HasPrefix(line, "hear"):
		taped := strings.Contains(line, "left") || strings.Contains(line, "right")
		if taped != w.machine.recording.running() && taped {
			t.Fatalf("%s while the recording is %v:\n%s", line, w.machine.recording.state, strings.Join(w.done, "\n"))
		}
	}
}
