package codec

import (
	"slices"
	"testing"
	"time"
)

// TestG711Stream: as a stream, a law gives the codes it gives by itself, frames of
// any length alike, and its decoder the values.
func TestG711Stream(t *testing.T) {
	voice := speech(8000, 0.5)
	for name, law := range map[string]G711{"PCMU": PCMU, "pcma": PCMA} {
		want := make([]byte, len(voice))
		law.Encode(want, voice)
		sound := make([]int16, len(voice))
		law.Decode(sound, want)
		for _, length := range []int{1, 80, 160, 240, 480, 4000} {
			e, err := NewEncoder(Format{Name: name, Clock: 8000}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			d, err := NewDecoder(Format{Name: name, Clock: 8000}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			var codes []byte
			var pcm []int16
			for at := 0; at+length <= len(voice); at += length {
				payload, values := make([]byte, length), make([]int16, length+3)
				if n, err := e.Encode(payload, voice[at:at+length]); n != length || err != nil {
					t.Fatal(n, err)
				}
				if n, err := d.Decode(values, payload); n != length || err != nil || d.Length(payload) != n {
					t.Fatal(n, err)
				}
				codes, pcm = append(codes, payload...), append(pcm, values[:length]...)
			}
			if !slices.Equal(codes, want[:len(codes)]) || !slices.Equal(pcm, sound[:len(pcm)]) {
				t.Errorf("%s in frames of %d differs", name, length)
			}
		}
	}
}

// TestFrames: the number of values for a packet time, where a codec has any.
func TestFrames(t *testing.T) {
	for _, c := range []struct {
		format Format
		ptime  time.Duration
		want   int
	}{
		{Format{Name: "PCMU", Clock: 8000}, 20 * time.Millisecond, 160},
		{Format{Name: "PCMA", Clock: 8000}, 30 * time.Millisecond, 240},
		{Format{Name: "PCMA", Clock: 8000}, 125 * time.Microsecond, 1},
		{Format{Name: "G722", Clock: 8000}, 30 * time.Millisecond, 480},
		{Format{Name: "G722", Clock: 8000}, 1187500 * time.Nanosecond, 18}, // 19 samples would be half an octet too many
		{Format{Name: "L16", Clock: 11025}, 20 * time.Millisecond, 220},
		{Format{Name: "L16", Clock: 44100, Channels: 2}, 10 * time.Millisecond, 882},
	} {
		e, err := NewEncoder(c.format, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Frame(c.ptime); got != c.want {
			t.Errorf("%s at %s: %d, want %d", c.format, c.ptime, got, c.want)
		}
	}
}

// TestLongLoss: after seconds of loss a stream that comes again is heard at once,
// and is as it was sent after 10 ms.
func TestLongLoss(t *testing.T) {
	voice := speech(8000, 0.5)[1000:1800]
	payload, want := make([]byte, len(voice)), make([]int16, len(voice))
	PCMA.Encode(payload, voice)
	PCMA.Decode(want, payload)
	d, _ := newG711Decoder(Format{Name: "PCMA"}, Options{})
	pcm := make([]int16, len(voice))
	_, _ = d.Decode(pcm, payload)
	for range 500 {
		d.Conceal(pcm[:160], nil)
	}
	if peak := peakOf(pcm[:160]); peak != 0 {
		t.Errorf("a peak of %d after 10 s of loss", peak)
	}
	_, _ = d.Decode(pcm, payload)
	if !slices.Equal(pcm[80:], want[80:]) {
		t.Error("the sound after a long loss was changed for more than 10 ms")
	}
	if peakOf(pcm[40:80]) == 0 {
		t.Error("nothing is heard of the first 10 ms")
	}
}
