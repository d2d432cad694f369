package rtp

import (
	"net/netip"
	"testing"
	"time"
	"unsafe"

	"github.com/tandem-gateway/tandem/rtp/audio"
)

// quietSocket sends nowhere and costs nothing.
type quietSocket struct {
	local netip.AddrPort
	sent  int
}

func (s *quietSocket) Send([]byte, netip.AddrPort) error { s.sent++; return nil }
func (s *quietSocket) Local() netip.AddrPort             { return s.local }
func (s *quietSocket) Close() error                      { return nil }

type quietNetwork struct{}

func (quietNetwork) Open(local netip.AddrPort, _ Receive) (Socket, error) {
	return &quietSocket{local: local}, nil
}

// quietCall is a call over a network that costs nothing. With spliced, bob heard
// a feed first, so that alice's packets are rewritten.
func quietCall(t testing.TB, spliced bool) (a, b *Session) {
	e, err := New(Config{Network: quietNetwork{}, Address: loopback, First: 30000, Last: 30003})
	if err != nil {
		t.Fatal(err)
	}
	a, b = sessionTo(t, e, addr(alicesAddress)), sessionTo(t, e, addr(bobsAddress))
	ends := map[int]End{1: a, 2: b}
	if spliced {
		feed, err := NewFeed(pcmu)
		if err != nil {
			t.Fatal(err)
		}
		ends[3] = feed
		swap(t, Table{2: {{Source: 3}}}, ends)
		if err := feed.Send(start, Frame{Codec: pcmu}); err != nil {
			t.Fatal(err)
		}
	}
	swap(t, Table{1: {{Source: 2}}, 2: {{Source: 1}}}, ends)
	return a, b
}

func swap(t testing.TB, table Table, ends map[int]End) {
	t.Helper()
	paths, err := Compile(table, ends)
	if err != nil {
		t.Fatal(err)
	}
	paths.Swap()
}

// relayed makes a function that carries one packet through a call.
func relayed(a *Session, from netip.AddrPort) func() {
	packet := rtpPacket(0, 0, 0, 0, make([]byte, 160)...)
	h, now := header{ssrc: 1}, start
	return func() {
		h.write(packet)
		a.receiveMedia(now, packet, from)
		h.sequence++
		h.timestamp += 160
		now = now.Add(20 * time.Millisecond)
	}
}

func TestRelayDoesNotAllocate(t *testing.T) {
	for name, spliced := range map[string]bool{"unchanged": false, "rewritten": true} {
		a, b := quietCall(t, spliced)
		if n := allocsPerRun(1000, relayed(a, addr(alicesAddress))); n != 0 {
			t.Errorf("%s: %v allocations a packet", name, n)
		}
		if sent := b.media.(*quietSocket).sent; sent < 1000 {
			t.Errorf("%s: only %d packets were sent", name, sent)
		}
	}
}

func TestStrangersDoNotAllocate(t *testing.T) {
	a, _ := quietCall(t, false)
	relayed(a, addr(alicesAddress))()
	if n := allocsPerRun(1000, relayed(a, addr("203.0.113.9:7000"))); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

func TestReportsThatPassDoNotAllocate(t *testing.T) {
	a, b := quietCall(t, false)
	relayed(a, addr(alicesAddress))()
	report := marshal(t, compound(1, 2, 3, 4)...)
	n := allocsPerRun(1000, func() { a.receiveControl(start, report, addr("192.0.2.1:4001")) })
	if n != 0 || b.control.(*quietSocket).sent < 1000 {
		t.Errorf("%v allocations, %d sent", n, b.control.(*quietSocket).sent)
	}
}

func TestFeedDoesNotAllocate(t *testing.T) {
	_, b := quietCall(t, false)
	feed, err := NewFeed(pcmu)
	if err != nil {
		t.Fatal(err)
	}
	swap(t, Table{2: {{Source: 1}}}, map[int]End{1: feed, 2: b})
	frame := Frame{Codec: pcmu, Payload: make([]byte, 160)}
	n := allocsPerRun(1000, func() {
		frame.Timestamp += 160
		if err := feed.Send(start, frame); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 || b.media.(*quietSocket).sent < 1000 {
		t.Errorf("%v allocations, %d sent", n, b.media.(*quietSocket).sent)
	}
}

// onHold makes sessions that hear players, half of them in each law. The clock's
// goroutine does not run: who measures is the clock.
func onHold(t testing.TB, listeners int, sound func() audio.Source) (clock *metronome, sessions []*Session) {
	e, err := New(Config{Network: quietNetwork{}, Address: loopback, First: 20000, Last: 59999})
	if err != nil {
		t.Fatal(err)
	}
	e.clock.empty = make(chan struct{}, 1)
	for i := range listeners {
		s, err := e.Open(loopback)
		if err != nil {
			t.Fatal(err)
		}
		payloads := playable[i%2:]
		remote := Remote{RTP: addr(alicesAddress), Send: payloads, Receive: payloads, Direction: SendRecv}
		if err := s.SetRemote(remote); err != nil {
			t.Fatal(err)
		}
		p, err := e.Play(sound())
		if err != nil {
			t.Fatal(err)
		}
		swap(t, Table{1: {{Source: -1}}}, map[int]End{1: s, -1: p})
		sessions = append(sessions, s)
	}
	return &e.clock, sessions
}

func TestPlayersDoNotAllocate(t *testing.T) {
	tune := audio.Tune(8000)
	clock, sessions := onHold(t, 10, func() audio.Source { return tune.Loop() })
	now := start
	n := allocsPerRun(1000, func() {
		clock.pull(now, now)
		now = now.Add(framePeriod)
	})
	if n != 0 {
		t.Errorf("%v allocations for 10 frames", n)
	}
	for _, s := range sessions {
		if sent := s.media.(*quietSocket).sent; sent < 1000 {
			t.Errorf("only %d packets were sent", sent)
		}
	}
}

// TestPlayerIsSmall: there may be one for each call.
func TestPlayerIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(Player{}); size > 1024 {
		t.Errorf("a player takes %d octets", size)
	}
}

// TestRealSocketsDoNotAllocate sends packets through a call over the network of
// this machine, all of whose goroutines are counted.
func TestRealSocketsDoNotAllocate(t *testing.T) {
	loop := newLoop(t, 1)
	if n := allocsPerRun(1000, loop.packet); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

// loop is a number of calls on the network of this machine, and far ends that
// wait for each packet.
type loop struct {
	testing.TB
	legs []loopLeg
	next int
	came chan struct{}
	h    header
	wire []byte
}

type loopLeg struct {
	far  Socket
	near netip.AddrPort
}

func newLoop(t testing.TB, calls int) *loop {
	u, err := NewUDP()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { u.Close() })
	e, err := New(Config{Network: u, Address: loopback, First: 30000, Last: 49999})
	if err != nil {
		t.Fatal(err)
	}
	l := &loop{TB: t, came: make(chan struct{}, 1), wire: rtpPacket(0, 0, 0, 0, make([]byte, 160)...)}
	for range calls {
		a, b := l.leg(u, e), l.leg(u, e)
		swap(t, Table{1: {{Source: 2}}, 2: {{Source: 1}}}, map[int]End{1: a, 2: b})
	}
	return l
}

func (l *loop) leg(u *UDP, e *Engine) *Session {
	far, err := u.Open(addr("127.0.0.1:0"), func(time.Time, []byte, netip.AddrPort) { l.came <- struct{}{} })
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { far.Close() })
	s := sessionTo(l, e, far.Local())
	l.legs = append(l.legs, loopLeg{far, s.LocalRTP()})
	return s
}

// packet sends one packet and waits until it has come through.
func (l *loop) packet() {
	leg := l.legs[l.next]
	l.next = (l.next + 1) % len(l.legs)
	if l.next == 0 {
		l.h.sequence++
		l.h.timestamp += 160
	}
	l.h.write(l.wire)
	if err := leg.far.Send(l.wire, leg.near); err != nil {
		l.Fatal(err)
	}
	<-l.came
}
