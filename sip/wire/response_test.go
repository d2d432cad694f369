package wire

import (
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
)

// RFC 3261 s8.2.6.2: what a response has of its request.
func TestNewResponse(t *testing.T) {
	req := mustRequest(t, with("INVITE sip:bob@example.com SIP/2.0", "CSeq: 7 INVITE",
		"Via: SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/UDP b;branch=z9hG4bK2", "Record-Route: <sip:p;lr>, <sip:q;lr>",
		"Timestamp: 54", "Contact: <sip:alice@a>", "Subject: x", "Require: 100rel"))
	for _, test := range []struct {
		status         int
		phrase, toTag  string
		line           string
		to             string
		routes, stamps int
	}{
		{100, "", "b1", "SIP/2.0 100 Trying", "<sip:bob@example.com>", 0, 1},
		{180, "", "b1", "SIP/2.0 180 Ringing", "<sip:bob@example.com>;tag=b1", 2, 0},
		{200, "Sure", "b1", "SIP/2.0 200 Sure", "<sip:bob@example.com>;tag=b1", 2, 0},
		{404, "", "b1", "SIP/2.0 404 Not Found", "<sip:bob@example.com>;tag=b1", 0, 0},
		{499, "", "", "SIP/2.0 499 Bad Request", "<sip:bob@example.com>", 0, 0},
	} {
		text, err := Append(nil, NewResponse(req, test.status, test.phrase, test.toTag))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(text), "\r\n")
		eq(t, "status line", lines[0], test.line)
		count := func(prefix string) (n int) {
			for _, line := range lines {
				if strings.HasPrefix(line, prefix) {
					n++
				}
			}
			return n
		}
		eq(t, "Vias", count("Via: "), 2)
		eq(t, "From", count("From: \"Alice\" <sip:alice@example.com>;tag=a1"), 1)
		eq(t, "To", count("To: "+test.to), 1)
		eq(t, "Call-ID", count("Call-ID: 1@example.com"), 1)
		eq(t, "CSeq", count("CSeq: 7 INVITE"), 1)
		eq(t, "Record-Routes", count("Record-Route: "), test.routes)
		eq(t, "Timestamps", count("Timestamp: 54"), test.stamps)
		eq(t, "lines", len(lines), 10+test.routes+test.stamps)
	}
	eq(t, "To of the request", req.To().Params.Has("tag"), false)
}

// RFC 3261 s8.2.6.2: "If the request contained a To tag in the request, the To header
// field in the response MUST equal that of the request."
func TestNewResponseKeepsTag(t *testing.T) {
	req := mustRequest(t, with("BYE sip:bob@example.com SIP/2.0", "CSeq: 1 BYE", "To: <sip:bob@example.com>;tag=b7", "Record-Route: <sip:p;lr>"))
	res := NewResponse(req, 200, "", "other")
	eq(t, "tag", ToTag(res), "b7")
	eq(t, "Record-Routes", len(res.GetHeaders("Record-Route")), 0)
}

func TestPhrase(t *testing.T) {
	for status, want := range map[int]string{
		100: "Trying", 183: "Session Progress", 486: "Busy Here", 603: "Decline", 422: "Session Interval Too Small",
		199: "Early Dialog Terminated", 150: "Progress", 299: "OK", 399: "Redirection", 499: "Bad Request", 599: "Server Error", 699: "Global Failure",
		99: "", 700: "", -1: "",
	} {
		eq(t, "phrase", Phrase(status), want)
	}
	for status, phrase := range phrases {
		if err := phrase == "" || strings.ContainsAny(phrase, "\r\n\"<>"); err || status < 100 || status > 699 {
			t.Errorf("%d %q", status, phrase)
		}
	}
}

// A stamped Via goes into every response.
func TestNewResponseAfterStamp(t *testing.T) {
	req := mustRequest(t, with("Via: SIP/2.0/UDP 10.0.0.1;rport;branch=z9hG4bK1"))
	StampVia(req.Via(), stranger)
	eq(t, "Via", NewResponse(req, 200, "", "b").Via().Value(), "SIP/2.0/UDP 10.0.0.1;rport=5066;branch=z9hG4bK1;received=198.51.100.7")
	eq(t, "request and response", sip.Header(req.Via()) == sip.Header(NewResponse(req, 200, "", "b").Via()), true)
}
