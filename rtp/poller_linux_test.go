package rtp

import (
	"errors"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestClosedNetwork(t *testing.T) {
	u, err := NewUDP()
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, u, "127.0.0.1:0")
	if err := u.Close(); err != nil {
		t.Fatal(err)
	}
	if err := u.Close(); err == nil {
		t.Error("closed twice")
	}
	if _, err := u.Open(addr("127.0.0.1:0"), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("opened after Close: %v", err)
	}
	if err := s.Send([]byte("x"), s.Local()); err != nil {
		t.Errorf("a socket that is open can no longer send: %v", err)
	}
	if len(s.came) != 0 {
		t.Error("received after Close")
	}
}

// TestOldEventsAreNobodys: an event that is older than the socket with its
// number, or that has none any more, reads nothing.
func TestOldEventsAreNobodys(t *testing.T) {
	u := newUDP(t)
	s := open(t, u, "127.0.0.1:0")
	raw := s.Socket.(*udpSocket)
	p := &poller{sockets: &u.sockets}
	calls := 0
	raw.receive = func(time.Time, []byte, netip.AddrPort) { calls++ }
	event := unix.EpollEvent{Fd: int32(raw.fd), Pad: raw.generation}
	for _, old := range []unix.EpollEvent{
		{Fd: event.Fd, Pad: event.Pad - 1},
		{Fd: event.Fd + 5000, Pad: event.Pad},
		{Fd: -1, Pad: event.Pad},
		event, // the right one, but there is no packet
	} {
		p.read(start, &old)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	p.read(start, &event)
	if calls != 0 {
		t.Errorf("%d packets", calls)
	}
	if u.sockets.at(raw.fd) == raw {
		t.Error("a closed socket is still known")
	}
}

// TestNumberIsFreedByTheLastUser: Close does not pull a number away from
// somebody who is just using it.
func TestNumberIsFreedByTheLastUser(t *testing.T) {
	u := newUDP(t)
	s := open(t, u, "127.0.0.1:0")
	raw := s.Socket.(*udpSocket)
	if !raw.hold() {
		t.Fatal("cannot be held")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if raw.hold() {
		t.Error("held after Close")
	}
	if _, err := unix.Getsockname(raw.fd); err != nil || u.sockets.at(raw.fd) != raw {
		t.Errorf("the number was freed while in use: %v", err)
	}
	raw.release()
	if u.sockets.at(raw.fd) != nil {
		t.Error("the number was not freed")
	}
}

func TestSocketTable(t *testing.T) {
	var table socketTable
	for _, fd := range []int{0, 255, 256, 65535, 1<<20 - 1} {
		s := &udpSocket{fd: fd}
		if table.at(fd) != nil {
			t.Errorf("%d is taken", fd)
		}
		if err := table.set(fd, s); err != nil || table.at(fd) != s {
			t.Errorf("%d: %v", fd, err)
		}
		table.clear(fd)
		if table.at(fd) != nil {
			t.Errorf("%d was not cleared", fd)
		}
	}
	if err := table.set(1<<20, &udpSocket{}); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("%v", err)
	}
}

func TestReceiveBufferIsBounded(t *testing.T) {
	s := open(t, newUDP(t), "127.0.0.1:0")
	size, err := unix.GetsockoptInt(s.Socket.(*udpSocket).fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
	if err != nil || size != 2*receiveBuffer {
		t.Errorf("%d octets, %v", size, err)
	}
}

func TestLargestDatagramArrives(t *testing.T) {
	u := newUDP(t)
	a, b := open(t, u, "127.0.0.1:0"), open(t, u, "127.0.0.1:0")
	large := make([]byte, 60000) // 65507 needs more than the receive buffer's half
	for i := range large {
		large[i] = 'a' + byte(i%26)
	}
	if err := a.Send(large, b.Local()); err != nil {
		t.Fatal(err)
	}
	b.want(string(large), a.Local())
}

func TestAddressThatIsNotOurs(t *testing.T) {
	if _, err := newUDP(t).Open(addr("192.0.2.1:4000"), nil); !errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Errorf("%v", err)
	}
}
