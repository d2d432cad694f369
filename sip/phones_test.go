package sip

import (
	"net/netip"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/sip/registrar"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// A phone whose connection has died is found on the one that it has registered over
// since: by its instance, else its contact, else its address; another phone of the user
// is not taken for it.
func TestPhoneIsBack(t *testing.T) {
	flow := func(remote string, conn uint64) transport.Flow {
		return transport.Flow{Protocol: transport.TCP, Local: edgeAt, Remote: netip.MustParseAddrPort(remote), Conn: conn}
	}
	type binding struct {
		contact, instance string
		flow              transport.Flow
	}
	lost := flow("192.0.2.10:40000", 1)
	udp := lost
	udp.Protocol, udp.Conn = transport.UDP, 0
	elsewhere := flow("192.0.2.10:40001", 2)
	elsewhere.Local = netip.MustParseAddrPort("198.51.100.2:5060")
	for name, tt := range map[string]struct {
		device string
		list   []binding
		want   transport.Flow
	}{
		"nobody":           {"", nil, transport.Flow{}},
		"the same device":  {"<urn:a>", []binding{{"sip:x@192.0.2.99", "<urn:a>", flow("192.0.2.99:1", 2)}}, flow("192.0.2.99:1", 2)},
		"another device":   {"<urn:a>", []binding{{"sip:x@192.0.2.10:1", "<urn:b>", flow("192.0.2.10:1", 2)}}, transport.Flow{}},
		"the same contact": {"", []binding{{"sip:y@192.0.2.98", "", flow("192.0.2.98:1", 3)}, {"sip:alice@192.0.2.10", "", flow("192.0.2.97:1", 2)}}, flow("192.0.2.97:1", 2)},
		"the same address": {"", []binding{{"sip:x@192.0.2.10:40001", "", flow("192.0.2.10:40001", 2)}}, flow("192.0.2.10:40001", 2)},
		"another address":  {"", []binding{{"sip:x@192.0.2.11", "", flow("192.0.2.11:40001", 2)}}, transport.Flow{}},
		"another protocol": {"", []binding{{"sip:alice@192.0.2.10", "", udp}}, transport.Flow{}},
		"another of ours":  {"", []binding{{"sip:alice@192.0.2.10", "", elsewhere}}, transport.Flow{}},
	} {
		p := newPhones(registrar.DefaultBounds())
		for i, b := range tt.list {
			uri, err := wire.ParseURI(b.contact)
			if err != nil {
				t.Fatal(err)
			}
			out := p.register(time.Now(), registrar.Update{
				AOR: "alice", CallID: name + string(rune('a'+i)), CSeq: 1, Flow: b.flow, Expires: 600,
				Contacts: []registrar.Contact{{URI: uri, Expires: -1, Q: 1000, Instance: b.instance}},
			})
			if out.Status != 200 {
				t.Fatalf("%s: %+v", name, out)
			}
		}
		got, ok := p.back("alice", tt.device, lost, "sip:alice@192.0.2.10", "")
		if got != tt.want || ok != (tt.want != transport.Flow{}) {
			t.Errorf("%s: %v, %v; want %v", name, got, ok, tt.want)
		}
	}
}

// The instance is remembered of phones on connections alone: by UDP nothing dies.
func TestDevice(t *testing.T) {
	p := newPhones(registrar.DefaultBounds())
	tcp := transport.Flow{Protocol: transport.TCP, Local: edgeAt, Remote: aliceAt, Conn: 7}
	uri, _ := wire.ParseURI("sip:alice@192.0.2.10")
	p.register(time.Now(), registrar.Update{AOR: "alice", CallID: "c", CSeq: 1, Flow: tcp, Expires: 600, Contacts: []registrar.Contact{{URI: uri, Expires: -1, Q: 1000, Instance: "<urn:a>"}}})
	user := dialplan.Party{Kind: dialplan.PartyUser, Name: "alice"}
	other := tcp
	other.Conn = 8
	for i, tt := range []struct {
		who  dialplan.Party
		flow transport.Flow
		want string
	}{
		{user, tcp, "<urn:a>"}, {user, other, ""}, {dialplan.Party{Kind: dialplan.PartyTrunk, Name: "alice"}, tcp, ""},
		{user, transport.Flow{Protocol: transport.UDP}, ""},
	} {
		if got := p.device(tt.who, tt.flow); got != tt.want {
			t.Errorf("%d: %q, want %q", i, got, tt.want)
		}
	}
}
