package rtp

import (
	"slices"

	"github.com/tandem-gateway/tandem/rtp/audio"
)

// listening is a listener with an ear. When another one takes its place, the decoders go
// on there: one that begins in the middle of a stream is wrong for a while (Opus has the
// levels of its bands by their difference from the last packet's, G.722 all of it).
type listening interface {
	listener
	// yield gives away the decoders.
	yield() []*voice
	// adopt takes them over.
	adopt([]*voice)
}

// handOver gives the decoders of a listener that does not hear a source any more to one
// that has not heard it before.
func handOver(before, after *path) {
	old, fresh := unmatched(before, after), unmatched(after, before)
	if old != nil && fresh != nil {
		fresh.adopt(old.yield())
	}
}

// unmatched is the first listener with an ear on some paths that is not on others.
func unmatched(paths, others *path) listening {
	for p := paths; p != nil; p = p.next {
		if l, ok := p.to.(listening); ok && !leadsTo(others, l) {
			return l
		}
	}
	return nil
}

func leadsTo(paths *path, l listener) bool {
	for p := paths; p != nil; p = p.next {
		if p.to == l {
			return true
		}
	}
	return false
}

func (e *ear) yield() (voices []*voice) {
	voices, e.voices = e.voices, nil
	return voices
}

// adopt takes over the decoders that are of use here, and closes the others.
func (e *ear) adopt(voices []*voice) {
	for _, v := range voices {
		if !e.take(v) {
			v.decoder.Close()
		}
	}
}

// take takes over a decoder, if the source still speaks that codec and it decodes to a
// rate that is of use.
func (e *ear) take(v *voice) bool {
	rate := v.decoder.Shape().Rate
	i := slices.Index(e.spoken, *v.payload)
	known := slices.ContainsFunc(e.voices, func(o *voice) bool { return o.payload.Number == v.payload.Number })
	if i < 0 || known || v.payload.Codec.isOpus() && rate != e.rate {
		return false
	}
	if v.to != e.rate {
		r, err := audio.NewResampler(rate, e.rate)
		if err != nil {
			return false
		}
		v.resampler, v.to = r, e.rate
	}
	v.payload = &e.spoken[i]
	e.voices = append(e.voices, v)
	return true
}

func (t *transcoder) yield() []*voice {
	t.mouth.mu.Lock()
	defer t.mouth.mu.Unlock()
	return t.ear.yield()
}

func (t *transcoder) adopt(voices []*voice) {
	t.mouth.mu.Lock()
	defer t.mouth.mu.Unlock()
	t.ear.adopt(voices)
}

func (n *inlet) yield() []*voice {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.last = nil
	return n.ear.yield()
}

func (n *inlet) adopt(voices []*voice) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ear.adopt(voices)
}
