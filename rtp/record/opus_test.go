//go:build cgo

package record

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/rtp/codec"
)

// opusSound decodes an Ogg Opus file as RFC 7845 says it is to be played: what is to
// be skipped at its beginning is, and its end is where the last page's granule
// position says. It checks all that must hold of such a file.
func opusSound(t testing.TB, file []byte, rate int) (sides [][]int16, whole bool) {
	t.Helper()
	pages := readPages(t, file)
	if len(pages) < 2 {
		return nil, false
	}
	channels := checkHead(t, pages)
	decoder, err := codec.NewDecoder(codec.Format{Name: "opus", Clock: 48000, Channels: 2}, codec.Options{Rate: rate, Channels: channels})
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	var pcm []int16
	samples, end := int64(0), int64(0)
	out := make([]int16, rate/50*channels)
	for n, p := range pages[2:] {
		for _, packet := range p.packets {
			if length, err := decoder.Decode(out, packet); err != nil || length != len(out) {
				t.Fatalf("a packet of %d octets: %d values, %v", len(packet), length, err)
			}
			pcm = append(pcm, out...)
			samples += opusFrame
		}
		whole = p.flags == oggLast
		if whole != (p.granule < samples) || whole && n != len(pages)-3 {
			t.Fatalf("page %d has flags %d and granule position %d after %d samples", n+2, p.flags, p.granule, samples)
		}
		if len(p.packets) > 50 || len(p.packets) == 0 {
			t.Fatalf("%d packets in a page: not each second has one", len(p.packets))
		}
		end = p.granule
	}
	sides = make([][]int16, channels)
	from, to := opusSkip*rate/48000, int(end*int64(rate)/48000)
	for i := from * channels; i < to*channels; i++ {
		sides[i%channels] = append(sides[i%channels], pcm[i])
	}
	return sides, whole
}

// checkHead checks the first two pages and gives the channels.
func checkHead(t testing.TB, pages []oggPage) (channels int) {
	t.Helper()
	head, tags := pages[0], pages[1]
	if head.flags != oggFirst || head.granule != 0 || len(head.packets) != 1 || tags.flags != 0 || tags.granule != 0 || len(tags.packets) != 1 {
		t.Fatalf("pages of the headers: %+v, %+v", head, tags)
	}
	h := head.packets[0]
	if len(h) != 19 || string(h[:9]) != "OpusHead\x01" || binary.LittleEndian.Uint16(h[10:]) != opusSkip || h[16]|h[17]|h[18] != 0 {
		t.Fatalf("identification header %q", h)
	}
	c := tags.packets[0]
	if string(c[:8]) != "OpusTags" || int(binary.LittleEndian.Uint32(c[8:]))+16 != len(c) {
		t.Fatalf("comment header %q", c)
	}
	return int(h[9])
}

// TestOpusAlignment: sound that begins somewhere begins there in the file, at every
// rate, and the file is as long as the sound.
func TestOpusAlignment(t *testing.T) {
	for _, rate := range rates {
		for channels := 1; channels <= 2; channels++ {
			d := newDisk()
			f, _ := d.Create("x.opus")
			o, err := newOpus(f, rate, channels, 0)
			if err != nil {
				t.Fatal(err)
			}
			length, onset := rate*13/10+rate/8000*5, rate/2 // no whole number of frames
			pcm := make([]int16, length*channels)
			for i := onset * channels; i < len(pcm); i++ {
				pcm[i] = int16(8000 * math.Sin(2*math.Pi*440*float64(i/channels-onset)/float64(rate)))
			}
			for len(pcm) > 0 {
				n := min(len(pcm), rate/50*channels+6)
				if err := o.write(pcm[:n]); err != nil {
					t.Fatal(err)
				}
				pcm = pcm[n:]
				if len(o.pages.lacing) == 25 {
					_ = o.flush()
				}
			}
			if err := o.finish(); err != nil {
				t.Fatal(err)
			}
			sides, whole := opusSound(t, d.content("x.opus"), rate)
			if !whole || len(sides) != channels || len(sides[0]) != length {
				t.Fatalf("%d Hz: %d samples of %d, complete: %t", rate, len(sides[0]), length, whole)
			}
			for _, side := range sides {
				if got := beginning(side); math.Abs(float64(got-onset)) > float64(rate)*2/1000 {
					t.Errorf("%d Hz, %d channels: the sound begins at %.1f ms", rate, channels, float64(got)*1000/float64(rate))
				}
			}
		}
	}
}

// beginning is where a sound of half of 8000 is first reached.
func beginning(pcm []int16) int {
	for i, s := range pcm {
		if s > 4000 || s < -4000 {
			return i
		}
	}
	return -1
}

// TestOpusShortFiles: files of next to nothing are complete too, whatever their
// length.
func TestOpusShortFiles(t *testing.T) {
	for samples := 0; samples < 700; samples += 13 {
		d := newDisk()
		f, _ := d.Create("x.opus")
		o, err := newOpus(f, 8000, 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		_ = o.write(make([]int16, samples))
		if samples%2 == 0 {
			_ = o.flush()
		}
		if err := o.finish(); err != nil {
			t.Fatal(err)
		}
		sides, whole := opusSound(t, d.content("x.opus"), 8000)
		if !whole || len(sides[0]) != samples {
			t.Errorf("%d samples: %d, complete: %t", samples, len(sides[0]), whole)
		}
	}
}

// TestOpusLargestPackets: at the highest bit rate pages are flushed before they
// overflow.
func TestOpusLargestPackets(t *testing.T) {
	d := newDisk()
	f, _ := d.Create("x.opus")
	o, err := newOpus(f, 48000, 2, 510_000)
	if err != nil {
		t.Fatal(err)
	}
	noise, state := make([]int16, 2*48000), uint32(1)
	for i := range noise {
		state = state*1664525 + 1013904223
		noise[i] = int16(state >> 17)
	}
	for i := range 4 {
		_ = o.write(noise[i*24000 : (i+1)*24000])
	}
	_ = o.finish()
	if sides, whole := opusSound(t, d.content("x.opus"), 48000); !whole || len(sides[0]) != 48000 {
		t.Errorf("%d samples, complete: %t", len(sides[0]), whole)
	}
	if size := len(d.content("x.opus")); size < 48_000 {
		t.Errorf("%d octets", size)
	}
}

// TestOpusNothingSent: where the encoder sends nothing there is a packet all the same,
// of the same kind as the last.
func TestOpusNothingSent(t *testing.T) {
	d := newDisk()
	f, _ := d.Create("x.opus")
	o, err := newOpus(f, 8000, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	o.encoder.Close()
	o.encoder = quiet{shape: codec.Shape{Rate: 8000, Clock: 48000, Channels: 1}}
	_ = o.add([]byte{9<<3 | 3, 1, 2})
	_ = o.write(make([]int16, 320))
	_ = o.finish()
	page := readPages(t, d.content("x.opus"))[2]
	if len(page.packets) < 3 || !bytes.Equal(page.packets[1], []byte{9 << 3}) {
		t.Fatalf("packets %v", page.packets)
	}
	if p, err := codec.ParseOpus(page.packets[1]); err != nil || p.Duration() != 20*time.Millisecond {
		t.Errorf("%+v, %v", p, err)
	}
}

// quiet is an encoder that sends nothing.
type quiet struct {
	codec.Encoder
	shape codec.Shape
}

func (q quiet) Shape() codec.Shape                  { return q.shape }
func (q quiet) Frame(time.Duration) int             { return 160 }
func (q quiet) Encode([]byte, []int16) (int, error) { return 0, nil }
func (q quiet) Close()                              {}

// TestOpusCrash: a crash after any octet of any write leaves a file that plays up to
// the last page that is whole.
func TestOpusCrash(t *testing.T) {
	d := newDisk()
	r := begun(t, d, Config{Format: OggOpus, Layout: Mixed})
	speaking(t, join(t, r, Party{}), 8000, 440).say(t, 0, 3*time.Second)
	stopped(t, r, 3*time.Second)
	m := d.files["call.opus"]
	whole := 0
	crashes(m, func(file []byte, writes int) {
		pages := readPages(t, file)
		if len(pages) != writes {
			t.Fatalf("%d pages after %d writes", len(pages), writes)
		}
		if writes > whole {
			whole = writes
			opusSound(t, file, 8000)
		}
	})
	sides, complete := opusSound(t, m.bytes, 8000)
	if !complete || len(sides[0]) != 24000 {
		t.Errorf("%d samples, complete: %t", len(sides[0]), complete)
	}
}

// TestOpusStereo: each party stays on its side.
func TestOpusStereo(t *testing.T) {
	for _, rate := range rates {
		d := newDisk()
		r := begun(t, d, Config{Format: OggOpus, Rate: rate})
		a, b := speaking(t, join(t, r, Party{}), 8000, 440), speaking(t, join(t, r, Party{}), 16000, 1000)
		together(t, 0, 3*time.Second, a, b)
		stopped(t, r, 3*time.Second)
		sides, _ := opusSound(t, d.content("call.opus"), rate)
		if len(sides) != 2 || len(sides[0]) != 3*rate {
			t.Fatalf("%d sides", len(sides))
		}
		for i, own := range []float64{440, 1000} {
			tone, _ := levels(t, rate, sides[i][rate/2:], own)
			other, _ := levels(t, rate, sides[i][rate/2:], 1440-own)
			t.Logf("%d Hz, side %d: %.1f and %.1f dBFS", rate, i, tone, other)
			if math.Abs(tone+20) > 2 || other > tone-25 {
				t.Errorf("%d Hz, side %d: its tone at %.1f dBFS, the other's at %.1f", rate, i, tone, other)
			}
		}
	}
}

// TestOpusLargeFiles: each file of several is complete, and together they have all.
func TestOpusLargeFiles(t *testing.T) {
	d := newDisk()
	r := begun(t, d, Config{Format: OggOpus, Layout: Separate, Bitrate: 256_000, Rate: 48000, MaxSize: 1 << 16})
	speaking(t, join(t, r, Party{}), 48000, 440).say(t, 0, 6*time.Second)
	result := stopped(t, r, 6*time.Second)
	if len(result.Files) < 2 {
		t.Fatalf("files %q", result.Files)
	}
	samples := 0
	for _, name := range result.Files {
		sides, whole := opusSound(t, d.content(name), 48000)
		if !whole || len(d.content(name)) > 1<<16 {
			t.Errorf("%s: complete: %t, %d octets", name, whole, len(d.content(name)))
		}
		if len(sides[0]) > 48000/5 {
			hasTone(t, 48000, sides[0], 440, 30)
		}
		samples += len(sides[0])
	}
	if samples != 6*48000 {
		t.Errorf("%d samples", samples)
	}
}

// TestOpusAllTheTime: a page is written in time, also while nobody says anything.
func TestOpusAllTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		r := begun(t, d, Config{Format: OggOpus})
		a := speaking(t, join(t, r, Party{}), 8000, 440)
		for at := time.Duration(0); at < 6*time.Second; at += frame {
			if at < 3*time.Second {
				a.say(t, at, at+frame)
			} else {
				r.Tick(after(at))
			}
			synctest.Wait()
			pages := readPages(t, d.content("call.opus"))
			written := time.Duration(pages[len(pages)-1].granule) * time.Second / 48000
			if behind := at - written; behind > 800*time.Millisecond {
				t.Fatalf("at %v %v are missing", at, behind)
			}
		}
		stopped(t, r, 6*time.Second)
	})
}
