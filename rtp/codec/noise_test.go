package codec

import (
	"math"
	"slices"
	"testing"
)

// listen lets noise settle and gives a second of it.
func listen(n *Noise, rate int) []int16 {
	pcm := make([]int16, 2*rate)
	for at := 0; at < len(pcm); at += rate / 50 {
		n.Fill(pcm[at : at+rate/50])
	}
	return pcm[rate:]
}

// TestNoiseLevel: what a packet says is what is heard, whatever the spectrum.
func TestNoiseLevel(t *testing.T) {
	for _, spectrum := range [][]byte{nil, {127}, {30}, {220}, {20, 200, 100, 150}, {10, 180, 127, 127, 140, 110, 127, 130, 127, 127}, slices.Repeat([]byte{140}, 30)} {
		for level := byte(10); level <= 70; level += 20 {
			n := NewNoise()
			if err := n.Take(append([]byte{level}, spectrum...)); err != nil {
				t.Fatal(err)
			}
			if got := dbov(listen(n, 8000)); math.Abs(got+float64(level)) > 0.7 {
				t.Errorf("%d with %v: %.2f dBov", level, spectrum, got)
			}
		}
	}
}

// coloured is noise whose neighbours have a correlation.
func coloured(correlation float64, n int) []int16 {
	pcm, last := white(2000, n), 0.0
	for i, x := range pcm {
		last = correlation*last + math.Sqrt(1-correlation*correlation)*float64(x)
		pcm[i] = int16(math.Round(last))
	}
	return pcm
}

// correlation of neighbours.
func correlation(pcm []int16) float64 {
	var product, energy float64
	for i := 1; i < len(pcm); i++ {
		product += float64(pcm[i]) * float64(pcm[i-1])
		energy += float64(pcm[i]) * float64(pcm[i])
	}
	return product / energy
}

// TestNoiseAsMeasured: background noise measured at one end is as loud and as
// dull or bright at the other.
func TestNoiseAsMeasured(t *testing.T) {
	for _, dull := range []float64{-0.8, -0.3, 0, 0.5, 0.9, 0.97} {
		for order := range NoiseOrder + 1 {
			background := coloured(dull, 16000)
			var m NoiseMeter
			for at := 0; at < len(background); at += 160 {
				m.Add(background[at : at+160])
			}
			payload := make([]byte, 20)
			size := m.Payload(payload, order)
			if size != order+1 {
				t.Fatalf("order %d: %d octets", order, size)
			}
			n := NewNoise()
			if err := n.Take(payload[:size]); err != nil {
				t.Fatal(err)
			}
			heard := listen(n, 8000)
			if got, want := dbov(heard), dbov(background[len(background)-8*160:]); math.Abs(got-want) > 1.2 {
				t.Errorf("%.2f, order %d: %.2f dBov of %.2f", dull, order, got, want)
			}
			if got := correlation(heard); order > 0 && math.Abs(got-dull) > 0.12 {
				t.Errorf("%.2f, order %d: correlation %.2f", dull, order, got)
			}
		}
	}
}

// TestReflections: RFC 3389 s3.2 at its ends and middle; all indexes come back.
func TestReflections(t *testing.T) {
	for index, want := range map[byte]float64{0: -0.99994, 127: 0, 128: 0.00787, 254: 0.99994, 255: 0.99994} {
		if got := reflection(index); math.Abs(got-want) > 1e-5 {
			t.Errorf("%d: %f", index, got)
		}
	}
	for index := range byte(255) {
		if got := indexOf(reflection(index)); got != index {
			t.Errorf("%d became %d", index, got)
		}
	}
	if indexOf(-2) != 0 || indexOf(2) != 254 {
		t.Error("coefficients out of range")
	}
}

func TestMeterOfSilence(t *testing.T) {
	var m NoiseMeter
	payload := make([]byte, 4)
	if n := m.Payload(payload, 3); n != 4 || payload[0] != 127 || payload[1] != 127 {
		t.Error("before anything was heard:", n, payload)
	}
	m.Add(make([]int16, 160))
	m.Add(make([]int16, NoiseOrder))
	if n := m.Payload(payload, 10); n != 4 || payload[0] != 127 {
		t.Error("silence:", n, payload)
	}
	if m.Payload(nil, 3) != 0 {
		t.Error("no room")
	}
	loud := make([]int16, 160)
	for i := range loud {
		loud[i] = -32768
	}
	for range 20 {
		m.Add(loud)
	}
	if m.Payload(payload, -1) != 1 || payload[0] != 0 {
		t.Error("full scale:", payload)
	}
}

// TestNoiseGlides: from one packet to the next, loudness changes within 20 ms but
// not at once, and never goes beyond both.
func TestNoiseGlides(t *testing.T) {
	n := NewNoise()
	pcm := make([]int16, 160)
	if n.Fill(pcm); peakOf(pcm) != 0 {
		t.Error("sound before the first packet")
	}
	_ = n.Take([]byte{30, 20, 200})
	listen(n, 8000)
	_ = n.Take([]byte{60, 200, 60})
	n.Fill(pcm)
	if first, last := dbov(pcm[:20]), dbov(pcm[140:]); first < -50 || first > -20 || last > -33 {
		t.Errorf("%.1f, then %.1f dBov", first, last)
	}
	if got := dbov(listen(n, 8000)); math.Abs(got+60) > 1 {
		t.Errorf("settled at %.1f dBov", got)
	}
}

func TestNoisePayloads(t *testing.T) {
	n := NewNoise()
	if err := n.Take(nil); err != ErrPayload {
		t.Error(err)
	}
	// The highest bit of the level is to be ignored (RFC 3389 s3.1).
	_ = n.Take([]byte{0x80 | 40})
	if got := dbov(listen(n, 8000)); math.Abs(got+40) > 0.7 {
		t.Errorf("%.1f dBov", got)
	}
}

func TestNoiseDoesNotAllocate(t *testing.T) {
	n, payload, pcm := NewNoise(), []byte{40, 20, 200, 100}, make([]int16, 160)
	var m NoiseMeter
	if got := testing.AllocsPerRun(100, func() {
		_ = n.Take(payload)
		n.Fill(pcm)
		m.Add(pcm)
		m.Payload(payload, 3)
	}); got != 0 {
		t.Errorf("%v allocations", got)
	}
}

// FuzzNoise: no payload makes noise that is much louder than it says.
func FuzzNoise(f *testing.F) {
	f.Add([]byte{40}, []byte{20, 0})
	f.Add([]byte{20, 0, 254, 0, 254}, []byte{60, 254, 254, 254, 254, 254, 254, 254, 254, 254, 255, 255})
	f.Fuzz(func(t *testing.T, first, second []byte) {
		n := NewNoise()
		pcm := make([]int16, 1600)
		loudest := 0.0
		for _, payload := range [][]byte{first, second} {
			if err := n.Take(payload); (err != nil) != (len(payload) == 0) {
				t.Fatal(err)
			}
			if len(payload) > 0 {
				loudest = max(loudest, math.Exp2(15)*math.Pow(10, -float64(payload[0]&0x7F)/20))
			}
			n.Fill(pcm)
			if rms := math.Exp2(15) * math.Pow(10, dbov(pcm)/20); rms > 8*loudest+2 {
				t.Fatalf("%v, %v: RMS %.1f, said were %.1f", first, second, rms, loudest)
			}
		}
	})
}

func BenchmarkNoise(b *testing.B) {
	n, pcm := NewNoise(), make([]int16, 160)
	_ = n.Take([]byte{40, 20, 200, 100})
	b.Run("fill", func(b *testing.B) {
		for b.Loop() {
			n.Fill(pcm)
		}
	})
	var m NoiseMeter
	b.Run("measure", func(b *testing.B) {
		for b.Loop() {
			m.Add(pcm)
		}
	})
}
