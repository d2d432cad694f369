package authority

import (
	"bytes"
	"crypto/x509"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

func TestIssuedCertificatesVerify(t *testing.T) {
	root, err := New("root")
	if err != nil {
		t.Fatal(err)
	}
	below, err := root.Intermediate("intermediate")
	if err != nil {
		t.Fatal(err)
	}
	for name, a := range map[string]*Authority{"root": root, "intermediate": below} {
		issued, err := a.Issue("example.test", "192.0.2.1", "2001:db8::1", "sip:sip.example.test")
		if err != nil {
			t.Fatal(err)
		}
		pair, err := issued.TLS()
		if err != nil {
			t.Fatal(err)
		}
		roots, between := x509.NewCertPool(), x509.NewCertPool()
		roots.AppendCertsFromPEM(root.PEM())
		for _, raw := range pair.Certificate[1:] {
			c, err := x509.ParseCertificate(raw)
			if err != nil {
				t.Fatal(err)
			}
			between.AddCert(c)
		}
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, DNSName: "example.test"}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(pair.Leaf.IPAddresses) != 2 || len(pair.Leaf.URIs) != 1 {
			t.Errorf("%s: names %v, %v", name, pair.Leaf.IPAddresses, pair.Leaf.URIs)
		}
	}
}

func TestCertificatesAreValidInSimulatedTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root, err := New("root")
		if err != nil {
			t.Fatal(err)
		}
		issued, err := root.IssueAs(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(time.Minute) }, "example.test")
		if err != nil {
			t.Fatal(err)
		}
		pair, err := issued.TLS()
		if err != nil {
			t.Fatal(err)
		}
		if leaf := pair.Leaf; time.Now().Before(leaf.NotBefore) || leaf.NotAfter.After(time.Now().Add(time.Minute)) {
			t.Errorf("valid from %v to %v, now is %v", leaf.NotBefore, leaf.NotAfter, time.Now())
		}
	})
}

func TestWrite(t *testing.T) {
	root, err := New("root")
	if err != nil {
		t.Fatal(err)
	}
	issued, err := root.Issue("example.test")
	if err != nil {
		t.Fatal(err)
	}
	chain, key, err := issued.Write(t.TempDir(), "gateway")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]byte{chain: issued.Chain, key: issued.Key} {
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, _, err := issued.Write("/does/not/exist", "gateway"); err == nil {
		t.Error("written to nowhere")
	}
	if _, err := root.Issue("sip:\x7f"); err == nil {
		t.Error("a name that is none was signed")
	}
}
