package config

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/internal/authority"
)

// pems is a directory with files for TLS: gateway.pem and gateway.key for
// example.test, other.pem and other.key, ca.pem, and some that are broken.
func pems(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	root, err := authority.New("root")
	if err != nil {
		t.Fatal(err)
	}
	ended := func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) }
	ending := func(c *x509.Certificate) { c.NotAfter = time.Now().Add(10 * 24 * time.Hour) }
	coming := func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }
	for name, edit := range map[string]func(*x509.Certificate){
		"gateway": func(*x509.Certificate) {}, "other": func(*x509.Certificate) {}, "ended": ended, "ending": ending, "coming": coming,
	} {
		issued, err := root.IssueAs(edit, "example.test")
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := issued.Write(dir, name); err != nil {
			t.Fatal(err)
		}
	}
	uri, err := root.Issue("sip:example.test", "elsewhere.test")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := uri.Write(dir, "uri"); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"ca.pem":        root.PEM(),
		"empty.pem":     nil,
		"words.pem":     []byte("no PEM\n"),
		"garbage.pem":   []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
		"encrypted.key": []byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"),
		"old.key":       []byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"),
		"huge.pem":      make([]byte, maxPEM+1),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// withTLS is a configuration that listens for TLS and has a trunk with it; DIR
// in it is the directory.
func withTLS(dir, sipTLS, trunk string) string {
	return strings.ReplaceAll(fmt.Sprintf(`sip:
  listen: ["udp://127.0.0.1", "tls://127.0.0.1"]
  domain: example.test
  tls: {%s}
trunks:
  - {name: carrier, %s}
`, sipTLS, trunk), "DIR", dir)
}

const (
	goodTLS   = "certificate: DIR/gateway.pem, key: DIR/gateway.key"
	goodTrunk = `address: "sips:carrier.test"`
)

func TestTLSOfAGoodFile(t *testing.T) {
	dir := pems(t)
	c := mustParse(t, withTLS(dir, goodTLS+", client_ca: DIR/ca.pem",
		goodTrunk+`, keepalive: 110s, tls: {server_name: "*.carrier.test", ca: DIR/ca.pem, certificate: DIR/other.pem, key: DIR/other.key}`))
	if len(c.Warnings) != 0 {
		t.Errorf("warnings: %v", c.Warnings)
	}
	if want := (TLS{dir + "/gateway.pem", dir + "/gateway.key", dir + "/ca.pem"}); c.SIP.TLS != want {
		t.Errorf("sip.tls is %+v", c.SIP.TLS)
	}
	carrier := c.Trunk("carrier")
	if want := (TrunkTLS{"*.carrier.test", dir + "/ca.pem", dir + "/other.pem", dir + "/other.key"}); carrier.TLS != want || carrier.KeepAlive != 110*time.Second {
		t.Errorf("the trunk is %+v", carrier)
	}
	if l := c.SIP.Listen[1]; l.Transport != TransportTLS || l.Addr.Port() != 5061 {
		t.Errorf("listens on %v", l)
	}
	if carrier.Address.sourcePort() != 5061 {
		t.Errorf("calls come from port %d", carrier.Address.sourcePort())
	}
}

func TestTLSProblems(t *testing.T) {
	dir := pems(t)
	for _, tt := range []struct{ sipTLS, trunk, want string }{
		{"", goodTrunk, `2:31: sip.listen[1]: tls://127.0.0.1:5061 needs a certificate`},
		{"certificate: DIR/gateway.pem", goodTrunk, "4:22: sip.tls.certificate: has no key beside it"},
		{"key: DIR/gateway.key", goodTrunk, "sip.listen[1]: tls://127.0.0.1:5061 needs a certificate"},
		{"certificate: DIR/none.pem, key: DIR/gateway.key", goodTrunk, "4:22: sip.tls.certificate: there is no file DIR/none.pem; a path that"},
		{"certificate: DIR/gateway.pem, key: DIR/none.key", goodTrunk, "sip.tls.key: there is no file DIR/none.key"},
		{"certificate: DIR, key: DIR/gateway.key", goodTrunk, "sip.tls.certificate: DIR is no file of PEM text"},
		{"certificate: DIR/huge.pem, key: DIR/gateway.key", goodTrunk, "sip.tls.certificate: DIR/huge.pem is no file of PEM text"},
		{"certificate: DIR/empty.pem, key: DIR/gateway.key", goodTrunk, "sip.tls.certificate: DIR/empty.pem holds no certificate: PEM is needed"},
		{"certificate: DIR/words.pem, key: DIR/gateway.key", goodTrunk, "sip.tls.certificate: DIR/words.pem holds no certificate"},
		{"certificate: DIR/gateway.key, key: DIR/gateway.key", goodTrunk, "sip.tls.certificate: DIR/gateway.key holds no certificate"},
		{"certificate: DIR/garbage.pem, key: DIR/gateway.key", goodTrunk, "sip.tls.certificate: DIR/garbage.pem has a certificate that cannot be read"},
		{"certificate: DIR/gateway.pem, key: DIR/words.pem", goodTrunk, "sip.tls.key: DIR/words.pem holds no key"},
		{"certificate: DIR/gateway.pem, key: DIR/other.key", goodTrunk, "sip.tls.key: DIR/other.key does not go with the certificate: private key does not match public key"},
		{"certificate: DIR/gateway.pem, key: DIR/encrypted.key", goodTrunk, "sip.tls.key: DIR/encrypted.key is encrypted"},
		{"certificate: DIR/gateway.pem, key: DIR/old.key", goodTrunk, "sip.tls.key: DIR/old.key is encrypted"},
		{"certificate: \"\", key: \"\", crt: x", goodTrunk, "sip.tls.crt: unknown key"},
		{goodTLS + ", client_ca: DIR/none.pem", goodTrunk, "sip.tls.client_ca: there is no file DIR/none.pem"},
		{goodTLS + ", client_ca: DIR/gateway.key", goodTrunk, "sip.tls.client_ca: DIR/gateway.key holds no certificate"},
		{goodTLS, goodTrunk + ", tls: {server_name: \"a b\"}", `trunks[0].tls.server_name: "a b" is not a host`},
		{goodTLS, goodTrunk + ", tls: {server_name: \"*.\"}", "trunks[0].tls.server_name: the host is empty"},
		{goodTLS, goodTrunk + ", tls: {server_name: \"a.*.test\"}", "is not a host"},
		{goodTLS, goodTrunk + ", tls: {ca: DIR/none.pem}", "6:61: trunks[0].tls.ca: there is no file"},
		{goodTLS, goodTrunk + ", tls: {ca: DIR/garbage.pem}", "trunks[0].tls.ca: DIR/garbage.pem has a certificate that cannot be read"},
		{goodTLS, goodTrunk + ", tls: {key: DIR/other.key}", "trunks[0].tls.key: has no certificate beside it"},
		{goodTLS, goodTrunk + ", tls: {certificate: DIR/other.pem}", "trunks[0].tls.certificate: has no key beside it"},
		{goodTLS, goodTrunk + ", tls: {certificate: DIR/other.pem, key: DIR/gateway.key}", "trunks[0].tls.key: DIR/gateway.key does not go with"},
	} {
		_, err := Parse("t.yaml", []byte(withTLS(dir, tt.sipTLS, tt.trunk)))
		wantProblem(t, err, strings.ReplaceAll(tt.want, "DIR", dir))
		if err != nil && strings.Count(err.Error(), "\n") > 0 && tt.sipTLS != "key: DIR/gateway.key" {
			t.Errorf("%s %s is told more than once:\n%v", tt.sipTLS, tt.trunk, err)
		}
	}
}

func TestTLSThatDoesNothing(t *testing.T) {
	dir := pems(t)
	for sip, want := range map[string]string{
		`{listen: ["udp://127.0.0.1"], tls: {certificate: DIR/gateway.pem, key: DIR/gateway.key}}`: "sip.tls.certificate: does nothing: no address in sip.listen begins with tls://",
		`{tls: {client_ca: DIR/ca.pem}}`: "sip.tls.client_ca: does nothing",
		`{listen: ["tcp://127.0.0.1:5061", "tls://127.0.0.1"], tls: {certificate: DIR/gateway.pem, key: DIR/gateway.key}}`: "1:40: sip.listen[1]: tcp://127.0.0.1:5061 and tls://127.0.0.1:5061 are one TCP port",
		`{listen: ["tls://127.0.0.1:5060", "tcp://127.0.0.1"], tls: {certificate: DIR/gateway.pem, key: DIR/gateway.key}}`: "sip.listen[1]: tls://127.0.0.1:5060 and tcp://127.0.0.1:5060 are one TCP port",
	} {
		_, err := Parse("t.yaml", []byte("sip: "+strings.ReplaceAll(sip, "DIR", dir)))
		wantProblem(t, err, want)
	}
}

func TestTLSWarnings(t *testing.T) {
	dir := pems(t)
	pair := func(name string) string { return fmt.Sprintf("certificate: DIR/%s.pem, key: DIR/%[1]s.key", name) }
	for _, tt := range []struct{ sipTLS, trunk, want string }{
		{pair("ended"), goodTrunk, "4:22: sip.tls.certificate: the certificate ended on "},
		{pair("ending"), goodTrunk, "sip.tls.certificate: the certificate ends on "},
		{pair("coming"), goodTrunk, "sip.tls.certificate: the certificate begins on "},
		{pair("uri"), goodTrunk, ""},
		{goodTLS, goodTrunk + ", tls: {" + pair("ended") + "}", "trunks[0].tls.certificate: the certificate ended on "},
		{goodTLS, `address: "sips:[2001:db8::1]"`, "trunks[0].address: no address in sip.listen is of its kind (tls IPv6), so no call can go there"},
		{goodTLS, `address: "sip:192.0.2.1;transport=tcp"`, "trunks[0].address: no address in sip.listen is of its kind (tcp IPv4)"},
		{goodTLS, `address: "sip:[2001:db8::1]"`, "is of its kind (IPv6)"},
		{goodTLS, `address: "sip:192.0.2.1"`, ""},
		{goodTLS, goodTrunk, ""},
	} {
		got := mustParse(t, withTLS(dir, tt.sipTLS, tt.trunk)).Warnings
		if (tt.want == "") != (len(got) == 0) || !strings.Contains(got.Error(), tt.want) {
			t.Errorf("%s %s\nis warned of: %v\nwant %s", tt.sipTLS, tt.trunk, got, tt.want)
		}
	}
	text := strings.Replace(withTLS(dir, goodTLS, goodTrunk), "domain: example.test", "domain: sip.example.test", 1)
	if got := mustParse(t, text).Warnings.Error(); !strings.Contains(got, "sip.tls.certificate: the certificate is not for sip.example.test (sip.domain)") {
		t.Errorf("a certificate of another domain: %q", got)
	}
}

func TestTLSDiff(t *testing.T) {
	dir := pems(t)
	before := mustParse(t, withTLS(dir, goodTLS, goodTrunk))
	after := mustParse(t, withTLS(dir, "certificate: DIR/other.pem, key: DIR/other.key, client_ca: DIR/ca.pem",
		goodTrunk+", keepalive: 60s, tls: {server_name: a.test, ca: DIR/ca.pem, certificate: DIR/other.pem, key: DIR/other.key}"))
	var got []string
	for _, ch := range Diff(before, after) {
		got = append(got, ch.Path)
		if ch.Restart || !strings.Contains(ch.Why, "those that are up stay") {
			t.Errorf("%v, restart %v", ch, ch.Restart)
		}
	}
	want := []string{
		"sip.tls.certificate", "sip.tls.key", "sip.tls.client_ca",
		"trunks[carrier].tls.server_name", "trunks[carrier].tls.ca", "trunks[carrier].tls.certificate", "trunks[carrier].tls.key",
		"trunks[carrier].keepalive",
	}
	if !slices.Equal(got, want) {
		t.Errorf("changed: %q", got)
	}
}

func TestAddressesOfAFamily(t *testing.T) {
	four, six := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	for _, tt := range []struct {
		list   Addresses
		family string
		want   netip.Addr
	}{
		{Addresses{four, six}, "198.51.100.1", four},
		{Addresses{six, four}, "198.51.100.1", four},
		{Addresses{four, six}, "2001:db8::99", six},
		{Addresses{four, six}, "::ffff:198.51.100.1", four},
		{Addresses{four}, "2001:db8::99", netip.Addr{}},
		{nil, "198.51.100.1", netip.Addr{}},
	} {
		if got := tt.list.Of(netip.MustParseAddr(tt.family)); got != tt.want {
			t.Errorf("%v of %s is %v, want %v", tt.list, tt.family, got, tt.want)
		}
	}
}
