package peers

import (
	"fmt"
	"net"
	"net/netip"
)

// Place6 is room for the parties of one story on ::1, which is the only IPv6 address
// that a machine has for itself: there, they differ by their ports.
type Place6 struct {
	base  uint16
	guard net.PacketConn
}

// The blocks of ports that stories take, below those that the kernel gives away. The
// first port of a block marks it as taken while it is open.
const (
	firstBlock = 12000
	lastBlock  = 28000
	blockSize  = 300
)

// NewPlace6 finds a block of ports that no other story uses, of this process or
// another. Close gives it back. It fails where there is no IPv6.
func NewPlace6() (*Place6, error) {
	var last error
	for base := uint16(firstBlock); base <= lastBlock; base += blockSize {
		p := &Place6{base: base}
		if p.guard, last = net.ListenPacket("udp6", p.at(0).String()); last == nil {
			return p, nil
		}
	}
	return nil, fmt.Errorf("no free ports on ::1: %w", last)
}

func (p *Place6) at(port uint16) netip.AddrPort {
	return netip.AddrPortFrom(netip.IPv6Loopback(), p.base+port)
}

// SIP is where the n-th party takes SIP, from 1 to 49.
func (p *Place6) SIP(n byte) netip.AddrPort { return p.at(uint16(n)) }

// Audio is where it hears.
func (p *Place6) Audio(n byte) netip.AddrPort { return p.at(50 + 2*uint16(n)) }

// Relay are ports that the gateway may have for audio, as its configuration has them.
func (p *Place6) Relay() string {
	return fmt.Sprintf("%d-%d", p.at(200).Port(), p.at(blockSize-1).Port())
}

// Close lets others have the ports.
func (p *Place6) Close() { p.guard.Close() }
