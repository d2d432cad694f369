package simnet

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

var (
	alice  = netip.MustParseAddrPort("10.0.0.1:5060")
	bob    = netip.MustParseAddrPort("10.0.0.2:5060")
	carol  = netip.MustParseAddrPort("10.0.0.3:5060")
	alice6 = netip.MustParseAddrPort("[2001:db8::1]:5060")
	bob6   = netip.MustParseAddrPort("[2001:db8::2]:5060")
)

// bubble runs a story on a network of its own in simulated time, and afterwards
// insists that closing the network leaves nothing.
func bubble(t *testing.T, seed uint64, story func(t *testing.T, n *Net)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := New(seed)
		story(t, n)
		n.Close()
		if s := n.Stats(); s.InFlight != 0 || s.Sockets != 0 || s.Conns != 0 {
			t.Errorf("left after Close: %+v", s)
		}
	})
}

func listen(t *testing.T, n *Net, at netip.AddrPort) *PacketConn {
	t.Helper()
	p, err := n.ListenUDP(at)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func send(t *testing.T, p *PacketConn, to netip.AddrPort, text string) {
	t.Helper()
	if k, err := p.WriteToUDPAddrPort([]byte(text), to); err != nil || k != len(text) {
		t.Fatalf("write: %d, %v", k, err)
	}
}

// drain returns what the socket has received when everything has arrived.
func drain(t *testing.T, p *PacketConn) []string {
	t.Helper()
	p.SetReadDeadline(time.Now().Add(time.Minute))
	var got []string
	for b := make([]byte, 2000); ; {
		k, _, err := p.ReadFromUDPAddrPort(b)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(b[:k]))
	}
}

func TestDatagramsBothFamilies(t *testing.T) {
	for _, ends := range [][2]netip.AddrPort{{alice, bob}, {alice6, bob6}} {
		bubble(t, 1, func(t *testing.T, n *Net) {
			a, b := listen(t, n, ends[0]), listen(t, n, ends[1])
			send(t, a, ends[1], "hello")
			buf := make([]byte, 100)
			k, from, err := b.ReadFromUDPAddrPort(buf)
			if err != nil || from != ends[0] || string(buf[:k]) != "hello" {
				t.Fatalf("read %q from %v, %v", buf[:k], from, err)
			}
			if got := b.LocalAddr().String(); got != ends[1].String() || b.LocalAddr().Network() != "udp" {
				t.Errorf("local address %v", got)
			}
		})
	}
}

func TestMappedAddressIsItsIPv4(t *testing.T) {
	bubble(t, 1, func(t *testing.T, n *Net) {
		mapped := netip.AddrPortFrom(netip.MustParseAddr("::ffff:10.0.0.2"), 5060)
		a, b := listen(t, n, alice), listen(t, n, mapped)
		send(t, a, mapped, "one")
		send(t, a, bob, "two")
		if got := drain(t, b); !slices.Equal(got, []string{"one", "two"}) {
			t.Errorf("got %q", got)
		}
	})
}

func TestDelayIsExactAndKeepsOrder(t *testing.T) {
	bubble(t, 1, func(t *testing.T, n *Net) {
		n.SetLink(alice.Addr(), bob.Addr(), Link{Delay: 30 * time.Millisecond})
		a, b := listen(t, n, alice), listen(t, n, bob)
		start, want := time.Now(), []string{}
		for i := range 50 {
			want = append(want, fmt.Sprint(i))
			send(t, a, bob, want[i])
		}
		buf := make([]byte, 10)
		for _, w := range want {
			k, _, _ := b.ReadFromUDPAddrPort(buf)
			if string(buf[:k]) != w {
				t.Fatalf("got %s, want %s", buf[:k], w)
			}
		}
		if d := time.Since(start); d != 30*time.Millisecond {
			t.Errorf("took %v", d)
		}
		send(t, b, alice, "back") // the other direction has the default link
		if a.ReadFromUDPAddrPort(buf); time.Since(start) != 30*time.Millisecond {
			t.Errorf("the way back took %v", time.Since(start)-30*time.Millisecond)
		}
	})
}

func TestLinkPrecedence(t *testing.T) {
	n := New(1)
	any := netip.Addr{}
	n.SetDefault(Link{MTU: 1})
	n.SetLink(any, bob.Addr(), Link{MTU: 2})
	n.SetLink(alice.Addr(), any, Link{MTU: 3})
	n.SetPair(alice.Addr(), carol.Addr(), Link{MTU: 4})
	for _, tt := range []struct {
		from, to netip.AddrPort
		want     int
	}{{bob, carol, 1}, {carol, bob, 2}, {alice, bob, 3}, {alice, carol, 4}, {carol, alice, 4}} {
		if got := n.link(tt.from.Addr(), tt.to.Addr()).MTU; got != tt.want {
			t.Errorf("%v to %v: link %d, want %d", tt.from, tt.to, got, tt.want)
		}
	}
}

// spray sends numbered packets each way over a bad network and returns what the
// capture saw. The two senders run in goroutines of their own.
func spray(t *testing.T, seed uint64, count int) (text string, s Stats) {
	bubble(t, seed, func(t *testing.T, n *Net) {
		n.SetDefault(Link{Delay: 20 * time.Millisecond, Jitter: 50 * time.Millisecond, Loss: 0.2, Duplicate: 0.1})
		seen := n.Capture()
		a, b := listen(t, n, alice), listen(t, n, bob)
		var senders sync.WaitGroup
		senders.Go(func() { number(a, bob, count) })
		senders.Go(func() { number(b, alice, count) })
		senders.Wait()
		drain(t, a)
		drain(t, b)
		s = n.Stats()
		text = arrivals(seen, alice) + arrivals(seen, bob)
	})
	return text, s
}

func number(p *PacketConn, to netip.AddrPort, count int) {
	for i := range count {
		p.WriteToUDPAddrPort(fmt.Appendf(nil, "%d", i), to)
		time.Sleep(time.Millisecond)
	}
}

// arrivals lists what one sender's packets met, without what depends on the other's.
func arrivals(c *Capture, from netip.AddrPort) string {
	var b strings.Builder
	for _, p := range c.Packets() {
		if p.From == from {
			fmt.Fprintf(&b, "%v %s %v %v\n", p.From, p.Data, p.Verdict, p.Arrived.Sub(p.Sent))
		}
	}
	return b.String()
}

func TestSeedDecides(t *testing.T) {
	first, s := spray(t, 7, 2000)
	if again, _ := spray(t, 7, 2000); again != first {
		t.Error("the same seed gave another run")
	}
	if other, _ := spray(t, 8, 2000); other == first {
		t.Error("another seed gave the same run")
	}
	near := func(name string, got, want int) {
		if math.Abs(float64(got-want)) > 0.15*float64(want) {
			t.Errorf("%s: %d of %d, want about %d", name, got, s.Sent, want)
		}
	}
	near("lost", s.Lost, s.Sent/5)
	near("duplicated", s.Duplicated, s.Sent*8/100)
	if s.Delivered != s.Sent-s.Lost+s.Duplicated || s.Sent != 4000 {
		t.Errorf("counters do not add up: %+v", s)
	}
}

func TestJitterReorders(t *testing.T) {
	bubble(t, 3, func(t *testing.T, n *Net) {
		n.SetDefault(Link{Jitter: 20 * time.Millisecond})
		a, b := listen(t, n, alice), listen(t, n, bob)
		number(a, bob, 10)
		got := drain(t, b)
		if len(got) != 10 || slices.IsSorted(got) {
			t.Errorf("got %v", got)
		}
	})
}

func TestMTU(t *testing.T) {
	bubble(t, 1, func(t *testing.T, n *Net) {
		n.SetDefault(Link{MTU: 5})
		a, b := listen(t, n, alice), listen(t, n, bob)
		send(t, a, bob, "12345")
		send(t, a, bob, "123456")
		if got := drain(t, b); !slices.Equal(got, []string{"12345"}) {
			t.Errorf("got %q", got)
		}
		if s := n.Stats(); s.TooBig != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestPartitionAndHeal(t *testing.T) {
	bubble(t, 1, func(t *testing.T, n *Net) {
		a, b, c := listen(t, n, alice), listen(t, n, bob), listen(t, n, carol)
		n.Partition(alice.Addr(), bob.Addr())
		send(t, a, bob, "lost")
		send(t, b, alice, "lost")
		send(t, a, carol, "to carol")
		n.Heal(bob.Addr(), alice.Addr())
		send(t, a, bob, "to bob")
		if got := drain(t, b); !slices.Equal(got, []string{"to bob"}) {
			t.Errorf("bob got %q", got)
		}
		if got := drain(t, c); len(got) != 1 {
			t.Errorf("carol got %q", got)
		}
		if s := n.Stats(); s.Partitioned != 2 {
			t.Errorf("%+v", s)
		}
	})
}

// The crossing that scripts need most: one message is held back until another has
// overtaken it.
func TestRulesScriptACrossing(t *testing.T) {
	bubble(t, 1, func(t *testing.T, n *Net) {
		n.SetDefault(Link{Loss: 1})
		remove := n.AddRule(func(p Packet) Fate {
			switch string(p.Data) {
			case "first":
				return Fate{Deliver: true, Delay: time.Second}
			case "second":
				return Fate{Deliver: true}
			case "third":
				return Fate{Drop: true}
			}
			return Fate{}
		})
		n.AddRule(func(p Packet) Fate { return Fate{Deliver: string(p.Data) != "by luck"} })
		a, b := listen(t, n, alice), listen(t, n, bob)
		for _, m := range []string{"first", "second", "third", "by luck"} {
			send(t, a, bob, m)
		}
		if got := drain(t, b); !slices.Equal(got, []string{"second", "first"}) {
			t.Errorf("got %q", got)
		}
		remove()
		send(t, a, bob, "third")
		if got := drain(t, b); !slices.Equal(got, []string{"third"}) {
			t.Errorf("without the rule got %q", got)
		}
		if s := n.Stats(); s.Dropped != 1 || s.Lost != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestNobodyThereAndQueueFull(t *testing.T) {
	bubble(t, 1, func(t *testing.T, n *Net) {
		a, b := listen(t, n, alice), listen(t, n, bob)
		send(t, a, carol, "x")
		for range maxQueue + 3 {
			send(t, a, bob, "x")
		}
		if s := n.Stats(); s.Unreachable != 1 || s.Overflowed != 3 || s.Delivered != maxQueue {
			t.Errorf("%+v", s)
		}
		b.Close()
		send(t, a, bob, "x")
		if s := n.Stats(); s.Unreachable != 2 {
			t.Errorf("%+v", s)
		}
	})
}

func TestInjectedSource(t *testing.T) {
	bubble(t, 1, func(t *testing.T, n *Net) {
		b := listen(t, n, bob)
		n.Inject(carol, bob, []byte("I am carol"))
		_, from, err := b.ReadFromUDPAddrPort(make([]byte, 4)) // cut off, as a socket does
		if err != nil || from != carol {
			t.Errorf("from %v, %v", from, err)
		}
	})
}

func TestListenErrors(t *testing.T) {
	bubble(t, 1, func(t *testing.T, n *Net) {
		listen(t, n, alice)
		if _, err := n.ListenUDP(alice); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("second socket: %v", err)
		}
		if _, err := n.ListenTCP(alice); err != nil {
			t.Errorf("TCP has ports of its own: %v", err)
		}
		for _, at := range []string{"0.0.0.0:5060", "[::]:5060"} {
			if _, err := n.ListenUDP(netip.MustParseAddrPort(at)); err == nil || !strings.Contains(err.Error(), "name the host") {
				t.Errorf("%s: %v", at, err)
			}
		}
		if _, err := n.ListenUDP(netip.AddrPort{}); err == nil {
			t.Error("no address at all was accepted")
		}
		n.Close()
		if _, err := n.ListenUDP(bob); !errors.Is(err, net.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestPortZeroPicksFreePorts(t *testing.T) {
	bubble(t, 1, func(t *testing.T, n *Net) {
		host := netip.AddrPortFrom(alice.Addr(), 0)
		listen(t, n, netip.AddrPortFrom(alice.Addr(), firstPort+1))
		a, b := listen(t, n, host), listen(t, n, host)
		if a.local.Port() != firstPort || b.local.Port() != firstPort+2 {
			t.Errorf("ports %d and %d", a.local.Port(), b.local.Port())
		}
		for range 1<<16 - firstPort - 3 {
			listen(t, n, host)
		}
		if _, err := n.ListenUDP(host); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("with all ports taken: %v", err)
		}
		a.Close()
		if c := listen(t, n, host); c.local != a.local {
			t.Errorf("the port that came free is not found: %v", c.local)
		}
	})
}

func TestWriteErrors(t *testing.T) {
	bubble(t, 1, func(t *testing.T, n *Net) {
		a := listen(t, n, alice)
		if _, err := a.WriteToUDPAddrPort(make([]byte, maxDatagram+1), bob); !errors.Is(err, syscall.EMSGSIZE) {
			t.Errorf("too long: %v", err)
		}
		if _, err := a.WriteToUDPAddrPort(nil, bob6); !errors.Is(err, syscall.EAFNOSUPPORT) {
			t.Errorf("other family: %v", err)
		}
		a.Close()
		if _, err := a.WriteToUDPAddrPort(nil, bob); !errors.Is(err, net.ErrClosed) {
			t.Errorf("closed: %v", err)
		}
		if err := a.SetReadDeadline(time.Now()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("deadline on closed: %v", err)
		}
		if err := a.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("closed twice: %v", err)
		}
	})
}

func TestReadDeadlines(t *testing.T) {
	bubble(t, 1, func(t *testing.T, n *Net) {
		a, start := listen(t, n, alice), time.Now()
		a.SetReadDeadline(start.Add(time.Second))
		_, _, err := a.ReadFromUDPAddrPort(nil)
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if _, _, err := a.ReadFromUDPAddrPort(nil); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a passed deadline stays: %v", err)
		}
		// One that is moved while a reader waits, as a loop that shuts down does.
		a.SetReadDeadline(time.Time{})
		time.AfterFunc(time.Hour, func() { a.SetReadDeadline(time.Now()) })
		if _, _, err := a.ReadFromUDPAddrPort(nil); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("moved deadline: %v", err)
		}
	})
}

func TestFailReadAndCloseWakeTheReader(t *testing.T) {
	bubble(t, 1, func(t *testing.T, n *Net) {
		a := listen(t, n, alice)
		results := make(chan error)
		go func() {
			for {
				_, _, err := a.ReadFromUDPAddrPort(nil)
				results <- err
				if errors.Is(err, net.ErrClosed) {
					return
				}
			}
		}()
		synctest.Wait()
		a.FailRead(syscall.ECONNREFUSED)
		if err := <-results; !errors.Is(err, syscall.ECONNREFUSED) || !strings.Contains(err.Error(), "10.0.0.1:5060") {
			t.Errorf("got %v", err)
		}
		synctest.Wait()
		a.Close()
		if err := <-results; !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}

func TestCaptureDrawsALadder(t *testing.T) {
	bubble(t, 1, func(t *testing.T, n *Net) {
		seen := n.Capture()
		n.SetLink(alice.Addr(), bob.Addr(), Link{Delay: time.Second})
		n.AddRule(func(p Packet) Fate { return Fate{Drop: strings.HasPrefix(string(p.Data), "ACK")} })
		a, b := listen(t, n, alice), listen(t, n, bob)
		send(t, a, bob, "INVITE sip:bob@b SIP/2.0\r\nVia: ...\r\n")
		time.Sleep(500 * time.Millisecond)
		send(t, b, alice, "\x80\x00\x01")
		send(t, a, bob, "ACK sip:bob@b SIP/2.0\r\n")
		drain(t, b)
		seen.Stop()
		send(t, b, alice, "not seen")
		want := "" +
			"   0.000 10.0.0.1:5060 -> 10.0.0.2:5060  INVITE sip:bob@b SIP/2.0\n" +
			"   0.500 10.0.0.2:5060 -> 10.0.0.1:5060  3 bytes\n" +
			"   0.500 10.0.0.1:5060 -> 10.0.0.2:5060  ACK sip:bob@b SIP/2.0  (dropped)\n"
		if got := seen.String(); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if p := seen.Packets()[0]; p.Arrived.Sub(p.Sent) != time.Second {
			t.Errorf("arrived after %v", p.Arrived.Sub(p.Sent))
		}
	})
}

func TestOpenNamesWhatIsLeft(t *testing.T) {
	bubble(t, 1, func(t *testing.T, n *Net) {
		listen(t, n, alice)
		a, b := connect(t, n, alice, bob)
		a.Close()
		want := []string{"listen 10.0.0.2:5060", "tcp 10.0.0.2:5060 10.0.0.1:49152", "udp 10.0.0.1:5060"}
		if got := n.Open(); !slices.Equal(got, want) {
			t.Errorf("open: %q", got)
		}
		b.Close()
		if got := n.Open(); len(got) != 2 {
			t.Errorf("open: %q", got)
		}
	})
}

// The same code runs in real time.
func TestOutsideABubble(t *testing.T) {
	n := New(1)
	defer n.Close()
	n.SetDefault(Link{Delay: time.Millisecond})
	a, b := listen(t, n, alice), listen(t, n, bob)
	start := time.Now()
	send(t, a, bob, "hello")
	if _, _, err := b.ReadFromUDPAddrPort(make([]byte, 9)); err != nil || time.Since(start) < time.Millisecond {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}

func BenchmarkDatagram(b *testing.B) {
	n := New(1)
	defer n.Close()
	from, _ := n.ListenUDP(alice)
	to, _ := n.ListenUDP(bob)
	buf := make([]byte, 172)
	b.ReportAllocs()
	for b.Loop() {
		from.WriteToUDPAddrPort(buf, bob)
		to.ReadFromUDPAddrPort(buf)
	}
}
