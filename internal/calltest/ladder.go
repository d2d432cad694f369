package calltest

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/internal/simnet"
)

// ladder draws what was captured, a line per SIP message. Sound is one line for
// all packets of one way between two messages.
type ladder struct {
	began time.Time
	names map[netip.Addr]string
}

// name gives a host its name in the drawing.
func (d *ladder) name(host netip.Addr, name string) { d.names[host] = name }

func (d *ladder) draw(packets []simnet.Packet) string {
	var b strings.Builder
	var sound tally
	for _, p := range packets {
		m, err := phone.Parse(p.Data)
		if err != nil && (isTLS(p) || isHandshake(p.Data)) {
			continue // the gateway's log tells of it
		}
		if err != nil && isSound(p.Data) {
			sound.add(d.way(p))
			continue
		}
		b.WriteString(sound.flush())
		b.WriteString(d.message(p, m))
	}
	b.WriteString(sound.flush())
	return b.String()
}

// isTLS tells a record of TLS: RFC 8446 section 5.1.
func isTLS(p simnet.Packet) bool {
	return p.Stream && len(p.Data) > 2 && p.Data[0] >= 20 && p.Data[0] <= 24 && p.Data[1] == 3
}

// isHandshake tells a packet of DTLS: RFC 7983 section 7.
func isHandshake(packet []byte) bool { return len(packet) > 0 && packet[0] >= 20 && packet[0] <= 63 }

func isSound(packet []byte) bool { return len(packet) > 0 && packet[0]>>6 == 2 }

// tally counts packets of sound by their way, in the order of the first of each.
type tally struct {
	ways   []string
	counts []int
}

func (t *tally) add(way string) {
	i := slices.Index(t.ways, way)
	if i < 0 {
		i = len(t.ways)
		t.ways, t.counts = append(t.ways, way), append(t.counts, 0)
	}
	t.counts[i]++
}

func (t *tally) flush() string {
	s := ""
	for i, way := range t.ways {
		s += fmt.Sprintf("%9s %s  %d packets of sound\n", "", way, t.counts[i])
	}
	*t = tally{}
	return s
}

func (d *ladder) way(p simnet.Packet) string {
	return fmt.Sprintf("%10s -> %-10s", d.who(p.From), d.who(p.To))
}

func (d *ladder) who(at netip.AddrPort) string {
	if name, ok := d.names[at.Addr()]; ok {
		return name
	}
	return at.String()
}

// message is one line: time, from, to, what, and what became of it.
func (d *ladder) message(p simnet.Packet, m *phone.Message) string {
	s := fmt.Sprintf("%9.3f %s  %s", p.Sent.Sub(d.began).Seconds(), d.way(p), headline(p.Data, m))
	if p.Verdict != simnet.Delivered {
		s += fmt.Sprintf("  (%v)", p.Verdict)
	}
	return s + "\n"
}

// headline is what a packet is, message or not.
func headline(packet []byte, m *phone.Message) string {
	switch {
	case m != nil:
		return summary(m)
	case string(packet) == phone.Ping:
		return "keep-alive"
	case string(packet) == phone.Pong:
		return "pong"
	}
	return firstLine(packet)
}

// summary is what a reader of a ladder wants to see of a message.
func summary(m *phone.Message) string {
	number, method := m.CSeq()
	s := fmt.Sprintf("%s [%d %s]", m.Name(), number, method)
	if m.IsRequest() {
		s = fmt.Sprintf("%s %s [%d]", m.Method, m.URI, number)
	}
	if body, ok := m.SDP(); ok {
		s += " sdp"
		if d, err := phone.ParseDescription(body); err == nil {
			s += fmt.Sprintf("(%s %s %s)", d.Address, d.Direction, strings.Join(d.Codecs, ","))
		}
	}
	return s + because(m)
}
