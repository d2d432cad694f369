package audio

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/rtp/codec"
	"github.com/tandem-gateway/tandem/rtp/dtmf"
)

// none checks that nothing was taken for a key.
func none(t *testing.T, what string, heard []HeardKey) {
	t.Helper()
	for _, h := range heard {
		if h.Phase == dtmf.Began {
			t.Errorf("%s: %v at %.3f s, at %.1f dBFS", what, h.Digit, float64(h.Begin)/8000, h.Level)
		}
	}
}

// TestTalkOff: an hour that is like speech has no key in it; 6 minutes when tests
// are to be short. When the detector's figures were chosen, there were 3 keys in
// eight hours of other such talkers, who are harder than people: in 5.6 hours of
// a speech synthesizer's 24 voices, each with and without what lies below 300 Hz,
// there was none.
func TestTalkOff(t *testing.T) {
	length := 3600 * 8000
	if testing.Short() {
		length /= 10
	}
	d, err := NewDTMFDetector(8000)
	if err != nil {
		t.Fatal(err)
	}
	var heard []HeardKey
	var listening time.Duration
	energy := 0.0
	speech(1, length, func(pcm []int16) {
		begin := time.Now()
		heard = d.Add(pcm, heard)
		listening += time.Since(begin)
		for _, x := range pcm {
			energy += float64(x) * float64(x)
		}
	})
	t.Logf("%d s at a mean of %.1f dBm0, heard in %v", length/8000, level(energy/float64(length))-ZeroDBm0, listening)
	none(t, "speech", heard)
}

// TestKeysBetweenSpeech: the test above would be passed by a deaf detector. It
// hears all keys that are pressed between the same talkers' words.
func TestKeysBetweenSpeech(t *testing.T) {
	k := newKeypad(t, 8000)
	d, _ := NewDTMFDetector(8000)
	var heard []HeardKey
	want := ""
	frame := make([]int16, 800)
	speech(1, 300*8000, func(pcm []int16) {
		for i := range 20 {
			heard = d.Add(pcm[:8000], heard)
			pcm = pcm[8000:]
			digit := allKeys[i%16]
			k.Send(digit, 50*time.Millisecond)
			k.Fill(frame)
			heard = d.Add(frame, heard)
			want += digit.String()
		}
	})
	if got := digitsOf(heard); got != want {
		t.Errorf("heard %d keys, want %d", len(got), len(want))
	}
}

func TestNoKeysInNoise(t *testing.T) {
	for _, level := range []float64{0, -10, -20, -40} {
		d, _ := NewDTMFDetector(8000)
		var heard []HeardKey
		for i := range 60 {
			heard = d.Add(keysPCM(noisy(make([]float64, 8000), 8000, level, uint64(i))), heard)
		}
		none(t, "white noise", heard)
	}
}

// TestNoKeysInBabble: six talkers at a time.
func TestNoKeysInBabble(t *testing.T) {
	const length = 60 * 8000
	babble := make([]int16, length)
	for i := range uint64(6) {
		at := 0
		speech(100*i, length, func(pcm []int16) {
			for _, x := range pcm {
				babble[at] += x / 4
				at++
			}
		})
	}
	none(t, "babble", listen(t, 8000, babble))
}

// TestNoKeysInTones: every country's signals, dial tones, each single tone of a
// key, pairs of one group, and a sweep.
func TestNoKeysInTones(t *testing.T) {
	for country := range map[string]bool{"US": true, "GB": true, "DE": true, "FR": true, "JP": true, "AU": true, "IT": true, "XX": true} {
		for _, s := range []Signal{Ringback, Busy, Congestion} {
			c, err := NewCadence(8000, s.In(country)...)
			if err != nil {
				t.Fatal(err)
			}
			pcm := make([]int16, 10*8000)
			c.Fill(pcm)
			none(t, country+" "+s.String(), listen(t, 8000, pcm))
		}
	}
	for _, f := range [][2]float64{{350, 440}, {425, 425.1}, {400, 450}, {600, 120}, {1400, 2060}, {697, 770}, {852, 941}, {1209, 1633},
		{697, 697.1}, {941, 941.1}, {1336, 1336.1}, {1004, 1004.1}, {2100, 2100.1}, {1100, 2100}, {697, 1270}, {810, 1336}} {
		none(t, "tones", listen(t, 8000, sound(t, 4*8000, Sine{f[0], -10}, Sine{f[1], -10})))
	}
	for f := 300.0; f < 3400; f += 7 {
		none(t, "sweep", listen(t, 8000, sound(t, 800, Sine{f, -6})))
	}
}

func TestNoKeysInMusic(t *testing.T) {
	for _, rate := range []int{8000, 16000} {
		music := Tune(rate)
		pcm := make([]int16, int(music.Duration().Seconds()*float64(rate)))
		music.Play().Fill(pcm)
		none(t, "music", listen(t, rate, pcm))
	}
}

// TestKeysInBabble: and those that are pressed are heard 15 dB above it.
func TestKeysInBabble(t *testing.T) {
	var presses []press
	want := ""
	for i := range 200 {
		presses = append(presses, usual(allKeys[i%16], 60, 60))
		want += allKeys[i%16].String()
	}
	pcm := keysPCM(keys(8000, presses...))
	at := 0
	speech(5, len(pcm), func(piece []int16) {
		for _, x := range piece {
			pcm[at] += x / 10
			at++
		}
	})
	if got := digitsOf(listen(t, 8000, pcm)); got != want {
		t.Errorf("heard %d keys, want %d", len(got), len(want))
	}
}

// TestKeysThroughG711: at all levels, companded.
func TestKeysThroughG711(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for _, law := range []codec.G711{codec.PCMU, codec.PCMA} {
		var presses []press
		want := ""
		for i := range 160 {
			p := usual(allKeys[i%16], 90, 60)
			p.low, p.high = -25*r.Float64(), 0
			p.high = p.low + 2
			presses = append(presses, p)
			want += p.digit.String()
		}
		pcm := keysPCM(keys(8000, presses...))
		codes := make([]byte, len(pcm))
		law.Encode(codes, pcm)
		law.Decode(pcm, codes)
		if got := digitsOf(listen(t, 8000, pcm)); got != want {
			t.Errorf("law %d: heard %q", law, got)
		}
	}
}
