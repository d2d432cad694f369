package simnet

import (
	"net"
	"net/netip"
	"sync"
)

const backlog = 128 // connections that wait to be accepted

// Listener is a TCP listener; it is a net.Listener.
type Listener struct {
	net      *Net
	local    netip.AddrPort
	addr     *net.TCPAddr
	ready    *sync.Cond
	waiting  []*Conn
	failures []error
	closed   bool
}

// ListenTCP listens for streams on an address of a host; port 0 picks a free one. The
// listener is a *[Listener].
func (n *Net) ListenTCP(at netip.AddrPort) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	taken := func(at netip.AddrPort) bool { return n.listeners[at] != nil }
	at, err := n.bind("tcp", at, taken)
	if err != nil {
		return nil, err
	}
	l := &Listener{net: n, local: at, addr: net.TCPAddrFromAddrPort(at), ready: sync.NewCond(&n.mu)}
	n.listeners[at] = l
	return l, nil
}

// Addr returns the listener's address, a *net.TCPAddr.
func (l *Listener) Addr() net.Addr { return l.addr }

// Accept waits for the next connection, a *[Conn]. After Close it gives net.ErrClosed.
func (l *Listener) Accept() (net.Conn, error) {
	l.net.mu.Lock()
	defer l.net.mu.Unlock()
	for {
		switch {
		case l.closed:
			return nil, l.fail("accept", net.ErrClosed)
		case len(l.failures) > 0:
			err := l.failures[0]
			l.failures = l.failures[1:]
			return nil, l.fail("accept", err)
		case len(l.waiting) > 0:
			c := l.waiting[0]
			l.waiting = l.waiting[1:]
			return c, nil
		}
		l.ready.Wait()
	}
}

// FailAccept makes the next Accept fail once with this error, as too many open files
// do.
func (l *Listener) FailAccept(err error) {
	l.net.mu.Lock()
	defer l.net.mu.Unlock()
	l.failures = append(l.failures, err)
	l.ready.Broadcast()
}

// Close ends the listener. Connections that nobody accepted are reset.
func (l *Listener) Close() error {
	l.net.mu.Lock()
	defer l.net.mu.Unlock()
	if l.closed {
		return l.fail("close", net.ErrClosed)
	}
	l.close()
	return nil
}

func (l *Listener) close() {
	l.closed = true
	delete(l.net.listeners, l.local)
	for _, c := range l.waiting {
		c.reset()
	}
	l.waiting = nil
	l.ready.Broadcast()
}

// push queues a connection for Accept, unless too many wait already.
func (l *Listener) push(c *Conn) bool {
	if len(l.waiting) >= backlog {
		return false
	}
	l.waiting = append(l.waiting, c)
	l.ready.Broadcast()
	return true
}

func (l *Listener) fail(op string, err error) error { return fail(op, "tcp", nil, l.addr, err) }

var _ net.Listener = (*Listener)(nil)
