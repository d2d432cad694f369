package wire

import (
	"strings"

	"github.com/emiago/sipgo/sip"
)

// A NameAddr is one value of a header that holds addresses, of those that sipgo has
// no type for: P-Asserted-Identity, P-Preferred-Identity, Remote-Party-ID,
// Diversion, Refer-To, Referred-By, Path, Service-Route, History-Info and more.
type NameAddr struct {
	DisplayName string           // plain text
	URI         sip.Uri          //
	Params      sip.HeaderParams // header parameters; names in lower case, values as written
}

// String writes the value for sip.NewHeader. A character that would end the URI is
// written as its escape; Append looks for CR, LF and NUL.
func (a NameAddr) String() string {
	var b []byte
	if a.DisplayName != "" {
		b = append(appendQuoted(b, a.DisplayName), ' ')
	}
	b = append(b, '<')
	for _, c := range appendURI(nil, &a.URI) {
		b = appendEscaped(b, c, uriChar)
	}
	return string(appendParams(append(b, '>'), a.Params))
}

// Tag returns the tag parameter, "" without one.
func (a NameAddr) Tag() string { return tagOf(a.Params) }

// ParseNameAddr reads one ( name-addr / addr-spec ) *( SEMI param ), RFC 3261 s20.10
// and s25.1. The error says what is wrong, in words.
func ParseNameAddr(value string) (NameAddr, error) {
	var a NameAddr
	rest, err := parseAddress(value, &a.DisplayName, &a.URI, &a.Params)
	if err == nil && rest != "" {
		err = flaw("more than one value")
	}
	return a, err
}

// ParseNameAddrs reads a list of addresses that are separated by commas.
func ParseNameAddrs(value string) (list []NameAddr, err error) {
	for rest, more := value, true; more; {
		var a NameAddr
		rest, err = parseAddress(rest, &a.DisplayName, &a.URI, &a.Params)
		if err != nil {
			return list, err
		}
		list = append(list, a)
		if more = rest != ""; more {
			rest = rest[1:]
		}
	}
	return list, nil
}

// parseAddress reads one address up to a comma or the end, where rest begins.
func parseAddress(s string, name *string, uri *sip.Uri, params *sip.HeaderParams) (rest string, err error) {
	s = trimLeft(s)
	if s == "" {
		return "", flaw("empty value")
	}
	if s[0] == '"' {
		n := quotedLen(s)
		if n < 0 {
			return "", flaw("quoted name has no end")
		}
		*name = unescapeQuoted(s[1 : n-1])
		if s = trimLeft(s[n:]); s == "" || s[0] != '<' {
			return s, flaw("no URI in brackets after the quoted name")
		}
	}
	end := strings.IndexAny(s, `<;,"`)
	if end < 0 {
		end = len(s)
	}
	if end == len(s) || s[end] != '<' {
		s, err = parseAddrSpec(s, end, uri)
	} else {
		if end > 0 {
			*name = trimRight(s[:end])
		}
		s, err = parseBracketed(s[end+1:], uri)
	}
	if err != nil {
		return s, err
	}
	return parseParams(s, params)
}

// parseBracketed reads a URI up to its closing bracket.
func parseBracketed(s string, uri *sip.Uri) (rest string, err error) {
	end := strings.IndexByte(s, '>')
	if end < 0 {
		return "", flaw("no closing bracket after the URI")
	}
	return s[end+1:], parseURI(s[:end], uri)
}

// parseAddrSpec reads a URI that is not in brackets. RFC 3261 s20.10: "If the URI is
// not enclosed in angle brackets, any semicolon-delimited parameters are
// header-parameters, not URI parameters." s20: "If the URI contains a comma,
// question mark or semicolon, the URI MUST be enclosed in angle brackets".
func parseAddrSpec(s string, end int, uri *sip.Uri) (rest string, err error) {
	text := trimRight(s[:end])
	if strings.IndexByte(text, '?') >= 0 {
		return s[end:], flaw("URI with ? must be in angle brackets")
	}
	return s[end:], parseURI(text, uri)
}

func tagOf(params sip.HeaderParams) string {
	tag, _ := Param(params, "tag")
	return tag
}
