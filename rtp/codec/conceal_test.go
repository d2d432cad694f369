package codec

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// pattern is a way to lose packets.
type pattern struct {
	share, burst float64
}

func (p pattern) String() string { return fmt.Sprintf("%.0f%%x%.0f", 100*p.share, p.burst) }

var patterns = []pattern{{0.01, 1}, {0.05, 1}, {0.10, 1}, {0.05, 3}, {0.10, 3}}

// trial is a voice in packets, and what it sounds like without a loss.
type trial struct {
	packets [][]byte
	clean   []int16
	frame   int
}

func try(t *testing.T, k kind) trial {
	e := k.encoder(t)
	s, frame := e.Shape(), e.Frame(20*time.Millisecond)
	packets := encodeAll(t, e, interleave(speech(s.Rate, 8), s.Channels), 20*time.Millisecond)
	return trial{packets, decodeAll(t, k.decoder(t), packets, frame, nil, false), frame}
}

// concealed is the voice after losses against that without, as SNR in dB, and the
// same with silence where packets were lost.
func (v trial) concealed(t *testing.T, k kind, p pattern, peek bool) (withIt, silence float64) {
	lost := losses(len(v.packets), p.share, p.burst)
	heard := decodeAll(t, k.decoder(t), v.packets, v.frame, lost, peek)
	muted := slices.Clone(v.clean)
	for i, gone := range lost {
		if gone {
			clear(muted[i*v.frame:][:v.frame])
		}
	}
	return snr(v.clean, heard, 0), snr(v.clean, muted, 0)
}

// TestConcealment: what is left of a voice. The floors are what was found, less 1
// dB, in the order of patterns; the second row is with the packet after the loss at
// hand, which Opus's redundancy is in.
//
// SNR says little of how it sounds in long bursts, where nothing can continue the
// wave: there it is to be about that of silence, and no worse than 2 dB below. (A
// codec with memory has to catch up after the burst, which the silence it is compared
// with need not.)
func TestConcealment(t *testing.T) {
	floors := map[string][2][5]float64{
		"PCMU-8000":    {{20.6, 14.4, 12.1, 8.8, 5.8}},
		"PCMA-8000":    {{20.6, 14.4, 12.1, 8.8, 5.8}},
		"G722-8000":    {{17.9, 11.6, 9.3, 6.9, 4.4}},
		"L16-16000":    {{20.2, 14.0, 11.4, 8.9, 6.0}},
		"L16-44100-2":  {{20.2, 12.9, 10.4, 9.3, 6.3}},
		"opus-8000-1":  {{15.3, 10.4, 7.8, 7.6, 4.7}, {33.7, 26.7, 17.8, 9.1, 6.0}},
		"opus-16000-1": {{17.5, 10.1, 8.2, 8.4, 5.1}, {30.9, 21.7, 16.2, 9.7, 6.2}},
		"opus-48000-1": {{16.7, 10.5, 8.3, 8.6, 5.6}, {27.6, 18.2, 13.6, 10.2, 6.9}},
	}
	for _, k := range kinds() {
		floor, listed := floors[k.String()]
		if !listed {
			continue
		}
		voice := try(t, k)
		for i, p := range patterns {
			for row, peek := range []bool{false, true} {
				if row == 1 && k.format.Name != "opus" {
					continue
				}
				got, silence := voice.concealed(t, k, p, peek)
				if got < floor[row][i] || got < silence-2 {
					t.Errorf("%s, loss %s, next packet %t: %.1f dB, want %.1f; silence has %.1f", k, p, peek, got, floor[row][i], silence)
				}
			}
		}
	}
}

// receiver decodes PCM of a period through mu-law, for a while.
func receiver(t *testing.T, sound []int16) *g711Decoder {
	d, _ := newG711Decoder(Format{Name: "PCMU"}, Options{})
	payload := make([]byte, len(sound))
	PCMU.Encode(payload, sound)
	if n, err := d.Decode(make([]int16, len(sound)), payload); n != len(sound) || err != nil {
		t.Fatal(n, err)
	}
	return d.(*g711Decoder)
}

// peakOf is the greatest value either way.
func peakOf(pcm []int16) (peak int) {
	for _, sample := range pcm {
		peak = max(peak, int(sample), -int(sample))
	}
	return peak
}

// TestAttenuation: G.711 Appendix I. 10 ms as loud as before, then 20% less every 10
// ms, silence after 60 ms.
func TestAttenuation(t *testing.T) {
	d := receiver(t, tone(8000, 200, 10000, 800))
	pcm := make([]int16, 800)
	d.Conceal(pcm, nil)
	for i, c := range []struct{ least, most int }{
		{9600, 10300}, {7900, 10100}, {5900, 8300}, {3900, 6300}, {1900, 4300}, {0, 2300}, {0, 0}, {0, 0},
	} {
		if peak := peakOf(pcm[80*i : 80*i+80]); peak < c.least || peak > c.most {
			t.Errorf("after %d ms the peak is %d, want %d to %d", 10*i, peak, c.least, c.most)
		}
	}
}

// steepest is the greatest step between neighbours.
func steepest(pcm []int16) (steep int) {
	for i := 1; i < len(pcm); i++ {
		d := int(pcm[i]) - int(pcm[i-1])
		steep = max(steep, d, -d)
	}
	return steep
}

// TestNoClicks: where a loss begins, where more periods are taken in and where it
// ends, no step is much steeper than the sound's own, for periods that are no whole
// number of samples as well, and whatever the length of the loss.
func TestNoClicks(t *testing.T) {
	for _, hz := range []float64{70, 97, 123.4, 150, 199} {
		for lost := 40; lost <= 800; lost += 40 {
			sound := tone(8000, hz, 9000, 3000)
			d := receiver(t, sound[:1000])
			pcm := make([]int16, 1000+lost+320)
			copy(pcm, sound[:1000])
			d.Conceal(pcm[1000:1000+lost], nil)
			payload := make([]byte, 320)
			PCMU.Encode(payload, sound[1000+lost:1320+lost])
			_, _ = d.Decode(pcm[1000+lost:], payload)
			if steep, own := steepest(pcm[900:]), steepest(sound); steep > own*2+400 {
				t.Errorf("%.1f Hz, %d samples lost: a step of %d, the sound's own are %d", hz, lost, steep, own)
			}
		}
	}
}

// TestPitch: the period is found at each rate, or two of it, which does as well.
func TestPitch(t *testing.T) {
	for _, rate := range []int{8000, 16000, 44100, 48000} {
		for _, hz := range []float64{70, 90, 125, 160, 195} {
			c := newConcealer(rate)
			c.heard(tone(rate, hz, 8000, rate/10), 0, 1)
			c.begin()
			if periods := float64(c.pitch) * hz / float64(rate); math.Abs(periods-math.Round(periods)) > 0.02 {
				t.Errorf("%d Hz: %.0f Hz repeats every %d samples, which is %.2f periods", rate, hz, c.pitch, periods)
			}
		}
	}
}

// TestReceivedIsUntouched: without a loss, and 10 ms after one, sound is what was
// sent, at once and to the bit.
func TestReceivedIsUntouched(t *testing.T) {
	sound := speech(8000, 0.5)
	payload, want := make([]byte, 4000), make([]int16, 4000)
	PCMU.Encode(payload, sound)
	PCMU.Decode(want, payload)
	d, _ := newG711Decoder(Format{Name: "PCMU"}, Options{})
	got := make([]int16, 4000)
	for at := 0; at < 4000; at += 160 {
		if at == 1600 {
			d.Conceal(got[at:at+160], nil)
			continue
		}
		_, _ = d.Decode(got[at:at+160], payload[at:at+160])
	}
	if !slices.Equal(got[:1600], want[:1600]) || !slices.Equal(got[1840:], want[1840:]) {
		t.Error("received sound was changed")
	}
	if slices.Equal(got[1760:1840], want[1760:1840]) {
		t.Error("the first frame after the loss was not blended")
	}
}

// TestPiecesDoNotMatter: a loss concealed in pieces is the same as in one.
func TestPiecesDoNotMatter(t *testing.T) {
	sound := speech(8000, 0.3)[:1600]
	whole := make([]int16, 960)
	receiver(t, sound).Conceal(whole, nil)
	for _, piece := range []int{1, 7, 80, 81, 160, 240} {
		d, pcm := receiver(t, sound), make([]int16, 960)
		for at := 0; at < len(pcm); at += piece {
			d.Conceal(pcm[at:min(at+piece, len(pcm))], nil)
		}
		if !slices.Equal(pcm, whole) {
			t.Errorf("pieces of %d samples differ", piece)
		}
	}
}

// TestLossBeforeSound: nothing is made of nothing.
func TestLossBeforeSound(t *testing.T) {
	for _, k := range kinds() {
		d := k.decoder(t)
		pcm := make([]int16, d.Shape().Rate/50*d.Shape().Channels)
		for i := range pcm {
			pcm[i] = 1000
		}
		d.Conceal(pcm, nil)
		if peak := peakOf(pcm); peak > 0 {
			t.Errorf("%s: %d out of nothing", k, peak)
		}
	}
}

// TestChannelsAreConcealedAlone: what is on one channel is not heard on the other.
func TestChannelsAreConcealedAlone(t *testing.T) {
	f := Format{Name: "L16", Clock: 16000, Channels: 2}
	e, _ := NewEncoder(f, Options{})
	d, _ := NewDecoder(f, Options{})
	pcm := interleave(tone(16000, 150, 8000, 3200), 2)
	for i := 1; i < len(pcm); i += 2 {
		pcm[i] = 0
	}
	payload := make([]byte, 2*len(pcm))
	_, _ = e.Encode(payload, pcm)
	_, _ = d.Decode(pcm, payload)
	lost := make([]int16, 640)
	d.Conceal(lost, nil)
	if left, right := peakOf(channel(lost, 0, 2)), peakOf(channel(lost, 1, 2)); left < 7000 || right != 0 {
		t.Errorf("left %d, right %d", left, right)
	}
}

// TestG722GoesOn: after a loss, the decoder is again where a decoder without one
// is, within 100 ms.
func TestG722GoesOn(t *testing.T) {
	k := kinds()[2]
	e := k.encoder(t)
	packets := encodeAll(t, e, speech(16000, 1), 20*time.Millisecond)
	lost := make([]bool, len(packets))
	lost[20], lost[21] = true, true
	clean := decodeAll(t, k.decoder(t), packets, 320, nil, false)
	heard := decodeAll(t, k.decoder(t), packets, 320, lost, false)
	if got := snr(clean[27*320:], heard[27*320:], 0); got < 22 {
		t.Errorf("100 ms after a loss: %.1f dB", got)
	}
}

// TestMadeUpIsNotLouder: whatever was heard and however much of it was lost, in
// pieces of whatever length, what is made up is about as loud as what was heard at
// most: a seam's bridge lies above the repetition for a quarter period.
func TestMadeUpIsNotLouder(t *testing.T) {
	sounds := [][]int16{speech(8000, 1), white(5000, 8000), tone(8000, 130, 20000, 8000), coloured(0.95, 8000)}
	rapid.Check(t, func(r *rapid.T) {
		sound := sounds[rapid.IntRange(0, len(sounds)-1).Draw(r, "sound")]
		c, at := newConcealer(8000), 0
		loudest := 0
		for range rapid.IntRange(1, 20).Draw(r, "steps") {
			n := min(rapid.IntRange(0, 500).Draw(r, "samples"), len(sound)-at)
			pcm := slices.Clone(sound[at : at+n])
			at += n
			if rapid.Bool().Draw(r, "lost") {
				c.fill(pcm, 0, 1)
				if peak := peakOf(pcm); peak > 3*loudest {
					r.Fatalf("a peak of %d, heard were %d", peak, loudest)
				}
				continue
			}
			loudest = max(loudest, peakOf(pcm))
			c.heard(pcm, 0, 1)
		}
	})
}
