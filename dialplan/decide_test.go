package dialplan

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

var (
	alice   = Party{PartyUser, "alice"}
	bob     = Party{PartyUser, "bob"}
	carol   = Party{PartyUser, "carol"}
	carrier = Party{PartyTrunk, "carrier"}
	backup  = Party{PartyTrunk, "backup"}
	pbx     = Party{PartyTrunk, "pbx"}
)

// office is the configuration that most tests use: three users, two carriers and
// a PBX.
func office() Config {
	return Config{
		Region: "US",
		Agent:  "gw.example.test",
		Users: []User{
			{
				Name:      "alice",
				Numbers:   []string{"+14255550101"},
				CallerIDs: []string{"+14255550101", "(425) 555-0199"},
			},
			{Name: "bob", Numbers: []string{"425-555-0102"}, RingingTimeout: 20 * time.Second},
			{Name: "carol"},
			{Name: "4711"},
		},
		Trunks: []Trunk{
			{Name: "carrier"},
			{Name: "backup", CallerID: CallerIDRPID, CallerIDPolicy: CallerIDReplace},
			{Name: "pbx", CallerID: CallerIDFrom, Trusted: true},
		},
		Routes: []Route{
			{Name: "emergency", From: "any", Trunks: []string{"backup", "carrier"}, Emergency: true},
			{Name: "premium", From: "users", To: "/^[+]1900/", Trunks: []string{"backup"}, CallerID: "+14255550100", RingingTimeout: 15 * time.Second},
			{Name: "us", From: "users", To: "+1", Trunks: []string{"carrier", "backup"}},
			{Name: "uk", To: "+44", Trunks: []string{"carrier"}},
			{Name: "main", From: "trunk:carrier", To: "+14255550100", User: "bob"},
			{Name: "block", From: "trunk:carrier", To: "+142555502", Trunks: []string{"pbx"}},
			{Name: "out", From: "trunk:pbx", To: "+", Trunks: []string{"carrier", "pbx"}},
		},
	}
}

// summary writes a decision on one line: route, attempts with what is dialled and
// shown, or the refusal's status.
func summary(d Decision) string {
	if d.Refusal != nil {
		return fmt.Sprintf("%d q850=%d", d.Refusal.Status, d.Refusal.Q850)
	}
	var tries []string
	for _, a := range d.Attempts {
		shown := a.Shown.User
		if a.Shown.Private {
			shown = "private(" + shown + ")"
		}
		tries = append(tries, fmt.Sprintf("%s %s dial %s as %s", a.To.Kind, a.To.Name, a.Dial, shown))
	}
	return d.Route + ": " + strings.Join(tries, "; ")
}

func checkDecide(t *testing.T, p *Plan, r Request, want string) Decision {
	t.Helper()
	d := p.Decide(r)
	if got := summary(d); got != want {
		t.Errorf("%s %s calls %q (From %q, preferred %q, asserted %q, privacy %q)\n got %s\nwant %s\n%v",
			r.Origin.Kind, r.Origin.Name, r.To, r.FromURI, r.PreferredIdentity, r.AssertedIdentity, r.Privacy, got, want, d.Refusal)
	}
	return d
}

func TestDecideRoutesOfUsers(t *testing.T) {
	p := mustPlan(t, office())
	const out = "us: trunk carrier dial +14255550100 as +14255550101; trunk backup dial +14255550100 as +14255550101"
	for to, want := range map[string]string{
		"(425) 555-0100":                       out,
		"sip:4255550100@gw.example;user=phone": out,
		"tel:+14255550100;npdi":                out,
		"00442079460018":                       "uk: trunk carrier dial +442079460018 as +14255550101",
		"1 900 555 0100":                       "premium: trunk backup dial +19005550100 as +14255550100",
		"sip:bob@example.test":                 ": user bob dial bob as alice",
		"bob":                                  ": user bob dial bob as alice",
		"+14255550102":                         ": user bob dial bob as alice",
		"sip:4255550102@h;user=phone":          ": user bob dial bob as alice",
		"sip:4711@h":                           ": user 4711 dial 4711 as alice",
		"sip:4711@h;user=phone":                ": user 4711 dial 4711 as alice",
		"sip:alice@h":                          ": user alice dial alice as alice",
		"+493023125000":                        "404 q850=3",
		"dave":                                 "404 q850=1",
		"Bob":                                  "404 q850=1",
		"5550100":                              "484 q850=28",
		"+999123456":                           "404 q850=28",
		"sip:h":                                "404 q850=28",
		"fax:+14255550100":                     "404 q850=28",
		"urn:service:counseling":               "404 q850=3",
		"urn:service:sosx":                     "404 q850=3",
		"urn:isbn:0":                           "404 q850=3",
	} {
		checkDecide(t, p, Request{Origin: alice, To: to}, want)
	}
}

func TestDecideRoutesOfTrunks(t *testing.T) {
	p := mustPlan(t, office())
	for _, c := range []struct {
		from Party
		to   string
		want string
	}{
		{carrier, "sip:+14255550101@gw", ": user alice dial alice as 2065550123"},
		{carrier, "sip:14255550101@gw", ": user alice dial alice as 2065550123"},
		{carrier, "sip:4255550102@gw", ": user bob dial bob as 2065550123"},
		{carrier, "sip:4255550100@gw", "main: user bob dial bob as 2065550123"},
		{carrier, "sip:4255550200@gw", "block: trunk pbx dial +14255550200 as 2065550123"},
		{carrier, "sip:4255550103@gw", "404 q850=3"},
		{carrier, "sip:+442079460018@gw", "404 q850=3"},
		{carrier, "sip:bob@gw", "404 q850=1"},
		{carrier, "sip:4711@gw", "484 q850=28"},
		{backup, "sip:+14255550101@gw", ": user alice dial alice as 2065550123"},
		{backup, "sip:+14255550100@gw", "404 q850=3"},
		{pbx, "sip:+442079460018@gw", "out: trunk carrier dial +442079460018 as 2065550123; trunk pbx dial +442079460018 as 2065550123"},
		{pbx, "sip:+14255550101@gw", ": user alice dial alice as 2065550123"},
	} {
		checkDecide(t, p, Request{Origin: c.from, To: c.to, FromURI: "sip:2065550123@peer"}, c.want)
	}
}

func TestDecideOriginsUnknown(t *testing.T) {
	p := mustPlan(t, office())
	for _, from := range []Party{{PartyUser, "mallory"}, {PartyUser, ""}, {PartyUser, "carrier"}, {PartyTrunk, "alice"}, {PartyTrunk, ""}, {PartyKind(9), "alice"}} {
		d := checkDecide(t, p, Request{Origin: from, To: "+14255550100"}, "403 q850=21")
		if d.Callee != "+14255550100" {
			t.Errorf("the record lacks the callee: %+v", d)
		}
	}
}

// A name made of digits is dialled as a name by users, and as a number by trunks.
func TestDecideNamesOfDigits(t *testing.T) {
	c := office()
	c.Users = append(c.Users, User{Name: "4255550105"})
	p := mustPlan(t, c)
	checkDecide(t, p, Request{Origin: alice, To: "sip:4255550105@h;user=phone"}, ": user 4255550105 dial 4255550105 as alice")
	checkDecide(t, p, Request{Origin: alice, To: "4255550105"}, ": user 4255550105 dial 4255550105 as alice")
	checkDecide(t, p, Request{Origin: bob, To: "+14255550105"},
		"us: trunk carrier dial +14255550105 as +14255550102; trunk backup dial +14255550105 as +14255550102")
	checkDecide(t, p, Request{Origin: carrier, To: "4255550105"}, "404 q850=3")
}

// A user's own number rings it, unless a route names that very number.
func TestDecideOwnNumbers(t *testing.T) {
	c := office()
	c.Routes = append(c.Routes,
		Route{Name: "night", From: "any", To: "+14255550102", User: "carol"},
		Route{Name: "block2", From: "any", To: "+142555501", Trunks: []string{"pbx"}},
		Route{Name: "pattern", From: "any", To: "/./", Trunks: []string{"pbx"}})
	p := mustPlan(t, c)
	checkDecide(t, p, Request{Origin: alice, To: "+14255550102"}, "night: user carol dial carol as alice")
	checkDecide(t, p, Request{Origin: carrier, To: "+14255550102"}, "night: user carol dial carol as ")
	checkDecide(t, p, Request{Origin: bob, To: "+14255550101"}, ": user alice dial alice as bob")
	checkDecide(t, p, Request{Origin: carrier, To: "+14255550101"}, ": user alice dial alice as ")
	checkDecide(t, p, Request{Origin: carrier, To: "+14255550109"}, "block2: trunk pbx dial +14255550109 as ")
	checkDecide(t, p, Request{Origin: backup, To: "+81312345678"}, "pattern: trunk pbx dial +81312345678 as ")
}

// `from: any` never sends a call back into the trunk it came from.
func TestDecideNeverBack(t *testing.T) {
	c := office()
	c.Routes = []Route{
		{Name: "all", From: "any", To: "+44", Trunks: []string{"carrier", "backup"}},
		{Name: "one", From: "any", To: "+49", Trunks: []string{"carrier"}},
		{Name: "hairpin", From: "trunk:carrier", To: "+39", Trunks: []string{"carrier"}},
	}
	p := mustPlan(t, c)
	checkDecide(t, p, Request{Origin: carrier, To: "+442079460018"}, "all: trunk backup dial +442079460018 as ")
	checkDecide(t, p, Request{Origin: backup, To: "+442079460018"}, "all: trunk carrier dial +442079460018 as ")
	checkDecide(t, p, Request{Origin: carrier, To: "+493023125000"}, "404 q850=3")
	checkDecide(t, p, Request{Origin: carrier, To: "+390669821234"}, "hairpin: trunk carrier dial +390669821234 as ")
	checkDecide(t, p, Request{Origin: carol, To: "+442079460018"},
		"all: trunk carrier dial +442079460018 as carol; trunk backup dial +442079460018 as carol")
}

func TestDecideFirstMatchWins(t *testing.T) {
	c := office()
	c.Routes = []Route{
		{Name: "first", To: "+1425", Trunks: []string{"backup"}},
		{Name: "second", To: "+14255550100", Trunks: []string{"carrier"}},
		{Name: "third", To: "+", Trunks: []string{"pbx"}},
	}
	p := mustPlan(t, c)
	checkDecide(t, p, Request{Origin: carol, To: "+14255550100"}, "first: trunk backup dial +14255550100 as carol")
	checkDecide(t, p, Request{Origin: carol, To: "+12065550100"}, "third: trunk pbx dial +12065550100 as carol")
}

func TestDecideRegexps(t *testing.T) {
	c := office()
	c.Routes = []Route{
		{Name: "anchored", To: `/^\+1(425|206)\d{7}$/`, Trunks: []string{"carrier"}},
		{Name: "anywhere", To: "/555/", Trunks: []string{"backup"}},
	}
	p := mustPlan(t, c)
	checkDecide(t, p, Request{Origin: carol, To: "+14255550100"}, "anchored: trunk carrier dial +14255550100 as carol")
	checkDecide(t, p, Request{Origin: carol, To: "+12125550100"}, "anywhere: trunk backup dial +12125550100 as carol")
	checkDecide(t, p, Request{Origin: carol, To: "+12124440100"}, "404 q850=3")
}

func TestDecideRingingTimeout(t *testing.T) {
	p := mustPlan(t, office())
	for to, want := range map[string]time.Duration{
		"+14255550100": DefaultRingingTimeout,
		"+19005550100": 15 * time.Second,
		"bob":          20 * time.Second,
		"+14255550102": 20 * time.Second,
		"alice":        DefaultRingingTimeout,
		"911":          DefaultRingingTimeout,
	} {
		if d := p.Decide(Request{Origin: alice, To: to}); d.RingingTimeout != want {
			t.Errorf("%s rings %v, want %v", to, d.RingingTimeout, want)
		}
	}
	c := office()
	c.Routes = []Route{{Name: "quick", To: "+14255550102", User: "bob", RingingTimeout: 5 * time.Second}}
	d := mustPlan(t, c).Decide(Request{Origin: alice, To: "+14255550102"})
	if d.RingingTimeout != 5*time.Second {
		t.Errorf("the route's timeout did not outrank the user's: %v", d.RingingTimeout)
	}
}

func TestDecideForTheRecord(t *testing.T) {
	p := mustPlan(t, office())
	for _, c := range []struct {
		to, dialled string
		callee      Number
	}{
		{"sip:(425)%20555-0100@h;user=phone", "(425) 555-0100", "+14255550100"},
		{"tel:+1-425-555-0100;ext=7", "+1-425-555-0100", "+14255550100"},
		{"sip:+493023125000@h", "+493023125000", "+493023125000"},
		{"sip:bob@h", "bob", ""},
		{"sip:5550100@h", "5550100", ""},
		{"sip:911@h", "911", ""},
		{"URN:Service:SOS.Fire", "urn:service:sos.fire", ""},
		{"bob\r\nX=y", "bobX=y", ""},
		{strings.Repeat("x", 1000), strings.Repeat("x", longestDialled), ""},
	} {
		d := p.Decide(Request{Origin: alice, To: c.to})
		if d.Dialled != c.dialled || d.Callee != c.callee {
			t.Errorf("%.40q: dialled %.60q, callee %q, want %.60q, %q", c.to, d.Dialled, d.Callee, c.dialled, c.callee)
		}
	}
}

// The Warning has to be a header value whatever was dialled.
func TestRefusalTexts(t *testing.T) {
	p := mustPlan(t, office())
	for to, want := range map[string]string{
		"5550100":                `399 gw.example.test "'5550100' lacks the area code"`,
		"9911":                   `399 gw.example.test "'9911' is too short for a phone number; for an emergency dial 911 alone"`,
		"+1911":                  `399 gw.example.test "'+1911' is too short for a phone number; for an emergency dial 911 alone"`,
		"dave":                   `399 gw.example.test "'dave' is neither a phone number nor a user here"`,
		`da"v\e`:                 `399 gw.example.test "'da\"v\\e' is neither a phone number nor a user here"`,
		"da\r\nVia=x":            `399 gw.example.test "'daVia=x' is neither a phone number nor a user here"`,
		strings.Repeat("d", 99):  `399 gw.example.test "'` + strings.Repeat("d", 40) + `…' is neither a phone number nor a user here"`,
		"\xff\xfe":               `399 gw.example.test "'?' is neither a phone number nor a user here"`,
		"":                       `399 gw.example.test "no number and no user was dialled"`,
		"http://x":               `399 gw.example.test "'http': is no kind of address that can be called; dial a number or a user's name"`,
		"+493023125000":          `399 gw.example.test "no route leads from user 'alice' to +493023125000"`,
		"+999123456":             `399 gw.example.test "'+999123456' begins with no country's calling code"`,
		"+142555501001":          `399 gw.example.test "'+142555501001' has too many digits for a phone number of its country"`,
		"+442079":                `399 gw.example.test "'+442079' has too few digits for a phone number of its country"`,
		"442079460018":           `399 gw.example.test "'442079460018' has too many digits for a phone number as dialled in US; abroad needs + or the international prefix"`,
		"1425555010":             `399 gw.example.test "'1425555010' has too few digits for a phone number as dialled in US"`,
		"urn:service:counseling": `399 gw.example.test "'urn:service:counseling' is no service that can be called here"`,
	} {
		d := p.Decide(Request{Origin: alice, To: to})
		if d.Refusal == nil || d.Refusal.Warning != want {
			t.Errorf("%q: %v\n got %s\nwant %s", to, d.Refusal, d.Refusal.Warning, want)
		}
	}
}

func TestRefusalError(t *testing.T) {
	p := planFor(t, "US")
	_, refusal := p.Normalise("5550100")
	if got, want := refusal.Error(), "484 Address Incomplete: '5550100' lacks the area code"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if want := `399 tandem "'5550100' lacks the area code"`; refusal.Warning != want {
		t.Errorf("default agent: %q, want %q", refusal.Warning, want)
	}
	for status, phrase := range map[int]string{404: "Not Found", 403: "Forbidden", 484: "Address Incomplete"} {
		for _, r := range []*Refusal{p.notFound(1, "x"), p.forbidden("x"), p.addressIncomplete("x")} {
			if r.Status == status && r.Phrase != phrase {
				t.Errorf("%d is %q, want %q", status, r.Phrase, phrase)
			}
		}
	}
}

func TestPartyKindString(t *testing.T) {
	for kind, want := range map[PartyKind]string{PartyUser: "user", PartyTrunk: "trunk", 7: "unknown(7)"} {
		if got := kind.String(); got != want {
			t.Errorf("%d is %q, want %q", kind, got, want)
		}
	}
}
