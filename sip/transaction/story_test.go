package transaction

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// machine is what the four types share; the tests tell their stories through it.
type machine interface {
	Step(now time.Time, ev Event) Actions
	Deadline() (time.Time, bool)
}

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func state(m machine) State {
	switch m := m.(type) {
	case *InviteClient:
		return m.State
	case *NonInviteClient:
		return m.State
	case *InviteServer:
		return m.State
	case *NonInviteServer:
		return m.State
	}
	panic("unknown machine")
}

func inviteClient(tr Transport) machine {
	m := NewInviteClient(Timing{}, tr)
	return &m
}
func nonInviteClient(tr Transport) machine {
	m := NewNonInviteClient(Timing{}, tr)
	return &m
}
func inviteServer(tr Transport) machine {
	m := NewInviteServer(Timing{}, tr)
	return &m
}
func nonInviteServer(tr Transport) machine {
	m := NewNonInviteServer(Timing{}, tr)
	return &m
}

// story is a list of lines "event -> actions state". An event "+1.5s" lets time pass
// to that moment after the start and steps the timer; timers that are due before it
// fail the story.
type story struct {
	name  string
	make  func(Transport) machine
	on    Transport
	lines string
}

func (s story) run(t *testing.T) {
	m, now := s.make(s.on), epoch
	for line := range strings.Lines(strings.TrimSpace(s.lines)) {
		event, want, ok := strings.Cut(strings.TrimSpace(line), " -> ")
		if !ok {
			t.Fatalf("story line without arrow: %q", line)
		}
		var acts Actions
		now, acts = play(t, m, now, strings.TrimSpace(event))
		got := fmt.Sprintf("%v %v", acts, state(m))
		if got != strings.Join(strings.Fields(want), " ") {
			t.Fatalf("%s:\n got %s\nwant %s", event, got, want)
		}
	}
}

func play(t *testing.T, m machine, now time.Time, event string) (time.Time, Actions) {
	if after, ok := strings.CutPrefix(event, "+"); ok {
		d, err := time.ParseDuration(after)
		if err != nil {
			t.Fatal(err)
		}
		at, armed := m.Deadline()
		if now = epoch.Add(d); armed && at.Before(now) {
			t.Fatalf("%s: a timer was due at +%v already", event, at.Sub(epoch))
		}
		return now, m.Step(now, Timer)
	}
	return now, m.Step(now, parseEvent(t, event))
}

func parseEvent(t *testing.T, text string) Event {
	for i, n := range eventNames {
		if n == text {
			return Event(i)
		}
	}
	var status int
	if _, err := fmt.Sscan(text, &status); err != nil {
		t.Fatalf("no such event: %q", text)
	}
	return Response(status)
}

func TestStories(t *testing.T) {
	for _, list := range [][]story{inviteClientStories, nonInviteClientStories, inviteServerStories, nonInviteServerStories} {
		for _, s := range list {
			t.Run(s.name+"/"+s.on.String(), s.run)
		}
	}
}

var inviteClientStories = []story{
	{"call answered", inviteClient, Unreliable, `
		start -> send calling
		start -> - calling
		+500ms -> send calling
		100 -> deliver proceeding
		+40s -> - proceeding
		180 -> deliver proceeding
		200 -> deliver accepted
		200 -> deliver accepted
		180 -> - accepted
		486 -> - accepted
		transportError -> - accepted
		cancel -> - accepted
		+72s -> terminated terminated
		200 -> - terminated`},
	{"call answered at once", inviteClient, Reliable, `
		start -> send calling
		+10s -> - calling
		200 -> deliver accepted
		+42s -> terminated terminated`},
	{"busy", inviteClient, Unreliable, `
		start -> send calling
		180 -> deliver proceeding
		486 -> sendAck+deliver completed
		486 -> sendAck completed
		603 -> sendAck completed
		180 -> - completed
		cancel -> - completed
		+31s -> - completed
		+32s -> terminated terminated
		486 -> - terminated`},
	{"busy", inviteClient, Reliable, `
		start -> send calling
		486 -> sendAck+deliver+terminated terminated
		486 -> - terminated`},
	{"a late 2xx after a non-2xx reaches the dialog", inviteClient, Unreliable, `
		start -> send calling
		408 -> sendAck+deliver completed
		200 -> deliver completed
		+32s -> terminated terminated`},
	{"the ACK cannot be sent", inviteClient, Unreliable, `
		start -> send calling
		500 -> sendAck+deliver completed
		transportError -> transportFailed+terminated terminated`},
	{"nobody answers", inviteClient, Reliable, `
		start -> send calling
		+32s -> timedOut+terminated terminated
		+33s -> - terminated`},
	{"the INVITE cannot be sent", inviteClient, Unreliable, `
		start -> send calling
		transportError -> transportFailed+terminated terminated`},
	{"a connection that dies while ringing is not the end", inviteClient, Reliable, `
		start -> send calling
		180 -> deliver proceeding
		transportError -> - proceeding
		200 -> deliver accepted`},
	{"cancelled while ringing", inviteClient, Unreliable, `
		start -> send calling
		180 -> deliver proceeding
		cancel -> sendCancel cancelling
		cancel -> - cancelling
		180 -> deliver cancelling
		487 -> sendAck+deliver completed`},
	{"cancelled before anything was heard", inviteClient, Unreliable, `
		start -> send calling
		cancel -> - withdrawing
		cancel -> - withdrawing
		+500ms -> send withdrawing
		100 -> sendCancel+deliver cancelling
		487 -> sendAck+deliver completed`},
	{"CANCEL crosses the answer", inviteClient, Unreliable, `
		start -> send calling
		180 -> deliver proceeding
		cancel -> sendCancel cancelling
		200 -> deliver accepted`},
	{"withdrawn, then answered without a provisional response", inviteClient, Unreliable, `
		start -> send calling
		cancel -> - withdrawing
		200 -> deliver accepted`},
	{"withdrawn, then refused without a provisional response", inviteClient, Reliable, `
		start -> send calling
		cancel -> - withdrawing
		486 -> sendAck+deliver+terminated terminated`},
	{"withdrawn and never heard of", inviteClient, Reliable, `
		start -> send calling
		cancel -> - withdrawing
		+32s -> timedOut+terminated terminated`},
	{"withdrawn and unreachable", inviteClient, Reliable, `
		start -> send calling
		cancel -> - withdrawing
		transportError -> transportFailed+terminated terminated`},
	{"the CANCEL brings no final response", inviteClient, Unreliable, `
		start -> send calling
		180 -> deliver proceeding
		+50s -> - proceeding
		cancel -> sendCancel cancelling
		+81s -> - cancelling
		+82s -> timedOut+terminated terminated`},
	{"events of other machines", inviteClient, Unreliable, `
		timer -> - idle
		180 -> - idle
		200 -> - idle
		486 -> - idle
		cancel -> - idle
		transportError -> - idle
		start -> send calling
		request -> - calling
		ack -> - calling
		none -> - calling`},
}

var nonInviteClientStories = []story{
	{"answered", nonInviteClient, Unreliable, `
		start -> send trying
		start -> - trying
		+500ms -> send trying
		200 -> deliver completed
		200 -> - completed
		100 -> - completed
		transportError -> - completed
		+5500ms -> terminated terminated
		200 -> - terminated`},
	{"answered", nonInviteClient, Reliable, `
		start -> send trying
		401 -> deliver+terminated terminated
		200 -> - terminated`},
	{"100 slows the retransmissions and stops nothing", nonInviteClient, Unreliable, `
		start -> send trying
		100 -> deliver proceeding
		+500ms -> send proceeding
		100 -> deliver proceeding
		+4500ms -> send proceeding
		+8500ms -> send proceeding
		503 -> deliver completed
		+13500ms -> terminated terminated`},
	{"no answer", nonInviteClient, Reliable, `
		start -> send trying
		100 -> deliver proceeding
		+32s -> timedOut+terminated terminated`},
	{"unreachable", nonInviteClient, Reliable, `
		start -> send trying
		transportError -> transportFailed+terminated terminated`},
	{"unreachable after a 100", nonInviteClient, Unreliable, `
		start -> send trying
		100 -> deliver proceeding
		transportError -> transportFailed+terminated terminated`},
	{"events of other machines", nonInviteClient, Unreliable, `
		timer -> - idle
		200 -> - idle
		transportError -> - idle
		start -> send trying
		cancel -> - trying
		ack -> - trying
		request -> - trying`},
}

var inviteServerStories = []story{
	{"answered", inviteServer, Unreliable, `
		start -> deliver proceeding
		start -> - proceeding
		100 -> send proceeding
		request -> send proceeding
		+200ms -> - proceeding
		180 -> send proceeding
		200 -> send accepted
		request -> - accepted
		200 -> send accepted
		180 -> - accepted
		486 -> - accepted
		ack -> deliver accepted
		transportError -> transportFailed accepted
		+32200ms -> terminated terminated
		ack -> - terminated`},
	{"timer L runs on reliable transports too", inviteServer, Reliable, `
		start -> deliver proceeding
		200 -> send accepted
		transportError -> transportFailed accepted
		+32s -> terminated terminated`},
	{"a slow user gets a 100 sent for it", inviteServer, Unreliable, `
		start -> deliver proceeding
		+199ms -> - proceeding
		+200ms -> sendTrying proceeding
		request -> send proceeding
		+60s -> - proceeding
		183 -> send proceeding`},
	{"a retransmission before any response asks for the 100", inviteServer, Reliable, `
		start -> deliver proceeding
		request -> sendTrying proceeding
		+200ms -> - proceeding`},
	{"refused", inviteServer, Unreliable, `
		start -> deliver proceeding
		486 -> send completed
		180 -> - completed
		200 -> - completed
		603 -> - completed
		+500ms -> send completed
		request -> send completed
		transportError -> transportFailed completed
		ack -> - confirmed
		ack -> - confirmed
		request -> - confirmed
		transportError -> - confirmed
		+5500ms -> terminated terminated`},
	{"refused", inviteServer, Reliable, `
		start -> deliver proceeding
		486 -> send completed
		+10s -> - completed
		ack -> terminated terminated`},
	{"refused and never acknowledged", inviteServer, Reliable, `
		start -> deliver proceeding
		486 -> send completed
		+32s -> timedOut+terminated terminated`},
	{"the user hears of a failed write and decides", inviteServer, Unreliable, `
		start -> deliver proceeding
		180 -> send proceeding
		transportError -> transportFailed proceeding
		500 -> send completed`},
	{"events of other machines", inviteServer, Unreliable, `
		timer -> - idle
		request -> - idle
		ack -> - idle
		200 -> - idle
		180 -> - idle
		500 -> - idle
		transportError -> - idle
		start -> deliver proceeding
		ack -> - proceeding
		cancel -> - proceeding`},
}

var nonInviteServerStories = []story{
	{"answered", nonInviteServer, Unreliable, `
		start -> deliver trying
		start -> - trying
		request -> - trying
		200 -> send completed
		request -> send completed
		100 -> - completed
		500 -> - completed
		transportError -> transportFailed completed
		+31s -> - completed
		+32s -> terminated terminated
		request -> - terminated`},
	{"answered", nonInviteServer, Reliable, `
		start -> deliver trying
		200 -> send+terminated terminated
		request -> - terminated`},
	{"100 only when timer E has reached T2", nonInviteServer, Unreliable, `
		start -> deliver trying
		100 -> - trying
		+3499ms -> - trying
		+3500ms -> sendTrying proceeding
		request -> send proceeding
		100 -> send proceeding
		transportError -> transportFailed proceeding
		200 -> send completed
		+35500ms -> terminated terminated`},
	{"100 at any time on a reliable transport", nonInviteServer, Reliable, `
		start -> deliver trying
		100 -> send proceeding
		+3500ms -> - proceeding
		200 -> send+terminated terminated`},
	{"no other provisional response, no 408", nonInviteServer, Reliable, `
		start -> deliver trying
		180 -> - trying
		408 -> - trying
		+3500ms -> sendTrying proceeding
		408 -> - proceeding
		+32s -> timedOut+terminated terminated
		200 -> - terminated`},
	{"events of other machines", nonInviteServer, Unreliable, `
		timer -> - idle
		request -> - idle
		200 -> - idle
		100 -> - idle
		transportError -> - idle
		start -> deliver trying
		transportError -> - trying
		ack -> - trying
		cancel -> - trying`},
}
