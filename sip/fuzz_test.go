package sip

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/sip/registrar"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// sink is a network on which nothing comes and everything that is sent is kept.
type sink struct {
	closed chan struct{}
	sent   [][]byte
	to     []netip.AddrPort
}

func (k *sink) ListenUDP(netip.AddrPort) (transport.PacketConn, error) { return k, nil }
func (k *sink) ListenTCP(netip.AddrPort) (net.Listener, error)         { return nil, errors.ErrUnsupported }
func (k *sink) DialTCP(context.Context, netip.AddrPort, netip.AddrPort) (net.Conn, error) {
	return nil, errors.ErrUnsupported
}

func (k *sink) ReadFromUDPAddrPort([]byte) (int, netip.AddrPort, error) {
	<-k.closed
	return 0, netip.AddrPort{}, net.ErrClosed
}

func (k *sink) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	k.sent, k.to = append(k.sent, bytes.Clone(b)), append(k.to, to)
	return len(b), nil
}

func (k *sink) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(edgeAt) }

func (k *sink) Close() error {
	close(k.closed)
	return nil
}

// newSinkEdge is an edge that hears nobody but who calls its receive.
func newSinkEdge(t testing.TB, publish func(event.Event)) (*Edge, *sink) {
	t.Helper()
	k := &sink{closed: make(chan struct{})}
	e, err := New(Config{
		Network: k, Domain: domain, Agent: "Tandem/test", Bounds: registrar.DefaultBounds(),
		Log: slog.New(slog.DiscardHandler), Publish: publish,
	}, settings(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Listen(transport.UDP, edgeAt); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e, k
}

// seeds are what strangers may send, whole and broken.
func seeds() []string {
	head := func(method, uri, more string) string {
		return method + " " + uri + " SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.66:5060;branch=z9hG4bK1;rport\r\nMax-Forwards: 70\r\n" +
			"From: <sip:alice@example.test>;tag=1\r\nTo: <sip:+14255550100@example.test>\r\nCall-ID: c\r\nCSeq: 1 " + method + "\r\n" +
			more + "\r\n"
	}
	digest := `Authorization: Digest username="alice", realm="example.test", nonce="x", uri="sip:example.test", ` +
		`response="00000000000000000000000000000000", qop=auth, nc=00000001, cnonce="y"` + "\r\n"
	list := []string{
		"", "\r\n\r\n", "\x00", "GET / HTTP/1.1\r\n\r\n", "SIP/2.0 200 OK\r\n\r\n",
		strings.Replace(head("INVITE", "sip:a@h", ""), "z9hG4bK1", "old", 1),
		strings.Replace(head("OPTIONS", "sip:a@h", ""), "192.0.2.66:5060;", "h;maddr=203.0.113.5;received=1.2.3.4;", 1),
		strings.Replace(head("BYE", "sip:a@h", ""), "0@example.test>", "0@example.test>;tag=0123.1", 1),
		strings.Replace(head("CANCEL", "sip:a@h", ""), "Max-Forwards: 70", "Max-Forwards: 0", 1),
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 198.51.100.1:5060;branch=z9hG4bK0123456789.2.1\r\nFrom: <sip:a@h>;tag=1\r\n" +
			"To: <sip:b@h>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContact: <sip:b@h>\r\n\r\n",
		head("INVITE", "sip:+14255550100@example.test", "Content-Type: application/sdp\r\n") + "v=0\r\no=- 1 1 IN IP4 h\r\ns=-\r\n",
		head("INVITE", "tel:+14255550100", "Require: 100rel\r\nPrivacy: id\r\n"+digest),
		head("REGISTER", "sip:example.test", "Contact: *\r\nExpires: 0\r\n"+digest),
		head("REGISTER", "sip:example.test", "Contact: <sip:alice@192.0.2.66>;q=0.5;expires=60, <mailto:a@b>\r\n"+digest),
		head("REGISTER", "sip:example.test", strings.Replace(digest, "Digest", "Basic", 1)),
	}
	for _, more := range []string{"Refer-To: <sip:+14255550177@h>\r\n", "Refer-To: <sip:a@h?Replaces=c%3Bto-tag%3D0.1%3Bfrom-tag%3D1>\r\n", "Replaces: c;to-tag=0.1;from-tag=1\r\n"} {
		list = append(list, head("REFER", "sip:alice@example.test", more+digest), head("INVITE", "sip:alice@example.test", more+digest))
	}
	for _, method := range []string{"ACK", "OPTIONS", "SUBSCRIBE", "MESSAGE", "FROBNICATE", "PRACK"} {
		list = append(list, head(method, "sip:example.test", digest))
	}
	return list
}

// FuzzReceive gives the edge a stranger's datagrams. It must not fail, nor say more
// than one thing to each; what it says is a whole SIP response; and whatever
// the datagram claims, no call begins, no phone registers and nothing is kept.
func FuzzReceive(f *testing.F) {
	for _, s := range seeds() {
		f.Add([]byte(s))
	}
	var events int
	e, k := newSinkEdge(f, func(event.Event) { events++ })
	stranger := transport.Flow{Protocol: transport.UDP, Local: edgeAt, Remote: malloryAt}
	f.Fuzz(func(t *testing.T, datagram []byte) {
		k.sent, k.to = nil, nil
		kept := bytes.Clone(datagram)
		e.receive(transport.Inbound{Flow: stranger, Data: datagram})
		if !bytes.Equal(kept, datagram) {
			t.Error("the datagram was changed; it belongs to the reader")
		}
		if len(k.sent) > 1 {
			t.Fatalf("%d answers:\n%s", len(k.sent), bytes.Join(k.sent, []byte("\n")))
		}
		for _, b := range k.sent {
			if _, fault := wire.Parse(b); fault != nil && !brokenBefore(kept) {
				t.Errorf("the answer is broken: %v\n%s", fault, b)
			}
			if !bytes.HasPrefix(b, []byte("SIP/2.0 ")) || !bytes.Contains(b, []byte("\r\n\r\n")) {
				t.Errorf("the answer is no response:\n%s", b)
			}
			if bytes.HasPrefix(b, []byte("SIP/2.0 1")) || bytes.HasPrefix(b, []byte("SIP/2.0 2")) {
				t.Errorf("a stranger was let in:\n%s", b)
			}
		}
		if e.Calls() != 0 || e.Phones() != 0 || events != 0 || e.lingering.len() != 0 {
			t.Errorf("%d calls, %d phones, %d events, %d entries", e.Calls(), e.Phones(), events, e.lingering.len())
		}
	})
}

// brokenBefore says whether a message was broken itself, so that its answer, which
// repeats parts of it, is so too.
func brokenBefore(datagram []byte) bool {
	_, fault := wire.Parse(datagram)
	return fault != nil
}

// What a flood of strangers costs.
func BenchmarkStranger(b *testing.B) {
	for _, c := range []struct {
		name string
		seed string
	}{{"INVITE", seeds()[10]}, {"wrong password", seeds()[11]}, {"broken", "INVITE sip:a SIP/2.0\r\n\r\n"}} {
		b.Run(c.name, func(b *testing.B) {
			e, k := newSinkEdge(b, nil)
			in := transport.Inbound{Flow: transport.Flow{Protocol: transport.UDP, Local: edgeAt, Remote: malloryAt}, Data: []byte(c.seed)}
			b.ReportAllocs()
			for b.Loop() {
				e.receive(in)
				k.sent, k.to = k.sent[:0], k.to[:0]
			}
		})
	}
}
