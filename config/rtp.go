package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// RTP is the media edge.
type RTP struct {
	// Address is what our SDP says, to a leg whose signalling is of its family.
	// A family without one, which is left only when its listen addresses differ
	// or are wildcards, means the address of the interface that the leg's
	// signalling uses. Default: sip.advertise, else the listen address, of each family.
	Address Addresses `yaml:"address"`
	// Bind is this machine's address that media is received on, of each family in which
	// Address is a NAT's. Default: Address; the listen address where Address follows
	// from sip.advertise.
	Bind Addresses `yaml:"bind"`
	// Ports is where media is received: RTP on even ports, RTCP on the odd one
	// above (RFC 3550 s11). Default 20000-29999.
	Ports PortRange `yaml:"ports"`
	// Codecs are those that the gateway turns into each other where two parties share none,
	// in the order in which it offers them behind what the other side has. Default: opus,
	// G722, PCMU, PCMA.
	Codecs []string `yaml:"codecs"`
	// Timeout ends a call of which no side has sent media for that long, unless
	// it is on hold; 0 means never. Default 120s.
	Timeout time.Duration `yaml:"timeout"`
}

// PortRange is a range of ports, both ends included, written 20000-29999.
type PortRange struct{ First, Last uint16 }

// Pairs is how many RTP and RTCP pairs fit: one per leg that has media.
func (r PortRange) Pairs() int { return (int(r.Last) - int(r.First) + 1) / 2 }

// Contains tells whether a port is in the range.
func (r PortRange) Contains(port uint16) bool { return r.First <= port && port <= r.Last }

// String writes the range as the file does.
func (r PortRange) String() string { return fmt.Sprintf("%d-%d", r.First, r.Last) }

// UnmarshalText reads FIRST-LAST: the first even, the last above it.
func (r *PortRange) UnmarshalText(text []byte) error {
	first, last, _ := strings.Cut(string(text), "-")
	a, errA := parsePort(first)
	b, errB := parsePort(last)
	switch {
	case errA != nil || errB != nil:
		return fmt.Errorf("%q is not a range of ports: write two numbers from 1 to 65535, such as 20000-29999", text)
	case a%2 != 0:
		return fmt.Errorf("%s begins with an odd port: RTP takes even ports and RTCP the odd one above (RFC 3550 s11), so begin with %d", text, a+1)
	case b <= a:
		return fmt.Errorf("%s holds no pair of ports: end it at %d or above", text, a+1)
	}
	*r = PortRange{a, b}
	return nil
}

func parsePort(s string) (uint16, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 16)
	if err == nil && n == 0 {
		err = strconv.ErrRange
	}
	return uint16(n), err
}

// complete takes the listen address of a family for media when there is only one.
func (r *RTP) complete(s *SIP) {
	if len(r.Address) > 0 {
		return
	}
	for _, a := range unambiguous(s.Listen) {
		seen := s.Advertise.Of(a)
		switch {
		case !seen.IsValid():
			r.Address = append(r.Address, a)
			continue
		case !r.Bind.Of(a).IsValid():
			r.Bind = append(r.Bind, a)
		}
		r.Address = append(r.Address, seen)
	}
}

// unambiguous are the listen addresses of the families that have only one.
func unambiguous(listen []Listen) (list Addresses) {
	var only Addresses
	ambiguous := map[bool]bool{} // by Is4
	for _, l := range listen {
		a := l.Addr.Addr()
		switch known := only.Of(a); {
		case a.IsUnspecified() || known.IsValid() && known != a:
			ambiguous[a.Is4()] = true
		case !known.IsValid():
			only = append(only, a)
		}
	}
	for _, a := range only {
		if !ambiguous[a.Is4()] {
			list = append(list, a)
		}
	}
	return list
}

func (c *checker) checkRTP(r *RTP, s *SIP) {
	listen := s.Listen
	c.checkAddresses("rtp.address", r.Address)
	c.checkAddresses("rtp.bind", r.Bind)
	for i, a := range r.Bind {
		if !r.Address.Of(a).IsValid() && !s.Advertise.Of(a).IsValid() {
			c.report(index("rtp.bind", i), "rtp.address has no address of the family of %s: name the one that others send audio to", a)
		}
	}
	c.checkNotNegative("rtp.timeout", r.Timeout)
	for i, l := range listen {
		if l.Transport == TransportUDP && r.Ports.Contains(l.Addr.Port()) {
			c.report("rtp.ports", "%s contains the port of sip.listen[%d], %s: move one of the two", r.Ports, i, l)
		}
	}
}
