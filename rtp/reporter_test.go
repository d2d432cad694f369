package rtp

import (
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"

	"github.com/tandem-gateway/tandem/rtp/audio"
	"github.com/tandem-gateway/tandem/rtp/quality"
)

// controlEar is the RTCP socket of a session, and what has left by it.
type controlEar struct {
	Socket
	mu   sync.Mutex
	sent []sentReport
}

type sentReport struct {
	at      time.Time
	to      netip.AddrPort
	bytes   []byte
	packets []rtcp.Packet
}

func (e *controlEar) Send(packet []byte, to netip.AddrPort) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sent = append(e.sent, sentReport{at: time.Now(), to: to, bytes: slices.Clone(packet)})
	return nil
}

// reports gives what was sent, read by another's parser.
func (e *controlEar) reports(t *testing.T) []sentReport {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range e.sent {
		var err error
		if !validReports(e.sent[i].bytes) {
			t.Fatalf("report %d: %x", i, e.sent[i].bytes)
		}
		if e.sent[i].packets, err = rtcp.Unmarshal(e.sent[i].bytes); err != nil {
			t.Fatalf("report %d: %v", i, err)
		}
		if err := rtcp.CompoundPacket(e.sent[i].packets).Validate(); err != nil {
			t.Fatalf("report %d: %v", i, err)
		}
	}
	return e.sent
}

func listenTo(s *Session) *controlEar {
	e := &controlEar{Socket: s.control}
	s.control = e
	return e
}

// transcoded is a call of two codecs, and what leaves as RTCP.
func transcoded(t *testing.T) (r *rehearsal, alice, bob *party, ears [2]*controlEar) {
	r = newRehearsal(t)
	alice, bob = r.party(1, 1004, pcmu), r.party(2, 600, g722)
	ears = [2]*controlEar{listenTo(alice.Session), listenTo(bob.Session)}
	r.hears(both(), nil, alice, bob)
	return r, alice, bob, ears
}

// TestReportsOfATranscodedCall: each side is told of what we send it, under the SSRC that it
// hears, and of what it sends us.
func TestReportsOfATranscodedCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, alice, bob, ears := transcoded(t)
		began := time.Now()
		talk(time.Minute, alice, bob)
		for i, p := range []*party{alice, bob} {
			heard, list := p.taken(), ears[i].reports(t)
			checkTimes(t, began, list)
			last := list[len(list)-1]
			sr, ok := last.packets[0].(*rtcp.SenderReport)
			if !ok || sr.SSRC != heard[0].header.ssrc || len(sr.Reports) != 1 {
				t.Fatalf("%+v about the stream %x", last.packets[0], heard[0].header.ssrc)
			}
			sent := uint32(last.at.Sub(began)/framePeriod) + 1
			if sr.PacketCount != sent && sr.PacketCount != sent-1 || sr.OctetCount != sr.PacketCount*160 {
				t.Errorf("%d packets, %d octets, of %d", sr.PacketCount, sr.OctetCount, sent)
			}
			// RFC 3550 s6.4.1: the timestamp "corresponds to the same time as the NTP timestamp".
			want := heard[0].header.timestamp + uint32(last.at.Sub(heard[0].at)/(time.Second/8000))
			if ahead := int32(sr.RTPTime - want); ahead < -8 || ahead > 8 || sr.NTPTime != quality.NTP(last.at) {
				t.Errorf("timestamp %d, want %d", sr.RTPTime, want)
			}
			block := sr.Reports[0]
			if block.SSRC != p.head.ssrc || block.TotalLost != 0 || uint16(block.LastSequenceNumber) > p.head.sequence && p.head.sequence > 4000 {
				t.Errorf("%+v of %x", block, p.head.ssrc)
			}
			if to := netip.AddrPortFrom(p.far.Addr(), p.far.Port()+1); last.to != to {
				t.Errorf("it went to %v, want %v", last.to, to)
			}
		}
	})
}

// checkTimes: RFC 3550 s6.2: 5 s in the mean, spread, the first one sooner.
func checkTimes(t *testing.T, began time.Time, list []sentReport) {
	t.Helper()
	if len(list) < 10 || len(list) > 24 {
		t.Fatalf("%d reports in a minute", len(list))
	}
	if first := list[0].at.Sub(began); first < time.Second || first > 3200*ms {
		t.Errorf("the first report after %v", first)
	}
	pauses := make(map[time.Duration]bool)
	for i := 1; i < len(list); i++ {
		pause := list[i].at.Sub(list[i-1].at)
		pauses[pause] = true
		if pause < 2*time.Second || pause > 6200*ms {
			t.Errorf("report %d after %v", i, pause)
		}
	}
	if len(pauses) < 3 {
		t.Errorf("the pauses are %v: not by chance", pauses)
	}
}

// TestOurReportsMeasureTheRoundTrip: a far end answers our reports, 40 ms away, and its own
// loss is told to it.
func TestOurReportsMeasureTheRoundTrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, alice, bob, ears := transcoded(t)
		talk(4*time.Second, alice, bob)
		ntp := quality.NTP(time.Now())
		far := netip.AddrPortFrom(alice.far.Addr(), alice.far.Port()+1)
		alice.receiveControl(time.Now(), quality.AppendSender(nil, quality.Sender{SSRC: alice.head.ssrc, NTP: ntp}), far)
		for range 20 {
			alice.next() // lost
		}
		talk(7*time.Second, alice, bob)
		list := ears[0].reports(t)
		last := list[len(list)-1]
		sr := last.packets[0].(*rtcp.SenderReport)
		if b := sr.Reports[0]; b.TotalLost != 20 || b.LastSenderReport != quality.Middle(ntp) || b.Delay == 0 {
			t.Errorf("alice is told %+v", b)
		}
		block := quality.Block{SSRC: sr.SSRC, LastReport: quality.Middle(sr.NTPTime), Delay: quality.Short(time.Second)}
		alice.receiveControl(last.at.Add(time.Second+40*ms), quality.AppendReceiver(nil, alice.head.ssrc, block), far)
		alice.Measure(last.at.Add(2 * time.Second))
		if trip := alice.Quality(last.at.Add(3 * time.Second)).RoundTrip; (trip - 40*ms).Abs() > ms {
			t.Errorf("the round trip is %v, want 40 ms", trip)
		}
	})
}

// TestNoReportsBesideARelay: the other side's pass, so there are none of ours, and no BYE.
func TestNoReportsBesideARelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		alice, bob := r.party(1, 1004, pcmu), r.party(2, 600, pcmu)
		ear := listenTo(alice.Session)
		r.hears(both(), nil, alice, bob)
		talk(30*time.Second, alice, bob)
		alice.Close()
		if n := len(ear.reports(t)); n != 0 {
			t.Errorf("%d reports", n)
		}
	})
}

// TestReportsComeAndGoWithTheWay: relayed, then music, then relayed.
func TestReportsComeAndGoWithTheWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		alice, bob := r.party(1, 1004, pcmu), r.party(2, 600, pcmu)
		ear := listenTo(alice.Session)
		count := func() int { n := len(ear.reports(t)); return n }
		r.hears(both(), nil, alice, bob)
		talk(10*time.Second, alice, bob)
		music := r.player(audio.Tune(8000).Loop())
		r.hears(Table{1: {{Source: -1}}, 2: {{Source: 1}}}, map[int]End{-1: music}, alice, bob)
		talk(10*time.Second, alice, bob)
		held := count()
		if held < 1 {
			t.Error("no report while alice hears music")
		}
		heard := alice.taken()
		if sr := ear.reports(t)[held-1].packets[0].(*rtcp.SenderReport); sr.SSRC != heard[len(heard)-1].header.ssrc {
			t.Errorf("it is about %x, alice hears %x", sr.SSRC, heard[len(heard)-1].header.ssrc)
		}
		r.hears(both(), map[int]End{-1: music}, alice, bob)
		talk(20*time.Second, alice, bob)
		if again := count(); again != held {
			t.Errorf("%d reports beside a relay", again-held)
		}
		music.Stop()
	})
}

// TestHeldPartyGetsReceiverReports: who hears nothing is still told that it is heard (RFC
// 3264 s5.1: RTCP flows on hold).
func TestHeldPartyGetsReceiverReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		alice, bob := r.party(1, 1004, pcmu), r.party(2, 600, pcmu)
		ear := listenTo(alice.Session)
		r.hears(both(), nil, alice, bob)
		talk(time.Second, alice, bob)
		r.hears(Table{}, nil, alice, bob)
		talk(30*time.Second, alice)
		list := ear.reports(t)
		if len(list) < 4 {
			t.Fatalf("%d reports", len(list))
		}
		if rr, ok := list[len(list)-1].packets[0].(*rtcp.ReceiverReport); !ok || len(rr.Reports) != 1 || rr.Reports[0].SSRC != alice.head.ssrc {
			t.Errorf("%+v", list[len(list)-1].packets[0])
		}
	})
}

// TestGoodbye: who has had reports of ours gets a BYE, for the SSRC of the reports, and
// nothing after it; one name through all of it.
func TestGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, alice, bob, ears := transcoded(t)
		talk(12*time.Second, alice, bob)
		alice.Close()
		list := ears[0].reports(t)
		last := list[len(list)-1]
		bye, ok := last.packets[len(last.packets)-1].(*rtcp.Goodbye)
		if sr := last.packets[0].(*rtcp.SenderReport); !ok || !slices.Equal(bye.Sources, []uint32{sr.SSRC}) {
			t.Fatalf("the last is %+v", last.packets)
		}
		names := make(map[string]bool)
		for _, r := range list {
			names[r.packets[1].(*rtcp.SourceDescription).Chunks[0].Items[0].Text] = true
		}
		if len(names) != 1 {
			t.Errorf("the names are %v", names)
		}
		talk(20*time.Second, bob)
		alice.Close()
		if n := len(ears[0].reports(t)); n != len(list) {
			t.Errorf("%d reports after the BYE", n-len(list))
		}
	})
}

// TestNoGoodbyeOfOneWhoSaidNothing: RFC 3550 s6.3.7.
func TestNoGoodbyeOfOneWhoSaidNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, alice, bob, ears := transcoded(t)
		alice.Close()
		bob.Close()
		if n := len(ears[0].reports(t)) + len(ears[1].reports(t)); n != 0 {
			t.Errorf("%d reports", n)
		}
	})
}

// TestReportsByMux leave by the RTP port, to where RTP goes.
func TestReportsByMux(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		alice, bob := r.party(1, 1004, pcmu), r.party(2, 600, g722)
		ear := &controlEar{Socket: alice.media}
		control := listenTo(alice.Session)
		alice.media = ear
		remote := alice.remote
		remote.Mux = true
		if err := alice.SetRemote(remote); err != nil {
			t.Fatal(err)
		}
		r.hears(both(), nil, alice, bob)
		talk(6*time.Second, alice, bob)
		found := 0
		for _, s := range ear.sent {
			if isReport(s.bytes) {
				found++
			}
		}
		if found == 0 || len(control.sent) != 0 {
			t.Errorf("%d reports by the RTP port, %d by the other", found, len(control.sent))
		}
	})
}

// TestNoReportsIntoTheBlue: nothing is sent to a far end that has no address, or with which
// nothing was exchanged.
func TestNoReportsIntoTheBlue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		alice, bob := r.party(1, 1004, pcmu), r.party(2, 600, g722)
		ear := listenTo(alice.Session)
		r.hears(both(), nil, alice, bob)
		r.wait(time.Minute)
		if n := len(ear.reports(t)); n != 0 {
			t.Errorf("%d reports where nothing has been said", n)
		}
	})
}

// TestReportsOfOursAreSealed: to a far end by SRTP they go by SRTCP.
func TestReportsOfOursAreSealed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRehearsal(t)
		alice, bob := r.party(1, 1004, pcmu), r.party(2, 600, g722)
		phone, ear := newPhone(t, suite), listenTo(bob.Session)
		remote := bob.remote
		remote.Security = &phone.security
		if err := bob.SetRemote(remote); err != nil {
			t.Fatal(err)
		}
		r.hears(both(), nil, alice, bob)
		talk(10*time.Second, alice)
		bob.Close()
		if len(ear.sent) < 2 {
			t.Fatalf("%d reports", len(ear.sent))
		}
		for i, s := range ear.sent {
			plain, err := phone.in.UnprotectRTCP(s.at, s.bytes)
			if err != nil {
				t.Fatalf("report %d: %v", i, err)
			}
			packets, err := rtcp.Unmarshal(plain)
			if err != nil {
				t.Fatal(err)
			}
			_, bye := packets[len(packets)-1].(*rtcp.Goodbye)
			if _, ok := packets[0].(*rtcp.SenderReport); !ok || bye != (i == len(ear.sent)-1) {
				t.Errorf("report %d: %+v", i, packets)
			}
		}
	})
}
