package transport

import (
	"net/netip"
	"time"
)

// Peer is whom Connect is asked for.
type Peer struct {
	Protocol Protocol
	// Local says which listener to use. Its zero value leaves that to the route to the
	// peer, port 0 takes any listener on the address.
	Local netip.AddrPort
	// Remote is the peer's address.
	Remote netip.AddrPort
	// Secure says, for TLS, who the peer must prove to be.
	Secure Secure
	// KeepAlive is the longest time between two pings over a stream that is dialled
	// (RFC 5626 section 4.4.1); each comes by chance up to a fifth of it earlier. A
	// ping that nothing follows within 10 s ends the stream with ErrNoPong. 0 is none.
	KeepAlive time.Duration
}

// Secure is how a TLS connection is dialled.
type Secure struct {
	// Name is the domain, or the IP address, that the peer's certificate must be for
	// (RFC 5922 section 7.2, to the letter: "*.example.test" is that very name in a
	// certificate). A domain is also sent as the server's name (RFC 6066 section 3).
	// Empty is the peer's IP address.
	Name string
	// Authorities must have signed the peer's certificate; nil are those that the
	// machine trusts.
	Authorities *Authorities
	// Certificate is what we show when the peer asks; nil is the layer's own.
	Certificate *Certificate
}

// relation is what two Connects must have in common to get the same connection: one
// that has proved to be somebody is no way to anybody else (RFC 5922 section 7.4).
type relation struct {
	flow                     Flow // Conn is 0
	name                     string
	authorities, certificate sum
}

func relationTo(f Flow, s Secure) relation {
	r := relation{flow: f}
	if f.Protocol != TLS {
		return r
	}
	r.name = normalDomain(s.Name)
	if s.Authorities != nil {
		r.authorities = s.Authorities.sum
	}
	if s.Certificate != nil {
		r.certificate = s.Certificate.sum
	}
	return r
}
