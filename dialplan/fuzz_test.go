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

func FuzzHistory(f *testing.F) {
	p := mustPlan(f, office())
	for i, text := range append([]string{
		"<sip:b@h>;reason=user-busy;counter=2, \"A\" <sip:+14255550101@h>;reason=no-answer;privacy=full",
		"<sip:a@c?Privacy=history&Reason=SIP%3Bcause%3D302>;index=1, <sip:b@c;cause=408>;index=1.1;mp=1",
		"<tel:+1425;cause=486>;index=1,<sip:x>;index=.;mp=.,<;cause=>;index;mp", ";;;,<>,<;>;\"", "\xc4\xc4\xc4\xc40;CAuse=", "<sip:%0d%0aVia:x@h>;reason=\"\\",
	}, seeds...) {
		f.Add(text, seeds[i%len(seeds)], "history")
		f.Add(seeds[i%len(seeds)], text, "")
	}
	f.Fuzz(func(t *testing.T, diversion, historyInfo, privacy string) {
		r := Request{Origin: carrier, To: "+14255550101", Diversion: diversion, HistoryInfo: historyInfo, Privacy: privacy}
		list := history(&r)
		if len(list) > maxHistory {
			t.Fatalf("%d diversions", len(list))
		}
		for _, d := range list {
			if d.Count < 1 || d.Count > maxCount || d.By != "" || d.User != "" || d.Display != printable(d.Display) {
				t.Errorf("%+v", d)
			}
		}
		for _, d := range p.Decide(r).Attempts[0].Diversions {
			if d.Private && d.URI+d.Display != "" {
				t.Errorf("a phone is told of %+v", d)
			}
		}
		if d := p.Forward(r, Forwarding{By: "bob", To: Forward{User: "carol"}}); d.Refusal == nil && count(list) >= maxDiversions {
			t.Errorf("forwarded after %d diversions", count(list))
		}
	})
}
