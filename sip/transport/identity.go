package transport

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// identities are whom a certificate is for: SIP domains and addresses.
type identities struct {
	domains   []string
	addresses []netip.Addr
}

// identitiesOf reads the subjectAltName. The CN does not count: RFC 5922 section 7.1
// leaves it to "the implementation" where there is no subjectAltName, and authorities
// have stopped checking it.
func identitiesOf(leaf *x509.Certificate) (ids identities) {
	for _, name := range leaf.DNSNames {
		ids.domains = append(ids.domains, normalDomain(name))
	}
	for _, u := range leaf.URIs {
		if domain, ok := sipDomain(u); ok {
			ids.domains = append(ids.domains, domain)
		}
	}
	for _, ip := range leaf.IPAddresses {
		if a, ok := netip.AddrFromSlice(ip); ok {
			ids.addresses = append(ids.addresses, a.Unmap())
		}
	}
	return ids
}

// sipDomain is RFC 5922 section 7.1's look at a URI. "If the scheme of the URI is not
// "sip", then the implementation MUST NOT accept the value as a SIP domain identity."
// One that has a user is the user's, not the domain's.
func sipDomain(u *url.URL) (string, bool) {
	if !strings.EqualFold(u.Scheme, "sip") || u.Opaque == "" || strings.Contains(u.Opaque, "@") {
		return "", false
	}
	host, _, _ := strings.Cut(u.Opaque, ";")
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host = host[:i]
	}
	return normalDomain(host), true
}

// normalDomain brings names that are equal (RFC 4343: whatever their case) to one form.
func normalDomain(s string) string { return strings.ToLower(strings.TrimSuffix(s, ".")) }

// address reads a name that is an IP address, with or without brackets.
func address(name string) (netip.Addr, bool) {
	if inner, ok := strings.CutPrefix(name, "["); ok {
		name = strings.TrimSuffix(inner, "]")
	}
	a, err := netip.ParseAddr(name)
	return a.Unmap(), err == nil
}

// include says whether the certificate is for a name. RFC 5922 section 7.2:
// "Implementations MUST match the values in their entirety" and "MUST NOT match any
// form of wildcard, such as a leading "." or "*." with any other DNS label or sequence
// of labels": *.example.test is itself and nothing else.
func (ids identities) include(name string) bool {
	if a, ok := address(name); ok {
		for _, known := range ids.addresses {
			if known == a {
				return true
			}
		}
		return false
	}
	name = normalDomain(name)
	for _, known := range ids.domains {
		if known == name {
			return true
		}
	}
	return false
}

func (ids identities) names() []string {
	names := append([]string(nil), ids.domains...)
	for _, a := range ids.addresses {
		names = append(names, a.String())
	}
	return names
}

// checkIdentity refuses a certificate that is somebody else's: RFC 5922 section 7.3 has
// the client compare the domain that it was to reach with each identity there.
func checkIdentity(leaf *x509.Certificate, name string) error {
	ids := identitiesOf(leaf)
	if ids.include(name) {
		return nil
	}
	whose := strings.Join(ids.names(), ", ")
	if whose == "" {
		whose = "nobody: it has no subjectAltName of a SIP domain"
	}
	return fmt.Errorf("%w: we look for %s, and the certificate is for %s", ErrIdentity, name, whose)
}
