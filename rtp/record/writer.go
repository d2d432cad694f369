package record

import (
	"errors"
	"io/fs"
	"math"
	"path"
	"syscall"
	"time"

	"github.com/tandem-gateway/tandem/rtp/audio"
)

// writer is the goroutine of a recording, and all that belongs to it: it lays the
// frames on the clock, mixes block after block, and writes.
type writer struct {
	*Recording
	base string // of the file names
	// newest is the latest position that was told, edge the one up to which it is
	// written. block is how many samples a block has.
	newest, edge int64
	block        int
	cuts         cuts
	spans        []span
	tracks       []*Track
	// mixer makes the lanes: what goes into the channels of files.
	mixer   *audio.Mixer
	lanes   [][]int16
	beep    beeper
	outputs []*output
	// recorded is how many samples were recorded.
	recorded int64
	sidecar  Sidecar
	// stale tells that the sidecar is to be written again.
	stale bool
	// told is how much of the lost sound was told.
	told    int64
	stopped bool
	// stop is when it was stopped.
	stop time.Time
}

// beepSource is the number of the beep in the mixer; those of the tracks are their
// indexes, and those of the lanes negative.
const beepSource = math.MaxInt32

// laneNumber is the number by which a lane listens, and also the lane of a number.
func laneNumber(lane int) int { return -1 - lane }

func newWriter(r *Recording, base string) (*writer, error) {
	mixer, err := audio.NewMixer(r.config.Rate)
	if err != nil {
		return nil, err
	}
	c := &r.config
	w := &writer{Recording: r, base: base, mixer: mixer, block: mixer.Samples()}
	w.sidecar = Sidecar{
		CallID: c.Labels.CallID, ChainID: c.Labels.ChainID, Caller: c.Labels.Caller, Callee: c.Labels.Callee,
		Layout: c.Layout.String(), Codec: c.Format.String(), Rate: c.Rate, Started: stamp(r.start),
		Parties: []SidecarParty{}, Files: []SidecarFile{},
	}
	return w, w.beep.begin(c.Beep, c.Rate, w.block)
}

// run is the goroutine.
func (w *writer) run() {
	err := w.begin()
	for err == nil && !w.stopped {
		err = w.take(<-w.queue)
	}
	w.stopping.Store(true)
	w.end(err)
}

// begin claims the name, and begins the files that there are without a party.
func (w *writer) begin() error {
	if err := w.claim(); err != nil {
		return err
	}
	switch w.config.Layout {
	case Stereo:
		w.open(0, 2)
	case Mixed:
		w.open(0, 1)
	}
	err := w.rewire()
	for _, o := range w.outputs {
		err = errors.Join(err, o.begin())
	}
	return errors.Join(err, w.save())
}

// maxNames is how many recordings may have one name.
const maxNames = 10_000

// claim finds a name that is free. The sidecar holds it.
func (w *writer) claim() error {
	for n := 1; ; n++ {
		file, err := w.config.Storage.Create(numbered(w.base, n) + ".json")
		if errors.Is(err, fs.ErrExist) && n < maxNames {
			continue
		}
		if err != nil {
			return err
		}
		w.base = numbered(w.base, n)
		content, _ := w.sidecar.encode()
		_, err = file.Write(content)
		return errors.Join(err, file.Close())
	}
}

// open adds an output of a party, counted from 1, or of all for 0.
func (w *writer) open(party, channels int) {
	o := &output{writer: w, party: party, first: len(w.lanes), channels: channels}
	w.lanes = append(w.lanes, make([][]int16, channels)...)
	w.outputs = append(w.outputs, o)
}

// take does what an item says.
func (w *writer) take(i *item) error {
	err := w.obey(i)
	if i.order > orderTick {
		w.orders.Add(-1)
	} else {
		i.track = nil
		w.free <- i
	}
	w.tellLost()
	if err == nil && w.stale && len(w.queue) == 0 {
		err = w.save()
	}
	return err
}

func (w *writer) obey(i *item) error {
	switch i.order {
	case orderFrame:
		return w.frame(i)
	case orderTick:
		return w.reach(w.position(i.at))
	case orderJoin:
		return w.join(i)
	case orderStop:
		return w.halt(i.at)
	}
	w.cut(i.at, i.order == orderPause)
	return nil
}

// position is a time's place on the recording's clock.
func (w *writer) position(at time.Time) int64 {
	return samplesIn(w.config.Rate, at.Sub(w.start))
}

// frame lays a frame, and writes what nobody can add to any more.
func (w *writer) frame(i *item) error {
	at := w.position(i.at)
	end := at + int64(len(i.pcm))*int64(w.config.Rate)/int64(i.rate)
	if err := w.reach(end); err != nil {
		return err
	}
	return i.track.voice.put(at, w.edge, i.rate, i.pcm)
}

// reach takes the clock to a position, and writes what lies further back than the
// window.
func (w *writer) reach(at int64) error {
	w.newest = max(w.newest, at)
	return w.write(w.newest - samplesIn(w.config.Rate, window))
}

// write writes all blocks before a position.
func (w *writer) write(to int64) error {
	for w.edge+int64(w.block) <= to {
		if err := w.next(); err != nil {
			return err
		}
	}
	return nil
}

// next writes a block.
func (w *writer) next() error {
	w.spans = w.cuts.spans(w.spans[:0], w.edge, w.edge+int64(w.block))
	if len(w.spans) > 0 {
		w.beep.fill(w.spans, w.edge)
		w.mix()
	}
	w.clear()
	for _, s := range w.spans {
		if err := w.record(int(s.from-w.edge), int(s.to-w.edge)); err != nil {
			return err
		}
	}
	w.edge += int64(w.block)
	return nil
}

// mix makes the lanes of the block.
func (w *writer) mix() {
	for n, t := range w.tracks {
		if pcm, some := t.voice.block(w.edge, w.block); some {
			w.mixer.Put(n, pcm)
		}
	}
	if w.beep.cadence != nil {
		w.mixer.Put(beepSource, w.beep.frame)
	}
	for _, heard := range w.mixer.Tick() {
		for _, listener := range heard.Listeners {
			w.lanes[laneNumber(listener)] = heard.PCM
		}
	}
}

// clear makes room in the voices.
func (w *writer) clear() {
	for _, t := range w.tracks {
		pcm, _ := t.voice.block(w.edge, w.block)
		clear(pcm)
	}
}

// record writes a part of the block into all files.
func (w *writer) record(from, to int) error {
	for _, o := range w.outputs {
		if err := o.write(from, to); err != nil {
			return err
		}
	}
	w.recorded += int64(to - from)
	return nil
}

// join takes in a party.
func (w *writer) join(i *item) error {
	t, n := i.track, len(w.tracks)
	t.party.Side = t.party.Side.of(n)
	w.tracks = append(w.tracks, t)
	p := SidecarParty{Name: t.party.Name, Number: t.party.Number, Joined: stamp(i.at)}
	if w.config.Layout == Stereo {
		p.Channel = t.party.Side.String()
	}
	w.sidecar.Parties = append(w.sidecar.Parties, p)
	w.stale = true
	if w.config.Layout != Separate {
		return w.rewire()
	}
	w.open(n+1, 1)
	return errors.Join(w.rewire(), w.outputs[n].begin())
}

// rewire tells the mixer who is heard in which lane.
func (w *writer) rewire() error {
	table := make(map[int][]audio.Heard)
	for lane := range w.lanes {
		row := []audio.Heard{}
		if w.beep.cadence != nil {
			row = append(row, audio.Heard{Source: beepSource})
		}
		for n, t := range w.tracks {
			if w.heard(lane, n, t.party.Side) {
				row = append(row, audio.Heard{Source: n})
			}
		}
		table[laneNumber(lane)] = row
	}
	room, err := audio.NewRoom(table)
	if err == nil {
		w.mixer.SetRoom(room)
	}
	return err
}

// heard tells whether a track is heard in a lane.
func (w *writer) heard(lane, track int, side Side) bool {
	switch w.config.Layout {
	case Stereo:
		return (side == Right) == (lane == 1)
	case Separate:
		return lane == track
	}
	return true
}

// cut begins or ends a pause.
func (w *writer) cut(at time.Time, pause bool) {
	if w.cuts.off == pause {
		return
	}
	position := w.cuts.add(w.position(at), w.edge, pause)
	if pause {
		w.sidecar.Pauses = append(w.sidecar.Pauses, SidecarPause{Paused: stamp(at), Position: w.milliseconds(position)})
	} else {
		w.sidecar.Pauses[len(w.sidecar.Pauses)-1].Resumed = stamp(at)
	}
	w.stale = true
}

// sound is how long samples last.
func (w *writer) sound(samples int64) time.Duration {
	rate := int64(w.config.Rate)
	return time.Duration(samples/rate)*time.Second + time.Duration(samples%rate)*time.Second/time.Duration(rate)
}

// milliseconds is the same as the sidecar has it.
func (w *writer) milliseconds(samples int64) int64 { return w.sound(samples).Milliseconds() }

// halt writes all that there is before a time.
func (w *writer) halt(at time.Time) error {
	w.stopped, w.stop = true, at
	position := max(w.position(at), w.edge)
	if !w.cuts.off {
		w.cuts.add(position, w.edge, true)
	}
	return w.write(position + int64(w.block) - 1)
}

// tellLost tells of lost sound.
func (w *writer) tellLost() {
	lost := w.dropped.Load() - w.told
	if lost > 0 && (len(w.queue) == 0 || lost >= int64(time.Second)) {
		w.told += lost
		if w.config.Lost != nil {
			w.config.Lost(time.Duration(lost))
		}
	}
}

// save writes the sidecar.
func (w *writer) save() error {
	w.stale = false
	content, err := w.sidecar.encode()
	if err != nil {
		return err
	}
	return w.config.Storage.Replace(w.base+".json", content)
}

// end completes the files, whatever happened, and tells how it ended.
func (w *writer) end(err error) {
	r := &w.result
	for _, o := range w.outputs {
		err = errors.Join(err, o.end())
	}
	*r = Result{
		Reason: reasonOf(err), Sidecar: w.base + ".json",
		Duration: w.sound(w.recorded), Lost: time.Duration(w.dropped.Load()),
	}
	r.Err = errors.Join(err, w.conclude(r.Reason, err))
	for _, f := range w.sidecar.Files {
		r.Files = append(r.Files, path.Join(path.Dir(w.base), f.Name))
	}
	if w.config.Ended != nil {
		w.config.Ended(*r)
	}
	close(w.ended)
}

// conclude writes the last sidecar. When nobody stopped the recording, it stopped
// where the clock was.
func (w *writer) conclude(reason Reason, err error) error {
	s := &w.sidecar
	if !w.stopped {
		w.stop = w.start.Add(w.sound(w.newest))
	}
	s.Stopped, s.Ended = stamp(w.stop), reason.String()
	s.Duration = w.milliseconds(w.recorded)
	s.Lost = w.dropped.Load() / int64(time.Millisecond)
	if err != nil {
		s.Error = err.Error()
	}
	return w.save()
}

// reasonOf is what an error ends a recording for; without one it was stopped.
func reasonOf(err error) Reason {
	switch {
	case err == nil:
		return Stopped
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return NoSpace
	}
	return Failed
}
