package sip

import (
	"net/netip"
	"testing"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/resolve"
	"github.com/tandem-gateway/tandem/sip/transport"
)

var (
	byTLS = transport.Flow{Protocol: transport.TLS}
	byTCP = transport.Flow{Protocol: transport.TCP}
	byUDP = transport.Flow{Protocol: transport.UDP}
)

// TestKeysGoWhereNobodyReads: SDES is for parties whose signalling goes by TLS, unless the
// settings say otherwise; nothing else depends on the flow.
func TestKeysGoWhereNobodyReads(t *testing.T) {
	both := bridge.SRTP{Protection: sdp.ProtectionRequired, SDES: true, DTLS: true}
	clear := bridge.SRTP{Protection: sdp.ProtectionRequired, DTLS: true}
	s := &Settings{Users: map[string]User{"alice": {SRTP: both}}, Trunks: []Trunk{{Name: "carrier", SRTP: both}, {Name: "dtls", SRTP: clear}}}
	alice := dialplan.Party{Kind: dialplan.PartyUser, Name: "alice"}
	carrier := dialplan.Party{Kind: dialplan.PartyTrunk, Name: "carrier"}
	for _, tt := range []struct {
		who    dialplan.Party
		flow   transport.Flow
		anyway bool
		want   bridge.SRTP
	}{
		{alice, byTLS, false, both}, {alice, byTCP, false, clear}, {alice, byUDP, false, clear},
		{alice, byUDP, true, both}, {carrier, byTLS, false, both}, {carrier, byUDP, false, clear},
		{carrier, byTCP, true, both},
		{dialplan.Party{Kind: dialplan.PartyTrunk, Name: "dtls"}, byTLS, true, clear},
		{dialplan.Party{Kind: dialplan.PartyTrunk, Name: "alice"}, byTLS, true, bridge.SRTP{}}, // another kind of that name
		{dialplan.Party{Kind: dialplan.PartyUser, Name: "nobody"}, byTLS, true, bridge.SRTP{}},
	} {
		s.SDESWithoutTLS = tt.anyway
		if got := s.protection(tt.who, tt.flow); got != tt.want {
			t.Errorf("%v by %v, anyway %v: %+v, want %+v", tt.who, tt.flow.Protocol, tt.anyway, got, tt.want)
		}
	}
}

// TestServersThatMayHaveTheKeys: an INVITE with keys goes on to the trunk's next server by
// TLS only.
func TestServersThatMayHaveTheKeys(t *testing.T) {
	at := netip.MustParseAddrPort("192.0.2.1:5060")
	rest := []resolve.Candidate{
		{Protocol: resolve.Protocol(transport.TLS), Addr: at}, {Protocol: resolve.Protocol(transport.UDP), Addr: at},
		{Protocol: resolve.Protocol(transport.TCP), Addr: at}, {Protocol: resolve.Protocol(transport.TLS), Addr: at},
	}
	for _, tt := range []struct {
		may    bridge.SRTP
		anyway bool
		left   int
	}{
		{bridge.SRTP{Protection: sdp.ProtectionOptional, SDES: true}, false, 2},
		{bridge.SRTP{Protection: sdp.ProtectionOptional, SDES: true}, true, 4},
		{bridge.SRTP{Protection: sdp.ProtectionRequired, DTLS: true}, false, 4},
		{bridge.SRTP{SDES: true, DTLS: true}, false, 4},
	} {
		w := &way{rest: rest}
		(&Settings{SDESWithoutTLS: tt.anyway}).discreet(w, tt.may)
		if len(w.rest) != tt.left || len(rest) != 4 || rest[1].Protocol != resolve.Protocol(transport.UDP) {
			t.Errorf("%+v, anyway %v: %v", tt.may, tt.anyway, w.rest)
		}
	}
}
