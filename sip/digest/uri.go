package digest

import (
	"strconv"
	"strings"
)

// EquivalentURI reports whether a digest-uri names what a Request-URI names. Phones
// write it without the parameters, the port or user=phone, in another case, or with
// other escapes, and all of that is let pass: only the user (unescaped) and the host
// (without case) must be the same, and the scheme where it is neither sip nor sips.
// That is enough for what the check is for: credentials seen with one request must not
// serve for another callee.
func EquivalentURI(a, b string) bool {
	if a == b {
		return true
	}
	schemeA, userA, hostA := splitURI(a)
	schemeB, userB, hostB := splitURI(b)
	return hostA != "" && schemeA == schemeB && userA == userB && hostA == hostB
}

// splitURI returns the parts that matter; the host of a URI that is not sip or sips is
// all that follows its scheme but parameters. sips counts as sip.
func splitURI(uri string) (scheme, user, host string) {
	scheme, rest, ok := strings.Cut(uri, ":")
	if scheme = strings.ToLower(scheme); !ok {
		return "", "", ""
	}
	if scheme != "sip" && scheme != "sips" {
		rest, _, _ = strings.Cut(rest, ";")
		return scheme, "", strings.ToLower(rest)
	}
	if at := strings.IndexByte(rest, '@'); at >= 0 {
		user, _, _ = strings.Cut(rest[:at], ":")
		user = unescapeURI(user)
		rest = rest[at+1:]
	}
	if end := strings.IndexAny(rest, ";?"); end >= 0 {
		rest = rest[:end]
	}
	return "sip", user, strings.ToLower(withoutPort(rest))
}

func withoutPort(hostport string) string {
	if end := strings.IndexByte(hostport, ']'); end >= 0 {
		return hostport[:end+1]
	}
	host, _, _ := strings.Cut(hostport, ":")
	return host
}

// unescapeURI decodes percent escapes and leaves a percent sign that begins none.
func unescapeURI(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				out = append(out, byte(c))
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}
