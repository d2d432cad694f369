package phone

import (
	"bufio"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/internal/simnet"
)

func TestReadMessage(t *testing.T) {
	r := bufio.NewReader(strings.NewReader("\r\n\r\nA b SIP/2.0\r\nl: 3\r\n\r\nabc\r\nSIP/2.0 200 OK\r\nX: y\r\n\r\n\r\n\r\n\r\nB"))
	for _, want := range []string{Ping, "A b SIP/2.0\r\nl: 3\r\n\r\nabc", Pong, "SIP/2.0 200 OK\r\nX: y\r\n\r\n", Ping, Pong} {
		if got, err := readMessage(r); err != nil || string(got) != want {
			t.Errorf("%q, %v, not %q", got, err, want)
		}
	}
	if _, err := readMessage(r); err == nil {
		t.Error("half a message was read")
	}
}

func TestStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := simnet.New(1)
		net.SetDefault(simnet.Link{Delay: time.Millisecond})
		open := func(at string) *Streams {
			l, err := net.ListenTCP(netip.MustParseAddrPort(at))
			if err != nil {
				t.Fatal(err)
			}
			return NewStreams(l, net.DialTCP)
		}
		a, b := open("192.0.2.1:5060"), open("192.0.2.2:5060")
		buffer := make([]byte, 1000)
		if _, err := a.WriteToUDPAddrPort([]byte("X y SIP/2.0\r\nl: 1\r\n\r\nz"), netip.MustParseAddrPort("192.0.2.2:5060")); err != nil {
			t.Fatal(err)
		}
		n, from, err := b.ReadFromUDPAddrPort(buffer)
		if err != nil || !strings.HasSuffix(string(buffer[:n]), "z") || !b.Has(from) {
			t.Fatalf("%q from %v, %v", buffer[:n], from, err)
		}
		if _, err := b.WriteToUDPAddrPort([]byte("SIP/2.0 200 OK\r\n\r\n"), from); err != nil {
			t.Fatal(err)
		}
		if n, from, err = a.ReadFromUDPAddrPort(buffer); err != nil || from.Port() != 5060 {
			t.Errorf("the answer came over another connection: %q from %v, %v", buffer[:n], from, err)
		}
		a.Hangup()
		synctest.Wait()
		<-time.After(time.Second)
		if b.Has(from) || a.Has(from) {
			t.Error("a connection that was hung up is still there")
		}
		a.Close()
		b.Close()
		if left := net.Open(); len(left) > 0 {
			t.Errorf("still open: %v", left)
		}
	})
}
