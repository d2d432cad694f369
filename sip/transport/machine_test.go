package transport

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

var anyPort = netip.MustParseAddrPort("127.0.0.1:0")

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
	case <-time.After(5 * time.Second):
		t.Fatal("nothing came")
	}
	return v
}

func (r *real) on(t *testing.T, p Protocol) netip.AddrPort {
	t.Helper()
	at, err := r.Listen(p, anyPort)
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
	for _, p := range []Protocol{UDP, TCP} {
		t.Run(p.String(), func(t *testing.T) {
			a, b := newReal(t), newReal(t)
			a.on(t, p)
			at := b.on(t, p)
			out, err := a.Connect(p, netip.AddrPort{}, at)
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
			if p == TCP {
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
	f, err := a.Connect(TCP, netip.AddrPort{}, dead)
	if err != nil {
		t.Fatal(err)
	}
	a.say(t, f, "hello")
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
	f, err := a.Connect(UDP, netip.AddrPort{}, netip.MustParseAddrPort("127.0.0.1:9"))
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

func BenchmarkMachineUDP(b *testing.B) {
	got := make(chan struct{}, 1)
	l := New(Config{Receive: func(Inbound) { got <- struct{}{} }})
	defer l.Close()
	at, err := l.Listen(UDP, anyPort)
	if err != nil {
		b.Fatal(err)
	}
	f, data := Flow{Protocol: UDP, Local: at[0], Remote: at[0]}, []byte(strings.Repeat("x", 500))
	b.ReportAllocs()
	for b.Loop() {
		if err := l.Send(f, data); err != nil {
			b.Fatal(err)
		}
		<-got
	}
}
