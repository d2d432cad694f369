package rtp

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/rtp/codec"
)

// BenchmarkConference is a conference of 100 on a network that costs nothing. Each talks for
// 3 seconds when it is its turn and sends silence until the next, so that 20 or 3 talk at any
// time. What counts is the processor's time, of a core. The first seconds, in which all have
// begun, do not.
func BenchmarkConference(b *testing.B) {
	for _, c := range []Codec{pcmu, g722, opus} {
		for _, talking := range []int{20, 3} {
			b.Run(fmt.Sprintf("%s/talk=%d", c.Name, talking), func(b *testing.B) {
				k := newTalks(b, 100, talking, c)
				for range 250 {
					k.tick()
				}
				b.ReportAllocs()
				b.ResetTimer()
				before := processorTime()
				for b.Loop() {
					k.tick()
				}
				used := float64((processorTime() - before).Nanoseconds()) / float64(b.N) / float64(len(k.sessions))
				b.ReportMetric(used, "cpu-ns/party")
				b.ReportMetric(100*used/float64(framePeriod.Nanoseconds()), "cpu-%/party")
			})
		}
	}
}

// talks is a conference in which the turns of talking go round.
type talks struct {
	sessions []*Session
	pull     func()
	// voice has payloads, each of a length in ticks, under a number; silence is one that may be
	// sent again and again.
	voice   [][]byte
	silence []byte
	length  uint32
	number  uint8
	talking int
	ticks   int
	now     time.Time
	packet  []byte
}

func newTalks(t testing.TB, parties, talking int, c Codec) *talks {
	idle, pull, sessions := mixedRoom(t, parties, 0, c)
	p := numbered([]Codec{c})[0]
	k := &talks{sessions: sessions, talking: talking, number: p.Number, now: start}
	k.pull = func() { idle(); pull() }
	k.voice, k.length = encoded(t, p, babble(rateOf(&p), 10))
	silence, _ := encoded(t, p, make([]int16, rateOf(&p)))
	k.silence = silence[len(silence)-1]
	return k
}

// tick has all send a packet, and is the clock.
func (k *talks) tick() {
	round := 150 * len(k.sessions) / k.talking
	for i, s := range k.sessions {
		payload := k.silence
		if (k.ticks+round*i/len(k.sessions))%round < 150 {
			payload = k.voice[(k.ticks+41*i)%len(k.voice)]
		}
		k.packet = append(append(k.packet[:0], 2<<6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), payload...)
		header{ssrc: uint32(i + 1), sequence: uint16(k.ticks), timestamp: uint32(k.ticks) * k.length, number: k.number}.write(k.packet)
		s.receiveMedia(k.now, k.packet, s.remote.RTP)
	}
	k.pull()
	k.now = k.now.Add(framePeriod)
	k.ticks++
}

// encoded is a sound in packets of 20 ms, and how long they are in ticks.
func encoded(t testing.TB, p Payload, pcm []int16) (payloads [][]byte, ticks uint32) {
	t.Helper()
	e, err := codec.NewEncoder(p.format(), codec.Options{Rate: rateOf(&p)})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for part := range slices.Chunk(pcm, e.Frame(framePeriod)) {
		payload := make([]byte, 1500)
		n, err := e.Encode(payload, part)
		if err != nil {
			t.Fatal(err)
		}
		payloads = append(payloads, payload[:n])
	}
	return payloads, e.Shape().Ticks(e.Frame(framePeriod))
}

// babble is like a voice: buzzing and hissing, in syllables.
func babble(rate int, seconds int) []int16 {
	random := rand.New(rand.NewPCG(1, 2))
	pcm := make([]int16, rate*seconds)
	phase, low := 0.0, 0.0
	for i := range pcm {
		at := float64(i) / float64(rate)
		phase += (120 + 30*math.Sin(4*at)) / float64(rate)
		loud := max(0, math.Sin(2*math.Pi*4*at)) * max(0, math.Sin(at+1)+0.7)
		low += 0.2 * (math.Mod(phase, 1) - 0.5 + 0.1*(random.Float64()-0.5) - low)
		pcm[i] = int16(12000 * loud * low)
	}
	return pcm
}
