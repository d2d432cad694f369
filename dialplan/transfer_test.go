package dialplan

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	// byAlice and byCarrier are what transferors ask with; the others are who is
	// transferred.
	byAlice     = Request{Origin: alice, FromURI: "sip:alice@h", FromDisplay: "Alice"}
	byCarrier   = Request{Origin: carrier, FromURI: "sip:+13125550000@c"}
	ofOutside   = Request{Origin: carrier, FromURI: "sip:+12065550123@c", FromDisplay: "Caller"}
	ofPBX       = Request{Origin: pbx, FromURI: "sip:100@p", AssertedIdentity: "<tel:+14255550300>"}
	ofBob       = Request{Origin: bob}
	ofAnonymous = Request{Origin: carrier, FromURI: "sip:anonymous@anonymous.invalid"}
)

func private(r Request) Request {
	r.Privacy = "id"
	return r
}

// TestTransfer: who transfers must be allowed to call the target, and the target is
// shown either of the two.
func TestTransfer(t *testing.T) {
	p := mustPlan(t, office())
	for _, tt := range []struct {
		about  string
		by, of Request
		to     string
		// transferor and transferee are the decisions of the two settings; where the
		// second is empty it is as the first.
		transferor, transferee string
	}{
		{"out", byAlice, ofOutside, "sip:+14255550177@h",
			"us: trunk carrier dial +14255550177 as +14255550101; trunk backup dial +14255550177 as +14255550101",
			"us: trunk carrier dial +14255550177 as +12065550123; trunk backup dial +14255550177 as +12065550123"},
		{"to a user by name", byAlice, ofOutside, "sip:bob@h", ": user bob dial bob as alice", ": user bob dial bob as +12065550123"},
		{"to a user's number", byAlice, ofPBX, "+14255550102", ": user bob dial bob as alice", ": user bob dial bob as +14255550300"},
		{"a user is transferred", byAlice, ofBob, "+442079460018",
			"uk: trunk carrier dial +442079460018 as +14255550101", "uk: trunk carrier dial +442079460018 as +14255550102"},
		{"a user is transferred to one", byAlice, ofBob, "carol", ": user carol dial carol as alice", ": user carol dial carol as bob"},
		{"by a trunk, to a user", byCarrier, ofBob, "sip:+14255550101@gw", ": user alice dial alice as +13125550000", ": user alice dial alice as bob"},
		{"by a trunk, over another", byCarrier, ofBob, "+14255550200",
			"block: trunk pbx dial +14255550200 as +13125550000", "block: trunk pbx dial +14255550200 as +14255550102"},
		{"the route's own caller ID", byAlice, ofOutside, "+19005550100", "premium: trunk backup dial +19005550100 as +14255550100", ""},
		{"a private transferee", byAlice, private(ofOutside), "+442079460018",
			"uk: trunk carrier dial +442079460018 as +14255550101", "uk: trunk carrier dial +442079460018 as private(+12065550123)"},
		{"a private transferor", private(byAlice), ofOutside, "+442079460018",
			"uk: trunk carrier dial +442079460018 as private(+14255550101)", "uk: trunk carrier dial +442079460018 as +12065550123"},
		{"an unknown transferee", byAlice, ofAnonymous, "+442079460018",
			"uk: trunk carrier dial +442079460018 as +14255550101", "uk: trunk carrier dial +442079460018 as private()"},
		{"where nobody may", byAlice, ofOutside, "+493023125000", "404 q850=3", ""},
		{"where a trunk may not", byCarrier, ofBob, "+442079460018", "404 q850=3", ""},
		{"to a name, by a trunk", byCarrier, ofBob, "sip:bob@gw", "404 q850=1", ""},
		{"to nothing", byAlice, ofOutside, "sip:h", "404 q850=28", ""},
		{"too short", byAlice, ofOutside, "5550100", "484 q850=28", ""},
		{"by nobody", Request{Origin: Party{PartyUser, "mallory"}}, ofOutside, "+442079460018", "403 q850=21", ""},
		{"a caller ID that is not its own", Request{Origin: alice, FromURI: "sip:+12065550000@h"}, ofOutside, "+442079460018", "403 q850=21", ""},
		{"an emergency", byAlice, ofOutside, "sip:911@h", "emergency: trunk backup dial 911 as +14255550101; trunk carrier dial 911 as +14255550101", ""},
	} {
		if tt.transferee == "" {
			tt.transferee = tt.transferor
		}
		tt.by.To = tt.to
		for show, want := range []string{tt.transferor, tt.transferee} {
			d := p.Transfer(Transfer{Request: tt.by, Transferee: tt.of, Show: TransferCallerID(show)})
			if got := summary(d); got != want {
				t.Errorf("%s, as the %v:\n got %s\nwant %s", tt.about, TransferCallerID(show), got, want)
			}
		}
	}
}

// TestTransfereeIdentity: each trunk is told of the transferee in its own header, as far
// as somebody vouches for it whom we trust and it may be known there.
func TestTransfereeIdentity(t *testing.T) {
	c := office()
	c.Trunks = append(c.Trunks, Trunk{Name: "ims", Trusted: true})
	c.Routes = []Route{{Name: "all", To: "+", Trunks: []string{"carrier", "backup", "pbx", "ims"}}}
	p := mustPlan(t, c)
	hidden := Identity{FromDisplay: "Anonymous", FromUser: "anonymous", FromHost: HostAnonymous, Privacy: "id"}
	for _, tt := range []struct {
		about string
		of    Request
		want  []Identity
	}{
		{"nobody vouches for", ofOutside, []Identity{
			{FromDisplay: "Caller", FromUser: "+12065550123"},
			{FromDisplay: "Caller", FromUser: "+12065550123", RemotePartyDisplay: "Caller", RemotePartyUser: "+12065550123", RemotePartyParams: "party=calling;screen=no;privacy=off"},
			{FromDisplay: "Caller", FromUser: "+12065550123"},
			{FromDisplay: "Caller", FromUser: "+12065550123"},
		}},
		{"a trusted trunk's", ofPBX, []Identity{
			{FromUser: "+14255550300", AssertedUser: "+14255550300"},
			{FromUser: "+14255550300", RemotePartyUser: "+14255550300", RemotePartyParams: "party=calling;screen=yes;privacy=off"},
			{FromUser: "+14255550300"},
			{FromUser: "+14255550300", AssertedUser: "+14255550300"},
		}},
		{"a private one", private(ofPBX), []Identity{
			hidden, hidden, hidden,
			{FromDisplay: "Anonymous", FromUser: "anonymous", FromHost: HostAnonymous, Privacy: "id", AssertedUser: "+14255550300"},
		}},
	} {
		by := byAlice
		by.To = "+442079460018"
		d := p.Transfer(Transfer{Request: by, Transferee: tt.of, Show: TransferAsTransferee})
		if len(d.Attempts) != len(tt.want) {
			t.Fatalf("%s: %s", tt.about, summary(d))
		}
		for i, a := range d.Attempts {
			if a.Identity != tt.want[i] {
				t.Errorf("%s, by %s:\n got %+v\nwant %+v", tt.about, a.To.Name, a.Identity, tt.want[i])
			}
		}
	}
}

// TestTransfereeForeignCallerID: a user who is transferred and has asked for a caller ID
// that is not its own does not stop the transfer: the transferor is shown.
func TestTransfereeForeignCallerID(t *testing.T) {
	p := mustPlan(t, office())
	of := Request{Origin: bob, FromURI: "sip:+12065550000@h"}
	for to, want := range map[string]string{
		"+442079460018": "uk: trunk carrier dial +442079460018 as +14255550101",
		"carol":         ": user carol dial carol as alice",
	} {
		by := byAlice
		by.To = to
		if got := summary(p.Transfer(Transfer{Request: by, Transferee: of, Show: TransferAsTransferee})); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestTransferCallerIDNames(t *testing.T) {
	if TransferAsTransferor.String() != "transferor" || TransferAsTransferee.String() != "transferee" || TransferCallerID(7).String() != "unknown(7)" {
		t.Error("the settings print wrongly")
	}
}

// TestRecall: who has transferred is called back where it was, with whatever it may be
// shown of the party that waits.
func TestRecall(t *testing.T) {
	c := office()
	c.Users[1].Forwards = Forwards{Always: Forward{User: "carol"}, NoAnswer: Forward{User: "carol"}, NoAnswerAfter: 5 * time.Second}
	p := mustPlan(t, c)
	for _, tt := range []struct {
		about  string
		to     Party
		number string
		of     Request
		want   string
	}{
		{"a user", alice, "", ofOutside, ": user alice dial alice as +12065550123"},
		{"a user who was called at a number", alice, "+14255550101", ofOutside, ": user alice dial alice as +12065550123"},
		{"a user, by a user", alice, "", ofBob, ": user alice dial alice as bob"},
		{"a user with forwards", bob, "", ofOutside, ": user bob dial bob as +12065550123"},
		{"a trunk", carrier, "+13125550000", ofBob, ": trunk carrier dial +13125550000 as +14255550102"},
		{"a trunk, by another's caller", carrier, "+13125550000", ofPBX, ": trunk carrier dial +13125550000 as +14255550300"},
		{"a trunk, by its own caller", carrier, "+13125550000", ofOutside, ": trunk carrier dial +13125550000 as +12065550123"},
		{"a trunk, by a private caller", carrier, "+13125550000", private(ofBob), ": trunk carrier dial +13125550000 as private(+14255550102)"},
		{"a trunk, with a caller ID that is not its own", carrier, "+13125550000", Request{Origin: bob, FromURI: "sip:+12065550000@h"},
			": trunk carrier dial +13125550000 as +14255550102"},
		{"a user, with a caller ID that is not its own", alice, "", Request{Origin: bob, FromURI: "sip:+12065550000@h"},
			": user alice dial alice as bob"},
		{"a trunk's nobody", carrier, "", ofBob, "404 q850=3"},
		{"a user that is no more", Party{PartyUser, "gone"}, "+14255550101", ofOutside, "404 q850=3"},
		{"a trunk that is no more", Party{PartyTrunk, "gone"}, "+13125550000", ofBob, "404 q850=3"},
	} {
		d := p.Recall(tt.to, tt.number, tt.of)
		if got := summary(d); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.about, got, tt.want)
		}
		if d.Refusal != nil {
			continue
		}
		if a := d.Attempts[0]; a.Forwards != (Forwards{}) {
			t.Errorf("%s: it goes on to %+v", tt.about, a.Forwards)
		}
	}
}

// TestRecallRings: as long as a call to that user rings, but for what only its forwards
// want.
func TestRecallRings(t *testing.T) {
	c := office()
	c.Users[1].Forwards = Forwards{NoAnswer: Forward{User: "carol"}, NoAnswerAfter: 5 * time.Second}
	p := mustPlan(t, c)
	for to, want := range map[Party]time.Duration{bob: 20 * time.Second, alice: DefaultRingingTimeout, carrier: DefaultRingingTimeout} {
		if got := p.Recall(to, "+13125550000", ofOutside).RingingTimeout; got != want {
			t.Errorf("%s rings %v, not %v", to.Name, got, want)
		}
	}
	d := p.Recall(bob, "", ofOutside)
	if d.Dialled != "bob" || d.Callee != "" {
		t.Errorf("the record says %q, %q", d.Dialled, d.Callee)
	}
	if d = p.Recall(carrier, "+13125550000", ofBob); d.Dialled != "+13125550000" || d.Callee != "+13125550000" {
		t.Errorf("the record says %q, %q", d.Dialled, d.Callee)
	}
}

// TestPropertyTransfer: whoever is shown, a transfer leads where the transferor's call
// leads and nowhere else, and shows nobody but the two.
func TestPropertyTransfer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := office()
		c.Routes = drawRoutes(t)
		p, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		by, of := drawRequest(t), drawRequest(t)
		of.To = ""
		show := TransferCallerID(rapid.IntRange(0, 1).Draw(t, "show"))
		d, call := p.Transfer(Transfer{Request: by, Transferee: of, Show: show}), p.Decide(by)
		if (d.Refusal == nil) != (call.Refusal == nil) || d.Refusal != nil && d.Refusal.Status != call.Refusal.Status {
			t.Fatalf("the transfer is %s, the call %s", summary(d), summary(call))
		}
		if d.Refusal == nil && len(d.Attempts) != len(call.Attempts) {
			t.Fatalf("the transfer is %s, the call %s", summary(d), summary(call))
		}
		transferee := p.callerOf(&of)
		for i, a := range d.Attempts {
			if a.To != call.Attempts[i].To || a.Dial != call.Attempts[i].Dial {
				t.Fatalf("the transfer is %s, the call %s", summary(d), summary(call))
			}
			checkAttempt(t, by, d, a)
			if d.Emergency && a.Shown != call.Attempts[i].Shown {
				t.Fatalf("those who come to help see %+v, not %+v", a.Shown, call.Attempts[i].Shown)
			}
			if a.Shown != call.Attempts[i].Shown && !isShown(&transferee, a, overrideOf(c, d.Route)) {
				t.Fatalf("shown as %+v, which is neither of the two", a.Shown)
			}
		}
	})
}

// isShown is true when an attempt shows this caller as itself, or with the number that the
// route shows of everybody.
func isShown(c *caller, a Attempt, override Number) bool {
	s, ok := c.shown(override, CallerIDRefuse, a.To.Kind == PartyUser)
	return ok && s == a.Shown
}

// overrideOf is the caller ID of a route.
func overrideOf(c Config, name string) Number {
	for _, r := range c.Routes {
		if r.Name == name {
			return Number(r.CallerID)
		}
	}
	return ""
}

// TestPropertyRecall: whoever waits, a party that there is can be called back, at one
// place and without being handed on.
func TestPropertyRecall(t *testing.T) {
	p := mustPlan(t, office())
	there := []Party{alice, bob, carol, carrier, backup, pbx}
	rapid.Check(t, func(t *rapid.T) {
		of := drawRequest(t)
		to := rapid.SampledFrom(append(slices.Clone(there), Party{PartyUser, "gone"}, Party{PartyTrunk, "gone"})).Draw(t, "to")
		number := rapid.SampledFrom([]string{"", "+13125550000"}).Draw(t, "number")
		d := p.Recall(to, number, of)
		known := slices.Contains(there, to) && (to.Kind == PartyUser || number != "")
		if known != (d.Refusal == nil) {
			t.Fatalf("%v at %q: %s", to, number, summary(d))
		}
		if d.Refusal != nil {
			if len(d.Attempts) != 0 || d.Refusal.Warning == "" {
				t.Fatalf("%+v", d)
			}
			return
		}
		if len(d.Attempts) != 1 || d.Attempts[0].To != to || d.RingingTimeout <= 0 || d.Attempts[0].Forwards != (Forwards{}) {
			t.Fatalf("%v: %+v", to, d)
		}
		a := d.Attempts[0]
		if a.Identity.FromUser == "" || a.Shown.Private && to != pbx && a.Identity.AssertedUser+a.Identity.RemotePartyUser != "" {
			t.Fatalf("%s learns %+v of %+v", to.Name, a.Identity, a.Shown)
		}
	})
}
