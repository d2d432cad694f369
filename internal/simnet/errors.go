package simnet

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
)

// fail makes the error that package net gives for the same mishap.
func fail(op, network string, local, remote net.Addr, err error) error {
	if no, ok := err.(syscall.Errno); ok {
		err = os.NewSyscallError(op, no)
	}
	return &net.OpError{Op: op, Net: network, Source: local, Addr: remote, Err: err}
}

// checkHost refuses what cannot be a host's own address.
func checkHost(at netip.AddrPort) error {
	if !at.Addr().IsValid() || at.Addr().IsUnspecified() {
		return fmt.Errorf("address %v is no host's own: name the host to bind to", at.Addr())
	}
	return nil
}
