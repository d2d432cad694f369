package rtp

import (
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/pion/rtcp"

	"github.com/tandem-gateway/tandem/rtp/srtp"
)

const (
	alicesAddress = "192.0.2.1:4000"
	bobsAddress   = "192.0.2.2:4000"
)

// pairUp is a call of two who speak the same.
func pairUp(t testing.TB) (r *rig, a, b *Session, alice, bob *speaker) {
	r = newRig(t)
	a = r.leg(plain(alicesAddress, Payload{Number: 0, Codec: pcmu}, Payload{Number: 101, Codec: events}))
	b = r.leg(plain(bobsAddress, Payload{Number: 0, Codec: pcmu}, Payload{Number: 101, Codec: events}))
	r.bridge(a, b)
	return r, a, b, r.speak(a, alicesAddress, 0, 0xA11CE), r.speak(b, bobsAddress, 0, 0xB0B)
}

func TestRelayChangesNothing(t *testing.T) {
	r, a, b, alice, bob := pairUp(t)
	first := rtpPacket(0, alice.sequence, alice.timestamp, alice.ssrc, 1, 2, 3)
	alice.say(start, 1)
	bob.say(start, 1)
	sent := r.take()
	if len(sent) != 2 {
		t.Fatalf("%d packets", len(sent))
	}
	if want := (sentPacket{b.LocalRTP(), addr(bobsAddress), first}); !reflect.DeepEqual(sent[0], want) {
		t.Errorf("to bob: %+v, want %+v", sent[0], want)
	}
	if sent[1].from != a.LocalRTP() || sent[1].to != addr(alicesAddress) {
		t.Errorf("to alice: %+v", sent[1])
	}
	got := a.Stats()
	want := Stats{
		Received: Stream{Packets: 1, Octets: 15, SSRC: 0xA11CE, Last: start},
		Sent:     Traffic{1, 15},
	}
	if got != want {
		t.Errorf("counters %+v, want %+v", got, want)
	}
	if !a.LastReceived().Equal(start) || a.Latched() != addr(alicesAddress) {
		t.Errorf("last %v, latched %v", a.LastReceived(), a.Latched())
	}
}

func TestRelayRenumbersPayloads(t *testing.T) {
	r := newRig(t)
	a := r.leg(Remote{
		RTP: addr(alicesAddress), Direction: SendRecv,
		// The numbers of the two directions may differ (RFC 3264 s5.1).
		Send:    []Payload{{Number: 0, Codec: pcmu}, {Number: 100, Codec: events}},
		Receive: []Payload{{Number: 0, Codec: pcmu}, {Number: 8, Codec: pcma}, {Number: 96, Codec: events}},
	})
	b := r.leg(plain(bobsAddress, Payload{Number: 0, Codec: Codec{Name: "pcmu", Rate: 8000, Channels: 1}}, Payload{Number: 101, Codec: events}))
	r.bridge(a, b)
	for _, number := range []uint8{0, 96, 8} {
		r.deliver(start, addr(alicesAddress), a.LocalRTP(), rtpPacket(number, 1, 1, 1))
	}
	for _, number := range []uint8{0, 101} {
		r.deliver(start, addr(bobsAddress), b.LocalRTP(), rtpPacket(number, 1, 1, 1))
	}
	var numbers []uint8
	for _, p := range r.take() {
		numbers = append(numbers, parsed(t, p.bytes).number)
	}
	if want := []uint8{0, 101, 0, 100}; !reflect.DeepEqual(numbers, want) {
		t.Errorf("numbers %v, want %v", numbers, want)
	}
	if n := b.Stats().Dropped.Unnegotiated; n != 1 {
		t.Errorf("%d packets of a codec that bob does not take were counted", n)
	}
}

func TestDirectionsAreObeyed(t *testing.T) {
	r, a, b, alice, bob := pairUp(t)
	hold := func(s *Session, at string, d Direction) {
		remote := plain(at, Payload{Number: 0, Codec: pcmu}, Payload{Number: 101, Codec: events})
		remote.Direction = d
		if err := s.SetRemote(remote); err != nil {
			t.Fatal(err)
		}
	}
	now := bob.say(alice.say(start, 1), 1)
	r.take()
	for _, c := range []struct {
		ofAlice         Direction
		toAlice, toBob  int
		heldIn, heldOut uint64
	}{
		{SendRecv, 1, 1, 0, 0}, {Sends, 0, 1, 0, 1}, {Receives, 1, 0, 1, 1}, {Inactive, 0, 0, 2, 2},
	} {
		hold(a, alicesAddress, c.ofAlice)
		alice.say(now, 1)
		now = bob.say(now, 1)
		got := make(map[netip.AddrPort]int)
		for _, p := range r.take() {
			got[p.to]++
		}
		if got[addr(alicesAddress)] != c.toAlice || got[addr(bobsAddress)] != c.toBob {
			t.Errorf("%s: %v", c.ofAlice, got)
		}
		if n := a.Stats().Dropped.Held; n != c.heldIn+c.heldOut {
			t.Errorf("%s: %d counted as held, want %d", c.ofAlice, n, c.heldIn+c.heldOut)
		}
	}
	if n := b.Stats().Dropped.Held; n != 0 {
		t.Errorf("bob: %d held", n)
	}
	if s := a.Stats().Received; s.Lost != 0 || s.Packets != 5 {
		t.Errorf("hold counts as loss: %+v", s)
	}
}

func TestPhoneBehindNAT(t *testing.T) {
	r := newRig(t)
	a := r.leg(plain("192.168.0.5:4000", Payload{Number: 0, Codec: pcmu}))
	b := r.leg(plain(bobsAddress, Payload{Number: 0, Codec: pcmu}))
	r.bridge(a, b)
	bob := r.speak(b, bobsAddress, 0, 2)
	alice := r.speak(a, "198.51.100.1:61000", 0, 1)

	now := bob.say(start, 1)
	if sent := r.take(); sent[0].to != addr("192.168.0.5:4000") {
		t.Errorf("before the latch: to %s", sent[0].to)
	}
	now = alice.say(now, 5)
	if sent := r.take(); len(sent) != 2 {
		t.Errorf("%d of 5 packets passed, want 2", len(sent))
	}
	bob.say(now, 1)
	if sent := r.take(); sent[0].to != alice.at {
		t.Errorf("after the latch: to %s", sent[0].to)
	}
	if n := a.Stats().Dropped.Strangers; n != 3 {
		t.Errorf("%d strangers", n)
	}
}

// TestSprayChangesNothingHeard: somebody floods both ports of a live call with
// everything that there is.
func TestSprayChangesNothingHeard(t *testing.T) {
	r, a, b, alice, bob := pairUp(t)
	now := bob.say(alice.say(start, 1), 1)
	r.take()
	sprayer := r.speak(a, "203.0.113.9:7000", 0, 0xBAD)
	for range 500 {
		sprayer.say(now, 1)
		r.deliver(now, sprayer.at, a.LocalRTCP(), marshal(t, &rtcp.Goodbye{Sources: []uint32{alice.ssrc}}))
		r.deliver(now, sprayer.at, a.LocalRTP(), []byte("\x00\x01garbage"))
		r.deliver(now, alice.at, a.LocalRTP(), []byte("\x80\x7fgarbage, from a forged address"))
		now = alice.say(now, 1)
	}
	sent := r.take()
	if len(sent) != 500 {
		t.Fatalf("bob was sent %d packets, want alice's 500", len(sent))
	}
	for _, p := range sent {
		if p.from != b.LocalRTP() || parsed(t, p.bytes).ssrc != alice.ssrc {
			t.Fatalf("bob was sent %+v", p)
		}
	}
	if d := a.Stats().Dropped; d.Strangers != 1000 || d.Malformed != 500 || d.Unnegotiated != 500 {
		t.Errorf("%+v", d)
	}
	bob.say(now, 1)
	if sent := r.take(); sent[0].to != alice.at {
		t.Errorf("alice's audio goes to %s", sent[0].to)
	}
}

func TestSwappedSourceContinues(t *testing.T) {
	r, a, b, alice, _ := pairUp(t)
	music, err := NewFeed(pcmu)
	if err != nil {
		t.Fatal(err)
	}
	ends := map[int]End{1: a, 2: b, 3: music}
	now := alice.say(start, 3)
	before := r.take()
	last := parsed(t, before[2].bytes)

	r.hear(Table{1: {{Source: 2}}, 2: {{Source: 3}}}, ends)
	alice.say(now, 1) // nobody hears her now
	for i := range uint32(2) {
		if err := music.Send(now, Frame{Codec: pcmu, Timestamp: i * 160, Payload: []byte{byte(i)}}); err != nil {
			t.Fatal(err)
		}
		now = now.Add(20 * ms)
	}
	r.bridge(a, b)
	alice.say(now, 1)

	sent := r.take()
	if len(sent) != 3 {
		t.Fatalf("%d packets", len(sent))
	}
	for i, p := range sent {
		h := parsed(t, p.bytes)
		if h.ssrc != last.ssrc || h.sequence != last.sequence+uint16(i)+1 || h.timestamp != last.timestamp+160*uint32(i+1) {
			t.Errorf("packet %d: %+v after %+v", i, h, last)
		}
		if h.marker != (i != 1) {
			t.Errorf("packet %d: marker %v", i, h.marker)
		}
	}
}

func TestCompilingTheSameAgainDisturbsNothing(t *testing.T) {
	r, a, b, alice, _ := pairUp(t)
	now := alice.say(start, 3)
	r.bridge(a, b)
	alice.say(now, 3)
	for i, p := range r.take() {
		if h := parsed(t, p.bytes); h.marker || h.sequence != uint16(0xA11CE&0xFFFF)+uint16(i) {
			t.Errorf("packet %d: %+v", i, h)
		}
	}
}

func TestReportsPassWithTheirStreams(t *testing.T) {
	r, a, b, alice, bob := pairUp(t)
	now := bob.say(alice.say(start, 1), 1)
	r.take()
	report := marshal(t, compound(alice.ssrc, bob.ssrc, 5, 6)...)
	r.deliver(now, addr("192.0.2.1:4001"), a.LocalRTCP(), report)
	want := []sentPacket{{b.LocalRTCP(), addr("192.0.2.2:4001"), report}}
	if sent := r.take(); !reflect.DeepEqual(sent, want) {
		t.Errorf("sent %+v, want %+v", sent, want)
	}
	in, out := a.Stats(), b.Stats()
	size := uint64(len(report))
	if in.ReportsReceived != (Traffic{1, size}) || out.ReportsSent != (Traffic{1, size}) {
		t.Errorf("counted %+v, %+v", in.ReportsReceived, out.ReportsSent)
	}
	r.deliver(now, addr("192.0.2.1:4001"), a.LocalRTCP(), report[:len(report)-1])
	r.deliver(now, addr("192.0.2.1:4001"), a.LocalRTCP(), rtpPacket(0, 1, 1, 1))
	if d := a.Stats().Dropped.Malformed; d != 2 || len(r.take()) != 0 {
		t.Errorf("garbage: %d counted", d)
	}
}

// TestReportsAreRewrittenWhenTheStreamIs: alice hears bob in the stream that she
// knew before him; what she reports about it must reach him under his own name,
// and what he says of himself must reach her under hers.
func TestReportsAreRewrittenWhenTheStreamIs(t *testing.T) {
	r, a, b, alice, bob := pairUp(t)
	ring, err := NewFeed(pcmu)
	if err != nil {
		t.Fatal(err)
	}
	r.hear(Table{1: {{Source: 3}}}, map[int]End{1: a, 2: b, 3: ring})
	alice.say(start, 1)
	if err := ring.Send(start, Frame{Codec: pcmu, Timestamp: 1000}); err != nil {
		t.Fatal(err)
	}
	r.bridge(a, b)
	bobs := header{ssrc: bob.ssrc, sequence: bob.sequence, timestamp: bob.timestamp}
	now := bob.say(start.Add(20*ms), 1)
	sent := r.take()
	known := parsed(t, sent[len(sent)-1].bytes)
	alice.say(now, 1)
	r.take()

	r.deliver(now, addr("192.0.2.1:4001"), a.LocalRTCP(), marshal(t, compound(alice.ssrc, known.ssrc, uint32(known.sequence), 6)...))
	r.deliver(now, addr("192.0.2.2:4001"), b.LocalRTCP(), marshal(t, compound(bob.ssrc, alice.ssrc, 5, bobs.timestamp)...))
	sent = r.take()
	if len(sent) != 2 {
		t.Fatalf("%d reports", len(sent))
	}
	if want := marshal(t, compound(alice.ssrc, bobs.ssrc, uint32(bobs.sequence), 6)...); string(sent[0].bytes) != string(want) {
		t.Errorf("to bob:\n%x\nwant\n%x", sent[0].bytes, want)
	}
	if want := marshal(t, compound(known.ssrc, alice.ssrc, 5, known.timestamp)...); string(sent[1].bytes) != string(want) {
		t.Errorf("to alice:\n%x\nwant\n%x", sent[1].bytes, want)
	}
}

func TestMultiplexedReports(t *testing.T) {
	r := newRig(t)
	muxed := plain(alicesAddress, Payload{Number: 0, Codec: pcmu})
	muxed.Mux = true
	a := r.leg(muxed)
	b := r.leg(plain(bobsAddress, Payload{Number: 0, Codec: pcmu}))
	r.bridge(a, b)
	report := marshal(t, &rtcp.ReceiverReport{SSRC: 1})
	r.deliver(start, addr(alicesAddress), a.LocalRTP(), report)
	r.deliver(start, addr("203.0.113.9:7000"), a.LocalRTP(), report)
	r.deliver(start, addr("192.0.2.2:4001"), b.LocalRTCP(), report)
	want := []sentPacket{
		{b.LocalRTCP(), addr("192.0.2.2:4001"), report},
		{a.LocalRTP(), addr(alicesAddress), report},
	}
	if sent := r.take(); !reflect.DeepEqual(sent, want) {
		t.Errorf("sent %+v", sent)
	}
	if s := a.Stats(); s.Received.Packets != 0 || s.ReportsReceived.Packets != 1 || s.Dropped.Strangers != 1 {
		t.Errorf("%+v", s)
	}
}

func TestReportsOnAnRTPPortThatIsNotMultiplexed(t *testing.T) {
	r, a, _, _, _ := pairUp(t)
	r.deliver(start, addr(alicesAddress), a.LocalRTP(), marshal(t, &rtcp.SenderReport{SSRC: 1}))
	if s := a.Stats(); len(r.take()) != 0 || s.Dropped.Unnegotiated != 1 {
		t.Errorf("%+v", s)
	}
}

func TestNothingIsSentNowhere(t *testing.T) {
	for _, at := range []netip.AddrPort{{}, addr("0.0.0.0:4000"), addr("192.0.2.2:0")} {
		r := newRig(t)
		a := r.leg(plain(alicesAddress, Payload{Number: 0, Codec: pcmu}))
		remote := plain(bobsAddress, Payload{Number: 0, Codec: pcmu})
		remote.RTP = at
		b := r.leg(remote)
		r.bridge(a, b)
		r.speak(a, alicesAddress, 0, 1).say(start, 1)
		r.deliver(start, addr("192.0.2.1:4001"), a.LocalRTCP(), marshal(t, &rtcp.ReceiverReport{SSRC: 1}))
		if d := b.Stats().Dropped.Unsent; d != 2 || len(r.take()) != 0 {
			t.Errorf("%s: %d counted", at, d)
		}
	}
}

func TestNetworkThatRefusesIsCounted(t *testing.T) {
	r, a, b, alice, _ := pairUp(t)
	b.media.Close()
	b.control.Close()
	alice.say(start, 2)
	r.deliver(start, addr("192.0.2.1:4001"), a.LocalRTCP(), marshal(t, &rtcp.ReceiverReport{SSRC: 1}))
	if s := b.Stats(); s.Dropped.Unsent != 3 || s.Sent != (Traffic{}) || s.ReportsSent != (Traffic{}) {
		t.Errorf("%+v", s)
	}
}

// TestSealedReportThatIsRefused: it is taken back as it was counted, which is without what
// sealing adds.
func TestSealedReportThatIsRefused(t *testing.T) {
	r, a, b, _, _ := pairUp(t)
	sealedTo(t, b, srtp.AESCM128HMACSHA180)
	b.control.Close()
	r.deliver(start, addr("192.0.2.1:4001"), a.LocalRTCP(), marshal(t, &rtcp.ReceiverReport{SSRC: 1}))
	if s := b.Stats(); s.Dropped.Unsent != 1 || s.ReportsSent != (Traffic{}) {
		t.Errorf("%+v", s)
	}
}

func TestSetRemoteRefuses(t *testing.T) {
	r := newRig(t)
	s := r.leg(plain(alicesAddress, Payload{Number: 0, Codec: pcmu}))
	for _, c := range []struct {
		remote Remote
		want   string
	}{
		{plain("[2001:db8::1]:4000", Payload{Number: 0, Codec: pcmu}), "another address family"},
		{plain(alicesAddress, Payload{Number: 128, Codec: pcmu}), "numbers go from 0 to 127"},
		{plain(alicesAddress, Payload{Number: 96, Codec: Codec{Name: "x"}}), "no clock rate"},
	} {
		if err := s.SetRemote(c.remote); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want ...%s...", err, c.want)
		}
	}
	if err := s.SetRemote(plain("[::ffff:192.0.2.1]:4000", Payload{Number: 0, Codec: pcmu})); err != nil {
		t.Errorf("IPv4 in IPv6: %v", err)
	}
	r.deliver(start, addr(alicesAddress), s.LocalRTP(), rtpPacket(0, 1, 1, 1))
	if s.Latched() != addr(alicesAddress) {
		t.Error("IPv4 in IPv6 is not the same address")
	}
}

func TestNothingIsReceivedBeforeSetRemote(t *testing.T) {
	r := newRig(t)
	s, err := r.engine.Open(netip.Addr{})
	if err != nil {
		t.Fatal(err)
	}
	r.speak(s, alicesAddress, 0, 1).say(start, 20)
	r.deliver(start, addr(alicesAddress), s.LocalRTCP(), marshal(t, &rtcp.ReceiverReport{SSRC: 1}))
	if st := s.Stats(); st.Dropped.Strangers != 21 || st.Received != (Stream{}) {
		t.Errorf("%+v", st)
	}
	s.Close()
}

func TestClosedSession(t *testing.T) {
	r, a, b, alice, bob := pairUp(t)
	now := bob.say(alice.say(start, 1), 1)
	r.take()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	bob.say(now, 1)
	a.receiveMedia(now, rtpPacket(0, alice.sequence, 1, alice.ssrc), alice.at) // one that was under way
	if sent := r.take(); len(sent) != 0 {
		t.Errorf("sent %+v", sent)
	}
	if err := a.Close(); !errors.Is(err, ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
	if err := a.SetRemote(plain(alicesAddress, Payload{Number: 0, Codec: pcmu})); !errors.Is(err, ErrClosed) {
		t.Errorf("SetRemote: %v", err)
	}
	if n := a.Stats().Received.Packets; n == 0 {
		t.Error("counters are gone")
	}
	if n := r.engine.InUse(); n != 1 {
		t.Errorf("%d pairs in use", n)
	}
	if b.Stats().Received.Packets != 2 {
		t.Error("bob is no longer received")
	}
}

func TestStatsOverALongCall(t *testing.T) {
	r, a, _, alice, _ := pairUp(t)
	now := alice.say(start, 100)
	alice.sequence += 10 // lost on the way
	alice.timestamp += 1600
	end := alice.say(now.Add(200*ms), 100)
	r.take()
	s := a.Stats().Received
	if s.Packets != 200 || s.Lost != 10 || s.Jitter != 0 || !s.Last.Equal(end.Add(-20*ms)) {
		t.Errorf("%+v", s)
	}
	if d := a.LastReceived().Sub(start); d != 210*20*ms-20*ms {
		t.Errorf("last after %v", d)
	}
}
