package dialog

import (
	"strconv"
	"strings"

	"github.com/tandem-gateway/tandem/sdp"
)

// message is a request of ours before it is rendered. It is kept until its
// transaction has its final response, because a challenge makes it anew.
type message struct {
	method, uri string
	branch, hop string
	seq         uint32
	head        []Header
	body        []byte
	// typed says that head has the body's Content-Type; it is a session description else.
	typed bool
}

// add appends one header field.
func (m *message) add(name, value string) { m.head = append(m.head, Header{name, value}) }

func (m *message) describe(s *sdp.Description) {
	if s != nil {
		m.body = s.Append(make([]byte, 0, bodySize))
	}
}

// bodySize is room for the description of one audio stream.
const bodySize = 512

// again makes the request that follows a challenge: RFC 3261 s22.2, "it must
// increment the CSeq header field value as it would normally when sending an
// updated request", with a branch of its own and these credentials instead of
// those it had.
func (m *message) again(branch, via string, seq uint32, credentials []Header) message {
	next := *m
	next.head = make([]Header, 0, len(m.head)+len(credentials))
	for _, h := range m.head {
		switch h.Name {
		case "Via":
			h.Value = viaValue(via, branch)
		case "CSeq":
			h.Value = cseqValue(seq, m.method)
		case "Authorization", "Proxy-Authorization":
			continue
		}
		next.head = append(next.head, h)
	}
	next.head, next.branch, next.seq = append(next.head, credentials...), branch, seq
	return next
}

// credentials are the headers that answer challenges.
func (m *message) credentials() (list []Header) {
	for _, h := range m.head {
		if h.Name == "Authorization" || h.Name == "Proxy-Authorization" {
			list = append(list, h)
		}
	}
	return list
}

// render writes the whole message.
func (m *message) render() []byte {
	b := make([]byte, 0, len(m.method)+len(m.uri)+sizeOf(m.head)+len(m.body)+96)
	b = append(append(b, m.method...), ' ')
	b = appendLine(b, m.uri)
	b = append(b, " SIP/2.0\r\n"...)
	b = appendHeaders(b, m.head)
	if m.typed {
		return appendLength(b, m.body)
	}
	return appendBody(b, m.body)
}

// sizeOf is about what headers take when they are written.
func sizeOf(list []Header) (n int) {
	for _, h := range list {
		n += len(h.Name) + len(h.Value) + len(": \r\n")
	}
	return n
}

func appendHeaders(b []byte, list []Header) []byte {
	for _, h := range list {
		if h.Name == "" {
			continue // a Phrase
		}
		b = append(append(b, h.Name...), ": "...)
		b = append(appendLine(b, h.Value), "\r\n"...)
	}
	return b
}

// appendBody ends the headers and writes the body, a session description or
// nothing.
func appendBody(b, body []byte) []byte {
	if len(body) > 0 {
		b = append(b, "Content-Type: application/sdp\r\n"...)
	}
	return appendLength(b, body)
}

// appendLength ends the headers and writes a body whose type they say.
func appendLength(b, body []byte) []byte {
	b = append(b, "Content-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	return append(append(b, "\r\n\r\n"...), body...)
}

func viaValue(via, branch string) string { return via + ";branch=" + branch + ";rport" }

func cseqValue(seq uint32, method string) string {
	return strconv.FormatUint(uint64(seq), 10) + " " + method
}

// appendLine writes a value that must stay on its line. Values come from messages
// that were checked when they were read (package wire) and from the configuration;
// a CR, LF or NUL in one is turned into a blank all the same, so that no mistake
// elsewhere becomes a header that somebody injected.
func appendLine(b []byte, value string) []byte {
	start := len(b)
	b = append(b, value...)
	if !strings.ContainsAny(value, "\r\n\x00") {
		return b
	}
	for i := start; i < len(b); i++ {
		if b[i] == '\r' || b[i] == '\n' || b[i] == 0 {
			b[i] = ' '
		}
	}
	return b
}
