package resolve

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Protocol is a transport protocol of SIP. The numbers are those of the package
// sip/transport, so a conversion is all that lies between the two.
type Protocol uint8

// The protocols that can be looked for; 0 is none.
const (
	// UDP is NAPTR's SIP+D2U and SRV's _sip._udp.
	UDP Protocol = 1 + iota
	// TCP is SIP+D2T and _sip._tcp.
	TCP
	// TLS is TLS over TCP: SIPS+D2T and _sips._tcp.
	TLS
)

// protocols is what the DNS and the URI call the protocols. RFC 3261 section 19.1.2 has
// the ports: "5060 for sip: using UDP, TCP, or SCTP", "5061 for sip: using TLS over TCP
// and sips: over TCP".
var protocols = [...]struct {
	name  string
	field string // of NAPTR, RFC 3263 section 4.1
	label string // of SRV, section 4.2
	port  uint16
}{
	UDP: {"UDP", "SIP+D2U", "_sip._udp.", 5060},
	TCP: {"TCP", "SIP+D2T", "_sip._tcp.", 5060},
	TLS: {"TLS", "SIPS+D2T", "_sips._tcp.", 5061},
}

// String returns the protocol as a Via header writes it: "UDP", "TCP", "TLS".
func (p Protocol) String() string {
	if p.known() {
		return protocols[p].name
	}
	return fmt.Sprintf("Protocol(%d)", uint8(p))
}

func (p Protocol) known() bool { return UDP <= p && p <= TLS }

// port is the default port of the protocol.
func (p Protocol) port() uint16 { return protocols[p].port }

// records is where the SRV records of a domain are.
func (p Protocol) records(domain string) string { return protocols[p].label + domain }

// Family is a family of addresses.
type Family uint8

// The families.
const (
	// IPv4 addresses come from A records.
	IPv4 Family = 1 + iota
	// IPv6 addresses come from AAAA records.
	IPv6
)

// String returns "IPv4" or "IPv6".
func (f Family) String() string {
	if f == IPv6 {
		return "IPv6"
	}
	return "IPv4"
}

func (f Family) query() Type {
	if f == IPv6 {
		return AAAA
	}
	return A
}

func familyOf(a netip.Addr) Family {
	if a.Is4() {
		return IPv4
	}
	return IPv6
}

// Target is what RFC 3263 section 4 calls TARGET, with the parts of the URI that count:
// of a request it is the maddr parameter's host when there is one, else the URI's.
type Target struct {
	// Host is a name, an IPv4 address, or an IPv6 address with or without brackets. A
	// name that ends in a dot is not tried with the search list.
	Host string
	// Port is 0 when the URI has none.
	Port uint16
	// Protocol is what the URI's transport parameter says, 0 when it says nothing.
	Protocol Protocol
	// Secure is whether the URI is a sips: one.
	Secure bool
}

// String returns the target as a URI, as in "sips:example.com:5063;transport=tcp".
func (t Target) String() string {
	text := t.scheme() + ":" + t.host()
	if t.Port != 0 {
		text += fmt.Sprintf(":%d", t.Port)
	}
	if t.Protocol != 0 {
		text += ";transport=" + strings.ToLower(t.Protocol.String())
	}
	return text
}

func (t Target) scheme() string {
	if t.Secure {
		return "sips"
	}
	return "sip"
}

// host is the host as a URI writes it.
func (t Target) host() string {
	if a, ok := t.address(); ok && a.Is6() {
		return "[" + a.String() + "]"
	}
	return t.Host
}

// address reads a host that is an address.
func (t Target) address() (netip.Addr, bool) { return parseAddress(t.Host) }

func parseAddress(host string) (netip.Addr, bool) {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		host = strings.TrimSuffix(inner, "]")
	}
	a, err := netip.ParseAddr(host)
	return a.Unmap(), err == nil
}

// Means is what this side can speak.
type Means struct {
	// Protocols are those that we wish to use, the most wished first.
	Protocols []Protocol
	// Families are those that we have an address of, the preferred one first.
	Families []Family
	// Search are the domains that an incomplete name may be in; at most six count.
	Search []string
}

// Candidate is one place to send a request to.
type Candidate struct {
	// Protocol is how to send.
	Protocol Protocol
	// Addr is where to.
	Addr netip.AddrPort
	// ServerName is who must be there: the host of the URI. A TLS certificate is checked
	// against it, and against nothing that DNS said (RFC 5922 section 4).
	ServerName string
	// Host is whose address it is: the SRV record's target or the URI's host; for logs.
	Host string
	// Priority and Weight are the SRV record's; 0 without one.
	Priority, Weight uint16
	// TTL is how long DNS says so, from when it was resolved; 1 h for an address literal.
	TTL time.Duration
}

// String returns the candidate for logs, as in "UDP 192.0.2.1:5060 (sip1.example.com)".
func (c Candidate) String() string {
	if c.Host == c.Addr.Addr().String() {
		return fmt.Sprintf("%v %v", c.Protocol, c.Addr)
	}
	return fmt.Sprintf("%v %v (%s)", c.Protocol, c.Addr, c.Host)
}

// protocols gives those that may be used for a target, the preferred one first.
func (t Target) protocols(m Means) ([]Protocol, error) {
	want, have := t.Protocol, slices.DeleteFunc(slices.Clone(m.Protocols), func(p Protocol) bool { return !p.known() })
	switch {
	case t.Secure && want == UDP:
		// RFC 3263 s4.1: "it is not possible to use TLS over UDP".
		return nil, t.fault("sips: does not go over UDP; drop transport=udp, or write sip:")
	case t.Secure:
		// RFC 3261 s26.2.2: a sips: URI's transport=tcp names what is under TLS.
		want = TLS
	case want == 0 && len(have) > 0:
		return have, nil
	}
	if !slices.Contains(have, want) {
		return nil, t.fault(fmt.Sprintf("it needs %s, and this side speaks %s", named(want), list(have)))
	}
	return []Protocol{want}, nil
}

func named(p Protocol) string {
	if p == 0 {
		return "a transport"
	}
	return p.String()
}

// fallback is the protocol when nothing says which. RFC 3263 s4.1: "the client SHOULD
// use UDP for a SIP URI, and TCP for a SIPS URI", the TCP that TLS runs over.
func fallback(usable []Protocol) Protocol {
	if slices.Contains(usable, UDP) {
		return UDP
	}
	return usable[0]
}

// maxSearch bounds the search list, as libc long did.
const maxSearch = 6

// names gives the full names that a host may mean, in the order of trying.
func (t Target) names(search []string) ([]string, error) {
	name, ok := hostname(t.Host)
	if !ok {
		return nil, t.fault(fmt.Sprintf("%q is neither an address nor a host name", t.Host))
	}
	switch {
	case strings.HasSuffix(t.Host, ".") || special(name):
		return []string{name}, nil
	case strings.Contains(name, "."):
		return slices.Insert(completions(name, search), 0, name), nil
	}
	return append(completions(name, search), name), nil
}

func completions(name string, search []string) (found []string) {
	for _, domain := range search[:min(maxSearch, len(search))] {
		if full, ok := hostname(name + "." + domain); ok {
			found = append(found, full)
		}
	}
	return found
}

// special tells the names that are the same everywhere: RFC 6761 sections 6.3, 6.4.
func special(name string) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	return last == "localhost" || last == "invalid"
}
