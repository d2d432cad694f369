package sip

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// Trunk is a carrier link or a PBX.
type Trunk struct {
	Name string
	// Address is where calls go.
	Address Address
	// Sources are the networks it sends from.
	Sources []netip.Prefix
	// Domain tells it from a trunk at the same address by the host of From.
	Domain string
	// Username and Password are for digest, both ways, when set.
	Username, Password string
}

// Address is where a trunk is called.
type Address struct {
	// Host is a name, an IPv4 address, or an IPv6 address in brackets.
	Host string
	// Port is 0 for the protocol's own.
	Port uint16
	// Protocol is 0 when the choice is ours: UDP, and TCP for what is too large.
	Protocol transport.Protocol
}

func (a Address) protocol() transport.Protocol {
	if a.Protocol == 0 {
		return transport.UDP
	}
	return a.Protocol
}

// hostPort is the address as a URI writes it.
func (a Address) hostPort() string {
	if a.Port == 0 {
		return a.Host
	}
	return a.Host + ":" + strconv.Itoa(int(a.Port))
}

// port is the one that is called.
func (a Address) port() uint16 {
	if a.Port == 0 {
		return 5060
	}
	return a.Port
}

// password gives the trunk's password to whoever says its name.
func (t *Trunk) password(user string) (string, bool) { return t.Password, user == t.Username }

// trunkOf finds the trunk that a request comes from: by address, and where several
// share it by the domain in From, then by the port that the trunk is called on.
func (s *Settings) trunkOf(req *sip.Request, f transport.Flow) *Trunk {
	var found []*Trunk
	for i := range s.Trunks {
		if s.Trunks[i].sends(f.Remote.Addr()) {
			found = append(found, &s.Trunks[i])
		}
	}
	if len(found) < 2 {
		return only(found)
	}
	host := req.From().Address.Host
	for _, t := range found {
		if t.Domain != "" && strings.EqualFold(t.Domain, host) {
			return t
		}
	}
	for _, t := range found {
		if t.Address.port() == f.Remote.Port() && wire.HostAddr(t.Address.Host).Unmap() == f.Remote.Addr() {
			return t
		}
	}
	return nil
}

func only(found []*Trunk) *Trunk {
	if len(found) == 1 {
		return found[0]
	}
	return nil
}

func (t *Trunk) sends(from netip.Addr) bool {
	for _, p := range t.Sources {
		if p.Contains(from) {
			return true
		}
	}
	return false
}

func (s *Settings) trunk(name string) *Trunk {
	for i := range s.Trunks {
		if s.Trunks[i].Name == name {
			return &s.Trunks[i]
		}
	}
	return nil
}

// password gives a user's password.
func (s *Settings) password(user string) (string, bool) {
	u, ok := s.Users[user]
	return u.Password, ok
}
