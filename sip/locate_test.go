package sip

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/sip/resolve"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// TestTrunkByName: RFC 3263 s4.1 and s4.3. The name of a trunk leads to two servers
// by SRV, the preferred one first; one that failed is tried last for a while.
func TestTrunkByName(t *testing.T) {
	first, second := netip.MustParseAddrPort("203.0.113.1:5070"), netip.MustParseAddrPort("203.0.113.2:5080")
	zone := map[resolve.Query]resolve.Answer{
		{Name: "_sip._udp.carrier.test", Type: resolve.SRV}: {Outcome: resolve.Found, TTL: time.Minute, Servers: []resolve.Server{
			{Priority: 20, Weight: 1, Port: second.Port(), Target: "two.carrier.test"},
			{Priority: 10, Weight: 1, Port: first.Port(), Target: "one.carrier.test"},
		}},
		{Name: "one.carrier.test", Type: resolve.A}: {Outcome: resolve.Found, TTL: time.Minute, Addrs: []netip.Addr{first.Addr()}},
		{Name: "two.carrier.test", Type: resolve.A}: {Outcome: resolve.Found, TTL: time.Minute, Addrs: []netip.Addr{second.Addr()}},
	}
	play(t, func(s *stage) {
		s.edge.config.Names = func(_ context.Context, q resolve.Query) (resolve.Answer, error) {
			if a, ok := zone[q]; ok {
				return a, nil
			}
			return resolve.Answer{Outcome: resolve.NoName, TTL: time.Minute}, nil
		}
		carrier := &Trunk{Name: "carrier", Address: Address{Host: "carrier.test"}}
		goesTo := func(want netip.AddrPort) {
			t.Helper()
			f, err := s.edge.flowOf(carrier)
			if err != nil || f.Remote != want || f.Protocol != transport.UDP {
				t.Errorf("the trunk is at %v, %v; want UDP %v", f, err, want)
			}
		}
		goesTo(first)
		s.edge.locator.heard(time.Now(), transport.Flow{Protocol: transport.UDP, Remote: first}, true, 0)
		goesTo(second)
		s.edge.locator.heard(time.Now(), transport.Flow{Protocol: transport.UDP, Remote: first}, false, 0)
		goesTo(first)
		if _, err := s.edge.flowOf(&Trunk{Name: "gone", Address: Address{Host: "gone.test"}}); err == nil {
			t.Error("a name that does not exist leads somewhere")
		}
	})
}
