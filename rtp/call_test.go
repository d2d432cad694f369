package rtp

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/pion/rtcp"
	"pgregory.net/rapid"
)

// model is a call of three phones and a feed, and what its far ends should get.
type model struct {
	*rapid.T
	wire     *wire
	now      time.Time
	sessions [3]*Session
	speakers [3]*speaker
	feed     *Feed
	// table is who hears whom; 0 is nobody, 4 the feed.
	table [3]int
	// directions are those of the far ends.
	directions [3]Direction
	// last is what each far end was sent last.
	last [3]header
	sent [3]int
}

// number is the one under which a phone knows PCMU.
func (*model) number(i int) uint8 { return []uint8{0, 0, 96}[i] }

func (*model) address(i int) netip.AddrPort {
	return addr(fmt.Sprintf("192.0.2.%d:4000", i+1))
}

func newModel(t *rapid.T, e *Engine, w *wire) *model {
	m := &model{T: t, wire: w, now: start}
	for i := range m.sessions {
		s, err := e.Open(netip.Addr{})
		if err != nil {
			t.Fatal(err)
		}
		m.sessions[i] = s
		m.speakers[i] = &speaker{
			wire: w, at: m.address(i), to: s.LocalRTP(), number: m.number(i), ssrc: uint32(i + 1),
			sequence: rapid.Uint16().Draw(t, "sequence"), timestamp: rapid.Uint32().Draw(t, "timestamp"),
		}
		m.direct(i, SendRecv)
	}
	var err error
	if m.feed, err = NewFeed(pcmu); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *model) direct(i int, d Direction) {
	m.directions[i] = d
	payloads := []Payload{{Number: m.number(i), Codec: pcmu}}
	err := m.sessions[i].SetRemote(Remote{RTP: m.address(i), Send: payloads, Receive: payloads, Direction: d})
	if err != nil {
		m.Fatal(err)
	}
}

// swap draws a new table.
func (m *model) swap(t *rapid.T) {
	table := make(Table)
	for i := range m.table {
		m.table[i] = rapid.IntRange(0, 4).Draw(t, "source")
		if m.table[i] > 0 {
			table[i+1] = []Heard{{Source: m.table[i]}}
		}
	}
	paths, err := Compile(table, map[int]End{1: m.sessions[0], 2: m.sessions[1], 3: m.sessions[2], 4: m.feed})
	if err != nil {
		t.Fatal(err)
	}
	paths.Swap()
}

// speak lets a source send a packet, and checks who is sent what.
func (m *model) speak(source int) {
	m.now = m.now.Add(20 * ms)
	heard := true
	if source == 4 {
		if err := m.feed.Send(m.now, Frame{Codec: pcmu, Payload: []byte{1, 2, 3}}); err != nil {
			m.Fatal(err)
		}
	} else {
		m.speakers[source-1].say(m.now, 1)
		heard = m.directions[source-1]&Sends != 0
	}
	want := make(map[netip.AddrPort]int)
	for i, hears := range m.table {
		if heard && hears == source && m.directions[i]&Receives != 0 {
			want[m.address(i)] = i
		}
	}
	for _, p := range m.wire.take() {
		i, ok := want[p.to]
		if !ok {
			m.Fatalf("source %d went to %s", source, p.to)
		}
		delete(want, p.to)
		m.check(i, p)
	}
	if len(want) != 0 {
		m.Fatalf("source %d did not go to %v", source, want)
	}
}

// check holds a packet against the last one that a far end was sent: whoever
// speaks, it hears one stream. (Numbers may jump only when a source was not
// heard for a while, as on hold, and came back itself.)
func (m *model) check(i int, p sentPacket) {
	h := parsed(m, p.bytes)
	if h.number != m.number(i) || p.from != m.sessions[i].LocalRTP() || string(p.bytes[headerSize:]) != "\x01\x02\x03" {
		m.Fatalf("phone %d was sent %+v from %s", i+1, h, p.from)
	}
	if m.sent[i]++; m.sent[i] > 1 {
		if h.ssrc != m.last[i].ssrc || int16(h.sequence-m.last[i].sequence) < 1 {
			m.Fatalf("phone %d was sent %+v after %+v", i+1, h, m.last[i])
		}
	}
	m.last[i] = h
}

// TestWhateverTheTableEachHearsOneStream draws tables, holds and packets.
func TestWhateverTheTableEachHearsOneStream(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWire()
		e, err := New(Config{Network: w, Address: loopback, First: 20000, Last: 20005})
		if err != nil {
			t.Fatal(err)
		}
		m := newModel(t, e, w)
		t.Repeat(map[string]func(*rapid.T){
			"swap":  m.swap,
			"speak": func(t *rapid.T) { m.speak(rapid.IntRange(1, 4).Draw(t, "source")) },
			"hold": func(t *rapid.T) {
				m.direct(rapid.IntRange(0, 2).Draw(t, "who"), Direction(rapid.IntRange(0, 3).Draw(t, "direction")))
			},
			"wait": func(t *rapid.T) { m.now = m.now.Add(time.Duration(rapid.IntRange(0, 4000).Draw(t, "ms")) * ms) },
		})
		for _, s := range m.sessions {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if e.InUse() != 0 || len(w.sockets) != 0 {
			t.Fatalf("left: %d pairs, %d sockets", e.InUse(), len(w.sockets))
		}
	})
}

func TestPhoneWhoseNATRebinds(t *testing.T) {
	r, a, b, alice, bob := pairUp(t)
	now := bob.say(alice.say(start, 3), 1)
	r.take()
	now = now.Add(latchSilence)
	alice.at = addr("192.0.2.1:61000")
	alice.say(now, 4)
	if sent := r.take(); len(sent) != 1 || a.Latched() != alice.at {
		t.Errorf("%d packets passed, latched to %s", len(sent), a.Latched())
	}
	bob.say(now, 1)
	if sent := r.take(); sent[0].to != alice.at {
		t.Errorf("sent to %s", sent[0].to)
	}
	if b.Stats().Dropped != (Dropped{}) {
		t.Errorf("bob: %+v", b.Stats().Dropped)
	}
}

func TestPhoneThatMoves(t *testing.T) {
	r, a, _, alice, bob := pairUp(t)
	now := bob.say(alice.say(start, 3), 1)
	r.take()
	old := *alice
	alice.at = addr("192.0.2.77:5000")
	if err := a.SetRemote(plain("192.0.2.77:5000", Payload{Number: 0, Codec: pcmu})); err != nil {
		t.Fatal(err)
	}
	bob.say(now, 1)
	if sent := r.take(); sent[0].to != alice.at {
		t.Errorf("sent to %s", sent[0].to)
	}
	if a.Latched().IsValid() {
		t.Error("still latched")
	}
	old.say(now, 3)
	alice.say(now, 1)
	if sent := r.take(); len(sent) != 1 {
		t.Errorf("%d packets passed, want the one from the new address", len(sent))
	}
}

func TestOverIPv6(t *testing.T) {
	w := newWire()
	e, err := New(Config{Network: w, Address: netip.MustParseAddr("2001:db8::1"), First: 20000, Last: 20003})
	if err != nil {
		t.Fatal(err)
	}
	a, b := sessionTo(t, e, addr("[2001:db8::a]:4000")), sessionTo(t, e, addr("[2001:db8::b]:4000"))
	swap(t, Table{2: {{Source: 1}}}, map[int]End{1: a, 2: b})
	w.deliver(start, addr("[2001:db8::a]:4000"), a.LocalRTP(), rtpPacket(0, 1, 1, 1))
	if sent := w.take(); len(sent) != 1 || sent[0].to != addr("[2001:db8::b]:4000") {
		t.Errorf("sent %+v", sent)
	}
	if err := a.SetRemote(plain(alicesAddress, Payload{Number: 0, Codec: pcmu})); err == nil {
		t.Error("an IPv4 far end was taken")
	}
}

// TestManyPayloads: more than lie within a path and a session.
func TestManyPayloads(t *testing.T) {
	r := newRig(t)
	var here, there []Payload
	for i := range uint8(12) {
		c := Codec{Name: fmt.Sprint("codec", i), Rate: 8000 + uint32(i)}
		here, there = append(here, Payload{Number: 96 + i, Codec: c}), append(there, Payload{Number: 127 - i, Codec: c})
	}
	a, b := r.leg(plain(alicesAddress, here...)), r.leg(plain(bobsAddress, there...))
	r.bridge(a, b)
	for i := range uint8(12) {
		r.deliver(start, addr(alicesAddress), a.LocalRTP(), rtpPacket(96+i, uint16(i), uint32(i), 1))
	}
	sent := r.take()
	if len(sent) != 12 {
		t.Fatalf("%d packets", len(sent))
	}
	for i, p := range sent {
		if got := parsed(t, p.bytes).number; got != 127-uint8(i) {
			t.Errorf("payload %d became %d", 96+i, got)
		}
	}
}

// TestClockRateOfTheNewSource: the time between two sources is counted in the
// clock of the one that comes.
func TestClockRateOfTheNewSource(t *testing.T) {
	r := newRig(t)
	wide := Codec{Name: "L16", Rate: 16000}
	a := r.leg(plain(alicesAddress, Payload{Number: 0, Codec: pcmu}, Payload{Number: 96, Codec: wide}))
	ends := map[int]End{1: a}
	for i, c := range []Codec{pcmu, wide} {
		feed, err := NewFeed(c)
		if err != nil {
			t.Fatal(err)
		}
		ends[2] = feed
		r.hear(Table{1: {{Source: 2}}}, ends)
		if err := feed.Send(start.Add(time.Duration(i)*time.Second), Frame{Codec: c, Timestamp: 1000}); err != nil {
			t.Fatal(err)
		}
	}
	sent := r.take()
	first, second := parsed(t, sent[0].bytes), parsed(t, sent[1].bytes)
	if second.timestamp-first.timestamp != 16000 || second.number != 96 {
		t.Errorf("%+v after %+v", second, first)
	}
}

// TestPathsThatAreOutOfForce: a packet that was on its way while the table
// changed goes nowhere.
func TestPathsThatAreOutOfForce(t *testing.T) {
	r, a, b, alice, _ := pairUp(t)
	now := alice.say(start, 1)
	heard := 0
	sink := NewSink(func(time.Time, Packet) { heard++ })
	r.hear(Table{2: {{Source: 1}}, 3: {{Source: 1}}}, map[int]End{1: a, 2: b, 3: sink})
	old := a.source.paths.Load()
	r.hear(Table{2: {{Source: 2}}}, map[int]End{1: a, 2: b, 3: sink})
	r.take()
	a.source.paths.Store(old)
	alice.say(now, 1)
	r.deliver(now, addr("192.0.2.1:4001"), a.LocalRTCP(), marshal(t, &rtcp.ReceiverReport{SSRC: 1}))
	if sent := r.take(); len(sent) != 0 || heard != 0 {
		t.Errorf("%d sent, %d heard", len(sent), heard)
	}
	if n := b.Stats().Dropped.Late; n != 2 {
		t.Errorf("%d late", n)
	}
}

func TestLateOnesOfANewSourceAreCounted(t *testing.T) {
	r, a, b, alice, bob := pairUp(t)
	now := bob.say(alice.say(start, 1), 1)
	r.hear(Table{2: {{Source: 2}}}, map[int]End{1: a, 2: b}) // bob hears himself
	now = bob.say(now, 1)
	bob.sequence -= 5
	bob.say(now, 1)
	if n := b.Stats().Dropped.Late; n != 1 {
		t.Errorf("%d late", n)
	}
}

// TestSessionIsSmall: an idle call has two of them.
func TestSessionIsSmall(t *testing.T) {
	const sessions = 1000
	e, err := New(Config{Network: quietNetwork{}, Address: loopback, First: 20000, Last: 20000 + 2*sessions})
	if err != nil {
		t.Fatal(err)
	}
	all := make([]*Session, 0, sessions)
	before := heap()
	for range sessions {
		s, err := e.Open(netip.Addr{})
		if err := errors.Join(err, s.SetRemote(plain(alicesAddress, Payload{Number: 0, Codec: pcmu}))); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if each := (heap() - before) / sessions; each > 1100 {
		t.Errorf("a session takes %d octets", each)
	}
	// Go allocates by classes of sizes, of which this is one, less what it keeps before.
	if size := unsafe.Sizeof(Session{}); size > 896-8 {
		t.Errorf("a session is of %d octets", size)
	}
	for _, s := range all {
		s.Close()
	}
}

// heap is what the process holds; what pools and finalizers keep goes with the second
// collection.
func heap() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
