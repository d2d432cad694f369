package transport

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/tandem-gateway/tandem/internal/simnet"
)

var (
	gatewayAt = netip.MustParseAddrPort("10.0.0.1:5060")
	phoneAt   = netip.MustParseAddrPort("10.0.0.2:5060")
	trunkAt   = netip.MustParseAddrPort("10.0.0.3:5060")
	gateway6  = netip.MustParseAddrPort("[2001:db8::1]:5060")
	phone6    = netip.MustParseAddrPort("[2001:db8::2]:5060")
)

// simulated makes a simnet.Net a Network; the sockets that it has opened stay within
// the test's reach.
type simulated struct {
	*simnet.Net
	mu        *sync.Mutex
	udp       map[netip.AddrPort]*simnet.PacketConn
	listeners map[netip.AddrPort]*simnet.Listener
}

func simulate(n *simnet.Net) simulated {
	return simulated{n, &sync.Mutex{}, map[netip.AddrPort]*simnet.PacketConn{}, map[netip.AddrPort]*simnet.Listener{}}
}

func (s simulated) ListenUDP(at netip.AddrPort) (PacketConn, error) {
	p, err := s.Net.ListenUDP(at)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.udp[at] = p
	return p, nil
}

func (s simulated) ListenTCP(at netip.AddrPort) (net.Listener, error) {
	l, err := s.Net.ListenTCP(at)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners[at] = l.(*simnet.Listener)
	return l, nil
}

// lines is a framer for tests: a message ends with a blank line, "!" is nonsense.
type lines struct {
	buf    []byte
	broken bool
}

var errNonsense = errors.New("nonsense")

func (f *lines) Push(data []byte) { f.buf = append(f.buf, data...) }

func (f *lines) Next() Frame {
	if f.broken || bytes.HasPrefix(f.buf, []byte("!")) {
		f.broken = true
		return Frame{Kind: Broken, Data: bytes.TrimPrefix(f.buf, []byte("!")), Err: errNonsense}
	}
	end := bytes.Index(f.buf, []byte("\r\n\r\n"))
	if end < 0 {
		return Frame{}
	}
	message := f.buf[:end+4]
	f.buf = f.buf[end+4:]
	if end == 0 {
		return Frame{Kind: Ping}
	}
	return Frame{Kind: Message, Data: message}
}

// side is a layer under test with all that it has told its owner.
type side struct {
	*Layer
	mu     sync.Mutex
	in     []Inbound
	ended  map[Flow][]error
	traced []string
	log    bytes.Buffer
}

// Write takes the log.
func (s *side) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(b)
}

// logged counts the lines of the log that have all these texts.
func (s *side) logged(texts ...string) (n int) {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range strings.Lines(s.log.String()) {
		if !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(line, text) }) {
			n++
		}
	}
	return n
}

func newSide(network Network, limits Limits) *side {
	s := &side{ended: map[Flow][]error{}}
	s.Layer = New(Config{
		Network: network, Limits: limits, Log: slog.New(slog.NewTextHandler(s, nil)),
		NewFramer: func(Flow) Framer { return &lines{} },
		Receive:   s.receive,
		Closed:    s.closedFlow,
		Trace:     s.trace,
	})
	return s
}

func (s *side) receive(m Inbound) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.Data = bytes.Clone(m.Data)
	s.in = append(s.in, m)
	if len(s.ended[m.Flow]) > 0 {
		panic("a message after the end of its flow")
	}
}

func (s *side) closedFlow(f Flow, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended[f] = append(s.ended[f], err)
}

func (s *side) trace(d Direction, f Flow, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.traced = append(s.traced, fmt.Sprintf("%v %v %s", d, f, strings.TrimSpace(string(data))))
}

// got waits until nothing moves and returns the messages that came, without their
// blank ends, and forgets them.
func (s *side) got() []string {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	var texts []string
	for _, m := range s.in {
		texts = append(texts, strings.TrimSpace(string(m.Data)))
	}
	s.in = nil
	return texts
}

func (s *side) wants(t *testing.T, want ...string) {
	t.Helper()
	if got := s.got(); !slices.Equal(got, want) {
		t.Errorf("received %q, want %q", got, want)
	}
}

// flow waits for the next message and returns what it came over.
func (s *side) flow(t *testing.T) Flow {
	t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.in) == 0 {
		t.Fatal("nothing was received")
	}
	return s.in[len(s.in)-1].Flow
}

// end waits and returns why the flow has ended; it must have ended once or not at all.
func (s *side) end(t *testing.T, f Flow) error {
	t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch told := s.ended[f]; len(told) {
	case 0:
		return nil
	case 1:
		return told[0]
	default:
		t.Fatalf("%v ended %d times: %v", f, len(told), told)
		return nil
	}
}

func (s *side) listen(t *testing.T, p Protocol, at netip.AddrPort) netip.AddrPort {
	t.Helper()
	all, err := s.Listen(p, at)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	return all[0]
}

func (s *side) send(t *testing.T, f Flow, text string) {
	t.Helper()
	if err := s.Send(f, []byte(text+"\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
}

func (s *side) connect(t *testing.T, p Protocol, remote netip.AddrPort) Flow {
	t.Helper()
	f, err := s.Connect(Peer{Protocol: p, Remote: remote})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// shut closes the layer and insists that nothing is left of it.
func (s *side) shut(t *testing.T) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if st := s.Stats(); st.Listeners != 0 || st.Connections != 0 || st.Hosts != 0 {
		t.Errorf("left after Close: %+v", st)
	}
}

// world is two sides on one network: a gateway that listens for UDP and TCP, and a
// phone that does too.
type world struct {
	net            simulated
	gateway, phone *side
	raw            []net.Conn // connections that call has made
}

func inWorld(t *testing.T, limits Limits, story func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := simulate(simnet.New(1))
		w := &world{net: n, gateway: newSide(n, limits), phone: newSide(n, Limits{})}
		for _, p := range []Protocol{UDP, TCP} {
			w.gateway.listen(t, p, gatewayAt)
			w.phone.listen(t, p, phoneAt)
		}
		story(t, w)
		w.gateway.shut(t)
		w.phone.shut(t)
		for _, c := range w.raw {
			c.Close()
		}
		if open := n.Open(); len(open) != 0 {
			t.Errorf("open sockets: %q", open)
		}
		n.Close()
	})
}
