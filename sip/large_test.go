package sip

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// manyCodecs is a description that makes an INVITE larger than a datagram may be.
func manyCodecs(p *party) string {
	var formats, lines strings.Builder
	for n := 96; n < 126; n++ {
		fmt.Fprintf(&formats, " %d", n)
		fmt.Fprintf(&lines, "a=rtpmap:%d CODEC-%d/8000\r\na=fmtp:%d a-parameter-that-is-long=1;another=2\r\n", n, n, n)
	}
	return "v=0\r\no=- 1 1 IN IP4 " + p.Local.Addr().String() + "\r\ns=-\r\nc=IN IP4 " + p.Local.Addr().String() + "\r\nt=0 0\r\n" +
		"m=audio 40000 RTP/AVP 0" + formats.String() + "\r\na=rtpmap:0 PCMU/8000\r\n" + lines.String()
}

func (p *party) largeInvite() *phone.Message {
	m := p.invite("sip:+14255550100@" + domain)
	m.SetSDP(manyCodecs(p))
	return p.say(m)
}

// RFC 3261 s18.1.1: a request over 1300 bytes goes by TCP; what is smaller does not.
func TestLargeRequestGoesByTCP(t *testing.T) {
	play(t, func(s *stage) {
		pbx, datagrams := s.pbx(), s.udp("carrier", carrierAt)
		carrier, _ := s.tcp("carrier", carrierAt)
		pbx.largeInvite()
		datagrams.want()
		called := carrier.want("INVITE")
		if n := len(called.String()); n <= largest {
			t.Fatalf("the INVITE has only %d bytes", n)
		}
		has(t, called.Message, "Via", "SIP/2.0/TCP "+edgeAt.String())
		has(t, called.Message, "Contact", ";transport=tcp")
		carrier.answer(called)
		answered := pbx.want("100 INVITE", "200 INVITE")
		pbx.ack(answered)
		carrier.want("ACK")
		pbx.say(pbx.In(answered.Dialog, "BYE"))
		pbx.want("200 BYE")
		bye := carrier.want("BYE")
		has(t, bye.Message, "Via", "SIP/2.0/TCP")
		carrier.say(carrier.Respond(bye.Message, 200, ""))
		if n := s.edge.Calls(); n != 0 {
			t.Errorf("%d calls", n)
		}
		datagrams.want()

		pbx.say(pbx.invite("sip:+14255550100@" + domain))
		small := datagrams.want("INVITE")
		datagrams.say(datagrams.Respond(small.Message, 486, ""))
		datagrams.want("ACK")
		carrier.want()
		pbx.ack(pbx.want("100 INVITE", "486 INVITE"))
	})
}

// "If … the attempt to connect is refused, the client SHOULD retry the request, using
// UDP"; and so when nobody answers there.
func TestLargeRequestFallsBackToUDP(t *testing.T) {
	// The refusal may come before the INVITE is in the connection's queue, or after.
	for i := range 50 {
		silent := i == 0
		play(t, func(s *stage) {
			pbx, carrier := s.pbx(), s.udp("carrier", carrierAt)
			if silent { // SYNs vanish, datagrams do not
				s.net.SetLink(edgeAt.Addr(), carrierAt.Addr(), simnetDelay(time.Hour))
			}
			pbx.largeInvite()
			pbx.want("100 INVITE")
			if silent {
				carrier.want()
				s.pass(4 * time.Second)
				s.net.SetLink(edgeAt.Addr(), carrierAt.Addr(), simnetDelay(0))
				carrier.want()
				s.pass(1200 * time.Millisecond)
			}
			called := carrier.want("INVITE")
			if n := len(called.String()); n <= largest {
				t.Fatalf("the INVITE has only %d bytes", n)
			}
			has(t, called.Message, "Via", "SIP/2.0/UDP")
			carrier.say(carrier.Respond(called.Message, 486, ""))
			carrier.want("ACK")
			pbx.ack(pbx.want("486 INVITE"))
			if started := published[event.AttemptStarted](s); len(started) != 1 {
				t.Errorf("%d attempts", len(started))
			}
		})
	}
}

// The peer has TCP and loses the connection with the INVITE: UDP is tried; when it
// has already answered something, the call has failed or goes on, but is not made
// twice.
func TestLargeRequestLosesItsConnection(t *testing.T) {
	play(t, func(s *stage) {
		pbx, datagrams := s.pbx(), s.udp("carrier", carrierAt)
		carrier, streams := s.tcp("carrier", carrierAt)
		pbx.largeInvite()
		pbx.want("100 INVITE")
		carrier.want("INVITE")
		streams.Hangup()
		called := datagrams.want("INVITE")
		datagrams.say(datagrams.Respond(called.Message, 180, ""))
		pbx.want("180 INVITE")
		datagrams.say(datagrams.Respond(called.Message, 486, ""))
		datagrams.want("ACK")
		pbx.ack(pbx.want("486 INVITE"))
	})
}

// A carrier that has said something has the INVITE: when its connection dies then, it
// is not sent again, and the answer may come over another connection.
func TestLargeRequestWasHeard(t *testing.T) {
	play(t, func(s *stage) {
		pbx, datagrams := s.pbx(), s.udp("carrier", carrierAt)
		carrier, streams := s.tcp("carrier", carrierAt)
		pbx.largeInvite()
		called := carrier.want("INVITE")
		carrier.say(carrier.Respond(called.Message, 100, ""))
		streams.Hangup()
		s.pass(time.Second)
		datagrams.want()
		// RFC 3261 s18.2.2: a new connection, to the address in our Via.
		carrier.raw(carrier.Respond(called.Message, 486, "").String())
		carrier.want("ACK")
		pbx.ack(pbx.want("100 INVITE", "486 INVITE"))
		datagrams.want()
	})
}

// An address that says udp means it; one that says tcp is called so whatever the
// size.
func TestProtocolOfTheAddress(t *testing.T) {
	for _, protocol := range []transport.Protocol{transport.UDP, transport.TCP} {
		set := settings(t)
		set.Trunks[0].Address.Protocol = protocol
		playWith(t, set, func(s *stage) {
			pbx, datagrams := s.pbx(), s.udp("carrier", carrierAt)
			streams, _ := s.tcp("carrier", carrierAt)
			carrier, idle := datagrams, streams
			if protocol == transport.TCP {
				carrier, idle = idle, carrier
			}
			for _, large := range []bool{false, true} {
				m := pbx.invite("sip:+14255550100@" + domain)
				if large {
					m.SetSDP(manyCodecs(pbx))
				}
				pbx.say(m)
				called := carrier.want("INVITE")
				if strings.Contains(called.URI, ";transport=tcp") != (protocol == transport.TCP) {
					t.Errorf("Request-URI is %s", called.URI)
				}
				carrier.say(carrier.Respond(called.Message, 486, ""))
				carrier.want("ACK")
				pbx.ack(pbx.want("100 INVITE", "486 INVITE"))
			}
			idle.want()
		})
	}
}

// A phone is called over its flow, large or not: nobody knows another way to it.
func TestLargeRequestToAPhone(t *testing.T) {
	play(t, func(s *stage) {
		pbx, alice := s.pbx(), s.udp("alice", aliceAt)
		alice.register()
		m := pbx.invite("sip:+14255550101@" + domain)
		m.SetSDP(manyCodecs(pbx))
		pbx.say(m)
		called := alice.want("INVITE")
		if n := len(called.String()); n <= largest {
			t.Fatalf("the INVITE has only %d bytes", n)
		}
		alice.say(alice.Respond(called.Message, 486, ""))
		alice.want("ACK")
		pbx.ack(pbx.want("100 INVITE", "486 INVITE"))
	})
}

// Requests in a dialog go where the trunk's Contact and Record-Route say, which may
// be another of its machines (RFC 3261 s12.2.1.1).
func TestRequestsFollowTheContact(t *testing.T) {
	play(t, func(s *stage) {
		pbx, carrier := s.pbx(), s.udp("carrier", carrierAt)
		media := s.udp("carrier2", netip.MustParseAddrPort("203.0.113.6:5090"))
		pbx.say(pbx.invite("sip:+14255550100@" + domain))
		called := carrier.want("INVITE")
		ok := carrier.Respond(called.Message, 200, "")
		ok.SetSDP(carrier.description())
		ok.Set("Contact", "<sip:"+media.Local.String()+">")
		carrier.say(ok)
		answered := pbx.want("100 INVITE", "200 INVITE")
		pbx.ack(answered)
		media.want("ACK")
		pbx.say(pbx.In(answered.Dialog, "BYE"))
		pbx.want("200 BYE")
		media.say(media.Respond(media.want("BYE").Message, 200, ""))
		carrier.want()
		if n := s.edge.Calls(); n != 0 {
			t.Errorf("%d calls", n)
		}
	})
}

// A Contact that asks for TCP gets it, and a Via that says so.
func TestRequestsFollowTheContactByTCP(t *testing.T) {
	play(t, func(s *stage) {
		pbx, carrier := s.pbx(), s.udp("carrier", carrierAt)
		streams, _ := s.tcp("carrier", carrierAt)
		pbx.say(pbx.invite("sip:+14255550100@" + domain))
		called := carrier.want("INVITE")
		ok := carrier.Respond(called.Message, 200, "")
		ok.SetSDP(carrier.description())
		ok.Set("Contact", "<sip:"+carrierAt.String()+";transport=tcp>")
		carrier.say(ok)
		answered := pbx.want("100 INVITE", "200 INVITE")
		pbx.ack(answered)
		has(t, streams.want("ACK").Message, "Via", "SIP/2.0/TCP "+edgeAt.String())
		pbx.say(pbx.In(answered.Dialog, "BYE"))
		pbx.want("200 BYE")
		bye := streams.want("BYE")
		has(t, bye.Message, "Via", "SIP/2.0/TCP "+edgeAt.String())
		streams.say(streams.Respond(bye.Message, 200, ""))
		carrier.want()
		if n := s.edge.Calls(); n != 0 {
			t.Errorf("%d calls", n)
		}
	})
}

// A carrier that asks for the password over TCP and loses the connection then: by UDP it
// gets the request anew, and may ask once more. No branch is used twice.
func TestLargeRequestIsChallengedAndLosesItsConnection(t *testing.T) {
	set := settings(t)
	set.Trunks[0].Username, set.Trunks[0].Password = "tandem", "secret"
	playWith(t, set, func(s *stage) {
		pbx, datagrams := s.pbx(), s.udp("carrier", carrierAt)
		carrier, streams := s.tcp("carrier", carrierAt)
		pbx.largeInvite()
		pbx.want("100 INVITE")
		branches := map[string]bool{}
		challenge := func(p *party, called phone.Arrival, cseq string) phone.Arrival {
			t.Helper()
			has(t, called.Message, "CSeq", cseq+" INVITE")
			if branches[called.Branch()] {
				t.Errorf("the branch %s comes again", called.Branch())
			}
			branches[called.Branch()] = true
			m := p.Respond(called.Message, 401, "")
			m.Set("WWW-Authenticate", `Digest realm="carrier",nonce="n",algorithm=MD5`)
			p.say(m)
			return p.want("ACK", "INVITE")
		}
		asked := challenge(carrier, carrier.want("INVITE"), "1")
		has(t, asked.Message, "CSeq", "2 INVITE")
		streams.Hangup()
		plain := datagrams.want("INVITE")
		if plain.Has("Authorization") || plain.Branch() == asked.Branch() {
			t.Errorf("by UDP comes\n%s", plain)
		}
		asked = challenge(datagrams, plain, "2")
		has(t, asked.Message, "CSeq", "3 INVITE")
		has(t, asked.Message, "Authorization", `username="tandem"`)
		datagrams.say(datagrams.Respond(asked.Message, 486, ""))
		datagrams.want("ACK")
		pbx.ack(pbx.want("486 INVITE"))
	})
}
