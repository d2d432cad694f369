package rtp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if runGenerator() {
		return
	}
	goleak.VerifyTestMain(m)
}

// networks are all there are here, over real sockets.
func networks(t *testing.T, test func(*testing.T, Network)) {
	t.Run("UDP", func(t *testing.T) { test(t, newUDP(t)) })
	t.Run("PacketConn", func(t *testing.T) { test(t, listenUDP()) })
}

func newUDP(t testing.TB) *UDP {
	t.Helper()
	u, err := NewUDP()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := u.Close(); err != nil {
			t.Error(err)
		}
	})
	return u
}

func listenUDP() Network {
	return FromListen(func(local netip.AddrPort) (*net.UDPConn, error) {
		return net.ListenUDP("udp", net.UDPAddrFromAddrPort(local))
	})
}

// mailbox is a socket whose packets can be waited for.
type mailbox struct {
	Socket
	t    testing.TB
	came chan string
}

func open(t testing.TB, n Network, local string) *mailbox {
	t.Helper()
	m := &mailbox{t: t, came: make(chan string, 1000)}
	s, err := n.Open(addr(local), func(now time.Time, packet []byte, from netip.AddrPort) {
		if age := time.Since(now); age < 0 || age > time.Minute {
			t.Errorf("a packet came at %v", now)
		}
		m.came <- fmt.Sprintf("%s from %s", packet, from)
	})
	if err != nil {
		t.Fatal(err)
	}
	m.Socket = s
	t.Cleanup(func() { s.Close() })
	return m
}

func (m *mailbox) want(packet string, from netip.AddrPort) {
	m.t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	select {
	case got := <-m.came:
		if want := fmt.Sprintf("%s from %s", packet, from); got != want {
			m.t.Errorf("got %q, want %q", got, want)
		}
	case <-ctx.Done():
		m.t.Errorf("%q did not come", packet)
	}
}

func TestSocketsExchangePackets(t *testing.T) {
	networks(t, func(t *testing.T, n Network) {
		for _, host := range []string{"127.0.0.1:0", "[::1]:0"} {
			a, b := open(t, n, host), open(t, n, host)
			for i := range 300 {
				text := fmt.Sprint("packet ", i)
				if err := a.Send([]byte(text), b.Local()); err != nil {
					t.Fatal(err)
				}
				b.want(text, a.Local())
			}
			if err := b.Send(nil, a.Local()); err != nil {
				t.Fatal(err)
			}
			a.want("", b.Local())
		}
	})
}

func TestManySocketsManyPackets(t *testing.T) {
	networks(t, func(t *testing.T, n Network) {
		boxes := make([]*mailbox, 200)
		for i := range boxes {
			boxes[i] = open(t, n, "127.0.0.1:0")
		}
		for range 3 { // more than one batch of events at once
			for i, b := range boxes {
				if err := boxes[(i+1)%len(boxes)].Send([]byte("x"), b.Local()); err != nil {
					t.Fatal(err)
				}
			}
		}
		for i, b := range boxes {
			for range 3 {
				b.want("x", boxes[(i+1)%len(boxes)].Local())
			}
		}
	})
}

func TestTakenPortIsKnown(t *testing.T) {
	networks(t, func(t *testing.T, n Network) {
		a := open(t, n, "127.0.0.1:0")
		if _, err := n.Open(a.Local(), nil); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("%v", err)
		}
	})
}

func TestClosedSocket(t *testing.T) {
	networks(t, func(t *testing.T, n Network) {
		a := open(t, n, "127.0.0.1:0")
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		if err := a.Close(); !errors.Is(err, ErrClosed) {
			t.Errorf("closed twice: %v", err)
		}
		if err := a.Send([]byte("x"), a.Local()); !errors.Is(err, ErrClosed) {
			t.Errorf("sent after Close: %v", err)
		}
		again := open(t, n, a.Local().String())
		again.Close()
	})
}

func TestCloseFromReceive(t *testing.T) {
	networks(t, func(t *testing.T, n Network) {
		closed := make(chan error, 1)
		var s atomic.Pointer[Socket]
		opened, err := n.Open(addr("127.0.0.1:0"), func(time.Time, []byte, netip.AddrPort) {
			closed <- (*s.Load()).Close()
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Store(&opened)
		if err := opened.Send([]byte("x"), opened.Local()); err != nil {
			t.Fatal(err)
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
}

func TestSendToAnotherFamilyFails(t *testing.T) {
	networks(t, func(t *testing.T, n Network) {
		a := open(t, n, "127.0.0.1:0")
		if err := a.Send([]byte("x"), addr("[::1]:9")); err == nil {
			t.Error("sent from IPv4 to IPv6")
		}
		if err := a.Send([]byte("x"), netip.AddrPort{}); err == nil {
			t.Error("sent to nowhere")
		}
	})
}

// TestNoSocketGetsAnothersPackets closes and opens sockets while packets fly to
// them: file numbers are given out again all the time, and no packet may come to
// or from a socket that it does not belong to.
func TestNoSocketGetsAnothersPackets(t *testing.T) {
	networks(t, func(t *testing.T, n Network) {
		var owners sync.WaitGroup
		for range 4 {
			owners.Go(func() { churn(t, n, 400) })
		}
		owners.Wait()
	})
}

// churn opens sockets that send to themselves, while others are sending too, and
// closes them with packets under way. A packet names the port that it left from.
func churn(t *testing.T, n Network, rounds int) {
	for range rounds {
		var local atomic.Pointer[netip.AddrPort]
		got := make(chan struct{}, 8)
		s, err := n.Open(addr("127.0.0.1:0"), func(_ time.Time, packet []byte, from netip.AddrPort) {
			own := local.Load() // nil for a late one to an earlier owner of the port
			if string(packet) != from.String() || own != nil && from != *own {
				t.Errorf("%q from %s", packet, from)
			}
			got <- struct{}{}
		})
		if err != nil {
			t.Error(err)
			return
		}
		at := s.Local()
		local.Store(&at)
		var sender sync.WaitGroup
		sender.Go(func() {
			for range 8 {
				if err := s.Send([]byte(at.String()), at); err != nil {
					return
				}
			}
		})
		<-got
		s.Close()
		sender.Wait()
	}
}

// TestSessionsOverRealSockets carries a call's packets both ways through both
// networks.
func TestSessionsOverRealSockets(t *testing.T) {
	networks(t, func(t *testing.T, n Network) {
		e, err := New(Config{Network: n, Address: loopback, First: 30000, Last: 39999})
		if err != nil {
			t.Fatal(err)
		}
		alice, bob := open(t, n, "127.0.0.1:0"), open(t, n, "127.0.0.1:0")
		a, b := sessionTo(t, e, alice.Local()), sessionTo(t, e, bob.Local())
		paths, err := Compile(Table{1: {{Source: 2}}, 2: {{Source: 1}}}, map[int]End{1: a, 2: b})
		if err != nil {
			t.Fatal(err)
		}
		paths.Swap()
		for i := range uint16(50) {
			there, back := rtpPacket(0, i, uint32(i)*160, 1, 'a'), rtpPacket(0, i, uint32(i)*160, 2, 'b')
			if err := errors.Join(alice.Send(there, a.LocalRTP()), bob.Send(back, b.LocalRTP())); err != nil {
				t.Fatal(err)
			}
			bob.want(string(there), b.LocalRTP())
			alice.want(string(back), a.LocalRTP())
		}
		if err := errors.Join(a.Close(), b.Close()); err != nil {
			t.Error(err)
		}
		if e.InUse() != 0 {
			t.Errorf("%d pairs in use", e.InUse())
		}
	})
}

func sessionTo(t testing.TB, e *Engine, remote netip.AddrPort) *Session {
	t.Helper()
	s, err := e.Open(netip.Addr{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	err = s.SetRemote(Remote{RTP: remote, Direction: SendRecv,
		Send: []Payload{{Number: 0, Codec: pcmu}, {Number: 101, Codec: events}}, Receive: []Payload{{Number: 0, Codec: pcmu}, {Number: 101, Codec: events}}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestConcurrentUse lets everything happen at once; the race detector judges.
func TestConcurrentUse(t *testing.T) {
	n := newUDP(t)
	e, err := New(Config{Network: n, Address: loopback, First: 30000, Last: 39999})
	if err != nil {
		t.Fatal(err)
	}
	alice, bob := open(t, n, "127.0.0.1:0"), open(t, n, "127.0.0.1:0")
	alice.came, bob.came = make(chan string, 20000), make(chan string, 20000)
	a, b := sessionTo(t, e, alice.Local()), sessionTo(t, e, bob.Local())
	ends := map[int]End{1: a, 2: b}
	var all sync.WaitGroup
	talk := func(m *mailbox, to netip.AddrPort, ssrc uint32) {
		for i := range uint16(1000) {
			if err := m.Send(rtpPacket(0, i, uint32(i), ssrc), to); err != nil {
				t.Error(err)
			}
		}
	}
	all.Go(func() { talk(alice, a.LocalRTP(), 1) })
	all.Go(func() { talk(bob, b.LocalRTP(), 2) })
	all.Go(func() {
		for i := range 200 {
			table := []Table{{1: {{Source: 2}}, 2: {{Source: 1}}}, {1: {{Source: 1}}}, {}}[i%3]
			paths, err := Compile(table, ends)
			if err != nil {
				t.Error(err)
				return
			}
			paths.Swap()
			_ = a.SetRemote(Remote{RTP: alice.Local(), Direction: Direction(i % 4), Send: []Payload{{Number: 0, Codec: pcmu}}, Receive: []Payload{{Number: 0, Codec: pcmu}}})
			_, _ = a.Stats(), b.LastReceived()
		}
	})
	all.Wait()
	a.Close()
	b.Close()
}
