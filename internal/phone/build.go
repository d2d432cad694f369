package phone

import (
	"fmt"
	"strconv"
	"strings"
)

const allow = "INVITE, ACK, CANCEL, BYE, OPTIONS"

// Request builds a request outside of any dialog, with its own Call-ID and tag.
// The To is the Request-URI.
func (a *Agent) Request(method, uri string) *Message {
	m := &Message{Method: method, URI: uri}
	m.Add("Via", a.via(a.newBranch()))
	m.Add("Max-Forwards", "70")
	m.Add("From", fmt.Sprintf("<sip:%s@%s>;tag=%s", a.Name, a.Domain, a.identify("t")))
	m.Add("To", "<"+uri+">")
	m.Add("Call-ID", a.identify("c")+"@"+a.Local.Addr().String())
	m.Add("CSeq", "1 "+method)
	m.Add("Contact", a.Contact())
	if method == "INVITE" {
		m.Add("Allow", allow)
	}
	return m
}

// Register builds a REGISTER for this agent's own address of record. Expires is
// in seconds; RFC 3261 section 10.2.
func (a *Agent) Register(expires int) *Message {
	m := a.Request("REGISTER", "sip:"+a.Domain)
	m.Set("To", fmt.Sprintf("<sip:%s@%s>", a.Name, a.Domain))
	m.Set("Expires", strconv.Itoa(expires))
	return m
}

// In builds a request inside a dialog: RFC 3261 section 12.2.1.1.
func (a *Agent) In(d *Dialog, method string) *Message {
	d.cseq++
	m := d.skeleton(method, d.cseq)
	m.Fields = append([]Field{{"Via", a.via(a.newBranch())}}, m.Fields...)
	if method == "INVITE" || method == "UPDATE" {
		m.Add("Contact", a.Contact())
		m.Add("Allow", allow)
	}
	return m
}

// Ack builds the ACK for a final response to an INVITE: in the dialog, with its
// own branch, for a 2xx (section 13.2.2.4); else with the INVITE's branch,
// Request-URI and Route (section 17.1.1.3).
func (a *Agent) Ack(response *Message) (*Message, error) {
	number, _ := response.CSeq()
	if response.Status < 300 {
		d := a.Find(response.Get("Call-ID"), response.Tag("From"), response.Tag("To"))
		if d == nil {
			return nil, fmt.Errorf("no dialog for the ACK of %s", response.Name())
		}
		m := d.skeleton("ACK", number)
		m.Fields = append([]Field{{"Via", a.via(a.newBranch())}}, m.Fields...)
		return m, nil
	}
	r, ok := a.requests[transactionKey(response)]
	if !ok {
		return nil, fmt.Errorf("no INVITE for the ACK of %s", response.Name())
	}
	m := a.sameTransaction(r.message, "ACK")
	m.Set("To", response.Get("To"))
	return m, nil
}

// Cancel builds the CANCEL of an INVITE that was sent: section 9.1.
func (a *Agent) Cancel(invite *Message) *Message { return a.sameTransaction(invite, "CANCEL") }

func (a *Agent) sameTransaction(invite *Message, method string) *Message {
	number, _ := invite.CSeq()
	m := &Message{Method: method, URI: invite.URI}
	for _, name := range []string{"Via", "Max-Forwards", "From", "To", "Call-ID", "Route"} {
		for _, v := range invite.All(name) {
			m.Add(name, v)
		}
	}
	m.Add("CSeq", fmt.Sprintf("%d %s", number, method))
	return m
}

// Retry builds a request once more with the answer to a 401 or 407; it errors
// when no challenge in it can be answered.
func (a *Agent) Retry(request, challenged *Message) (*Message, error) {
	from, to := "WWW-Authenticate", "Authorization"
	if challenged.Status == 407 {
		from, to = "Proxy-Authenticate", "Proxy-Authorization"
	}
	known := []string{"", "MD5", "SHA-256"}
	if a.MD5Only {
		known = known[:2]
	}
	c, ok := topmost(challenged.All(from), known...)
	if !ok {
		return nil, fmt.Errorf("%s has no %s that can be answered: %q", challenged.Name(), from, challenged.All(from))
	}
	m := a.Again(request)
	number, method := request.CSeq()
	a.nonces++
	m.Set(to, c.Answer(a.Credentials, method, m.URI, 1, fmt.Sprintf("%08x", a.nonces)))
	if d := a.Find(m.Get("Call-ID"), m.Tag("From"), m.Tag("To")); d != nil {
		d.cseq = max(d.cseq, number+1)
	}
	return m, nil
}

// Again is a request once more as a new transaction: with another branch and the
// next CSeq, the rest unchanged.
func (a *Agent) Again(request *Message) *Message {
	m := request.Clone()
	number, method := m.CSeq()
	m.Set("Via", a.via(a.newBranch()))
	m.Set("CSeq", fmt.Sprintf("%d %s", number+1, method))
	return m
}

// Respond builds a response to a request: section 8.2.6. The tag is the local
// one of the dialog, or as given when not empty.
func (a *Agent) Respond(request *Message, status int, tag string) *Message {
	m := &Message{Status: status, Reason: reason(status)}
	copied := []string{"Via", "From", "To", "Call-ID", "CSeq"}
	if status < 300 && status != 100 {
		copied = append(copied, "Record-Route")
	}
	for _, name := range copied {
		for _, v := range request.All(name) {
			m.Add(name, v)
		}
	}
	if request.Tag("To") == "" && status != 100 {
		m.Set("To", request.Get("To")+";tag="+a.tagFor(request, tag))
	}
	if request.Method == "INVITE" && status != 100 && status < 300 {
		m.Add("Contact", a.Contact())
		m.Add("Allow", allow)
	}
	return m
}

func (a *Agent) tagFor(request *Message, tag string) string {
	d := a.answering(request)
	switch {
	case d == nil && tag == "":
		return a.identify("t")
	case d == nil:
		return tag
	case tag == "":
		return d.LocalTag
	}
	return a.fork(d, tag).LocalTag
}

// SetSDP makes a session description the body.
func (m *Message) SetSDP(body string) {
	m.Set("Content-Type", "application/sdp")
	m.Body = body
}

// SDP is the body when it is a session description.
func (m *Message) SDP() (string, bool) {
	kind, _, _ := strings.Cut(m.Get("Content-Type"), ";")
	return m.Body, strings.EqualFold(strings.TrimSpace(kind), "application/sdp") && m.Body != ""
}

var reasons = map[int]string{
	100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 183: "Session Progress",
	200: "OK", 302: "Moved Temporarily", 400: "Bad Request", 401: "Unauthorized",
	403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
	407: "Proxy Authentication Required", 408: "Request Timeout", 410: "Gone",
	415: "Unsupported Media Type", 480: "Temporarily Unavailable",
	481: "Call/Transaction Does Not Exist", 486: "Busy Here", 487: "Request Terminated",
	488: "Not Acceptable Here", 491: "Request Pending", 500: "Server Internal Error",
	501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
	504: "Server Time-out", 600: "Busy Everywhere", 603: "Decline",
	604: "Does Not Exist Anywhere", 606: "Not Acceptable",
}

func reason(status int) string {
	if r, ok := reasons[status]; ok {
		return r
	}
	return "Status"
}
