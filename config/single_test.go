package config

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestCheckHost(t *testing.T) {
	sound := []string{
		"example.test", "example.test.", "a", "a-b.c_d", "192.0.2.1", "[2001:db8::1]", "[::]", "xn--mller-kva.test",
		"1and1.test", "3com", strings.Repeat("a", 63) + ".test",
	}
	for _, s := range sound {
		if err := checkHost(s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	unsound := []string{
		"", ".", "a..b", "a b", "a/b", "a@b", "a:1", "sip:a", "1.2.3", "1.2.3.4.5", "256.1.1.1", "12", "::1", "[::1", "[1.2.3.4]",
		"[::1]x", "müller.test", "a\r\nb", strings.Repeat("a", 64) + ".test",
	}
	for _, s := range unsound {
		if err := checkHost(s); err == nil {
			t.Errorf("%q is taken for a host", s)
		}
	}
}

func TestAddressForms(t *testing.T) {
	tests := map[string]Address{
		"sip:gw.test":                            {Host: "gw.test"},
		"SIP:gw.test":                            {Host: "gw.test"},
		"sip:gw.test:5080":                       {Host: "gw.test", Port: 5080},
		"sip:192.0.2.1;transport=udp":            {Host: "192.0.2.1", Transport: TransportUDP},
		"sip:192.0.2.1:1;Transport=TCP":          {Host: "192.0.2.1", Port: 1, Transport: TransportTCP},
		"sip:[2001:db8::1]":                      {Host: "[2001:db8::1]"},
		"sip:[2001:db8::1]:65535;transport=tcp":  {Host: "[2001:db8::1]", Port: 65535, Transport: TransportTCP},
		"sip:a_private.name:5060;transport=UDP":  {Host: "a_private.name", Port: 5060, Transport: TransportUDP},
		"sip:gw.test;transport=tls":              {Host: "gw.test", Transport: TransportTLS},
		"sips:gw.test":                           {Host: "gw.test", Transport: TransportTLS, SIPS: true},
		"SIPS:gw.test:5081":                      {Host: "gw.test", Port: 5081, Transport: TransportTLS, SIPS: true},
		"sips:gw.test;transport=tcp":             {Host: "gw.test", Transport: TransportTLS, SIPS: true},
		"sips:[2001:db8::1];transport=tls":       {Host: "[2001:db8::1]", Transport: TransportTLS, SIPS: true},
		"sip:carrier.example.test;transport=tcp": {Host: "carrier.example.test", Transport: TransportTCP},
	}
	for s, want := range tests {
		var got Address
		if err := got.UnmarshalText([]byte(s)); err != nil || got != want {
			t.Errorf("%s is %+v, %v; want %+v", s, got, err, want)
		}
	}
	for _, s := range []string{
		"", "gw.test", "tel:+1425", "http://gw.test", "sip:", "sip::5060", "sip:gw.test:", "sip:gw.test:65536", "sip:gw.test:-1", "sip:gw.test: 1x",
		"sip:a@gw.test", "sip:gw.test;", "sip:gw.test;transport", "sip:gw.test;transport=", "sip:gw.test;transport=ws", "sip:gw.test;lr",
		"sip:gw.test;transport=udp;lr", "sip:gw.test?x=y", "sips:gw.test;transport=udp", "sips:", "sips:a@gw.test", "sip:2001:db8::1", "sip:[::1]5060",
	} {
		a := Address{Host: "before"}
		if err := a.UnmarshalText([]byte(s)); err == nil || a.Host != "before" {
			t.Errorf("%q is taken for %v", s, a)
		}
	}
}

func TestListenForms(t *testing.T) {
	tests := map[string]Listen{
		"udp://192.0.2.1:5060":    {TransportUDP, netip.MustParseAddrPort("192.0.2.1:5060")},
		"UDP://192.0.2.1":         {TransportUDP, netip.MustParseAddrPort("192.0.2.1:5060")},
		"tcp://0.0.0.0:0":         {TransportTCP, netip.MustParseAddrPort("0.0.0.0:0")},
		"tcp://[2001:db8::1]:5":   {TransportTCP, netip.MustParseAddrPort("[2001:db8::1]:5")},
		"tcp://[2001:db8::1]":     {TransportTCP, netip.MustParseAddrPort("[2001:db8::1]:5060")},
		"udp://2001:db8::1":       {TransportUDP, netip.MustParseAddrPort("[2001:db8::1]:5060")},
		"tls://192.0.2.1":         {TransportTLS, netip.MustParseAddrPort("192.0.2.1:5061")},
		"tls://[2001:db8::1]":     {TransportTLS, netip.MustParseAddrPort("[2001:db8::1]:5061")},
		"tls://0.0.0.0:5060":      {TransportTLS, netip.MustParseAddrPort("0.0.0.0:5060")},
		"udp://[fe80::1%eth0]:80": {TransportUDP, netip.MustParseAddrPort("[fe80::1%eth0]:80")},
	}
	for s, want := range tests {
		var got Listen
		if err := got.UnmarshalText([]byte(s)); err != nil || got != want {
			t.Errorf("%s is %v, %v; want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "udp", "udp:", "udp://", "://1.2.3.4", "udp:1.2.3.4:5060", "udp://1.2.3.4:x", "udp://1.2.3:1", "udp://a.test", "wss://1.2.3.4", "udp://1.2.3.4:5060/x"} {
		var l Listen
		if err := l.UnmarshalText([]byte(s)); err == nil {
			t.Errorf("%q is taken for %v", s, l)
		}
	}
}

func TestPortRangeForms(t *testing.T) {
	tests := map[string]PortRange{
		"2-3": {2, 3}, "20000-29999": {20000, 29999}, "20000 - 20003": {20000, 20003}, "65534-65535": {65534, 65535}, "10-12": {10, 12},
	}
	pairs := map[string]int{"2-3": 1, "20000-29999": 5000, "20000 - 20003": 2, "65534-65535": 1, "10-12": 1}
	for s, want := range tests {
		var got PortRange
		if err := got.UnmarshalText([]byte(s)); err != nil || got != want || got.Pairs() != pairs[s] {
			t.Errorf("%s is %v with %d pairs, %v; want %v with %d", s, got, got.Pairs(), err, want, pairs[s])
		}
	}
	for _, s := range []string{"", "-", "1-2", "2", "2-", "-3", "2-2", "4-3", "2-65536", "a-b", "2-3-4", "0-1", "+2-3"} {
		r := PortRange{7, 8}
		if err := r.UnmarshalText([]byte(s)); err == nil || r != (PortRange{7, 8}) {
			t.Errorf("%q is taken for %v", s, r)
		}
	}
	r := PortRange{20, 29}
	for port, want := range map[uint16]bool{19: false, 20: true, 25: true, 29: true, 30: false, 0: false} {
		if r.Contains(port) != want {
			t.Errorf("%v contains %d: %v", r, port, !want)
		}
	}
}

func TestPrefixForms(t *testing.T) {
	tests := map[string]string{
		"192.0.2.1": "192.0.2.1/32", "192.0.2.0/24": "192.0.2.0/24", "2001:db8::1": "2001:db8::1/128", "2001:db8::/32": "2001:db8::/32",
	}
	for s, want := range tests {
		if got, err := parsePrefix(s); err != nil || got.String() != want {
			t.Errorf("%s is %v, %v; want %s", s, got, err, want)
		}
	}
	for _, s := range []string{"", "x", "192.0.2.1/24", "192.0.2.0/33", "192.0.2", "192.0.2.1:5060", "fe80::1%eth0", "2001:db8::1/32"} {
		if got, err := parsePrefix(s); err == nil {
			t.Errorf("%q is taken for %v", s, got)
		}
	}
}

func TestDurationForms(t *testing.T) {
	tests := map[string]time.Duration{"0": 0, "0s": 0, "30s": 30 * time.Second, "1m30s": 90 * time.Second, "500ms": 500 * time.Millisecond, "1.5h": 90 * time.Minute}
	for s, want := range tests {
		if got, err := parseDuration(s); err != nil || got != want {
			t.Errorf("%s is %v, %v; want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "30", "s", "30 s", "1d", "forever", "99999999h"} {
		if got, err := parseDuration(s); err == nil {
			t.Errorf("%q is taken for %v", s, got)
		}
	}
}

func TestNumberForms(t *testing.T) {
	for s, sound := range map[string]bool{
		"+14255550101": true, "+12345": true, "+123456789012345": true, "+1234567890123456": false, "+1234": false, "+0123456": false,
		"14255550101": false, "+1 4255550101": false, "+1-425": false, "+": false, "": false, "+1425555O101": false, "tel:+14255550101": false,
	} {
		c := newChecker("n")
		c.checkNumber("n", s)
		if (len(c.problems) == 0) != sound {
			t.Errorf("%q is sound: %v", s, !sound)
		}
	}
}

func TestCalleeForms(t *testing.T) {
	for to, sound := range map[string]bool{
		"+": true, "+1": true, "+14255550101": true, "/^911$/": true, "/x/": true, `/^\+1(425|206)/`: true,
		"": false, "1": false, "+0": false, "+1x": false, "/": false, "//": false, "/(/": false, "/x": false, "911": false, "+1234567890123456": false,
	} {
		c := newChecker("n")
		c.checkTo("r", &Route{To: to})
		if (len(c.problems) == 0) != sound {
			t.Errorf("%q is sound: %v (%v)", to, !sound, c.problems)
		}
	}
	for to, sound := range map[string]bool{"": true, "911": true, "11": true, "320221": true, "1": false, "1234567": false, "+1": true, "/^9/": true, "91x": false} {
		c := newChecker("n")
		c.checkTo("r", &Route{To: to, Emergency: true})
		if (len(c.problems) == 0) != sound {
			t.Errorf("%q is a sound emergency number: %v (%v)", to, !sound, c.problems)
		}
	}
}

func TestNames(t *testing.T) {
	for name, sound := range map[string]bool{
		"alice": true, "a.b-c_d+1": true, "101": true, "+14255550101": true, strings.Repeat("a", 64): true,
		"": false, "a b": false, "a@b": false, "a:b": false, "a\"b": false, "jürgen": false, strings.Repeat("a", 65): false,
	} {
		c := newChecker("n")
		newNames(c, "user").check("users[0]", name)
		if (len(c.problems) == 0) != sound {
			t.Errorf("%q is a sound name: %v", name, !sound)
		}
	}
}

func TestPaths(t *testing.T) {
	tests := []struct{ path, parent, schema, last string }{
		{"", "", "", ""},
		{"sip", "", "sip", "sip"},
		{"sip.listen", "sip", "sip.listen", "listen"},
		{"sip.listen[1]", "sip.listen", "sip.listen", "listen[1]"},
		{"users[0]", "users", "users", "users[0]"},
		{"users[10].numbers[2]", "users[10].numbers", "users.numbers", "numbers[2]"},
		{"trunks[carrier].address", "trunks[carrier]", "trunks.address", "address"},
	}
	for _, tt := range tests {
		if got := parent(tt.path); got != tt.parent {
			t.Errorf("the parent of %q is %q, want %q", tt.path, got, tt.parent)
		}
		if got := schemaPath(tt.path); got != tt.schema {
			t.Errorf("the schema path of %q is %q, want %q", tt.path, got, tt.schema)
		}
		if got := lastKey(tt.path); got != tt.last {
			t.Errorf("the last key of %q is %q, want %q", tt.path, got, tt.last)
		}
	}
}
