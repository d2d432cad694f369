package record

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"
)

// nowhere is a Storage that keeps nothing and allocates nothing.
type nowhere struct{}

func (nowhere) Create(string) (File, error)            { return nowhere{}, nil }
func (nowhere) Replace(string, []byte) error           { return nil }
func (nowhere) Write(b []byte) (int, error)            { return len(b), nil }
func (nowhere) WriteAt(b []byte, _ int64) (int, error) { return len(b), nil }
func (nowhere) Close() error                           { return nil }
func (nowhere) Sync() error                            { return nil }

// formats are those that this binary has.
func formats() []Format {
	if OggOpus.check(0) != nil {
		return []Format{WAV}
	}
	return []Format{WAV, OggOpus}
}

// caughtUp waits until the writer has done all that was put in. It has when it has
// given all items back.
func caughtUp(r *Recording) {
	var back []*item
	for range int(r.made.Load()) {
		back = append(back, <-r.free)
	}
	for _, i := range back {
		r.free <- i
	}
}

// TestNoAllocations: neither who puts in frames nor the writer allocates for them.
func TestNoAllocations(t *testing.T) {
	for _, format := range formats() {
		r := begun(t, nil, Config{Storage: nowhere{}, Format: format, Rate: 16000, Beep: UsualBeep(), Queue: 256})
		a, b := speaking(t, join(t, r, Party{}), 8000, 440), speaking(t, join(t, r, Party{}), 16000, 1000)
		for range r.config.Queue { // as after the longest wait that there may be
			r.made.Add(1)
			r.free <- &item{pcm: make([]int16, 0, 320)}
		}
		at := time.Duration(0)
		second := func() {
			together(t, at, at+time.Second, a, b)
			at += time.Second
			for len(r.queue) > 0 {
				runtime.Gosched() // the writer's turn
			}
		}
		for range 5 {
			second()
		}
		if n := testing.AllocsPerRun(10, second); n > 0 {
			t.Errorf("%v: %.0f allocations a second of two parties", format, n)
		}
		stopped(t, r, at)
	}
}

// TestManyGoroutines: parties may be put in by goroutines of their own.
func TestManyGoroutines(t *testing.T) {
	d := newDisk()
	r := begun(t, d, Config{Layout: Separate})
	var all sync.WaitGroup
	for range 8 {
		track := join(t, r, Party{})
		all.Go(func() {
			for at := time.Duration(0); at < 200*time.Millisecond; at += frame {
				track.Put(after(at), 8000, ramp(160))
				r.Tick(after(at))
			}
			_, _ = r.Pause(after(300*time.Millisecond)), r.Resume(after(400*time.Millisecond))
		})
	}
	all.Wait()
	result := stopped(t, r, 500*time.Millisecond)
	for _, name := range result.Files {
		sides, _ := samplesOf(t, d.content(name))
		if len(sides[0]) != 3200 && len(sides[0]) != int(result.Duration/time.Millisecond)*8 {
			t.Errorf("%s: %d samples", name, len(sides[0]))
		}
		for i, sample := range sides[0][:1600] {
			if sample != ramp(160)[i%160] {
				t.Fatalf("%s: sample %d is another", name, i)
			}
		}
	}
}

// BenchmarkPut is what recording costs the goroutine that handles media, a frame of
// 20 ms, while the writer is at work too.
func BenchmarkPut(b *testing.B) {
	r, err := Start(Config{Storage: nowhere{}}, noon)
	if err != nil {
		b.Fatal(err)
	}
	track, _ := r.Add(noon, Party{})
	pcm := ramp(160)
	b.ReportAllocs()
	for i := range b.N {
		if i%512 == 0 {
			b.StopTimer()
			caughtUp(r)
			b.StartTimer()
		}
		if !track.Put(after(time.Duration(i)*frame), 8000, pcm) {
			b.Fatal("no room")
		}
	}
	b.StopTimer()
	r.Stop(noon)
	<-r.Done()
}

// BenchmarkFrame is what a frame of 20 ms of one of two parties costs in all, with
// the writer's work but without a disk.
func BenchmarkFrame(b *testing.B) {
	for _, format := range formats() {
		for _, rate := range rates {
			b.Run(fmt.Sprintf("%v/%d", format, rate), func(b *testing.B) {
				r, err := Start(Config{Storage: nowhere{}, Format: format, Rate: rate, Queue: 16}, noon)
				if err != nil {
					b.Fatal(err)
				}
				tracks := [2]*Track{}
				for i := range tracks {
					tracks[i], _ = r.Add(noon, Party{})
				}
				pcm := ramp(rate / 50)
				b.ReportAllocs()
				n := 0
				for b.Loop() {
					for !tracks[n%2].Put(after(time.Duration(n/2)*frame), rate, pcm) {
						caughtUp(r)
					}
					n++
				}
				r.Stop(after(time.Duration(n/2) * frame))
				<-r.Done()
			})
		}
	}
}
