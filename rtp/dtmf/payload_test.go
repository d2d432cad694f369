package dtmf

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

func TestPayload(t *testing.T) {
	for _, c := range []struct {
		octets []byte
		p      Payload
	}{
		{[]byte{5, 0x0A, 0x00, 0xA0}, Payload{Event: 5, Volume: 10, Duration: 160}},
		{[]byte{11, 0x8A, 0x03, 0x20}, Payload{Event: 11, End: true, Volume: 10, Duration: 800}},
		{[]byte{255, 0xFF, 0xFF, 0xFF}, Payload{Event: 255, End: true, Reserved: true, Volume: 63, Duration: 65535}},
		{[]byte{0, 0, 0, 0}, Payload{}},
	} {
		p, err := ParsePayload(c.octets)
		if err != nil || p != c.p {
			t.Errorf("% x: %+v, %v; want %+v", c.octets, p, err, c.p)
		}
		if b := c.p.Append([]byte{1}); !bytes.Equal(b[1:], c.octets) {
			t.Errorf("%+v: % x, want % x", c.p, b[1:], c.octets)
		}
	}
	if _, err := ParsePayload([]byte{1, 2, 3}); !errors.Is(err, ErrPayload) {
		t.Error(err)
	}
	if b := (Payload{Volume: 200}).Append(nil); b[1] != 63 {
		t.Errorf("a volume of 200 became %#x", b[1])
	}
}

func TestDigits(t *testing.T) {
	for i, symbol := range []byte("0123456789*#ABCD!") {
		d, ok := ParseDigit(symbol)
		if !ok || d != Digit(i) || d.String() != string(symbol) || !d.Valid() {
			t.Errorf("%c: %d, %v, %v", symbol, d, ok, d)
		}
	}
	if d, ok := ParseDigit('c'); !ok || d != C {
		t.Errorf("c: %v", d)
	}
	for _, symbol := range []byte("eE+ \x00\xff") {
		if d, ok := ParseDigit(symbol); ok {
			t.Errorf("%q is %v", symbol, d)
		}
	}
	if Digit(17).Valid() || Digit(17).String() != "?" {
		t.Error("17 is a key")
	}
	if Began.String()+Continued.String()+Ended.String()+Phase(9).String() != "begancontinuedendedended" {
		t.Error("phases")
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		rate int
		n    int64
	}{
		{20 * time.Millisecond, 8000, 160}, {20 * time.Millisecond, 48000, 960}, {0, 8000, 0},
		{24 * 365 * time.Hour, 48000, 24 * 365 * 3600 * 48000}, {time.Second / 8000, 8000, 1},
	} {
		if n := ticks(c.d, c.rate); n != c.n {
			t.Errorf("%v at %d: %d, want %d", c.d, c.rate, n, c.n)
		}
		if d := lasting(c.n, c.rate); d != c.d {
			t.Errorf("%d at %d: %v, want %v", c.n, c.rate, d, c.d)
		}
	}
	for _, c := range []struct {
		n        int64
		from, to int
		want     int64
	}{{160, 8000, 48000, 960}, {960, 48000, 8000, 160}, {1, 8000, 16000, 2}, {4, 48000, 8000, 1}, {2, 48000, 8000, 0}} {
		if n := Rescale(c.n, c.from, c.to); n != c.want {
			t.Errorf("%+v: %d", c, n)
		}
	}
}

// FuzzPayload: what is read is written again, and too little is refused.
func FuzzPayload(f *testing.F) {
	f.Add([]byte{5, 0x8A, 0x03, 0x20})
	f.Add([]byte{5, 0xCA, 0x03})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePayload(b)
		if (err == nil) != (len(b) >= PayloadSize) {
			t.Fatalf("% x: %v", b, err)
		}
		if err == nil && !bytes.Equal(p.Append(nil), b[:PayloadSize]) {
			t.Errorf("% x: %+v", b, p)
		}
	})
}
