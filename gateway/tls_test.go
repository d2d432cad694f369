package gateway_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/config"
	"github.com/tandem-gateway/tandem/gateway"
	"github.com/tandem-gateway/tandem/internal/authority"
)

// encrypted is a house whose gateway speaks TLS too.
type encrypted struct {
	*house
	root    *authority.Authority
	changes []string // to the base configuration
}

// playTLS runs a story in such a house. The gateway's certificate is for one.test.
func playTLS(t *testing.T, story func(h *encrypted)) {
	synctest.Test(t, func(t *testing.T) {
		root, err := authority.New("root")
		if err != nil {
			t.Fatal(err)
		}
		h := &encrypted{house: newHouse(t), root: root}
		h.issue("gateway", "one.test")
		h.changes = []string{
			"tcp://198.51.100.1:5060]", `tls://198.51.100.1:5061]`,
			"  domain: example.test\n", "  domain: example.test\n  tls: {certificate: \"" + h.file("gateway.pem") + "\", key: \"" + h.file("gateway.key") + "\"}\n",
		}
		if err := os.WriteFile(h.file("ca.pem"), root.PEM(), 0o600); err != nil {
			t.Fatal(err)
		}
		h.start(h.config(h.changes...))
		story(h)
		h.end()
	})
}

func (h *encrypted) file(name string) string { return filepath.Join(h.dir, name) }

// issue writes a certificate for names into files.
func (h *encrypted) issue(file string, names ...string) {
	h.t.Helper()
	issued, err := h.root.Issue(names...)
	if err != nil {
		h.t.Fatal(err)
	}
	if _, _, err := issued.Write(h.dir, file); err != nil {
		h.t.Fatal(err)
	}
}

// connect makes a connection by TLS and gives the name in the gateway's certificate.
func (h *encrypted) connect() (*tls.Conn, string) {
	h.t.Helper()
	raw, err := h.net.DialTCP(h.t.Context(), netip.MustParseAddrPort("192.0.2.10:0"), netip.MustParseAddrPort("198.51.100.1:5061"))
	if err != nil {
		h.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(h.root.PEM())
	c := tls.Client(raw, &tls.Config{RootCAs: roots, InsecureSkipVerify: true})
	if err := c.HandshakeContext(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	return c, strings.Join(c.ConnectionState().PeerCertificates[0].DNSNames, " ")
}

// options asks the gateway over a connection who it is; anything is an answer.
func (h *encrypted) options(c *tls.Conn) {
	h.t.Helper()
	h.pass(time.Second)
	_, err := io.WriteString(c, strings.ReplaceAll(`OPTIONS sip:example.test SIP/2.0
Via: SIP/2.0/TLS 192.0.2.10:5061;branch=z9hG4bK-1
Max-Forwards: 70
From: <sip:somebody@example.test>;tag=1
To: <sip:example.test>
Call-ID: 1
CSeq: 1 OPTIONS
Content-Length: 0

`, "\n", "\r\n"))
	if err != nil {
		h.t.Fatal(err)
	}
	answer := make([]byte, 1000)
	n, err := c.Read(answer)
	if err != nil || !strings.HasPrefix(string(answer[:n]), "SIP/2.0 401 ") {
		h.t.Errorf("answered with %q, %v", answer[:n], err)
	}
}

// SIGHUP reads the files again; a connection that is up stays.
func TestReloadOfACertificate(t *testing.T) {
	playTLS(t, func(h *encrypted) {
		before, name := h.connect()
		if name != "one.test" {
			t.Errorf("the certificate is for %s", name)
		}
		h.options(before)
		h.issue("gateway", "two.test")
		h.reload(h.changes...)
		h.says("level=INFO", "msg=certificate", "two.test")
		after, name := h.connect()
		if name != "two.test" {
			t.Errorf("after the reload the certificate is for %s", name)
		}
		h.options(after)
		h.options(before)
		h.clearLog()
		h.reload(h.changes...)
		if strings.Contains(h.logged(), "msg=certificate") {
			t.Error("files that have not changed are told of")
		}
		before.Close()
		after.Close()
	})
}

// What does not load changes nothing.
func TestReloadOfABrokenCertificate(t *testing.T) {
	playTLS(t, func(h *encrypted) {
		c := h.config(h.changes...)
		if err := os.WriteFile(h.file("gateway.key"), []byte("half a fi"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := config.Parse("tandem.yaml", []byte(h.text(h.changes...))); err == nil || !strings.Contains(err.Error(), "sip.tls.key: ") {
			t.Errorf("the check says %v", err)
		}
		if err := h.gateway.Reload(c); err == nil || !strings.Contains(err.Error(), "gateway.key") {
			t.Errorf("a file that broke after the check: %v", err)
		}
		still, name := h.connect()
		if name != "one.test" {
			t.Errorf("the certificate is for %s", name)
		}
		still.Close()
	})
}

// Files that are gone by the time they are used are told with the trunk's name.
func TestTLSFilesOfATrunk(t *testing.T) {
	playTLS(t, func(h *encrypted) {
		h.issue("own", "one.test")
		for _, file := range []string{"ca.pem", "own.key"} {
			changes := append([]string{
				"    address: sip:203.0.113.5:5060\n",
				"    address: sips:203.0.113.5\n    tls: {ca: \"" + h.file("ca.pem") + "\", certificate: \"" + h.file("own.pem") + "\", key: \"" + h.file("own.key") + "\"}\n",
			}, h.changes...)
			c := h.config(changes...)
			if _, err := gateway.Check(c); err != nil {
				t.Error(err)
			}
			if err := os.Rename(h.file(file), h.file("away")); err != nil {
				t.Fatal(err)
			}
			if err := h.gateway.Reload(c); err == nil || !strings.Contains(err.Error(), "trunk carrier: ") || !strings.Contains(err.Error(), file) {
				t.Errorf("without %s: %v", file, err)
			}
			if err := os.Rename(h.file("away"), h.file(file)); err != nil {
				t.Fatal(err)
			}
		}
	})
}
