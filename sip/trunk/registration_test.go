package trunk

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The accounts of the stories.
var accounts = map[string]Account{
	"first": {
		Registrar: "sip:carrier.example", AOR: "sip:4711@carrier.example", Contact: "sip:gw@192.0.2.1:5060",
		Username: "4711", Password: "secret",
	},
	"password": {
		Registrar: "sip:carrier.example", AOR: "sip:4711@carrier.example", Contact: "sip:gw@192.0.2.1:5060",
		Username: "4711", Password: "another",
	},
	"moved": {
		Registrar: "sip:carrier.example", AOR: "sip:4711@carrier.example", Contact: "sip:gw@192.0.2.2:5060",
		Username: "4711", Password: "secret",
	},
	"other": {
		Registrar: "sip:other.example", AOR: "sip:1@other.example", Contact: "sip:gw@192.0.2.1:5060",
		Username: "1", Password: "secret",
	},
	"none": {},
}

// registrationEvent reads an event of a story. "stale" before it makes it answer the
// REGISTER before the last one.
func registrationEvent(t *testing.T, r *Registration, text string) RegistrationEvent {
	fields := strings.Fields(text)
	cseq := r.CSeq
	if fields[0] == "stale" {
		cseq, fields = cseq-1, fields[1:]
	}
	switch fields[0] {
	case "begin":
		return Begin{}
	case "timer":
		return Timer{}
	case "stop":
		return Stop{}
	case "lost":
		return FlowLost{}
	case "change":
		return Change{Account: accounts[fields[1]]}
	case "challenge":
		return Challenged{cseq}
	case "ok":
		return Accepted{cseq, seconds(t, fields, "contact"), seconds(t, fields, "expires")}
	case "fail":
		f := Failed{CSeq: cseq, Result: result(t, fields[1:])}
		if least := option(fields, "min"); least != "" {
			f.MinExpires = duration(t, least)
		}
		return f
	}
	t.Fatalf("no such event: %q", text)
	return nil
}

func seconds(t *testing.T, fields []string, key string) int {
	text := option(fields, key)
	if text == "" {
		return -1
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func registrationPlayer(t *testing.T, r *Registration) player {
	return player{
		step: func(now time.Time, random float64, event string) (Actions, fmt.Stringer) {
			acts := r.Step(now, random, registrationEvent(t, r, event))
			return acts, r.State
		},
		deadline: r.Deadline,
	}
}

func newRegistration() *Registration {
	r := NewRegistration(accounts["first"], "call@gw", Pace{})
	return &r
}

// In the stories the back-off is 3/4 of RFC 5626's W, the random value being 0.5.
var registrationStories = []story{
	{name: "registers and refreshes", lines: `
		begin -> sendRegister+report registering @1m
		challenge -> sendRegister registering @1m
		ok -> report registered @54m
		+54m -> sendRegister+report refreshing @55m
		ok -> report registered @1h48m
		+1h48m -> sendRegister+report refreshing @1h49m
		challenge -> sendRegister refreshing @1h49m
		ok -> report registered @2h42m`},
	{name: "begins once", lines: `
		begin -> sendRegister+report registering @1m
		begin -> - registering @1m
		ok -> report registered @54m
		begin -> - registered @54m`},
	{name: "the registrar grants less in the contact", lines: `
		begin -> sendRegister+report registering @1m
		ok contact=600 expires=3600 -> report registered @9m
		+9m -> sendRegister+report refreshing @10m`},
	{name: "the registrar grants less in the header", lines: `
		begin -> sendRegister+report registering @1m
		ok expires=300 -> report registered @4m30s`},
	{name: "a short binding is refreshed 30 s before its end, not in its first half", lines: `
		begin -> sendRegister+report registering @1m
		ok contact=100 -> report registered @1m10s
		+70s -> sendRegister+report refreshing @1m40s
		ok contact=60 -> report registered @1m40s
		+100s -> sendRegister+report refreshing @2m10s
		ok contact=40 -> report registered @2m`},
	{name: "more than was asked for is not believed", lines: `
		begin -> sendRegister+report registering @1m
		ok contact=86400 -> report registered @54m`},
	{name: "a binding of a few seconds runs out rather than that REGISTERs pour", lines: `
		begin -> sendRegister+report registering @1m
		ok contact=2 -> report registered @2s
		+2s -> report waiting @5s
		+5s -> sendRegister+report registering @65s`},
	{name: "the answer took longer than the binding", lines: `
		begin -> sendRegister+report registering @1m
		late 30s: ok contact=20 -> report waiting @1m15s`},
	{name: "no time is granted", lines: `
		begin -> sendRegister+report registering @1m
		ok contact=0 -> report waiting @45s
		+45s -> sendRegister+report registering @1m45s`},
	{name: "a refresh that grants nothing ends the binding", lines: `
		begin -> sendRegister+report registering @1m
		ok -> report registered @54m
		+54m -> sendRegister+report refreshing @55m
		ok contact=0 -> report waiting @54m45s`},
	{name: "time counts from the request", lines: `
		begin -> sendRegister+report registering @1m
		late 10s: ok contact=60 -> report registered @30s
		+30s -> sendRegister+report refreshing @1m
		+60s -> report registering @90s
		+90s -> report waiting @2m15s`},
	{name: "failures back off", lines: `
		begin -> sendRegister+report registering @1m
		fail timeout -> report waiting @45s
		+45s -> sendRegister+report registering @1m45s
		fail unreachable -> report waiting @2m15s
		+2m15s -> sendRegister+report registering @3m15s
		fail 500 -> report waiting @5m15s
		+5m15s -> sendRegister+report registering @6m15s
		ok -> report registered @59m15s
		+59m15s -> sendRegister+report refreshing @1h0m15s
		fail 503 -> report lapsing @1h
		+1h -> sendRegister+report refreshing @1h1m`},
	{name: "back-off at its shortest", random: -1, lines: `
		begin -> sendRegister+report registering @1m
		fail 500 -> report waiting @30s
		+30s -> sendRegister+report registering @1m30s
		fail 500 -> report waiting @1m30s`},
	{name: "back-off at its longest", random: 1, lines: `
		begin -> sendRegister+report registering @1m
		fail 500 -> report waiting @1m
		+60s -> sendRegister+report registering @2m
		fail 500 -> report waiting @3m`},
	{name: "an owner that never says what became of it", lines: `
		begin -> sendRegister+report registering @1m
		+1m -> report waiting @1m45s
		stale ok -> - waiting @1m45s
		+1m45s -> sendRegister+report registering @2m45s
		stale ok -> - registering @2m45s
		ok -> report registered @55m45s`},
	{name: "a failed refresh keeps the binding until it runs out", lines: `
		begin -> sendRegister+report registering @1m
		ok contact=120 -> report registered @90s
		+90s -> sendRegister+report refreshing @2m
		fail timeout -> report lapsing @2m
		+2m -> report waiting @2m15s
		+2m15s -> sendRegister+report registering @3m15s`},
	{name: "a refresh is answered after the binding ran out", lines: `
		begin -> sendRegister+report registering @1m
		ok contact=60 -> report registered @30s
		+30s -> sendRegister+report refreshing @1m
		+60s -> report registering @90s
		ok contact=60 -> report registered @65s`},
	{name: "wrong password", lines: `
		begin -> sendRegister+report registering @1m
		challenge -> sendRegister registering @1m
		fail 401 -> report waiting @22m30s
		+22m30s -> sendRegister+report registering @23m30s
		fail 403 -> report waiting @45m`},
	{name: "a proxy and a registrar challenge, both with stale nonces", lines: `
		begin -> sendRegister+report registering @1m
		challenge -> sendRegister registering @1m
		challenge -> sendRegister registering @1m
		challenge -> sendRegister registering @1m
		challenge -> sendRegister registering @1m
		challenge -> report waiting @22m30s`},
	{name: "challenges do not add up over refreshes", lines: `
		begin -> sendRegister+report registering @1m
		challenge -> sendRegister registering @1m
		challenge -> sendRegister registering @1m
		challenge -> sendRegister registering @1m
		ok -> report registered @54m
		+54m -> sendRegister+report refreshing @55m
		challenge -> sendRegister refreshing @55m
		challenge -> sendRegister refreshing @55m
		ok -> report registered @1h48m`},
	{name: "the registrar has moved", lines: `
		begin -> sendRegister+report registering @1m
		fail 302 -> report waiting @22m30s`},
	{name: "6xx is for a person", lines: `
		begin -> sendRegister+report registering @1m
		fail 603 -> report waiting @22m30s`},
	{name: "423", lines: `
		begin -> sendRegister+report registering @1m
		fail 423 min=2h -> sendRegister registering @1m
		ok contact=7200 -> report registered @1h48m
		+1h48m -> sendRegister+report refreshing @1h49m
		ok -> report registered @3h36m`},
	{name: "423 again and again", lines: `
		begin -> sendRegister+report registering @1m
		fail 423 min=2h -> sendRegister registering @1m
		fail 423 min=2h -> report waiting @45s
		+45s -> sendRegister+report registering @105s
		fail 423 min=3h -> sendRegister registering @105s
		fail 423 min=4h -> sendRegister registering @105s
		fail 423 min=5h -> sendRegister registering @105s
		fail 423 min=6h -> sendRegister registering @105s
		fail 423 min=7h -> report waiting @135s`},
	{name: "423 that asks for nothing, or for years", lines: `
		begin -> sendRegister+report registering @1m
		fail 423 -> report waiting @45s
		+45s -> sendRegister+report registering @105s
		fail 423 min=9000h -> report waiting @135s`},
	{name: "Retry-After", lines: `
		begin -> sendRegister+report registering @1m
		fail 503 after=10m -> report waiting @10m
		+10m -> sendRegister+report registering @11m
		fail 503 after=1s -> report waiting @11m30s
		+11m30s -> sendRegister+report registering @12m30s
		fail 503 after=9000h -> report waiting @1h11m30s`},
	{name: "Retry-After does not shorten the wait for a person", lines: `
		begin -> sendRegister+report registering @1m
		fail 403 after=1s -> report waiting @22m30s`},
	{name: "the connection dies", lines: `
		begin -> sendRegister+report registering @1m
		ok -> report registered @54m
		late 10m: lost -> sendRegister+report refreshing @11m
		lost -> - refreshing @11m
		ok -> report registered @1h4m
		late 10m5s: lost -> - registered @10m15s
		lost -> - registered @10m15s
		+10m15s -> sendRegister+report refreshing @11m15s
		fail unreachable -> report lapsing @11m
		lost -> - lapsing @11m`},
	{name: "a lost connection does not postpone the refresh", lines: `
		begin -> sendRegister+report registering @1m
		ok contact=12 -> report registered @6s
		lost -> - registered @6s`},
	{name: "another password", lines: `
		begin -> sendRegister+report registering @1m
		ok -> report registered @54m
		late 10m: change first -> - registered @54m
		change password -> sendRegister+report refreshing @11m
		challenge -> sendRegister refreshing @11m
		ok -> report registered @1h4m`},
	{name: "another password while waiting", lines: `
		begin -> sendRegister+report registering @1m
		fail 401 -> report waiting @22m30s
		change password -> sendRegister+report registering @1m
		ok -> report registered @54m`},
	{name: "another password under way", lines: `
		begin -> sendRegister+report registering @1m
		change password -> report leaving @1m
		challenge -> sendRegister+report registering @1m
		ok -> report registered @54m
		+54m -> sendRegister+report refreshing @55m
		change first -> report leaving @55m
		fail 401 -> sendRegister+report refreshing @55m
		ok -> report registered @1h48m`},
	{name: "another contact", lines: `
		begin -> sendRegister+report registering @1m
		ok -> report registered @54m
		change moved -> sendRegister+report removing @4s
		challenge -> sendRegister removing @4s
		ok contact=0 -> sendRegister+report registering @1m
		ok -> report registered @54m`},
	{name: "another registrar under way", lines: `
		begin -> sendRegister+report registering @1m
		change other -> report leaving @1m
		ok -> sendRegister+report removing @4s
		ok -> sendRegister+report registering @1m`},
	{name: "another registrar, the old one silent", lines: `
		begin -> sendRegister+report registering @1m
		change other -> report leaving @1m
		+1m -> sendRegister+report registering @2m
		ok -> report registered @55m
		change first -> sendRegister+report removing @64s
		+64s -> sendRegister+report registering @124s`},
	{name: "another registrar while a refresh is out and fails", lines: `
		begin -> sendRegister+report registering @1m
		ok -> report registered @54m
		+54m -> sendRegister+report refreshing @55m
		change other -> report leaving @55m
		+55m -> sendRegister+report removing @55m4s
		fail 500 -> sendRegister+report registering @56m`},
	{name: "there and back before it has left", lines: `
		begin -> sendRegister+report registering @1m
		ok -> report registered @54m
		change other -> sendRegister+report removing @4s
		change first -> - removing @4s
		ok -> sendRegister+report registering @1m
		change other -> report leaving @1m
		change first -> - leaving @1m
		ok -> sendRegister+report refreshing @1m
		ok -> report registered @54m`},
	{name: "other account before it begins", lines: `
		change other -> - idle never
		begin -> sendRegister+report registering @1m`},
	{name: "a failed binding is not removed", lines: `
		begin -> sendRegister+report registering @1m
		fail 500 -> report waiting @45s
		change other -> sendRegister+report registering @1m`},
	{name: "stop", lines: `
		begin -> sendRegister+report registering @1m
		ok -> report registered @54m
		stop -> sendRegister+report removing @4s
		late 2s: stop -> - removing @4s
		challenge -> sendRegister removing @4s
		ok -> report+finished ended never
		ok -> - ended never
		stop -> - ended never
		begin -> - ended never
		change other -> - ended never`},
	{name: "stop while lapsing", lines: `
		begin -> sendRegister+report registering @1m
		ok -> report registered @54m
		+54m -> sendRegister+report refreshing @55m
		fail timeout -> report lapsing @54m45s
		stop -> sendRegister+report removing @54m4s
		fail timeout -> report+finished ended never`},
	{name: "stop, nobody answers", lines: `
		begin -> sendRegister+report registering @1m
		ok -> report registered @54m
		stop -> sendRegister+report removing @4s
		challenge -> sendRegister removing @4s
		+4s -> report+finished ended never`},
	{name: "stop, challenged without end", lines: `
		begin -> sendRegister+report registering @1m
		ok -> report registered @54m
		stop -> sendRegister+report removing @4s
		challenge -> sendRegister removing @4s
		challenge -> sendRegister removing @4s
		challenge -> sendRegister removing @4s
		challenge -> sendRegister removing @4s
		challenge -> report+finished ended never`},
	{name: "stop while it registers", lines: `
		begin -> sendRegister+report registering @1m
		stop -> report leaving @4s
		late 1s: ok -> sendRegister+report removing @4s
		ok -> report+finished ended never`},
	{name: "stop while it registers, in vain", lines: `
		begin -> sendRegister+report registering @1m
		stop -> report leaving @4s
		challenge -> report+finished ended never`},
	{name: "stop while it registers, refused", lines: `
		begin -> sendRegister+report registering @1m
		stop -> report leaving @4s
		fail 403 -> report+finished ended never`},
	{name: "stop while it registers, silence", lines: `
		begin -> sendRegister+report registering @1m
		stop -> report leaving @4s
		+4s -> report+finished ended never`},
	{name: "stop while it refreshes", lines: `
		begin -> sendRegister+report registering @1m
		ok -> report registered @54m
		+54m -> sendRegister+report refreshing @55m
		stop -> report leaving @54m4s
		fail 500 -> sendRegister+report removing @54m4s
		+54m4s -> report+finished ended never`},
	{name: "stop while it refreshes, silence", lines: `
		begin -> sendRegister+report registering @1m
		ok -> report registered @54m
		+54m -> sendRegister+report refreshing @55m
		stop -> report leaving @54m4s
		+54m4s -> report+finished ended never`},
	{name: "stop in the middle of a change", lines: `
		begin -> sendRegister+report registering @1m
		change other -> report leaving @1m
		stop -> - leaving @4s
		change first -> - leaving @4s
		ok -> sendRegister+report removing @4s
		change first -> - removing @4s
		ok -> report+finished ended never`},
	{name: "stop without a binding", lines: `
		begin -> sendRegister+report registering @1m
		fail 500 -> report waiting @45s
		stop -> report+finished ended never`},
	{name: "no account any more", lines: `
		begin -> sendRegister+report registering @1m
		ok -> report registered @54m
		change none -> sendRegister+report removing @4s
		ok -> report+finished ended never`},
	{name: "stop before it begins", lines: `stop -> report+finished ended never`},
	{name: "a late timer is no lost timer", lines: `
		begin -> sendRegister+report registering @1m
		ok contact=60 -> report registered @30s
		late 10m: lost -> sendRegister+report registering @11m`},
	{name: "answers to nothing", lines: `
		ok -> - idle never
		fail 500 -> - idle never
		challenge -> - idle never
		lost -> - idle never
		timer -> - idle never
		begin -> sendRegister+report registering @1m
		ok -> report registered @54m
		ok -> - registered @54m
		challenge -> - registered @54m
		fail 403 -> - registered @54m`},
	{name: "answers to an earlier REGISTER", lines: `
		begin -> sendRegister+report registering @1m
		challenge -> sendRegister registering @1m
		stale ok -> - registering @1m
		stale fail 403 -> - registering @1m
		stale challenge -> - registering @1m
		ok -> report registered @54m`},
}

func TestRegistrationStories(t *testing.T) {
	for _, s := range registrationStories {
		t.Run(s.name, func(t *testing.T) { s.run(t, registrationPlayer(t, newRegistration())) })
	}
}

// RFC 3261 s10.2: Call-ID and CSeq over the life of a registration.
func TestRegisterRequests(t *testing.T) {
	r := newRegistration()
	steps := []struct {
		event string
		want  Register
	}{
		{"begin", Register{accounts["first"], "call@gw", 1, 3600}},
		{"challenge", Register{accounts["first"], "call@gw", 2, 3600}},
		{"fail 423 min=2h0m0.5s", Register{accounts["first"], "call@gw", 3, 7201}},
		{"ok", Register{accounts["first"], "call@gw", 3, 7201}},
		{"change password", Register{accounts["password"], "call@gw", 4, 7201}},
		{"ok", Register{accounts["password"], "call@gw", 4, 7201}},
		{"change moved", Register{accounts["password"], "call@gw", 5, 0}},
		{"challenge", Register{accounts["password"], "call@gw", 6, 0}},
		{"ok", Register{accounts["moved"], "call@gw", 7, 7201}},
		{"ok", Register{accounts["moved"], "call@gw", 7, 7201}},
		{"change other", Register{accounts["moved"], "call@gw", 8, 0}},
		{"fail timeout", Register{accounts["other"], "call@gw", 9, 3600}},
		{"ok", Register{accounts["other"], "call@gw", 9, 3600}},
		{"stop", Register{accounts["other"], "call@gw", 10, 0}},
	}
	for _, s := range steps {
		r.Step(epoch, 0, registrationEvent(t, r, s.event))
		if got := r.Request(); got != s.want {
			t.Fatalf("after %s the REGISTER is %+v, want %+v", s.event, got, s.want)
		}
	}
}

func TestAnotherPaceHoldsFromTheNextRegister(t *testing.T) {
	r := newRegistration()
	play := func(now time.Duration, ev RegistrationEvent) Actions { return r.Step(epoch.Add(now), 0.5, ev) }
	play(0, Begin{})
	play(0, Accepted{1, -1, -1})
	pace := Pace{Expires: 10 * time.Minute, StopWait: time.Second}
	if acts := play(time.Minute, Change{accounts["first"], pace}); acts != 0 {
		t.Fatalf("a change of pace made it %v", acts)
	}
	if at, _ := r.Deadline(); !at.Equal(epoch.Add(54 * time.Minute)) {
		t.Fatalf("the refresh has moved to %v", at.Sub(epoch))
	}
	play(54*time.Minute, Timer{})
	if got := r.Request().Expires; got != 600 {
		t.Fatalf("the refresh asks for %d s", got)
	}
	play(54*time.Minute, Stop{})
	if at, _ := r.Deadline(); !at.Equal(epoch.Add(54*time.Minute + time.Second)) {
		t.Fatalf("stopping takes until %v", at.Sub(epoch))
	}
}

func TestBound(t *testing.T) {
	r := newRegistration()
	check := func(now time.Duration, want bool) {
		t.Helper()
		if got := r.Bound(epoch.Add(now)); got != want {
			t.Fatalf("%v at +%v: bound is %v", r.State, now, got)
		}
	}
	check(0, false)
	r.Step(epoch, 0, Begin{})
	check(0, false)
	r.Step(epoch, 0, Accepted{1, 60, -1})
	check(0, true)
	check(59*time.Second, true)
	check(60*time.Second, false) // though no timer has been served
	r.Step(epoch.Add(30*time.Second), 0, Timer{})
	r.Step(epoch.Add(30*time.Second), 0, Failed{CSeq: 2, Result: Response(403)})
	check(40*time.Second, true)
	r.Step(epoch.Add(40*time.Second), 0, Stop{})
	r.Step(epoch.Add(40*time.Second), 0, Accepted{3, 0, 0})
	check(40*time.Second, false)
}

func TestRegistrationReason(t *testing.T) {
	tests := []struct {
		events string
		want   string
	}{
		{"begin", ""},
		{"begin|ok", ""},
		{"begin|fail timeout", "sip:carrier.example: timed out"},
		{"begin|fail 503 after=1m", "sip:carrier.example: 503, retry after 1m0s"},
		{"begin|fail 401", "sip:carrier.example: 401: the registrar does not accept the credentials: check username and password"},
		{"begin|fail 302", "sip:carrier.example: 302: the registrar has moved: set its new address"},
		{"begin|fail 403", "sip:carrier.example: 403: the registrar refuses this account: check username, password and whether the carrier has it enabled"},
		{"begin|ok contact=0", "sip:carrier.example: 200 but the binding has no time left"},
		{"begin|challenge|challenge|challenge|challenge|challenge", "sip:carrier.example: 401 challenged again and again: the registrar does not accept the credentials: check username and password"},
		{"begin|fail timeout|change other", ""},
		{"begin|fail timeout|change other|fail 500", "sip:other.example: 500"},
	}
	for _, tt := range tests {
		r := newRegistration()
		for event := range strings.SplitSeq(tt.events, "|") {
			r.Step(epoch, 0, registrationEvent(t, r, event))
		}
		if got := r.Reason(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.events, got, tt.want)
		}
	}
}

func TestReasonCountsFailures(t *testing.T) {
	r := newRegistration()
	r.Step(epoch, 0, Begin{})
	for range 3 {
		r.Step(epoch, 0, Failed{CSeq: r.CSeq, Result: Result{Fate: Unreachable, Phrase: "connection refused"}})
		at, _ := r.Deadline()
		r.Step(at, 0, Timer{})
	}
	if got, want := r.Reason(), "sip:carrier.example: unreachable: connection refused (3 times in a row)"; got != want {
		t.Fatalf("%q, want %q", got, want)
	}
}

func TestReasonOfALapse(t *testing.T) {
	r := newRegistration()
	r.Step(epoch, 0, Begin{})
	r.Step(epoch, 0, Accepted{1, 2, -1})
	r.Step(epoch.Add(2*time.Second), 0, Timer{})
	if got, want := r.Reason(), "sip:carrier.example: the binding ran out before it could be refreshed"; got != want {
		t.Fatalf("%q, want %q", got, want)
	}
}

// What a registration is can be written out and read back, at any moment.
func TestRegistrationIsPlain(t *testing.T) {
	r := newRegistration()
	for _, event := range []string{"begin", "ok", "change other", "fail timeout", "fail 503 after=20s"} {
		r.Step(epoch, 0.25, registrationEvent(t, r, event))
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var again Registration
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		if again != *r {
			t.Fatalf("after %s: %+v, was %+v", event, again, *r)
		}
	}
}

func TestPasswordsAreNotPrinted(t *testing.T) {
	r := newRegistration()
	r.Step(epoch, 0, Begin{})
	r.Step(epoch, 0, Change{Account: accounts["password"]})
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, v := range []any{*r, r, r.Request(), accounts["first"], Password("secret")} {
			if text := fmt.Sprintf(format, v); strings.Contains(text, "secret") || strings.Contains(text, "another") {
				t.Errorf("%s of %T shows the password: %s", format, v, text)
			}
		}
	}
	if got := Password("").String(); got != "" {
		t.Errorf("no password prints as %q", got)
	}
}

func TestPaceDefaults(t *testing.T) {
	if got := (Pace{}).orDefault(); got != DefaultPace() {
		t.Errorf("%+v, want %+v", got, DefaultPace())
	}
	odd := Pace{Expires: 90*time.Second + 300*time.Millisecond, Slow: -1}.orDefault()
	if odd.Expires != 90*time.Second || odd.Slow != DefaultPace().Slow {
		t.Errorf("%+v", odd)
	}
	if tiny := (Pace{Expires: time.Millisecond}).orDefault(); tiny.Expires != time.Second {
		t.Errorf("asks for %v", tiny.Expires)
	}
}

func TestRefreshAfter(t *testing.T) {
	tests := []struct{ granted, want time.Duration }{
		{time.Hour, 54 * time.Minute},
		{5 * time.Minute, 4*time.Minute + 30*time.Second},
		{100 * time.Second, 70 * time.Second},
		{60 * time.Second, 30 * time.Second},
		{59 * time.Second, 29500 * time.Millisecond},
		{10 * time.Second, 5 * time.Second},
	}
	for _, tt := range tests {
		if got := refreshAfter(tt.granted); got != tt.want {
			t.Errorf("%v is refreshed after %v, want %v", tt.granted, got, tt.want)
		}
	}
}

func TestRegistrationStateNames(t *testing.T) {
	for s := Idle; s <= Ended; s++ {
		if n := s.String(); n == "" || n == strconv.Itoa(int(s)) {
			t.Errorf("state %d is called %q", s, n)
		}
	}
	if got := RegistrationState(99).String(); got != "99" {
		t.Errorf("%q", got)
	}
}
