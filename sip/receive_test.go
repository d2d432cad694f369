package sip

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/internal/phone"
)

// trunk is the PBX as a party.
func (s *stage) pbx() *party {
	p := s.udp("+12065550123", pbxAt)
	p.Domain = pbxAt.Addr().String()
	return p
}

// A call from a trunk to another, which the stories of this package begin with.
func TestTransit(t *testing.T) {
	play(t, func(s *stage) {
		pbx, carrier, _, answered := s.transit()
		pbx.say(pbx.In(answered.Dialog, "BYE"))
		pbx.want("200 BYE")
		carrier.say(carrier.Respond(carrier.want("BYE").Message, 200, ""))
		if n := s.edge.Calls(); n != 0 {
			t.Errorf("%d calls", n)
		}
		if ended := published[event.CallEnded](s); len(ended) != 1 || ended[0].Cause.By != event.PartyCaller {
			t.Errorf("ended: %+v", ended)
		}
	})
}

// What has no dialog and begins none: who asks, what, and what it gets. Each
// request is sent twice, and gets the same answer twice, to the byte: RFC 3261
// s8.2.7.
func TestStatelessAnswers(t *testing.T) {
	const tagged = "<sip:+14255550101@" + domain + ">;tag=nothere"
	for _, c := range []struct {
		name   string
		change func(m *phone.Message)
		method string
		by     netip.AddrPort
		status int
		header string
		text   string
	}{
		{"BYE of no dialog", set("To", tagged), "BYE", pbxAt, 481, "", ""},
		{"re-INVITE of no dialog", set("To", tagged), "INVITE", pbxAt, 481, "", ""},
		{"OPTIONS of no dialog", set("To", tagged), "OPTIONS", pbxAt, 481, "", ""},
		{"BYE of no dialog, by a stranger", set("To", tagged), "BYE", malloryAt, 481, "", ""},
		{"BYE without a To tag", nil, "BYE", pbxAt, 481, "", ""},
		{"CANCEL of nothing", nil, "CANCEL", pbxAt, 481, "", ""},
		{"a tag like ours", set("To", "<sip:x@y>;tag=0123456789.1"), "BYE", pbxAt, 481, "", ""},
		{"no hop left", set("Max-Forwards", "0"), "INVITE", pbxAt, 483, "", ""},
		{"an extension that is required", set("Require", "timetravel, 100rel"), "INVITE", pbxAt, 420, "Unsupported", "timetravel"},
		{"a method nobody knows", nil, "FROBNICATE", pbxAt, 501, "Allow", "INVITE, ACK"},
		{"a method we do not have", nil, "SUBSCRIBE", pbxAt, 405, "Allow", "REGISTER"},
		{"MESSAGE", nil, "MESSAGE", pbxAt, 405, "Allow", "OPTIONS"},
		{"OPTIONS of a trunk", nil, "OPTIONS", pbxAt, 200, "Accept", "application/sdp"},
		{"OPTIONS of a trunk: what it may say", nil, "OPTIONS", pbxAt, 200, "Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS"},
		{"OPTIONS of a stranger", nil, "OPTIONS", malloryAt, 401, "WWW-Authenticate", "SHA-256"},
		{"a method of a stranger", nil, "FROBNICATE", malloryAt, 401, "WWW-Authenticate", "MD5"},
		{"INVITE of a stranger", nil, "INVITE", malloryAt, 401, "WWW-Authenticate", `realm="` + domain + `"`},
		{"REGISTER of a stranger", nil, "REGISTER", malloryAt, 401, "WWW-Authenticate", "Digest"},
		{"REGISTER that requires", set("Require", "path"), "REGISTER", malloryAt, 420, "Unsupported", "path"},
		{"a description that is none", describe("v=0\r\nnonsense"), "INVITE", pbxAt, 400, "", ""},
		{"a body of another type", body("text/plain", "hello"), "INVITE", pbxAt, 415, "Accept", "application/sdp"},
	} {
		t.Run(c.name, func(t *testing.T) {
			play(t, func(s *stage) {
				p := s.udp("mallory", c.by)
				p.Domain = c.by.Addr().String()
				m := p.Request(c.method, "sip:+14255550101@"+domain)
				if c.change != nil {
					c.change(m)
				}
				p.say(m)
				first := p.want(statusOf(c.status, c.method))
				p.say(m)
				again := p.want(statusOf(c.status, c.method))
				if c.header != "" {
					has(t, first.Message, c.header, c.text)
				}
				if first.Tag("To") == "" || first.Tag("To") != again.Tag("To") {
					t.Errorf("To tags are %q and %q", first.Tag("To"), again.Tag("To"))
				}
				has(t, first.Message, "Server", "Tandem/test")
				if s.edge.Calls() != 0 || len(published[event.CallReceived](s)) != 0 {
					t.Error("a call has begun")
				}
			})
		})
	}
}

func statusOf(status int, method string) string {
	return name(phone.Arrival{Message: &phone.Message{Status: status, Fields: []phone.Field{{Name: "CSeq", Value: "1 " + method}}}})
}

func set(header, value string) func(*phone.Message) {
	return func(m *phone.Message) { m.Set(header, value) }
}

func describe(sdp string) func(*phone.Message) { return func(m *phone.Message) { m.SetSDP(sdp) } }

func body(kind, text string) func(*phone.Message) {
	return func(m *phone.Message) {
		m.Set("Content-Type", kind)
		m.Body = text
	}
}

// An ACK is never answered, whatever it is about: RFC 3261 s17.1.1.3.
func TestAckOfNothing(t *testing.T) {
	play(t, func(s *stage) {
		p := s.pbx()
		m := p.Request("ACK", "sip:+14255550101@"+domain)
		p.say(m)
		m.Set("To", m.Get("To")+";tag=x")
		p.say(m)
		m.Set("Max-Forwards", "0")
		p.say(m)
		p.want()
	})
}

// Responses to requests that we did not send are dropped: RFC 3261 s18.1.2. So is
// a 2xx that somebody has made up: an ACK and a BYE for it would be two datagrams
// to wherever it says it came from.
func TestResponsesOfNothing(t *testing.T) {
	play(t, func(s *stage) {
		p := s.udp("mallory", malloryAt)
		for _, branch := range []string{"z9hG4bKxyz", "z9hG4bK0123456789abcdef.1", "z9hG4bK.1", "z9hG4bKx.0", "old", "z9hG4bK"} {
			for _, status := range []string{"100 Trying", "200 OK", "486 Busy Here"} {
				p.raw("SIP/2.0 " + status + "\r\nVia: SIP/2.0/UDP 198.51.100.1:5060;branch=" + branch + "\r\n" +
					"From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n" +
					"Contact: <sip:b@192.0.2.66:5060>\r\n\r\n")
			}
		}
		p.want()
	})
}

// What is no SIP, or broken: 400 with the fault in its reason phrase, to where RFC
// 3261 s18.2.2 and RFC 3581 send it, or nothing.
func TestBrokenMessages(t *testing.T) {
	const whole = "OPTIONS sip:example.test SIP/2.0\r\nVia: VIA\r\nMax-Forwards: 70\r\n" +
		"From: <sip:m@192.0.2.66>;tag=1\r\nTo: <sip:example.test>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n\r\n"
	const plain = "SIP/2.0/UDP 192.0.2.66:5060;branch=z9hG4bK1"
	for _, c := range []struct{ name, via, old, new, want, phrase string }{
		{"whole", plain, "", "", "401 OPTIONS", ""},
		{"version", plain, "SIP/2.0\r\nVia", "SIP/7.0\r\nVia", "505 OPTIONS", ""},
		{"no To", plain, "To: <sip:example.test>\r\n", "", "400 OPTIONS", "To"},
		{"no From", plain, "From: <sip:m@192.0.2.66>;tag=1\r\n", "", "400 OPTIONS", "From"},
		{"no Call-ID", plain, "Call-ID: c\r\n", "", "400 OPTIONS", "Call-ID"},
		{"two methods", plain, "1 OPTIONS", "1 INVITE", "400 INVITE", "CSeq"},
		{"a length that is too long", plain, "\r\n\r\n", "\r\nContent-Length: 9\r\n\r\n", "400 OPTIONS", "Content-Length"},
		{"no end", plain, "\r\n\r\n", "\r\n", "400 OPTIONS", ""},
		{"ACK", plain, "OPTIONS", "ACK", "", ""},
		{"a response", plain, "OPTIONS sip:example.test SIP/2.0", "SIP/2.0 200", "", ""},
		{"no Via", plain, "Via: VIA\r\n", "", "", ""},
		{"no SIP", plain, "OPTIONS sip:example.test SIP/2.0", "GET / HTTP/1.1", "", ""},
		{"rport", "SIP/2.0/UDP 10.0.0.1:7000;branch=z9hG4bK1;rport", "To: <sip:example.test>\r\n", "", "400 OPTIONS", "To"},
		{"port of sent-by", "SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1", "To: <sip:example.test>\r\n", "", "400 OPTIONS", "To"},
		{"another port", "SIP/2.0/UDP 192.0.2.66:7000;branch=z9hG4bK1", "To: <sip:example.test>\r\n", "", "elsewhere", "To"},
		{"no received of its own", "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1;received=203.0.113.5", "To: <sip:example.test>\r\n", "", "400 OPTIONS", "To"},
	} {
		t.Run(c.name, func(t *testing.T) {
			play(t, func(s *stage) {
				p := s.udp("mallory", malloryAt)
				elsewhere := s.udp("port7000", netip.AddrPortFrom(malloryAt.Addr(), 7000))
				victim := s.udp("carrier", carrierAt)
				text := strings.Replace(whole, c.old, c.new, 1)
				p.raw(strings.Replace(text, "VIA", c.via, 1))
				victim.want()
				var got phone.Arrival
				switch c.want {
				case "":
					p.want()
					elsewhere.want()
					return
				case "elsewhere":
					p.want()
					got = elsewhere.want("400 OPTIONS")
				default:
					got = p.want(c.want)
				}
				if !strings.Contains(got.Reason, c.phrase) {
					t.Errorf("reason phrase is %q, and does not name %s", got.Reason, c.phrase)
				}
				if got.Tag("To") == "" && got.Has("To") {
					t.Errorf("To is %s", got.Get("To"))
				}
			})
		})
	}
}

// A keep-alive is nobody's message.
func TestKeepAlive(t *testing.T) {
	play(t, func(s *stage) {
		p := s.udp("mallory", malloryAt)
		for _, b := range []string{"\r\n\r\n", "\x00\x00\x00\x00", "\r\n", " "} {
			p.raw(b)
		}
		p.want()
	})
}

// Retransmissions of an INVITE begin one call, whatever the state it is in, and are
// swallowed when it is over.
func TestRepeatedInvite(t *testing.T) {
	play(t, func(s *stage) {
		pbx, carrier := s.pbx(), s.udp("carrier", carrierAt)
		invite := pbx.invite("sip:+14255550100@" + domain)
		pbx.say(invite)
		pbx.want("100 INVITE")
		pbx.say(invite)
		pbx.want("100 INVITE")
		called := carrier.want("INVITE")
		carrier.say(carrier.Respond(called.Message, 180, ""))
		pbx.want("180 INVITE")
		pbx.say(invite)
		pbx.want("180 INVITE")
		carrier.say(carrier.Respond(called.Message, 486, ""))
		busy := pbx.want("486 INVITE")
		carrier.want("ACK")
		pbx.say(invite)
		pbx.want("486 INVITE")
		pbx.ack(busy)
		if n := s.edge.Calls(); n != 0 {
			t.Errorf("%d calls", n)
		}
		for range 3 {
			pbx.say(invite)
			s.pass(5 * time.Second)
			pbx.want()
		}
		carrier.want()
		if n := len(published[event.CallReceived](s)); n != 1 {
			t.Errorf("%d calls have begun", n)
		}
	})
}

// An INVITE that comes twice by different ways is one call and a 482: RFC 3261
// s8.2.2.2.
func TestMergedRequest(t *testing.T) {
	play(t, func(s *stage) {
		pbx, carrier := s.pbx(), s.udp("carrier", carrierAt)
		invite := pbx.invite("sip:+14255550100@" + domain)
		pbx.say(invite)
		pbx.want("100 INVITE")
		other := invite.Clone()
		other.Set("Via", "SIP/2.0/UDP "+pbxAt.String()+";branch=z9hG4bK-other-way;rport")
		pbx.say(other)
		pbx.want("482 INVITE")
		carrier.want("INVITE")
		// A number of its own makes it another request: an INVITE that a proxy forked
		// by number, say.
		next := invite.Clone()
		next.Set("Via", "SIP/2.0/UDP "+pbxAt.String()+";branch=z9hG4bK-next;rport")
		next.Set("CSeq", "2 INVITE")
		pbx.say(next)
		pbx.want("100 INVITE")
		carrier.want("INVITE")
		if n := s.edge.Calls(); n != 2 {
			t.Errorf("%d calls", n)
		}
	})
}

// A repetition of the BYE that ended a call gets its 200 again when nothing is left
// of the call, and no longer after 64*T1.
func TestRepeatedBye(t *testing.T) {
	play(t, func(s *stage) {
		pbx, carrier, _, answered := s.transit()
		bye := pbx.say(pbx.In(answered.Dialog, "BYE"))
		first := pbx.want("200 BYE")
		carrier.say(carrier.Respond(carrier.want("BYE").Message, 200, ""))
		if n := s.edge.Calls(); n != 0 {
			t.Fatalf("%d calls", n)
		}
		s.pass(30 * time.Second)
		pbx.say(bye)
		if again := pbx.want("200 BYE"); again.String() != first.String() {
			t.Errorf("was\n%s\nis\n%s", first, again)
		}
		s.pass(15 * time.Second)
		pbx.say(bye)
		pbx.want("481 BYE")
	})
}

// The final response that a callee repeats gets its ACK again after the call.
func TestRepeatedFailure(t *testing.T) {
	play(t, func(s *stage) {
		pbx, carrier := s.pbx(), s.udp("carrier", carrierAt)
		pbx.say(pbx.invite("sip:+14255550100@" + domain))
		called := carrier.want("INVITE")
		busy := carrier.say(carrier.Respond(called.Message, 486, ""))
		first := carrier.want("ACK")
		pbx.ack(pbx.want("100 INVITE", "486 INVITE"))
		if n := s.edge.Calls(); n != 0 {
			t.Fatalf("%d calls", n)
		}
		s.pass(20 * time.Second)
		carrier.say(busy)
		if again := carrier.want("ACK"); again.String() != first.String() {
			t.Errorf("was\n%s\nis\n%s", first, again)
		}
		s.pass(25 * time.Second)
		carrier.say(busy)
		carrier.want()
	})
}

// A phone behind the carrier that answers when the call is over: each of its 2xx is
// acknowledged and hung up (RFC 3261 s13.2.2.4).
func TestLateForkedAnswer(t *testing.T) {
	play(t, func(s *stage) {
		pbx, carrier, called, answered := s.transit()
		pbx.say(pbx.In(answered.Dialog, "BYE"))
		pbx.want("200 BYE")
		carrier.say(carrier.Respond(carrier.want("BYE").Message, 200, ""))
		if n := s.edge.Calls(); n != 0 {
			t.Fatalf("%d calls", n)
		}
		late := carrier.Respond(called.Message, 200, "a-slow-phone")
		late.SetSDP(carrier.description())
		carrier.say(late)
		got := carrier.take()
		if len(got) != 2 || got[0].Method != "ACK" || got[1].Method != "BYE" {
			t.Fatalf("got %v", got)
		}
		for _, m := range got {
			if m.Tag("To") != "a-slow-phone" || m.Tag("From") != called.Tag("From") || m.Get("Call-ID") != called.Get("Call-ID") {
				t.Errorf("not in the fork's dialog:\n%s", m)
			}
		}
		carrier.say(carrier.Respond(got[1].Message, 200, ""))
		carrier.want()
		carrier.say(late) // its ACK was lost
		carrier.want("ACK", "BYE")
		s.pass(time.Minute)
		carrier.say(late)
		carrier.want()
	})
}

// CANCEL before the answer ends both sides; a repetition gets its 200 again.
func TestCancel(t *testing.T) {
	play(t, func(s *stage) {
		pbx, carrier := s.pbx(), s.udp("carrier", carrierAt)
		invite := pbx.say(pbx.invite("sip:+14255550100@" + domain))
		called := carrier.want("INVITE")
		carrier.say(carrier.Respond(called.Message, 180, ""))
		pbx.want("100 INVITE", "180 INVITE")
		cancel := pbx.say(pbx.Cancel(invite))
		pbx.ack(pbx.want("200 CANCEL", "487 INVITE"))
		withdrawn := carrier.want("CANCEL")
		carrier.say(carrier.Respond(withdrawn.Message, 200, ""))
		carrier.say(carrier.Respond(called.Message, 487, ""))
		carrier.want("ACK")
		pbx.say(cancel)
		pbx.want("200 CANCEL")
		if ended := published[event.CallEnded](s); len(ended) != 1 || ended[0].Cause.By != event.PartyCaller {
			t.Errorf("ended: %+v", ended)
		}
	})
}
