package transport

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Certificate is a certificate with its chain and key, as TLS shows it to a peer. It
// does not change.
type Certificate struct {
	tls tls.Certificate
	sum sum
}

// Authorities are who must have signed a peer's certificate. They do not change.
type Authorities struct {
	pool *x509.CertPool
	sum  sum
}

// sum tells by their contents whether two certificates or two sets of authorities are
// the same, so that reading unchanged files again changes nothing.
type sum [sha256.Size]byte

func sumOf(parts ...[]byte) sum {
	h := sha256.New()
	for _, p := range parts {
		s := sha256.Sum256(p)
		h.Write(s[:])
	}
	return sum(h.Sum(nil))
}

// LoadCertificate reads a certificate with its chain, the certificate first, and its
// key from PEM files.
func LoadCertificate(chain, key string) (*Certificate, error) {
	c, err := os.ReadFile(chain)
	if err != nil {
		return nil, err
	}
	k, err := os.ReadFile(key)
	if err != nil {
		return nil, err
	}
	parsed, err := NewCertificate(c, k)
	if err != nil {
		return nil, fmt.Errorf("%s with %s: %w", chain, key, err)
	}
	return parsed, nil
}

// NewCertificate makes a certificate of PEM text: the certificate with its chain, and
// its key. It fails when the two do not belong together.
func NewCertificate(chain, key []byte) (*Certificate, error) {
	c, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return nil, err
	}
	return &Certificate{tls: c, sum: sumOf(chain, key)}, nil
}

// Names lists the DNS names and addresses that the certificate is for.
func (c *Certificate) Names() []string { return identitiesOf(c.tls.Leaf).names() }

// LoadAuthorities reads the certificates of authorities from a PEM file.
func LoadAuthorities(file string) (*Authorities, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	a, err := NewAuthorities(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return a, nil
}

// NewAuthorities makes authorities of PEM text with one certificate or more.
func NewAuthorities(text []byte) (*Authorities, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("there is no certificate in it: it takes PEM, which begins with -----BEGIN CERTIFICATE-----")
	}
	return &Authorities{pool: pool, sum: sumOf(text)}, nil
}

// Credentials are what TLS listeners prove us with, and whom they let in.
type Credentials struct {
	// Certificate is shown to every peer that connects, and to those that we connect
	// to when they ask and Secure names no other.
	Certificate *Certificate
	// Clients, when set, must have signed the certificate that a peer shows; without
	// one it is not let in. Nil asks for none.
	Clients *Authorities
}

func (c Credentials) sums() (s [2]sum) {
	if c.Certificate != nil {
		s[0] = c.Certificate.sum
	}
	if c.Clients != nil {
		s[1] = c.Clients.sum
	}
	return s
}

// Certify puts credentials in the place of those that were. They are for connections
// that begin from now on; those that are up stay. TLS listeners need a certificate
// before Listen opens them; without one later, the last stays.
func (l *Layer) Certify(c Credentials) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.Certificate == nil || c.sums() == l.credentials.sums() {
		return
	}
	l.credentials, l.server = c, serverConfig(c)
	l.log.Info("certificate", "names", strings.Join(c.Certificate.Names(), " "),
		"until", c.Certificate.tls.Leaf.NotAfter, "client certificates", c.Clients != nil)
}

// own gives the certificate in force; nil when there is none.
func (l *Layer) own() *Certificate {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.credentials.Certificate
}
