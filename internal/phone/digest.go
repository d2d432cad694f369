package phone

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Challenge is a WWW-Authenticate or Proxy-Authenticate value (RFC 7616
// section 3.3) as far as a phone answers it.
type Challenge struct {
	Realm, Nonce, Opaque, Algorithm, QOP string
	Stale                                bool
}

// Credentials are what a phone knows of itself.
type Credentials struct{ User, Password string }

// ParseChallenge reads one challenge; a field that is absent stays empty.
func ParseChallenge(value string) Challenge {
	f := digestFields(value)
	return Challenge{
		Realm: f["realm"], Nonce: f["nonce"], Opaque: f["opaque"],
		Algorithm: f["algorithm"], QOP: f["qop"],
		Stale: strings.EqualFold(f["stale"], "true"),
	}
}

// Answer is the Authorization value for a request. The nonce count is nc; the
// client's nonce is cnonce, used when the challenge offers qop=auth.
func (c Challenge) Answer(who Credentials, method, uri string, nc int, cnonce string) string {
	fields := []string{
		quoted("username", who.User), quoted("realm", c.Realm),
		quoted("nonce", c.Nonce), quoted("uri", uri),
	}
	qop := c.offersAuth()
	if qop {
		fields = append(fields, "qop=auth", fmt.Sprintf("nc=%08x", nc), quoted("cnonce", cnonce))
	}
	response := c.response(who, method, uri, fmt.Sprintf("%08x", nc), cnonce, qop)
	fields = append(fields, quoted("response", response))
	if c.Algorithm != "" {
		fields = append(fields, "algorithm="+c.Algorithm)
	}
	if c.Opaque != "" {
		fields = append(fields, quoted("opaque", c.Opaque))
	}
	return "Digest " + strings.Join(fields, ", ")
}

func (c Challenge) offersAuth() bool {
	for _, q := range strings.Split(c.QOP, ",") {
		if strings.EqualFold(strings.TrimSpace(q), "auth") {
			return true
		}
	}
	return false
}

// response is RFC 7616 section 3.4.1, and RFC 2069's form without qop.
func (c Challenge) response(who Credentials, method, uri, nc, cnonce string, qop bool) string {
	ha1 := c.hash(who.User + ":" + c.Realm + ":" + who.Password)
	ha2 := c.hash(method + ":" + uri)
	if qop {
		return c.hash(strings.Join([]string{ha1, c.Nonce, nc, cnonce, "auth", ha2}, ":"))
	}
	return c.hash(ha1 + ":" + c.Nonce + ":" + ha2)
}

func (c Challenge) hash(s string) string {
	if strings.EqualFold(c.Algorithm, "SHA-256") {
		sum := sha256.Sum256([]byte(s))
		return hex.EncodeToString(sum[:])
	}
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// Verify tells whether an Authorization value proves the password for a request
// that was challenged with c.
func (c Challenge) Verify(who Credentials, method, authorization string) error {
	f := digestFields(authorization)
	if f["username"] != who.User || f["realm"] != c.Realm || f["nonce"] != c.Nonce {
		return fmt.Errorf("credentials are for user %q, realm %q, nonce %q", f["username"], f["realm"], f["nonce"])
	}
	want := c.response(who, method, f["uri"], f["nc"], f["cnonce"], f["qop"] != "")
	if f["response"] != want {
		return fmt.Errorf("response is %q, the password gives %q", f["response"], want)
	}
	return nil
}

func quoted(name, value string) string { return fmt.Sprintf("%s=%q", name, value) }

// digestFields splits "Digest a="b", c=d" at its commas outside of quotes.
func digestFields(value string) map[string]string {
	_, rest, _ := strings.Cut(strings.TrimSpace(value), " ")
	fields := map[string]string{}
	for _, part := range splitQuoted(rest) {
		k, v, _ := strings.Cut(part, "=")
		fields[strings.ToLower(strings.TrimSpace(k))] = strings.Trim(strings.TrimSpace(v), `"`)
	}
	return fields
}

func splitQuoted(s string) []string {
	inside := false
	return strings.FieldsFunc(s, func(r rune) bool {
		if r == '"' {
			inside = !inside
		}
		return r == ',' && !inside
	})
}

// topmost picks one of several challenges: the server's order is its preference
// and a client takes the first whose algorithm it knows (RFC 8760 section 2.4).
func topmost(values []string, known ...string) (Challenge, bool) {
	for _, v := range values {
		c := ParseChallenge(v)
		if slices.Contains(known, strings.ToUpper(c.Algorithm)) {
			return c, true
		}
	}
	return Challenge{}, false
}
