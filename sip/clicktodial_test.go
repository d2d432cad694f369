package sip

import (
	"testing"
	"time"
)

// A REFER of a user outside of any dialog: its phone, then the target; a repetition begins
// no second call, and nothing is left.
func TestClickToDial(t *testing.T) {
	play(t, func(s *stage) {
		alice, carrier := s.udp("alice", aliceAt), s.udp("carrier", carrierAt)
		alice.register()
		m := alice.Request("REFER", "sip:alice@"+domain)
		m.Set("Refer-To", "<sip:+14255550177@"+domain+">")
		alice.say(m)
		proof := alice.prove(m, alice.want("401 REFER").Message)
		ring := alice.want("INVITE")
		alice.say(proof)
		if n := s.edge.Calls(); n != 1 {
			t.Fatalf("%d calls", n)
		}
		alice.take()
		alice.answer(ring)
		s.pass(time.Second)
		var ack, accepted bool
		for _, a := range alice.take() {
			ack, accepted = ack || a.Method == "ACK", accepted || name(a) == "202 REFER"
			if a.Method == "NOTIFY" && !a.Again {
				alice.accepts(a)
			}
		}
		if !ack || !accepted {
			t.Errorf("ACK %v, 202 %v", ack, accepted)
		}
		called := carrier.take()[0]
		has(t, called.Message, "Referred-By", "<sip:alice@"+domain+">")
		carrier.answer(called)
		s.pass(time.Second)
		done := false
		for _, a := range alice.take() {
			if a.IsRequest() && !a.Again && a.Method != "ACK" {
				alice.accepts(a)
				done = done || a.Method == "NOTIFY" && a.Body == "SIP/2.0 200 OK\r\n"
			}
		}
		if !done {
			t.Error("nobody was told that it is done")
		}
	})
}

// Who may not dial by REFER, and what cannot be dialled.
func TestClickToDialRefused(t *testing.T) {
	play(t, func(s *stage) {
		alice, pbx, mallory := s.udp("alice", aliceAt), s.udp("pbx", pbxAt), s.udp("mallory", malloryAt)
		alice.register()
		for _, p := range []*party{pbx, mallory} {
			m := p.Request("REFER", "sip:alice@"+domain)
			m.Set("Refer-To", "<sip:+14255550177@"+domain+">")
			p.say(m)
		}
		pbx.want("403 REFER")
		mallory.want("401 REFER")
		for to, want := range map[string]string{
			"<sip:+442079460018@" + domain + ">":                                 "404 REFER",
			"<mailto:bob@example.test>":                                          "416 REFER",
			"<sip:x@" + domain + "?Replaces=nobody%3Bto-tag%3D1%3Bfrom-tag%3D2>": "481 REFER",
			"": "400 REFER",
		} {
			m := alice.Request("REFER", "sip:alice@"+domain)
			m.Set("Refer-To", to)
			if to == "" {
				m.Del("Refer-To")
			}
			alice.say(m)
			alice.prove(m, alice.want("401 REFER").Message)
			alice.want(want)
		}
		m := alice.Request("REFER", "sip:alice@"+domain)
		m.Set("Refer-To", "<sip:+14255550177@"+domain+">")
		m.Del("Contact")
		alice.say(m)
		alice.prove(m, alice.want("401 REFER").Message)
		alice.want("400 REFER")
		s.edge.Refuse(time.Now().Add(time.Minute))
		m = alice.Request("REFER", "sip:alice@"+domain)
		m.Set("Refer-To", "<sip:+14255550177@"+domain+">")
		alice.say(m)
		alice.prove(m, alice.want("401 REFER").Message)
		has(t, alice.want("503 REFER").Message, "Retry-After", "6")
		if n := s.edge.Calls(); n != 0 {
			t.Errorf("%d calls", n)
		}
	})
}
