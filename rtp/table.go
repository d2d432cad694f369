package rtp

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Table says who hears whom: for every listener, by its number, the sources it
// hears. A listener that is missing, or has an empty list, hears nothing. A
// table is the whole media behaviour of a call; the numbers are whatever the
// caller of Compile calls its ends.
type Table map[int][]Heard

// Heard is a source as a listener hears it.
type Heard struct {
	// Source is the number of the source.
	Source int
	// Gain is in dB; 0 leaves the sound as it is.
	Gain float64
}

// End is what a number in a table stands for: a *Session is a source and a
// listener, a *Feed and a *Player are sources, a *Sink a listener. Any number
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

// HearingError says that a listener cannot be given what a table asks for,
// because that takes more than a relay.
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

// Errors of Compile that are not about what a relay can do.
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
	p := &Paths{from: make(map[*source]*path, len(ends)), to: make(map[listener]*path, len(ends))}
	for _, e := range ends {
		p.add(e)
	}
	for _, number := range slices.Sorted(maps.Keys(table)) {
		if err := p.compile(number, table[number], ends); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *Paths) add(e End) {
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
	way, err := relay(number, heard[0], ends)
	if err != nil {
		return err
	}
	if len(heard) > 1 {
		why := fmt.Sprintf("it hears %d sources at once", len(heard))
		return &HearingError{number, heard[1].Source, Mix, why}
	}
	way.next = p.from[way.from]
	p.from[way.from] = way
	p.to[way.to] = way
	return nil
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
