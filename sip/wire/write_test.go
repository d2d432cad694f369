package wire

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
	"pgregory.net/rapid"
)

// outgoing is a request as our own code builds it.
func outgoing() *sip.Request {
	req := sip.NewRequest(sip.INVITE, sip.Uri{Scheme: "sip", User: "bob", Host: "example.com"})
	callID, maxForwards := sip.CallIDHeader("1@gateway"), sip.MaxForwardsHeader(70)
	contentType := sip.ContentTypeHeader("application/sdp")
	expires := sip.ExpiresHeader(60)
	for _, h := range []sip.Header{
		&sip.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: "UDP", Host: "2001:db8::1", Port: 5060,
			Params: sip.HeaderParams{{K: "branch", V: "z9hG4bK1"}, {K: "rport"}}},
		&maxForwards,
		&sip.FromHeader{DisplayName: `Alice "A" \ B`, Address: sip.Uri{Scheme: "sip", User: "alice", Host: "h"},
			Params: sip.HeaderParams{{K: "tag", V: "a1"}}},
		&sip.ToHeader{Address: sip.Uri{Scheme: "sip", User: "bob", Host: "example.com"}},
		&callID,
		&sip.CSeqHeader{SeqNo: 1, MethodName: sip.INVITE},
		&sip.ContactHeader{Address: sip.Uri{Host: "h", Port: 5062, UriParams: sip.HeaderParams{{K: "transport", V: "tcp"}}},
			Params: sip.HeaderParams{{K: "+sip.instance", V: `"<urn:uuid:1>"`}, {K: "note", V: "two words"}}},
		&sip.RouteHeader{Address: sip.Uri{Scheme: "sip", Host: "proxy", UriParams: sip.HeaderParams{{K: "lr"}}}},
		&sip.RecordRouteHeader{Address: sip.Uri{Scheme: "sip", Host: "us", UriParams: sip.HeaderParams{{K: "lr"}}}},
		&sip.ReferToHeader{Address: sip.Uri{Scheme: "sip", Host: "c", Headers: sip.HeaderParams{{K: "Replaces", V: "1%40h"}, {K: "x", V: "1"}}}},
		&sip.ReferredByHeader{DisplayName: "R", Address: sip.Uri{Scheme: "sip", Host: "r"}},
		sip.NewHeader("k", "timer"),
		&expires,
		&contentType,
		sip.NewHeader("Content-Length", "999"),
		sip.NewHeader("X-Own", "kept, as it is; yes"),
	} {
		req.AppendHeader(h)
	}
	req.SetBody([]byte("v=0\r\n"))
	return req
}

func TestAppend(t *testing.T) {
	got, err := Append([]byte("before "), outgoing())
	if err != nil {
		t.Fatal(err)
	}
	eq(t, "message", string(got), "before "+crlf(`INVITE sip:bob@example.com SIP/2.0
Via: SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bK1;rport
Max-Forwards: 70
From: "Alice \"A\" \\ B" <sip:alice@h>;tag=a1
To: <sip:bob@example.com>
Call-ID: 1@gateway
CSeq: 1 INVITE
Contact: <sip:h:5062;transport=tcp>;+sip.instance="<urn:uuid:1>";note="two words"
Route: <sip:proxy;lr>
Record-Route: <sip:us;lr>
Refer-To: <sip:c?Replaces=1%40h&x=1>
Referred-By: "R" <sip:r>
Supported: timer
Expires: 60
Content-Type: application/sdp
X-Own: kept, as it is; yes
Content-Length: 5

v=0
`))
}

func TestAppendResponse(t *testing.T) {
	res := sip.NewResponse(200, "OK")
	res.SipVersion = "sip/1.0"
	res.AppendHeader(&sip.ContactHeader{Address: sip.Uri{Wildcard: true, Host: "*"}})
	got, err := Append(nil, res)
	if err != nil {
		t.Fatal(err)
	}
	eq(t, "message", string(got), "SIP/2.0 200 OK\r\nContact: *\r\nContent-Length: 0\r\n\r\n")
}

// Every place that a string of ours can get into, with each character that would end
// its line.
func TestAppendRefusesInjection(t *testing.T) {
	for _, bad := range []string{"a\r\nEvil: 1", "a\nEvil: 1", "a\rb", "a\x00b"} {
		for name, spoil := range map[string]func(*sip.Request){
			"Request-Line: ":   func(r *sip.Request) { r.Method = sip.RequestMethod(bad) },
			"Request-URI: ":    func(r *sip.Request) { r.Recipient.User = bad },
			"Request-URI: c":   func(r *sip.Request) { r.Recipient.Host = bad },
			"Via: host":        func(r *sip.Request) { r.Via().Host = bad },
			"Via: protocol":    func(r *sip.Request) { r.Via().Transport = bad },
			"Via: ":            func(r *sip.Request) { r.Via().Params[0].V = bad },
			"Via: parameter":   func(r *sip.Request) { r.Via().Params[0].K = bad },
			"From: character":  func(r *sip.Request) { r.From().Address.User = bad },
			"From: ":           func(r *sip.Request) { r.From().Params[0].V = bad },
			"To: character":    func(r *sip.Request) { r.To().Address.UriParams = sip.HeaderParams{{K: "x", V: bad}} },
			"Call-ID: no word": func(r *sip.Request) { *r.CallID() = sip.CallIDHeader(bad) },
			"CSeq: method":     func(r *sip.Request) { r.CSeq().MethodName = sip.RequestMethod(bad) },
			"Contact: char":    func(r *sip.Request) { r.Contact().Address.Host = bad },
			"Contact: ":        func(r *sip.Request) { r.Contact().Params[0].V = `"` + bad + `"` },
			"Contact: param":   func(r *sip.Request) { r.Contact().Params[0].K = bad },
			"Route: character": func(r *sip.Request) { r.Route().Address.User = bad },
			"Record-Route: ch": func(r *sip.Request) { r.RecordRoute().Address.User = bad },
			"Content-Type: ":   func(r *sip.Request) { *r.ContentType() = sip.ContentTypeHeader(bad) },
			"Subject: ":        func(r *sip.Request) { r.AppendHeader(sip.NewHeader("s", bad)) },
			"Reason: ": func(r *sip.Request) {
				r.AppendHeader(sip.NewHeader("Reason", Reason{Protocol: "SIP", Text: bad}.String()))
			},
			"Warning: ": func(r *sip.Request) {
				r.AppendHeader(sip.NewHeader("Warning", Warning{Code: 399, Agent: "h", Text: bad}.String()))
			},
			"'a": func(r *sip.Request) { r.AppendHeader(sip.NewHeader(bad, "x")) },
		} {
			checkUnsafe(t, name, bad, spoil)
		}
	}
	for _, bad := range []string{"a\r\nEvil: 1", "a\nEvil: 1", "a\rb"} {
		checkUnsafe(t, "From: CR or LF", bad, func(r *sip.Request) { r.From().DisplayName = bad })
	}
	for _, bad := range []string{"a>;tag=evil", "a b", `a"b`, "<a"} {
		checkUnsafe(t, "From: character", bad, func(r *sip.Request) { r.From().Address.User = bad })
	}
	checkUnsafe(t, "Via: host", "h;received=1.2.3.4", func(r *sip.Request) { r.Via().Host = "h;received=1.2.3.4" })
}

func checkUnsafe(t *testing.T, where, bad string, spoil func(*sip.Request)) {
	t.Helper()
	req := outgoing()
	spoil(req)
	got, err := Append([]byte("kept"), req)
	if !errors.Is(err, ErrUnsafe) || !strings.Contains(err.Error(), where) {
		t.Errorf("%q in %q: error %v, wrote %q", bad, where, err, got)
	}
	eq(t, "what came back", string(got), "kept")
}

func TestAppendRefusesBadStartLine(t *testing.T) {
	for _, msg := range []sip.Message{
		sip.NewResponse(99, "Low"), sip.NewResponse(700, "High"), sip.NewResponse(200, "O\r\nK"), sip.NewResponse(200, "O\x00K"), nil,
	} {
		if _, err := Append(nil, msg); !errors.Is(err, ErrUnsafe) {
			t.Errorf("%v: %v", msg, err)
		}
	}
}

// NUL is allowed where the grammar has quoted-pair and nowhere else.
func TestAppendDisplayNameWithNUL(t *testing.T) {
	req := outgoing()
	req.From().DisplayName = "a\x00b"
	text, err := Append(nil, req)
	if err != nil || !bytes.Contains(text, []byte("From: \"a\\\x00b\" <")) {
		t.Errorf("%v: %q", err, text)
	}
	checkStable(t, mustParse(t, string(text)))
	checkUnsafe(t, "From: NUL", "\x00", func(r *sip.Request) {
		r.From().DisplayName = "a\x00"
		r.From().Params = sip.HeaderParams{{K: "x", V: "\"\x00\""}}
	})
}

func TestNameAddrString(t *testing.T) {
	for _, test := range []struct {
		a    NameAddr
		want string
	}{
		{NameAddr{URI: sip.Uri{Scheme: "sip", Host: "h"}}, "<sip:h>"},
		{NameAddr{DisplayName: `A "B"`, URI: sip.Uri{Scheme: "sip", User: "a", Host: "h"},
			Params: sip.HeaderParams{{K: "party", V: "calling"}, {K: "screen", V: "yes"}}}, `"A \"B\"" <sip:a@h>;party=calling;screen=yes`},
		{NameAddr{URI: sip.Uri{Scheme: "sip", User: "a>;x=<", Host: "h"}}, "<sip:a%3E;x=%3C@h>"},
		{NameAddr{URI: sip.Uri{Scheme: "sip", User: "a\r\n", Host: "h"}}, "<sip:a%0D%0A@h>"},
	} {
		eq(t, "name-addr", test.a.String(), test.want)
	}
}

func TestAppendAllocations(t *testing.T) {
	req := outgoing()
	buf := make([]byte, 0, 4096)
	got := testing.AllocsPerRun(100, func() {
		if _, err := Append(buf, req); err != nil {
			t.Fatal(err)
		}
	})
	if got > 0 {
		t.Errorf("%v allocations, want none", got)
	}
}

// Whatever strings a message is built from, it is refused or it is one message whose
// values come back as they went in.
func TestWriteProperty(t *testing.T) {
	text := rapid.StringOfN(rapid.RuneFrom([]rune("aB1 \"\\<>;,=@:%\t\r\n\x00é")), 0, 12, -1)
	rapid.Check(t, func(t *rapid.T) {
		req := outgoing()
		from := req.From()
		from.DisplayName, from.Params[0].V = text.Draw(t, "name"), text.Draw(t, "tag")
		from.Address.User = text.Draw(t, "user")
		subject := strings.Trim(text.Draw(t, "subject"), " \t")
		req.AppendHeader(sip.NewHeader("Subject", subject))
		b, err := Append(nil, req)
		if err != nil {
			if !errors.Is(err, ErrUnsafe) {
				t.Fatal(err)
			}
			return
		}
		back, fault := Parse(b)
		if fault != nil {
			// What was written stands in its place, though it may be no tag or URI.
			if !strings.HasPrefix(fault.Phrase, "Bad From: ") {
				t.Fatalf("%v: %q", fault, b)
			}
			return
		}
		if got := back.From(); got.DisplayName != from.DisplayName || len(got.Params) > 1 {
			t.Fatalf("From %q came back as %q", from, got)
		}
		if got, _ := Value(back, "Subject"); got != subject {
			t.Fatalf("Subject %q came back as %q", subject, got)
		}
		if len(headers(back)) != len(headers(req)) {
			t.Fatalf("%d headers came back as %d: %q", len(headers(req)), len(headers(back)), b)
		}
	})
}
