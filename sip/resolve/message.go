package resolve

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/miekg/dns"
)

// udpSize is what we take in one datagram without fragments on any link: RFC 9715 s3
// and the DNS flag day of 2020.
const udpSize = 1232

// What can be wrong with a reply of a name server.
var (
	// errStray: not the answer to this query; wait for the one that is.
	errStray = errors.New("not the answer to our query")
	// errTruncated: ask over TCP. RFC 2181 s9: "the resolver should ignore that
	// response, and query again, using a mechanism, such as a TCP connection".
	errTruncated = errors.New("answer is truncated")
	// errExtension: the server may not know EDNS; ask without.
	errExtension = errors.New("server cannot read the query")
)

// pack writes a query, with EDNS (RFC 6891) when it is wanted.
func pack(q Query, id uint16, edns bool) ([]byte, error) {
	m := new(dns.Msg).SetQuestion(dns.Fqdn(q.Name), uint16(q.Type))
	m.Id = id
	if edns {
		m.SetEdns0(udpSize, false)
	}
	return m.Pack()
}

// The flags of a header, RFC 1035 section 4.1.1.
const (
	headerSize   = 12
	flagResponse = 1 << 15
	maskOpcode   = 15 << 11
	flagTC       = 1 << 9
	maskRcode    = 15
)

// unpack reads a reply to a query. Whatever the bytes are, the answer is bounded.
func unpack(packet []byte, q Query, id uint16) (Answer, error) {
	if err := checkHeader(packet, id); err != nil {
		return Answer{}, err
	}
	m := new(dns.Msg)
	if err := m.Unpack(packet); err != nil {
		return Answer{}, fmt.Errorf("malformed answer: %w", err)
	}
	// Some refuse with a header alone.
	if bare := m.Rcode != dns.RcodeSuccess && len(m.Question) == 0; !bare && !asks(m, q) {
		return Answer{}, errStray
	}
	return read(m, q)
}

// checkHeader tells what the header alone decides.
func checkHeader(packet []byte, id uint16) error {
	if len(packet) < headerSize || binary.BigEndian.Uint16(packet) != id {
		return errStray
	}
	flags := binary.BigEndian.Uint16(packet[2:])
	switch rcode := flags & maskRcode; {
	case flags&flagResponse == 0 || flags&maskOpcode != 0:
		return errStray
	case flags&flagTC != 0:
		return errTruncated
	case rcode == dns.RcodeFormatError || rcode == dns.RcodeNotImplemented:
		return errExtension
	}
	return nil
}

// asks says whether a message is about a query.
func asks(m *dns.Msg, q Query) bool {
	if len(m.Question) != 1 {
		return false
	}
	asked := m.Question[0]
	name, _ := hostname(asked.Name)
	return name == q.Name && asked.Qtype == uint16(q.Type) && asked.Qclass == dns.ClassINET
}

// read makes an answer of a message.
func read(m *dns.Msg, q Query) (Answer, error) {
	if m.Rcode != dns.RcodeSuccess && m.Rcode != dns.RcodeNameError || len(m.Question) == 0 {
		return Answer{}, fmt.Errorf("answer is %s", cmp.Or(dns.RcodeToString[m.Rcode], fmt.Sprint(m.Rcode)))
	}
	name, ttl, err := follow(m.Answer, q.Name)
	if err != nil {
		return Answer{}, err
	}
	if a := gather(m.Answer, name, q.Type); len(a.Pointers)+len(a.Servers)+len(a.Addrs) > 0 {
		a.TTL = min(a.TTL, ttl)
		return a, nil
	}
	return negative(m, q, name, ttl)
}

// gather takes the records of a name and type.
func gather(records []dns.RR, name string, t Type) Answer {
	a := Answer{TTL: maxTTL}
	for _, rr := range records {
		if belongs(rr, name) && rr.Header().Rrtype == uint16(t) && a.add(rr) {
			a.TTL = min(a.TTL, lifetime(rr))
		}
	}
	a.cut()
	return a
}

// negative is RFC 2308 s2: NXDOMAIN says that there is no such name, an answer without
// records that there is no such record. A referral is neither.
func negative(m *dns.Msg, q Query, name string, ttl time.Duration) (Answer, error) {
	soa, known := denial(m)
	switch {
	case m.Rcode == dns.RcodeNameError:
		return Answer{Outcome: NoName, TTL: min(ttl, soa)}, nil
	case name != q.Name && !known:
		return Answer{Alias: name, TTL: ttl}, nil
	case !m.Authoritative && !m.RecursionAvailable && !known:
		return Answer{}, errors.New("server does not know and does not ask others")
	}
	return Answer{Outcome: NoData, TTL: min(ttl, soa)}, nil
}

// denial is how long a negative answer holds. RFC 2308 s5: "the minimum of the
// SOA.MINIMUM field and SOA's TTL"; without one it "SHOULD NOT be cached".
func denial(m *dns.Msg) (time.Duration, bool) {
	for _, rr := range m.Ns {
		if soa, ok := rr.(*dns.SOA); ok {
			return min(lifetime(rr), seconds(soa.Minttl)), true
		}
	}
	return 0, false
}

// follow goes along the CNAMEs of an answer, RFC 1034 s3.6.2.
func follow(records []dns.RR, name string) (end string, ttl time.Duration, err error) {
	ttl = maxTTL
	for range maxAliases {
		c := alias(records, name)
		if c == nil {
			return name, ttl, nil
		}
		target, ok := hostname(c.Target)
		if !ok {
			return "", 0, fmt.Errorf("%s is an alias of %q, which is no host name", name, c.Target)
		}
		name, ttl = target, min(ttl, lifetime(c))
	}
	return "", 0, errChain
}

func alias(records []dns.RR, name string) *dns.CNAME {
	for _, rr := range records {
		if c, ok := rr.(*dns.CNAME); ok && belongs(rr, name) {
			return c
		}
	}
	return nil
}

func belongs(rr dns.RR, name string) bool {
	owner, _ := hostname(rr.Header().Name)
	return owner == name && rr.Header().Class == dns.ClassINET
}

func lifetime(rr dns.RR) time.Duration { return seconds(rr.Header().Ttl) }

// seconds reads a TTL. RFC 2181 s8: "Implementations should treat TTL values received
// with the most significant bit set as if the entire value received was zero."
func seconds(ttl uint32) time.Duration {
	if ttl >= 1<<31 {
		return 0
	}
	return time.Duration(ttl) * time.Second
}

// add takes a record into an answer, if it is of any use.
func (a *Answer) add(rr dns.RR) bool {
	switch rr := rr.(type) {
	case *dns.A:
		return a.addAddress(rr.A)
	case *dns.AAAA:
		return a.addAddress(rr.AAAA)
	case *dns.SRV:
		return a.addServer(rr)
	case *dns.NAPTR:
		return a.addPointer(rr)
	}
	return false
}

// addAddress leaves out what is no host's address, and an IPv4 address that an AAAA record
// holds: it would be called over a family that the A record did not give.
func (a *Answer) addAddress(ip []byte) bool {
	addr, ok := netip.AddrFromSlice(ip)
	if ok && len(ip) == 16 && addr.Is4In6() {
		return false
	}
	if !ok || addr.IsUnspecified() || addr.IsMulticast() {
		return false
	}
	a.Addrs = append(a.Addrs, addr)
	return true
}

func (a *Answer) addServer(rr *dns.SRV) bool {
	target, ok := orRoot(rr.Target)
	if ok {
		a.Servers = append(a.Servers, Server{rr.Priority, rr.Weight, rr.Port, target})
	}
	return ok
}

func (a *Answer) addPointer(rr *dns.NAPTR) bool {
	replacement, ok := orRoot(rr.Replacement)
	if ok {
		a.Pointers = append(a.Pointers, Pointer{rr.Order, rr.Preference, rr.Flags, rr.Service, rr.Regexp, replacement})
	}
	return ok
}

// orRoot reads a name that may be the root, which is "".
func orRoot(name string) (string, bool) {
	if name == "." {
		return "", true
	}
	return hostname(name)
}

// cut bounds an answer to what would be tried first.
func (a *Answer) cut() {
	slices.SortStableFunc(a.Pointers, byOrder)
	slices.SortStableFunc(a.Servers, byPriority)
	a.Pointers = a.Pointers[:min(maxRecords, len(a.Pointers))]
	a.Servers = a.Servers[:min(maxRecords, len(a.Servers))]
	a.Addrs = a.Addrs[:min(maxRecords, len(a.Addrs))]
}
