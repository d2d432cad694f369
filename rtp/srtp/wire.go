package srtp

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/pion/transport/v5/deadline"
)

// backlog is how many packets of a handshake wait; its longest flight has fewer. What
// comes beyond is lost, as on the network: it will be sent again.
const backlog = 32

// wire is the packet connection that the DTLS library reads and writes: a queue filled
// by Receive, and the caller's function. It has no goroutine.
type wire struct {
	arrived chan []byte
	closed  chan struct{}
	once    sync.Once
	send    func([]byte)
	reading *deadline.Deadline
}

func newWire(send func([]byte)) *wire {
	return &wire{arrived: make(chan []byte, backlog), closed: make(chan struct{}), send: send, reading: deadline.New()}
}

// elsewhere is the only address there is.
func elsewhere() net.Addr { return net.UDPAddrFromAddrPort(netip.AddrPort{}) }

// put queues a packet, which it keeps, or loses it.
func (w *wire) put(packet []byte) {
	select {
	case w.arrived <- packet:
	default:
	}
}

// ReadFrom implements net.PacketConn.
func (w *wire) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case <-w.closed:
		return 0, nil, net.ErrClosed
	case <-w.reading.Done():
		return 0, nil, os.ErrDeadlineExceeded
	case packet := <-w.arrived:
		return copy(b, packet), elsewhere(), nil
	}
}

// WriteTo implements net.PacketConn; it never waits.
func (w *wire) WriteTo(b []byte, _ net.Addr) (int, error) {
	select {
	case <-w.closed:
		return 0, net.ErrClosed
	default:
		w.send(b)
		return len(b), nil
	}
}

// Close implements net.PacketConn.
func (w *wire) Close() error {
	w.once.Do(func() { close(w.closed) })
	return nil
}

// LocalAddr implements net.PacketConn.
func (w *wire) LocalAddr() net.Addr { return elsewhere() }

// SetDeadline implements net.PacketConn.
func (w *wire) SetDeadline(t time.Time) error { return w.SetReadDeadline(t) }

// SetReadDeadline implements net.PacketConn.
func (w *wire) SetReadDeadline(t time.Time) error {
	w.reading.Set(t)
	return nil
}

// SetWriteDeadline implements net.PacketConn: writing never waits.
func (w *wire) SetWriteDeadline(time.Time) error { return nil }
