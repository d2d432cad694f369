package transport

import (
	"context"
	"net"
	"net/netip"
)

// Network opens sockets: the machine's ([Machine]) or a simulated one.
type Network interface {
	ListenUDP(at netip.AddrPort) (PacketConn, error)
	ListenTCP(at netip.AddrPort) (net.Listener, error)
	// DialTCP connects from a local address, whose port 0 means any, until ctx ends.
	DialTCP(ctx context.Context, local, remote netip.AddrPort) (net.Conn, error)
}

// PacketConn is a UDP socket, *net.UDPConn's part that is needed here.
type PacketConn interface {
	ReadFromUDPAddrPort(b []byte) (n int, from netip.AddrPort, err error)
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
	LocalAddr() net.Addr
	Close() error
}

// A Router is a Network that knows which of our addresses packets to a peer leave
// from. Connect asks it when several listeners could be meant.
type Router interface {
	Route(remote netip.Addr) (local netip.Addr, err error)
}

// A Host is a Network that knows all our addresses. Listen asks it what 0.0.0.0 and ::
// stand for.
type Host interface {
	Addresses() ([]netip.Addr, error)
}

const (
	readBuffer  = 4 << 20 // bytes that the kernel holds while the reader is busy
	writeBuffer = 1 << 20
)

// Machine is the network of the machine.
type Machine struct{}

// ListenUDP opens a socket with large buffers, as large as the kernel allows.
func (Machine) ListenUDP(at netip.AddrPort) (PacketConn, error) {
	c, err := net.ListenUDP("udp"+family(at.Addr()), net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	// A small buffer is no reason not to run.
	_ = c.SetReadBuffer(readBuffer)
	_ = c.SetWriteBuffer(writeBuffer)
	forceReadBuffer(c, readBuffer)
	return c, nil
}

// ListenTCP opens a listener whose connections the kernel probes when they are quiet.
func (Machine) ListenTCP(at netip.AddrPort) (net.Listener, error) {
	return net.ListenTCP("tcp"+family(at.Addr()), net.TCPAddrFromAddrPort(at))
}

// DialTCP connects.
func (Machine) DialTCP(ctx context.Context, local, remote netip.AddrPort) (net.Conn, error) {
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(local)}
	return d.DialContext(ctx, "tcp"+family(remote.Addr()), remote.String())
}

// Route asks the kernel by connecting a UDP socket, which sends nothing.
func (Machine) Route(remote netip.Addr) (netip.Addr, error) {
	c, err := net.Dial("udp"+family(remote), netip.AddrPortFrom(remote, 9).String())
	if err != nil {
		return netip.Addr{}, err
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(), nil
}

// Addresses returns the addresses of all interfaces but the link-local ones, which mean
// nothing without their interface.
func (Machine) Addresses() ([]netip.Addr, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var addresses []netip.Addr
	for _, a := range all {
		p, err := netip.ParsePrefix(a.String())
		if err == nil && !p.Addr().IsLinkLocalUnicast() {
			addresses = append(addresses, p.Addr().Unmap())
		}
	}
	return addresses, nil
}

func family(a netip.Addr) string {
	if a.Unmap().Is4() {
		return "4"
	}
	return "6"
}
