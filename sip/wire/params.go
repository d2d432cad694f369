package wire

import (
	"strings"

	"github.com/emiago/sipgo/sip"
)

// A flaw is what is wrong with a value, in the words that the reason phrase of a
// 400 uses after the header's name.
type flaw string

// Error returns the words.
func (f flaw) Error() string { return string(f) }

// maxParams bounds the parameters of one value, because looking for repeated ones
// takes the square of their number.
const maxParams = 64

// parseParams reads *( SEMI generic-param ) up to a comma or the end; rest begins
// there. It reads on after a flaw, so that the Via of a broken request still gives
// its branch, and returns the first flaw.
func parseParams(s string, out *sip.HeaderParams) (rest string, err error) {
	note := func(e error) {
		if err == nil {
			err = e
		}
	}
	for s = trimLeft(s); s != "" && s[0] != ','; s = trimLeft(s) {
		if s[0] != ';' {
			note(flaw("unexpected " + excerpt(s)))
			s = skipParam(s)
			continue
		}
		var name, value string
		var e error
		name, value, s, e = parseParam(trimLeft(s[1:]))
		if e == nil {
			e = addParam(out, name, value)
		}
		if e != nil {
			note(e)
			s = skipParam(s)
		}
	}
	return s, err
}

// parseParam reads generic-param = token [ EQUAL gen-value ].
func parseParam(s string) (name, value, rest string, err error) {
	n := run(s, tokenChar)
	if n == 0 {
		return "", "", s, flaw("empty parameter")
	}
	name, s = lower(s[:n]), trimLeft(s[n:])
	if s == "" || s[0] != '=' {
		return name, "", s, nil
	}
	s = trimLeft(s[1:])
	if s != "" && s[0] == '"' {
		n = quotedLen(s)
		if n < 0 {
			return name, "", "", flaw("quoted value of " + excerpt(name) + " has no end")
		}
		if strings.IndexByte(s[:n], 0) >= 0 {
			return name, "", s[n:], flaw("NUL in the value of " + excerpt(name))
		}
		return name, s[:n], s[n:], nil
	}
	n = run(s, valueChar)
	return name, s[:n], s[n:], nil
}

// skipParam goes to the next separator outside quotes.
func skipParam(s string) string {
	for s != "" && s[0] != ';' && s[0] != ',' {
		n := 1
		if s[0] == '"' {
			if n = quotedLen(s); n < 0 {
				return ""
			}
		}
		s = s[n:]
	}
	return s
}

// addParam adds a parameter. RFC 3261 s7.3.1: "any given parameter-name MUST NOT
// appear more than once"; the same again with the same value does no harm.
func addParam(out *sip.HeaderParams, name, value string) error {
	for _, kv := range *out {
		if kv.K != name {
			continue
		}
		if kv.V == value {
			return nil
		}
		return flaw("parameter " + excerpt(name) + " given twice")
	}
	if len(*out) == maxParams {
		return flaw("too many parameters")
	}
	if *out == nil {
		*out = make(sip.HeaderParams, 0, 2)
	}
	*out = append(*out, sip.HeaderKV{K: name, V: value})
	return nil
}

// quotedLen returns the length of the quoted-string at the start of s with its
// quotes, or -1 when it has no end.
func quotedLen(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// Unquote returns the text of a quoted-string (RFC 3261 s25.1), without quotes and
// backslashes; what is not a quoted-string is returned unchanged.
func Unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	return unescapeQuoted(s[1 : len(s)-1])
}

func unescapeQuoted(s string) string {
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

// Quote returns text as a quoted-string (RFC 3261 s25.1) with its quotes and
// backslashes escaped. It does not look for CR, LF and NUL: Append does.
func Quote(text string) string { return string(appendQuoted(nil, text)) }

func appendQuoted(dst []byte, text string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(text); i++ {
		if c := text[i]; c == '"' || c == '\\' || c == 0 {
			dst = append(dst, '\\')
		}
		dst = append(dst, text[i])
	}
	return append(dst, '"')
}

// Param returns the value of a parameter without its quotes. The name is compared
// without case (RFC 3261 s7.3.1); a parameter without a value is "", true.
func Param(params sip.HeaderParams, name string) (value string, ok bool) {
	for i := range params {
		if strings.EqualFold(params[i].K, name) {
			return Unquote(params[i].V), true
		}
	}
	return "", false
}

// SplitParams reads a header value of the form `text *( ; parameter )`, as Event,
// Session-Expires, Content-Type or Replaces have it, and returns the text before
// the first semicolon and the parameters with lower-case names. The error says what
// is wrong, in words.
func SplitParams(value string) (text string, params sip.HeaderParams, err error) {
	end := strings.IndexByte(value, ';')
	if end < 0 {
		return trim(value), nil, nil
	}
	rest, err := parseParams(value[end:], &params)
	if err == nil && rest != "" {
		err = flaw("unexpected " + excerpt(rest))
	}
	return trim(value[:end]), params, err
}
