package transport

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/internal/simnet"
)

// RFC 5626 section 4.4.1 over what we dialled.
func TestKeepAlive(t *testing.T) {
	for _, p := range []Protocol{TCP, TLS} {
		t.Run(p.String(), func(t *testing.T) {
			inTLSWorld(t, Limits{}, func(t *testing.T, w *secured) {
				w.net.SetDefault(simnet.Link{Delay: 50 * time.Millisecond})
				to := w.toPhone
				if p == TCP {
					to = Peer{Protocol: TCP, Remote: phoneAt}
				}
				to.KeepAlive = 110 * time.Second
				f := w.gateway.connectTo(t, to)
				w.gateway.send(t, f, "OPTIONS")
				time.Sleep(2*time.Hour + time.Minute) // longer than a stream may be quiet
				synctest.Wait()
				if n := w.phone.Stats().KeepAlives; n < 65 || n > 83 {
					t.Errorf("%d pings in two hours", n)
				}
				if err := w.gateway.end(t, f); err != nil || !w.gateway.Alive(f) {
					t.Errorf("the stream has ended: %v", err)
				}
				w.phone.wants(t, "OPTIONS")
				w.net.Partition(gatewayAt.Addr(), phoneAt.Addr())
				start := time.Now()
				for w.gateway.end(t, f) == nil && time.Since(start) < time.Hour {
					time.Sleep(time.Second)
				}
				if err := w.gateway.end(t, f); !errors.Is(err, ErrNoPong) {
					t.Errorf("ended with %v", err)
				}
				if d := time.Since(start); d > (110+10+2)*time.Second {
					t.Errorf("after %v", d)
				}
			})
		})
	}
}

func TestNoKeepAliveUnlessAskedFor(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		f := w.gateway.connect(t, TCP, phoneAt)
		w.gateway.send(t, f, "OPTIONS")
		time.Sleep(time.Hour)
		if s := w.phone.Stats(); s.KeepAlives != 0 || !w.gateway.Alive(f) {
			t.Errorf("%+v", s)
		}
	})
}

// Somebody who has never heard of pings and has something to say is alive.
func TestWhateverComesIsAPong(t *testing.T) {
	inWorld(t, Limits{}, func(t *testing.T, w *world) {
		l, err := w.net.ListenTCP(trunkAt)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		f := w.gateway.connectTo(t, Peer{Protocol: TCP, Remote: trunkAt, KeepAlive: 20 * time.Second})
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for range 20 {
			say(t, c, "OPTIONS\r\n\r\n")
			time.Sleep(9 * time.Second)
		}
		if err := w.gateway.end(t, f); err != nil {
			t.Errorf("ended while it spoke: %v", err)
		}
		time.Sleep(31 * time.Second)
		if err := w.gateway.end(t, f); !errors.Is(err, ErrNoPong) {
			t.Errorf("ended with %v", err)
		}
	})
}
