package transport

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// serverConfig is what a TLS listener is served with.
func serverConfig(c Credentials) *tls.Config {
	config := &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{c.Certificate.tls},
	}
	if c.Clients != nil {
		// The chain is verified below: a peer's certificate that is good for a server is
		// good for the same SIP server when it connects to us.
		config.ClientAuth, config.ClientCAs = tls.RequireAnyClientCert, c.Clients.pool
		config.VerifyConnection = func(s tls.ConnectionState) error {
			return verifyChain(s.PeerCertificates, c.Clients, x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth)
		}
	}
	return config
}

// clientConfig is what a connection to a peer is dialled with.
func (l *Layer) clientConfig(s Secure, remote netip.Addr) *tls.Config {
	if s.Name == "" {
		s.Name = remote.String()
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		ServerName: s.serverName(),
		// crypto/tls knows other identities than SIP has: verify looks instead.
		InsecureSkipVerify:   true,
		VerifyConnection:     s.verify,
		GetClientCertificate: func(r *tls.CertificateRequestInfo) (*tls.Certificate, error) { return l.shown(s, r), nil },
	}
}

// serverName is what is sent as SNI, which a name with a star in it cannot be.
func (s Secure) serverName() string {
	if _, isAddress := address(s.Name); isAddress || strings.HasPrefix(s.Name, "*") {
		return ""
	}
	return normalDomain(s.Name)
}

// verify refuses a peer that is not who it should be.
func (s Secure) verify(state tls.ConnectionState) error {
	if err := verifyChain(state.PeerCertificates, s.Authorities, x509.ExtKeyUsageServerAuth); err != nil {
		return err
	}
	return checkIdentity(state.PeerCertificates[0], s.Name)
}

// shown is the certificate that a peer gets that asks for one. The layer's own is held
// back where the peer says that it could not take it: it may do without.
func (l *Layer) shown(s Secure, r *tls.CertificateRequestInfo) *tls.Certificate {
	if s.Certificate != nil {
		return &s.Certificate.tls
	}
	if own := l.own(); own != nil && r.SupportsCertificate(&own.tls) == nil {
		return &own.tls
	}
	return &tls.Certificate{}
}

// sipDomainUsage is id-kp-sipDomain, the extended key usage of certificates that are for
// SIP domains and nothing else: RFC 5924 section 4.
func sipDomainUsage() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 20}
}

// verifyChain checks a certificate as RFC 5922 section 7.1 asks, by the procedures of
// RFC 5280, for one of the usages. The machine's authorities are taken for nil.
func verifyChain(chain []*x509.Certificate, a *Authorities, usages ...x509.ExtKeyUsage) error {
	options := x509.VerifyOptions{Intermediates: x509.NewCertPool(), KeyUsages: usages}
	if a != nil {
		options.Roots = a.pool
	}
	for _, c := range chain[1:] {
		options.Intermediates.AddCert(c)
	}
	if slices.ContainsFunc(chain[0].UnknownExtKeyUsage, sipDomainUsage().Equal) {
		options.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageAny}
	}
	_, err := chain[0].Verify(options)
	return err
}

// encrypted is a stream over which TLS has come about.
type encrypted struct {
	*tls.Conn
	under *paced
}

// hangUp closes the stream, which it announces as RFC 8446 section 6.1 wants it: "Each
// party MUST send a "close_notify" alert before closing its write side". For a peer
// that does not read that takes a second.
func (e encrypted) hangUp() {
	e.under.limit.Store(int64(lingerTime))
	e.Close()
}

// paced gives each write of TLS its time, also those that are not ours: what it says by
// itself while it reads would else wait forever on a peer that reads nothing.
type paced struct {
	net.Conn
	limit atomic.Int64 // nanoseconds
}

func newPaced(s net.Conn, limit time.Duration) *paced {
	p := &paced{Conn: s}
	p.limit.Store(int64(limit))
	return p
}

// Write writes within the limit.
func (p *paced) Write(b []byte) (int, error) {
	if err := p.SetWriteDeadline(time.Now().Add(time.Duration(p.limit.Load()))); err != nil {
		return 0, err
	}
	return p.Conn.Write(b)
}
