package cdr

import (
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/event"
)

func (s *story) recording(ms, number int, state event.RecordingState, change ...func(*event.RecordingChanged)) *story {
	e := event.RecordingChanged{Header: s.at(ms), Recording: number, State: state}
	for _, c := range change {
		c(&e)
	}
	return s.add(e)
}

// complete is the end of a recording into a file.
func complete(file string, d time.Duration) func(*event.RecordingChanged) {
	return func(e *event.RecordingChanged) {
		e.Cause, e.Sidecar, e.Files, e.Duration = event.RecordingStopped, file+".json", []string{file + ".wav"}, d
	}
}

// TestRecordings: those that have ended, with why; not that they began or paused.
func TestRecordings(t *testing.T) {
	b := newBook(t)
	s := talking("id1").recording(1000, 1, event.Recording).recording(2000, 1, event.RecordingPaused).
		recording(3000, 1, event.RecordingNone, complete("day/id1", 1500*time.Millisecond)).
		recording(4000, 2, event.Recording).
		recording(5000, 2, event.RecordingFailed, func(e *event.RecordingChanged) {
			e.Cause, e.Error, e.Lost = event.RecordingNoSpace, "disk full", time.Second
		})
	s.leave(7000, 1).leave(7000, 2).end(7000, 1000, byeBy(event.PartyCaller))
	b.tell(s.events...)
	line, _ := b.only()
	want := `"recordings":[{"sidecar":"day/id1.json","files":["day/id1.wav"],"duration_ms":1500,"ended":"stopped"},` +
		`{"duration_ms":0,"lost_ms":1000,"ended":"no space","error":"disk full"}]`
	if !strings.Contains(line, want) {
		t.Errorf("record is\n%s\nwithout\n%s", line, want)
	}
}

// TestNoRecordings: a call that is not recorded says nothing of it.
func TestNoRecordings(t *testing.T) {
	b := newBook(t)
	b.tell(talking("id1").leave(7000, 1).leave(7000, 2).end(7000, 1000, byeBy(event.PartyCaller)).events...)
	if line, _ := b.only(); strings.Contains(line, "recordings") {
		t.Errorf("record is %s", line)
	}
}

// TestRecordingOverTransfer: it is in the record of the part in which it ended.
func TestRecordingOverTransfer(t *testing.T) {
	b := newBook(t)
	s := talking("id1").recording(1000, 1, event.Recording).transfer(5000, event.Transferring)
	s.try(5001, 2, "carrier").enter(5001, 3, event.ParticipantConnecting).tried(6000, 2, answered).enter(6000, 3, event.ParticipantConnected)
	s.transfer(6000, event.Transferred).leave(6000, 1).leave(9000, 2).leave(9000, 3)
	s.recording(9050, 1, event.RecordingNone, complete("id1", 8*time.Second)).end(9000, 1000, byeBy(event.PartyCallee))
	b.tell(s.events...)
	list := b.all()
	if len(list) != 2 || len(list[0].Recordings) != 0 || len(list[1].Recordings) != 1 || list[1].Recordings[0].Duration != 8000 {
		t.Errorf("the records are %+v", list)
	}
}
