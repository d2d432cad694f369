package simnet

import (
	"net/netip"
	"time"
)

// Packet is one datagram, or what one Write put on a stream, and what became of it.
type Packet struct {
	Order    uint64 // counts what was sent on this network; copies of a datagram share it
	Sent     time.Time
	Arrived  time.Time // zero if it did not
	From, To netip.AddrPort
	Stream   bool
	Data     []byte // must not be changed
	Verdict  Verdict
}

// Verdict is what became of a packet.
type Verdict uint8

const (
	// Delivered packets are in the receiver's queue.
	Delivered Verdict = iota
	// Duplicate is the second copy of a datagram, delivered.
	Duplicate
	// Lost by the chance of the link.
	Lost
	// Dropped by a rule.
	Dropped
	// Partitioned hosts do not hear each other.
	Partitioned
	// TooBig for the link's MTU.
	TooBig
	// Unreachable because nobody listens there.
	Unreachable
	// Overflowed the receiver's queue.
	Overflowed
)

// String returns the verdict in words.
func (v Verdict) String() string { return verdictNames[v] }

var verdictNames = [...]string{
	"delivered", "duplicate", "lost", "dropped", "partitioned", "too big", "unreachable", "overflowed",
}

// Tap sees every packet when its fate is known: on arrival, or when it was sent if it
// will not arrive. A tap must not call the network.
type Tap func(Packet)

// AddTap adds a tap; the function that it returns takes it away.
func (n *Net) AddTap(t Tap) (remove func()) { return add(n, &n.taps, t) }

// Inject sends a datagram that claims to come from any address, to see who believes it.
func (n *Net) Inject(from, to netip.AddrPort, data []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.closed {
		n.transmit(plain(from), plain(to), data)
	}
}

func (n *Net) packet(from, to netip.AddrPort, data []byte) Packet {
	n.sent++
	return Packet{Order: n.sent, Sent: time.Now(), From: from, To: to, Data: append([]byte(nil), data...)}
}

// transmit sends a datagram: rules first, then partitions, the link's limits and luck.
func (n *Net) transmit(from, to netip.AddrPort, data []byte) {
	p := n.packet(from, to, data)
	n.stats.Sent++
	link, fate, luck := n.link(from.Addr(), to.Addr()), n.judge(p), n.draw(flow{from, to})
	switch {
	case fate.Drop:
		n.report(p, Dropped)
	case n.partitions[pair{from.Addr(), to.Addr()}]:
		n.report(p, Partitioned)
	case link.MTU > 0 && len(data) > link.MTU:
		n.report(p, TooBig)
	case !fate.Deliver && luck.loss < link.Loss:
		n.report(p, Lost)
	default:
		n.after(link.delay(luck.first)+fate.Delay, func() { n.land(p, Delivered) })
		if !fate.Deliver && luck.duplicate < link.Duplicate {
			n.after(link.delay(luck.second)+fate.Delay, func() { n.land(p, Duplicate) })
		}
	}
}

// land puts a datagram into the queue of the socket that is there now.
func (n *Net) land(p Packet, v Verdict) {
	to := n.packets[p.To]
	switch {
	case to == nil:
		v = Unreachable
	case !to.push(p):
		v = Overflowed
	default:
		p.Arrived = time.Now()
	}
	n.report(p, v)
}

func (n *Net) report(p Packet, v Verdict) {
	p.Verdict = v
	if !p.Stream {
		n.count(v)
	}
	for _, t := range n.taps {
		t.call(p)
	}
}

func (n *Net) count(v Verdict) {
	s := &n.stats
	switch v {
	case Delivered:
		s.Delivered++
	case Duplicate:
		s.Delivered++
		s.Duplicated++
	case Lost:
		s.Lost++
	case Dropped:
		s.Dropped++
	case Partitioned:
		s.Partitioned++
	case TooBig:
		s.TooBig++
	case Unreachable:
		s.Unreachable++
	case Overflowed:
		s.Overflowed++
	}
}
