package transport

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"
)

// conn is one stream connection: a goroutine that dials or was given it, reads it and
// says when it has ended, and a second one while there is something to write. Its lock
// is taken inside Layer.mu, never around it.
//
//	dialling ---> open ---> draining ---> ended
//	    |           |       no more Send    ^
//	    +-----------+-----------------------+
type conn struct {
	layer     *Layer
	flow      Flow
	incoming  bool
	secure    Secure        // for TLS that we dial
	keepAlive time.Duration // for what we dial
	framer    Framer
	known     bool // the owner has heard of the flow: it must hear of its end
	heard     bool // something has come

	mu     sync.Mutex // guards what follows
	state  connState
	hangUp func()        // ends dialling; nil for a connection that came in
	stream net.Conn      // nil while dialling
	cause  error         // why it was aborted
	out    []byte        // waits to be written
	spare  []byte        // the writer's other buffer
	writer chan struct{} // closed when the writer that runs has ended; nil: none runs
}

type connState uint8

const (
	dialling connState = iota
	open
	draining
	ended
)

const (
	readSize   = 4096
	keepBuffer = 4096          // bytes of write buffer that a quiet connection may keep
	lingerTime = time.Second   // for the peer to read our last answer
	lingerSize = 64 * readSize // of what it goes on sending
	pong       = "\r\n"        // RFC 5626 section 4.4.1
	ping       = "\r\n\r\n"
)

// serve reads the connection until it ends.
func (c *conn) serve(s net.Conn) {
	if !c.opened(s) {
		s.Close()
		c.finish(nil)
		return
	}
	c.framer = c.layer.cfg.NewFramer(c.flow)
	c.finish(c.read(s))
}

// opened lets the writer begin; false when the connection was aborted meanwhile.
func (c *conn) opened(s net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != dialling {
		return false
	}
	c.state, c.stream = open, s
	c.startWriter()
	return true
}

// read returns why nothing more is to be read.
func (c *conn) read(s net.Conn) error {
	buf := make([]byte, readSize)
	watch := c.vigil(time.Now())
	for {
		if err := s.SetReadDeadline(watch.wake()); err != nil {
			return err
		}
		n, err := s.Read(buf)
		if n > 0 {
			if broken := c.take(buf[:n], &watch); broken != nil {
				return broken
			}
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = c.passed(&watch)
		}
		if err != nil {
			return c.readError(err)
		}
	}
}

// take hands on what was read.
func (c *conn) take(data []byte, watch *vigil) error {
	if !c.heard {
		c.heard = true
		c.layer.reconcile(c)
	}
	c.framer.Push(data)
	whole, broken := c.frames(watch.asked() && string(data) == pong)
	watch.heard(time.Now(), whole)
	return broken
}

func (c *conn) vigil(now time.Time) vigil {
	if c.incoming {
		return incomingVigil(now, c.layer.limits)
	}
	return dialledVigil(now, c.layer.limits, c.keepAlive)
}

// passed does what is due after a silence.
func (c *conn) passed(watch *vigil) error {
	ask, err := watch.passed(time.Now())
	if ask {
		// Where a ping finds no room, messages wait that the peer may answer as well.
		_ = c.enqueue([]byte(ping))
	}
	return err
}

// readError names the end of a stream. Many who speak TLS go without the alert that
// should come before it; SIP's framing tells what is missing.
func (c *conn) readError(err error) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("peer closed the connection: %w", io.EOF)
	case c.heard:
		return err
	}
	return c.refused(err)
}

// frames hands on what the framer has. whole says that a message was among it; ponged
// that it got no more than the answer to a ping of ours, which behind the one before
// looks like a ping.
func (c *conn) frames(ponged bool) (whole bool, broken error) {
	for {
		switch f := c.framer.Next(); f.Kind {
		case Message:
			whole, c.known = true, true
			c.layer.receive(c.flow, f.Data)
		case Ping:
			if ponged {
				continue
			}
			// A ping is answered with a single CRLF, at once and over the same
			// connection: RFC 5626 section 4.4.1. If the pong finds no room, the
			// peer has not read for long and may know it.
			c.layer.count.keepAlives.Add(1)
			_ = c.enqueue([]byte(pong))
		case Broken:
			c.lastWord(f.Data)
			return whole, brokenError(f.Err)
		default:
			return whole, nil
		}
	}
}

func brokenError(err error) error {
	if err == nil {
		err = errors.New("no message can be found in it")
	}
	return fmt.Errorf("stream is beyond repair: %w", err)
}

// lastWord writes the answer to what broke the stream and gives the peer a moment to
// read it: closing with bytes unread would reset the connection and lose the answer.
func (c *conn) lastWord(answer []byte) {
	if len(answer) == 0 || c.enqueue(answer) != nil {
		return
	}
	c.layer.count.sent.Add(1)
	c.layer.trace(Sent, c.flow, answer)
	s, written := c.drain()
	if written == nil {
		return
	}
	<-written
	linger(s)
}

// linger ends our side of a stream and takes what the peer is still sending, for a
// moment.
func linger(s net.Conn) {
	half, ok := s.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil || s.SetReadDeadline(time.Now().Add(lingerTime)) != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, s, lingerSize)
}

// drain refuses further messages and returns what to wait for until the queue is
// written; the writer has its own time limit.
func (c *conn) drain() (net.Conn, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != open {
		return nil, nil
	}
	c.state = draining
	if c.writer == nil { // it has written everything already
		done := make(chan struct{})
		close(done)
		return c.stream, done
	}
	return c.stream, c.writer
}

// abort ends the connection from another goroutine than its own, which will notice.
func (c *conn) abort(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == ended {
		return
	}
	c.state, c.cause, c.out = ended, cause, nil
	if c.hangUp != nil {
		c.hangUp()
	}
	if c.stream != nil {
		c.hangUpStream()
	}
}

// hangUpStream is called locked. Nobody is kept waiting for what TLS still has to say.
func (c *conn) hangUpStream() {
	if e, ok := c.stream.(encrypted); ok {
		c.layer.running.Go(e.hangUp)
		return
	}
	c.stream.Close()
}

// live reports whether the connection takes messages.
func (c *conn) live() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state < draining
}

// finish is the connection's own goroutine's last act.
func (c *conn) finish(err error) {
	c.abort(err)
	c.layer.forget(c)
	cause := c.cause // nobody writes it any more
	c.layer.log.Debug("connection ended", slog.Any("flow", c.flow), slog.Any("error", cause))
	if c.known && c.layer.ctx.Err() == nil && c.layer.cfg.Closed != nil {
		c.layer.cfg.Closed(c.flow, cause)
	}
}

// enqueue copies a message to the queue, or refuses it.
func (c *conn) enqueue(data []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.state == draining || c.state == ended:
		return ErrGone
	case len(c.out)+len(data) > c.layer.limits.Queue:
		return ErrQueueFull
	}
	c.out = append(c.out, data...)
	if c.state == open {
		c.startWriter()
	}
	return nil
}

// startWriter is called locked.
func (c *conn) startWriter() {
	if c.writer != nil || len(c.out) == 0 {
		return
	}
	// Close waits for the writer too: as long as the state is not ended, this
	// connection's own goroutine counts, so that Close cannot be past its wait.
	done := make(chan struct{})
	c.writer = done
	c.layer.running.Go(func() { c.write(done) })
}

// write writes until the queue is empty.
func (c *conn) write(done chan struct{}) {
	defer close(done)
	for {
		batch, s := c.batch()
		if batch == nil {
			return
		}
		err := s.SetWriteDeadline(time.Now().Add(c.layer.limits.Write))
		if err == nil {
			_, err = s.Write(batch)
		}
		if err != nil {
			c.abort(fmt.Errorf("write: %w", err))
		}
	}
}

// batch takes all that waits, so that a burst is one write; nil ends the writer.
func (c *conn) batch() ([]byte, net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.out) == 0 || c.state == ended {
		c.writer = nil
		c.release()
		return nil, nil
	}
	c.out, c.spare = c.spare[:0], c.out
	return c.spare, c.stream
}

// release gives back what a burst has made the buffers grow to.
func (c *conn) release() {
	c.spare = nil
	if cap(c.out) > keepBuffer {
		c.out = nil
	}
}
