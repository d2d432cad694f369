package dialplan

import (
	"regexp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{2,14}$`)

// dialled draws what people, phones and fuzzers dial.
func dialled() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`(\+|00|011|0)?[0-9]{0,16}`),
		rapid.StringMatching(`(sip:|sips:|tel:|)(\+1|1|)[2-9][0-9]{2}[-. ]?555[-. ]?0[0-9]{3}(;npdi|;ext=1|)(@h|@h;user=phone|)`),
		rapid.StringMatching(`tel:[0-9]{3,10};phone-context=(\+[0-9]{1,5}|h)`),
		rapid.SampledFrom([]string{
			"911", "112", "999", "000", "110", "urn:service:sos", "urn:service:sos.fire", "sip:911@h", "9911",
			"alice", "bob", "sip:carol@h", "4711", "+14255550101", "+14255550102", "+14255550100", "+19005550000", "",
		}),
		rapid.String(),
	)
}

// headers draws a value of an identity header.
func headers() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{
			"", "sip:alice@h", "sip:anonymous@anonymous.invalid", "<tel:+14255550199>", "tel:+12065550000",
			`"A" <sip:4255550101@h>, <tel:+12065550000>`, "sip:+14255550102@h;user=phone",
		}),
		rapid.String(),
	)
}

func drawRequest(t *rapid.T) Request {
	return Request{
		Origin:            rapid.SampledFrom([]Party{alice, bob, carol, carrier, backup, pbx, {PartyUser, "gone"}, {PartyTrunk, "gone"}}).Draw(t, "origin"),
		To:                dialled().Draw(t, "to"),
		FromURI:           headers().Draw(t, "from"),
		FromDisplay:       rapid.String().Draw(t, "display"),
		PreferredIdentity: headers().Draw(t, "preferred"),
		AssertedIdentity:  headers().Draw(t, "asserted"),
		Privacy:           rapid.SampledFrom([]string{"", "id", "none", "user;id"}).Draw(t, "privacy"),
	}
}

// drawRoutes draws any mix of the office's routes, in any order.
func drawRoutes(t *rapid.T) []Route {
	routes := rapid.Permutation(office().Routes).Draw(t, "routes")
	return routes[:rapid.IntRange(0, len(routes)).Draw(t, "kept")]
}

func TestPropertyNormaliseIsIdempotent(t *testing.T) {
	plans := map[string]*Plan{}
	for _, code := range []string{"US", "DE", "GB", "FR", "IT", "AU", "JP", "BR", "IN", "SG", "RU", "AR", "MX", "HU"} {
		plans[code] = planFor(t, code)
	}
	codes := slices.Sorted(func(yield func(string) bool) {
		for code := range plans {
			if !yield(code) {
				return
			}
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		p := plans[rapid.SampledFrom(codes).Draw(t, "region")]
		text := dialled().Draw(t, "text")
		checkIdempotent(t, p, text)
	})
}

// checkIdempotent holds what is true of every reading of every text.
func checkIdempotent(t interface{ Errorf(string, ...any) }, p *Plan, text string) {
	for _, by := range []spelling{typed, carried} {
		a := parseAddress(text)
		digits, ok := dialString(a.user)
		n, refusal := p.readNumber(a, digits, ok, by)
		if (n == "") == (refusal == nil) {
			t.Errorf("%q: number %q and refusal %v", text, n, refusal)
			return
		}
		if refusal != nil {
			if s := refusal.Status; s != 404 && s != 484 || refusal.Warning == "" || refusal.Warning != printable(refusal.Warning) {
				t.Errorf("%q: %+v", text, refusal)
			}
			continue
		}
		if !e164.MatchString(string(n)) {
			t.Errorf("%q: %q is not E.164", text, n)
		}
		for _, again := range []string{string(n), "tel:" + string(n), "sip:" + string(n) + "@h;user=phone"} {
			if m, refusal := p.Normalise(again); m != n {
				t.Errorf("%q is %q, and that again is %q, %v", text, n, m, refusal)
			}
		}
	}
}

func TestPropertyAttemptsOrRefusal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := office()
		c.Routes = drawRoutes(t)
		p, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		r := drawRequest(t)
		d := p.Decide(r)
		if (len(d.Attempts) > 0) == (d.Refusal != nil) {
			t.Fatalf("%d attempts and refusal %v", len(d.Attempts), d.Refusal)
		}
		if again := p.Decide(r); summary(again) != summary(d) {
			t.Fatalf("decided twice: %s, %s", summary(d), summary(again))
		}
		if d.Refusal == nil && d.RingingTimeout <= 0 {
			t.Fatalf("rings %v", d.RingingTimeout)
		}
		for _, a := range d.Attempts {
			checkAttempt(t, r, d, a)
		}
	})
}

// checkAttempt holds what is true of every attempt.
func checkAttempt(t *rapid.T, r Request, d Decision, a Attempt) {
	if a.Dial == "" || a.Identity.FromUser == "" || a.To.Name == "" {
		t.Fatalf("an attempt without %+v", a)
	}
	if a.To == r.Origin && r.Origin.Kind == PartyTrunk && d.Route != "out" {
		t.Fatalf("back into %s by %q", a.To.Name, d.Route)
	}
	if a.To.Kind == PartyTrunk && !d.Emergency && a.Dial != string(d.Callee) {
		t.Fatalf("%s is told %q instead of %q", a.To.Name, a.Dial, d.Callee)
	}
	for _, s := range []string{a.Identity.FromUser, a.Identity.AssertedUser, a.Identity.RemotePartyUser} {
		if s != "" && !writableUser(s) {
			t.Fatalf("%q cannot be written into a header", s)
		}
	}
	if a.Shown.Display != printable(a.Shown.Display) {
		t.Fatalf("display %q has control characters", a.Shown.Display)
	}
	if a.Shown.Private && a.Identity.FromUser != "anonymous" {
		t.Fatalf("private, but From says %q", a.Identity.FromUser)
	}
	if a.Shown.Private && a.To.Name != "pbx" && a.Identity.AssertedUser+a.Identity.RemotePartyUser != "" {
		t.Fatalf("private, but %s learns %+v", a.To.Name, a.Identity)
	}
}

func TestPropertyUsersShowOnlyTheirOwn(t *testing.T) {
	allowed := map[string][]string{
		"alice": {"+14255550101", "+14255550199", "alice"},
		"bob":   {"+14255550102", "bob"},
		"carol": {"carol"},
	}
	p := mustPlan(t, office())
	rapid.Check(t, func(t *rapid.T) {
		r := drawRequest(t)
		d := p.Decide(r)
		own, isUser := allowed[r.Origin.Name]
		if !isUser || d.Route == "premium" {
			return
		}
		for _, a := range d.Attempts {
			if !slices.Contains(own, a.Shown.User) {
				t.Fatalf("%s is shown as %q", r.Origin.Name, a.Shown.User)
			}
		}
	})
}

func TestPropertyEmergencyIsNeverRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := office()
		c.Routes = drawRoutes(t)
		c.Trunks = append(c.Trunks, Trunk{Name: "spare"})
		p, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		r := drawRequest(t)
		r.To = rapid.SampledFrom([]string{"911", "sip:112@h", "tel:9-1-1", "urn:service:sos", "URN:service:sos.gas", "sip:911;x=y@h;user=phone"}).Draw(t, "emergency")
		d := p.Decide(r)
		if !d.Emergency {
			t.Fatalf("%s is no emergency: %s", r.To, summary(d))
		}
		if onlyWayBack(p, r.Origin) {
			return
		}
		if d.Refusal != nil || len(d.Attempts) == 0 {
			t.Fatalf("refused: %v", d.Refusal)
		}
		for _, a := range d.Attempts {
			if a.Dial != "911" && a.Dial != "112" || a.Shown.Private {
				t.Fatalf("dials %q, private %v", a.Dial, a.Shown.Private)
			}
		}
	})
}

// onlyWayBack is true when every trunk that users' calls may take is the one
// that the call came from.
func onlyWayBack(p *Plan, from Party) bool {
	for _, rt := range append(slices.Clone(p.routes), p.lastResort) {
		if (rt.emergency || rt == p.lastResort) && len(rt.trunksFor(from)) > 0 {
			return false
		}
	}
	return true
}
