package transport

import (
	"net"
	"syscall"
)

// forceReadBuffer goes beyond the limit that the system sets for its users
// (net.core.rmem_max), where this process may.
func forceReadBuffer(c *net.UDPConn, size int) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUFFORCE, size)
	})
}
