package rtp

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// newTestMouth is a mouth that speaks to a sink, and what that hears.
func newTestMouth(t testing.TB, c Codec, ptime time.Duration) (*mouth, *path, *[]Packet) {
	p := numbered([]Codec{c})[0]
	m, err := newMouth(&p, rateOf(&p), ptime)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.close)
	var sent []Packet
	sink := NewSink(func(_ time.Time, p Packet) {
		p.Payload = append([]byte(nil), p.Payload...)
		sent = append(sent, p)
	})
	from := new(source)
	way := m.path(from, sink, nil)
	sink.attach(way)
	m.turn(from)
	return m, way, &sent
}

// TestLinearSoundFitsIntoPackets: L16 takes packets as short as it needs to.
func TestLinearSoundFitsIntoPackets(t *testing.T) {
	for _, c := range []Codec{{Name: "L16", Rate: 8000}, {Name: "L16", Rate: 16000}, {Name: "L16", Rate: 48000}, {Name: "L16", Rate: 48000, Channels: 2}} {
		for _, ptime := range []time.Duration{10 * ms, 20 * ms, 60 * ms} {
			m, way, sent := newTestMouth(t, c, ptime)
			pcm := make([]int16, m.rate/50)
			for range 50 {
				m.say(start, way, pcm, framePeriod)
			}
			octets := 0
			for _, p := range *sent {
				octets += len(p.Payload)
				if len(p.Payload) > maxPayload {
					t.Fatalf("%s, %v: a payload of %d octets", c, ptime, len(p.Payload))
				}
			}
			if want := 2 * m.rate * int(max(c.Channels, 1)); octets != want && octets < want-maxPayload {
				t.Errorf("%s, %v: %d octets a second, want %d", c, ptime, octets, want)
			}
		}
	}
}

// TestMouthKeepsTime: whatever is said in pieces of any length and whatever the pauses,
// timestamps are those of the sound, to a packet's time.
func TestMouthKeepsTime(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ptime := time.Duration(rapid.IntRange(1, 6).Draw(rt, "ptime")) * 10 * ms
		m, way, sent := newTestMouth(t, pcmu, ptime)
		begin, said := m.next.timestamp, uint32(0)
		for range rapid.IntRange(1, 30).Draw(rt, "pieces") {
			n := rapid.IntRange(1, 4000).Draw(rt, "samples")
			switch rapid.IntRange(0, 5).Draw(rt, "what") {
			case 0:
				m.flush(start, way)
			case 1:
				m.pause(start, way, uint32(n))
				said += uint32(n)
			default:
				said += m.owed // what was filled up in vain
				m.say(start, way, make([]int16, n), framePeriod)
				said += uint32(n)
			}
			if at := m.next.timestamp - begin + uint32(len(m.pending)) - m.owed; at != said {
				rt.Fatalf("%d said, at %d", said, at)
			}
		}
		for i, p := range *sent {
			if i > 0 && (p.Sequence != (*sent)[i-1].Sequence+1 || int32(p.Timestamp-(*sent)[i-1].Timestamp) < int32(len(p.Payload))) {
				rt.Fatalf("packet %d: %+v after %+v", i, p, (*sent)[i-1])
			}
		}
	})
}

// TestGainsChangeAlongALine: no step is larger than the change of a frame makes it.
func TestGainsChangeAlongALine(t *testing.T) {
	var v volume
	pcm := make([]int16, 160)
	frame := func() (first, last int16) {
		for i := range pcm {
			pcm[i] = 10000
		}
		v.apply(pcm)
		for i := range pcm[1:] {
			if step := math.Abs(float64(pcm[i+1]) - float64(pcm[i])); step > 10000.0/160+1 {
				t.Fatalf("sample %d: a step of %.0f", i+1, step)
			}
		}
		return pcm[0], pcm[159]
	}
	if first, last := frame(); first != 10000 || last != 10000 {
		t.Errorf("without a gain: %d to %d", first, last)
	}
	v.set(-200)
	if first, last := frame(); first != 0 || last != 0 {
		t.Errorf("the first gain: %d to %d", first, last)
	}
	v.set(0)
	if first, last := frame(); first > 100 || last != 10000 {
		t.Errorf("from nothing to all: %d to %d", first, last)
	}
	v.set(-6.0206)
	if first, last := frame(); first < 9900 || math.Abs(float64(last)-5000) > 2 {
		t.Errorf("to a half: %d to %d", first, last)
	}
	v.set(20)
	frame2 := []int16{10000, -10000}
	v.apply(frame2)
	if v.apply(frame2); frame2[0] != math.MaxInt16 || frame2[1] != math.MinInt16 {
		t.Errorf("clipped to %v", frame2)
	}
}

// TestRatesOfCodecs: at which sampling rate each is decoded and encoded.
func TestRatesOfCodecs(t *testing.T) {
	needs(t, opus)
	for _, c := range []struct {
		Payload
		want int
	}{
		{Payload{Codec: pcmu}, 8000},
		{Payload{Codec: g722}, 16000},
		{Payload{Codec: opus}, 48000},
		{Payload{Codec: opus, Parameters: "maxplaybackrate=8000"}, 8000},
		{Payload{Codec: opus, Parameters: "maxplaybackrate=24000"}, 16000},
		{Payload{Codec: wide}, 16000},
		{Payload{Codec: Codec{Name: "L16", Rate: 44100}}, 0},
		{Payload{Codec: g729}, 0},
		{Payload{Codec: events}, 0},
		{Payload{Codec: cn}, 0},
	} {
		if got := rateOf(&c.Payload); got != c.want {
			t.Errorf("%s %q: %d, want %d", c.Codec, c.Parameters, got, c.want)
		}
	}
	if got := mouthRate(&Payload{Codec: opus}, 8000); got != leastOpusRate {
		t.Errorf("opus of G.711's sound is encoded at %d", got)
	}
	narrow := Payload{Codec: opus, Parameters: "maxplaybackrate=8000"}
	if got := mouthRate(&narrow, 8000); got != 8000 {
		t.Errorf("opus for one that plays 8 kHz is encoded at %d", got)
	}
	if got := mouthRate(&Payload{Codec: g722}, 8000); got != 16000 {
		t.Errorf("G.722 at %d", got)
	}
}

// TestKeysInTheSoundsClock: of several, the one with the sound's clock.
func TestKeysInTheSoundsClock(t *testing.T) {
	needs(t, opus)
	taken := []Payload{{Number: 101, Codec: events}, {Number: 110, Codec: opusDT}}
	m, _, _ := newTestMouth(t, opus, 0)
	if got := m.keys(taken); got == nil || got.Number != 110 {
		t.Errorf("beside opus: %+v", got)
	}
	m, _, _ = newTestMouth(t, pcmu, 0)
	if got := m.keys(taken); got == nil || got.Number != 101 {
		t.Errorf("beside PCMU: %+v", got)
	}
	if got := m.keys(taken[1:]); got == nil || got.Number != 110 {
		t.Errorf("where there is no other: %+v", got)
	}
	if got := m.keys(nil); got != nil {
		t.Errorf("of none: %+v", got)
	}
}
