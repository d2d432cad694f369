package sip

import (
	"net/netip"
	"strings"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// peer is a trunk as the transport reaches it; of no trunk (nil) only the address
// counts.
func (t *Trunk) peer(p transport.Protocol, remote netip.AddrPort) transport.Peer {
	to := transport.Peer{Protocol: p, Remote: remote}
	if t != nil {
		to.Secure, to.KeepAlive = t.Secure, t.KeepAlive
	}
	return to
}

// uri is the Request-URI of a call to somebody behind the address.
func (a Address) uri(user string) string {
	uri := userURI(user, a.hostPort())
	switch {
	case a.SIPS:
		return "sips:" + strings.TrimPrefix(uri, "sip:")
	case a.Protocol == transport.TCP, a.Protocol == transport.TLS:
		return uri + ";transport=" + strings.ToLower(a.Protocol.String())
	}
	return uri
}

// trunk is who is at the other end of a leg; nil when that is a user, or a trunk that
// has been removed.
func (l *leg) trunk() *Trunk {
	if l.peer.Kind != dialplan.PartyTrunk {
		return nil
	}
	return l.edge.settings.Load().trunk(l.peer.Name)
}

// defaultPort is RFC 3261 s19.1.2's.
func defaultPort(p transport.Protocol) uint16 {
	if p == transport.TLS {
		return 5061
	}
	return 5060
}

// nextHop reads from the URI of a next hop where a request within a dialog goes. A name
// leads where the dialog already is. What began by TLS does not go on in clear, and
// RFC 3261 s26.2.2 has TLS for a SIPS URI whatever its transport.
func nextHop(u sip.Uri, known transport.Flow) (transport.Protocol, netip.AddrPort) {
	address := wire.HostAddr(u.Host).Unmap()
	if !address.IsValid() {
		return known.Protocol, known.Remote
	}
	p := transport.UDP
	name, _ := wire.Param(u.UriParams, "transport")
	switch {
	case u.Scheme == "sips", known.Protocol == transport.TLS, strings.EqualFold(name, "tls"):
		p = transport.TLS
	case strings.EqualFold(name, "tcp"):
		p = transport.TCP
	}
	port := defaultPort(p)
	if u.Port > 0 && u.Port < 65536 {
		port = uint16(u.Port)
	}
	return p, netip.AddrPortFrom(address, port)
}

// bySIPS says whether a request asks for a SIPS URI in our Contact. RFC 3261 s12.1.1:
// "If the request that initiated the dialog contained a SIPS URI in the Request-URI or
// in the top Record-Route header field value, if there was any, or the Contact header
// field if there was no Record-Route header field, the Contact header field in the
// response MUST be a SIPS URI."
func bySIPS(req *sip.Request) bool {
	if req.Recipient.Scheme == "sips" {
		return true
	}
	if routes, _ := wire.Addresses(req, "Record-Route"); len(routes) > 0 {
		return routes[0].URI.Scheme == "sips"
	}
	contacts := wire.Contacts(req)
	return len(contacts) == 1 && contacts[0].Address.Scheme == "sips"
}

// seen is a flow as its peer sees it: with the address of the NAT in front of us.
func (e *Edge) seen(f transport.Flow) transport.Flow {
	for _, a := range e.config.Advertise {
		if a.Is4() == f.Local.Addr().Is4() {
			f.Local = netip.AddrPortFrom(a, f.Local.Port())
		}
	}
	return f
}

// contactOf is our Contact on a flow. RFC 3261 s8.1.1.8: "If the Request-URI or top
// Route header field value contains a SIPS URI, the Contact header field MUST contain a
// SIPS URI as well." One that came in clear is answered as it came: a SIPS URI there
// would promise what the flow does not keep.
func contactOf(f transport.Flow, sips bool) string {
	switch {
	case f.Protocol == transport.UDP:
		return "<sip:tandem@" + f.Local.String() + ">"
	case f.Protocol == transport.TLS && sips:
		return "<sips:tandem@" + f.Local.String() + ">"
	}
	return "<sip:tandem@" + f.Local.String() + ";transport=" + strings.ToLower(f.Protocol.String()) + ">"
}
