package simnet

import (
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// window is how many bytes an end may have written that the other has not read.
const window = 256 << 10

// Conn is one end of a stream; it is a net.Conn.
type Conn struct {
	net                   *Net
	local, remote         netip.AddrPort
	localAddr, remoteAddr *net.TCPAddr
	peer                  *Conn // nil until the handshake has reached it
	dial                  *dial // while the handshake runs
	ready                 *sync.Cond

	in          []byte    // arrived and unread
	unread      int       // written by this end and not read by the other
	arrival     time.Time // when the last that this end has sent arrives
	flying      int       // what has been sent and has not arrived
	read, write deadline

	ended  bool  // the other end has sent its last byte
	shut   bool  // this end has
	cut    bool  // nothing passes any more, and nobody knows
	broken error // the connection was reset
	closed bool
}

// LocalAddr returns this end's address, a *net.TCPAddr.
func (c *Conn) LocalAddr() net.Addr { return c.localAddr }

// RemoteAddr returns the other end's address, a *net.TCPAddr.
func (c *Conn) RemoteAddr() net.Addr { return c.remoteAddr }

// Read waits for bytes. It gives io.EOF after the other end's last, ECONNRESET after a
// reset, net.ErrClosed after Close.
func (c *Conn) Read(b []byte) (int, error) {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	for {
		switch {
		case c.closed:
			return 0, c.fail("read", net.ErrClosed)
		case c.broken != nil:
			return 0, c.fail("read", c.broken)
		case c.read.passed():
			return 0, c.fail("read", os.ErrDeadlineExceeded)
		case len(c.in) > 0 || len(b) == 0:
			return c.take(b), nil
		case c.ended:
			return 0, io.EOF
		}
		c.ready.Wait()
	}
}

// take moves bytes to the reader and opens the sender's window.
func (c *Conn) take(b []byte) int {
	k := copy(b, c.in)
	if c.in = c.in[k:]; len(c.in) == 0 {
		c.in = nil
	}
	c.peer.credit(k)
	return k
}

func (c *Conn) credit(k int) {
	c.unread -= k
	c.ready.Broadcast()
}

// Write sends bytes and waits while 256 KiB are unread at the other end. It gives
// ECONNRESET after a reset and EPIPE after CloseWrite.
func (c *Conn) Write(b []byte) (int, error) {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	written := 0
	for {
		switch {
		case written > 0 && written == len(b):
			return written, nil
		case c.closed:
			return written, c.fail("write", net.ErrClosed)
		case c.broken != nil:
			return written, c.fail("write", c.broken)
		case c.shut:
			return written, c.fail("write", syscall.EPIPE)
		case c.write.passed():
			return written, c.fail("write", os.ErrDeadlineExceeded)
		case len(b) == 0:
			return 0, nil
		case c.unread < window:
			part := b[written:min(len(b), written+window-c.unread)]
			written += len(part)
			c.sendData(part)
			continue
		}
		c.ready.Wait()
	}
}

func (c *Conn) sendData(b []byte) {
	p := c.net.packet(c.local, c.remote, b)
	p.Stream = true
	c.unread += len(b)
	if c.cut {
		c.net.report(p, Lost)
		return
	}
	c.send(c.net.judge(p).Delay, func() { c.peer.receive(p) })
}

// send lets something happen at the other end, after all that was sent before.
func (c *Conn) send(extra time.Duration, arrive func()) {
	c.net.cross(c.way(), func() {
		now := time.Now()
		at := now.Add(c.flightTime() + extra)
		if at.Before(c.arrival) {
			at = c.arrival
		}
		c.arrival = at
		if c.flying == 0 && !at.After(now) {
			c.land(arrive)
			return
		}
		c.flying++
		c.net.schedule.add(at, func() { c.flying--; c.land(arrive) }, c.net.wake)
	})
}

func (c *Conn) land(arrive func()) {
	if !c.cut {
		arrive()
	}
}

func (c *Conn) way() pair { return pair{c.local.Addr(), c.remote.Addr()} }

func (c *Conn) flightTime() time.Duration {
	luck := c.net.draw(flow{c.local, c.remote})
	return c.net.link(c.local.Addr(), c.remote.Addr()).delay(luck.first)
}

// receive is the arrival of bytes: "If the connection does not exist (CLOSED), then a
// reset is sent in response to any incoming segment" (RFC 9293 section 3.5.2).
func (c *Conn) receive(p Packet) {
	if c.closed || c.broken != nil {
		c.net.report(p, Unreachable)
		c.peer.credit(len(p.Data))
		c.send(0, func() { c.peer.abort(syscall.ECONNRESET) })
		return
	}
	p.Arrived = time.Now()
	c.net.report(p, Delivered)
	c.in = append(c.in, p.Data...)
	c.ready.Broadcast()
}

// CloseWrite sends the end of the stream; reading goes on.
func (c *Conn) CloseWrite() error {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	if c.closed {
		return c.fail("close", net.ErrClosed)
	}
	c.finish()
	return nil
}

func (c *Conn) finish() {
	if c.shut || c.broken != nil || c.peer == nil {
		return
	}
	c.shut = true
	c.send(0, func() {
		c.peer.ended = true
		c.peer.ready.Broadcast()
	})
}

// Close ends the stream: the other end reads what was written before and then io.EOF;
// if it goes on writing it is reset.
func (c *Conn) Close() error {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	if c.closed {
		return c.fail("close", net.ErrClosed)
	}
	c.finish()
	c.forget()
	return nil
}

// forget is what remains of Close when nothing is to be sent.
func (c *Conn) forget() {
	c.closed = true
	if len(c.in) > 0 {
		c.peer.credit(len(c.in))
		c.in = nil
	}
	c.read.set(time.Time{}, c.ready)
	c.write.set(time.Time{}, c.ready)
	delete(c.net.conns, flow{c.local, c.remote})
}

// Reset ends the stream at once, as a process that crashes or a full NAT table does:
// the other end gets ECONNRESET for whatever it does next.
func (c *Conn) Reset() {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	c.reset()
}

func (c *Conn) reset() {
	if c.closed {
		return
	}
	if peer := c.peer; peer != nil && c.broken == nil {
		c.send(0, func() { peer.abort(syscall.ECONNRESET) })
	}
	c.forget()
}

// Cut makes the connection half-open, as a cable that is pulled does: from now on
// nothing passes in either direction and neither end is told.
func (c *Conn) Cut() {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	c.cut = true
	if c.peer != nil {
		c.peer.cut = true
	}
}

// abort tells this end that the connection is gone, with its error.
func (c *Conn) abort(err error) {
	if c.closed || c.broken != nil {
		return
	}
	c.broken, c.in = err, nil
	if d := c.dial; d != nil {
		c.dial = nil
		d.answered <- err
	}
	c.ready.Broadcast()
}

// SetDeadline sets when reads and writes give up; the zero time means never.
func (c *Conn) SetDeadline(t time.Time) error {
	return c.setDeadlines(t, &c.read, &c.write)
}

// SetReadDeadline sets when reads give up.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.setDeadlines(t, &c.read) }

// SetWriteDeadline sets when writes give up.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.setDeadlines(t, &c.write) }

func (c *Conn) setDeadlines(t time.Time, which ...*deadline) error {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	if c.closed {
		return c.fail("set", net.ErrClosed)
	}
	for _, d := range which {
		d.set(t, c.ready)
	}
	return nil
}

func (c *Conn) fail(op string, err error) error {
	return fail(op, "tcp", c.localAddr, c.remoteAddr, err)
}

var _ net.Conn = (*Conn)(nil)
