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
	// signalling uses. Default: the listen address of each family.
	Address Addresses `yaml:"address"`
	// Ports is where media is received: RTP on even ports, RTCP on the odd one
	// above (RFC 3550 s11). Default 20000-29999.
	Ports PortRange `yaml:"ports"`
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
func (r *RTP) complete(listen []Listen) {
	if len(r.Address) > 0 {
		return
	}
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
			r.Address = append(r.Address, a)
		}
	}
}

func (c *checker) checkRTP(r *RTP, listen []Listen) {
	c.checkAddresses("rtp.address", r.Address)
	c.checkNotNegative("rtp.timeout", r.Timeout)
	for i, l := range listen {
		if l.Transport == TransportUDP && r.Ports.Contains(l.Addr.Port()) {
			c.report("rtp.ports", "%s contains the port of sip.listen[%d], %s: move one of the two", r.Ports, i, l)
		}
	}
}
