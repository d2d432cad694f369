package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tandem-gateway/tandem/internal/authority"
	"github.com/tandem-gateway/tandem/internal/phone"
	"github.com/tandem-gateway/tandem/test/peers"
)

// secured is the house with TLS for phones and for the carrier, who proves itself.
var secured = strings.NewReplacer(
	`"tcp://GATEWAY"]`, `"tls://SECUREGATEWAY"]
  tls: {certificate: DIRECTORY/gateway.pem, key: DIRECTORY/gateway.key}`,
	"address: sip:CARRIER\n", "address: sip:SECURECARRIER;transport=tls\n    tls: {ca: DIRECTORY/ca.pem}\n",
).Replace(house)

// secureStage is a stage with an authority that has signed for the gateway.
func secureStage(t *testing.T, config string) (*stage, *authority.Authority) {
	t.Helper()
	s := emptyStage(t)
	a, err := authority.New("Tandem's tests")
	if err != nil {
		t.Fatal(err)
	}
	s.write("ca.pem", a.PEM())
	s.certify(a, gatewayHost, "gateway")
	s.open(config)
	return s, a
}

func (s *stage) write(name string, content []byte) string {
	s.Helper()
	file := filepath.Join(s.dir, name)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		s.Fatal(err)
	}
	return file
}

// certify writes a certificate for a host, and gives a file that has its key as well.
func (s *stage) certify(a *authority.Authority, host byte, name string) string {
	s.Helper()
	issued, err := a.Issue(s.Host(host).String())
	if err != nil {
		s.Fatal(err)
	}
	if _, _, err := issued.Write(s.dir, name); err != nil {
		s.Fatal(err)
	}
	return s.write(name+"-both.pem", append(issued.Chain, issued.Key...))
}

// softphoneTLS is a softphone with a certificate of an authority.
func (s *stage) softphoneTLS(b peers.Baresip, a *authority.Authority, host byte, pitch float64) *softphone {
	s.Helper()
	b.Transport, b.CA = "tls", filepath.Join(s.dir, "ca.pem")
	b.Certificate = s.certify(a, host, "host"+b.Who.User)
	return s.softphone(b, host, pitch)
}

// baresip binds its UDP sockets to its address and not its connections, which come
// from here.
const anywhere = "127.0.0.1/32"

// tlsCall has one softphone call another that answers by itself.
func (s *stage) tlsCall(caller, callee *softphone, number string) {
	s.Helper()
	caller.do("dial", number)
	caller.await("CALL_ESTABLISHED")
	callee.await("CALL_ESTABLISHED")
	caller.both(callee)
	caller.do("hangup", "")
	callee.await("CALL_CLOSED")
	caller.await("CALL_CLOSED")
	s.answered(s.record(1), "caller")
	quit(caller, callee)
}

// TestSoftphoneTLS: phone and carrier speak TLS, and a phone with TLS is called.
func TestSoftphoneTLS(t *testing.T) {
	t.Parallel()
	number, other := phone.Credentials{User: "+14255550100"}, phone.Credentials{User: "+14255550123"}
	t.Run("the phone calls the carrier", func(t *testing.T) {
		s, a := secureStage(t, secured)
		desk := s.softphoneTLS(peers.Baresip{Who: alice}, a, aliceHost, low)
		carrier := s.softphoneTLS(peers.Baresip{Who: number, Answers: true}, a, carrierHost, high)
		desk.registered(alice)
		s.tlsCall(desk, carrier, "(425)555-0100")
		if n := s.gateway.Count("UDP " + s.SIP(gatewayHost).String()); n > 0 {
			t.Errorf("%d messages went without TLS", n)
		}
	})
	t.Run("the phone is called", func(t *testing.T) {
		s, a := secureStage(t, secured)
		desk := s.softphoneTLS(peers.Baresip{Who: alice, Answers: true}, a, aliceHost, low)
		carrier := s.softphone(peers.Baresip{Who: other}, carrierHost, high)
		desk.registered(alice)
		s.tlsCall(carrier, desk, "sip:+14255550101@"+s.SIP(gatewayHost).String())
	})
	t.Run("the carrier calls", func(t *testing.T) {
		s, a := secureStage(t, strings.Replace(secured, "CARRIERHOST/32", anywhere, 1))
		desk := s.softphone(peers.Baresip{Who: alice, Answers: true}, aliceHost, low)
		carrier := s.softphoneTLS(peers.Baresip{Who: other}, a, carrierHost, high)
		desk.registered(alice)
		s.tlsCall(carrier, desk, "sip:+14255550101@"+s.secure(gatewayHost).String()+";transport=tls")
	})
}

// TestSoftphoneDistrusts: a carrier whose certificate another authority has signed is
// not called; RFC 5922 s4, "the client MUST NOT" go on.
func TestSoftphoneDistrusts(t *testing.T) {
	s, _ := secureStage(t, secured)
	other, err := authority.New("Somebody else")
	if err != nil {
		t.Fatal(err)
	}
	s.softphoneTLS(peers.Baresip{Who: phone.Credentials{User: "+14255550100"}, Answers: true}, other, carrierHost, high)
	backup := s.callee(backupHost, "called", "ring", "answer", "hungup")
	desk := s.caller(aliceHost, alice, "+14255550100", "call_digest", "ringing", "answered", "wait", "hangup")
	answer, invite := up(desk, backup)
	s.talk(aliceHost, answer, backupHost, invite)
	desk.proceed()
	r := s.finished(desk, backup)
	s.answered(r, "caller")
	if len(r.Attempts) != 2 || r.Attempts[0].Trunk != "carrier" || r.Attempts[0].Status == 200 {
		t.Errorf("attempts: %+v", r.Attempts)
	}
}

// TestHandshake: OpenSSL finds the certificate to be what it should, and nothing that
// is older than TLS 1.2 (RFC 8996).
func TestHandshake(t *testing.T) {
	s, _ := secureStage(t, secured)
	other, err := authority.New("Somebody else")
	if err != nil {
		t.Fatal(err)
	}
	s.write("other.pem", other.PEM())
	for _, test := range []struct {
		name      string
		arguments []string
		want      string // "" where there is to be no connection
	}{
		{"TLS 1.3", []string{"-CAfile", "ca.pem", "-tls1_3"}, "TLSv1.3"},
		{"TLS 1.2", []string{"-CAfile", "ca.pem", "-tls1_2"}, "TLSv1.2"},
		{"TLS 1.1", []string{"-CAfile", "ca.pem", "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"}, ""},
		{"another authority", []string{"-CAfile", "other.pem"}, ""},
		{"another address", []string{"-CAfile", "ca.pem", "-verify_ip", s.Host(carrierHost).String()}, ""},
	} {
		said, err := s.openssl(test.arguments...)
		if test.want == "" {
			if err == nil {
				t.Errorf("%s: it connects:\n%s", test.name, said)
			}
			continue
		}
		for _, want := range []string{test.want, "Verification: OK"} {
			if err != nil || !strings.Contains(said, want) {
				t.Errorf("%s: no %q in: %v\n%s", test.name, want, err, said)
			}
		}
	}
}

// openssl connects to the gateway, and gives what it says about that.
func (s *stage) openssl(arguments ...string) (string, error) {
	host := s.Host(gatewayHost).String()
	c := exec.Command("openssl", append([]string{"s_client", "-brief", "-connect", s.secure(gatewayHost).String(),
		"-verify_return_error", "-verify_ip", host}, arguments...)...)
	c.Dir = s.dir
	said, err := c.CombinedOutput() // its input is empty, which ends it
	return string(said), err
}
