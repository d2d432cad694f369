package dialplan

import (
	"strings"
	"testing"
)

// ask is the headers in which a caller says what it is to be shown as.
type ask struct {
	from, display, preferred, privacy string
}

func (a ask) request(origin Party, to string) Request {
	return Request{
		Origin: origin, To: to,
		FromURI: a.from, FromDisplay: a.display, PreferredIdentity: a.preferred, Privacy: a.privacy,
	}
}

// What alice may show, on a trunk that refuses and one that replaces.
func TestCallerIDAsked(t *testing.T) {
	p := mustPlan(t, office())
	both := func(shown string) string {
		return "us: trunk carrier dial +14255550100 as " + shown + "; trunk backup dial +14255550100 as " + shown
	}
	const replaced = "us: trunk backup dial +14255550100 as +14255550101"
	first, second := both("+14255550101"), both("+14255550199")
	for _, c := range []struct {
		ask  ask
		want string
	}{
		// Nothing is asked.
		{ask{}, first},
		{ask{from: "sip:alice@example.test"}, first},
		{ask{from: "sip:alice@elsewhere.example"}, first},
		{ask{from: "sip:phone-in-the-hall@example.test"}, first},
		{ask{from: "sip:bob@example.test"}, first},
		{ask{from: "sip:example.test"}, first},
		{ask{from: "sip:7@example.test"}, first},
		{ask{preferred: "<sip:alice@example.test>"}, first},
		{ask{preferred: "<sip:alice@example.test>", from: "sip:+12065550000@h"}, first},
		// One of its own, in any spelling.
		{ask{from: "sip:+14255550101@h"}, first},
		{ask{from: "sip:+14255550199@h"}, second},
		{ask{from: "sip:4255550199@h"}, second},
		{ask{from: "sip:14255550199@h;user=phone"}, second},
		{ask{from: "sip:(425)%20555-0199@h"}, second},
		{ask{from: "tel:+1-425-555-0199"}, second},
		{ask{preferred: "<sip:4255550199@h>"}, second},
		{ask{preferred: `"Alice, at work" <tel:+1-425-555-0199>`}, second},
		{ask{preferred: "sip:+14255550199@h"}, second},
		{ask{preferred: "<sip:alice@h>, <tel:+14255550199>"}, second},
		{ask{preferred: "<tel:+12065550000>, <tel:+14255550199>"}, second},
		{ask{preferred: "<tel:+14255550199>, <tel:+12065550000>"}, second},
		// P-Preferred-Identity goes before From.
		{ask{preferred: "<tel:+14255550199>", from: "sip:+12065550000@h"}, second},
		{ask{preferred: "<tel:+14255550199>", from: "sip:+14255550101@h"}, second},
		// What is not its own.
		{ask{from: "sip:+12065550000@h"}, replaced},
		{ask{from: "sip:+14255550102@h"}, replaced}, // bob's
		{ask{from: "sip:2065550000@h"}, replaced},
		{ask{from: "tel:5550000"}, replaced},
		{ask{from: "sip:+1425@h"}, replaced},
		{ask{from: "sip:0000@h;user=phone"}, replaced},
		{ask{preferred: "<tel:+12065550000>"}, replaced},
		{ask{preferred: "<tel:+12065550000>", from: "sip:+14255550199@h"}, replaced},
		{ask{preferred: "<sip:bob@example.test>"}, replaced},
		{ask{preferred: "<sip:alice@h>, <tel:+12065550000>"}, replaced},
	} {
		checkDecide(t, p, c.ask.request(alice, "+14255550100"), c.want)
	}
}

func TestCallerIDRefused(t *testing.T) {
	p := mustPlan(t, office())
	a := ask{from: "sip:+12065550000@h"}
	d := checkDecide(t, p, a.request(alice, "+442079460018"), "403 q850=21")
	want := "caller ID '+12065550000' is not one of the 2 that 'alice' may show"
	if d.Refusal.Text != want || strings.Contains(d.Refusal.Warning, "0199") {
		t.Errorf("got %q, want %q", d.Refusal.Text, want)
	}
	if d.Route != "uk" || d.Callee != "+442079460018" {
		t.Errorf("the record lacks route or callee: %+v", d)
	}
	// Nor may it be shown to another user.
	checkDecide(t, p, a.request(alice, "bob"), "403 q850=21")
	// A route's own caller ID leaves nothing to refuse.
	checkDecide(t, p, a.request(alice, "+19005550100"), "premium: trunk backup dial +19005550100 as +14255550100")
}

func TestCallerIDOfUsersWithout(t *testing.T) {
	p := mustPlan(t, office())
	const uk = "uk: trunk carrier dial +442079460018 as "
	for _, c := range []struct {
		origin Party
		ask    ask
		want   string
	}{
		{bob, ask{}, uk + "+14255550102"}, // its number, for want of caller_ids
		{bob, ask{from: "sip:+14255550102@h"}, uk + "+14255550102"},
		{bob, ask{from: "sip:+14255550101@h"}, "403 q850=21"},
		{carol, ask{}, uk + "carol"}, // its name, for want of both
		{carol, ask{from: "sip:+14255550101@h"}, "403 q850=21"},
		// A name made of digits is not a request.
		{Party{PartyUser, "4711"}, ask{from: "sip:4711@h"}, uk + "4711"},
		{Party{PartyUser, "4711"}, ask{from: "sip:4711@h;user=phone"}, uk + "4711"},
		{Party{PartyUser, "4711"}, ask{preferred: "<sip:4711@h>"}, uk + "4711"},
	} {
		checkDecide(t, p, c.ask.request(c.origin, "+442079460018"), c.want)
	}
	c := office()
	c.Users = append(c.Users, User{Name: "4255550105", CallerIDs: []string{"4255550106", "4255550105"}})
	p = mustPlan(t, c)
	checkDecide(t, p, ask{from: "sip:4255550105@h"}.request(Party{PartyUser, "4255550105"}, "+442079460018"), uk+"+14255550106")
	checkDecide(t, p, ask{from: "sip:+14255550105@h"}.request(Party{PartyUser, "4255550105"}, "+442079460018"), uk+"+14255550105")
}

// Replace has nothing to replace with when the user has no caller ID.
func TestCallerIDReplacedByName(t *testing.T) {
	p := mustPlan(t, office())
	checkDecide(t, p, ask{from: "sip:+12065550000@h"}.request(carol, "+14255550100"),
		"us: trunk backup dial +14255550100 as carol")
}

func TestCallerIDInside(t *testing.T) {
	p := mustPlan(t, office())
	for _, c := range []struct {
		ask  ask
		want string
	}{
		{ask{from: "sip:alice@h", display: "Alice"}, ": user bob dial bob as alice"},
		{ask{from: "sip:+14255550199@h"}, ": user bob dial bob as +14255550199"},
		{ask{preferred: "<tel:+14255550101>"}, ": user bob dial bob as +14255550101"},
		{ask{privacy: "id"}, ": user bob dial bob as private(alice)"},
	} {
		d := checkDecide(t, p, c.ask.request(alice, "bob"), c.want)
		if id := d.Attempts[0].Identity; id.AssertedUser != "" || id.RemotePartyUser != "" {
			t.Errorf("a phone gets more than From: %+v", id)
		}
	}
}

func TestPrivacyAsked(t *testing.T) {
	p := mustPlan(t, office())
	const uk = "uk: trunk carrier dial +442079460018 as "
	anonymous := "sip:anonymous@anonymous.invalid"
	for _, c := range []struct {
		ask  ask
		want string
	}{
		{ask{privacy: "id"}, "private(+14255550101)"},
		{ask{privacy: "ID"}, "private(+14255550101)"},
		{ask{privacy: "user;critical"}, "private(+14255550101)"},
		{ask{privacy: " header ; session"}, "private(+14255550101)"},
		{ask{privacy: "none;id"}, "private(+14255550101)"},
		{ask{privacy: "none"}, "+14255550101"},
		{ask{privacy: "session"}, "+14255550101"},
		{ask{privacy: "critical"}, "+14255550101"},
		{ask{privacy: "idle"}, "+14255550101"},
		{ask{from: anonymous, display: "Anonymous"}, "private(+14255550101)"},
		{ask{from: "sip:ANONYMOUS@example.test"}, "private(+14255550101)"},
		{ask{from: "sip:x@Anonymous.Invalid:5060"}, "private(+14255550101)"},
		{ask{from: anonymous, privacy: "none"}, "private(+14255550101)"},
		{ask{from: anonymous, preferred: "<tel:+14255550199>"}, "private(+14255550199)"},
		{ask{preferred: "<" + anonymous + ">", from: "sip:alice@h"}, "private(+14255550101)"},
		{ask{from: "sip:+14255550199@h", privacy: "id"}, "private(+14255550199)"},
		{ask{from: "sip:+14255550199@anonymous.invalid"}, "private(+14255550101)"},
	} {
		checkDecide(t, p, c.ask.request(alice, "+442079460018"), uk+c.want)
	}
	// A number that is not its own is refused, private or not.
	checkDecide(t, p, ask{from: "sip:+12065550000@h", privacy: "id"}.request(alice, "+442079460018"), "403 q850=21")
}

// What a trunk says is passed on as it came, and believed when it is trusted.
func TestCallerIDFromTrunks(t *testing.T) {
	p := mustPlan(t, office())
	for _, c := range []struct {
		origin             Party
		from, pai, privacy string
		user               string
		number             Number
		private            bool
	}{
		{carrier, "sip:+12065550000@c", "", "", "+12065550000", "+12065550000", false},
		{carrier, "sip:2065550000@c", "", "", "2065550000", "+12065550000", false},
		{carrier, "sip:442079460018@c", "", "", "442079460018", "+442079460018", false},
		{carrier, "tel:+1-206-555-0000", "", "", "+1-206-555-0000", "+12065550000", false},
		{carrier, "sip:+12065550000;npdi@c", "", "", "+12065550000", "+12065550000", false},
		{carrier, "sip:unavailable@unknown.invalid", "", "", "unavailable", "", false},
		{carrier, "sip:c", "", "", "", "", false},
		{carrier, "", "", "", "", "", false},
		{carrier, "sip:a b@c", "", "", "", "", false},
		{carrier, "sip:anonymous@anonymous.invalid", "", "", "", "", true},
		{carrier, "sip:+12065550000@c", "", "id", "+12065550000", "+12065550000", true},
		// Not trusted, so not believed.
		{carrier, "sip:+12065550000@c", "<tel:+13125550000>", "", "+12065550000", "+12065550000", false},
		{carrier, "sip:anonymous@anonymous.invalid", "<tel:+13125550000>", "id", "", "", true},
		// Trusted.
		{pbx, "sip:100@p", "<tel:+13125550000>", "", "+13125550000", "+13125550000", false},
		{pbx, "sip:100@p", `"Desk" <sip:100@p>, <tel:+13125550000>`, "", "+13125550000", "+13125550000", false},
		{pbx, "sip:100@p", "<tel:+13125550000>, <sip:101@p>", "", "+13125550000", "+13125550000", false},
		{pbx, "sip:+12065550000@p", "<sip:desk@p>", "", "desk", "", false},
		{pbx, "sip:anonymous@anonymous.invalid", "<tel:+13125550000>", "id", "+13125550000", "+13125550000", true},
		{pbx, "sip:100@p", "<sip:anonymous@anonymous.invalid>", "", "100", "", false},
		{pbx, "sip:+12065550000@p", "", "", "+12065550000", "+12065550000", false},
		{pbx, "sip:+12065550000@p", ",;<>", "", "+12065550000", "+12065550000", false},
	} {
		d := p.Decide(Request{Origin: c.origin, To: "+14255550101", FromURI: c.from, AssertedIdentity: c.pai, Privacy: c.privacy})
		if d.Refusal != nil {
			t.Errorf("%+v: %v", c, d.Refusal)
			continue
		}
		if got, want := firstShown(d), (Shown{
			Number: c.number, User: c.user, Private: c.private, Display: firstShown(d).Display, Unverified: c.origin == carrier,
		}); got != want {
			t.Errorf("From %q, PAI %q of %s\n got %+v\nwant %+v", c.from, c.pai, c.origin.Name, got, want)
		}
	}
}

func firstShown(d Decision) Shown { return d.Attempts[0].Shown }

func TestDisplayNames(t *testing.T) {
	p := mustPlan(t, office())
	for _, c := range []struct {
		r    Request
		want string
	}{
		{Request{Origin: alice, FromDisplay: "Alice"}, "Alice"},
		{Request{Origin: alice, FromDisplay: "Alice\r\nVia: x"}, "AliceVia: x"},
		{Request{Origin: alice, FromDisplay: "Alice", Privacy: "id"}, "Alice"},
		{Request{Origin: alice, FromDisplay: "anonymous", FromURI: "sip:anonymous@anonymous.invalid"}, ""},
		{Request{Origin: alice, FromDisplay: "Anonymous"}, "Anonymous"}, // a band
		{Request{Origin: alice, FromDisplay: "Alice", PreferredIdentity: `"Boss" <tel:+14255550199>`}, "Alice"},
		{Request{Origin: pbx, FromDisplay: "Desk", AssertedIdentity: "<tel:+13125550000>"}, "Desk"},
		{Request{Origin: pbx, FromDisplay: "Desk", AssertedIdentity: `"Reception \"1\"" <tel:+13125550000>`}, `Reception "1"`},
		{Request{Origin: carrier, FromDisplay: "Desk", AssertedIdentity: `"Boss" <tel:+13125550000>`}, "Desk"},
	} {
		c.r.To = "+14255550102"
		d := p.Decide(c.r)
		if d.Refusal != nil || firstShown(d).Display != c.want {
			t.Errorf("%+v: %v, display %q, want %q", c.r, d.Refusal, firstShown(d).Display, c.want)
		}
	}
}

func TestRouteCallerID(t *testing.T) {
	c := office()
	c.Routes = []Route{
		{Name: "out", From: "any", To: "+44", Trunks: []string{"carrier"}, CallerID: "425 555 0300"},
		{Name: "in", From: "any", To: "+14255550300", User: "bob", CallerID: "+14255550301"},
	}
	p := mustPlan(t, c)
	checkDecide(t, p, ask{preferred: "<tel:+14255550199>"}.request(alice, "+442079460018"),
		"out: trunk carrier dial +442079460018 as +14255550300")
	checkDecide(t, p, ask{privacy: "id"}.request(alice, "+442079460018"),
		"out: trunk carrier dial +442079460018 as private(+14255550300)")
	checkDecide(t, p, ask{from: "sip:+12065550000@p"}.request(pbx, "+442079460018"),
		"out: trunk carrier dial +442079460018 as +14255550300")
	checkDecide(t, p, ask{from: "sip:+12065550000@p"}.request(carrier, "+14255550300"),
		"in: user bob dial bob as +14255550301")
}
