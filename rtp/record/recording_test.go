package record

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/rtp/audio"
)

// TestStereo: two parties at rates of their own, each on its side and nowhere else.
func TestStereo(t *testing.T) {
	for _, rate := range rates {
		d := newDisk()
		r := begun(t, d, Config{Rate: rate})
		a, b := speaking(t, join(t, r, Party{Name: "Alice"}), 8000, 440), speaking(t, join(t, r, Party{Name: "Bob"}), 48000, 1000)
		together(t, 0, 2*time.Second, a, b)
		result := stopped(t, r, 2*time.Second)
		if result.Duration != 2*time.Second || !slices.Equal(result.Files, []string{"call.wav"}) || result.Sidecar != "call.json" || result.Lost != 0 {
			t.Errorf("%+v", result)
		}
		sides, got := samplesOf(t, d.content("call.wav"))
		if got != rate || len(sides) != 2 || len(sides[0]) != 2*rate {
			t.Fatalf("%d Hz, %d sides, %d samples", got, len(sides), len(sides[0]))
		}
		hasTone(t, rate, sides[0], 440, 60)
		hasTone(t, rate, sides[1], 1000, 60)
		if f := d.files["call.wav"]; !f.closed || !f.synced {
			t.Error("the file is not closed, or not on the disk")
		}
	}
}

// TestSides: more than two parties, where they want to be.
func TestSides(t *testing.T) {
	d := newDisk()
	r := begun(t, d, Config{Rate: 16000})
	var all []*speaker
	for n, side := range []Side{Right, Left, AnySide} {
		all = append(all, speaking(t, join(t, r, Party{Side: side}), 16000, 500*float64(n+1)))
	}
	together(t, 0, time.Second, all...)
	stopped(t, r, time.Second)
	sides, _ := samplesOf(t, d.content("call.wav"))
	for n, right := range []bool{true, false, true} {
		for i, pcm := range sides {
			tone, _ := levels(t, 16000, pcm[1600:], 500*float64(n+1))
			if here := (i == 1) == right; here != (tone > -21) || !here && tone > -80 {
				t.Errorf("party %d on side %d: %.1f dBFS", n, i, tone)
			}
		}
	}
	var channels []string
	for _, p := range d.sidecar(t, "call.json").Parties {
		channels = append(channels, p.Channel)
	}
	if !slices.Equal(channels, []string{"right", "left", "right"}) {
		t.Errorf("channels %q", channels)
	}
}

// TestMixed: everybody in one, and a sum that exceeds 16 bits is turned down, not
// clipped.
func TestMixed(t *testing.T) {
	d := newDisk()
	r := begun(t, d, Config{Layout: Mixed, Rate: 8000})
	a, b := speaking(t, join(t, r, Party{}), 8000, 440), speaking(t, join(t, r, Party{}), 16000, 1000)
	together(t, 0, time.Second, a, b)
	stopped(t, r, time.Second)
	sides, _ := samplesOf(t, d.content("call.wav"))
	for _, frequency := range []float64{440, 1000} {
		tone, rest := levels(t, 8000, sides[0][800:], frequency)
		if math.Abs(tone+20) > 0.2 || math.Abs(rest+20) > 0.2 {
			t.Errorf("%g Hz: %.2f dBFS and %.2f of the other", frequency, tone, rest)
		}
	}
}

func TestMixedLoud(t *testing.T) {
	d := newDisk()
	r := begun(t, d, Config{Layout: Mixed})
	tracks := []*Track{join(t, r, Party{}), join(t, r, Party{}), join(t, r, Party{})}
	tone, _ := audio.NewTone(8000, audio.Sine{Frequency: 400, Level: -1})
	pcm := make([]int16, 160)
	for at := time.Duration(0); at < time.Second; at += frame {
		tone.Fill(pcm)
		for _, track := range tracks {
			track.Put(after(at), 8000, pcm)
		}
	}
	stopped(t, r, time.Second)
	sides, _ := samplesOf(t, d.content("call.wav"))
	if level, rest := levels(t, 8000, sides[0][800:], 400); level < -1 || rest > -50 {
		t.Errorf("three times -1 dBFS: %.1f dBFS, distorted by %.1f dBFS", level, rest)
	}
}

// TestSeparate: a file for each, from when each joined.
func TestSeparate(t *testing.T) {
	d := newDisk()
	r := begun(t, d, Config{Layout: Separate, Pattern: "day/x"})
	a := speaking(t, join(t, r, Party{Number: "+1"}), 8000, 440)
	together(t, 0, time.Second, a)
	late, err := r.Add(after(time.Second), Party{Number: "+2"})
	if err != nil {
		t.Fatal(err)
	}
	together(t, time.Second, 2*time.Second, a, speaking(t, late, 8000, 1000))
	result := stopped(t, r, 2*time.Second)
	if !slices.Equal(result.Files, []string{"day/x.1.wav", "day/x.2.wav"}) {
		t.Fatalf("files %q", result.Files)
	}
	s := d.sidecar(t, "day/x.json")
	first, _ := samplesOf(t, d.content("day/x.1.wav"))
	second, _ := samplesOf(t, d.content("day/x.2.wav"))
	hasTone(t, 8000, first[0], 440, 60)
	offset := int(s.Files[1].Offset)
	if len(first[0]) != 16000 || offset < 780 || offset > 1000 || len(second[0]) != 16000-8*offset {
		t.Fatalf("%d and %d samples, an offset of %d ms", len(first[0]), len(second[0]), offset)
	}
	begin := 8000 - 8*offset
	if !silent(second[0][:begin]) {
		t.Error("heard before it joined")
	}
	hasTone(t, 8000, second[0][begin:], 1000, 60)
	if f := s.Files[1]; *s.Files[0].Party != 0 || *f.Party != 1 || f.Name != "x.2.wav" || f.Duration != int64(2000-offset) {
		t.Errorf("%+v", s.Files)
	}
}

// TestExactSamples: at the files' own rate, samples are written as they came.
func TestExactSamples(t *testing.T) {
	d := newDisk()
	r := begun(t, d, Config{Layout: Separate})
	track := join(t, r, Party{})
	pcm := ramp(8000)
	for i := 0; i < 8000; i += 160 {
		track.Put(after(time.Duration(i)*time.Second/8000), 8000, pcm[i:i+160])
	}
	stopped(t, r, time.Second)
	sides, _ := samplesOf(t, d.content("call.1.wav"))
	if !slices.Equal(sides[0], pcm) {
		t.Error("other samples")
	}
}

// TestPause: what lies in a pause is cut out, exactly to the sample, whichever
// sample that is, and beside it nothing is missing.
func TestPause(t *testing.T) {
	for _, c := range []struct{ pause, resume time.Duration }{
		{400 * time.Millisecond, 800 * time.Millisecond},
		{500*time.Millisecond + 125*time.Microsecond, 501*time.Millisecond + 250*time.Microsecond},
		{611*time.Millisecond + 375*time.Microsecond, 1234*time.Millisecond + 875*time.Microsecond},
		{700 * time.Millisecond, 700 * time.Millisecond},
	} {
		d := newDisk()
		r := begun(t, d, Config{Layout: Mixed})
		track := join(t, r, Party{})
		pcm := ramp(16000)
		put := func(from, to time.Duration) {
			for at := from; at < to; at += frame {
				i := int(samplesIn(8000, at))
				track.Put(after(at), 8000, pcm[i:i+160])
			}
		}
		put(0, 640*time.Millisecond)
		if err := errors.Join(r.Pause(after(c.pause)), r.Pause(after(c.pause+time.Second))); err != nil {
			t.Fatal(err)
		}
		put(640*time.Millisecond, 1300*time.Millisecond)
		if err := r.Resume(after(c.resume)); err != nil {
			t.Fatal(err)
		}
		put(1300*time.Millisecond, 2*time.Second)
		result := stopped(t, r, 2*time.Second)
		from, to := int(samplesIn(8000, c.pause)), int(samplesIn(8000, c.resume))
		// What the recorder had written when it was told is not taken back.
		from, to = max(from, 440*8), max(to, 1100*8)
		want := slices.Concat(pcm[:from], pcm[to:])
		sides, _ := samplesOf(t, d.content("call.wav"))
		if !slices.Equal(sides[0], want) {
			t.Errorf("%v to %v: %d samples, want %d", c.pause, c.resume, len(sides[0]), len(want))
		}
		if result.Duration != time.Duration(len(want))*time.Second/8000 {
			t.Errorf("%v to %v: a duration of %v", c.pause, c.resume, result.Duration)
		}
		s := d.sidecar(t, "call.json")
		if p := s.Pauses; len(p) != 1 || p[0].Position != int64(from)/8 || p[0].Paused != stamp(after(c.pause)) || p[0].Resumed != stamp(after(c.resume)) {
			t.Errorf("%+v", p)
		}
	}
}

// TestStopWhilePaused, and a pause at the very beginning.
func TestStopWhilePaused(t *testing.T) {
	d := newDisk()
	r := begun(t, d, Config{Layout: Mixed})
	_ = r.Pause(noon)
	a := speaking(t, join(t, r, Party{}), 8000, 440)
	together(t, 0, time.Second, a)
	_ = r.Resume(after(time.Second))
	together(t, time.Second, 2*time.Second, a)
	_ = r.Pause(after(2 * time.Second))
	together(t, 2*time.Second, 3*time.Second, a)
	if result := stopped(t, r, 3*time.Second); result.Duration != time.Second {
		t.Errorf("a duration of %v", result.Duration)
	}
	s := d.sidecar(t, "call.json")
	if len(s.Pauses) != 2 || s.Pauses[0].Position != 0 || s.Pauses[1].Position != 1000 || s.Pauses[1].Resumed != "" {
		t.Errorf("%+v", s.Pauses)
	}
	sides, _ := samplesOf(t, d.content("call.wav"))
	hasTone(t, 8000, sides[0], 440, 60)
}

// TestStopIsExact: the file ends at the sample at which it was stopped, also where
// more is there, and where nobody has said anything for long.
func TestStopIsExact(t *testing.T) {
	for _, at := range []time.Duration{0, 125 * time.Microsecond, 333 * time.Millisecond, 999*time.Millisecond + 875*time.Microsecond, time.Second, time.Minute} {
		d := newDisk()
		r := begun(t, d, Config{Layout: Mixed})
		a := speaking(t, join(t, r, Party{}), 8000, 440)
		together(t, 0, min(at, time.Second), a)
		stopped(t, r, at)
		sides, _ := samplesOf(t, d.content("call.wav"))
		if len(sides[0]) != int(samplesIn(8000, at)) {
			t.Errorf("stopped at %v: %d samples", at, len(sides[0]))
		}
	}
}

// TestGaps: where there is no frame there is silence, and what comes after it is
// where it belongs.
func TestGaps(t *testing.T) {
	d := newDisk()
	r := begun(t, d, Config{Layout: Mixed})
	a := speaking(t, join(t, r, Party{}), 16000, 440)
	together(t, 0, 500*time.Millisecond, a)
	together(t, 520*time.Millisecond, time.Second, a) // one frame
	together(t, 5*time.Second, 6*time.Second, a)
	stopped(t, r, 6*time.Second)
	sides, _ := samplesOf(t, d.content("call.wav"))
	pcm := sides[0]
	if len(pcm) != 6*8000 {
		t.Fatalf("%d samples", len(pcm))
	}
	hasTone(t, 8000, pcm[:4000], 440, 60)
	if level, _ := levels(t, 8000, pcm[4000+40:4160-40], 440); level > -60 {
		t.Errorf("%.1f dBFS where a frame is missing", level)
	}
	hasTone(t, 8000, pcm[4160:8000], 440, 60)
	if !silent(pcm[8000+80 : 40000-80]) {
		t.Error("sound in a gap of 4 s")
	}
	hasTone(t, 8000, pcm[40000:], 440, 60)
}

// TestTick: silence is written while nobody says anything, so that it is in the file
// before anybody goes on.
func TestTick(t *testing.T) {
	d := newDisk()
	r := begun(t, d, Config{Layout: Mixed})
	for at := time.Duration(0); at <= 10*time.Second; at += frame {
		r.Tick(after(at))
	}
	if waiting := len(r.queue); waiting > 120 {
		t.Errorf("%d items for 10 s of silence", waiting)
	}
	stopped(t, r, 10*time.Second)
	sides, _ := samplesOf(t, d.content("call.wav"))
	if len(sides[0]) != 80000 || !silent(sides[0]) {
		t.Errorf("%d samples", len(sides[0]))
	}
	r.Tick(after(time.Hour))
	if made := r.made.Load(); made > 120 {
		t.Errorf("%d items", made)
	}
}

// TestLateAndTwice: a frame that is out of order but in time is where it belongs;
// one that comes twice, or too late, changes nothing.
func TestLateAndTwice(t *testing.T) {
	d := newDisk()
	r := begun(t, d, Config{Layout: Mixed})
	a, b := join(t, r, Party{}), join(t, r, Party{})
	pcm := ramp(8000)
	quiet := make([]int16, 160)
	for i := 0; i < 8000; i += 160 {
		at := time.Duration(i) * time.Second / 8000
		a.Put(after(at+180*time.Millisecond), 8000, quiet) // ahead of b
		b.Put(after(at), 8000, pcm[i:i+160])
		b.Put(after(at), 8000, pcm[i:i+160])
		b.Put(after(at-time.Second), 8000, pcm[i:i+160])
	}
	stopped(t, r, time.Second)
	sides, _ := samplesOf(t, d.content("call.wav"))
	if !slices.Equal(sides[0], pcm) {
		t.Error("other samples")
	}
}

// TestTooLate: who is further behind than the window is not heard, and changes
// nothing for who is in time.
func TestTooLate(t *testing.T) {
	d := newDisk()
	r := begun(t, d, Config{Rate: 8000})
	a, b := speaking(t, join(t, r, Party{}), 8000, 440), speaking(t, join(t, r, Party{}), 8000, 1000)
	for at := time.Duration(0); at < time.Second; at += frame {
		a.say(t, at+300*time.Millisecond, at+320*time.Millisecond)
		b.say(t, at, at+frame)
	}
	stopped(t, r, 1300*time.Millisecond)
	sides, _ := samplesOf(t, d.content("call.wav"))
	hasTone(t, 8000, sides[0][2400:], 440, 60)
	if tone, _ := levels(t, 8000, sides[1][800:8000], 1000); tone > -40 {
		t.Errorf("%.1f dBFS of who was too late", tone)
	}
}

// TestDrift: the clocks of two parties run 200 ppm faster and slower than the call's.
// After minutes both are where they belong, and nothing clicks.
func TestDrift(t *testing.T) {
	d := newDisk()
	r := begun(t, d, Config{Rate: 8000, Queue: 1 << 18})
	a, b := speaking(t, join(t, r, Party{}), 8000, 440), speaking(t, join(t, r, Party{}), 8000, 440)
	const length = 4 * time.Minute
	fast, slow := frame-4*time.Microsecond, frame+4*time.Microsecond
	atA, atB := time.Duration(0), time.Duration(0)
	for atA < length || atB < length {
		s, at, step := a, &atA, fast
		if atB < atA {
			s, at, step = b, &atB, slow
		}
		s.tone.Fill(s.pcm)
		if !s.Put(after(*at), 8000, s.pcm) {
			t.Fatal("no room")
		}
		*at += step
	}
	end := length + 300*time.Millisecond
	stopped(t, r, end)
	sides, _ := samplesOf(t, d.content("call.wav"))
	for i, pcm := range sides {
		last := len(pcm) - 1
		for pcm[last] == 0 {
			last--
		}
		if off := time.Duration(last)*time.Second/8000 - length; off < -10*time.Millisecond || off > 30*time.Millisecond {
			t.Errorf("side %d ends %v off", i, off)
		}
		pcm = pcm[:last-20]
		for n := 1; n < len(pcm); n++ {
			// 440 Hz at -20 dBFS never moves by more than 1131 a sample.
			if step := int(pcm[n]) - int(pcm[n-1]); n > 160 && (step > 1300 || step < -1300) {
				t.Fatalf("side %d: a step of %d at sample %d", i, step, n)
			}
		}
	}
}

// TestRateChanges: a party whose codec changes goes on without a gap or a click.
func TestRateChanges(t *testing.T) {
	for _, rate := range rates {
		d := newDisk()
		r := begun(t, d, Config{Layout: Mixed, Rate: rate})
		track := join(t, r, Party{})
		at := time.Duration(0)
		for _, from := range []int{8000, 16000, 48000, 16000, 8000} {
			pcm := make([]int16, from/5)
			for i := range pcm {
				pcm[i] = int16(3000 * math.Sin(2*math.Pi*400*float64(i)/float64(from)))
			}
			for i := 0; i < len(pcm); i += from / 50 {
				track.Put(after(at), from, pcm[i:i+from/50])
				at += frame
			}
		}
		stopped(t, r, at)
		sides, _ := samplesOf(t, d.content("call.wav"))
		level, rest := levels(t, rate, sides[0][rate/50:len(sides[0])-rate/50], 400)
		if math.Abs(level+20.77) > 0.2 || rest > -50 {
			t.Errorf("%d Hz: %.2f dBFS, and %.2f of the rest", rate, level, rest)
		}
	}
}

// TestBeep: it is in the recording when it should be, as its source has it, and anew
// after a pause.
func TestBeep(t *testing.T) {
	d := newDisk()
	r := begun(t, d, Config{Beep: UsualBeep()})
	r.Tick(after(20 * time.Second))
	_ = r.Pause(after(20 * time.Second))
	r.Tick(after(21 * time.Second))
	_ = r.Resume(after(21*time.Second + 125*time.Microsecond))
	stopped(t, r, 40*time.Second+125*time.Microsecond)
	sides, _ := samplesOf(t, d.content("call.wav"))
	source, err := UsualBeep().Source(8000)
	if err != nil {
		t.Fatal(err)
	}
	want := make([]int16, 20*8000)
	source.Fill(want)
	again, _ := UsualBeep().Source(8000)
	rest := make([]int16, 19*8000)
	again.Fill(rest)
	want = append(want, rest...)
	for i, pcm := range sides {
		if !slices.Equal(pcm, want) {
			t.Errorf("side %d: other samples (%d of %d)", i, len(pcm), len(want))
		}
	}
	hasTone(t, 8000, want[15*8000:15*8000+1600], 1400, 60)
	if !silent(want[1600 : 15*8000]) {
		t.Error("it goes on")
	}
}

func TestBeepThatIsNone(t *testing.T) {
	for _, b := range []Beep{
		{Frequency: 1400, Level: -20},
		{Frequency: 1400, Level: -20, Length: time.Second, Every: 900 * time.Millisecond},
		{Frequency: 4000, Level: -20, Length: time.Second, Every: time.Minute},
		{Frequency: 1400, Level: 3, Length: time.Second, Every: time.Minute},
	} {
		if _, err := b.Source(8000); err == nil || !strings.Contains(err.Error(), "beep") {
			t.Errorf("%+v: %v", b, err)
		}
		if _, err := Start(Config{Storage: newDisk(), Beep: b}, noon); err == nil {
			t.Errorf("%+v: accepted", b)
		}
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   string
	}{
		{Config{}, "no Storage"},
		{Config{Storage: newDisk(), Rate: 11025}, "11025"},
		{Config{Storage: newDisk(), Layout: 3}, "layout 3"},
		{Config{Storage: newDisk(), Format: 2}, "format 2"},
		{Config{Storage: newDisk(), MaxSize: 1000}, "1000 octets"},
		{Config{Storage: newDisk(), MaxSize: 1 << 32}, "4 GiB"},
		{Config{Storage: newDisk(), Queue: 3}, "16 at least"},
		{Config{Storage: newDisk(), Pattern: "../x"}, "relative path"},
		{Config{Storage: newDisk(), Format: OggOpus, Bitrate: 5}, "Opus"},
	} {
		if _, err := Start(c.config, noon); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.config, err, c.want)
		}
	}
}

// TestFramesThatAreNone are refused.
func TestFramesThatAreNone(t *testing.T) {
	r := begun(t, newDisk(), Config{})
	track := join(t, r, Party{})
	for _, c := range []struct{ rate, samples int }{{8000, 0}, {8000, 1001}, {11025, 100}, {0, 10}} {
		if track.Put(noon, c.rate, make([]int16, c.samples)) {
			t.Errorf("%d samples at %d Hz were taken", c.samples, c.rate)
		}
	}
	stopped(t, r, 0)
}

// TestAfterTheEnd: everything is refused, and nothing happens.
func TestAfterTheEnd(t *testing.T) {
	r := begun(t, newDisk(), Config{})
	track := join(t, r, Party{})
	stopped(t, r, time.Second)
	r.Stop(after(2 * time.Second))
	r.Tick(after(2 * time.Second))
	if track.Put(after(time.Second), 8000, make([]int16, 160)) {
		t.Error("a frame was taken")
	}
	_, err := r.Add(noon, Party{})
	for _, err := range []error{err, r.Pause(noon), r.Resume(noon)} {
		if !errors.Is(err, ErrEnded) {
			t.Error(err)
		}
	}
	if r.Result().Duration != time.Second {
		t.Errorf("%+v", r.Result())
	}
}

// TestCheck: what Start would refuse is known before there is a call.
func TestCheck(t *testing.T) {
	d := Directory{Path: t.TempDir()}
	for _, c := range []struct {
		config Config
		want   string
	}{
		{Config{Storage: d}, ""},
		{Config{Storage: d, Pattern: "{caller}/{call}", Layout: Separate, Beep: UsualBeep()}, ""},
		{Config{}, "no Storage"},
		{Config{Storage: d, Pattern: "{who}"}, "braces"},
		{Config{Storage: d, Pattern: "../{call}"}, "relative path"},
		{Config{Storage: d, Rate: 11025}, "samples a second"},
	} {
		err := c.config.Check()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.config, err)
		}
	}
}
