package cdr

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/event"
)

// heard ends a party's audio with a quality.
func (s *story) heard(ms, participant int, q event.Quality, told event.Told) *story {
	return s.add(event.MediaEnded{Header: s.at(ms), Participant: participant, Stream: event.Stream{Packets: 1, Quality: q, Told: told}})
}

// TestQualityOfParties: what was measured of each, rounded for people.
func TestQualityOfParties(t *testing.T) {
	b := newBook(t)
	s := talking("id1").heard(9000, 1, event.Quality{
		Expected: 1000, Lost: 30, Discarded: 4, BurstRatio: 1.4142, Bursts: 2,
		JitterMost: 7500 * time.Microsecond, RoundTrip: 80 * time.Millisecond, RoundTripMost: 110 * time.Millisecond,
		Delay: 21 * time.Millisecond, R: 84.126, MOS: 4.1987, Codec: "PCMA",
	}, event.Told{R: 90, MOS: 4.3, Loss: 0.015625})
	s.heard(9000, 2, event.Quality{Codec: "PCMU"}, event.Told{}).end(9000, 1000, byeBy(event.PartyCaller))
	b.tell(s.events...)
	line, _ := b.only()
	r := b.all()[0]
	want := Rated{
		Codec: "PCMA", MOS: 4.2, R: 84.13, Loss: 3, Discarded: 4, BurstRatio: 1.41,
		JitterMost: 7.5, RoundTrip: 80, RoundTripMost: 110, Delay: 21,
	}
	if got := r.Media[0].Rated; got != want {
		t.Errorf("rated %+v, want %+v", got, want)
	}
	if got, want := r.Media[0].FarEnd, (&FarEnd{MOS: 4.3, R: 90, Loss: 1.56}); !reflect.DeepEqual(got, want) {
		t.Errorf("the far end says %+v, want %+v", got, want)
	}
	for _, key := range []string{`"mos":4.2,`, `"round_trip_ms":80,`, `"burst_ratio":1.41,`, `"jitter_buffer_ms":21}`, `"far_end":{"mos":4.3,`} {
		if !strings.Contains(line, strings.TrimSuffix(key, "}")) {
			t.Errorf("%s is not in %s", key, line)
		}
	}
	// Nothing was expected of the second: neither a MOS of 0 nor a loss of 0 % is said.
	if second := line[strings.Index(line, `"participant":2`):]; strings.Contains(second, "mos") || strings.Contains(second, "far_end") || strings.Contains(second, "burst") {
		t.Errorf("of the second party: %s", second)
	}
}

// TestSilentParty: the one of whom nothing came, and not the other.
func TestSilentParty(t *testing.T) {
	for silent := 1; silent <= 2; silent++ {
		b := newBook(t)
		s := talking("id1")
		s.add(event.OneWayAudio{Header: s.at(6000), Participant: silent, Name: "x"})
		b.tell(s.leave(7000, 1).leave(7000, 2).end(7000, 1000, byeBy(event.PartyCaller)).events...)
		line, _ := b.only()
		for _, m := range b.all()[0].Media {
			if m.Silent != (m.Participant == silent) {
				t.Errorf("participant %d is silent: %v, in %s", m.Participant, m.Silent, line)
			}
		}
		if strings.Count(line, `"silent":true`) != 1 {
			t.Errorf("the line is %s", line)
		}
	}
}

// TestMediaQualityIsNoRecord: what is told each five seconds changes nothing of it.
func TestMediaQualityIsNoRecord(t *testing.T) {
	b, c := newBook(t), newBook(t)
	s, u := talking("id1"), talking("id1")
	s.add(event.MediaQuality{Header: s.at(6000), Participant: 1, Quality: event.Quality{MOS: 1}})
	b.tell(s.leave(7000, 1).leave(7000, 2).end(7000, 1000, byeBy(event.PartyCaller)).events...)
	c.tell(u.leave(7000, 1).leave(7000, 2).end(7000, 1000, byeBy(event.PartyCaller)).events...)
	one, _ := b.only()
	other, _ := c.only()
	if one != other {
		t.Errorf("%s\nand without\n%s", one, other)
	}
}
