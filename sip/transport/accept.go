package transport

import (
	"log/slog"
	"net"
	"net/netip"
)

// acceptor is a stream listener and the goroutine that accepts.
type acceptor struct {
	layer    *Layer
	flow     Flow         // Protocol and Local
	listener net.Listener // written by its goroutine with Layer.mu locked
}

func (l *Layer) openAcceptor(p Protocol, at netip.AddrPort) (*acceptor, error) {
	s, err := l.network.ListenTCP(at)
	if err != nil {
		return nil, err
	}
	at = netip.AddrPortFrom(at.Addr(), s.Addr().(*net.TCPAddr).AddrPort().Port())
	return &acceptor{layer: l, flow: Flow{Protocol: p, Local: at}, listener: s}, nil
}

func (a *acceptor) local() Flow    { return a.flow }
func (a *acceptor) enter(l *Layer) { l.streams[a.flow] = a }
func (a *acceptor) close()         { a.listener.Close() }

func (a *acceptor) run() {
	var failures backoff
	for {
		s, err := a.listener.Accept()
		if err == nil {
			failures = 0
			a.accept(s)
			continue
		}
		if !a.layer.survive(&failures, a.flow, err, a.reopen) {
			return
		}
	}
}

func (a *acceptor) reopen() error {
	a.listener.Close() // an error would say that it is closed
	s, err := a.layer.network.ListenTCP(a.flow.Local)
	if err != nil {
		return err
	}
	return a.layer.replace(func() { a.listener = s }, s.Close)
}

func (a *acceptor) accept(s net.Conn) {
	f := a.flow
	if at, ok := s.RemoteAddr().(*net.TCPAddr); ok {
		f.Remote = unmap(at.AddrPort())
	}
	c, err := a.layer.admit(f)
	if err != nil {
		s.Close()
		if a.layer.ctx.Err() == nil {
			a.layer.refuse(f, err)
		}
		return
	}
	if !a.layer.spawn(func() { c.begin(a.layer.ctx, s) }) {
		s.Close()
		a.layer.forget(c)
	}
}

// refuse counts a connection over the limit and logs the 1st, 2nd, 4th, 8th and so on:
// who floods the listener does not flood the log.
func (l *Layer) refuse(f Flow, err error) {
	if n := l.count.refused.Add(1); n&(n-1) == 0 {
		l.log.Warn("connection refused", slog.Any("flow", f), slog.Any("error", err), slog.Uint64("refused", n))
	}
}

// admit enters an incoming connection, within the limits.
func (l *Layer) admit(f Flow) (*conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	host := hostOf(f)
	switch {
	case l.closed:
		return nil, ErrClosed
	case len(l.conns) >= l.limits.Connections, l.perHost[host] >= l.limits.PerHost:
		return nil, ErrTooMany
	}
	l.perHost[host]++
	c := l.newConn(f)
	c.incoming = true
	return c, nil
}

// newConn enters a connection under the next number; the caller has locked.
func (l *Layer) newConn(f Flow) *conn {
	l.lastConn++
	f.Conn = l.lastConn
	c := &conn{layer: l, flow: f}
	l.conns[f.Conn] = c
	return c
}

// forget takes a connection out of the maps.
func (l *Layer) forget(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c.flow.Conn)
	if key := relationTo(c.flow.peer(), c.secure); l.dialled[key] == c {
		delete(l.dialled, key)
	}
	if !c.incoming {
		return
	}
	host := hostOf(c.flow)
	if l.perHost[host]--; l.perHost[host] == 0 {
		delete(l.perHost, host)
	}
}

// hostOf returns what one peer's connections are counted by: its IPv4 address, or its
// IPv6 network, of whose addresses it may have any number.
func hostOf(f Flow) netip.Addr {
	a := f.Remote.Addr().WithZone("")
	if p, err := a.Prefix(64); err == nil && a.Is6() {
		return p.Addr()
	}
	return a
}

// peer is the flow without its connection.
func (f Flow) peer() Flow {
	f.Conn = 0
	return f
}
