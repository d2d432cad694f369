package transport

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"
)

// Listen opens a listener and returns where it listens: port 0 is replaced by the one
// that was found, and 0.0.0.0 or :: by every address of that family that the machine
// has now. All are opened or, with an error, none.
func (l *Layer) Listen(p Protocol, at netip.AddrPort) ([]netip.AddrPort, error) {
	at = unmap(at)
	hosts, err := l.hosts(at.Addr())
	if err != nil {
		return nil, fmt.Errorf("listen on %v %v: %w", p, at, err)
	}
	var opened []listener
	for _, h := range hosts {
		o, err := l.open(p, netip.AddrPortFrom(h, at.Port()))
		if err != nil {
			closeAll(opened)
			return nil, fmt.Errorf("listen on %v %v: %w", p, at, err)
		}
		opened = append(opened, o)
	}
	return l.start(opened)
}

// listener is a datagrams or an acceptor.
type listener interface {
	local() Flow
	enter(*Layer) // into its map, locked
	run()
	close()
}

// hosts returns what an address to listen on stands for.
func (l *Layer) hosts(a netip.Addr) ([]netip.Addr, error) {
	if !a.IsValid() {
		return nil, fmt.Errorf("%w: no IP address", ErrAddress)
	}
	if !a.IsUnspecified() {
		return []netip.Addr{a}, nil
	}
	host, ok := l.network.(Host)
	if !ok {
		return nil, fmt.Errorf("%w: this network needs a host's address, not %v", ErrAddress, a)
	}
	all, err := host.Addresses()
	if err != nil {
		return nil, err
	}
	var ours []netip.Addr
	for _, h := range all {
		if h.Is4() == a.Is4() {
			ours = append(ours, h)
		}
	}
	if len(ours) == 0 {
		return nil, fmt.Errorf("%w: the machine has no address of the kind of %v", ErrAddress, a)
	}
	return ours, nil
}

func (l *Layer) open(p Protocol, at netip.AddrPort) (listener, error) {
	switch {
	case p == UDP:
		return l.openDatagrams(at)
	case p != TCP && p != TLS:
		return nil, ErrProtocol
	case l.cfg.NewFramer == nil:
		return nil, fmt.Errorf("%w: streams need Config.NewFramer", ErrProtocol)
	case p == TLS && l.own() == nil:
		return nil, fmt.Errorf("%w: a TLS listener must have one to show", ErrNoCertificate)
	}
	return l.openAcceptor(p, at)
}

func closeAll(ls []listener) {
	for _, o := range ls {
		o.close()
	}
}

// start takes opened listeners into the layer.
func (l *Layer) start(opened []listener) ([]netip.AddrPort, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		closeAll(opened)
		return nil, ErrClosed
	}
	var at []netip.AddrPort
	for _, o := range opened {
		f := o.local()
		l.locals = append(l.locals, f)
		o.enter(l)
		l.running.Go(o.run)
		l.log.Info("listening", slog.String("protocol", f.Protocol.String()), slog.Any("address", f.Local))
		at = append(at, f.Local)
	}
	return at, nil
}

// backoff counts failures in a row: the first is forgiven at once, as a single ICMP
// error deserves, and each further one doubles the pause.
type backoff int

const (
	firstPause  = 5 * time.Millisecond
	longPause   = time.Second
	reopenAfter = 5 // failures in a row, after which the socket is opened anew
)

func (b *backoff) next() time.Duration {
	*b++
	if *b == 1 {
		return 0
	}
	return min(longPause, firstPause<<min(*b-2, 10))
}

// survive is what a listener does about an error: it logs, pauses and, when the socket
// is closed or keeps failing, opens it anew. It reports false when Close has begun.
func (l *Layer) survive(b *backoff, f Flow, err error, reopen func() error) bool {
	if l.ctx.Err() != nil {
		return false
	}
	wait := b.next()
	l.log.Warn("listener failed", slog.String("protocol", f.Protocol.String()), slog.Any("address", f.Local),
		slog.Any("error", err), slog.Int("failures", int(*b)), slog.Duration("pause", wait))
	if !l.pause(wait) {
		return false
	}
	if *b < reopenAfter && !errors.Is(err, net.ErrClosed) {
		return true
	}
	if err := reopen(); err != nil {
		l.log.Warn("listener not opened again", slog.Any("address", f.Local), slog.Any("error", err))
		return true
	}
	l.count.restarts.Add(1)
	l.log.Info("listening again", slog.String("protocol", f.Protocol.String()), slog.Any("address", f.Local))
	return true
}

// replace puts a new socket in an old one's place, unless Close has begun.
func (l *Layer) replace(put func(), discard func() error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		discard()
		return ErrClosed
	}
	put()
	return nil
}
