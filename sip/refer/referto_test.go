package refer

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseTarget(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        Target
	}{
		// RFC 3515 s2.1.
		{"plain", "sip:alice@atlanta.example.com",
			Target{URI: "sip:alice@atlanta.example.com", Scheme: "sip", User: "alice", Host: "atlanta.example.com"}},
		{"accept-contact", "<sip:bob@biloxi.example.net?Accept-Contact=sip:bobsdesk.biloxi.example.net&Call-ID%3D55432%40alicepc.atlanta.example.com>",
			Target{URI: "sip:bob@biloxi.example.net", Scheme: "sip", User: "bob", Host: "biloxi.example.net",
				Headers: []Header{{"Accept-Contact", "sip:bobsdesk.biloxi.example.net"}}}},
		{"replaces", "<sip:dave@denver.example.org?Replaces=12345%40192.168.118.3%3Bto-tag%3D12345%3Bfrom-tag%3D5FFE-3994>",
			Target{URI: "sip:dave@denver.example.org", Scheme: "sip", User: "dave", Host: "denver.example.org",
				Replaces: &Replaces{CallID: "12345@192.168.118.3", ToTag: "12345", FromTag: "5FFE-3994"}}},
		{"method INVITE", "<sip:carol@cleveland.example.org;method=INVITE>",
			Target{URI: "sip:carol@cleveland.example.org", Scheme: "sip", User: "carol", Host: "cleveland.example.org"}},
		// RFC 5589 s7: attended, with a GRUU and Require.
		{"attended", "<sips:482n4z24kdg@chicago.example.com;gr=8594958?Replaces=592435881734450904%3Bto-tag%3D9m2n3wq%3Bfrom-tag%3D763231&Require=replaces>",
			Target{URI: "sips:482n4z24kdg@chicago.example.com;gr=8594958", Scheme: "sips", User: "482n4z24kdg", Host: "chicago.example.com",
				Replaces: &Replaces{CallID: "592435881734450904", ToTag: "9m2n3wq", FromTag: "763231"}, Require: []string{"replaces"}}},
		{"early-only, small letters", "<sip:a@h?replaces=x%3bto-tag=1%3bfrom-tag=2%3bEarly-Only>",
			Target{URI: "sip:a@h", Scheme: "sip", User: "a", Host: "h", Replaces: &Replaces{"x", "1", "2", true}}},
		{"join", "<sip:a@h?Join=x%3Bto-tag%3D1%3Bfrom-tag%3D2>",
			Target{URI: "sip:a@h", Scheme: "sip", User: "a", Host: "h", Join: &Join{"x", "1", "2"}}},
		{"semicolons not escaped", "<sip:a@h?Replaces=x;to-tag=1;from-tag=2>",
			Target{URI: "sip:a@h", Scheme: "sip", User: "a", Host: "h", Replaces: &Replaces{"x", "1", "2", false}}},
		{"several option tags", "<sip:a@h?Require=replaces%2C%20100REL>",
			Target{URI: "sip:a@h", Scheme: "sip", User: "a", Host: "h", Require: []string{"replaces", "100rel"}}},
		{"name", `"Bob \"the\" Builder" <sip:bob@h:5070;transport=tcp>;x=y`,
			Target{Display: `Bob "the" Builder`, URI: "sip:bob@h:5070;transport=tcp", Scheme: "sip", User: "bob", Host: "h"}},
		{"method between others", "<sip:a@h;transport=tcp;METHOD=invite;lr>",
			Target{URI: "sip:a@h;transport=tcp;lr", Scheme: "sip", User: "a", Host: "h"}},
		{"header parameters of an addr-spec", "sip:a@h;method=BYE",
			Target{URI: "sip:a@h", Scheme: "sip", User: "a", Host: "h"}},
		{"nobody in particular", "<sip:h>", Target{URI: "sip:h", Scheme: "sip", Host: "h"}},
		{"IPv6", "<sip:a@[2001:db8::1]>", Target{URI: "sip:a@[2001:db8::1]", Scheme: "sip", User: "a", Host: "[2001:db8::1]"}},
		// RFC 3966 s6 and RFC 3261 s19.1.6.
		{"tel", "tel:+1-201-555-0123", Target{URI: "tel:+1-201-555-0123", Scheme: "tel", Number: "+12015550123"}},
		{"local tel", "<tel:7042;phone-context=example.com>",
			Target{URI: "tel:7042;phone-context=example.com", Scheme: "tel", Number: "7042", Context: "example.com"}},
		{"tel with a prefix", "<TEL:863-1234;phone-context=+1-914-555>",
			Target{URI: "tel:863-1234;phone-context=+1-914-555", Scheme: "tel", Number: "8631234", Context: "+1-914-555"}},
		{"user=phone", "<sip:+358-555-1234567;postd=pp22@foo.com;user=phone>",
			Target{URI: "sip:+358-555-1234567;postd=pp22@foo.com;user=phone", Scheme: "sip",
				User: "+358-555-1234567;postd=pp22", Host: "foo.com", Number: "+3585551234567"}},
		{"user=phone of a name", "<sip:alice@h;user=phone>",
			Target{URI: "sip:alice@h;user=phone", Scheme: "sip", User: "alice", Host: "h"}},
		{"star code", "<sip:*21*5551234%23@h;user=phone>",
			Target{URI: "sip:*21*5551234%23@h;user=phone", Scheme: "sip", User: "*21*5551234#", Host: "h", Number: "*21*5551234#"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, r := ParseTarget(c.value)
			if r != nil {
				t.Fatal(r)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("\n got  %+v\n want %+v", got, c.want)
			}
		})
	}
}

func TestDangerousHeadersAreNotTaken(t *testing.T) {
	// RFC 3261 s19.1.5.
	for _, h := range []string{
		"From", "f", "To", "Call-ID", "i", "CSeq", "Via", "Record-Route", "Route", "Contact", "Max-Forwards",
		"P-Asserted-Identity", "Authorization", "Proxy-Authorization", "Content-Type", "Content-Length",
		"User-Agent", "Allow", "Supported", "Accept", "Privacy", "Diversion", "body", "X-Unknown",
	} {
		got, r := ParseTarget("<sip:a@h?" + h + "=evil>")
		if r != nil || got.Headers != nil || got.Require != nil || got.URI != "sip:a@h" {
			t.Errorf("%s: %+v, %v", h, got, r)
		}
	}
}

func TestHeadersCannotInject(t *testing.T) {
	got, r := ParseTarget("<sip:a@h?Subject=x%0D%0ARoute:%20evil&subject=plain>")
	if r != nil || len(got.Headers) != 1 || got.Headers[0] != (Header{"Subject", "plain"}) {
		t.Errorf("%+v, %v", got, r)
	}
}

func TestRefusedTargets(t *testing.T) {
	for _, c := range []struct {
		value  string
		status int
		phrase string // a part of it
	}{
		{"", 400, "empty value"},
		{"alice", 400, "no scheme"},
		{"<sip:alice@h", 400, "no closing bracket"},
		{"sip:a@h?Replaces=x", 400, "angle brackets"},
		{"<sip:a@h>, <sip:b@h>", 400, "more than one"},
		{"<sip:@h>", 400, "no user"},
		{"<sip:a@h:99999>", 400, "bad port"},
		{"<sip:a@h>;x=1;x=2", 400, "given twice"},
		{"*", 400, ""},
		{"http://www.example.com/", 416, "Scheme"},
		{"<mailto:a@h>", 416, "Scheme"},
		{"<urn:service:sos>", 416, "Scheme"},
		{"<sip:a@h;method=BYE>", 603, "INVITE"},
		{"<sip:a@h;method=SUBSCRIBE>", 603, "INVITE"},
		{"<sip:a@h;method>", 603, "INVITE"},
		{"<tel:alice>", 400, "telephone"},
		{"<tel:+1abc>", 400, "telephone"},
		{"<tel:+>", 400, "telephone"},
		{"<tel:--->", 400, "telephone"},
		{"<sip:a@h?Join=x>", 400, "to-tag"},
		{"<sip:a@h?Join=x%3Bto-tag%3D1%3Bfrom-tag%3D2%3Bearly-only>", 400, "early-only"},
		{"<sip:a@h?Join=x%3Bto-tag%3D1%3Bfrom-tag%3D2&Join=y%3Bto-tag%3D1%3Bfrom-tag%3D2>", 400, "more than one"},
		{"<sip:a@h?Join=x%3Bto-tag%3D1%3Bfrom-tag%3D2&Replaces=y%3Bto-tag%3D1%3Bfrom-tag%3D2>", 400, "contradict"},
		{"<sip:a@h?Replaces=x>", 400, "to-tag"},
		{"<sip:a@h?Replaces=x%3Bto-tag%3D1>", 400, "from-tag"},
		{"<sip:a@h?Replaces=%3Bto-tag%3D1%3Bfrom-tag%3D2>", 400, "Call-ID"},
		{"<sip:a@h?Replaces=x%0D%0AEvil%3Bto-tag%3D1%3Bfrom-tag%3D2>", 400, "Call-ID"},
		{"<sip:a@h?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2&REPLACES=y%3Bto-tag%3D1%3Bfrom-tag%3D2>", 400, "more than one"},
		{"<sip:a@h?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2%2Cy%3Bto-tag%3D1%3Bfrom-tag%3D2>", 400, "unexpected"},
		{"<sip:a@h?Require=>", 400, "option tag"},
		{"<sip:a@h?Require=a%20b>", 400, "option tag"},
	} {
		got, r := ParseTarget(c.value)
		if r == nil {
			t.Errorf("%q is taken: %+v", c.value, got)
			continue
		}
		if r.Status != c.status || !strings.Contains(r.Phrase, c.phrase) || strings.ContainsAny(r.Phrase, "\r\n") {
			t.Errorf("%q: %v, want %d …%s…", c.value, r, c.status, c.phrase)
		}
		if !reflect.DeepEqual(got, Target{}) {
			t.Errorf("%q: refused, and yet %+v", c.value, got)
		}
	}
}

func TestWriteTarget(t *testing.T) {
	for _, c := range []struct {
		target Target
		want   string
	}{
		{Target{URI: "sip:c@h"}, "<sip:c@h>"},
		{Target{URI: "tel:+12015550123"}, "<tel:+12015550123>"},
		{Target{Display: `A "B"`, URI: "sips:c@h;transport=tcp"}, `"A \"B\"" <sips:c@h;transport=tcp>`},
		// RFC 3515 s2.1, the third example.
		{Target{URI: "sip:dave@denver.example.org", Replaces: &Replaces{CallID: "12345@192.168.118.3", ToTag: "12345", FromTag: "5FFE-3994"}},
			"<sip:dave@denver.example.org?Replaces=12345%40192.168.118.3%3Bto-tag%3D12345%3Bfrom-tag%3D5FFE-3994>"},
		{Target{URI: "sip:d@h", Join: &Join{"x", "1", "2"}}, "<sip:d@h?Join=x%3Bto-tag%3D1%3Bfrom-tag%3D2>"},
		{Target{URI: "sip:d@h", Replaces: &Replaces{"x", "1", "2", true}, Require: []string{"replaces", "100rel"}},
			"<sip:d@h?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2%3Bearly-only&Require=replaces%2C100rel>"},
		{Target{URI: "sip:d@h", Headers: []Header{{"Subject", "a & b = <c>\""}}},
			"<sip:d@h?Subject=a%20%26%20b%20%3D%20%3Cc%3E%22>"},
	} {
		got, err := c.target.Value()
		if err != nil || got != c.want {
			t.Errorf("%+v: %s, %v; want %s", c.target, got, err, c.want)
		}
	}
}

func TestUnsafeTargets(t *testing.T) {
	replaces := Replaces{"x", "1", "2", false}
	for name, target := range map[string]Target{
		"no URI":           {},
		"line in the URI":  {URI: "sip:c@h\r\nEvil: yes"},
		"bracket":          {URI: "sip:c@h>;evil"},
		"headers in URI":   {URI: "sip:c@h?Replaces=x"},
		"line in the name": {URI: "sip:c@h", Display: "a\nb"},
		"NUL in the name":  {URI: "sip:c@h", Display: "a\x00b"},
		"Call-ID":          {URI: "sip:c@h", Replaces: &Replaces{"x;y", "1", "2", false}},
		"to-tag":           {URI: "sip:c@h", Replaces: &Replaces{"x", "1;a=b", "2", false}},
		"from-tag":         {URI: "sip:c@h", Replaces: &Replaces{"x", "1", "", false}},
		"header name":      {URI: "sip:c@h", Headers: []Header{{"A:B", "x"}}},
		"header value":     {URI: "sip:c@h", Headers: []Header{{"Subject", "x\r\ny"}}},
		"tel and Replaces": {URI: "tel:+1", Replaces: &replaces},
		"tel and headers":  {URI: "tel:+1", Headers: []Header{{"Subject", "x"}}},
	} {
		if got, err := target.Value(); !errors.Is(err, ErrUnsafe) || got != "" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// targets are what a REFER may ask for.
func targets() *rapid.Generator[Target] {
	return rapid.Custom(func(t *rapid.T) Target {
		target := Target{
			Display: rapid.StringMatching(`[ -~é]{0,10}`).Draw(t, "display"),
			URI: rapid.SampledFrom([]string{"sip:a@h", "sips:b@h:5061;transport=tcp", "sip:+12015550123@h;user=phone",
				"sip:[2001:db8::1]", "sip:%23%25@h"}).Draw(t, "uri"),
		}
		target.Display = strings.TrimSpace(target.Display)
		if rapid.Bool().Draw(t, "replaces") {
			r := replacements().Draw(t, "dialog")
			target.Replaces = &r
		}
		if rapid.Bool().Draw(t, "require") {
			target.Require = []string{"replaces"}
		}
		if rapid.Bool().Draw(t, "subject") {
			target.Headers = []Header{{"Subject", rapid.StringMatching(`[ -~éß€]{1,20}`).Draw(t, "text")}}
		}
		return target
	})
}

func TestTargetsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent := targets().Draw(t, "target")
		value, err := sent.Value()
		if err != nil {
			t.Fatal(err)
		}
		got, r := ParseTarget(value)
		if r != nil {
			t.Fatalf("%s: %v", value, r)
		}
		got.Scheme, got.User, got.Host, got.Number = "", "", "", ""
		if !reflect.DeepEqual(got, sent) {
			t.Fatalf("%s:\n got  %+v\n want %+v", value, got, sent)
		}
	})
}
