package gateway

import (
	"net/netip"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/config"
	"github.com/tandem-gateway/tandem/internal/simnet"
	"github.com/tandem-gateway/tandem/rtp"
)

// A socket on the NAT's address is bound to ours and says the NAT's; all others are as
// they were asked for.
func TestInside(t *testing.T) {
	four, six := netip.MustParseAddr("203.0.113.5"), netip.MustParseAddr("2001:db8::5")
	inner := netip.MustParseAddr("10.0.0.5")
	net := simnet.New(1)
	plain := rtp.FromListen(net.ListenUDP)
	n := inside(plain, config.Addresses{four, six}, config.Addresses{inner})
	for _, tt := range []struct{ open, bound netip.Addr }{
		{four, inner}, {six, six}, {inner, inner}, {netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.1")},
	} {
		s, err := n.Open(netip.AddrPortFrom(tt.open, 20000), func(time.Time, []byte, netip.AddrPort) {})
		if err != nil {
			t.Fatal(err)
		}
		if s.Local() != netip.AddrPortFrom(tt.open, 20000) {
			t.Errorf("on %s the socket says %s", tt.open, s.Local())
		}
		if _, err := plain.Open(netip.AddrPortFrom(tt.bound, 20000), nil); err == nil {
			t.Errorf("on %s the socket is not bound to %s", tt.open, tt.bound)
		}
		if _, err := n.Open(netip.AddrPortFrom(tt.open, 20000), nil); err == nil {
			t.Errorf("%s is opened twice", tt.open)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if open := net.Open(); len(open) > 0 {
		t.Errorf("open: %v", open)
	}
	if _, is := inside(plain, config.Addresses{four}, nil).(translated); is {
		t.Error("a gateway without a NAT is given one")
	}
}
