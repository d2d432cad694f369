package calltest

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// What the gateway sends from another address than it names, or was asked on, is a fault.
func TestUpright(t *testing.T) {
	request := strings.NewReplacer("DP h;", "DP 198.51.100.1:5060;", "a@h>\r\nC", "a@198.51.100.1>\r\nC").Replace(goodRequest)
	asked := strings.ReplaceAll(goodRequest, "z9hG4bK1", "z9hG4bK-ours")
	answer := strings.NewReplacer("z9hG4bK1", "z9hG4bK-ours", "a@h>\r\nC", "a@198.51.100.1>\r\nC").Replace(goodResponse)
	for _, c := range []struct{ name, text, from, want string }{
		{"a request", request, "198.51.100.1:5060", ""},
		{"a request from the other side", request, "192.0.2.254:5060", "its Via says 198.51.100.1:5060"},
		{"a Contact of the other side", strings.Replace(request, "DP 198.51.100.1:5060", "DP 192.0.2.254", 1), "192.0.2.254:5060", "its Contact says 198.51.100.1:5060"},
		{"a response", answer, "198.51.100.1:5060", ""},
		{"a response from the other side", answer, "192.0.2.254:5060", "its request went to 198.51.100.1:5060"},
		{"a Contact of the other side in a response", strings.Replace(answer, "a@198.51.100.1", "a@192.0.2.254", 1), "198.51.100.1:5060", "its Contact says 192.0.2.254:5060"},
		{"a REGISTER's binding", strings.NewReplacer("1 INVITE", "1 REGISTER", "a@198.51.100.1", "a@192.0.2.10").Replace(answer), "198.51.100.1:5060", ""},
	} {
		p := &party{agent: &phone.Agent{Proxy: netip.MustParseAddrPort("198.51.100.1:5060"), Write: func([]byte, netip.AddrPort) {}}}
		sent, err := phone.Parse([]byte(asked))
		if err != nil {
			t.Fatal(err)
		}
		p.agent.Send(time.Time{}, sent)
		m, err := phone.Parse([]byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		err = (&stage{}).upright(p, m, netip.MustParseAddrPort(c.from))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, not %q", c.name, err, c.want)
		}
	}
}

// Sound is to come from where it is wanted; a third party's is none of the gateway's.
func TestStraight(t *testing.T) {
	p := &party{theirs: &phone.Description{Address: netip.MustParseAddrPort("192.0.2.254:20000")}}
	for from, good := range map[string]bool{"192.0.2.254:20000": true, "192.0.2.254:20002": true, "198.51.100.1:20000": false, "203.0.113.5:4000": true} {
		if err := (&stage{}).straight(p, netip.MustParseAddrPort(from)); (err == nil) != good {
			t.Errorf("from %s: %v", from, err)
		}
	}
}
