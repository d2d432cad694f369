package simnet

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Capture keeps every packet of a network, for scripts to search and failed tests to
// print.
type Capture struct {
	net     *Net
	remove  func()
	packets []Packet
}

// Capture starts a capture.
func (n *Net) Capture() *Capture {
	c := &Capture{net: n}
	c.remove = n.AddTap(func(p Packet) { c.packets = append(c.packets, p) })
	return c
}

// Stop ends the capture; what it has stays.
func (c *Capture) Stop() { c.remove() }

// Packets returns what was captured so far in the order of sending, whatever order it
// arrived in. What is still on its way is not in it.
func (c *Capture) Packets() []Packet {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	packets := slices.Clone(c.packets)
	slices.SortStableFunc(packets, func(a, b Packet) int { return cmp.Compare(a.Order, b.Order) })
	return packets
}

// String draws the capture, a line per packet: seconds since the first, who, what, to
// whom, what became of it.
//
//	0.000 10.0.0.1:5060 -> 10.0.0.2:5060  INVITE sip:bob@10.0.0.2 SIP/2.0
//	0.500 10.0.0.1:5060 -> 10.0.0.2:5060  INVITE sip:bob@10.0.0.2 SIP/2.0  (lost)
func (c *Capture) String() string {
	var b strings.Builder
	packets := c.Packets()
	for _, p := range packets {
		fmt.Fprintf(&b, "%8.3f %v -> %v  %s", p.Sent.Sub(packets[0].Sent).Seconds(), p.From, p.To, p.summary())
		if p.Verdict != Delivered {
			fmt.Fprintf(&b, "  (%v)", p.Verdict)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// summary is the first line of a text, or the size of anything else.
func (p Packet) summary() string {
	line, _, _ := bytes.Cut(p.Data, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	other := func(r rune) bool { return !unicode.IsPrint(r) }
	if len(line) == 0 || bytes.ContainsFunc(line, other) {
		return fmt.Sprintf("%d bytes", len(p.Data))
	}
	return string(line)
}
