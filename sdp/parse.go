package sdp

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// The sizes beyond which a body is refused instead of read. A body of a browser or
// of Teams with all its candidates has some 200 lines.
const (
	MaxSize    = 64 << 10 // bytes of a body
	MaxLines   = 1024     // lines of a body
	MaxMedia   = 32       // m= lines of a body
	MaxFormats = 128      // formats of an m= line; there are 128 payload numbers
)

// Parse reads a session description. Lines may end in CRLF, LF or CR, the last one in
// nothing; their order matters only between the session and its m= sections; letters'
// case matters nowhere. What is repeated but may stand once counts the first time.
// The error is an *Error. The Description keeps a copy of body, not body itself.
func Parse(body []byte) (*Description, error) {
	switch {
	case len(body) > MaxSize:
		return nil, &Error{Fault: "body of " + strconv.Itoa(len(body)) + " bytes", Fix: "send at most " + strconv.Itoa(MaxSize)}
	case bytes.IndexByte(body, 0) >= 0:
		// "byte-string = 1*(%x01-09/%x0B-0C/%x0E-FF)" (RFC 8866 section 9)
		return nil, &Error{Fault: "body has a NUL byte", Fix: "send text"}
	}
	p := parser{rest: strings.TrimPrefix(string(body), "\ufeff")}
	for p.next() {
		if err := p.line(); err != nil {
			return nil, err
		}
	}
	return p.finish()
}

// parser is the reading position in one body and what the lines before it have said.
type parser struct {
	rest    string
	text    string // the current line, without blanks around it
	number  int    // its number, from 1
	session *Description
	media   *Media // the section being read; nil in the session section
	mLine   int    // the line number of its m=
	mText   string
	given   given   // what the section being read has said itself
	mapped  numbers // payload numbers with an a=rtpmap in this section
	origin  bool    // o= has been read
	ptime   time.Duration
	badHost *Error // the last c= that could not be read
}

// given are the things that a section states once; the first statement counts.
type given uint16

const (
	gaveHost given = 1 << iota
	gaveDirection
	gavePtime
	gaveMaxPtime
	gaveRTCP
	gaveName
	gaveTiming
	gaveFingerprint
	gaveSetup
)

// first reports whether the section has not yet stated g, and notes that it now has.
func (p *parser) first(g given) bool {
	is := p.given&g == 0
	p.given |= g
	return is
}

// next moves to the next line that is not blank.
func (p *parser) next() bool {
	for p.rest != "" {
		end := strings.IndexAny(p.rest, "\r\n")
		line, skip := p.rest, len(p.rest)
		if end >= 0 {
			line, skip = p.rest[:end], end+1
			if strings.HasPrefix(p.rest[end:], "\r\n") {
				skip++
			}
		}
		p.rest = p.rest[skip:]
		p.number++
		if p.text = trim(line); p.text != "" {
			return true
		}
	}
	return false
}

// fault is an error of the current line.
func (p *parser) fault(what, fix string) *Error { return fault(p.number, p.text, what, fix) }

// line takes the current line in. A line that is no "letter=value" is ignored.
func (p *parser) line() error {
	if p.number > MaxLines {
		return p.fault("more than "+strconv.Itoa(MaxLines)+" lines", "send fewer")
	}
	if p.session == nil {
		return p.begin()
	}
	if len(p.text) < 2 || p.text[1] != '=' {
		return nil
	}
	switch value := trim(p.text[2:]); p.text[0] | 0x20 { // the letter in lower case
	case 'a':
		p.attributeLine(value)
	case 'm':
		return p.mediaLine(value)
	case 'c':
		p.connectionLine(value)
	case 'b':
		p.bandwidthLine(value)
	case 'v':
		if p.origin {
			p.rest = "" // another description begins; ours ends here
		}
	case 'o', 's', 't':
		if p.media == nil {
			return p.sessionLine(value)
		}
	}
	return nil
}

// begin reads the first line, which tells SDP from everything else.
func (p *parser) begin() error {
	version, ok := strings.CutPrefix(strings.ToLower(p.text), "v=")
	if !ok || trim(version) != "0" {
		return p.fault("not SDP", `begin the body with "v=0"`)
	}
	p.session = &Description{Direction: SendRecv}
	// One allocation for all sections; a body with other line ends grows as needed.
	if n := strings.Count(p.rest, "\nm="); n > 0 {
		p.session.Media = make([]Media, 0, min(n, MaxMedia))
	}
	return nil
}

// sessionLine reads the lines that only the session section has.
func (p *parser) sessionLine(value string) error {
	switch p.text[0] | 0x20 {
	case 'o':
		if !p.origin {
			return p.originLine(value)
		}
	case 's':
		if p.first(gaveName) && value != "-" {
			p.session.Name = value
		}
	case 't':
		if value != "" && p.first(gaveTiming) {
			p.session.Timing = value
		}
	}
	return nil
}

// originLine reads "o=<username> <sess-id> <sess-version> IN <addrtype> <address>"
// (RFC 8866 section 5.2) from its right end, because some put a display name with
// blanks for the user, and some none at all.
func (p *parser) originLine(value string) error {
	var space [12]string
	f := fields(space[:0], value)
	in := len(f) - 3
	for in >= 2 && !strings.EqualFold(f[in], "IN") {
		in--
	}
	if in < 2 {
		return p.fault("the origin cannot be read", `write "o=- 1 1 IN IP4 <address>"`)
	}
	p.origin = true
	p.session.Origin = Origin{ID: fold(f[in-2]), Version: fold(f[in-1]), Host: f[in+2]}
	switch user := f[:in-2]; {
	case len(user) == 1 && user[0] != "-":
		p.session.Origin.Username = user[0]
	case len(user) > 1:
		p.session.Origin.Username = strings.Join(user, "_")
	}
	return nil
}

// fold reads a number of 63 bits; anything else is hashed to one (FNV-1a), see Origin.
func fold(s string) uint64 {
	const largest = 1<<63 - 1
	if n, ok := number(s, largest); ok {
		return n
	}
	hash := uint64(14695981039346656037)
	for i := range len(s) {
		hash = (hash ^ uint64(s[i])) * 1099511628211
	}
	return hash & largest
}

// connectionLine reads "c=IN <addrtype> <address>[/<ttl>][/<count>]" (RFC 8866
// section 5.7). The address type is not believed: the address tells its own. A line
// that cannot be read is an error only when the section is found to need it.
func (p *parser) connectionLine(value string) {
	var space [4]string
	host := ""
	if f := fields(space[:0], value); len(f) >= 3 {
		host = hostOf(f[2])
	}
	switch {
	case host == "":
		p.badHost = p.fault("the address is none", `write "c=IN IP4 <address>" with an IPv4 or IPv6 address or a host name`)
		if p.media != nil && p.given&gaveHost == 0 {
			p.media.Host = "" // the session's is not what this stream meant
		}
	case p.media == nil:
		if p.first(gaveHost) {
			p.session.Host = host
		}
	case p.first(gaveHost):
		p.media.Host = host
	default:
		p.media.MoreHosts = append(p.media.MoreHosts, host)
	}
}

// hostOf is the address of a c= line without TTL, count and brackets; "" unless it is
// an IP literal or a legal host name.
func hostOf(field string) string {
	host, _, _ := strings.Cut(field, "/")
	if len(host) > 2 && host[0] == '[' && host[len(host)-1] == ']' {
		host = host[1 : len(host)-1]
	}
	if literal(host).IsValid() || hostName(host) {
		return host
	}
	return ""
}

// hostName reports whether s can be a domain name: letters, digits, "-", "_" and dots,
// and not all digits behind the last dot, which only a broken IPv4 address has.
func hostName(s string) bool {
	if s == "" || len(s) > 255 || s[0] == '.' || s[0] == '-' || strings.Contains(s, "..") {
		return false
	}
	label, digits := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '.':
			if i < len(s)-1 {
				label, digits = 0, 0
			}
			continue
		case isDigit(c):
			digits++
		case c == '-', c == '_', 'a' <= c|0x20 && c|0x20 <= 'z':
		default:
			return false
		}
		label++
	}
	return digits < label
}

// bandwidthLine reads "b=<type>:<value>" (RFC 8866 section 5.8), or ignores it.
func (p *parser) bandwidthLine(value string) {
	kind, amount, _ := strings.Cut(value, ":")
	n, ok := number(trim(amount), 1<<63-1)
	kind = trim(kind)
	if !ok || kind == "" {
		return
	}
	to := &p.session.Bandwidth
	if p.media != nil {
		to = &p.media.Bandwidth
	}
	*to = append(*to, Bandwidth{Type: kind, Value: n})
}

// finish checks what only the end of the body shows.
func (p *parser) finish() (*Description, error) {
	if p.session == nil {
		return nil, &Error{Fault: "empty body", Fix: `begin the body with "v=0"`}
	}
	if !p.origin {
		return nil, &Error{Fault: "no o= line", Fix: `add "o=- 1 1 IN IP4 <address>" after v=0`}
	}
	if err := p.endMedia(); err != nil {
		return nil, err
	}
	if p.session.Timing == "" {
		p.session.Timing = unbounded
	}
	return p.session, nil
}

// unbounded is the t= of a session without start and end (RFC 8866 section 5.9).
const unbounded = "0 0"

// number reads a decimal number of digits only, up to most.
func number(s string, most uint64) (n uint64, ok bool) {
	if s == "" {
		return 0, false
	}
	for i := range len(s) {
		digit := uint64(s[i] - '0')
		if !isDigit(s[i]) || n > (most-digit)/10 {
			return 0, false
		}
		n = n*10 + digit
	}
	return n, true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// trim takes blanks and tabs off both ends.
func trim(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// cut takes the first of the fields that blanks and tabs separate.
func cut(s string) (field, rest string) {
	s = trim(s)
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		return s[:i], trim(s[i:])
	}
	return s, ""
}

// fields appends all fields of s to dst.
func fields(dst []string, s string) []string {
	for s != "" {
		var f string
		if f, s = cut(s); f != "" {
			dst = append(dst, f)
		}
	}
	return dst
}
