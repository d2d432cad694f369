package sip

import (
	"strings"
	"testing"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// hold is a party's description with another direction and version.
func (p *party) hold(direction string, version string) string {
	text := strings.Replace(p.description(), "a=sendrecv", "a="+direction, 1)
	if !strings.Contains(text, "a="+direction) {
		text += "a=" + direction + "\r\n"
	}
	return strings.Replace(text, " 1 IN IP4", " "+version+" IN IP4", 1)
}

func (p *party) reinvite(d *phone.Dialog, direction, version string) {
	m := p.In(d, "INVITE")
	m.SetSDP(p.hold(direction, version))
	p.say(m)
}

// An offer within the call goes through to the other side with our address in it,
// and its answer comes back; so does a refusal.
func TestOffersPassThrough(t *testing.T) {
	play(t, func(s *stage) {
		pbx, carrier, _, answered := s.transit()
		pbx.reinvite(answered.Dialog, "sendonly", "2")
		offered := carrier.want("INVITE")
		if !strings.Contains(offered.Body, "a=sendonly") || !strings.Contains(offered.Body, "c=IN IP4 "+edgeAt.Addr().String()) {
			t.Errorf("offered:\n%s", offered.Body)
		}
		ok := carrier.Respond(offered.Message, 200, "")
		ok.SetSDP(carrier.hold("recvonly", "2"))
		carrier.say(ok)
		carrier.want("ACK")
		held := pbx.want("200 INVITE")
		if !strings.Contains(held.Body, "a=recvonly") {
			t.Errorf("answered:\n%s", held.Body)
		}
		pbx.ack(held)

		carrier.reinvite(carrier.Dialogs(offered.Get("Call-ID"))[0], "inactive", "3")
		offered = pbx.want("INVITE")
		pbx.say(pbx.Respond(offered.Message, 488, ""))
		pbx.want("ACK")
		refused := carrier.want("488 INVITE")
		carrier.ack(refused)
		if n := s.edge.Calls(); n != 1 {
			t.Errorf("%d calls", n)
		}
	})
}

// What the dialplan refuses says why: RFC 3261 s21.4.26 and the Warning of s20.43.
func TestRefusalsSayWhy(t *testing.T) {
	for uri, want := range map[string]string{
		"sip:+1425@" + domain:         "484 INVITE",
		"sip:+449999999999@" + domain: "404 INVITE",
		"sip:hello@" + domain:         "404 INVITE",
	} {
		play(t, func(s *stage) {
			pbx := s.pbx()
			pbx.say(pbx.invite(uri))
			refused := pbx.want("100 INVITE", want)
			if !strings.Contains(refused.Get("Warning"), "399 "+domain+" ") && !refused.Has("Reason") {
				t.Errorf("%s: %s does not say why", uri, refused.Name())
			}
			pbx.ack(refused)
		})
	}
}

// A trunk that asks for our password gets it, and no other does; a challenge that
// we cannot answer is not passed on to the caller.
func TestTrunkChallengesUs(t *testing.T) {
	set := settings(t)
	set.Trunks[0].Username, set.Trunks[0].Password = "tandem", "secret-of-tandem"
	playWith(t, set, func(s *stage) {
		pbx, carrier := s.pbx(), s.udp("carrier", carrierAt)
		pbx.say(pbx.invite("sip:+14255550100@" + domain))
		called := carrier.want("INVITE")
		if called.Has("Authorization") || called.Has("Proxy-Authorization") {
			t.Error("the password was given unasked")
		}
		const challenge = `Digest realm="carrier", nonce="abc", algorithm=SHA-256, qop="auth"`
		ask := carrier.Respond(called.Message, 407, "")
		ask.Add("Proxy-Authenticate", challenge)
		carrier.say(ask)
		proved := carrier.want("ACK", "INVITE")
		who := phone.Credentials{User: "tandem", Password: "secret-of-tandem"}
		if err := phone.ParseChallenge(challenge).Verify(who, "INVITE", proved.Get("Proxy-Authorization")); err != nil {
			t.Error(err)
		}
		again := carrier.Respond(proved.Message, 407, "")
		again.Add("Proxy-Authenticate", strings.Replace(challenge, "abc", "def", 1))
		carrier.say(again)
		carrier.want("ACK")
		pbx.ack(pbx.want("100 INVITE", "502 INVITE"))
	})
}

// An INVITE that has passed too many machines is not passed on; one that may go on
// has one hop less.
func TestMaxForwards(t *testing.T) {
	play(t, func(s *stage) {
		pbx, carrier := s.pbx(), s.udp("carrier", carrierAt)
		m := pbx.invite("sip:+14255550100@" + domain)
		m.Set("Max-Forwards", "5")
		pbx.say(m)
		called := carrier.want("INVITE")
		has(t, called.Message, "Max-Forwards", "4")
		carrier.say(carrier.Respond(called.Message, 486, ""))
		carrier.want("ACK")
		pbx.ack(pbx.want("100 INVITE", "486 INVITE"))
	})
}
