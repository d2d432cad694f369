package dialplan

import (
	"strings"
	"testing"
)

func TestEmergencyNumbersByRegion(t *testing.T) {
	for region, c := range map[string]struct{ yes, no string }{
		"US": {"911 112", "999 000 110 988 411 9911 1911 +911 +1911 91 9111"},
		"CA": {"911 112", "999"},
		"GB": {"999 112 911", "000 110 101 111 9999"},
		"DE": {"112 110 911", "999 115 1122 11"},
		"FR": {"112 15 17 18 911", "999 16 150"},
		"IT": {"112 113 115 118 911", "999 117"},
		"AU": {"000 112 106 911", "999 0000"},
		"JP": {"110 119 112 911", "999"},
		"BR": {"190 192 193 112 911", "999"},
		"IN": {"100 101 102 108 112 911", "999"},
		"SG": {"999 995 993 112 911", "998"},
		"NZ": {"111 112", "911 999"}, // 911 is a short code of its own there
		"CN": {"110 119 120 911", "112"},
	} {
		p := planFor(t, region)
		for _, digits := range strings.Fields(c.yes) {
			if got := p.callee("sip:"+digits+"@h", typed); got.kind != calleeEmergency || got.digits != digits {
				t.Errorf("%s: %s is no emergency call: %+v", region, digits, got)
			}
		}
		for _, digits := range strings.Fields(c.no) {
			if got := p.callee("sip:"+digits+"@h", typed); got.kind == calleeEmergency {
				t.Errorf("%s: %s is an emergency call", region, digits)
			}
		}
	}
}

func TestGeneralEmergencyNumber(t *testing.T) {
	for region, want := range map[string]string{
		"US": "911", "CA": "911", "GB": "112", "DE": "112", "FR": "112", "IT": "112", "AU": "000",
		"BR": "112", "IN": "112", "SG": "999", "JP": "110", "NZ": "111", "MX": "911", "CN": "110",
		"GN": "112", // no metadata at all
	} {
		r, ok := newRegion(region)
		if got := r.generalEmergencyNumber(); got != want || !ok {
			t.Errorf("%s: urn:service:sos dials %s, want %s", region, got, want)
		}
	}
}

// Every region has emergency numbers and the hint where to send a URN.
func TestEveryRegionCompiles(t *testing.T) {
	for _, code := range strings.Fields("AC AD AE AR AT BE BR CH CL CN DK EG ES FI GQ HK IE IL IO KR MX NL NO PL PT RU SE TA TK TR UA ZA us gb") {
		p := planFor(t, code)
		if len(p.sosDigits) < 2 || !p.isEmergency("112", "") && !p.isEmergency(p.sosDigits, "") {
			t.Errorf("%s has no emergency number; %q is dialled for a URN", code, p.sosDigits)
		}
	}
}

func TestEmergencyIsDialledUnchanged(t *testing.T) {
	p := mustPlan(t, office())
	const out = "emergency: trunk backup dial %s as +14255550101; trunk carrier dial %s as +14255550101"
	for to, digits := range map[string]string{
		"911":                               "911",
		"9-1-1":                             "911",
		"sip:911@gw.example":                "911",
		"sip:911@gw.example;user=phone":     "911",
		"sip:911;phone-context=+1@gw":       "911",
		"tel:911;phone-context=example.com": "911",
		"tel:112":                           "112",
		"tel:999;phone-context=+44":         "999", // of the country it was dialled in
		"urn:service:sos":                   "911",
		"urn:service:sos.ambulance":         "911",
		"URN:SERVICE:SOS.Police":            "911",
	} {
		d := checkDecide(t, p, Request{Origin: alice, To: to}, strings.ReplaceAll(out, "%s", digits))
		if !d.Emergency || d.Callee != "" {
			t.Errorf("%s: emergency %v, callee %q", to, d.Emergency, d.Callee)
		}
		if isURN := strings.HasPrefix(strings.ToLower(to), "urn:"); isURN != (d.Service == strings.ToLower(to)) {
			t.Errorf("%s: service %q", to, d.Service)
		}
	}
}

// Nothing about the caller stands in the way, and help sees the number.
func TestEmergencyShowsBestOwnNumber(t *testing.T) {
	p := mustPlan(t, office())
	as := func(shown string) string {
		return "emergency: trunk backup dial 911 as " + shown + "; trunk carrier dial 911 as " + shown
	}
	for _, c := range []struct {
		r    Request
		want string
	}{
		{Request{Origin: alice}, "+14255550101"},
		{Request{Origin: alice, PreferredIdentity: "<tel:+14255550199>"}, "+14255550199"},
		{Request{Origin: alice, PreferredIdentity: "<tel:+12065550000>"}, "+14255550101"},
		{Request{Origin: alice, FromURI: "sip:+12065550000@h"}, "+14255550101"},
		{Request{Origin: alice, FromURI: "sip:anonymous@anonymous.invalid", Privacy: "id;critical"}, "+14255550101"},
		{Request{Origin: carol}, "carol"},
		{Request{Origin: Party{PartyUser, "gone"}}, "gone"},
		{Request{Origin: pbx, FromURI: "sip:100@pbx", AssertedIdentity: "<sip:+14255550300@pbx>", Privacy: "id"}, "+14255550300"},
		{Request{Origin: pbx, FromURI: "sip:100@pbx"}, "100"},
		{Request{Origin: Party{PartyTrunk, "gone"}, FromURI: "sip:100@gone"}, "100"},
	} {
		c.r.To = "sip:911@gw"
		d := checkDecide(t, p, c.r, as(c.want))
		for _, a := range d.Attempts {
			if a.Identity.Privacy != "" || a.Identity.FromUser != c.want {
				t.Errorf("%+v: the identity is withheld from %s: %+v", c.r, a.To.Name, a.Identity)
			}
		}
	}
	// From a trunk that says nothing about its caller there is nothing to show.
	checkDecide(t, p, Request{Origin: pbx, To: "911"}, as(""))
}

func TestEmergencyRouteOrder(t *testing.T) {
	c := office()
	c.Routes = []Route{
		{Name: "pbx", From: "trunk:pbx", Trunks: []string{"backup"}, Emergency: true},
		{Name: "police", From: "users", To: "110", Trunks: []string{"carrier"}, Emergency: true},
		{Name: "ordinary", From: "users", To: "+1", Trunks: []string{"pbx"}, Emergency: true, CallerID: "+14255550300"},
	}
	p := mustPlan(t, c)
	for _, x := range []struct {
		from     Party
		to, want string
	}{
		{carol, "110", "police: trunk carrier dial 110 as carol"},
		{carol, "911", "ordinary: trunk pbx dial 911 as +14255550300"},
		{pbx, "911", "pbx: trunk backup dial 911 as "},
		{carrier, "911", "pbx: trunk backup dial 911 as "},    // none is for it: any will do
		{backup, "911", "police: trunk carrier dial 911 as "}, // and never back
		{carol, "4255550100", "ordinary: trunk pbx dial +14255550100 as +14255550300"},
	} {
		checkDecide(t, p, Request{Origin: x.from, To: x.to}, x.want)
	}
	c.Routes = c.Routes[1:2] // police alone takes what else there is
	checkDecide(t, mustPlan(t, c), Request{Origin: carol, To: "911"}, "police: trunk carrier dial 911 as carol")
}

func TestEmergencyNumberOfTheSite(t *testing.T) {
	c := office()
	c.Routes = append(c.Routes,
		Route{Name: "guard", To: "2222", User: "bob", Emergency: true},
		Route{Name: "prefixed", To: "9911", Trunks: []string{"carrier"}, Emergency: true})
	p := mustPlan(t, c)
	checkDecide(t, p, Request{Origin: alice, To: "9911"},
		"emergency: trunk backup dial 9911 as +14255550101; trunk carrier dial 9911 as +14255550101")
	c.Routes = c.Routes[1:]
	p = mustPlan(t, c)
	checkDecide(t, p, Request{Origin: alice, To: "2222"}, "guard: user bob dial bob as +14255550101")
	checkDecide(t, p, Request{Origin: alice, To: "9911"}, "prefixed: trunk carrier dial 9911 as +14255550101")
	checkDecide(t, p, Request{Origin: alice, To: "+14255550100"},
		"us: trunk carrier dial +14255550100 as +14255550101; trunk backup dial +14255550100 as +14255550101")
}

func TestEmergencyWithoutRoute(t *testing.T) {
	c := office()
	c.Routes = c.Routes[1:]
	p := mustPlan(t, c)
	const all = ": trunk backup dial 911 as +14255550101; trunk carrier dial 911 as +14255550101"
	checkDecide(t, p, Request{Origin: alice, To: "911"}, all)
	wantWarning(t, p, "routes", "will try backup, carrier")

	c.Routes = nil // not even an outbound route: every trunk
	p = mustPlan(t, c)
	checkDecide(t, p, Request{Origin: alice, To: "911"},
		": trunk carrier dial 911 as +14255550101; trunk backup dial 911 as +14255550101; trunk pbx dial 911 as +14255550101")
	checkDecide(t, p, Request{Origin: pbx, To: "911"}, ": trunk carrier dial 911 as ; trunk backup dial 911 as ")
	wantWarning(t, p, "routes", "will try carrier, backup, pbx")

	c.Trunks = nil
	p = mustPlan(t, c)
	d := checkDecide(t, p, Request{Origin: alice, To: "911"}, "404 q850=3")
	if !d.Emergency || d.Refusal.Text != "no trunk can take the emergency call to 911" {
		t.Errorf("got %+v, %v", d, d.Refusal)
	}
	wantWarning(t, p, "routes", "will fail")
}

func TestEmergencyBeforeUserOfThatName(t *testing.T) {
	c := office()
	c.Users = append(c.Users, User{Name: "911"})
	p := mustPlan(t, c)
	if d := p.Decide(Request{Origin: alice, To: "sip:911@h"}); !d.Emergency {
		t.Errorf("a user's name took an emergency call: %s", summary(d))
	}
	wantWarning(t, p, "users[4].name", "cannot be called by name")
}

func wantWarning(t *testing.T, p *Plan, path, part string) {
	t.Helper()
	for _, w := range p.Warnings() {
		if w.Path == path && strings.Contains(w.Text, part) {
			return
		}
	}
	t.Errorf("no warning at %s says %q: %v", path, part, p.Warnings())
}

func TestNoWarnings(t *testing.T) {
	if w := mustPlan(t, office()).Warnings(); len(w) != 0 {
		t.Errorf("a sound configuration has warnings: %v", w)
	}
}
