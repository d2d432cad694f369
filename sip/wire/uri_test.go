package wire

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseURI(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"sip:example.com", "sip:example.com"},
		{"SIP:Alice@Example.COM:5070", "sip:Alice@Example.COM:5070"},
		{"sips:alice:secret@h;transport=TCP;LR", "sips:alice:secret@h;transport=TCP;lr"},
		{"sip:h;a=b=c", "sip:h;a=b=c"},
		{"sip:h:005060", "sip:h:5060"},
		{"sip:%61%2Fb%2fc@h", "sip:a%2Fb%2Fc@h"},
		{"sip:100%@h", "sip:100%25@h"},
		{"sip:%%34%31@h", "sip:%2541@h"},
		{"sip:*98#@h", "sip:*98#@h"},
		{"sip:user@[2001:DB8::1]:5060;x", "sip:user@[2001:DB8::1]:5060;x"},
		{"sip:h?Subject=a%20b&Route=%3Csip:x%3E", "sip:h?Subject=a%20b&Route=%3Csip:x%3E"},
		{"sip:b@h;method=INVITE?Replaces=1@h%3Bto-tag=2", "sip:b@h;method=INVITE?Replaces=1@h%3Bto-tag=2"},
		{"sip:h?&", "sip:h"},
		{"sip:h;", "sip:h"},
		{"TEL:+1-425-555-0100;ext=7", "tel:+1-425-555-0100;ext=7"},
		{"urn:service:sos", "urn:service:sos"},
		{"h323:a@b", "h323:a@b"},
		{"sip:my_host", "sip:my_host"},
	} {
		uri, err := ParseURI(test.text)
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
			continue
		}
		eq(t, test.text, string(AppendURI(nil, &uri)), test.want)
	}
}

func TestParseURIFlaws(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "no scheme",
		"alice":                       "no scheme",
		":alice":                      "no scheme",
		"1sip:h":                      "no scheme",
		"sip:":                        "no host",
		"sip:@h":                      "no user",
		"sip::p@h":                    "no user",
		"sip:a@b@c":                   "bad host",
		"sip://h":                     "no host",
		"sip:h:":                      "bad port",
		"sip:h:x":                     "bad port",
		"sip:h:65536":                 "bad port",
		"sip:h/x":                     "bad host",
		"sip:[::1":                    "has no end",
		"sip:[1.2.3.4]":               "bad IPv6",
		"sip:[fe80::1%25eth0]":        "bad IPv6",
		"sip:[::1]x":                  "bad host",
		"sip:h;;a":                    "empty URI parameter",
		"sip:h;=a":                    "empty URI parameter",
		"sip:h;a=1;a=2":               "given twice",
		"sip:h" + manyParams(65):      "too many",
		"sip:a b@h":                   "character ' '",
		"sip:a<b@h":                   "character '?'",
		"sip:a\x00@h":                 "character '?'",
		"sip:a\"@h":                   "character '?'",
		"tel:":                        "nothing after",
		"sip:h;" + "a=\x7f":           "character",
		strings.Repeat("x", 60) + ":": "nothing after",
	} {
		if _, err := ParseURI(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, want %q", text, err, want)
		}
	}
}

// RFC 3261 s19.1.4's examples, and RFC 5954's.
func TestEqualURI(t *testing.T) {
	same := [][]string{
		{"sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"},
		{"sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"},
		{"sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
			"sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com"},
		{"sip:alice@atlanta.com?subject=project%20x&priority=urgent", "sip:alice@atlanta.com?priority=urgent&subject=project%20x"},
		{"sip:bob@[::ffff:192.0.2.128]", "sip:bob@[::ffff:c000:280]"},
		{"sip:bob@[2001:db8::9:1]", "sip:bob@[2001:db8::9:01]", "sip:bob@[2001:0db8:0:0:0:0:9:1]"},
		{"tel:+14255550100", "TEL:+14255550100"},
		{"sip:h?to=a&to=b", "sip:h?TO=b&to=%61"},
	}
	differ := [][]string{
		{"SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"},
		{"sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", "sip:bob@biloxi.com;transport=udp", "sip:bob@biloxi.com:6000;transport=tcp"},
		{"sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"},
		{"sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"},
		{"sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"},
		{"sip:a@h", "sips:a@h"}, {"sip:a@h", "sip:a@h;user=phone"}, {"sip:a@h", "sip:a@h;maddr=1.2.3.4"},
		{"sip:a:p@h", "sip:a@h"}, {"sip:a@h?a=1", "sip:a@h?b=1"}, {"sip:h?a=1&a=1", "sip:h?a=1&a=2"}, {"tel:+1", "tel:+2"}, {"tel:+1", "urn:+1"},
	}
	check := func(sets [][]string, want bool) {
		for _, set := range sets {
			for i := range set {
				for j := range set {
					a, err1 := ParseURI(set[i])
					b, err2 := ParseURI(set[j])
					if err1 != nil || err2 != nil {
						t.Fatal(err1, err2)
					}
					if got := EqualURI(&a, &b); i != j && got != want || i == j && !got {
						t.Errorf("%s and %s equal: %v", set[i], set[j], got)
					}
				}
			}
		}
	}
	check(same, true)
	check(differ, false)
}

// Whatever a user's bytes, EscapeUser makes them a URI's user, which ParseURI reads.
func TestEscapeUserProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		user := string(rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "user"))
		uri, err := ParseURI("sip:" + EscapeUser(user) + "@h")
		if err != nil {
			t.Fatal(err)
		}
		if got := Unescape(uri.User); got != user {
			t.Fatalf("%q came back as %q", user, got)
		}
	})
}

// The normal form of a URI is its own normal form and equal to the URI.
func TestNormalURIProperty(t *testing.T) {
	piece := rapid.StringOfN(rapid.RuneFrom([]rune("aZ09-_.!~*'()%25&=+$,;?/:@[]#")), 0, 20, -1)
	rapid.Check(t, func(t *rapid.T) {
		a, err := ParseURI("sip:" + piece.Draw(t, "user") + "@h" + piece.Draw(t, "rest"))
		if err != nil {
			return
		}
		text := string(AppendURI(nil, &a))
		b, err := ParseURI(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if again := string(AppendURI(nil, &b)); again != text || !EqualURI(&a, &b) {
			t.Fatalf("%s and %s", text, again)
		}
	})
}
