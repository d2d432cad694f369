package gateway

import (
	"strings"

	"github.com/tandem-gateway/tandem/config"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// protocolOf is a transport of the file; 0 is any.
func protocolOf(t config.Transport) transport.Protocol {
	switch t {
	case config.TransportUDP:
		return transport.UDP
	case config.TransportTCP:
		return transport.TCP
	case config.TransportTLS:
		return transport.TLS
	}
	return 0
}

// credentialsOf reads what TLS listeners show. The configuration's check has read the
// files before; they may have changed since.
func credentialsOf(t config.TLS) (c transport.Credentials, err error) {
	if t.Certificate == "" {
		return c, nil
	}
	if c.Certificate, err = transport.LoadCertificate(t.Certificate, t.Key); err != nil {
		return c, err
	}
	c.Clients, err = authoritiesOf(t.ClientCA)
	return c, err
}

func authoritiesOf(file string) (*transport.Authorities, error) {
	if file == "" {
		return nil, nil
	}
	return transport.LoadAuthorities(file)
}

// secureOf reads how a trunk proves who it is, wherever a connection by TLS leads to it.
func secureOf(t config.Trunk) (s transport.Secure, err error) {
	if s.Name = t.TLS.ServerName; s.Name == "" {
		s.Name = strings.Trim(t.Address.Host, "[]")
	}
	if s.Authorities, err = authoritiesOf(t.TLS.CA); err != nil || t.TLS.Certificate == "" {
		return s, err
	}
	s.Certificate, err = transport.LoadCertificate(t.TLS.Certificate, t.TLS.Key)
	return s, err
}
