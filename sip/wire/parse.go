package wire

import (
	"bytes"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Bounds of a message. RFC 3261 sets none; the longest message of RFC 4475 has
// 4 KiB. What is over them is answered with 513 or 413.
const (
	MaxHead = 16 << 10 // bytes of start line and headers
	MaxBody = 64 << 10 // bytes of body
)

const (
	endOfLine = "\r\n"
	endOfHead = "\r\n\r\n"
)

// Parse reads one message: a whole datagram, or what Framer returned. Exactly one of
// message and fault is nil. The message shares no memory with the datagram.
func Parse(datagram []byte) (sip.Message, *Fault) {
	datagram = skipBlankLines(datagram)
	end := bytes.Index(datagram, []byte(endOfHead))
	if end < 0 || end > MaxHead {
		return nil, parseCut(datagram, end)
	}
	var p parser
	p.parseHead(string(datagram[:end+2]))
	p.parseBody(datagram[end+4:])
	return p.finish()
}

// parseCut reads what it can of a message whose headers have no end within bounds,
// for the answer.
func parseCut(datagram []byte, end int) *Fault {
	var p parser
	p.broken(sip.StatusBadRequest, "Bad message: no empty line after the headers")
	if end > MaxHead || len(datagram) > MaxHead {
		p.fault = nil
		p.broken(sip.StatusMessageTooLarge, "Message Too Large: headers are over 16 KiB")
		datagram = datagram[:MaxHead]
	}
	return p.parseCut(datagram)
}

// parseCut reads the whole lines of a head that has been found broken.
func (p *parser) parseCut(head []byte) *Fault {
	p.parseHead(string(head[:bytes.LastIndexByte(head, '\n')+1]))
	_, fault := p.finish()
	return fault
}

// IsKeepAlive reports whether a datagram holds nothing but what phones send to keep
// a NAT binding open: CR, LF, NUL and blanks, or nothing. Nothing is answered.
func IsKeepAlive(datagram []byte) bool {
	for _, c := range datagram {
		if c != '\r' && c != '\n' && c != 0 && c != ' ' {
			return false
		}
	}
	return true
}

// skipBlankLines obeys RFC 3261 s7.5 for datagrams too: "Implementations processing
// SIP messages over stream-oriented transports MUST ignore any CRLF appearing before
// the start-line".
func skipBlankLines(b []byte) []byte {
	for bytes.HasPrefix(b, []byte(endOfLine)) {
		b = b[len(endOfLine):]
	}
	return b
}

// A parser holds one message while it is read. It reads on after a fault, because
// the answer repeats headers that may come later.
type parser struct {
	msg    message
	req    *sip.Request // msg when it is a request
	method string       // of a request, as far as its first line was readable
	seen   fieldSet
	fault  *Fault
	raw    rawFields

	vias     int
	contact  *sip.ContactHeader // the first
	contacts int
	length   int // Content-Length's value
	lengthAt *sip.ContentLengthHeader
	oddRoute field // a Route or Record-Route value that sipgo's type cannot hold
	cseq     string
	lines    int
}

// message is what a request and a response of sipgo have in common.
type message interface {
	sip.Message
	Headers() []sip.Header
	ReplaceHeader(sip.Header)
	RemoveHeader(string) bool
}

type fieldSet uint16

func (s fieldSet) has(f field) bool { return s&(1<<f) != 0 }

// broken notes a fault; the first one counts.
func (p *parser) broken(status int, phrase string) {
	if p.fault == nil {
		p.fault = &Fault{Status: status, Phrase: phrase}
	}
}

// bad notes a flaw in a header.
func (p *parser) bad(name string, err error) {
	if err != nil {
		p.broken(sip.StatusBadRequest, "Bad "+name+": "+err.Error())
	}
}

// parseHead reads the start line and the headers; head ends with CR LF.
func (p *parser) parseHead(head string) {
	line, rest, _ := strings.Cut(head, endOfLine)
	p.lines = 1
	p.parseStartLine(line)
	if p.msg == nil {
		return
	}
	if rest != "" && isBlank(rest[0]) {
		p.broken(sip.StatusBadRequest, "Bad header: the first one begins with a blank")
	}
	for rest != "" {
		line, rest = p.nextField(rest)
		p.parseField(line)
	}
	// Every CR and LF belongs to the end of a line.
	if strings.Count(head, "\r") != p.lines || strings.Count(head, "\n") != p.lines {
		p.broken(sip.StatusBadRequest, "Bad header: CR or LF within a line")
	}
}

// nextField takes the first line with the lines that continue it. RFC 3261 s7.3.1:
// "Header fields can be extended over multiple lines by preceding each extra line
// with at least one SP or horizontal tab (HT)."
func (p *parser) nextField(s string) (line, rest string) {
	line, rest, _ = strings.Cut(s, endOfLine)
	p.lines++
	if rest == "" || !isBlank(rest[0]) {
		return line, rest
	}
	var joined strings.Builder
	joined.WriteString(trimRight(line))
	for rest != "" && isBlank(rest[0]) {
		line, rest, _ = strings.Cut(rest, endOfLine)
		p.lines++
		joined.WriteByte(' ')
		joined.WriteString(trim(line))
	}
	return joined.String(), rest
}

// parseField reads one header.
func (p *parser) parseField(line string) {
	colon := strings.IndexByte(line, ':')
	if colon < 0 {
		p.broken(sip.StatusBadRequest, "Bad header: no colon in "+excerpt(line))
		return
	}
	name := trimRight(line[:colon])
	if !all(name, tokenChar) {
		p.broken(sip.StatusBadRequest, "Bad header: name "+excerpt(name)+" is no token")
		return
	}
	entry := lookup(name)
	p.parseValue(entry, trim(line[colon+1:]))
	p.seen |= 1 << entry.field
}

// parseValue reads a header's value by its field.
func (p *parser) parseValue(entry nameEntry, value string) {
	switch entry.field {
	case fieldVia:
		p.parseVias(value)
	case fieldFrom:
		p.parseFrom(value)
	case fieldTo:
		p.parseTo(value)
	case fieldCallID:
		p.parseCallID(value)
	case fieldCSeq:
		p.parseCSeq(value)
	case fieldMaxForwards:
		p.parseMaxForwards(value)
	case fieldContentLength:
		p.parseContentLength(value)
	case fieldContentType:
		p.parseContentType(value)
	case fieldContact:
		p.parseContacts(value)
	case fieldRoute, fieldRecordRoute:
		p.parseRoutes(entry, value)
	case fieldDate:
		p.parseDate(value)
	default:
		p.parseOther(entry.name, value)
	}
}

// parseBody takes the body from what follows the headers. RFC 3261 s18.3: "If there
// are additional bytes in the transport packet beyond the end of the body, they MUST
// be discarded. If the transport packet ends before the end of the message body, this
// is considered an error."
func (p *parser) parseBody(rest []byte) {
	if p.msg == nil {
		return
	}
	if p.seen.has(fieldContentLength) {
		if p.length > len(rest) {
			p.bad("Content-Length", flaw("larger than the message"))
			return
		}
		rest = rest[:p.length]
	}
	if len(rest) > MaxBody {
		p.broken(sip.StatusRequestEntityTooLarge, "Request Entity Too Large: body is over 64 KiB")
		return
	}
	if p.lengthAt == nil {
		p.lengthAt = new(sip.ContentLengthHeader)
		p.msg.AppendHeader(p.lengthAt)
	}
	*p.lengthAt = sip.ContentLengthHeader(len(rest))
	if len(rest) > 0 {
		p.msg.SetBody(bytes.Clone(rest))
	}
}

// finish checks the message as a whole.
func (p *parser) finish() (sip.Message, *Fault) {
	if p.msg == nil {
		return nil, p.fault
	}
	p.checkPresent()
	if p.req != nil {
		p.checkRequest()
	} else if p.vias > 1 {
		p.bad("Via", flaw("a response with more than one is not for us"))
	}
	if p.fault == nil {
		p.settle()
		return p.msg, nil
	}
	p.fault.Method = p.method
	if p.req != nil && p.method != string(sip.ACK) {
		p.fault.vias, p.fault.raw = usableVias(p.msg), p.raw
	}
	return nil, p.fault
}

// checkPresent: RFC 3261 s8.1.1 and s20's table 2 make five headers mandatory.
func (p *parser) checkPresent() {
	for _, need := range [...]struct {
		field field
		name  string
	}{
		{fieldVia, "Via"}, {fieldFrom, "From"}, {fieldTo, "To"},
		{fieldCallID, "Call-ID"}, {fieldCSeq, "CSeq"},
	} {
		if !p.seen.has(need.field) {
			p.broken(sip.StatusBadRequest, "Missing "+need.name)
			return
		}
	}
}

// checkRequest: RFC 3261 s8.1.1.5, "The method MUST match that of the request", and
// s8.1.1.6, "A UAC MUST insert a Max-Forwards header field into each request it
// originates with a value that SHOULD be 70".
func (p *parser) checkRequest() {
	if p.cseq != "" && p.cseq != p.method {
		p.bad("CSeq", flaw("method does not match "+p.method))
	}
	if !p.seen.has(fieldMaxForwards) {
		h := sip.MaxForwardsHeader(70)
		p.msg.AppendHeader(&h)
	}
}

// settle makes sipgo's accessors return the first Contact, and keeps what its Route
// types would lose.
func (p *parser) settle() {
	if p.contacts > 1 {
		p.msg.ReplaceHeader(p.contact)
	}
	if p.oddRoute != fieldOther {
		keepRoutes(p.msg, "Route")
		keepRoutes(p.msg, "Record-Route")
	}
}

// keepRoutes writes every value of a route header as text: RFC 3261 s12.1.1 has "any
// Record-Route header field parameters, whether they are known or unknown" copied.
func keepRoutes(m message, name string) {
	var values []string
	for _, h := range m.Headers() {
		if h.Name() == name {
			values = append(values, h.Value())
		}
	}
	for m.RemoveHeader(name) {
	}
	for _, value := range values {
		m.AppendHeader(sip.NewHeader(name, value))
	}
}

// usableVias returns the Vias of a broken request that an answer can repeat; none
// when the top one, which it would follow, has no host.
func usableVias(m message) (vias []*sip.ViaHeader) {
	for _, h := range m.Headers() {
		v, ok := h.(*sip.ViaHeader)
		switch {
		case !ok:
		case v.Host != "":
			vias = append(vias, v)
		case len(vias) == 0:
			return nil
		}
	}
	return vias
}
