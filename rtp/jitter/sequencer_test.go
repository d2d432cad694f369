package jitter

import (
	"strings"
	"testing"
	"time"
)

// line is a Sequencer, a sender of letters and what comes out.
type line struct {
	t      *testing.T
	s      *Sequencer
	now    time.Duration
	packet Packet
	made   int
	heard  []string
}

func newLine(t *testing.T) *line {
	s, err := NewSequencer(Options{Clock: 8000})
	if err != nil {
		t.Fatal(err)
	}
	return &line{t: t, s: s, packet: Packet{SSRC: ssrc, Sequence: 65530, Timestamp: 1<<32 - 400, Ticks: 160}}
}

func (l *line) make() Packet {
	p := l.packet
	p.Payload = []byte{byte('a' + l.made%26)}
	l.made++
	l.packet.Sequence++
	l.packet.Timestamp += 160
	l.packet.Kind = Voice
	return p
}

// put puts packets in and takes what comes out.
func (l *line) put(packets ...Packet) {
	for _, p := range packets {
		l.s.Put(zero.Add(l.now), p)
		l.take()
	}
}

func (l *line) take() {
	for f, ok := l.s.Next(zero.Add(l.now)); ok; f, ok = l.s.Next(zero.Add(l.now)) {
		l.heard = append(l.heard, letter(f))
	}
}

func (l *line) hears(want string) {
	l.t.Helper()
	if got := strings.Join(l.heard, ""); got != want {
		l.t.Errorf("heard %q, want %q; %+v", got, want, l.s.Stats())
	}
	l.heard = nil
}

func TestSequencerPassesAtOnce(t *testing.T) {
	l := newLine(t)
	for i := range 20 {
		l.put(l.make())
		if got := len(l.heard); got != i+1 {
			t.Fatalf("after %d packets %d frames", i+1, got)
		}
	}
	l.hears("*abcdefghijklmnopqrst")
	if due := l.s.Due(); !due.IsZero() {
		t.Errorf("due %v though nothing waits", due)
	}
}

func TestSequencerReorders(t *testing.T) {
	l := newLine(t)
	l.put(l.make())
	b, c := l.make(), l.make()
	l.put(c)
	l.hears("*a")
	l.put(b)
	l.hears("bc")
}

func TestSequencerGivesUpAfterLaterPackets(t *testing.T) {
	l := newLine(t)
	l.put(l.make())
	l.make()
	l.put(l.make())
	l.hears("*a")
	l.put(l.make())
	l.hears("!(c)cd")
	if s := l.s.Stats(); s.Lost != 1 || s.Played != 3 {
		t.Errorf("%+v", s)
	}
}

func TestSequencerGivesUpAfterAWhile(t *testing.T) {
	l := newLine(t)
	l.put(l.make())
	l.make()
	l.make()
	l.put(l.make())
	due := l.s.Due()
	if want := zero.Add(30 * millisecond); !due.Equal(want) {
		t.Fatalf("due %v, want %v", due, want)
	}
	l.now = 29 * millisecond
	l.take()
	l.hears("*a")
	l.now = 30 * millisecond
	l.take()
	l.hears("!!(d)d")
}

// TestSequencerWaitsForEachGap: what waits behind a second gap waits from when the first
// was closed, and no longer than that.
func TestSequencerWaitsForEachGap(t *testing.T) {
	l := newLine(t)
	for range 3 {
		l.put(l.make())
	}
	l.heard, l.s.depth = nil, mostDepth
	d, e, _, g := l.make(), l.make(), l.make(), l.make()
	l.put(e, g)
	l.now = 20 * millisecond
	l.put(d)
	l.hears("de")
	if due := l.s.Due(); !due.Equal(zero.Add(50 * millisecond)) {
		t.Errorf("due %v", due.Sub(zero))
	}
	l.now = 49 * millisecond
	l.take()
	l.hears("")
	l.now = 50 * millisecond
	l.take()
	l.hears("!(g)g")
}

func TestSequencerTimestampOfLost(t *testing.T) {
	l := newLine(t)
	first := l.make()
	l.put(first)
	l.make()
	l.now += 40 * millisecond
	l.s.Put(zero.Add(l.now), l.make())
	l.now += 40 * millisecond
	f, ok := l.s.Next(zero.Add(l.now))
	if !ok || f.Kind != Lost || f.Ticks != 160 || f.Timestamp != first.Timestamp+160 || f.SSRC != ssrc {
		t.Errorf("%+v, %v", f, ok)
	}
}

// TestSequencerLearnsDepth: packets that overtake three others are waited for, once one
// was given up too early; after 512 in order it is a little less.
func TestSequencerLearnsDepth(t *testing.T) {
	l := newLine(t)
	late := func() {
		b, c, d, e := l.make(), l.make(), l.make(), l.make()
		l.put(c, d, e, b)
	}
	l.put(l.make())
	late()
	l.hears("*a!(c)cde")
	late()
	l.hears("fghi")
	if s := l.s.Stats(); s.Late != 1 || s.Lost != 1 {
		t.Errorf("%+v", s)
	}
	for range 4 * calm {
		l.put(l.make())
	}
	l.heard = nil
	l.make()
	next := l.make()
	l.put(next)
	if got := len(l.heard); got != 2 {
		t.Errorf("after %d packets in order a loss is waited for: %d frames", 4*calm, got)
	}
}

func TestSequencerDuplicatesAndStrays(t *testing.T) {
	l := newLine(t)
	a, b := l.make(), l.make()
	l.put(a, a, b, a, b)
	l.make()
	d := l.make()
	l.put(d, d)
	l.hears("*ab")
	wild := l.packet
	wild.Sequence += 20000
	l.put(wild, Packet{SSRC: ssrc, Payload: make([]byte, MaxPayload+1)})
	if s := l.s.Stats(); s.Duplicates != 4 || s.Strays != 2 {
		t.Errorf("%+v", s)
	}
}

func TestSequencerBigGapIsNotConcealed(t *testing.T) {
	l := newLine(t)
	l.put(l.make())
	for range 200 {
		l.make()
	}
	l.put(l.make())
	l.now += time.Second
	l.take()
	l.hears("*a!!!!!*" + string(rune('a'+201%26)))
	if s := l.s.Stats(); s.Lost != 200 {
		t.Errorf("%+v", s)
	}
}

func TestSequencerAnotherSSRC(t *testing.T) {
	l := newLine(t)
	l.put(l.make())
	b := l.make()
	l.make()
	d := l.make()
	l.put(d) // c is missing
	l.packet.SSRC, l.packet.Sequence = 5, 1
	l.put(l.make(), l.make(), b)
	l.hears("*a!!(d)d*ef")
	if s := l.s.Stats(); s.Restarts != 1 || s.Strays != 1 {
		t.Errorf("%+v", s)
	}
}

func TestSequencerKeys(t *testing.T) {
	l := newLine(t)
	l.put(l.make())
	for range 3 {
		l.packet.Kind = Event
		l.put(l.make())
	}
	l.packet.Kind = Comfort
	l.put(l.make())
	l.put(l.make())
	l.hears("*a~f")
}

// TestSequencerThatIsNotEmptied: packets that nobody takes are given up, the oldest
// first, and the memory does not grow.
func TestSequencerThatIsNotEmptied(t *testing.T) {
	l := newLine(t)
	for range 3 * window {
		l.s.Put(zero, l.make())
	}
	if s := l.s.Stats(); s.Skipped != 2*window || len(l.s.store.slots) > window+1 {
		t.Errorf("%d slots, %+v", len(l.s.store.slots), s)
	}
	l.take()
	if len(l.heard) != window {
		t.Errorf("%d frames", len(l.heard))
	}
}

// TestSequencerPayloadStays: a frame's payload is the same until the next is taken,
// whatever comes meanwhile.
func TestSequencerPayloadStays(t *testing.T) {
	l := newLine(t)
	l.s.Put(zero, l.make())
	f, _ := l.s.Next(zero)
	for range 40 {
		l.s.Put(zero, l.make())
	}
	if string(f.Payload) != "a" {
		t.Errorf("payload %q", f.Payload)
	}
}
