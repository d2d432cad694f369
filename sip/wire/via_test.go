package wire

import (
	"net/netip"
	"testing"

	"github.com/emiago/sipgo/sip"
)

func via(t *testing.T, text string) *sip.ViaHeader {
	t.Helper()
	v := new(sip.ViaHeader)
	if rest, err := parseVia(text, v); err != nil || rest != "" {
		t.Fatalf("%s: %v, rest %q", text, err, rest)
	}
	return v
}

func TestParseVia(t *testing.T) {
	for text, want := range map[string]string{
		"SIP/2.0/UDP h": "SIP/2.0/UDP h",
		"SIP / 2.0 / udp  h : 5060 ; BRANCH = z9hG4bK1":     "SIP/2.0/UDP h:5060;branch=z9hG4bK1",
		"SIP/2.0/TLS [2001:db8::1] : 5061":                  "SIP/2.0/TLS [2001:db8::1]:5061",
		"SIP/2.0/NEW\th;rport":                              "SIP/2.0/NEW h;rport",
		"SIP/2.0/UDP h;hidden;ttl=16;maddr=224.2.0.1":       "SIP/2.0/UDP h;hidden;ttl=16;maddr=224.2.0.1",
		"SIP/2.0/UDP [2001:db8:::192.0.2.1];received=[::1]": "SIP/2.0/UDP [2001:db8::192.0.2.1];received=::1",
	} {
		eq(t, text, string(appendVia(nil, via(t, text))), want)
	}
}

// RFC 3261 s18.2.1 and RFC 3581 s4.
func TestStampVia(t *testing.T) {
	for _, test := range []struct{ via, source, want string }{
		{"SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", "192.0.2.1:5060", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1"},
		{"SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1", "192.0.2.1:5060", "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1;received=192.0.2.1"},
		{"SIP/2.0/UDP phone.example.com", "192.0.2.1:5060", "SIP/2.0/UDP phone.example.com;received=192.0.2.1"},
		{"SIP/2.0/UDP 192.0.2.1;rport", "192.0.2.1:4444", "SIP/2.0/UDP 192.0.2.1;rport=4444;received=192.0.2.1"},
		{"SIP/2.0/UDP 10.0.0.1;rport;branch=z9hG4bK1", "192.0.2.1:4444", "SIP/2.0/UDP 10.0.0.1;rport=4444;branch=z9hG4bK1;received=192.0.2.1"},
		// Values that the sender made up.
		{"SIP/2.0/UDP 192.0.2.1;received=203.0.113.9", "192.0.2.1:5060", "SIP/2.0/UDP 192.0.2.1"},
		{"SIP/2.0/UDP 10.0.0.1;received=203.0.113.9", "192.0.2.1:5060", "SIP/2.0/UDP 10.0.0.1;received=192.0.2.1"},
		{"SIP/2.0/UDP 192.0.2.1;rport=53", "192.0.2.1:4444", "SIP/2.0/UDP 192.0.2.1;rport=4444;received=192.0.2.1"},
		// IPv6 without brackets, and IPv4 as a dual-stack socket shows it.
		{"SIP/2.0/UDP [2001:db8::1];rport", "[2001:db8::2]:4444", "SIP/2.0/UDP [2001:db8::1];rport=4444;received=2001:db8::2"},
		{"SIP/2.0/UDP [2001:db8:0::1]", "[2001:db8::1]:5060", "SIP/2.0/UDP [2001:db8:0::1]"},
		{"SIP/2.0/UDP 192.0.2.1", "[::ffff:192.0.2.1]:5060", "SIP/2.0/UDP 192.0.2.1"},
		{"SIP/2.0/UDP h", "[fe80::1%eth0]:5060", "SIP/2.0/UDP h;received=fe80::1"},
	} {
		v := via(t, test.via)
		StampVia(v, netip.MustParseAddrPort(test.source))
		eq(t, test.via+" from "+test.source, string(appendVia(nil, v)), test.want)
		StampVia(v, netip.MustParseAddrPort(test.source))
		eq(t, "stamped twice", string(appendVia(nil, v)), test.want)
	}
}

// RFC 3261 s18.2.2 and RFC 3581 s4.
func TestResponseDestination(t *testing.T) {
	for _, test := range []struct{ via, transport, source, want, fallback string }{
		{"SIP/2.0/UDP 192.0.2.1", "UDP", "192.0.2.1:9999", "192.0.2.1:5060", "192.0.2.1:5060"},
		{"SIP/2.0/UDP 192.0.2.1:5070", "udp", "192.0.2.1:9999", "192.0.2.1:5070", "192.0.2.1:5070"},
		{"SIP/2.0/UDP 10.0.0.1:5070;rport", "UDP", "192.0.2.1:9999", "192.0.2.1:9999", "192.0.2.1:9999"},
		{"SIP/2.0/UDP 10.0.0.1:5070;rport=53", "UDP", "192.0.2.1:9999", "192.0.2.1:9999", "192.0.2.1:9999"},
		{"SIP/2.0/UDP h;maddr=224.0.1.75", "UDP", "192.0.2.1:9999", "224.0.1.75:5060", "192.0.2.1:5060"},
		{"SIP/2.0/UDP h:5070;maddr=[2001:db8::7]", "UDP", "192.0.2.1:9999", "[2001:db8::7]:5070", "192.0.2.1:5070"},
		{"SIP/2.0/UDP h:5070;maddr=elsewhere.example.com", "UDP", "192.0.2.1:9999", "192.0.2.1:5070", "192.0.2.1:5070"},
		{"SIP/2.0/TCP 192.0.2.1:5070", "TCP", "192.0.2.1:40000", "192.0.2.1:40000", "192.0.2.1:5070"},
		{"SIP/2.0/TCP 192.0.2.1;rport;maddr=203.0.113.1", "TCP", "192.0.2.1:40000", "192.0.2.1:40000", "192.0.2.1:5060"},
		{"SIP/2.0/TLS h", "TLS", "192.0.2.1:40000", "192.0.2.1:40000", "192.0.2.1:5061"},
	} {
		source := netip.MustParseAddrPort(test.source)
		v := via(t, test.via)
		StampVia(v, source)
		eq(t, test.via, ResponseDestination(v, test.transport, source).String(), test.want)
		eq(t, test.via+" fallback", ResponseFallback(v, test.transport, source).String(), test.fallback)
	}
}

// The answer to a fault goes where any response goes.
func TestFaultFollowsVia(t *testing.T) {
	text := with("Via: SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1;rport\r\nv: SIP/2.0/UDP next.example.com;branch=z9hG4bK2", "-To:")
	_, fault := Parse([]byte(text))
	answer, to := fault.Response("UDP", stranger)
	eq(t, "destination", to, stranger)
	eq(t, "answer", string(answer), crlf(`SIP/2.0 400 Missing To
Via: SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1;rport=5066;received=198.51.100.7
Via: SIP/2.0/UDP next.example.com;branch=z9hG4bK2
From: Alice <sip:alice@example.com>;tag=a1
Call-ID: 1@example.com
CSeq: 1 OPTIONS
Content-Length: 0

`))
	eq(t, "method", fault.Method, "OPTIONS")
	eq(t, "error", fault.Error(), "sip message answered with 400 Missing To")
}
