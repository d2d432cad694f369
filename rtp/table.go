package rtp

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Table says who hears whom: for every listener, by its number, the sources it
// hears. A listener that is missing, or has an empty list, hears nothing. A
// table is the whole media behaviour of a call; the numbers are whatever the
// caller of Compile calls its ends. Among several sources a listener does not hear
// itself, though its row may say so.
type Table map[int][]Heard

// Heard is a source as a listener hears it.
type Heard struct {
	// Source is the number of the source.
	Source int
	// Gain is in dB, up to audio.MaxGain; 0 leaves the sound as it is. A change takes
	// 20 ms, without a click.
	Gain float64
}

// End is what a number in a table stands for: a *Session is a source and a
// listener, a *Feed and a *Player are sources, a *Sink and a *Tap listeners. Any number
// will do, also a negative one.
type End interface {
	// speaks is where the end's packets come in, and with which numbers; nil when
	// it is no source.
	speaks() (*source, []Payload)
	// hears is the end as a listener; nil when it is none.
	hears() listener
}

// Way is one of the three ways to be heard.
type Way uint8

// The ways.
const (
	Relay Way = iota
	Transcode
	Mix
)

// String gives the way's name.
func (w Way) String() string {
	return [...]string{"relay", "transcode", "mix"}[w]
}

// HearingError says that a listener cannot be given what a table asks for, for want of
// a codec or because it takes packets only (Sink).
type HearingError struct {
	// Listener and Source are numbers of the table. Where it takes a mix, Source
	// is the second one heard.
	Listener, Source int
	// Needs is what it would take.
	Needs Way
	// Why says what stands against a relay.
	Why string
}

// Error names both ends, what it takes and why.
func (e *HearingError) Error() string {
	return fmt.Sprintf("rtp: listener %d cannot hear source %d: it needs to %s: %s", e.Listener, e.Source, e.Needs, e.Why)
}

// Errors of Compile that are not about what can be heard.
var (
	// ErrNoEnd: a table names an end that is not there, or not of that kind.
	ErrNoEnd = errors.New("rtp: no such end")
	// ErrNoCodecs: a session has not been told what was negotiated.
	ErrNoCodecs = errors.New("rtp: nothing negotiated yet: call SetRemote before Compile")
)

// Paths is a compiled table. It has no effect before Swap.
type Paths struct {
	// from has the first path of each source among the ends, to the path by which
	// each listener among them hears; nil for none.
	from map[*source]*path
	to   map[listener]*path
	// gains are those that transcoders are to have.
	gains map[*transcoder]float64
	// tones says of the sessions among the ends whether keys are listened for in their sound.
	tones map[*Session]bool
	mix   mix
}

// Compile makes paths of a table and the ends that it speaks of. All sources of
// the table must be among the ends, and all ends that an older table of the
// call named should be: those who are in no path any more become silent.
//
// Paths are made of what was negotiated at this moment. After a SetRemote that
// changes payload numbers, compile again; the same table over the same ends
// disturbs nothing.
//
// Errors wrap a *HearingError, ErrNoEnd or ErrNoCodecs.
func Compile(table Table, ends map[int]End) (*Paths, error) {
	p := &Paths{from: make(map[*source]*path, len(ends)), to: make(map[listener]*path, len(ends)), gains: make(map[*transcoder]float64), tones: make(map[*Session]bool)}
	p.mix.ends = ends
	for _, e := range ends {
		p.add(e)
	}
	for _, number := range slices.Sorted(maps.Keys(table)) {
		if err := p.compile(number, table[number], ends); err != nil {
			return nil, err
		}
	}
	if err := p.compileMix(); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Paths) add(e End) {
	if s, ok := e.(*Session); ok {
		p.tones[s] = false
	}
	if s, _ := e.speaks(); s != nil {
		p.from[s] = nil
	}
	if l := e.hears(); l != nil {
		p.to[l] = nil
	}
}

// compile is the rule: one source, same codec: relay. One source, another codec:
// transcode. Several: mix.
func (p *Paths) compile(number int, heard []Heard, ends map[int]End) error {
	if len(heard) == 0 {
		return nil
	}
	to, err := listenerAt(number, ends)
	if err != nil {
		return err
	}
	for _, h := range heard {
		p.listenFor(ends[number], ends[h.Source])
	}
	if mixes(to, heard) {
		p.mix.add(number, heard)
		return nil
	}
	way, err := relay(number, heard[0], ends)
	var not *HearingError
	if errors.As(err, &not) && not.Needs == Transcode {
		return p.transcode(number, heard[0], ends, not)
	}
	if err != nil {
		return err
	}
	way.muted = p.muted(ends[heard[0].Source], ends[number])
	p.enter(way, way)
	return nil
}

// listenFor has keys listened for in the sound of a source for a listener who takes keys,
// where the source has no other way to tell them.
func (p *Paths) listenFor(to, from End) {
	l, ok := to.(*Session)
	s, too := from.(*Session)
	if ok && too && l.takesKeys() && s.hasOnlyTones() {
		p.tones[s] = true
	}
}

// ListenForKeys has the keys listened for that a far end presses as tones, though nobody
// hears them who takes keys otherwise; see Session.OnKeys. It is to be called before Swap,
// with a session that is among the ends. With the next paths it ends.
func (p *Paths) ListenForKeys(s *Session) {
	if s.hasOnlyTones() {
		p.tones[s] = true
	}
}

// muted is set while a key sounds in what a source sends, for a listener who is told of
// keys otherwise; nil for others.
func (*Paths) muted(from, to End) *atomic.Bool {
	s, ok := from.(*Session)
	l, too := to.(*Session)
	if ok && too && l.takesKeys() && s.hasOnlyTones() {
		return &s.toned
	}
	return nil
}

// enter adds a path that leaves a source, and the one by which a listener hears it.
func (p *Paths) enter(leaving, arriving *path) {
	leaving.next = p.from[leaving.from]
	p.from[leaving.from] = leaving
	p.to[arriving.to] = arriving
}

// relay makes the path of one source to one listener.
func relay(number int, heard Heard, ends map[int]End) (*path, error) {
	to, err := listenerAt(number, ends)
	if err != nil {
		return nil, err
	}
	from, spoken, err := sourceAt(heard.Source, ends)
	if err != nil {
		return nil, err
	}
	if heard.Gain != 0 {
		why := fmt.Sprintf("a gain of %g dB changes the sound", heard.Gain)
		return nil, &HearingError{number, heard.Source, Transcode, why}
	}
	way := &path{from: from, to: to}
	way.rewrites, err = to.match(way.inline[:0], spoken)
	var none noCommonCodec
	switch {
	case errors.As(err, &none):
		return nil, &HearingError{number, heard.Source, Transcode, none.Error()}
	case err != nil:
		return nil, fmt.Errorf("%w: listener %d", err, number)
	}
	return way, nil
}

// transcode makes the paths of one source to one listener by way of a transcoder, if
// it can; not is why it must.
func (p *Paths) transcode(number int, heard Heard, ends map[int]End, not *HearingError) error {
	to, ok := ends[number].hears().(*Session)
	if !ok {
		return not
	}
	from, spoken := ends[heard.Source].speaks()
	taken, ptime := to.wishes()
	says, takes := sounding(spoken), sounding(taken)
	switch {
	case len(taken) == 0:
		return fmt.Errorf("%w: listener %d", ErrNoCodecs, number)
	case says == nil || takes == nil:
		not.Why += ", and there is no codec here for one of them"
		return not
	}
	if err := checkGain(number, heard); err != nil {
		return err
	}
	t, err := transcoderFor(to, from, spoken, taken, mouthRate(takes, rateOf(says)), ptime)
	if err != nil {
		return fmt.Errorf("rtp: listener %d: %w", number, err)
	}
	p.gains[t] = heard.Gain
	p.enter(&path{from: from, to: t, muted: p.muted(ends[heard.Source], to)}, t.way)
	return nil
}

// transcoderFor gives the transcoder by which a session hears already, if it is as it
// should be, or another one.
func transcoderFor(to *Session, from *source, spoken, taken []Payload, rate int, ptime time.Duration) (*transcoder, error) {
	current := to.current()
	m, err := mouthFor(mouthOf(current), sounding(taken), rate, ptime)
	if err != nil {
		return nil, err
	}
	if current != nil {
		t, ok := current.from.maker.(*transcoder)
		if ok && t.mouth == m && t.fits(from, spoken, taken) {
			return t, nil
		}
	}
	return newTranscoder(from, spoken, to, taken, m)
}

// noCommonCodec says that a listener takes nothing of what a source sends.
type noCommonCodec struct{ spoken, taken []Payload }

func (n noCommonCodec) Error() string {
	return fmt.Sprintf("the source sends %s, the listener takes %s", names(n.spoken), names(n.taken))
}

func names(list []Payload) string {
	var b strings.Builder
	for i, p := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(p.Codec.String())
	}
	return b.String()
}

func listenerAt(number int, ends map[int]End) (listener, error) {
	e := ends[number]
	if e == nil {
		return nil, fmt.Errorf("%w: listener %d is not among the ends", ErrNoEnd, number)
	}
	l := e.hears()
	if l == nil {
		return nil, fmt.Errorf("%w: end %d is no listener", ErrNoEnd, number)
	}
	return l, nil
}

func sourceAt(number int, ends map[int]End) (*source, []Payload, error) {
	e := ends[number]
	if e == nil {
		return nil, nil, fmt.Errorf("%w: source %d is not among the ends", ErrNoEnd, number)
	}
	s, spoken := e.speaks()
	if s == nil {
		return nil, nil, fmt.Errorf("%w: end %d is no source", ErrNoEnd, number)
	}
	if len(spoken) == 0 {
		return nil, nil, fmt.Errorf("%w: source %d", ErrNoCodecs, number)
	}
	return s, spoken, nil
}
