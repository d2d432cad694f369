package calltest

import (
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/internal/simnet"
)

// flight is how long a packet takes from one host to another.
const flight = 10 * time.Millisecond

// network is the simulated one with what a script asks of it.
type network struct {
	*simnet.Net
	capture *simnet.Capture
}

// newNetwork loses what the setup says. A bad network also doubles packets and
// lets them overtake each other.
func newNetwork(setup Setup) *network {
	n := &network{Net: simnet.New(setup.Seed)}
	link := simnet.Link{Delay: flight}
	if setup.Loss > 0 {
		link.Loss, link.Duplicate, link.Jitter = setup.Loss, setup.Loss/4, flight
	}
	n.SetDefault(link)
	n.capture = n.Capture()
	n.mercy()
	return n
}

// unlucky is how often chance may take one message. Retransmissions get a message
// through after any number of losses but for bad luck, and a test that fails by
// bad luck once in a thousand times is worth nothing.
const unlucky = 2

// mercy lets a message through that was lost often enough. Provisional responses
// are outside of it: nobody repeats them.
func (n *network) mercy() {
	lost := map[string]int{}
	n.AddTap(func(p simnet.Packet) {
		if key := repeated(p); p.Verdict == simnet.Lost && key != "" {
			lost[key]++
		}
	})
	n.AddRule(func(p simnet.Packet) simnet.Fate {
		return simnet.Fate{Deliver: lost[repeated(p)] >= unlucky}
	})
}

// repeated names a SIP message that its sender repeats, and is empty for others.
func repeated(p simnet.Packet) string {
	m, err := phone.Parse(p.Data)
	if err != nil || (m.Status > 0 && m.Status < 200) {
		return ""
	}
	return m.Name() + " " + m.Get("CSeq") + " " + m.Branch() + " " + m.Tag("To") + p.To.String()
}

func (n *network) listen(at netip.AddrPort) (phone.PacketConn, error) { return n.ListenUDP(at) }

// sparing lets responses 101 to 199 through whatever the loss.
func (n *network) sparing() {
	n.AddRule(func(p simnet.Packet) simnet.Fate {
		m, err := phone.Parse(p.Data)
		return simnet.Fate{Deliver: err == nil && m.Status > 100 && m.Status < 200}
	})
}

// slack is by how much a time may be off that a script states: the way there and
// back.
func (s *stage) slack() time.Duration { return 4 * flight }

// dropStep is "drop next [NUMBER] WHAT [METHOD] to|from NAME".
type dropStep struct {
	line
	number       int
	what, method string
	from         bool
	who          string
}

func parseDrop(l line, words []string) (step, error) {
	d := &dropStep{line: l, number: 1}
	rest := words[2:]
	if len(rest) > 0 && !isStatus(rest[0]) {
		if n, err := strconv.Atoi(rest[0]); err == nil {
			d.number, rest = n, rest[1:]
		}
	}
	if len(rest) == 4 {
		d.method, rest = rest[1], slices.Delete(slices.Clone(rest), 1, 2)
	}
	if len(rest) != 3 || (rest[1] != "to" && rest[1] != "from") {
		return nil, l.errorf("should be: drop next [NUMBER] WHAT [METHOD] to|from NAME")
	}
	d.what, d.from, d.who = rest[0], rest[1] == "from", rest[2]
	return d, nil
}

func (d *dropStep) play(s *stage) error {
	who, err := s.party(d.who)
	if err != nil {
		return d.errorf("%w", err)
	}
	sip, rtp, left := who.agent.Local, who.audio.Local, d.number
	s.net.AddRule(func(p simnet.Packet) simnet.Fate {
		end := p.To
		if d.from {
			end = p.From
		}
		if left == 0 || (end != sip && end != rtp) || !d.is(p.Data) {
			return simnet.Fate{}
		}
		left--
		return simnet.Fate{Drop: true}
	})
	return nil
}

// is tells whether a packet is WHAT: a method, a status, or RTP.
func (d *dropStep) is(packet []byte) bool {
	m, err := phone.Parse(packet)
	if err != nil {
		return d.what == "RTP" && len(packet) > 0 && packet[0]>>6 == 2
	}
	_, method := m.CSeq()
	name := m.Method
	if !m.IsRequest() {
		name = strconv.Itoa(m.Status)
	}
	return name == d.what && (d.method == "" || d.method == method)
}

// plugStep is "unplug NAME" and "plug NAME": nothing gets to a party or away
// from it, as if its cable were pulled, and gets again.
type plugStep struct {
	line
	who string
	cut bool
}

func parsePlug(l line, words []string) (step, error) {
	return &plugStep{l, words[1], words[0] == "unplug"}, nil
}

func (u *plugStep) play(s *stage) error {
	who, err := s.party(u.who)
	if err != nil {
		return u.errorf("%w", err)
	}
	change := s.net.Heal
	if u.cut {
		change = s.net.Partition
	}
	for host := range gatewayHosts() {
		change(who.agent.Local.Addr(), host)
	}
	return nil
}

// natStep is "gateway is behind ADDRESS": what the parties send to that address comes to
// the gateway, with its port as it is.
type natStep struct {
	line
	outer netip.Addr
}

func parseNAT(l line, words []string) (step, error) {
	outer, err := netip.ParseAddr(words[3])
	if err != nil {
		return nil, l.errorf("%w", err)
	}
	return &natStep{l, outer}, nil
}

func (n *natStep) play(s *stage) error {
	s.outer = n.outer
	return nil
}

// loseStep is "NAME loses its connections": all its TCP and TLS connections end.
type loseStep struct {
	line
	who string
}

func parseLose(l line, words []string) (step, error) { return &loseStep{l, words[0]}, nil }

func (c *loseStep) play(s *stage) error {
	who, err := s.party(c.who)
	if err != nil {
		return c.errorf("%w", err)
	}
	if who.streams == nil {
		return c.errorf("%s has no TCP or TLS", c.who)
	}
	who.streams.Hangup()
	return nil
}
