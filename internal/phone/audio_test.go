package phone

import (
	"math"
	"net/netip"
	"testing"
	"time"
)

var begin = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// pair is two ends whose packets arrive at once; drop loses some by their number.
func pair(drop func(n int) bool) (a, b *Audio) {
	now, n := begin, 0
	a = &Audio{Local: netip.MustParseAddrPort("192.0.2.1:4000"), Pitch: 500}
	b = &Audio{Local: netip.MustParseAddrPort("192.0.2.2:4000"), Pitch: 700}
	a.Write = func(p []byte, to netip.AddrPort) {
		if n++; !drop(n) {
			if err := b.Receive(now.Add(a.due.Sub(begin)), p); err != nil {
				panic(err)
			}
		}
	}
	return a, b
}

func TestTone(t *testing.T) {
	for _, codec := range []string{"PCMU", "PCMA"} {
		a, b := pair(func(int) bool { return false })
		theirs := Describe(b.Local, "opus", codec)
		b.Expect(theirs)
		if err := a.Start(begin, theirs); err != nil {
			t.Fatal(err)
		}
		now := begin.Add(time.Second)
		a.Tick(now)
		if got := b.Level(now, 400*time.Millisecond, 500); math.Abs(got+10) > 0.3 {
			t.Errorf("%s: level is %.2f dBm0, not -10", codec, got)
		}
		if got := b.Level(now, 400*time.Millisecond, 700); got > -40 {
			t.Errorf("%s: another pitch has %.2f dBm0", codec, got)
		}
		if r := b.Report(); r.Received != 51 || r.Lost != 0 || r.Sources != 1 {
			t.Errorf("%s: %+v", codec, r)
		}
		if got := b.Level(now.Add(time.Second), 400*time.Millisecond, 500); got != silence {
			t.Errorf("%s: a second later there is still %.2f dBm0", codec, got)
		}
	}
}

func TestLostPackets(t *testing.T) {
	a, b := pair(func(n int) bool { return n%5 == 0 })
	if err := a.Start(begin, Describe(b.Local)); err != nil {
		t.Fatal(err)
	}
	now := begin.Add(time.Second)
	a.Tick(now)
	if r := b.Report(); r.Lost != 10 || a.Report().Sent != 51 {
		t.Errorf("%+v, sent %d", r, a.Report().Sent)
	}
	if got := b.Level(now, 400*time.Millisecond, 500); math.Abs(got+10) > 1 {
		t.Errorf("level with one packet of five lost is %.2f dBm0", got)
	}
}

func TestDirectionOfTone(t *testing.T) {
	for direction, sends := range map[string]bool{SendRecv: true, RecvOnly: true, SendOnly: false, Inactive: false} {
		a, _ := pair(func(int) bool { return false })
		d := Describe(netip.MustParseAddrPort("192.0.2.2:4000"))
		d.Direction = direction
		if err := a.Start(begin, d); err != nil || a.Sending() != sends {
			t.Errorf("%s: sending %v, %v", direction, a.Sending(), err)
		}
	}
	a, b := pair(func(int) bool { return false })
	if err := a.Start(begin, Describe(b.Local, "opus")); err == nil {
		t.Error("a tone was begun without G.711")
	}
	refused := Describe(netip.AddrPortFrom(b.Local.Addr(), 0))
	if err := a.Start(begin, refused); err != nil || a.Sending() {
		t.Errorf("a refused stream is sent to: %v", err)
	}
}

func TestReceiveRefuses(t *testing.T) {
	_, b := pair(func(int) bool { return false })
	for _, packet := range [][]byte{nil, {0x80, 0}, make([]byte, 20), append([]byte{0x8f, 0}, make([]byte, 12)...)} {
		if b.Receive(begin, packet) == nil {
			t.Errorf("% x was taken", packet)
		}
	}
	if err := b.Receive(begin, []byte{0x80, 200, 0, 1}); err != nil || b.Report().Received != 0 {
		t.Errorf("RTCP: %v", err)
	}
}

func TestG711(t *testing.T) {
	for _, codec := range []string{"PCMU", "PCMA"} {
		for s := -32000; s <= 32000; s += 37 {
			back, _ := decode(codec, encode(nil, codec, []int16{int16(s)}))
			if diff := math.Abs(float64(back[0]) - float64(s)); diff > math.Abs(float64(s))/16+16 {
				t.Fatalf("%s: %d comes back as %d", codec, s, back[0])
			}
		}
	}
}

func FuzzReceive(f *testing.F) {
	f.Add([]byte{0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0xff})
	f.Fuzz(func(t *testing.T, packet []byte) {
		a := &Audio{}
		_ = a.Receive(begin, packet)
		a.Level(begin, time.Second, 500)
	})
}
