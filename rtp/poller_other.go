//go:build !linux

package rtp

import (
	"net"
	"net/netip"
)

// UDP is the network of this machine: net.UDPConn with a goroutine for each
// socket. Linux has a better one.
type UDP struct{ Network }

// NewUDP starts the network.
func NewUDP() (*UDP, error) {
	return &UDP{FromListen(func(local netip.AddrPort) (*net.UDPConn, error) {
		return net.ListenUDP("udp", net.UDPAddrFromAddrPort(local))
	})}, nil
}

// Close ends the network. Sockets end with their own Close.
func (u *UDP) Close() error { return nil }
