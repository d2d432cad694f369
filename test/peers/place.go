package peers

import (
	"fmt"
	"net"
	"net/netip"
	"os"
)

// Place is a loopback network for the parties of one story: 254 addresses, and a
// port for SIP that is the same on all of them.
type Place struct {
	// Port is where every party takes SIP, and the next one is for SIP over TLS.
	Port  uint16
	net   [3]byte
	guard net.PacketConn
}

// guardPort marks a network as taken while its socket is open.
const guardPort = 45060

// NewPlace finds a network that no other story uses, of this process or another.
// Close gives it back.
func NewPlace() (*Place, error) {
	second := 16 + os.Getpid()%200
	for third := range 256 {
		p := &Place{net: [3]byte{127, byte(second), byte(third)}}
		guard, err := net.ListenPacket("udp4", netip.AddrPortFrom(p.Host(254), guardPort).String())
		if err != nil {
			continue
		}
		p.guard = guard
		if err := p.choosePort(); err != nil {
			guard.Close()
			return nil, err
		}
		return p, nil
	}
	return nil, fmt.Errorf("no free network in 127.%d.0.0/16", second)
}

// choosePort takes 5060, or the next port that nobody holds on all addresses.
func (p *Place) choosePort() error {
	for p.Port = 5060; p.Port < 5100; p.Port += 2 {
		if free(p.SIP(1)) && freeTCP(netip.AddrPortFrom(p.Host(1), p.Port+1)) {
			return nil
		}
	}
	return fmt.Errorf("no free port from 5060 to 5098 on %s", p.Host(1))
}

// free tells whether both UDP and TCP can be had at an address.
func free(at netip.AddrPort) bool {
	udp, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return false
	}
	defer udp.Close()
	return freeTCP(at)
}

func freeTCP(at netip.AddrPort) bool {
	tcp, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(at))
	return err == nil && tcp.Close() == nil
}

// Host is the n-th address, from 1 to 254.
func (p *Place) Host(n byte) netip.Addr {
	return netip.AddrFrom4([4]byte{p.net[0], p.net[1], p.net[2], n})
}

// SIP is where the n-th party takes SIP.
func (p *Place) SIP(n byte) netip.AddrPort { return netip.AddrPortFrom(p.Host(n), p.Port) }

// Close lets others have the network.
func (p *Place) Close() { p.guard.Close() }
