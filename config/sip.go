package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// SIP is the signalling edge: where we listen and what we call ourselves.
type SIP struct {
	// Listen is what we listen on. Default udp and tcp on 127.0.0.1:5060: a
	// gateway is not reachable from a network that its owner did not name.
	Listen []Listen `yaml:"listen"`
	// Advertise is what our Via and Contact say instead of the address that we listen
	// on, for a gateway behind a NAT that translates one to one: the NAT's address of
	// each family, with the port that we listen on. Default: what we listen on.
	Advertise Addresses `yaml:"advertise"`
	// TLS is what tls:// in Listen needs.
	TLS TLS `yaml:"tls"`
	// Domain is the digest realm and the domain of the users' AORs. Default:
	// the host of the first listen address, or what it is advertised as, where that is
	// not a wildcard.
	Domain string `yaml:"domain"`
	// SessionExpires is the interval of session timers (RFC 4028) that we ask for,
	// default 1800s; 0s asks for none.
	SessionExpires time.Duration `yaml:"session_expires"`
	// MinSE is the least interval that others may ask for, default 90s.
	MinSE time.Duration `yaml:"min_se"`
	// SDESWithoutTLS lets keys of SRTP stand in messages that do not go by TLS, where
	// whoever reads them can decrypt the audio. Default false.
	SDESWithoutTLS bool `yaml:"sdes_without_tls"`
}

// Transport is how SIP messages travel (RFC 3261 s18).
type Transport int

// The transports that there are. TransportAny, the zero value, leaves the
// choice to the rule of RFC 3261 s18.1.1: UDP, and TCP for what is too large.
const (
	TransportAny Transport = iota
	TransportUDP
	TransportTCP
	TransportTLS
)

var transportNames = []string{TransportAny: "", TransportUDP: "udp", TransportTCP: "tcp", TransportTLS: "tls"}

// String gives the transport as a URI writes it: "udp", "tcp", "tls", or "" for
// any.
func (t Transport) String() string { return enumName(transportNames, int(t)) }

func parseTransport(s string) (Transport, error) {
	switch s = strings.ToLower(s); s {
	case "udp":
		return TransportUDP, nil
	case "tcp":
		return TransportTCP, nil
	case "tls":
		return TransportTLS, nil
	case "ws", "wss", "sctp":
		return 0, fmt.Errorf("transport %q is not there yet: use udp, tcp or tls", s)
	default:
		return 0, fmt.Errorf("unknown transport %q: use udp, tcp or tls", s)
	}
}

// port is the one that is meant where none is written: RFC 3261 s19.1.2.
func (t Transport) port() uint16 {
	if t == TransportTLS {
		return defaultTLSPort
	}
	return defaultSIPPort
}

// Listen is one socket to listen on, written udp://192.0.2.1:5060.
type Listen struct {
	Transport Transport
	// Addr is an address of this machine or its wildcard. Port 0 lets the
	// system choose one, which suits tests.
	Addr netip.AddrPort
}

const (
	defaultSIPPort = 5060
	defaultTLSPort = 5061
)

// RFC 4028 s4: "1800 seconds (30 minutes) is RECOMMENDED as the value for the
// Session-Expires header field", and "The absolute minimum for the Session-Expires header
// field is 90 seconds."
const (
	defaultSessionExpires = 1800 * time.Second
	defaultMinSE          = 90 * time.Second
)

func defaultListen() []Listen {
	addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), defaultSIPPort)
	return []Listen{{TransportUDP, addr}, {TransportTCP, addr}}
}

// String writes the address as the file does.
func (l Listen) String() string { return l.Transport.String() + "://" + l.Addr.String() }

// UnmarshalText reads udp://ADDRESS[:PORT], and the same with tcp or tls.
func (l *Listen) UnmarshalText(text []byte) error {
	scheme, rest, found := strings.Cut(string(text), "://")
	if !found {
		return fmt.Errorf("%q names no transport: write udp://%s or tcp://%[1]s", text, text)
	}
	transport, err := parseTransport(scheme)
	if err != nil {
		return err
	}
	addr, err := parseListenAddr(rest, transport.port())
	if err != nil {
		return err
	}
	*l = Listen{transport, addr}
	return nil
}

// parseListenAddr reads an IP address with or without a port. Names are not
// taken: what a name resolves to may change while sockets stay.
func parseListenAddr(s string, port uint16) (netip.AddrPort, error) {
	if addr, err := netip.ParseAddrPort(s); err == nil {
		return addr, nil
	}
	if addr, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return netip.AddrPortFrom(addr, port), nil
	}
	return netip.AddrPort{}, fmt.Errorf("%q is not an IP address with a port: write one of this machine's, such as 192.0.2.1:5060, or 0.0.0.0:5060 for all", s)
}

func (s *SIP) complete() {
	if s.Domain != "" {
		return
	}
	at := s.Listen[0].Addr.Addr()
	if seen := s.Advertise.Of(at); seen.IsValid() {
		at = seen
	}
	s.Domain = uriHost(at)
}

// uriHost writes an address as the host of a URI: IPv6 stands in brackets
// (RFC 3261 s25.1, IPv6reference).
func uriHost(a netip.Addr) string {
	if a.Is6() {
		return "[" + a.String() + "]"
	}
	return a.String()
}

func (c *checker) checkSIP(s *SIP) {
	if len(s.Listen) == 0 {
		c.report("sip.listen", "the list is empty: name at least one address, or leave the key out to listen on 127.0.0.1:5060")
	}
	seen := map[Listen]bool{}
	for i, l := range s.Listen {
		switch {
		case l.Addr.Port() == 0:
		case seen[l]:
			c.report(index("sip.listen", i), "%s is listed twice: remove one", l)
		case seen[l.rival()]:
			c.report(index("sip.listen", i), "%s and %s are one TCP port: give each its own", l.rival(), l)
		}
		seen[l] = true
	}
	c.checkAddresses("sip.advertise", s.Advertise)
	c.checkDomain(s)
	c.checkTLS(s)
	c.checkTimers(s)
}

// rival is who would take the same port of the machine: TLS runs over TCP.
func (l Listen) rival() Listen {
	switch l.Transport {
	case TransportTCP:
		l.Transport = TransportTLS
	case TransportTLS:
		l.Transport = TransportTCP
	default:
		return Listen{}
	}
	return l
}

// checkTimers: both are whole seconds in SIP.
func (c *checker) checkTimers(s *SIP) {
	c.checkNotNegative("sip.session_expires", s.SessionExpires)
	switch {
	case s.MinSE < defaultMinSE:
		c.report("sip.min_se", "%s is less than RFC 4028 allows: write 90s or more", s.MinSE)
	case s.SessionExpires > 0 && s.SessionExpires < s.MinSE:
		c.report("sip.session_expires", "%s is less than sip.min_se, %s: raise it, or write 0s to ask for no session timer", s.SessionExpires, s.MinSE)
	}
}

func (c *checker) checkDomain(s *SIP) {
	switch {
	case s.Domain == "" && len(s.Listen) > 0 && s.Listen[0].Addr.Addr().IsUnspecified():
		c.report("sip.domain", "needed, because %s is a wildcard and gives no name: write the domain that phones register to, such as example.test", s.Listen[0])
	case s.Domain != "":
		if err := checkHost(s.Domain); err != nil {
			c.report("sip.domain", "%v", err)
		}
	}
}

var errEmptyHost = errors.New("the host is empty: write a name or an IP address")

// checkHost accepts RFC 3261 s25.1 host: a hostname, an IPv4 address, or an
// IPv6 address in brackets.
func checkHost(s string) error {
	if s == "" {
		return errEmptyHost
	}
	if inner, ok := strings.CutPrefix(s, "["); ok {
		if a, err := netip.ParseAddr(strings.TrimSuffix(inner, "]")); err != nil || !a.Is6() || !strings.HasSuffix(s, "]") {
			return fmt.Errorf("%q is not an IPv6 address in brackets", s)
		}
		return nil
	}
	if a, err := netip.ParseAddr(s); err == nil && a.Is6() {
		return fmt.Errorf("an IPv6 address stands in brackets here: write \"[%s]\"", s)
	}
	return checkHostname(s)
}

// checkHostname accepts labels of letters, digits and hyphens (and underscores,
// which private names do have), separated by dots. A name whose last label is
// a number must be an IPv4 address (RFC 3261 s25.1, toplabel).
func checkHostname(s string) error {
	labels := strings.Split(strings.TrimSuffix(s, "."), ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.Trim(label, letters+digits+"-_") != "" {
			return fmt.Errorf("%q is not a host: write a name such as example.test, or an IP address, without port or scheme", s)
		}
	}
	if _, err := strconv.Atoi(labels[len(labels)-1]); err == nil {
		if _, err := netip.ParseAddr(s); err != nil {
			return fmt.Errorf("%q is not an IPv4 address", s)
		}
	}
	return nil
}
