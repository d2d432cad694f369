package record

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"syscall"
	"testing"

	"github.com/tandem-gateway/tandem/rtp/audio"
)

// ramp is a sound in which each sample is told from its neighbours.
func ramp(n int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(i*7919 + 1)
	}
	return pcm
}

func beginWAV(t *testing.T, d *disk, rate, channels int) (*wav, *memory) {
	t.Helper()
	f, err := d.Create("x.wav")
	if err != nil {
		t.Fatal(err)
	}
	w, err := newWAV(f, rate, channels)
	if err != nil {
		t.Fatal(err)
	}
	return w, f.(*memory)
}

func TestWAVHeader(t *testing.T) {
	for _, c := range []struct {
		rate, channels int
		want           string
	}{
		{8000, 1, "524946462a000000" + "57415645666d7420" + "10000000" + "0100" + "0100" + "401f0000" + "803e0000" + "0200" + "1000" + "64617461" + "06000000"},
		{48000, 2, "5249464630000000" + "57415645666d7420" + "10000000" + "0100" + "0200" + "80bb0000" + "00ee0200" + "0400" + "1000" + "64617461" + "0c000000"},
	} {
		w, f := beginWAV(t, newDisk(), c.rate, c.channels)
		_ = w.write(ramp(3 * c.channels))
		if w.size() != int64(wavHead+6*c.channels) {
			t.Errorf("a size of %d", w.size())
		}
		if err := w.finish(); err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(f.bytes[:wavHead]); got != c.want {
			t.Errorf("%d Hz, %d channels:\n%s, want\n%s", c.rate, c.channels, got, c.want)
		}
		if len(f.bytes) != wavHead+6*c.channels {
			t.Errorf("%d octets", len(f.bytes))
		}
	}
}

func TestWAVComesBack(t *testing.T) {
	for _, rate := range rates {
		for channels := 1; channels <= 2; channels++ {
			w, f := beginWAV(t, newDisk(), rate, channels)
			pcm := ramp(rate / 10 * channels)
			for i := 0; i < len(pcm); i += 4 * channels {
				_ = w.write(pcm[i : i+4*channels])
				if i%64 == 0 {
					_ = w.flush()
				}
			}
			if err := w.finish(); err != nil {
				t.Fatal(err)
			}
			sides, got := samplesOf(t, f.bytes)
			if got != rate || len(sides) != channels {
				t.Fatalf("%d Hz, %d sides", got, len(sides))
			}
			for i, sample := range pcm {
				if sides[i%channels][i/channels] != sample {
					t.Fatalf("value %d of %d: %d, want %d", i, len(pcm), sides[i%channels][i/channels], sample)
				}
			}
		}
	}
}

// crashes replays what was done to a file up to each octet of each write, and calls
// f with what the file is then and how many writes were complete. What changes a
// header is done as a whole or not at all: it lies within one sector.
func crashes(m *memory, f func(file []byte, writes int)) {
	replay := &memory{disk: newDisk()}
	for n, w := range m.writes {
		before := bytes.Clone(replay.bytes)
		cuts := len(w.content)
		if w.at < len(before) {
			cuts = 1
		}
		for cut := range cuts {
			replay.bytes = append(replay.bytes[:0], before...)
			replay.store(w.at, w.content[:cut])
			f(replay.bytes, n)
		}
		replay.bytes = append(replay.bytes[:0], before...)
		replay.store(w.at, w.content)
		replay.writes = nil
	}
	f(replay.bytes, len(m.writes))
}

// TestWAVCrash: a crash after any octet of any write leaves a file that plays all
// that was flushed before, and nothing that was not recorded.
func TestWAVCrash(t *testing.T) {
	for channels := 1; channels <= 2; channels++ {
		w, f := beginWAV(t, newDisk(), 8000, channels)
		pcm := ramp(2000 * channels)
		flushed := map[int]int{} // samples, by the number of writes
		for i := range 5 {
			_ = w.write(pcm[i*400*channels : (i+1)*400*channels])
			_ = w.flush()
			flushed[len(f.writes)] = (i + 1) * 400
		}
		least, files := 0, 0
		crashes(f, func(file []byte, writes int) {
			if n, ok := flushed[writes]; ok {
				least = n
			}
			if len(file) < wavHead {
				return // the file has only just been made
			}
			files++
			sides, _ := samplesOf(t, file)
			if got := len(sides[0]); got < least || got > least+400 {
				t.Fatalf("after %d writes and %d octets: %d samples play of %d that were flushed", writes, len(file), got, least)
			}
			for i, sample := range sides[0] {
				if sample != pcm[i*channels] {
					t.Fatalf("after %d writes: sample %d is another", writes, i)
				}
			}
		})
		if files < 2*2000*channels-10 {
			t.Errorf("only %d crashes", files)
		}
	}
}

// TestWAVTruncated: a file that lost its end, as after a power failure, plays as far
// as it goes, at every length.
func TestWAVTruncated(t *testing.T) {
	w, f := beginWAV(t, newDisk(), 8000, 1)
	_ = w.write(ramp(4000))
	_ = w.finish()
	out := make([]int16, 4000)
	for size := wavHead; size <= len(f.bytes); size++ {
		r, err := audio.NewWAV(bytes.NewReader(f.bytes[:size]))
		if err != nil {
			t.Fatalf("%d octets: %v", size, err)
		}
		if n := r.Fill(out); n != (size-wavHead)/2 || r.Err() != nil {
			t.Fatalf("%d octets: %d samples, %v", size, n, r.Err())
		}
	}
}

// TestWAVOnAFullDisk: whole samples of what still went in count.
func TestWAVOnAFullDisk(t *testing.T) {
	for room := int64(0); room < 24; room++ {
		d := newDisk()
		w, f := beginWAV(t, d, 8000, 2)
		_ = w.write(ramp(100))
		if err := w.flush(); err != nil {
			t.Fatal(err)
		}
		d.room = &room
		left := room
		_ = w.write(ramp(100))
		if err := w.flush(); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("room for %d octets: %v", left, err)
		}
		if err := w.finish(); err != nil {
			t.Fatal(err)
		}
		want := 200 + left/4*4
		if got := int64(binary.LittleEndian.Uint32(f.bytes[40:])); got != want {
			t.Errorf("room for %d octets: %d octets of sound, want %d", left, got, want)
		}
		if sides, _ := samplesOf(t, f.bytes); int64(len(sides[0])) != want/4 {
			t.Errorf("room for %d octets: %d samples", left, len(sides[0]))
		}
		room = left
	}
}
