package rtp

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// flowStory drives a continuity: packets of 20 ms, from several sources.
type flowStory struct {
	*testing.T
	continuity
	now time.Time
}

// next gives what the listener gets of a packet.
func (s *flowStory) next(from *source, ssrc uint32, sequence uint16, timestamp uint32) (header, bool) {
	s.now = s.now.Add(20 * ms)
	return s.continuity.next(s.now, from, header{ssrc: ssrc, sequence: sequence, timestamp: timestamp}, 8000)
}

func (s *flowStory) want(from *source, ssrc uint32, sequence uint16, timestamp uint32, want header) {
	s.Helper()
	got, ok := s.next(from, ssrc, sequence, timestamp)
	if !ok || got != want {
		s.Errorf("got %+v, %v; want %+v", got, ok, want)
	}
}

func TestFirstSourcePassesUnchanged(t *testing.T) {
	s := &flowStory{T: t, now: start}
	a := new(source)
	for _, h := range []header{
		{ssrc: 1, sequence: 65535, timestamp: 4294967295},
		{ssrc: 1, sequence: 0, timestamp: 159},
		{ssrc: 1, sequence: 65534, timestamp: 4294967135}, // late
		{ssrc: 1, sequence: 900, timestamp: 9},            // a gap
		{ssrc: 2, sequence: 5, timestamp: 77},             // a new SSRC of the same source
		{ssrc: 1, sequence: 901, timestamp: 169},          // two that take turns
	} {
		s.want(a, h.ssrc, h.sequence, h.timestamp, h)
	}
	if s.shiftOf(a).active {
		t.Error("reports would be changed")
	}
}

func TestSecondSourceContinuesTheStream(t *testing.T) {
	s := &flowStory{T: t, now: start}
	a, b := new(source), new(source)
	s.want(a, 1, 65534, 1000, header{ssrc: 1, sequence: 65534, timestamp: 1000})
	s.want(a, 1, 65535, 1160, header{ssrc: 1, sequence: 65535, timestamp: 1160})
	s.now = s.now.Add(80 * ms) // 100 ms between the two sources
	s.want(b, 2, 7, 5000, header{ssrc: 1, sequence: 0, timestamp: 1960, marker: true})
	s.want(b, 2, 8, 5160, header{ssrc: 1, sequence: 1, timestamp: 2120})
	s.want(b, 2, 10, 5480, header{ssrc: 1, sequence: 3, timestamp: 2440}) // the gap stays a gap
	s.want(b, 2, 9, 5320, header{ssrc: 1, sequence: 2, timestamp: 2280})  // and is filled
	if got, want := s.shiftOf(b), (shift{true, 2, 1, 65529, 4294964256}); got != want {
		t.Errorf("reports are shifted by %+v, want %+v", got, want)
	}
	if s.shiftOf(a).active {
		t.Error("reports of the old source would be changed")
	}
}

func TestSourceThatComesBackContinuesToo(t *testing.T) {
	s := &flowStory{T: t, now: start}
	a, b := new(source), new(source)
	s.want(a, 1, 100, 1000, header{ssrc: 1, sequence: 100, timestamp: 1000})
	s.want(b, 2, 7, 5000, header{ssrc: 1, sequence: 101, timestamp: 1160, marker: true})
	s.want(a, 1, 102, 1320, header{ssrc: 1, sequence: 102, timestamp: 1320, marker: true})
	s.want(a, 1, 103, 1480, header{ssrc: 1, sequence: 103, timestamp: 1480})
}

func TestNewSSRCOfALaterSourceContinues(t *testing.T) {
	s := &flowStory{T: t, now: start}
	a, b := new(source), new(source)
	s.want(a, 1, 100, 1000, header{ssrc: 1, sequence: 100, timestamp: 1000})
	s.want(b, 2, 7, 5000, header{ssrc: 1, sequence: 101, timestamp: 1160, marker: true})
	s.want(b, 3, 40000, 9, header{ssrc: 1, sequence: 102, timestamp: 1320, marker: true})
}

func TestSourcesAreAPacketApart(t *testing.T) {
	s := &flowStory{T: t, now: start}
	a, b := new(source), new(source)
	s.want(a, 1, 1, 1000, header{ssrc: 1, sequence: 1, timestamp: 1000})
	s.now = s.now.Add(-19 * ms) // 1 ms apart
	s.want(b, 2, 1, 0, header{ssrc: 1, sequence: 2, timestamp: 1160, marker: true})
}

func TestLongPauseBetweenSources(t *testing.T) {
	s := &flowStory{T: t, now: start}
	a, b := new(source), new(source)
	s.want(a, 1, 1, 0, header{ssrc: 1, sequence: 1})
	s.now = s.now.Add(200*time.Hour - 20*ms) // more ticks than a timestamp has
	seconds := uint64(200 * 3600)
	s.want(b, 2, 1, 0, header{ssrc: 1, sequence: 2, timestamp: uint32(seconds * 8000), marker: true})
}

func TestPacketFromBeforeTheFirstOneIsLate(t *testing.T) {
	s := &flowStory{T: t, now: start}
	a, b := new(source), new(source)
	s.next(a, 1, 100, 0)
	s.next(b, 2, 0, 160)
	if h, ok := s.next(b, 2, 65535, 0); ok {
		t.Errorf("%+v takes the number of another source's packet", h)
	}
	for n := range uint16(40000) { // past the number that once lay before the first
		if _, ok := s.next(b, 2, n+1, uint32(n)*160); !ok {
			t.Fatalf("packet %d was taken for a late one", n+1)
		}
	}
}

// TestWhateverTheSourcesOneStream: after any sequence of sources that each send
// in order, the listener has seen one SSRC, numbers without a gap, and time that
// only goes forward.
func TestWhateverTheSourcesOneStream(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c continuity
		now := start
		streams := make([]header, 4)
		for i := range streams {
			streams[i] = header{ssrc: uint32(i), sequence: rapid.Uint16().Draw(t, "sequence"), timestamp: rapid.Uint32().Draw(t, "timestamp")}
		}
		sources := make([]source, len(streams))
		var last header
		for turn := range rapid.IntRange(1, 12).Draw(t, "turns") {
			i := rapid.IntRange(0, len(streams)-1).Draw(t, "source")
			for k := range rapid.IntRange(1, 30).Draw(t, "packets") {
				now = now.Add(20 * ms)
				h, ok := c.next(now, &sources[i], streams[i], 8000)
				streams[i].sequence++
				streams[i].timestamp += 160
				switch {
				case !ok:
					t.Fatal("dropped")
				case turn == 0 && k == 0:
				case h.ssrc != last.ssrc || h.sequence != last.sequence+1 || int32(h.timestamp-last.timestamp) < 160:
					t.Fatalf("%+v after %+v", h, last)
				}
				last = h
			}
			now = now.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "pause")) * ms)
		}
	})
}
