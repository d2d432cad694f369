package phone

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

const invite = "INVITE sip:bob@192.0.2.11 SIP/2.0\r\n" +
	"v: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK1;rport\r\n" +
	"Record-Route: <sip:p1;lr>\r\n" +
	"Record-Route: <sip:p2;lr>\r\n" +
	"f: \"A ; B\" <sip:alice@example.test;x=1>;tag=a1\r\n" +
	"t: sip:bob@example.test\r\n" +
	"i: c1\r\n" +
	"CSeq: 7 INVITE\r\n" +
	"Subject: folded\r\n over two lines\r\n" +
	"l: 4\r\n\r\nbodyrest"

func TestParse(t *testing.T) {
	m, err := Parse([]byte(invite))
	if err != nil {
		t.Fatal(err)
	}
	number, method := m.CSeq()
	got := []any{m.Method, m.URI, m.Body, m.Branch(), m.Tag("From"), m.Tag("To"), number, method,
		m.Get("subject"), len(m.All("record-route")), m.IsRequest(), m.Name()}
	want := []any{"INVITE", "sip:bob@192.0.2.11", "body", "z9hG4bK1", "a1", "", uint32(7), "INVITE",
		"folded over two lines", 2, true, "INVITE"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestParseResponse(t *testing.T) {
	m, err := Parse([]byte("SIP/2.0 480 Temporarily Unavailable\r\nTo: <sip:b@c>;tag=9\r\n\r\n"))
	if err != nil || m.Status != 480 || m.Reason != "Temporarily Unavailable" || m.IsRequest() {
		t.Fatalf("%+v, %v", m, err)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, packet := range []string{
		"", "\r\n\r\n", "INVITE sip:a@b SIP/2.0\r\n", "INVITE sip:a@b SIP/3.0\r\n\r\n",
		"SIP/2.0 999 No\r\n\r\n", "SIP/2.0 abc No\r\n\r\n", "INVITE sip:a@b SIP/2.0\r\nVia\r\n\r\n",
	} {
		if m, err := Parse([]byte(packet)); !errors.Is(err, ErrNotSIP) {
			t.Errorf("Parse(%q) = %v, %v", packet, m, err)
		}
	}
}

func TestHeaders(t *testing.T) {
	m := &Message{Status: 200}
	m.Add("Via", "1")
	m.Add("To", "2")
	m.Add("via", "3")
	m.Set("VIA", "4")
	m.Set("New", "5")
	if want := []Field{{"Via", "4"}, {"To", "2"}, {"New", "5"}}; !reflect.DeepEqual(m.Fields, want) {
		t.Errorf("after Set: %v", m.Fields)
	}
	c := m.Clone()
	c.Set("To", "changed")
	if m.Del("new"); m.Has("New") || m.Get("To") != "2" {
		t.Errorf("after Del and a changed clone: %v", m.Fields)
	}
}

func TestAddresses(t *testing.T) {
	for value, want := range map[string][2]string{
		`"x" <sip:alice@h;transport=tcp>;tag=1`: {"sip:alice@h;transport=tcp", "alice"},
		`sip:bob@h;tag=1`:                       {"sip:bob@h", "bob"},
		`<sip:h>`:                               {"sip:h", ""},
		`<tel:+1425>`:                           {"tel:+1425", ""},
	} {
		if uri := URI(value); uri != want[0] || User(uri) != want[1] {
			t.Errorf("%s: URI %q, user %q", value, uri, User(uri))
		}
	}
}

func TestAddress(t *testing.T) {
	for uri, want := range map[string]string{
		"sip:a@192.0.2.1":            "192.0.2.1:5060",
		"sip:192.0.2.1:5070;lr":      "192.0.2.1:5070",
		"sip:a@[2001:db8::1]:5070":   "[2001:db8::1]:5070",
		"sip:a@[2001:db8::1]?x=y":    "[2001:db8::1]:5060",
		"sip:+1;phone-context=x@h.t": "",
	} {
		at, ok := Address(uri)
		if ok != (want != "") || (ok && at.String() != want) {
			t.Errorf("%s: %v, %v", uri, at, ok)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(invite))
	f.Add([]byte("SIP/2.0 200 OK\r\nContent-Length: 99\r\n\r\nx"))
	f.Fuzz(func(t *testing.T, packet []byte) {
		m, err := Parse(packet)
		if err != nil {
			return
		}
		m.Branch()
		m.Tag("From")
		m.CSeq()
		m.Del("Content-Length")
		again, err := Parse([]byte(m.String()))
		if err != nil || again.Start() != m.Start() || again.Body != m.Body {
			t.Fatalf("not the same after writing: %v\n%q\n%q", err, m, again)
		}
	})
}

func TestString(t *testing.T) {
	m := &Message{Status: 200, Reason: "OK", Body: "abc"}
	if s := m.String(); s != "SIP/2.0 200 OK\r\nContent-Length: 3\r\n\r\nabc" {
		t.Errorf("%q", s)
	}
	m.Set("Content-Length", "7")
	if s := m.String(); !strings.Contains(s, "Content-Length: 7") {
		t.Errorf("a length that is there is changed: %q", s)
	}
}
