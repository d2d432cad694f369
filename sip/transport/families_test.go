package transport

import (
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/internal/simnet"
)

var (
	gateway6TLS = netip.MustParseAddrPort("[2001:db8::1]:5061")
	phone6TLS   = netip.MustParseAddrPort("[2001:db8::2]:5061")
)

// dual is a gateway that stands in both families, and a peer in each.
func inBothFamilies(t *testing.T, story func(t *testing.T, gateway, peer4, peer6 *side, to func(Protocol, netip.AddrPort) Peer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := simulate(simnet.New(1))
		root, believed := newAuthority(t, "root")
		var sides []*side
		for _, at := range [][]netip.AddrPort{{gatewayAt, gateway6, gatewayTLS, gateway6TLS}, {phoneAt, phoneTLS}, {phone6, phone6TLS}} {
			s := newSide(n, Limits{})
			s.Certify(Credentials{Certificate: issue(t, root, "everybody.test")})
			for _, a := range at {
				if a.Port() == 5061 {
					s.listen(t, TLS, a)
					continue
				}
				s.listen(t, UDP, a)
				s.listen(t, TCP, a)
			}
			sides = append(sides, s)
		}
		to := func(p Protocol, at netip.AddrPort) Peer {
			return Peer{Protocol: p, Remote: at, Secure: Secure{Name: "everybody.test", Authorities: believed}}
		}
		story(t, sides[0], sides[1], sides[2], to)
		for _, s := range sides {
			s.shut(t)
		}
		if open := n.Open(); len(open) != 0 {
			t.Errorf("open sockets: %q", open)
		}
		n.Close()
	})
}

// IPv4 on one side and IPv6 on the other: each peer is spoken to from the listener of
// its family, and answers get back.
func TestBothFamilies(t *testing.T) {
	inBothFamilies(t, func(t *testing.T, gateway, peer4, peer6 *side, to func(Protocol, netip.AddrPort) Peer) {
		for _, tt := range []struct {
			p             Protocol
			peer          *side
			local, remote netip.AddrPort
			text          string // how a log writes it
		}{
			{UDP, peer4, gatewayAt, phoneAt, "UDP 10.0.0.1:5060-10.0.0.2:5060"},
			{UDP, peer6, gateway6, phone6, "UDP [2001:db8::1]:5060-[2001:db8::2]:5060"},
			{TCP, peer4, gatewayAt, phoneAt, "TCP 10.0.0.1:5060-10.0.0.2:5060#1"},
			{TCP, peer6, gateway6, phone6, "TCP [2001:db8::1]:5060-[2001:db8::2]:5060#2"},
			{TLS, peer4, gatewayTLS, phoneTLS, "TLS 10.0.0.1:5061-10.0.0.2:5061#3"},
			{TLS, peer6, gateway6TLS, phone6TLS, "TLS [2001:db8::1]:5061-[2001:db8::2]:5061#4"},
		} {
			out := gateway.connectTo(t, to(tt.p, tt.remote))
			if out.Local != tt.local || out.Remote != tt.remote || out.String() != tt.text {
				t.Errorf("flow %v, want %s", out, tt.text)
			}
			gateway.send(t, out, "INVITE")
			in := tt.peer.flow(t)
			if in.Local != tt.remote || in.Remote.Addr() != tt.local.Addr() {
				t.Errorf("came over %v", in)
			}
			tt.peer.send(t, in, "200")
			if back := gateway.flow(t); back != out {
				t.Errorf("the answer came over %v, not %v", back, out)
			}
			if again := gateway.connectTo(t, to(tt.p, tt.remote)); again != out {
				t.Errorf("connected again by %v", again)
			}
		}
	})
}

func TestNoListenerOfTheFamily(t *testing.T) {
	inBothFamilies(t, func(t *testing.T, gateway, peer4, peer6 *side, to func(Protocol, netip.AddrPort) Peer) {
		for _, p := range []Protocol{UDP, TCP, TLS} {
			if _, err := peer4.Connect(to(p, gateway6)); !errors.Is(err, ErrNoListener) {
				t.Errorf("%v from IPv4 to IPv6: %v", p, err)
			}
			if _, err := peer6.Connect(to(p, gatewayAt)); !errors.Is(err, ErrNoListener) {
				t.Errorf("%v from IPv6 to IPv4: %v", p, err)
			}
		}
		mapped := netip.AddrPortFrom(netip.AddrFrom16(phoneAt.Addr().As16()), phoneAt.Port())
		if f := gateway.connectTo(t, to(TCP, mapped)); f.Local != gatewayAt || f.Remote != phoneAt {
			t.Errorf("an IPv4 address in IPv6's clothes: %v", f)
		}
	})
}

// A multi-homed gateway answers over the flow of the request, which names the address
// that was asked, whatever the route to the peer would be.
func TestAnswersLeaveFromWhereTheRequestCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simulate(simnet.New(1))
		gateway := newSide(hosted{simulated: n, route: trunkAt.Addr()}, Limits{})
		phone := newSide(n, Limits{})
		for _, p := range []Protocol{UDP, TCP} {
			if _, err := gateway.Listen(p, netip.MustParseAddrPort("0.0.0.0:5060")); err != nil {
				t.Fatal(err)
			}
			phone.listen(t, p, phoneAt)
		}
		for _, p := range []Protocol{UDP, TCP} {
			for _, asked := range []netip.AddrPort{gatewayAt, trunkAt} {
				out := phone.connect(t, p, asked)
				phone.send(t, out, "REGISTER")
				in := gateway.flow(t)
				if in.Local != asked {
					t.Errorf("%v: asked on %v, received on %v", p, asked, in.Local)
				}
				gateway.send(t, in, "200")
				if back := phone.flow(t); back != out {
					t.Errorf("%v: the answer came over %v, not %v", p, back, out)
				}
				time.Sleep(time.Minute) // and a request of the gateway's, later
				gateway.send(t, in, "INVITE")
				if back := phone.flow(t); back != out {
					t.Errorf("%v: the request came over %v, not %v", p, back, out)
				}
			}
		}
		gateway.shut(t)
		phone.shut(t)
		n.Close()
	})
}
