package rtp

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const ms = time.Millisecond

// latchStory drives a latch packet by packet.
type latchStory struct {
	*testing.T
	latch
	now      time.Time
	branches []netip.AddrPort
}

func newLatchStory(t *testing.T, announced, hint string) *latchStory {
	s := &latchStory{T: t, now: start}
	s.expect(announced, hint)
	return s
}

func (s *latchStory) expect(announced, hint string) {
	var h netip.Addr
	if hint != "" {
		h = netip.MustParseAddr(hint)
	}
	var a netip.AddrPort
	if announced != "" {
		a = addr(announced)
	}
	s.latch.expect(a, h, s.branches)
}

// packet gives the verdict on one packet, 20 ms after the last.
func (s *latchStory) packet(from string, ssrc uint32, sequence uint16) bool {
	s.now = s.now.Add(20 * ms)
	return s.step(s.now, addr(from), header{ssrc: ssrc, sequence: sequence})
}

// verdicts writes the verdicts on packets with the given numbers as a string of
// + and -.
func (s *latchStory) verdicts(from string, ssrc uint32, sequences ...uint16) string {
	var out []byte
	for _, n := range sequences {
		c := byte('-')
		if s.packet(from, ssrc, n) {
			c = '+'
		}
		out = append(out, c)
	}
	return string(out)
}

func (s *latchStory) want(what, got, want string) {
	s.Helper()
	if got != want {
		s.Errorf("%s: %s, want %s", what, got, want)
	}
}

func (s *latchStory) sendsTo(want string) {
	s.Helper()
	if got := s.destination().String(); got != want {
		s.Errorf("sends to %s, want %s", got, want)
	}
}

const (
	told  = "192.0.2.1:4000" // what SDP says
	nat   = "198.51.100.1:6000"
	nat2  = "198.51.100.1:6002"
	other = "203.0.113.9:7000"
)

func TestLatchUnsetBelievesNobody(t *testing.T) {
	s := &latchStory{T: t, now: start}
	s.want("any", s.verdicts(told, 1, 1, 2, 3, 4, 5, 6), "------")
	if s.destination().IsValid() {
		t.Error("has a destination")
	}
}

func TestLatchLocksAtOnceToWhatWasAnnounced(t *testing.T) {
	s := newLatchStory(t, told, "")
	s.sendsTo(told)
	s.want("announced", s.verdicts(told, 1, 500), "+")
	s.sendsTo(told)
	s.want("another", s.verdicts(nat, 2, 1, 2, 3, 4, 5, 6), "------")
	s.want("announced, with gaps and another SSRC", s.verdicts(told, 1, 600, 7)+s.verdicts(told, 3, 9), "+++")
}

func TestLatchFollowsARunFromElsewhere(t *testing.T) {
	s := newLatchStory(t, told, "")
	s.want("run over the wrap", s.verdicts(nat, 1, 65534, 65535, 0, 1, 2, 9), "---+++")
	s.sendsTo(nat)
	s.want("announced, too late", s.verdicts(told, 2, 1, 2, 3, 4, 5), "-----")
}

func TestLatchRunRules(t *testing.T) {
	for _, c := range []struct {
		name      string
		sequences []uint16
		want      string
	}{
		{"a gap begins anew", []uint16{1, 2, 3, 5, 6, 7, 8}, "------+"},
		{"a duplicate neither helps nor harms", []uint16{1, 1, 1, 1, 2, 2, 3, 4}, "-------+"},
		{"backwards is no run", []uint16{9, 8, 7, 6, 5, 4}, "------"},
		{"one number for ever", []uint16{5, 5, 5, 5, 5, 5}, "------"},
	} {
		s := newLatchStory(t, told, "")
		s.want(c.name, s.verdicts(nat, 1, c.sequences...), c.want)
	}
}

func TestLatchRunIsOfOneSSRC(t *testing.T) {
	s := newLatchStory(t, told, "")
	for n := range uint16(40) {
		if s.packet(nat, uint32(n), n) {
			t.Fatal("changing SSRCs made a run")
		}
	}
}

func TestLatchFirstRunWins(t *testing.T) {
	s := newLatchStory(t, told, "")
	got := ""
	for n := range uint16(6) {
		got += s.verdicts(nat, 1, n) + s.verdicts(other, 2, n)
	}
	s.want("two runs, the first begun wins", got, "------+-+-+-")
	s.sendsTo(nat)
}

func TestLatchHintedAddressComesFirst(t *testing.T) {
	s := newLatchStory(t, told, "198.51.100.1")
	got := s.verdicts(other, 2, 1, 2, 3, 4, 5, 6, 7, 8)
	s.want("a stranger's run is not long enough", got, "--------")
	s.want("the hinted one's is", s.verdicts(nat, 1, 1, 2, 3, 4), "---+")
}

func TestLatchStrangerNeedsALongRunWhereThereIsAHint(t *testing.T) {
	s := newLatchStory(t, told, "198.51.100.1")
	got := ""
	for n := range uint16(strangerRunLength) {
		got += s.verdicts(other, 1, n)
	}
	s.want("sixteen in a row", got, "---------------+")
}

func TestLatchHintedAddressFindsAPlace(t *testing.T) {
	s := newLatchStory(t, told, "198.51.100.1")
	got := ""
	for n := range uint16(4) {
		for i := range uint32(20) { // 20 fresh sources before each packet, within 20 ms
			s.step(s.now, netip.AddrPortFrom(addr(other).Addr(), uint16(1000+uint32(n)*100+i)), header{ssrc: i})
		}
		got += s.verdicts(nat, 1, n)
	}
	s.want("in the spray", got, "---+")
}

func TestLatchKeepsItsSourceWhileItSpeaks(t *testing.T) {
	s := newLatchStory(t, told, "")
	s.verdicts(told, 1, 1)
	s.now = s.now.Add(latchSilence - 40*ms)
	s.want("rebound too early", s.verdicts(addr2(told, 4002), 1, 2), "-")
	s.want("the source speaks", s.verdicts(told, 1, 3), "+")
	s.now = s.now.Add(latchSilence)
	s.want("rebound after silence", s.verdicts(addr2(told, 4002), 1, 4, 5, 6, 7), "---+")
	s.sendsTo(addr2(told, 4002))
}

// addr2 is the same address with another port.
func addr2(a string, port uint16) string {
	return netip.AddrPortFrom(addr(a).Addr(), port).String()
}

func TestLatchAfterSilenceOnlyTheSameAddress(t *testing.T) {
	s := newLatchStory(t, told, "")
	s.verdicts(nat, 1, 1, 2, 3, 4)
	s.now = s.now.Add(time.Minute)
	long := make([]uint16, 3*strangerRunLength)
	for i := range long {
		long[i] = uint16(i)
	}
	for _, v := range s.verdicts(other, 2, long...) {
		if v == '+' {
			t.Fatal("another address took over")
		}
	}
	s.want("same address, another port", s.verdicts(nat2, 1, 50, 51, 52, 53), "---+")
}

func TestLatchAfterSilenceTheAnnouncedAddressIsBelieved(t *testing.T) {
	s := newLatchStory(t, told, "")
	s.verdicts(nat, 1, 1, 2, 3, 4)
	s.now = s.now.Add(latchSilence)
	s.want("announced", s.verdicts(told, 5, 9), "+")
}

func TestLatchSourceThatComesBackEndsTheRuns(t *testing.T) {
	s := newLatchStory(t, told, "")
	s.verdicts(nat, 1, 1, 2, 3, 4)
	s.now = s.now.Add(latchSilence)
	s.want("three of a run", s.verdicts(nat2, 9, 1, 2, 3), "---")
	s.want("the source", s.verdicts(nat, 1, 5), "+")
	s.now = s.now.Add(latchSilence)
	s.want("the fourth begins anew", s.verdicts(nat2, 9, 4, 5, 6, 7), "---+")
}

func TestLatchNewAddressOpensIt(t *testing.T) {
	s := newLatchStory(t, told, "")
	s.verdicts(nat, 1, 1, 2, 3, 4)
	s.expect(told, "")
	s.want("refresh keeps it", s.verdicts(nat, 1, 5), "+")
	s.expect(other, "")
	s.sendsTo(other)
	s.want("the old source is a stranger", s.verdicts(nat, 1, 6, 7), "--")
	s.want("the new address", s.verdicts(other, 1, 1), "+")
	s.want("and the old one stays out", s.verdicts(nat, 1, 8, 9, 10, 11, 12), "-----")
}

func TestLatchWithoutAnAnnouncedAddress(t *testing.T) {
	s := newLatchStory(t, "", "")
	if s.destination().IsValid() {
		t.Error("has a destination")
	}
	s.want("the zero address is nobody's", fmt.Sprint(s.step(s.now, netip.AddrPort{}, header{})), "false")
	s.want("a run", s.verdicts(nat, 1, 1, 2, 3, 4), "---+")
}

// TestLatchOnceLockedHearsOnlyItsSource: whatever is sprayed at a latch that has
// locked, from any address, nothing but its source passes, and its source always
// does.
func TestLatchOnceLockedHearsOnlyItsSource(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l latch
		l.expect(addr(told), drawHint(t), nil)
		now := start
		source := addr(rapid.SampledFrom([]string{told, nat}).Draw(t, "source"))
		for n := uint16(0); l.state != latchLocked; n++ {
			l.step(now, source, header{ssrc: 1, sequence: n})
			now = now.Add(20 * ms)
		}
		for range rapid.IntRange(1, 60).Draw(t, "packets") {
			now = now.Add(time.Duration(rapid.IntRange(0, 4900).Draw(t, "pause")) * ms)
			if !l.step(now, source, header{ssrc: 1, sequence: rapid.Uint16().Draw(t, "own")}) {
				t.Fatal("its own source was refused")
			}
			for range rapid.IntRange(0, 40).Draw(t, "spray") {
				if from, h := drawSpray(t); from != source && l.step(now, from, h) {
					t.Fatalf("%v from %s passed", h, from)
				}
			}
			if l.destination() != source {
				t.Fatalf("sends to %s", l.destination())
			}
		}
	})
}

func drawHint(t *rapid.T) netip.Addr {
	return rapid.SampledFrom([]netip.Addr{{}, addr(nat).Addr(), addr(other).Addr()}).Draw(t, "hint")
}

// drawSpray draws a packet of anybody: near addresses, runs and noise.
func drawSpray(t *rapid.T) (netip.AddrPort, header) {
	host := rapid.SampledFrom([]string{told, nat, nat2, other}).Draw(t, "host")
	port := rapid.SampledFrom([]uint16{4000, 6000, 6002, 7000}).Draw(t, "port")
	return addr(addr2(host, port)), header{
		ssrc:     rapid.Uint32Range(1, 3).Draw(t, "ssrc"),
		sequence: rapid.Uint16Range(0, 50).Draw(t, "sequence"),
	}
}

// TestLatchSprayDoesNotKeepTheRightOneOut: a phone behind NAT gets through while
// strangers spray packets that make no runs, from as many sources as they like.
func TestLatchSprayDoesNotKeepTheRightOneOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l latch
		l.expect(addr(told), rapid.SampledFrom([]netip.Addr{{}, addr(nat).Addr()}).Draw(t, "hint"), nil)
		perPacket := rapid.IntRange(1, 100).Draw(t, "sprayed packets in 20 ms")
		noise := rapid.Uint32().Draw(t, "noise")
		now := start
		for n := range uint16(3000) { // a minute
			for i := range perPacket {
				noise = noise*1664525 + 1013904223
				from := netip.AddrPortFrom(addr(other).Addr(), uint16(noise>>16))
				at := now.Add(time.Duration(i+1) * 20 * ms / time.Duration(perPacket+1))
				if l.step(at, from, header{ssrc: noise, sequence: uint16(noise >> 8)}) {
					t.Fatal("noise was believed")
				}
			}
			now = now.Add(20 * ms)
			if l.step(now, addr(nat), header{ssrc: 1, sequence: n}) {
				return
			}
		}
		t.Fatal("the phone was kept out for a minute")
	})
}

func TestReportLatch(t *testing.T) {
	const rtcp, natRTCP = "192.0.2.1:4001", "198.51.100.1:6001"
	open := &latch{}
	open.expect(addr(told), netip.Addr{}, nil)
	byNAT := &latch{state: latchLocked, source: addr(nat)}
	for _, c := range []struct {
		name  string
		media *latch
		from  []string
		want  string
		to    string
	}{
		{"announced", open, []string{rtcp}, "+", rtcp},
		{"nobody else before media", open, []string{natRTCP, other}, "--", rtcp},
		{"where media comes from", byNAT, []string{other, natRTCP, natRTCP}, "-++", natRTCP},
		{"one source at a time", byNAT, []string{natRTCP, rtcp, nat}, "+--", natRTCP},
	} {
		var l reportLatch
		l.expect(addr(rtcp))
		got := ""
		for i, from := range c.from {
			v := "-"
			if l.step(start.Add(time.Duration(i)*time.Second), addr(from), c.media) {
				v = "+"
			}
			got += v
		}
		if got != c.want || l.destination() != addr(c.to) {
			t.Errorf("%s: %s, sends to %s; want %s, %s", c.name, got, l.destination(), c.want, c.to)
		}
	}
}

func TestReportLatchFollowsAfterSilence(t *testing.T) {
	var l reportLatch
	media := &latch{state: latchLocked, source: addr(nat)}
	l.expect(addr("192.0.2.1:4001"))
	if !l.step(start, addr("198.51.100.1:6001"), media) {
		t.Fatal("not believed")
	}
	if l.step(start.Add(reportSilence-1), addr("198.51.100.1:6003"), media) {
		t.Error("another port too early")
	}
	if !l.step(start.Add(reportSilence), addr("198.51.100.1:6003"), media) {
		t.Error("another port after silence was refused")
	}
	l.expect(addr("192.0.2.7:4001"))
	if got := l.destination(); got != addr("192.0.2.7:4001") {
		t.Errorf("after a new address it sends to %s", got)
	}
}

// TestLatchFollowsBranches: of a forked INVITE's early dialogs the newest that sends is
// heard.
func TestLatchFollowsBranches(t *testing.T) {
	const first, second, stranger = "192.0.2.1:4000", "192.0.2.2:4000", "192.0.2.66:4000"
	s := newLatchStory(t, first, "")
	s.want("the first branch", s.verdicts(first, 1, 1, 2), "++")
	s.branches = []netip.AddrPort{addr(first)}
	s.expect(second, "")
	s.want("the first goes on while the second is silent", s.verdicts(first, 1, 3, 4), "++")
	s.want("a stranger is none", s.verdicts(stranger, 9, 1, 2, 3), "---")
	s.want("the second begins", s.verdicts(second, 2, 1), "+")
	s.want("and the first is not heard any more", s.verdicts(first, 1, 5, 6), "--")
	s.now = s.now.Add(branchSilence)
	s.want("but when the second has fallen silent", s.verdicts(first, 1, 7, 8), "++")
	s.want("until it is back", s.verdicts(second, 2, 2), "+")
	s.branches = nil
	s.expect(first, "")
	s.want("who has answered is the one", s.verdicts(first, 1, 9), "+")
	s.want("and the other is not", s.verdicts(second, 2, 3, 4, 5), "---")
}
