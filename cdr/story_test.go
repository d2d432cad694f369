package cdr

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/event"
)

var begun = time.Date(2026, 3, 4, 5, 6, 7, 890_000_000, time.FixedZone("PST", -8*3600))

// story is one call's events in the order in which a call tells them.
type story struct {
	call   string
	events []event.Event
}

func (s *story) at(ms int) event.Header {
	return event.Header{Call: s.call, At: begun.Add(time.Duration(ms) * time.Millisecond)}
}

func (s *story) add(e ...event.Event) *story {
	s.events = append(s.events, e...)
	return s
}

// incoming begins a call of alice to a number.
func incoming(call string) *story {
	s := &story{call: call}
	return s.add(
		event.CallReceived{
			Header: s.at(0), SIPCallID: "c1@192.0.2.10", User: "alice", Source: "192.0.2.10:5060",
			Dialled: "(425) 555-0100", Asserted: "alice",
		},
		event.CallRouted{Header: s.at(1), Callee: "+14255550100", Route: "us", CallerID: "+14255550101"},
		event.CallStateChanged{Header: s.at(1), From: event.CallIncoming, To: event.CallConnecting},
	)
}

// attempt is one try that ends with a cause.
func (s *story) attempt(ms, number int, trunk string, c event.Cause) *story {
	return s.add(
		event.AttemptStarted{
			Header: s.at(ms), Attempt: number, Trunk: trunk, Target: "sip:+14255550100@203.0.113.5:5060;user=phone",
			CallerID: "+14255550101",
		},
		event.AttemptEnded{Header: s.at(ms + 1000), Attempt: number, Cause: c},
	)
}

// end is the call's last event, when the last BYE has been answered; for its parties
// the call has ended in ms. answered is in ms too, negative when nobody did.
func (s *story) end(ms, answered int, c event.Cause) *story {
	e := event.CallEnded{Header: s.at(ms + 700), Ended: s.at(ms).At, Cause: c}
	if answered >= 0 {
		e.Answered = s.at(answered).At
	}
	return s.add(e)
}

// book is a writer whose file and log can be read.
type book struct {
	*Writer
	t    *testing.T
	path string
	log  bytes.Buffer
}

func newBook(t *testing.T) *book {
	b := &book{t: t, path: filepath.Join(t.TempDir(), "calls.jsonl")}
	b.openAt(b.path)
	return b
}

func (b *book) openAt(path string) {
	b.t.Helper()
	w, err := Open(path, slog.New(slog.NewTextHandler(&b.log, nil)))
	if err != nil {
		b.t.Fatal(err)
	}
	b.Writer, b.path = w, path
	b.t.Cleanup(func() { w.Close() })
}

func (b *book) tell(events ...event.Event) {
	for _, e := range events {
		b.Add(e)
	}
}

// lines are what the file holds, every line whole.
func (b *book) lines(path string) []string {
	b.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		b.t.Fatal(err)
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		b.t.Errorf("%s ends within a line: %q", path, text)
	}
	return slices.Collect(strings.Lines(string(text)))
}

// only is the one record that there is, as its text says.
func (b *book) only() (string, map[string]any) {
	b.t.Helper()
	lines := b.lines(b.path)
	if len(lines) != 1 {
		b.t.Fatalf("%d lines, not 1: %q", len(lines), lines)
	}
	fields := map[string]any{}
	if err := json.Unmarshal([]byte(lines[0]), &fields); err != nil {
		b.t.Fatalf("%v in %q", err, lines[0])
	}
	return strings.TrimSuffix(lines[0], "\n"), fields
}

// complaints counts the log's lines of a level.
func (b *book) complaints(level string) int { return strings.Count(b.log.String(), "level="+level) }

// A call from a user by a trunk that answers: all that a record can say of it, to
// the byte. Whoever reads the files relies on these names.
func TestAnsweredCall(t *testing.T) {
	b := newBook(t)
	s := incoming("id1").add()
	s.add(event.AttemptStarted{
		Header: s.at(2), Attempt: 1, Trunk: "carrier", Target: "sip:+14255550100@203.0.113.5:5060;user=phone",
		CallerID: "+14255550101",
	})
	s.add(event.CallStateChanged{Header: s.at(300), From: event.CallConnecting, To: event.CallRinging})
	s.add(event.CallStateChanged{Header: s.at(900), From: event.CallRinging, To: event.CallEarlyMedia})
	s.add(event.AttemptEnded{Header: s.at(4000), Attempt: 1, Cause: event.Cause{
		Status: 200, Q850: 16, By: event.PartyCallee, Text: "answered",
	}})
	s.add(event.CallStateChanged{Header: s.at(4000), From: event.CallEarlyMedia, To: event.CallConnected})
	// The callee leaves first; its counts come first.
	s.add(event.ParticipantStateChanged{Header: s.at(4000), Participant: 2, To: event.ParticipantConnected})
	s.add(event.MediaEnded{Header: s.at(64000), Participant: 2, Stream: event.Stream{
		Packets: 3100, Bytes: 533200, Lost: 4, Jitter: 1875 * time.Microsecond, Relayed: 3000, Strangers: 2,
	}})
	s.add(event.MediaEnded{Header: s.at(64001), Participant: 3}) // its phone was only rung
	s.add(event.MediaEnded{Header: s.at(64001), Participant: 1, Stream: event.Stream{
		Packets: 3000, Bytes: 516000, Lost: -1, Jitter: 250 * time.Microsecond, Relayed: 3100,
	}})
	s.end(64005, 4000, event.Cause{Status: 200, Q850: 16, By: event.PartyCallee, Text: "Normal call clearing"})
	b.tell(s.events...)

	line, _ := b.only()
	want := `{"id":"id1","sip_call_id":"c1@192.0.2.10",` +
		`"caller":{"user":"alice","asserted":"alice","source":"192.0.2.10:5060"},` +
		`"dialled":"(425) 555-0100","callee":"+14255550100","route":"us","caller_id":"+14255550101",` +
		`"trunk":"carrier",` +
		`"attempts":[{"trunk":"carrier","target":"sip:+14255550100@203.0.113.5:5060;user=phone",` +
		`"caller_id":"+14255550101","started":"2026-03-04T13:06:07.892Z","ended":"2026-03-04T13:06:11.890Z",` +
		`"status":200,"q850":16,"cause":"answered"}],` +
		`"received":"2026-03-04T13:06:07.890Z","ringing":"2026-03-04T13:06:08.190Z",` +
		`"early_media":"2026-03-04T13:06:08.790Z","answered":"2026-03-04T13:06:11.890Z",` +
		`"ended":"2026-03-04T13:07:11.895Z","duration_ms":60005,"disposition":"answered",` +
		`"ended_by":"callee","status":200,"q850":16,"cause":"Normal call clearing",` +
		`"media":[{"participant":1,"packets":3000,"bytes":516000,"lost":-1,"jitter_ms":0.25,"relayed":3100},` +
		`{"participant":2,"packets":3100,"bytes":533200,"lost":4,"jitter_ms":1.875,"relayed":3000,"strangers":2}]}`
	if line != want {
		t.Errorf("record is\n%s\nnot\n%s", line, want)
	}
}

// What a call did not have is left out, and what says how it ended is there.
func TestRefusedCallSaysLittle(t *testing.T) {
	b := newBook(t)
	s := incoming("id1").end(5, -1, event.Cause{Status: 403, Q850: 21, By: event.PartyGateway, Text: "Not your number"})
	b.tell(s.events...)
	_, fields := b.only()
	for _, absent := range []string{"answered", "ringing", "early_media", "trunk", "answered_by", "attempts", "media", "private", "emergency"} {
		if v, there := fields[absent]; there {
			t.Errorf("%s is %v", absent, v)
		}
	}
	for _, there := range []string{"received", "ended", "duration_ms", "disposition", "ended_by", "status"} {
		if _, ok := fields[there]; !ok {
			t.Errorf("%s is missing", there)
		}
	}
}

func TestPrivateEmergencyCall(t *testing.T) {
	b := newBook(t)
	s := &story{call: "e"}
	s.add(
		event.CallReceived{Header: s.at(0), Trunk: "pbx", Source: "203.0.113.9:5060", Dialled: "911", Asserted: "anonymous"},
		event.CallRouted{Header: s.at(1), Callee: "911", Route: "emergency", Private: true, Emergency: true},
	).end(9, -1, event.Cause{Status: 503, By: event.PartyGateway})
	b.tell(s.events...)
	_, fields := b.only()
	if fields["private"] != true || fields["emergency"] != true || fields["callee"] != "911" {
		t.Errorf("record is %v", fields)
	}
	if c := fields["caller"].(map[string]any); c["trunk"] != "pbx" || c["user"] != nil {
		t.Errorf("caller is %v", c)
	}
}

// Every word that a record may end with, from the causes that calls end with.
func TestDispositions(t *testing.T) {
	const caller, callee, us = event.PartyCaller, event.PartyCallee, event.PartyGateway
	for _, c := range []struct {
		name     string
		cause    event.Cause
		answered int
		want     string
	}{
		{"BYE of the callee", event.Cause{Status: 200, Q850: 16, By: callee}, 100, "answered"},
		{"BYE of the caller", event.Cause{Status: 200, Q850: 16, By: caller}, 100, "answered"},
		{"silence of both", event.Cause{Status: 408, Q850: 102, By: us}, 100, "answered"},
		{"ended by a drain", event.Cause{Status: 503, Q850: 41, By: us}, 100, "answered"},
		{"CANCEL", event.Cause{Status: 487, Q850: 16, By: caller}, -1, "cancelled"},
		{"486", event.Cause{Status: 486, Q850: 17, By: callee}, -1, "busy"},
		{"600", event.Cause{Status: 600, Q850: 17, By: callee}, -1, "busy"},
		{"480 of a busy ISDN phone", event.Cause{Status: 480, Q850: 17, By: callee}, -1, "busy"},
		{"ringing time-out", event.Cause{Status: 480, Q850: 19, By: us}, -1, "no_answer"},
		{"480 of the callee", event.Cause{Status: 480, Q850: 18, By: callee}, -1, "no_answer"},
		{"603", event.Cause{Status: 603, Q850: 21, By: callee}, -1, "refused"},
		{"403 of the dialplan", event.Cause{Status: 403, Q850: 21, By: us}, -1, "refused"},
		{"too short a number", event.Cause{Status: 484, Q850: 28, By: us}, -1, "refused"},
		{"no such number", event.Cause{Status: 404, Q850: 1, By: callee}, -1, "refused"},
		{"no phone registered", event.Cause{Status: 480, Q850: 20, By: us}, -1, "failed"},
		{"no ports", event.Cause{Status: 503, Q850: 34, By: us}, -1, "failed"},
		{"all trunks dead", event.Cause{Status: 408, Q850: 102, By: callee}, -1, "failed"},
		{"no common codec", event.Cause{Status: 488, Q850: 65, By: us}, -1, "failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBook(t)
			b.tell(incoming("x").end(500, c.answered, c.cause).events...)
			_, fields := b.only()
			if fields["disposition"] != c.want {
				t.Errorf("disposition is %v, not %s", fields["disposition"], c.want)
			}
			if fields["ended_by"] != c.cause.By.String() || fields["status"] != float64(c.cause.Status) {
				t.Errorf("ended by %v with %v", fields["ended_by"], fields["status"])
			}
			if billed := fields["duration_ms"] != 0.0; billed != (c.answered >= 0) {
				t.Errorf("duration is %v", fields["duration_ms"])
			}
		})
	}
}

// The trunk that refused is not the one that answered, and each attempt has its own
// outcome.
func TestAttempts(t *testing.T) {
	b := newBook(t)
	s := incoming("id").attempt(10, 1, "first", event.Cause{Status: 503, Q850: 38, By: event.PartyCallee, Text: "down"})
	s.attempt(2000, 2, "second", event.Cause{Status: 200, Q850: 16, By: event.PartyCallee})
	s.end(9000, 3000, event.Cause{Status: 200, Q850: 16, By: event.PartyCaller})
	b.tell(s.events...)
	_, fields := b.only()
	attempts := fields["attempts"].([]any)
	first, second := attempts[0].(map[string]any), attempts[1].(map[string]any)
	if first["status"] != 503.0 || first["cause"] != "down" || second["status"] != 200.0 || fields["trunk"] != "second" {
		t.Errorf("record is %v", fields)
	}
}

// TestCallRoutes: each hand that the call went through, in order, and only those that
// it did go through.
func TestCallRoutes(t *testing.T) {
	b := newBook(t)
	s := incoming("id1")
	s.add(
		event.CallForwarded{
			Header: s.at(2), Kind: event.RouteForwarded, Reason: "user-busy",
			Original: event.Identity{User: "bob", Phone: "+14255550102"}, Final: event.Identity{User: "carol"},
		},
		event.CallForwarded{
			Header: s.at(3), Kind: event.RouteForwarded, Reason: "unconditional", Route: "us",
			Original: event.Identity{User: "carol"}, Final: event.Identity{Phone: "+14255550177"},
		},
		event.CallForwarded{
			Header: s.at(4), Kind: event.RouteForwarded, Reason: "no-answer",
			Original: event.Identity{User: "dave"}, Final: event.Identity{User: "bob"},
			Refused: event.Cause{Status: 482, By: event.PartyGateway},
		},
	)
	s.end(5, -1, event.Cause{Status: 487, By: event.PartyCaller})
	b.tell(s.events...)
	line, _ := b.only()
	want := `"call_routes":[` +
		`{"original":{"user":"bob","phone":"+14255550102"},"final":{"user":"carol"},"kind":"forwarded","reason":"user-busy"},` +
		`{"original":{"user":"carol"},"final":{"phone":"+14255550177"},"kind":"forwarded","reason":"unconditional","route":"us"}]`
	if !strings.Contains(line, want) {
		t.Errorf("record is\n%s\nwithout\n%s", line, want)
	}
}

// Attempts are told apart by their numbers, which may have gaps and may cross.
func TestAttemptsByNumber(t *testing.T) {
	b := newBook(t)
	s := incoming("id")
	for _, n := range []int{2, 5} {
		s.add(event.AttemptStarted{Header: s.at(n), Attempt: n, User: "bob", Target: "sip:bob@192.0.2.1"})
	}
	s.add(event.AttemptEnded{Header: s.at(50), Attempt: 5, Cause: event.Cause{Status: 200, By: event.PartyCallee}})
	s.add(event.AttemptEnded{Header: s.at(60), Attempt: 2, Cause: event.Cause{Status: 487, By: event.PartyGateway}})
	s.add(event.AttemptEnded{Header: s.at(70), Attempt: 1, Cause: event.Cause{Status: 666}})
	s.end(90, 50, event.Cause{Status: 200, By: event.PartyCaller})
	b.tell(s.events...)
	_, fields := b.only()
	attempts := fields["attempts"].([]any)
	if got := attempts[0].(map[string]any)["status"]; got != 487.0 {
		t.Errorf("attempt 2 has status %v", got)
	}
	if got := attempts[1].(map[string]any)["status"]; got != 200.0 || fields["answered_by"] != "bob" {
		t.Errorf("attempt 5 has status %v, answered by %v", got, fields["answered_by"])
	}
}

// A clock that was set back during a call bills nothing, rather than less than
// nothing.
func TestClockSetBack(t *testing.T) {
	b := newBook(t)
	b.tell(incoming("x").end(100, 5000, event.Cause{Status: 200, By: event.PartyCaller}).events...)
	if _, fields := b.only(); fields["duration_ms"] != 0.0 {
		t.Errorf("duration is %v", fields["duration_ms"])
	}
}
