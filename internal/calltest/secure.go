package calltest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/tandem-gateway/tandem/internal/authority"
	"github.com/tandem-gateway/tandem/internal/phone"
)

// tlsPort is where everybody speaks TLS.
const tlsPort = 5061

// secure says whether a party speaks TLS.
func (p *partyStep) secure() bool { return p.opts.has("tls") || p.opts.has("sips") }

// host is the party's address as a URI writes it.
func (p *partyStep) host() string {
	if p.address.Is6() {
		return "[" + p.address.String() + "]"
	}
	return p.address.String()
}

// identity is whom the party's certificate is for.
func (p *partyStep) identity() string {
	for _, option := range []string{"tls", "sips"} {
		if name := p.opts[option]; name != "" {
			return name
		}
	}
	return p.address.String()
}

// authority is who signs for everybody.
func (s *stage) authority() (*authority.Authority, error) {
	if s.root != nil {
		return s.root, nil
	}
	var err error
	s.root, err = authority.New("calltest")
	return s.root, err
}

// issueForGateway writes the files that {pki} in a configuration is for.
func (s *stage) issueForGateway() error {
	root, err := s.authority()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.setup.Dir, "ca.pem"), root.PEM(), 0o600); err != nil {
		return err
	}
	issued, err := root.Issue(gatewayDomain, gatewayHost, gatewayHost6, gatewayLAN)
	if err != nil {
		return err
	}
	_, _, err = issued.Write(s.setup.Dir, "gateway")
	return err
}

// secureStreams puts TLS over a party's listener and over what it dials. It shows its
// certificate both ways, and believes in the gateway's alone.
func (s *stage) secureStreams(l net.Listener, from *partyStep) (*phone.Streams, error) {
	root, err := s.authority()
	if err != nil {
		return nil, err
	}
	issued, err := root.Issue(from.identity())
	if err != nil {
		return nil, err
	}
	own, err := issued.TLS()
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{own}, RootCAs: x509.NewCertPool(), ServerName: gatewayDomain}
	config.RootCAs.AppendCertsFromPEM(root.PEM())
	dial := func(ctx context.Context, local, remote netip.AddrPort) (net.Conn, error) {
		c, err := s.net.DialTCP(ctx, local, remote)
		if err != nil {
			return nil, err
		}
		// It is done before anybody reads or writes: one of two who wait for it would
		// wait for a lock, and simulated time stands still meanwhile.
		t := tls.Client(c, config)
		return t, t.HandshakeContext(ctx)
	}
	return phone.NewStreams(tls.NewListener(l, config), dial), nil
}
