package resolve

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/tandem-gateway/tandem/internal/simnet"
)

var (
	gateway = netip.MustParseAddr("10.0.0.1")
	first   = netip.MustParseAddrPort("10.0.0.53:53")
	second  = netip.MustParseAddrPort("10.0.1.53:53")
)

// pipe is a UDP socket of the simulated network that speaks with one peer.
type pipe struct {
	*simnet.PacketConn
	peer netip.AddrPort
}

func (p pipe) Read(b []byte) (int, error) {
	for {
		n, from, err := p.ReadFromUDPAddrPort(b)
		if err != nil || from == p.peer {
			return n, err
		}
	}
}

func (p pipe) Write(b []byte) (int, error)        { return p.WriteToUDPAddrPort(b, p.peer) }
func (p pipe) RemoteAddr() net.Addr               { return net.UDPAddrFromAddrPort(p.peer) }
func (p pipe) SetDeadline(at time.Time) error     { return p.SetReadDeadline(at) }
func (p pipe) SetWriteDeadline(_ time.Time) error { return nil }

// dialOn is Dial on a simulated network.
func dialOn(n *simnet.Net) Dial {
	return func(ctx context.Context, network string, server netip.AddrPort) (net.Conn, error) {
		local := netip.AddrPortFrom(gateway, 0)
		if network == "tcp" {
			return n.DialTCP(ctx, local, server)
		}
		p, err := n.ListenUDP(local)
		if err != nil {
			return nil, err
		}
		return pipe{p, server}, nil
	}
}

// nameServer answers from a zone on a simulated network, as it is told to behave.
type nameServer struct {
	zone  zone
	twist func(query, reply *dns.Msg, network string) []*dns.Msg // nil is the plain reply

	mu    sync.Mutex
	asked []string // "udp", "tcp", with "+edns"
}

func (s *nameServer) replies(packet []byte, network string) [][]byte {
	query := new(dns.Msg)
	if query.Unpack(packet) != nil {
		return nil
	}
	note := network
	if query.IsEdns0() != nil {
		note += "+edns"
	}
	s.mu.Lock()
	s.asked = append(s.asked, note)
	s.mu.Unlock()
	list := []*dns.Msg{s.zone.reply(query)}
	if s.twist != nil {
		list = s.twist(query, list[0], network)
	}
	var packets [][]byte
	for _, m := range list {
		if b, err := m.Pack(); err == nil {
			packets = append(packets, b)
		}
	}
	return packets
}

// serve listens until the network is closed.
func (s *nameServer) serve(t *testing.T, n *simnet.Net, at netip.AddrPort) {
	t.Helper()
	udp, err := n.ListenUDP(at)
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := n.ListenTCP(at)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		buffer := make([]byte, 1500)
		for {
			k, from, err := udp.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			for _, b := range s.replies(buffer[:k], "udp") {
				udp.WriteToUDPAddrPort(b, from)
			}
		}
	}()
	go func() {
		for {
			conn, err := tcp.Accept()
			if err != nil {
				return
			}
			go s.stream(conn)
		}
	}()
}

func (s *nameServer) stream(conn net.Conn) {
	defer conn.Close()
	var length [2]byte
	for {
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			return
		}
		packet := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(conn, packet); err != nil {
			return
		}
		for _, b := range s.replies(packet, "tcp") {
			conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...))
		}
	}
}

// dnsNet runs a story with two name servers on a simulated network.
func dnsNet(t *testing.T, text string, story func(t *testing.T, r *Resolver, n *simnet.Net, a, b *nameServer)) {
	t.Helper()
	z := zoneOf(t, text)
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		a, b := &nameServer{zone: z}, &nameServer{zone: z}
		a.serve(t, n, first)
		b.serve(t, n, second)
		r := New(Config{
			Servers: []netip.AddrPort{first, second}, Dial: dialOn(n), Hosts: os.DevNull,
			Protocols: []Protocol{UDP, TCP}, Families: []Family{IPv4},
		})
		story(t, r, n, a, b)
		r.Close()
		synctest.Wait()
		if s := n.Stats(); s.Sockets != 4 || s.Conns != 0 {
			t.Errorf("besides two servers, each on UDP and TCP, there is left open: %v", n.Open())
		}
		n.Close()
		if s := n.Stats(); s.Sockets != 0 || s.Conns != 0 {
			t.Errorf("left open: %+v", s)
		}
	})
}

func (s *nameServer) log() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

// From the target to the candidates over packets, with the RFC's own zone.
func TestResolveOverTheNetwork(t *testing.T) {
	dnsNet(t, rfc3263, func(t *testing.T, r *Resolver, n *simnet.Net, a, b *nameServer) {
		n.SetDefault(simnet.Link{Delay: 10 * time.Millisecond})
		start := time.Now()
		found, err := r.Resolve(t.Context(), Target{Host: "example.com"})
		if err != nil {
			t.Fatal(err)
		}
		same(t, "candidates", sorted(texts(found)), []string{
			"TCP 192.0.2.1:5060 (server1.example.com)", "TCP 192.0.2.2:5060 (server2.example.com)",
		})
		if took := time.Since(start); took != 60*time.Millisecond {
			t.Errorf("took %v, not three round trips", took)
		}
		same(t, "queries", a.log(), []string{"udp+edns", "udp+edns", "udp+edns", "udp+edns"})
		same(t, "queries to the second server", b.log(), nil)
	})
}

// The first server is dead: the second answers after 1 s, and is asked first from then on.
func TestNextServerAfterASecond(t *testing.T) {
	dnsNet(t, oneServer, func(t *testing.T, r *Resolver, n *simnet.Net, a, b *nameServer) {
		n.Partition(gateway, first.Addr())
		start := time.Now()
		r.expect(t, overUDP, serverA)
		if took := time.Since(start); took != serverTime {
			t.Errorf("took %v", took)
		}
		same(t, "queries to the second server", b.log(), []string{"udp+edns", "udp+edns"})
		n.Heal(gateway, first.Addr())
		n.Partition(gateway, second.Addr())
		time.Sleep(time.Minute)
		start = time.Now()
		r.expect(t, overUDP, serverA)
		if took := time.Since(start); took != serverTime {
			t.Errorf("the way back took %v", took)
		}
	})
}

// Nothing answers: each server is asked twice, 1 s each, the second time without EDNS.
func TestAllServersSilent(t *testing.T) {
	dnsNet(t, oneServer, func(t *testing.T, r *Resolver, n *simnet.Net, a, b *nameServer) {
		silent := func(_, _ *dns.Msg, _ string) []*dns.Msg { return nil }
		a.twist, b.twist = silent, silent
		start := time.Now()
		_, err := r.Resolve(t.Context(), Target{Host: "a.example.com", Port: 5060})
		if !errors.Is(err, ErrServer) || time.Since(start) != totalTime {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		for _, s := range []*nameServer{a, b} {
			same(t, "queries", s.log(), []string{"udp+edns", "udp"})
		}
		time.Sleep(time.Minute)
		start = time.Now()
		_, err = r.Resolve(t.Context(), Target{Host: "a.example.com", Port: 5060})
		if err == nil || time.Since(start) != totalTime {
			t.Errorf("again %v after %v", err, time.Since(start))
		}
	})
}

// Many resolvers in routers drop NAPTR: SRV is asked in time for the call.
func TestDroppedNAPTR(t *testing.T) {
	dnsNet(t, oneServer, func(t *testing.T, r *Resolver, n *simnet.Net, a, b *nameServer) {
		drop := func(query, reply *dns.Msg, _ string) []*dns.Msg {
			if query.Question[0].Qtype == dns.TypeNAPTR {
				return nil
			}
			return []*dns.Msg{reply}
		}
		a.twist, b.twist = drop, drop
		start := time.Now()
		r.expect(t, Target{Host: "example.com"}, serverA)
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("took %v", took)
		}
		time.Sleep(pointerMemory / 2)
		start = time.Now()
		r.expect(t, Target{Host: "example.com"}, serverA)
		if took := time.Since(start); took != 0 {
			t.Errorf("took %v again", took)
		}
	})
}

// RFC 1123 s6.1.3.2: a truncated answer is asked for over TCP, and is then whole.
func TestTruncatedGoesOverTCP(t *testing.T) {
	var text strings.Builder
	for range 20 {
		text.WriteString("a.example.com A 192.0.2.1\n")
	}
	text.WriteString("a.example.com A 192.0.2.2\n")
	dnsNet(t, text.String(), func(t *testing.T, r *Resolver, n *simnet.Net, a, b *nameServer) {
		a.twist = func(_, reply *dns.Msg, network string) []*dns.Msg {
			if network == "udp" {
				reply.Answer, reply.Truncated = reply.Answer[:1], true
			}
			return []*dns.Msg{reply}
		}
		r.expect(t, Target{Host: "a.example.com", Port: 5060}, "UDP 192.0.2.1:5060 (a.example.com)", "UDP 192.0.2.2:5060 (a.example.com)")
		same(t, "queries", a.log(), []string{"udp+edns", "tcp+edns"})
	})
}

// A server that is truncated and has no TCP is as good as none.
func TestTruncatedWithoutTCP(t *testing.T) {
	dnsNet(t, oneServer, func(t *testing.T, r *Resolver, n *simnet.Net, a, b *nameServer) {
		a.twist = func(_, reply *dns.Msg, network string) []*dns.Msg {
			if network == "tcp" {
				return nil
			}
			reply.Answer, reply.Truncated = nil, true
			return []*dns.Msg{reply}
		}
		start := time.Now()
		r.expect(t, Target{Host: "a.example.com", Port: 5060}, "UDP 192.0.2.1:5060 (a.example.com)")
		if took := time.Since(start); took != serverTime {
			t.Errorf("took %v", took)
		}
	})
}

// RFC 6891 s7: who answers FORMERR is asked again without EDNS, at once.
func TestServerWithoutEDNS(t *testing.T) {
	dnsNet(t, oneServer, func(t *testing.T, r *Resolver, n *simnet.Net, a, b *nameServer) {
		a.twist = func(query, reply *dns.Msg, _ string) []*dns.Msg {
			if query.IsEdns0() != nil {
				reply.Answer, reply.Ns, reply.Rcode = nil, nil, dns.RcodeFormatError
			}
			return []*dns.Msg{reply}
		}
		start := time.Now()
		r.expect(t, Target{Host: "a.example.com", Port: 5060}, "UDP 192.0.2.1:5060 (a.example.com)")
		same(t, "queries", a.log(), []string{"udp+edns", "udp"})
		if took := time.Since(start); took != 0 {
			t.Errorf("took %v", took)
		}
	})
}

// A server that refuses is passed over at once.
func TestRefusalGoesToTheNextServer(t *testing.T) {
	dnsNet(t, oneServer, func(t *testing.T, r *Resolver, n *simnet.Net, a, b *nameServer) {
		for _, rcode := range []int{dns.RcodeRefused, dns.RcodeServerFailure, dns.RcodeNotImplemented} {
			a.twist = func(_, reply *dns.Msg, _ string) []*dns.Msg {
				reply.Answer, reply.Rcode = nil, rcode
				return []*dns.Msg{reply}
			}
			start := time.Now()
			r.expect(t, Target{Host: "a.example.com", Port: 5060}, "UDP 192.0.2.1:5060 (a.example.com)")
			if took := time.Since(start); took != 0 {
				t.Errorf("%s took %v", dns.RcodeToString[rcode], took)
			}
			time.Sleep(time.Minute)
		}
	})
}

// RFC 5452 s9.1: replies that do not match are not believed, and do not end the waiting.
func TestGuessedAnswersAreIgnored(t *testing.T) {
	dnsNet(t, oneServer, func(t *testing.T, r *Resolver, n *simnet.Net, a, b *nameServer) {
		a.twist = func(query, reply *dns.Msg, _ string) []*dns.Msg {
			forged := func(change func(m *dns.Msg)) *dns.Msg {
				rr, _ := dns.NewRR(query.Question[0].Name + " 60 IN A 203.0.113.66")
				m := reply.Copy()
				m.Answer = []dns.RR{rr}
				change(m)
				return m
			}
			return []*dns.Msg{
				forged(func(m *dns.Msg) { m.Id++ }),
				forged(func(m *dns.Msg) { m.Response = false }),
				forged(func(m *dns.Msg) { m.Question[0].Name = "other.example." }),
				forged(func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeMX }),
				reply,
			}
		}
		// From elsewhere, even a right guess counts for nothing.
		n.AddTap(func(p simnet.Packet) {
			if p.To != first {
				return
			}
			query := new(dns.Msg)
			if query.Unpack(p.Data) == nil {
				rr, _ := dns.NewRR(query.Question[0].Name + " 60 IN A 203.0.113.66")
				reply := new(dns.Msg).SetReply(query)
				reply.Answer = []dns.RR{rr}
				b, _ := reply.Pack()
				go n.Inject(netip.MustParseAddrPort("203.0.113.66:53"), p.From, b)
			}
		})
		r.expect(t, Target{Host: "a.example.com", Port: 5060}, "UDP 192.0.2.1:5060 (a.example.com)")
	})
}

// A forger that never stops costs that server's second and no more.
func TestFloodOfStraysEnds(t *testing.T) {
	dnsNet(t, oneServer, func(t *testing.T, r *Resolver, n *simnet.Net, a, b *nameServer) {
		a.twist = func(_, reply *dns.Msg, _ string) []*dns.Msg {
			var list []*dns.Msg
			for range 200 {
				m := reply.Copy()
				m.Id++
				list = append(list, m)
			}
			return list
		}
		start := time.Now()
		r.expect(t, Target{Host: "a.example.com", Port: 5060}, "UDP 192.0.2.1:5060 (a.example.com)")
		if took := time.Since(start); took != serverTime {
			t.Errorf("took %v", took)
		}
	})
}

// Identifiers are not to be guessed: RFC 5452 s9.2.
func TestIdentifiersDiffer(t *testing.T) {
	seen := map[uint16]bool{}
	for range 100 {
		seen[identifier()] = true
	}
	if len(seen) < 90 {
		t.Errorf("100 queries have %d identifiers", len(seen))
	}
}

func TestNoNameServers(t *testing.T) {
	a := &asker{servers: func() []netip.AddrPort { return nil }}
	if _, err := a.exchange(t.Context(), host); !errors.Is(err, errNoServers) {
		t.Error(err)
	}
}

func TestDialFails(t *testing.T) {
	refused := errors.New("no route")
	dials := 0
	a := &asker{
		servers: func() []netip.AddrPort { return []netip.AddrPort{first} },
		dial: func(context.Context, string, netip.AddrPort) (net.Conn, error) {
			dials++
			return nil, refused
		},
	}
	if _, err := a.exchange(t.Context(), host); !errors.Is(err, refused) || dials != 3 || !strings.Contains(err.Error(), "10.0.0.53:53: A a.example") {
		t.Errorf("%v after %d", err, dials)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.exchange(ctx, host); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// The same over the machine's loopback, with its sockets, a real DNS server and the
// files of a machine.
func TestResolveOverLoopback(t *testing.T) {
	z := zoneOf(t, rfc3263)
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp", udp.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	answer := dns.HandlerFunc(func(w dns.ResponseWriter, query *dns.Msg) {
		reply := z.reply(query)
		if _, ok := w.RemoteAddr().(*net.UDPAddr); ok && query.Question[0].Qtype == dns.TypeSRV {
			reply.Answer, reply.Truncated = nil, true
		}
		w.WriteMsg(reply)
	})
	var running sync.WaitGroup
	defer running.Wait()
	for _, s := range []*dns.Server{{PacketConn: udp, Handler: answer}, {Listener: tcp, Handler: answer}} {
		up := make(chan struct{})
		s.NotifyStartedFunc = func() { close(up) }
		running.Go(func() { s.ActivateAndServe() })
		<-up
		defer s.Shutdown()
	}
	r := New(Config{Servers: []netip.AddrPort{netip.MustParseAddrPort(udp.LocalAddr().String())}, Hosts: os.DevNull})
	defer r.Close()
	found, err := r.Resolve(t.Context(), Target{Host: "example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if got := sorted(texts(found)); !slices.Equal(got, []string{"TCP 192.0.2.1:5060 (server1.example.com)", "TCP 192.0.2.2:5060 (server2.example.com)"}) {
		t.Errorf("%v", got)
	}
}

// Nobody listens: the refusal is known at once, and said.
func TestLoopbackRefuses(t *testing.T) {
	closed, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := netip.MustParseAddrPort(closed.LocalAddr().String())
	closed.Close()
	r := New(Config{Servers: []netip.AddrPort{at}, Hosts: os.DevNull})
	defer r.Close()
	_, err = r.Resolve(t.Context(), Target{Host: "example.com", Port: 5060})
	if !errors.Is(err, ErrServer) || !strings.Contains(err.Error(), at.String()) {
		t.Error(err)
	}
}
