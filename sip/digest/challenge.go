package digest

import "strings"

// A Challenge is the value of a WWW-Authenticate or Proxy-Authenticate header of the
// Digest scheme (RFC 7616 s3.3). Texts are plain, without quotes and escapes.
type Challenge struct {
	Realm     string
	Nonce     string
	Opaque    string    // "" when there is none
	Algorithm Algorithm // 0 for one that is not known
	QOP       []string  // offered, in lower case; empty as of RFC 2069
	Stale     bool      // the credentials were right, the nonce too old
}

// ParseChallenge reads the value of one header. The error is ErrOtherScheme or wraps
// ErrMalformed.
func ParseChallenge(value string) (Challenge, error) {
	list, err := params(value)
	if err != nil {
		return Challenge{}, err
	}
	for _, name := range []string{"realm", "nonce"} {
		if find(list, name) == nil {
			return Challenge{}, malformed("no %s", name)
		}
	}
	c := Challenge{
		Realm: text(list, "realm"), Nonce: text(list, "nonce"), Opaque: text(list, "opaque"),
		Stale: strings.EqualFold(text(list, "stale"), "true"),
	}
	c.Algorithm, _ = ParseAlgorithm(text(list, "algorithm"))
	for _, qop := range strings.Split(text(list, "qop"), ",") {
		if qop = strings.ToLower(strings.Trim(qop, " \t")); qop != "" {
			c.QOP = append(c.QOP, qop)
		}
	}
	return c, nil
}

// Format writes the value of the header. The error wraps ErrUnsafe.
func (c *Challenge) Format() (string, error) {
	var w writer
	w.quoted("realm", c.Realm)
	w.quoted("nonce", c.Nonce)
	if c.Opaque != "" {
		w.quoted("opaque", c.Opaque)
	}
	if c.Stale {
		w.add("stale", "true")
	}
	w.add("algorithm", c.Algorithm.String())
	if len(c.QOP) > 0 {
		w.quoted("qop", strings.Join(c.QOP, ","))
	}
	return string(w.b), w.err
}

// offers reports whether a qop is offered.
func (c *Challenge) offers(qop string) bool {
	for _, q := range c.QOP {
		if q == qop {
			return true
		}
	}
	return false
}
