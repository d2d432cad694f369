package audio

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/rtp/codec"
)

func TestTuneIsQuietAndNotClipped(t *testing.T) {
	for _, rate := range []int{8000, 16000} {
		tune := Tune(rate)
		energy, peak := 0.0, 0.0
		for _, x := range tune.pcm {
			energy += float64(x) * float64(x)
			peak = max(peak, math.Abs(float64(x)))
		}
		if got := level(energy/float64(len(tune.pcm))) - ZeroDBm0; !near(got, -18, 0.05) {
			t.Errorf("at %d: %.2f dBm0, want -18", rate, got)
		}
		if peak > fullScale/2 {
			t.Errorf("at %d: a peak of %.0f", rate, peak)
		}
		if d := tune.Duration(); d < 69*time.Second || d > 70*time.Second || tune.Rate() != rate {
			t.Errorf("at %d: %v at %d", rate, d, tune.Rate())
		}
	}
}

// loudest is which of some pitches, in numbers of MIDI, is the strongest.
func loudest(t *testing.T, pcm []int16, pitches []uint8) uint8 {
	best, power := uint8(0), math.Inf(-1)
	for _, p := range pitches {
		tone, _ := measure(t, pcm, 440*math.Pow(2, (float64(p)-69)/12))
		if tone > power {
			best, power = p, tone
		}
	}
	return best
}

// TestTuneHasItsNotes listens to the lowest note of each bar, which is struck
// first, and to those beside it on the keyboard.
func TestTuneHasItsNotes(t *testing.T) {
	tune := Tune(8000)
	note := secondsPerNote * 8000
	for bar, pitches := range prelude {
		at := int(note * float64(16*bar+8)) // the second half
		first := tune.pcm[at+400 : at+400+1200]
		candidates := []uint8{pitches[0] + 7, pitches[0] + 8, pitches[0] + 6, pitches[0] + 10}
		if got := loudest(t, first, candidates); got != pitches[0]+7 {
			t.Errorf("bar %d: its lowest note is %d, want %d", bar+1, got, pitches[0]+7)
		}
	}
}

// TestTuneIsAsWritten reads the score again, in the names of notes: C4 is the
// middle C.
func TestTuneIsAsWritten(t *testing.T) {
	score := strings.Split(`C4 E4 G4 C5 E5 | C4 D4 A4 D5 F5 | B3 D4 G4 D5 F5 | C4 E4 G4 C5 E5 |
		C4 E4 A4 E5 A5 | C4 D4 F#4 A4 D5 | B3 D4 G4 D5 G5 | B3 C4 E4 G4 C5 |
		A3 C4 E4 G4 C5 | D3 A3 D4 F#4 C5 | G3 B3 D4 G4 B4 | G3 Bb3 E4 G4 C#5 |
		F3 A3 D4 A4 D5 | F3 Ab3 D4 F4 B4 | E3 G3 C4 G4 C5 | E3 F3 A3 C4 F4 |
		D3 F3 A3 C4 F4 | G2 D3 G3 B3 F4 | C3 E3 G3 C4 E4`, "|")
	if len(score) != len(prelude) {
		t.Fatalf("%d bars, want %d", len(prelude), len(score))
	}
	steps := map[string]uint8{"C": 0, "C#": 1, "D": 2, "E": 4, "F": 5, "F#": 6, "G": 7, "Ab": 8, "A": 9, "Bb": 10, "B": 11}
	for bar, notes := range score {
		for i, name := range strings.Fields(notes) {
			letter, octave := name[:len(name)-1], name[len(name)-1]-'0'
			if want := 12*(octave+1) + steps[letter]; prelude[bar][i] != want {
				t.Errorf("bar %d, note %d is %d, want %s, %d", bar+1, i+1, prelude[bar][i], name, want)
			}
		}
	}
}

// TestTuneIsOfTheTelephonesBand: nearly all of it lies between 200 and 3,400 Hz,
// so that a phone can play it.
func TestTuneIsOfTheTelephonesBand(t *testing.T) {
	pcm := Tune(16000)
	low := drain(resampled(t, pcm.Play(), 8000))
	whole, heard := 0.0, 0.0
	for i := range low {
		whole += float64(pcm.pcm[2*i]) * float64(pcm.pcm[2*i])
		heard += float64(low[i]) * float64(low[i])
	}
	if lost := 10 * math.Log10(whole/heard); math.Abs(lost) > 0.05 {
		t.Errorf("%.2f dB lie above", lost)
	}
	for bar, pitches := range prelude {
		for _, p := range pitches {
			if f := 440 * math.Pow(2, (float64(p)+7-69)/12); f < 140 || f > 1400 {
				t.Errorf("bar %d: a note of %.0f Hz", bar+1, f)
			}
		}
	}
}

// TestTuneHasNoSeam: where the loop closes, samples differ by no more than
// elsewhere, and the last notes go on into the first.
func TestTuneHasNoSeam(t *testing.T) {
	tune := Tune(8000)
	s := tune.Loop()
	pcm := pull(t, s, len(tune.pcm)+8000, 160)
	greatest := 0
	for i := 1; i < len(tune.pcm); i++ {
		greatest = max(greatest, distance(pcm[i], pcm[i-1]))
	}
	seam := len(tune.pcm)
	if step := distance(pcm[seam], pcm[seam-1]); step > greatest/4 {
		t.Errorf("a step of %d at the seam, at most %d elsewhere", step, greatest)
	}
	if !slices.Equal(pcm[seam:], pcm[:8000]) {
		t.Error("the second round differs")
	}
	if slices.Max(pcm[:40]) == 0 {
		t.Error("it begins with silence: nothing rings on from the end")
	}
}

func distance(a, b int16) int { return max(int(a)-int(b), int(b)-int(a)) }

// TestTuneThroughG711 has noise that is not heard beside it.
func TestTuneThroughG711(t *testing.T) {
	tune := Tune(8000)
	codes, back := make([]byte, len(tune.pcm)), make([]int16, len(tune.pcm))
	codec.PCMA.Encode(codes, tune.pcm)
	codec.PCMA.Decode(back, codes)
	signal, noise := 0.0, 0.0
	for i, x := range tune.pcm {
		signal += float64(x) * float64(x)
		noise += math.Pow(float64(x)-float64(back[i]), 2)
	}
	if ratio := 10 * math.Log10(signal/noise); ratio < 35 {
		t.Errorf("%.1f dB", ratio)
	}
}

func BenchmarkMakeTune(b *testing.B) {
	for b.Loop() {
		Tune(8000)
	}
}
