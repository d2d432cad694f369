package rtp

import (
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// receiveBuffer is what a socket may hold back, in octets. The kernel doubles it
// and counts 768 for a packet of G.711, so it is some 3 s of audio: who falls
// behind further has nothing to gain from older packets, and a flood costs no
// more memory than that.
const receiveBuffer = 64 << 10

// bind opens a non-blocking UDP socket by system calls: net.UDPConn would bring
// its own place in Go's poller and 500 octets along.
func bind(local netip.AddrPort) (fd int, bound netip.AddrPort, err error) {
	local = unmapped(local)
	family := unix.AF_INET6
	if local.Addr().Is4() {
		family = unix.AF_INET
	}
	fd, err = unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, local, err
	}
	if err = prepare(fd, local); err == nil {
		bound, err = boundTo(fd)
	}
	if err != nil {
		unix.Close(fd)
	}
	return fd, bound, err
}

func prepare(fd int, local netip.AddrPort) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer); err != nil {
		return err
	}
	if local.Addr().Is4() {
		return unix.Bind(fd, &unix.SockaddrInet4{Port: int(local.Port()), Addr: local.Addr().As4()})
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1); err != nil {
		return err
	}
	return unix.Bind(fd, &unix.SockaddrInet6{Port: int(local.Port()), Addr: local.Addr().As16()})
}

func boundTo(fd int) (netip.AddrPort, error) {
	name, err := unix.Getsockname(fd)
	switch a := name.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)), err
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port)), err
	}
	return netip.AddrPort{}, err
}

// The three calls of the hot path do not block, and are made without telling Go's
// scheduler. Telling it costs some 50 ns each, and far more when the process was
// idle just before: its monitor thread is then woken, and looks every 20 µs for
// a while. With 100 calls on one core that alone doubles the CPU of a packet.

// poll asks an epoll set which sockets have packets, and does not wait for any.
func poll(set int, events []unix.EpollEvent) int {
	n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(set),
		uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
	if errno != 0 {
		return 0 // It does not fail: nothing to wait for is nothing to be interrupted in.
	}
	return int(n)
}

// inbound is where a poller receives: one buffer for all its sockets, as large
// as a datagram can be. Of its pages only those are touched that packets reach.
type inbound struct {
	from   unix.RawSockaddrInet6
	length uint32
	buffer [1 << 16]byte
}

// receive takes one packet off a socket; false when there is none.
func (in *inbound) receive(fd int) (packet []byte, from netip.AddrPort, ok bool) {
	in.length = uint32(unsafe.Sizeof(in.from))
	n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd),
		uintptr(unsafe.Pointer(&in.buffer[0])), uintptr(len(in.buffer)), 0,
		uintptr(unsafe.Pointer(&in.from)), uintptr(unsafe.Pointer(&in.length)))
	if errno != 0 {
		return nil, from, false
	}
	return in.buffer[:n], in.sender(), true
}

func (in *inbound) sender() netip.AddrPort {
	if in.from.Family == unix.AF_INET {
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(&in.from))
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), swapped(v4.Port))
	}
	return netip.AddrPortFrom(netip.AddrFrom16(in.from.Addr), swapped(in.from.Port))
}

// send sends one packet over a socket of the family that v4 says.
func send(fd int, packet []byte, to netip.AddrPort, v4 bool) error {
	var name unix.RawSockaddrInet6
	length := unsafe.Sizeof(name)
	switch {
	case !to.IsValid() || to.Addr().Unmap().Is4() != v4:
		return unix.EAFNOSUPPORT
	case v4:
		*(*unix.RawSockaddrInet4)(unsafe.Pointer(&name)) = unix.RawSockaddrInet4{
			Family: unix.AF_INET, Port: swapped(to.Port()), Addr: to.Addr().Unmap().As4(),
		}
		length = unsafe.Sizeof(unix.RawSockaddrInet4{})
	default:
		name.Family, name.Port, name.Addr = unix.AF_INET6, swapped(to.Port()), to.Addr().As16()
	}
	_, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(packet))), uintptr(len(packet)), 0,
		uintptr(unsafe.Pointer(&name)), length)
	if errno != 0 {
		return errno
	}
	return nil
}

// swapped brings a port into the order of octets of the wire, and back.
func swapped(port uint16) uint16 {
	b := (*[2]byte)(unsafe.Pointer(&port))
	return uint16(b[0])<<8 | uint16(b[1])
}
