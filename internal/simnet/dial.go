package simnet

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"syscall"
)

// dial is one connection attempt: a SYN that travels to the remote host and an answer
// that travels back.
type dial struct {
	conn     *Conn
	answered chan error // holds one
	given    bool       // its caller has given up
}

// DialTCP connects from an address of a host, where port 0 picks a free port, to a
// listener. It takes a round trip. Nobody listening gives ECONNREFUSED, a partition or
// a full backlog no answer until ctx ends. The connection is a *[Conn].
func (n *Net) DialTCP(ctx context.Context, local, remote netip.AddrPort) (net.Conn, error) {
	d, err := n.startDial(plain(local), plain(remote))
	if err != nil {
		return nil, err
	}
	select {
	case err = <-d.answered:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		n.abandon(d)
		return nil, fail("dial", "tcp", d.conn.localAddr, d.conn.remoteAddr, err)
	}
	return d.conn, nil
}

func (n *Net) startDial(local, remote netip.AddrPort) (*dial, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	taken := func(at netip.AddrPort) bool { return n.listeners[at] != nil || n.conns[flow{at, remote}] != nil }
	if local.Port() != 0 {
		// A listener's port may be dialled from, as SO_REUSEPORT allows.
		taken = func(at netip.AddrPort) bool { return n.conns[flow{at, remote}] != nil }
	}
	local, err := n.bind("tcp", local, taken)
	if err != nil {
		return nil, err
	}
	if local.Addr().Is4() != remote.Addr().Is4() {
		return nil, fail("dial", "tcp", net.TCPAddrFromAddrPort(local), net.TCPAddrFromAddrPort(remote), syscall.EAFNOSUPPORT)
	}
	d := &dial{conn: n.newConn(local, remote), answered: make(chan error, 1)}
	d.conn.dial = d
	n.cross(d.conn.way(), func() { n.after(d.conn.flightTime(), func() { n.syn(d) }) })
	return d, nil
}

// syn is the arrival of the attempt at the remote host.
func (n *Net) syn(d *dial) {
	if d.given {
		return
	}
	l, c := n.listeners[d.conn.remote], d.conn
	if l == nil {
		n.answer(d, c.remote, syscall.ECONNREFUSED)
		return
	}
	if len(l.waiting) >= backlog {
		return
	}
	server := n.newConn(c.remote, c.local)
	c.peer, server.peer = server, c
	l.push(server)
	n.answer(d, server.local, nil)
}

// answer brings the result back to the caller.
func (n *Net) answer(d *dial, from netip.AddrPort, err error) {
	back := pair{from.Addr(), d.conn.local.Addr()}
	n.cross(back, func() {
		luck := n.draw(flow{from, d.conn.local})
		n.after(n.link(back.from, back.to).delay(luck.first), func() {
			if !d.given {
				d.conn.dial = nil
				d.answered <- err
			}
		})
	})
}

// abandon forgets an attempt that failed or that nobody waits for.
func (n *Net) abandon(d *dial) {
	n.mu.Lock()
	defer n.mu.Unlock()
	d.given = true
	d.conn.reset()
}

// newConn registers one end of a connection.
func (n *Net) newConn(local, remote netip.AddrPort) *Conn {
	c := &Conn{
		net: n, local: local, remote: remote, ready: sync.NewCond(&n.mu),
		localAddr: net.TCPAddrFromAddrPort(local), remoteAddr: net.TCPAddrFromAddrPort(remote),
	}
	n.conns[flow{local, remote}] = c
	return c
}
