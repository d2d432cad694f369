package dtmf

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// epoch is when every story begins.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// pkt is a packet that arrives some ms after the epoch.
type pkt struct {
	ms     int
	ts     uint32
	marker bool
	digit  Digit
	end    bool
	ticks  uint16
}

func (p pkt) packet() Packet {
	return Packet{p.ts, p.marker, Payload{Event: uint8(p.digit), End: p.end, Volume: 10, Duration: p.ticks}.Append(nil)}
}

// told writes events as a line: +5 began, 5 continued, -5(40ms) ended.
func told(events []Event) string {
	var words []string
	for _, e := range events {
		switch e.Phase {
		case Began:
			words = append(words, "+"+e.Digit.String())
		case Ended:
			words = append(words, fmt.Sprintf("-%v(%v)", e.Digit, e.Duration))
		}
	}
	return strings.Join(words, " ")
}

// hear gives what a receiver tells of packets, until 10 s after the last.
func hear(t testing.TB, rate int, packets []pkt) []Event {
	t.Helper()
	r := NewReceiver(rate)
	var events []Event
	now := epoch
	for _, p := range packets {
		now = epoch.Add(time.Duration(p.ms) * time.Millisecond)
		if at, ok := r.Deadline(); ok && at.Before(now) {
			events = r.Expire(at, events)
		}
		var err error
		if events, err = r.Receive(now, p.packet(), events); err != nil {
			t.Fatal(err)
		}
	}
	return r.Expire(now.Add(10*time.Second), events)
}

func TestReceiverStories(t *testing.T) {
	for name, c := range map[string]struct {
		rate    int
		packets []pkt
		want    string
	}{
		"a key with three final packets": {8000, []pkt{
			{0, 1000, true, 5, false, 160}, {20, 1000, false, 5, false, 320},
			{40, 1000, false, 5, true, 480}, {60, 1000, false, 5, true, 480}, {80, 1000, false, 5, true, 480}},
			"+5 -5(60ms)"},
		"duplicates of all": {8000, []pkt{
			{0, 1000, true, 5, false, 160}, {0, 1000, true, 5, false, 160},
			{40, 1000, false, 5, true, 480}, {40, 1000, false, 5, true, 480}, {41, 1000, true, 5, false, 160}},
			"+5 -5(60ms)"},
		"a lost start": {8000, []pkt{
			{20, 1000, false, Star, false, 320}, {40, 1000, false, Star, true, 480}}, "+* -*(60ms)"},
		"only a final packet":                  {8000, []pkt{{40, 1000, false, Pound, true, 800}}, "+# -#(100ms)"},
		"only a first packet, and the timeout": {8000, []pkt{{0, 1000, true, A, false, 160}}, "+A -A(20ms)"},
		"no final packet, and the next key": {8000, []pkt{
			{0, 1000, true, 1, false, 160}, {20, 1000, false, 1, false, 320},
			{140, 2120, true, 2, false, 160}, {160, 2120, false, 2, true, 320}}, "+1 -1(40ms) +2 -2(40ms)"},
		"no final packet, the same key again": {8000, []pkt{
			{0, 1000, true, 1, false, 160}, {20, 1000, false, 1, false, 320},
			{140, 2120, true, 1, false, 160}, {160, 2120, false, 1, true, 320}}, "+1 -1(40ms) +1 -1(40ms)"},
		"no final packet, the same key again, whose start is lost": {8000, []pkt{
			{0, 1000, true, 1, false, 160}, {20, 1000, false, 1, false, 320}, {160, 2120, false, 1, true, 320}},
			"+1 -1(40ms) +1 -1(40ms)"},
		"packets in the wrong order": {8000, []pkt{
			{20, 1000, false, 3, false, 320}, {21, 1000, true, 3, false, 160},
			{40, 1000, false, 3, true, 640}, {41, 1000, false, 3, false, 480}}, "+3 -3(80ms)"},
		"final packets after the next key's first": {8000, []pkt{
			{0, 1000, true, 3, false, 160}, {60, 2000, true, 4, false, 160},
			{61, 1000, false, 3, true, 640}, {80, 2000, false, 4, true, 320}}, "+3 -3(20ms) +4 -4(40ms)"},
		"a key that was overtaken whole": {8000, []pkt{
			{60, 2000, true, 4, false, 160}, {61, 1000, false, 3, true, 640},
			{62, 1000, false, 3, true, 640}, {80, 2000, false, 4, true, 320}}, "+4 +3 -3(80ms) -4(40ms)"},
		"an outage longer than the timeout": {8000, []pkt{
			{0, 1000, true, 7, false, 160}, {600, 1000, false, 7, false, 4800},
			{620, 1000, false, 7, true, 4960}}, "+7 -7(20ms)"},
		"a long key in segments": {8000, []pkt{
			{0, 5, true, 9, false, 65440}, {20, 5, false, 9, false, 65535}, {40, 5, false, 9, false, 65535},
			{60, 5 + 65535, false, 9, false, 400}, {80, 5 + 65535, false, 9, true, 65}}, "+9 -9(8.241875s)"},
		"a segment whose end is lost": {8000, []pkt{
			{0, 5, true, 9, false, 65000}, {160, 5 + 65535, false, 9, false, 160},
			{180, 5 + 65535, false, 9, true, 465}}, "+9 -9(8.25s)"},
		"a whole segment is lost": {48000, []pkt{
			{0, 5, true, 9, false, 960}, {2800, 5 + 2*65535, false, 9, false, 960},
			{2820, 5 + 2*65535, false, 9, true, 1920}}, "+9 -9(20ms)"},
		"a duration that passes through 0": {8000, []pkt{
			{0, 5, true, 9, false, 65440}, {20, 5, false, 9, false, 64}, {40, 5, false, 9, true, 224}},
			"+9 -9(8.22s)"},
		"the timestamp's wrap": {8000, []pkt{
			{0, 0xFFFFFF80, true, 9, false, 160}, {60, 0xFFFFFF80, false, 9, true, 480},
			{200, 1000, true, 9, false, 160}, {240, 1000, false, 9, true, 480}}, "+9 -9(60ms) +9 -9(60ms)"},
		"a duration of zero": {8000, []pkt{
			{0, 1000, true, 0, false, 0}, {20, 1000, false, 0, true, 160}}, "+0 -0(20ms)"},
		"nothing but a zero duration": {8000, []pkt{{0, 1000, true, 0, true, 0}}, "+0 -0(0s)"},
		"a timestamp that advances with each packet": {8000, []pkt{
			{0, 1000, true, 8, false, 160}, {20, 1160, false, 8, false, 320}, {40, 1320, false, 8, false, 480},
			{60, 1480, false, 8, true, 480}, {80, 1480, false, 8, true, 480}}, "+8 -8(120ms)"},
		"one timestamp for all keys": {8000, []pkt{
			{0, 0, true, 8, false, 160}, {20, 0, false, 8, true, 320},
			{300, 0, true, 1, false, 160}, {320, 0, false, 1, true, 320},
			{2000, 0, true, 1, false, 160}, {2020, 0, false, 1, true, 320}}, "+8 -8(40ms) +1 -1(40ms) +1 -1(40ms)"},
		"another event's start at the end of one": {8000, []pkt{
			{0, 1000, true, 8, true, 160}, {20, 1160, true, 8, true, 160}}, "+8 -8(20ms) +8 -8(20ms)"},
		"a key that its relay let begin too late": {8000, []pkt{
			{0, 1000, false, 8, true, 320}, {20, 1160, true, 8, false, 160}, {40, 1160, false, 8, true, 320}},
			"+8 -8(40ms) +8 -8(40ms)"},
		"a flash, and events that are no keys": {8000, []pkt{
			{0, 1000, true, 32, false, 160}, {100, 2000, true, Flash, true, 800}, {200, 9000, true, 200, true, 1}},
			"+! -!(100ms)"},
		"a clock of 48 kHz": {48000, []pkt{
			{0, 1000, true, D, false, 960}, {40, 1000, false, D, true, 2880}}, "+D -D(60ms)"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := told(hear(t, c.rate, c.packets)); got != c.want {
				t.Errorf("told %q, want %q", got, c.want)
			}
		})
	}
}

func TestReceiverTellsOfProgress(t *testing.T) {
	events := hear(t, 8000, []pkt{{0, 1000, true, 5, false, 160}, {20, 1000, false, 5, false, 320},
		{20, 1000, false, 5, false, 320}, {40, 1000, false, 5, true, 400}})
	want := []Event{
		{5, Began, 10, 1000, 20 * time.Millisecond}, {5, Continued, 10, 1000, 40 * time.Millisecond},
		{5, Ended, 10, 1000, 50 * time.Millisecond}}
	if fmt.Sprint(events) != fmt.Sprint(want) {
		t.Errorf("told %v, want %v", events, want)
	}
}

// TestSeveralEventsInAPacket: RFC 4733 s2.5.1.5.
func TestSeveralEventsInAPacket(t *testing.T) {
	var b []byte
	for _, d := range []Digit{1, 1, 2} {
		b = Payload{Event: uint8(d), End: true, Duration: 400}.Append(b)
	}
	r := NewReceiver(8000)
	var events []Event
	for range 3 {
		events, _ = r.Receive(epoch, Packet{700, true, b}, events)
	}
	if got := told(events); got != "+1 -1(50ms) +1 -1(50ms) +2 -2(50ms)" {
		t.Error(got)
	}
	// The last may go on in packets of its own.
	b = Payload{Event: 4, Duration: 160}.Append(Payload{Event: 3, End: true, Duration: 400}.Append(nil))
	events, _ = r.Receive(epoch, Packet{7000, true, b}, nil)
	events, _ = r.Receive(epoch, Packet{7400, false, Payload{Event: 4, End: true, Duration: 320}.Append(nil)}, events)
	if got := told(events); got != "+3 -3(50ms) +4 -4(40ms)" {
		t.Error(got)
	}
}

func TestReceiverRefuses(t *testing.T) {
	r := NewReceiver(8000)
	for _, b := range [][]byte{nil, {5}, {5, 0, 0}, {5, 0, 0, 160, 1}, make([]byte, 7)} {
		if events, err := r.Receive(epoch, Packet{Payload: b}, nil); !errors.Is(err, ErrPayload) || events != nil {
			t.Errorf("% x: %v, %v", b, events, err)
		}
	}
}

func TestReceiverDeadline(t *testing.T) {
	r := NewReceiver(8000)
	if _, ok := r.Deadline(); ok {
		t.Error("a deadline without a key")
	}
	r.Receive(epoch, pkt{ts: 5, digit: 7, ticks: 160}.packet(), nil)
	at, ok := r.Deadline()
	if d, down := r.Pressed(); !ok || at != epoch.Add(Timeout) || !down || d != 7 {
		t.Errorf("deadline %v, %v; pressed %v, %v", at, ok, d, down)
	}
	if events := r.Expire(at.Add(-1), nil); events != nil {
		t.Errorf("too early: %v", events)
	}
	if events := r.Expire(at, nil); told(events) != "-7(20ms)" || r.Expire(at, nil) != nil {
		t.Errorf("told %v", events)
	}
	if _, down := r.Pressed(); down {
		t.Error("still pressed")
	}
}

// TestReceiverReset: an SSRC changes while a key is down, and the new stream's
// timestamps happen to be those of the key.
func TestReceiverReset(t *testing.T) {
	r := NewReceiver(8000)
	events, _ := r.Receive(epoch, pkt{ts: 5, digit: 7, ticks: 160}.packet(), nil)
	events = r.Reset(events)
	events, _ = r.Receive(epoch, pkt{ts: 5, digit: 7, end: true, ticks: 160}.packet(), events)
	if got := told(events); got != "+7 -7(20ms) +7 -7(20ms)" {
		t.Error(got)
	}
}

// arrival is a packet of a Sender on its way.
type arrival struct {
	at time.Duration
	Packet
	key int
}

// transmit gives all packets that a sender has for digits, and when.
func transmit(rate int, ptime time.Duration, digits []Digit, durations []time.Duration, begin uint32) []arrival {
	s := NewSender(rate, ptime)
	for i, d := range digits {
		if err := s.Send(d, durations[i]); err != nil {
			panic(err)
		}
	}
	var sent []arrival
	for at := time.Duration(0); s.Len() > 0; at += ptime {
		key := len(digits) - s.Len()
		p, ok := s.Next(begin+uint32(ticks(at, rate)), make([]byte, PayloadSize))
		if ok {
			sent = append(sent, arrival{at + ptime, p, key})
		}
	}
	return sent
}

// TestOneKeyIsOneDigit: whatever is lost, repeated and delayed by up to 60 ms, as
// long as a packet of each key arrives there is one digit for each, in order.
func TestOneKeyIsOneDigit(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rate := rapid.SampledFrom([]int{8000, 16000, 48000}).Draw(rt, "rate")
		ptime := time.Duration(rapid.SampledFrom([]int{10, 20, 40, 50}).Draw(rt, "ptime")) * time.Millisecond
		n := rapid.IntRange(1, 6).Draw(rt, "keys")
		digits, durations := make([]Digit, n), make([]time.Duration, n)
		for i := range digits {
			digits[i] = Digit(rapid.IntRange(0, 2).Draw(rt, "digit"))
			durations[i] = time.Duration(rapid.SampledFrom([]int{40, 50, 100, 700, 1400, 3000}).Draw(rt, "ms")) * time.Millisecond
		}
		sent := transmit(rate, ptime, digits, durations, rapid.Uint32().Draw(rt, "timestamp"))
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		loss := rapid.SampledFrom([]float64{0, 0.1, 0.5, 0.9, 1}).Draw(rt, "loss")
		jitter := rapid.SampledFrom([]int{0, 15, 60}).Draw(rt, "jitter")
		arrived := travel(random, sent, loss, time.Duration(jitter)*time.Millisecond)
		if got := digitsOf(rt, rate, arrived); fmt.Sprint(got) != fmt.Sprint(digits) {
			rt.Fatalf("heard %v, want %v", got, digits)
		}
	})
}

// travel loses and repeats packets, but leaves one of each key, and lets them
// arrive late: all but the first that is left of each, which sets the order.
func travel(random *rand.Rand, sent []arrival, loss float64, jitter time.Duration) []arrival {
	left := map[int]int{}
	for _, a := range sent {
		left[a.key]++
	}
	var arrived []arrival
	first := map[int]time.Duration{}
	for _, a := range sent {
		left[a.key]--
		_, heard := first[a.key]
		if random.Float64() < loss && (heard || left[a.key] > 0) {
			continue
		}
		for range 1 + random.IntN(2) {
			late := a
			if jitter > 0 && heard {
				late.at += time.Duration(random.Int64N(int64(jitter)))
			}
			arrived = append(arrived, late)
		}
		first[a.key] = a.at
	}
	for i := range arrived { // a stable sort by insertion: there are few
		for k := i; k > 0 && arrived[k].at < arrived[k-1].at; k-- {
			arrived[k], arrived[k-1] = arrived[k-1], arrived[k]
		}
	}
	return arrived
}

// digitsOf gives the keys that were heard, and checks how they are told.
func digitsOf(t rapid.TB, rate int, arrived []arrival) []Digit {
	r := NewReceiver(rate)
	var digits []Digit
	var events []Event
	now := epoch
	for _, a := range arrived {
		now = epoch.Add(a.at)
		if at, ok := r.Deadline(); ok && at.Before(now) {
			events = r.Expire(at, events)
		}
		events, _ = r.Receive(now, a.Packet, events)
	}
	events = r.Expire(now.Add(Timeout), events)
	down := false
	for _, e := range events {
		if (e.Phase == Began) == down {
			t.Fatalf("%v of %v at the wrong time", e.Phase, e.Digit)
		}
		down = e.Phase != Ended
		if e.Phase == Began {
			digits = append(digits, e.Digit)
		}
	}
	if down {
		t.Fatalf("a key stays down")
	}
	return digits
}

func TestReceiverDoesNotAllocate(t *testing.T) {
	r := NewReceiver(8000)
	events := make([]Event, 0, 8)
	b := make([]byte, 0, PayloadSize)
	ts := uint32(0)
	n := testing.AllocsPerRun(1000, func() {
		ts += 1000
		for i := range 5 {
			b = Payload{Event: 5, End: i > 2, Duration: uint16(160 * (i + 1))}.Append(b[:0])
			events, _ = r.Receive(epoch, Packet{ts, i == 0, b}, events[:0])
		}
		events = r.Expire(epoch, events)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkReceiver(b *testing.B) {
	r := NewReceiver(8000)
	events := make([]Event, 0, 8)
	payload := Payload{Event: 5, Duration: 160}.Append(nil)
	ts := uint32(0)
	for b.Loop() {
		ts += 160
		events, _ = r.Receive(epoch, Packet{ts, true, payload}, events[:0])
	}
}

// FuzzReceiver: whatever arrives, each key that is told begins once and ends once,
// and durations never shrink.
func FuzzReceiver(f *testing.F) {
	f.Add(uint32(1000), true, []byte{5, 10, 0, 160}, uint32(1000), []byte{5, 0x8A, 1, 64})
	f.Add(uint32(1000), false, []byte{5, 10, 0xFF, 0xFF}, uint32(1000+65535), []byte{5, 10, 0, 1})
	f.Add(uint32(0xFFFFFFFF), true, []byte{1, 0x80, 0, 1, 2, 0x80, 0, 1}, uint32(0), []byte{2, 0x80, 0, 1})
	f.Add(uint32(0), false, []byte{}, uint32(9), []byte{77, 0, 0, 0})
	f.Fuzz(func(t *testing.T, ts uint32, marker bool, a []byte, ts2 uint32, b []byte) {
		r := NewReceiver(8000)
		events, _ := r.Receive(epoch, Packet{ts, marker, a}, nil)
		events, _ = r.Receive(epoch.Add(time.Second/50), Packet{ts2, false, b}, events)
		events, _ = r.Receive(epoch.Add(time.Second/25), Packet{ts, marker, a}, events)
		events = r.Reset(events)
		began, down := 0, 0
		for _, e := range events {
			switch e.Phase {
			case Began:
				began++
				down++
			case Ended:
				down--
			}
			if !e.Digit.Valid() || e.Duration < 0 || down < 0 || down > 2 {
				t.Fatalf("%+v", e)
			}
		}
		if down != 0 || began > (len(a)+len(b)+len(a))/PayloadSize {
			t.Errorf("%d keys, %d of them down", began, down)
		}
	})
}
