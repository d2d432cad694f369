package quality

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s is %.4f, want %.4f", what, got, want)
	}
}

// TestDefaultRating: ITU-T G.107 s7.7: with all default values R is 93.2, which is a MOS
// of 4.41.
func TestDefaultRating(t *testing.T) {
	r := Defaults().Rating()
	near(t, "R", r, 93.2062, 0.0001)
	near(t, "MOS", MOS(r), 4.41, 0.005)
}

// TestMOS: ITU-T G.107 annex B, table B.1. The table is rounded up here and there: for R 80
// the formula gives 4.024.
func TestMOS(t *testing.T) {
	for _, c := range []struct{ r, mos float64 }{
		{90, 4.34}, {80, 4.03}, {70, 3.60}, {60, 3.10}, {50, 2.58},
		{100, 4.5}, {120, 4.5}, {0, 1}, {-5, 1}, {3, 1}, {math.NaN(), 1},
	} {
		near(t, "MOS", MOS(c.r), c.mos, 0.0065)
	}
}

// TestEquipment: Ie-eff of G.107 s7.5 with the values of G.113 Appendix I, by hand.
func TestEquipment(t *testing.T) {
	for _, c := range []struct {
		name        string
		codec       Impairment
		loss, burst float64
		want        float64
	}{
		{"G.711, 1 %", Unconcealed(), 1, 1, 95 / 5.3},
		{"G.711 with PLC, 1 %", ImpairmentOf("PCMU"), 1, 1, 95 / 26.1},
		{"G.711 with PLC, 5 %", ImpairmentOf("pcma"), 5, 1, 95 * 5 / 30.1},
		{"G.711 with PLC, 5 %, bursts", ImpairmentOf("PCMA"), 5, 2, 95 * 5 / 27.6},
		{"G.729, none", ImpairmentOf("G729"), 0, 1, 10},
		{"G.729, 2 %", ImpairmentOf("G729"), 2, 1, 10 + 85*2.0/21},
		{"G.723.1, 3 %", ImpairmentOf("G723"), 3, 1, 15 + 80*3/19.1},
		{"everything", ImpairmentOf("PCMU"), 100, 1, 95 * 100 / 125.1},
	} {
		p := Defaults()
		p.Ie, p.Bpl, p.Ppl, p.BurstR = c.codec.Ie, c.codec.Bpl, c.loss, c.burst
		near(t, c.name, p.Equipment(), c.want, 1e-9)
		near(t, "R with "+c.name, p.Rating(), 93.2062-c.want, 0.0001)
	}
}

// TestAbsoluteDelay: Idd of G.107 s7.4 by hand: 0 up to 100 ms, then by X = log2(Ta/100).
func TestAbsoluteDelay(t *testing.T) {
	for _, c := range []struct{ ta, want float64 }{
		{0, 0}, {100, 0}, {200, 3.0444}, {400, 24.0720},
	} {
		p := Defaults()
		p.Ta = c.ta
		near(t, "Idd", 93.2062-p.Rating(), c.want, 0.005)
	}
}

// TestDelayOfACall: with the echo of digital telephones, R falls slowly up to 150 ms and
// fast from there.
func TestDelayOfACall(t *testing.T) {
	rate := func(ms float64) float64 {
		p := Defaults()
		p.T, p.Ta, p.Tr = ms, ms, 2*ms
		return p.Rating()
	}
	if r := rate(50); r < 91 || r > 93 {
		t.Errorf("R at 50 ms is %.1f", r)
	}
	if r := rate(150); r < 86 || r > 91 {
		t.Errorf("R at 150 ms is %.1f", r)
	}
	if r := rate(400); r < 50 || r > 70 {
		t.Errorf("R at 400 ms is %.1f", r)
	}
}

// TestRatingFalls: more loss, more delay, more noise, more distortion never make it
// better.
func TestRatingFalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Defaults()
		p.T = rapid.Float64Range(1, 600).Draw(t, "T")
		p.Ta, p.Tr = p.T, 2*p.T
		p.Ppl = rapid.Float64Range(0, 100).Draw(t, "Ppl")
		p.BurstR = rapid.Float64Range(1, 10).Draw(t, "BurstR")
		p.Ie, p.Bpl = rapid.Float64Range(0, 60).Draw(t, "Ie"), rapid.Float64Range(1, 40).Draw(t, "Bpl")
		r := p.Rating()
		if math.IsNaN(r) || r > 93.3 {
			t.Fatalf("R %v of %+v", r, p)
		}
		worse := rapid.SampledFrom([]func(*Parameters){
			func(p *Parameters) { p.Ppl++ },
			func(p *Parameters) { p.Ta, p.T, p.Tr = p.Ta+10, p.T+10, p.Tr+20 },
			func(p *Parameters) { p.Nc += 10 },
			func(p *Parameters) { p.Qdu += 5 },
			func(p *Parameters) { p.BurstR++ },
		}).Draw(t, "worse")
		q := p
		worse(&q)
		if q.Rating() > r+0.01 {
			t.Fatalf("R is %v, and %v when it should be worse: %+v", r, q.Rating(), q)
		}
		if m := MOS(r); m < 1 || m > 4.5 {
			t.Fatalf("MOS %v of R %v", m, r)
		}
	})
}

func TestUnknownCodecIsAssumed(t *testing.T) {
	if i := ImpairmentOf("speex"); !i.Assumed || i.Ie == 0 {
		t.Errorf("%+v", i)
	}
	for _, name := range []string{"PCMU", "PCMA", "G729", "G723"} {
		if ImpairmentOf(name).Assumed {
			t.Errorf("%s has values in G.113", name)
		}
	}
}

func BenchmarkRating(b *testing.B) {
	p := Defaults()
	p.T, p.Ta, p.Tr, p.Ppl = 80, 80, 160, 1
	for b.Loop() {
		p.Rating()
	}
}
