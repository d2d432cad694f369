package dialplan

import (
	"strings"
	"unicode"
)

// Number is a phone number in E.164: a plus and 3 to 15 digits, such as
// "+14255550100", without separators. The zero value is no number.
type Number string

// maxDigits is the longest number, without its plus (ITU-T E.164 s6).
const maxDigits = 15

// dialString reduces text to what is dialled: digits with at most one plus, at
// the front. It is not ok when text has no digit or has anything that is
// neither a digit nor a separator; letters, "*" and "#" are such.
//
// RFC 3966 s5.1.1: "Visual separators ... merely aid readability and are not used
// for URI comparison or placing a call."
func dialString(text string) (digits string, ok bool) {
	var b strings.Builder
	seen := false
	for _, r := range text {
		switch d, isDigit := digit(r); {
		case isDigit:
			b.WriteByte(d)
			seen = true
		case (r == '+' || r == '\uFF0B') && b.Len() == 0:
			b.WriteByte('+')
		case !separator(r):
			return "", false
		}
	}
	return b.String(), seen
}

// digit gives the ASCII digit that r stands for. Address books also hold
// full-width and Arabic-Indic ones.
func digit(r rune) (byte, bool) {
	for _, zero := range [...]rune{'0', '\uFF10', '\u0660', '\u06F0'} {
		if r >= zero && r <= zero+9 {
			return '0' + byte(r-zero), true
		}
	}
	return 0, false
}

// separator is true for what people put between digits: RFC 3966's own
// visual-separators, "/" (usual in German), spaces, dashes, and the invisible
// direction marks that come along when a number is copied from an address book.
func separator(r rune) bool {
	switch r {
	case '-', '.', '(', ')', '/', ' ', '\t':
		return true
	}
	return r > unicode.MaxASCII && unicode.In(r, unicode.Zs, unicode.Pd, unicode.Cf)
}
