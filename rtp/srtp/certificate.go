package srtp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// Certificate is what this side proves itself with in handshakes: self-signed, since
// it is the fingerprint in the description that vouches for it (RFC 5763 section 5).
// One may serve all calls of a gateway. It is read only.
type Certificate struct {
	tls tls.Certificate
}

// Validity of a certificate that is generated: nobody looks at it, but some refuse what
// is out of date.
const (
	validBefore = 24 * time.Hour
	validAfter  = 365 * 24 * time.Hour
)

// GenerateCertificate makes a key (ECDSA P-256, which all that do DTLS-SRTP know) and
// signs its certificate, valid from a day before now for a year.
func GenerateCertificate(now time.Time) (*Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("%w: no key for a certificate: %w", ErrDTLS, err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("%w: no number for a certificate: %w", ErrDTLS, err)
	}
	template := x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "sip"}, // RFC 8122 section 5.1: it names nobody
		NotBefore:    now.Add(-validBefore),
		NotAfter:     now.Add(validAfter),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("%w: no certificate: %w", ErrDTLS, err)
	}
	return &Certificate{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}}, nil
}

// Fingerprint is what a=fingerprint says of the certificate, by SHA-256.
func (c *Certificate) Fingerprint() Fingerprint {
	digest := sha256.Sum256(c.tls.Certificate[0])
	return Fingerprint{Hash: "sha-256", Digest: string(digest[:])}
}

// Fingerprint is the hash of a certificate as a=fingerprint states it (RFC 8122 section
// 5). A conversion makes it of the value that reads descriptions.
type Fingerprint struct {
	Hash   string // "sha-256" …, in lower case
	Digest string // its raw bytes
}

// strengths are the hash functions that are believed, the weakest first: MD2 and MD5
// are not, as RFC 8122 section 5 demands.
var strengths = []string{"sha-1", "sha-224", "sha-256", "sha-384", "sha-512"}

// digest hashes a certificate; nil for a hash function that is not believed.
func digest(hash string, certificate []byte) []byte {
	switch hash {
	case "sha-1":
		d := sha1.Sum(certificate)
		return d[:]
	case "sha-224":
		d := sha256.Sum224(certificate)
		return d[:]
	case "sha-256":
		d := sha256.Sum256(certificate)
		return d[:]
	case "sha-384":
		d := sha512.Sum384(certificate)
		return d[:]
	case "sha-512":
		d := sha512.Sum512(certificate)
		return d[:]
	}
	return nil
}

// strongest are the fingerprints by the strongest hash function among them; several are
// those of several certificates. Empty when none is believed.
func strongest(all []Fingerprint) []Fingerprint {
	best := -1
	for _, f := range all {
		best = max(best, slices.Index(strengths, f.Hash))
	}
	return slices.DeleteFunc(slices.Clone(all), func(f Fingerprint) bool {
		return best < 0 || f.Hash != strengths[best]
	})
}

// matches reports whether a certificate is one of those that the strongest fingerprints
// name.
func matches(all []Fingerprint, certificate []byte) bool {
	return slices.ContainsFunc(strongest(all), func(f Fingerprint) bool {
		return subtle.ConstantTimeCompare([]byte(f.Digest), digest(f.Hash, certificate)) == 1
	})
}
