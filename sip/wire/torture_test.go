package wire

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
)

// stranger is where the requests of these tests come from.
var stranger = netip.MustParseAddrPort("198.51.100.7:5066")

func mustParse(t testing.TB, text string) sip.Message {
	t.Helper()
	msg, fault := Parse([]byte(text))
	if fault != nil {
		t.Fatalf("fault: %v", fault)
	}
	return msg
}

func mustRequest(t testing.TB, text string) *sip.Request {
	t.Helper()
	req, ok := mustParse(t, text).(*sip.Request)
	if !ok {
		t.Fatal("not a request")
	}
	return req
}

func eq[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %#v, want %#v", what, got, want)
	}
}

// tortureChecks are what RFC 4475 says an implementation must have understood of a
// message that is accepted.
var tortureChecks = map[string]func(t *testing.T, msg sip.Message){
	"wsinv": func(t *testing.T, msg sip.Message) {
		req := msg.(*sip.Request)
		eq(t, "method", req.Method, sip.INVITE)
		_, ok := Param(req.Recipient.UriParams, "unknownparam")
		eq(t, "unknown URI parameter", ok, true)
		eq(t, "To tag", ToTag(msg), "1918181833n")
		eq(t, "From tag", FromTag(msg), "98asjd8")
		eq(t, "From name", msg.From().DisplayName, `J Rosenberg \"`)
		eq(t, "Max-Forwards", req.MaxForwards().Val(), 68)
		eq(t, "CSeq", *msg.CSeq(), sip.CSeqHeader{SeqNo: 9, MethodName: sip.INVITE})
		vias := viasOf(msg)
		eq(t, "Vias", strings.Join(vias, " | "), "SIP/2.0/UDP 192.0.2.2;branch=390skdjuw | "+
			"SIP/2.0/TCP spindle.example.com;branch=z9hG4bK9ikj8 | SIP/2.0/UDP 192.168.255.111;branch=z9hG4bK30239")
		subject, ok := Value(msg, "Subject")
		eq(t, "Subject", subject, "")
		eq(t, "has Subject", ok, true)
		folded, _ := Value(msg, "newfangledheader")
		eq(t, "folded value", folded, "newfangled value continued newfangled value")
		odd, _ := Value(msg, "UnknownHeaderWithUnusualValue")
		eq(t, "unusual value", odd, ";;,,;;,;")
		_, lr := Param(req.Route().Address.UriParams, "LR")
		eq(t, "loose route", lr, true)
		contact := Contacts(msg)[0]
		eq(t, "Contact name", contact.DisplayName, `Quoted string ""`)
		q, _ := Param(contact.Params, "q")
		eq(t, "q", q, "0.33")
		eq(t, "media type", MediaType(msg), "application/sdp")
		eq(t, "body", len(msg.Body()), 150)
	},
	"intmeth": func(t *testing.T, msg sip.Message) {
		req := msg.(*sip.Request)
		eq(t, "method", req.Method, "!interesting-Method0123456789_*+`.%indeed'~")
		eq(t, "user", req.Recipient.User, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*")
		eq(t, "password", req.Recipient.Password, "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)")
		eq(t, "host", req.Recipient.Host, "example.com")
		eq(t, "To name", msg.To().DisplayName, "BEL:\x07 NUL:\x00 DEL:\x7f")
		eq(t, "From name", msg.From().DisplayName, "token1~` token2'+_ token3*%!.-")
		eq(t, "From tag", FromTag(msg), "_token~1'+`*%!-.")
		param, _ := Param(msg.From().Params, "fromParam''~+*_!.-%")
		eq(t, "quoted parameter", param, "работающий")
		eq(t, "Call-ID", msg.CallID().Value(), "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{")
		eq(t, "Max-Forwards", req.MaxForwards().Val(), 255)
		value, _ := Value(msg, "extensionHeader-!.%*+_`'~")
		eq(t, "extension header", value, "\ufeff大停電")
	},
	"esc01": func(t *testing.T, msg sip.Message) {
		req := msg.(*sip.Request)
		eq(t, "scheme", req.Recipient.Scheme, "sip")
		eq(t, "user", Unescape(req.Recipient.User), "sips:user@example.com")
		eq(t, "host", req.Recipient.Host, "example.net")
		eq(t, "To user", msg.To().Address.User, "user")
		eq(t, "From user", Unescape(msg.From().Address.User), "I have spaces")
		uri := Contacts(msg)[0].Address
		eq(t, "Contact user", uri.User, "caller")
		_, lr := Param(uri.UriParams, "lr")
		eq(t, "escaped lr", lr, true)
		name, _ := Param(uri.UriParams, "name")
		eq(t, "escaped value", Unescape(name), "value%41")
	},
	"escnull": func(t *testing.T, msg sip.Message) {
		eq(t, "To user", Unescape(msg.To().Address.User), "null-\x00-null")
		contacts := Contacts(msg)
		eq(t, "Contacts", len(contacts), 2)
		eq(t, "same binding", EqualURI(&contacts[0].Address, &contacts[1].Address), false)
	},
	"esc02": func(t *testing.T, msg sip.Message) {
		// "The Request-Method is RE%47IST%45R", which is not REGISTER, and "C%6Fntact"
		// is an unknown header.
		eq(t, "method", msg.(*sip.Request).Method, "RE%47IST%45R")
		eq(t, "Contacts", len(Contacts(msg)), 2)
		eq(t, "name", msg.To().DisplayName, "%Z%45")
		_, ok := Value(msg, "C%6Fntact")
		eq(t, "has the unknown header", ok, true)
	},
	"lwsdisp": func(t *testing.T, msg sip.Message) {
		eq(t, "From name", msg.From().DisplayName, "caller")
	},
	"longreq": func(t *testing.T, msg sip.Message) {
		vias := viasOf(msg)
		eq(t, "Vias", len(vias), 34)
		eq(t, "top Via", vias[0], "SIP/2.0/TCP sip33.example.com")
		eq(t, "To port", msg.To().Address.Port, 6000)
		eq(t, "From tag", FromTag(msg), "12"+strings.Repeat("982", 50)+"424")
		eq(t, "body", len(msg.Body()), 150)
	},
	"dblreq": func(t *testing.T, msg sip.Message) {
		// "an implementation must ignore the extra octets": one REGISTER, no body.
		eq(t, "method", msg.(*sip.Request).Method, sip.REGISTER)
		eq(t, "body", len(msg.Body()), 0)
	},
	"semiuri": func(t *testing.T, msg sip.Message) {
		uri := msg.(*sip.Request).Recipient
		eq(t, "user", Unescape(uri.User), "user;par=u@example.net")
		eq(t, "URI parameters", len(uri.UriParams), 0)
		eq(t, "Accept", strings.Join(Tokens(msg, "Accept"), " "), "application/sdp application/pkcs7-mime "+
			"multipart/mixed multipart/signed message/sip message/sipfrag")
	},
	"transports": func(t *testing.T, msg sip.Message) {
		eq(t, "Vias", len(viasOf(msg)), 5)
		eq(t, "top transport", msg.Via().Transport, "UDP")
	},
	"mpart01": func(t *testing.T, msg sip.Message) {
		eq(t, "body", len(msg.Body()), 553)
		eq(t, "media type", MediaType(msg), "multipart/mixed")
	},
	"unreason": func(t *testing.T, msg sip.Message) {
		eq(t, "phrase", msg.(*sip.Response).Reason, "= 2**3 * 5**2 но сто девяносто девять - простое")
	},
	"noreason": func(t *testing.T, msg sip.Message) {
		eq(t, "status", msg.(*sip.Response).StatusCode, 100)
		eq(t, "phrase", msg.(*sip.Response).Reason, "")
	},
	"unksm2": func(t *testing.T, msg sip.Message) {
		eq(t, "To", msg.To().Address.String(), "isbn:2983792873")
		eq(t, "From", msg.From().Address.String(), "http://www.example.com")
		eq(t, "Contact", Contacts(msg)[0].Address.String(), "name:John_Smith")
	},
	"bext01": func(t *testing.T, msg sip.Message) {
		eq(t, "Require", strings.Join(OptionTags(msg, "Require"), " "), "nothingsupportsthis nothingsupportsthiseither")
		eq(t, "Proxy-Require", HasOption(msg, "Proxy-Require", "norDoAnyProxiesSupportThis"), true)
	},
	"invut":  func(t *testing.T, msg sip.Message) { eq(t, "media type", MediaType(msg), "application/unknownformat") },
	"zeromf": func(t *testing.T, msg sip.Message) { eq(t, "Max-Forwards", msg.(*sip.Request).MaxForwards().Val(), 0) },
	"regaut01": func(t *testing.T, msg sip.Message) {
		value, _ := Value(msg, "Authorization")
		eq(t, "Authorization", value, "NoOneKnowsThisScheme opaque-data=here")
	},
	"cparam01": func(t *testing.T, msg sip.Message) {
		_, ok := Param(Contacts(msg)[0].Params, "unknownparam")
		eq(t, "header parameter", ok, true)
		eq(t, "URI parameters", len(Contacts(msg)[0].Address.UriParams), 0)
	},
	"cparam02": func(t *testing.T, msg sip.Message) {
		_, ok := Param(Contacts(msg)[0].Address.UriParams, "unknownparam")
		eq(t, "URI parameter", ok, true)
		eq(t, "header parameters", len(Contacts(msg)[0].Params), 0)
	},
	"regescrt": func(t *testing.T, msg sip.Message) {
		route, _ := Param(Contacts(msg)[0].Address.Headers, "Route")
		eq(t, "Route in the URI", Unescape(route), "<sip:sip.example.com>")
	},
	"sdp01": func(t *testing.T, msg sip.Message) {
		eq(t, "Accept", strings.Join(Tokens(msg, "Accept"), " "), "text/nobodyKnowsThis")
	},
	"inv2543": func(t *testing.T, msg sip.Message) {
		eq(t, "branch", Branch(msg), "")
		eq(t, "From tag", FromTag(msg), "")
		eq(t, "Max-Forwards", msg.(*sip.Request).MaxForwards().Val(), 70)
		eq(t, "body", len(msg.Body()), 105)
	},
}

func viasOf(msg sip.Message) (list []string) {
	for _, h := range msg.GetHeaders("Via") {
		list = append(list, h.Value())
	}
	return list
}

// tortureFaults are the answers to the messages that are refused; status 0 is none.
var tortureFaults = map[string]struct {
	status int
	phrase string // begins the reason phrase
}{
	"badinv01":   {400, "Bad Via: empty parameter"},
	"clerr":      {400, "Bad Content-Length: larger than the message"},
	"ncl":        {400, "Bad Content-Length: '-999' is not a number"},
	"scalar02":   {400, "Bad CSeq: '36893488147419103232' is too large"},
	"scalarlg":   {0, "Bad CSeq: '9292394834772304023312' is too large"},
	"quotbal":    {400, "Bad To: quoted name has no end"},
	"ltgtruri":   {400, "Bad Request-URI: must not be in angle brackets"},
	"lwsruri":    {400, "Bad Request-Line: not exactly one blank"},
	"lwsstart":   {400, "Bad Request-Line: not exactly one blank"},
	"trws":       {400, "Bad Request-Line: blank after the version"},
	"escruri":    {400, "Bad Request-URI: headers are not allowed"},
	"baddate":    {400, "Bad Date: 'Fri, 01 Jan 2010 16:00:00 EST'"},
	"regbadct":   {400, "Bad Contact: URI with ? must be in angle brackets"},
	"badaspec":   {400, "Bad To: character ' '"},
	"baddn":      {400, "Bad From: no scheme in URI 'Bell'"},
	"badvers":    {505, "Version Not Supported: 'SIP/7.0'"},
	"mismatch01": {400, "Bad CSeq: method does not match OPTIONS"},
	"mismatch02": {400, "Bad CSeq: method does not match NEWMETHOD"},
	"bigcode":    {0, "Bad status line"},
	"badbranch":  {400, "Bad Via: branch has no identifier"},
	"insuf":      {400, "Missing From"},
	"unkscm":     {416, "Unsupported URI Scheme: 'nobodyknowsthisscheme'"},
	"novelsc":    {416, "Unsupported URI Scheme: 'soap.beep'"},
	"multi01":    {400, "Bad CSeq: more than one"},
	"mcl01":      {400, "Bad Content-Length: two values that differ"},
	"bcast":      {0, "Bad Via: a response with more than one"},
}

func TestRFC4475(t *testing.T) {
	tested := 0
	for _, messages := range []map[string]string{tortureValid, tortureInvalid, tortureOther} {
		for name, text := range messages {
			tested++
			t.Run(name, func(t *testing.T) {
				if want, refused := tortureFaults[name]; refused {
					checkFault(t, text, want.status, want.phrase)
					return
				}
				msg := mustParse(t, text)
				checkStable(t, msg)
				if check := tortureChecks[name]; check != nil {
					check(t, msg)
				}
			})
		}
	}
	eq(t, "messages tested", tested, 49)
	for name := range tortureValid {
		if tortureChecks[name] == nil {
			t.Errorf("valid message %s has no check", name)
		}
	}
	for name := range tortureInvalid {
		if _, refused := tortureFaults[name]; !refused {
			t.Errorf("invalid message %s is not refused", name)
		}
	}
}

// checkFault parses a message that must be refused, and its answer, which must be a
// sound response to it.
func checkFault(t *testing.T, text string, status int, phrase string) {
	t.Helper()
	msg, fault := Parse([]byte(text))
	if fault == nil {
		t.Fatalf("accepted as %v", msg)
	}
	if !strings.HasPrefix(fault.Phrase, phrase) {
		t.Errorf("phrase is %q, want %q", fault.Phrase, phrase)
	}
	if i := strings.IndexAny(fault.Phrase, "\"<>\r\n\x00"); i >= 0 {
		t.Errorf("phrase %q has %q", fault.Phrase, fault.Phrase[i])
	}
	answer, to := fault.Response("UDP", stranger)
	if status == 0 {
		if answer != nil || fault.Answered() {
			t.Fatalf("answered with %q", answer)
		}
		return
	}
	eq(t, "status", fault.Status, status)
	eq(t, "destination address", to.Addr(), stranger.Addr())
	again, _ := fault.Response("UDP", stranger)
	eq(t, "second answer", string(again), string(answer))
	checkAnswer(t, text, string(answer), status, fault.Phrase)
}

// checkAnswer reads the answer by lines, since it repeats broken values.
func checkAnswer(t *testing.T, request, answer string, status int, phrase string) {
	t.Helper()
	head, body, ok := strings.Cut(answer, "\r\n\r\n")
	if !ok || body != "" {
		t.Fatalf("answer %q does not end with its headers", answer)
	}
	lines := strings.Split(head, "\r\n")
	eq(t, "status line", lines[0], "SIP/2.0 "+string(rune('0'+status/100))+string(rune('0'+status/10%10))+
		string(rune('0'+status%10))+" "+phrase)
	if !strings.HasPrefix(lines[1], "Via: SIP/") || !strings.Contains(lines[1], "received=198.51.100.7") {
		t.Errorf("top Via is %q", lines[1])
	}
	for _, line := range lines[1:] {
		name, _, ok := strings.Cut(line, ": ")
		if !ok {
			t.Errorf("line %q in the answer", line)
		}
		switch name {
		case "Via", "From", "To", "Call-ID", "CSeq", "Content-Length":
		default:
			t.Errorf("%s in the answer", name)
		}
	}
	if len(request) == 0 {
		t.Error("no request")
	}
}

// rfc5118 are the messages of RFC 5118 s4, shortened to what they are about, and what
// must be understood of them.
var rfc5118 = []struct {
	name, text string
	fault      string
	check      func(t *testing.T, req *sip.Request)
}{
	{name: "4.1 valid reference", text: ipv6Request("REGISTER sip:[2001:db8::10] SIP/2.0", "sip:user@example.com",
		"SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111"),
		check: func(t *testing.T, req *sip.Request) {
			eq(t, "host", req.Recipient.Host, "[2001:db8::10]")
			eq(t, "Via host", HostAddr(req.Via().Host), netip.MustParseAddr("2001:db8::9:1"))
			eq(t, "Contact host", Contacts(req)[0].Address.Host, "[2001:db8::1]")
		}},
	{name: "4.2 no delimiters", text: ipv6Request("REGISTER sip:2001:db8::10 SIP/2.0", "sip:user@example.com",
		"SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111"), fault: "Bad Request-URI: bad port"},
	{name: "4.3 port ambiguous", text: ipv6Request("REGISTER sip:[2001:db8::10:5070] SIP/2.0", "sip:user@example.com",
		"SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111"),
		check: func(t *testing.T, req *sip.Request) {
			eq(t, "host", HostAddr(req.Recipient.Host), netip.MustParseAddr("2001:db8::10:5070"))
			eq(t, "port", req.Recipient.Port, 0)
		}},
	{name: "4.4 port unambiguous", text: ipv6Request("REGISTER sip:[2001:db8::10]:5070 SIP/2.0", "sip:user@example.com",
		"SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111"),
		check: func(t *testing.T, req *sip.Request) {
			eq(t, "host", HostAddr(req.Recipient.Host), netip.MustParseAddr("2001:db8::10"))
			eq(t, "port", req.Recipient.Port, 5070)
		}},
	{name: "4.5 received with delimiters", text: ipv6Request("BYE sip:[2001:db8::10] SIP/2.0", "sip:user@example.com;tag=bd76ya",
		"SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111"),
		check: func(t *testing.T, req *sip.Request) {
			received, _ := Param(req.Via().Params, "received")
			eq(t, "received", received, "2001:db8::9:255")
		}},
	{name: "4.5 received without delimiters", text: ipv6Request("OPTIONS sip:[2001:db8::10] SIP/2.0", "sip:user@example.com",
		"SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3"),
		check: func(t *testing.T, req *sip.Request) {
			received, _ := Param(req.Via().Params, "received")
			eq(t, "received", received, "2001:db8::9:255")
		}},
	{name: "4.7 several addresses", text: ipv6Request("BYE sip:user@host.example.net SIP/2.0", "sip:user@example.net;tag=9817--94",
		"SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144\n"+
			"Via: SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200"),
		check: func(t *testing.T, req *sip.Request) {
			eq(t, "port", req.Via().Port, 6050)
			eq(t, "Vias", strings.Join(viasOf(req)[1:], " | "), "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144 | "+
				"SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200")
		}},
	{name: "4.9 mapped addresses", text: ipv6Request("INVITE sip:user@example.com SIP/2.0", "sip:user@example.com",
		"SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19\nVia: SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bKas3-111"),
		check: func(t *testing.T, req *sip.Request) {
			eq(t, "Via host", HostAddr(req.Via().Host).Unmap(), netip.MustParseAddr("192.0.2.10"))
		}},
	{name: "4.10 three colons", text: ipv6Request("OPTIONS sip:user@[2001:db8:::192.0.2.1] SIP/2.0", "sip:user@[2001:db8:::192.0.2.1]",
		"SIP/2.0/UDP lab1.east.example.com;branch=z9hG4bKas3-111"),
		check: func(t *testing.T, req *sip.Request) { eq(t, "host", req.Recipient.Host, "[2001:db8::192.0.2.1]") }},
	{name: "4.10 two colons", text: ipv6Request("OPTIONS sip:user@[2001:db8::192.0.2.1] SIP/2.0", "sip:user@[2001:db8::192.0.2.1]",
		"SIP/2.0/UDP lab1.east.example.com;branch=z9hG4bKas3-111"),
		check: func(t *testing.T, req *sip.Request) { eq(t, "host", req.To().Address.Host, "[2001:db8::192.0.2.1]") }},
}

func ipv6Request(line, to, via string) string {
	method, _, _ := strings.Cut(line, " ")
	return crlf(line + "\nTo: " + to + "\nFrom: sip:user@example.com;tag=81x2\nVia: " + via +
		"\nCall-ID: SSG9559905523997077@hlau_4100\nMax-Forwards: 70\n" +
		"Contact: \"Caller\" <sip:caller@[2001:db8::1]>\nCSeq: 98176 " + method + "\nContent-Length: 0\n\n")
}

func TestRFC5118(t *testing.T) {
	for _, test := range rfc5118 {
		t.Run(test.name, func(t *testing.T) {
			if test.fault != "" {
				checkFault(t, test.text, 400, test.fault)
				return
			}
			req := mustRequest(t, test.text)
			checkStable(t, req)
			test.check(t, req)
		})
	}
}
