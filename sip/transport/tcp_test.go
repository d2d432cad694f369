package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/internal/simnet"
)

// call opens a raw connection from the phone's host to the gateway.
func (w *world) call(t *testing.T) *simnet.Conn {
	t.Helper()
	c, err := w.net.DialTCP(t.Context(), netip.AddrPortFrom(phoneAt.Addr(), 0), gatewayAt)
	if err != nil {
		t.Fatal(err)
	}
	w.raw = append(w.raw, c)
	return c.(*simnet.Conn)
}

func say(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

func hear(t *testing.T, c net.Conn, want string) {
	t.Helper()
	b := make([]byte, len(want))
	if _, err := io.ReadFull(c, b); err != nil || string(b) != want {
		t.Errorf("heard %q, %v; want %q", b, err, want)
	}
}

func TestStreamGoesAndComesBackOverItsFlow(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		w.net.SetDefault(simnet.Link{Delay: 10 * time.Millisecond})
		out := w.phone.connect(t, TCP, gatewayAt)
		if out.Local != phoneAt || out.Remote != gatewayAt || out.Conn == 0 {
			t.Errorf("flow %v", out)
		}
		w.phone.send(t, out, "REGISTER") // waits for the connection
		w.phone.send(t, out, "SUBSCRIBE")
		time.Sleep(time.Second)
		f := w.gateway.flow(t)
		w.gateway.wants(t, "REGISTER", "SUBSCRIBE")
		if f.Local != gatewayAt || f.Remote.Addr() != phoneAt.Addr() || f.Conn == 0 {
			t.Errorf("came over %v", f)
		}
		w.gateway.send(t, f, "200")
		time.Sleep(time.Second)
		if got := w.phone.flow(t); got != out {
			t.Errorf("the answer came over %v, not %v", got, out)
		}
		if !w.gateway.Alive(f) || !w.phone.Alive(out) {
			t.Error("the flows are not alive")
		}
		if again := w.phone.connect(t, TCP, gatewayAt); again != out {
			t.Errorf("connected again by %v", again)
		}
	})
}

// The gateway calls a phone that came in by TCP over the phone's connection, and never
// takes that connection for a way to the host in general.
func TestConnectDoesNotTakeIncomingConnections(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		from := netip.MustParseAddrPort("10.0.0.3:5060")
		l, _ := w.net.ListenTCP(from)
		defer l.Close()
		c, err := w.net.DialTCP(t.Context(), from, gatewayAt)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		say(t, c, "REGISTER\r\n\r\n")
		in, out := w.gateway.flow(t), w.gateway.connect(t, TCP, from)
		if in.Conn == out.Conn || in.Remote != out.Remote {
			t.Errorf("flows %v and %v", in, out)
		}
		w.gateway.send(t, in, "INVITE")
		hear(t, c, "INVITE\r\n\r\n")
	})
}

func TestMessagesInPiecesAndPings(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		c := w.call(t)
		for _, piece := range []string{"OP", "TIONS\r", "\n\r\nINV", "ITE\r\n\r\n\r\n\r\nBYE\r\n\r\n"} {
			say(t, c, piece)
			synctest.Wait()
		}
		w.gateway.wants(t, "OPTIONS", "INVITE", "BYE")
		hear(t, c, "\r\n")
		if s := w.gateway.Stats(); s.KeepAlives != 1 || s.Received != 3 || s.Connections != 1 || s.Hosts != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestBrokenStreamGetsItsAnswerAndIsClosed(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		c := w.call(t)
		say(t, c, "OPTIONS\r\n\r\n")
		f := w.gateway.flow(t)
		say(t, c, "!400 Bad Request")
		hear(t, c, "400 Bad Request")
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("after the answer: %v", err)
		}
		if err := w.gateway.end(t, f); err != nil {
			t.Errorf("it did not linger: %v", err)
		}
		if err := w.gateway.Send(f, []byte("x")); !errors.Is(err, ErrGone) {
			t.Errorf("send while it ends: %v", err)
		}
		time.Sleep(lingerTime + time.Second)
		if err := w.gateway.end(t, f); !errors.Is(err, errNonsense) {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestBrokenStreamWithoutAnswer(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		c := w.call(t)
		say(t, c, "OPTIONS\r\n\r\n!")
		if err := w.gateway.end(t, w.gateway.flow(t)); !errors.Is(err, errNonsense) {
			t.Errorf("ended with %v", err)
		}
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("read %v", err)
		}
	})
}

func TestHowFlowsEnd(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(w *world, c *simnet.Conn, f Flow)
		want error
	}{
		{"peer closes", func(w *world, c *simnet.Conn, f Flow) { c.Close() }, io.EOF},
		{"peer resets", func(w *world, c *simnet.Conn, f Flow) { c.Reset() }, syscall.ECONNRESET},
		{"owner drops", func(w *world, c *simnet.Conn, f Flow) { w.gateway.Drop(f) }, ErrDropped},
		{"silence", func(w *world, c *simnet.Conn, f Flow) { time.Sleep(2*time.Hour + time.Second) }, ErrIdle},
		{"cable pulled", func(w *world, c *simnet.Conn, f Flow) { c.Cut(); time.Sleep(2*time.Hour + time.Second) }, ErrIdle},
		{"peer does not read", func(w *world, c *simnet.Conn, f Flow) {
			for w.gateway.Send(f, make([]byte, 100<<10)) == nil {
				synctest.Wait()
			}
			time.Sleep(11 * time.Second)
		}, os.ErrDeadlineExceeded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, Limits{}, func(t *testing.T, w *world) {
				c := w.call(t)
				say(t, c, "REGISTER\r\n\r\n")
				f := w.gateway.flow(t)
				tt.end(w, c, f)
				if err := w.gateway.end(t, f); !errors.Is(err, tt.want) {
					t.Errorf("ended with %v", err)
				}
				if w.gateway.Alive(f) || !errors.Is(w.gateway.Send(f, nil), ErrGone) {
					t.Error("the flow is still there")
				}
				w.gateway.Drop(f) // again: nothing
			})
		})
	}
}

func TestFirstMessageIsDue(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		silent, dripping, honest := w.call(t), w.call(t), w.call(t)
		say(t, honest, "REGISTER\r\n\r\n")
		for range 29 {
			say(t, dripping, "x")
			time.Sleep(time.Second)
		}
		say(t, silent, "\r\n\r\n") // a ping proves nothing
		if s := w.gateway.Stats(); s.Connections != 3 {
			t.Errorf("before the time is up: %+v", s)
		}
		time.Sleep(2 * time.Second)
		if s := w.gateway.Stats(); s.Connections != 1 {
			t.Errorf("after it: %+v", s)
		}
		say(t, honest, "BYE\r\n\r\n")
		w.gateway.wants(t, "REGISTER", "BYE")
	})
}

func TestConnectFails(t *testing.T) {
	for _, tt := range []struct {
		name    string
		prepare func(w *world)
		after   time.Duration
		want    error
	}{
		{"refused", func(w *world) {}, 0, syscall.ECONNREFUSED},
		{"no answer", func(w *world) { w.net.Partition(gatewayAt.Addr(), trunkAt.Addr()) }, 5 * time.Second, context.DeadlineExceeded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, Limits{}, func(t *testing.T, w *world) {
				tt.prepare(w)
				start := time.Now()
				f := w.gateway.connect(t, TCP, trunkAt)
				w.gateway.Send(f, []byte("INVITE")) // taken, or refused when it has failed already
				for w.gateway.end(t, f) == nil {
					time.Sleep(time.Millisecond)
				}
				if err := w.gateway.end(t, f); !errors.Is(err, tt.want) || time.Since(start) < tt.after || time.Since(start) > tt.after+time.Second {
					t.Errorf("%v after %v", err, time.Since(start))
				}
				if again := w.gateway.connect(t, TCP, trunkAt); again == f {
					t.Error("the failed flow was given out again")
				}
			})
		})
	}
}

func TestDropWhileDialling(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		w.net.Partition(gatewayAt.Addr(), trunkAt.Addr())
		f := w.gateway.connect(t, TCP, trunkAt)
		w.gateway.Drop(f)
		if again := w.gateway.connect(t, TCP, trunkAt); again == f || w.gateway.Alive(f) {
			t.Errorf("the dropped flow is given out again")
		}
		if err := w.gateway.end(t, f); !errors.Is(err, ErrDropped) {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestCloseWhileDialling(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		w.net.Partition(gatewayAt.Addr(), trunkAt.Addr())
		f := w.gateway.connect(t, TCP, trunkAt)
		w.gateway.shut(t)
		if err := w.gateway.end(t, f); err != nil {
			t.Errorf("Close was reported: %v", err)
		}
		if _, err := w.gateway.Connect(Peer{Protocol: TCP, Remote: trunkAt}); !errors.Is(err, ErrClosed) {
			t.Errorf("connect after Close: %v", err)
		}
		if err := w.gateway.Send(f, nil); !errors.Is(err, ErrClosed) {
			t.Errorf("send after Close: %v", err)
		}
	})
}

func TestQueueIsBounded(t *testing.T) {
	inWorld(t, Limits{Queue: 100}, func(t *testing.T, w *world) {
		w.net.Partition(gatewayAt.Addr(), phoneAt.Addr())
		f := w.gateway.connect(t, TCP, phoneAt)
		w.gateway.send(t, f, strings.Repeat("x", 96))
		if err := w.gateway.Send(f, []byte("y")); !errors.Is(err, ErrQueueFull) {
			t.Errorf("got %v", err)
		}
		w.net.Heal(gatewayAt.Addr(), phoneAt.Addr())
		w.phone.wants(t, strings.Repeat("x", 96))
		w.gateway.send(t, f, "there is room again")
		w.phone.wants(t, "there is room again")
	})
}

func TestConnectionLimits(t *testing.T) {
	inWorld(t, Limits{Connections: 3, PerHost: 2}, func(t *testing.T, w *world) {
		first, second := w.call(t), w.call(t)
		third := w.call(t)
		if _, err := third.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the third from one host: %v", err)
		}
		other, err := w.net.DialTCP(t.Context(), netip.MustParseAddrPort("10.0.0.9:0"), gatewayAt)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		synctest.Wait()
		if _, err := w.gateway.Connect(Peer{Protocol: TCP, Remote: trunkAt}); !errors.Is(err, ErrTooMany) {
			t.Errorf("one too many in all: %v", err)
		}
		if s := w.gateway.Stats(); s.Connections != 3 || s.Refused != 1 || s.Hosts != 2 {
			t.Errorf("%+v", s)
		}
		first.Close()
		synctest.Wait()
		say(t, w.call(t), "OPTIONS\r\n\r\n")
		say(t, second, "OPTIONS\r\n\r\n")
		w.gateway.wants(t, "OPTIONS", "OPTIONS")
	})
}

func TestIPv6HostsAreCountedByNetwork(t *testing.T) {
	inWorld(t, Limits{PerHost: 1}, func(t *testing.T, w *world) {
		w.gateway.listen(t, TCP, gateway6)
		for i, want := range []error{os.ErrDeadlineExceeded, io.EOF} { // open, closed
			from := netip.MustParseAddrPort(fmt.Sprintf("[2001:db8:7::%d]:0", i+1))
			c, err := w.net.DialTCP(t.Context(), from, gateway6)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.SetReadDeadline(time.Now().Add(time.Second))
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, want) {
				t.Errorf("connection %d: %v", i, err)
			}
		}
	})
}

func (w *world) listener() *simnet.Listener {
	w.net.mu.Lock()
	defer w.net.mu.Unlock()
	return w.net.listeners[gatewayAt]
}

func TestTCPListenerOutlivesAcceptErrors(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		for range 4 {
			w.listener().FailAccept(syscall.EMFILE)
		}
		say(t, w.call(t), "one\r\n\r\n")
		time.Sleep(time.Second)
		w.gateway.wants(t, "one")
		if s := w.gateway.Stats(); s.Restarts != 0 {
			t.Errorf("%+v", s)
		}
		w.listener().Close()
		time.Sleep(time.Second)
		say(t, w.call(t), "two\r\n\r\n")
		w.gateway.wants(t, "two")
		if s := w.gateway.Stats(); s.Restarts != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestTCPListenerWaitsForItsPort(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		w.listener().Close()
		thief, err := w.net.Net.ListenTCP(gatewayAt)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		thief.Close()
		time.Sleep(time.Second)
		say(t, w.call(t), "back?\r\n\r\n")
		w.gateway.wants(t, "back?")
	})
}

// What was queued in one order arrives in it, however many write at once from how many
// callbacks: each sender's messages keep their order.
func TestConcurrentSendersKeepTheirOrder(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		w.net.SetDefault(simnet.Link{Delay: 5 * time.Millisecond, Jitter: 20 * time.Millisecond})
		f := w.phone.connect(t, TCP, gatewayAt)
		for sender := range 4 {
			go func() {
				for i := range 50 {
					w.phone.Send(f, fmt.Appendf(nil, "%d %03d\r\n\r\n", sender, i))
					time.Sleep(time.Duration(sender) * time.Millisecond)
				}
			}()
		}
		time.Sleep(time.Minute)
		got := w.gateway.got()
		bySender := map[string][]string{}
		for _, m := range got {
			sender, rest, _ := strings.Cut(m, " ")
			bySender[sender] = append(bySender[sender], rest)
		}
		for sender, list := range bySender {
			if !slices.IsSorted(list) || len(list) != 50 {
				t.Errorf("sender %s: %v", sender, list)
			}
		}
		if len(bySender) != 4 {
			t.Errorf("got %d messages", len(got))
		}
	})
}

// An owner's callback may use the layer: answer, connect, drop.
func TestCallbacksMayUseTheLayer(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		var echo *Layer
		echo = New(Config{
			Network:   w.net,
			NewFramer: func(Flow) Framer { return &lines{} },
			Receive: func(m Inbound) {
				echo.Send(m.Flow, m.Data)
				echo.Drop(m.Flow) // what is queued may be lost
			},
			Closed: func(f Flow, err error) {
				if f, err := echo.Connect(Peer{Protocol: TCP, Remote: phoneAt}); err == nil {
					echo.Send(f, fmt.Appendf(nil, "lost %v\r\n\r\n", f.Remote.Addr()))
				}
			},
		})
		if _, err := echo.Listen(TCP, trunkAt); err != nil {
			t.Fatal(err)
		}
		w.phone.send(t, w.phone.connect(t, TCP, trunkAt), "hello")
		if got := w.phone.got(); !slices.Contains(got, "lost 10.0.0.2") {
			t.Errorf("got %q", got)
		}
		echo.Close()
	})
}

// late is a network whose dialling cannot be hurried: it succeeds when it is told to,
// whoever has given up meanwhile.
type late struct {
	simulated
	now chan struct{}
}

func (l late) DialTCP(_ context.Context, local, remote netip.AddrPort) (net.Conn, error) {
	<-l.now
	return l.simulated.DialTCP(context.Background(), local, remote)
}

func TestConnectionThatComesTooLateIsClosed(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		l := late{w.net, make(chan struct{})}
		s := newSide(l, Limits{})
		s.listen(t, TCP, trunkAt)
		f := s.connect(t, TCP, phoneAt)
		s.send(t, f, "never mind")
		s.Drop(f)
		if err := s.end(t, f); err != nil {
			t.Errorf("ended before its goroutine: %v", err)
		}
		close(l.now)
		if err := s.end(t, f); !errors.Is(err, ErrDropped) {
			t.Errorf("ended with %v", err)
		}
		w.phone.wants(t)
		s.shut(t)
	})
}

// A burst goes out in few writes, and what the buffers grew to for it is given back.
func TestBurst(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		seen := w.net.Capture()
		w.net.SetDefault(simnet.Link{Delay: time.Millisecond})
		f := w.gateway.connect(t, TCP, phoneAt)
		var want []string
		for i := range 50 {
			want = append(want, fmt.Sprint(i, strings.Repeat("x", 1000)))
			w.gateway.send(t, f, want[i])
		}
		time.Sleep(time.Second)
		w.phone.wants(t, want...)
		if n := len(seen.Packets()); n > 2 {
			t.Errorf("%d writes", n)
		}
		c, err := w.gateway.conn(f)
		if err != nil {
			t.Fatal(err)
		}
		if c.mu.Lock(); cap(c.out)+cap(c.spare) > keepBuffer || c.writer != nil {
			t.Errorf("keeps %d and %d bytes", cap(c.out), cap(c.spare))
		}
		c.mu.Unlock()
	})
}

// A framer may say that the stream is broken and no more than that.
func TestBrokenWithoutReason(t *testing.T) {
	if err := brokenError(nil); !strings.Contains(err.Error(), "beyond repair") {
		t.Errorf("%v", err)
	}
}

// A peer whose queue is full gets no pong and no last word, and the stream ends all the
// same.
func TestBrokenStreamThatCannotBeAnswered(t *testing.T) {
	inWorld(t, Limits{Queue: 10}, func(t *testing.T, w *world) {
		c := w.call(t)
		say(t, c, "OPTIONS\r\n\r\n!an answer that is too long for the queue")
		if err := w.gateway.end(t, w.gateway.flow(t)); !errors.Is(err, errNonsense) {
			t.Errorf("ended with %v", err)
		}
	})
}
