package test

import (
	"strings"
	"testing"

	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/test/peers"
)

// encrypted is the house with TLS for phones alone, and alice's audio encrypted.
func encrypted(how string) string {
	house := strings.Replace(secured, "address: sip:SECURECARRIER;transport=tls\n    tls: {ca: DIRECTORY/ca.pem}\n", "address: sip:CARRIER\n", 1)
	return strings.Replace(house, "- name: alice\n", "- name: alice\n    "+how+"\n", 1)
}

// encryptions are the ways of a baresip to protect its audio, and how the gateway is to have it.
var encryptions = []struct{ name, phone, gateway string }{
	{"SDES", "srtp-mand", "srtp: required\n    srtp_keys: sdes"},
	{"SDES beside RTP", "srtp", "srtp: optional"},
	{"DTLS", "dtls_srtp", "srtp: required\n    srtp_keys: dtls"},
}

// TestSoftphoneEncrypts: a real phone with SRTP and a carrier without hear each other, both
// ways, and the keys do not come to the carrier nor to the trace.
func TestSoftphoneEncrypts(t *testing.T) {
	t.Parallel()
	for _, way := range encryptions {
		t.Run(way.name+" where the phone calls", func(t *testing.T) {
			s, a := secureStage(t, encrypted(way.gateway))
			carrier := s.callee(carrierHost, "called", "ring", "answer", "hungup")
			desk := s.softphoneTLS(peers.Baresip{Who: alice, Encryption: way.phone}, a, aliceHost, low)
			desk.registered(alice)
			desk.do("dial", "(425)555-0100")
			s.encryptedCall(desk, carrier.saw("called"))
			carrier.done()
		})
		t.Run(way.name+" where the phone is called", func(t *testing.T) {
			s, a := secureStage(t, encrypted(way.gateway))
			desk := s.softphoneTLS(peers.Baresip{Who: alice, Encryption: way.phone, Answers: true}, a, aliceHost, low)
			desk.registered(alice)
			carrier := s.caller(carrierHost, phone.Credentials{User: "+14255550123"}, "+14255550101", "call", "ringing", "answered", "hungup")
			carrier.saw("ringing")
			s.encryptedCall(desk, carrier.saw("answered"))
			carrier.done()
		})
	}
}

// encryptedCall has a phone by SRTP and the carrier hear each other; the carrier got our
// description in a message. The phone hangs up.
func (s *stage) encryptedCall(desk *softphone, told *phone.Message) {
	s.Helper()
	if body, _ := told.SDP(); strings.Contains(body, "crypto") || strings.Contains(body, "fingerprint") || !strings.Contains(body, "RTP/AVP") {
		s.Errorf("the carrier is told of keys:\n%s", body)
	}
	desk.await("CALL_ESTABLISHED")
	far := s.voice(carrierHost, high)
	far.speaks(told)
	far.hears(low)
	desk.hearsAt(high, -14) // -10 dBm0 and the loss of G.711
	desk.do("hangup", "")
	desk.await("CALL_CLOSED")
	r := s.record(1)
	for _, m := range r.Media {
		if m.Packets == 0 || m.Relayed == 0 || m.Lost > 0 {
			s.Errorf("audio of participant %d: %+v", m.Participant, m)
		}
	}
	if n := s.gateway.Count("inline:(hidden)"); n != s.gateway.Count("inline:") {
		s.Error("the trace shows keys")
	}
	quit(desk)
}

// TestSoftphoneMustEncrypt: a phone that cannot do without SRTP, and one that has none.
func TestSoftphoneMustEncrypt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ phone, gateway string }{
		"the phone insists and the gateway has none": {"srtp-mand", "srtp: off"},
		"the gateway insists and the phone has none": {"", "srtp: required"},
	} {
		t.Run(name, func(t *testing.T) {
			s, a := secureStage(t, encrypted(test.gateway))
			desk := s.softphoneTLS(peers.Baresip{Who: alice, Encryption: test.phone}, a, aliceHost, low)
			desk.registered(alice)
			desk.do("dial", "(425)555-0100")
			desk.await("CALL_CLOSED")
			if r := s.record(1); r.Status != 488 {
				t.Errorf("record %+v", r)
			}
			quit(desk)
		})
	}
}
