package simnet

import (
	"hash/fnv"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"
)

// Link is how packets fare in one direction between two hosts. The zero Link delivers
// everything at once.
type Link struct {
	Delay     time.Duration // one way
	Jitter    time.Duration // a part of this, by chance, is added to Delay; so datagrams overtake each other
	Loss      float64       // the part of the datagrams that is lost, 0 to 1
	Duplicate float64       // the part of the datagrams that arrives twice, 0 to 1
	MTU       int           // datagrams with more bytes of payload vanish; 0: no limit
}

// SetDefault sets the link of all directions that have none of their own.
func (n *Net) SetDefault(l Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.usual = l
}

// SetLink sets the link from one host to another, in this direction only. The zero
// Addr stands for any host; a link between two named hosts goes before one from a
// named host, and that before one to a named host. It counts for packets sent later.
func (n *Net) SetLink(from, to netip.Addr, l Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.links[pair{from.Unmap(), to.Unmap()}] = l
}

// SetPair sets the link in both directions between two hosts.
func (n *Net) SetPair(a, b netip.Addr, l Link) {
	n.SetLink(a, b, l)
	n.SetLink(b, a, l)
}

func (n *Net) link(from, to netip.Addr) Link {
	for _, way := range []pair{{from, to}, {from: from}, {to: to}} {
		if l, ok := n.links[way]; ok {
			return l
		}
	}
	return n.usual
}

// delay is how long one packet takes, given its luck from 0 to 1.
func (l Link) delay(luck float64) time.Duration {
	return l.Delay + time.Duration(luck*float64(l.Jitter))
}

// Partition stops all traffic between two hosts, both ways: datagrams vanish, streams
// stand still, and nobody is told.
func (n *Net) Partition(a, b netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	a, b = a.Unmap(), b.Unmap()
	n.partitions[pair{a, b}], n.partitions[pair{b, a}] = true, true
}

// Heal ends a partition. Streams and connection attempts between the hosts go on with
// what they had sent.
func (n *Net) Heal(a, b netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	a, b = a.Unmap(), b.Unmap()
	delete(n.partitions, pair{a, b})
	delete(n.partitions, pair{b, a})
	waiting := n.held
	n.held = nil
	for _, h := range waiting {
		n.cross(h.way, h.run)
	}
}

// cross runs f now, or after the heal when a partition is in the way.
func (n *Net) cross(way pair, f func()) {
	if n.partitions[way] {
		n.held = append(n.held, held{way, f})
		return
	}
	f()
}

// Fate is what a rule wants done with a packet. The zero Fate is no opinion.
type Fate struct {
	Drop    bool          // lose it
	Deliver bool          // spare it loss and duplication
	Delay   time.Duration // let it take this much longer than its link makes it
}

// Rule looks at a packet before chance does. Of a stream's packets (what one Write
// took) it can only change the delay, and what follows in the stream waits too.
// A rule must not keep or change the packet's data, nor call the network.
type Rule func(p Packet) Fate

// AddRule adds a rule after the ones that are there; the first with an opinion counts.
// The function that it returns takes the rule away.
func (n *Net) AddRule(r Rule) (remove func()) { return add(n, &n.rules, r) }

// add enters f in one of the network's lists.
func add[F any](n *Net, list *[]*entry[F], f F) (remove func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	e := &entry[F]{f}
	*list = append(*list, e)
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		*list = slices.DeleteFunc(slices.Clone(*list), func(o *entry[F]) bool { return o == e })
	}
}

func (n *Net) judge(p Packet) Fate {
	for _, r := range n.rules {
		if f := r.call(p); f != (Fate{}) {
			return f
		}
	}
	return Fate{}
}

// luck is the random part of one packet's way. All of it is drawn for every packet, so
// that changing a link's figures does not reshuffle what happens to later packets.
type luck struct{ loss, duplicate, first, second float64 }

func (n *Net) draw(f flow) luck {
	r := n.chance[f]
	if r == nil {
		r = rand.New(rand.NewPCG(n.seed, f.hash()))
		n.chance[f] = r
	}
	return luck{r.Float64(), r.Float64(), r.Float64(), r.Float64()}
}

func (f flow) hash() uint64 {
	h := fnv.New64a()
	for _, at := range []netip.AddrPort{f.from, f.to} {
		b, _ := at.MarshalBinary() // its error is always nil
		h.Write(b)
	}
	return h.Sum64()
}
