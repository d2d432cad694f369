//go:build !linux

package transport

import "net"

// forceReadBuffer has no equivalent here.
func forceReadBuffer(*net.UDPConn, int) {}
