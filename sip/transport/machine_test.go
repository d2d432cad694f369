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
	"time"

	"go.uber.org/goleak"
)

var (
	anyPort  = netip.MustParseAddrPort("127.0.0.1:0")
	anyPort6 = netip.MustParseAddrPort("[::1]:0")
)

// real is a layer on the machine's loopback whose callbacks write to channels.
type real struct {
	*Layer
	in    chan Inbound
	ended chan error
}

func newReal(t *testing.T) *real {
	r := &real{in: make(chan Inbound, 100), ended: make(chan error, 100)}
	r.Layer = New(Config{
		NewFramer: func(Flow) Framer { return &lines{} },
		Receive: func(m Inbound) {
			m.Data = slices.Clone(m.Data)
			r.in <- m
		},
		Closed: func(_ Flow, err error) { r.ended <- err },
	})
	t.Cleanup(func() { r.Close() })
	return r
}

// next returns the next value, within a time that only a broken machine needs.
func next[T any](t *testing.T, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(time.Minute):
		t.Fatal("nothing came")
	}
	return v
}

func (r *real) on(t *testing.T, p Protocol) netip.AddrPort { return r.onAddress(t, p, anyPort) }

// has says whether the machine has an address.
func has(a netip.Addr) bool {
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, 0)))
	if err == nil {
		c.Close()
	}
	return err == nil
}

func (r *real) onAddress(t *testing.T, p Protocol, where netip.AddrPort) netip.AddrPort {
	t.Helper()
	at, err := r.Listen(p, where)
	if err != nil {
		t.Fatal(err)
	}
	return at[0]
}

func (r *real) say(t *testing.T, f Flow, text string) {
	t.Helper()
	if err := r.Send(f, []byte(text+"\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
}

func TestOnTheMachine(t *testing.T) {
	defer goleak.VerifyNone(t)
	root, believed := newAuthority(t, "root")
	for _, tt := range []struct {
		p  Protocol
		at netip.AddrPort
	}{{UDP, anyPort}, {TCP, anyPort}, {TLS, anyPort}, {UDP, anyPort6}, {TCP, anyPort6}, {TLS, anyPort6}} {
		t.Run(fmt.Sprint(tt.p, tt.at.Addr()), func(t *testing.T) {
			p := tt.p
			if !has(tt.at.Addr()) {
				t.Skipf("the machine has no %v: switch IPv6 on", tt.at.Addr())
			}
			a, b := newReal(t), newReal(t)
			a.Certify(Credentials{Certificate: issue(t, root, "a.test")})
			b.Certify(Credentials{Certificate: issue(t, root, tt.at.Addr().String()), Clients: believed})
			a.onAddress(t, p, tt.at)
			at := b.onAddress(t, p, tt.at)
			out, err := a.Connect(Peer{Protocol: p, Remote: at, Secure: Secure{Authorities: believed}, KeepAlive: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			large := strings.Repeat("x", 20000)
			a.say(t, out, "hello")
			a.say(t, out, large)
			m := next(t, b.in)
			if string(m.Data) != "hello\r\n\r\n" || m.Flow.Local != at {
				t.Fatalf("received %q over %v", m.Data, m.Flow)
			}
			if m := next(t, b.in); len(m.Data) != len(large)+4 {
				t.Errorf("received %d bytes", len(m.Data))
			}
			b.say(t, m.Flow, "and back")
			if back := next(t, a.in); back.Flow != out || string(back.Data) != "and back\r\n\r\n" {
				t.Errorf("received %q over %v, not %v", back.Data, back.Flow, out)
			}
			b.Close()
			if p.Reliable() {
				if err := next(t, a.ended); err == nil {
					t.Error("ended without a reason")
				}
			}
		})
	}
}

func TestMachineRefuses(t *testing.T) {
	defer goleak.VerifyNone(t)
	a := newReal(t)
	defer a.Close()
	a.on(t, TCP)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := l.Addr().(*net.TCPAddr).AddrPort()
	l.Close()
	f, err := a.Connect(Peer{Protocol: TCP, Remote: dead})
	if err != nil {
		t.Fatal(err)
	}
	a.Send(f, []byte("hello\r\n\r\n")) // taken, or refused when it has failed already
	if err := next(t, a.ended); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("ended with %v", err)
	}
	if _, err := a.Listen(TCP, a.Locals(TCP)[0]); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("listening twice: %v", err)
	}
	udp := a.on(t, UDP)
	if _, err := a.Listen(UDP, udp); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("listening twice: %v", err)
	}
}

// The answer to what broke the stream is read by a peer that still has much to say.
func TestMachineDeliversTheLastWord(t *testing.T) {
	defer goleak.VerifyNone(t)
	a := newReal(t)
	defer a.Close()
	c, err := net.Dial("tcp4", a.on(t, TCP).String())
	if err != nil {
		t.Fatal(err)
	}
	say(t, c, "!400")
	hear(t, c, "400")
	c.Close()
}

func TestMachineListensOnEveryAddress(t *testing.T) {
	defer goleak.VerifyNone(t)
	a := newReal(t)
	defer a.Close()
	at, err := a.Listen(UDP, netip.MustParseAddrPort("0.0.0.0:0"))
	if err != nil {
		t.Fatal(err)
	}
	ports := slices.IndexFunc(at, func(a netip.AddrPort) bool { return a.Addr().IsLoopback() })
	if ports < 0 || slices.ContainsFunc(at, func(a netip.AddrPort) bool { return a.Addr().IsUnspecified() || !a.Addr().Is4() }) {
		t.Errorf("listens on %v", at)
	}
	f, err := a.Connect(Peer{Protocol: UDP, Remote: netip.MustParseAddrPort("127.0.0.1:9")})
	if err != nil || f.Local != at[ports] {
		t.Errorf("loopback is reached by %v, %v", f, err)
	}
}

func TestMachineRoute(t *testing.T) {
	if a, err := (Machine{}).Route(netip.MustParseAddr("127.0.0.1")); err != nil || !a.IsLoopback() {
		t.Errorf("route to loopback: %v, %v", a, err)
	}
	if _, err := (Machine{}).Route(netip.Addr{}); err == nil {
		t.Error("a route to nowhere")
	}
}

// A host with several addresses answers from the one that it was asked on.
func TestMachineAnswersFromWhereItWasAsked(t *testing.T) {
	defer goleak.VerifyNone(t)
	if !has(netip.MustParseAddr("127.0.0.2")) {
		t.Skip("the machine has no 127.0.0.2: Linux has all of 127.0.0.0/8")
	}
	root, believed := newAuthority(t, "root")
	for _, p := range []Protocol{UDP, TCP, TLS} {
		a, b := newReal(t), newReal(t)
		a.Certify(Credentials{Certificate: issue(t, root, "a.test")})
		b.Certify(Credentials{Certificate: issue(t, root, "b.test")})
		a.on(t, p)
		for _, host := range []string{"127.0.0.1:0", "127.0.0.2:0"} {
			at := b.onAddress(t, p, netip.MustParseAddrPort(host))
			out, err := a.Connect(Peer{Protocol: p, Remote: at, Secure: Secure{Name: "b.test", Authorities: believed}})
			if err != nil {
				t.Fatal(err)
			}
			a.say(t, out, "who are you?")
			m := next(t, b.in)
			if m.Flow.Local != at {
				t.Errorf("%v: asked on %v", p, m.Flow)
			}
			b.say(t, m.Flow, "I am")
			if back := next(t, a.in); back.Flow != out {
				t.Errorf("%v: answered over %v, asked over %v", p, back.Flow, out)
			}
		}
		a.Close()
		b.Close()
	}
}

func BenchmarkMachineUDP(b *testing.B) { benchmarkMachine(b, UDP) }
func BenchmarkMachineTCP(b *testing.B) { benchmarkMachine(b, TCP) }
func BenchmarkMachineTLS(b *testing.B) { benchmarkMachine(b, TLS) }

// benchmarkMachine sends one message of 500 bytes after the other to itself.
func benchmarkMachine(b *testing.B, p Protocol) {
	got := make(chan struct{}, 1)
	l := New(Config{Receive: func(Inbound) { got <- struct{}{} }, NewFramer: func(Flow) Framer { return &lines{} }})
	defer l.Close()
	root, believed := newAuthority(b, "root")
	l.Certify(Credentials{Certificate: issue(b, root, "self.test")})
	at, err := l.Listen(p, anyPort)
	if err != nil {
		b.Fatal(err)
	}
	f, err := l.Connect(Peer{Protocol: p, Remote: at[0], Secure: Secure{Name: "self.test", Authorities: believed}})
	if err != nil {
		b.Fatal(err)
	}
	data := []byte(strings.Repeat("x", 496) + "\r\n\r\n")
	b.ReportAllocs()
	for b.Loop() {
		if err := l.Send(f, data); err != nil {
			b.Fatal(err)
		}
		<-got
	}
}

// BenchmarkMachineHandshake is a connection by TLS and a message over it.
func BenchmarkMachineHandshake(b *testing.B) {
	got := make(chan struct{}, 1)
	l := New(Config{Receive: func(Inbound) { got <- struct{}{} }, NewFramer: func(Flow) Framer { return &lines{} }})
	defer l.Close()
	root, believed := newAuthority(b, "root")
	l.Certify(Credentials{Certificate: issue(b, root, "self.test")})
	at, err := l.Listen(TLS, anyPort)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		f, err := l.Connect(Peer{Protocol: TLS, Remote: at[0], Secure: Secure{Name: "self.test", Authorities: believed}})
		if err != nil {
			b.Fatal(err)
		}
		if err := l.Send(f, []byte("x\r\n\r\n")); err != nil {
			b.Fatal(err)
		}
		<-got
		l.Drop(f)
	}
}
