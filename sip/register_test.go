package sip

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// registerAs sends a REGISTER that proves itself, and wants this answer.
func (p *party) registerAs(m *phone.Message, want string) phone.Arrival {
	p.s.t.Helper()
	p.say(m)
	p.prove(m, p.want("401 REGISTER").Message)
	return p.want(want)
}

func TestRegister(t *testing.T) {
	play(t, func(s *stage) {
		alice := s.udp("alice", aliceAt)
		ok := alice.registerAs(alice.Register(600), "200 REGISTER")
		has(t, ok.Message, "Contact", "<sip:alice@192.0.2.10:5060>;expires=600")
		if _, err := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", ok.Get("Date")); err != nil {
			t.Error(err)
		}
		if n := s.edge.Phones(); n != 1 {
			t.Errorf("%d phones", n)
		}
		// Asking needs no Contact and changes nothing.
		s.pass(100 * time.Second)
		query := alice.Register(600)
		query.Del("Contact")
		query.Del("Expires")
		ok = alice.registerAs(query, "200 REGISTER")
		has(t, ok.Message, "Contact", ";expires=500")
		gone := alice.Register(0)
		gone.Set("Contact", "*")
		if ok := alice.registerAs(gone, "200 REGISTER"); ok.Has("Contact") {
			t.Errorf("contacts are left: %q", ok.All("Contact"))
		}
		if n := s.edge.Phones(); n != 0 {
			t.Errorf("%d phones", n)
		}
	})
}

func TestRegistrationsThatFail(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(p *party, m *phone.Message)
		want   string
		header string
		text   string
	}{
		{"too brief", func(_ *party, m *phone.Message) { m.Set("Expires", "10") }, "423 REGISTER", "Min-Expires", "60"},
		{"too brief by its parameter", func(_ *party, m *phone.Message) { m.Set("Contact", m.Get("Contact")+";expires=59") }, "423 REGISTER", "Min-Expires", "60"},
		{"somebody else's name", func(_ *party, m *phone.Message) { m.Set("To", "<sip:bob@"+domain+">") }, "403 REGISTER", "", ""},
		{"* with an expiry", func(_ *party, m *phone.Message) { m.Set("Contact", "*") }, "400 REGISTER", "", ""},
		{"* and another", func(_ *party, m *phone.Message) {
			m.Set("Expires", "0")
			m.Add("Contact", "*")
		}, "400 REGISTER", "", ""},
		{"eleven phones", func(_ *party, m *phone.Message) {
			for i := range 10 {
				m.Add("Contact", fmt.Sprintf("<sip:alice@192.0.2.10:%d>", 6000+i))
			}
		}, "503 REGISTER", "", ""},
		{"wrong password", func(p *party, _ *phone.Message) { p.Credentials.Password = "wrong" }, "401 REGISTER", "WWW-Authenticate", ""},
		{"unknown user", func(p *party, _ *phone.Message) { p.Credentials.User = "carol" }, "401 REGISTER", "WWW-Authenticate", ""},
		{"the password of another", func(p *party, _ *phone.Message) { p.Credentials.User = "bob" }, "401 REGISTER", "WWW-Authenticate", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			play(t, func(s *stage) {
				alice := s.udp("alice", aliceAt)
				m := alice.Register(3600)
				c.change(alice, m)
				failed := alice.registerAs(m, c.want)
				if c.header != "" {
					has(t, failed.Message, c.header, c.text)
				}
				if n := s.edge.Phones(); n != 0 {
					t.Errorf("%d phones are registered", n)
				}
			})
		})
	}
}

// The answer to a REGISTER that was lost is given again, to the byte; the same
// credentials in another transaction are a replay.
func TestRepeatedRegister(t *testing.T) {
	play(t, func(s *stage) {
		alice := s.udp("alice", aliceAt)
		m := alice.say(alice.Register(600))
		proved := alice.prove(m, alice.want("401 REGISTER").Message)
		first := alice.want("200 REGISTER")
		s.pass(10 * time.Second)
		alice.say(proved)
		if again := alice.want("200 REGISTER"); again.String() != first.String() {
			t.Errorf("was\n%s\nis\n%s", first, again)
		}
		replay := alice.Again(proved)
		alice.say(replay)
		has(t, alice.want("401 REGISTER").Message, "WWW-Authenticate", "stale=true")
		s.pass(time.Minute)
		alice.say(proved)
		alice.want("401 REGISTER")
	})
}

// What a phone says of its contact: q decides who is called first, a malformed
// expiry is an hour (RFC 3261 s10.2.1.1), an instance is repeated.
func TestContactParameters(t *testing.T) {
	play(t, func(s *stage) {
		alice := s.udp("alice", aliceAt)
		m := alice.Register(600)
		m.Set("Contact", `<sip:alice@192.0.2.10:5060;ob>;q=0.3;expires=soon;+sip.instance="<urn:uuid:1>";reg-id=1`)
		m.Add("Contact", `<sip:alice@192.0.2.11>;q=0.7, <sip:alice@192.0.2.12>;q=7;expires=120`)
		ok := alice.registerAs(m, "200 REGISTER")
		want := []string{
			"<sip:alice@192.0.2.12>;expires=120", "<sip:alice@192.0.2.11>;expires=600",
			`<sip:alice@192.0.2.10:5060;ob>;expires=3600;+sip.instance="<urn:uuid:1>"`,
		}
		if got := ok.All("Contact"); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("contacts are\n%s\nnot\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// A registered phone is called over the flow it came on, whatever its Contact says.
func TestCalledOverItsFlow(t *testing.T) {
	play(t, func(s *stage) {
		alice, pbx := s.udp("alice", aliceAt), s.pbx()
		m := alice.Register(600)
		m.Set("Contact", "<sip:alice@10.1.1.1:5062>") // behind a NAT
		alice.registerAs(m, "200 REGISTER")
		pbx.say(pbx.invite("sip:+14255550101@" + domain))
		called := alice.want("INVITE")
		if called.URI != "sip:alice@10.1.1.1:5062" {
			t.Errorf("Request-URI is %s", called.URI)
		}
		alice.say(alice.Respond(called.Message, 486, ""))
		alice.want("ACK")
		pbx.ack(pbx.want("100 INVITE", "486 INVITE"))
	})
}

// A user may list a mailbox among the contacts; it is shown and never called.
func TestContactThatCannotBeCalled(t *testing.T) {
	play(t, func(s *stage) {
		alice, pbx := s.udp("alice", aliceAt), s.pbx()
		m := alice.Register(600)
		m.Add("Contact", "<mailto:alice@example.test>")
		has(t, alice.registerAs(m, "200 REGISTER").Message, "Contact", "<mailto:alice@example.test>;expires=600")
		pbx.say(pbx.invite("sip:+14255550101@" + domain))
		called := alice.want("INVITE")
		if !strings.HasPrefix(called.URI, "sip:") {
			t.Errorf("Request-URI is %s", called.URI)
		}
		alice.say(alice.Respond(called.Message, 486, ""))
		alice.want("ACK")
		pbx.ack(pbx.want("100 INVITE", "486 INVITE"))
	})
}

// OPTIONS of a phone that is registered needs no password, of one that is not it
// does; when the registration runs out the flow is a stranger's again.
func TestOptionsOfPhones(t *testing.T) {
	play(t, func(s *stage) {
		alice := s.udp("alice", aliceAt)
		ask := func() *phone.Message { return alice.say(alice.Request("OPTIONS", "sip:"+domain)) }
		m := ask()
		alice.prove(m, alice.want("401 OPTIONS").Message)
		alice.want("200 OPTIONS")
		alice.registerAs(alice.Register(60), "200 REGISTER")
		ask()
		alice.want("200 OPTIONS")
		s.pass(time.Minute)
		ask()
		alice.want("401 OPTIONS")
		if n := s.edge.Phones(); n != 0 {
			t.Errorf("%d phones", n)
		}
	})
}

// Two users on one flow: one's leaving does not make the other a stranger.
func TestTwoUsersOfOnePhone(t *testing.T) {
	play(t, func(s *stage) {
		p := s.udp("alice", aliceAt)
		p.registerAs(p.Register(3600), "200 REGISTER")
		p.Name, p.Credentials = "bob", phone.Credentials{User: "bob", Password: "secret-of-bob"}
		p.registerAs(p.Register(60), "200 REGISTER")
		s.pass(2 * time.Minute)
		p.say(p.Request("OPTIONS", "sip:"+domain))
		p.want("200 OPTIONS")
		if n := s.edge.Phones(); n != 1 {
			t.Errorf("%d phones", n)
		}
	})
}

// Nobody registered, a trunk that is gone, and a trunk whose name leads nowhere: the
// caller hears it at once.
func TestNobodyToCall(t *testing.T) {
	play(t, func(s *stage) {
		pbx := s.pbx()
		pbx.say(pbx.invite("sip:+14255550101@" + domain))
		pbx.ack(pbx.want("100 INVITE", "480 INVITE"))
		set := *s.edge.settings.Load()
		set.Trunks = set.Trunks[1:] // the carrier goes, its route stays
		s.edge.Apply(&set)
		pbx.say(pbx.invite("sip:+14255550100@" + domain))
		pbx.ack(pbx.want("100 INVITE", "503 INVITE"))
	})
}

// The same from the side of the call: what Locate and Dial are asked.
func TestLocate(t *testing.T) {
	play(t, func(s *stage) {
		alice := s.udp("alice", aliceAt)
		alice.register()
		to := func(kind dialplan.PartyKind, name, dial string) bridge.Locate {
			return bridge.Locate{Plan: dialplan.Attempt{To: dialplan.Party{Kind: kind, Name: name}, Dial: dial}}
		}
		targets, cause, known := s.edge.Locate(time.Now(), nil, to(dialplan.PartyUser, "alice", "alice"))
		if !known || len(targets) != 1 || !cause.IsZero() || targets[0].URI != "sip:alice@192.0.2.10:5060" ||
			targets[0].Hint != aliceAt.Addr() || targets[0].Local != edgeAt.Addr() {
			t.Errorf("alice: %+v %+v", targets, cause)
		}
		targets, cause, known = s.edge.Locate(time.Now(), nil, to(dialplan.PartyUser, "bob", "bob"))
		if !known || len(targets) != 0 || cause.Status != 480 || cause.By != event.PartyGateway {
			t.Errorf("bob: %+v %+v", targets, cause)
		}
		targets, cause, known = s.edge.Locate(time.Now(), nil, to(dialplan.PartyTrunk, "carrier", "+14255550100"))
		if !known || len(targets) != 1 || targets[0].URI != "sip:+14255550100@203.0.113.5:5060;user=phone" {
			t.Errorf("carrier: %+v %+v", targets, cause)
		}
		for _, a := range []Address{
			{Host: "2001:db8::1"}, // no listener of its family
			{Host: "[2001:db8::1]", Port: 5061, Protocol: transport.TCP},
		} {
			set := *s.edge.settings.Load()
			set.Trunks = []Trunk{{Name: "carrier", Address: a}}
			s.edge.Apply(&set)
			if targets, cause, known := s.edge.Locate(time.Now(), nil, to(dialplan.PartyTrunk, "carrier", "+1")); !known || len(targets) != 0 || cause.Status != 503 {
				t.Errorf("%+v: %+v %+v", a, targets, cause)
			}
		}
	})
}

// While the gateway drains, new calls get 503 and when to come again; phones may
// still register and ask.
func TestDraining(t *testing.T) {
	play(t, func(s *stage) {
		alice, pbx := s.udp("alice", aliceAt), s.pbx()
		s.edge.Refuse(time.Now().Add(20 * time.Second))
		s.pass(5 * time.Second)
		pbx.say(pbx.invite("sip:+14255550100@" + domain))
		refused := pbx.want("503 INVITE")
		pbx.ack(refused)
		if got := refused.Get("Retry-After"); got != "16" {
			t.Errorf("Retry-After is %s", got)
		}
		alice.register()
		s.pass(time.Hour)
		pbx.say(pbx.invite("sip:+14255550100@" + domain))
		refused = pbx.want("503 INVITE")
		pbx.ack(refused)
		if got := refused.Get("Retry-After"); got != "2" {
			t.Errorf("Retry-After is %s", got)
		}
		if s.edge.Calls() != 0 {
			t.Error("a call has begun")
		}
	})
}

// Calls that wait for a peer which is gone end at once when they are abandoned, with
// an event of their end.
func TestAbandon(t *testing.T) {
	play(t, func(s *stage) {
		_, carrier, _, _ := s.transit()
		s.net.Partition(carrierAt.Addr(), edgeAt.Addr())
		s.net.Partition(pbxAt.Addr(), edgeAt.Addr())
		s.edge.StopAll(event.Cause{Status: 503, Q850: 41, By: event.PartyGateway, Text: "over"})
		s.pass(time.Second)
		if n := s.edge.Calls(); n != 1 {
			t.Fatalf("%d calls wait", n)
		}
		s.edge.Abandon()
		s.pass(0)
		if s.edge.Calls() != 0 || s.ports.InUse() != 0 {
			t.Errorf("%d calls, %d ports", s.edge.Calls(), s.ports.InUse())
		}
		if ended := published[event.CallEnded](s); len(ended) != 1 || ended[0].Cause.Text != "over" {
			t.Errorf("ended: %+v", ended)
		}
		s.net.Heal(carrierAt.Addr(), edgeAt.Addr())
		s.net.Heal(pbxAt.Addr(), edgeAt.Addr())
		carrier.want()
	})
}

// A callee that was hung up before its ACK came still gets its BYE after it; one
// that was not answered yet is let go.
func TestAbandonEverywhere(t *testing.T) {
	for _, answered := range []bool{false, true} {
		play(t, func(s *stage) {
			pbx, carrier := s.pbx(), s.udp("carrier", carrierAt)
			pbx.say(pbx.invite("sip:+14255550100@" + domain))
			called := carrier.want("INVITE")
			if answered {
				carrier.answer(called) // and the caller never acknowledges
			}
			s.edge.StopAll(event.Cause{Status: 503, By: event.PartyGateway})
			s.pass(time.Second)
			s.edge.Abandon()
			s.pass(0)
			if s.edge.Calls() != 0 || s.ports.InUse() != 0 {
				t.Errorf("answered %v: %d calls, %d ports", answered, s.edge.Calls(), s.ports.InUse())
			}
			pbx.take()
			carrier.take()
		})
	}
}

// A user's address of record is its name at our domain, as phones write it.
func TestUserCallsUser(t *testing.T) {
	play(t, func(s *stage) {
		alice, bob := s.udp("alice", aliceAt), s.udp("bob", netip.MustParseAddrPort("192.0.2.11:5060"))
		alice.register()
		bob.register()
		invite := alice.say(alice.invite("sip:bob@" + domain))
		challenge := alice.want("401 INVITE")
		alice.ack(challenge)
		alice.prove(invite, challenge.Message)
		called := bob.want("INVITE")
		bob.answer(called)
		answered := alice.want("100 INVITE", "200 INVITE")
		alice.ack(answered)
		bob.want("ACK")
		bob.say(bob.In(called.Dialog, "BYE"))
		bob.want("200 BYE")
		alice.say(alice.Respond(alice.want("BYE").Message, 200, ""))
	})
}
