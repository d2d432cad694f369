package sdp

import "testing"

// typical is the body that most calls have.
var typical = lines("v=0", "o=- 20518 1 IN IP4 203.0.113.1", "s=-", "c=IN IP4 203.0.113.1", "t=0 0",
	"m=audio 54400 RTP/AVP 0 8 101", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16")

func TestAllocations(t *testing.T) {
	s := mustParse(t, typical)
	l := ours(pcmu, pcma, dtmf)
	buffer := make([]byte, 0, 1024)
	for _, c := range []struct {
		what string
		most float64
		do   func()
	}{
		{"parse", 6, func() { mustParse(t, typical) }},
		{"append", 0, func() { s.Append(buffer[:0]) }},
		{"answer", 8, func() { _, _ = NewAnswer(s, l, nil) }},
		{"same", 0, func() { _ = dtmf.Same(s.Media[0].Codecs[2]) }},
	} {
		if got := testing.AllocsPerRun(100, c.do); got > c.most {
			t.Errorf("%s: %.0f allocations, at most %.0f wanted", c.what, got, c.most)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(typical); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParseLarge reads the longest of the device bodies.
func BenchmarkParseLarge(b *testing.B) {
	body := devices[5].body
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	s := mustParse(b, typical)
	buffer := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		buffer = s.Append(buffer[:0])
	}
}

func BenchmarkAnswer(b *testing.B) {
	offer := mustParse(b, typical)
	l := ours(pcmu, pcma, dtmf)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := NewAnswer(offer, l, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAgreed(b *testing.B) {
	offer := mustParse(b, typical)
	answer, err := NewAnswer(offer, ours(pcmu, pcma, dtmf), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Agreed(offer, answer); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRelayedCall is the share of a call's set-up that this package has: read A's
// offer, offer to B, read B's answer, answer A.
func BenchmarkRelayedCall(b *testing.B) {
	gateway := ours()
	b.ReportAllocs()
	for b.Loop() {
		offerA, _ := Parse(typical)
		offerB, _ := NewOffer(gateway.Like(offerA.Audio()))
		_ = offerB.String()
		answerB, _ := Parse(typical)
		answerA, err := NewAnswer(offerA, gateway.Like(answerB.Audio()), LocalOrder)
		if err != nil {
			b.Fatal(err)
		}
		_ = answerA.String()
	}
}
