package phone

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"
)

// PacketConn is the part of *net.UDPConn that a party needs; simulated networks
// have it too.
type PacketConn interface {
	ReadFromUDPAddrPort(b []byte) (n int, from netip.AddrPort, err error)
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
	LocalAddr() net.Addr
	Close() error
}

// Clock is a value that wants to be called at a time: zero means never.
type Clock interface {
	Next() time.Time
	Tick(now time.Time)
}

// Pump makes one goroutine the loop of any number of parties: what they own is
// touched by nobody else, so nothing of it needs a lock. Only the readers of its
// sockets run beside it; Close ends them.
type Pump struct {
	inbox   chan packet
	clocks  []Clock
	conns   []PacketConn
	readers sync.WaitGroup
	closed  chan struct{}
}

type packet struct {
	data    []byte
	from    netip.AddrPort
	receive func(now time.Time, data []byte, from netip.AddrPort)
}

// NewPump is a pump without parties.
func NewPump() *Pump {
	return &Pump{inbox: make(chan packet, 256), closed: make(chan struct{})}
}

// Open hands what comes in on a socket to receive, on the goroutine of Run, in
// the order of its arrival.
func (p *Pump) Open(conn PacketConn, receive func(now time.Time, data []byte, from netip.AddrPort)) {
	p.conns = append(p.conns, conn)
	p.readers.Go(func() { p.read(conn, receive) })
}

func (p *Pump) read(conn PacketConn, receive func(time.Time, []byte, netip.AddrPort)) {
	buffer := make([]byte, 65536)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		data := append([]byte(nil), buffer[:n]...)
		select {
		case p.inbox <- packet{data, from, receive}:
		case <-p.closed:
			return
		}
	}
}

// Add gives a clock its turns; adding one twice is adding it once.
func (p *Pump) Add(c Clock) {
	p.Remove(c)
	p.clocks = append(p.clocks, c)
}

// Remove takes them away.
func (p *Pump) Remove(c Clock) {
	for i, have := range p.clocks {
		if have == c {
			p.clocks = append(p.clocks[:i:i], p.clocks[i+1:]...)
			return
		}
	}
}

// Run turns until done says so (asked first, and after each event), until the
// time is reached (zero: no limit) or the context ends; it tells whether done
// said so.
func (p *Pump) Run(ctx context.Context, until time.Time, done func() bool) bool {
	for !done() {
		now := time.Now()
		if ctx.Err() != nil || (!until.IsZero() && !now.Before(until)) {
			return false
		}
		if !p.tick(now) {
			p.wait(ctx, until)
		}
	}
	return true
}

// tick gives every clock that is due its turn and tells whether there was one.
func (p *Pump) tick(now time.Time) bool {
	due := false
	for _, c := range p.clocks {
		if next := c.Next(); !next.IsZero() && !next.After(now) {
			c.Tick(now)
			due = true
		}
	}
	return due
}

func (p *Pump) wait(ctx context.Context, until time.Time) {
	for _, c := range p.clocks {
		if next := c.Next(); !next.IsZero() && (until.IsZero() || next.Before(until)) {
			until = next
		}
	}
	var timer <-chan time.Time
	if !until.IsZero() {
		t := time.NewTimer(time.Until(until))
		defer t.Stop()
		timer = t.C
	}
	select {
	case in := <-p.inbox:
		in.receive(time.Now(), in.data, in.from)
	case <-timer:
	case <-ctx.Done():
	}
}

// Shut closes one socket that was opened here.
func (p *Pump) Shut(conn PacketConn) {
	for i, have := range p.conns {
		if have == conn {
			p.conns = append(p.conns[:i:i], p.conns[i+1:]...)
			break
		}
	}
	conn.Close()
}

// Close closes every socket and returns when their readers have ended.
func (p *Pump) Close() {
	close(p.closed)
	for _, c := range p.conns {
		c.Close()
	}
	p.readers.Wait()
}
