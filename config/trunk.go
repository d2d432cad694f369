package config

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Trunk is a carrier or a PBX: where calls go, and who may send us calls.
type Trunk struct {
	// Name is what routes and records call it. Required.
	Name string `yaml:"name"`
	// Address is where calls go. Required.
	Address Address `yaml:"address"`
	// Sources are the networks whose calls are this trunk's. Default: none, so
	// the trunk only takes calls. Two trunks that share an address must differ
	// in Domain or in the port of Address.
	Sources []netip.Prefix `yaml:"sources"`
	// Domain is the host in the From of calls from this trunk, needed only to
	// tell it from another trunk with the same source. Default "": any.
	Domain string `yaml:"domain"`
	// Username and Password are for digest, both ways, when set. Default "".
	Username string   `yaml:"username"`
	Password Password `yaml:"password"`
	// CallerID is the header that shows the caller there. Default pai.
	CallerID CallerID `yaml:"caller_id"`
	// CallerIDPolicy is what happens to a caller ID that is not the caller's.
	// Default refuse.
	CallerIDPolicy CallerIDPolicy `yaml:"caller_id_policy"`
	// Trusted believes its P-Asserted-Identity and sends it ours (RFC 3325).
	// Default false.
	Trusted bool `yaml:"trusted"`
	// Diversion is the header that tells of forwarded calls. Default diversion.
	Diversion Diversion `yaml:"diversion"`
	// PassHeaders are headers of INVITEs from the trunk and to it that go through the
	// gateway as they are; X-ACME-* is all that begin so. Default: none.
	PassHeaders []string `yaml:"pass_headers"`
	// TLS is how it proves who it is, for an address that goes by TLS.
	TLS TrunkTLS `yaml:"tls"`
	// KeepAlive is the longest time between two pings over a connection to it
	// (RFC 5626 s4.4.1); 0 is none. Default 0s.
	KeepAlive time.Duration `yaml:"keepalive"`
	// OptionsInterval is between two OPTIONS that ask whether it is there (RFC 3261
	// s11); 0 is none. Default 0s: who does not expect them is not surprised by them.
	OptionsInterval time.Duration `yaml:"options_interval"`
	// DownAfter is how many failures in a row take it for down. Default 3.
	DownAfter uint `yaml:"down_after"`
	// MaxCalls is how many calls there may be to it and from it at a time; 0 is no
	// limit. Default 0.
	MaxCalls uint `yaml:"max_calls"`
	// MaxCPS is how many of them may begin in a second; 0 is no limit. Default 0.
	MaxCPS float64 `yaml:"max_cps"`
	Registration
	// FromDomain is the host of From and of the identity headers there. Default "":
	// sip.domain.
	FromDomain string `yaml:"from_domain"`
	// Numbers is how phone numbers are written there.
	Numbers Numbers `yaml:"numbers"`
	// Headers are changed in the INVITEs to it, in this order. Default: none.
	Headers []HeaderRule `yaml:"headers"`
	// FollowRedirects calls the contacts of a 300, 301 or 302 that are at the trunk
	// itself. Default false.
	FollowRedirects bool `yaml:"follow_redirects"`
	// Failover says which failures lead to the route's next trunk.
	Failover Failover `yaml:"failover"`
	// Transfer is who does the transfers of calls that go over it. Default local.
	Transfer TransferWay `yaml:"transfer"`
	Audio
}

// Registration is the gateway's own at a trunk.
type Registration struct {
	// Register registers the gateway there with Username and Password (RFC 3261 s10).
	// Default false.
	Register bool `yaml:"register"`
	// Registrar is the carrier's domain there. Default: the host of Address.
	Registrar string `yaml:"registrar"`
	// RegisterExpires is the time that is asked for. Default 1h.
	RegisterExpires time.Duration `yaml:"register_expires"`
}

func (t *Trunk) setDefaults() {
	t.CallerID, t.DownAfter = CallerIDPAI, defaultDownAfter
	t.RegisterExpires = defaultRegisterExpires
}

// Address is a trunk's SIP URI: sip:HOST[:PORT][;transport=udp|tcp|tls], or
// sips:HOST[:PORT].
type Address struct {
	// SIPS is set for sips:. Transport is TransportTLS then, and calls to the
	// trunk are to a SIPS URI (RFC 3261 s19.1).
	SIPS bool
	// Host is a name, an IPv4 address, or an IPv6 address in brackets.
	Host string
	// Port is 0 when the URI names none.
	Port uint16
	// Transport is TransportAny when the URI names none.
	Transport Transport
}

// String writes the address as the file does.
func (a Address) String() string {
	scheme := "sip:"
	if a.SIPS {
		scheme = "sips:"
	}
	s := scheme + a.Host
	if a.Port != 0 {
		s += ":" + strconv.Itoa(int(a.Port))
	}
	if a.Transport != TransportAny && !a.SIPS {
		s += ";transport=" + a.Transport.String()
	}
	return s
}

// UnmarshalText reads a SIP URI without a user.
func (a *Address) UnmarshalText(text []byte) error {
	scheme, rest, _ := strings.Cut(string(text), ":")
	scheme = strings.ToLower(scheme)
	if scheme != "sip" && scheme != "sips" {
		return fmt.Errorf("%q is not a SIP URI: write sip:HOST:PORT, such as sip:192.0.2.1:5060", text)
	}
	if strings.Contains(rest, "@") {
		return fmt.Errorf("%q has a user, and every call brings its own number: write sip:HOST:PORT", text)
	}
	hostport, params, hasParams := strings.Cut(rest, ";")
	parsed, err := parseHostPort(hostport)
	if err == nil && hasParams {
		parsed.Transport, err = parseTransportParam(params)
	}
	if err == nil && scheme == "sips" {
		err = parsed.secure()
	}
	if err == nil {
		*a = parsed
	}
	return err
}

// secure makes the address one of sips:. RFC 3261 s19.1.2 has no UDP there, and
// its transport=tcp is TLS over TCP.
func (a *Address) secure() error {
	if a.Transport == TransportUDP {
		return errors.New("sips: goes by TLS, which is not over udp: leave ;transport=udp out, or write sip:")
	}
	a.SIPS, a.Transport = true, TransportTLS
	return nil
}

// parseHostPort reads HOST[:PORT]; an IPv6 host is in brackets.
func parseHostPort(s string) (Address, error) {
	host, port := s, ""
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, ']') {
		host, port = s[:i], s[i+1:]
	}
	if err := checkHost(host); err != nil {
		return Address{}, err
	}
	if len(host) == len(s) {
		return Address{Host: host}, nil
	}
	p, err := parsePort(port)
	if err != nil {
		return Address{}, fmt.Errorf("%q is not a port: write a number from 1 to 65535", port)
	}
	return Address{Host: host, Port: p}, nil
}

func parseTransportParam(s string) (Transport, error) {
	name, value, _ := strings.Cut(s, "=")
	if !strings.EqualFold(name, "transport") {
		return 0, fmt.Errorf("parameter %q means nothing here: only ;transport=udp, tcp or tls may follow the host", s)
	}
	return parseTransport(value)
}

// sourcePort is the port that calls of this trunk come from, when trunks are
// told apart by it: the one that we send to (RFC 3261 s18.1.1 over UDP).
func (a Address) sourcePort() uint16 {
	if a.Port == 0 {
		return a.Transport.port()
	}
	return a.Port
}

// CallerID is the header in which a trunk is shown who calls.
type CallerID int

// The ways to show a caller: P-Asserted-Identity (RFC 3325), From alone, or
// Remote-Party-ID (a draft that many PBXs still speak).
const (
	CallerIDPAI CallerID = iota
	CallerIDFrom
	CallerIDRPID
)

var callerIDNames = []string{CallerIDPAI: "pai", CallerIDFrom: "from", CallerIDRPID: "rpid"}

// String gives the file's word.
func (c CallerID) String() string { return enumName(callerIDNames, int(c)) }

// UnmarshalText reads pai, from or rpid.
func (c *CallerID) UnmarshalText(text []byte) error { return setEnum(c, callerIDNames, text) }

// CallerIDPolicy is what a trunk's calls do with a caller ID that the caller
// may not show.
type CallerIDPolicy int

// Either the call is refused with 403, or the caller's first own number is
// shown instead.
const (
	CallerIDRefuse CallerIDPolicy = iota
	CallerIDReplace
)

var callerIDPolicyNames = []string{CallerIDRefuse: "refuse", CallerIDReplace: "replace"}

// String gives the file's word.
func (p CallerIDPolicy) String() string { return enumName(callerIDPolicyNames, int(p)) }

// UnmarshalText reads refuse or replace.
func (p *CallerIDPolicy) UnmarshalText(text []byte) error {
	return setEnum(p, callerIDPolicyNames, text)
}

func (c *checker) checkTrunks(trunks []Trunk, listen []Listen) {
	names := newNames(c, "trunk")
	for i := range trunks {
		t, path := &trunks[i], index("trunks", i)
		names.check(path, t.Name)
		if t.Address.Host == "" {
			c.missing(path, "address", "where calls go, such as sip:192.0.2.1:5060")
		}
		c.checkTrunkDomain(path, t)
		c.checkCredentials(path, t)
		c.checkPassHeaders(path, t.PassHeaders)
		c.checkSources(trunks[:i], path, t)
		c.checkTrunkTLS(path, t, listen)
		c.checkKeepAlive(path, t)
		c.checkFamily(path, t, listen)
		c.checkWatch(path, t)
		c.checkRegister(path, t)
		c.checkWriting(path, t)
	}
}

// leastKeepAlive is how long a pong may take (RFC 5626 s4.4.1).
const leastKeepAlive = 10 * time.Second

func (c *checker) checkKeepAlive(path string, t *Trunk) {
	at := path + ".keepalive"
	switch {
	case t.KeepAlive == 0:
	case t.KeepAlive < leastKeepAlive:
		c.report(at, "%s is under %s, within which a ping may be answered: write more, such as 120s, or 0s for no pings", t.KeepAlive, leastKeepAlive)
	case t.Address.Transport == TransportUDP:
		c.report(at, "does nothing: the trunk's address goes by UDP, which has no connection to keep alive")
	}
}

// checkFamily warns of a trunk that cannot be called from where we listen.
func (c *checker) checkFamily(path string, t *Trunk, listen []Listen) {
	ip, err := netip.ParseAddr(strings.Trim(t.Address.Host, "[]"))
	if err != nil || c.faulty("sip.listen") {
		return
	}
	fits := func(l Listen) bool {
		return l.Addr.Addr().Is4() == ip.Is4() && (t.Address.Transport == TransportAny || t.Address.Transport == l.Transport)
	}
	if !slices.ContainsFunc(listen, fits) && !c.faulty(path+".address") {
		c.warn(path+".address", "no address in sip.listen is of its kind (%s), so no call can go there", t.Address.kind(ip))
	}
}

// kind is what a listener must have in common with the address.
func (a Address) kind(ip netip.Addr) string {
	family := "IPv6"
	if ip.Is4() {
		family = "IPv4"
	}
	return strings.TrimSpace(a.Transport.String() + " " + family)
}

func (c *checker) checkTrunkDomain(path string, t *Trunk) {
	if t.Domain == "" {
		return
	}
	if err := checkHost(t.Domain); err != nil {
		c.report(path+".domain", "%v", err)
	}
	if len(t.Sources) == 0 && !c.faulty(path+".sources") {
		c.report(path+".domain", "does nothing without sources: a From domain alone identifies nobody")
	}
}

func (c *checker) checkCredentials(path string, t *Trunk) {
	switch {
	case t.Username != "" && t.Password == "" && !c.faulty(path+".password"):
		c.report(path+".username", "has no password beside it: digest needs both")
	case t.Username == "" && t.Password != "" && !c.faulty(path+".username"):
		c.report(path+".password", "has no username beside it: digest needs both")
	}
}

// checkSources refuses a source that leaves open whose call it is.
func (c *checker) checkSources(before []Trunk, path string, t *Trunk) {
	for i, source := range t.Sources {
		at := index(path+".sources", i)
		if source.Bits() == 0 {
			c.report(at, "%s lets everybody call as this trunk: name the networks that are its own", source)
		}
		for j := range before {
			if shares(&before[j], source) && !distinct(&before[j], t) && !c.faulty(path+".address") {
				c.report(at, "%s is also a source of trunk %s (%s), and nothing tells the two apart: give each its own domain, or addresses with different ports", source, before[j].Name, c.lineOf(index("trunks", j)))
			}
		}
	}
}

func shares(t *Trunk, source netip.Prefix) bool {
	for _, other := range t.Sources {
		if other.Overlaps(source) {
			return true
		}
	}
	return false
}

// distinct tells whether a call from a source that both have shows whose it is:
// by the port it comes from or by its From domain.
func distinct(a, b *Trunk) bool {
	if a.Address.sourcePort() != b.Address.sourcePort() {
		return true
	}
	return a.Domain != "" && b.Domain != "" && !strings.EqualFold(a.Domain, b.Domain)
}
