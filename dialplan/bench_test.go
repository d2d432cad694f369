package dialplan

import (
	"strconv"
	"testing"
)

func BenchmarkNormaliseCached(b *testing.B) {
	p := planFor(b, "US")
	p.Normalise("sip:(425)555-0100@gw.example;user=phone")
	b.ReportAllocs()
	for b.Loop() {
		p.Normalise("sip:(425)555-0100@gw.example;user=phone")
	}
}

func BenchmarkNormaliseNew(b *testing.B) {
	p := planFor(b, "US")
	texts := make([]string, 3*cacheSize) // more than the cache holds
	for i := range texts {
		texts[i] = strconv.Itoa(4255550000 + i)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p.Normalise(texts[i%len(texts)])
	}
}

func benchmarkDecide(b *testing.B, r Request) {
	p := mustPlan(b, office())
	if d := p.Decide(r); d.Refusal != nil {
		b.Fatal(d.Refusal)
	}
	b.ReportAllocs()
	for b.Loop() {
		p.Decide(r)
	}
}

func BenchmarkDecideOutbound(b *testing.B) {
	benchmarkDecide(b, Request{
		Origin:            alice,
		To:                "sip:4255550100@gw.example;user=phone",
		FromURI:           "sip:alice@gw.example",
		PreferredIdentity: "<sip:+14255550199@gw.example>",
	})
}

func BenchmarkDecideInbound(b *testing.B) {
	benchmarkDecide(b, Request{Origin: carrier, To: "sip:+14255550101@gw.example", FromURI: "sip:+12065550000@carrier"})
}

func BenchmarkDecideEmergency(b *testing.B) {
	benchmarkDecide(b, Request{Origin: alice, To: "sip:911@gw.example", FromURI: "sip:alice@gw.example"})
}

// A call that has been made before costs no more than its list of attempts and
// the parsed identity header.
func TestDecideAllocations(t *testing.T) {
	p := mustPlan(t, office())
	for _, c := range []struct {
		r    Request
		most float64
	}{
		{Request{Origin: carrier, To: "sip:+14255550101@gw", FromURI: "sip:+12065550000@c"}, 2},
		{Request{Origin: alice, To: "sip:4255550100@gw", FromURI: "sip:alice@gw"}, 1},
		{Request{Origin: alice, To: "sip:4255550100@gw", PreferredIdentity: "<tel:+14255550199>"}, 2},
	} {
		p.Decide(c.r)
		if n := testing.AllocsPerRun(100, func() { p.Decide(c.r) }); n > c.most {
			t.Errorf("%s from %s: %v allocations, want at most %v", c.r.To, c.r.Origin.Name, n, c.most)
		}
	}
	p.Normalise("4255550100")
	if n := testing.AllocsPerRun(100, func() { p.Normalise("4255550100") }); n > 0 {
		t.Errorf("a cached number costs %v allocations", n)
	}
}
