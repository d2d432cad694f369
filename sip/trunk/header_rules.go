package trunk

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Header is one header line of a message.
type Header struct {
	Name, Value string
}

// HeaderVerb is what a rule does.
type HeaderVerb uint8

const (
	// AddHeader appends a line.
	AddHeader HeaderVerb = iota + 1
	// SetHeader replaces the first line of that name, removes further ones, and appends
	// one where there is none.
	SetHeader
	// RemoveHeader removes all lines of that name.
	RemoveHeader
)

var headerVerbNames = [...]string{"none", "add", "set", "remove"}

// String gives the word in the configuration.
func (v HeaderVerb) String() string { return name(headerVerbNames[:], int(v)) }

// HeaderRule changes one header of the requests that begin calls to a trunk.
type HeaderRule struct {
	Verb HeaderVerb
	// Name is a header's, in any case or in its compact form.
	Name string
	// Value is the line's; empty for RemoveHeader.
	Value string
}

// HeaderRules are applied in their order.
type HeaderRules []HeaderRule

// ErrProtectedHeader is wrapped by the error of [HeaderRules.Check] for a header that no
// rule may touch.
var ErrProtectedHeader = errors.New("header is not for rules")

// ErrBadHeader is wrapped by that for a name or a value that would not stay in its line.
var ErrBadHeader = errors.New("bad header")

// protectedHeaders are those on which SIP itself, the call, its media, its digest or its
// privacy rests. Their values have keys of their own where there is something to set.
var protectedHeaders = map[string]string{
	"via": "", "call-id": "", "cseq": "", "contact": "", "route": "", "record-route": "", "max-forwards": "",
	"path": "", "service-route": "", "max-breadth": "",
	"from": "caller_id and from_domain set it", "to": "numbers.to sets it",
	"content-length": "", "content-type": "", "content-encoding": "", "content-disposition": "",
	"content-language": "", "mime-version": "",
	"require": "", "proxy-require": "", "supported": "", "unsupported": "", "allow": "", "accept": "",
	"rseq": "", "rack": "", "session-expires": "", "min-se": "", "event": "", "expires": "", "min-expires": "",
	"replaces": "", "join": "", "refer-to": "", "referred-by": "", "target-dialog": "", "identity": "",
	"authorization": "username and password make it", "proxy-authorization": "username and password make it",
	"www-authenticate": "", "proxy-authenticate": "", "authentication-info": "",
	"privacy": "the caller decides about it",
}

// compactNames are the one-letter forms (RFC 3261 s7.3.3 and the registry of IANA).
var compactNames = map[string]string{
	"a": "accept-contact", "b": "referred-by", "c": "content-type", "d": "request-disposition",
	"e": "content-encoding", "f": "from", "i": "call-id", "j": "reject-contact", "k": "supported",
	"l": "content-length", "m": "contact", "n": "identity-info", "o": "event", "r": "refer-to",
	"s": "subject", "t": "to", "u": "allow-events", "v": "via", "x": "session-expires", "y": "identity",
}

// headerKey is what a header's name is compared by. RFC 3261 s7.3.1: "When comparing
// header fields, field names are always case-insensitive."
func headerKey(name string) string {
	key := strings.ToLower(strings.Trim(name, " \t"))
	if long, ok := compactNames[key]; ok {
		return long
	}
	return key
}

// Check says what is wrong with the first rule that cannot be; nil when all can.
func (rules HeaderRules) Check() error {
	for _, r := range rules {
		if err := r.check(); err != nil {
			return err
		}
	}
	return nil
}

func (r HeaderRule) check() error {
	if r.Verb < AddHeader || r.Verb > RemoveHeader {
		return fmt.Errorf("%w %q: a rule is add, set or remove", ErrBadHeader, r.Name)
	}
	if !isToken(r.Name) {
		return fmt.Errorf("%w %q: a name has letters, digits and -.!%%*_+`'~ alone", ErrBadHeader, r.Name)
	}
	if why, protected := protectedHeaders[headerKey(r.Name)]; protected {
		return r.protected(why)
	}
	return r.checkValue()
}

func (r HeaderRule) protected(why string) error {
	if why == "" {
		why = "the gateway makes it itself"
	}
	spelt := r.Name
	if long, ok := compactNames[strings.ToLower(r.Name)]; ok {
		spelt += " (" + long + ")"
	}
	return fmt.Errorf("%w: %s: %s", ErrProtectedHeader, spelt, why)
}

// checkValue keeps a value in its line. RFC 3261 s25.1 lets a header go on in the next
// line; nothing that we write needs that, and what could end a line could begin a header.
func (r HeaderRule) checkValue() error {
	switch {
	case r.Verb == RemoveHeader && r.Value != "":
		return fmt.Errorf("%w %s: remove takes a name alone, all its lines go", ErrBadHeader, r.Name)
	case r.Verb == RemoveHeader:
		return nil
	case strings.Trim(r.Value, " \t") == "":
		return fmt.Errorf("%w %s: it has no value", ErrBadHeader, r.Name)
	case !utf8.ValidString(r.Value):
		return fmt.Errorf("%w %s: its value is not UTF-8", ErrBadHeader, r.Name)
	}
	if i := strings.IndexFunc(r.Value, control); i >= 0 {
		return fmt.Errorf("%w %s: its value has a control character, which could end the line, at byte %d of %q", ErrBadHeader, r.Name, i+1, r.Value)
	}
	return nil
}

func control(r rune) bool { return r < ' ' && r != '\t' || r >= 0x7F && r < 0xA0 }

// isToken: RFC 3261 s25.1, token = 1*(alphanum / "-" / "." / "!" / "%" / "*" / "_" / "+" /
// "`" / "'" / "~" ).
func isToken(text string) bool {
	for i := range len(text) {
		c := text[i]
		alnum := c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
		if !alnum && strings.IndexByte("-.!%*_+`'~", c) < 0 {
			return false
		}
	}
	return text != ""
}

// Apply gives the headers as the rules, which [HeaderRules.Check] has passed, leave
// them. A rule that it has not passed does nothing: no header of a call can come to harm
// by a configuration. The given list stays as it is.
func (rules HeaderRules) Apply(headers []Header) []Header {
	if len(rules) == 0 {
		return headers
	}
	out := append(make([]Header, 0, len(headers)+len(rules)), headers...)
	for _, r := range rules {
		if r.check() == nil {
			out = r.apply(out)
		}
	}
	return out
}

func (r HeaderRule) apply(headers []Header) []Header {
	line := Header{r.Name, strings.Trim(r.Value, " \t")}
	if r.Verb == AddHeader {
		return append(headers, line)
	}
	key, put := headerKey(r.Name), r.Verb == RemoveHeader
	kept := headers[:0]
	for _, h := range headers {
		switch {
		case headerKey(h.Name) != key:
			kept = append(kept, h)
		case !put:
			kept, put = append(kept, line), true
		}
	}
	if !put {
		kept = append(kept, line)
	}
	return kept
}
