package rtp

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tandem-gateway/tandem/rtp/audio"
	"github.com/tandem-gateway/tandem/rtp/codec"
)

// recorded is a second of a tone in packets of 20 ms.
func recorded(t testing.TB, p Payload) (payloads [][]byte, ticks uint32) {
	t.Helper()
	needs(t, p.Codec)
	e, err := codec.NewEncoder(p.format(), codec.Options{Rate: rateOf(&p)})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	tone, err := audio.NewTone(rateOf(&p), audio.Sine{Frequency: 440, Level: -20}, audio.Sine{Frequency: 1234, Level: -20})
	if err != nil {
		t.Fatal(err)
	}
	pcm, payload := make([]int16, e.Frame(framePeriod)), make([]byte, 1500)
	for range 50 {
		tone.Fill(pcm)
		n, err := e.Encode(payload, pcm)
		if err != nil {
			t.Fatal(err)
		}
		payloads = append(payloads, slices.Clone(payload[:n]))
	}
	return payloads, e.Shape().Ticks(len(pcm))
}

// stream makes a function that brings the next packet of a far end to its session.
func stream(t testing.TB, s *Session, p Payload, ssrc uint32, lose int) func(now time.Time) {
	payloads, ticks := recorded(t, p)
	packet := make([]byte, 0, 2000)
	h, n := header{number: p.Number, ssrc: ssrc}, 0
	at := s.remote.RTP
	return func(now time.Time) {
		packet = append(packet[:0], 2<<6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
		packet = append(packet, payloads[n%len(payloads)]...)
		h.write(packet)
		h.sequence++
		h.timestamp += ticks
		if n++; lose == 0 || n%lose != 0 {
			s.receiveMedia(now, packet, at)
		}
	}
}

// transcodedCall gives a function that carries one frame from one codec to another.
func transcodedCall(t testing.TB, from, to Codec, lose int) (carry func(), b *Session) {
	e, err := New(Config{Network: quietNetwork{}, Address: loopback, First: 30000, Last: 30003})
	if err != nil {
		t.Fatal(err)
	}
	needs(t, from)
	needs(t, to)
	source, listener := numbered([]Codec{from})[0], numbered([]Codec{to})[0]
	a, b := sessionTo(t, e, addr(alicesAddress)), sessionTo(t, e, addr(bobsAddress))
	for _, l := range []struct {
		*Session
		Payload
		at string
	}{{a, source, alicesAddress}, {b, listener, bobsAddress}} {
		if err := l.SetRemote(plain(l.at, l.Payload)); err != nil {
			t.Fatal(err)
		}
	}
	swap(t, Table{2: {{Source: 1}}}, map[int]End{1: a, 2: b})
	next, now := stream(t, a, source, 1, lose), start
	return func() {
		next(now)
		now = now.Add(framePeriod)
	}, b
}

var transcodedPairs = [][2]Codec{{pcmu, g722}, {g722, pcmu}, {pcmu, opus}, {opus, pcmu}, {g722, opus}, {opus, g722}, {pcmu, pcma}}

func TestTranscodingDoesNotAllocate(t *testing.T) {
	for _, lose := range []int{0, 7} {
		for _, pair := range transcodedPairs {
			t.Run(fmt.Sprint(pair, lose), func(t *testing.T) {
				carry, b := transcodedCall(t, pair[0], pair[1], lose)
				for range 100 {
					carry()
				}
				if n := allocsPerRun(200, carry); n != 0 {
					t.Errorf("%v allocations a frame", n)
				}
				if sent := b.media.(*quietSocket).sent; sent < 290 {
					t.Errorf("only %d packets were sent", sent)
				}
			})
		}
	}
}

// BenchmarkTranscode is a packet's way through a transcoded call, without the network.
func BenchmarkTranscode(b *testing.B) {
	for _, pair := range transcodedPairs {
		b.Run(pair[0].Name+"-"+pair[1].Name, func(b *testing.B) {
			carry, _ := transcodedCall(b, pair[0], pair[1], 0)
			b.ReportAllocs()
			for b.Loop() {
				carry()
			}
		})
	}
}
