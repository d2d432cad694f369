package record

import (
	"errors"
	"path"

	"github.com/tandem-gateway/tandem/rtp/audio"
)

// output is one file of a recording, or one after another where it grows too large.
type output struct {
	*writer
	party int // counted from 1; 0 for all
	part  int
	// first is its first lane, of as many as it has channels.
	first, channels int
	file            File
	to              container
	// index is where its file is among the sidecar's. samples are how many the file
	// has, fresh those of them since the last flush.
	index          int
	samples, fresh int64
	pcm            []int16
}

// flushes is how often a second of sound is brought into the file.
const flushes = 2

// begin begins the next file. It begins where the recording is now.
func (o *output) begin() error {
	o.part++
	name := fileName(o.base, o.party, o.part, o.config.Format)
	file, err := o.config.Storage.Create(name)
	if err != nil {
		return err
	}
	to, err := o.config.Format.begin(file, o.config.Rate, o.channels, o.config.Bitrate)
	if err != nil {
		return errors.Join(err, file.Close())
	}
	o.file, o.to, o.samples, o.fresh = file, to, 0, 0
	o.index = len(o.sidecar.Files)
	o.sidecar.Files = append(o.sidecar.Files, o.entry(name))
	o.stale = true
	return nil
}

// entry is the file in the sidecar.
func (o *output) entry(name string) SidecarFile {
	f := SidecarFile{Name: path.Base(name), Offset: o.milliseconds(o.recorded)}
	if o.party > 0 {
		party := o.party - 1
		f.Party = &party
	}
	return f
}

// write writes a part of its lanes' block.
func (o *output) write(from, to int) error {
	if o.to.size()+int64(to-from)*int64(o.channels)*2 > o.config.MaxSize {
		if err := errors.Join(o.end(), o.begin()); err != nil {
			return err
		}
	}
	if err := o.to.write(o.interleave(from, to)); err != nil {
		return err
	}
	o.samples += int64(to - from)
	o.fresh += int64(to - from)
	if o.fresh < int64(o.config.Rate)/flushes {
		return nil
	}
	o.fresh = 0
	return o.to.flush()
}

// interleave brings the channels together.
func (o *output) interleave(from, to int) []int16 {
	left := o.lanes[o.first][from:to]
	if o.channels == 1 {
		return left
	}
	o.pcm = o.pcm[:0]
	for i, right := range o.lanes[o.first+1][from:to] {
		o.pcm = append(o.pcm, left[i], right)
	}
	return o.pcm
}

// end completes the file, as far as that is possible.
func (o *output) end() error {
	if o.file == nil {
		return nil
	}
	err := errors.Join(o.to.finish(), o.file.Sync(), o.file.Close())
	o.sidecar.Files[o.index].Duration = o.milliseconds(o.samples)
	o.file = nil
	return err
}

// beeper is the beep within a recording.
type beeper struct {
	Beep
	rate int
	// cadence is nil without a beep.
	cadence audio.Source
	frame   []int16
}

func (b *beeper) begin(beep Beep, rate, samples int) (err error) {
	if beep == (Beep{}) {
		return nil
	}
	b.Beep, b.rate, b.frame = beep, rate, make([]int16, samples)
	b.cadence, err = beep.Source(rate)
	return err
}

// fill makes the beep of the block at the edge. Where the recording goes on after a
// pause it begins anew.
func (b *beeper) fill(spans []span, edge int64) {
	if b.cadence == nil {
		return
	}
	at := 0
	for _, s := range spans {
		if s.fresh {
			b.cadence.Fill(b.frame[at : s.from-edge])
			at = int(s.from - edge)
			b.cadence, _ = b.Source(b.rate) // as it was made before
		}
	}
	b.cadence.Fill(b.frame[at:])
}
