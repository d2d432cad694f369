package wire

import (
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
)

// What peers write is often at the edge of the grammar and means something all the
// same. Each line of a case is in place of the plain request's, and must be understood.
func TestHabitsOfPeers(t *testing.T) {
	for _, test := range []struct {
		habit string
		lines []string
		check func(t *testing.T, msg sip.Message)
	}{
		{"blanks before the number", []string{"Content-Length:        0", "Max-Forwards:    70"},
			func(t *testing.T, msg sip.Message) { eq(t, "length", int(*msg.ContentLength()), 0) }},
		{"Contact without brackets, parameters are the header's", []string{"Contact: sip:sipp@127.0.1.1:5061;transport=UDP"},
			func(t *testing.T, msg sip.Message) {
				transport, _ := Param(Contacts(msg)[0].Params, "transport")
				eq(t, "transport", transport, "UDP")
			}},
		{"name with a colon and an at sign", []string{"From: 100@pbx:5060 <sip:100@pbx>;tag=1"},
			func(t *testing.T, msg sip.Message) { eq(t, "name", msg.From().DisplayName, "100@pbx:5060") }},
		{"name in another alphabet without quotes", []string{"From: Jörg Müller (Büro) <sip:100@pbx>;tag=1"},
			func(t *testing.T, msg sip.Message) { eq(t, "name", msg.From().DisplayName, "Jörg Müller (Büro)") }},
		{"empty name", []string{`From: "" <sip:100@pbx>;tag=1`},
			func(t *testing.T, msg sip.Message) { eq(t, "name", msg.From().DisplayName, "") }},
		{"no blank between name and bracket", []string{`From: "A"<sip:100@pbx>;tag=1`},
			func(t *testing.T, msg sip.Message) { eq(t, "name", msg.From().DisplayName, "A") }},
		{"brackets and semicolons in a quoted name", []string{`From: "A <b>; c, d" <sip:100@pbx>;tag=1`},
			func(t *testing.T, msg sip.Message) { eq(t, "name", msg.From().DisplayName, "A <b>; c, d") }},
		{"service code with a hash", []string{"OPTIONS sip:*72#@pbx SIP/2.0"},
			func(t *testing.T, msg sip.Message) { eq(t, "user", msg.(*sip.Request).Recipient.User, "*72#") }},
		{"tel with parameters in brackets", []string{"To: <tel:+14255550100;phone-context=example.com>"},
			func(t *testing.T, msg sip.Message) {
				eq(t, "number", msg.To().Address.Raw(), "+14255550100;phone-context=example.com")
			}},
		{"number portability in the user", []string{"OPTIONS sip:+14255550100;npdi;rn=+14255559999@h;user=phone SIP/2.0"},
			func(t *testing.T, msg sip.Message) {
				eq(t, "user", msg.(*sip.Request).Recipient.User, "+14255550100;npdi;rn=+14255559999")
			}},
		{"emergency service", []string{"OPTIONS urn:service:sos SIP/2.0"},
			func(t *testing.T, msg sip.Message) {
				eq(t, "service", msg.(*sip.Request).Recipient.Raw(), "service:sos")
			}},
		{"base64 in Call-ID, tag and branch", []string{"Call-ID: aGVsbG8/+==@h", "From: <sip:a@h>;tag=ab/c+d==", "Via: SIP/2.0/UDP h;branch=z9hG4bK.a=/b|c"},
			func(t *testing.T, msg sip.Message) {
				eq(t, "ids", msg.CallID().Value()+" "+FromTag(msg)+" "+Branch(msg), "aGVsbG8/+==@h ab/c+d== z9hG4bK.a=/b|c")
			}},
		{"GRUU and instance", []string{`Contact: <sip:a@h;gr=urn:uuid:1;ob>;+sip.instance="<urn:uuid:1>";reg-id=1;expires=600`},
			func(t *testing.T, msg sip.Message) {
				instance, _ := Param(Contacts(msg)[0].Params, "+SIP.Instance")
				eq(t, "instance", instance, "<urn:uuid:1>")
			}},
		{"feature tags with quoted lists", []string{`Contact: <sip:a@h>;audio;methods="INVITE,BYE";+g.x="a;b,c"`, "m: <sip:b@h>"},
			func(t *testing.T, msg sip.Message) { eq(t, "Contacts", len(Contacts(msg)), 2) }},
		{"host with an underscore and a final dot", []string{"OPTIONS sip:bob@my_host.example.com. SIP/2.0"},
			func(t *testing.T, msg sip.Message) {
				eq(t, "host", msg.(*sip.Request).Recipient.Host, "my_host.example.com.")
			}},
		{"blank after the semicolons of Via", []string{"Via: SIP/2.0/UDP h:5060 ; branch=z9hG4bK1 ; rport"},
			func(t *testing.T, msg sip.Message) { eq(t, "branch", Branch(msg), "z9hG4bK1") }},
		{"rport given twice alike", []string{"Via: SIP/2.0/UDP h;rport;branch=z9hG4bK1;rport"},
			func(t *testing.T, msg sip.Message) { eq(t, "parameters", len(msg.Via().Params), 2) }},
		{"date with one digit", []string{"Date: Sun, 1 Mar 2026 09:00:00 GMT"},
			func(t *testing.T, msg sip.Message) { eq(t, "has Date", len(Values(msg, "date")), 1) }},
		{"comma in the Subject", []string{"Subject: a, b; c <d> \"e"},
			func(t *testing.T, msg sip.Message) { eq(t, "Subject", Values(msg, "s")[0], "a, b; c <d> \"e") }},
		{"colon in a value and no blank after the name", []string{"User-Agent:Phone/1:2"},
			func(t *testing.T, msg sip.Message) { eq(t, "User-Agent", Values(msg, "user-agent")[0], "Phone/1:2") }},
		{"lower-case version", []string{"OPTIONS sip:bob@h sip/2.0"},
			func(t *testing.T, msg sip.Message) { eq(t, "version", msg.(*sip.Request).SipVersion, "SIP/2.0") }},
		{"method that nobody knows", []string{"options sip:bob@h SIP/2.0", "CSeq: 1 options"},
			func(t *testing.T, msg sip.Message) { eq(t, "method", msg.(*sip.Request).Method, "options") }},
		{"several routes with names", []string{"Route: \"P, 1\" <sip:p1;lr>,<sip:p2;lr>"},
			func(t *testing.T, msg sip.Message) { eq(t, "routes", hosts(t, msg, "Route"), "p1 p2") }},
	} {
		t.Run(test.habit, func(t *testing.T) {
			msg := mustParse(t, with(test.lines...))
			checkStable(t, msg)
			test.check(t, msg)
		})
	}
}

// Every request of RFC 4475 that is accepted can be answered, and the answer is read.
func TestTortureIsAnswered(t *testing.T) {
	for _, messages := range []map[string]string{tortureValid, tortureOther} {
		for name, text := range messages {
			msg, fault := Parse([]byte(text))
			req, ok := msg.(*sip.Request)
			if fault != nil || !ok {
				continue
			}
			StampVia(req.Via(), stranger)
			for _, status := range []int{100, 200, 486} {
				res := NewResponse(req, status, "", "t1")
				b, err := Append(nil, res)
				if err != nil {
					t.Errorf("%s %d: %v", name, status, err)
					continue
				}
				eq(t, name+" Vias", strings.Count(string(b), "\r\nVia: "), len(viasOf(req)))
				if len(viasOf(req)) > 1 {
					continue
				}
				back := mustParse(t, string(b))
				eq(t, name+" Call-ID", back.CallID().Value(), req.CallID().Value())
				eq(t, name+" CSeq", *back.CSeq(), *req.CSeq())
				eq(t, name+" From tag", FromTag(back), FromTag(req))
				eq(t, name+" branch", Branch(back), Branch(req))
				eq(t, name+" has a To tag", ToTag(back) != "", status != 100 || ToTag(req) != "")
			}
		}
	}
}

// A bad request gets the same first-line words whatever else it has.
func TestFirstFaultCounts(t *testing.T) {
	_, fault := Parse([]byte(with("CSeq: x OPTIONS", "Max-Forwards: y", "-To:")))
	eq(t, "phrase", fault.Phrase, "Bad Max-Forwards: 'y' is not a number")
	_, fault = Parse([]byte(with("OPTIONS sip:bob@h SIP/3.0", "CSeq: x OPTIONS")))
	eq(t, "status", fault.Status, 505)
}
