package dialplan

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestForward: a forwarded call is decided as the forwarding user's own, and shown as
// the original caller's where that may be.
func TestForward(t *testing.T) {
	c := office()
	c.Trunks[1].Diversion = DiversionOff
	p := mustPlan(t, c)
	fromCarrier := Request{Origin: carrier, FromURI: "sip:+12065550123@c"}
	fromAlice := Request{Origin: alice, FromURI: "sip:alice@h", FromDisplay: "Alice"}
	for _, tt := range []struct {
		about string
		r     Request
		f     Forwarding
		want  string
	}{
		{"to a user", fromAlice, Forwarding{By: "bob", To: Forward{User: "carol"}}, ": user carol dial carol as alice"},
		{"to a user, from outside", fromCarrier, Forwarding{By: "bob", To: Forward{User: "carol"}}, ": user carol dial carol as +12065550123"},
		{"to a user's number", fromAlice, Forwarding{By: "bob", To: Forward{Number: "+14255550101"}}, ": user alice dial alice as alice"},
		{"out, by the user's route", fromCarrier, Forwarding{By: "bob", To: Forward{Number: "+442079460018"}}, "uk: trunk carrier dial +442079460018 as +12065550123"},
		{"out, by a trunk that is not told", fromCarrier, Forwarding{By: "bob", To: Forward{Number: "+14255550177"}},
			"us: trunk carrier dial +14255550177 as +12065550123; trunk backup dial +14255550177 as +14255550102"},
		{"out, a call of another user's", fromAlice, Forwarding{By: "bob", To: Forward{Number: "+14255550177"}},
			"us: trunk carrier dial +14255550177 as +14255550101; trunk backup dial +14255550177 as +14255550102"},
		{"the route's own caller ID", fromCarrier, Forwarding{By: "bob", To: Forward{Number: "+19005550100"}}, "premium: trunk backup dial +19005550100 as +14255550100"},
		{"where the user may not call", fromCarrier, Forwarding{By: "bob", To: Forward{Number: "+493023125000"}}, "404 q850=3"},
		{"by nobody", fromCarrier, Forwarding{By: "dave", To: Forward{User: "carol"}}, "403 q850=21"},
		{"to nobody", fromCarrier, Forwarding{By: "bob", To: Forward{User: "dave"}}, "404 q850=3"},
		{"a private caller", Request{Origin: carrier, FromURI: "sip:+12065550123@c", Privacy: "id"},
			Forwarding{By: "bob", To: Forward{Number: "+14255550177"}},
			"us: trunk carrier dial +14255550177 as private(+12065550123); trunk backup dial +14255550177 as +14255550102"},
		{"a user that has no number", fromCarrier, Forwarding{By: "carol", To: Forward{Number: "+14255550177"}},
			"us: trunk carrier dial +14255550177 as +12065550123; trunk backup dial +14255550177 as carol"},
		// The forwarding user's trunk may be the one that the call came from.
		{"back out", Request{Origin: backup, FromURI: "sip:+12065550123@c"}, Forwarding{By: "bob", To: Forward{Number: "+19005550100"}},
			"premium: trunk backup dial +19005550100 as +14255550100"},
	} {
		if got := summary(p.Forward(tt.r, tt.f)); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.about, got, tt.want)
		}
	}
}

// TestForwardedForeignCallerID: a caller ID that the caller may not show does not stop
// the forwarding: it is the forwarding user's call.
func TestForwardedForeignCallerID(t *testing.T) {
	p := mustPlan(t, office())
	r := Request{Origin: alice, FromURI: "sip:+12065550000@h"}
	for to, want := range map[Forward]string{
		{Number: "+442079460018"}: "uk: trunk carrier dial +442079460018 as +14255550102",
		{User: "carol"}:           ": user carol dial carol as bob",
	} {
		if got := summary(p.Forward(r, Forwarding{By: "bob", To: to})); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestForwardedDiversions: who is told of whose hands the call has been through.
func TestForwardedDiversions(t *testing.T) {
	c := office()
	c.Trunks[1].Diversion = DiversionOff
	p := mustPlan(t, c)
	r := Request{Origin: carrier, FromURI: "sip:+12065550123@c", Diversion: "<sip:+13125550000@c>;reason=away"}
	f := Forwarding{By: "bob", Called: "+14255550102", Why: ReasonBusy, To: Forward{User: "carol"}}
	d := p.Forward(r, f)
	if got, want := diverted(d.Attempts[0].Diversions), "sip:+13125550000@c away, bob/+14255550102 user-busy"; got != want {
		t.Errorf("carol is told %q, not %q", got, want)
	}
	f = Forwarding{
		By: "carol", Why: ReasonNoAnswer, To: Forward{Number: "+14255550177"}, History: []Diversion{d.Diversion},
	}
	d = p.Forward(r, f)
	want := "sip:+13125550000@c away, bob/+14255550102 user-busy, carol/carol no-answer"
	if got := diverted(d.Attempts[0].Diversions); got != want {
		t.Errorf("the carrier is told %q, not %q", got, want)
	}
	if got := diverted(d.Attempts[1].Diversions); got != "" || d.Attempts[1].Style != DiversionOff {
		t.Errorf("a trunk that wants nothing is told %q", got)
	}
	if got := diverted([]Diversion{d.Diversion}); got != "carol/carol no-answer" {
		t.Errorf("the diversion is %q", got)
	}
	// A phone's own history is not passed on; ours is.
	r.Origin = alice
	d = p.Forward(r, Forwarding{By: "bob", To: Forward{User: "carol"}})
	if got := diverted(d.Attempts[0].Diversions); got != "bob/+14255550102 unknown" {
		t.Errorf("carol is told %q of alice's call", got)
	}
}

// TestForwardLoops: a call does not come to a user twice who hands it on, and not
// through more than five hands.
func TestForwardLoops(t *testing.T) {
	p := mustPlan(t, office())
	by := func(names ...string) (list []Diversion) {
		for _, n := range names {
			list = append(list, Diversion{By: n, Count: 1})
		}
		return list
	}
	toCarol, toBob := Forward{User: "carol"}, Forward{Number: "+14255550102"}
	for _, tt := range []struct {
		about string
		r     Request
		f     Forwarding
		want  int
	}{
		{"to itself", Request{}, Forwarding{By: "carol", To: toCarol}, 482},
		{"to its own number", Request{}, Forwarding{By: "bob", To: toBob}, 482},
		{"to and fro", Request{}, Forwarding{By: "carol", To: toBob, History: by("bob")}, 482},
		{"in a ring of three", Request{}, Forwarding{By: "carol", To: toBob, History: by("bob", "alice")}, 482},
		{"four hands", Request{}, Forwarding{By: "bob", To: toCarol, History: by("a", "b", "c", "d")}, 0},
		{"five hands", Request{}, Forwarding{By: "bob", To: toCarol, History: by("a", "b", "c", "d", "e")}, 482},
		{"five hands of others", Request{Diversion: "<sip:a@h>;counter=5"}, Forwarding{By: "bob", To: toCarol}, 482},
		{"two and three", Request{Diversion: "<sip:a@h>;counter=3"}, Forwarding{By: "bob", To: toCarol, History: by("a", "b")}, 482},
		{"back from outside", Request{Diversion: "<sip:+12065550000@h>, <sip:4255550102@h>"}, Forwarding{By: "bob", To: toCarol}, 482},
		{"back from an IMS", Request{HistoryInfo: "<sip:+14255550102@h>;index=1, <sip:x@h;cause=302>;index=1.1;mp=1"}, Forwarding{By: "bob", To: toCarol}, 482},
		{"to one who had it outside", Request{Diversion: "<sip:+14255550102@h>"}, Forwarding{By: "carol", To: toBob}, 482},
		{"after others", Request{Diversion: "<sip:+12065550000@h>, <sip:bob@h>"}, Forwarding{By: "bob", To: toCarol}, 0},
	} {
		tt.r.Origin = carrier
		for _, origin := range []Party{carrier, alice} { // a phone's history counts, too
			tt.r.Origin = origin
			d := p.Forward(tt.r, tt.f)
			if got := d.Refusal; (got == nil) != (tt.want == 0) || got != nil && (got.Status != tt.want || got.Q850 != 25 || got.Warning == "") {
				t.Errorf("%s, from %s: %+v (%s)", tt.about, origin.Name, got, summary(d))
			}
		}
	}
}

// TestForwardRings: how long the phones of a user ring that forwards.
func TestForwardRings(t *testing.T) {
	c := office()
	c.Routes = append(c.Routes, Route{Name: "desk", From: "any", To: "+14255550190", User: "bob", RingingTimeout: 40 * time.Second})
	to := func(f Forwards, number string) time.Duration {
		c.Users[1].Forwards = f
		return mustPlan(t, c).Decide(Request{Origin: carrier, To: number}).RingingTimeout
	}
	carol := Forward{User: "carol"}
	for _, tt := range []struct {
		f      Forwards
		number string
		want   time.Duration
	}{
		{Forwards{}, "+14255550102", 20 * time.Second},
		{Forwards{NoAnswer: carol}, "+14255550102", 20 * time.Second},
		{Forwards{NoAnswer: carol, NoAnswerAfter: 12 * time.Second}, "+14255550102", 12 * time.Second},
		{Forwards{NoAnswer: carol, NoAnswerAfter: 50 * time.Second}, "+14255550190", 50 * time.Second},
		{Forwards{Busy: carol}, "+14255550190", 40 * time.Second},
	} {
		if got := to(tt.f, tt.number); got != tt.want {
			t.Errorf("%+v at %s rings %v, not %v", tt.f, tt.number, got, tt.want)
		}
	}
	a := mustPlan(t, c).Decide(Request{Origin: alice, To: "bob"}).Attempts[0]
	if a.Forwards.Busy != carol || a.Forwards.For(ReasonBusy) != carol || !a.Forwards.For(ReasonNoAnswer).IsZero() || !a.Forwards.For(ReasonAway).IsZero() {
		t.Errorf("the attempt says %+v", a.Forwards)
	}
}

// TestForwardNumbers: a number may be written as the region dials it.
func TestForwardNumbers(t *testing.T) {
	c := office()
	c.Users[1].Forwards = Forwards{
		Always: Forward{Number: "(425) 555-0177"}, Busy: Forward{User: "carol"},
		NoAnswer: Forward{Status: 486}, Unavailable: Forward{Number: "+442079460018"},
	}
	f := mustPlan(t, c).Decide(Request{Origin: alice, To: "bob"}).Attempts[0].Forwards
	want := Forwards{
		Always: Forward{Number: "+14255550177"}, Busy: Forward{User: "carol"},
		NoAnswer: Forward{Status: 486}, Unavailable: Forward{Number: "+442079460018"},
	}
	if f != want {
		t.Errorf("got %+v, want %+v", f, want)
	}
	for why, to := range map[Reason]Forward{
		ReasonUnconditional: want.Always, ReasonBusy: want.Busy, ReasonNoAnswer: want.NoAnswer, ReasonUnavailable: want.Unavailable,
	} {
		if f.For(why) != to {
			t.Errorf("for %v it is %+v", why, f.For(why))
		}
	}
}

func TestForwardFaults(t *testing.T) {
	for _, tt := range []struct {
		f          Forwards
		path, text string
	}{
		{Forwards{Always: Forward{Number: "555"}}, "users[1].forward.always", "is no phone number"},
		{Forwards{Always: Forward{Number: "911"}}, "users[1].forward.always", "is no phone number"},
		{Forwards{Busy: Forward{User: "dave"}}, "users[1].forward.busy", "is no user under users:; it has 4711, alice, bob, carol"},
		{Forwards{NoAnswer: Forward{Status: 302}}, "users[1].forward.no_answer", "302 refuses no call"},
		{Forwards{NoAnswer: Forward{Status: 401}}, "users[1].forward.no_answer", "401 refuses no call"},
		{Forwards{Unavailable: Forward{User: "carol", Status: 486}}, "users[1].forward.unregistered", "leads to more than one place"},
		{Forwards{Unavailable: Forward{User: "carol", Number: "+14255550177"}}, "users[1].forward.unregistered", "leads to more than one place"},
		{Forwards{NoAnswer: Forward{User: "carol"}, NoAnswerAfter: -time.Second}, "users[1].forward.no_answer_after", "must not be negative"},
	} {
		c := office()
		c.Users[1].Forwards = tt.f
		_, err := New(c)
		var fault *ConfigError
		if !errors.As(err, &fault) || fault.Path != tt.path || !strings.Contains(fault.Problem, tt.text) || fault.Name != "bob" {
			t.Errorf("%+v: %v", tt.f, err)
		}
	}
	c := office()
	c.Trunks[0].Diversion = 9
	if _, err := New(c); err == nil || !strings.Contains(err.Error(), "trunks[0].diversion") {
		t.Errorf("a style that is none: %v", err)
	}
}

// TestForwardRingIsWarnedOf: whoever stands in a ring cannot be called.
func TestForwardRingIsWarnedOf(t *testing.T) {
	c := office()
	c.Users[0].Forwards.Always = Forward{Number: "+14255550102"} // to bob
	c.Users[1].Forwards.Always = Forward{User: "carol"}
	c.Users[2].Forwards.Always = Forward{User: "bob"}
	c.Users[3].Forwards.Always = Forward{Number: "+14255550177"}
	var got []string
	for _, w := range mustPlan(t, c).Warnings() {
		if strings.Contains(w.Text, "482") {
			got = append(got, w.Path)
		}
	}
	if want := []string{"users[1].forward.always", "users[2].forward.always"}; !slices.Equal(got, want) {
		t.Errorf("warned of %q, not of %q", got, want)
	}
}

// TestPropertyForward: whatever is forwarded, there are attempts or a refusal, the
// history grows by one, and no user that has handed the call on gets it again.
func TestPropertyForward(t *testing.T) {
	names := []string{"alice", "bob", "carol", "4711", "gone"}
	rapid.Check(t, func(t *rapid.T) {
		c := office()
		c.Routes = drawRoutes(t)
		for i := range c.Trunks {
			c.Trunks[i].Diversion = DiversionStyle(rapid.IntRange(0, 3).Draw(t, "style"))
		}
		p, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		r := drawRequest(t)
		r.Diversion = rapid.OneOf(rapid.Just(""), rapid.String(), rapid.SampledFrom([]string{"<sip:+14255550102@h>;reason=away", "<sip:a@h>;counter=3"})).Draw(t, "diversion")
		r.HistoryInfo = rapid.OneOf(rapid.Just(""), rapid.String()).Draw(t, "history")
		f := Forwarding{By: rapid.SampledFrom(names).Draw(t, "by"), Why: Reason(rapid.IntRange(0, 4).Draw(t, "why"))}
		seen := map[string]bool{}
		for hop := 0; ; hop++ {
			f.To = rapid.SampledFrom([]Forward{{User: "alice"}, {User: "bob"}, {User: "carol"}, {Number: "+14255550101"}, {Number: "+14255550199"}}).Draw(t, "to")
			d := p.Forward(r, f)
			if (len(d.Attempts) > 0) == (d.Refusal != nil) {
				t.Fatalf("%d attempts and refusal %v", len(d.Attempts), d.Refusal)
			}
			if d.Refusal != nil {
				break
			}
			if hop >= maxDiversions || seen[f.By] {
				t.Fatalf("hop %d by %s", hop, f.By)
			}
			seen[f.By] = true
			to := d.Attempts[0].To
			if to.Kind == PartyTrunk {
				break
			}
			if seen[to.Name] {
				t.Fatalf("the call comes to %s again", to.Name)
			}
			f.History, f.By = append(f.History, d.Diversion), to.Name
		}
	})
}
