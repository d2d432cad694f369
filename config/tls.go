package config

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// TLS is what TLS listeners prove us with, and whom they let in. The files are
// PEM; they are read again at each reload, and connections that are up stay.
type TLS struct {
	// Certificate is a file with our certificate and its chain, the certificate
	// first. Needed for tls:// in Listen. Default "".
	Certificate string `yaml:"certificate"`
	// Key is a file with its key, without a passphrase. Default "".
	Key string `yaml:"key"`
	// ClientCA is a file with the authorities one of which must have signed the
	// certificate of everybody who connects. Default "": none is asked for.
	ClientCA string `yaml:"client_ca"`
}

// TrunkTLS is how a trunk that goes by TLS proves who it is, and we to it.
type TrunkTLS struct {
	// ServerName is the domain, or the IP address, that its certificate must be
	// for (RFC 5922), and is sent as SNI when it is a domain. A name that begins
	// with "*." is that very name. Default: the host of the address.
	ServerName string `yaml:"server_name"`
	// CA is a file with the authorities one of which must have signed its
	// certificate. Default: those that the machine trusts.
	CA string `yaml:"ca"`
	// Certificate and Key are files with what we show there when it asks.
	// Default: sip.tls's.
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
}

// given is the key of the first thing that is set; empty when nothing is.
func (t TrunkTLS) given() string {
	for _, k := range []struct{ key, value string }{
		{"server_name", t.ServerName}, {"ca", t.CA}, {"certificate", t.Certificate}, {"key", t.Key},
	} {
		if k.value != "" {
			return k.key
		}
	}
	return ""
}

// checkTLS tests the listeners' files, and that they and the listeners need each
// other.
func (c *checker) checkTLS(s *SIP) {
	const path = "sip.tls"
	listener := slices.IndexFunc(s.Listen, func(l Listen) bool { return l.Transport == TransportTLS })
	if listener >= 0 && s.TLS.Certificate == "" && !c.faulty(path) && !c.faulty(path+".certificate") {
		c.report(index("sip.listen", listener), "%s needs a certificate: name its file in sip.tls.certificate, and that of its key in sip.tls.key", s.Listen[listener])
	}
	if leaf := c.checkPair(path, s.TLS.Certificate, s.TLS.Key); leaf != nil {
		c.checkOwnNames(path+".certificate", leaf, s.Domain)
	}
	c.checkAuthorities(path+".client_ca", s.TLS.ClientCA)
	if listener >= 0 || c.faulty("sip.listen") {
		return
	}
	for _, k := range []struct{ key, value string }{{"certificate", s.TLS.Certificate}, {"client_ca", s.TLS.ClientCA}} {
		if k.value != "" {
			c.report(join(path, k.key), "does nothing: no address in sip.listen begins with tls://")
		}
	}
}

// checkOwnNames warns of a certificate that phones refuse which register to the
// domain.
func (c *checker) checkOwnNames(path string, leaf *x509.Certificate, domain string) {
	ours := func(u *url.URL) bool { return strings.EqualFold(u.String(), "sip:"+domain) }
	if domain == "" || leaf.VerifyHostname(domain) == nil || slices.ContainsFunc(leaf.URIs, ours) {
		return
	}
	c.warn(path, "the certificate is not for %s (sip.domain): phones that register to it and look will refuse it", domain)
}

// checkTrunkTLS tests how a trunk is reached by TLS.
func (c *checker) checkTrunkTLS(path string, t *Trunk, listen []Listen) {
	given := t.TLS.given()
	switch {
	case c.faulty(path + ".address"):
	case t.Address.Transport != TransportTLS:
		if given != "" {
			c.report(path+".tls."+given, "does nothing: the trunk's address goes by another transport; write sips:HOST, or ;transport=tls behind it")
		}
		return
	case !c.faulty("sip.listen") && !slices.ContainsFunc(listen, func(l Listen) bool { return l.Transport == TransportTLS }):
		c.report(path+".address", "goes by TLS, and no address in sip.listen begins with tls://: add one, the trunk must be able to call back")
	}
	if name := strings.TrimPrefix(t.TLS.ServerName, "*."); t.TLS.ServerName != "" {
		if err := checkServerName(name); err != nil {
			c.report(path+".tls.server_name", "%v", err)
		}
	}
	c.checkAuthorities(path+".tls.ca", t.TLS.CA)
	c.checkPair(path+".tls", t.TLS.Certificate, t.TLS.Key)
}

// checkServerName takes a host; an IPv6 address may do without its brackets.
func checkServerName(s string) error {
	if _, err := netip.ParseAddr(s); err == nil {
		return nil
	}
	return checkHost(s)
}

// checkPair tests a certificate and its key and gives the certificate; nil when
// there is none or it is not sound.
func (c *checker) checkPair(path, certificate, key string) *x509.Certificate {
	atCertificate, atKey := path+".certificate", path+".key"
	switch {
	case certificate == "" && key == "":
		return nil
	case certificate == "" && !c.faulty(atCertificate):
		c.report(atKey, "has no certificate beside it: TLS needs both")
		return nil
	case key == "" && !c.faulty(atKey):
		c.report(atCertificate, "has no key beside it: TLS needs both")
		return nil
	}
	chain, keyText := c.readPEM(atCertificate, certificate), c.readPEM(atKey, key)
	if chain == nil || keyText == nil {
		return nil
	}
	leaf, err := firstCertificate(chain)
	if err != nil {
		c.report(atCertificate, "%s %v", certificate, err)
		return nil
	}
	if _, err := tls.X509KeyPair(chain, keyText); err != nil {
		c.report(atKey, "%s %v", key, keyFault(keyText, err))
		return nil
	}
	c.checkDates(atCertificate, leaf)
	return leaf
}

// firstCertificate parses every certificate of a file.
func firstCertificate(text []byte) (first *x509.Certificate, err error) {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		parsed, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("has a certificate that cannot be read: %w", err)
		}
		if first == nil {
			first = parsed
		}
	}
	if first == nil {
		return nil, errNoCertificate
	}
	return first, nil
}

var errNoCertificate = errors.New("holds no certificate: PEM is needed, which has a line -----BEGIN CERTIFICATE-----")

// keyFault says what is wrong with a key.
func keyFault(text []byte, err error) error {
	block, _ := pem.Decode(text)
	switch {
	case block == nil:
		return errors.New("holds no key: PEM is needed, which has a line -----BEGIN PRIVATE KEY-----")
	case strings.Contains(block.Type, "ENCRYPTED"), strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
		return errors.New("is encrypted, and nobody is here to type a passphrase: write it out without one (openssl pkey -in FILE -out FILE)")
	}
	return fmt.Errorf("does not go with the certificate: %s", strings.TrimPrefix(err.Error(), "tls: "))
}

// soon is how long before its end a certificate is warned of.
const soon = 14 * 24 * time.Hour

// checkDates warns of a certificate that peers refuse, now or soon: the gateway
// runs with it all the same, since some peers do not look.
func (c *checker) checkDates(path string, leaf *x509.Certificate) {
	now, end := time.Now(), leaf.NotAfter.UTC().Format("2006-01-02 15:04 MST")
	switch {
	case now.After(leaf.NotAfter):
		c.warn(path, "the certificate ended on %s: peers will refuse it", end)
	case now.Before(leaf.NotBefore):
		c.warn(path, "the certificate begins on %s: until then peers will refuse it", leaf.NotBefore.UTC().Format("2006-01-02 15:04 MST"))
	case now.Add(soon).After(leaf.NotAfter):
		c.warn(path, "the certificate ends on %s: renew it, and send SIGHUP", end)
	}
}

func (c *checker) checkAuthorities(path, file string) {
	if text := c.readPEM(path, file); text != nil {
		if _, err := firstCertificate(text); err != nil {
			c.report(path, "%s %v", file, err)
		}
	}
}

// maxPEM bounds a file: the authorities that a whole machine trusts take a
// quarter of it.
const maxPEM = 1 << 20

// readPEM reads a file that a key names; nil when it is none, which is told.
func (c *checker) readPEM(path, file string) []byte {
	if file == "" || c.faulty(path) {
		return nil
	}
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.report(path, "there is no file %s; a path that does not begin with / is taken from where tandem runs", file)
		return nil
	case err == nil && (!info.Mode().IsRegular() || info.Size() > maxPEM):
		c.report(path, "%s is no file of PEM text", file)
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		c.report(path, "%s cannot be read: %v", file, err)
		return nil
	}
	if text == nil {
		text = []byte{}
	}
	return text
}
