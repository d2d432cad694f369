package jitter

import (
	"math"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/rtp/audio"
	"github.com/tandem-gateway/tandem/rtp/codec"
)

// listener is what a mixer has of each party: a Buffer, a decoder and the sound that
// is left over from the last tick.
type listener struct {
	b       *Buffer
	decoder codec.Decoder
	noise   *codec.Noise
	// left is the sound that is ready, raw what a packet decodes to.
	left, raw []int16
}

func newListener(t *testing.T, name string) *listener {
	t.Helper()
	decoder, err := codec.NewDecoder(codec.Format{Name: name, Clock: 8000}, codec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(decoder.Close)
	return &listener{b: newBuffer(t), decoder: decoder, noise: codec.NewNoise(), left: make([]int16, 0, 4096), raw: make([]int16, 4096)}
}

// tick fills a tick's sound.
func (l *listener) tick(t *testing.T, now time.Time, pcm []int16) {
	t.Helper()
	shape := l.decoder.Shape()
	for len(l.left) < len(pcm) {
		f := l.b.Take(now, shape.Ticks(len(pcm)-len(l.left)))
		begin := len(l.left)
		l.left = l.left[:begin+shape.Values(f.Ticks)]
		l.sound(t, f, l.left[begin:])
	}
	n := copy(pcm, l.left)
	l.left = l.left[:copy(l.left, l.left[n:])]
}

// sound turns a frame into the sound that it stands for.
func (l *listener) sound(t *testing.T, f Frame, pcm []int16) {
	t.Helper()
	switch f.Kind {
	case Voice:
		n, err := l.decoder.Decode(l.raw, f.Payload)
		if err != nil {
			t.Fatal(err)
		}
		Fit(pcm, l.raw[:n], 1)
	case Lost:
		l.decoder.Conceal(pcm, f.Next)
	case Comfort:
		if err := l.noise.Take(f.Payload); err != nil {
			t.Fatal(err)
		}
		l.noise.Fill(pcm)
	default:
		l.noise.Fill(pcm)
	}
}

// tones gives the packets of a network a tone of 1,004 Hz at -10 dBFS, by a codec.
func tones(t *testing.T, n network, name string) []arrival {
	t.Helper()
	encoder, err := codec.NewEncoder(codec.Format{Name: name, Clock: 8000}, codec.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	tone, err := audio.NewTone(encoder.Shape().Rate, audio.Sine{Frequency: 1004, Level: -10})
	if err != nil {
		t.Fatal(err)
	}
	all := n.packets()
	pcm := make([]int16, encoder.Frame(n.ptime))
	encoded := map[time.Duration][]byte{}
	for i := range int(n.length/n.ptime) + 100 {
		tone.Fill(pcm)
		payload := make([]byte, 4096)
		size, err := encoder.Encode(payload, pcm)
		if err != nil {
			t.Fatal(err)
		}
		encoded[time.Duration(float64(n.ptime)*float64(i)/(1+n.ppm/1e6))] = payload[:size]
	}
	for i := range all {
		all[i].packet.Payload = encoded[all[i].sampled]
	}
	return all
}

// quality of what is heard in windows of 100 ms.
type heardTone struct {
	windows int
	// clean windows have all but the tone 25 dB below it, steady ones everything together
	// at the tone's level within 0.5 dB.
	clean, steady int
}

// hear plays packets and listens from the tenth second on.
func hear(t *testing.T, n network, name string, all []arrival) (h heardTone, s Stats) {
	t.Helper()
	l := newListener(t, name)
	rate := l.decoder.Shape().Rate
	d, err := audio.NewDetector(rate, 1004)
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, rate/50)
	i := 0
	for tick := 0; ; tick++ {
		now := 7*millisecond + time.Duration(tick)*20*millisecond
		if now > n.length-100*millisecond {
			return h, l.b.Stats()
		}
		for ; i < len(all) && all[i].at <= now; i++ {
			l.b.Put(zero.Add(all[i].at), all[i].packet)
		}
		l.tick(t, zero.Add(now), pcm)
		d.Add(pcm)
		if tick%5 == 4 {
			if now > 10*time.Second {
				h.count(d.Levels())
			}
			d.Reset()
		}
	}
}

func (h *heardTone) count(tone, rest float64) {
	h.windows++
	if rest < tone-25 {
		h.clean++
	}
	all := 10 * math.Log10(math.Pow(10, tone/10)+math.Pow(10, rest/10))
	if all > -10.5 && all < -9.5 {
		h.steady++
	}
}

// TestToneThroughDrift: a tone that comes over a network with jitter and a clock that
// drifts by 200 ppm is heard as it was sent, but for the seconds in which frames are
// fitted, when its pitch is off by 1.25 % for a second and a half. It has its level even
// then.
func TestToneThroughDrift(t *testing.T) {
	for _, name := range []string{"PCMA", "G722"} {
		for _, ppm := range []float64{-200, 200} {
			n := network{length: 220 * time.Second, ptime: 20 * millisecond, ppm: ppm, delay: gaussian(3 * millisecond)}
			h, s := hear(t, n, name, tones(t, n, name))
			t.Logf("%s %+.0f ppm: of %d windows %d are clean, %d steady; %+v", name, ppm, h.windows, h.clean, h.steady, s)
			if h.clean < h.windows*97/100 || h.steady < h.windows*997/1000 {
				t.Errorf("%s %+.0f ppm: of %d windows %d are clean, %d steady; %+v", name, ppm, h.windows, h.clean, h.steady, s)
			}
			if s.Shrunk+s.Stretched < 20*millisecond || s.Starved > 0 {
				t.Errorf("drift is to be followed by fitting frames: %+v", s)
			}
		}
	}
}

// TestToneThroughLoss: with every hundredth packet lost the tone keeps its level nearly
// everywhere: each loss is concealed at its place and no other packet is missing.
func TestToneThroughLoss(t *testing.T) {
	n := network{length: time.Minute, ptime: 20 * millisecond, loss: 0.01, delay: gaussian(5 * millisecond)}
	h, s := hear(t, n, "PCMU", tones(t, n, "PCMU"))
	t.Logf("of %d windows %d are clean, %d steady; %+v", h.windows, h.clean, h.steady, s)
	if h.clean < h.windows*90/100 || h.steady < h.windows*95/100 {
		t.Errorf("of %d windows %d are clean, %d steady; %+v", h.windows, h.clean, h.steady, s)
	}
}
