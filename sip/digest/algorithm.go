package digest

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"strings"
)

// An Algorithm is a digest algorithm of RFC 7616 s3.3 and RFC 8760 s2.1; the zero
// value is none.
type Algorithm uint8

// The algorithms. A -sess variant hashes nonce and cnonce into the user's secret.
const (
	MD5 Algorithm = iota + 1
	MD5Sess
	SHA256
	SHA256Sess
	SHA512256
	SHA512256Sess
)

// algorithmNames are the names of IANA's registry.
var algorithmNames = [...]string{
	MD5: "MD5", MD5Sess: "MD5-sess", SHA256: "SHA-256", SHA256Sess: "SHA-256-sess",
	SHA512256: "SHA-512-256", SHA512256Sess: "SHA-512-256-sess",
}

// String returns the name as it is written in a header, "" for none.
func (a Algorithm) String() string {
	if int(a) < len(algorithmNames) {
		return algorithmNames[a]
	}
	return ""
}

// ParseAlgorithm finds an algorithm by its name in any case. RFC 7616 s3.3: "If this
// is not present, it is assumed to be "MD5""; so "" is MD5.
func ParseAlgorithm(name string) (Algorithm, bool) {
	if name == "" {
		return MD5, true
	}
	for a, known := range algorithmNames {
		if known != "" && strings.EqualFold(name, known) {
			return Algorithm(a), true
		}
	}
	return 0, false
}

// session reports whether the algorithm is a -sess variant.
func (a Algorithm) session() bool { return a == MD5Sess || a == SHA256Sess || a == SHA512256Sess }

// plain returns the algorithm without -sess: the one that its hashes are made with.
func (a Algorithm) plain() Algorithm {
	if a.session() {
		return a - 1
	}
	return a
}

// strength orders the algorithms that a challenged side would rather use.
func (a Algorithm) strength() int {
	switch a.plain() {
	case MD5:
		return 1
	case SHA256, SHA512256:
		return 2
	}
	return 0
}

// sum is H(data) of RFC 7616 s3.3, in lower-case hexadecimal, of the parts joined by
// colons.
func (a Algorithm) sum(parts ...string) string {
	var scratch [512]byte
	data := scratch[:0]
	for i, part := range parts {
		if i > 0 {
			data = append(data, ':')
		}
		data = append(data, part...)
	}
	switch a.plain() {
	case SHA256:
		sum := sha256.Sum256(data)
		return hex.EncodeToString(sum[:])
	case SHA512256:
		sum := sha512.Sum512_256(data)
		return hex.EncodeToString(sum[:])
	}
	sum := md5.Sum(data)
	return hex.EncodeToString(sum[:])
}

// HA1 returns the hash of a user's secret in lower-case hexadecimal: H(user ":" realm
// ":" password), RFC 7616 s3.4.2. It is what may be stored in place of a password.
func HA1(a Algorithm, user, realm, password string) string {
	return a.sum(user, realm, password)
}

// response computes the request-digest of RFC 7616 s3.4.1, or RFC 2617 s3.2.2.1
// without a qop. ha1 is the hash of the user's secret.
func response(c *Credentials, ha1, method string, body []byte) string {
	a := c.Algorithm
	if a.session() {
		ha1 = a.sum(ha1, c.Nonce, c.CNonce)
	}
	var ha2 string
	if strings.EqualFold(c.QOP, "auth-int") {
		ha2 = a.sum(method, c.URI, a.sum(string(body)))
	} else {
		ha2 = a.sum(method, c.URI)
	}
	if c.QOP == "" {
		return a.sum(ha1, c.Nonce, ha2)
	}
	return a.sum(ha1, c.Nonce, c.NC, c.CNonce, c.QOP, ha2)
}
