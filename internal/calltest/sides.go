package calltest

import (
	"fmt"
	"net/netip"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// lan is the network in which the gateway has its second address, as one has that stands
// between phones and carriers: what is for there leaves from it, all else from the first,
// unless a call has begun on the other side.
var lan = netip.MustParsePrefix("192.0.2.0/24")

// gatewayOf is the gateway's address that a party talks to when its line does not say.
func gatewayOf(party netip.Addr) netip.Addr {
	if party.Is6() {
		return netip.MustParseAddr(gatewayHost6)
	}
	return netip.MustParseAddr(gatewayHost)
}

// gatewayHosts are all that the gateway may have.
func gatewayHosts() map[netip.Addr]string {
	return map[netip.Addr]string{
		netip.MustParseAddr(gatewayHost): "gateway", netip.MustParseAddr(gatewayHost6): "gateway",
		netip.MustParseAddr(gatewayLAN): "gateway/lan",
	}
}

// Route tells the gateway which of its addresses reaches somebody: its network's part of
// transport.Router.
func (s sockets[P]) Route(remote netip.Addr) (netip.Addr, error) {
	if lan.Contains(remote) {
		return netip.MustParseAddr(gatewayLAN), nil
	}
	return gatewayOf(remote), nil
}

// side is the gateway's address that the party's line names.
func (p *partyStep) side() netip.Addr {
	if at, err := netip.ParseAddr(p.opts["gateway"]); err == nil {
		return at
	}
	return gatewayOf(p.address)
}

func (p *partyStep) checkSide() error {
	if !p.opts.has("gateway") {
		return nil
	}
	if _, ours := gatewayHosts()[p.side()]; !ours || p.side().String() != p.opts["gateway"] {
		return p.errorf("gateway=%s is none of its addresses", p.opts["gateway"])
	}
	return nil
}

// upright tells when a message does not come from where its sender says that it is, or a
// response not from where its request went: a NAT or a strict peer would drop it, and who
// has several addresses must mind that (RFC 3581 section 4, RFC 3261 section 18.2.2).
func (s *stage) upright(p *party, m *phone.Message, from netip.AddrPort) error {
	if s.outer.IsValid() {
		return nil // what the gateway says of itself is its NAT's
	}
	if !m.IsRequest() {
		if to := p.agent.SentTo(m); to.IsValid() && to.Addr() != from.Addr() {
			return fmt.Errorf("it comes from %v, its request went to %v", from, to)
		}
	} else if via, ok := phone.Address("sip:" + phone.SentBy(m.Get("Via"))); ok && via.Addr() != from.Addr() {
		return fmt.Errorf("it comes from %v, its Via says %v", from, via)
	}
	if _, method := m.CSeq(); method != "INVITE" || m.Status >= 300 || !m.Has("Contact") {
		return nil
	}
	if at, ok := phone.Address(phone.URI(m.Get("Contact"))); ok && at.Addr() != from.Addr() {
		return fmt.Errorf("it comes from %v, its Contact says %v", from, at)
	}
	return nil
}

// straight tells when the gateway's sound does not come from where it wants ours to go:
// symmetric RTP (RFC 4961 section 4).
func (s *stage) straight(p *party, from netip.AddrPort) error {
	if _, ours := gatewayHosts()[from.Addr()]; !ours || s.outer.IsValid() || p.theirs == nil {
		return nil
	}
	if at := p.theirs.Address; !at.Addr().IsUnspecified() && at.Addr() != from.Addr() {
		return fmt.Errorf("sound comes from %v, it is wanted at %v", from, at)
	}
	return nil
}
