package dialplan

import (
	"net/url"
	"strings"
)

// address is a URI, or what was dialled without being one, cut into the parts
// that a dialplan reads.
type address struct {
	scheme  string // lower case; "" when the text is no URI
	raw     string // the user part as written, without password and parameters
	user    string // the same with its %-escapes resolved
	host    string // lower case, without port
	context string // phone-context, %-escapes resolved
	phone   bool   // tel: or user=phone: the user part is a number
}

// parseAddress cuts text, which may be a sip:, sips:, tel: or urn: URI, a user
// part with or without host, or anything that a person types. It has no errors:
// what is not understood leaves parts empty.
func parseAddress(text string) address {
	scheme, rest := splitScheme(strings.TrimSpace(text))
	a := address{scheme: scheme}
	switch scheme {
	case "sip", "sips":
		a.readSIP(rest)
	case "", "tel":
		if scheme == "" && strings.Contains(rest, "@") {
			a.readSIP(rest)
			break
		}
		a.readUser(rest)
		a.phone = scheme == "tel"
	case "urn":
		a.raw = rest
	}
	return a
}

// splitScheme gives the lower-case scheme before a colon, and the rest.
func splitScheme(text string) (scheme, rest string) {
	before, after, found := strings.Cut(text, ":")
	if !found || before == "" {
		return "", text
	}
	for i := range len(before) {
		if c := before[i] | 0x20; c < 'a' || c > 'z' {
			return "", text
		}
	}
	return strings.ToLower(before), after
}

// readSIP reads userinfo@hostport;parameters?headers. Without "@" there is no
// user: sip:212.55.212.34 must not become a number in New York.
func (a *address) readSIP(rest string) {
	userinfo, hostPart, found := strings.Cut(rest, "@")
	if !found {
		userinfo, hostPart = "", rest
	}
	hostPart, _, _ = strings.Cut(hostPart, "?")
	hostport, params, _ := strings.Cut(hostPart, ";")
	a.host = hostName(hostport)
	a.readParams(params)
	a.readUser(userinfo)
}

// readUser reads a user part with its password and the telephone-subscriber
// parameters in it, which outrank those of the SIP URI.
//
// RFC 3261 s19.1.6: the telephone-subscriber is placed "into the userinfo part
// of the SIP or SIPS URI", with its parameters.
func (a *address) readUser(userinfo string) {
	user, params, _ := strings.Cut(userinfo, ";")
	a.readParams(params)
	a.raw, _, _ = strings.Cut(user, ":")
	a.user = unescape(a.raw)
}

// readParams picks phone-context and user=phone out of parameters. All others
// (npdi, rn, cic, isub, ext, tgrp, transport …) say nothing about the number.
func (a *address) readParams(params string) {
	for params != "" {
		var param string
		param, params, _ = strings.Cut(params, ";")
		name, value, _ := strings.Cut(param, "=")
		switch {
		case strings.EqualFold(name, "phone-context"):
			a.context = unescape(value)
		case strings.EqualFold(name, "user") && strings.EqualFold(value, "phone"):
			a.phone = true
		}
	}
}

// hostName is hostport in lower case without its port.
func hostName(hostport string) string {
	if i := strings.LastIndexByte(hostport, ':'); i > strings.LastIndexByte(hostport, ']') {
		hostport = hostport[:i]
	}
	return strings.ToLower(hostport)
}

// unescape resolves %-escapes. Text that is wrong in them, or that they would
// turn into control characters, stays as it is and will match nothing.
func unescape(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	plain, err := url.PathUnescape(text)
	if err != nil || plain != printable(plain) {
		return text
	}
	return plain
}

// printable drops control characters: nothing that is shown, logged or
// written into a header may start a new line.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7F && r < 0xA0 {
			return -1
		}
		return r
	}, text)
}

// writableUser is true when raw can stand in a SIP URI as it is.
//
// RFC 3261 s25.1: user = 1*( unreserved / escaped / user-unreserved )
func writableUser(raw string) bool {
	for i := range len(raw) {
		c := raw[i]
		alnum := c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
		if !alnum && strings.IndexByte("-_.!~*'()&=+$,?/%", c) < 0 {
			return false
		}
	}
	return raw != ""
}

// nameAddr is one value of P-Asserted-Identity, P-Preferred-Identity, Diversion or
// History-Info.
type nameAddr struct {
	display string
	uri     string
	params  string // of the header, without the first semicolon
}

// parseNameAddrs reads the values of a header, comma separated.
//
// RFC 3325 s9.1: PAssertedID-value = name-addr / addr-spec
func parseNameAddrs(header string) []nameAddr {
	var values []nameAddr
	for header != "" {
		var value string
		value, header = cutUnquoted(header, ',')
		if v := parseNameAddr(value); v.uri != "" {
			values = append(values, v)
		}
	}
	return values
}

func parseNameAddr(value string) nameAddr {
	display, rest := cutUnquoted(value, '<')
	if rest == "" {
		return nameAddr{uri: strings.TrimSpace(value)}
	}
	uri, params, _ := strings.Cut(rest, ">")
	return nameAddr{
		display: unquote(strings.TrimSpace(display)), uri: strings.TrimSpace(uri),
		params: strings.TrimLeft(params, " \t;"),
	}
}

// param gives a parameter's value as it is written, "" when it is not there or has
// none.
func param(params, name string) string {
	for params != "" {
		var one string
		one, params = cutUnquoted(params, ';')
		if key, value, _ := strings.Cut(one, "="); strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// cutUnquoted cuts s at the first sep that stands neither in a quoted-string nor
// between angle brackets.
func cutUnquoted(s string, sep byte) (before, after string) {
	quoted, bracketed := false, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"' && !bracketed:
			quoted = !quoted
		case quoted:
		case c == sep && !bracketed:
			return s[:i], s[i+1:]
		case c == '<':
			bracketed = true
		case c == '>':
			bracketed = false
		}
	}
	return s, ""
}

// unquote takes the quotes and the escapes of a quoted-string away.
func unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	var b strings.Builder
	for s = s[1 : len(s)-1]; s != ""; s = s[1:] {
		if s[0] == '\\' && len(s) > 1 {
			s = s[1:]
		}
		b.WriteByte(s[0])
	}
	return b.String()
}
