package transport

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/internal/simnet"
)

func TestDatagramGoesAndComesBackOverItsFlow(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		out := w.phone.connect(t, UDP, gatewayAt)
		w.phone.send(t, out, "REGISTER")
		w.gateway.wants(t, "REGISTER")
		w.phone.send(t, out, "REGISTER again")
		f := w.gateway.flow(t)
		if want := (Flow{Protocol: UDP, Local: gatewayAt, Remote: phoneAt}); f != want {
			t.Fatalf("came over %v, want %v", f, want)
		}
		w.gateway.send(t, f, "200")
		w.phone.wants(t, "200")
		if w.phone.traced[0] != "sent UDP 10.0.0.2:5060-10.0.0.1:5060 REGISTER" ||
			w.gateway.traced[0] != "received UDP 10.0.0.1:5060-10.0.0.2:5060 REGISTER" {
			t.Errorf("traced %q and %q", w.phone.traced, w.gateway.traced)
		}
	})
}

func TestDatagramOverIPv6(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		w.gateway.listen(t, UDP, gateway6)
		w.phone.listen(t, UDP, phone6)
		w.phone.send(t, w.phone.connect(t, UDP, gateway6), "OPTIONS")
		if f := w.gateway.flow(t); f.Local != gateway6 || f.Remote != phone6 {
			t.Errorf("came over %v", f)
		}
	})
}

// A response larger than 1300 bytes must go out all the same; only requests have an
// alternative, and that is not this package's to choose.
func TestLargeDatagrams(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		f := w.phone.connect(t, UDP, gatewayAt)
		for _, size := range []int{1301, 9000, 65507} {
			text := strings.Repeat("x", size)
			if err := w.phone.Send(f, []byte(text)); err != nil {
				t.Errorf("%d bytes: %v", size, err)
			}
			w.gateway.wants(t, text)
		}
		if err := w.phone.Send(f, make([]byte, 65508)); !errors.Is(err, syscall.EMSGSIZE) {
			t.Errorf("more than a datagram holds: %v", err)
		}
	})
}

func TestKeepAlivesAreSwallowed(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		f := w.phone.connect(t, UDP, gatewayAt)
		for _, data := range []string{"", "\r\n\r\n", "\r\n", "\x00", "\x00\x00\x00\x00", " "} {
			if err := w.phone.Send(f, []byte(data)); err != nil {
				t.Fatal(err)
			}
		}
		w.phone.send(t, f, "\r\nOPTIONS") // a message after blanks is one
		w.gateway.wants(t, "OPTIONS")
		if s := w.gateway.Stats(); s.KeepAlives != 6 || s.Received != 1 {
			t.Errorf("%+v", s)
		}
		w.phone.wants(t)
	})
}

func TestDatagramOrderIsTheWires(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		f, want := w.phone.connect(t, UDP, gatewayAt), []string{}
		for i := range 300 {
			want = append(want, fmt.Sprint("message ", i))
			w.phone.send(t, f, want[i])
		}
		w.gateway.wants(t, want...)
	})
}

// socket returns what the gateway listens on now.
func (w *world) socket() *simnet.PacketConn {
	w.net.mu.Lock()
	defer w.net.mu.Unlock()
	return w.net.udp[gatewayAt]
}

func TestUDPListenerOutlivesReadErrors(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		f := w.phone.connect(t, UDP, gatewayAt)
		first, start := w.socket(), time.Now()
		first.FailRead(syscall.ECONNREFUSED) // an ICMP error
		w.phone.send(t, f, "one")
		w.gateway.wants(t, "one")
		if d := time.Since(start); d != 0 {
			t.Errorf("a single error cost %v", d)
		}
		for range 4 {
			first.FailRead(syscall.ENETDOWN)
		}
		time.Sleep(time.Minute)
		w.phone.send(t, f, "two")
		w.gateway.wants(t, "two")
		if w.socket() != first {
			t.Error("a few errors made it open a new socket")
		}
	})
}

func TestUDPListenerIsOpenedAnew(t *testing.T) {
	for name, kill := range map[string]func(*simnet.PacketConn){
		"closed socket": func(p *simnet.PacketConn) { p.Close() },
		"errors without end": func(p *simnet.PacketConn) {
			for range 1000 {
				p.FailRead(syscall.ENETDOWN)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, Limits{}, func(t *testing.T, w *world) {
				f := w.phone.connect(t, UDP, gatewayAt)
				kill(w.socket())
				time.Sleep(time.Second)
				w.phone.send(t, f, "still there?")
				w.gateway.wants(t, "still there?")
				w.gateway.send(t, Flow{UDP, gatewayAt, phoneAt, 0}, "yes")
				w.phone.wants(t, "yes")
				if s := w.gateway.Stats(); s.Restarts != 1 || s.Listeners != 2 {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

// Somebody else takes the port while the socket is down: the listener goes on trying,
// once a second.
func TestUDPListenerWaitsForItsPort(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		w.socket().Close()
		thief, err := w.net.Net.ListenUDP(gatewayAt)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if err := w.gateway.Send(Flow{UDP, gatewayAt, phoneAt, 0}, []byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("send without a socket: %v", err)
		}
		thief.Close()
		time.Sleep(time.Second)
		w.phone.send(t, w.phone.connect(t, UDP, gatewayAt), "back?")
		w.gateway.wants(t, "back?")
	})
}

func TestCloseWhileTheListenerIsDown(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		w.socket().Close()
		thief, _ := w.net.Net.ListenUDP(gatewayAt)
		time.Sleep(10 * time.Second)
		w.gateway.shut(t)
		thief.Close()
	})
}

func TestBackoffNeverSpins(t *testing.T) {
	var b backoff
	var total time.Duration
	for i := range 1000 {
		d := b.next()
		total += d
		if i > 0 && d < firstPause || d > longPause {
			t.Fatalf("pause %d is %v", i, d)
		}
	}
	if total < 900*time.Second {
		t.Errorf("1000 failures took %v", total)
	}
}

func TestSendErrors(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		stray := Flow{Protocol: UDP, Local: trunkAt, Remote: phoneAt}
		if err := w.gateway.Send(stray, []byte("x")); !errors.Is(err, ErrGone) || !strings.Contains(err.Error(), "10.0.0.3:5060") {
			t.Errorf("over a flow of somebody else: %v", err)
		}
		if w.gateway.Alive(stray) || !w.gateway.Alive(Flow{UDP, gatewayAt, phoneAt, 0}) {
			t.Error("Alive is wrong about UDP")
		}
		w.gateway.Drop(Flow{UDP, gatewayAt, phoneAt, 0}) // nothing to drop
		w.gateway.shut(t)
		if err := w.gateway.Send(Flow{UDP, gatewayAt, phoneAt, 0}, nil); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestListenErrors(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		for _, tt := range []struct {
			p    Protocol
			at   netip.AddrPort
			want error
		}{
			{UDP, gatewayAt, syscall.EADDRINUSE},
			{TCP, gatewayAt, syscall.EADDRINUSE},
			{TLS, gatewayAt, ErrNoCertificate},
			{99, gatewayAt, ErrProtocol},
			{UDP, netip.AddrPort{}, ErrAddress},
			{UDP, netip.MustParseAddrPort("0.0.0.0:5060"), ErrAddress},
		} {
			if at, err := w.gateway.Listen(tt.p, tt.at); !errors.Is(err, tt.want) || at != nil {
				t.Errorf("%v %v: %v, %v", tt.p, tt.at, at, err)
			}
		}
		deaf := New(Config{Network: w.net})
		defer deaf.Close()
		if _, err := deaf.Listen(TCP, trunkAt); !errors.Is(err, ErrProtocol) {
			t.Errorf("TCP without a framer: %v", err)
		}
		w.gateway.shut(t)
		if _, err := w.gateway.Listen(UDP, gatewayAt); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

// hosted adds to the simulated network what a machine knows about itself.
type hosted struct {
	simulated
	route netip.Addr
	err   error
}

func (h hosted) Route(netip.Addr) (netip.Addr, error) { return h.route, h.err }

func (h hosted) Addresses() ([]netip.Addr, error) {
	return []netip.Addr{gatewayAt.Addr(), gateway6.Addr(), trunkAt.Addr()}, h.err
}

func TestListenOnEveryAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simulate(simnet.New(1))
		s := newSide(hosted{simulated: n}, Limits{})
		at, err := s.Listen(UDP, netip.MustParseAddrPort("0.0.0.0:5060"))
		if want := []netip.AddrPort{gatewayAt, trunkAt}; err != nil || !slices.Equal(at, want) {
			t.Errorf("IPv4: %v, %v", at, err)
		}
		at, err = s.Listen(TCP, netip.MustParseAddrPort("[::]:0"))
		if err != nil || len(at) != 1 || at[0].Addr() != gateway6.Addr() || at[0].Port() == 0 {
			t.Errorf("IPv6: %v, %v", at, err)
		}
		taken, _ := n.ListenTCP(trunkAt)
		if at, err := s.Listen(TCP, netip.MustParseAddrPort("0.0.0.0:5060")); !errors.Is(err, syscall.EADDRINUSE) || at != nil {
			t.Errorf("one address taken: %v, %v", at, err)
		}
		taken.Close()
		if l, err := n.ListenTCP(gatewayAt); err != nil {
			t.Errorf("the other address was not given back: %v", err)
		} else {
			l.Close()
		}
		s.shut(t)
		lost := errors.New("no interfaces")
		s = newSide(hosted{simulated: n, err: lost}, Limits{})
		if _, err := s.Listen(UDP, netip.MustParseAddrPort("0.0.0.0:0")); !errors.Is(err, lost) {
			t.Errorf("without interfaces: %v", err)
		}
		s.shut(t)
		n.Close()
	})
}

// A gateway with several addresses speaks to each peer from the one that the peer
// knows.
func TestConnectPicksTheListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simulate(simnet.New(1))
		second := netip.MustParseAddrPort("10.0.0.3:5070")
		any, peer, peer6 := netip.AddrPort{}, phoneAt, phone6
		s := newSide(hosted{simulated: n, route: trunkAt.Addr()}, Limits{})
		plain := newSide(n, Limits{})
		for _, at := range []netip.AddrPort{gatewayAt, trunkAt, second, gateway6} {
			s.listen(t, UDP, at)
		}
		for _, tt := range []struct {
			name   string
			local  netip.AddrPort
			remote netip.AddrPort
			want   netip.AddrPort
			err    error
		}{
			{"by the route", any, peer, trunkAt, nil},
			{"by family", any, peer6, gateway6, nil},
			{"by address", netip.MustParseAddrPort("10.0.0.1:0"), peer, gatewayAt, nil},
			{"by address and port", second, peer, second, nil},
			{"by port", netip.MustParseAddrPort("0.0.0.0:5070"), peer, second, nil},
			{"mapped address", netip.MustParseAddrPort("[::ffff:10.0.0.1]:5060"), peer, gatewayAt, nil},
			{"not ours", netip.MustParseAddrPort("10.9.9.9:0"), peer, any, ErrNoListener},
			{"wrong family", gateway6, peer, any, ErrNoListener},
			{"no peer", any, any, any, ErrAddress},
			{"no port", any, netip.MustParseAddrPort("10.0.0.2:0"), any, ErrAddress},
			{"unspecified peer", any, netip.MustParseAddrPort("0.0.0.0:5060"), any, ErrAddress},
		} {
			f, err := s.Connect(Peer{Protocol: UDP, Local: tt.local, Remote: tt.remote})
			if f.Local != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("%s: %v, %v", tt.name, f, err)
			}
		}
		if _, err := s.Connect(Peer{Protocol: TCP, Remote: peer}); !errors.Is(err, ErrNoListener) {
			t.Errorf("TCP without a listener: %v", err)
		}
		if _, err := s.Connect(Peer{Protocol: 99, Remote: peer}); !errors.Is(err, ErrProtocol) {
			t.Errorf("no such protocol: %v", err)
		}
		s.shut(t)
		if _, err := s.Connect(Peer{Protocol: UDP, Remote: peer}); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		for _, at := range []netip.AddrPort{gatewayAt, trunkAt} {
			plain.listen(t, UDP, at)
		}
		if f := plain.connect(t, UDP, peer); f.Local != gatewayAt {
			t.Errorf("without routes: %v", f)
		}
		plain.shut(t)
		lost := newSide(hosted{simulated: n, err: syscall.ENETUNREACH}, Limits{})
		lost.listen(t, UDP, gatewayAt)
		lost.listen(t, UDP, trunkAt)
		if _, err := lost.Connect(Peer{Protocol: UDP, Remote: peer}); !errors.Is(err, syscall.ENETUNREACH) {
			t.Errorf("no route: %v", err)
		}
		lost.shut(t)
		n.Close()
	})
}
