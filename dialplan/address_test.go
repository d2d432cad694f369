package dialplan

import (
	"slices"
	"strings"
	"testing"
)

func TestParseAddress(t *testing.T) {
	for _, c := range []struct {
		text string
		want address
	}{
		{"sip:bob@example.test", address{scheme: "sip", raw: "bob", user: "bob", host: "example.test"}},
		{"SIPS:Bob@EXAMPLE.test:5061", address{scheme: "sips", raw: "Bob", user: "Bob", host: "example.test"}},
		{"sip:bob:pw@example.test", address{scheme: "sip", raw: "bob", user: "bob", host: "example.test"}},
		{"sip:b%6Fb@example.test", address{scheme: "sip", raw: "b%6Fb", user: "bob", host: "example.test"}},
		{"sip:b%0Ab@example.test", address{scheme: "sip", raw: "b%0Ab", user: "b%0Ab", host: "example.test"}},
		{"sip:100%@example.test", address{scheme: "sip", raw: "100%", user: "100%", host: "example.test"}},
		{"sip:example.test", address{scheme: "sip", host: "example.test"}},
		{"sip:[2001:db8::1]", address{scheme: "sip", host: "[2001:db8::1]"}},
		{"sip:bob@[2001:db8::1]:5060;lr", address{scheme: "sip", raw: "bob", user: "bob", host: "[2001:db8::1]"}},
		{
			"sip:+1425;npdi;phone-context=a@h;user=PHONE;x=y?Replaces=z",
			address{scheme: "sip", raw: "+1425", user: "+1425", host: "h", context: "a", phone: true},
		},
		{
			"sip:1;phone-context=inner@h;phone-context=outer",
			address{scheme: "sip", raw: "1", user: "1", host: "h", context: "inner"},
		},
		{"tel:+1-425;ext=7", address{scheme: "tel", raw: "+1-425", user: "+1-425", phone: true}},
		{"bob", address{raw: "bob", user: "bob"}},
		{"bob@example.test", address{raw: "bob", user: "bob", host: "example.test"}},
		{"(425) 555-0100;ext=7", address{raw: "(425) 555-0100", user: "(425) 555-0100"}},
		{"URN:service:SOS", address{scheme: "urn", raw: "service:SOS"}},
		{"mailto:bob@example.test", address{scheme: "mailto"}},
		{":5060", address{}},
		{"12:34", address{raw: "12", user: "12"}},
		{"", address{}},
	} {
		if got := parseAddress(c.text); got != c.want {
			t.Errorf("parseAddress(%q)\n got %+v\nwant %+v", c.text, got, c.want)
		}
	}
}

func TestParseNameAddrs(t *testing.T) {
	for _, c := range []struct {
		header string
		want   []nameAddr
	}{
		{"", nil},
		{" , ,", nil},
		{"sip:a@b", []nameAddr{{"", "sip:a@b", ""}}},
		{"<sip:a@b>", []nameAddr{{"", "sip:a@b", ""}}},
		{"<sip:a@b;user=phone>;screen=yes", []nameAddr{{"", "sip:a@b;user=phone", "screen=yes"}}},
		{"Alice <sip:a@b>", []nameAddr{{"Alice", "sip:a@b", ""}}},
		{`"Alice, \"A\" <x>" <sip:a@b>`, []nameAddr{{`Alice, "A" <x>`, "sip:a@b", ""}}},
		{`"A" <sip:a@b>, <tel:+14255550100>`, []nameAddr{{"A", "sip:a@b", ""}, {"", "tel:+14255550100", ""}}},
		{"<sip:a@b?x=1,2>, tel:+1", []nameAddr{{"", "sip:a@b?x=1,2", ""}, {"", "tel:+1", ""}}},
		{`"open <sip:a@b>`, []nameAddr{{"", `"open <sip:a@b>`, ""}}},
		{`"a\`, []nameAddr{{"", `"a\`, ""}}},
		{"<sip:a@b", []nameAddr{{"", "sip:a@b", ""}}},
		{"<>", nil},
	} {
		if got := parseNameAddrs(c.header); !slices.Equal(got, c.want) {
			t.Errorf("parseNameAddrs(%q)\n got %q\nwant %q", c.header, got, c.want)
		}
	}
}

func TestUnquote(t *testing.T) {
	for in, want := range map[string]string{
		``: ``, `a`: `a`, `"`: `"`, `""`: ``, `"a b"`: `a b`, `"a\"b\\"`: `a"b\`, `"a\"`: `a\`,
	} {
		if got := unquote(in); got != want {
			t.Errorf("unquote(%s) = %s, want %s", in, got, want)
		}
	}
}

func TestWritableUser(t *testing.T) {
	for user, want := range map[string]bool{
		"": false, "alice": true, "+14255550100": true, "a.b-c_d!e~f*g'h(i)": true, "a%20b": true,
		"a b": false, "a@b": false, "a\r\nb": false, `a"b`: false, "a<b": false, "a;b": false, "é": false,
	} {
		if got := writableUser(user); got != want {
			t.Errorf("writableUser(%q) = %v, want %v", user, got, want)
		}
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"Alice": "Alice", "A\r\nVia: x": "AVia: x", "é\u0085x\x7f\x00": "éx", "": "",
	} {
		if got := printable(in); got != want {
			t.Errorf("printable(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestShorten(t *testing.T) {
	long := strings.Repeat("é", longestDialled)
	got := shorten(long)
	if len(got) > longestDialled || !strings.HasPrefix(long, got) || got == "" {
		t.Errorf("shorten cut %d bytes to %d: %q", len(long), len(got), got)
	}
	if got := shorten("bob\r\n"); got != "bob" {
		t.Errorf("shorten kept line ends: %q", got)
	}
}
