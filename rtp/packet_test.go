package rtp

import (
	"bytes"
	"testing"

	pion "github.com/pion/rtp"
)

func TestParseHeader(t *testing.T) {
	fixed := rtpPacket(0, 7, 160, 0xCAFE, 1, 2, 3, 4)
	with := func(first byte, tail ...byte) []byte {
		b := append([]byte(nil), fixed[:headerSize]...)
		b[0] = first
		return append(b, tail...)
	}
	for _, c := range []struct {
		name       string
		packet     []byte
		ok         bool
		begin, end uint16
	}{
		{"fixed header and payload", fixed, true, 12, 16},
		{"no payload", fixed[:12], true, 12, 12},
		{"too short", fixed[:11], false, 0, 0},
		{"empty", nil, false, 0, 0},
		{"version 1", with(1<<6, 1), false, 0, 0},
		{"version 0, as STUN and ZRTP have it", with(0, 1), false, 0, 0},
		{"one CSRC", with(2<<6|1, 0, 0, 0, 1, 9), true, 16, 17},
		{"CSRC list cut off", with(2<<6|2, 0, 0, 0, 1, 9), false, 0, 0},
		{"extension of one word", with(2<<6|0x10, 0xBE, 0xDE, 0, 1, 1, 2, 3, 4, 9), true, 20, 21},
		{"extension of no words", with(2<<6|0x10, 0xBE, 0xDE, 0, 0), true, 16, 16},
		{"extension cut off", with(2<<6|0x10, 0xBE, 0xDE, 0, 2, 1, 2, 3, 4), false, 0, 0},
		{"extension header cut off", with(2<<6|0x10, 0xBE, 0xDE, 0), false, 0, 0},
		{"two octets of padding", with(2<<6|0x20, 9, 9, 0, 2), true, 12, 14},
		{"nothing but padding", with(2<<6|0x20, 0, 0, 0, 4), true, 12, 12},
		{"padding of none", with(2<<6|0x20, 9, 0), false, 0, 0},
		{"padding that reaches into the header", with(2<<6|0x20, 9, 3), false, 0, 0},
	} {
		h, ok := parseHeader(c.packet)
		if ok != c.ok {
			t.Errorf("%s: ok is %v", c.name, ok)
		}
		if ok && (h.begin != c.begin || h.end != c.end) {
			t.Errorf("%s: payload %d-%d, want %d-%d", c.name, h.begin, h.end, c.begin, c.end)
		}
	}
}

func TestHeaderWriteKeepsTheRest(t *testing.T) {
	packet := []byte{2<<6 | 0x10 | 1, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9, 9, 9, 9, 0xBE, 0xDE, 0, 0, 7}
	want := append([]byte(nil), packet...)
	h := header{ssrc: 0x01020304, timestamp: 0x05060708, sequence: 0x090A, number: 101, marker: true}
	h.write(packet)
	copy(want[1:], []byte{0x80 | 101, 9, 10, 5, 6, 7, 8, 1, 2, 3, 4})
	if !bytes.Equal(packet, want) {
		t.Errorf("got %x, want %x", packet, want)
	}
}

// FuzzHeader holds the parser against pion's: what we take for RTP, pion reads
// in the same way.
func FuzzHeader(f *testing.F) {
	f.Add(rtpPacket(0, 1, 2, 3, 4, 5))
	f.Add([]byte{2<<6 | 0x10 | 1, 0x80, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9, 9, 9, 9, 0xBE, 0xDE, 0, 0, 7})
	f.Add([]byte{2<<6 | 0x20, 8, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9, 9, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, ok := parseHeader(b)
		if !ok {
			return
		}
		var p pion.Header
		n, err := p.Unmarshal(b)
		if err != nil {
			// pion also reads what is inside of an extension, which we do not.
			if b[0]&0x10 == 0 {
				t.Fatalf("pion: %v", err)
			}
			return
		}
		if n != int(h.begin) || p.SSRC != h.ssrc || p.SequenceNumber != h.sequence ||
			p.Timestamp != h.timestamp || p.PayloadType != h.number || p.Marker != h.marker {
			t.Fatalf("pion reads %+v (%d octets), we %+v", p, n, h)
		}
		before := bytes.Clone(b)
		h.write(b)
		if !bytes.Equal(b, before) {
			t.Fatalf("written back: %x, was %x", b, before)
		}
	})
}

func TestIsReport(t *testing.T) {
	for second, want := range map[byte]bool{191: false, 192: true, 200: true, 207: true, 223: true, 224: false, 0: false, 0x80 | 101: false} {
		if got := isReport([]byte{2 << 6, second}); got != want {
			t.Errorf("second octet %d: %v", second, got)
		}
	}
	if isReport([]byte{0x80}) {
		t.Error("one octet is no report")
	}
}
