package sip

import (
	"net/netip"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// fromRequest is an OPTIONS with a From and a Via.
func fromRequest(t testing.TB, from, via string) string {
	t.Helper()
	return "OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/UDP " + via + ";branch=z9hG4bK1\r\nFrom: <" + from + ">;tag=1\r\n" +
		"To: <sip:h>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n\r\n"
}

func over(p transport.Protocol, remote string) transport.Flow {
	return transport.Flow{Protocol: p, Local: edgeAt, Remote: netip.MustParseAddrPort(remote)}
}

func prefixes(list ...string) (p []netip.Prefix) {
	for _, s := range list {
		p = append(p, netip.MustParsePrefix(s))
	}
	return p
}

// A source is matched by address, and where several trunks share one by the domain
// in From or by the port.
func TestTrunkOf(t *testing.T) {
	s := &Settings{Trunks: []Trunk{
		{Name: "alone", Sources: prefixes("203.0.113.5/32", "2001:db8::5/128"), Address: Address{Host: "203.0.113.5"}},
		{Name: "net", Sources: prefixes("203.0.113.128/25"), Domain: "net.example", Address: Address{Host: "sip.net.example"}},
		{Name: "port5060", Sources: prefixes("127.0.0.1/32"), Address: Address{Host: "127.0.0.1"}},
		{Name: "port5080", Sources: prefixes("127.0.0.1/32"), Address: Address{Host: "localhost", Port: 5080}},
		{Name: "a", Sources: prefixes("10.0.0.0/8"), Domain: "a.example", Address: Address{Host: "10.0.0.1"}},
		{Name: "b", Sources: prefixes("10.0.0.1/32"), Domain: "b.example", Address: Address{Host: "10.0.0.1"}},
		{Name: "b2", Sources: prefixes("10.0.0.1/32"), Domain: "b.example", Address: Address{Host: "10.0.0.1", Port: 5070}},
		{Name: "no source", Address: Address{Host: "192.0.2.99"}},
	}}
	for _, c := range []struct {
		protocol          transport.Protocol
		remote, from, via string
		want              string
	}{
		{transport.UDP, "203.0.113.5:5060", "sip:x@y", "h", "alone"},
		{transport.UDP, "203.0.113.5:40000", "sip:x@y", "h", "alone"},
		{transport.TCP, "203.0.113.5:40000", "sip:x@y", "h", "alone"},
		{transport.UDP, "[2001:db8::5]:5060", "sip:x@y", "h", "alone"},
		{transport.UDP, "203.0.113.6:5060", "sip:x@203.0.113.5", "203.0.113.5", ""},
		{transport.UDP, "203.0.113.200:9", "sip:x@y", "h", "net"}, // alone, it needs no domain
		{transport.UDP, "192.0.2.99:5060", "sip:x@192.0.2.99", "h", ""},
		{transport.UDP, "127.0.0.1:5060", "sip:x@y", "h:5080", "port5060"},
		{transport.UDP, "127.0.0.1:5080", "sip:x@y", "h", "port5080"},
		{transport.UDP, "127.0.0.1:5081", "sip:x@y", "h", ""},
		{transport.TCP, "127.0.0.1:5060", "sip:x@y", "h:5080", "port5080"},
		{transport.TCP, "127.0.0.1:40000", "sip:x@y", "h", "port5060"},
		{transport.UDP, "10.0.0.7:5060", "sip:x@y", "h", "a"},
		{transport.UDP, "10.0.0.1:5060", "sip:x@A.EXAMPLE", "h", "a"},
		{transport.UDP, "10.0.0.1:5060", "sip:x@b.example", "h", "b"},
		{transport.UDP, "10.0.0.1:5070", "sip:x@b.example", "h", "b2"},
		{transport.UDP, "10.0.0.1:5070", "sip:x@y", "h", "b2"},
		{transport.UDP, "10.0.0.1:5060", "sip:x@y", "h", ""}, // a or b
	} {
		got := ""
		if trunk := s.trunkOf(request(t, fromRequest(t, c.from, c.via)), over(c.protocol, c.remote)); trunk != nil {
			got = trunk.Name
		}
		if got != c.want {
			t.Errorf("%v from %s, %s, %s: %q, not %q", c.protocol, c.remote, c.from, c.via, got, c.want)
		}
	}
	if s.trunk("b2") == nil || s.trunk("b2").Address.Port != 5070 || s.trunk("c") != nil {
		t.Error("trunk by name")
	}
}

// Who says to be one of our users must prove it, wherever it sends from.
func TestClaimed(t *testing.T) {
	s := settings(t)
	for from, want := range map[string]bool{
		"sip:alice@example.test":          true,
		"sip:alice@EXAMPLE.test":          true,
		"sip:%61lice@example.test":        true,
		"sip:alice@example.test:5060":     true,
		"sip:alice@198.51.100.1":          true,
		"sip:alice@198.51.100.1:5060":     true,
		"sips:alice@example.test":         true,
		"sip:alice@198.51.100.1:5080":     false, // a trunk beside us, at its own port
		"sip:alice@203.0.113.9":           false,
		"sip:alice@other.test":            false,
		"sip:Alice@example.test":          false,
		"sip:carol@example.test":          false,
		"sip:+14255550101@example.test":   false,
		"sip:anonymous@anonymous.invalid": false,
		"tel:+14255550101":                false,
	} {
		if got := s.claimed(request(t, fromRequest(t, from, "h")), domain, edgeAt, edgeAt); got != want {
			t.Errorf("%s: %v", from, got)
		}
	}
}

// A phone and a trunk at one address, as everything on 127.0.0.1 is: each is what
// its From says, and the phone must prove it.
func TestPhoneAtTheAddressOfATrunk(t *testing.T) {
	play(t, func(s *stage) {
		trunk := s.udp("+12065550123", pbxAt)
		trunk.Domain = pbxAt.Addr().String()
		phoneAt := netip.AddrPortFrom(pbxAt.Addr(), 5070)
		alice, carrier := s.udp("alice", phoneAt), s.udp("carrier", carrierAt)
		alice.register()

		invite := alice.say(alice.invite("sip:+14255550100@" + domain))
		challenge := alice.want("401 INVITE")
		alice.ack(challenge)
		carrier.want()
		alice.prove(invite, challenge.Message)
		alice.want("100 INVITE")
		called := carrier.want("INVITE")
		has(t, called.Message, "P-Asserted-Identity", "+14255550101")
		received := published[event.CallReceived](s)
		if len(received) != 1 || received[0].User != "alice" || received[0].Trunk != "" {
			t.Errorf("received: %+v", received)
		}
		carrier.say(carrier.Respond(called.Message, 486, ""))
		carrier.want("ACK")
		alice.ack(alice.want("486 INVITE"))

		// Without a name a registered phone is still no trunk.
		anonymous := alice.invite("sip:+14255550100@" + domain)
		anonymous.Set("From", "<sip:anonymous@anonymous.invalid>;tag=x")
		alice.say(anonymous)
		alice.want("401 INVITE")
		options := alice.Request("OPTIONS", "sip:"+domain)
		options.Set("From", "<sip:anonymous@anonymous.invalid>;tag=x")
		alice.say(options)
		alice.want("200 OPTIONS")

		// The trunk goes on as before, its own phone calls alice too.
		trunk.say(trunk.invite("sip:+14255550101@" + domain))
		trunk.want("100 INVITE")
		ringing := alice.want("INVITE")
		alice.say(alice.Respond(ringing.Message, 486, ""))
		alice.want("ACK")
		trunk.ack(trunk.want("486 INVITE"))
	})
}

// A wrong password at a trunk's address is a wrong password.
func TestNoTrunkForAWrongPassword(t *testing.T) {
	play(t, func(s *stage) {
		p := s.udp("alice", pbxAt)
		p.Credentials.Password = "wrong"
		invite := p.say(p.invite("sip:+14255550100@" + domain))
		challenge := p.want("401 INVITE")
		p.ack(challenge)
		p.prove(invite, challenge.Message)
		p.want("401 INVITE")
		if s.edge.Calls() != 0 {
			t.Error("a call has begun")
		}
	})
}

// A trunk with a password must say it; a user's does not do.
func TestTrunkPassword(t *testing.T) {
	set := settings(t)
	set.Trunks[1].Username, set.Trunks[1].Password = "pbx", "secret-of-pbx"
	playWith(t, set, func(s *stage) {
		p, carrier := s.pbx(), s.udp("carrier", carrierAt)
		for _, c := range []struct{ user, password, want string }{
			{"alice", "secret-of-alice", "401 INVITE"}, {"pbx", "secret-of-alice", "401 INVITE"}, {"pbx", "secret-of-pbx", "100 INVITE"},
		} {
			p.Credentials.User, p.Credentials.Password = c.user, c.password
			invite := p.say(p.invite("sip:+14255550100@" + domain))
			challenge := p.want("401 INVITE")
			p.ack(challenge)
			p.prove(invite, challenge.Message)
			p.want(c.want)
		}
		carrier.want("INVITE")
		if received := published[event.CallReceived](s); len(received) != 1 || received[0].Trunk != "pbx" {
			t.Errorf("received: %+v", received)
		}
		s.pass(100 * time.Millisecond)
	})
}
