package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/internal/authority"
	"github.com/tandem-gateway/tandem/internal/simnet"
)

var (
	gatewayTLS = netip.MustParseAddrPort("10.0.0.1:5061")
	phoneTLS   = netip.MustParseAddrPort("10.0.0.2:5061")
)

// secured is a world whose two sides speak TLS too, with certificates of one authority.
type secured struct {
	*world
	root     *authority.Authority
	believed *Authorities
	toPhone  Peer // as the gateway dials the phone
}

func inTLSWorld(t *testing.T, limits Limits, story func(t *testing.T, w *secured)) {
	t.Helper()
	inWorld(t, limits, func(t *testing.T, w *world) {
		s := &secured{world: w}
		s.root, s.believed = newAuthority(t, "root")
		w.gateway.Certify(Credentials{Certificate: issue(t, s.root, "gateway.test", gatewayAt.Addr().String())})
		w.phone.Certify(Credentials{Certificate: issue(t, s.root, "phone.test")})
		w.gateway.listen(t, TLS, gatewayTLS)
		w.phone.listen(t, TLS, phoneTLS)
		s.toPhone = Peer{Protocol: TLS, Remote: phoneTLS, Secure: Secure{Name: "phone.test", Authorities: s.believed}}
		story(t, s)
	})
}

func (s *side) connectTo(t *testing.T, p Peer) Flow {
	t.Helper()
	f, err := s.Connect(p)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// callTLS opens a connection from the phone's host to the gateway and shakes hands.
func (w *secured) callTLS(t *testing.T, config *tls.Config) (*tls.Conn, error) {
	t.Helper()
	raw, err := w.net.DialTCP(t.Context(), netip.AddrPortFrom(phoneAt.Addr(), 0), gatewayTLS)
	if err != nil {
		t.Fatal(err)
	}
	c := tls.Client(raw, config)
	w.raw = append(w.raw, c)
	return c, c.HandshakeContext(t.Context())
}

// trusting is the configuration of a phone that believes in the world's authority.
func (w *secured) trusting() *tls.Config {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(w.root.PEM())
	return &tls.Config{RootCAs: pool, ServerName: "gateway.test"}
}

func TestTLSGoesAndComesBackOverItsFlow(t *testing.T) {
	inTLSWorld(t, Limits{}, func(t *testing.T, w *secured) {
		seen := w.net.Capture()
		w.net.SetDefault(simnet.Link{Delay: 10 * time.Millisecond})
		out := w.gateway.connectTo(t, w.toPhone)
		if out.Protocol != TLS || out.Local != gatewayTLS || out.Remote != phoneTLS || out.Conn == 0 {
			t.Errorf("flow %v", out)
		}
		large := strings.Repeat("y", 100_000)
		w.gateway.send(t, out, "INVITE") // waits for the connection
		w.gateway.send(t, out, large)
		time.Sleep(time.Second)
		in := w.phone.flow(t)
		w.phone.wants(t, "INVITE", large)
		if in.Protocol != TLS || in.Local != phoneTLS || in.Remote.Addr() != gatewayAt.Addr() {
			t.Errorf("came over %v", in)
		}
		w.phone.send(t, in, "200")
		time.Sleep(time.Second)
		if got := w.gateway.flow(t); got != out {
			t.Errorf("the answer came over %v, not %v", got, out)
		}
		if len(seen.Packets()) < 4 || strings.Contains(seen.String(), "INVITE") {
			t.Errorf("on the wire:\n%s", seen)
		}
		if got := w.gateway.traced[0]; got != "sent "+out.String()+" INVITE" {
			t.Errorf("traced %q", got)
		}
	})
}

// RFC 5922: who is dialled must prove to be who was meant.
func TestTLSPeerIsNotWhoItShouldBe(t *testing.T) {
	stranger, _ := newAuthority(t, "stranger")
	for _, tt := range []struct {
		name   string
		show   func(t *testing.T, w *secured) *Certificate
		secure func(s *Secure)
		want   error
		text   string
	}{
		{"another name", nil, func(s *Secure) { s.Name = "carrier.test" }, ErrIdentity, "the certificate is for phone.test"},
		{"a name below", nil, func(s *Secure) { s.Name = "sip.phone.test" }, ErrIdentity, "we look for sip.phone.test"},
		{"an address that is not in it", nil, func(s *Secure) { s.Name = "" }, ErrIdentity, "we look for 10.0.0.2"},
		{"a wildcard", func(t *testing.T, w *secured) *Certificate { return issue(t, w.root, "*.phone.test") },
			func(s *Secure) { s.Name = "sip.phone.test" }, ErrIdentity, "for *.phone.test"},
		{"an authority that nobody knows", nil, func(s *Secure) { s.Authorities = nil }, nil, "unknown authority"},
		{"signed by a stranger", func(t *testing.T, w *secured) *Certificate { return issue(t, stranger, "phone.test") },
			nil, nil, "unknown authority"},
		{"expired", func(t *testing.T, w *secured) *Certificate {
			return issueAs(t, w.root, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Second) }, "phone.test")
		}, nil, nil, "expired"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inTLSWorld(t, Limits{}, func(t *testing.T, w *secured) {
				if tt.show != nil {
					w.phone.Certify(Credentials{Certificate: tt.show(t, w)})
				}
				if tt.secure != nil {
					tt.secure(&w.toPhone.Secure)
				}
				f := w.gateway.connectTo(t, w.toPhone)
				w.gateway.Send(f, []byte("INVITE\r\n\r\n")) // taken, or refused when it has failed already
				err := w.gateway.end(t, f)
				if !errors.Is(err, ErrHandshake) || tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(fmt.Sprint(err), tt.text) {
					t.Errorf("ended with %v", err)
				}
				w.phone.wants(t)
				if n := w.gateway.logged("TLS failed", tt.text); n != 1 {
					t.Errorf("%d lines in the log:\n%s", n, &w.gateway.log)
				}
				if again := w.gateway.connectTo(t, w.toPhone); again == f {
					t.Error("the failed flow was given out again")
				}
				if n := w.gateway.logged("TLS failed"); n != 1 {
					t.Errorf("it is told %d times", n)
				}
			})
		})
	}
}

// A name with a star is found in a certificate that has that very name.
func TestTLSWildcardByAgreement(t *testing.T) {
	inTLSWorld(t, Limits{}, func(t *testing.T, w *secured) {
		w.phone.Certify(Credentials{Certificate: issue(t, w.root, "*.phone.test")})
		w.toPhone.Secure.Name = "*.Phone.test"
		w.gateway.send(t, w.gateway.connectTo(t, w.toPhone), "INVITE")
		w.phone.wants(t, "INVITE")
	})
}

func TestTLSWorksAgainIsTold(t *testing.T) {
	inTLSWorld(t, Limits{}, func(t *testing.T, w *secured) {
		good := w.phone.own()
		for round := range 2 {
			w.phone.Certify(Credentials{Certificate: issue(t, w.root, "other.test")})
			for range 3 {
				w.gateway.connectTo(t, w.toPhone)
				synctest.Wait()
			}
			w.phone.Certify(Credentials{Certificate: good})
			f := w.gateway.connectTo(t, w.toPhone)
			w.gateway.send(t, f, "OPTIONS")
			w.phone.send(t, w.phone.flow(t), "200")
			if failed, works := w.gateway.logged("TLS failed"), w.gateway.logged("TLS works again"); failed != round+1 || works != round+1 {
				t.Errorf("failed %d times, works again %d times", failed, works)
			}
			w.gateway.Drop(f)
			synctest.Wait()
		}
		if s := w.gateway.Stats(); s.Handshakes != 6 {
			t.Errorf("%+v", s)
		}
	})
}

// A connection is used again only for the same name by the same certificates.
func TestTLSReuse(t *testing.T) {
	inTLSWorld(t, Limits{}, func(t *testing.T, w *secured) {
		issued, err := w.root.Issue("gateway.test")
		if err != nil {
			t.Fatal(err)
		}
		load := func() *Certificate {
			c, err := NewCertificate(issued.Chain, issued.Key)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		_, strangers := newAuthority(t, "stranger")
		again, err := NewAuthorities(w.root.PEM())
		if err != nil {
			t.Fatal(err)
		}
		first := w.gateway.connectTo(t, w.toPhone)
		with := w.toPhone
		with.Secure.Certificate = load()
		shown := w.gateway.connectTo(t, with)
		for _, tt := range []struct {
			name   string
			secure Secure
			want   Flow // zero: a new one
		}{
			{"the same", w.toPhone.Secure, first},
			{"the same in capitals", Secure{Name: "PHONE.test.", Authorities: w.believed}, first},
			{"authorities that were read again", Secure{Name: "phone.test", Authorities: again}, first},
			{"another name", Secure{Name: "other.test", Authorities: w.believed}, Flow{}},
			{"other authorities", Secure{Name: "phone.test", Authorities: strangers}, Flow{}},
			{"no authorities", Secure{Name: "phone.test"}, Flow{}},
			{"a certificate of ours that was read again", Secure{"phone.test", w.believed, load()}, shown},
			{"another certificate of ours", Secure{"phone.test", w.believed, issue(t, w.root, "gateway.test")}, Flow{}},
		} {
			got := w.gateway.connectTo(t, Peer{Protocol: TLS, Remote: phoneTLS, Secure: tt.secure})
			if tt.want != (Flow{}) && got != tt.want || tt.want == (Flow{}) && (got == first || got == shown) {
				t.Errorf("%s: %v; the first are %v and %v", tt.name, got, first, shown)
			}
		}
		tcp := w.gateway.connect(t, TCP, phoneAt)
		if same := w.gateway.connectTo(t, Peer{Protocol: TCP, Remote: phoneAt, Secure: w.toPhone.Secure}); same != tcp {
			t.Errorf("TCP: %v and %v", same, tcp)
		}
	})
}

func TestTLSClientCertificates(t *testing.T) {
	stranger, _ := newAuthority(t, "stranger")
	for _, tt := range []struct {
		name string
		show func(t *testing.T, w *secured) *Certificate // nil: none
		good bool
		text string // what the one who is refused is told
	}{
		{"one of its own", func(t *testing.T, w *secured) *Certificate { return issue(t, w.root, "anybody.test") }, true, ""},
		{"one for clients", func(t *testing.T, w *secured) *Certificate {
			return issueAs(t, w.root, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })
		}, true, ""},
		{"one of a stranger", func(t *testing.T, w *secured) *Certificate { return issue(t, stranger, "gateway.test") }, false, "bad certificate"},
		{"one that has expired", func(t *testing.T, w *secured) *Certificate {
			return issueAs(t, w.root, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Second) })
		}, false, "bad certificate"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inTLSWorld(t, Limits{}, func(t *testing.T, w *secured) {
				w.phone.Certify(Credentials{Certificate: w.phone.own(), Clients: w.believed})
				w.toPhone.Secure.Certificate = tt.show(t, w)
				f := w.gateway.connectTo(t, w.toPhone)
				w.gateway.Send(f, []byte("INVITE\r\n\r\n"))
				if tt.good {
					w.phone.wants(t, "INVITE")
					return
				}
				time.Sleep(2 * time.Second)
				if err := w.gateway.end(t, f); !errors.Is(err, ErrHandshake) || !strings.Contains(err.Error(), tt.text) {
					t.Errorf("ended with %v", err)
				}
				w.phone.wants(t)
				if w.gateway.logged("TLS failed", "remote error") != 1 || w.phone.logged("TLS failed") != 1 {
					t.Errorf("logs:\n%s%s", &w.gateway.log, &w.phone.log)
				}
			})
		})
	}
}

// Who asks for a certificate gets the gateway's own, unless the peer could not take it.
func TestTLSOwnCertificateIsShown(t *testing.T) {
	inTLSWorld(t, Limits{}, func(t *testing.T, w *secured) {
		_, strangers := newAuthority(t, "stranger")
		var shown []string
		at := netip.MustParseAddrPort("10.0.0.3:5061")
		serve := func(pool *x509.CertPool) {
			l, err := w.net.ListenTCP(at)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			w.gateway.connectTo(t, Peer{Protocol: TLS, Remote: at, Secure: Secure{Name: "phone.test", Authorities: w.believed}})
			raw, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer raw.Close()
			s := tls.Server(raw, &tls.Config{
				Certificates: []tls.Certificate{w.phone.own().tls}, ClientAuth: tls.RequestClientCert, ClientCAs: pool,
				VerifyConnection: func(state tls.ConnectionState) error {
					shown = append(shown, state.ServerName, fmt.Sprint(len(state.PeerCertificates)))
					return nil
				},
			})
			if err := s.HandshakeContext(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.Close()
			synctest.Wait()
		}
		serve(w.believed.pool)
		serve(nil)
		serve(strangers.pool)
		if got := strings.Join(shown, " "); got != "phone.test 1 phone.test 1 phone.test 0" {
			t.Errorf("names and certificates: %s", got)
		}
	})
}

func TestTLSVersions(t *testing.T) {
	for version, good := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		inTLSWorld(t, Limits{}, func(t *testing.T, w *secured) {
			config := w.trusting()
			config.MinVersion, config.MaxVersion = tls.VersionTLS10, version
			c, err := w.callTLS(t, config)
			if (err == nil) != good {
				t.Errorf("version %x: %v", version, err)
			}
			if good {
				say(t, c, "REGISTER\r\n\r\n")
				w.gateway.wants(t, "REGISTER")
			}
		})
	}
}

// Somebody who speaks SIP, or nothing, to the TLS port holds up nobody, is told of once,
// and is no flow that the owner hears of.
func TestTLSWithStrangers(t *testing.T) {
	inTLSWorld(t, Limits{}, func(t *testing.T, w *secured) {
		dial := func(from string) net.Conn {
			c, err := w.net.DialTCP(t.Context(), netip.MustParseAddrPort(from), gatewayTLS)
			if err != nil {
				t.Fatal(err)
			}
			w.raw = append(w.raw, c)
			return c
		}
		silent := dial("10.0.0.7:0")
		for range 3 {
			say(t, dial("10.0.0.8:0"), "OPTIONS sip:10.0.0.1 SIP/2.0\r\n\r\n")
			dial("10.0.0.9:0").Close()
		}
		c, err := w.callTLS(t, w.trusting())
		if err != nil {
			t.Fatal(err)
		}
		say(t, c, "REGISTER\r\n\r\n")
		w.gateway.wants(t, "REGISTER")
		time.Sleep(9 * time.Second)
		if s := w.gateway.Stats(); s.Connections != 2 { // the silent one and the phone
			t.Errorf("after 9 s: %+v", s)
		}
		time.Sleep(2 * time.Second)
		if s := w.gateway.Stats(); s.Connections != 1 || s.Handshakes != 7 {
			t.Errorf("after 11 s: %+v", s)
		}
		if _, err := silent.Read(make([]byte, 1)); err == nil {
			t.Error("the silent one is still served")
		}
		for _, text := range []string{"the peer does not speak TLS", "the peer has closed the connection", "has not finished it in time"} {
			if n := w.gateway.logged("level=WARN", "TLS failed", text); n != 1 {
				t.Errorf("%q is told %d times", text, n)
			}
		}
		if len(w.gateway.ended) != 0 {
			t.Errorf("the owner hears of %v", w.gateway.ended)
		}
	})
}

func TestTLSGrudgesAreBounded(t *testing.T) {
	l := New(Config{})
	defer l.Close()
	for i := range 3 * maxGrudges {
		g := grudge{host: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})}
		if !l.resent(g) || l.resent(g) || len(l.grudges) > maxGrudges {
			t.Fatalf("peer %d; %d are remembered", i, len(l.grudges))
		}
	}
}

// A peer that takes the connection and says nothing costs the time of a dial.
func TestTLSDialIsBounded(t *testing.T) {
	inTLSWorld(t, Limits{}, func(t *testing.T, w *secured) {
		l, err := w.net.ListenTCP(trunkAt)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		w.toPhone.Remote = trunkAt
		start := time.Now()
		f := w.gateway.connectTo(t, w.toPhone)
		w.gateway.send(t, f, "INVITE")
		for w.gateway.end(t, f) == nil {
			time.Sleep(100 * time.Millisecond)
		}
		if err := w.gateway.end(t, f); !errors.Is(err, ErrHandshake) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended with %v", err)
		}
		if d := time.Since(start); d < 5*time.Second || d > 6*time.Second {
			t.Errorf("after %v", d)
		}
	})
}

// SIGHUP: connections that are up stay, those to come see the new certificate.
func TestTLSCertificateIsReplaced(t *testing.T) {
	inTLSWorld(t, Limits{}, func(t *testing.T, w *secured) {
		before, err := w.callTLS(t, w.trusting())
		if err != nil {
			t.Fatal(err)
		}
		say(t, before, "REGISTER\r\n\r\n")
		f := w.gateway.flow(t)
		same := w.gateway.own()
		w.gateway.Certify(Credentials{Certificate: same})
		if n := w.gateway.logged("msg=certificate"); n != 1 {
			t.Errorf("the same certificate is told %d times", n)
		}
		w.gateway.Certify(Credentials{Certificate: issue(t, w.root, "gateway.test", "new.test")})
		w.gateway.Certify(Credentials{}) // none: the last stays
		after, err := w.callTLS(t, w.trusting())
		if err != nil {
			t.Fatal(err)
		}
		if got := after.ConnectionState().PeerCertificates[0].DNSNames; len(got) != 2 {
			t.Errorf("the new connection sees %v", got)
		}
		w.gateway.send(t, f, "OPTIONS")
		hear(t, before, "OPTIONS\r\n\r\n")
		if n := w.gateway.logged("msg=certificate", "new.test", "client certificates"); n != 1 {
			t.Errorf("log:\n%s", &w.gateway.log)
		}
		w.gateway.Certify(Credentials{Certificate: w.gateway.own(), Clients: w.believed})
		now, err := w.callTLS(t, w.trusting())
		if err == nil { // by TLS 1.3 the refusal comes behind the handshake
			_, err = now.Read(make([]byte, 1))
		}
		if err == nil || !strings.Contains(err.Error(), "certificate required") {
			t.Errorf("without a certificate: %v", err)
		}
		say(t, before, "BYE\r\n\r\n")
		w.gateway.wants(t, "REGISTER", "BYE")
	})
}

func TestHowTLSFlowsEnd(t *testing.T) {
	for _, tt := range []struct {
		name  string
		end   func(w *secured, c *tls.Conn, f Flow)
		want  error
		heard error // by the peer; nil: whatever
	}{
		{"peer closes", func(w *secured, c *tls.Conn, f Flow) { c.Close() }, io.EOF, nil},
		{"peer closes without a word", func(w *secured, c *tls.Conn, f Flow) { c.NetConn().Close() }, io.EOF, nil},
		{"peer resets", func(w *secured, c *tls.Conn, f Flow) { c.NetConn().(*simnet.Conn).Reset() }, syscall.ECONNRESET, nil},
		{"owner drops", func(w *secured, c *tls.Conn, f Flow) { w.gateway.Drop(f) }, ErrDropped, io.EOF},
		{"silence", func(w *secured, c *tls.Conn, f Flow) { time.Sleep(2*time.Hour + time.Second) }, ErrIdle, io.EOF},
		{"nonsense", func(w *secured, c *tls.Conn, f Flow) { io.WriteString(c, "!"); time.Sleep(lingerTime) }, errNonsense, io.EOF},
		{"peer does not read", func(w *secured, c *tls.Conn, f Flow) {
			for w.gateway.Send(f, make([]byte, 100<<10)) == nil {
				synctest.Wait()
			}
			time.Sleep(12 * time.Second)
		}, os.ErrDeadlineExceeded, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inTLSWorld(t, Limits{}, func(t *testing.T, w *secured) {
				c, err := w.callTLS(t, w.trusting())
				if err != nil {
					t.Fatal(err)
				}
				say(t, c, "REGISTER\r\n\r\n")
				f := w.gateway.flow(t)
				tt.end(w, c, f)
				if err := w.gateway.end(t, f); !errors.Is(err, tt.want) || errors.Is(err, ErrHandshake) {
					t.Errorf("ended with %v", err)
				}
				if w.gateway.Alive(f) || !errors.Is(w.gateway.Send(f, nil), ErrGone) {
					t.Error("the flow is still there")
				}
				if tt.heard == nil {
					return
				}
				// RFC 8446 section 6.1: the end is announced.
				if _, err := io.ReadAll(c); err != nil {
					t.Errorf("the peer hears %v", err)
				}
			})
		})
	}
}

func TestTLSBrokenStreamGetsItsAnswer(t *testing.T) {
	inTLSWorld(t, Limits{}, func(t *testing.T, w *secured) {
		c, err := w.callTLS(t, w.trusting())
		if err != nil {
			t.Fatal(err)
		}
		say(t, c, "!400 Bad Request")
		hear(t, c, "400 Bad Request")
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("after the answer: %v", err)
		}
	})
}

func TestTLSEndsWhileItBegins(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, w *secured, f Flow){
		"drop":  func(t *testing.T, w *secured, f Flow) { w.gateway.Drop(f) },
		"close": func(t *testing.T, w *secured, f Flow) { w.gateway.shut(t) },
	} {
		t.Run(name, func(t *testing.T) {
			inTLSWorld(t, Limits{}, func(t *testing.T, w *secured) {
				l, err := w.net.ListenTCP(trunkAt) // takes the connection and says nothing
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				w.toPhone.Remote = trunkAt
				f := w.gateway.connectTo(t, w.toPhone)
				synctest.Wait()
				w.call(t) // and one that comes in
				synctest.Wait()
				end(t, w, f)
				if err := w.gateway.end(t, f); name == "drop" && !errors.Is(err, ErrDropped) || name == "close" && err != nil {
					t.Errorf("ended with %v", err)
				}
				if n := w.gateway.logged("level=WARN"); name == "close" && n != 0 {
					t.Errorf("log:\n%s", &w.gateway.log)
				}
			})
		})
	}
}

// Closing a layer is not held up by peers that do not read, nor are those who send.
func TestTLSCloseDoesNotWaitForAPeer(t *testing.T) {
	inTLSWorld(t, Limits{}, func(t *testing.T, w *secured) {
		c, err := w.callTLS(t, w.trusting())
		if err != nil {
			t.Fatal(err)
		}
		say(t, c, "REGISTER\r\n\r\n")
		f := w.gateway.flow(t)
		for w.gateway.Send(f, make([]byte, 100<<10)) == nil {
			synctest.Wait()
		}
		start := time.Now()
		w.gateway.Drop(f)
		if err := w.gateway.Send(f, nil); !errors.Is(err, ErrGone) || time.Since(start) > 0 {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		w.gateway.shut(t)
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("closed after %v", d)
		}
	})
}

func TestTLSNeedsACertificateToListen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simulate(simnet.New(1))
		s := newSide(n, Limits{})
		if _, err := s.Listen(TLS, gatewayTLS); !errors.Is(err, ErrNoCertificate) {
			t.Errorf("listen: %v", err)
		}
		if _, err := s.Connect(Peer{Protocol: TLS, Remote: phoneTLS}); !errors.Is(err, ErrNoListener) {
			t.Errorf("connect: %v", err)
		}
		a, _ := newAuthority(t, "root")
		s.Certify(Credentials{Certificate: issue(t, a, "gateway.test")})
		s.listen(t, TLS, gatewayTLS)
		if _, err := s.Listen(TCP, gatewayTLS); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("TCP on the port of TLS: %v", err)
		}
		s.shut(t)
		n.Close()
	})
}
