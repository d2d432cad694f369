package transport

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/internal/authority"
)

// newAuthority makes a certificate authority and what believes in it.
func newAuthority(t testing.TB, name string) (*authority.Authority, *Authorities) {
	t.Helper()
	a, err := authority.New(name)
	if err != nil {
		t.Fatal(err)
	}
	believed, err := NewAuthorities(a.PEM())
	if err != nil {
		t.Fatal(err)
	}
	return a, believed
}

// issue has a certificate signed for names.
func issue(t testing.TB, a *authority.Authority, names ...string) *Certificate {
	t.Helper()
	return issueAs(t, a, func(*x509.Certificate) {}, names...)
}

func issueAs(t testing.TB, a *authority.Authority, edit func(*x509.Certificate), names ...string) *Certificate {
	t.Helper()
	issued, err := a.IssueAs(edit, names...)
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewCertificate(issued.Chain, issued.Key)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// RFC 5922 section 7.2, and addresses as RFC 5280 has them.
func TestWhomACertificateIsFor(t *testing.T) {
	a, _ := newAuthority(t, "root")
	for _, tt := range []struct {
		names []string
		yes   []string
		no    []string
	}{
		{[]string{"example.test"},
			[]string{"example.test", "EXAMPLE.test", "example.test."},
			[]string{"sip.example.test", "test", "example.test.evil", "xexample.test", ""}},
		{[]string{"*.example.test"},
			[]string{"*.example.test", "*.Example.Test"},
			[]string{"sip.example.test", "example.test", ".example.test"}},
		{[]string{"sip:example.test"},
			[]string{"example.test"},
			[]string{"sip:example.test", "sip"}},
		{[]string{"SIP:Example.Test:5061;transport=tls"}, []string{"example.test"}, []string{"example.test:5061"}},
		{[]string{"sip:alice@example.test"}, nil, []string{"example.test", "alice@example.test"}},
		{[]string{"sips:example.test", "https://example.test", "tel:+14255550100"}, nil, []string{"example.test"}},
		{[]string{"192.0.2.1", "2001:db8::1"},
			[]string{"192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1", "[2001:db8::1]", "2001:DB8:0:0::1"},
			[]string{"192.0.2.2", "2001:db8::2", "example.test"}},
		{[]string{"sip:192.0.2.1"}, nil, []string{"192.0.2.1"}},
		{[]string{"one.test", "two.test", "sip:three.test"}, []string{"one.test", "two.test", "three.test"}, []string{"four.test"}},
		{nil, nil, []string{"test", ""}}, // the CN is "test"
	} {
		leaf := issue(t, a, tt.names...).tls.Leaf
		for _, name := range tt.yes {
			if err := checkIdentity(leaf, name); err != nil {
				t.Errorf("%q and %q: %v", tt.names, name, err)
			}
		}
		for _, name := range tt.no {
			if err := checkIdentity(leaf, name); !errors.Is(err, ErrIdentity) || !strings.Contains(err.Error(), "the certificate is for ") {
				t.Errorf("%q and %q: %v", tt.names, name, err)
			}
		}
	}
}

func TestIdentityErrorSaysWhoseItIs(t *testing.T) {
	a, _ := newAuthority(t, "root")
	for want, names := range map[string][]string{
		"we look for carrier.test, and the certificate is for sip.other.test, 192.0.2.9": {"SIP.other.test", "192.0.2.9"},
		"the certificate is for nobody: it has no subjectAltName of a SIP domain":        {"sips:carrier.test"},
	} {
		if err := checkIdentity(issue(t, a, names...).tls.Leaf, "carrier.test"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, not %q", err, want)
		}
	}
	if got := issue(t, a, "a.test", "192.0.2.9").Names(); !slices.Equal(got, []string{"a.test", "192.0.2.9"}) {
		t.Errorf("names %q", got)
	}
}

func TestChains(t *testing.T) {
	root, believed := newAuthority(t, "root")
	other, _ := newAuthority(t, "other")
	below, err := root.Intermediate("below")
	if err != nil {
		t.Fatal(err)
	}
	usage := func(u ...x509.ExtKeyUsage) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.ExtKeyUsage = u }
	}
	server, client := x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth
	for _, tt := range []struct {
		name   string
		by     *authority.Authority
		edit   func(*x509.Certificate)
		usages []x509.ExtKeyUsage
		want   string // in the error; empty is none
	}{
		{"plain", root, usage(server), []x509.ExtKeyUsage{server}, ""},
		{"through an intermediate", below, usage(server), []x509.ExtKeyUsage{server}, ""},
		{"no usage at all", root, usage(), []x509.ExtKeyUsage{server}, ""},
		{"a client's for a server", root, usage(client), []x509.ExtKeyUsage{server}, "incompatible key usage"},
		{"a server's for a client", root, usage(server), []x509.ExtKeyUsage{server, client}, ""},
		{"for code", root, usage(x509.ExtKeyUsageCodeSigning), []x509.ExtKeyUsage{server, client}, "incompatible key usage"},
		{"for SIP domains", root, func(c *x509.Certificate) {
			c.ExtKeyUsage, c.UnknownExtKeyUsage = nil, []asn1.ObjectIdentifier{sipDomainUsage()}
		}, []x509.ExtKeyUsage{server}, ""},
		{"signed by a stranger", other, usage(server), []x509.ExtKeyUsage{server}, "unknown authority"},
		{"expired", root, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, []x509.ExtKeyUsage{server}, "expired"},
		{"of tomorrow", root, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }, []x509.ExtKeyUsage{server}, "not yet valid"},
	} {
		c := issueAs(t, tt.by, tt.edit, "example.test")
		err := verifyChain(parsed(t, c), believed, tt.usages...)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	if err := verifyChain(parsed(t, issue(t, root, "example.test")), nil, server); err == nil {
		t.Error("the machine believes in the authority of a test")
	}
}

func parsed(t *testing.T, c *Certificate) (chain []*x509.Certificate) {
	t.Helper()
	for _, raw := range c.tls.Certificate {
		one, err := x509.ParseCertificate(raw)
		if err != nil {
			t.Fatal(err)
		}
		chain = append(chain, one)
	}
	return chain
}

func TestFiles(t *testing.T) {
	a, _ := newAuthority(t, "root")
	first, err := a.Issue("example.test")
	if err != nil {
		t.Fatal(err)
	}
	second, err := a.Issue("example.test")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	chain, key, err := first.Write(dir, "first")
	if err != nil {
		t.Fatal(err)
	}
	_, otherKey, err := second.Write(dir, "second")
	if err != nil {
		t.Fatal(err)
	}
	one, err := LoadCertificate(chain, key)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := LoadCertificate(chain, key); err != nil || again.sum != one.sum {
		t.Errorf("the same files are another certificate: %v", err)
	}
	if _, err := LoadCertificate(chain, otherKey); err == nil || !strings.Contains(err.Error(), chain) || !strings.Contains(err.Error(), "private key does not match") {
		t.Errorf("a key of another certificate: %v", err)
	}
	for _, pair := range [][2]string{{dir + "/none", key}, {chain, dir + "/none"}} {
		if _, err := LoadCertificate(pair[0], pair[1]); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%v: %v", pair, err)
		}
	}
	if a, err := LoadAuthorities(chain); err != nil || a.sum == (sum{}) {
		t.Errorf("authorities: %v", err)
	}
	if _, err := LoadAuthorities(key); err == nil || !strings.Contains(err.Error(), "-----BEGIN CERTIFICATE-----") {
		t.Errorf("a key for authorities: %v", err)
	}
	if _, err := LoadAuthorities(dir + "/none"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestSumsDoNotRunTogether(t *testing.T) {
	if sumOf([]byte("ab"), []byte("c")) == sumOf([]byte("a"), []byte("bc")) {
		t.Error("two pairs of texts have one sum")
	}
}

// What is sent as the server's name (RFC 6066 section 3: no addresses).
func TestServerName(t *testing.T) {
	for name, want := range map[string]string{
		"Carrier.Test.": "carrier.test", "192.0.2.1": "", "[2001:db8::1]": "", "*.carrier.test": "", "": "",
	} {
		if got := (Secure{Name: name}).serverName(); got != want {
			t.Errorf("%q sends %q, not %q", name, got, want)
		}
	}
}

func TestWithoutANameThePeerMustBeItsAddress(t *testing.T) {
	a, believed := newAuthority(t, "root")
	l := New(Config{})
	defer l.Close()
	config := l.clientConfig(Secure{Authorities: believed}, gateway6.Addr())
	for names, good := range map[string]bool{"2001:db8::1": true, "2001:db8::2": false, "example.test": false} {
		state := tls.ConnectionState{PeerCertificates: parsed(t, issue(t, a, names))}
		if err := config.VerifyConnection(state); (err == nil) != good {
			t.Errorf("%s: %v", names, err)
		}
	}
	if config.MinVersion != tls.VersionTLS12 {
		t.Errorf("from version %x", config.MinVersion)
	}
}

func FuzzSIPDomain(f *testing.F) {
	for _, s := range []string{"sip:example.test", "sip:[2001:db8::1]:5061", "sip:a@b", "sips:b", "sip:;x", "sip::", "sip:b:5061;lr?a=b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := url.Parse(text)
		if err != nil {
			return
		}
		domain, ok := sipDomain(u)
		if !ok && domain != "" || strings.ContainsAny(domain, "@;") || domain != normalDomain(domain) && !strings.HasSuffix(domain, ".") {
			t.Errorf("%q is the domain %q", text, domain)
		}
		if ok && !strings.EqualFold(u.Scheme, "sip") {
			t.Errorf("%q counts", text)
		}
	})
}
