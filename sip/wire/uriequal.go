package wire

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// EqualURI compares two URIs that this package parsed, by RFC 3261 s19.1.4 and, for
// IPv6 addresses, RFC 5954 s4.2. URIs that are not sip or sips are equal when their
// texts are.
func EqualURI(a, b *sip.Uri) bool {
	if a.Scheme != b.Scheme || a.Wildcard != b.Wildcard || a.Raw() != b.Raw() {
		return false
	}
	// "Comparison of the userinfo of SIP and SIPS URIs is case-sensitive."
	if Unescape(a.User) != Unescape(b.User) || Unescape(a.Password) != Unescape(b.Password) {
		return false
	}
	// "A URI omitting any component with a default value will not match a URI
	// explicitly containing that component with its default value."
	return a.Port == b.Port && EqualHost(a.Host, b.Host) &&
		equalURIParams(a.UriParams, b.UriParams) && equalURIHeaders(a.Headers, b.Headers)
}

// EqualHost compares two hosts: addresses by value, with or without brackets, names
// without case.
func EqualHost(a, b string) bool {
	if strings.EqualFold(a, b) {
		return true
	}
	x, y := HostAddr(a), HostAddr(b)
	return x.IsValid() && x == y
}

// HostAddr returns the address that a host is, with or without brackets, or the
// invalid Addr when it is a name.
func HostAddr(host string) netip.Addr {
	if len(host) > 2 && host[0] == '[' && host[len(host)-1] == ']' {
		host = host[1 : len(host)-1]
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return addr
}

// equalURIParams: "Any uri-parameter appearing in both URIs must match. A user, ttl,
// or method uri-parameter appearing in only one URI never matches. A URI that
// includes an maddr parameter will not match a URI that contains no maddr parameter.
// All other uri-parameters appearing in only one URI are ignored". RFC 3261 s19.1.4
// has an example that treats transport like these, so this does.
func equalURIParams(a, b sip.HeaderParams) bool {
	return paramsWithin(a, b) && paramsWithin(b, a)
}

func paramsWithin(a, b sip.HeaderParams) bool {
	for _, kv := range a {
		other, ok := Param(b, kv.K)
		if ok && !strings.EqualFold(Unescape(kv.V), Unescape(other)) {
			return false
		}
		if ok {
			continue
		}
		switch strings.ToLower(kv.K) {
		case "user", "ttl", "method", "maddr", "transport":
			return false
		}
	}
	return true
}

// equalURIHeaders: "URI header components are never ignored. Any present header
// component MUST be present in both URIs and match for the URIs to match." A name may
// come more than once.
func equalURIHeaders(a, b sip.HeaderParams) bool {
	return len(a) == len(b) && headersWithin(a, b) && headersWithin(b, a)
}

func headersWithin(a, b sip.HeaderParams) bool {
	for _, kv := range a {
		if !slices.ContainsFunc(b, func(other sip.HeaderKV) bool {
			return strings.EqualFold(kv.K, other.K) && Unescape(kv.V) == Unescape(other.V)
		}) {
			return false
		}
	}
	return true
}
