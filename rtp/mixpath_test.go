package rtp

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
	"unsafe"
)

// mixedRoom is a conference on a network that costs nothing, all of one codec. talk lets
// the first few send a packet; tick is the clock.
func mixedRoom(t testing.TB, parties, talkers int, c Codec) (talk, tick func(), sessions []*Session) {
	e, err := New(Config{Network: quietNetwork{}, Address: loopback, First: 20000, Last: 59999})
	if err != nil {
		t.Fatal(err)
	}
	needs(t, c)
	e.clock.empty = make(chan struct{}, 1) // the clock's goroutine does not run: who measures is the clock
	payload := numbered([]Codec{c})[0]
	ends := make(map[int]End)
	for i := range parties {
		s, err := e.Open(netip.Addr{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SetRemote(plain(alicesAddress, payload)); err != nil {
			t.Fatal(err)
		}
		sessions, ends[i+1] = append(sessions, s), s
	}
	swap(t, everybody(parties), ends)
	var streams []func(time.Time)
	for i, s := range sessions[:talkers] {
		streams = append(streams, stream(t, s, payload, uint32(i+1), 0))
	}
	now := start
	talk = func() {
		for _, next := range streams {
			next(now)
		}
		now = now.Add(framePeriod)
	}
	return talk, func() { e.clock.pull(now, now) }, sessions
}

func TestMixingDoesNotAllocate(t *testing.T) {
	for _, c := range []Codec{pcmu, g722, opus} {
		t.Run(c.Name, func(t *testing.T) {
			talk, tick, sessions := mixedRoom(t, 5, 3, c)
			for range 100 {
				talk()
				tick()
			}
			if n := allocsPerRun(200, func() { talk(); tick() }); n != 0 {
				t.Errorf("%v allocations a tick", n)
			}
			for _, s := range sessions {
				if sent := s.media.(*quietSocket).sent; sent < 290 {
					t.Errorf("only %d packets were sent", sent)
				}
			}
		})
	}
}

// TestSourcesAndListenersAreSmall: what each takes that is not asked for.
func TestSourcesAndListenersAreSmall(t *testing.T) {
	for name, size := range map[string]uintptr{"path": unsafe.Sizeof(path{}), "source": unsafe.Sizeof(source{})} {
		if limit := map[string]uintptr{"path": 128, "source": 24}[name]; size > limit {
			t.Errorf("a %s takes %d octets, more than %d", name, size, limit)
		}
	}
}

// BenchmarkMix is a tick of a conference in which all talk, or a fifth of them, with
// their packets on the way in and out; without the network.
func BenchmarkMix(b *testing.B) {
	for _, c := range []Codec{pcmu, g722, opus} {
		for _, parties := range []int{3, 10, 100} {
			for _, talkers := range []int{parties, (parties + 4) / 5} {
				b.Run(fmt.Sprintf("%s/%d/talk=%d", c.Name, parties, talkers), func(b *testing.B) {
					talk, tick, sessions := mixedRoom(b, parties, talkers, c)
					for range 20 {
						talk()
						tick()
					}
					b.ReportAllocs()
					for b.Loop() {
						talk()
						tick()
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(parties), "ns/party")
					for _, s := range sessions {
						s.Close()
					}
				})
			}
		}
	}
}

// BenchmarkMemory is what a call takes of Go's memory beside its two sessions, in each of
// the three ways; libopus's own comes on top. A conference counts by the party.
func BenchmarkMemory(b *testing.B) {
	for _, c := range []struct {
		name     string
		from, to Codec
		table    Table
	}{
		{"relay", pcmu, pcmu, both()},
		{"transcode/PCMU-G722", pcmu, g722, both()},
		{"transcode/PCMU-opus", pcmu, opus, both()},
		{"mix/PCMU", pcmu, pcmu, Table{1: {{Source: 2}, {Source: 1}}, 2: {{Source: 1}, {Source: 2}}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			const calls = 200
			e, err := New(Config{Network: quietNetwork{}, Address: loopback, First: 20000, Last: 59999})
			if err != nil {
				b.Fatal(err)
			}
			e.clock.empty = make(chan struct{}, 1)
			payloads := []Payload{numbered([]Codec{c.from})[0], numbered([]Codec{c.to})[0]}
			var sessions [2 * calls]*Session
			for i := range sessions {
				sessions[i] = sessionTo(b, e, addr(alicesAddress))
				if err := sessions[i].SetRemote(plain(alicesAddress, payloads[i%2])); err != nil {
					b.Fatal(err)
				}
			}
			needs(b, c.to)
			before := heap()
			for i := 0; i < len(sessions); i += 2 {
				swap(b, c.table, map[int]End{1: sessions[i], 2: sessions[i+1]})
			}
			e.clock.pull(start, start)
			var packets [2]func(time.Time)
			for i, s := range sessions {
				packets[i%2] = stream(b, s, payloads[i%2], 1, 0)
				for n := range 10 {
					packets[i%2](start.Add(time.Duration(n) * framePeriod))
				}
			}
			for n := range 10 {
				e.clock.pull(start.Add(time.Duration(n)*framePeriod), start.Add(time.Duration(n)*framePeriod))
			}
			after := heap()
			for b.Loop() {
			}
			b.ReportMetric(float64(after-before)/calls, "B/call")
			b.ReportMetric(0, "ns/op")
		})
	}
}
