package rtp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// PacketConn is a bound UDP connection, such as *net.UDPConn.
type PacketConn interface {
	ReadFromUDPAddrPort(b []byte) (n int, from netip.AddrPort, err error)
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (n int, err error)
	LocalAddr() net.Addr
	Close() error
}

// FromListen makes a Network of a function that binds connections. Each socket
// has a goroutine that reads, with a buffer of its own; it ends when the socket
// is closed. That is what a test's network and other systems than Linux need;
// UDP is the cheaper one where there is epoll.
func FromListen[C PacketConn](listen func(local netip.AddrPort) (C, error)) Network {
	return opener[C](listen)
}

type opener[C PacketConn] func(netip.AddrPort) (C, error)

func (l opener[C]) Open(local netip.AddrPort, receive Receive) (Socket, error) {
	conn, err := l(local)
	if err != nil {
		return nil, err
	}
	address, err := addrPortOf(conn.LocalAddr())
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	s := &connSocket{conn: conn, local: address, receive: receive}
	go s.read()
	return s, nil
}

func addrPortOf(a net.Addr) (netip.AddrPort, error) {
	if u, ok := a.(interface{ AddrPort() netip.AddrPort }); ok {
		return unmapped(u.AddrPort()), nil
	}
	address, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return address, fmt.Errorf("rtp: local address %v of a connection: %w", a, err)
	}
	return unmapped(address), nil
}

// unmapped is an address without its form as IPv4 in IPv6 and without a zone, so
// that equal addresses are equal values.
func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// maxPacket bounds what is read in one piece. RTP keeps below the path's MTU.
const maxPacket = 2048

// maxReadErrors is how many errors in a row end a reader that was not closed. An
// ICMP error is an error of the next read on some systems, and none to end for.
const maxReadErrors = 64

type connSocket struct {
	conn    PacketConn
	local   netip.AddrPort
	receive Receive
	closed  atomic.Bool
}

func (s *connSocket) read() {
	buffer := make([]byte, maxPacket)
	for failures := 0; failures < maxReadErrors; {
		n, from, err := s.conn.ReadFromUDPAddrPort(buffer)
		switch {
		case errors.Is(err, net.ErrClosed) || s.closed.Load():
			return
		case err != nil:
			failures++
		default:
			failures = 0
			s.receive(time.Now(), buffer[:n], unmapped(from))
		}
	}
}

func (s *connSocket) Send(packet []byte, to netip.AddrPort) error {
	if s.closed.Load() {
		return ErrClosed
	}
	_, err := s.conn.WriteToUDPAddrPort(packet, to)
	return err
}

func (s *connSocket) Local() netip.AddrPort { return s.local }

func (s *connSocket) Close() error {
	if s.closed.Swap(true) {
		return ErrClosed
	}
	return s.conn.Close()
}
