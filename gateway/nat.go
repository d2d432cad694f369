package gateway

import (
	"net/netip"

	"github.com/tandem-gateway/tandem/config"
	"github.com/tandem-gateway/tandem/rtp"
)

// translated is a network behind a NAT that translates addresses one to one and leaves
// ports as they are: a socket that is opened on the NAT's address is bound to ours.
type translated struct {
	rtp.Network
	outer, inner config.Addresses
}

// inside gives the network for media: as it is, where every address of rtp.address is
// this machine's.
func inside(n rtp.Network, outer, inner config.Addresses) rtp.Network {
	if len(inner) == 0 {
		return n
	}
	return translated{n, outer, inner}
}

// Open binds the inner address when the outer one is asked for.
func (n translated) Open(local netip.AddrPort, receive rtp.Receive) (rtp.Socket, error) {
	at := n.inner.Of(local.Addr())
	if !at.IsValid() || n.outer.Of(local.Addr()) != local.Addr() {
		return n.Network.Open(local, receive)
	}
	s, err := n.Network.Open(netip.AddrPortFrom(at, local.Port()), receive)
	if err != nil {
		return nil, err
	}
	return seen{s, netip.AddrPortFrom(local.Addr(), s.Local().Port())}, nil
}

// seen is a socket under the address that others see.
type seen struct {
	rtp.Socket
	local netip.AddrPort
}

// Local is the outer address.
func (s seen) Local() netip.AddrPort { return s.local }
