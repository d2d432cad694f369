package digest

import (
	"errors"
	"fmt"
	"strings"
)

// ErrMalformed is wrapped by the errors of ParseChallenge and ParseCredentials for a
// value of the Digest scheme that breaks its grammar. A request with such
// credentials is worth a 400 (RFC 7616 s3.4: "the server SHOULD return a 400").
var ErrMalformed = errors.New("malformed digest header value")

// ErrOtherScheme is returned for a value of another scheme than Digest; RFC 3261
// s22.1 has a receiver ignore what it does not understand.
var ErrOtherScheme = errors.New("not the Digest scheme")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// maxParams bounds the parameters of one value; the RFCs know a dozen.
const maxParams = 32

// A param is one auth-param. Quoted values are kept without quotes, both with their
// escapes (raw) and without (text).
type param struct {
	name, raw, text string
	quoted          bool
}

// params reads the auth-params after the scheme: name = token / quoted-string,
// separated by commas (RFC 7235 s2.1). Names are in lower case and given once.
func params(value string) ([]param, error) {
	scheme, rest, _ := strings.Cut(strings.Trim(value, " \t"), " ")
	if !strings.EqualFold(scheme, "Digest") {
		return nil, ErrOtherScheme
	}
	var list []param
	for rest = skip(rest); rest != ""; rest = skip(rest) {
		p, after, err := nextParam(rest)
		if err != nil {
			return nil, err
		}
		if find(list, p.name) != nil {
			return nil, malformed("%s given twice", p.name)
		}
		if len(list) == maxParams {
			return nil, malformed("more than %d parameters", maxParams)
		}
		list = append(list, p)
		if rest = strings.TrimLeft(after, " \t"); rest != "" && rest[0] != ',' {
			return nil, malformed("text after %s", p.name)
		}
	}
	return list, nil
}

// skip goes over blanks and commas: list members may be empty (RFC 7230 s7).
func skip(s string) string { return strings.TrimLeft(s, " \t,") }

func nextParam(s string) (p param, rest string, err error) {
	n := tokenLen(s)
	if n == 0 {
		return p, "", malformed("no parameter name at %.20q", s)
	}
	p.name = strings.ToLower(s[:n])
	s = strings.TrimLeft(s[n:], " \t")
	if s == "" || s[0] != '=' {
		return p, "", malformed("no value for %s", p.name)
	}
	s = strings.TrimLeft(s[1:], " \t")
	if s != "" && s[0] == '"' {
		p.quoted = true
		return quotedParam(p, s)
	}
	// A phone may leave out the quotes where the grammar wants them.
	if n = strings.IndexAny(s, " \t,\""); n < 0 {
		n = len(s)
	}
	if n == 0 || n < len(s) && s[n] == '"' {
		return p, "", malformed("bad value of %s", p.name)
	}
	p.raw, p.text = s[:n], s[:n]
	return p, s[n:], nil
}

func quotedParam(p param, s string) (param, string, error) {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			p.raw = s[1:i]
			p.text = unescape(p.raw)
			return p, s[i+1:], nil
		}
	}
	return p, "", malformed("quoted value of %s has no end", p.name)
}

func tokenLen(s string) int {
	for i := 0; i < len(s); i++ {
		if !isTokenChar(s[i]) {
			return i
		}
	}
	return len(s)
}

func isTokenChar(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c != 0 && strings.IndexByte("-.!%*_+`'~", c) >= 0
}

func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	plain := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		plain = append(plain, s[i])
	}
	return string(plain)
}

func find(list []param, name string) *param {
	for i := range list {
		if list[i].name == name {
			return &list[i]
		}
	}
	return nil
}

// text returns the value of a parameter, "" without it.
func text(list []param, name string) string {
	if p := find(list, name); p != nil {
		return p.text
	}
	return ""
}

// A writer builds a header value of the Digest scheme. It refuses what would end the
// line (ErrUnsafe).
type writer struct {
	b   []byte
	err error
}

// ErrUnsafe is wrapped by the error of building a value from a string with CR, LF or
// NUL, which would inject a header.
var ErrUnsafe = errors.New("unsafe character in a digest parameter")

func (w *writer) add(name, value string) {
	if strings.ContainsAny(value, "\r\n\x00") {
		w.err = fmt.Errorf("%w: %s", ErrUnsafe, name)
	}
	if w.b == nil {
		w.b = append(make([]byte, 0, 384), "Digest "...)
	} else {
		w.b = append(w.b, ", "...)
	}
	w.b = append(append(append(w.b, name...), '='), value...)
}

// quoted adds a quoted-string; value is plain text.
func (w *writer) quoted(name, value string) { w.add(name, quote(value)) }

func quote(text string) string {
	if strings.IndexAny(text, `"\`) < 0 {
		return `"` + text + `"`
	}
	out := []byte{'"'}
	for i := 0; i < len(text); i++ {
		if text[i] == '"' || text[i] == '\\' {
			out = append(out, '\\')
		}
		out = append(out, text[i])
	}
	return string(append(out, '"'))
}
