package dialplan

import "testing"

func TestDeflection(t *testing.T) {
	p := mustPlan(t, office())
	for uri, want := range map[string]Forward{
		"sip:bob@example.test":                     {User: "bob"},
		"sip:+14255550177@example.test;user=phone": {Number: "+14255550177"},
		"sip:4255550177@example.test":              {Number: "+14255550177"},
		"tel:+14255550177":                         {Number: "+14255550177"},
		"sip:911@example.test":                     {},
		"urn:service:sos":                          {},
		"sip:dave@example.test":                    {},
		"mailto:bob@example.test":                  {},
		"":                                         {},
	} {
		if got := p.Deflection(uri); got != want {
			t.Errorf("%s: %+v, want %+v", uri, got, want)
		}
	}
}
