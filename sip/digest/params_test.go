package digest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestParseChallenge(t *testing.T) {
	for value, want := range map[string]Challenge{
		`Digest realm="a", nonce="n"`: {Realm: "a", Nonce: "n", Algorithm: MD5},
		`  digest  REALM = "a \"b\" \\ c" ,, Nonce="n,=" ,qop="Auth , auth-int",algorithm=sha-256, stale=TRUE,opaque="o" ,domain="sip:h"`: {
			Realm: `a "b" \ c`, Nonce: "n,=", Algorithm: SHA256, QOP: []string{"auth", "auth-int"}, Stale: true, Opaque: "o"},
		`Digest realm="", nonce=unquoted, algorithm="MD5", qop=auth, stale="true"`: {
			Nonce: "unquoted", Algorithm: MD5, QOP: []string{"auth"}, Stale: true},
		`Digest realm="a", nonce="n", algorithm=AKAv1-MD5, stale=false`: {Realm: "a", Nonce: "n"},
	} {
		got, err := ParseChallenge(value)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %+v, %v, want %+v", value, got, err, want)
		}
	}
}

func TestParseFlaws(t *testing.T) {
	for value, want := range map[string]string{
		`Digest nonce="n"`:                       "no realm",
		`Digest realm="r"`:                       "no nonce",
		`Digest`:                                 "no realm",
		`Digest realm`:                           "no value for realm",
		`Digest realm=`:                          "bad value of realm",
		`Digest realm="r`:                        "has no end",
		`Digest realm="r\"`:                      "has no end",
		`Digest realm="r" nonce="n"`:             "text after realm",
		`Digest realm="r"x, nonce="n"`:           "text after realm",
		`Digest realm=r"x", nonce="n"`:           "bad value of realm",
		`Digest realm="r", Realm="s", nonce="n"`: "realm given twice",
		`Digest realm="r", ="s"`:                 "no parameter name",
		`Digest realm="r", nonce="n"` + many(40): "more than 32 parameters",
	} {
		if _, err := ParseChallenge(value); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v, want %q", value, err, want)
		}
	}
	for _, value := range []string{"", "Basic abc", "NoOneKnowsThisScheme opaque-data=here", "DigestX realm=\"r\""} {
		_, err1 := ParseChallenge(value)
		_, err2 := ParseCredentials(value)
		if !errors.Is(err1, ErrOtherScheme) || !errors.Is(err2, ErrOtherScheme) {
			t.Errorf("%q gives %v and %v", value, err1, err2)
		}
	}
}

func many(n int) string {
	var s strings.Builder
	for i := range n {
		fmt.Fprintf(&s, ", p%d=1", i)
	}
	return s.String()
}

// sound are credentials with everything; tests replace single parameters.
const sound = `Digest username="u", realm="r", nonce="n", uri="sip:h", response="0", algorithm=MD5, cnonce="c", qop=auth, nc=00000001`

func TestCredentialsFlaws(t *testing.T) {
	if _, err := ParseCredentials(sound); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ old, new, want string }{
		{`username="u", `, ``, "not exactly one of username and username*"},
		{`username="u"`, `username="u", username*=UTF-8''u`, "not exactly one of username and username*"},
		{`username="u"`, `username*=ISO-8859-1''u`, "bad username*"},
		{`username="u"`, `username*=UTF-8'u`, "bad username*"},
		{`username="u"`, `username*=UTF-8''%zz`, "bad username*"},
		{`username="u"`, `username*=UTF-8''%ff`, "bad username*"},
		{`realm="r", `, ``, "no realm"},
		{`nonce="n", `, ``, "no nonce"},
		{`uri="sip:h", `, ``, "no uri"},
		{`response="0", `, ``, "no response"},
		{`cnonce="c", `, ``, "no cnonce"},
		{`, nc=00000001`, ``, "nc is not eight"},
		{`nc=00000001`, `nc=1`, "nc is not eight"},
		{`nc=00000001`, `nc=0000000g`, "nc is not eight"},
		{`nc=00000001`, `nc=000000001`, "nc is not eight"},
		{`algorithm=MD5, cnonce="c", qop=auth, nc=00000001`, `algorithm=MD5-sess`, "no cnonce with a -sess"},
		{`username="u"`, `username="u`, "text after"},
	} {
		value := strings.Replace(sound, test.old, test.new, 1)
		if _, err := ParseCredentials(value); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s gives %v, want %q", value, err, test.want)
		}
	}
}

func TestCredentialsRoundTrip(t *testing.T) {
	want := Credentials{
		Username: `a "b" \ é`, Realm: `r "x"`, Nonce: "n==", URI: "sip:a@h;x=1,2", Response: "0123abcd", Opaque: "o", Algorithm: SHA256Sess,
		QOP: "auth", NC: "0000001f", CNonce: `c"`,
	}
	value, err := want.Format()
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseCredentials(value)
	if err != nil {
		t.Fatal(err)
	}
	if got.rawUsername != `a \"b\" \\ é` || got.count() != 31 {
		t.Errorf("raw user name %s, count %d", got.rawUsername, got.count())
	}
	got.rawUsername = ""
	if got != want {
		t.Errorf("%s is\n%+v, want\n%+v", value, got, want)
	}
	// RFC 3261 s25.1: qop and nc of credentials are tokens, algorithm is one anywhere.
	for _, part := range []string{", qop=auth, ", ", nc=0000001f", ", algorithm=SHA-256-sess, "} {
		if !strings.Contains(value, part) {
			t.Errorf("%s has no %s", value, part)
		}
	}
}

func TestFormatRefusesInjection(t *testing.T) {
	for _, bad := range []string{"a\r\nEvil: 1", "a\nb", "a\rb", "a\x00b"} {
		for _, c := range []Credentials{{Username: bad}, {Realm: bad}, {Nonce: bad}, {URI: bad}, {Response: bad}, {Opaque: bad}, {CNonce: bad}, {QOP: bad}, {QOP: "auth", NC: bad}} {
			if _, err := c.Format(); !errors.Is(err, ErrUnsafe) {
				t.Errorf("%+v: %v", c, err)
			}
		}
		for _, c := range []Challenge{{Realm: bad}, {Nonce: bad}, {Opaque: bad}, {QOP: []string{bad}}} {
			if _, err := c.Format(); !errors.Is(err, ErrUnsafe) {
				t.Errorf("%+v: %v", c, err)
			}
		}
	}
}

func TestEquivalentURI(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"sip:alice@h", "sip:alice@h", true},
		{"sip:alice@h", "sip:alice@H:5060;transport=tcp?Subject=x", true},
		{"SIP:alice@h", "sips:alice@h", true},
		{"sip:alice:secret@h", "sip:alice@h", true},
		{"sip:%61lice@h", "sip:alice@h", true},
		{"sip:100%@h", "sip:100%25@h", true},
		{"sip:[2001:db8::1]:5060", "sip:[2001:DB8::1]", true},
		{"sip:h", "sip:h;lr", true},
		{"tel:+1425;ext=1", "TEL:+1425", true},
		{"", "", true},
		{"sip:alice@h", "sip:bob@h", false},
		{"sip:alice@h", "sip:Alice@h", false},
		{"sip:alice@h", "sip:alice@g", false},
		{"sip:alice@h", "sip:h", false},
		{"sip:alice@h", "tel:alice@h", false},
		{"tel:+1425", "tel:+1426", false},
		{"sip:", "sip:;x", false},
		{"", "sip:", false},
		{"*", "sip:h", false},
	} {
		if EquivalentURI(test.a, test.b) != test.want || EquivalentURI(test.b, test.a) != test.want {
			t.Errorf("%q and %q equivalent: %v", test.a, test.b, !test.want)
		}
	}
}
