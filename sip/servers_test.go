package sip

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/sip/resolve"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/trunk"
)

var (
	firstAt  = netip.MustParseAddrPort("203.0.113.1:5070")
	secondAt = netip.MustParseAddrPort("203.0.113.2:5080")
	thirdAt  = netip.MustParseAddrPort("203.0.113.3:5090")
)

// zoneOf has the servers of carrier.test in the order of their priorities.
func zoneOf(servers ...netip.AddrPort) map[resolve.Query]resolve.Answer {
	srv := resolve.Answer{Outcome: resolve.Found, TTL: time.Hour}
	zone := map[resolve.Query]resolve.Answer{}
	for i, at := range servers {
		name := fmt.Sprintf("s%d.carrier.test", i)
		srv.Servers = append(srv.Servers, resolve.Server{Priority: uint16(i), Weight: 1, Port: at.Port(), Target: name})
		zone[resolve.Query{Name: name, Type: resolve.A}] = resolve.Answer{Outcome: resolve.Found, TTL: time.Hour, Addrs: []netip.Addr{at.Addr()}}
	}
	zone[resolve.Query{Name: "_sip._udp.carrier.test", Type: resolve.SRV}] = srv
	return zone
}

// named are settings in which the carrier is a name and calls to it have four seconds
// until backup is tried.
func named(t *testing.T, backup bool) *Settings {
	set := settings(t)
	set.Trunks[0].Address = Address{Host: "carrier.test"}
	set.Trunks[0].Username, set.Trunks[0].Password = "us", "secret"
	trunks := []string{"carrier"}
	if backup {
		set.Trunks, trunks = append(set.Trunks, trunkAt("backup", carrierAt)), append(trunks, "backup")
	}
	plan, err := dialplan.New(dialplan.Config{
		Region: "US", Agent: domain,
		Trunks: []dialplan.Trunk{{Name: "carrier"}, {Name: "pbx", Trusted: true}, {Name: "backup"}},
		Routes: []dialplan.Route{{Name: "transit", From: "trunk:pbx", To: "+1", Trunks: trunks, AttemptTimeout: 4 * time.Second}},
	})
	if err != nil {
		t.Fatal(err)
	}
	set.Plan = plan
	return set
}

// asks has the edge's look-ups answered from the zone after a while.
func (s *stage) asks(zone map[resolve.Query]resolve.Answer, after time.Duration) {
	s.edge.config.Names = func(ctx context.Context, q resolve.Query) (resolve.Answer, error) {
		select {
		case <-time.After(after):
		case <-ctx.Done():
			return resolve.Answer{}, ctx.Err()
		}
		if a, ok := zone[q]; ok {
			return a, nil
		}
		return resolve.Answer{Outcome: resolve.NoName, TTL: time.Hour}, nil
	}
}

// playNamed is a story with the servers of carrier.test.
func playNamed(t *testing.T, backup bool, zone []netip.AddrPort, story func(s *stage, pbx *party)) {
	playWith(t, named(t, backup), func(s *stage) {
		s.asks(zoneOf(zone...), 0)
		story(s, s.pbx())
	})
}

// RFC 3263 s4.3: a 503 leads to the next server within the attempt, by the same request
// with a branch of its own; the ACK goes where the 503 came from, and the next call
// begins at the server that works.
func TestNextServerAfter503(t *testing.T) {
	playNamed(t, false, []netip.AddrPort{firstAt, secondAt}, func(s *stage, pbx *party) {
		first, second := s.udp("carrier", firstAt), s.udp("carrier2", secondAt)
		pbx.say(pbx.invite("sip:+14255550100@" + domain))
		refused := first.want("INVITE")
		first.say(first.Respond(refused.Message, 100, ""))
		first.say(first.Respond(refused.Message, 503, ""))
		first.want("ACK")
		called := second.want("INVITE")
		for _, name := range []string{"Call-ID", "CSeq", "From", "To", "Contact", "Max-Forwards"} {
			if called.Get(name) != refused.Get(name) {
				t.Errorf("%s is %q at the second server, %q at the first", name, called.Get(name), refused.Get(name))
			}
		}
		if called.Branch() == refused.Branch() || called.Body != refused.Body {
			t.Error("it is not the same request with a branch of its own")
		}
		first.say(first.Respond(refused.Message, 503, "")) // its ACK was lost
		first.want("ACK")
		second.answer(called)
		answered := pbx.want("100 INVITE", "200 INVITE")
		pbx.ack(answered)
		second.want("ACK")
		pbx.say(pbx.In(answered.Dialog, "BYE"))
		pbx.want("200 BYE")
		second.say(second.Respond(second.want("BYE").Message, 200, ""))
		if n := len(published[event.AttemptStarted](s)); n != 1 || s.edge.Calls() != 0 {
			t.Errorf("%d attempts, %d calls are left", n, s.edge.Calls())
		}
		pbx.say(pbx.invite("sip:+14255550100@" + domain))
		called = second.want("INVITE")
		second.say(second.Respond(called.Message, 486, ""))
		second.want("ACK")
		first.want()
		pbx.ack(pbx.want("100 INVITE", "486 INVITE"))
	})
}

// A silent server has its share of attempt_timeout. When it speaks after all, its INVITE
// is cancelled, and an answer that crosses that is hung up.
func TestNextServerAfterSilence(t *testing.T) {
	playNamed(t, true, []netip.AddrPort{firstAt, secondAt}, func(s *stage, pbx *party) {
		first, second := s.udp("carrier", firstAt), s.udp("carrier2", secondAt)
		pbx.say(pbx.invite("sip:+14255550100@" + domain))
		silent := first.want("INVITE")
		s.pass(1900 * time.Millisecond)
		second.want()
		s.pass(200 * time.Millisecond)
		called := second.want("INVITE")
		second.say(second.Respond(called.Message, 180, ""))
		first.take()
		first.say(first.Respond(silent.Message, 180, ""))
		cancel := first.want("CANCEL")
		if cancel.Branch() != silent.Branch() {
			t.Error("the CANCEL has another branch than its INVITE")
		}
		first.say(first.Respond(cancel.Message, 200, ""))
		first.answer(silent)
		first.say(first.Respond(first.want("ACK", "BYE").Message, 200, ""))
		second.answer(called)
		answered := pbx.want("100 INVITE", "180 INVITE", "200 INVITE")
		pbx.ack(answered)
		second.want("ACK")
		pbx.say(pbx.In(answered.Dialog, "BYE"))
		pbx.want("200 BYE")
		second.say(second.Respond(second.want("BYE").Message, 200, ""))
		if n := s.edge.Calls(); n != 0 {
			t.Errorf("%d calls are left", n)
		}
	})
}

// All servers together have attempt_timeout; then the next trunk is tried.
func TestSilentServersThenNextTrunk(t *testing.T) {
	playNamed(t, true, []netip.AddrPort{firstAt, secondAt, thirdAt}, func(s *stage, pbx *party) {
		backup := s.udp("backup", carrierAt)
		pbx.say(pbx.invite("sip:+14255550100@" + domain))
		s.pass(3900 * time.Millisecond)
		backup.want()
		s.pass(200 * time.Millisecond)
		called := backup.want("INVITE")
		backup.say(backup.Respond(called.Message, 486, ""))
		backup.want("ACK")
		pbx.ack(pbx.want("100 INVITE", "486 INVITE"))
		if n := strings.Count(s.log.String(), "trunk tried at its next server"); n != 2 {
			t.Errorf("%d servers after the first were tried", n)
		}
	})
}

// A server that refuses after its 100 and then a silent one: the time begins anew, and
// is bounded all the same.
func TestSilentServerAfter503(t *testing.T) {
	playNamed(t, true, []netip.AddrPort{firstAt, secondAt}, func(s *stage, pbx *party) {
		first, backup := s.udp("carrier", firstAt), s.udp("backup", carrierAt)
		pbx.say(pbx.invite("sip:+14255550100@" + domain))
		refused := first.want("INVITE")
		first.say(first.Respond(refused.Message, 100, ""))
		s.pass(10 * time.Second)
		first.say(first.Respond(refused.Message, 503, ""))
		first.want("ACK")
		s.pass(3900 * time.Millisecond)
		backup.want()
		s.pass(200 * time.Millisecond)
		called := backup.want("INVITE")
		backup.say(backup.Respond(called.Message, 486, ""))
		backup.want("ACK")
		pbx.ack(pbx.want("100 INVITE", "486 INVITE"))
	})
}

// What speaks of the callee, or comes after ringing, is no failure of a server; and a
// challenge is answered at the one that it came from.
func TestServersThatAreKept(t *testing.T) {
	playNamed(t, false, []netip.AddrPort{firstAt, secondAt}, func(s *stage, pbx *party) {
		first, second := s.udp("carrier", firstAt), s.udp("carrier2", secondAt)
		for _, status := range []int{486, 500, 404, 603} {
			pbx.say(pbx.invite("sip:+14255550100@" + domain))
			called := first.want("INVITE")
			first.say(first.Respond(called.Message, status, ""))
			first.want("ACK")
			pbx.ack(pbx.want("100 INVITE", fmt.Sprint(status, " INVITE")))
		}
		pbx.say(pbx.invite("sip:+14255550100@" + domain))
		called := first.want("INVITE")
		first.say(first.Respond(called.Message, 180, ""))
		first.say(first.Respond(called.Message, 503, ""))
		first.want("ACK")
		second.want()
		got := pbx.take()
		pbx.ack(got[len(got)-1])
	})
}

// The second server asks for the password: its challenge is answered, with a CSeq
// number higher than its own.
func TestNextServerChallenges(t *testing.T) {
	playNamed(t, false, []netip.AddrPort{firstAt, secondAt}, func(s *stage, pbx *party) {
		first, second := s.udp("carrier", firstAt), s.udp("carrier2", secondAt)
		pbx.say(pbx.invite("sip:+14255550100@" + domain))
		challenge := func(p *party, at phone.Arrival) phone.Arrival {
			m := p.Respond(at.Message, 401, "")
			m.Set("WWW-Authenticate", `Digest realm="`+p.Name+`",nonce="n",algorithm=MD5`)
			p.say(m)
			return p.want("ACK", "INVITE")
		}
		asked := challenge(first, first.want("INVITE"))
		has(t, asked.Message, "Authorization", `realm="carrier"`)
		first.say(first.Respond(asked.Message, 503, ""))
		first.want("ACK")
		plain := second.want("INVITE")
		if plain.Has("Authorization") {
			t.Error("the second server is told the answer to the challenge of the first")
		}
		asked = challenge(second, plain)
		has(t, asked.Message, "Authorization", `realm="carrier2"`)
		second.say(second.Respond(asked.Message, 486, ""))
		second.want("ACK")
		pbx.ack(pbx.want("100 INVITE", "486 INVITE"))
	})
}

// The caller hangs up while the second server is tried: each server is told once, if it
// has spoken.
func TestCancelAtTheNextServer(t *testing.T) {
	playNamed(t, false, []netip.AddrPort{firstAt, secondAt}, func(s *stage, pbx *party) {
		second := s.udp("carrier2", secondAt)
		invite := pbx.say(pbx.invite("sip:+14255550100@" + domain))
		pbx.want("100 INVITE")
		s.pass(2100 * time.Millisecond)
		called := second.want("INVITE")
		second.say(second.Respond(called.Message, 180, ""))
		pbx.want("180 INVITE")
		pbx.say(pbx.Cancel(invite))
		pbx.ack(pbx.want("200 CANCEL", "487 INVITE"))
		second.say(second.Respond(second.want("CANCEL").Message, 200, ""))
		second.say(second.Respond(called.Message, 487, ""))
		second.want("ACK")
		if n := s.edge.Calls(); n != 0 {
			t.Errorf("%d calls are left", n)
		}
	})
}

// The look-up does not hold the call: it rings nobody meanwhile, hears its caller hang
// up, and what is found then is not called.
func TestCancelWhileLookingUp(t *testing.T) {
	playWith(t, named(t, false), func(s *stage) {
		s.asks(zoneOf(firstAt), 500*time.Millisecond) // SRV after NAPTR, A after SRV
		pbx, first := s.pbx(), s.udp("carrier", firstAt)
		invite := pbx.say(pbx.invite("sip:+14255550100@" + domain))
		pbx.want("100 INVITE")
		s.pass(600 * time.Millisecond)
		pbx.say(pbx.Cancel(invite))
		pbx.ack(pbx.want("200 CANCEL", "487 INVITE"))
		s.pass(2 * time.Second)
		first.want()
		if n, ports := s.edge.Calls(), s.ports.InUse(); n != 0 || ports != 0 {
			t.Errorf("%d calls and %d ports are left", n, ports)
		}
		pbx.say(pbx.invite("sip:+14255550100@" + domain)) // it is known now
		called := first.want("INVITE")
		first.say(first.Respond(called.Message, 486, ""))
		first.want("ACK")
		pbx.ack(pbx.want("100 INVITE", "486 INVITE"))
	})
}

// Name servers that say nothing: the call goes on to the next trunk when the look-up
// is given up; the edge may close meanwhile.
func TestNamesThatAreNotFound(t *testing.T) {
	playWith(t, named(t, true), func(s *stage) {
		s.asks(nil, time.Hour)
		pbx, backup := s.pbx(), s.udp("backup", carrierAt)
		pbx.say(pbx.invite("sip:+14255550100@" + domain))
		s.pass(4100 * time.Millisecond)
		called := backup.want("INVITE")
		backup.say(backup.Respond(called.Message, 486, ""))
		backup.want("ACK")
		pbx.ack(pbx.want("100 INVITE", "486 INVITE"))
		s.edge.locator.close()
		pbx.say(pbx.invite("sip:+14255550100@" + domain))
		called = backup.want("INVITE")
		backup.say(backup.Respond(called.Message, 486, ""))
		backup.want("ACK")
		pbx.ack(pbx.want("100 INVITE", "486 INVITE"))
	})
}

// Pings go to the next server too: a trunk with a dead one of two is not down.
func TestPingsGoToTheNextServer(t *testing.T) {
	set := named(t, false)
	set.Trunks[0].OptionsInterval = 30 * time.Second
	playWith(t, set, func(s *stage) {
		s.asks(zoneOf(firstAt, secondAt), 0)
		second := s.udp("carrier2", secondAt)
		s.edge.Watch()
		s.pass(31 * time.Second) // the first ping is out: its timer F takes 32 s
		second.want()
		for range 120 { // a ping begins at a random time of its interval
			s.pass(time.Second)
			if got := second.take(); len(got) > 0 {
				if got[0].Method != "OPTIONS" {
					t.Fatalf("the second server got %v", got[0].Name())
				}
				second.say(second.Respond(got[0].Message, 200, ""))
				if state := s.edge.watch.of("carrier").state; !state.Admits(trunk.Ordinary) {
					t.Errorf("the trunk is %v", state)
				}
				return
			}
		}
		t.Error("the second server is not asked")
	})
}

// What peers see of a flow is the NAT's address of its family, with the port.
func TestSeen(t *testing.T) {
	e := &Edge{config: Config{Advertise: []netip.Addr{netip.MustParseAddr("203.0.113.77")}}}
	for local, want := range map[string]string{
		"10.0.0.5:5060": "203.0.113.77:5060", "10.0.0.5:5061": "203.0.113.77:5061", "[2001:db8::1]:5060": "[2001:db8::1]:5060",
	} {
		f := transport.Flow{Protocol: transport.TCP, Local: netip.MustParseAddrPort(local), Remote: aliceAt, Conn: 3}
		got := e.seen(f)
		if got.Local.String() != want || got.Remote != f.Remote || got.Conn != f.Conn {
			t.Errorf("%s is seen as %v", local, got)
		}
	}
}
