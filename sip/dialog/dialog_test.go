package dialog

import (
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// RFC 3261 s12.2.1.1, with its own example of a strict router.
func TestPath(t *testing.T) {
	for _, tt := range []struct {
		name            string
		routes          string
		uri, route, hop string
	}{
		{"no route", "", "sip:user@remoteua", "", "sip:user@remoteua"},
		{"loose", "<sip:proxy1;lr>,<sip:proxy2>", "sip:user@remoteua", "<sip:proxy1;lr> <sip:proxy2>", "sip:proxy1;lr"},
		{"strict", "<sip:proxy1>,<sip:proxy2>,<sip:proxy3;lr>,<sip:proxy4>", "sip:proxy1", "<sip:proxy2> <sip:proxy3;lr> <sip:proxy4> <sip:user@remoteua>", "sip:proxy1"},
		{"strict with what a Request-URI may not have", "<sip:proxy1;x=1;method=INVITE?Subject=a>", "sip:proxy1;x=1", "<sip:user@remoteua>", "sip:proxy1;x=1;method=INVITE?Subject=a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := Dialog{Target: "sip:user@remoteua"}
			if tt.routes != "" {
				d.Routes = strings.Split(tt.routes, ",")
			}
			before := strings.Join(d.Routes, ",")
			uri, routes, hop := d.path()
			if uri != tt.uri || strings.Join(routes, " ") != tt.route || hop != tt.hop {
				t.Errorf("%q by %q over %q, want %q by %q over %q", uri, routes, hop, tt.uri, tt.route, tt.hop)
			}
			if strings.Join(d.Routes, ",") != before {
				t.Error("the route set has changed")
			}
		})
	}
}

// A whole call through a strict router.
func TestStrictRoute(t *testing.T) {
	r := rawCaller(t, nil)
	r.respond(sip.INVITE, 200, "them", append(at("them"), "Record-Route: <sip:far.test;lr>, <sip:strict.test>"), rawOffer)
	r.do(func(u *Usage) { u.Bye(r.now) })
	for _, method := range []sip.RequestMethod{sip.ACK, sip.BYE} {
		req := r.request(method)
		if uri, routes := req.Recipient.String(), strings.Join(wire.Values(req, "Route"), " "); uri != "sip:strict.test" || routes != "<sip:far.test;lr> <sip:them@192.0.2.2:5060>" {
			t.Errorf("the %s is for %q by %q", method, uri, routes)
		}
	}
}

// Names with quotes, parameters and odd URIs come back in our requests as they were.
func TestRemotePartyIsRepeated(t *testing.T) {
	for _, from := range []string{
		`"A \"quoted\" \\ name" <sip:them@192.0.2.2>;tag=them`,
		`"Comma, Inc." <sip:them@192.0.2.2;user=phone?x=y>;tag=them;x="a;b"`,
		`<sip:them@[2001:db8::1]:5070;lr>;x;tag=them`,
		`<tel:+14255550100;phone-context=x>;tag=them`,
		`sip:them@192.0.2.2;tag=them`,
	} {
		r := newRaw(t, transport.UDP)
		text := r.requestText("INVITE", "", at("them"), "")
		req := r.parse(strings.Replace(text, "<sip:them@192.0.2.2>;tag=them", from, 1)).(*sip.Request)
		want := req.From()
		r.begin(req)
		r.do(func(u *Usage) { u.Answer(r.now, answer()) })
		r.receive(r.requestText("ACK", "", nil, rawOffer))
		r.do(func(u *Usage) { u.Bye(r.now) })
		got := r.request(sip.BYE).To()
		if got.DisplayName != want.DisplayName || got.Address.String() != want.Address.String() || got.Params.String() != want.Params.String() {
			t.Errorf("To is %q, From was %q", got.Value(), from)
		}
	}
}

// Our own side is the To of the INVITE with our tag.
func TestLocalPartyIsRepeated(t *testing.T) {
	r := newRaw(t, transport.UDP)
	text := r.requestText("INVITE", "", at("them"), "")
	const to = `"Us, \"all\"" <sip:+1425@192.0.2.1;user=phone>;x=y`
	r.begin(r.parse(strings.Replace(text, "To: <sip:us@192.0.2.1>", "To: "+to, 1)).(*sip.Request))
	if want := to + ";tag=us"; r.usage.local != want {
		t.Errorf("we are %q, want %q", r.usage.local, want)
	}
}

func TestRequestURI(t *testing.T) {
	for text, want := range map[string]string{
		"sip:a@h":                      "sip:a@h",
		"sip:a@h:5070;transport=tcp;x": "sip:a@h:5070;transport=tcp;x",
		"sip:a@h;method=INVITE;x=1?Subject=b&To=c": "sip:a@h;x=1",
		"sips:a:b@[2001:db8::1]:5061":              "sips:a:b@[2001:db8::1]:5061",
		"tel:+1425;phone-context=x":                "tel:+1425;phone-context=x",
	} {
		u, err := wire.ParseURI(text)
		if err != nil {
			t.Fatal(err)
		}
		before := u.String()
		if got := requestURI(u); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
		if u.String() != before {
			t.Errorf("%q has changed into %q", before, u.String())
		}
	}
}
