package demo

import (
	"bytes"
	"context"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/internal/simnet"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// sockets gives a simulated network the gateway's form.
type sockets struct{ *simnet.Net }

func (s sockets) ListenUDP(at netip.AddrPort) (transport.PacketConn, error) {
	return s.Net.ListenUDP(at)
}

// inBubble runs a demo over a simulated network with a rule of its own.
func inBubble(t *testing.T, stay time.Duration, rule simnet.Rule, check func(out string, err error)) {
	synctest.Test(t, func(t *testing.T) {
		net := simnet.New(1)
		net.SetDefault(simnet.Link{Delay: time.Millisecond})
		if rule != nil {
			net.AddRule(rule)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if stay > 0 {
			time.AfterFunc(stay, cancel)
		}
		var out bytes.Buffer
		begun := time.Now()
		err := Run(ctx, Options{Out: &out, Stay: stay > 0, Network: sockets{net}})
		if d := time.Since(begun) - stay; err == nil && d > patience {
			t.Errorf("it took %v", d)
		}
		if open := net.Open(); len(open) > 0 {
			t.Errorf("still open: %v", open)
		}
		net.Close()
		check(out.String(), err)
	})
}

func TestDemo(t *testing.T) {
	inBubble(t, 0, nil, func(out string, err error) {
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, want := range []string{
			"REGISTER", "401 Unauthorized", "INVITE", "183 Session Progress", "200 OK", "ACK", "BYE",
			"alice hears it ring: 440 Hz", "alice hears the callee: 1000 Hz", "the callee has heard alice: 800 Hz",
			dialled, "+14255550100, by route us", "+14255550101; the PSTN was shown", " 0 lost", `"disposition":"answered"`,
		} {
			if !strings.Contains(out, want) {
				t.Errorf("the demo does not say %q:\n%s", want, out)
			}
		}
	})
}

func TestStay(t *testing.T) {
	inBubble(t, time.Minute, nil, func(out string, err error) {
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, want := range []string{"server     127.0.0.1:", "user       alice", "baresip", "0101       busy"} {
			if !strings.Contains(out, want) {
				t.Errorf("it does not say %q:\n%s", want, out)
			}
		}
	})
}

// What goes wrong on the way is found and named.
func TestDemoFindsFaults(t *testing.T) {
	for name, fault := range map[string]struct {
		drop func(simnet.Packet) bool
		want string
	}{
		"the phone is not heard":      {soundFrom("127.0.0.1"), "ring"},
		"only the gateway's REGISTER": {sip("REGISTER"), "cannot register"},
		"the PSTN is down":            {func(p simnet.Packet) bool { return p.To.Addr().String() == trunkHost }, "does not ring"},
		"no early media":              {sip("183"), "instead of a 183"},
		"no sound at all":             {soundFrom("127.0.0."), "no ringback"},
	} {
		t.Run(name, func(t *testing.T) {
			rule := func(p simnet.Packet) simnet.Fate { return simnet.Fate{Drop: fault.drop(p)} }
			inBubble(t, 0, rule, func(out string, err error) {
				if err == nil || !strings.Contains(err.Error(), fault.want) {
					t.Errorf("%v, which says nothing of %q\n%s", err, fault.want, out)
				}
			})
		})
	}
}

func soundFrom(host string) func(simnet.Packet) bool {
	return func(p simnet.Packet) bool {
		return strings.HasPrefix(p.From.Addr().String(), host) && len(p.Data) > 0 && p.Data[0] == 0x80
	}
}

func sip(name string) func(simnet.Packet) bool {
	return func(p simnet.Packet) bool {
		m, err := phone.Parse(p.Data)
		return err == nil && strings.HasPrefix(m.Name(), name)
	}
}

func TestBehaviourOfEveryPlan(t *testing.T) {
	for number := range phone.Plans {
		if behaviour[number] == "" {
			t.Errorf("--stay does not say what %s does", number)
		}
	}
}

func TestEnough(t *testing.T) {
	if err := enough("x", 100, phone.Report{Received: 95}); err != nil {
		t.Error(err)
	}
	if enough("x", 100, phone.Report{Received: 80}) == nil {
		t.Error("a fifth of the packets may be lost")
	}
}
