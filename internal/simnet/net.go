package simnet

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Net is one network. Its methods may be called from any goroutine.
type Net struct {
	mu sync.Mutex // guards everything below and every socket of the network

	seed       uint64
	usual      Link
	links      map[pair]Link
	partitions map[pair]bool
	held       []held
	rules      []*entry[Rule]
	taps       []*entry[Tap]
	chance     map[flow]*rand.Rand

	packets   map[netip.AddrPort]*PacketConn
	listeners map[netip.AddrPort]*Listener
	conns     map[flow]*Conn
	ports     map[netip.Addr]uint16

	schedule schedule
	sent     uint64
	stats    Stats
	closed   bool
}

// pair is a direction between two hosts, flow one between two sockets.
type (
	pair struct{ from, to netip.Addr }
	flow struct{ from, to netip.AddrPort }
)

// entry makes a rule or tap comparable, so that it can be removed again.
type entry[F any] struct{ call F }

// held is something that a partition keeps from happening.
type held struct {
	way pair
	run func()
}

// New returns an empty network on which packets arrive at once and none is lost. The
// seed decides everything that is left to chance.
func New(seed uint64) *Net {
	return &Net{
		seed:       seed,
		links:      map[pair]Link{},
		partitions: map[pair]bool{},
		chance:     map[flow]*rand.Rand{},
		packets:    map[netip.AddrPort]*PacketConn{},
		listeners:  map[netip.AddrPort]*Listener{},
		conns:      map[flow]*Conn{},
		ports:      map[netip.Addr]uint16{},
	}
}

// Stats counts what has become of datagrams and what is open now.
type Stats struct {
	Sent       int // datagrams written or injected
	Delivered  int // put into a socket's queue, duplicates included
	Duplicated int // of these, second copies
	Undelivered
	InFlight int // on their way now: datagrams, stream segments and handshakes
	Sockets  int // open now
	Conns    int // stream ends open now
}

// Undelivered counts datagrams by why they did not arrive.
type Undelivered struct {
	Lost, Dropped, Partitioned, TooBig, Unreachable, Overflowed int
}

// Stats returns the counters.
func (n *Net) Stats() Stats {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.stats
	s.InFlight = n.schedule.len()
	s.Sockets = len(n.packets) + len(n.listeners)
	s.Conns = len(n.conns)
	return s
}

// Open names what is still open, sorted, as "udp 10.0.0.1:5060", "listen 10.0.0.1:5060"
// or "tcp 10.0.0.1:5060 10.0.0.2:49152": empty when everybody has tidied up.
func (n *Net) Open() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var open []string
	for at := range n.packets {
		open = append(open, "udp "+at.String())
	}
	for at := range n.listeners {
		open = append(open, "listen "+at.String())
	}
	for f := range n.conns {
		open = append(open, "tcp "+f.from.String()+" "+f.to.String())
	}
	slices.Sort(open)
	return open
}

// Close ends every socket, drops what is on its way and stops the clock. Whoever waits
// in the network returns with net.ErrClosed.
func (n *Net) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	n.schedule.stop()
	n.held = nil
	for _, p := range n.packets {
		p.close()
	}
	for _, l := range n.listeners {
		l.close()
	}
	for _, c := range n.conns {
		c.abort(net.ErrClosed)
	}
	clear(n.conns)
	return nil
}

// after runs f with the lock held when d has passed, or at once when d is not positive.
func (n *Net) after(d time.Duration, f func()) {
	if d <= 0 {
		f()
		return
	}
	n.schedule.add(time.Now().Add(d), f, n.wake)
}

// wake is the schedule's timer.
func (n *Net) wake() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.schedule.run(time.Now(), n.wake)
}

const firstPort = 49152 // RFC 6335 section 6: dynamic ports

// freePort returns the next dynamic port of the host that taken does not know.
func (n *Net) freePort(host netip.Addr, taken func(netip.AddrPort) bool) (netip.AddrPort, bool) {
	for range 1<<16 - firstPort {
		port := max(n.ports[host], firstPort)
		n.ports[host] = port + 1 // wraps to 0, which the line above turns into the first
		if at := netip.AddrPortFrom(host, port); !taken(at) {
			return at, true
		}
	}
	return netip.AddrPort{}, false
}

// plain turns an IPv4 address that is written as IPv6 into what it is.
func plain(at netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}
