package sip

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

func flowOver(p transport.Protocol, local, remote string) transport.Flow {
	return transport.Flow{Protocol: p, Local: netip.MustParseAddrPort(local), Remote: netip.MustParseAddrPort(remote)}
}

func TestContactOfAFlow(t *testing.T) {
	const four, six = "198.51.100.1:5060", "[2001:db8::1]:5061"
	for _, tt := range []struct {
		p     transport.Protocol
		local string
		sips  bool
		want  string
	}{
		{transport.UDP, four, false, "<sip:tandem@198.51.100.1:5060>"},
		{transport.TCP, four, false, "<sip:tandem@198.51.100.1:5060;transport=tcp>"},
		{transport.TLS, six, false, "<sip:tandem@[2001:db8::1]:5061;transport=tls>"},
		{transport.TLS, six, true, "<sips:tandem@[2001:db8::1]:5061>"},
		// A SIPS URI that came in clear is not answered by one.
		{transport.UDP, four, true, "<sip:tandem@198.51.100.1:5060>"},
		{transport.TCP, four, true, "<sip:tandem@198.51.100.1:5060;transport=tcp>"},
	} {
		if got := contactOf(flowOver(tt.p, tt.local, "192.0.2.1:5060"), tt.sips); got != tt.want {
			t.Errorf("%v, sips %v: %s, want %s", tt.p, tt.sips, got, tt.want)
		}
	}
}

// RFC 3261 s12.1.1.
func TestWhatAsksForASIPSContact(t *testing.T) {
	for _, tt := range []struct {
		uri, headers string
		want         bool
	}{
		{"sips:1@example.test", "Contact: <sip:a@192.0.2.1>", true},
		{"sip:1@example.test", "Contact: <sip:a@192.0.2.1>", false},
		{"sip:1@example.test", "Contact: <sips:a@192.0.2.1>", true},
		{"sip:1@example.test", "Contact: <sips:a@192.0.2.1>\r\nRecord-Route: <sip:p.test;lr>", false},
		{"sip:1@example.test", "Contact: <sip:a@192.0.2.1>\r\nRecord-Route: <sips:p.test;lr>, <sip:q.test;lr>", true},
		{"sip:1@example.test", "Contact: <sip:a@192.0.2.1>\r\nRecord-Route: <sip:p.test;lr>, <sips:q.test;lr>", false},
		{"sip:1@example.test", "Subject: none", false},
	} {
		text := "INVITE " + tt.uri + " SIP/2.0\r\nVia: SIP/2.0/TLS 192.0.2.1:5061;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n" +
			"From: <sip:a@example.test>;tag=1\r\nTo: <" + tt.uri + ">\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n" + tt.headers + "\r\nContent-Length: 0\r\n\r\n"
		m, fault := wire.Parse([]byte(text))
		if fault != nil && !strings.Contains(tt.headers, "Subject") {
			t.Fatal(fault)
		}
		if req, ok := m.(*sip.Request); ok && bySIPS(req) != tt.want {
			t.Errorf("%s, %s: %v", tt.uri, tt.headers, !tt.want)
		}
	}
}

// Where a request within a dialog goes, by its next hop and the flow that is known.
func TestNextHop(t *testing.T) {
	const peer = "203.0.113.5:49152"
	for _, tt := range []struct {
		hop   string
		known transport.Protocol
		p     transport.Protocol
		at    string
	}{
		{"sip:a@203.0.113.9", transport.UDP, transport.UDP, "203.0.113.9:5060"},
		{"sip:a@203.0.113.9:5070", transport.UDP, transport.UDP, "203.0.113.9:5070"},
		{"sip:a@203.0.113.9;transport=tcp", transport.UDP, transport.TCP, "203.0.113.9:5060"},
		{"sip:a@203.0.113.9;transport=TLS", transport.UDP, transport.TLS, "203.0.113.9:5061"},
		{"sips:a@203.0.113.9", transport.UDP, transport.TLS, "203.0.113.9:5061"},
		{"sips:a@203.0.113.9:5070;transport=tcp", transport.TCP, transport.TLS, "203.0.113.9:5070"},
		{"sips:a@[2001:db8::9]", transport.UDP, transport.TLS, "[2001:db8::9]:5061"},
		// What began by TLS does not go on in clear.
		{"sip:a@203.0.113.9", transport.TLS, transport.TLS, "203.0.113.9:5061"},
		{"sip:a@203.0.113.9:5060;transport=udp", transport.TLS, transport.TLS, "203.0.113.9:5060"},
		{"sip:a@203.0.113.9", transport.TCP, transport.UDP, "203.0.113.9:5060"},
		// A name leads where the dialog already is.
		{"sip:sbc.carrier.test;lr", transport.TLS, transport.TLS, peer},
		{"sips:sbc.carrier.test;lr", transport.TLS, transport.TLS, peer},
	} {
		u, err := wire.ParseURI(tt.hop)
		if err != nil {
			t.Fatal(err)
		}
		p, at := nextHop(u, flowOver(tt.known, "198.51.100.1:5060", peer))
		if p != tt.p || at.String() != tt.at {
			t.Errorf("%s from %v: %v %v, want %v %s", tt.hop, tt.known, p, at, tt.p, tt.at)
		}
	}
}

func TestTrunkAddresses(t *testing.T) {
	for _, tt := range []struct {
		a    Address
		uri  string
		port uint16
	}{
		{Address{Host: "c.test"}, "sip:+14255550100@c.test;user=phone", 5060},
		{Address{Host: "c.test", Protocol: transport.UDP}, "sip:+14255550100@c.test;user=phone", 5060},
		{Address{Host: "c.test", Protocol: transport.TCP}, "sip:+14255550100@c.test;user=phone;transport=tcp", 5060},
		{Address{Host: "c.test", Port: 5070, Protocol: transport.TLS}, "sip:+14255550100@c.test:5070;user=phone;transport=tls", 5070},
		{Address{Host: "c.test", Protocol: transport.TLS}, "sip:+14255550100@c.test;user=phone;transport=tls", 5061},
		{Address{Host: "[2001:db8::1]", Protocol: transport.TLS, SIPS: true}, "sips:+14255550100@[2001:db8::1];user=phone", 5061},
	} {
		if got := tt.a.uri("+14255550100"); got != tt.uri || tt.a.port() != tt.port {
			t.Errorf("%+v: %s, port %d", tt.a, got, tt.a.port())
		}
	}
}

func TestPeerOfATrunk(t *testing.T) {
	at := netip.MustParseAddrPort("203.0.113.5:5061")
	trunk := &Trunk{Secure: transport.Secure{Name: "c.test"}, KeepAlive: 120}
	if got := trunk.peer(transport.TLS, at); got.Secure.Name != "c.test" || got.KeepAlive != 120 || got.Remote != at || got.Protocol != transport.TLS {
		t.Errorf("%+v", got)
	}
	if got := (*Trunk)(nil).peer(transport.TCP, at); got != (transport.Peer{Protocol: transport.TCP, Remote: at}) {
		t.Errorf("of no trunk: %+v", got)
	}
}

// A leg's audio is in the family of its signalling.
func TestMediaAddress(t *testing.T) {
	four, six := netip.MustParseAddr("198.51.100.9"), netip.MustParseAddr("2001:db8::9")
	flow4 := flowOver(transport.UDP, "198.51.100.1:5060", "192.0.2.1:5060")
	flow6 := flowOver(transport.UDP, "[2001:db8::1]:5060", "[2001:db8::2]:5060")
	for _, tt := range []struct {
		given  []netip.Addr
		v4, v6 netip.Addr
	}{
		{nil, flow4.Local.Addr(), flow6.Local.Addr()},
		{[]netip.Addr{four}, four, flow6.Local.Addr()},
		{[]netip.Addr{six, four}, four, six},
	} {
		e := &Edge{config: Config{MediaAddresses: tt.given}}
		if got4, got6 := e.mediaAddress(flow4), e.mediaAddress(flow6); got4 != tt.v4 || got6 != tt.v6 {
			t.Errorf("%v: %v and %v, want %v and %v", tt.given, got4, got6, tt.v4, tt.v6)
		}
	}
}
