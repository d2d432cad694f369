package calltest

import (
	"strings"
	"testing"

	"github.com/tandem-gateway/tandem/internal/phone"
)

const goodRequest = "INVITE sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\n" +
	"To: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContact: <sip:a@h>\r\nContent-Length: 0\r\n\r\n"

const goodResponse = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\n" +
	"To: <sip:b@h>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContact: <sip:a@h>\r\nContent-Length: 0\r\n\r\n"

// Each change makes a decent message indecent, and the error names the fault.
func TestDecent(t *testing.T) {
	for _, c := range []struct{ message, old, new, want string }{
		{goodRequest, "", "", ""},
		{goodResponse, "", "", ""},
		{goodRequest, "To: <sip:b@h>\r\n", "", "no To"},
		{goodRequest, "Call-ID: c\r\n", "", "no Call-ID"},
		{goodRequest, "Content-Length: 0", "Content-Length: 5", "Content-Length"},
		{goodRequest, "Content-Length: 0\r\n", "", "Content-Length"},
		{goodRequest, "Content-Length: 0\r\n\r\n", "Content-Length: 1\r\n\r\nx", "no Content-Type"},
		{goodRequest, "z9hG4bK1", "1", "branch"},
		{goodRequest, ";tag=1", "", "From has no tag"},
		{goodRequest, "1 INVITE", "1 BYE", "CSeq says"},
		{goodRequest, "Max-Forwards: 70\r\n", "", "no Max-Forwards"},
		{goodRequest, "Contact: <sip:a@h>\r\n", "", "no Contact"},
		{goodResponse, ";tag=2", "", "To has no tag"},
		{goodResponse, "Contact: <sip:a@h>\r\n", "", "no Contact"},
		{goodResponse, "Via:", "Via: SIP/2.0/UDP x;branch=z9hG4bK2\r\nVia:", "other Vias"},
		{goodResponse, "200 OK", "401 Unauthorized", "WWW-Authenticate"},
		{goodResponse, "200 OK", "405 No", "no Allow"},
		{goodResponse, "200 OK", "420 No", "no Unsupported"},
		{goodResponse, "200 OK", "423 No", "no Min-Expires"},
	} {
		m, err := phone.Parse([]byte(strings.Replace(c.message, c.old, c.new, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if err = decent(m); (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
			t.Errorf("without %q: %v, not %q", c.old, err, c.want)
		}
	}
}
