package sip

import (
	"net/netip"
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/trunk"
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
	// Secure is who it must prove to be where it is called by TLS.
	Secure transport.Secure
	// KeepAlive is the longest time between two pings over a connection to it; 0 is
	// none.
	KeepAlive time.Duration
	// PassHeaders are the names of headers that INVITEs from the trunk and to it carry
	// through the gateway; one that ends in * stands for all that begin so.
	PassHeaders []string
	// OptionsInterval is between two OPTIONS that ask whether it is there; 0 is none.
	OptionsInterval time.Duration
	// DownAfter is how many failures in a row take it for down; 0 is three.
	DownAfter int
	// Register is how the gateway registers there. Its calls are then known by where
	// it is registered too, and are not challenged.
	Register Registering
	// Writing is how numbers and headers are written for it.
	Writing Writing
	// Failover says which failures lead to the next trunk.
	Failover trunk.Failover
	// Transfers says what is done about its REFERs, and whether it takes ours.
	Transfers bridge.TransferWay
	// Trusted: an INVITE of it may take any party's place (RFC 3891).
	Trusted bool
	// Limits are of the calls to it and from it.
	Limits trunk.Limits
	// Codecs are the names of those that it may use; empty for any.
	Codecs []string
	// Digits is how it is told keys.
	Digits bridge.KeyWay
	// SRTP is how its audio may be protected.
	SRTP bridge.SRTP
}

// Address is where a trunk is called.
type Address struct {
	// Host is a name, an IPv4 address, or an IPv6 address in brackets.
	Host string
	// Port is 0 for the protocol's own.
	Port uint16
	// Protocol is 0 when the choice is ours: UDP, and TCP for what is too large.
	Protocol transport.Protocol
	// SIPS is set for an address with a SIPS URI. The protocol is TLS then.
	SIPS bool
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
		return defaultPort(a.Protocol)
	}
	return a.Port
}

// password gives the trunk's password to whoever says its name.
func (t *Trunk) password(user string) (string, bool) { return t.Password, user == t.Username }

// trunkOf finds the trunk that a request comes from; nil when it is nobody's or a
// user's. A phone may send from an address that is a trunk's too, as everything on
// 127.0.0.1 does: a From that is one of our users, at our domain or at the address
// that the request came to, must prove it, and so must whoever sends over the flow
// of a registered phone.
func (e *Edge) trunkOf(s *Settings, req *sip.Request, f transport.Flow) *Trunk {
	t := s.trunkOf(req, f)
	if t == nil {
		t = e.lineOf(s, req, f)
	}
	if t == nil || s.claimed(req, e.config.Domain, f.Local, e.seen(f).Local) || !t.calledAt(f.Remote) && e.phones.from(f) {
		return nil
	}
	return t
}

// claimed says whether a request says to be from one of our users.
func (s *Settings) claimed(req *sip.Request, domain string, local, seen netip.AddrPort) bool {
	from := req.From().Address
	if _, ours := s.Users[wire.Unescape(from.User)]; !ours {
		return false
	}
	if from.Port != 0 && from.Port != int(local.Port()) {
		return false
	}
	at := wire.HostAddr(from.Host).Unmap()
	return wire.EqualHost(from.Host, domain) || at == local.Addr() || at == seen.Addr()
}

// trunkOf finds the trunk that sends from the address of a request. Where several
// do it is the one whose domain is that of From, and among those left the one
// whose port it is: the port that the trunk is called on is where its datagrams
// come from; on a stream it stands in the Via.
func (s *Settings) trunkOf(req *sip.Request, f transport.Flow) *Trunk {
	found := s.which(func(t *Trunk) bool { return t.sends(f.Remote.Addr()) })
	if len(found) < 2 {
		return only(found)
	}
	host := req.From().Address.Host
	if named := among(found, func(t *Trunk) bool { return t.Domain != "" && wire.EqualHost(t.Domain, host) }); len(named) > 0 {
		found = named
	}
	if len(found) < 2 {
		return only(found)
	}
	port := sendingPort(req, f)
	return only(among(found, func(t *Trunk) bool { return t.Address.port() == port }))
}

// sendingPort is where the sender of a request listens.
func sendingPort(req *sip.Request, f transport.Flow) uint16 {
	if !f.Protocol.Reliable() {
		return f.Remote.Port()
	}
	return Address{Port: uint16(req.Via().Port), Protocol: f.Protocol}.port()
}

// which lists the trunks that fit.
func (s *Settings) which(fits func(*Trunk) bool) (found []*Trunk) {
	for i := range s.Trunks {
		if fits(&s.Trunks[i]) {
			found = append(found, &s.Trunks[i])
		}
	}
	return found
}

func among(list []*Trunk, fits func(*Trunk) bool) (found []*Trunk) {
	for _, t := range list {
		if fits(t) {
			found = append(found, t)
		}
	}
	return found
}

func only(found []*Trunk) *Trunk {
	if len(found) == 1 {
		return found[0]
	}
	return nil
}

// calledAt says whether calls to the trunk go to this address.
func (t *Trunk) calledAt(at netip.AddrPort) bool {
	return t.Address.port() == at.Port() && wire.HostAddr(t.Address.Host).Unmap() == at.Addr()
}

func (t *Trunk) sends(from netip.Addr) bool {
	for _, p := range t.Sources {
		if p.Contains(from) {
			return true
		}
	}
	return false
}

// trunk finds a trunk by its name; nil when there is none.
func (s *Settings) trunk(name string) *Trunk {
	return only(s.which(func(t *Trunk) bool { return t.Name == name }))
}

// password gives a user's password.
func (s *Settings) password(user string) (string, bool) {
	u, ok := s.Users[user]
	return u.Password, ok
}
