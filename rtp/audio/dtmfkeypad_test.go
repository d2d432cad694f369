package audio

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/rtp/dtmf"
	"pgregory.net/rapid"
)

func newKeypad(t testing.TB, rate int) *Keypad {
	t.Helper()
	k, err := NewKeypad(rate)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// pullKeys takes sound from a keypad in frames of 20 ms.
func pullKeys(k *Keypad, d time.Duration) []int16 {
	pcm := make([]int16, samples(d, k.Rate()))
	for rest := pcm; len(rest) > 0; {
		rest = rest[k.Fill(rest[:min(k.Rate()/50, len(rest))]):]
	}
	return pcm
}

// TestKeypadTones: each key has its two tones of Q.23 at their levels, and nothing
// else above -60 dB.
func TestKeypadTones(t *testing.T) {
	for _, rate := range []int{8000, 16000, 48000} {
		for _, c := range []struct {
			digits    string
			low, high float64
		}{{"1", 697, 1209}, {"5", 770, 1336}, {"9", 852, 1477}, {"D", 941, 1633}, {"*", 941, 1209}, {"#", 941, 1477}, {"0", 941, 1336}, {"A", 697, 1633}} {
			k := newKeypad(t, rate)
			digit, _ := dtmf.ParseDigit(c.digits[0])
			if err := k.Send(digit, time.Second); err != nil {
				t.Fatal(err)
			}
			pcm := pullKeys(k, time.Second)[rate/10 : rate-rate/10]
			for _, tone := range []struct{ frequency, level, rest float64 }{{c.low, KeypadLow, KeypadHigh}, {c.high, KeypadHigh, KeypadLow}} {
				d, _ := NewDetector(rate, tone.frequency)
				d.Add(pcm)
				if level, rest := d.Levels(); !near(level, tone.level, 0.02) || !near(rest, tone.rest, 0.02) {
					t.Errorf("%s at %d, %.0f Hz: %.2f dBFS, rest %.2f", c.digits, rate, tone.frequency, level, rest)
				}
			}
		}
	}
}

// TestKeypadLengths: keys and pauses have their lengths to the sample.
func TestKeypadLengths(t *testing.T) {
	k := newKeypad(t, 8000)
	for _, d := range []time.Duration{50, 10, 123} {
		k.Send(5, d*time.Millisecond)
	}
	pcm := pullKeys(k, 400*time.Millisecond)
	var runs []int
	loud := false
	for i, quiet := 0, 400; i < len(pcm); i++ {
		if pcm[i] != 0 {
			quiet = 0
		} else {
			quiet++
		}
		if now := quiet < 100; now != loud {
			loud = now
			runs = append(runs, i-min(quiet, 100))
		}
	}
	// The first samples of an edge are rounded to 0.
	for i, want := range []int{0, 400, 720, 1040, 1360, 2344} {
		if i >= len(runs) || max(runs[i]-want, want-runs[i]) > 4 {
			t.Fatalf("edges at %v", runs)
		}
	}
	if k.Sounding() || k.Len() != 0 {
		t.Error("still sounding")
	}
}

func TestKeypadEdges(t *testing.T) {
	k := newKeypad(t, 8000)
	k.Send(dtmf.D, 100*time.Millisecond)
	pcm := pullKeys(k, 200*time.Millisecond)
	for _, at := range []int{0, 799} {
		if x := pcm[at]; x > 200 || x < -200 {
			t.Errorf("sample %d is %d: a click", at, x)
		}
	}
	if pcm[800] != 0 {
		t.Error("longer than it should be")
	}
}

// TestKeypadPress: a key sounds until it is up, and ends without a click.
func TestKeypadPress(t *testing.T) {
	k := newKeypad(t, 8000)
	k.Press(7)
	pcm := pullKeys(k, 500*time.Millisecond)
	k.Release(300 * time.Millisecond)
	pcm = append(pcm, pullKeys(k, 200*time.Millisecond)...)
	heard := listen(t, 8000, pcm)
	if digitsOf(heard) != "7" || !near(float64(heard[1].End), 4000, 40) {
		t.Errorf("heard %v", heard)
	}
	if pcm[3999] == 0 || pcm[4024] != 0 {
		t.Error("it does not end 3 ms later")
	}
}

func TestKeypadRefuses(t *testing.T) {
	k := newKeypad(t, 8000)
	for _, err := range []error{k.Send(dtmf.Flash, time.Second), k.Press(dtmf.Flash), k.Press(99), k.Send(99, 1)} {
		if !errors.Is(err, dtmf.ErrDigit) {
			t.Error(err)
		}
	}
	if _, err := NewKeypad(4000); err == nil {
		t.Error("4000 samples a second")
	}
	for _, rate := range []int{0, 6000, 11025} {
		if _, err := NewDTMFDetector(rate); err == nil {
			t.Errorf("a detector at %d", rate)
		}
		if _, err := NewDTMFSuppressor(rate); err == nil {
			t.Errorf("a suppressor at %d", rate)
		}
	}
}

// TestKeypadIsHeard: whatever is pressed and for how long, the detector hears it,
// at both rates and in frames of any length.
func TestKeypadIsHeard(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rate := rapid.SampledFrom([]int{8000, 16000, 48000}).Draw(rt, "rate")
		k := newKeypad(t, rate)
		want := ""
		for range rapid.IntRange(1, 6).Draw(rt, "keys") {
			digit := dtmf.Digit(rapid.IntRange(0, 15).Draw(rt, "digit"))
			k.Send(digit, time.Duration(rapid.IntRange(42, 300).Draw(rt, "ms"))*time.Millisecond)
			want += digit.String()
		}
		d, _ := NewDTMFDetector(rate)
		var heard []HeardKey
		frame := make([]int16, rapid.IntRange(1, 2000).Draw(rt, "frame"))
		for silent := 0; silent < rate/10; {
			if !k.Sounding() {
				silent += len(frame)
			}
			k.Fill(frame)
			heard = d.Add(frame, heard)
		}
		if got := digitsOf(heard); got != want {
			rt.Fatalf("heard %q, want %q", got, want)
		}
	})
}

// TestSuppressor: of keys within speech nothing is left, and all else is as it was.
func TestSuppressor(t *testing.T) {
	for _, size := range []int{1, 80, 160, 441, 4000} {
		pcm := make([]int16, 0, 80000)
		speech(7, 80000, func(piece []int16) { pcm = append(pcm, piece...) })
		k := newKeypad(t, 8000)
		places := []int{8000, 20000, 32000, 50000}
		for i, at := range places {
			k.Send(dtmf.Digit(i), time.Duration(50+400*i)*time.Millisecond)
			clear(pcm[at-400 : at])
			k.Fill(pcm[at : at+400+3200*i+400])
		}
		s, err := NewDTMFSuppressor(8000)
		if err != nil {
			t.Fatal(err)
		}
		out := append(append([]int16(nil), pcm...), make([]int16, s.Delay())...)
		var heard []HeardKey
		for rest := out; len(rest) > 0; {
			n := min(size, len(rest))
			heard = s.Process(rest[:n], heard)
			rest = rest[n:]
		}
		if got := digitsOf(heard); got != "0123" {
			t.Fatalf("heard %q", got)
		}
		out = out[s.Delay():]
		for i, at := range places {
			for p := at; p < at+400+3200*i; p++ {
				if out[p] != 0 {
					t.Fatalf("in frames of %d: key %d is let through at sample %d", size, i, p-at)
				}
				pcm[p] = 0
			}
			clear(out[at-100 : at+400+3200*i+100])
			clear(pcm[at-100 : at+400+3200*i+100])
		}
		if fmt.Sprint(out) != fmt.Sprint(pcm) {
			t.Errorf("in frames of %d: other sound was changed", size)
		}
	}
}

func TestDTMFDoesNotAllocate(t *testing.T) {
	k := newKeypad(t, 8000)
	d, _ := NewDTMFDetector(8000)
	s, _ := NewDTMFSuppressor(8000)
	frame := make([]int16, 160)
	heard := make([]HeardKey, 0, 8)
	n := testing.AllocsPerRun(200, func() {
		if !k.Sounding() {
			k.Send(dtmf.Digit(rand.IntN(16)), 80*time.Millisecond)
		}
		k.Fill(frame)
		heard = d.Add(frame, heard[:0])
		heard = s.Process(frame, heard[:0])
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkKeypad(b *testing.B) {
	k := newKeypad(b, 8000)
	k.Press(5)
	frame := make([]int16, 160)
	for b.Loop() {
		k.Fill(frame)
	}
}

func BenchmarkDTMFSuppressor(b *testing.B) {
	s, _ := NewDTMFSuppressor(8000)
	frame := make([]int16, 160)
	var heard []HeardKey
	for b.Loop() {
		heard = s.Process(frame, heard[:0])
	}
}
