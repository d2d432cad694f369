package rtp

import (
	"testing"

	"github.com/tandem-gateway/tandem/rtp/audio"
)

// BenchmarkRelay is a packet's way through a session, without the network.
func BenchmarkRelay(b *testing.B) {
	for name, spliced := range map[string]bool{"unchanged": false, "rewritten": true} {
		b.Run(name, func(b *testing.B) {
			a, _ := quietCall(b, spliced)
			carry := relayed(a, addr(alicesAddress))
			b.ReportAllocs()
			for b.Loop() {
				carry()
			}
		})
	}
}

// BenchmarkStranger is what a packet of somebody who is not believed costs.
func BenchmarkStranger(b *testing.B) {
	a, _ := quietCall(b, false)
	relayed(a, addr(alicesAddress))()
	carry := relayed(a, addr("203.0.113.9:7000"))
	b.ReportAllocs()
	for b.Loop() {
		carry()
	}
}

// BenchmarkRoundTrip is one packet at a time from a far end through a call to
// the other far end, all of them here, on loopback.
func BenchmarkRoundTrip(b *testing.B) {
	l := newLoop(b, 100)
	b.ReportAllocs()
	for b.Loop() {
		l.packet()
	}
}

// BenchmarkFrame is a frame of a player: pulled, encoded, and through the
// session; without the network.
func BenchmarkFrame(b *testing.B) {
	tune := audio.Tune(8000)
	ringback := func() audio.Source {
		c, err := audio.NewCadence(8000, audio.Ringback.In("US")...)
		if err != nil {
			b.Fatal(err)
		}
		return c
	}
	for name, sound := range map[string]func() audio.Source{
		"music":    func() audio.Source { return tune.Loop() },
		"ringback": ringback,
	} {
		b.Run(name, func(b *testing.B) {
			const listeners = 1000
			clock, _ := onHold(b, listeners, sound)
			now := start
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i%listeners == 0 {
					now = now.Add(framePeriod)
				}
				clock.players.list[i%listeners].pull(now, now)
			}
		})
	}
}
