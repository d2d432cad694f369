package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// oggPage is a page as it was read.
type oggPage struct {
	flags    byte
	granule  int64
	serial   uint32
	sequence uint32
	packets  [][]byte
}

var errShort = errors.New("the file ends within a page")

// readPage reads a page and gives what is behind it. Packets that go on in the next
// page are refused: we write none.
func readPage(b []byte) (oggPage, []byte, error) {
	var p oggPage
	if len(b) < oggPageHead || len(b) < oggPageHead+int(b[26]) {
		return p, nil, errShort
	}
	lacing := b[oggPageHead : oggPageHead+int(b[26])]
	size := oggPageHead + len(lacing)
	body := b[size:]
	for _, n := range lacing {
		size += int(n)
	}
	if len(b) < size {
		return p, nil, errShort
	}
	if string(b[:5]) != "OggS\x00" {
		return p, nil, fmt.Errorf("a page begins with %q", b[:5])
	}
	page := slices.Clone(b[:size])
	clear(page[22:26])
	if crc := oggCRC(page); crc != binary.LittleEndian.Uint32(b[22:]) {
		return p, nil, fmt.Errorf("the CRC is %#x", crc)
	}
	p.flags, p.granule = b[5], int64(binary.LittleEndian.Uint64(b[6:]))
	p.serial, p.sequence = binary.LittleEndian.Uint32(b[14:]), binary.LittleEndian.Uint32(b[18:])
	var packet []byte
	for i, n := range lacing {
		packet = append(packet, body[:n]...)
		body = body[n:]
		if n < 255 {
			p.packets = append(p.packets, packet)
			packet = nil
		} else if i == len(lacing)-1 {
			return p, nil, errors.New("a packet goes on in the next page")
		}
	}
	return p, b[size:], nil
}

// slowCRC divides bit by bit, as the definition has it.
func slowCRC(b []byte) uint32 {
	crc := uint32(0)
	for _, octet := range b {
		for bit := 7; bit >= 0; bit-- {
			top := crc>>31 ^ uint32(octet>>bit)&1
			crc <<= 1
			if top == 1 {
				crc ^= 0x04c11db7
			}
		}
	}
	return crc
}

// readPages reads all pages; the file may end within one.
func readPages(t testing.TB, b []byte) []oggPage {
	t.Helper()
	var pages []oggPage
	for len(b) > 0 {
		p, rest, err := readPage(b)
		if errors.Is(err, errShort) {
			break
		}
		if err != nil {
			t.Fatalf("page %d: %v", len(pages), err)
		}
		if int(p.sequence) != len(pages) || p.serial != append(pages, p)[0].serial {
			t.Fatalf("page %d has number %d and serial %#x", len(pages), p.sequence, p.serial)
		}
		pages, b = append(pages, p), rest
	}
	return pages
}

func TestOggCRC(t *testing.T) {
	// CRC-32/CKSUM of the usual check string, without its final inversion.
	if got := oggCRC([]byte("123456789")); got != ^uint32(0x765e7680) {
		t.Errorf("%#x", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOf(rapid.Byte()).Draw(t, "octets")
		if oggCRC(b) != slowCRC(b) {
			t.Fatalf("%#x, want %#x", oggCRC(b), slowCRC(b))
		}
	})
}

// TestOggSegments: a page has room for 255 lacing values and no more.
func TestOggSegments(t *testing.T) {
	for length, want := range map[int]int{0: 1, 1: 1, 254: 1, 255: 2, 256: 2, 509: 2, 510: 3, 1276: 6} {
		packet := make([]byte, length)
		if got := segments(packet); got != want {
			t.Errorf("%d octets: %d segments, want %d", length, got, want)
		}
		var o ogg
		for o.fits(packet) {
			o.add(packet)
		}
		if n := len(o.lacing); n > oggSegments || n+want <= oggSegments || n%want != 0 {
			t.Errorf("%d octets: %d segments in a page", length, n)
		}
	}
}

// TestOggPackets: packets of any length come back, also those whose length is a
// multiple of 255.
func TestOggPackets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lengths := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 1276), rapid.SampledFrom([]int{254, 255, 256, 509, 510, 511, 1275})), 1, 40).Draw(t, "lengths")
		var file bytes.Buffer
		o := ogg{to: &file, serial: 7}
		var want [][]byte
		pages := 1
		for i, n := range lengths {
			packet := bytes.Repeat([]byte{byte(i)}, n)
			if !o.fits(packet) {
				if err := o.flush(int64(i), 0); err != nil {
					t.Fatal(err)
				}
				pages++
			}
			o.add(packet)
			want = append(want, packet)
		}
		if o.size() <= int64(file.Len()) {
			t.Fatalf("a size of %d with %d in the file", o.size(), file.Len())
		}
		_ = o.flush(int64(len(lengths)), oggLast)
		var got [][]byte
		rest := file.Bytes()
		for range pages {
			p, behind, err := readPage(rest)
			if err != nil {
				t.Fatal(err)
			}
			if p.granule != int64(len(got)+len(p.packets)) {
				t.Fatalf("granule position %d after %d packets", p.granule, len(got)+len(p.packets))
			}
			got, rest = append(got, p.packets...), behind
		}
		if len(rest) != 0 || !slices.EqualFunc(got, want, bytes.Equal) {
			t.Fatalf("%d packets came back of %d", len(got), len(want))
		}
	})
}
