package record

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// Config is what a recording is to be like.
type Config struct {
	Labels Labels
	Layout Layout
	Format Format
	// Rate is the sampling rate of the files in Hz: 8000, 16000 or 48000; 0 means 8000.
	Rate int
	// Bitrate is that of Ogg Opus, in bit/s, 6,000 to 510,000; 0 means what suits rate
	// and layout.
	Bitrate int
	// Beep is heard in the recording, in all of its files; the zero value is none.
	Beep Beep
	// Storage is where the files go, Pattern their name, such as "{date}/{time}-{call}";
	// empty means DefaultPattern. It has no extension.
	Storage Storage
	Pattern string
	// MaxSize is how large a file may become, in octets; then another one goes on. 0
	// means 2 GiB, beyond which some players take a WAV's sizes for negative. 4 GiB is
	// the most that they can say.
	MaxSize int64
	// Queue is how many frames may wait for the writer; 0 means 1024, which is 10 s of
	// two parties.
	Queue int
	// Lost, when it is set, is told how much sound found no room in the queue: once when
	// it has emptied, and each second until then. Ended is told the result. Both are
	// called by the writer's goroutine, and hold it up while they last.
	Lost  func(sound time.Duration)
	Ended func(Result)
}

// Labels say what a recording is of.
type Labels struct {
	CallID, ChainID string
	// Caller and Callee are numbers or names.
	Caller, Callee string
}

// Party is somebody who is recorded.
type Party struct {
	Name, Number string
	// Side is where the party is heard if the layout is Stereo.
	Side Side
}

// Result is how a recording ended.
type Result struct {
	Reason Reason
	// Err is what went wrong. Where the recording was stopped it is about the sidecar.
	Err error
	// Sidecar and Files are names in the Storage.
	Sidecar string
	Files   []string
	// Duration is how much was recorded, without pauses. Lost is how much sound, of all
	// parties together, found no room in the queue.
	Duration, Lost time.Duration
}

// Reason is why a recording ended. The zero value is none.
type Reason uint8

// The reasons.
const (
	// Stopped: by Stop.
	Stopped Reason = iota + 1
	// NoSpace: the disk is full, or the quota is used up.
	NoSpace
	// Failed: another error of the Storage.
	Failed
)

// String gives the reason in words, empty for none.
func (r Reason) String() string { return [...]string{"", "stopped", "no space", "failed"}[r] }

// Errors of a recording's methods.
var (
	// ErrEnded: the recording was stopped, or has ended by an error (Result).
	ErrEnded = errors.New("record: the recording has ended")
	// ErrBehind: too many orders wait for the writer, whose disk does not keep up.
	ErrBehind = errors.New("record: the disk does not keep up: too much waits to be done")
)

// Recording takes what the parties of a call say, and has a goroutine of its own
// write it. No method blocks, so they may be called where media is handled; all may
// be called by several goroutines at a time.
//
// All times given to it must be of one clock: that by which the call's frames are
// made, 20 ms after 20 ms. Position 0 is when it was started.
type Recording struct {
	config Config
	start  time.Time
	queue  chan *item
	// free are items for Put and Tick. made counts those there are, orders the other
	// items that wait in the queue.
	free         chan *item
	made, orders atomic.Int32
	// latest is the latest time that the queue was told, after the start.
	latest atomic.Int64
	// dropped is how much sound found no room.
	dropped  atomic.Int64
	stopping atomic.Bool
	ended    chan struct{}
	result   Result
}

// item is what goes to the writer.
type item struct {
	order order
	at    time.Time
	track *Track
	rate  int
	pcm   []int16
}

// order is what the writer is to do.
type order uint8

const (
	orderFrame order = iota
	orderTick
	orderJoin
	orderPause
	orderResume
	orderStop
)

// maxOrders is how many orders may wait besides frames.
const maxOrders = 512

// rates are the sampling rates that there may be.
var rates = []int{8000, 16000, 48000}

// longestFrame is how long a frame may be, as a part of a second: 120 ms, Opus's
// longest packet, and some.
const longestFrame = 8

// Start begins a recording, which goes on until Stop, or until its files cannot be
// written. An error says what is wrong in the Config, or that the format is not in
// this binary; what is wrong with the Storage is a Result.
//
// Its goroutine ends with it: call Stop, and wait for Done where the process is to
// end.
func Start(c Config, at time.Time) (*Recording, error) {
	c.complete()
	base, err := c.check(at)
	if err != nil {
		return nil, err
	}
	r := &Recording{config: c, start: at, ended: make(chan struct{})}
	r.queue, r.free = make(chan *item, c.Queue+maxOrders+1), make(chan *item, c.Queue)
	w, err := newWriter(r, base)
	if err != nil {
		return nil, err
	}
	go w.run()
	return r, nil
}

// Check says what Start would refuse.
func (c Config) Check() error {
	c.complete()
	_, err := c.check(time.Time{})
	return err
}

// complete fills in what zero means.
func (c *Config) complete() {
	if c.Rate == 0 {
		c.Rate = rates[0]
	}
	if c.MaxSize == 0 {
		c.MaxSize = 2 << 30
	}
	if c.Queue == 0 {
		c.Queue = 1024
	}
}

// check refuses what is no recording, and gives its name.
func (c *Config) check(at time.Time) (string, error) {
	switch {
	case c.Storage == nil:
		return "", errors.New("record: no Storage: say where the files go")
	case !slices.Contains(rates, c.Rate):
		return "", fmt.Errorf("record: files of %d samples a second: use one of %d", c.Rate, rates)
	case c.Layout > Separate:
		return "", fmt.Errorf("record: there is no layout %d: use Stereo, Mixed or Separate", uint8(c.Layout))
	case c.MaxSize < 1<<16 || c.MaxSize > 1<<32-1<<16:
		return "", fmt.Errorf("record: files of %d octets: 64 KiB to 4 GiB less 64 KiB are possible", c.MaxSize)
	case c.Queue < 16:
		return "", fmt.Errorf("record: a queue of %d frames: 16 at least", c.Queue)
	}
	base, err := name(c.Pattern, c.Labels, at)
	return base, errors.Join(err, c.Beep.check(c.Rate), c.Format.check(c.Bitrate))
}

// Track is a party's way into a recording.
type Track struct {
	recording *Recording
	party     Party
	voice     *voice
}

// Add lets a party join at a time. Who leaves puts nothing more in, and is silent.
// The errors are ErrEnded and ErrBehind.
func (r *Recording) Add(at time.Time, p Party) (*Track, error) {
	t := &Track{recording: r, party: p, voice: newVoice(r.config.Rate)}
	return t, r.command(&item{order: orderJoin, at: at, track: t})
}

// Put gives what the party says from a time on: a frame of up to 120 ms, at 8,000,
// 16,000 or 48,000 samples a second. It is copied. The rate may change from frame to
// frame, and where there is no frame there is silence. A frame that comes more than
// 200 ms after the latest time that any party has reached is too late and left out.
//
// It tells whether the frame is on its way to the file: not if the recording has
// ended, it is no such frame, or the queue is full because the disk is too slow.
func (t *Track) Put(at time.Time, rate int, pcm []int16) bool {
	if !slices.Contains(rates, rate) || len(pcm) == 0 || len(pcm) > rate/longestFrame || t.recording.stopping.Load() {
		return false
	}
	return t.recording.put(t, at, rate, pcm)
}

func (r *Recording) put(t *Track, at time.Time, rate int, pcm []int16) bool {
	i := r.take()
	if i == nil {
		r.dropped.Add(int64(len(pcm)) * int64(time.Second) / int64(rate))
		return false
	}
	i.order, i.at, i.track, i.rate, i.pcm = orderFrame, at, t, rate, append(i.pcm[:0], pcm...)
	r.latest.Store(int64(at.Sub(r.start)))
	return r.send(i)
}

// take gives an item that is free, or nil. There are no more than the queue is to
// hold, and no more than have ever waited at a time.
func (r *Recording) take() *item {
	select {
	case i := <-r.free:
		return i
	default:
	}
	if int(r.made.Add(1)) <= r.config.Queue {
		return &item{}
	}
	r.made.Add(-1)
	return nil
}

// send puts an item into the queue, in which all items that there may be have room.
func (r *Recording) send(i *item) bool {
	select {
	case r.queue <- i:
		return true
	default:
		return false
	}
}

// Tick says what time it is, so that silence is written while nobody puts in
// anything: on hold, for example. It may be called every 20 ms and costs next to
// nothing where frames come. Without it what is missing is written when it goes on.
func (r *Recording) Tick(at time.Time) {
	now := int64(at.Sub(r.start))
	if now-r.latest.Load() < int64(window)/2 || r.stopping.Load() {
		return
	}
	if i := r.take(); i != nil {
		r.latest.Store(now)
		i.order, i.at, i.track = orderTick, at, nil
		r.send(i)
	}
}

// Pause cuts the recording from a time on, exactly to the sample, until Resume. One
// that is paused stays so. A time that is more than 200 ms past is too late: what is
// written stays. The errors are ErrEnded and ErrBehind.
func (r *Recording) Pause(at time.Time) error { return r.command(&item{order: orderPause, at: at}) }

// Resume goes on from a time on, as Pause has it.
func (r *Recording) Resume(at time.Time) error { return r.command(&item{order: orderResume, at: at}) }

func (r *Recording) command(i *item) error {
	switch {
	case r.stopping.Load():
		return ErrEnded
	case r.orders.Add(1) > maxOrders:
		r.orders.Add(-1)
		return ErrBehind
	}
	r.send(i)
	return nil
}

// Stop ends the recording at a time. It does not wait; Done does. It may be called
// twice, and when the recording has ended.
func (r *Recording) Stop(at time.Time) {
	if r.stopping.CompareAndSwap(false, true) {
		r.send(&item{order: orderStop, at: at})
	}
}

// Done is closed when the recording has ended: all files are complete and closed,
// and the goroutine is at its end.
func (r *Recording) Done() <-chan struct{} { return r.ended }

// Result waits for the end, and gives how it ended.
func (r *Recording) Result() Result {
	<-r.ended
	return r.result
}
