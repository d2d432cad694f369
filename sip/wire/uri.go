package wire

import (
	"net/netip"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// ParseURI reads a URI (RFC 3261 s19.1, s25.1) in normal form: scheme and parameter
// names in lower case, escapes of unreserved characters decoded. A URI that is not
// sip or sips keeps its text in Uri.Raw. The error says what is wrong, in words.
func ParseURI(text string) (sip.Uri, error) {
	var u sip.Uri
	err := parseURI(text, &u)
	return u, err
}

func parseURI(s string, u *sip.Uri) error {
	if n := run(s, uriChar); n < len(s) {
		return flaw("character " + excerpt(s[n:n+1]) + " in URI " + excerpt(s))
	}
	colon := strings.IndexByte(s, ':')
	if colon <= 0 || !isScheme(s[:colon]) {
		return flaw("no scheme in URI " + excerpt(s))
	}
	u.Scheme = lower(s[:colon])
	rest := s[colon+1:]
	if u.Scheme != "sip" && u.Scheme != "sips" {
		return opaqueURI(u, rest)
	}
	if at := strings.IndexByte(rest, '@'); at >= 0 {
		user, password, _ := strings.Cut(rest[:at], ":")
		if user == "" {
			return flaw("no user before @ in URI " + excerpt(s))
		}
		u.User, u.Password = normalEscapes(user), password
		rest = rest[at+1:]
	}
	rest, headers, hasHeaders := strings.Cut(rest, "?")
	hostport, params, _ := strings.Cut(rest, ";")
	if err := parseHostPort(hostport, &u.Host, &u.Port); err != nil {
		return err
	}
	if hasHeaders {
		splitPairs(headers, &u.Headers)
	}
	return parseURIParams(params, &u.UriParams)
}

// isScheme reports whether s is ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ).
func isScheme(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i] | 0x20
		letter := 'a' <= c && c <= 'z'
		if !letter && (i == 0 || !('0' <= s[i] && s[i] <= '9' || strings.IndexByte("+-.", s[i]) >= 0)) {
			return false
		}
	}
	return true
}

// opaqueURI sets the part after the scheme of any URI but sip and sips. sipgo gives
// no other way to set it than its parser, which knows letters only in a scheme.
func opaqueURI(u *sip.Uri, rest string) error {
	scheme := u.Scheme
	if rest == "" {
		return flaw("nothing after " + excerpt(scheme) + ": in URI")
	}
	if err := sip.ParseUri("tel:"+rest, u); err != nil {
		return flaw("bad URI " + excerpt(scheme+":"+rest))
	}
	u.Scheme = scheme
	return nil
}

// parseURIParams reads uri-parameters after their first semicolon.
func parseURIParams(s string, out *sip.HeaderParams) error {
	for s != "" {
		var param string
		param, s, _ = strings.Cut(s, ";")
		name, value, _ := strings.Cut(param, "=")
		if name == "" {
			return flaw("empty URI parameter")
		}
		if err := addParam(out, lower(normalEscapes(name)), normalEscapes(value)); err != nil {
			return err
		}
	}
	return nil
}

// splitPairs reads the headers of a URI, name=value pairs. They mean nothing to the
// wire, so a name may be empty or repeated.
func splitPairs(s string, out *sip.HeaderParams) {
	for s != "" && len(*out) < maxParams {
		var pair string
		pair, s, _ = strings.Cut(s, "&")
		if name, value, _ := strings.Cut(pair, "="); name != "" || value != "" {
			*out = append(*out, sip.HeaderKV{K: name, V: value})
		}
	}
}

// parseHostPort reads hostport = host [ ":" port ] without blanks; an IPv6 reference
// keeps its brackets.
func parseHostPort(s string, host *string, port *int) error {
	var rest string
	if s != "" && s[0] == '[' {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return flaw("IPv6 reference " + excerpt(s) + " has no end")
		}
		address, err := checkIPv6(s[1:end])
		if err != nil {
			return err
		}
		*host, rest = s[:end+1], s[end+1:]
		if len(address) != end-1 {
			*host = "[" + address + "]"
		}
	} else {
		n := run(s, hostChar)
		*host, rest = s[:n], s[n:]
	}
	switch {
	case *host == "":
		return flaw("no host in " + excerpt(s))
	case rest == "":
		return nil
	case rest[0] != ':':
		return flaw("bad host " + excerpt(s))
	}
	n, err := number(rest[1:], 65535)
	if err != nil {
		return flaw("bad port in " + excerpt(s))
	}
	*port = int(n)
	return nil
}

// checkIPv6 returns an IPv6 address that is one. RFC 3261's grammar gave some a
// third colon; RFC 5118 s4.10: "following the Robustness Principle, an
// implementation must tolerate both of the above constructs".
func checkIPv6(s string) (string, error) {
	if i := strings.Index(s, ":::"); i >= 0 {
		s = s[:i] + s[i+1:]
	}
	addr, err := netip.ParseAddr(s)
	if err != nil || !addr.Is6() || addr.Zone() != "" {
		return "", flaw("bad IPv6 address " + excerpt(s))
	}
	return s, nil
}

// normalEscapes decodes the escapes of unreserved characters, leaves the others, and
// escapes a % that begins none, so that its result is its own normal form.
// RFC 3261 s19.1.4: "Characters other than those in the "reserved" set are
// equivalent to their ""%" HEX HEX" encoding."
func normalEscapes(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	out := make([]byte, 0, len(s)+8)
	for i := 0; i < len(s); i++ {
		c, n := escaped(s[i:])
		switch {
		case n == 0 && s[i] == '%':
			out = append(out, "%25"...)
		case n == 0:
			out = append(out, s[i])
		default:
			out = appendEscaped(out, c, unreservedChar)
			i += n - 1
		}
	}
	return string(out)
}

// Unescape decodes every escape of a URI's user or parameter value: what the text
// stands for. The result may hold any byte.
func Unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if c, n := escaped(s[i:]); n > 0 {
			out = append(out, c)
			i += n - 1
			continue
		}
		out = append(out, s[i])
	}
	return string(out)
}

// escaped returns the byte that an escape at the start of s stands for and the
// length of the escape, 0 when there is none.
func escaped(s string) (c byte, n int) {
	if len(s) < 3 || s[0] != '%' {
		return 0, 0
	}
	hi, lo := unhex(s[1]), unhex(s[2])
	if hi < 0 || lo < 0 {
		return 0, 0
	}
	return byte(hi<<4 | lo), 3
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// EscapeUser writes text so that it can stand as the user of a SIP URI, whatever
// its bytes (RFC 3261 s19.1.2).
func EscapeUser(text string) string {
	out := make([]byte, 0, len(text)+8)
	for i := 0; i < len(text); i++ {
		out = appendEscaped(out, text[i], unreservedChar|userChar)
	}
	return string(out)
}

// appendEscaped writes c as it is when it is of the class, else as % HEX HEX.
func appendEscaped(b []byte, c byte, class uint8) []byte {
	const hex = "0123456789ABCDEF"
	if classes[c]&class != 0 {
		return append(b, c)
	}
	return append(b, '%', hex[c>>4], hex[c&15])
}
