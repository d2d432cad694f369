package srtp

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func certificate(t testing.TB) *Certificate {
	t.Helper()
	c, err := GenerateCertificate(noon)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// link carries the packets of one direction: each is lost, doubled, or late, as its
// seed says.
type link struct {
	to    chan *DTLS // the receiver, once there is one
	dice  *rand.Rand
	loss  int           // percent
	late  time.Duration // at most
	count int
}

func newLink(seed uint64, loss int, late time.Duration) *link {
	return &link{to: make(chan *DTLS, 1), dice: rand.New(rand.NewPCG(seed, 1)), loss: loss, late: late}
}

func (l *link) connect(d *DTLS) { l.to <- d }

// carry is the Send of a side. The library sends from one goroutine at a time.
func (l *link) carry(packet []byte) {
	l.count++
	for {
		fate := l.dice.IntN(100)
		if fate < l.loss {
			return
		}
		held := bytes.Clone(packet)
		time.AfterFunc(time.Millisecond+time.Duration(l.dice.Int64N(int64(l.late)+1)), func() {
			d := <-l.to
			l.to <- d
			d.Receive(held)
		})
		if fate < 95 {
			return // else once more
		}
	}
}

// two begins a client and a server over two links.
func two(t testing.TB, client, server DTLSConfig, there, back *link) (c, s *DTLS) {
	t.Helper()
	client.Role, client.Send = Client, there.carry
	server.Role, server.Send = Server, back.carry
	c, err := NewDTLS(client)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = NewDTLS(server); err != nil {
		t.Fatal(err)
	}
	there.connect(s)
	back.connect(c)
	return c, s
}

// pair makes configurations of two sides that know each other's fingerprints.
func pair(t testing.TB) (client, server DTLSConfig) {
	a, b := certificate(t), certificate(t)
	return DTLSConfig{Certificate: a, Remote: []Fingerprint{b.Fingerprint()}}, DTLSConfig{Certificate: b, Remote: []Fingerprint{a.Fingerprint()}}
}

// speak requires that keys of both sides go together, by packets.
func speak(t *testing.T, c, s *DTLS, want Suite) {
	t.Helper()
	cs, cr, cerr := c.Keys()
	ss, sr, serr := s.Keys()
	if cerr != nil || serr != nil {
		t.Fatalf("client %v, server %v", cerr, serr)
	}
	if !cs.Equal(sr) || !cr.Equal(ss) || cs.Equal(cr) || cs.Suite != want {
		t.Fatalf("client %v and %v, server %v and %v", cs, cr, ss, sr)
	}
	opens(t, inbound(t, sr), noon, protect(t, outbound(t, cs), 1, 1), 1, 1)
	opens(t, inbound(t, cr), noon, protect(t, outbound(t, ss), 2, 1), 2, 1)
}

func TestHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := pair(t)
		c, s := two(t, client, server, newLink(1, 0, 0), newLink(2, 0, 0))
		began := time.Now()
		speak(t, c, s, AEADAES128GCM)
		if took := time.Since(began); took > flightInterval {
			t.Errorf("without loss it took %v", took)
		}
		c.Close()
		s.Close()
		c.Close()
		c.Receive([]byte{22})
		if _, _, err := c.Keys(); err != nil {
			t.Errorf("closed after it was done: %v", err)
		}
	})
}

// The client prefers; a suite that one side has alone is not taken.
func TestHandshakeSuites(t *testing.T) {
	for _, want := range []Suite{AESCM128HMACSHA180, AESCM128HMACSHA132, AEADAES128GCM, AEADAES256GCM} {
		synctest.Test(t, func(t *testing.T) {
			client, server := pair(t)
			client.Suites = []Suite{want}
			server.Suites = []Suite{AEADAES256GCM, AESCM128HMACSHA132, AEADAES128GCM, AESCM128HMACSHA180}
			c, s := two(t, client, server, newLink(1, 0, 0), newLink(2, 0, 0))
			speak(t, c, s, want)
			c.Close()
			s.Close()
		})
	}
}

func TestHandshakeWithoutCommonSuite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := pair(t)
		client.Suites, server.Suites = []Suite{AEADAES256GCM}, []Suite{AESCM128HMACSHA180}
		c, s := two(t, client, server, newLink(1, 0, 0), newLink(2, 0, 0))
		for _, d := range []*DTLS{c, s} {
			if send, _, err := d.Keys(); !errors.Is(err, ErrSuites) && !errors.Is(err, ErrDTLS) || send.Master() != nil {
				t.Errorf("%v: %v", d.config.Role, err)
			}
			d.Close()
		}
	})
}

// Under loss, doubling and reordering there is an end, and both sides have the same.
func TestHandshakeUnderLoss(t *testing.T) {
	for seed := range uint64(12) {
		synctest.Test(t, func(t *testing.T) {
			client, server := pair(t)
			loss := []int{0, 10, 25, 40}[seed%4]
			c, s := two(t, client, server, newLink(seed, loss, 150*time.Millisecond), newLink(seed+100, loss, 150*time.Millisecond))
			speak(t, c, s, AEADAES128GCM)
			c.Close()
			s.Close()
			synctest.Wait()
			time.Sleep(time.Second) // what is under way arrives nowhere
		})
	}
}

// A man in the middle has another certificate: whoever notices says so, and gives no
// keys.
func TestWrongFingerprint(t *testing.T) {
	for _, wrong := range []Role{Client, Server} {
		synctest.Test(t, func(t *testing.T) {
			client, server := pair(t)
			other := []Fingerprint{certificate(t).Fingerprint()}
			if wrong == Client {
				client.Remote = other
			} else {
				server.Remote = other
			}
			c, s := two(t, client, server, newLink(1, 0, 0), newLink(2, 0, 0))
			noticed := map[Role]*DTLS{Client: c, Server: s}[wrong]
			send, recv, err := noticed.Keys()
			if !errors.Is(err, ErrFingerprint) || !errors.Is(err, ErrDTLS) || send.Master() != nil || recv.Master() != nil {
				t.Errorf("the %v: %v, %v, %v", wrong, send, recv, err)
			}
			c.Close()
			s.Close()
			time.Sleep(time.Second)
		})
	}
}

// The ClientHello comes before the answer that names the certificate.
func TestTrustLater(t *testing.T) {
	for _, honest := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			client, server := pair(t)
			remote := server.Remote
			server.Remote = nil
			c, s := two(t, client, server, newLink(1, 0, 0), newLink(2, 0, 0))
			<-c.Done()
			time.Sleep(5 * time.Second)
			select {
			case <-s.Done():
				t.Fatal("done without a fingerprint")
			default:
			}
			if err := s.Trust([]Fingerprint{{Hash: "md5", Digest: strings.Repeat("x", 16)}}); !errors.Is(err, ErrDTLS) {
				t.Error(err)
			}
			if !honest {
				remote = []Fingerprint{certificate(t).Fingerprint()}
			}
			if err := errors.Join(s.Trust(remote), s.Trust(server.Remote[:0:0])); !errors.Is(err, ErrDTLS) {
				t.Error(err)
			}
			if honest {
				speak(t, c, s, AEADAES128GCM)
				_ = s.Trust([]Fingerprint{certificate(t).Fingerprint()}) // too late to count
			} else if send, _, err := s.Keys(); !errors.Is(err, ErrFingerprint) || send.Master() != nil {
				t.Errorf("%v %v", send, err)
			}
			c.Close()
			s.Close()
			time.Sleep(time.Second)
		})
	}
}

// The answer never comes: the handshake ends in its time, or when it is closed.
func TestTrustNever(t *testing.T) {
	for _, closed := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			client, server := pair(t)
			server.Remote = nil
			c, s := two(t, client, server, newLink(1, 0, 0), newLink(2, 0, 0))
			<-c.Done()
			want := context.DeadlineExceeded
			if closed {
				want = ErrClosed
				s.Close()
			}
			if send, _, err := s.Keys(); !errors.Is(err, want) || send.Master() != nil {
				t.Errorf("%v %v", send, err)
			}
			s.Close()
			c.Close()
			time.Sleep(time.Second)
		})
	}
}

func TestHandshakeThatNobodyAnswers(t *testing.T) {
	for _, role := range []Role{Client, Server} {
		synctest.Test(t, func(t *testing.T) {
			config, _ := pair(t)
			sent := 0
			config.Role, config.Timeout, config.Send = role, 10*time.Second, func([]byte) { sent++ }
			d, err := NewDTLS(config)
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			if _, _, err := d.Keys(); !errors.Is(err, ErrDTLS) || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 10*time.Second {
				t.Errorf("the %v: after %v: %v", role, time.Since(began), err)
			}
			if role == Client && sent < 4 || role == Server && sent != 0 {
				t.Errorf("the %v sent %d packets", role, sent)
			}
			d.Close()
		})
	}
}

func TestCloseDuringHandshake(t *testing.T) {
	for _, role := range []Role{Client, Server} {
		synctest.Test(t, func(t *testing.T) {
			config, _ := pair(t)
			config.Role, config.Send = role, func([]byte) {}
			d, err := NewDTLS(config)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Second)
			d.Close()
			select {
			case <-d.Done():
			default:
				t.Fatal("closed, but not done")
			}
			if _, _, err := d.Keys(); !errors.Is(err, ErrClosed) {
				t.Error(err)
			}
		})
	}
}

// The far end ends the association: ours ends, its keys stay what they are.
func TestFarEndCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := pair(t)
		c, s := two(t, client, server, newLink(1, 0, 0), newLink(2, 0, 0))
		speak(t, c, s, AEADAES128GCM)
		s.Close()
		<-c.ended
		if send, _, err := c.Keys(); err != nil || send.Master() == nil {
			t.Errorf("%v %v", send, err)
		}
		c.Close()
	})
}

// Garbage among the packets, and packets that are no DTLS, do no harm.
func TestHandshakeAmongGarbage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := pair(t)
		c, s := two(t, client, server, newLink(1, 0, 0), newLink(2, 0, 0))
		dice := rand.New(rand.NewPCG(7, 7))
		for range 200 {
			junk := make([]byte, 1+dice.IntN(200))
			for i := range junk {
				junk[i] = byte(dice.Uint32())
			}
			c.Receive(junk)
			s.Receive(junk)
			s.Receive(packet(1, 1))
			time.Sleep(time.Millisecond)
		}
		speak(t, c, s, AEADAES128GCM)
		c.Close()
		s.Close()
	})
}

// Records that look right up to their content, from who guesses: the handshake goes on.
func TestHandshakeAmongForgeries(t *testing.T) {
	for kind := byte(20); kind < 27; kind++ {
		synctest.Test(t, func(t *testing.T) {
			client, server := pair(t)
			c, s := two(t, client, server, newLink(1, 0, 0), newLink(2, 0, 0))
			dice := rand.New(rand.NewPCG(uint64(kind), 7))
			for n := range 40 {
				forged := append([]byte{kind, 254, 253, 0, byte(n % 3), 0, 0, 0, 0, 0, byte(dice.IntN(9)), 0, 20}, make([]byte, 20)...)
				for i := range 20 {
					forged[13+i] = byte(dice.Uint32())
				}
				c.Receive(forged)
				s.Receive(forged)
				time.Sleep(time.Millisecond / 4)
			}
			speak(t, c, s, AEADAES128GCM)
			for _, d := range []*DTLS{c, s} {
				if !running(d) {
					t.Errorf("records of type %d ended the %v's association", kind, d.config.Role)
				}
				d.Close()
			}
			time.Sleep(time.Second)
		})
	}
}

func TestSieve(t *testing.T) {
	record := func(kind, epoch byte, body ...byte) []byte {
		return append([]byte{kind, 254, 253, 0, epoch, 0, 0, 0, 0, 0, 0, 0, byte(len(body))}, body...)
	}
	old := record(22, 0, make([]byte, 12)...)
	old[2] = 255
	tls := record(22, 0, make([]byte, 12)...)
	tls[1] = 3
	for _, c := range []struct {
		name   string
		record []byte
		sound  bool
	}{
		{"handshake", record(22, 0, make([]byte, 12)...), true},
		{"handshake of DTLS 1.0", old, true},
		{"handshake of TLS", tls, false},
		{"handshake, short", record(22, 0, make([]byte, 11)...), false},
		{"handshake, encrypted", record(22, 1, 1), true},
		{"empty", record(22, 1), false},
		{"change cipher spec", record(20, 0, 1), true},
		{"change cipher spec of another kind", record(20, 0, 2), false},
		{"change cipher spec, long", record(20, 0, 1, 1), false},
		{"alert", record(21, 0, 2, 40), true},
		{"warning", record(21, 0, 1, 0), true},
		{"alert of no level", record(21, 0, 3, 0), false},
		{"alert, long", record(21, 0, 2, 40, 0), false},
		{"alert, encrypted", record(21, 1, make([]byte, 30)...), true},
		{"application data", record(23, 1, 1, 2, 3), false},
		{"heartbeat", record(24, 0, 1, 2, 3), false},
	} {
		good := record(22, 0, make([]byte, 20)...)
		want := append(bytes.Clone(good), good...)
		if c.sound {
			want = append(append(bytes.Clone(good), c.record...), good...)
		}
		datagram := append(append(bytes.Clone(good), c.record...), good...)
		if got := sieve(nil, datagram); !bytes.Equal(got, want) {
			t.Errorf("%s: % x became % x", c.name, datagram, got)
		}
		for n := range datagram {
			if got := sieve(nil, datagram[:n]); len(got) > n {
				t.Errorf("%s, cut to %d: % x", c.name, n, got)
			}
		}
	}
}

func TestConfigsThatAreNone(t *testing.T) {
	good, _ := pair(t)
	good.Send = func([]byte) {}
	for name, spoil := range map[string]func(*DTLSConfig){
		"Certificate": func(c *DTLSConfig) { c.Certificate = nil },
		"Send":        func(c *DTLSConfig) { c.Send = nil },
		"md5":         func(c *DTLSConfig) { c.Remote = []Fingerprint{{Hash: "md5", Digest: strings.Repeat("x", 16)}} },
		"Suites":      func(c *DTLSConfig) { c.Suites = []Suite{AES256CMHMACSHA180} },
	} {
		bad := good
		spoil(&bad)
		if d, err := NewDTLS(bad); !errors.Is(err, ErrDTLS) || !strings.Contains(err.Error(), name) || d != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFingerprintsOfACertificate(t *testing.T) {
	c := certificate(t)
	der := c.tls.Certificate[0]
	of := func(hash string) Fingerprint { return Fingerprint{Hash: hash, Digest: string(digest(hash, der))} }
	wrong := func(hash string) Fingerprint {
		return Fingerprint{Hash: hash, Digest: strings.Repeat("\x01", len(of(hash).Digest))}
	}
	for _, x := range []struct {
		name string
		list []Fingerprint
		want bool
	}{
		{"ours", []Fingerprint{c.Fingerprint()}, true},
		{"by SHA-1", []Fingerprint{of("sha-1")}, true},
		{"by SHA-224", []Fingerprint{of("sha-224")}, true},
		{"by SHA-384", []Fingerprint{of("sha-384")}, true},
		{"by SHA-512", []Fingerprint{of("sha-512")}, true},
		{"the strongest is right", []Fingerprint{wrong("sha-1"), of("sha-256")}, true},
		{"the strongest is wrong", []Fingerprint{of("sha-1"), wrong("sha-256"), of("sha-224")}, false},
		{"one of two certificates", []Fingerprint{wrong("sha-256"), of("sha-256")}, true},
		{"cut", []Fingerprint{{"sha-256", c.Fingerprint().Digest[:31]}}, false},
		{"empty", []Fingerprint{{"sha-256", ""}}, false},
		{"not believed", []Fingerprint{{"md5", strings.Repeat("x", 16)}, {"", ""}}, false},
		{"none", nil, false},
	} {
		if got := matches(x.list, der); got != x.want {
			t.Errorf("%s: %v", x.name, got)
		}
	}
	if f := certificate(t).Fingerprint(); f == c.Fingerprint() || f.Hash != "sha-256" {
		t.Errorf("%v twice", f)
	}
	if Client.String() != "client" || Server.String() != "server" {
		t.Error("a role has no name")
	}
}

// A wire loses what nobody reads, and ends for reader and writer alike.
func TestWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		w := newWire(func([]byte) { sent++ })
		for n := range 2 * backlog {
			w.put([]byte{byte(n)})
		}
		b := make([]byte, 9)
		for n := range backlog {
			if size, _, err := w.ReadFrom(b); err != nil || size != 1 || b[0] != byte(n) {
				t.Fatalf("packet %d: %d bytes, % x, %v", n, size, b, err)
			}
		}
		began := time.Now()
		if err := w.SetDeadline(began.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.ReadFrom(b); !errors.Is(err, context.DeadlineExceeded) && err == nil || time.Since(began) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if n, err := w.WriteTo(b, elsewhere()); n != 9 || err != nil || sent != 1 {
			t.Errorf("%d %v %d", n, err, sent)
		}
		_ = w.SetWriteDeadline(began)
		for range 2 {
			if err := w.Close(); err != nil {
				t.Error(err)
			}
		}
		_ = w.SetReadDeadline(time.Time{})
		if _, _, err := w.ReadFrom(b); err == nil {
			t.Error("read after the end")
		}
		if _, err := w.WriteTo(b, w.LocalAddr()); err == nil || sent != 1 {
			t.Error("written after the end")
		}
	})
}

// running reports whether an association has not ended.
func running(d *DTLS) bool {
	select {
	case <-d.ended:
		return false
	default:
		return true
	}
}

// FuzzDTLS: whatever comes, a handshake ends when it is told to, without keys.
func FuzzDTLS(f *testing.F) {
	config, _ := pair(f)
	var hello []byte
	config.Send = func(p []byte) {
		if hello == nil {
			hello = bytes.Clone(p)
		}
	}
	d, err := NewDTLS(config)
	if err != nil {
		f.Fatal(err)
	}
	d.Close()
	f.Add(true, hello)
	f.Add(false, hello)
	f.Add(true, append(bytes.Clone(hello), hello...))
	f.Add(true, []byte{21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 0})
	f.Add(false, []byte{21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 20, 254, 253, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1})
	f.Fuzz(func(t *testing.T, server bool, data []byte) {
		c := config
		c.Send = func([]byte) {}
		if server {
			c.Role = Server
		}
		d, err := NewDTLS(c)
		if err != nil {
			t.Fatal(err)
		}
		half := len(data) / 2
		d.Receive(data)
		d.Receive(data[half:])
		d.Receive(data[:half])
		for running(d) && len(d.wire.arrived) > 0 {
			runtime.Gosched()
		}
		d.Close()
		if send, _, err := d.Keys(); err == nil || send.Master() != nil {
			t.Fatal("keys were agreed on")
		}
	})
}

func BenchmarkHandshake(b *testing.B) {
	client, server := pair(b)
	for b.Loop() {
		var c, s *DTLS
		ready := make(chan struct{})
		client.Role, server.Role = Client, Server
		client.Send = func(p []byte) { <-ready; s.Receive(p) }
		server.Send = func(p []byte) { <-ready; c.Receive(p) }
		var err error
		if c, err = NewDTLS(client); err != nil {
			b.Fatal(err)
		}
		if s, err = NewDTLS(server); err != nil {
			b.Fatal(err)
		}
		close(ready)
		if _, _, err := c.Keys(); err != nil {
			b.Fatal(err)
		}
		if _, _, err := s.Keys(); err != nil {
			b.Fatal(err)
		}
		c.Close()
		s.Close()
	}
}
