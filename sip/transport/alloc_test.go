package transport

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"
)

// wire is a socket without a network: what is put into it is read from it.
type wire struct {
	in     chan []byte
	from   netip.AddrPort
	closed chan struct{}
	wrote  int
}

func newWire() *wire {
	return &wire{in: make(chan []byte), from: phoneAt, closed: make(chan struct{})}
}

func (w *wire) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	select {
	case data := <-w.in:
		return copy(b, data), w.from, nil
	case <-w.closed:
		return 0, netip.AddrPort{}, net.ErrClosed
	}
}

func (w *wire) WriteToUDPAddrPort(b []byte, _ netip.AddrPort) (int, error) {
	w.wrote += len(b)
	return len(b), nil
}

func (w *wire) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(gatewayAt) }
func (w *wire) Close() error        { close(w.closed); return nil }

// wired is a network that has one such socket.
type wired struct {
	Network
	*wire
}

func (w wired) ListenUDP(netip.AddrPort) (PacketConn, error) { return w.wire, nil }

func TestDatagramPathDoesNotAllocate(t *testing.T) {
	w, done := newWire(), make(chan Flow)
	l := New(Config{Network: wired{wire: w}, Receive: func(m Inbound) { done <- m.Flow }})
	defer l.Close()
	if _, err := l.Listen(UDP, gatewayAt); err != nil {
		t.Fatal(err)
	}
	message := []byte("OPTIONS sip:10.0.0.1 SIP/2.0\r\n\r\n")
	n := testing.AllocsPerRun(1000, func() {
		w.in <- message
		if err := l.Send(<-done, message); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 || w.wrote != 1001*len(message) {
		t.Errorf("%v allocations for a datagram each way, %d bytes written", n, w.wrote)
	}
}

// pipe is a stream without a network.
type pipe struct {
	net.Conn
	in    chan []byte
	wrote chan int
}

func (p *pipe) Read(b []byte) (int, error) {
	data, ok := <-p.in
	if !ok {
		return 0, errors.New("end of test")
	}
	return copy(b, data), nil
}

func (p *pipe) Write(b []byte) (int, error)      { p.wrote <- len(b); return len(b), nil }
func (p *pipe) SetReadDeadline(time.Time) error  { return nil }
func (p *pipe) SetWriteDeadline(time.Time) error { return nil }
func (p *pipe) Close() error                     { return nil }

// A message over a stream costs its writer's start, no more.
func TestStreamPathAllocations(t *testing.T) {
	p, done := &pipe{in: make(chan []byte), wrote: make(chan int)}, make(chan Flow)
	l := New(Config{
		NewFramer: func(Flow) Framer { return &ring{} },
		Receive:   func(m Inbound) { done <- m.Flow },
	})
	c, err := l.admit(Flow{Protocol: TCP, Local: gatewayAt, Remote: phoneAt})
	if err != nil {
		t.Fatal(err)
	}
	l.spawn(func() { c.serve(p) })
	message := []byte("OPTIONS sip:10.0.0.1 SIP/2.0\r\n\r\n")
	n := testing.AllocsPerRun(1000, func() {
		p.in <- message
		if err := l.Send(<-done, message); err != nil {
			t.Fatal(err)
		}
		<-p.wrote
	})
	if n > 4 {
		t.Errorf("%v allocations for a message each way", n)
	}
	close(p.in)
	l.Close()
}

// ring is a framer that takes each push for a message and keeps its buffer.
type ring struct {
	buf   []byte
	whole bool
}

func (r *ring) Push(data []byte) { r.buf, r.whole = append(r.buf[:0], data...), true }

func (r *ring) Next() Frame {
	if !r.whole {
		return Frame{}
	}
	r.whole = false
	return Frame{Kind: Message, Data: r.buf}
}

func TestBlank(t *testing.T) {
	for data, want := range map[string]bool{"": true, "\r\n\r\n": true, "\x00": true, "\r\nx": false, "OPTIONS": false, "jaK": false} {
		if blank([]byte(data)) != want {
			t.Errorf("blank(%q) = %v", data, !want)
		}
	}
	if !blank(bytes.Repeat([]byte{0}, maxDatagram)) {
		t.Error("many NULs are not blank")
	}
}

func TestNames(t *testing.T) {
	f := Flow{Protocol: TCP, Local: gatewayAt, Remote: phoneAt, Conn: 7}
	for got, want := range map[string]string{
		f.String():            "TCP 10.0.0.1:5060-10.0.0.2:5060#7",
		f.peer().String():     "TCP 10.0.0.1:5060-10.0.0.2:5060",
		f.LogValue().String(): f.String(),
		TLS.String():          "TLS",
		UDP.String():          "UDP",
		Protocol(9).String():  "Protocol(9)",
		Received.String():     "received",
		Sent.String():         "sent",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if UDP.Reliable() || !TCP.Reliable() || !TLS.Reliable() {
		t.Error("Reliable is wrong")
	}
}
