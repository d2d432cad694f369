package bridge

import (
	"errors"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tandem-gateway/tandem/rtp"
	"github.com/tandem-gateway/tandem/rtp/audio"
	"github.com/tandem-gateway/tandem/rtp/record"
)

// Recorder is where calls are recorded.
type Recorder struct {
	Storage record.Storage
	// Pattern is what recordings are called, as record.Config has it.
	Pattern string
}

// taping is a recording that takes what the call's parties say.
type taping struct {
	number    int
	rate      int
	dtmf      bool
	recording *record.Recording
	taps      map[int]*rtp.Tap // by their numbers in the hearing table
}

var errNoRecorder = errors.New("there is no place for recordings: set recording.path")

// startRecording begins a recording. Its goroutine tells the call by its inbox what
// becomes of it, and is waited for by nobody.
func (c *Call) startRecording(now time.Time, a StartRecording) {
	r, err := c.record(now, a)
	if err != nil {
		c.tellMachine(RecordingEnded{a.Number, record.Result{Reason: record.Failed, Err: err}})
		return
	}
	c.taping = &taping{number: a.Number, rate: a.Rate, dtmf: a.As.DTMF, recording: r, taps: map[int]*rtp.Tap{}}
}

func (c *Call) record(now time.Time, a StartRecording) (*record.Recording, error) {
	if c.env.Recorder == nil {
		return nil, errNoRecorder
	}
	config := record.Config{
		Labels: a.Labels, Layout: a.As.Layout, Format: a.As.Format, Rate: a.Rate,
		Storage: c.env.Recorder.Storage, Pattern: c.env.Recorder.Pattern,
		Lost:  func(sound time.Duration) { c.Post(told{RecordingLost{a.Number, sound}}) },
		Ended: func(r record.Result) { c.Post(told{RecordingEnded{a.Number, r}}) },
	}
	if a.As.Beep {
		config.Beep = record.UsualBeep()
	}
	return record.Start(config, now)
}

func (c *Call) cutRecording(now time.Time, a CutRecording) {
	if c.taping == nil {
		return
	}
	cut := c.taping.recording.Resume
	if a.Pause {
		cut = c.taping.recording.Pause
	}
	if err := cut(now); err != nil {
		c.env.Log.Warn("recording not paused or resumed", "call", c.id, "pause", a.Pause, "err", err)
	}
}

// endRecording ends the recording under way: its taps hear nothing any more.
func (c *Call) endRecording(now time.Time) {
	t := c.taping
	if t == nil {
		return
	}
	c.taping = nil
	ends := make(map[int]rtp.End, len(t.taps))
	t.addTo(ends)
	if paths, err := rtp.Compile(rtp.Table{}, ends); err == nil {
		paths.Swap()
	}
	t.recording.Stop(now)
}

// addTo adds the taps to the ends of a table. Those that are in none of its rows become
// deaf by that.
func (t *taping) addTo(ends map[int]rtp.End) {
	if t == nil {
		return
	}
	for number, tap := range t.taps {
		ends[number] = tap
	}
}

// tap makes the taps that a table names for the first time, those of earlier participants
// first. Rows of taps that there are not are taken out of the table. A recording that has
// ended by itself says why, and needs nobody to say whom it lacks.
func (c *Call) tap(now time.Time, t rtp.Table, parties map[int]record.Party) {
	for _, number := range slices.Backward(slices.Sorted(maps.Keys(parties))) {
		err := c.taping.add(now, c.env.Ports, number, parties[number])
		if err == nil {
			continue
		}
		delete(t, number)
		if !errors.Is(err, record.ErrEnded) {
			c.tellMachine(RecordingLacks{tapFor(number), err.Error()})
		}
	}
}

// add makes a party's tap, if there is none.
func (t *taping) add(now time.Time, ports *rtp.Engine, number int, p record.Party) error {
	if t == nil {
		return record.ErrEnded
	}
	if t.taps[number] != nil {
		return nil
	}
	track, err := t.recording.Add(now, p)
	if err != nil {
		return err
	}
	e := &ear{track: track, rate: t.rate}
	if !t.dtmf {
		if err := e.mute(); err != nil {
			return err
		}
	}
	t.taps[number], err = ports.NewTap(t.rate, e.hear)
	return err
}

// ear takes what a tap hears into the recording, without the tones of keys if they are not
// to be there. It is the media clock's: busy tells when that has two hands in it, as a tap
// goes from one mix to another, of which one frame is too many.
type ear struct {
	busy  atomic.Bool
	track *record.Track
	rate  int
	// keys takes them out; nil where they are recorded. It gives the sound with a delay.
	keys  *audio.DTMFSuppressor
	delay time.Duration
	heard []audio.HeardKey
	pcm   []int16
	// next is when the next frame begins, if it follows the last one.
	next time.Time
}

func (e *ear) mute() (err error) {
	e.keys, err = audio.NewDTMFSuppressor(e.rate)
	if err == nil {
		e.delay = time.Duration(e.keys.Delay()) * time.Second / time.Duration(e.rate)
	}
	return err
}

// hear takes a frame. In front of a gap, such as a hold, what is held back belongs.
func (e *ear) hear(at time.Time, pcm []int16) {
	if e.keys == nil {
		e.track.Put(at, e.rate, pcm)
		return
	}
	if !e.busy.CompareAndSwap(false, true) {
		return
	}
	defer e.busy.Store(false)
	if !e.next.IsZero() && at.Sub(e.next) > earFrame/2 {
		e.drain()
	}
	e.pass(at, pcm)
}

// earFrame is how long the frames of a tap are.
const earFrame = 20 * time.Millisecond

// drain passes on what is held back.
func (e *ear) drain() {
	silence := make([]int16, e.rate/50)
	for passed := time.Duration(0); passed < e.delay; passed += earFrame {
		e.pass(e.next, silence)
	}
}

func (e *ear) pass(at time.Time, pcm []int16) {
	e.pcm = append(e.pcm[:0], pcm...)
	e.heard = e.keys.Process(e.pcm, e.heard[:0])
	e.next = at.Add(earFrame)
	e.track.Put(at.Add(-e.delay), e.rate, e.pcm)
}
