package wire

import "strings"

// The character classes of RFC 3261 s25.1, as bits of the classes table.
const (
	tokenChar      uint8 = 1 << iota // token
	hostChar                         // hostname and IPv4address; "_" is tolerated
	uriChar                          // anything that cannot end or split a URI's place
	valueChar                        // an unquoted parameter value: token, host and what phones add
	unreservedChar                   // unreserved: alphanum / mark
	visibleChar                      // anything but blanks and controls
	userChar                         // user-unreserved, but for what peers take for a separator
)

var classes = classTable()

func classTable() (t [256]uint8) {
	mark := func(bit uint8, chars string) {
		for i := 0; i < len(chars); i++ {
			t[chars[i]] |= bit
		}
	}
	const alnum = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	mark(tokenChar, alnum+"-.!%*_+`'~")
	mark(hostChar, alnum+"-._")
	mark(unreservedChar, alnum+"-_.!~*'()")
	mark(userChar, "&=+$,")
	for c := 0x21; c < 0x100; c++ {
		if c == 0x7f {
			continue
		}
		t[c] |= visibleChar
		if strings.IndexByte("<>\"", byte(c)) >= 0 {
			continue
		}
		t[c] |= uriChar
		if c != ';' && c != ',' {
			t[c] |= valueChar
		}
	}
	return t
}

// run returns how many bytes at the start of s are of the class.
func run(s string, class uint8) int {
	for i := 0; i < len(s); i++ {
		if classes[s[i]]&class == 0 {
			return i
		}
	}
	return len(s)
}

// all reports whether s is not empty and wholly of the class.
func all(s string, class uint8) bool { return s != "" && run(s, class) == len(s) }

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func trimLeft(s string) string {
	for s != "" && isBlank(s[0]) {
		s = s[1:]
	}
	return s
}

func trimRight(s string) string {
	for s != "" && isBlank(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func trim(s string) string { return trimRight(trimLeft(s)) }

// lower returns s with its ASCII letters in lower case, without an allocation when
// they already are. Other bytes stay, whether they are UTF-8 or not.
func lower(s string) string {
	for i := 0; i < len(s); i++ {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				b[i] = lowerByte(b[i])
			}
			return string(b)
		}
	}
	return s
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// hasPrefixFold is strings.HasPrefix without regard to ASCII case.
func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// number reads a string of decimal digits that is at most max.
func number(s string, max uint64) (uint64, error) {
	if s == "" {
		return 0, flaw("no number")
	}
	var n uint64
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, flaw(excerpt(s) + " is not a number")
		}
		n = n*10 + uint64(s[i]-'0')
		if n > max {
			return 0, flaw(excerpt(s) + " is too large")
		}
	}
	return n, nil
}
