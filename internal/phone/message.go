package phone

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrNotSIP is what Parse's errors wrap: the packet is no SIP message.
var ErrNotSIP = errors.New("not a SIP message")

const version = "SIP/2.0"

// Field is one header line, its name as it was written.
type Field struct{ Name, Value string }

// Message is a SIP request (Method set) or response (Status set) as text.
type Message struct {
	// Method and URI are a request's; empty in a response.
	Method, URI string
	// Status and Reason are a response's; zero in a request.
	Status int
	Reason string
	// Fields are the header lines in their order.
	Fields []Field
	// Body is what follows the empty line, cut to Content-Length.
	Body string
}

// Parse reads one message that fills a datagram.
func Parse(packet []byte) (*Message, error) {
	head, body, found := strings.Cut(string(packet), "\r\n\r\n")
	if !found {
		return nil, fmt.Errorf("%w: no empty line after the header", ErrNotSIP)
	}
	lines := strings.Split(strings.ReplaceAll(head, "\r\n ", " "), "\r\n")
	m, err := parseStart(lines[0])
	if err != nil {
		return nil, err
	}
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("%w: header line %q has no colon", ErrNotSIP, line)
		}
		m.Add(long(strings.TrimSpace(name)), strings.TrimSpace(value))
	}
	m.Body = cut(body, m.Get("Content-Length"))
	return m, nil
}

func parseStart(line string) (*Message, error) {
	a, rest, _ := strings.Cut(line, " ")
	b, c, _ := strings.Cut(rest, " ")
	switch {
	case a == version:
		status, err := strconv.Atoi(b)
		if err != nil || status < 100 || status > 699 {
			return nil, fmt.Errorf("%w: status line %q", ErrNotSIP, line)
		}
		return &Message{Status: status, Reason: c}, nil
	case c == version && a != "" && b != "":
		return &Message{Method: a, URI: b}, nil
	}
	return nil, fmt.Errorf("%w: start line %q", ErrNotSIP, line)
}

// cut ends a body where Content-Length says, when it says so.
func cut(body, length string) string {
	n, err := strconv.Atoi(length)
	if err != nil || n < 0 || n > len(body) {
		return body
	}
	return body[:n]
}

// compact forms of RFC 3261 section 7.3.3 and of later RFCs.
var compact = map[string]string{
	"v": "Via", "f": "From", "t": "To", "i": "Call-ID", "m": "Contact",
	"l": "Content-Length", "c": "Content-Type", "k": "Supported", "s": "Subject",
	"e": "Content-Encoding", "o": "Event", "r": "Refer-To", "b": "Referred-By",
	"x": "Session-Expires",
}

func long(name string) string {
	if full, ok := compact[strings.ToLower(name)]; ok {
		return full
	}
	return name
}

// String is the message on the wire. A Content-Length is added when none is
// there; one that is there stays, right or wrong, for a script may want it so.
func (m *Message) String() string {
	var b strings.Builder
	b.WriteString(m.Start() + "\r\n")
	for _, f := range m.Fields {
		b.WriteString(f.Name + ": " + f.Value + "\r\n")
	}
	if !m.Has("Content-Length") {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(m.Body))
	}
	return b.String() + "\r\n" + m.Body
}

// Start is the first line without its line end.
func (m *Message) Start() string {
	if m.IsRequest() {
		return m.Method + " " + m.URI + " " + version
	}
	return fmt.Sprintf("%s %d %s", version, m.Status, m.Reason)
}

// IsRequest tells a request from a response.
func (m *Message) IsRequest() bool { return m.Method != "" }

// Name is what a ladder writes over its arrow: "INVITE", or "180 Ringing".
func (m *Message) Name() string {
	if m.IsRequest() {
		return m.Method
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", m.Status, m.Reason))
}

// Get is the first value of a header, or empty.
func (m *Message) Get(name string) string {
	for _, f := range m.Fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// All is every line's value of a header.
func (m *Message) All(name string) []string {
	var values []string
	for _, f := range m.Fields {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	return values
}

// Has tells whether a header is there, even when empty.
func (m *Message) Has(name string) bool { return len(m.All(name)) > 0 }

// Add appends a header line.
func (m *Message) Add(name, value string) {
	m.Fields = append(m.Fields, Field{name, value})
}

// Set puts one line in the place of all lines of that name.
func (m *Message) Set(name, value string) {
	for i, f := range m.Fields {
		if strings.EqualFold(f.Name, name) {
			m.Fields[i].Value = value
			m.Fields = append(m.Fields[:i+1], without(m.Fields[i+1:], name)...)
			return
		}
	}
	m.Add(name, value)
}

// Del removes every line of a header.
func (m *Message) Del(name string) { m.Fields = without(m.Fields, name) }

func without(fields []Field, name string) []Field {
	var kept []Field
	for _, f := range fields {
		if !strings.EqualFold(f.Name, name) {
			kept = append(kept, f)
		}
	}
	return kept
}

// Clone is a copy that can be changed.
func (m *Message) Clone() *Message {
	c := *m
	c.Fields = append([]Field(nil), m.Fields...)
	return &c
}

// CSeq is the number and the method of the CSeq header; zero when it is broken.
func (m *Message) CSeq() (uint32, string) {
	number, method, _ := strings.Cut(m.Get("CSeq"), " ")
	n, _ := strconv.ParseUint(number, 10, 32)
	return uint32(n), strings.TrimSpace(method)
}

// Branch is the branch of the topmost Via.
func (m *Message) Branch() string { return Param(m.Get("Via"), "branch") }

// Tag is the tag of the From or To header.
func (m *Message) Tag(header string) string { return Param(m.Get(header), "tag") }

// Param is a parameter of a header value, outside of <> where it has them.
func Param(value, name string) string {
	if i := strings.LastIndexByte(value, '>'); i >= 0 {
		value = value[i+1:]
	}
	for _, p := range strings.Split(value, ";")[1:] {
		k, v, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(k), name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// URI is the address inside a From, To, Contact, Route or Record-Route value.
func URI(value string) string {
	if _, after, ok := strings.Cut(value, "<"); ok {
		inside, _, _ := strings.Cut(after, ">")
		return inside
	}
	bare, _, _ := strings.Cut(value, ";")
	return strings.TrimSpace(bare)
}

// User is the part of a SIP URI before the @, or empty.
func User(uri string) string {
	_, rest, _ := strings.Cut(uri, ":")
	user, _, ok := strings.Cut(rest, "@")
	if !ok {
		return ""
	}
	return user
}
