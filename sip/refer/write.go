package refer

import (
	"errors"
	"fmt"
	"strings"
)

// ErrUnsafe is wrapped by the errors of what writes a header: a value would end its line
// or leave its place, which is how a header is injected.
var ErrUnsafe = errors.New("unsafe value in a REFER header")

func unsafe(header, what, value string) error {
	return fmt.Errorf("%w: %s: %s %q: take the value from a message that was parsed, or leave it out", ErrUnsafe, header, what, value)
}

// token characters are those of RFC 3261 s25.1; word adds what a Call-ID may have.
const (
	alphanum   = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	tokenChars = alphanum + "-.!%*_+`'~"
	callChars  = tokenChars + "()<>:\\\"/[]?{}@"
	unreserved = alphanum + "-_.!~*'()"
)

// only says whether s is not empty and has no other bytes.
func only(s, chars string) bool {
	for i := 0; i < len(s); i++ {
		if strings.IndexByte(chars, s[i]) < 0 {
			return false
		}
	}
	return s != ""
}

// onLine says whether a value stays on its line.
func onLine(s string) bool { return !strings.ContainsAny(s, "\r\n\x00") }

// escape writes text as a header value within a URI, RFC 3261 s25.1 hvalue; whatever is
// not unreserved is escaped.
func escape(text string) string {
	const hex = "0123456789ABCDEF"
	out := make([]byte, 0, len(text)+16)
	for i := 0; i < len(text); i++ {
		if c := text[i]; strings.IndexByte(unreserved, c) >= 0 {
			out = append(out, c)
		} else {
			out = append(out, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(out)
}
