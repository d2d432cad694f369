package trunk

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// healthEvent reads an event of a story. "old" before a pong makes it the answer to the
// OPTIONS before the last one.
func healthEvent(t *testing.T, h *Health, text string) HealthEvent {
	fields := strings.Fields(text)
	ping := h.Ping
	if fields[0] == "old" {
		ping, fields = ping-1, fields[1:]
	}
	switch fields[0] {
	case "begin":
		return Begin{}
	case "timer":
		return Timer{}
	case "taken":
		return Taken{}
	case "pong":
		return Ponged{ping, result(t, fields[1:])}
	case "call":
		return Called{result(t, fields[1:])}
	case "configure":
		s := h.Settings
		if interval := option(fields, "interval"); interval != "" {
			s.Interval = duration(t, interval)
		}
		if threshold := option(fields, "threshold"); threshold != "" {
			s.Threshold, _ = strconv.Atoi(threshold)
		}
		return Configure{s}
	}
	t.Fatalf("no such event: %q", text)
	return nil
}

func healthPlayer(t *testing.T, h *Health) player {
	return player{
		step: func(now time.Time, random float64, event string) (Actions, fmt.Stringer) {
			acts := h.Step(now, random, healthEvent(t, h, event))
			return acts, h.State
		},
		deadline: h.Deadline,
	}
}

// In the stories the random value is 0.5: OPTIONS come every 30 s or, to a suspect trunk,
// 5 s; probes after 3.75, 7.5, 15, 30 and then 45 s.
var healthStories = []story{
	{name: "all is well", lines: `
		begin -> - up @2.5s
		+2.5s -> sendOptions up @6.5s
		pong 200 -> - up @32.5s
		+32.5s -> sendOptions up @36.5s
		call 200 -> - up @36.5s
		pong 404 -> - up @62.5s`},
	{name: "begins once", lines: `
		begin -> - up @2.5s
		late 1s: begin -> - up @2.5s`},
	{name: "three OPTIONS are lost, and two probes", lines: `
		begin -> - up @2.5s
		+2.5s -> sendOptions up @6.5s
		+6.5s -> report suspect @11.5s
		+11.5s -> sendOptions suspect @15.5s
		+15.5s -> - suspect @20.5s
		+20.5s -> sendOptions suspect @24.5s
		+24.5s -> report down @28.25s
		+28.25s -> sendOptions+report probing @32.25s
		+32.25s -> report down @39.75s
		+39.75s -> sendOptions+report probing @43.75s
		pong unreachable -> report down @54.75s
		+54.75s -> sendOptions+report probing @58.75s
		pong 405 -> report up @84.75s
		+84.75s -> sendOptions up @88.75s
		+88.75s -> report suspect @93.75s`},
	{name: "the back-off of probes grows to a minute, and starts anew", lines: `
		call timeout -> report suspect @5s
		call timeout -> - suspect @5s
		call timeout -> report down @3.75s
		+3.75s -> sendOptions+report probing @7.75s
		pong 503 -> report down @11.25s
		+11.25s -> sendOptions+report probing @15.25s
		pong 503 -> report down @26.25s
		+26.25s -> sendOptions+report probing @30.25s
		pong 503 -> report down @56.25s
		+56.25s -> sendOptions+report probing @60.25s
		pong 503 -> report down @101.25s
		+101.25s -> sendOptions+report probing @105.25s
		pong 503 -> report down @146.25s
		+146.25s -> sendOptions+report probing @150.25s
		pong 200 -> report up @176.25s
		call 503 -> report suspect @151.25s
		call 503 -> - suspect @151.25s
		call 503 -> report down @150s`},
	{name: "a success in between", lines: `
		call timeout -> report suspect @5s
		call unreachable -> - suspect @5s
		call 486 -> report up @30s
		call 503 -> report suspect @5s
		call 503 -> - suspect @5s
		+5s -> sendOptions suspect @9s
		pong 200 -> report up @35s`},
	{name: "calls that say nothing of the trunk", lines: `
		call timeout -> report suspect @5s
		call timeout -> - suspect @5s
		call 100 -> - suspect @5s
		call 408 -> - suspect @5s
		call 500 -> - suspect @5s
		call 502 -> - suspect @5s
		call 504 -> - suspect @5s
		call withheld -> - suspect @5s
		call abandoned -> - suspect @5s
		call timeout -> report down @3.75s`},
	{name: "every answer but 408 and 503 is life", lines: `
		+1s -> - up never
		begin -> - up @3.5s
		+3.5s -> sendOptions up @7.5s
		pong 408 -> report suspect @8.5s
		+8.5s -> sendOptions suspect @12.5s
		pong 401 -> report up @38.5s
		+38.5s -> sendOptions up @42.5s
		pong 503 -> report suspect @43.5s
		+43.5s -> sendOptions suspect @47.5s
		pong 500 -> report up @73.5s`},
	{name: "an OPTIONS that we did not send ourselves says nothing", lines: `
		begin -> - up @2.5s
		+2.5s -> sendOptions up @6.5s
		pong withheld -> - up @6.5s
		pong 100 -> - up @6.5s
		+6.5s -> report suspect @11.5s`},
	{name: "a late answer is an answer", lines: `
		begin -> - up @2.5s
		+2.5s -> sendOptions up @6.5s
		+6.5s -> report suspect @11.5s
		pong 200 -> report up @36.5s
		+36.5s -> sendOptions up @40.5s
		+40.5s -> report suspect @45.5s
		+45.5s -> sendOptions suspect @49.5s
		old pong 200 -> report up @49.5s
		pong 200 -> - up @75.5s`},
	{name: "a late failure has been counted", lines: `
		begin -> - up @2.5s
		+2.5s -> sendOptions up @6.5s
		+6.5s -> report suspect @11.5s
		pong timeout -> - suspect @11.5s
		pong 503 -> - suspect @11.5s
		+11.5s -> sendOptions suspect @15.5s
		old pong timeout -> - suspect @15.5s
		pong 503 -> - suspect @16.5s
		pong 503 -> - suspect @16.5s`},
	{name: "an answer to nothing", lines: `
		pong 200 -> - up never
		call timeout -> report suspect @5s
		pong 200 -> - suspect @5s
		old pong 200 -> - suspect @5s`},
	{name: "a call shows life while the trunk is down", lines: `
		call unreachable -> report suspect @5s
		call unreachable -> - suspect @5s
		call unreachable -> report down @3.75s
		call unreachable -> - down @3.75s
		call 180 -> report up @30s`},
	{name: "a call shows life while an OPTIONS probes", lines: `
		call unreachable -> report suspect @5s
		call unreachable -> - suspect @5s
		call unreachable -> report down @3.75s
		+3.75s -> sendOptions+report probing @7.75s
		call unreachable -> - probing @7.75s
		call 500 -> - probing @7.75s
		call 404 -> report up @7.75s
		pong 200 -> - up @33.75s`},
	{name: "calls bring it down while an OPTIONS is out", lines: `
		begin -> - up @2.5s
		+2.5s -> sendOptions up @6.5s
		call unreachable -> report suspect @6.5s
		call unreachable -> - suspect @6.5s
		call unreachable -> report down @6.25s
		pong timeout -> - down @6.25s
		pong 200 -> report up @32.5s`},
	{name: "OPTIONS that outlast the interval", lines: `
		configure interval=2s -> - up @2s
		+2s -> sendOptions up @4s
		+4s -> - up @6s
		+6s -> report suspect @8s
		+8s -> sendOptions suspect @10s`},
	{name: "503 with Retry-After", lines: `
		begin -> - up @2.5s
		+2.5s -> sendOptions up @6.5s
		call 503 after=2m -> report resting @122.5s
		pong 200 -> - resting @122.5s
		call 200 -> - resting @122.5s
		call 503 after=1m -> - resting @122.5s
		call 503 after=3m -> - resting @182.5s
		+182.5s -> report up @212.5s`},
	{name: "an OPTIONS asks for rest", lines: `
		begin -> - up @2.5s
		+2.5s -> sendOptions up @6.5s
		pong 503 after=1m -> report resting @62.5s
		taken -> - resting @62.5s
		begin -> - resting @62.5s
		+62.5s -> report up @92.5s`},
	{name: "rest is an hour at most", lines: `
		call 503 after=9000h -> report resting @1h
		+1h -> report up @1h30s`},
	{name: "failures before and during a rest", lines: `
		call timeout -> report suspect @5s
		call 503 after=1m -> report resting @60s
		+60s -> report suspect @65s
		call 503 after=1m -> report resting @120s
		call timeout -> - resting @120s
		call timeout -> - resting @120s
		+120s -> sendOptions+report probing @124s
		pong 503 after=1m -> report resting @180s
		+180s -> sendOptions+report probing @184s
		call 503 after=1m -> report resting @240s
		pong timeout -> - resting @240s
		call 200 -> - resting @240s
		+240s -> report up @270s`},
	{name: "without OPTIONS a call tries it", lines: `
		configure interval=0s -> - up never
		begin -> - up never
		call timeout -> report suspect never
		call timeout -> - suspect never
		call timeout -> report down @3.75s
		taken -> - down @3.75s
		+3.75s -> report trial never
		call timeout -> - trial never
		taken -> report probing @35.75s
		taken -> - probing @35.75s
		call timeout -> report down @11.25s
		+11.25s -> report trial never
		taken -> report probing @43.25s
		call 486 -> report up never`},
	{name: "a trial that shows nothing", lines: `
		configure interval=0s threshold=1 -> - up never
		call timeout -> report down @3.75s
		+3.75s -> report trial never
		taken -> report probing @35.75s
		call abandoned -> report trial never
		taken -> report probing @35.75s
		call 500 -> report trial never
		taken -> report probing @35.75s
		+35.75s -> report trial never
		call 200 -> report up never`},
	{name: "a trial is told to rest", lines: `
		configure interval=0s threshold=1 -> - up never
		call timeout -> report down @3.75s
		+3.75s -> report trial never
		taken -> report probing @35.75s
		call 503 after=10s -> report resting @13.75s
		+13.75s -> report trial never`},
	{name: "threshold of one", lines: `
		configure threshold=1 -> - up @30s
		call timeout -> report down @3.75s`},
	{name: "a reload switches OPTIONS off and on", lines: `
		begin -> - up @2.5s
		+2.5s -> sendOptions up @6.5s
		configure interval=0s -> - up never
		pong timeout -> - up never
		configure interval=10s -> - up @12.5s
		call timeout -> report suspect @7.5s
		configure threshold=2 -> - suspect @7.5s
		call timeout -> report down @6.25s
		configure interval=0s -> - down @6.25s
		+6.25s -> report trial never
		configure interval=10s -> report down @10s
		+10s -> sendOptions+report probing @14s
		configure interval=0s -> report down @13.75s
		pong 503 -> - down @13.75s
		call 503 after=1m -> report resting @70s
		configure interval=10s -> - resting @70s`},
	{name: "a late timer is no lost timer", lines: `
		begin -> - up @2.5s
		late 1m: call timeout -> sendOptions+report suspect @64s
		late 2m: call 200 -> report up @150s
		late 5m: call timeout -> sendOptions+report suspect @304s`},
}

func TestHealthStories(t *testing.T) {
	for _, s := range healthStories {
		t.Run(s.name, func(t *testing.T) {
			h := knownToAnswer(DefaultHealthSettings())
			s.run(t, healthPlayer(t, &h))
		})
	}
}

// From the trunk's last sign of life to the end of calls to it: the worst case of a trunk
// that dies just after a ping, with nobody calling.
func TestADeadTrunkIsFoundWithinAMinute(t *testing.T) {
	for _, random := range []float64{0, 0.5, 0.999} {
		h := knownToAnswer(DefaultHealthSettings())
		now := epoch
		h.Step(now, random, Begin{})
		now, _ = h.Deadline()
		h.Step(now, random, Timer{})
		h.Step(now, random, Ponged{1, Response(200)})
		died := now
		for h.State != Down {
			now, _ = h.Deadline()
			h.Step(now, random, Timer{})
		}
		if took := now.Sub(died); took > time.Minute {
			t.Errorf("random %v: %v", random, took)
		}
	}
}

func TestAdmits(t *testing.T) {
	ordinary := map[HealthState]bool{Up: true, Suspect: true, Trial: true}
	for s := Up; s <= Resting; s++ {
		if got := s.Admits(Ordinary); got != ordinary[s] {
			t.Errorf("%v admits calls: %v", s, got)
		}
		if !s.Admits(Emergency) {
			t.Errorf("%v refuses an emergency", s)
		}
	}
}

func TestHealthReason(t *testing.T) {
	tests := []struct {
		events string
		want   string
	}{
		{"begin", ""},
		{"call timeout", "a failure: timed out"},
		{"call timeout|call 200", ""},
		{"call timeout|call unreachable", "2 failures in a row, the last: unreachable"},
		{"call timeout|call timeout|call 503|call 503", "4 failures in a row, the last: 503"},
		{"call 503 after=1m|call timeout", "the carrier asked to be left alone: 503, retry after 1m0s"},
	}
	for _, tt := range tests {
		h := knownToAnswer(HealthSettings{})
		for event := range strings.SplitSeq(tt.events, "|") {
			h.Step(epoch, 0, healthEvent(t, &h, event))
		}
		if got := h.Reason(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.events, got, tt.want)
		}
	}
}

func TestReasonOfLostOptionsSaysWhatToDo(t *testing.T) {
	h := knownToAnswer(DefaultHealthSettings())
	h.Step(epoch, 0, Begin{})
	for h.State != Down {
		at, _ := h.Deadline()
		h.Step(at, 0, Timer{})
	}
	want := "3 failures in a row, the last: timed out: no answer to OPTIONS; " +
		"if calls get through all the same, the carrier ignores OPTIONS: set options_interval: 0s"
	if got := h.Reason(); got != want {
		t.Fatalf("%q, want %q", got, want)
	}
}

func TestHealthIsPlain(t *testing.T) {
	h := knownToAnswer(DefaultHealthSettings())
	for _, event := range []string{"begin", "call timeout", "call timeout", "call timeout", "call 503 after=10s"} {
		h.Step(epoch, 0.25, healthEvent(t, &h, event))
		text, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		var again Health
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		if again != h {
			t.Fatalf("after %s: %+v, was %+v", event, again, h)
		}
	}
}

func TestHealthSettingsDefaults(t *testing.T) {
	want := DefaultHealthSettings()
	want.Interval = 0 // which has a meaning
	if got := (HealthSettings{Interval: -1, Threshold: -1}).orDefault(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestNamesOfStates(t *testing.T) {
	var names []string
	for s := Up; s <= Resting; s++ {
		names = append(names, s.String())
	}
	if got := strings.Join(names, " "); got != "up suspect down trial probing resting" {
		t.Errorf("%q", got)
	}
}

func TestResultString(t *testing.T) {
	tests := []struct {
		r    Result
		want string
	}{
		{Response(486), "486"},
		{Result{Status: 503, Phrase: "Overloaded", RetryAfter: 2 * time.Minute}, "503 Overloaded, retry after 2m0s"},
		{Result{Fate: TimedOut}, "timed out"},
		{Result{Fate: Unreachable, Phrase: "connection refused"}, "unreachable: connection refused"},
		{Result{Fate: Withheld}, "withheld"},
		{Result{Fate: Abandoned}, "abandoned"},
		{Result{Fate: 9}, "9"},
	}
	for _, tt := range tests {
		if got := tt.r.String(); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.r, got, tt.want)
		}
	}
}

func TestActionsString(t *testing.T) {
	if got := (SendRegister | SendOptions | Report | Finished).String(); got != "sendRegister+sendOptions+report+finished" {
		t.Errorf("%q", got)
	}
	if got := Actions(0).String(); got != "-" {
		t.Errorf("%q", got)
	}
}
