package rtp

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tandem-gateway/tandem/rtp/srtp"
)

const suite = srtp.AESCM128HMACSHA180

var suites = []srtp.Suite{
	srtp.AESCM128HMACSHA180, srtp.AESCM128HMACSHA132, srtp.AES256CMHMACSHA180, srtp.AEADAES128GCM, srtp.AEADAES256GCM,
}

// securePhone is a far end by SRTP: what it sends it seals, what it gets it opens.
type securePhone struct {
	*speaker
	out      *srtp.Outbound
	in       *srtp.Inbound
	security Security
}

// newPhone makes the far end of a session, with keys both ways.
func newPhone(t testing.TB, s srtp.Suite) *securePhone {
	t.Helper()
	theirs, ours := srtp.GenerateKeys(s), srtp.GenerateKeys(s)
	p := &securePhone{security: Security{Send: ours, Receive: theirs}}
	var err error
	if p.out, err = srtp.NewOutbound(theirs); err != nil {
		t.Fatal(err)
	}
	if p.in, err = srtp.NewInbound(ours); err != nil {
		t.Fatal(err)
	}
	return p
}

// seal is the phone's next packet as it goes on the wire.
func (p *securePhone) seal(t testing.TB, payload ...byte) []byte {
	t.Helper()
	plain := rtpPacket(p.number, p.sequence, p.timestamp, p.ssrc, payload...)
	sealed, err := p.out.Protect(append(make([]byte, 0, len(plain)+srtp.Tailroom), plain...))
	if err != nil {
		t.Fatal(err)
	}
	p.sequence++
	p.timestamp += 160
	return sealed
}

// saySealed sends n packets of 20 ms, and gives the time after the last.
func (p *securePhone) saySealed(t testing.TB, now time.Time, n int) time.Time {
	t.Helper()
	for range n {
		p.wire.deliver(now, p.at, p.to, p.seal(t, 1, 2, 3))
		now = now.Add(20 * time.Millisecond)
	}
	return now
}

// hears opens what was sent to the phone since the last call.
func (p *securePhone) hears(t testing.TB, now time.Time) (heard [][]byte) {
	t.Helper()
	for _, sent := range p.wire.take() {
		if sent.to != p.at {
			continue
		}
		plain, err := p.in.Unprotect(now, sent.bytes)
		if err != nil {
			t.Errorf("the phone cannot open %x: %v", sent.bytes, err)
			continue
		}
		heard = append(heard, plain)
	}
	return heard
}

// secureCall is a call of alice by SRTP with bob without.
func secureCall(t testing.TB, s srtp.Suite) (r *rig, a, b *Session, alice *securePhone, bob *speaker) {
	r, alice = newRig(t), newPhone(t, s)
	remote := plain(alicesAddress, Payload{Number: 0, Codec: pcmu}, Payload{Number: 101, Codec: events})
	remote.Security = &alice.security
	a = r.leg(remote)
	b = r.leg(plain(bobsAddress, Payload{Number: 0, Codec: pcmu}, Payload{Number: 101, Codec: events}))
	r.bridge(a, b)
	alice.speaker = r.speak(a, alicesAddress, 0, 0xA11CE)
	return r, a, b, alice, r.speak(b, bobsAddress, 0, 0xB0B)
}

// set changes alice's remote.
func (r *rig) set(s *Session, change func(*Remote)) {
	r.Helper()
	remote := s.remote
	change(&remote)
	if err := s.SetRemote(remote); err != nil {
		r.Fatal(err)
	}
}

func TestSecureOnOneSidePlainOnTheOther(t *testing.T) {
	for _, s := range suites {
		t.Run(s.String(), func(t *testing.T) {
			r, a, _, alice, bob := secureCall(t, s)
			r.deliver(start, alice.at, alice.to, alice.seal(t, 7, 8, 9))
			sent := r.take()
			if want := rtpPacket(0, alice.sequence-1, alice.timestamp-160, alice.ssrc, 7, 8, 9); len(sent) != 1 || !bytes.Equal(sent[0].bytes, want) {
				t.Fatalf("bob got %+v, want %x", sent, want)
			}
			want := rtpPacket(0, bob.sequence, bob.timestamp, bob.ssrc, 1, 2, 3)
			bob.say(start, 1)
			if sent := r.wire.sent; len(sent) != 1 || bytes.Contains(sent[0].bytes, []byte{1, 2, 3}) {
				t.Fatalf("on the wire to alice: %+v", sent)
			}
			if heard := alice.hears(t, start); len(heard) != 1 || !bytes.Equal(heard[0], want) {
				t.Errorf("alice heard %x, want %x", heard, want)
			}
			// Octets are those of RTP, whatever SRTP puts behind them.
			if n := a.Stats(); n.Received.Octets != 15 || n.Sent != (Traffic{1, 15}) || n.Dropped != (Dropped{}) {
				t.Errorf("counters %+v", n)
			}
		})
	}
}

// TestSharedPacketIsSealedForEachOfItsListeners: the packet of one source goes to two phones
// by SRTP, one without, and a sink, in whatever order.
func TestSharedPacketIsSealedForEachOfItsListeners(t *testing.T) {
	r, one, two := newRig(t), newPhone(t, suite), newPhone(t, srtp.AEADAES256GCM)
	ends := map[int]End{}
	for i, p := range []*securePhone{one, two} {
		remote := plain([]string{alicesAddress, "192.0.2.3:4000"}[i], Payload{Number: 0, Codec: pcmu})
		remote.Security = &p.security
		s := r.leg(remote)
		p.speaker = r.speak(s, remote.RTP.String(), 0, uint32(i))
		ends[i+1] = s
	}
	ends[3] = r.leg(plain(bobsAddress, Payload{Number: 0, Codec: pcmu}))
	var taken []byte
	ends[4] = NewSink(func(_ time.Time, p Packet) { taken = append(taken, p.Payload...) })
	feed, err := NewFeed(pcmu)
	if err != nil {
		t.Fatal(err)
	}
	ends[5] = feed
	r.hear(Table{1: {{Source: 5}}, 2: {{Source: 5}}, 3: {{Source: 5}}, 4: {{Source: 5}}}, ends)
	if err := feed.Send(start, Frame{Codec: pcmu, Payload: []byte{1, 2, 3, 4}}); err != nil {
		t.Fatal(err)
	}
	all := r.take()
	if len(all) != 3 || !bytes.Equal(taken, []byte{1, 2, 3, 4}) {
		t.Fatalf("sent %+v, the sink got %v", all, taken)
	}
	for _, p := range []*securePhone{one, two} {
		r.sent = append(r.sent[:0], all...)
		if heard := p.hears(t, start); len(heard) != 1 || !bytes.HasSuffix(heard[0], []byte{1, 2, 3, 4}) {
			t.Errorf("%v heard %x", p.at, heard)
		}
	}
	for _, p := range all {
		if p.to == addr(bobsAddress) && !bytes.HasSuffix(p.bytes, []byte{1, 2, 3, 4}) {
			t.Errorf("bob got %x", p.bytes)
		}
	}
}

// TestFloodOfUnauthenticPackets: neither who has alice's address nor who has her keys of
// yesterday is heard, or moves anything.
func TestFloodOfUnauthenticPackets(t *testing.T) {
	r, a, _, alice, _ := secureCall(t, suite)
	now := alice.saySealed(t, start, 1)
	r.take()
	stranger := newPhone(t, suite)
	stranger.speaker = &speaker{wire: r.wire, at: alice.at, to: alice.to, sequence: alice.sequence, ssrc: alice.ssrc}
	again := alice.seal(t, 1)
	r.deliver(now, alice.at, alice.to, again)
	r.take()
	latched, received := a.latch, a.in
	for range 100 {
		stranger.saySealed(t, now, 1)                                                         // another key
		stranger.say(now, 1)                                                                  // none
		r.deliver(now, alice.at, alice.to, again)                                             // replayed
		r.deliver(now, addr("203.0.113.9:7000"), alice.to, stranger.seal(t, 1))               // from elsewhere
		r.deliver(now, alice.at, alice.to, []byte{22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0})          // a handshake that is none
		r.deliver(now, alice.at, a.LocalRTCP(), marshal(t, compound(alice.ssrc, 1, 2, 3)...)) // plain RTCP
	}
	if sent := r.take(); len(sent) != 0 {
		t.Fatalf("%d packets were sent on", len(sent))
	}
	if !reflect.DeepEqual(a.latch, latched) || a.in != received {
		t.Errorf("latch %+v, was %+v; reception %+v, was %+v", a.latch, latched, a.in, received)
	}
	if d := a.Stats().Dropped; d.Unauthentic != 400 || d.Strangers != 200 {
		t.Errorf("dropped %+v", d)
	}
	alice.saySealed(t, now, 10)
	if sent := r.take(); len(sent) != 10 {
		t.Errorf("%d of alice's packets pass after the flood", len(sent))
	}
}

// TestLatchCountsAuthenticPacketsOnly: behind NAT the phone has to show a run, and so
// would who has no keys; theirs does not count, hers does.
func TestLatchCountsAuthenticPacketsOnly(t *testing.T) {
	r, a, b, alice, _ := secureCall(t, suite)
	r.set(a, func(m *Remote) { m.RTP, m.Hint = addr("10.9.9.9:4000"), netip.MustParseAddr("203.0.113.1") })
	stranger := newPhone(t, suite)
	stranger.speaker = r.speak(a, "203.0.113.1:1", 0, 0x666)
	now := stranger.saySealed(t, start, 100)
	if a.Latched().IsValid() || a.latch.runs != nil || len(r.take()) != 0 {
		t.Fatalf("latched %v, runs %v", a.Latched(), a.latch.runs)
	}
	alice.at = addr("203.0.113.1:9000")
	now = alice.saySealed(t, now, runLength+1)
	if a.Latched() != alice.at || len(r.take()) != 2 {
		t.Errorf("latched %v", a.Latched())
	}
	if moved := b.Latched(); moved.IsValid() {
		t.Errorf("bob's is latched to %v", moved)
	}
	_ = now
}

// TestHoldKeepsTheRollOverCounter: with the same keys hold and resume disturb nothing,
// across the wrap of the sequence numbers and while plain RTP is agreed in between.
func TestHoldKeepsTheRollOverCounter(t *testing.T) {
	r, a, _, alice, bob := secureCall(t, suite)
	alice.sequence, bob.sequence = 65530, 65533
	now := alice.saySealed(t, start, 10)
	bob.say(start, 10)
	if n := len(alice.hears(t, now)); n != 10 {
		t.Fatalf("alice heard %d", n)
	}
	again := alice.security
	for _, d := range []Direction{Sends, Receives, 0, SendRecv} {
		r.set(a, func(m *Remote) { m.Direction, m.Security = d, &again })
	}
	r.set(a, func(m *Remote) { m.Security = nil })
	r.set(a, func(m *Remote) { m.Security = &again })
	alice.saySealed(t, now, 5)
	if n := len(r.take()); n != 5 {
		t.Errorf("bob was sent %d after the hold", n)
	}
	bob.say(now, 5)
	if n := len(alice.hears(t, now)); n != 5 {
		t.Errorf("alice heard %d after the hold", n)
	}
}

// TestRekeyWithoutAGap: after a re-INVITE with new keys those on the way pass, and the new
// ones do.
func TestRekeyWithoutAGap(t *testing.T) {
	r, a, _, alice, bob := secureCall(t, suite)
	now := alice.saySealed(t, start, 3)
	bob.say(start, 3)
	alice.hears(t, now)
	next := newPhone(t, suite)
	r.set(a, func(m *Remote) { m.Security = &next.security })
	late := alice.seal(t, 1)
	if err := alice.out.Rekey(next.security.Receive); err != nil {
		t.Fatal(err)
	}
	if err := alice.in.Rekey(now, next.security.Send); err != nil {
		t.Fatal(err)
	}
	now = alice.saySealed(t, now, 3)
	r.deliver(now, alice.at, alice.to, late)
	if n := len(r.take()); n != 4 {
		t.Errorf("%d of 4 packets pass around the change of keys", n)
	}
	bob.say(now, 3)
	if n := len(alice.hears(t, now)); n != 3 {
		t.Errorf("alice heard %d under the new keys", n)
	}
}

func TestKeysThatAreNoneAreRefused(t *testing.T) {
	r, a, _, alice, _ := secureCall(t, suite)
	alice.saySealed(t, start, 1)
	remote := a.remote
	remote.Security = &Security{Send: srtp.GenerateKeys(suite)}
	remote.Direction = 0
	if err := a.SetRemote(remote); !errors.Is(err, srtp.ErrKeys) {
		t.Errorf("error %v", err)
	}
	r.take()
	alice.saySealed(t, start, 1)
	if n := len(r.take()); n != 1 {
		t.Errorf("after keys that were refused %d packets pass", n)
	}
}

// TestSourceThatJumpsIsHeardOn: another SSRC, numbers that jump backwards or by more than
// half of all: SRTP cannot say that, so the stream is renumbered.
func TestSourceThatJumpsIsHeardOn(t *testing.T) {
	jumps := map[string]func(*speaker){
		"SSRC":               func(s *speaker) { s.ssrc, s.sequence = 0x5A, 9 },
		"SSRC and back":      func(s *speaker) { s.ssrc ^= 1; s.say(start, 1); s.ssrc ^= 1; s.sequence -= 5000 },
		"backwards":          func(s *speaker) { s.sequence -= 1000 },
		"by half and beyond": func(s *speaker) { s.sequence += 40000 },
		"ahead":              func(s *speaker) { s.sequence += 20000 },
	}
	for name, jump := range jumps {
		t.Run(name, func(t *testing.T) {
			r, _, _, alice, bob := secureCall(t, suite)
			bob.say(start, 300)
			alice.hears(t, start)
			jump(bob)
			bob.say(start, 50)
			heard := alice.hears(t, start)
			if len(heard) < 49 {
				t.Fatalf("alice heard %d of 50 packets", len(heard))
			}
			for _, p := range heard {
				if got := parsed(t, p).ssrc; got != 0xB0B {
					t.Fatalf("SSRC %x", got)
				}
			}
			r.take()
		})
	}
}

// TestCopiesAndLatePacketsDoNotJump: what the network doubles or turns round is no jump,
// and no index is used twice.
func TestCopiesAndLatePacketsDoNotJump(t *testing.T) {
	r, a, _, alice, bob := secureCall(t, suite)
	bob.say(start, 200)
	alice.hears(t, start)
	for _, back := range []uint16{1, 2, 3, 100, 99, 150, 160} {
		bob.sequence -= back
		bob.say(start, 1)
		bob.sequence += back - 1
	}
	if heard := alice.hears(t, start); len(heard) != 0 {
		t.Errorf("heard again: %x", heard)
	}
	if n := a.Stats().Dropped.Late; n != 7 {
		t.Errorf("%d counted as late", n)
	}
	bob.say(start, 3)
	if n := len(alice.hears(t, start)); n != 3 {
		t.Errorf("%d heard after them", n)
	}
	r.take()
}

// TestWhateverTheSourceTheStreamCanBeOpened holds the renumbering against the receiver.
func TestWhateverTheSourceTheStreamCanBeOpened(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r, _, _, alice, bob := secureCall(t, suite)
		for range rapid.IntRange(1, 8).Draw(rt, "pieces") {
			// A little way back is taken for late packets, until it goes on from the newest.
			bob.sequence += rapid.Uint16Max(65536-2*oldestSealed).Draw(rt, "jump")
			bob.ssrc = rapid.Uint32Range(1, 3).Draw(rt, "ssrc")
			n := rapid.IntRange(3, 20).Draw(rt, "packets")
			bob.say(start, n)
			if heard := alice.hears(t, start); len(heard) < n-2 {
				rt.Fatalf("%d of %d heard", len(heard), n)
			}
		}
		r.take()
		for _, s := range r.sockets {
			s.closed = false
		}
	})
}

func TestReportsAreSealedToo(t *testing.T) {
	for name, mux := range map[string]bool{"on its own port": false, "on the port of RTP": true} {
		t.Run(name, func(t *testing.T) {
			r, a, b, alice, bob := secureCall(t, suite)
			r.set(a, func(m *Remote) { m.Mux = mux })
			at, to := addr("192.0.2.1:4001"), a.LocalRTCP()
			if mux {
				at, to = alice.at, alice.to
			}
			now := alice.saySealed(t, start, 1)
			bob.say(now, 1)
			r.take()
			report := marshal(t, compound(alice.ssrc, bob.ssrc, 1, 2)...)
			sealed, err := alice.out.ProtectRTCP(append(make([]byte, 0, len(report)+srtp.Tailroom), report...))
			if err != nil {
				t.Fatal(err)
			}
			r.deliver(now, at, to, sealed)
			r.deliver(now, at, to, sealed) // replayed
			r.deliver(now, at, to, report) // not sealed
			if sent := r.take(); len(sent) != 1 || !bytes.Equal(sent[0].bytes, report) || sent[0].from != b.LocalRTCP() {
				t.Fatalf("to bob: %+v", sent)
			}
			back := marshal(t, compound(bob.ssrc, alice.ssrc, 1, 2)...)
			r.deliver(now, addr("192.0.2.2:4001"), b.LocalRTCP(), back)
			sent := r.take()
			if len(sent) != 1 || sent[0].to != at {
				t.Fatalf("to alice: %+v", sent)
			}
			if plain, err := alice.in.UnprotectRTCP(now, sent[0].bytes); err != nil || !bytes.Equal(plain, back) {
				t.Errorf("alice opened %x, %v", plain, err)
			}
			if d := a.Stats().Dropped; d.Unauthentic != 2 {
				t.Errorf("dropped %+v", d)
			}
		})
	}
}

// TestNothingPassesWithoutKeys: before a handshake has ended nothing goes out in clear, and
// nothing comes in.
func TestNothingPassesWithoutKeys(t *testing.T) {
	a, b := quietCall(t, false)
	shake(t, a, &Handshake{Role: srtp.Server, Certificate: certificate(t), Fingerprints: []srtp.Fingerprint{certificate(t).Fingerprint()}})
	relayed(a, addr(alicesAddress))()
	relayed(b, addr(bobsAddress))()
	a.receiveControl(start, marshal(t, compound(1, 2, 3, 4)...), addr("192.0.2.1:4001"))
	b.receiveControl(start, marshal(t, compound(1, 2, 3, 4)...), addr("192.0.2.2:4001"))
	got := a.Stats()
	if got.Dropped.Unauthentic != 2 || got.Dropped.Unsent != 2 || got.Sent.Packets != 0 {
		t.Errorf("%+v", got)
	}
	if n := a.media.(*quietSocket).sent; n != 0 {
		t.Errorf("%d packets were sent", n)
	}
}

func certificate(t testing.TB) *srtp.Certificate {
	t.Helper()
	c, err := srtp.GenerateCertificate(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func shake(t testing.TB, s *Session, h *Handshake) {
	t.Helper()
	s.mu.Lock()
	remote := s.remote
	s.mu.Unlock()
	remote.Security = &Security{Handshake: h}
	if err := s.SetRemote(remote); err != nil {
		t.Fatal(err)
	}
}

// twoGateways are two sessions that are each other's far ends, with a voice at one and an
// ear at the other.
func twoGateways(t *testing.T) (a, b *Session, say func(), heard chan []byte) {
	e, err := New(Config{Network: newUDP(t), Address: loopback, First: 31000, Last: 31999})
	if err != nil {
		t.Fatal(err)
	}
	a = sessionTo(t, e, addr("127.0.0.1:9"))
	b = sessionTo(t, e, a.LocalRTP())
	a.mu.Lock()
	remote := a.remote
	a.mu.Unlock()
	remote.RTP, remote.RTCP = b.LocalRTP(), netip.AddrPort{}
	if err := a.SetRemote(remote); err != nil {
		t.Fatal(err)
	}
	feed, err := NewFeed(pcmu)
	if err != nil {
		t.Fatal(err)
	}
	heard = make(chan []byte, 100)
	ear := NewSink(func(_ time.Time, p Packet) { heard <- bytes.Clone(p.Payload) })
	swap(t, Table{1: {{Source: 2}}}, map[int]End{1: a, 2: feed})
	swap(t, Table{1: {{Source: 2}}}, map[int]End{1: ear, 2: b})
	return a, b, func() {
		if err := feed.Send(time.Now(), Frame{Codec: pcmu, Payload: []byte("hello")}); err != nil {
			t.Error(err)
		}
	}, heard
}

// ended waits for both handshakes.
func ended(t *testing.T, verdicts chan error, n int) (list []error) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	for range n {
		select {
		case err := <-verdicts:
			list = append(list, err)
		case <-ctx.Done():
			t.Fatal("the handshake has no end")
		}
	}
	return list
}

func TestHandshakeOverTheMediaPort(t *testing.T) {
	a, b, say, heard := twoGateways(t)
	one, other := certificate(t), certificate(t)
	verdicts := make(chan error, 2)
	tell := func(err error) { verdicts <- err }
	client := Handshake{Role: srtp.Client, Certificate: one, Fingerprints: []srtp.Fingerprint{other.Fingerprint()}, Ended: tell}
	server := Handshake{Role: srtp.Server, Certificate: other, Fingerprints: []srtp.Fingerprint{one.Fingerprint()}, Ended: tell}
	shake(t, b, &server)
	shake(t, a, &client)
	for _, err := range ended(t, verdicts, 2) {
		if err != nil {
			t.Fatal(err)
		}
	}
	say()
	if got := <-heard; string(got) != "hello" {
		t.Errorf("heard %q", got)
	}
	before := a.secured.handshake
	again := client
	shake(t, a, &again) // the same description once more
	if a.secured.handshake != before {
		t.Error("a description that says nothing new began another handshake")
	}
	say()
	<-heard
}

func TestHandshakeWithSomebodyElse(t *testing.T) {
	a, b, _, _ := twoGateways(t)
	one, other := certificate(t), certificate(t)
	verdicts := make(chan error, 2)
	tell := func(err error) { verdicts <- err }
	shake(t, b, &Handshake{Role: srtp.Server, Certificate: other, Fingerprints: []srtp.Fingerprint{other.Fingerprint()}, Ended: tell})
	shake(t, a, &Handshake{Role: srtp.Client, Certificate: one, Fingerprints: []srtp.Fingerprint{other.Fingerprint()}, Timeout: 2 * time.Second, Ended: tell})
	var fingerprint bool
	for _, err := range ended(t, verdicts, 2) {
		fingerprint = fingerprint || errors.Is(err, srtp.ErrFingerprint)
	}
	if !fingerprint {
		t.Error("nobody says that the certificate is another")
	}
}

func TestHandshakeThatNobodyAnswers(t *testing.T) {
	a, _ := quietCall(t, false)
	verdicts := make(chan error, 1)
	h := &Handshake{
		Role: srtp.Client, Certificate: certificate(t), Fingerprints: []srtp.Fingerprint{certificate(t).Fingerprint()},
		Timeout: 10 * time.Millisecond, Ended: func(err error) { verdicts <- err },
	}
	shake(t, a, h)
	if err := ended(t, verdicts, 1)[0]; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

// TestCloseEndsTheHandshake: TestMain looks for what is left.
func TestCloseEndsTheHandshake(t *testing.T) {
	a, _ := quietCall(t, false)
	told := make(chan error, 1)
	h := Handshake{Role: srtp.Client, Certificate: certificate(t), Fingerprints: []srtp.Fingerprint{certificate(t).Fingerprint()}, Ended: func(err error) { told <- err }}
	shake(t, a, &h)
	h.Role = srtp.Server // another association takes its place
	shake(t, a, &h)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-told:
		t.Errorf("told %v of a handshake that was ended", err)
	default:
	}
	if err := a.SetRemote(a.remote); !errors.Is(err, ErrClosed) {
		t.Errorf("error %v", err)
	}
}

// TestConsidersNeverContradictsStep: an address that is not considered would not have been
// believed.
func TestConsidersNeverContradictsStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l latch
		now := start
		sequence := uint16(0)
		var branches []netip.AddrPort
		if rapid.Bool().Draw(t, "forked") {
			branches = []netip.AddrPort{addr("192.0.2.1:1"), addr("192.0.2.2:2")}
		}
		l.expect(addr("192.0.2.1:4000"), drawHint(t), branches)
		for range rapid.IntRange(1, 60).Draw(t, "packets") {
			from := netip.AddrPortFrom(netip.MustParseAddr(rapid.SampledFrom([]string{"192.0.2.1", "192.0.2.2", "203.0.113.1"}).Draw(t, "from")), uint16(rapid.SampledFrom([]int{1, 2, 4000}).Draw(t, "port")))
			now = now.Add(time.Duration(rapid.IntRange(0, 6000).Draw(t, "ms")) * time.Millisecond)
			considered := l.considers(now, from)
			if l.step(now, from, header{ssrc: 1, sequence: sequence}) && !considered {
				t.Fatalf("%v was believed and not considered: %+v", from, l)
			}
			sequence++
		}
	})
}

// FuzzSecure: whatever comes to the ports of a far end by SRTP, nothing goes on.
func FuzzSecure(f *testing.F) {
	f.Add(rtpPacket(0, 1, 2, 3, 4, 5), false)
	f.Add(rtpPacket(0, 1, 2, 3, make([]byte, 40)...), false)
	f.Add([]byte{22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1}, false)
	f.Add(marshal(f, compound(1, 2, 3, 4)...), true)
	f.Add([]byte{0x80, 200, 0, 0}, true)
	f.Fuzz(func(t *testing.T, packet []byte, control bool) {
		r, a, _, alice, _ := secureCall(t, srtp.AEADAES128GCM)
		r.set(a, func(m *Remote) { m.Mux = true })
		to := a.LocalRTP()
		if control {
			to = a.LocalRTCP()
		}
		r.deliver(start, alice.at, to, packet)
		if sent := r.take(); len(sent) != 0 {
			t.Fatalf("%x became %+v", packet, sent)
		}
	})
}

// sealedTo makes a far end's side by SRTP of a session of quietCall.
func sealedTo(t testing.TB, s *Session, with srtp.Suite) *securePhone {
	t.Helper()
	p := newPhone(t, with)
	remote := s.remote
	remote.Security = &p.security
	if err := s.SetRemote(remote); err != nil {
		t.Fatal(err)
	}
	return p
}

// relayedSealed is relayed for a far end by SRTP. Sealing is part of what it costs.
func relayedSealed(t testing.TB, a *Session, p *securePhone, from netip.AddrPort) func() {
	packet := rtpPacket(0, 0, 0, 0, make([]byte, 160+srtp.Tailroom)...)[:headerSize+160]
	h, now := header{ssrc: 1}, start
	return func() {
		h.write(packet)
		sealed, err := p.out.Protect(packet)
		if err != nil {
			t.Fatal(err)
		}
		a.receiveMedia(now, sealed, from)
		h.sequence++
		h.timestamp += 160
		now = now.Add(20 * time.Millisecond)
	}
}

func TestSecureRelayDoesNotAllocate(t *testing.T) {
	if racing {
		t.Skip("the race detector allocates by itself")
	}
	for _, s := range suites {
		for name, both := range map[string]bool{"one side": false, "both sides": true} {
			a, b := quietCall(t, true)
			p := sealedTo(t, a, s)
			if both {
				sealedTo(t, b, s)
			}
			for way, carry := range map[string]func(){
				"opened": relayedSealed(t, a, p, addr(alicesAddress)),
				"sealed": relayed(b, addr(bobsAddress)),
			} {
				if both && way == "sealed" {
					continue // bob's packets would have to be sealed too
				}
				carry()
				if n := allocsPerRun(500, carry); n != 0 {
					t.Errorf("%v, %s, %s: %v allocations a packet", s, name, way, n)
				}
			}
			if sent := b.media.(*quietSocket).sent; sent < 500 {
				t.Errorf("%v, %s: only %d packets were sent", s, name, sent)
			}
		}
	}
}

// TestUnauthenticPacketsDoNotAllocate: but for the library's errors of AEAD, which are
// small and not kept.
func TestUnauthenticPacketsDoNotAllocate(t *testing.T) {
	if racing {
		t.Skip("the race detector allocates by itself")
	}
	bounds := map[srtp.Suite]float64{srtp.AEADAES128GCM: 8, srtp.AEADAES256GCM: 8}
	for _, s := range suites {
		a, _ := quietCall(t, false)
		p := sealedTo(t, a, s)
		relayedSealed(t, a, p, addr(alicesAddress))()
		for name, carry := range map[string]func(){
			"plain": relayed(a, addr(alicesAddress)), "a stranger's": relayed(a, addr("203.0.113.9:7000")),
		} {
			if n := allocsPerRun(500, carry); n > bounds[s] {
				t.Errorf("%v, %s: %v allocations a packet", s, name, n)
			}
		}
	}
}

// BenchmarkSecureRelay is BenchmarkRelay with SRTP: sealed on its way out, opened on its
// way in (with the far end's sealing, which costs as much again).
func BenchmarkSecureRelay(b *testing.B) {
	for _, s := range suites {
		b.Run("sealed/"+s.String(), func(b *testing.B) {
			one, other := quietCall(b, false)
			sealedTo(b, other, s)
			carry := relayed(one, addr(alicesAddress))
			b.ReportAllocs()
			for b.Loop() {
				carry()
			}
		})
		b.Run("opened/"+s.String(), func(b *testing.B) {
			one, _ := quietCall(b, false)
			carry := relayedSealed(b, one, sealedTo(b, one, s), addr(alicesAddress))
			b.ReportAllocs()
			for b.Loop() {
				carry()
			}
		})
	}
}

// BenchmarkUnauthentic is what a packet from the right address without the key costs.
func BenchmarkUnauthentic(b *testing.B) {
	a, _ := quietCall(b, false)
	p := sealedTo(b, a, suite)
	relayedSealed(b, a, p, addr(alicesAddress))()
	carry := relayed(a, addr(alicesAddress))
	b.ReportAllocs()
	for b.Loop() {
		carry()
	}
}
