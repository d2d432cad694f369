package sip

import (
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/internal/simnet"
)

func simnetDelay(d time.Duration) simnet.Link { return simnet.Link{Delay: d} }

// A phone that registers over TCP is called over the connection it made, and so is
// everything within the call.
func TestConnectionIsReused(t *testing.T) {
	play(t, func(s *stage) {
		alice, _ := s.tcp("alice", aliceAt)
		pbx := s.pbx()
		alice.register()
		conns := s.net.Stats().Conns
		pbx.say(pbx.invite("sip:+14255550101@" + domain))
		called := alice.want("INVITE")
		has(t, called.Message, "Via", "SIP/2.0/TCP")
		alice.answer(called)
		answered := pbx.want("100 INVITE", "200 INVITE")
		pbx.ack(answered)
		alice.want("ACK")
		pbx.say(pbx.In(answered.Dialog, "BYE"))
		pbx.want("200 BYE")
		alice.say(alice.Respond(alice.want("BYE").Message, 200, ""))
		if n := s.net.Stats().Conns; n != conns {
			t.Errorf("%d ends of connections, not %d", n, conns)
		}
		if n := s.edge.Calls(); n != 0 {
			t.Errorf("%d calls", n)
		}
	})
}

// A connection that dies takes its registrations along: the next call does not wait
// for a phone that cannot be reached, and finds it when it is back.
func TestDeadConnectionUnbinds(t *testing.T) {
	play(t, func(s *stage) {
		alice, streams := s.tcp("alice", aliceAt)
		pbx := s.pbx()
		alice.register()
		streams.Hangup()
		s.pass(900 * time.Millisecond)
		if n := s.edge.Phones(); n != 0 {
			t.Errorf("%d phones", n)
		}
		pbx.say(pbx.invite("sip:+14255550101@" + domain))
		pbx.ack(pbx.want("100 INVITE", "480 INVITE"))
		alice.register()
		pbx.say(pbx.invite("sip:+14255550101@" + domain))
		called := alice.want("INVITE")
		alice.say(alice.Respond(called.Message, 486, ""))
		alice.want("ACK")
		pbx.ack(pbx.want("100 INVITE", "486 INVITE"))
	})
}

// The phone's connection dies while it rings, and the phone answers over another
// (RFC 3261 s18.2.2 lets it): the call goes on there.
func TestConnectionDiesWhileRinging(t *testing.T) {
	play(t, func(s *stage) {
		alice, streams := s.tcp("alice", aliceAt)
		pbx := s.pbx()
		alice.register()
		pbx.say(pbx.invite("sip:+14255550101@" + domain))
		called := alice.want("INVITE")
		alice.say(alice.Respond(called.Message, 180, ""))
		pbx.want("100 INVITE", "180 INVITE")
		streams.Hangup()
		s.pass(900 * time.Millisecond)
		pbx.want()
		alice.answer(called)
		alice.want("ACK")
		answered := pbx.want("200 INVITE")
		pbx.ack(answered)
		pbx.say(pbx.In(answered.Dialog, "BYE"))
		pbx.want("200 BYE")
		alice.say(alice.Respond(alice.want("BYE").Message, 200, ""))
		if n := s.edge.Calls(); n != 0 {
			t.Errorf("%d calls", n)
		}
	})
}

// The phone does not come back: the ringing time ends the call for its caller,
// though the CANCEL cannot be sent.
func TestConnectionDiesForGood(t *testing.T) {
	play(t, func(s *stage) {
		alice, streams := s.tcp("alice", aliceAt)
		pbx := s.pbx()
		alice.register()
		pbx.say(pbx.invite("sip:+14255550101@" + domain))
		called := alice.want("INVITE")
		alice.say(alice.Respond(called.Message, 180, ""))
		pbx.want("100 INVITE", "180 INVITE")
		streams.Hangup()
		s.pass(60*time.Second + 100*time.Millisecond)
		got := pbx.take()
		refused := got[len(got)-1] // after a 180 that kept the INVITE alive
		if refused.Status != 480 {
			t.Errorf("got %s", name(refused))
		}
		pbx.ack(refused)
		if n := s.ports.InUse(); n != 0 {
			t.Errorf("%d ports are in use", n)
		}
	})
}

// The connection dies before the phone has said anything: that is a 503 at once
// (RFC 3261 s8.1.3.1), and not a 408 after 64*T1.
func TestConnectionDiesAtOnce(t *testing.T) {
	play(t, func(s *stage) {
		alice, streams := s.tcp("alice", aliceAt)
		pbx := s.pbx()
		alice.register()
		pbx.say(pbx.invite("sip:+14255550101@" + domain))
		alice.want("INVITE")
		streams.Hangup()
		s.pass(100 * time.Millisecond)
		pbx.ack(pbx.want("100 INVITE", "503 INVITE"))
		if n := s.edge.Calls(); n != 0 {
			t.Errorf("%d calls", n)
		}
	})
}

// It dies in the call: the audio goes on, and the BYE that cannot be sent is not
// waited for.
func TestConnectionDiesInTheCall(t *testing.T) {
	play(t, func(s *stage) {
		alice, streams := s.tcp("alice", aliceAt)
		pbx := s.pbx()
		alice.register()
		pbx.say(pbx.invite("sip:+14255550101@" + domain))
		called := alice.want("INVITE")
		alice.answer(called)
		answered := pbx.want("100 INVITE", "200 INVITE")
		pbx.ack(answered)
		alice.want("ACK")
		streams.Hangup()
		s.pass(5 * time.Second)
		if n := s.edge.Calls(); n != 1 {
			t.Fatalf("%d calls", n)
		}
		pbx.say(pbx.In(answered.Dialog, "BYE"))
		pbx.want("200 BYE")
		s.pass(time.Second)
		if n := s.edge.Calls(); n != 0 {
			t.Errorf("%d calls wait", n)
		}
	})
}

// A call that comes in over TCP whose connection dies before the answer: nobody is
// left to be told, and the callee stops ringing.
func TestCallersConnectionDies(t *testing.T) {
	play(t, func(s *stage) {
		alice, streams := s.tcp("alice", aliceAt)
		carrier := s.udp("carrier", carrierAt)
		alice.register()
		invite := alice.say(alice.invite("sip:+14255550100@" + domain))
		challenge := alice.want("401 INVITE")
		alice.ack(challenge)
		alice.prove(invite, challenge.Message)
		alice.want("100 INVITE")
		called := carrier.want("INVITE")
		carrier.say(carrier.Respond(called.Message, 180, ""))
		streams.Hangup()
		s.pass(900 * time.Millisecond)
		carrier.answer(called)
		s.pass(40 * time.Second) // nobody acknowledges the 200
		var methods []string
		for _, a := range carrier.take() {
			methods = append(methods, name(a))
			if a.Method == "BYE" && !a.Again {
				carrier.say(carrier.Respond(a.Message, 200, ""))
			}
		}
		if got := strings.Join(methods, " "); !strings.HasPrefix(got, "ACK") || !strings.Contains(got, "BYE") {
			t.Errorf("the callee got %s", got)
		}
		s.pass(time.Minute)
		if n := s.edge.Calls(); n != 0 {
			t.Errorf("%d calls", n)
		}
		if ended := published[event.CallEnded](s); len(ended) != 1 {
			t.Errorf("ended: %+v", ended)
		}
	})
}

// A message with a fault gets its 400 on the stream, which goes on; a stream in which
// no message can be found any more is answered and closed.
func TestFaultsOnAStream(t *testing.T) {
	play(t, func(s *stage) {
		p, streams := s.tcp("mallory", malloryAt)
		const head = "OPTIONS sip:example.test SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.66;branch=z9hG4bK1\r\n" +
			"From: <sip:m@h>;tag=1\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n"
		p.raw(head + "Content-Length: 0\r\n\r\n") // no To
		p.want("400 OPTIONS")
		p.raw(head + "To: <sip:h>\r\nContent-Length: 0\r\n\r\n")
		p.want("401 OPTIONS")
		if !streams.Has(edgeAt) {
			t.Error("the connection is closed")
		}
		// Two at once, in pieces.
		whole := head + "To: <sip:h>\r\nContent-Length: 0\r\n\r\n"
		p.raw(whole + whole[:20])
		p.want("401 OPTIONS")
		p.raw(whole[20:])
		p.want("401 OPTIONS")
		p.raw(phone.Ping)
		if p.want(); p.pongs != 1 {
			t.Errorf("%d pongs to a ping", p.pongs)
		}
		p.raw(head + "To: <sip:h>\r\nContent-Length: many\r\n\r\n")
		p.want("400 OPTIONS")
		s.pass(5 * time.Second)
		if streams.Has(edgeAt) {
			t.Error("the connection is open")
		}
	})
}

// Requests of a trunk over TCP are the trunk's too.
func TestTrunkOverTCP(t *testing.T) {
	play(t, func(s *stage) {
		pbx, _ := s.tcp("+12065550123", pbxAt)
		carrier := s.udp("carrier", carrierAt)
		pbx.Domain = pbxAt.Addr().String()
		pbx.say(pbx.invite("sip:+14255550100@" + domain))
		called := carrier.want("INVITE")
		carrier.answer(called)
		answered := pbx.want("100 INVITE", "200 INVITE")
		pbx.ack(answered)
		carrier.want("ACK")
		carrier.say(carrier.In(called.Dialog, "BYE"))
		carrier.want("200 BYE")
		pbx.say(pbx.Respond(pbx.want("BYE").Message, 200, ""))
		if n := s.edge.Calls(); n != 0 {
			t.Errorf("%d calls", n)
		}
	})
}
