package simnet

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// connect returns both ends of a new connection from a port of alice's host to bob.
func connect(t *testing.T, n *Net, from, to netip.AddrPort) (client, server *Conn) {
	t.Helper()
	l, err := n.ListenTCP(to)
	if err != nil {
		t.Fatal(err)
	}
	c, err := n.DialTCP(t.Context(), netip.AddrPortFrom(from.Addr(), 0), to)
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return c.(*Conn), s.(*Conn)
}

func read(t *testing.T, c *Conn, want string) {
	t.Helper()
	b := make([]byte, len(want))
	if _, err := io.ReadFull(c, b); err != nil || string(b) != want {
		t.Fatalf("read %q, %v; want %q", b, err, want)
	}
}

func write(t *testing.T, c *Conn, text string) {
	t.Helper()
	if k, err := c.Write([]byte(text)); err != nil || k != len(text) {
		t.Fatalf("write: %d, %v", k, err)
	}
}

func readError(c *Conn) error {
	_, err := c.Read(make([]byte, 10))
	return err
}

func TestStreamBothFamilies(t *testing.T) {
	for _, ends := range [][2]netip.AddrPort{{alice, bob}, {alice6, bob6}} {
		bubble(t, 1, func(t *testing.T, n *Net) {
			n.SetDefault(Link{Delay: 10 * time.Millisecond, Loss: 0.5, Duplicate: 0.5})
			start := time.Now()
			c, s := connect(t, n, ends[0], ends[1])
			if d := time.Since(start); d != 20*time.Millisecond {
				t.Errorf("the handshake took %v", d)
			}
			write(t, c, "to the server")
			read(t, s, "to the server")
			write(t, s, "and back")
			read(t, c, "and back")
			if d := time.Since(start); d != 40*time.Millisecond {
				t.Errorf("all took %v", d)
			}
			if s.RemoteAddr().String() != c.LocalAddr().String() || s.LocalAddr().String() != ends[1].String() {
				t.Errorf("ends %v-%v and %v-%v", c.LocalAddr(), c.RemoteAddr(), s.LocalAddr(), s.RemoteAddr())
			}
		})
	}
}

func TestCloseEndsTheStream(t *testing.T) {
	bubble(t, 1, func(t *testing.T, n *Net) {
		n.SetDefault(Link{Delay: 10 * time.Millisecond})
		c, s := connect(t, n, alice, bob)
		write(t, c, "last words")
		c.Close()
		read(t, s, "last words")
		if err := readError(s); err != io.EOF {
			t.Errorf("after the last byte: %v", err)
		}
		if err := readError(c); !errors.Is(err, net.ErrClosed) {
			t.Errorf("read on the closed end: %v", err)
		}
		write(t, s, "nobody hears this") // answered with a reset, as TCP does
		if err := readError(s); err != io.EOF {
			t.Errorf("before the reset arrives: %v", err)
		}
		time.Sleep(21 * time.Millisecond)
		if _, err := s.Write([]byte("x")); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("write after the reset: %v", err)
		}
		for _, err := range []error{c.Close(), c.CloseWrite(), c.SetDeadline(time.Now())} {
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("on a closed end: %v", err)
			}
		}
	})
}

func TestCloseWrite(t *testing.T) {
	bubble(t, 1, func(t *testing.T, n *Net) {
		c, s := connect(t, n, alice, bob)
		c.CloseWrite()
		if err := readError(s); err != io.EOF {
			t.Errorf("read: %v", err)
		}
		write(t, s, "still heard")
		read(t, c, "still heard")
		if _, err := c.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("write after CloseWrite: %v", err)
		}
	})
}

func TestConnectionRefused(t *testing.T) {
	bubble(t, 1, func(t *testing.T, n *Net) {
		n.SetDefault(Link{Delay: 15 * time.Millisecond})
		start := time.Now()
		_, err := n.DialTCP(t.Context(), netip.AddrPortFrom(alice.Addr(), 0), bob)
		if !errors.Is(err, syscall.ECONNREFUSED) || time.Since(start) != 30*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if open := n.Open(); len(open) != 0 {
			t.Errorf("open: %q", open)
		}
	})
}

func TestDialErrors(t *testing.T) {
	bubble(t, 1, func(t *testing.T, n *Net) {
		n.ListenTCP(bob)
		local := netip.MustParseAddrPort("10.0.0.1:40000")
		if _, err := n.DialTCP(t.Context(), local, bob); err != nil {
			t.Fatal(err)
		}
		if _, err := n.DialTCP(t.Context(), local, bob); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("the same ends twice: %v", err)
		}
		if _, err := n.DialTCP(t.Context(), local, bob6); !errors.Is(err, syscall.EAFNOSUPPORT) {
			t.Errorf("mixed families: %v", err)
		}
		if _, err := n.DialTCP(t.Context(), netip.AddrPort{}, bob); err == nil {
			t.Error("dialled from nowhere")
		}
	})
}

func TestDialGivesUp(t *testing.T) {
	for name, prepare := range map[string]func(n *Net){
		"partition":  func(n *Net) { n.Partition(alice.Addr(), bob.Addr()) },
		"slow":       func(n *Net) { n.SetDefault(Link{Delay: time.Minute}) },
		"slow reply": func(n *Net) { n.SetLink(bob.Addr(), alice.Addr(), Link{Delay: time.Minute}) },
		"backlog": func(n *Net) {
			for range backlog {
				n.DialTCP(context.Background(), netip.AddrPortFrom(carol.Addr(), 0), bob)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 1, func(t *testing.T, n *Net) {
				n.ListenTCP(bob)
				prepare(n)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				_, err := n.DialTCP(ctx, netip.AddrPortFrom(alice.Addr(), 0), bob)
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
				n.Heal(alice.Addr(), bob.Addr())
				time.Sleep(2 * time.Minute)
				for _, o := range n.Open() {
					if strings.HasPrefix(o, "tcp 10.0.0.1") {
						t.Errorf("left open: %s", o)
					}
				}
			})
		})
	}
}

func TestResetIsSeen(t *testing.T) {
	bubble(t, 1, func(t *testing.T, n *Net) {
		n.SetDefault(Link{Delay: time.Millisecond})
		c, s := connect(t, n, alice, bob)
		time.AfterFunc(time.Second, s.Reset)
		if err := readError(c); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("read: %v", err)
		}
		if _, err := c.Write([]byte("x")); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("write: %v", err)
		}
		c.Close()
		s.Reset() // again: nothing
	})
}

// A half-open connection takes bytes until its window is full and says nothing.
func TestCutIsSilent(t *testing.T) {
	bubble(t, 1, func(t *testing.T, n *Net) {
		n.SetDefault(Link{Delay: time.Millisecond})
		seen := n.Capture()
		c, s := connect(t, n, alice, bob)
		c.Cut()
		write(t, c, "into the void")
		c.SetWriteDeadline(time.Now().Add(time.Minute))
		k, err := c.Write(make([]byte, 2*window))
		if !errors.Is(err, os.ErrDeadlineExceeded) || k != window-len("into the void") {
			t.Errorf("wrote %d, %v", k, err)
		}
		s.SetReadDeadline(time.Now().Add(time.Minute))
		if err := readError(s); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read: %v", err)
		}
		c.Close()
		s.SetReadDeadline(time.Now().Add(time.Minute))
		if err := readError(s); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the close was seen: %v", err)
		}
		if p := seen.Packets(); p[0].Verdict != Lost || !p[0].Stream {
			t.Errorf("captured %+v", p[0])
		}
	})
}

func TestFullWindowHoldsTheWriter(t *testing.T) {
	bubble(t, 1, func(t *testing.T, n *Net) {
		c, s := connect(t, n, alice, bob)
		done := make(chan struct{})
		go func() {
			defer close(done)
			write(t, c, strings.Repeat("x", window+1))
		}()
		synctest.Wait()
		select {
		case <-done:
			t.Fatal("the writer was not held")
		default:
		}
		read(t, s, "x")
		<-done
		c.Close()
		if b, err := io.ReadAll(s); len(b) != window || err != nil {
			t.Errorf("then read %d, %v", len(b), err)
		}
	})
}

func TestPartitionHoldsAStream(t *testing.T) {
	bubble(t, 1, func(t *testing.T, n *Net) {
		n.SetDefault(Link{Delay: 10 * time.Millisecond})
		c, s := connect(t, n, alice, bob)
		n.Partition(alice.Addr(), bob.Addr())
		start := time.Now()
		write(t, c, "one ")
		write(t, c, "two")
		time.AfterFunc(time.Second, func() { n.Heal(alice.Addr(), bob.Addr()) })
		read(t, s, "one two")
		if d := time.Since(start); d != 1010*time.Millisecond {
			t.Errorf("arrived after %v", d)
		}
	})
}

func TestRuleDelaysAStream(t *testing.T) {
	bubble(t, 1, func(t *testing.T, n *Net) {
		n.AddRule(func(p Packet) Fate {
			if p.Stream && bytes.HasPrefix(p.Data, []byte("slow")) {
				return Fate{Delay: time.Second, Drop: true}
			}
			return Fate{}
		})
		c, s := connect(t, n, alice, bob)
		start := time.Now()
		write(t, c, "slow ")
		write(t, c, "then fast")
		c.Close()
		read(t, s, "slow then fast")
		if err := readError(s); err != io.EOF || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestListenerErrors(t *testing.T) {
	bubble(t, 1, func(t *testing.T, n *Net) {
		l, _ := n.ListenTCP(bob)
		if _, err := n.ListenTCP(bob); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("second listener: %v", err)
		}
		l.(*Listener).FailAccept(syscall.EMFILE)
		if _, err := l.Accept(); !errors.Is(err, syscall.EMFILE) {
			t.Errorf("accept: %v", err)
		}
		c, err := n.DialTCP(t.Context(), netip.AddrPortFrom(alice.Addr(), 0), bob)
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Second, func() { l.Close() })
		if err := readError(c.(*Conn)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("a connection that nobody accepted: %v", err)
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("accept after close: %v", err)
		}
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("closed twice: %v", err)
		}
	})
}

func TestNetCloseWakesEverybody(t *testing.T) {
	bubble(t, 1, func(t *testing.T, n *Net) {
		p := listen(t, n, alice)
		c, s := connect(t, n, alice, bob)
		l, _ := n.ListenTCP(carol)
		n.SetDefault(Link{Delay: time.Hour})
		waits := []func() error{
			func() error { _, _, err := p.ReadFromUDPAddrPort(nil); return err },
			func() error { return readError(c) },
			func() error { _, err := s.Write(make([]byte, 2*window)); return err },
			func() error { _, err := l.Accept(); return err },
			func() error {
				_, err := n.DialTCP(t.Context(), netip.AddrPortFrom(alice.Addr(), 0), bob)
				return err
			},
		}
		results := make(chan error)
		for _, w := range waits {
			go func() { results <- w() }()
		}
		synctest.Wait()
		n.Close()
		for range waits {
			if err := <-results; !errors.Is(err, net.ErrClosed) {
				t.Errorf("got %v", err)
			}
		}
		c.Close()
	})
}

// Whatever is written in whatever pieces, it is read whole and in order: jitter, loss
// and changing links notwithstanding.
func TestStreamKeepsOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		parts := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 50), 1, 20).Draw(rt, "parts")
		jitter := rapid.SliceOfN(rapid.IntRange(0, 100), len(parts), len(parts)).Draw(rt, "jitter")
		seed := rapid.Uint64().Draw(rt, "seed")
		var got []byte
		bubble(t, seed, func(t *testing.T, n *Net) {
			c, s := connect(t, n, alice, bob)
			for i, p := range parts {
				d := time.Duration(jitter[i]) * time.Millisecond
				n.SetDefault(Link{Delay: d / 2, Jitter: d, Loss: 0.9})
				c.Write(p)
			}
			c.Close()
			got, _ = io.ReadAll(s)
		})
		if want := bytes.Join(parts, nil); !bytes.Equal(got, want) {
			rt.Fatalf("wrote %x, read %x", want, got)
		}
	})
}
