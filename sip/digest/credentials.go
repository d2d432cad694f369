package digest

import (
	"encoding/hex"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Credentials are the value of an Authorization or Proxy-Authorization header of the
// Digest scheme (RFC 7616 s3.4). Texts are plain, without quotes and escapes.
type Credentials struct {
	Username  string
	Realm     string
	Nonce     string
	URI       string
	Response  string // lower-case hexadecimal
	Opaque    string
	Algorithm Algorithm // 0 for one that is not known
	QOP       string    // as written; "" as of RFC 2069
	NC        string    // eight hexadecimal digits as written, with a qop
	CNonce    string    // with a qop
	UserHash  bool      // Username is a hash (RFC 7616 s3.4.4)

	rawUsername string // with its escapes
}

// ParseCredentials reads the value of one header. The error is ErrOtherScheme or
// wraps ErrMalformed.
func ParseCredentials(value string) (Credentials, error) {
	list, err := params(value)
	if err != nil {
		return Credentials{}, err
	}
	for _, name := range []string{"realm", "nonce", "uri", "response"} {
		if find(list, name) == nil {
			return Credentials{}, malformed("no %s", name)
		}
	}
	c := Credentials{
		Realm: text(list, "realm"), Nonce: text(list, "nonce"), URI: text(list, "uri"),
		Response: strings.ToLower(text(list, "response")), Opaque: text(list, "opaque"),
		QOP: text(list, "qop"), NC: text(list, "nc"), CNonce: text(list, "cnonce"),
		UserHash: strings.EqualFold(text(list, "userhash"), "true"),
	}
	c.Algorithm, _ = ParseAlgorithm(text(list, "algorithm"))
	if err := c.readUsername(list); err != nil {
		return Credentials{}, err
	}
	return c, c.check()
}

// readUsername takes username or username*. RFC 7616 s3.4: "The username parameter
// and the username* parameter MUST NOT both be present".
func (c *Credentials) readUsername(list []param) error {
	plain, extended := find(list, "username"), find(list, "username*")
	switch {
	case (plain == nil) == (extended == nil):
		return malformed("not exactly one of username and username*")
	case plain != nil:
		c.Username, c.rawUsername = plain.text, plain.raw
		return nil
	}
	// RFC 5987 s3.2: charset "'" [ language ] "'" value-chars.
	charset, rest, _ := strings.Cut(extended.text, "'")
	_, encoded, ok := strings.Cut(rest, "'")
	name, err := url.PathUnescape(encoded)
	if !ok || err != nil || !strings.EqualFold(charset, "UTF-8") || !utf8.ValidString(name) {
		return malformed("bad username*")
	}
	c.Username, c.rawUsername = name, name
	return nil
}

// check: RFC 7616 s3.4, cnonce "MUST be specified if a qop directive is sent", and nc,
// the "hexadecimal count of the number of requests".
func (c *Credentials) check() error {
	if c.QOP == "" {
		if c.Algorithm.session() && c.CNonce == "" {
			return malformed("no cnonce with a -sess algorithm")
		}
		return nil
	}
	if c.CNonce == "" {
		return malformed("no cnonce")
	}
	if _, err := hex.DecodeString(c.NC); err != nil || len(c.NC) != 8 {
		return malformed("nc is not eight hexadecimal digits")
	}
	return nil
}

// count returns the nonce count, 1 as of RFC 2069.
func (c *Credentials) count() uint32 {
	if c.QOP == "" {
		return 1
	}
	var b [4]byte
	if _, err := hex.Decode(b[:], []byte(c.NC)); err != nil {
		return 0
	}
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

// Format writes the value of the header, in the forms that RFC 3261 s25.1 and RFC
// 7616 s3.4 agree on: qop, nc and algorithm without quotes. The error wraps ErrUnsafe.
func (c *Credentials) Format() (string, error) {
	var w writer
	w.quoted("username", c.Username)
	w.quoted("realm", c.Realm)
	w.quoted("nonce", c.Nonce)
	w.quoted("uri", c.URI)
	w.quoted("response", c.Response)
	if c.Algorithm != 0 {
		w.add("algorithm", c.Algorithm.String())
	}
	if c.CNonce != "" {
		w.quoted("cnonce", c.CNonce)
	}
	if c.QOP != "" {
		w.add("qop", c.QOP)
		w.add("nc", c.NC)
	}
	if c.Opaque != "" {
		w.quoted("opaque", c.Opaque)
	}
	return string(w.b), w.err
}
