// Package authority is a certificate authority for tests and demonstrations: it signs
// certificates for SIP peers on the spot, valid from an hour before the clock's time,
// also where that is simulated. Nothing of it lasts longer than a test.
package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Authority signs certificates.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	// chain is what a certificate of this authority must bring along: nothing for a
	// root, whom the other side knows.
	chain []byte
}

// Issued is a certificate with its chain, and its key, as PEM.
type Issued struct{ Chain, Key []byte }

// New makes a root.
func New(name string) (*Authority, error) { return newAuthority(name, nil) }

// Intermediate makes an authority below this one.
func (a *Authority) Intermediate(name string) (*Authority, error) { return newAuthority(name, a) }

func newAuthority(name string, above *Authority) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	a := &Authority{key: key, certificate: template(name)}
	a.certificate.IsCA, a.certificate.KeyUsage = true, x509.KeyUsageCertSign
	a.certificate.ExtKeyUsage = nil
	signer := a
	if above != nil {
		signer = above
	}
	text, err := signer.sign(a.certificate, key)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if a.certificate, err = x509.ParseCertificate(block.Bytes); err != nil {
		return nil, err
	}
	if above != nil {
		a.chain = append(text, above.chain...)
	}
	return a, nil
}

func template(name string) *x509.Certificate {
	number, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	return &x509.Certificate{
		SerialNumber: number, Subject: pkix.Name{CommonName: name}, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

func (a *Authority) sign(c *x509.Certificate, key *ecdsa.PrivateKey) ([]byte, error) {
	raw, err := x509.CreateCertificate(rand.Reader, c, a.certificate, &key.PublicKey, a.key)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), err
}

// PEM is the authority's own certificate.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw})
}

// Issue signs a certificate for names: domains, IP addresses, and URIs such as
// sip:example.test, each of which becomes its kind of subjectAltName.
func (a *Authority) Issue(names ...string) (Issued, error) {
	return a.IssueAs(func(*x509.Certificate) {}, names...)
}

// IssueAs signs a certificate after edit has changed it.
func (a *Authority) IssueAs(edit func(*x509.Certificate), names ...string) (Issued, error) {
	c := template("test")
	for _, name := range names {
		if err := addName(c, name); err != nil {
			return Issued{}, err
		}
	}
	edit(c)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Issued{}, err
	}
	text, err := a.sign(c, key)
	if err != nil {
		return Issued{}, err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	return Issued{
		Chain: append(text, a.chain...), Key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}),
	}, err
}

func addName(c *x509.Certificate, name string) error {
	ip, err := netip.ParseAddr(name)
	switch {
	case err == nil:
		c.IPAddresses = append(c.IPAddresses, net.IP(ip.AsSlice()))
	case strings.Contains(name, ":"):
		u, err := url.Parse(name)
		if err != nil {
			return fmt.Errorf("name %q: %w", name, err)
		}
		c.URIs = append(c.URIs, u)
	default:
		c.DNSNames = append(c.DNSNames, name)
	}
	return nil
}

// TLS is the certificate in crypto/tls's form.
func (i Issued) TLS() (tls.Certificate, error) { return tls.X509KeyPair(i.Chain, i.Key) }

// Write puts the certificate into NAME.pem and its key into NAME.key of a directory.
func (i Issued) Write(dir, name string) (chain, key string, err error) {
	chain, key = filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key")
	if err := os.WriteFile(chain, i.Chain, 0o600); err != nil {
		return "", "", err
	}
	return chain, key, os.WriteFile(key, i.Key, 0o600)
}
