package record

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"math"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tandem-gateway/tandem/rtp/audio"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is when the recordings of these tests start.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// after is a time after the start.
func after(d time.Duration) time.Time { return noon.Add(d) }

const frame = 20 * time.Millisecond

// disk is a Storage in memory that can be full, slow, or broken.
type disk struct {
	mu    sync.Mutex
	files map[string]*memory
	// room is how many octets of sound it still takes; nil for any number.
	room *int64
	// broken is the error of everything from now on.
	broken error
	// delay is how long a write takes.
	delay time.Duration
	// replaced counts calls of Replace.
	replaced int
}

func newDisk() *disk { return &disk{files: map[string]*memory{}} }

// memory is a file. writes are all that was done to it.
type memory struct {
	disk   *disk
	bytes  []byte
	writes []write
	closed bool
	synced bool
}

type write struct {
	at      int
	content []byte
}

func (d *disk) Create(name string) (File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.broken != nil {
		return nil, d.broken
	}
	if d.files[name] != nil {
		return nil, fs.ErrExist
	}
	f := &memory{disk: d}
	d.files[name] = f
	return f, nil
}

func (d *disk) Replace(name string, content []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.replaced++
	if d.broken != nil {
		return d.broken
	}
	d.files[name] = &memory{disk: d, bytes: content}
	return nil
}

// wait takes the time that a write takes.
func (d *disk) wait() {
	d.mu.Lock()
	delay := d.delay
	d.mu.Unlock()
	if delay > 0 {
		<-time.After(delay)
	}
}

func (m *memory) Write(b []byte) (int, error) {
	m.disk.wait()
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	n, err := m.disk.take(len(b))
	m.store(len(m.bytes), b[:n])
	return n, err
}

func (m *memory) WriteAt(b []byte, at int64) (int, error) {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	m.store(int(at), b)
	return len(b), m.disk.broken
}

// take makes room for octets, as many as there is.
func (d *disk) take(n int) (int, error) {
	switch {
	case d.broken != nil:
		return 0, d.broken
	case d.room == nil:
		return n, nil
	case *d.room < int64(n):
		n = int(*d.room)
		*d.room = 0
		return n, &fs.PathError{Op: "write", Path: "sound", Err: syscall.ENOSPC}
	}
	*d.room -= int64(n)
	return n, nil
}

func (m *memory) store(at int, b []byte) {
	m.writes = append(m.writes, write{at, slices.Clone(b)})
	m.bytes = append(m.bytes, make([]byte, max(0, at+len(b)-len(m.bytes)))...)
	copy(m.bytes[at:], b)
}

func (m *memory) Close() error { m.closed = true; return nil }
func (m *memory) Sync() error  { m.synced = true; return m.disk.broken }

// names are those of all files, in order.
func (d *disk) names() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.files))
}

func (d *disk) content(name string) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.files[name] == nil {
		return nil
	}
	return slices.Clone(d.files[name].bytes)
}

// failing is what a test does that fails: a *testing.T, a *rapid.T.
type failing interface {
	Helper()
	Fatalf(format string, arguments ...any)
}

// sidecar reads the JSON.
func (d *disk) sidecar(t failing, name string) Sidecar {
	t.Helper()
	var s Sidecar
	if err := json.Unmarshal(d.content(name), &s); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return s
}

// begun starts a recording on a disk, with room for all that a test puts in at once.
func begun(t testing.TB, d *disk, c Config) *Recording {
	t.Helper()
	if c.Storage == nil {
		c.Storage = d
	}
	if c.Pattern == "" {
		c.Pattern = "call"
	}
	if c.Queue == 0 {
		c.Queue = 1 << 16
	}
	r, err := Start(c, noon)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func join(t testing.TB, r *Recording, p Party) *Track {
	t.Helper()
	track, err := r.Add(noon, p)
	if err != nil {
		t.Fatal(err)
	}
	return track
}

// stopped stops a recording and gives its result, which must be as it should.
func stopped(t testing.TB, r *Recording, at time.Duration) Result {
	t.Helper()
	r.Stop(after(at))
	result := r.Result()
	if result.Reason != Stopped || result.Err != nil {
		t.Fatalf("ended by %v: %v", result.Reason, result.Err)
	}
	return result
}

// speaker says a tone.
type speaker struct {
	*Track
	tone *audio.Tone
	pcm  []int16
}

func speaking(t testing.TB, track *Track, rate int, frequency float64) *speaker {
	t.Helper()
	tone, err := audio.NewTone(rate, audio.Sine{Frequency: frequency, Level: -20})
	if err != nil {
		t.Fatal(err)
	}
	return &speaker{track, tone, make([]int16, rate/50)}
}

// say puts in frames from a time to another.
func (s *speaker) say(t testing.TB, from, to time.Duration) {
	t.Helper()
	for at := from; at < to; at += frame {
		s.tone.Fill(s.pcm)
		if !s.Put(after(at), s.tone.Rate(), s.pcm) {
			t.Fatalf("the frame at %v found no room", at)
		}
	}
}

// together lets several say their tones.
func together(t testing.TB, from, to time.Duration, all ...*speaker) {
	t.Helper()
	for at := from; at < to; at += frame {
		for _, s := range all {
			s.say(t, at, at+frame)
		}
	}
}

// samplesOf reads the sides of a WAV by its header, which must be right. The
// package's own reader mixes them, and is asked too.
func samplesOf(t testing.TB, file []byte) (sides [][]int16, rate int) {
	t.Helper()
	w, err := audio.NewWAV(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	channels := int(file[22])
	all := make([]int16, len(file))
	n := w.Fill(all)
	sides = make([][]int16, channels)
	for i := range n * channels {
		at := wavHead + 2*i
		sides[i%channels] = append(sides[i%channels], int16(uint16(file[at])|uint16(file[at+1])<<8))
	}
	return sides, w.Rate()
}

// levels are those of a sine and of all else.
func levels(t testing.TB, rate int, pcm []int16, frequency float64) (tone, rest float64) {
	t.Helper()
	d, err := audio.NewDetector(rate, frequency)
	if err != nil {
		t.Fatal(err)
	}
	d.Add(pcm)
	return d.Levels()
}

// hasTone wants a tone of -20 dBFS and nothing else in the middle of a sound.
func hasTone(t testing.TB, rate int, pcm []int16, frequency, cleanliness float64) {
	t.Helper()
	if len(pcm) < rate/5 {
		t.Fatalf("%d samples are too few to hear %g Hz in", len(pcm), frequency)
	}
	tone, rest := levels(t, rate, pcm[rate/20:len(pcm)-rate/20], frequency)
	if math.Abs(tone+20) > 0.5 || rest > -20-cleanliness {
		t.Errorf("%g Hz at %.1f dBFS with %.1f dBFS of other sound", frequency, tone, rest)
	}
}

func silent(pcm []int16) bool { return !slices.ContainsFunc(pcm, func(s int16) bool { return s != 0 }) }
