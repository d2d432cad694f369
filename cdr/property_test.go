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
	switch rapid.IntRange(0, 7).Draw(t, "kind") {
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
		return event.ParticipantStateChanged{Header: h, Participant: number}
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

// Whatever the order of the events: no panic, one record for each call that began
// and ended and none for others, and nothing billed without an answer.
func TestAnyOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.jsonl")
	rapid.Check(t, func(t *rapid.T) {
		_ = os.Remove(path)
		w, err := Open(path, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		began, want := map[string]bool{}, 0
		answered := 0
		for _, e := range rapid.SliceOfN(rapid.Custom(anyEvent), 0, 40).Draw(t, "events") {
			id := e.Of().Call
			switch e := e.(type) {
			case event.CallReceived:
				began[id] = true
			case event.CallEnded:
				if began[id] {
					want++
					if !e.Answered.IsZero() {
						answered++
					}
				}
				delete(began, id)
			}
			w.Add(e)
		}
		if w.Open() != len(began) {
			t.Fatalf("%d calls are open, not %d", w.Open(), len(began))
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for line := range strings.Lines(string(text)) {
			var r Record
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatalf("%v in %q", err, line)
			}
			got++
			if r.Duration < 0 || r.Duration > 0 && r.Answered.IsZero() || (r.Disposition == "answered") == r.Answered.IsZero() {
				t.Fatalf("record %s", line)
			}
			if !r.Answered.IsZero() {
				answered--
			}
		}
		if got != want || answered != 0 {
			t.Fatalf("%d records, not %d; %d answers are missing", got, want, answered)
		}
	})
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
