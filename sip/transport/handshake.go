package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
)

// begin makes what was dialled or accepted ready for messages, and serves it. It runs
// on the connection's own goroutine, so a peer that is slow with its handshake holds up
// nobody else.
func (c *conn) begin(ctx context.Context, s net.Conn) {
	if c.flow.Protocol == TLS {
		var err error
		if s, err = c.shakeHands(ctx, s); err != nil {
			c.finish(err)
			return
		}
	}
	c.serve(s)
}

// shakeHands brings TLS about over a stream, which it closes when it cannot.
func (c *conn) shakeHands(ctx context.Context, s net.Conn) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.layer.limits.Handshake)
	defer cancel()
	under := newPaced(s, c.layer.limits.Write)
	t := c.overTLS(under)
	if err := t.HandshakeContext(ctx); err != nil {
		if c.incoming {
			linger(s) // until the alert that says why has got there
		}
		s.Close()
		err = fmt.Errorf("%w: %w", ErrHandshake, handshakeError(err))
		c.layer.complain(c, err)
		return nil, err
	}
	return encrypted{t, under}, nil
}

// refused tells a handshake that the peer has not accepted from other ends: by TLS 1.3
// our side of it is done before the peer has seen our certificate.
func (c *conn) refused(err error) error {
	var op *net.OpError
	if c.flow.Protocol != TLS || !errors.As(err, &op) || op.Op != "remote error" {
		return err
	}
	err = fmt.Errorf("%w: %w", ErrHandshake, err)
	c.layer.complain(c, err)
	return err
}

func (c *conn) overTLS(s net.Conn) *tls.Conn {
	if !c.incoming {
		return tls.Client(s, c.layer.clientConfig(c.secure, c.flow.Remote.Addr()))
	}
	c.layer.mu.RLock()
	defer c.layer.mu.RUnlock()
	return tls.Server(s, c.layer.server)
}

// handshakeError says what crypto/tls leaves to the reader.
func handshakeError(err error) error {
	var header tls.RecordHeaderError
	switch {
	case errors.As(err, &header):
		return fmt.Errorf("the peer does not speak TLS here (%w)", err)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("the peer has not finished it in time (%w)", err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the peer has closed the connection (%w)", io.EOF)
	}
	return err
}

// grudge is a peer with whom TLS has failed.
type grudge struct {
	host     netip.Addr
	name     string
	incoming bool
}

// maxGrudges bounds how many are remembered. Who comes after them begins a new list,
// so that each may be told of once more.
const maxGrudges = 1000

func (c *conn) grudge() grudge {
	return grudge{host: hostOf(c.flow), name: c.secure.Name, incoming: c.incoming}
}

// complain logs that a handshake has failed, for each peer until it has succeeded once:
// who scans ports does not flood the log.
func (l *Layer) complain(c *conn, err error) {
	if l.ctx.Err() != nil {
		return
	}
	level := slog.LevelWarn
	if !l.resent(c.grudge()) {
		level = slog.LevelDebug
	}
	l.count.handshakes.Add(1)
	l.log.Log(l.ctx, level, "TLS failed", slog.Any("flow", c.flow), c.secure.attr(), slog.Any("error", err))
}

// resent remembers a peer and says whether it is new.
func (l *Layer) resent(g grudge) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.grudges[g]; known {
		return false
	}
	if len(l.grudges) >= maxGrudges {
		clear(l.grudges)
	}
	l.grudges[g] = struct{}{}
	return true
}

// reconcile logs that something has come from a peer with whom TLS failed before.
func (l *Layer) reconcile(c *conn) {
	if c.flow.Protocol != TLS {
		return
	}
	g := c.grudge()
	l.mu.RLock()
	_, known := l.grudges[g]
	l.mu.RUnlock()
	if !known {
		return
	}
	l.mu.Lock()
	delete(l.grudges, g)
	l.mu.Unlock()
	l.log.Info("TLS works again", slog.Any("flow", c.flow), c.secure.attr())
}

// attr is the name that the log gives a peer; none for one that has come to us.
func (s Secure) attr() slog.Attr {
	if s.Name == "" {
		return slog.Attr{}
	}
	return slog.String("name", s.Name)
}
