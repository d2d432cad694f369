package refer

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseReplaces(t *testing.T) {
	for value, want := range map[string]Replaces{
		// RFC 3891 s6.1 and s1.
		"98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff":         {"98732@sip.example.com", "ff87ff", "r33th4x0r", false},
		"12adf2f34456gs5;to-tag=12345;from-tag=54321;early-only":         {"12adf2f34456gs5", "12345", "54321", true},
		"87134@171.161.34.23;to-tag=24796;from-tag=0":                    {"87134@171.161.34.23", "24796", "0", false},
		"425928@bobster.example.org;to-tag=7743;from-tag=6472":           {"425928@bobster.example.org", "7743", "6472", false},
		"425928@phone.example.org ;to-tag=7743;from-tag=6472;early-only": {"425928@phone.example.org", "7743", "6472", true},
		"x ; TO-TAG = 1 ; x=y ; From-Tag = 2":                            {"x", "1", "2", false},
		"x;to-tag=1;to-tag=1;from-tag=2;early-only=true":                 {"x", "1", "2", true},
		"<a>[b]{c}/d?e\\\":()~@h;to-tag=1;from-tag=2":                    {"<a>[b]{c}/d?e\\\":()~@h", "1", "2", false},
	} {
		got, err := ParseReplaces(value)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", value, got, err, want)
		}
	}
}

func TestBrokenReplaces(t *testing.T) {
	for _, value := range []string{
		"", ";to-tag=1;from-tag=2", "x", "x;to-tag=1", "x;from-tag=1", "x;to-tag;from-tag=2", "x;to-tag=;from-tag=2",
		"x;to-tag=1;from-tag=", "x;to-tag=1;to-tag=2;from-tag=3", "x;to-tag=1;from-tag=2;from-tag=3", "x y;to-tag=1;from-tag=2",
		"x;to-tag=1;from-tag=2, y;to-tag=1;from-tag=2", "x,y;to-tag=1;from-tag=2", "x;to-tag=\"a b\";from-tag=2",
		"x\r\n;to-tag=1;from-tag=2", "x;to-tag=1@h;from-tag=2", "é;to-tag=1;from-tag=2",
	} {
		if got, err := ParseReplaces(value); err == nil || got != (Replaces{}) {
			t.Errorf("%q is taken: %+v", value, got)
		}
	}
}

func TestReadReplaces(t *testing.T) {
	const good = "Replaces: x;to-tag=1;from-tag=2"
	for _, c := range []struct {
		name, method string
		lines        []string
		want         string // the refusal, or "" for none
		there        bool
	}{
		{"none", "INVITE", nil, "", false},
		{"one", "INVITE", []string{good, "Require: replaces"}, "", true},
		{"two", "INVITE", []string{good, good}, "400 Bad Replaces: more than one", false},
		{"not an INVITE", "REFER", []string{good}, "400 Bad Replaces: it belongs in an INVITE", false},
		{"Join", "INVITE", []string{good, "Join: x;to-tag=1;from-tag=2"}, "400 Bad Replaces: with Join, which contradicts it", false},
		{"broken", "INVITE", []string{"Replaces: x"}, "400 Bad Replaces: no to-tag that is a token", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, r := ReadReplaces(message(t, c.method, 1, "", c.lines...))
			if (got != nil) != c.there {
				t.Errorf("Replaces is %+v", got)
			}
			if refusal := errorText(r); refusal != c.want {
				t.Errorf("refused with %q, want %q", refusal, c.want)
			}
		})
	}
}

func errorText(r *Refusal) string {
	if r == nil {
		return ""
	}
	return r.Error()
}

func TestReplacesMatches(t *testing.T) {
	// RFC 3891 s7.1: Alice's dialog has her tag 7743 and the desk's 6472.
	r, err := ParseReplaces("425928@phone.example.org;to-tag=7743;from-tag=6472;early-only")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		callID, local, remote string
		want                  bool
	}{
		{"425928@phone.example.org", "7743", "6472", true},
		{"425928@phone.example.org", "6472", "7743", false},
		{"425928@PHONE.example.org", "7743", "6472", false},
		{"425928@phone.example.org", "7743", "", false},
		{"425928@phone.example.org", "7743", "6473", false},
	} {
		if r.Matches(c.callID, c.local, c.remote) != c.want {
			t.Errorf("%+v: not %v", c, c.want)
		}
	}
	// s6.1: "a tag of zero matches both tags of zero and null".
	old := Replaces{CallID: "x", ToTag: "24796", FromTag: "0"}
	if !old.Matches("x", "24796", "") || !old.Matches("x", "24796", "0") || old.Matches("x", "24796", "1") || old.Matches("x", "", "0") {
		t.Error("the zero tag")
	}
}

func replacements() *rapid.Generator[Replaces] {
	return rapid.Custom(func(t *rapid.T) Replaces {
		return Replaces{
			CallID:    rapid.StringMatching(`[a-zA-Z0-9.!%*_+~()<>:"/?{}\[\]\\`+"`'"+`-]{1,20}(@[a-z0-9.]{1,9})?`).Draw(t, "callID"),
			ToTag:     rapid.StringMatching(`[a-zA-Z0-9.!%*_+~-]{1,12}`).Draw(t, "to"),
			FromTag:   rapid.StringMatching(`[a-zA-Z0-9.!%*_+~-]{1,12}`).Draw(t, "from"),
			EarlyOnly: rapid.Bool().Draw(t, "early"),
		}
	})
}

func TestReplacesComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent := replacements().Draw(t, "replaces")
		value, err := sent.Value()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseReplaces(value); err != nil || got != sent {
			t.Fatalf("%q: %+v, %v", value, got, err)
		}
	})
}

func TestTargetDialog(t *testing.T) {
	// RFC 4538 s10: the caller's tag kkaz- is the recipient's own.
	const value = "fa77as7dad8-sd98ajzz@host.example.com;local-tag=kkaz-;remote-tag=6544"
	d, ok := ParseTargetDialog(value)
	if !ok || !d.Matches("fa77as7dad8-sd98ajzz@host.example.com", "kkaz-", "6544") {
		t.Fatalf("%+v, %v", d, ok)
	}
	if d.Matches("fa77as7dad8-sd98ajzz@host.example.com", "6544", "kkaz-") || d.Matches("other", "kkaz-", "6544") {
		t.Error("it matches what it is not")
	}
	if got, err := d.Value(); err != nil || got != value {
		t.Errorf("%s, %v", got, err)
	}
	// s4: "if they don't contain both … the header field MUST be ignored".
	for _, broken := range []string{"", "x", "x;local-tag=1", "x;remote-tag=1", "x;local-tag;remote-tag=1", "x;local-tag=1;remote-tag",
		"x;local-tag=1;local-tag=2;remote-tag=3", ";local-tag=1;remote-tag=2", "x;local-tag=1;remote-tag=a@b"} {
		if d, ok := ParseTargetDialog(broken); ok || d != (TargetDialog{}) {
			t.Errorf("%q is taken: %+v", broken, d)
		}
	}
	for _, bad := range []TargetDialog{{}, {"x", "", "1"}, {"x", "1", ""}, {"x\r\n", "1", "2"}, {"x", "1;", "2"}, {"x", "1", "2 "}} {
		if got, err := bad.Value(); !errors.Is(err, ErrUnsafe) || got != "" {
			t.Errorf("%+v: %q, %v", bad, got, err)
		}
	}
}

func TestParseReferredBy(t *testing.T) {
	for _, c := range []struct {
		value string
		want  ReferredBy
	}{
		// RFC 3892 s3 and RFC 3891 s1.
		{`sip:r@ref.example;cid="2UWQFN309shb3@ref.example"`, ReferredBy{URI: "sip:r@ref.example", CID: "2UWQFN309shb3@ref.example"}},
		{"<sip:alice@phone1.example.org>", ReferredBy{URI: "sip:alice@phone1.example.org"}},
		{`"Alice" <sips:a@h;user=phone>;x=y`, ReferredBy{Display: "Alice", URI: "sips:a@h;user=phone"}},
		{"<tel:+12015550123>", ReferredBy{URI: "tel:+12015550123"}},
	} {
		got, err := ParseReferredBy(c.value)
		c.want.Raw = c.value
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v", c.value, got, err)
		}
		// s2.2: "without modification".
		if again, err := got.Value(); err != nil || again != c.value {
			t.Errorf("%s is passed on as %s, %v", c.value, again, err)
		}
	}
	for _, broken := range []string{"", "alice", "<sip:a@h", "<sip:a@h>, <sip:b@h>", "sip:a@h?x=y", "<sip:a@h>;cid=1;cid=2"} {
		if got, err := ParseReferredBy(broken); err == nil || got != (ReferredBy{}) {
			t.Errorf("%q is taken: %+v", broken, got)
		}
	}
}

func TestReadReferredBy(t *testing.T) {
	for _, c := range []struct {
		lines []string
		uri   string
		want  string
	}{
		{nil, "", ""},
		{[]string{"Referred-By: <sip:a@h>"}, "sip:a@h", ""},
		{[]string{"b: sip:a@h"}, "sip:a@h", ""},
		{[]string{"Referred-By: <sip:a@h>", "Referred-By: <sip:b@h>"}, "", "400 Bad Referred-By: more than one"},
		{[]string{"Referred-By: nobody"}, "", "400 Bad Referred-By: no scheme in URI 'nobody'"},
	} {
		by, r := ReadReferredBy(message(t, "INVITE", 1, "", c.lines...))
		if errorText(r) != c.want || (by != nil) != (c.uri != "") || by != nil && by.URI != c.uri {
			t.Errorf("%q: %+v, %v", c.lines, by, r)
		}
	}
}

func TestWriteReferredBy(t *testing.T) {
	for _, c := range []struct {
		by   ReferredBy
		want string
	}{
		{ReferredBy{URI: "sip:a@h"}, "<sip:a@h>"},
		{ReferredBy{Display: "Zoë", URI: "tel:+1"}, `"Zoë" <tel:+1>`},
		{ReferredBy{URI: "sip:r@ref.example", CID: "2UWQFN309shb3@ref.example"}, `<sip:r@ref.example>;cid="2UWQFN309shb3@ref.example"`},
		{ReferredBy{URI: "sip:ignored@h", Raw: "sip:as@it.came"}, "sip:as@it.came"},
	} {
		if got, err := c.by.Value(); err != nil || got != c.want {
			t.Errorf("%+v: %s, %v", c.by, got, err)
		}
	}
	for _, by := range []ReferredBy{{}, {URI: "sip:a@h\n"}, {URI: "sip:a@h", Display: "\r"}, {URI: "sip:a@h", CID: `x"y`},
		{URI: "sip:a@h?Subject=x"}, {Raw: "sip:a@h\r\nX: y"}} {
		if got, err := by.Value(); !errors.Is(err, ErrUnsafe) || got != "" {
			t.Errorf("%+v: %q, %v", by, got, err)
		}
	}
}

func TestParseFragment(t *testing.T) {
	for body, want := range map[string]Status{
		// RFC 3515 s2.4.5.
		"SIP/2.0 100 Trying\r\n":              {100, "Trying"},
		"SIP/2.0 200 OK\r\n":                  {200, "OK"},
		"SIP/2.0 503 Service Unavailable\r\n": {503, "Service Unavailable"},
		"SIP/2.0 603 Declined":                {603, "Declined"},
		// What phones send.
		"SIP/2.0 200 OK":   {200, "OK"},
		"SIP/2.0 200 OK\n": {200, "OK"},
		"SIP/2.0 200 OK\r": {200, "OK"},
		"SIP/2.0 200":      {200, ""},
		"SIP/2.0 200 \r\n": {200, ""},
		"sip/2.0 486 Busy": {486, "Busy"},
		"\r\n\r\n SIP/2.0 180 Ringing\r\nTo: <sip:x@h>\r\n": {180, "Ringing"},
		"SIP/2.0  404  Not Found ":                          {404, "Not Found"},
		"SIP/2.0 404 Nicht gefunden: Zoë":                   {404, "Nicht gefunden: Zoë"},
		"SIP/2.0 500 a\tb\x00c":                             {500, "a b c"},
		"SIP/2.0 500 \xff\xfeok":                            {500, "ok"},
		"SIP/2.0 699 x":                                     {699, "x"},
		"SIP/2.0 500 " + strings.Repeat("x", 5000):          {500, strings.Repeat("x", maxPhrase)},
		"SIP/2.0 500 " + strings.Repeat("x", 199) + "é":     {500, strings.Repeat("x", 199)},
	} {
		if got, err := ParseFragment([]byte(body)); err != nil || got != want {
			t.Errorf("%.60q: %+v, %v; want %+v", body, got, err, want)
		}
	}
	for _, body := range []string{
		"", "\r\n", "OK", "SIP/2.0", "SIP/2.0 ", "SIP/2.0 20", "SIP/2.0 2000 OK", "SIP/2.0 099 x", "SIP/2.0 700 x", "SIP/2.0 +20 x",
		"SIP/2.0 abc x", "SIP/3.0 200 OK", "HTTP/1.1 200 OK", "INVITE sip:a@h SIP/2.0\r\n", "SIP/2.0\r\n200 OK", "xSIP/2.0 200 OK",
	} {
		if got, err := ParseFragment([]byte(body)); err == nil || got != (Status{}) {
			t.Errorf("%q is taken: %+v", body, got)
		}
	}
}

func TestFragment(t *testing.T) {
	for want, s := range map[string]Status{
		"SIP/2.0 100 Trying\r\n":        {Code: 100},
		"SIP/2.0 486 Busy Here\r\n":     {Code: 486},
		"SIP/2.0 299 OK\r\n":            {Code: 299},
		"SIP/2.0 480 a  b\r\n":          {480, "a\r\nb"},
		"SIP/2.0 603 Nein, danke\r\n":   {603, "Nein, danke"},
		"SIP/2.0 200 OK\r\n":            {200, ""},
		"SIP/2.0 183 Still ringing\r\n": {183, "Still ringing"},
	} {
		if got := string(s.Fragment()); got != want {
			t.Errorf("%+v: %q, want %q", s, got, want)
		}
	}
	// RFC 3515 s4.1: F3 has Content-Length 20, F5 has 16.
	if n, m := len(code(100).Fragment()), len(code(200).Fragment()); n != 20 || m != 16 {
		t.Errorf("%d and %d bytes", n, m)
	}
}

func TestStatusClasses(t *testing.T) {
	for _, c := range []struct {
		code           int
		final, success bool
	}{{0, false, false}, {100, false, false}, {199, false, false}, {200, true, true}, {299, true, true}, {300, true, false}, {603, true, false}} {
		if s := code(c.code); s.Final() != c.final || s.Success() != c.success {
			t.Errorf("%d: final %v, success %v", c.code, s.Final(), s.Success())
		}
	}
}
