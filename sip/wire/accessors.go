package wire

import (
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Value returns the value of the first header of a name in any spelling.
func Value(msg sip.Message, name string) (value string, ok bool) {
	name = CanonicalName(name)
	for _, h := range headers(msg) {
		if strings.EqualFold(h.Name(), name) {
			return h.Value(), true
		}
	}
	return "", false
}

// Values returns the values of all headers of a name in order, one per header; a
// list within one header is not split.
func Values(msg sip.Message, name string) (values []string) {
	name = CanonicalName(name)
	for _, h := range headers(msg) {
		if strings.EqualFold(h.Name(), name) {
			values = append(values, h.Value())
		}
	}
	return values
}

// FromTag returns the tag of From, "" without one.
func FromTag(msg sip.Message) string {
	if h := msg.From(); h != nil {
		return tagOf(h.Params)
	}
	return ""
}

// ToTag returns the tag of To, "" without one.
func ToTag(msg sip.Message) string {
	if h := msg.To(); h != nil {
		return tagOf(h.Params)
	}
	return ""
}

// Branch returns the branch of the top Via, "" without one.
func Branch(msg sip.Message) string {
	if h := msg.Via(); h != nil {
		branch, _ := Param(h.Params, "branch")
		return branch
	}
	return ""
}

// Contacts returns all Contact values in order. One with Address.Wildcard is "*".
func Contacts(msg sip.Message) (list []*sip.ContactHeader) {
	for _, h := range headers(msg) {
		if c, ok := h.(*sip.ContactHeader); ok {
			list = append(list, c)
		}
	}
	return list
}

// Addresses returns the addresses of all headers of a name in order: Route,
// P-Asserted-Identity, Remote-Party-ID, Diversion, Refer-To, Contact and so on. It
// stops at the first value that is no address; the error names header and flaw.
func Addresses(msg sip.Message, name string) (list []NameAddr, err error) {
	name = CanonicalName(name)
	for _, h := range headers(msg) {
		if !strings.EqualFold(h.Name(), name) {
			continue
		}
		switch h := h.(type) {
		case *sip.RouteHeader:
			list = append(list, NameAddr{URI: h.Address})
		case *sip.RecordRouteHeader:
			list = append(list, NameAddr{URI: h.Address})
		case *sip.ContactHeader:
			list = append(list, NameAddr{h.DisplayName, h.Address, h.Params})
		case *sip.FromHeader:
			list = append(list, NameAddr{h.DisplayName, h.Address, h.Params})
		case *sip.ToHeader:
			list = append(list, NameAddr{h.DisplayName, h.Address, h.Params})
		default:
			more, err := ParseNameAddrs(h.Value())
			list = append(list, more...)
			if err != nil {
				return list, flaw("Bad " + name + ": " + err.Error())
			}
		}
	}
	return list, nil
}

// Tokens returns the members of all lists of a name in order: option tags, methods,
// media types. Blanks and empty members are left out.
func Tokens(msg sip.Message, name string) (list []string) {
	eachToken(msg, name, func(token string) bool {
		list = append(list, token)
		return true
	})
	return list
}

// OptionTags returns the option tags of Require, Supported, Proxy-Require or
// Unsupported in lower case, since tokens are compared without case
// (RFC 3261 s7.3.1).
func OptionTags(msg sip.Message, name string) (list []string) {
	eachToken(msg, name, func(token string) bool {
		list = append(list, lower(token))
		return true
	})
	return list
}

// HasOption reports whether an option tag is in Require, Supported or the like,
// without an allocation.
func HasOption(msg sip.Message, name, tag string) bool {
	return !eachToken(msg, name, func(token string) bool { return !strings.EqualFold(token, tag) })
}

// Allows reports whether a method is in Allow. Methods are compared with case
// (RFC 3261 s7.1).
func Allows(msg sip.Message, method sip.RequestMethod) bool {
	return !eachToken(msg, "Allow", func(token string) bool { return token != string(method) })
}

// eachToken calls visit for every member of the lists of a name until it returns
// false, and then returns false.
func eachToken(msg sip.Message, name string, visit func(string) bool) bool {
	name = CanonicalName(name)
	for _, h := range headers(msg) {
		if !strings.EqualFold(h.Name(), name) {
			continue
		}
		for rest, more := h.Value(), true; more; {
			var token string
			token, rest, more = strings.Cut(rest, ",")
			if token = trim(token); token != "" && !visit(token) {
				return false
			}
		}
	}
	return true
}

// Privacy returns the values of Privacy in lower case; RFC 3323 s4.2 separates them
// by semicolons.
func Privacy(msg sip.Message) (list []string) {
	for _, value := range Values(msg, "Privacy") {
		for _, token := range strings.FieldsFunc(value, func(r rune) bool {
			return r == ';' || r == ',' || r == ' ' || r == '\t'
		}) {
			list = append(list, lower(token))
		}
	}
	return list
}

// MediaType returns Content-Type in lower case without parameters, "" without one.
func MediaType(msg sip.Message) string {
	value, _ := Value(msg, "Content-Type")
	kind, _, _ := strings.Cut(value, ";")
	return lower(trim(kind))
}

// defaultExpires: RFC 3261 s10.2.1.1, "Malformed values SHOULD be treated as
// equivalent to 3600."
const defaultExpires = 3600

// Expires returns the seconds of the Expires header; ok is false without one. A
// value that is no number below 2^32 is 3600.
func Expires(msg sip.Message) (seconds uint32, ok bool) {
	value, ok := Value(msg, "Expires")
	if !ok {
		return 0, false
	}
	return expires(value), true
}

// ContactExpires returns the seconds a binding is asked for: the expires parameter of
// the Contact, else the Expires header (RFC 3261 s10.2.1.1); ok is false without
// either.
func ContactExpires(msg sip.Message, contact *sip.ContactHeader) (seconds uint32, ok bool) {
	if value, ok := Param(contact.Params, "expires"); ok {
		return expires(value), true
	}
	return Expires(msg)
}

func expires(value string) uint32 {
	n, err := number(value, 1<<32-1)
	if err != nil {
		return defaultExpires
	}
	return uint32(n)
}

// DeltaSeconds returns the number that the first header of a name begins with:
// Session-Expires, Min-SE, Min-Expires, Retry-After, RSeq. What follows a semicolon,
// a comment or a blank is left out; ok is false when there is no number below 2^32.
func DeltaSeconds(msg sip.Message, name string) (n uint32, ok bool) {
	value, ok := Value(msg, name)
	if !ok {
		return 0, false
	}
	if end := strings.IndexAny(value, " \t;("); end >= 0 {
		value = value[:end]
	}
	v, err := strconv.ParseUint(value, 10, 32)
	return uint32(v), err == nil
}

// An Acknowledged names the provisional response that a PRACK is for (RFC 3262 s7.2).
type Acknowledged struct {
	RSeq   uint32            // of the response
	CSeq   uint32            // of the request that it answers
	Method sip.RequestMethod // of the request that it answers
}

// RAck returns the RAck header; ok is false without one or when it is malformed.
func RAck(msg sip.Message) (a Acknowledged, ok bool) {
	value, _ := Value(msg, "RAck")
	part := strings.Fields(value)
	if len(part) != 3 || !all(part[2], tokenChar) {
		return a, false
	}
	rseq, err1 := number(part[0], 1<<32-1)
	cseq, err2 := number(part[1], maxCSeq)
	return Acknowledged{uint32(rseq), uint32(cseq), sip.RequestMethod(part[2])}, err1 == nil && err2 == nil
}
