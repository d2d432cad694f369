package audio

import (
	"math"
	"strings"
	"testing"
	"time"
)

// required are the countries that have signals of their own.
const required = "US CA GB IE DE FR IT ES NL BE CH AT SE NO DK FI PL CZ PT GR AU NZ JP CN IN SG HK ZA BR MX AR RU TR IL AE"

func TestEverySignalSoundsAsTheTableSays(t *testing.T) {
	for country := range strings.FieldsSeq(required) {
		if _, ok := national[country]; !ok && neighbours[country] == "" {
			t.Errorf("%s is missing", country)
		}
	}
	for country, of := range neighbours {
		if _, ok := national[of]; !ok {
			t.Errorf("%s has the signals of %s, which are missing", country, of)
		}
	}
	for country, s := range national {
		for signal, bursts := range s {
			name := country + " " + Signal(signal).String()
			checkSignal(t, name, bursts)
		}
	}
	checkSignal(t, "elsewhere", international[Ringback])
}

// checkSignal holds a signal against the limits of E.180 and its sound against
// its bursts.
func checkSignal(t *testing.T, name string, bursts []Burst) {
	t.Helper()
	c := newCadence(t, bursts...)
	whole := time.Duration(0)
	for _, b := range bursts {
		whole += b.On + b.Off
		if b.On < 150*ms || b.On > 2*time.Second || b.Off < 150*ms || b.Off > 5*time.Second || len(b.Sines) == 0 {
			t.Errorf("%s: a burst of %d sines, %v on and %v off", name, len(b.Sines), b.On, b.Off)
		}
	}
	if whole < 300*ms || whole > 6*time.Second {
		t.Errorf("%s: repeats every %v", name, whole)
	}
	pcm := pull(t, c, samplesIn(8000, whole), 160)
	checkSpans(t, name, pcm, bursts)
	checkSines(t, name, pcm[:samplesIn(8000, bursts[0].On)], bursts[0].Sines)
}

// checkSines looks for each sine in a burst. Those of a modulated tone lie 16 Hz
// apart, and a burst of 0.4 s tells 2.5 Hz apart.
func checkSines(t *testing.T, name string, pcm []int16, sines []Sine) {
	t.Helper()
	for _, s := range sines {
		if tone, _ := measure(t, pcm, s.Frequency); !near(tone, s.Level, 1) {
			t.Errorf("%s: %.0f Hz has %.2f dBFS, want %.2f", name, s.Frequency, tone, s.Level)
		}
	}
	energy := 0.0
	for _, x := range pcm {
		energy += float64(x) * float64(x)
	}
	if got := level(energy/float64(len(pcm))) - ZeroDBm0; !near(got, -10, 0.3) {
		t.Errorf("%s: %.2f dBm0, want -10", name, got)
	}
}

// TestWellKnownSignals are those that anybody can look up, or dial.
func TestWellKnownSignals(t *testing.T) {
	for _, c := range []struct {
		country     string
		signal      Signal
		frequencies []float64
		seconds     []float64
	}{
		{"US", Ringback, []float64{440, 480}, []float64{2, 4}},
		{"CA", Busy, []float64{480, 620}, []float64{.5, .5}},
		{"us", Congestion, []float64{480, 620}, []float64{.25, .25}},
		{"GB", Ringback, []float64{400, 450}, []float64{.4, .2, .4, 2}},
		{"JE", Busy, []float64{400}, []float64{.375, .375}},
		{"DE", Ringback, []float64{425}, []float64{1, 4}},
		{"DE", Busy, []float64{425}, []float64{.48, .48}},
		{"FR", Ringback, []float64{440}, []float64{1.5, 3.5}},
		{"ES", Congestion, []float64{425}, []float64{.2, .2, .2, .2, .2, .6}},
		{"JP", Ringback, []float64{400, 416, 384}, []float64{1, 2}},
		{"SG", Ringback, []float64{425, 449, 401}, []float64{.4, .2, .4, 2}},
		{"XK", Ringback, []float64{425}, []float64{1, 4}},
		{"", Busy, []float64{425}, []float64{.5, .5}},
		{"narnia", Congestion, []float64{425}, []float64{.25, .25}},
	} {
		bursts := c.signal.In(c.country)
		var seconds []float64
		for _, b := range bursts {
			seconds = append(seconds, b.On.Seconds(), b.Off.Seconds())
		}
		if !equal(seconds, c.seconds) || !equal(frequencies(bursts[0].Sines), c.frequencies) {
			t.Errorf("%s of %q: %v for %v; want %v for %v", c.signal, c.country,
				frequencies(bursts[0].Sines), seconds, c.frequencies, c.seconds)
		}
	}
}

func frequencies(sines []Sine) (list []float64) {
	for _, s := range sines {
		list = append(list, s.Frequency)
	}
	return list
}

func equal(a, b []float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if math.Abs(a[i]-b[i]) > 1e-9 {
			return false
		}
	}
	return true
}

// TestModulation: the envelope of a modulated tone goes down to nothing and up to
// twice the carrier.
func TestModulation(t *testing.T) {
	pcm := pull(t, newCadence(t, Burst{modulated(400, 25), time.Second, 0}), 8000, 160)
	quietest, loudest := 1.0, 0.0
	for i := 0; i+40 <= len(pcm); i += 20 { // 5 ms: two cycles of the carrier
		peak := 0.0
		for _, x := range pcm[i : i+40] {
			peak = max(peak, math.Abs(float64(x)))
		}
		quietest, loudest = min(quietest, peak/fullScale), max(loudest, peak/fullScale)
	}
	carrier := math.Pow(10, modulated(400, 25)[0].Level/20)
	if quietest > 0.2*carrier || !near(loudest, 2*carrier, 0.1*carrier) {
		t.Errorf("between %.3f and %.3f of a carrier of %.3f", quietest/carrier, loudest/carrier, carrier)
	}
}

// TestAustralianCongestion: every other burst is 10 dB quieter.
func TestAustralianCongestion(t *testing.T) {
	pcm := pull(t, newCadence(t, Congestion.In("AU")...), 12000, 160)
	first, _ := measure(t, pcm[:3000], 425)
	second, _ := measure(t, pcm[6000:9000], 425)
	if !near(first-second, 10, 0.1) {
		t.Errorf("%.2f and %.2f", first, second)
	}
}
