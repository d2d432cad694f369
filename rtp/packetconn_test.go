package rtp

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// scriptedConn reads what a test gives it: packets and errors.
type scriptedConn struct {
	local  net.Addr
	reads  chan any
	wrote  []string
	closed chan struct{}
}

type textAddr string

func (a textAddr) Network() string { return "udp" }
func (a textAddr) String() string  { return string(a) }

func newScriptedConn(local net.Addr) *scriptedConn {
	return &scriptedConn{local: local, reads: make(chan any), closed: make(chan struct{})}
}

func (c *scriptedConn) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	select {
	case r := <-c.reads:
		if err, failed := r.(error); failed {
			return 0, netip.AddrPort{}, err
		}
		return copy(b, r.(string)), addr("[::ffff:192.0.2.1]:4000"), nil
	case <-c.closed:
		return 0, netip.AddrPort{}, net.ErrClosed
	}
}

func (c *scriptedConn) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	c.wrote = append(c.wrote, string(b)+" to "+to.String())
	return len(b), nil
}

func (c *scriptedConn) LocalAddr() net.Addr { return c.local }
func (c *scriptedConn) Close() error        { close(c.closed); return nil }

func openScripted(c *scriptedConn, receive Receive) (Socket, error) {
	return FromListen(func(netip.AddrPort) (*scriptedConn, error) { return c, nil }).Open(netip.AddrPort{}, receive)
}

func TestPacketConn(t *testing.T) {
	c := newScriptedConn(textAddr("10.0.0.1:20000"))
	came := make(chan string)
	s, err := openScripted(c, func(_ time.Time, packet []byte, from netip.AddrPort) {
		came <- string(packet) + " from " + from.String()
	})
	if err != nil {
		t.Fatal(err)
	}
	c.reads <- errors.New("an ICMP error of a packet sent earlier")
	c.reads <- "hello"
	if got := <-came; got != "hello from 192.0.2.1:4000" {
		t.Errorf("got %q", got)
	}
	if err := s.Send([]byte("x"), addr("192.0.2.1:4000")); err != nil || len(c.wrote) != 1 || c.wrote[0] != "x to 192.0.2.1:4000" {
		t.Errorf("wrote %q, %v", c.wrote, err)
	}
	if s.Local() != addr("10.0.0.1:20000") {
		t.Errorf("local %s", s.Local())
	}
	if err := errors.Join(s.Close()); err != nil {
		t.Error(err)
	}
}

func TestPacketConnThatOnlyFailsIsGivenUp(t *testing.T) {
	c := newScriptedConn(textAddr("10.0.0.1:20000"))
	s, err := openScripted(c, func(time.Time, []byte, netip.AddrPort) {})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range maxReadErrors {
		c.reads <- errors.New("broken")
	}
	select {
	case c.reads <- "nobody reads this":
		t.Error("still reading")
	default: // the goroutine has ended: the leak check of this package sees to it
	}
}

func TestPacketConnWithoutAnAddress(t *testing.T) {
	c := newScriptedConn(textAddr("somewhere"))
	if _, err := openScripted(c, nil); err == nil || !strings.Contains(err.Error(), "somewhere") {
		t.Errorf("%v", err)
	}
	select {
	case <-c.closed:
	default:
		t.Error("the connection was left open")
	}
}
