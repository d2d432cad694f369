package rtp

import (
	"errors"
	"net/netip"
	"time"
)

// ErrClosed is returned by what has been closed: a socket, a session, a network.
var ErrClosed = errors.New("rtp: closed")

// Receive takes a packet that has arrived, and when: one clock reading may serve
// a whole batch. The packet's bytes may be changed; they are the receiver's
// during the call only. It must not block: other sockets wait for it.
//
// A socket calls it from one goroutine at a time. A call that is under way when
// the socket is closed is not waited for.
type Receive func(now time.Time, packet []byte, from netip.AddrPort)

// Network opens UDP sockets. UDP is that of this machine; FromListen makes one
// of anything that has connections like net.UDPConn's.
type Network interface {
	// Open binds a socket. The error wraps syscall.EADDRINUSE when somebody else
	// has the port.
	Open(local netip.AddrPort, receive Receive) (Socket, error)
}

// Socket is an open UDP socket. Its methods may be called at any time, also from
// its Receive.
type Socket interface {
	// Send sends a packet. It does not block: what does not fit into the send
	// buffer is an error, and lost, as media should be.
	Send(packet []byte, to netip.AddrPort) error
	// Local is the bound address.
	Local() netip.AddrPort
	// Close frees the port. ErrClosed when it was closed before.
	Close() error
}
