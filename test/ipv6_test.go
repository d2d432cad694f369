package test

import (
	"strings"
	"testing"

	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/test/peers"
)

// house6 is the house on IPv6 too.
var house6 = strings.Replace(house, `"tcp://GATEWAY"]`, `"tcp://GATEWAY", "udp://GATEWAY6", "tcp://GATEWAY6"]`, 1) +
	"rtp: {ports: RELAY6}\n"

// carrier6 moves its trunks to ::1, where they differ from phones by their ports.
var carrier6 = strings.NewReplacer(
	"sources: [CARRIERHOST/32]", `sources: ["::1/128"]`,
	"BACKUP;transport=udp\n", "BACKUP;transport=udp\n    sources: [\"::1/128\"]\n",
).Replace(house6)

// stage6 is a stage with parties at IPv6 addresses.
func stage6(t *testing.T, config string, hosts ...byte) *stage {
	t.Helper()
	place, err := peers.NewPlace6()
	if err != nil {
		t.Skipf("this machine has no IPv6: %v", err)
	}
	t.Cleanup(place.Close)
	s := emptyStage(t)
	s.place6, s.six = place, map[byte]bool{}
	for _, h := range hosts {
		s.six[h] = true
	}
	s.open(config)
	return s
}

// TestIPv6: IPv6 on both sides, and on either with IPv4 on the other; each side is told
// an address of its own family, and hears the other there.
func TestIPv6(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		config string
		six    []byte
	}{
		{"both sides", carrier6, []byte{aliceHost, carrierHost, backupHost}},
		{"the phone", house6, []byte{aliceHost}},
		{"the carrier", carrier6, []byte{carrierHost, backupHost}},
	} {
		for _, w := range ways {
			t.Run(test.name+", "+w.name, func(t *testing.T) {
				s := stage6(t, test.config, test.six...)
				s.register(aliceHost, alice)
				callee := s.start(w.called(s, "called", "ring", "answer", "hungup"))
				caller := s.start(w.calling(s, "call", "ringing", "answered", "wait", "hangup"))
				answer, invite := up(caller, callee)
				s.family(w.caller, answer)
				s.family(w.callee, invite)
				s.talk(w.caller, answer, w.callee, invite)
				caller.proceed()
				s.answered(s.finished(caller, callee), "caller")
			})
		}
	}
}

// family checks that a party is told addresses of its own family.
func (s *stage) family(host byte, m *phone.Message) {
	s.Helper()
	if at := s.described(m).Address; at.Addr().Is6() != s.six[host] {
		s.Errorf("the party at %s is told to send audio to %s", s.SIP(host), at)
	}
	if at, ok := phone.Address(phone.URI(m.Get("Contact"))); !ok || at != s.gatewayFor(host) {
		s.Errorf("the party at %s is told to send requests to %s", s.SIP(host), m.Get("Contact"))
	}
}
