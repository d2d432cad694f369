package cdr

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tandem-gateway/tandem/event"
)

// anyEvent draws an event of one of a few calls, with any content.
func anyEvent(t *rapid.T) event.Event {
	h := event.Header{
		Call: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "call"),
		At:   begun.Add(time.Duration(rapid.IntRange(-1000, 100_000).Draw(t, "at")) * time.Millisecond),
	}
	text := rapid.SampledFrom([]string{"", "x", "\xff\r\n", `"`})
	cause := event.Cause{
		Status: rapid.SampledFrom([]int{0, 200, 404, 486, 487, 503}).Draw(t, "status"),
		Q850:   rapid.IntRange(0, 127).Draw(t, "q850"),
		By:     event.Party(rapid.IntRange(0, 4).Draw(t, "by")), Text: text.Draw(t, "text"),
	}
	number := rapid.IntRange(-1, 4).Draw(t, "number")
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 0:
		return event.CallReceived{Header: h, Dialled: text.Draw(t, "dialled")}
	case 1:
		return event.CallRouted{Header: h, Callee: text.Draw(t, "callee")}
	case 2:
		return event.CallStateChanged{Header: h, To: event.CallState(rapid.IntRange(0, 12).Draw(t, "state")), Cause: cause}
	case 3:
		return event.AttemptStarted{Header: h, Attempt: number, Target: text.Draw(t, "target")}
	case 4:
		return event.AttemptEnded{Header: h, Attempt: number, Cause: cause}
	case 5:
		return event.MediaEnded{Header: h, Participant: number, Stream: event.Stream{
			Lost: rapid.Int64().Draw(t, "lost"), Jitter: time.Duration(rapid.Int64().Draw(t, "jitter")),
		}}
	case 6:
		return event.ParticipantStateChanged{Header: h, Participant: number, To: event.ParticipantState(rapid.IntRange(0, 9).Draw(t, "to"))}
	}
	switch rapid.IntRange(0, 2).Draw(t, "late kind") {
	case 0:
		return event.TransferChanged{
			Header: h, State: event.TransferState(rapid.IntRange(0, 5).Draw(t, "state")), Kind: event.TransferKind(rapid.IntRange(0, 4).Draw(t, "transfer")),
			Chain: "chain", Transferor: number, Transferee: rapid.IntRange(-1, 4).Draw(t, "transferee"), Target: text.Draw(t, "target"),
			Party: rapid.IntRange(0, 4).Draw(t, "party"), Cause: cause,
		}
	case 1:
		return event.CallJoined{Header: h, Into: rapid.SampledFrom([]string{"a", "b", "z"}).Draw(t, "into"), Chain: "chain"}
	}
	e := event.CallEnded{Header: h, Cause: cause}
	if rapid.Bool().Draw(t, "parted") {
		e.Ended = h.At.Add(-time.Duration(rapid.IntRange(-100, 5000).Draw(t, "last")) * time.Millisecond)
	}
	if rapid.Bool().Draw(t, "answered") {
		e.Answered = h.At.Add(-time.Duration(rapid.IntRange(-100, 5000).Draw(t, "talk")) * time.Millisecond)
	}
	return e
}

// ledger counts what the records of the calls that have ended must hold.
type ledger struct {
	// began are the attempts of each call that is up.
	began map[string]int
	// records are of calls, parts of transfers; tries are those in both.
	records, parts, tries int
	// answered are those calls that were.
	answered int
}

// count notes an event.
func (l *ledger) count(e event.Event) {
	id := e.Of().Call
	_, up := l.began[id]
	switch e := e.(type) {
	case event.CallReceived:
		if !up {
			l.began[id] = 0
		}
	case event.AttemptStarted:
		if up {
			l.began[id]++
		}
	case event.CallEnded:
		if up {
			l.records++
			l.tries += l.began[id]
			if !e.Answered.IsZero() {
				l.answered++
			}
			delete(l.began, id)
		}
	}
}

// check holds what is true of every record.
func (l *ledger) check(t *rapid.T, line string) (r Record) {
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		t.Fatalf("%v in %q", err, line)
	}
	if r.Duration < 0 || r.Duration > 0 && r.Answered.IsZero() || (r.Disposition == "answered") == r.Answered.IsZero() {
		t.Fatalf("record %s", line)
	}
	if r.Transfer != nil && (r.Chain == "" || !strings.Contains(r.ID, ".")) {
		t.Fatalf("the record of a transfer has the id %s and the chain %q", r.ID, r.Chain)
	}
	l.tries -= len(r.Attempts)
	if !r.Answered.IsZero() {
		l.answered--
	}
	if r.Transfer == nil {
		l.records--
	} else {
		l.parts++
	}
	return r
}

// Whatever the order of the events: no panic, one record for each call that began
// and ended and none for others, each attempt in one record, and nothing billed without
// an answer.
func TestAnyOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.jsonl")
	rapid.Check(t, func(t *rapid.T) {
		_ = os.Remove(path)
		w, err := Open(path, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		l := ledger{began: map[string]int{}}
		transfers := rapid.Bool().Draw(t, "transfers")
		for _, e := range rapid.SliceOfN(rapid.Custom(anyEvent), 0, 60).Draw(t, "events") {
			switch e.(type) {
			case event.TransferChanged, event.CallJoined:
				if !transfers {
					continue
				}
			}
			w.Add(e)
			l.count(e)
		}
		if w.Open() != len(l.began) {
			t.Fatalf("%d calls are open, not %d", w.Open(), len(l.began))
		}
		for id := range l.began { // what they hold is not lost either
			e := event.CallEnded{Header: event.Header{Call: id, At: begun}}
			w.Add(e)
			l.count(e)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			l.check(t, line)
		}
		if l.records != 0 || l.tries != 0 {
			t.Fatalf("%d records and %d attempts are missing", l.records, l.tries)
		}
		// The answer of a transfer counts besides.
		if l.answered > 0 || l.answered < 0 && !transfers {
			t.Fatalf("%d answers are missing", l.answered)
		}
	})
}

// drama tells a call as a call does, with transfers that come to any end.
type drama struct {
	*story
	t            *rapid.T
	ms, attempts int
	// peers are the two who talk, left those who have.
	peers [2]int
	left  map[int]bool
}

func (d *drama) later() int {
	d.ms += rapid.IntRange(0, 2000).Draw(d.t, "ms")
	return d.ms
}

func (d *drama) chance(what string) bool { return rapid.Bool().Draw(d.t, what) }

func (d *drama) goes(participant int) {
	if !d.left[participant] {
		d.left[participant] = true
		d.leave(d.ms, participant)
	}
}

// hunt tries up to three targets, the last of which may answer.
func (d *drama) hunt() (target int, failure event.Cause) {
	answers := d.chance("answers")
	for range rapid.IntRange(0, 2).Draw(d.t, "failures") {
		d.attempts++
		d.try(d.later(), d.attempts, "carrier").tried(d.later(), d.attempts, busy)
		d.leave(d.ms, d.attempts+1)
	}
	if !answers {
		return 0, busy
	}
	d.attempts++
	d.try(d.later(), d.attempts, "").tried(d.later(), d.attempts, answered)
	d.enter(d.ms, d.attempts+1, event.ParticipantConnected)
	return d.attempts + 1, event.Cause{}
}

// transfers tells one transfer; false when it has left nobody to talk.
func (d *drama) transfers() bool {
	by, of := d.peers[0], d.peers[1]
	if d.chance("the other one transfers") {
		by, of = of, by
	}
	who := func(e *event.TransferChanged) { e.Transferor, e.Transferee = by, of }
	d.transfer(d.later(), event.Transferring, who)
	if d.chance("hangs up at once") {
		d.goes(by)
	}
	target, failure := d.hunt()
	if target != 0 {
		d.transfer(d.ms, event.Transferred, who, with(target))
		d.goes(by)
		d.peers = [2]int{of, target}
		return true
	}
	d.transfer(d.ms, event.TransferFailed, who, because(failure))
	if !d.left[by] {
		return true
	}
	back, _ := d.hunt()
	if back == 0 {
		return false
	}
	d.transfer(d.ms, event.TransferFailed, who, as(event.TransferRecall), with(back))
	d.peers = [2]int{of, back}
	return true
}

// In every call that goes as calls go, its parts follow each other without a gap, bill
// its whole time once, hold every attempt once and the counts of everybody once.
func TestPartsOfACall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.jsonl")
	rapid.Check(t, func(t *rapid.T) {
		_ = os.Remove(path)
		w, err := Open(path, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		d := &drama{story: talking("id1"), t: t, ms: 1000, attempts: 1, peers: [2]int{1, 2}, left: map[int]bool{}}
		stands := true
		for range rapid.IntRange(0, 4).Draw(t, "transfers") {
			if stands = stands && d.transfers(); !stands {
				break
			}
		}
		d.disconnect(d.later())
		d.goes(d.peers[1])
		d.goes(d.peers[0])
		d.end(d.ms, 1000, byeBy(event.PartyCallee))
		for _, e := range d.events {
			w.Add(e)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		d.check(string(text))
	})
}

// check reads the records of a drama.
func (d *drama) check(text string) {
	l := ledger{began: map[string]int{"id1": 0}}
	ids, counted, billed, next := map[string]bool{}, 0, int64(0), begun.Add(time.Second)
	for line := range strings.Lines(text) {
		r := l.check(d.t, line)
		ids[r.ID] = true
		billed += r.Duration
		counted += len(r.Media)
		if r.Answered.IsZero() {
			continue
		}
		if !r.Answered.Equal(next) {
			d.t.Fatalf("%s begins at %v, not at %v, in\n%s", r.ID, r.Answered.Sub(begun), next.Sub(begun), text)
		}
		next = r.Ended.Time
		for _, a := range r.Attempts {
			if a.Ended.IsZero() || a.Ended.After(r.Ended.Time) {
				d.t.Fatalf("%s ends before its attempts in\n%s", r.ID, text)
			}
		}
	}
	if total := int64(d.ms - 1000); billed != total || len(ids) != l.parts+1 || l.tries != -d.attempts || counted != len(d.left) {
		d.t.Fatalf("billed %d of %d ms, %d ids, %d parts, %d of %d attempts, counts of %d of %d in\n%s",
			billed, total, len(ids), l.parts, -l.tries, d.attempts, counted, len(d.left), text)
	}
}

func BenchmarkCall(b *testing.B) {
	w, err := Open(filepath.Join(b.TempDir(), "calls.jsonl"), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	events := incoming("x").attempt(10, 1, "carrier", normal).end(2000, 1000, normal).events
	b.ReportAllocs()
	for b.Loop() {
		for _, e := range events {
			w.Add(e)
		}
	}
}
