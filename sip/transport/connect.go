package transport

import (
	"context"
	"fmt"
	"net/netip"
)

// Connect returns a flow to a peer: over UDP from one of our listeners, over a stream on
// the connection that this side has to it already or on a new one, whose dialling goes
// on while Connect returns. What is sent meanwhile waits; if the connection fails,
// Config.Closed says so. A connection by TLS is used again only with the same Secure.
//
// The listener is of the peer's address family. None that fits gives ErrNoListener, for
// streams too: without one the peer could not call back.
func (l *Layer) Connect(p Peer) (Flow, error) {
	p.Local, p.Remote = unmap(p.Local), unmap(p.Remote)
	f, err := l.connect(p)
	if err != nil {
		return Flow{}, fmt.Errorf("connect by %v to %v: %w", p.Protocol, p.Remote, err)
	}
	return f, nil
}

func (l *Layer) connect(p Peer) (Flow, error) {
	if !p.Remote.IsValid() || p.Remote.Port() == 0 || p.Remote.Addr().IsUnspecified() {
		return Flow{}, fmt.Errorf("%w: the peer needs an IP address and a port", ErrAddress)
	}
	if p.Protocol < UDP || p.Protocol > TLS {
		return Flow{}, ErrProtocol
	}
	at, err := l.pick(p.Protocol, p.Local, p.Remote.Addr())
	if err != nil {
		return Flow{}, err
	}
	f := Flow{Protocol: p.Protocol, Local: at, Remote: p.Remote}
	if p.Protocol == UDP {
		return f, nil
	}
	return l.stream(f, p)
}

// pick chooses the listener that a peer is spoken to from.
func (l *Layer) pick(p Protocol, local netip.AddrPort, remote netip.Addr) (netip.AddrPort, error) {
	fit := l.candidates(p, local, remote)
	if len(fit) == 0 {
		return netip.AddrPort{}, l.noListener(p, local)
	}
	router, ok := l.network.(Router)
	if len(fit) == 1 || !ok {
		return fit[0], nil
	}
	route, err := router.Route(remote)
	if err != nil {
		return netip.AddrPort{}, err
	}
	for _, at := range fit {
		if at.Addr() == route {
			return at, nil
		}
	}
	return fit[0], nil
}

func (l *Layer) candidates(p Protocol, local netip.AddrPort, remote netip.Addr) (fit []netip.AddrPort) {
	for _, at := range l.Locals(p) {
		switch {
		case at.Addr().Is4() != remote.Is4():
		case local.Addr().IsValid() && !local.Addr().IsUnspecified() && local.Addr() != at.Addr():
		case local.Port() != 0 && local.Port() != at.Port():
		default:
			fit = append(fit, at)
		}
	}
	return fit
}

func (l *Layer) noListener(p Protocol, local netip.AddrPort) error {
	if l.ctx.Err() != nil {
		return ErrClosed
	}
	if !local.IsValid() {
		return fmt.Errorf("%w for %v of the peer's address family", ErrNoListener, p)
	}
	return fmt.Errorf("%w for %v on %v of the peer's address family", ErrNoListener, p, local)
}

// stream returns the flow of the connection that was dialled to the peer, now or
// before.
func (l *Layer) stream(f Flow, p Peer) (Flow, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := relationTo(f, p.Secure)
	if c := l.dialled[key]; c != nil && c.live() {
		return c.flow, nil
	}
	switch {
	case l.closed:
		return Flow{}, ErrClosed
	case len(l.conns) >= l.limits.Connections:
		return Flow{}, ErrTooMany
	}
	c := l.newConn(f)
	c.secure, c.keepAlive, c.known = p.Secure, p.KeepAlive, true
	l.dialled[key] = c
	ctx, cancel := context.WithTimeout(l.ctx, l.limits.Dial)
	c.hangUp = cancel
	l.running.Go(func() { c.dial(ctx) })
	return c.flow, nil
}

// dial brings the connection about and serves it.
func (c *conn) dial(ctx context.Context) {
	s, err := c.layer.network.DialTCP(ctx, netip.AddrPortFrom(c.flow.Local.Addr(), 0), c.flow.Remote)
	if err != nil {
		c.finish(fmt.Errorf("connect: %w", err))
		return
	}
	c.begin(ctx, s)
}
