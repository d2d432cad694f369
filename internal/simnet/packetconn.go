package simnet

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	maxDatagram = 65507 // IPv4: 65535 - 20 - 8
	maxQueue    = 4096  // datagrams that a socket holds for its reader
)

// PacketConn is a UDP socket with the shape of *net.UDPConn.
type PacketConn struct {
	net      *Net
	local    netip.AddrPort
	addr     *net.UDPAddr
	ready    *sync.Cond
	queue    []Packet
	failures []error
	read     deadline
	closed   bool
}

// ListenUDP opens a socket on an address of a host; port 0 picks a free one. An
// address that is taken gives EADDRINUSE.
func (n *Net) ListenUDP(at netip.AddrPort) (*PacketConn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	taken := func(at netip.AddrPort) bool { return n.packets[at] != nil }
	at, err := n.bind("udp", at, taken)
	if err != nil {
		return nil, err
	}
	p := &PacketConn{net: n, local: at, addr: net.UDPAddrFromAddrPort(at), ready: sync.NewCond(&n.mu)}
	n.packets[at] = p
	return p, nil
}

// bind checks the address that somebody wants to listen on and completes its port.
func (n *Net) bind(network string, at netip.AddrPort, taken func(netip.AddrPort) bool) (netip.AddrPort, error) {
	at = plain(at)
	local := net.UDPAddrFromAddrPort(at)
	if err := checkHost(at); err != nil {
		return at, fail("listen", network, nil, local, err)
	}
	if n.closed {
		return at, fail("listen", network, nil, local, net.ErrClosed)
	}
	if at.Port() == 0 {
		if free, ok := n.freePort(at.Addr(), taken); ok {
			return free, nil
		}
		return at, fail("listen", network, nil, local, syscall.EADDRINUSE)
	}
	if taken(at) {
		return at, fail("listen", network, nil, local, syscall.EADDRINUSE)
	}
	return at, nil
}

// LocalAddr returns the socket's address, a *net.UDPAddr.
func (p *PacketConn) LocalAddr() net.Addr { return p.addr }

// ReadFromUDPAddrPort waits for the next datagram and copies it into b, cutting off
// what does not fit. It gives net.ErrClosed after Close and os.ErrDeadlineExceeded
// after the read deadline, both wrapped in a *net.OpError.
func (p *PacketConn) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	for {
		switch {
		case p.closed:
			return 0, netip.AddrPort{}, p.fail("read", net.ErrClosed)
		case len(p.failures) > 0:
			err := p.failures[0]
			p.failures = p.failures[1:]
			return 0, netip.AddrPort{}, p.fail("read", err)
		case p.read.passed():
			return 0, netip.AddrPort{}, p.fail("read", os.ErrDeadlineExceeded)
		case len(p.queue) > 0:
			next := p.queue[0]
			p.queue[0] = Packet{}
			p.queue = p.queue[1:]
			return copy(b, next.Data), next.From, nil
		}
		p.ready.Wait()
	}
}

// WriteToUDPAddrPort sends a datagram. As with UDP, no error means nothing about its
// arrival. More than 65507 bytes give EMSGSIZE.
func (p *PacketConn) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	to = plain(to)
	switch {
	case p.closed:
		return 0, p.fail("write", net.ErrClosed)
	case len(b) > maxDatagram:
		return 0, p.fail("write", syscall.EMSGSIZE)
	case to.Addr().Is4() != p.local.Addr().Is4():
		return 0, p.fail("write", syscall.EAFNOSUPPORT)
	}
	p.net.transmit(p.local, to, b)
	return len(b), nil
}

// SetReadDeadline sets when reads give up; the zero time means never.
func (p *PacketConn) SetReadDeadline(t time.Time) error {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	if p.closed {
		return p.fail("set", net.ErrClosed)
	}
	p.read.set(t, p.ready)
	return nil
}

// FailRead makes the next read fail once with this error, as an ICMP error or a
// network device that went away does.
func (p *PacketConn) FailRead(err error) {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	p.failures = append(p.failures, err)
	p.ready.Broadcast()
}

// Close ends the socket and every read that waits in it.
func (p *PacketConn) Close() error {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	if p.closed {
		return p.fail("close", net.ErrClosed)
	}
	p.close()
	return nil
}

func (p *PacketConn) close() {
	p.closed, p.queue = true, nil
	p.read.set(time.Time{}, p.ready)
	delete(p.net.packets, p.local)
	p.ready.Broadcast()
}

// push queues a datagram for the reader, unless the queue is full.
func (p *PacketConn) push(d Packet) bool {
	if len(p.queue) >= maxQueue {
		return false
	}
	p.queue = append(p.queue, d)
	p.ready.Broadcast()
	return true
}

func (p *PacketConn) fail(op string, err error) error { return fail(op, "udp", p.addr, nil, err) }

// deadline is when a wait gives up.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

func (d *deadline) passed() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

// set is called with the network locked; it wakes those who wait, now for them to see
// the change and again when the time has come.
func (d *deadline) set(at time.Time, waiting *sync.Cond) {
	if d.timer != nil {
		d.timer.Stop()
	}
	d.at, d.timer = at, nil
	if !at.IsZero() {
		d.timer = time.AfterFunc(time.Until(at), func() {
			waiting.L.Lock()
			defer waiting.L.Unlock()
			waiting.Broadcast()
		})
	}
	waiting.Broadcast()
}
