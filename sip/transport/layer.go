package transport

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Layer holds the listeners and connections of one gateway. Its methods may be called
// from any goroutine, those that send also from Receive and Closed.
type Layer struct {
	cfg     Config
	network Network
	log     *slog.Logger
	limits  Limits

	ctx     context.Context // ends when Close begins
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu       sync.RWMutex // guards what follows
	closed   bool
	locals   []Flow // what we listen on, in the order of Listen; only Protocol and Local
	udp      map[netip.AddrPort]*datagrams
	streams  map[Flow]*acceptor // by an entry of locals
	conns    map[uint64]*conn
	dialled  map[relation]*conn
	perHost  map[netip.Addr]int
	lastConn uint64

	credentials Credentials
	server      *tls.Config // of the credentials
	grudges     map[grudge]struct{}

	count counters
}

type counters struct {
	received, sent, keepAlives, refused, handshakes, restarts atomic.Uint64
}

// New returns a layer that listens nowhere yet.
func New(cfg Config) *Layer {
	l := &Layer{
		cfg: cfg, network: cfg.Network, log: cfg.Log, limits: cfg.Limits.orDefault(),
		udp:     map[netip.AddrPort]*datagrams{},
		streams: map[Flow]*acceptor{},
		conns:   map[uint64]*conn{},
		dialled: map[relation]*conn{},
		perHost: map[netip.Addr]int{},
		grudges: map[grudge]struct{}{},
	}
	if l.network == nil {
		l.network = Machine{}
	}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	return l
}

// Stats counts what a layer does and holds.
type Stats struct {
	Received   uint64 // messages
	Sent       uint64 // messages that a socket or a queue has taken
	KeepAlives uint64 // blank datagrams and double CRLFs
	Refused    uint64 // connections over a limit
	Handshakes uint64 // of TLS that have failed, either way
	Restarts   uint64 // listeners that were opened anew

	Listeners   int // open now
	Connections int // open or being dialled now
	Hosts       int // addresses that have incoming connections now
}

// Stats returns the counters.
func (l *Layer) Stats() Stats {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return Stats{
		Received:    l.count.received.Load(),
		Sent:        l.count.sent.Load(),
		KeepAlives:  l.count.keepAlives.Load(),
		Refused:     l.count.refused.Load(),
		Handshakes:  l.count.handshakes.Load(),
		Restarts:    l.count.restarts.Load(),
		Listeners:   len(l.udp) + len(l.streams),
		Connections: len(l.conns),
		Hosts:       len(l.perHost),
	}
}

// Send sends one message over a flow and keeps no part of data. An error means that it
// was not taken: ErrGone, ErrQueueFull, ErrClosed, or for UDP the socket's error. No
// error means that UDP has it on its way, or that it waits in the stream's queue; what
// goes wrong there is told by Config.Closed.
func (l *Layer) Send(f Flow, data []byte) error {
	var err error
	if f.Protocol == UDP {
		err = l.sendDatagram(f, data)
	} else {
		err = l.sendStream(f, data)
	}
	if err != nil {
		return fmt.Errorf("send over %v: %w", f, err)
	}
	l.count.sent.Add(1)
	l.trace(Sent, f, data)
	return nil
}

func (l *Layer) sendStream(f Flow, data []byte) error {
	c, err := l.conn(f)
	if err != nil {
		return err
	}
	return c.enqueue(data)
}

// conn finds a stream flow's connection.
func (l *Layer) conn(f Flow) (*conn, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	switch c := l.conns[f.Conn]; {
	case c != nil && c.flow == f && c.live():
		return c, nil
	case l.closed:
		return nil, ErrClosed
	}
	return nil, ErrGone
}

// Alive reports whether Send over the flow could succeed now.
func (l *Layer) Alive(f Flow) bool {
	if f.Protocol != UDP {
		_, err := l.conn(f)
		return err == nil
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.udp[f.Local] != nil
}

// Drop ends a stream flow whose peer no longer answers. Closed is called with
// ErrDropped, later. On a flow that has ended, and on UDP, it does nothing.
func (l *Layer) Drop(f Flow) {
	if c, err := l.conn(f); err == nil {
		c.abort(ErrDropped)
	}
}

// Close ends all listeners and connections and returns when no callback runs any more
// and no goroutine is left. It must not be called from a callback.
func (l *Layer) Close() error {
	for _, end := range l.beginClose() {
		end()
	}
	l.running.Wait()
	return nil
}

func (l *Layer) beginClose() (ends []func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.cancel()
	for _, d := range l.udp {
		ends = append(ends, func() { d.socket.Close() })
	}
	for _, a := range l.streams {
		ends = append(ends, func() { a.listener.Close() })
	}
	for _, c := range l.conns {
		ends = append(ends, func() { c.abort(ErrClosed) })
	}
	clear(l.udp)
	clear(l.streams)
	l.locals = nil
	return ends
}

// spawn runs f in a goroutine that Close waits for, unless Close has begun.
func (l *Layer) spawn(f func()) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		return false
	}
	l.running.Go(f)
	return true
}

// pause waits and reports false when Close has begun.
func (l *Layer) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return l.ctx.Err() == nil
	case <-l.ctx.Done():
		return false
	}
}

// receive hands a message on.
func (l *Layer) receive(f Flow, data []byte) {
	l.count.received.Add(1)
	l.trace(Received, f, data)
	if l.cfg.Receive != nil {
		l.cfg.Receive(Inbound{Flow: f, Data: data})
	}
}

func (l *Layer) trace(d Direction, f Flow, data []byte) {
	if l.cfg.Trace != nil {
		l.cfg.Trace(d, f, data)
	}
}

// Locals returns the addresses that the layer listens on for a protocol, in the order
// of Listen.
func (l *Layer) Locals(p Protocol) []netip.AddrPort {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var at []netip.AddrPort
	for _, f := range l.locals {
		if f.Protocol == p {
			at = append(at, f.Local)
		}
	}
	return slices.Clip(at)
}
