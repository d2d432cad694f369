package record

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/rtp/audio"
)

// TestNoSpace: a full disk ends the recording and nothing else: who puts in frames
// never waits, the callback says why, and what fitted plays.
func TestNoSpace(t *testing.T) {
	for _, format := range []Format{WAV, OggOpus} {
		if format == OggOpus && format.check(0) != nil {
			continue // this binary has no Opus
		}
		d := newDisk()
		room := int64(20_000)
		d.room = &room
		told := make(chan Result, 1)
		r := begun(t, d, Config{Format: format, Bitrate: 128_000, Ended: func(r Result) { told <- r }})
		a := join(t, r, Party{})
		pcm := ramp(160)
		at := time.Duration(0)
		for ended := false; !ended; at += frame {
			a.Put(after(at), 8000, pcm)
			select {
			case <-r.Done():
				ended = true
			default:
				ended = at > time.Hour
			}
		}
		result := <-told
		<-r.Done() // it is told before
		if result.Reason != NoSpace || !errors.Is(result.Err, syscall.ENOSPC) {
			t.Fatalf("%v: ended by %v: %v", format, result.Reason, result.Err)
		}
		if a.Put(after(at), 8000, pcm) || !errors.Is(r.Pause(after(at)), ErrEnded) {
			t.Error("it goes on")
		}
		r.Stop(after(at))
		s := d.sidecar(t, "call.json")
		if s.Ended != "no space" || !strings.Contains(s.Error, "no space") || s.Stopped == "" || s.Duration == 0 {
			t.Errorf("%+v", s)
		}
		if format == WAV {
			file := d.content("call.wav")
			sides, _ := samplesOf(t, file)
			if got := len(sides[0]); got != (len(file)-wavHead)/4 || len(file) < 19_000 {
				t.Errorf("%d samples in %d octets", got, len(file))
			}
		} else if pages := readPages(t, d.content("call.opus")); len(pages) < 3 {
			t.Errorf("%d pages", len(pages))
		}
	}
}

// TestBroken: whatever the Storage refuses ends the recording with its error.
func TestBroken(t *testing.T) {
	broken := &fs.PathError{Op: "open", Path: "x", Err: syscall.EIO}
	d := newDisk()
	d.broken = broken
	r := begun(t, d, Config{})
	if result := r.Result(); result.Reason != Failed || !errors.Is(result.Err, syscall.EIO) {
		t.Errorf("from the beginning: %+v", result)
	}

	d = newDisk()
	r = begun(t, d, Config{Layout: Separate})
	track := join(t, r, Party{})
	speaking(t, track, 8000, 440).say(t, 0, 300*time.Millisecond)
	d.mu.Lock()
	d.broken = &fs.PathError{Op: "write", Path: "x", Err: syscall.EDQUOT}
	d.mu.Unlock()
	r.Stop(after(time.Second))
	if result := r.Result(); result.Reason != NoSpace || !errors.Is(result.Err, syscall.EDQUOT) {
		t.Errorf("at the end: %+v", result)
	}
}

// TestSlowDisk: while a write takes long nobody waits for it; what finds no room is
// told once, and is silent in the file; the rest is where it belongs.
func TestSlowDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		var lost []time.Duration
		r := begun(t, d, Config{Layout: Mixed, Queue: 50, Lost: func(sound time.Duration) { lost = append(lost, sound) }})
		track := join(t, r, Party{})
		a := speaking(t, track, 8000, 440)
		begin := time.Now()
		missed := 0
		for at := time.Duration(0); at < 10*time.Second; at += frame {
			if at == 2*time.Second {
				d.mu.Lock()
				d.delay = 3 * time.Second
				d.mu.Unlock()
			}
			if at == 4*time.Second {
				d.mu.Lock()
				d.delay = 0
				d.mu.Unlock()
			}
			a.tone.Fill(a.pcm)
			if !track.Put(after(at), 8000, a.pcm) {
				missed++
			}
			time.Sleep(frame)
		}
		if took := time.Since(begin); took != 10*time.Second {
			t.Errorf("it took %v", took)
		}
		result := stopped(t, r, 10*time.Second)
		if missed == 0 || missed > 150 || result.Lost != time.Duration(missed)*frame {
			t.Fatalf("%d frames found no room, %v were lost", missed, result.Lost)
		}
		sum := time.Duration(0)
		for _, l := range lost {
			sum += l
		}
		if sum != result.Lost || len(lost) > 4 {
			t.Errorf("told %v", lost)
		}
		sides, _ := samplesOf(t, d.content("call.wav"))
		pcm := sides[0]
		if len(pcm) != 80000 {
			t.Fatalf("%d samples", len(pcm))
		}
		hasTone(t, 8000, pcm[:16000], 440, 60)
		hasTone(t, 8000, pcm[7*8000:], 440, 60)
		quiet := 0
		for i := 0; i < len(pcm); i += 160 {
			if silent(pcm[i : i+160]) {
				quiet++
			}
		}
		if quiet != missed {
			t.Errorf("%d frames are silent of %d that were missed", quiet, missed)
		}
		if s := d.sidecar(t, "call.json"); s.Lost != result.Lost.Milliseconds() {
			t.Errorf("the sidecar says %d ms", s.Lost)
		}
	})
}

// TestBehind: orders are refused when too many wait, and Stop is not one of them.
func TestBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		d.delay = time.Minute
		r := begun(t, d, Config{Queue: 16})
		refused := 0
		for range 2 * maxOrders {
			if err := r.Pause(noon); errors.Is(err, ErrBehind) {
				refused++
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if refused < maxOrders-2 {
			t.Errorf("%d were refused", refused)
		}
		stopped(t, r, 0)
	})
}

// TestPlayableAllTheTime: at no moment is more than a second of what was put in
// missing from what a crash would leave, in time for a party that speaks, and on hold.
func TestPlayableAllTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		r := begun(t, d, Config{})
		track := join(t, r, Party{})
		a := speaking(t, track, 8000, 440)
		for at := time.Duration(0); at < 6*time.Second; at += frame {
			if at < 2*time.Second || at > 4*time.Second {
				a.say(t, at, at+frame)
			} else {
				r.Tick(after(at))
			}
			time.Sleep(frame)
			synctest.Wait()
			w, err := audio.NewWAV(bytes.NewReader(d.content("call.wav")))
			if err != nil {
				t.Fatal(err)
			}
			n := w.Fill(make([]int16, 7*8000))
			if behind := at - time.Duration(n)*time.Second/8000; behind > 800*time.Millisecond {
				t.Fatalf("at %v %v are missing", at, behind)
			}
			if s := d.sidecar(t, "call.json"); s.Stopped != "" || len(s.Files) != 1 || len(s.Parties) != 1 {
				t.Fatalf("at %v: %+v", at, s)
			}
		}
		stopped(t, r, 6*time.Second)
	})
}

// TestLargeFiles: a file that grows too large is followed by another one, without a
// sample missing between them.
func TestLargeFiles(t *testing.T) {
	d := newDisk()
	r := begun(t, d, Config{MaxSize: 1 << 16})
	track := join(t, r, Party{Side: Right})
	pcm := ramp(5 * 8000)
	for i := 0; i < len(pcm); i += 160 {
		track.Put(after(time.Duration(i)*time.Second/8000), 8000, pcm[i:i+160])
	}
	result := stopped(t, r, 5*time.Second)
	if want := []string{"call.wav", "call.part2.wav", "call.part3.wav"}; strings.Join(result.Files, " ") != strings.Join(want, " ") {
		t.Fatalf("files %q", result.Files)
	}
	s := d.sidecar(t, "call.json")
	n := 0
	for i, name := range result.Files {
		file := d.content(name)
		if len(file) > 1<<16 {
			t.Errorf("%s has %d octets", name, len(file))
		}
		sides, _ := samplesOf(t, file)
		for j, sample := range sides[1] {
			if sample != pcm[n+j] {
				t.Fatalf("%s: sample %d is another", name, j)
			}
		}
		if f := s.Files[i]; f.Name != name || f.Offset != int64(n/8) || f.Duration != int64(len(sides[1])/8) {
			t.Errorf("%+v at sample %d", f, n)
		}
		n += len(sides[1])
	}
	if n != len(pcm) {
		t.Errorf("%d samples of %d", n, len(pcm))
	}
}

// TestNamesGiveWay: a second recording of one name does not touch the first.
func TestNamesGiveWay(t *testing.T) {
	d := newDisk()
	for range 3 {
		stopped(t, begun(t, d, Config{}), time.Second)
	}
	if got := strings.Join(d.names(), " "); got != "call-2.json call-2.wav call-3.json call-3.wav call.json call.wav" {
		t.Error(got)
	}
}

// TestSidecar: what it says, from the start on.
func TestSidecar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		r := begun(t, d, Config{Labels: Labels{CallID: "c1", ChainID: "h1", Caller: "+14255550101", Callee: "alice"}})
		synctest.Wait()
		const start = `{
  "call_id": "c1",
  "chain_id": "h1",
  "caller": "+14255550101",
  "callee": "alice",
  "layout": "stereo",
  "codec": "wav",
  "rate": 8000,
  "parties": [],
  "files": [
    {
      "name": "call.wav",
      "offset_ms": 0,
      "duration_ms": 0
    }
  ],
  "started": "2026-11-20T12:00:00.000Z",
  "duration_ms": 0
}
`
		if got := string(d.content("call.json")); got != start {
			t.Errorf("at the start:\n%s", got)
		}
		_, _ = r.Add(after(30*time.Millisecond), Party{Name: "Alice", Number: "+1"})
		_ = r.Pause(after(time.Second))
		_ = r.Resume(after(2 * time.Second))
		synctest.Wait()
		s := d.sidecar(t, "call.json")
		if len(s.Parties) != 1 || s.Parties[0] != (SidecarParty{"Alice", "+1", "left", "2026-11-20T12:00:00.030Z"}) {
			t.Errorf("%+v", s.Parties)
		}
		if len(s.Pauses) != 1 || s.Pauses[0] != (SidecarPause{"2026-11-20T12:00:01.000Z", "2026-11-20T12:00:02.000Z", 1000}) || s.Stopped != "" {
			t.Errorf("%+v", s)
		}
		stopped(t, r, 5*time.Second)
		s = d.sidecar(t, "call.json")
		if s.Stopped != "2026-11-20T12:00:05.000Z" || s.Ended != "stopped" || s.Duration != 4000 || s.Files[0].Duration != 4000 {
			t.Errorf("%+v", s)
		}
	})
}
