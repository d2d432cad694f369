package dialplan

import "testing"

// seeds are Request-URIs and dial strings of every kind that is read.
var seeds = []string{
	"(425) 555-0100", "+14255550100", "011442079460018", "00442079460018", "9911", "911", "",
	"sip:4255550100@gw.example;user=phone", "sip:+1425;npdi;rn=+1206@h:5060;transport=tcp?X=y",
	"tel:5550100;phone-context=+1425", "tel:02079460018;phone-context=+44", "tel:1;phone-context=%2B",
	"urn:service:sos.police", "sips:b%6Fb:pw@[2001:db8::1]:5061;lr", "sip:@", "sip:%", "sip:%zz@h",
	`"Alice \"A\"" <sip:alice@h>, <tel:+14255550199>`, "<sip:a@b", `"`, `"\`, "Anonymous <sip:anonymous@anonymous.invalid>",
	"\u202a+1 (425) 555\u20110100\u202c", "\xff\xfe", "+++", "*67", "mailto:x@y", "1425555010", "0000000000000000",
}

func FuzzNormalise(f *testing.F) {
	regions := []string{"US", "DE", "IT", "BR", "SG", "AR", "RU"}
	var plans []*Plan
	for _, r := range regions {
		plans = append(plans, planFor(f, r))
	}
	for i, text := range seeds {
		f.Add(text, uint8(i))
	}
	f.Fuzz(func(t *testing.T, text string, region uint8) {
		checkIdempotent(t, plans[int(region)%len(plans)], text)
	})
}

func FuzzDecide(f *testing.F) {
	p := mustPlan(f, office())
	for i, text := range seeds {
		f.Add(text, seeds[len(seeds)-1-i], seeds[(i*7)%len(seeds)], "id;user", i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, to, from, identity, privacy string, trunk bool) {
		r := Request{Origin: alice, To: to, FromURI: from, FromDisplay: identity, PreferredIdentity: identity, AssertedIdentity: identity, Privacy: privacy}
		if trunk {
			r.Origin = pbx
		}
		d := p.Decide(r)
		if (len(d.Attempts) > 0) == (d.Refusal != nil) {
			t.Fatalf("%d attempts and refusal %v", len(d.Attempts), d.Refusal)
		}
		if d.Dialled != printable(d.Dialled) || len(d.Dialled) > longestDialled {
			t.Errorf("dialled %q", d.Dialled)
		}
		if d.Refusal != nil && d.Refusal.Warning != printable(d.Refusal.Warning) {
			t.Errorf("warning %q", d.Refusal.Warning)
		}
		for _, a := range d.Attempts {
			if !writableUser(a.Identity.FromUser) || a.Identity.FromDisplay != printable(a.Identity.FromDisplay) {
				t.Errorf("identity %+v", a.Identity)
			}
		}
	})
}
