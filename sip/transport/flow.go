package transport

import (
	"fmt"
	"log/slog"
	"net/netip"
)

// Protocol is a transport protocol of SIP.
type Protocol uint8

const (
	// UDP is RFC 3261's datagram transport.
	UDP Protocol = 1 + iota
	// TCP is its stream transport.
	TCP
	// TLS is TLS over TCP, 1.2 or newer.
	TLS
)

// String returns the protocol as a Via header writes it: "UDP", "TCP", "TLS".
func (p Protocol) String() string {
	switch p {
	case UDP:
		return "UDP"
	case TCP:
		return "TCP"
	case TLS:
		return "TLS"
	}
	return fmt.Sprintf("Protocol(%d)", uint8(p))
}

// Reliable reports whether the protocol delivers everything or says that it cannot.
func (p Protocol) Reliable() bool { return p != UDP }

// Flow says how a peer is reached. Two flows are the same when they are equal (==), and
// a flow can be a map's key. A stream's flow ends with its connection, a UDP flow with
// its listener.
type Flow struct {
	Protocol Protocol
	Local    netip.AddrPort // the address that we listen on, also when we dialled
	Remote   netip.AddrPort // the peer's
	Conn     uint64         // which connection; 0 for UDP
}

// String returns the flow for logs, as "UDP 10.0.0.1:5060-10.0.0.2:5060" or
// "TCP 10.0.0.1:5060-10.0.0.2:49152#7".
func (f Flow) String() string {
	if f.Conn == 0 {
		return fmt.Sprintf("%v %v-%v", f.Protocol, f.Local, f.Remote)
	}
	return fmt.Sprintf("%v %v-%v#%d", f.Protocol, f.Local, f.Remote, f.Conn)
}

// LogValue returns what String does.
func (f Flow) LogValue() slog.Value { return slog.StringValue(f.String()) }

// Direction is which way a message goes.
type Direction uint8

const (
	// Received messages come from the peer.
	Received Direction = iota
	// Sent messages go to the peer.
	Sent
)

// String returns "received" or "sent".
func (d Direction) String() string {
	if d == Sent {
		return "sent"
	}
	return "received"
}

// unmap turns an IPv4 address that is written as IPv6 into what it is.
func unmap(at netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}
