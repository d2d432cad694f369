package bridge

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp"
	"github.com/tandem-gateway/tandem/rtp/audio"
	"github.com/tandem-gateway/tandem/rtp/codec"
	"github.com/tandem-gateway/tandem/rtp/record"
	"github.com/tandem-gateway/tandem/sdp"
)

// recordingStage is a stage whose calls are recorded into a directory.
func recordingStage(t *testing.T, as Recording) (*stage, string) {
	s := newStage(t, 20099, Limits{Recorded: Recorded{Users: map[string]bool{"alice": true}, As: as}})
	dir := t.TempDir()
	s.call.env.Recorder = &Recorder{Storage: record.Directory{Path: dir}, Pattern: "{call}"}
	s.onDial = func(l *stageLeg) { l.says(0, Answered{SDP: describe(l.id, []string{"PCMU"})}) }
	return s, dir
}

// tone has a participant send a sine for a time: while it lasts, and other tones too.
func (s *stage) tone(id int, to netip.AddrPort, frequency float64, d time.Duration) {
	s.t.Helper()
	s.send(id, to, d, audio.Sine{Frequency: frequency, Level: -10})
}

// keys has a participant press the key 5.
func (s *stage) keys(id int, to netip.AddrPort, d time.Duration) {
	s.t.Helper()
	s.send(id, to, d, audio.Sine{Frequency: 770, Level: -13}, audio.Sine{Frequency: 1336, Level: -11})
}

// send has a participant send sines for a time, and gives what it hears meanwhile, of
// G.711.
func (s *stage) send(id int, to netip.AddrPort, d time.Duration, sines ...audio.Sine) (heard []int16) {
	s.t.Helper()
	socket, err := s.net.ListenUDP(describe(id, nil).Media[0].AddrPort())
	if err != nil {
		s.t.Error(err)
		return nil
	}
	done := make(chan struct{})
	go func() { // ends when its socket is closed
		defer close(done)
		heard = listen(socket)
	}()
	sine, err := audio.NewTone(8000, sines...)
	if err != nil {
		s.t.Fatal(err)
	}
	pcm, packet := make([]int16, 160), make([]byte, 12+160)
	packet[0], packet[11] = 0x80, byte(id)
	sent := int(time.Since(s.begun) / (20 * time.Millisecond)) // packets, had it spoken from the beginning
	for i := range int(d / (20 * time.Millisecond)) {
		i += sent
		sine.Fill(pcm)
		codec.PCMU.Encode(packet[12:], pcm)
		binary.BigEndian.PutUint16(packet[2:], uint16(i))
		binary.BigEndian.PutUint32(packet[4:], uint32(i*160))
		if _, err := socket.WriteToUDPAddrPort(packet, to); err != nil {
			s.t.Error(err)
		}
		pass(20 * time.Millisecond)
	}
	if err := socket.Close(); err != nil {
		s.t.Error(err)
	}
	<-done
	return heard
}

// listen gives the sound of the G.711 that comes, until the socket is closed.
func listen(socket rtp.PacketConn) (heard []int16) {
	buffer, pcm := make([]byte, 2048), make([]int16, 2048)
	for {
		n, _, err := socket.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return heard
		}
		law := codec.PCMU
		if buffer[1]&0x7f == 8 {
			law = codec.PCMA
		}
		if buffer[1]&0x7f <= 8 {
			law.Decode(pcm, buffer[12:n])
			heard = append(heard, pcm[:n-12]...)
		}
	}
}

// tones has two participants send theirs at a time, 440 Hz and 1,000 Hz.
func (s *stage) tones(d time.Duration) {
	var both sync.WaitGroup
	for id, frequency := range map[int]float64{1: 440, 2: 1000} {
		at := s.mediaOf(id)
		both.Go(func() { s.tone(id, at, frequency, d) })
	}
	both.Wait()
}

// channels are those of a WAV of linear PCM.
func channels(t *testing.T, file string) [][]int16 {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) < 44 || string(b[36:40]) != "data" || int(binary.LittleEndian.Uint32(b[40:])) != len(b)-44 {
		t.Fatalf("%s is no WAV whose header is right: %q", file, b[:min(44, len(b))])
	}
	list := make([][]int16, binary.LittleEndian.Uint16(b[22:]))
	for i := 44; i+1 < len(b); i += 2 {
		lane := (i - 44) / 2 % len(list)
		list[lane] = append(list[lane], int16(binary.LittleEndian.Uint16(b[i:])))
	}
	return list
}

// level is how strong a frequency is in the middle of some sound, in dBFS, and all the rest.
func level(t *testing.T, pcm []int16, frequency float64) (tone, rest float64) {
	t.Helper()
	d, err := audio.NewDetector(8000, frequency)
	if err != nil {
		t.Fatal(err)
	}
	d.Add(pcm[len(pcm)/4 : len(pcm)*3/4])
	return d.Levels()
}

// wantTone wants a sine of -10 dBFS that is alone.
func wantTone(t *testing.T, what string, pcm []int16, frequency float64) {
	t.Helper()
	if tone, rest := level(t, pcm, frequency); math.Abs(tone+10) > 1 || rest > -35 {
		t.Errorf("%s: %g Hz at %.1f dBFS, all else at %.1f", what, frequency, tone, rest)
	}
}

// TestRecordingIntoStereo: a party is on its side, from the answer to the end, and the
// call's last event comes when the files are complete.
func TestRecordingIntoStereo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, dir := recordingStage(t, Recording{})
		s.arrive(plan("trunk carrier"))
		pass(time.Second)
		s.tones(4 * time.Second)
		s.call.Stop(event.Cause{Status: 200, By: event.PartyGateway})
		pass(time.Second)
		s.over()
		sides := channels(t, filepath.Join(dir, "call.wav"))
		if len(sides) != 2 || math.Abs(float64(len(sides[0]))-5*8000) > 400 {
			t.Fatalf("%d sides of %d samples", len(sides), len(sides[0]))
		}
		wantTone(t, "the caller, left", sides[0][8000:], 440)
		wantTone(t, "the callee, right", sides[1][8000:], 1000)
		s.wantEvents("recording 1 recording", "recording 1 none, stopped: 5s in 1 files")
		if last := s.events[len(s.events)-1]; !strings.HasPrefix(last, "ended ") {
			t.Errorf("the last event is %q", last)
		}
		wantParties(t, dir, "alice left", "carrier right")
	})
}

// wantEvents wants those of recordings.
func (s *stage) wantEvents(want ...string) {
	s.t.Helper()
	got := slices.DeleteFunc(slices.Clone(s.events), func(e string) bool {
		return !strings.HasPrefix(e, "recording") && !strings.HasPrefix(e, "playback")
	})
	s.expect("what is told of recordings and playbacks", got, want...)
}

// wantParties wants those of the sidecar.
func wantParties(t *testing.T, dir string, want ...string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "call.json"))
	if err != nil {
		t.Fatal(err)
	}
	var side record.Sidecar
	if err := json.Unmarshal(b, &side); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range side.Parties {
		got = append(got, p.Name+" "+p.Channel)
	}
	if !slices.Equal(got, want) || side.CallID != "call" || side.Caller != "alice" || side.Callee != "+14255550100" || side.Stopped == "" {
		t.Errorf("the sidecar says %+v", side)
	}
}

// TestRecordingLayouts: mixed is one file with both, separate one for each.
func TestRecordingLayouts(t *testing.T) {
	for layout, files := range map[record.Layout]map[string][]float64{
		record.Mixed:    {"call.wav": {440, 1000}},
		record.Separate: {"call.1.wav": {440}, "call.2.wav": {1000}},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, dir := recordingStage(t, Recording{Layout: layout})
			s.arrive(plan("trunk carrier"))
			pass(100 * time.Millisecond)
			s.tones(2 * time.Second)
			s.call.Stop(event.Cause{Status: 200, By: event.PartyGateway})
			pass(time.Second)
			s.over()
			for file, tones := range files {
				lanes := channels(t, filepath.Join(dir, file))
				if len(lanes) != 1 {
					t.Fatalf("%v: %d channels", layout, len(lanes))
				}
				for _, f := range tones {
					if tone, _ := level(t, lanes[0], f); math.Abs(tone+10) > 1 {
						t.Errorf("%v: %g Hz in %s is at %.1f dBFS", layout, f, file, tone)
					}
				}
			}
		})
	}
}

// TestRecordingCutOut: what is said in a pause is in no file, and what is said behind it is.
func TestRecordingCutOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, dir := recordingStage(t, Recording{})
		s.arrive(plan("trunk carrier"))
		pass(100 * time.Millisecond)
		s.tone(1, s.mediaOf(1), 440, time.Second)
		s.call.PauseRecording()
		s.tone(1, s.mediaOf(1), 700, 10*time.Second)
		s.call.ResumeRecording()
		s.tone(1, s.mediaOf(1), 1600, time.Second)
		s.call.StopRecording()
		pass(time.Second)
		if s.ports.InUse() != 2 {
			t.Error("the call has not gone on")
		}
		s.call.Stop(event.Cause{Status: 200, By: event.PartyGateway})
		pass(time.Second)
		s.over()
		left := channels(t, filepath.Join(dir, "call.wav"))[0]
		if seconds := float64(len(left)) / 8000; math.Abs(seconds-2.1) > 0.05 {
			t.Errorf("%.2f s are recorded, not 2.1", seconds)
		}
		wantTone(t, "before the pause", left[1600:8000], 440)
		wantTone(t, "behind it", left[len(left)-6400:], 1600)
		if tone, _ := level(t, left, 700); tone > -40 {
			t.Errorf("what was said in the pause is at %.1f dBFS", tone)
		}
		s.wantEvents("recording 1 recording", "recording 1 paused", "recording 1 recording", "recording 1 none, stopped: 2.1s in 1 files")
	})
}

// TestRelayStaysRelay: those who are recorded hear each other's packets as they were, and
// those who are beeped at hear the tone.
func TestRelayStaysRelay(t *testing.T) {
	for beep, most := range map[bool]int{false: 100, true: 110} {
		synctest.Test(t, func(t *testing.T) {
			s, dir := recordingStage(t, Recording{Beep: beep})
			s.arrive(plan("trunk carrier"))
			pass(100 * time.Millisecond)
			one, two := s.mediaOf(1), s.mediaOf(2)
			heard := make(chan int)
			go func() { heard <- s.speak(2, two, 100) }()
			s.tone(1, one, 440, 2*time.Second)
			if n := <-heard; n < 95 || n > most {
				t.Errorf("beep %v: %d packets of 100 are heard", beep, n)
			}
			s.call.Stop(event.Cause{Status: 200, By: event.PartyGateway})
			pass(time.Second)
			s.over()
			left := channels(t, filepath.Join(dir, "call.wav"))[0]
			if tone, _ := level(t, left[:1600], 1400); tone > -40 != beep {
				t.Errorf("beep %v: there is a tone of %.1f dBFS in the file", beep, tone)
			}
		})
	}
}

// TestKeysAreNotRecorded: the tones of keys are silent in the file, unless they are asked
// for, and what is said before and behind them is there and in its place.
func TestKeysAreNotRecorded(t *testing.T) {
	for _, kept := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s, dir := recordingStage(t, Recording{DTMF: kept})
			s.arrive(plan("trunk carrier"))
			pass(100 * time.Millisecond)
			at := s.mediaOf(1)
			s.tone(1, at, 440, 500*time.Millisecond)
			pass(200 * time.Millisecond)
			s.keys(1, at, 500*time.Millisecond)
			pass(200 * time.Millisecond)
			s.tone(1, at, 440, 500*time.Millisecond)
			pass(time.Second)
			s.call.Stop(event.Cause{Status: 200, By: event.PartyGateway})
			pass(time.Second)
			s.over()
			left := channels(t, filepath.Join(dir, "call.wav"))[0]
			wantTone(t, "before", left[1200:4400], 440)
			wantTone(t, "behind", left[1200+11200:4400+11200], 440)
			if tone, _ := level(t, left[6800:10400], 770); tone > -60 != kept {
				t.Errorf("kept %v: the key is at %.1f dBFS", kept, tone)
			}
		})
	}
}

// TestThreeInFilesOfTheirOwn: who is added has a file from then on, while all of them hear
// mixes; who leaves is silent from then on.
func TestThreeInFilesOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, dir := recordingStage(t, Recording{Layout: record.Separate})
		s.call.env.Limits.Codecs = []sdp.Codec{sdp.Static(0)}
		s.arrive(plan("trunk carrier"))
		pass(time.Second)
		s.forwarded = plan("trunk backup")
		s.call.Add(dialplan.Request{Origin: dialplan.Party{Kind: dialplan.PartyUser, Name: "alice"}, To: "sip:carol"})
		pass(time.Second)
		var all sync.WaitGroup
		for id, frequency := range map[int]float64{1: 440, 2: 1000, 3: 1600} {
			at := s.mediaOf(id)
			all.Go(func() { s.tone(id, at, frequency, 2*time.Second) })
		}
		all.Wait()
		s.call.Remove(3, event.Cause{Status: 200, By: event.PartyGateway})
		s.tones(2 * time.Second)
		s.call.Stop(event.Cause{Status: 200, By: event.PartyGateway})
		pass(time.Second)
		s.over()
		for file, frequency := range map[string]float64{"call.1.wav": 440, "call.2.wav": 1000} {
			lane := channels(t, filepath.Join(dir, file))[0]
			wantTone(t, file, lane[17000:31000], frequency)
			wantTone(t, file+", the third has gone", lane[33000:47000], frequency)
		}
		third := channels(t, filepath.Join(dir, "call.3.wav"))[0]
		if seconds := float64(len(third)) / 8000; seconds < 5 || seconds > 5.3 { // from where the writer was when it came
			t.Errorf("the third has %.2f s", seconds)
		}
		wantTone(t, "the third", third[9000:23000], 1600)
		if tone, _ := level(t, third[26000:39000], 1600); tone > -90 {
			t.Errorf("the third is heard at %.1f dBFS when it has gone", tone)
		}
	})
}

// TestWideRecording: where a party has a wideband codec the file has 16 kHz.
func TestWideRecording(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, dir := recordingStage(t, Recording{Layout: record.Mixed})
		s.onDial = func(l *stageLeg) { l.says(0, Answered{SDP: describe(l.id, []string{"G722"})}) }
		s.call.Post(work(func(c *Call, now time.Time) {
			caller := alice(describe(callerID, []string{"G722", "PCMU"}))
			caller.Media = netip.AddrPort{}
			c.Arrive(now, s.leg(callerID), caller, plan("trunk carrier"))
		}))
		go s.call.Run()
		pass(2 * time.Second)
		s.call.Stop(event.Cause{Status: 200, By: event.PartyGateway})
		pass(time.Second)
		s.over()
		if n := len(channels(t, filepath.Join(dir, "call.wav"))[0]); n != 2*16000 {
			t.Errorf("%d samples", n)
		}
	})
}

// fullDisk is a Storage on which something goes wrong.
type fullDisk struct {
	record.Storage
	err   error
	write bool // only when something is written
	stuck chan struct{}
}

func (d *fullDisk) Replace(name string, content []byte) error {
	if !d.write {
		return d.err
	}
	return d.Storage.Replace(name, content)
}

type fullFile struct {
	record.File
	disk *fullDisk
}

func (d *fullDisk) Create(name string) (record.File, error) {
	if !d.write {
		return nil, d.err
	}
	f, err := d.Storage.Create(name)
	return fullFile{f, d}, err
}

func (f fullFile) Write(b []byte) (int, error) {
	if len(b) < 1000 { // a header
		return f.File.Write(b)
	}
	if f.disk.stuck != nil {
		<-f.disk.stuck
	}
	return 0, f.disk.err
}

// TestRecordingFails: the call goes on without it, and says why; its parties go on
// hearing each other.
func TestRecordingFails(t *testing.T) {
	tests := map[string]struct {
		recorder func(dir string) *Recorder
		want     string
	}{
		"no space": {func(dir string) *Recorder {
			return &Recorder{Storage: &fullDisk{Storage: record.Directory{Path: dir}, err: syscall.ENOSPC, write: true}}
		}, "recording 1 failed, no space: "},
		"no permission": {func(string) *Recorder {
			return &Recorder{Storage: &fullDisk{err: syscall.EACCES}}
		}, "recording 1 failed, failed: 0s in 0 files, permission denied"},
		"no place": {func(string) *Recorder { return nil }, "recording 1 failed, failed: 0s in 0 files, there is no place"},
		"a bad name": {func(dir string) *Recorder {
			return &Recorder{Storage: record.Directory{Path: dir}, Pattern: "{who}"}
		}, "recording 1 failed, failed: 0s in 0 files, record: the pattern"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, dir := recordingStage(t, Recording{})
				s.call.env.Recorder = tt.recorder(dir)
				s.arrive(plan("trunk carrier"))
				pass(100 * time.Millisecond)
				s.tones(3 * time.Second)
				s.look(func(c *Call) {
					if c.taping != nil || c.machine.state != event.CallConnected {
						t.Errorf("%v, recording %v", c.machine.state, c.taping)
					}
				})
				s.call.Stop(event.Cause{Status: 200, By: event.PartyGateway})
				pass(time.Second)
				s.over()
				told := slices.DeleteFunc(slices.Clone(s.events), func(e string) bool { return !strings.HasPrefix(e, "recording") })
				if len(told) != 2 || !strings.HasPrefix(told[1], tt.want) {
					t.Errorf("%q", told)
				}
			})
		})
	}
}

// TestCodecThatCannotBeRecorded: those who speak it are relayed as before, also with a beep,
// which they cannot be given; the events say whom the recording lacks.
func TestCodecThatCannotBeRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := recordingStage(t, Recording{Beep: true})
		unknown := func(id int) *sdp.Description {
			d := describe(id, nil)
			d.Media[0].Codecs = []sdp.Codec{{Name: "G729", ClockRate: 8000, Channels: 1, PayloadType: 0}}
			return d
		}
		s.onDial = func(l *stageLeg) { l.says(0, Answered{SDP: unknown(2)}) }
		s.call.Post(work(func(c *Call, now time.Time) {
			caller := alice(unknown(callerID))
			caller.Media = netip.AddrPort{}
			c.Arrive(now, s.leg(callerID), caller, plan("trunk carrier"))
		}))
		go s.call.Run()
		pass(100 * time.Millisecond)
		one, two := s.mediaOf(1), s.mediaOf(2)
		heard := make(chan int)
		go func() { heard <- s.speak(2, two, 50) }()
		s.tone(1, one, 440, time.Second)
		if n := <-heard; n < 45 {
			t.Errorf("%d packets of 50 are heard", n)
		}
		s.call.Stop(event.Cause{Status: 200, By: event.PartyGateway})
		pass(time.Second)
		s.over()
		told := slices.DeleteFunc(slices.Clone(s.events), func(e string) bool { return !strings.Contains(e, "is not recorded") })
		if len(told) != 2 || !strings.Contains(told[0], "participant") {
			t.Errorf("%q", s.events)
		}
	})
}

// TestStuckDisk: a disk that does not answer costs the recording, and neither the call nor
// its end.
func TestStuckDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, dir := recordingStage(t, Recording{})
		stuck := make(chan struct{})
		s.call.env.Recorder.Storage = &fullDisk{Storage: record.Directory{Path: dir}, err: errors.New("late"), write: true, stuck: stuck}
		s.arrive(plan("trunk carrier"))
		pass(100 * time.Millisecond)
		s.tones(30 * time.Second)
		s.call.Stop(event.Cause{Status: 200, By: event.PartyGateway})
		pass(11 * time.Second)
		synctest.Wait()
		if s.forgot != 1 {
			t.Error("the call waits for the disk")
		}
		close(stuck)
		s.over()
		last := s.events[len(s.events)-3]
		if !strings.Contains(last, "the disk does not answer") {
			t.Errorf("%q", fmt.Sprint(s.events))
		}
	})
}

// TestPanicWhileRecording: the recording of a call that fails inside is complete too.
func TestPanicWhileRecording(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, dir := recordingStage(t, Recording{})
		s.arrive(plan("trunk carrier"))
		pass(100 * time.Millisecond)
		s.tones(time.Second)
		s.call.Post(work(func(*Call, time.Time) { panic("as the test wants it") }))
		s.over()
		wantParties(t, dir, "alice left", "carrier right")
	})
}

// recordedEar is one of a recording that goes on.
func recordedEar(t testing.TB, keys bool) *ear {
	t.Helper()
	r, err := record.Start(record.Config{Storage: record.Directory{Path: t.TempDir()}, Pattern: "{call}"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.Stop(time.Now())
		<-r.Done()
	})
	track, err := r.Add(time.Now(), record.Party{Name: "alice"})
	if err != nil {
		t.Fatal(err)
	}
	e := &ear{track: track, rate: 8000}
	if !keys {
		err = e.mute()
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestEarAllocatesNothing: it is the media clock's.
func TestEarAllocatesNothing(t *testing.T) {
	e, at, pcm := recordedEar(t, false), time.Now(), make([]int16, 160)
	hear := func() {
		e.hear(at, pcm)
		at = at.Add(earFrame)
	}
	for range 3000 { // until the queue has all the items that it may have
		hear()
	}
	if n := allocsPerRun(200, hear); n > 0.1 && !racing {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkEar(b *testing.B) {
	for name, keys := range map[string]bool{"keys kept": true, "keys taken out": false} {
		b.Run(name, func(b *testing.B) {
			e, at, pcm := recordedEar(b, keys), time.Now(), make([]int16, 160)
			b.ReportAllocs()
			for b.Loop() {
				e.hear(at, pcm)
				at = at.Add(earFrame)
			}
		})
	}
}
