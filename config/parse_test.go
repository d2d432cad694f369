package config

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// designExample is the configuration that DESIGN.md shows, with the second
// trunk that its route names.
const designExample = `region: US                       # how national numbers are read
sip:
  listen: [udp://127.0.0.1:5060, tcp://127.0.0.1:5060]
  domain: example.test
rtp:
  address: 127.0.0.1
  ports: 20000-29999
users:
  - name: alice
    password: secret
    numbers: ["+14255550101"]
    caller_ids: ["+14255550101", "+14255550199"]
trunks:
  - name: carrier
    address: sip:127.0.0.1:5080
    sources: [127.0.0.1/32]
    username: ""
    password: ""
    register: false
    options_interval: 30s
    caller_id: pai
    caller_id_policy: refuse
    trusted: false
    srtp: off
    max_calls: 0
  - {name: backup, address: "sip:gw.backup.test;transport=tcp", caller_id: rpid, caller_id_policy: replace, trusted: true}
routes:
  - name: us
    from: users
    to: "+1"
    trunks: [carrier, backup]
    caller_id: ""
    ringing_timeout: 60s
  - name: inbound
    from: trunk:carrier
    to: "+14255550101"
    user: alice
`

func mustParse(t testing.TB, yaml string) *Config {
	t.Helper()
	c, err := Parse("t.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDesignExampleBecomesPlainValues(t *testing.T) {
	c := mustParse(t, designExample)
	loopback := netip.MustParseAddrPort("127.0.0.1:5060")
	if want := []Listen{{TransportUDP, loopback}, {TransportTCP, loopback}}; !slices.Equal(c.SIP.Listen, want) {
		t.Errorf("listen %v, want %v", c.SIP.Listen, want)
	}
	if c.Region != "US" || c.SIP.Domain != "example.test" || !slices.Equal(c.RTP.Address, Addresses{loopback.Addr()}) {
		t.Errorf("region %s, domain %s, address %s", c.Region, c.SIP.Domain, c.RTP.Address)
	}
	if c.RTP.Ports != (PortRange{20000, 29999}) || c.RTP.Ports.Pairs() != 5000 {
		t.Errorf("ports %v with %d pairs", c.RTP.Ports, c.RTP.Ports.Pairs())
	}
	alice := c.User("alice")
	if alice == nil || alice.Password.Reveal() != "secret" || len(alice.CallerIDs) != 2 || alice.RingingTimeout != time.Minute {
		t.Errorf("alice is %+v", alice)
	}
	if c.User("bob") != nil || c.Trunk("nobody") != nil {
		t.Error("found who is not there")
	}
}

func TestDesignExampleTrunksAndRoutes(t *testing.T) {
	c := mustParse(t, designExample)
	carrier, backup := c.Trunk("carrier"), c.Trunk("backup")
	if carrier.Address != (Address{Host: "127.0.0.1", Port: 5080}) || carrier.Sources[0] != netip.MustParsePrefix("127.0.0.1/32") {
		t.Errorf("carrier is %+v", carrier)
	}
	if carrier.CallerID != CallerIDPAI || carrier.CallerIDPolicy != CallerIDRefuse || carrier.Trusted {
		t.Errorf("carrier is %+v", carrier)
	}
	if backup.Address != (Address{Host: "gw.backup.test", Transport: TransportTCP}) || backup.CallerID != CallerIDRPID || backup.CallerIDPolicy != CallerIDReplace || !backup.Trusted {
		t.Errorf("backup is %+v", backup)
	}
	us, inbound := c.Routes[0], c.Routes[1]
	if us.From != (Origin{Kind: OriginUsers}) || us.To != "+1" || !slices.Equal(us.TrunkNames(), []string{"carrier", "backup"}) || us.AttemptTimeout != 4*time.Second {
		t.Errorf("us is %+v", us)
	}
	if inbound.From != (Origin{OriginTrunk, "carrier"}) || inbound.User != "alice" || inbound.RingingTimeout != time.Minute {
		t.Errorf("inbound is %+v", inbound)
	}
}

// The configuration of a load rig: one trunk calls another, in flow style.
func TestTransitBetweenTrunksOnLoopback(t *testing.T) {
	c := mustParse(t, `
sip: {listen: ["udp://127.0.0.1:5060"], domain: 127.0.0.1}
trunks:
  - {name: caller, address: sip:127.0.0.1:5070, sources: [127.0.0.1/32], trusted: true}
  - {name: phone, address: sip:127.0.0.1:5080, trusted: true}
routes:
  - {name: bench, from: "trunk:caller", to: "+14255", trunks: [phone]}
`)
	if len(c.Warnings) != 0 {
		t.Errorf("warnings: %v", c.Warnings)
	}
	if len(c.Trunk("phone").Sources) != 0 {
		t.Error("a trunk without sources has some")
	}
}

func TestEmptyFileIsTheDefault(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n", "\ufeff", "sip:\nusers:\n", "rtp: {}\nroutes: []\n"} {
		c := mustParse(t, text)
		if changes := Diff(Default(), c); len(changes) != 0 {
			t.Errorf("%q differs from the default: %v", text, changes)
		}
	}
}

func TestDefaultsThatFollowFromOtherKeys(t *testing.T) {
	tests := []struct{ yaml, domain, address string }{
		{"", "127.0.0.1", "[127.0.0.1]"},
		{"sip: {listen: [\"udp://192.0.2.1:5060\", \"tcp://192.0.2.1\"]}", "192.0.2.1", "[192.0.2.1]"},
		{"sip: {listen: [\"udp://192.0.2.1\", \"udp://192.0.2.2\"]}", "192.0.2.1", "[]"},
		{"sip: {listen: [\"udp://[2001:db8::1]\"]}", "[2001:db8::1]", "[2001:db8::1]"},
		{"sip: {listen: [\"udp://0.0.0.0:5060\"], domain: example.test}", "example.test", "[]"},
		{"rtp: {address: 192.0.2.9}", "127.0.0.1", "[192.0.2.9]"},
		{"rtp: {address: [192.0.2.9, \"2001:db8::9\"]}", "127.0.0.1", "[192.0.2.9 2001:db8::9]"},
		{"rtp:\n  address:\n  - \"2001:db8::9\"\n", "127.0.0.1", "[2001:db8::9]"},
		{"sip: {listen: [\"udp://192.0.2.1\", \"tcp://[2001:db8::1]\"]}", "192.0.2.1", "[192.0.2.1 2001:db8::1]"},
		{"sip: {listen: [\"udp://192.0.2.1\", \"udp://[2001:db8::1]\", \"udp://[2001:db8::2]\"]}", "192.0.2.1", "[192.0.2.1]"},
		{"sip: {listen: [\"udp://[::]\", \"udp://192.0.2.1\"], domain: example.test}", "example.test", "[192.0.2.1]"},
		{"sip: {listen: [\"udp://192.0.2.1\", \"udp://0.0.0.0:5070\"]}", "192.0.2.1", "[]"},
	}
	for _, tt := range tests {
		c := mustParse(t, tt.yaml)
		if len(c.RTP.Bind) > 0 {
			t.Errorf("%q: audio is bound to %s", tt.yaml, c.RTP.Bind)
		}
		if c.SIP.Domain != tt.domain || fmt.Sprint(c.RTP.Address) != tt.address {
			t.Errorf("%q: domain %q, address %s; want %q, %s", tt.yaml, c.SIP.Domain, c.RTP.Address, tt.domain, tt.address)
		}
	}
}

func TestUserDefaultsFollow(t *testing.T) {
	c := mustParse(t, `
users:
  - {name: alice, password: long enough, numbers: ["+14255550101"], ringing_timeout: 20s}
  - {name: bob, password: long enough}
trunks: [{name: pbx, address: "sip:pbx.test"}]
routes:
  - {name: a, from: any, to: "+14255550101", user: alice}
  - {name: b, from: any, to: "+14255550102", user: alice, ringing_timeout: 5s}
  - {name: c, from: any, to: "+14255550103", user: bob}
  - {name: d, from: any, to: "+1", trunks: [pbx]}
`)
	if got := c.User("alice").CallerIDs; !slices.Equal(got, []string{"+14255550101"}) {
		t.Errorf("alice may show %v, want her number", got)
	}
	for i, want := range []time.Duration{20 * time.Second, 5 * time.Second, time.Minute, time.Minute} {
		if got := c.Routes[i].RingingTimeout; got != want {
			t.Errorf("route %s rings %s, want %s", c.Routes[i].Name, got, want)
		}
	}
}

func TestLineEndsAndBOM(t *testing.T) {
	text := "\ufeff" + strings.ReplaceAll(designExample, "\n", "\r\n")
	if changes := Diff(mustParse(t, designExample), mustParse(t, text)); len(changes) != 0 {
		t.Errorf("CRLF changes the meaning: %v", changes)
	}
	_, err := Parse("t.yaml", []byte(strings.ReplaceAll("region: US\nsip:\n  listn: 1\n", "\n", "\r\n")))
	wantProblem(t, err, "t.yaml:3:3: sip.listn: unknown key")
}

func TestWhatLooksWrongAndIsNot(t *testing.T) {
	for _, yaml := range []string{
		`sip: {listen: ["udp://127.0.0.1:0", "udp://127.0.0.1:0"]}`,
		`sip: {listen: ["udp://127.0.0.1:5060", "udp://127.0.0.2:5060", "tcp://127.0.0.1:5060"]}`,
		`sip: {listen: ["tcp://127.0.0.1:20000"]}`,
		`rtp: {ports: 5062-6000}`,
		`rtp: {timeout: 0s}`,
		`drain: 0s`,
		"users:\n" + strings.Repeat("- {name: u, password: long enough, numbers: []}\n", 1),
		"region: 'US'\n...\n",
		"routes: # none yet\n",
		"region: US # {{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{\n",
	} {
		mustParse(t, yaml)
	}
	var many strings.Builder
	many.WriteString("users:\n")
	for i := range 2 * maxNesting {
		fmt.Fprintf(&many, "- {name: u%d, password: \"[[[[[[[[[[\", numbers: []}\n", i)
	}
	if c := mustParse(t, many.String()); len(c.Users) != 2*maxNesting {
		t.Errorf("%d users", len(c.Users))
	}
}

func TestParsesShareNothing(t *testing.T) {
	a, b := Default(), Default()
	a.SIP.Listen[0].Transport = TransportTCP
	if b.SIP.Listen[0].Transport != TransportUDP {
		t.Error("two configurations share a listen list")
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tandem.yaml")
	if _, err := Load(path); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "tandem.example.yaml") {
		t.Errorf("a missing file says %v", err)
	}
	if err := os.WriteFile(path, []byte("drain: 5s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path)
	if err != nil || c.Drain != 5*time.Second {
		t.Errorf("got %v, %v", c, err)
	}
	if err := os.WriteFile(path, []byte("drain: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Load(path)
	wantProblem(t, err, path+":1:8: drain: ")
}

func TestPositions(t *testing.T) {
	c := mustParse(t, designExample)
	tests := []struct {
		path      string
		line, col int
	}{
		{"region", 1, 9},
		{"sip", 2, 1},
		{"sip.listen[1]", 3, 34},
		{"users[0]", 9, 5},
		{"users[0].name", 9, 11},
		{"routes[0].trunks[1]", 31, 23},
		{"routes[0].trunks[7]", 31, 13},
		{"routes[1]", 34, 5},
		{"routes[1].caller_id", 34, 5},
		{"trunks[1].sources[0]", 26, 5},
		{"drain", 1, 1},
		{"", 1, 1},
		{"no.such[3].key", 1, 1},
	}
	for _, tt := range tests {
		if line, col := c.Position(tt.path); line != tt.line || col != tt.col {
			t.Errorf("%s is at %d:%d, want %d:%d", tt.path, line, col, tt.line, tt.col)
		}
	}
}

func TestErrorfNamesThePlace(t *testing.T) {
	c := mustParse(t, designExample)
	err := c.Errorf("routes[1].to", "%q is not assigned", "+1425")
	if got, want := err.Error(), `t.yaml:36:9: routes[1].to: "+1425" is not assigned`; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	var p *Problem
	if !errors.As(err, &p) || p.Line != 36 || p.Path != "routes[1].to" {
		t.Errorf("not a Problem: %v", err)
	}
	if got, want := Default().Errorf("sip", "x").Error(), ":1:1: sip: x"; got != want {
		t.Errorf("without a file: %q, want %q", got, want)
	}
}

func TestTextForms(t *testing.T) {
	for _, s := range []string{"sip:a.test", "sip:192.0.2.1:5060", "sip:[2001:db8::1]:5060;transport=tcp", "sip:a.test;transport=udp", "sip:a.test;transport=tls", "sips:a.test", "sips:[2001:db8::1]:5061"} {
		var a Address
		if err := a.UnmarshalText([]byte(s)); err != nil || a.String() != s {
			t.Errorf("%s became %v (%v)", s, a, err)
		}
	}
	for _, s := range []string{"udp://127.0.0.1:5060", "tcp://[::1]:0", "tls://[::1]:5061"} {
		var l Listen
		if err := l.UnmarshalText([]byte(s)); err != nil || l.String() != s {
			t.Errorf("%s became %v (%v)", s, l, err)
		}
	}
	for _, s := range []string{"users", "any", "trunk:carrier"} {
		var o Origin
		if err := o.UnmarshalText([]byte(s)); err != nil || o.String() != s {
			t.Errorf("%s became %v (%v)", s, o, err)
		}
	}
	if got := CallerIDPolicy(7).String(); got != "?7" {
		t.Errorf("a value outside the enumeration prints as %q", got)
	}
}

func BenchmarkParse(b *testing.B) {
	data := []byte(designExample)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("b.yaml", data); err != nil {
			b.Fatal(err)
		}
	}
}

// A reload of a large configuration must not keep anybody waiting.
func BenchmarkParseTenThousandUsers(b *testing.B) {
	var users, routes strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&users, "- {name: u%d, password: secret%06[1]d, numbers: [\"+1425%07[1]d\"]}\n", i)
		fmt.Fprintf(&routes, "- {name: r%d, from: any, to: \"+1425%07[1]d\", user: u%[1]d}\n", i)
	}
	data := []byte("users:\n" + users.String() + "routes:\n" + routes.String())
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if c, err := Parse("b.yaml", data); err != nil || len(c.Users) != 10_000 {
			b.Fatal(err)
		}
	}
}

// Behind a NAT one key is enough: the domain and the media follow from sip.advertise.
func TestFollowsFromAdvertise(t *testing.T) {
	for _, tt := range []struct{ yaml, domain, address, bind string }{
		{"sip: {listen: [\"udp://10.0.0.5\"], advertise: 203.0.113.5}", "203.0.113.5", "[203.0.113.5]", "[10.0.0.5]"},
		{"sip: {listen: [\"udp://10.0.0.5\", \"udp://[2001:db8::1]\"], advertise: 203.0.113.5, domain: a.test}", "a.test", "[203.0.113.5 2001:db8::1]", "[10.0.0.5]"},
		{"sip: {listen: [\"udp://10.0.0.5\"], advertise: 203.0.113.5}\nrtp: {bind: 10.0.0.6}", "203.0.113.5", "[203.0.113.5]", "[10.0.0.6]"},
		{"sip: {listen: [\"udp://10.0.0.5\"], advertise: 203.0.113.5}\nrtp: {address: 10.0.0.5}", "203.0.113.5", "[10.0.0.5]", "[]"},
		{"sip: {listen: [\"udp://10.0.0.5\"]}\nrtp: {address: 203.0.113.5, bind: 10.0.0.5}", "10.0.0.5", "[203.0.113.5]", "[10.0.0.5]"},
	} {
		c := mustParse(t, tt.yaml)
		if c.SIP.Domain != tt.domain || fmt.Sprint(c.RTP.Address) != tt.address || fmt.Sprint(c.RTP.Bind) != tt.bind {
			t.Errorf("%q: domain %q, address %s, bind %s", tt.yaml, c.SIP.Domain, c.RTP.Address, c.RTP.Bind)
		}
	}
}
