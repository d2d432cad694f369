package dialog

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// A request's transport is that of its flow, whatever ours is: over TCP its answer is
// not kept (timer J is zero), over UDP for 64*T1.
func TestServerTransactionsOfEachFlow(t *testing.T) {
	for _, tt := range []struct {
		protocol transport.Protocol
		kept     int
	}{{transport.UDP, 1}, {transport.TCP, 0}, {0, 1}} {
		r := inCallRaw(t)
		r.flow.Protocol = tt.protocol
		r.send("OPTIONS")
		if n := len(r.usage.servers); n != tt.kept {
			t.Errorf("%v: %d transactions are kept, want %d", tt.protocol, n, tt.kept)
		}
		r.wait(33 * time.Second)
		if n := len(r.usage.servers); n != 0 {
			t.Errorf("%v: %d transactions are left", tt.protocol, n)
		}
	}
}

// Whoever sends more than can be remembered is served on, at a bounded price.
func TestFloodOfRequests(t *testing.T) {
	r := inCallRaw(t)
	r.receive(r.requestText("INVITE", "", at("them"), rawOffer))
	for range 10 * maxServers {
		r.forget()
		r.send("OPTIONS")
		r.expect("200 OPTIONS")
		if n := len(r.usage.servers); n > maxServers {
			t.Fatalf("%d transactions are kept", n)
		}
	}
	r.forget()
	r.do(func(u *Usage) { u.AcceptOffer(r.now, answer()) })
	r.expect("200 INVITE")
	for range 2 * maxServers {
		r.send("OPTIONS")
	}
	r.forget()
	r.wait(600 * time.Millisecond)
	r.expect("200 INVITE")
	r.send("BYE")
	r.expectState(Ended)
}

// No value that we are given leaves its line.
func TestNothingIsInjected(t *testing.T) {
	const evil = "x\r\nEvil: 1\r\n\r\n\x00"
	r := rawCallee(t, transport.UDP)
	r.do(func(u *Usage) { u.Reject(r.now, 486, Phrase(evil), Header{"Reason", evil}, Header{"Warning", evil}) })
	res := r.response()
	if _, there := wire.Value(res, "Evil"); there || res.StatusCode != 486 || res.Reason != "x  Evil: 1     " {
		t.Errorf("the response is\n%q", r.bytes[1])
	}
	r = rawCaller(t, func(c *Config) { c.Agent = evil })
	r.accept("them")
	r.do(func(u *Usage) { u.Bye(r.now, Header{"Reason", evil}) })
	for _, m := range r.all {
		if _, there := wire.Value(m, "Evil"); there {
			t.Errorf("injected:\n%v", m)
		}
	}
}

// The reason phrase is the owner's, else the standard's.
func TestPhrase(t *testing.T) {
	for _, tt := range []struct {
		headers []Header
		want    string
	}{
		{nil, "Busy Here"}, {[]Header{Phrase("")}, "Busy Here"}, {[]Header{Phrase("In A Meeting")}, "In A Meeting"},
		{[]Header{{"Reason", "SIP"}, Phrase("a"), Phrase("b")}, "a"},
	} {
		r := rawCallee(t, transport.UDP)
		r.do(func(u *Usage) { u.Reject(r.now, 486, tt.headers...) })
		if got := r.response().Reason; got != tt.want {
			t.Errorf("the phrase is %q, want %q", got, tt.want)
		}
	}
}

// RFC 3261 s17.2.3: an RFC 2543 element's branch names nothing; what does is the rest.
func TestPeerWithoutBranches(t *testing.T) {
	r := newRaw(t, transport.UDP)
	old := func(method string) string {
		text := r.requestText(method, "", at("them"), "")
		from, to := strings.Index(text, ";branch="), strings.Index(text, "\r\nMax-Forwards")
		return text[:from] + text[to:]
	}
	text := old("INVITE")
	r.begin(r.parse(text).(*sip.Request))
	r.receive(text)
	r.expect("100 INVITE", "100 INVITE")
	r.do(func(u *Usage) { u.Reject(r.now, 404) })
	r.receive(old("ACK"))
	r.expectReports(Released{})
}

func TestPeerWithoutBranchesCancels(t *testing.T) {
	r := newRaw(t, transport.UDP)
	text := strings.Replace(r.requestText("INVITE", "", at("them"), ""), "z9hG4bK", "", 1)
	r.begin(r.parse(text).(*sip.Request))
	r.forget()
	r.receive(strings.NewReplacer("INVITE sip:", "CANCEL sip:", "1 INVITE", "1 CANCEL").Replace(text))
	r.expect("200 CANCEL", "487 INVITE")
	r.expectReports(Left{})
}

// RFC 3261 s18.2.2 and RFC 3581 s4: the Via says where the response to a datagram goes,
// the connection does else. That is so for each request of a dialog.
func TestWayOfTheResponse(t *testing.T) {
	for _, tt := range []struct {
		protocol transport.Protocol
		via      string
		want     string
	}{
		{transport.UDP, "192.0.2.2:5070", "192.0.2.2:5070"},
		{transport.UDP, "192.0.2.2", "192.0.2.2:5060"},
		{transport.UDP, "192.0.2.2:5070;rport=40000", "192.0.2.2:40000"},
		{transport.UDP, "192.0.2.2:5070;maddr=192.0.2.7", "192.0.2.7:5070"},
		{transport.TCP, "192.0.2.2:5070", "192.0.2.2:40000"},
	} {
		r := inCallRaw(t)
		r.flow.Protocol, r.flow.Remote = tt.protocol, netip.MustParseAddrPort("192.0.2.2:40000")
		good := strings.Replace(r.requestText("OPTIONS", "", nil, ""), "192.0.2.2:5060;", tt.via+";", 1)
		for _, text := range []string{good, strings.Replace(good, "tag=them", "tag=other", 1)} {
			msg := r.parse(text)
			wire.StampVia(msg.Via(), netip.AddrPortFrom(r.flow.Remote.Addr(), 40000))
			r.usage.Receive(r.now, msg, r.flow)
			a := r.usage.Take()[0]
			if a.Flow.Remote.String() != tt.want || a.Flow.Conn != r.flow.Conn || a.Flow.Protocol != tt.protocol {
				t.Errorf("%v, %s: the response goes to %v, want %s", tt.protocol, tt.via, a.Flow, tt.want)
			}
		}
	}
}

// A key outlives its message and must not keep it alive.
func TestKeysAreCopies(t *testing.T) {
	r := inCallRaw(t)
	r.send("OPTIONS")
	want := transaction.NewServerKey("OPTIONS", "z9hG4bKthem1", "192.0.2.2", 5060)
	if got := r.usage.servers[0].key; got != want {
		t.Errorf("the key is %+v, want %+v", got, want)
	}
}

// The request is let go with its final response.
func TestRequestsAreLetGo(t *testing.T) {
	r := rawCallee(t, transport.UDP)
	if r.usage.invite.server.request == nil {
		t.Fatal("the INVITE is gone while it rings")
	}
	r.do(func(u *Usage) { u.Answer(r.now, answer()) })
	r.send("ACK")
	if s := r.usage.invite.server; s.request != nil || s.last != nil {
		t.Error("an acknowledged INVITE is kept")
	}
}

// What has not been answered for good is not forgotten in a flood: its repetitions are
// still known.
func TestFloodLeavesWhatIsUnderWay(t *testing.T) {
	flood := func(r *raw) {
		for range 2 * maxServers {
			r.send("OPTIONS")
		}
		r.forget()
	}
	t.Run("ringing", func(t *testing.T) {
		r := newRaw(t, transport.UDP)
		invite := r.requestText("INVITE", "", at("them"), rawOffer)
		r.begin(r.parse(invite).(*sip.Request))
		r.do(func(u *Usage) { u.Provisional(r.now, 180, nil) })
		flood(r)
		r.receive(invite)
		r.expect("180 INVITE")
	})
	t.Run("offered, answered", func(t *testing.T) {
		r := inCallRaw(t)
		invite := r.requestText("INVITE", "", at("them"), rawOffer)
		r.receive(invite)
		flood(r)
		r.receive(invite)
		r.expect("100 INVITE")
		r.do(func(u *Usage) { u.AcceptOffer(r.now, answer()) })
		flood(r)
		r.receive(invite)
		r.expect() // RFC 6026: absorbed, the 2xx comes by itself
	})
}
