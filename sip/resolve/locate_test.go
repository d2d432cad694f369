package resolve

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/sip/transport"
)

// rfc3263 is the zone of the example in RFC 3263 section 4.1.
const rfc3263 = `
example.com            NAPTR 50  50 "s" "SIPS+D2T" "" _sips._tcp.example.com.
example.com            NAPTR 90  50 "s" "SIP+D2T"  "" _sip._tcp.example.com.
example.com            NAPTR 100 50 "s" "SIP+D2U"  "" _sip._udp.example.com.
_sips._tcp.example.com SRV 0 1 5061 server1.example.com.
_sip._tcp.example.com  SRV 0 1 5060 server1.example.com.
_sip._tcp.example.com  SRV 0 2 5060 server2.example.com.
_sip._udp.example.com  SRV 0 1 5060 server1.example.com.
server1.example.com    A 192.0.2.1
server2.example.com    A 192.0.2.2
`

// RFC 3263 s4.1: "Since the client supports TCP and UDP, TCP will be used, targeted to a
// host determined by an SRV lookup of _sip._tcp.example.com."
func TestExampleOfRFC3263(t *testing.T) {
	z := zoneOf(t, rfc3263)
	m := Means{Protocols: []Protocol{UDP, TCP}, Families: []Family{IPv4}}
	found, rounds, err := z.locate(Target{Host: "example.com"}, m, seeded(1))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "candidates", sorted(texts(found)), []string{
		"TCP 192.0.2.1:5060 (server1.example.com)", "TCP 192.0.2.2:5060 (server2.example.com)",
	})
	same(t, "NAPTR", texts(rounds[0]), []string{"NAPTR example.com"})
	same(t, "SRV", texts(rounds[1]), []string{"SRV _sip._tcp.example.com"})
	same(t, "A", sorted(texts(rounds[2])), []string{"A server1.example.com", "A server2.example.com"})
	for _, c := range found {
		if c.ServerName != "example.com" || c.TTL != time.Minute || c.Priority != 0 || c.Weight == 0 {
			t.Errorf("candidate %+v", c)
		}
	}
}

// branches has a line of section 4.1 or 4.2 each.
var branches = []struct {
	name   string
	zone   string
	target Target
	means  Means
	asked  string // all queries, sorted
	want   string // candidates in order
}{
	{
		name:   "4.1 the transport parameter counts, and NAPTR is not asked",
		zone:   rfc3263,
		target: Target{Host: "example.com", Protocol: UDP},
		asked:  "A server1.example.com\nAAAA server1.example.com\nSRV _sip._udp.example.com",
		want:   "UDP 192.0.2.1:5060 (server1.example.com)",
	}, {
		name:   "4.1 numeric: UDP for SIP",
		target: Target{Host: "192.0.2.9"},
		want:   "UDP 192.0.2.9:5060",
	}, {
		name:   "4.1 numeric: TLS for SIPS",
		target: Target{Host: "192.0.2.9", Secure: true},
		want:   "TLS 192.0.2.9:5061",
	}, {
		name:   "4.1 numeric IPv6 in brackets, with transport and port",
		target: Target{Host: "[2001:db8::9]", Protocol: TCP, Port: 5070},
		want:   "TCP [2001:db8::9]:5070",
	}, {
		name:   "4.2 numeric: the default port is that of the protocol",
		target: Target{Host: "2001:db8::9", Protocol: TLS},
		want:   "TLS [2001:db8::9]:5061",
	}, {
		name:   "4.1 numeric without UDP among our protocols",
		target: Target{Host: "192.0.2.9"},
		means:  Means{Protocols: []Protocol{TCP, TLS}, Families: []Family{IPv4}},
		want:   "TCP 192.0.2.9:5060",
	}, {
		name:   "4.1 and 4.2 name with port: UDP, addresses only",
		zone:   rfc3263 + "example.com A 192.0.2.7",
		target: Target{Host: "example.com", Port: 5060},
		asked:  "A example.com\nAAAA example.com",
		want:   "UDP 192.0.2.7:5060 (example.com)",
	}, {
		name:   "4.1 and 4.2 name with port: TLS for SIPS",
		zone:   "example.com A 192.0.2.7",
		target: Target{Host: "example.com", Port: 5060, Secure: true},
		asked:  "A example.com\nAAAA example.com",
		want:   "TLS 192.0.2.7:5060 (example.com)",
	}, {
		name:   "4.1 NAPTR: SIPS is retained for a SIP URI when we speak TLS",
		zone:   rfc3263,
		target: Target{Host: "example.com"},
		asked:  "A server1.example.com\nAAAA server1.example.com\nNAPTR example.com\nSRV _sips._tcp.example.com",
		want:   "TLS 192.0.2.1:5061 (server1.example.com)",
	}, {
		name: "4.1 NAPTR: services that do not contain SIPS are discarded for a SIPS URI",
		zone: `
example.com NAPTR 10 10 "s" "SIP+D2U"  "" _sip._udp.example.com.
example.com NAPTR 20 10 "s" "SIPS+D2T" "" _sips._tcp.other.example.
_sips._tcp.other.example SRV 1 0 5071 a.other.example.
a.other.example A 192.0.2.3`,
		target: Target{Host: "example.com", Secure: true},
		asked:  "A a.other.example\nAAAA a.other.example\nNAPTR example.com\nSRV _sips._tcp.other.example",
		want:   "TLS 192.0.2.3:5071 (a.other.example)",
	}, {
		name: "4.1 NAPTR: one order, by preference, unknown services and flags discarded",
		zone: `
example.com NAPTR 10 30 "S" "sip+d2t"  "" _sip._tcp.example.com.
example.com NAPTR 10 20 "s" "SIP+D2U"  "" _sip._udp.example.com.
example.com NAPTR 5  5  "s" "SIP+D2S"  "" _sip._sctp.example.com.
example.com NAPTR 5  5  "s" "SIPS+D2W" "" _sips._ws.example.com.
example.com NAPTR 5  5  "u" "E2U+sip"  "!^.*$!sip:info@example.com!" .
example.com NAPTR 5  6  "a" "SIP+D2U"  "" host.example.com.
example.com NAPTR 5  7  "s" "SIP+D2U"  "!.*!x!" _sip._udp.example.com.
example.com NAPTR 5  8  "s" "SIP+D2U"  "" .
_sip._udp.example.com SRV 0 0 5060 u.example.com.
_sip._tcp.example.com SRV 0 0 5062 t.example.com.
u.example.com A 192.0.2.1
t.example.com A 192.0.2.2`,
		target: Target{Host: "example.com"},
		means:  Means{Protocols: []Protocol{TCP, UDP}, Families: []Family{IPv4}},
		asked:  "A t.example.com\nA u.example.com\nNAPTR example.com\nSRV _sip._tcp.example.com\nSRV _sip._udp.example.com",
		want:   "UDP 192.0.2.1:5060 (u.example.com)\nTCP 192.0.2.2:5062 (t.example.com)",
	}, {
		name: "RFC 3403 4.1 NAPTR: a higher order counts when the lower one leads nowhere",
		zone: `
example.com NAPTR 10 10 "s" "SIP+D2T" "" _sip._tcp.example.com.
example.com NAPTR 20 10 "s" "SIP+D2U" "" _sip._udp.example.com.
_sip._udp.example.com SRV 0 0 5060 u.example.com.
u.example.com A 192.0.2.1`,
		target: Target{Host: "example.com"},
		means:  Means{Protocols: []Protocol{UDP, TCP}, Families: []Family{IPv4}},
		asked:  "A u.example.com\nNAPTR example.com\nSRV _sip._tcp.example.com\nSRV _sip._udp.example.com",
		want:   "UDP 192.0.2.1:5060 (u.example.com)",
	}, {
		name: "4.2 NAPTR without any SRV: the domain's address, by the NAPTR's protocol",
		zone: `
example.com NAPTR 10 10 "s" "SIP+D2T" "" _sip._tcp.example.com.
example.com A 192.0.2.1`,
		target: Target{Host: "example.com"},
		means:  Means{Protocols: []Protocol{UDP, TCP}, Families: []Family{IPv4}},
		asked:  "A example.com\nNAPTR example.com\nSRV _sip._tcp.example.com",
		want:   "TCP 192.0.2.1:5060 (example.com)",
	}, {
		name: "4.1 no NAPTR: an SRV query for each protocol, in the order of our wishes",
		zone: `
_sip._udp.example.com  SRV 9 0 5060 u.example.com.
_sip._tcp.example.com  SRV 5 0 5060 t.example.com.
_sips._tcp.example.com SRV 1 0 5061 s.example.com.
u.example.com A 192.0.2.1
t.example.com A 192.0.2.2
s.example.com A 192.0.2.3`,
		target: Target{Host: "example.com"},
		means:  Means{Protocols: []Protocol{TCP, UDP, TLS}, Families: []Family{IPv4}},
		asked: `A s.example.com
A t.example.com
A u.example.com
NAPTR example.com
SRV _sip._tcp.example.com
SRV _sip._udp.example.com
SRV _sips._tcp.example.com`,
		want: "TCP 192.0.2.2:5060 (t.example.com)\nUDP 192.0.2.1:5060 (u.example.com)\nTLS 192.0.2.3:5061 (s.example.com)",
	}, {
		name:   "4.1 no NAPTR, SIPS: only _sips",
		zone:   "_sips._tcp.example.com SRV 1 0 5061 s.example.com.\n_sip._udp.example.com SRV 1 0 5060 s.example.com.\ns.example.com A 192.0.2.3",
		target: Target{Host: "example.com", Secure: true},
		asked:  "A s.example.com\nAAAA s.example.com\nNAPTR example.com\nSRV _sips._tcp.example.com",
		want:   "TLS 192.0.2.3:5061 (s.example.com)",
	}, {
		name:   "4.1 SIPS with transport=tcp is TLS",
		zone:   "_sips._tcp.example.com SRV 1 0 5061 s.example.com.\ns.example.com A 192.0.2.3",
		target: Target{Host: "example.com", Secure: true, Protocol: TCP},
		asked:  "A s.example.com\nAAAA s.example.com\nSRV _sips._tcp.example.com",
		want:   "TLS 192.0.2.3:5061 (s.example.com)",
	}, {
		name:   "4.1 NAPTR that offers nothing we speak is like none",
		zone:   "example.com NAPTR 1 1 \"s\" \"SIP+D2S\" \"\" _sip._sctp.example.com.\n_sip._udp.example.com SRV 0 0 5060 u.example.com.\nu.example.com A 192.0.2.1",
		target: Target{Host: "example.com"},
		means:  Means{Protocols: []Protocol{UDP}, Families: []Family{IPv4}},
		asked:  "A u.example.com\nNAPTR example.com\nSRV _sip._udp.example.com",
		want:   "UDP 192.0.2.1:5060 (u.example.com)",
	}, {
		name:   "4.2 no SRV: addresses at the default port, UDP",
		zone:   "example.com A 192.0.2.1\nexample.com A 192.0.2.2",
		target: Target{Host: "Example.COM."},
		means:  Means{Protocols: []Protocol{TCP, UDP}, Families: []Family{IPv4}},
		asked:  "A example.com\nNAPTR example.com\nSRV _sip._tcp.example.com\nSRV _sip._udp.example.com",
		want:   "UDP 192.0.2.1:5060 (example.com)\nUDP 192.0.2.2:5060 (example.com)",
	}, {
		name:   "4.2 no SRV: addresses at the default port, TLS",
		zone:   "example.com A 192.0.2.1",
		target: Target{Host: "example.com", Protocol: TLS},
		asked:  "A example.com\nAAAA example.com\nSRV _sips._tcp.example.com",
		want:   "TLS 192.0.2.1:5061 (example.com)",
	}, {
		name: "RFC 2782: priorities first, whatever the weights",
		zone: `
_sip._udp.example.com SRV 20 65535 5060 c.example.com.
_sip._udp.example.com SRV 10 0 5062 b.example.com.
_sip._udp.example.com SRV 5 1 5064 a.example.com.
a.example.com A 192.0.2.1
b.example.com A 192.0.2.2
c.example.com A 192.0.2.3`,
		target: Target{Host: "example.com", Protocol: UDP},
		means:  Means{Protocols: []Protocol{UDP}, Families: []Family{IPv4}},
		asked:  "A a.example.com\nA b.example.com\nA c.example.com\nSRV _sip._udp.example.com",
		want:   "UDP 192.0.2.1:5064 (a.example.com)\nUDP 192.0.2.2:5062 (b.example.com)\nUDP 192.0.2.3:5060 (c.example.com)",
	}, {
		name: "RFC 7984: both families, those of one host together and in turn",
		zone: `
_sip._udp.example.com SRV 1 0 5060 a.example.com.
_sip._udp.example.com SRV 2 0 5060 b.example.com.
a.example.com A 192.0.2.1
a.example.com A 192.0.2.2
a.example.com AAAA 2001:db8::1
b.example.com AAAA 2001:db8::2`,
		target: Target{Host: "example.com", Protocol: UDP},
		means:  Means{Protocols: []Protocol{UDP}, Families: []Family{IPv6, IPv4}},
		asked:  "A a.example.com\nA b.example.com\nAAAA a.example.com\nAAAA b.example.com\nSRV _sip._udp.example.com",
		want: `UDP [2001:db8::1]:5060 (a.example.com)
UDP 192.0.2.1:5060 (a.example.com)
UDP 192.0.2.2:5060 (a.example.com)
UDP [2001:db8::2]:5060 (b.example.com)`,
	}, {
		name: "a family that we do not have is not asked for",
		zone: `
_sip._udp.example.com SRV 1 0 5060 a.example.com.
_sip._udp.example.com SRV 2 0 5060 192.0.2.8.
_sip._udp.example.com SRV 3 0 0 a.example.com.
a.example.com A 192.0.2.1
a.example.com AAAA 2001:db8::1`,
		target: Target{Host: "example.com", Protocol: UDP},
		means:  Means{Protocols: []Protocol{UDP}, Families: []Family{IPv6}},
		asked:  "AAAA a.example.com\nSRV _sip._udp.example.com",
		want:   "UDP [2001:db8::1]:5060 (a.example.com)",
	}, {
		name:   "an SRV target that is an address is used",
		zone:   "_sip._udp.example.com SRV 2 0 5060 192.0.2.8.",
		target: Target{Host: "example.com", Protocol: UDP},
		asked:  "SRV _sip._udp.example.com",
		want:   "UDP 192.0.2.8:5060",
	}, {
		name: "one place is named twice",
		zone: `
_sip._udp.example.com SRV 1 0 5060 a.example.com.
_sip._udp.example.com SRV 2 0 5060 b.example.com.
_sip._udp.example.com SRV 3 0 5062 b.example.com.
a.example.com A 192.0.2.1
b.example.com A 192.0.2.1`,
		target: Target{Host: "example.com", Protocol: UDP},
		means:  Means{Protocols: []Protocol{UDP}, Families: []Family{IPv4}},
		asked:  "A a.example.com\nA b.example.com\nSRV _sip._udp.example.com",
		want:   "UDP 192.0.2.1:5060 (a.example.com)\nUDP 192.0.2.1:5062 (b.example.com)",
	}, {
		name: "aliases are followed, of SRV records and of hosts",
		zone: `
_sip._udp.example.com CNAME srv.example.net.
srv.example.net SRV 0 0 5060 a.example.net.
a.example.net CNAME b.example.net.
b.example.net CNAME c.example.net.
c.example.net A 192.0.2.1`,
		target: Target{Host: "example.com", Protocol: UDP},
		means:  Means{Protocols: []Protocol{UDP}, Families: []Family{IPv4}},
		asked:  "A a.example.net\nSRV _sip._udp.example.com",
		want:   "UDP 192.0.2.1:5060 (a.example.net)",
	}, {
		name: "RFC 2782: target . for one protocol leaves the others",
		zone: `
_sip._udp.example.com SRV 0 0 0 .
_sip._tcp.example.com SRV 0 0 5060 a.example.com.
a.example.com A 192.0.2.1
example.com   A 192.0.2.9`,
		target: Target{Host: "example.com"},
		means:  Means{Protocols: []Protocol{UDP, TCP}, Families: []Family{IPv4}},
		asked:  "A a.example.com\nNAPTR example.com\nSRV _sip._tcp.example.com\nSRV _sip._udp.example.com",
		want:   "TCP 192.0.2.1:5060 (a.example.com)",
	}, {
		name:   "an incomplete name is sought in the search list first",
		zone:   "pbx.b.example A 192.0.2.1",
		target: Target{Host: "pbx", Port: 5060},
		means:  Means{Protocols: []Protocol{UDP}, Families: []Family{IPv4}, Search: []string{"a.example", "bad name", "b.example."}},
		asked:  "A pbx.a.example\nA pbx.b.example",
		want:   "UDP 192.0.2.1:5060 (pbx.b.example)",
	}, {
		name:   "a name with a dot is tried as it is first",
		zone:   "pbx.office.b.example A 192.0.2.1",
		target: Target{Host: "pbx.office", Port: 5060},
		means:  Means{Protocols: []Protocol{UDP}, Families: []Family{IPv4}, Search: []string{"b.example"}},
		asked:  "A pbx.office\nA pbx.office.b.example",
		want:   "UDP 192.0.2.1:5060 (pbx.office.b.example)",
	}, {
		name:   "a name that exists is not sought elsewhere",
		zone:   "example.com A 192.0.2.1\nexample.com.b.example A 192.0.2.2",
		target: Target{Host: "example.com", Port: 5060},
		means:  Means{Protocols: []Protocol{UDP}, Families: []Family{IPv4}, Search: []string{"b.example"}},
		asked:  "A example.com",
		want:   "UDP 192.0.2.1:5060 (example.com)",
	},
}

func TestBranches(t *testing.T) {
	for _, b := range branches {
		t.Run(b.name, func(t *testing.T) {
			m := b.means
			if m.Protocols == nil {
				m = both
			}
			found, rounds, err := zoneOf(t, b.zone).locate(b.target, m, seeded(1))
			if err != nil {
				t.Fatal(err)
			}
			same(t, "asked", sorted(texts(slices.Concat(rounds...))), lines(b.asked))
			same(t, "candidates", texts(found), lines(b.want))
		})
	}
}

var nowhere = []struct {
	name   string
	zone   string
	target Target
	means  Means
	kind   error
	says   string
}{
	{
		name: "no such name", target: Target{Host: "example.com"}, kind: ErrNoName,
		means: Means{Protocols: []Protocol{UDP}, Families: []Family{IPv4}},
		says:  "sip:example.com: no such name (asked NAPTR example.com, SRV _sip._udp.example.com, A example.com)",
	}, {
		name: "no such name in the search list either", target: Target{Host: "pbx", Port: 5060}, kind: ErrNoName,
		means: Means{Protocols: []Protocol{UDP}, Families: []Family{IPv4}, Search: []string{"example.com"}},
		says:  "sip:pbx:5060: no such name (asked A pbx.example.com, A pbx)",
	}, {
		name: "no address", zone: "example.com TXT x", target: Target{Host: "example.com", Port: 5060}, kind: ErrNoRecord,
		means: Means{Protocols: []Protocol{UDP}, Families: []Family{IPv4, IPv6}},
		says:  "sip:example.com:5060: no usable record: nothing there for UDP over IPv4, IPv6 (asked A example.com, AAAA example.com)",
	}, {
		name: "RFC 2782: target . forbids the fallback", zone: "_sip._udp.example.com SRV 0 0 0 .\nexample.com A 192.0.2.1",
		target: Target{Host: "example.com", Protocol: UDP}, kind: ErrNoRecord,
		says: "sip:example.com;transport=udp: no usable record: nothing there for UDP over IPv4, IPv6 (asked SRV _sip._udp.example.com)",
	}, {
		name: "so do SRV records without addresses", zone: "_sip._udp.example.com SRV 0 0 5060 a.example.com.\nexample.com A 192.0.2.1",
		target: Target{Host: "example.com", Protocol: UDP}, kind: ErrNoRecord,
		says: "A a.example.com, AAAA a.example.com",
	}, {
		name: "a domain with nothing for SIP exists all the same", zone: "example.com TXT x", target: Target{Host: "example.com"}, kind: ErrNoRecord,
		means: Means{Protocols: []Protocol{UDP}, Families: []Family{IPv4}},
		says:  "no usable record: nothing there for UDP over IPv4 (asked NAPTR example.com, SRV _sip._udp.example.com, A example.com)",
	}, {
		name: "a name that exists is not sought elsewhere", zone: "example.com TXT x\nexample.com.b.example A 192.0.2.2",
		target: Target{Host: "example.com", Port: 5060}, kind: ErrNoRecord,
		means: Means{Protocols: []Protocol{UDP}, Families: []Family{IPv4}, Search: []string{"b.example"}},
		says:  "(asked A example.com)",
	}, {
		name: "a name with a dot at its end is not sought elsewhere", zone: "pbx.b.example A 192.0.2.2",
		target: Target{Host: "pbx.", Port: 5060}, kind: ErrNoName,
		means: Means{Protocols: []Protocol{UDP}, Families: []Family{IPv4}, Search: []string{"b.example"}},
		says:  "(asked A pbx)",
	}, {
		name: "nor is one that RFC 6761 keeps", zone: "x.localhost.b.example A 192.0.2.2",
		target: Target{Host: "x.localhost", Port: 5060}, kind: ErrNoName,
		means: Means{Protocols: []Protocol{UDP}, Families: []Family{IPv4}, Search: []string{"b.example"}},
		says:  "(asked A x.localhost)",
	}, {
		name: "a circle of aliases", zone: "a.example CNAME b.example.\nb.example CNAME a.example.",
		target: Target{Host: "a.example", Port: 5060}, kind: ErrServer, says: "a circle",
	}, {
		name: "sips: over UDP", target: Target{Host: "example.com", Secure: true, Protocol: UDP}, kind: ErrTarget,
		says: "sips:example.com;transport=udp: target cannot be used: sips: does not go over UDP",
	}, {
		name: "a protocol that we do not have", target: Target{Host: "example.com", Secure: true}, kind: ErrTarget,
		means: Means{Protocols: []Protocol{UDP, TCP}, Families: []Family{IPv4}},
		says:  "it needs TLS, and this side speaks UDP, TCP",
	}, {
		name: "no protocol that there is", target: Target{Host: "example.com"}, kind: ErrTarget,
		means: Means{Protocols: []Protocol{0, 9}}, says: "it needs a transport, and this side speaks nothing",
	}, {
		name: "a protocol that there is not", target: Target{Host: "example.com", Protocol: 9}, kind: ErrTarget,
		means: Means{Protocols: []Protocol{UDP, 9}}, says: "it needs Protocol(9), and this side speaks UDP",
	}, {
		name: "no protocol at all", target: Target{Host: "example.com"}, kind: ErrTarget,
		means: Means{Protocols: []Protocol{}}, says: "it needs a transport, and this side speaks nothing",
	}, {
		name: "a family that we do not have", target: Target{Host: "2001:db8::1"}, kind: ErrTarget,
		means: Means{Protocols: []Protocol{UDP}, Families: []Family{IPv4}},
		says:  "sip:[2001:db8::1]: target cannot be used: it is an IPv6 address, and this side has IPv4",
	},
	{name: "no host", target: Target{}, kind: ErrTarget, says: `"" is neither an address nor a host name`},
	{name: "not a name", target: Target{Host: "ex ample.com"}, kind: ErrTarget, says: `"ex ample.com" is neither`},
	{name: "an empty label", target: Target{Host: "example..com"}, kind: ErrTarget, says: "neither"},
	{name: "a long label", target: Target{Host: strings.Repeat("a", 64) + ".com"}, kind: ErrTarget, says: "neither"},
	{name: "a long name", target: Target{Host: strings.Repeat("a.", 127) + "com"}, kind: ErrTarget, says: "neither"},
}

func TestNowhere(t *testing.T) {
	for _, n := range nowhere {
		t.Run(n.name, func(t *testing.T) {
			m := n.means
			if m.Protocols == nil {
				m = both
			}
			found, _, err := zoneOf(t, n.zone).locate(n.target, m, seeded(1))
			var e *Error
			if !errors.As(err, &e) || e.Target != n.target || !errors.Is(err, n.kind) || len(found) > 0 {
				t.Fatalf("got %v, %v", found, err)
			}
			if !strings.Contains(err.Error(), n.says) {
				t.Errorf("says %q, not %q", err, n.says)
			}
		})
	}
}

// What fails is left out, and the rest is used.
func TestFailuresAreSurvived(t *testing.T) {
	z := zoneOf(t, rfc3263+`
example.com A 192.0.2.9
server1.example.com AAAA 2001:db8::1`)
	broken := errors.New("SERVFAIL")
	for _, c := range []struct {
		name, fails string
		target      Target
		want        string
	}{
		{"NAPTR: SRV is asked", "NAPTR", Target{Host: "example.com", Secure: true}, "TLS 192.0.2.1:5061 (server1.example.com)\nTLS [2001:db8::1]:5061 (server1.example.com)"},
		{"SRV: the domain's addresses", "SRV", Target{Host: "example.com", Protocol: UDP}, "UDP 192.0.2.9:5060 (example.com)"},
		{"AAAA: those of A", "AAAA", Target{Host: "example.com", Protocol: UDP}, "UDP 192.0.2.1:5060 (server1.example.com)"},
		{"A: those of AAAA", "A", Target{Host: "example.com", Protocol: UDP}, "UDP [2001:db8::1]:5060 (server1.example.com)"},
		{"one host: the other", "A server1.example.com", Target{Host: "example.com", Protocol: TCP}, "TCP 192.0.2.2:5060 (server2.example.com)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer := func(q Query) Answer {
				if q.Type.String() == c.fails || q.String() == c.fails || c.fails == "A server1.example.com" && q.Type == AAAA {
					return Answer{Outcome: Failed, Err: broken}
				}
				return z.answer(q)
			}
			found, _, err := locateBy(answer, c.target, both, seeded(1))
			if err != nil {
				t.Fatal(err)
			}
			same(t, "candidates", texts(found), lines(c.want))
		})
	}
	fail := func(q Query) Answer { return Answer{Outcome: Failed, Err: broken} }
	_, _, err := locateBy(fail, Target{Host: "example.com"}, both, seeded(1))
	if !errors.Is(err, ErrServer) || !errors.Is(err, broken) {
		t.Errorf("all fail: %v", err)
	}
	silent := func(q Query) Answer { return Answer{Outcome: Failed} }
	if _, _, err = locateBy(silent, Target{Host: "example.com", Port: 1}, both, seeded(1)); !errors.Is(err, ErrServer) || !strings.Contains(err.Error(), "AAAA example.com failed") {
		t.Errorf("all fail without a reason: %v", err)
	}
}

// A server that denies a domain which has SRV records is not believed in that.
func TestDeniedDomainWithServers(t *testing.T) {
	z := zoneOf(t, "_sip._udp.example.com SRV 0 0 5060 a.example.com.")
	answer := func(q Query) Answer {
		if q.Type == NAPTR {
			return Answer{Outcome: NoName}
		}
		return z.answer(q)
	}
	if _, _, err := locateBy(answer, Target{Host: "example.com"}, both, seeded(1)); !errors.Is(err, ErrNoRecord) {
		t.Error(err)
	}
}

// A candidate holds as long as all that led to it.
func TestCandidateHoldsAsLongAsItsAnswers(t *testing.T) {
	for _, shortest := range []Type{NAPTR, SRV, A} {
		z := zoneOf(t, rfc3263)
		answer := func(q Query) Answer {
			a := z.answer(q)
			if q.Type == shortest {
				a.TTL = 7 * time.Second
			}
			return a
		}
		found, _, err := locateBy(answer, Target{Host: "example.com"}, both, seeded(1))
		if err != nil || found[0].TTL != 7*time.Second {
			t.Errorf("%v holds for 7 s: %v, %v", shortest, found, err)
		}
	}
}

// A server that gives CNAMEs one by one is asked on, within bounds.
func TestAliasesOverSeveralAnswers(t *testing.T) {
	chain := func(links int) func(Query) Answer {
		return func(q Query) Answer {
			var n int
			fmt.Sscanf(q.Name, "h%d.example", &n)
			if n == links {
				return zoneOf(t, q.Name+" A 192.0.2.1").answer(q)
			}
			return Answer{Alias: fmt.Sprintf("h%d.example", n+1), TTL: time.Duration(20-n) * time.Second}
		}
	}
	target, m := Target{Host: "h0.example", Port: 5060}, Means{Protocols: []Protocol{UDP}, Families: []Family{IPv4}}
	found, rounds, err := locateBy(chain(maxAliases-1), target, m, seeded(1))
	if err != nil || len(rounds) != maxAliases {
		t.Fatalf("%v after %d rounds", err, len(rounds))
	}
	if found[0].TTL != 14*time.Second || found[0].Host != "h0.example" {
		t.Errorf("%v holds %v, the shortest TTL of the chain is 14 s", found[0], found[0].TTL)
	}
	if _, _, err := locateBy(chain(maxAliases), target, m, seeded(1)); !errors.Is(err, ErrServer) || !errors.Is(err, errChain) {
		t.Errorf("a longer chain: %v", err)
	}
}

// However large a zone is, the queries and the candidates are bounded.
func TestHugeZoneIsBounded(t *testing.T) {
	var text strings.Builder
	for p := range 5 {
		for h := range 40 {
			fmt.Fprintf(&text, "example.com NAPTR 1 %d \"s\" \"SIP+D2U\" \"\" _sip%d._udp.example.com.\n", p, p)
			fmt.Fprintf(&text, "_sip%d._udp.example.com SRV %d 1 5060 h%d-%d.example.com.\n", p, h, p, h)
			for a := range 40 {
				fmt.Fprintf(&text, "h%d-%d.example.com A 10.%d.%d.%d\n", p, h, p, h, a)
			}
		}
	}
	z := zoneOf(t, text.String())
	found, rounds, err := z.locate(Target{Host: "example.com"}, both, seeded(1))
	if asked := len(slices.Concat(rounds...)); err != nil || asked > maxQueries || len(found) != maxCandidates {
		t.Errorf("%d queries, %d candidates, %v", asked, len(found), err)
	}
}

// Who has fewer queries than the zone needs says so.
func TestTooManyQueries(t *testing.T) {
	n := 0
	answer := func(q Query) Answer {
		a := Answer{}
		for range maxRecords {
			n++
			a.Servers = append(a.Servers, Server{Port: 1, Target: fmt.Sprintf("h%d.example", n)})
		}
		if q.Type != SRV {
			a = Answer{Outcome: NoData}
		}
		return a
	}
	_, rounds, err := locateBy(answer, Target{Host: "example.com"}, both, seeded(1))
	if asked := len(slices.Concat(rounds...)); asked != maxQueries || !errors.Is(err, errQueries) {
		t.Errorf("%d queries, %v", asked, err)
	}
}

// The numbers are those of sip/transport, which converts.
func TestProtocolNumbers(t *testing.T) {
	for p, want := range map[Protocol]transport.Protocol{UDP: transport.UDP, TCP: transport.TCP, TLS: transport.TLS} {
		if transport.Protocol(p) != want || p.String() != want.String() {
			t.Errorf("%v is not %v", p, want)
		}
	}
	if s := Protocol(9).String(); s != "Protocol(9)" {
		t.Error(s)
	}
}

func TestOutcomeNames(t *testing.T) {
	same(t, "outcomes", texts([]Outcome{Found, NoData, NoName, Failed}), []string{"found", "no such record", "no such name", "failed"})
	if got := Type(99).String(); got != "TYPE99" {
		t.Error(got)
	}
	if got := (Target{Host: "::1", Port: 5061, Protocol: TLS, Secure: true}).String(); got != "sips:[::1]:5061;transport=tls" {
		t.Error(got)
	}
}
