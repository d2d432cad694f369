package config

import "net/netip"

// Addresses are one address, or one of each family: IPv4 and IPv6. In the file
// one may stand without brackets around it.
type Addresses []netip.Addr

// Of gives the address of the same family as another; the zero Addr when there is
// none.
func (a Addresses) Of(family netip.Addr) netip.Addr {
	for _, one := range a {
		if one.Unmap().Is4() == family.Unmap().Is4() {
			return one
		}
	}
	return netip.Addr{}
}

// single lets one address stand for a list of it.
func (Addresses) single() {}

// checkAddresses refuses what cannot stand in SDP.
func (c *checker) checkAddresses(path string, list Addresses) {
	for i, a := range list {
		at := index(path, i)
		switch {
		case a.IsUnspecified() || a.IsMulticast():
			c.report(at, "%s is nobody's address and cannot stand in SDP: write one of this machine's, or leave the key out", a)
		case a.Zone() != "":
			c.report(at, "%s has a zone, which means nothing to anybody else: write an address that is not link-local", a)
		case list[:i].Of(a).IsValid():
			c.report(at, "%s is the second of its family: one IPv4 and one IPv6 address are enough", a)
		}
	}
}
