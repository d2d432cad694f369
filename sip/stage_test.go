package sip

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/internal/simnet"
	"github.com/tandem-gateway/tandem/rtp"
	"github.com/tandem-gateway/tandem/sip/registrar"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// Who stands where.
var (
	edgeAt    = netip.MustParseAddrPort("198.51.100.1:5060")
	carrierAt = netip.MustParseAddrPort("203.0.113.5:5060")
	pbxAt     = netip.MustParseAddrPort("203.0.113.9:5060")
	aliceAt   = netip.MustParseAddrPort("192.0.2.10:5060")
	malloryAt = netip.MustParseAddrPort("192.0.2.66:5060")
)

const domain = "example.test"

// sockets gives a simulated network the transport's form.
type sockets struct{ *simnet.Net }

func (s sockets) ListenUDP(at netip.AddrPort) (transport.PacketConn, error) {
	return s.Net.ListenUDP(at)
}

// stage is an edge on a simulated network with the parties around it. It lives in
// a synctest bubble.
type stage struct {
	t       *testing.T
	net     *simnet.Net
	edge    *Edge
	ports   *rtp.Engine
	parties []*party

	mu     sync.Mutex // of what calls and readers write
	log    bytes.Buffer
	events []event.Event
}

// Write is the log's.
func (s *stage) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(b)
}

// published counts the events of the type of e.
func published[E event.Event](s *stage) (list []E) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if e, is := e.(E); is {
			list = append(list, e)
		}
	}
	return list
}

// play runs a story with an edge, and wants nothing to be left when it ends.
func play(t *testing.T, story func(s *stage)) { playWith(t, settings(t), story) }

func playWith(t *testing.T, set *Settings, story func(s *stage)) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, set)
		story(s)
		s.end()
	})
}

func newStage(t *testing.T, set *Settings) *stage {
	s := &stage{t: t, net: simnet.New(1)}
	network := sockets{s.net}
	var err error
	s.ports, err = rtp.New(rtp.Config{
		Network: rtp.FromListen(network.ListenUDP), Address: edgeAt.Addr(), First: 20000, Last: 20099,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.edge, err = New(Config{
		Network: network, Ports: s.ports, MediaAddresses: []netip.Addr{edgeAt.Addr()}, Domain: domain, Agent: "Tandem/test",
		Bounds: registrar.DefaultBounds(), Log: slog.New(slog.NewTextHandler(s, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Publish: func(e event.Event) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.events = append(s.events, e)
		},
	}, set)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []transport.Protocol{transport.UDP, transport.TCP} {
		if _, err := s.edge.Listen(p, edgeAt); err != nil {
			t.Fatal(err)
		}
	}
	capture := s.net.Capture()
	t.Cleanup(func() {
		s.tidy()
		if t.Failed() {
			t.Logf("what went over the network:\n%v\nthe edge's log:\n%s", capture, &s.log)
		}
	})
	return s
}

// settings has two users and two trunks: calls to +1 go to the carrier, calls from
// the PBX too, and alice has a number.
func settings(t testing.TB) *Settings {
	t.Helper()
	plan, err := dialplan.New(dialplan.Config{
		Region: "US", Agent: domain,
		Users: []dialplan.User{
			{Name: "alice", Numbers: []string{"+14255550101"}}, {Name: "bob", Numbers: []string{"+14255550102"}},
		},
		Trunks: []dialplan.Trunk{{Name: "carrier"}, {Name: "pbx", Trusted: true}},
		Routes: []dialplan.Route{
			{Name: "us", To: "+1", Trunks: []string{"carrier"}},
			{Name: "transit", From: "trunk:pbx", To: "+1", Trunks: []string{"carrier"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &Settings{
		Users: map[string]User{
			"alice": {Name: "alice", Password: "secret-of-alice"}, "bob": {Name: "bob", Password: "secret-of-bob"},
		},
		Trunks: []Trunk{trunkAt("carrier", carrierAt), trunkAt("pbx", pbxAt)},
		Plan:   plan, Limits: bridge.Limits{Silence: 2 * time.Minute},
	}
}

func trunkAt(name string, at netip.AddrPort) Trunk {
	return Trunk{
		Name: name, Address: Address{Host: at.Addr().String(), Port: at.Port()},
		Sources: []netip.Prefix{netip.PrefixFrom(at.Addr(), at.Addr().BitLen())},
	}
}

// end wants every call to come to its end by itself, and nothing to be left.
func (s *stage) end() {
	s.t.Helper()
	s.edge.StopAll(event.Cause{Status: 503, By: event.PartyGateway, Text: "the test is over"})
	s.pass(3 * time.Minute)
	if n := s.edge.Calls(); n > 0 {
		s.t.Errorf("%d calls are left", n)
	}
	if n := s.ports.InUse(); n > 0 {
		s.t.Errorf("%d ports are in use", n)
	}
	if n := s.edge.lingering.len(); n > 0 {
		s.t.Errorf("%d entries linger", n)
	}
	s.tidy()
	if open := s.net.Open(); len(open) > 0 {
		s.t.Errorf("open: %v", open)
	}
}

// tidy ends everything, also after a story that failed.
func (s *stage) tidy() {
	s.edge.Abandon()
	if err := s.edge.Close(); err != nil {
		s.t.Error(err)
	}
	for _, p := range s.parties {
		p.close()
	}
	s.parties = nil
	synctest.Wait()
}

// pass lets time go by.
func (s *stage) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// party is a user agent that sends what the story says and keeps what it gets.
type party struct {
	*phone.Agent
	s     *stage
	close func()

	mu  sync.Mutex
	got []phone.Arrival
	// twice counts messages that came again, pongs the answers to pings.
	twice, pongs int
}

// udp makes a party with a socket.
func (s *stage) udp(name string, at netip.AddrPort) *party {
	s.t.Helper()
	c, err := s.net.ListenUDP(at)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.enter(name, at, c)
}

// tcp makes a party that has connections.
func (s *stage) tcp(name string, at netip.AddrPort) (*party, *phone.Streams) {
	s.t.Helper()
	l, err := s.net.ListenTCP(at)
	if err != nil {
		s.t.Fatal(err)
	}
	streams := phone.NewStreams(l, s.net.DialTCP)
	p := s.enter(name, at, streams)
	p.Transport = "TCP"
	return p, streams
}

func (s *stage) enter(name string, at netip.AddrPort, c phone.PacketConn) *party {
	p := &party{s: s, Agent: &phone.Agent{
		Name: name, Domain: domain, Local: at, Proxy: edgeAt, Unique: strings.ReplaceAll(at.String(), ":", "-"),
		Credentials: phone.Credentials{User: name, Password: "secret-of-" + name},
	}}
	p.Write = func(b []byte, to netip.AddrPort) {
		if _, err := c.WriteToUDPAddrPort(b, to); err != nil {
			s.t.Errorf("%s: %v", name, err)
		}
	}
	var reader sync.WaitGroup
	reader.Go(func() {
		buffer := make([]byte, 65536)
		for {
			n, from, err := c.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			p.receive(buffer[:n], from)
		}
	})
	p.close = func() {
		c.Close()
		reader.Wait()
	}
	s.parties = append(s.parties, p)
	return p
}

func (p *party) receive(b []byte, from netip.AddrPort) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if string(b) == phone.Pong {
		p.pongs++
		return
	}
	a, err := p.Receive(time.Now(), b, from)
	if err != nil {
		p.s.t.Errorf("%s got %v: %q", p.Name, err, b)
		return
	}
	if a.Again {
		p.twice++
	}
	p.got = append(p.got, a)
}

// say sends a message and lets everything happen that it brings about.
func (p *party) say(m *phone.Message) *phone.Message {
	p.mu.Lock()
	p.Send(time.Now(), m)
	p.mu.Unlock()
	synctest.Wait()
	return m
}

// raw sends bytes as they are.
func (p *party) raw(b string) {
	p.SendRaw([]byte(b), edgeAt)
	synctest.Wait()
}

// take gives what has come since the last time.
func (p *party) take() []phone.Arrival {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	got := p.got
	p.got = nil
	return got
}

// name is "INVITE" or "200 INVITE".
func name(a phone.Arrival) string {
	_, method := a.CSeq()
	if a.IsRequest() {
		return a.Method
	}
	return fmt.Sprint(a.Status, " ", method)
}

// want is what has come since the last time, in order and nothing else; it gives
// the last one.
func (p *party) want(names ...string) phone.Arrival {
	p.s.t.Helper()
	var got []string
	list := p.take()
	for _, a := range list {
		got = append(got, name(a))
	}
	if !slices.Equal(got, names) {
		p.s.t.Fatalf("%s got %q, not %q", p.Name, got, names)
	}
	if len(list) == 0 {
		return phone.Arrival{Message: &phone.Message{}}
	}
	return list[len(list)-1]
}

// prove repeats a request with the answer to its challenge.
func (p *party) prove(request, challenge *phone.Message) *phone.Message {
	p.s.t.Helper()
	m, err := p.Retry(request, challenge)
	if err != nil {
		p.s.t.Fatal(err)
	}
	return p.say(m)
}

// register binds the party's address.
func (p *party) register() phone.Arrival {
	p.s.t.Helper()
	m := p.say(p.Register(3600))
	p.prove(m, p.want("401 REGISTER").Message)
	return p.want("200 REGISTER")
}

// invite builds an INVITE with an offer.
func (p *party) invite(uri string) *phone.Message {
	m := p.Request("INVITE", uri)
	m.SetSDP(p.description())
	return m
}

func (p *party) description() string {
	return phone.Describe(netip.AddrPortFrom(p.Local.Addr(), 40000)).String()
}

// answer accepts an INVITE that came.
func (p *party) answer(a phone.Arrival) {
	p.s.t.Helper()
	m := p.Respond(a.Message, 200, "")
	m.SetSDP(p.description())
	p.say(m)
}

// ack acknowledges a final response.
func (p *party) ack(a phone.Arrival) {
	p.s.t.Helper()
	m, err := p.Ack(a.Message)
	if err != nil {
		p.s.t.Fatal(err)
	}
	p.say(m)
}

// has wants a header line to contain a text.
func has(t *testing.T, m *phone.Message, header, text string) {
	t.Helper()
	if !strings.Contains(strings.Join(m.All(header), "\n"), text) {
		t.Errorf("%s has %s %q, and not %q", m.Name(), header, m.All(header), text)
	}
}

// transit is a call from the PBX to the carrier that has been answered.
func (s *stage) transit() (pbx, carrier *party, called phone.Arrival, answered phone.Arrival) {
	s.t.Helper()
	pbx, carrier = s.udp("+12065550123", pbxAt), s.udp("carrier", carrierAt)
	pbx.Domain = pbxAt.Addr().String()
	pbx.say(pbx.invite("sip:+14255550100@" + domain))
	called = carrier.want("INVITE")
	carrier.answer(called)
	answered = pbx.want("100 INVITE", "200 INVITE")
	pbx.ack(answered)
	carrier.want("ACK")
	return pbx, carrier, called, answered
}
