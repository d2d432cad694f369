package jitter

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// phone sends packets to a buffer and hears what comes out, by hand.
type phone struct {
	t       *testing.T
	b       *Buffer
	now     time.Duration
	packet  Packet
	letters int
	level   uint32
	heard   []string
}

func newPhone(t *testing.T) *phone {
	return &phone{t: t, b: newBuffer(t), packet: Packet{SSRC: ssrc, Sequence: 100, Timestamp: 5000, Ticks: 160}}
}

// make makes the next packet, with a letter as its payload, and does not send it.
func (p *phone) make() Packet {
	made := p.packet
	made.Payload = []byte{byte('a' + p.letters%26)}
	p.letters++
	p.packet.Sequence++
	p.packet.Timestamp += p.packet.Ticks
	p.packet.Marker, p.packet.Kind = false, Voice
	return made
}

func (p *phone) put(packets ...Packet) {
	for _, packet := range packets {
		p.b.Put(zero.Add(p.now), packet)
	}
}

// tick lets 20 ms pass at the end of which the mixer takes its sound.
func (p *phone) tick() {
	p.now += 20 * millisecond
	for p.level < 160 {
		f := p.b.Take(zero.Add(p.now), 160-p.level)
		p.level += f.Ticks
		p.heard = append(p.heard, letter(f))
	}
	p.level -= 160
}

// letter writes a frame: its payload, a star where a stream or a spurt begins, ! for
// what is concealed (with what follows, if that is known), ~ for comfort noise and _
// for silence.
func letter(f Frame) string {
	switch f.Kind {
	case Voice:
		if f.Start {
			return "*" + string(f.Payload)
		}
		return string(f.Payload)
	case Lost:
		if f.Next != nil {
			return "!(" + string(f.Next) + ")"
		}
		return "!"
	case Comfort:
		return "~"
	}
	return "_"
}

// talk sends a packet every 20 ms.
func (p *phone) talk(n int) {
	for range n {
		p.put(p.make())
		p.tick()
	}
}

func (p *phone) ticks(n int) {
	for range n {
		p.tick()
	}
}

// hears compares what was heard since the last time.
func (p *phone) hears(want string) {
	p.t.Helper()
	if got := strings.Join(p.heard, ""); got != want {
		p.t.Errorf("heard %q, want %q; %+v", got, want, p.b.Stats())
	}
	p.heard = nil
}

// counts compares the statistics, as far as they are not 0.
func (p *phone) counts(want Stats) {
	p.t.Helper()
	got := p.b.Stats()
	got.Delay, got.Target, got.Stretched, got.Shrunk = 0, 0, 0, 0
	if want.Received == 0 {
		want.Received, want.Played = got.Received, got.Played
	}
	if got != want {
		p.t.Errorf("%+v, want %+v", got, want)
	}
}

func TestInOrder(t *testing.T) {
	p := newPhone(t)
	p.ticks(2)
	p.hears("__")
	p.talk(5)
	p.hears("*abcde")
	p.counts(Stats{Received: 5, Played: 5})
}

func TestReorderedWithinTheDelay(t *testing.T) {
	p := newPhone(t)
	p.talk(2)
	c, d := p.make(), p.make()
	p.put(d, c)
	p.ticks(2)
	p.hears("*abcd")
	p.counts(Stats{Received: 4, Played: 4})
}

func TestDuplicates(t *testing.T) {
	p := newPhone(t)
	a, b := p.make(), p.make()
	p.put(a, a)
	p.tick()
	p.put(a, b, b)
	p.tick()
	p.put(b)
	p.hears("*ab")
	p.counts(Stats{Received: 6, Played: 2, Duplicates: 4})
}

// ahead brings the buffer to where one packet waits behind the one that is played: the
// second packet comes 20 ms late.
func (p *phone) ahead() {
	p.t.Helper()
	p.talk(1)
	late := p.make()
	p.tick()
	p.put(late)
	p.talk(1)
	p.hears("*a!b")
}

func TestLossIsConcealedOnceTheNextIsHere(t *testing.T) {
	p := newPhone(t)
	p.ahead() // c waits
	p.make()  // d is lost
	p.tick()
	p.talk(4)
	p.hears("c!(e)efg")
	p.counts(Stats{Received: 7, Played: 6, Lost: 1, Starved: 1})
}

func TestSeveralLossesOnlyTheLastKnowsWhatFollows(t *testing.T) {
	p := newPhone(t)
	p.ahead()
	late := p.make()
	p.tick()
	p.tick()
	p.put(late, p.make())
	p.talk(1)
	p.hears("c!d") // now e and f wait
	p.make()
	p.make() // g and h are lost
	p.ticks(2)
	p.talk(5)
	p.hears("ef!!(i)ijk")
	if s := p.b.Stats(); s.Lost != 2 {
		t.Errorf("%+v", s)
	}
}

func TestLossAtTheEndOfTheBufferIsConcealedOnce(t *testing.T) {
	p := newPhone(t)
	p.talk(3)
	p.make()
	p.tick()
	p.talk(3)
	p.hears("*abc!efg")
	p.counts(Stats{Received: 6, Played: 6, Lost: 1, Starved: 1})
}

func TestLatePacketIsPlayedWhenNothingElseIsHere(t *testing.T) {
	p := newPhone(t)
	p.talk(3)
	late := p.make()
	p.tick()
	p.put(late, p.make())
	p.ticks(2)
	p.hears("*abc!de")
	p.counts(Stats{Received: 5, Played: 5, Starved: 1})
	if d := p.b.Stats().Delay; d < 20*millisecond {
		t.Errorf("after the interruption the delay is %v, want it longer by the 20 ms", d)
	}
}

func TestLateAfterItsPlaceWasGivenOut(t *testing.T) {
	p := newPhone(t)
	p.ahead()
	late := p.make()
	p.tick()
	p.talk(1)
	p.put(late)
	p.talk(2)
	p.hears("c!(e)ef")
	p.counts(Stats{Received: 7, Played: 5, Lost: 1, Late: 1, Starved: 1})
}

func TestNumbersAndTimestampsWrap(t *testing.T) {
	p := newPhone(t)
	p.packet.Sequence, p.packet.Timestamp = 65533, 1<<32-300
	p.ahead()
	p.make() // number 0 is lost
	p.tick()
	p.talk(3)
	p.hears("c!(e)ef")
	p.counts(Stats{Received: 6, Played: 5, Lost: 1, Starved: 1})
}

// TestAnotherSSRC: what replaces a stream in the middle is heard without a gap.
func TestAnotherSSRC(t *testing.T) {
	p := newPhone(t)
	p.talk(3)
	old := p.make()
	p.packet.SSRC, p.packet.Sequence, p.packet.Timestamp = 77, 9, 1<<31
	p.talk(2)
	p.put(old) // a straggler of the old stream
	p.talk(2)
	p.hears("*abc*efgh")
	p.counts(Stats{Received: 8, Played: 7, Strays: 1, Restarts: 1})
}

// TestAnotherSSRCAfterAPause: the new stream waits for the delay as any spurt.
func TestAnotherSSRCAfterAPause(t *testing.T) {
	p := newPhone(t)
	p.talk(2)
	p.ticks(50)
	p.heard = nil
	p.packet.SSRC = 77
	p.talk(3)
	p.hears("*cde")
}

// TestTimestampJumps: SIPp's pcap_play and music servers begin anew without a marker.
func TestTimestampJumps(t *testing.T) {
	for _, jump := range []uint32{1 << 20, 1 << 31, ^uint32(5000), ^uint32(1 << 29), 3000} {
		t.Run(fmt.Sprint(int32(jump)), func(t *testing.T) {
			p := newPhone(t)
			p.talk(3)
			p.packet.Timestamp += jump
			p.talk(3)
			p.hears("*abcdef")
			p.counts(Stats{Received: 6, Played: 6, Restarts: 1})
		})
	}
}

// TestTimestampJumpsInJitter: a packet that is late by what jitter explains does not
// make a gap of its jump.
func TestTimestampJumpsInJitter(t *testing.T) {
	p := newPhone(t)
	p.ahead()
	p.talk(1)
	p.packet.Timestamp += 1 << 20
	jumped := p.make()
	p.tick()
	p.now += 10 * millisecond
	p.put(jumped)
	p.now -= 10 * millisecond
	p.tick()
	p.talk(1)
	p.hears("cdef")
	p.counts(Stats{Received: 6, Played: 6, Restarts: 1, Starved: 1})
}

// TestHeldAndResumed: after a hold of 10 s the sender's timestamps go on as if none
// had been, or as time has, or anywhere.
func TestHeldAndResumed(t *testing.T) {
	for _, jump := range []uint32{0, 80000, 123456789} {
		t.Run(fmt.Sprint(jump), func(t *testing.T) {
			p := newPhone(t)
			p.talk(3)
			p.ticks(500)
			if conceals := strings.Count(strings.Join(p.heard, ""), "!"); conceals != 5 {
				t.Errorf("%d frames concealed, want 100 ms", conceals)
			}
			p.heard = nil
			p.packet.Timestamp += jump
			p.talk(4)
			p.hears("*defg")
		})
	}
}

func TestReorderedAcrossAJump(t *testing.T) {
	p := newPhone(t)
	p.talk(3)
	d := p.make()
	p.packet.Timestamp += 1 << 20
	p.tick()
	p.put(p.make(), d)
	p.tick()
	p.talk(2)
	p.tick()
	p.hears("*abc!defg")
	p.counts(Stats{Received: 7, Played: 7, Starved: 1, Restarts: 1})
}

// TestNumbersRestart: the same SSRC with other numbers is a stream anew from its
// second packet on.
func TestNumbersRestart(t *testing.T) {
	p := newPhone(t)
	p.talk(3)
	p.packet.Sequence += 20000
	p.talk(4)
	if got := strings.Join(p.heard, ""); got != "*abc!*efg" {
		t.Errorf("heard %q", got)
	}
}

// TestComfortNoise: after it nothing is missing, and the next spurt comes in time.
func TestComfortNoise(t *testing.T) {
	p := newPhone(t)
	p.talk(2)
	p.packet.Kind = Comfort
	p.talk(1)
	p.ticks(3)
	p.hears("*ab~___")
	p.packet.Timestamp += 3 * 160
	p.packet.Marker = true
	p.talk(3)
	p.hears("*def")
	p.counts(Stats{Received: 6, Played: 6})
}

// TestKeys: packets of telephone-event take numbers and have no sound; the voice
// behind them is not a loss.
func TestKeys(t *testing.T) {
	p := newPhone(t)
	p.talk(2)
	begin := p.packet.Timestamp
	for range 5 {
		p.packet.Kind = Event
		event := p.make()
		event.Timestamp = begin
		p.put(event)
		p.tick()
	}
	p.hears("*ab_____")
	p.talk(2)
	p.hears("*hi")
	p.counts(Stats{Received: 9, Played: 4})
}

// TestKeysBesideVoice: where packets of keys come between those of voice, the voice goes
// on without a break.
func TestKeysBesideVoice(t *testing.T) {
	p := newPhone(t)
	p.talk(2)
	for range 4 {
		event := p.packet
		event.Kind, event.Timestamp = Event, 5000
		p.packet.Sequence++
		p.put(event)
		p.talk(1)
	}
	p.hears("*abcdef")
	if s := p.b.Stats(); s.Lost+s.Late+s.Strays+s.Starved > 0 {
		t.Errorf("%+v", s)
	}
}

// TestComfortNoiseInTurn: comfort noise that waits behind voice is begun in its turn, and a
// second one replaces it.
func TestComfortNoiseInTurn(t *testing.T) {
	p := newPhone(t)
	p.ahead() // c waits
	p.packet.Kind = Comfort
	p.talk(1)
	p.hears("c")
	p.tick()
	p.hears("~")
	p.packet.Timestamp += 160
	p.packet.Kind = Comfort
	p.talk(1)
	p.ticks(2)
	if got := strings.Join(p.heard, ""); strings.Count(got, "~") != 1 || strings.ContainsAny(got, "!") {
		t.Errorf("heard %q", got)
	}
}

// TestNumbersFarApart: a hole of more numbers than can wait.
func TestNumbersFarApart(t *testing.T) {
	p := newPhone(t)
	p.ahead()
	for range 200 {
		p.make()
	}
	p.now += 200 * 20 * millisecond
	p.talk(3)
	s := p.b.Stats()
	if s.Lost < 199 || s.Received != 6 {
		t.Errorf("%+v", s)
	}
	if last := p.heard[len(p.heard)-1]; last == "!" {
		t.Errorf("heard %q", p.heard)
	}
}

// TestMoreThanFitIn: nobody takes what comes, as when a leg is not heard for a while; the
// newest remain.
func TestMoreThanFitIn(t *testing.T) {
	p := newPhone(t)
	for range 300 {
		p.put(p.make())
		p.now += 20 * millisecond
	}
	if n := len(p.b.store.slots); n > window+1 {
		t.Errorf("%d slots", n)
	}
	p.tick()
	s := p.b.Stats()
	if s.Skipped < 290 || s.Skipped > 300 {
		t.Errorf("%+v", s)
	}
	p.talk(5)
	if last := p.heard[len(p.heard)-1]; strings.ContainsAny(last, "!_") {
		t.Errorf("heard %q", p.heard)
	}
}

// TestTimestampsOfTwoClocks: a sender of G.722 whose timestamps count 16,000 a second,
// against RFC 3551 s4.5.2: it is heard, with little delay.
func TestTimestampsOfTwoClocks(t *testing.T) {
	p := newPhone(t)
	for range 500 {
		p.talk(1)
		p.packet.Timestamp += 160
	}
	s := p.b.Stats()
	if s.Played < 490 || s.Delay > 100*millisecond {
		t.Errorf("%+v", s)
	}
}

func TestKeyAsTheFirstPacket(t *testing.T) {
	p := newPhone(t)
	p.packet.Kind = Event
	p.talk(1)
	p.talk(2)
	p.hears("_*bc")
	p.packet.SSRC, p.packet.Timestamp, p.packet.Kind = 99, 1<<30, Event
	p.talk(1)
	p.talk(2)
	p.hears("_*ef")
}

// TestPacketTimeChanges: 20, then 60, then 10 ms.
func TestPacketTimeChanges(t *testing.T) {
	p := newPhone(t)
	p.talk(3)
	p.packet.Ticks = 480
	for range 3 {
		p.put(p.make())
		p.ticks(3)
	}
	p.packet.Ticks = 80
	for range 3 {
		p.put(p.make(), p.make())
		p.tick()
	}
	if got := strings.NewReplacer("!", "", "*", "").Replace(strings.Join(p.heard, "")); got != "abcdefghijkl" {
		t.Errorf("heard %q", got)
	}
	p.counts(Stats{Received: 12, Played: 12})
}

// TestBurst: ten packets at once that belong to the last 200 ms are all played when
// the delay allows for it, after an outage of a second only the newest.
func TestBurst(t *testing.T) {
	p := newPhone(t)
	p.talk(20)
	var held []Packet
	for range 8 {
		held = append(held, p.make())
		p.tick()
	}
	p.heard = nil
	p.put(held...)
	p.talk(10)
	got := strings.NewReplacer("!", "", "*", "", "_", "").Replace(strings.Join(p.heard, ""))
	if !strings.HasPrefix("uvwxyzabcdefghijklm", got) || len(got) < 10 {
		t.Errorf("heard %q", got)
	}
	if s := p.b.Stats(); s.Skipped > 0 || s.Late > 0 {
		t.Errorf("%+v", s)
	}
}

func TestOutageIsNotPlayedAfterwards(t *testing.T) {
	p := newPhone(t)
	p.talk(20)
	var held []Packet
	for range 50 {
		held = append(held, p.make())
		p.tick()
	}
	p.put(held...)
	p.talk(20)
	s := p.b.Stats()
	if s.Skipped < 35 || s.Skipped > 50 || s.Delay > 220*millisecond {
		t.Errorf("%+v", s)
	}
	if last := p.heard[len(p.heard)-1]; strings.ContainsAny(last, "!_") {
		t.Errorf("heard %q at the end", last)
	}
}

// TestTargetGoesUpAtOnceAndDownSlowly: jitter of 80 ms for ten seconds, then none.
func TestTargetGoesUpAtOnceAndDownSlowly(t *testing.T) {
	jittery := 10 * time.Second
	n := network{length: 70 * time.Second, ptime: 20 * millisecond}
	var all []arrival
	for i, a := range (network{length: n.length, ptime: n.ptime, delay: even}).packets() {
		if a.sampled < jittery && i%5 > 0 {
			a.at += time.Duration(i%5) * 20 * millisecond
		}
		all = append(all, a)
	}
	slices.SortStableFunc(all, func(a, b arrival) int { return int(a.at - b.at) })
	b := newBuffer(t)
	after := func(d time.Duration) time.Duration {
		i := 0
		for i < len(all) && all[i].at < d {
			i++
		}
		listen(t, b, all[:i], d)
		s := b.Stats()
		b = newBuffer(t)
		return s.Target
	}
	for _, c := range []struct{ at, least, most time.Duration }{
		{time.Second, 80 * millisecond, 90 * millisecond},
		{10 * time.Second, 80 * millisecond, 90 * millisecond},
		{20 * time.Second, 80 * millisecond, 90 * millisecond},
		{65 * time.Second, 10 * millisecond, 10 * millisecond},
	} {
		if got := after(c.at); got < c.least || got > c.most {
			t.Errorf("after %v the target is %v, want %v to %v", c.at, got, c.least, c.most)
		}
	}
}

func TestPayloadThatIsTooLong(t *testing.T) {
	p := newPhone(t)
	p.put(Packet{Payload: make([]byte, MaxPayload+1)}, Packet{Ticks: 1 << 31})
	p.counts(Stats{Received: 2, Strays: 2})
}

func TestKinds(t *testing.T) {
	var names []string
	for k := Voice; k <= Silence+1; k++ {
		names = append(names, k.String())
	}
	if got := strings.Join(names, " "); got != "voice comfort event lost silence silence" {
		t.Error(got)
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []Options{
		{}, {Clock: 7999}, {Clock: 200000},
		{Clock: 8000, Tick: -1}, {Clock: 8000, Tick: time.Second},
		{Clock: 8000, Floor: 300 * millisecond}, {Clock: 8000, Ceiling: time.Second}, {Clock: 8000, Wait: -1},
	} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), ErrOptions.Error()) {
			t.Errorf("New(%+v): %v", o, err)
		}
		if _, err := NewSequencer(o); err == nil {
			t.Errorf("NewSequencer(%+v): no error", o)
		}
	}
}
