package dtmf

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const ms = time.Millisecond

// sends gives what a sender sends in n packet times, a word each: the offset of
// the timestamp from 1000, M for the marker, the key, E for its end, the duration.
// A dot is a packet time without.
func sends(s *Sender, from uint32, step uint32, n int) string {
	var words []string
	buffer := make([]byte, PayloadSize)
	for i := range n {
		p, ok := s.Next(from+uint32(i)*step, buffer)
		if !ok {
			words = append(words, ".")
			continue
		}
		e, _ := ParsePayload(p.Payload)
		word := fmt.Sprint(int32(p.Timestamp - 1000))
		if p.Marker {
			word += "M"
		}
		word += ":" + Digit(e.Event).String()
		if e.End {
			word += "E"
		}
		words = append(words, word+fmt.Sprint(e.Duration))
	}
	return strings.Join(words, " ")
}

func TestSenderStories(t *testing.T) {
	for name, c := range map[string]struct {
		rate  int
		ptime time.Duration
		keys  string
		each  time.Duration
		n     int
		want  string
	}{
		"a key": {8000, 0, "5", 100 * ms, 9,
			"0M:5160 0:5320 0:5480 0:5640 0:5E800 0:5E800 0:5E800 . ."},
		"a duration that is no whole packet time": {8000, 0, "5", 50 * ms, 6, "0M:5160 0:5320 0:5E400 0:5E400 0:5E400 ."},
		"two keys, and the pause between them": {8000, 0, "1#", 40 * ms, 10,
			"0M:1160 0:1E320 0:1E320 0:1E320 640M:#160 640:#E320 640:#E320 640:#E320 . ."},
		"shorter than a key may be":      {8000, 0, "7", 10 * ms, 5, "0M:7160 0:7E320 0:7E320 0:7E320 ."},
		"a packet time longer than that": {8000, 60 * ms, "78", 40 * ms, 7, "0M:7E320 0:7E320 0:7E320 1440M:8E320 1440:8E320 1440:8E320 ."},
		"a short packet time":            {8000, 10 * ms, "78", 40 * ms, 9, "0M:780 0:7160 0:7240 0:7E320 0:7E320 0:7E320 . . 640M:880"},
		"a clock of 48 kHz":              {48000, 0, "5", 60 * ms, 6, "0M:5960 0:51920 0:5E2880 0:5E2880 0:5E2880 ."},
		"a clock of 16 kHz, a flash":     {16000, 0, "!", 40 * ms, 5, "0M:!320 0:!E640 0:!E640 0:!E640 ."},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewSender(c.rate, c.ptime)
			for _, symbol := range []byte(c.keys) {
				d, _ := ParseDigit(symbol)
				if err := s.Send(d, c.each); err != nil {
					t.Fatal(err)
				}
			}
			step := uint32(ticks(max(c.ptime, 20*ms), c.rate))
			if c.ptime > 0 {
				step = uint32(ticks(c.ptime, c.rate))
			}
			if got := sends(s, 1000, step, c.n); got != c.want {
				t.Errorf("sent\n%s, want\n%s", got, c.want)
			}
		})
	}
}

// TestSenderLongKey: RFC 4733 s2.5.1.3, at 48 kHz, where a segment lasts 1.365 s.
func TestSenderLongKey(t *testing.T) {
	s := NewSender(48000, 0)
	s.Send(3, 1500*ms)
	all := strings.Fields(sends(s, 1000, 960, 80))
	got := strings.Join(all[67:], " ")
	// The 69th packet fills the segment. Its two repetitions hold up the next one's
	// first, which states what has passed meanwhile.
	want := "0:365280 0:365535 0:365535 0:365535 65535:33585 65535:34545 65535:35505 65535:3E6465 65535:3E6465 65535:3E6465 . . ."
	if got != want {
		t.Errorf("sent\n%s, want\n%s", got, want)
	}
	if strings.Count(strings.Join(all, " "), "M") != 1 {
		t.Error("a marker in a later segment")
	}
}

// TestSenderOfALiveKey: it goes on until it is released.
func TestSenderOfALiveKey(t *testing.T) {
	s := NewSender(8000, 0)
	s.Press(4)
	got := sends(s, 1000, 160, 4)
	s.Release(95 * ms)
	got += " " + sends(s, 1640, 160, 4)
	if want := "0M:4160 0:4320 0:4480 0:4640 0:4E760 0:4E760 0:4E760 ."; got != want {
		t.Errorf("sent\n%s, want\n%s", got, want)
	}
}

// TestSenderOfAKeyReleasedLate: the release comes when more was said already.
func TestSenderOfAKeyReleasedLate(t *testing.T) {
	s := NewSender(8000, 0)
	s.Press(4)
	got := sends(s, 1000, 160, 5)
	s.Release(60 * ms)
	s.Release(500 * ms) // not again
	got += " " + sends(s, 1800, 160, 4)
	if want := "0M:4160 0:4320 0:4480 0:4640 0:4800 0:4E800 0:4E800 0:4E800 ."; got != want {
		t.Errorf("sent\n%s, want\n%s", got, want)
	}
}

// TestSenderOfTheNextKey: a key that was never released ends with the next.
func TestSenderOfTheNextKey(t *testing.T) {
	s := NewSender(8000, 0)
	s.Press(4)
	got := sends(s, 1000, 160, 3)
	s.Press(6)
	got += " " + sends(s, 1480, 160, 6)
	if want := "0M:4160 0:4320 0:4480 0:4E480 0:4E480 0:4E480 960M:6160 960:6320 960:6480"; got != want {
		t.Errorf("sent\n%s, want\n%s", got, want)
	}
}

func TestSenderMissesPacketTimes(t *testing.T) {
	s := NewSender(8000, 0)
	s.Send(4, 100*ms)
	got := sends(s, 1000, 160, 2) + " " + sends(s, 1000+1600, 160, 4)
	if want := "0M:4160 0:4320 0:4E800 0:4E800 0:4E800 ."; got != want {
		t.Errorf("sent\n%s, want\n%s", got, want)
	}
}

func TestSenderVolume(t *testing.T) {
	s := NewSender(8000, 0)
	s.Volume = 23
	s.Send(4, 100*ms)
	p, _ := s.Next(0, nil)
	if e, _ := ParsePayload(p.Payload); e.Volume != 23 || !s.Sending() {
		t.Errorf("%+v", e)
	}
}

func TestQueue(t *testing.T) {
	var q Queue
	q.Release(time.Second)
	q.Drop()
	if _, _, _, ok := q.Front(); ok || q.Len() != 0 {
		t.Error("not empty")
	}
	if err := q.Send(17, time.Second); !errors.Is(err, ErrDigit) {
		t.Error(err)
	}
	for range 3 { // round the ring
		for i := range maxQueue - 1 {
			if err := q.Send(Digit(i%16), time.Duration(i)*ms); err != nil {
				t.Fatal(err)
			}
		}
		if err := q.Press(Pound); err != nil {
			t.Fatal(err)
		}
		if err := q.Press(Star); !errors.Is(err, ErrFull) {
			t.Error(err)
		}
		for i := range maxQueue - 1 {
			if d, duration, down, ok := q.Front(); d != Digit(i%16) || duration != max(time.Duration(i)*ms, MinDuration) || down || !ok {
				t.Fatalf("%d: %v, %v, %v, %v", i, d, duration, down, ok)
			}
			q.Drop()
		}
		if d, _, down, ok := q.Front(); d != Pound || !down || !ok || q.Len() != 1 {
			t.Errorf("last: %v, %v, %v", d, down, ok)
		}
		q.Drop()
		q.Release(time.Second)
	}
}

// TestWhatIsSentIsHeard: digits and durations, at every rate and packet time.
func TestWhatIsSentIsHeard(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rate := rapid.SampledFrom([]int{8000, 16000, 48000}).Draw(rt, "rate")
		ptime := time.Duration(rapid.SampledFrom([]int{10, 20, 30, 60}).Draw(rt, "ptime")) * ms
		n := rapid.IntRange(1, 5).Draw(rt, "keys")
		digits, durations, want := make([]Digit, n), make([]time.Duration, n), ""
		for i := range digits {
			digits[i] = Digit(rapid.IntRange(0, 16).Draw(rt, "digit"))
			durations[i] = time.Duration(rapid.IntRange(1, 4000).Draw(rt, "ms")) * ms
			want += fmt.Sprintf(" +%v -%v(%v)", digits[i], digits[i], max(durations[i], MinDuration))
		}
		r := NewReceiver(rate)
		var events []Event
		sent := transmit(rate, ptime, digits, durations, rapid.Uint32().Draw(rt, "timestamp"))
		for i, a := range sent {
			events, _ = r.Receive(epoch.Add(a.at), a.Packet, events)
			if newKey := i == 0 || a.key != sent[i-1].key; a.Marker != newKey {
				rt.Fatalf("packet %d: marker %v", i, a.Marker)
			}
		}
		if got := " " + told(events); got != want {
			rt.Fatalf("heard%s, want%s", got, want)
		}
	})
}

// TestRelayOfAnyKind: a receiver's events drive a sender of another clock rate
// and packet time while the key is down.
func TestRelayOfAnyKind(t *testing.T) {
	sent := transmit(8000, 20*ms, []Digit{1, 1, Pound}, []time.Duration{200 * ms, 45 * ms, 3 * time.Second}, 77)
	in, out, far := NewReceiver(8000), NewSender(48000, 30*ms), NewReceiver(48000)
	var heard []Event
	for now := time.Duration(0); now < 4*time.Second; now += 10 * ms {
		for len(sent) > 0 && sent[0].at <= now {
			events, _ := in.Receive(epoch.Add(now), sent[0].Packet, nil)
			for _, e := range events {
				switch e.Phase {
				case Began:
					out.Press(e.Digit)
				case Ended:
					out.Release(e.Duration)
				}
			}
			sent = sent[1:]
		}
		if now%(30*ms) == 0 {
			if p, ok := out.Next(uint32(ticks(now, 48000)), make([]byte, 4)); ok {
				heard, _ = far.Receive(epoch.Add(now), p, heard)
			}
		}
	}
	if got := told(heard); got != "+1 -1(200ms) +1 -1(45ms) +# -#(3s)" {
		t.Error(got)
	}
}

func TestRescaler(t *testing.T) {
	r := NewRescaler(8000, 48000)
	for i, c := range []struct{ in, out pkt }{
		{pkt{0, 1000, true, 5, false, 160}, pkt{0, 7000, true, 5, false, 960}},
		{pkt{20, 1000, false, 5, false, 320}, pkt{0, 7000, false, 5, false, 1920}},
		{pkt{40, 1000, false, 5, true, 480}, pkt{0, 7000, false, 5, true, 2880}},
		{pkt{140, 3000, true, 6, false, 160}, pkt{0, 7021, true, 6, false, 960}},
		{pkt{141, 1000, false, 5, true, 480}, pkt{0, 7000, false, 5, true, 2880}}, // late
		{pkt{160, 3000, false, 6, false, 10800}, pkt{0, 7021, false, 6, false, 64800}},
		{pkt{180, 3000, false, 6, false, 10960}, pkt{0, 7021, false, 6, false, 65535}},
		{pkt{200, 3000, false, 6, false, 11120}, pkt{0, 7021 + 65535, false, 6, false, 1185}},
		{pkt{201, 3000, false, 6, false, 10800}, pkt{0, 7021, false, 6, false, 64800}}, // late
		{pkt{220, 3000, false, 6, true, 21930}, pkt{0, 7021 + 2*65535, false, 6, true, 510}},
		{pkt{240, 3000, false, 6, true, 21930}, pkt{0, 7021 + 2*65535, false, 6, true, 510}},
	} {
		p := r.Rescale(epoch.Add(time.Duration(c.in.ms)*ms), c.in.packet(), 7000+7*uint32(i))
		if want := c.out.packet(); fmt.Sprint(p) != fmt.Sprint(want) {
			t.Errorf("%d: %v, want %v", i, p, want)
		}
	}
	if p := r.Rescale(epoch, Packet{5, true, []byte{1}}, 99); p.Timestamp != 99 || len(p.Payload) != 1 {
		t.Errorf("no payload became %v", p)
	}
}

func TestRescalerOfSeveralEvents(t *testing.T) {
	b := Payload{Event: 2, Duration: 960}.Append(Payload{Event: 1, End: true, Duration: 1920}.Append(nil))
	p := NewRescaler(48000, 8000).Rescale(epoch, Packet{5, true, b}, 99)
	events, err := NewReceiver(8000).Receive(epoch, p, nil)
	if got := told(events); err != nil || p.Timestamp != 99 || got != "+1 -1(40ms) +2" {
		t.Errorf("%v: %s, %v", p, got, err)
	}
}

// TestRescalerIsTransparent: behind it, the keys are heard of which a packet went
// through, and their durations when all did.
func TestRescalerIsTransparent(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rates := []int{8000, 16000, 48000}
		from, to := rapid.SampledFrom(rates).Draw(rt, "from"), rapid.SampledFrom(rates).Draw(rt, "to")
		digits := []Digit{1, 1, 2}
		durations := []time.Duration{time.Duration(rapid.IntRange(40, 9000).Draw(rt, "ms")) * ms, 100 * ms, 2000 * ms}
		sent := transmit(from, 20*ms, digits, durations, rapid.Uint32().Draw(rt, "timestamp"))
		lost := rapid.SliceOfN(rapid.Bool(), 50, 50).Draw(rt, "lost")
		r, far := NewRescaler(from, to), NewReceiver(to)
		var events []Event
		got, want, all := "", "", ""
		through := map[int]bool{}
		for i, a := range sent {
			if lost[i%50] && lost[(i+1)%50] {
				continue
			}
			if !through[a.key] {
				want += digits[a.key].String()
			}
			through[a.key] = true
			p := r.Rescale(epoch.Add(a.at), a.Packet, uint32(ticks(a.at, to)))
			events, _ = far.Receive(epoch.Add(a.at), p, events)
		}
		events = far.Reset(events)
		for _, e := range events {
			if e.Phase == Ended {
				got += e.Digit.String()
				all += fmt.Sprint(" ", e.Duration)
			}
		}
		if got != want {
			rt.Fatalf("heard %s, want %s", got, want)
		}
		if whole := fmt.Sprintf(" %v %v %v", durations[0], durations[1], durations[2]); !slices.Contains(lost, true) && all != whole {
			rt.Fatalf("heard%s, want%s", all, whole)
		}
	})
}

func TestSenderDoesNotAllocate(t *testing.T) {
	s, r := NewSender(8000, 0), NewRescaler(8000, 48000)
	buffer := make([]byte, PayloadSize)
	ts := uint32(0)
	n := testing.AllocsPerRun(1000, func() {
		if s.Len() == 0 {
			s.Send(5, 100*ms)
		}
		ts += 160
		if p, ok := s.Next(ts, buffer); ok {
			r.Rescale(epoch, p, ts*6)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkSender(b *testing.B) {
	s := NewSender(8000, 0)
	buffer := make([]byte, PayloadSize)
	s.Press(5)
	ts := uint32(0)
	for b.Loop() {
		ts += 160
		s.Next(ts, buffer)
	}
}

// FuzzRescaler: whatever comes, what goes out has the same length and events.
func FuzzRescaler(f *testing.F) {
	f.Add(uint32(1000), true, []byte{5, 10, 0, 160}, uint32(0))
	f.Add(uint32(66535), false, []byte{5, 10, 0xFF, 0xFF, 6, 10, 0xFF, 0xFF}, uint32(1000))
	f.Fuzz(func(t *testing.T, ts uint32, marker bool, b []byte, ts2 uint32) {
		for _, r := range []*Rescaler{NewRescaler(8000, 48000), NewRescaler(48000, 8000)} {
			for _, at := range []uint32{ts, ts2, ts} {
				in := append([]byte(nil), b...)
				p := r.Rescale(epoch, Packet{at, marker, in}, 5)
				if len(p.Payload) != len(b) || p.Marker != marker || len(b) >= PayloadSize && p.Payload[0] != b[0] {
					t.Fatalf("% x became %+v", b, p)
				}
			}
		}
	})
}
