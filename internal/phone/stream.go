package phone

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
)

// Streams gives TCP the form of a packet connection: a packet is one message
// (RFC 3261 section 18.3) or a keep-alive between two, an address is the other end of
// a connection. Writing to an address without a connection makes one.
type Streams struct {
	listener net.Listener
	dial     func(remote netip.AddrPort) (net.Conn, error)
	inbox    chan streamed
	closed   chan struct{}
	readers  sync.WaitGroup
	// conns are the open connections, net.Conn by netip.AddrPort.
	conns sync.Map
}

type streamed struct {
	message []byte
	from    netip.AddrPort
}

// Dial connects from a local address to a remote one.
type Dial func(ctx context.Context, local, remote netip.AddrPort) (net.Conn, error)

// NewStreams accepts on a listener and dials from its address. Close ends both.
func NewStreams(listener net.Listener, dial Dial) *Streams {
	at, _ := netip.ParseAddrPort(listener.Addr().String())
	s := &Streams{
		listener: listener, inbox: make(chan streamed), closed: make(chan struct{}),
	}
	s.dial = func(remote netip.AddrPort) (net.Conn, error) {
		return dial(context.Background(), netip.AddrPortFrom(at.Addr(), 0), remote)
	}
	s.readers.Go(s.accept)
	return s
}

func (s *Streams) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.enter(c)
	}
}

// enter begins to read a connection. After Close it is closed at once.
func (s *Streams) enter(c net.Conn) {
	remote, _ := netip.ParseAddrPort(c.RemoteAddr().String())
	s.conns.Store(remote, c)
	s.readers.Go(func() { s.read(c, remote) })
	select {
	case <-s.closed:
		c.Close()
	default:
	}
}

func (s *Streams) read(c net.Conn, remote netip.AddrPort) {
	r := bufio.NewReader(c)
	for {
		m, err := readMessage(r)
		if err != nil {
			s.leave(c, remote)
			return
		}
		select {
		case s.inbox <- streamed{m, remote}:
		case <-s.closed:
			return
		}
	}
}

func (s *Streams) leave(c net.Conn, remote netip.AddrPort) {
	s.conns.CompareAndDelete(remote, c)
	c.Close()
}

// What keeps a connection alive (RFC 5626 section 3.5.1): "the double CRLF" asks, "a single
// CRLF" answers.
const (
	Ping = "\r\n\r\n"
	Pong = "\r\n"
)

// readMessage reads up to the end of a body, which Content-Length gives. Empty lines
// before a message (section 7.5) are a packet of their own, [Ping] or [Pong].
func readMessage(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadString('\n')
	if err == nil && isEmpty(line) {
		return readKeepAlive(r), nil
	}
	var b bytes.Buffer
	length := 0
	for ; err == nil && !isEmpty(line); line, err = r.ReadString('\n') {
		b.WriteString(line)
		if name, value, _ := strings.Cut(line, ":"); strings.EqualFold(long(strings.TrimSpace(name)), "Content-Length") {
			length, _ = strconv.Atoi(strings.TrimSpace(value))
		}
	}
	if err != nil {
		return nil, err
	}
	b.WriteString(line)
	_, err = io.CopyN(&b, r, int64(max(length, 0)))
	return b.Bytes(), err
}

func isEmpty(line string) bool { return strings.TrimRight(line, "\r\n") == "" }

// readKeepAlive is behind the first line of one: a second line that has come with it makes
// a ping of it.
func readKeepAlive(r *bufio.Reader) []byte {
	if next, _ := r.Peek(min(r.Buffered(), len(Pong))); string(next) == Pong {
		_, _ = r.Discard(len(Pong)) // it has just been looked at
		return []byte(Ping)
	}
	return []byte(Pong)
}

// ReadFromUDPAddrPort gives the next message of any connection.
func (s *Streams) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	select {
	case m := <-s.inbox:
		return copy(b, m.message), m.from, nil
	case <-s.closed:
		return 0, netip.AddrPort{}, net.ErrClosed
	}
}

// WriteToUDPAddrPort sends a message over the connection to an address.
func (s *Streams) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	c := s.conn(to)
	if c == nil {
		var err error
		if c, err = s.dial(to); err != nil {
			return 0, err
		}
		s.enter(c)
	}
	return c.Write(b)
}

func (s *Streams) conn(to netip.AddrPort) net.Conn {
	if c, ok := s.conns.Load(to); ok {
		return c.(net.Conn)
	}
	return nil
}

// Has tells whether there is a connection to an address.
func (s *Streams) Has(to netip.AddrPort) bool { return s.conn(to) != nil }

// LocalAddr is where it listens.
func (s *Streams) LocalAddr() net.Addr { return s.listener.Addr() }

// Hangup closes every connection and goes on listening, as a phone does whose
// network has gone and come back.
func (s *Streams) Hangup() {
	s.conns.Range(func(_, c any) bool {
		c.(net.Conn).Close()
		return true
	})
}

// Close ends everything and returns when nothing runs.
func (s *Streams) Close() error {
	close(s.closed)
	err := s.listener.Close()
	s.Hangup()
	s.readers.Wait()
	return err
}
