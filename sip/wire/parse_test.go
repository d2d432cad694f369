package wire

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
)

// plain is a sound request; tests replace or add single lines of it.
var plain = []string{
	"OPTIONS sip:bob@example.com SIP/2.0",
	"Via: SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bK1",
	"Max-Forwards: 70",
	"From: Alice <sip:alice@example.com>;tag=a1",
	"To: <sip:bob@example.com>",
	"Call-ID: 1@example.com",
	"CSeq: 1 OPTIONS",
}

// with returns the plain request with lines in place of those of the same name, or
// added; a line without a colon is the first one, "-Name" removes.
func with(changes ...string) string {
	lines := append([]string(nil), plain...)
	for _, change := range changes {
		lines = changeLine(lines, change)
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

func changeLine(lines []string, change string) []string {
	name, _, isHeader := strings.Cut(change, ":")
	if strings.Contains(strings.ToUpper(change), " SIP/") && name != "Via" && name != "v" || !isHeader && change[0] != '-' {
		lines[0] = change
		return lines
	}
	remove := strings.HasPrefix(name, "-")
	for i, line := range lines[1:] {
		if strings.HasPrefix(line, strings.TrimPrefix(name, "-")+":") {
			if remove {
				return append(lines[:i+1], lines[i+2:]...)
			}
			lines[i+1] = change
			return lines
		}
	}
	return append(lines, change)
}

func TestFaultsOfRequests(t *testing.T) {
	for _, test := range []struct {
		name, text string
		status     int
		phrase     string
	}{
		{"no To", with("-To:"), 400, "Missing To"},
		{"no From", with("-From:"), 400, "Missing From"},
		{"no Call-ID", with("-Call-ID:"), 400, "Missing Call-ID"},
		{"no CSeq", with("-CSeq:"), 400, "Missing CSeq"},
		{"no Via", with("-Via:"), 0, "Missing Via"},
		{"two To", with("t: <sip:x@example.com>"), 400, "Bad To: more than one"},
		{"two From", with("f: <sip:x@example.com>"), 400, "Bad From: more than one"},
		{"two Call-ID", with("i: 1@example.com"), 400, "Bad Call-ID: more than one"},
		{"two CSeq", with("cseq: 1 OPTIONS"), 400, "Bad CSeq: more than one"},
		{"two Max-Forwards", with("max-forwards: 70"), 400, "Bad Max-Forwards: more than one"},
		{"two Content-Type", with("c: a/b", "Content-Type: a/b"), 400, "Bad Content-Type: more than one"},

		{"CSeq too large", with("CSeq: 2147483648 OPTIONS"), 400, "Bad CSeq: '2147483648' is too large"},
		{"CSeq negative", with("CSeq: -1 OPTIONS"), 400, "Bad CSeq: '-1' is not a number"},
		{"CSeq without method", with("CSeq: 1"), 400, "Bad CSeq: no method"},
		{"CSeq without number", with("CSeq: OPTIONS"), 400, "Bad CSeq: 'OPTIONS' is not a number"},
		{"CSeq with more", with("CSeq: 1 OPTIONS x"), 400, "Bad CSeq: no method"},
		{"CSeq of another case", with("CSeq: 1 options"), 400, "Bad CSeq: method does not match OPTIONS"},

		{"Max-Forwards 256", with("Max-Forwards: 256"), 400, "Bad Max-Forwards: '256' is too large"},
		{"Max-Forwards word", with("Max-Forwards: many"), 400, "Bad Max-Forwards: 'many' is not a number"},
		{"Max-Forwards empty", with("Max-Forwards:"), 400, "Bad Max-Forwards: no number"},

		{"Content-Length signed", with("Content-Length: +1"), 400, "Bad Content-Length: '+1' is not a number"},
		{"Content-Length huge", with("Content-Length: 99999999999999999999"), 400, "Bad Content-Length: '99999999999999999999' is too large"},
		{"Content-Length too large", with("Content-Length: 1"), 400, "Bad Content-Length: larger"},
		{"Content-Lengths differ", with("Content-Length: 0", "l: 1"), 400, "Bad Content-Length: two values"},

		{"To is *", with("To: *"), 400, "Bad To: no scheme in URI '*'"},
		{"To empty", with("To:"), 400, "Bad To: empty value"},
		{"To without brackets and a comma", with("To: Bob, Jr <sip:b@example.com>"), 400, "Bad To: no scheme in URI 'Bob'"},
		{"two addresses in To", with("To: <sip:a@example.com>, <sip:b@example.com>"), 400, "Bad To: comma outside quotes"},
		{"To without host", with("To: <sip:bob@>"), 400, "Bad To: no host"},
		{"To without user", with("To: <sip:@example.com>"), 400, "Bad To: no user before @"},
		{"To unclosed", with("To: <sip:bob@example.com"), 400, "Bad To: no closing bracket"},
		{"To with text behind", with("To: <sip:bob@example.com> x"), 400, "Bad To: unexpected 'x'"},
		{"To name without URI", with(`To: "Bob"`), 400, "Bad To: no URI in brackets"},
		{"From quoted name and bare URI", with(`From: "A" sip:a@example.com;tag=1`), 400, "Bad From: no URI in brackets"},
		{"From tag empty", with("From: <sip:a@example.com>;tag="), 400, "Bad From: tag is no token"},
		{"From tag quoted", with(`From: <sip:a@example.com>;tag="1"`), 400, "Bad From: tag is no token"},
		{"From two tags", with("From: <sip:a@example.com>;tag=1;TAG=2"), 400, "Bad From: parameter 'tag' given twice"},
		{"From parameter without name", with("From: <sip:a@example.com>;tag=1;=x"), 400, "Bad From: empty parameter"},
		{"From quoted value unclosed", with(`From: <sip:a@example.com>;tag=1;x="y`), 400, "Bad From: quoted value of 'x' has no end"},
		{"From blank in value", with("From: <sip:a@example.com>;tag=1 2"), 400, "Bad From: unexpected '2'"},
		{"From NUL in value", with("From: <sip:a@example.com>;tag=1;x=\"\x00\""), 400, "Bad From: NUL in the value of 'x'"},
		{"too many parameters", with("From: <sip:a@example.com>;tag=1" + manyParams(65)), 400, "Bad From: too many parameters"},

		{"Call-ID with blank", with("Call-ID: a b"), 400, "Bad Call-ID: 'a b' is no word"},
		{"Call-ID empty", with("Call-ID:"), 400, "Bad Call-ID: '' is no word"},

		{"Via without transport", with("Via: SIP/2.0 192.0.2.1"), 0, "Bad Via: no protocol/version/transport"},
		{"Via without host", with("Via: SIP/2.0/UDP ;branch=z9hG4bK1"), 0, "Bad Via: no host"},
		{"Via bad port", with("Via: SIP/2.0/UDP h:99999"), 0, "Bad Via: bad port"},
		{"Via no blank", with("Via: SIP/2.0/UDP"), 0, "Bad Via: no blank after the transport"},
		{"second Via broken", with("v: nonsense"), 400, "Bad Via: no protocol/version/transport"},
		{"branch twice", with("Via: SIP/2.0/UDP h;branch=z9hG4bK1;branch=z9hG4bK2"), 400, "Bad Via: parameter 'branch' given twice"},
		{"cookie only, other case", with("Via: SIP/2.0/UDP h;branch=Z9HG4BK"), 400, "Bad Via: branch has no identifier"},

		{"Contact empty value", with("Contact: <sip:a@h>,"), 400, "Bad Contact: empty value"},
		{"Contact star and more", with("Contact: *, <sip:a@h>"), 400, "Bad Contact: no scheme in URI '*'"},
		{"Route broken", with("Route: <sip:h;lr>;"), 400, "Bad Route: empty parameter"},
		{"Route NUL", with("Route: \"\\\x00\" <sip:h;lr>"), 400, "Bad Route: NUL in the value"},
		{"Record-Route broken", with("Record-Route: sip"), 400, "Bad Record-Route: no scheme"},
		{"Date", with("Date: yesterday"), 400, "Bad Date: 'yesterday'"},
		{"NUL in a value", with("Subject: a\x00b"), 400, "Bad Subject: NUL in the value"},
		{"NUL in Content-Type", with("Content-Type: a\x00b"), 400, "Bad Content-Type: NUL"},

		{"header without colon", with("Sub ject"), 0, "not SIP: 'Sub ject'"},
		{"line without colon", with("Subject: a\r\nnonsense"), 400, "Bad header: no colon in 'nonsense'"},
		{"blank in a name", with("Sub ject: a"), 400, "Bad header: name 'Sub ject' is no token"},
		{"empty name", with(": a"), 400, "Bad header: name '' is no token"},
		{"first header folded", with("OPTIONS sip:bob@example.com SIP/2.0\r\n folded"), 400, "Bad header: the first one begins with a blank"},
		{"lone LF", with("Subject: a\nb"), 400, "Bad header: CR or LF within a line"},
		{"lone CR", with("Subject: a\rb"), 400, "Bad header: CR or LF within a line"},
		{"LF only", strings.ReplaceAll(with(), "\r\n", "\n"), 0, "Bad message: no empty line"},
		{"no empty line", strings.TrimSuffix(with(), "\r\n"), 400, "Bad message: no empty line after the headers"},

		{"method no token", with("OPT@IONS sip:bob@example.com SIP/2.0"), 400, "Bad method: 'OPT@IONS' is no token"},
		{"no method", with(" sip:bob@example.com SIP/2.0"), 400, "Bad method: '' is no token"},
		{"no Request-URI", with("OPTIONS SIP/2.0"), 400, "Bad Request-Line"},
		{"blank in the Request-URI", with("OPTIONS sip:bob@exam ple.com SIP/2.0"), 400, "Bad Request-Line: not exactly one blank"},
		{"Request-URI is *", with("OPTIONS * SIP/2.0"), 400, "Bad Request-URI: no scheme in URI '*'"},
		{"Request-URI without host", with("OPTIONS sip:bob@ SIP/2.0"), 400, "Bad Request-URI: no host"},
		{"Request-URI port", with("OPTIONS sip:bob@h:70000 SIP/2.0"), 400, "Bad Request-URI: bad port"},
		{"Request-URI http", with("OPTIONS http://h SIP/2.0"), 416, "Unsupported URI Scheme: 'http'"},
		{"version 3", with("OPTIONS sip:bob@h SIP/3.0"), 505, "Version Not Supported: 'SIP/3.0'"},
	} {
		t.Run(test.name, func(t *testing.T) { checkFault(t, test.text, test.status, test.phrase) })
	}
}

func manyParams(n int) string {
	var s strings.Builder
	for i := range n {
		fmt.Fprintf(&s, ";p%d", i)
	}
	return s.String()
}

// No response to an ACK is ever sent (RFC 3261 s17.1.1.3), and none to a response.
func TestFaultsWithoutAnswer(t *testing.T) {
	response := func(changes ...string) string {
		lines := append([]string{"SIP/2.0 200 OK"}, plain[1:]...)
		for _, change := range changes {
			if strings.HasPrefix(change, "SIP/") {
				lines[0] = change
				continue
			}
			lines = changeLine(lines, change)
		}
		return strings.Join(lines, "\r\n") + "\r\n\r\n"
	}
	if _, fault := Parse([]byte(response())); fault != nil {
		t.Fatalf("sound response: %v", fault)
	}
	for name, text := range map[string]string{
		"ACK without To":           with("ACK sip:bob@example.com SIP/2.0", "CSeq: 1 ACK", "-To:"),
		"ACK of another version":   with("ACK sip:bob@example.com SIP/9.0", "CSeq: 1 ACK"),
		"ACK of another CSeq":      with("ACK sip:bob@example.com SIP/2.0", "CSeq: 1 INVITE"),
		"response without CSeq":    response("-CSeq:"),
		"response without To":      response("-To:"),
		"response with broken To":  response("To: nobody"),
		"response with two Vias":   response("v: SIP/2.0/UDP h;branch=z9hG4bK2"),
		"response cut short":       response("Content-Length: 10"),
		"response of version 7":    response("SIP/7.0 200 OK"),
		"status 99":                response("SIP/2.0 099 Low"),
		"status 700":               response("SIP/2.0 700 High"),
		"status of two digits":     response("SIP/2.0 20 OK"),
		"status word":              response("SIP/2.0 abc OK"),
		"NUL in the phrase":        response("SIP/2.0 200 O\x00K"),
		"response with lone CR":    response("Subject: a\rb"),
		"response, broken Contact": response("Contact: nobody"),
		"empty":                    "",
		"HTTP":                     "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n",
		"noise":                    "\x16\x03\x01\x00\xa5\x01\x00",
		"blank lines":              "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			msg, fault := Parse([]byte(text))
			if fault == nil {
				t.Fatalf("accepted as %v", msg)
			}
			if answer, _ := fault.Response("TCP", stranger); answer != nil {
				t.Fatalf("answered with %q", answer)
			}
			if !strings.HasPrefix(fault.Error(), "sip message dropped: ") {
				t.Errorf("error is %q", fault)
			}
		})
	}
}

func TestDateOfResponseIsIgnored(t *testing.T) {
	text := strings.Replace(with("Date: yesterday"), plain[0], "SIP/2.0 200 OK", 1)
	date, _ := Value(mustParse(t, text), "Date")
	eq(t, "Date", date, "yesterday")
}

func TestEveryCompactName(t *testing.T) {
	for letter, name := range compact {
		for _, spelling := range []string{letter, strings.ToUpper(letter), strings.ToLower(name), strings.ToUpper(name), name} {
			eq(t, spelling, CanonicalName(spelling), name)
		}
	}
	eq(t, "unknown", CanonicalName("x-Custom"), "x-Custom")
	eq(t, "long", CanonicalName(strings.Repeat("x", 100)), strings.Repeat("x", 100))
	for name := range names {
		if len(name) > longestName {
			t.Errorf("%s is longer than longestName", name)
		}
	}
}

func TestNamesAreNormal(t *testing.T) {
	msg := mustParse(t, with("k: timer", "x : 1800;refresher=uac", "REFER-TO\t: <sip:c@example.com>",
		"d: no-fork", "p-asserted-identity: <sip:a@h>", "X-Custom-header: kept"))
	for name, want := range map[string]string{
		"Supported": "timer", "Session-Expires": "1800;refresher=uac", "Refer-To": "<sip:c@example.com>",
		"Request-Disposition": "no-fork", "P-Asserted-Identity": "<sip:a@h>", "X-Custom-header": "kept",
	} {
		found := msg.GetHeaders(name)
		if len(found) != 1 || found[0].Name() != name || found[0].Value() != want {
			t.Errorf("%s is %v, want %q", name, found, want)
		}
	}
}

func TestSeveralValuesOnALine(t *testing.T) {
	msg := mustParse(t, with(
		"Contact: \"a, b\" <sip:1@h;x=1,2>;q=1 , <sip:2@h> ,sip:3@h;q=0.1", "m: <sip:4@h>",
		"Route: <sip:r1;lr>, <sip:r2;lr>", "route: <sip:r3;lr>",
		"Record-Route: <sip:q1;lr>,<sip:q2;lr>"))
	var users []string
	for _, c := range Contacts(msg) {
		users = append(users, c.Address.User)
	}
	eq(t, "Contacts", strings.Join(users, " "), "1 2 3 4")
	req := msg.(*sip.Request)
	eq(t, "first Contact", req.Contact().Address.User, "1")
	eq(t, "its name", req.Contact().DisplayName, "a, b")
	eq(t, "first Route", req.Route().Address.Host, "r1")
	eq(t, "Routes", hosts(t, msg, "Route"), "r1 r2 r3")
	eq(t, "Record-Routes", hosts(t, msg, "record-route"), "q1 q2")
}

func hosts(t *testing.T, msg sip.Message, name string) string {
	t.Helper()
	list, err := Addresses(msg, name)
	if err != nil {
		t.Fatal(err)
	}
	var hosts []string
	for _, a := range list {
		hosts = append(hosts, a.URI.Host)
	}
	return strings.Join(hosts, " ")
}

// RFC 3261 s12.1.1: the parameters of Record-Route are copied, known or unknown.
func TestRouteParametersAreKept(t *testing.T) {
	req := mustRequest(t, with("INVITE sip:bob@example.com SIP/2.0", "CSeq: 1 INVITE",
		"Record-Route: <sip:q1;lr>, Proxy <sip:q2;lr>;rr=\"x, y\", <sip:q3>", "Route: <sip:r1;lr>"))
	list, err := Addresses(req, "Record-Route")
	if err != nil || len(list) != 3 {
		t.Fatal(list, err)
	}
	eq(t, "second", list[1].String(), `"Proxy" <sip:q2;lr>;rr="x, y"`)
	eq(t, "first by sipgo", req.RecordRoute().Address.Host, "q1")
	eq(t, "Route by sipgo", req.Route().Address.Host, "r1")
	text, err := Append(nil, NewResponse(req, 200, "", "b1"))
	if err != nil {
		t.Fatal(err)
	}
	want := "Record-Route: <sip:q1;lr>\r\nRecord-Route: \"Proxy\" <sip:q2;lr>;rr=\"x, y\"\r\nRecord-Route: <sip:q3>\r\n"
	if !bytes.Contains(text, []byte(want)) {
		t.Errorf("response is %q", text)
	}
}

func TestBodyIsCut(t *testing.T) {
	for _, test := range []struct{ header, body, want string }{
		{"Content-Length: 3", "abcdef", "abc"},
		{"l:3", "abc", "abc"},
		{"Content-Length: 3\r\nl: 3", "abcdef", "abc"},
		{"Content-Length: 0", "abc", ""},
		{"Subject: none", "abc", "abc"},
		{"Subject: none", "", ""},
	} {
		msg := mustParse(t, with(test.header)+test.body)
		eq(t, test.header+" body", string(msg.Body()), test.want)
		eq(t, test.header+" length", int(*msg.ContentLength()), len(test.want))
		eq(t, test.header+" headers", len(msg.GetHeaders("Content-Length")), 1)
	}
}

func TestMessageSharesNothing(t *testing.T) {
	datagram := []byte(with("Content-Length: 3") + "abc")
	msg, _ := Parse(datagram)
	before := msg.String()
	for i := range datagram {
		datagram[i] = 'X'
	}
	eq(t, "message", msg.String(), before)
}

func TestTooLarge(t *testing.T) {
	long := with("Subject: " + strings.Repeat("a", MaxHead))
	checkFault(t, long, 513, "Message Too Large: headers are over 16 KiB")
	checkFault(t, strings.TrimSuffix(long, "\r\n\r\n"), 513, "Message Too Large")
	for _, line := range []string{
		strings.Repeat("a:\r\n", maxHeaders) + "b:", "v: " + strings.Repeat("SIP/2.0/UDP h,", maxHeaders) + "SIP/2.0/UDP h",
		"m: " + strings.Repeat("<sip:h>,", maxHeaders) + "<sip:h>", "Route: " + strings.Repeat("<sip:h>;x,", maxHeaders) + "<sip:h>",
	} {
		checkFault(t, with(line), 513, "Message Too Large: more than 256 headers")
	}
	checkFault(t, with()+strings.Repeat("a", MaxBody+1), 413, "Request Entity Too Large")
	if _, fault := Parse([]byte(with() + strings.Repeat("a", MaxBody))); fault != nil {
		t.Error(fault)
	}
}

func TestKeepAlive(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, "\r\n": true, "\r\n\r\n": true, "\x00\x00\x00\x00": true, " \r\n": true,
		"jaK": false, "\r\nOPTIONS": false,
	} {
		eq(t, text, IsKeepAlive([]byte(text)), want)
	}
	if _, fault := Parse([]byte("\r\n\r\n" + with())); fault != nil {
		t.Errorf("CRLF before the start line: %v", fault)
	}
}

// A fault's answer repeats broken values, without what would split it.
func TestAnswerCannotBeInjected(t *testing.T) {
	for _, text := range []string{
		with("To: \"x\rInjected: 1\n\x00"),
		with("Call-ID: a\nInjected: 1"),
		with("CSeq: 1 OPTIONS\rInjected: 1"),
		with("OPTIONS sip:a\x00b@h SIP/2.0"),
	} {
		_, fault := Parse([]byte(text))
		if fault == nil {
			t.Fatalf("accepted %q", text)
		}
		answer, _ := fault.Response("UDP", stranger)
		if answer == nil {
			t.Fatalf("no answer to %q", text)
		}
		for _, line := range strings.Split(string(answer), "\r\n") {
			if strings.HasPrefix(line, "Injected") || strings.ContainsAny(line, "\r\n\x00") {
				t.Errorf("line %q in the answer to %q", line, text)
			}
		}
	}
}

// The tag of a stateless answer is made from the request: same request, same tag.
func TestAnswerTag(t *testing.T) {
	tag := func(text string) string {
		_, fault := Parse([]byte(text))
		if fault == nil {
			t.Fatalf("accepted %q", text)
		}
		answer, _ := fault.Response("UDP", stranger)
		_, tag, _ := strings.Cut(string(answer), "To: <sip:bob@example.com>;tag=")
		tag, _, _ = strings.Cut(tag, "\r\n")
		return tag
	}
	first := tag(with("Max-Forwards: x"))
	eq(t, "tag of the same request", tag(with("Max-Forwards: x")), first)
	if other := tag(with("Max-Forwards: x", "Call-ID: other")); other == first || other == "" {
		t.Errorf("tags %q and %q", first, other)
	}
	_, fault := Parse([]byte(with("Max-Forwards: x", "To: <sip:bob@example.com>;tag=b7")))
	answer, _ := fault.Response("UDP", stranger)
	if !strings.Contains(string(answer), "To: <sip:bob@example.com>;tag=b7\r\n") {
		t.Errorf("own tag is not kept: %q", answer)
	}
}

func TestParseAllocations(t *testing.T) {
	got := testing.AllocsPerRun(200, func() {
		if _, fault := Parse(invite); fault != nil {
			t.Fatal(fault)
		}
	})
	if got > 30 {
		t.Errorf("%v allocations for an INVITE, want 30 at most", got)
	}
}
