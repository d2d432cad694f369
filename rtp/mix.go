package rtp

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tandem-gateway/tandem/rtp/audio"
)

// mix is the part of a table that takes a room: the rows of those who hear several
// sources, and of taps. It is one room, though some of its listeners may have no source
// in common: their sums cost what they would apart.
type mix struct {
	ends map[int]End
	rows map[int][]Heard
	// room is the one that there is already, if it is as it should be; else it is made.
	room    *room
	who     *occupants
	hearing *audio.Room
	tell    func(now time.Time, source int, speaking bool)
}

// OnSpeech has a function told who of those who are mixed begins and ends to speak, by
// their numbers in the table: that is once 60 ms of speech have come, and 400 ms after
// the last of it (audio.SpeechDetector). It is to be called before Swap, and is called by
// the clock: it must not block. With the next paths it ends.
func (p *Paths) OnSpeech(tell func(now time.Time, source int, speaking bool)) { p.mix.tell = tell }

// add takes a row.
func (m *mix) add(number int, heard []Heard) {
	if m.rows == nil {
		m.rows = make(map[int][]Heard)
	}
	m.rows[number] = heard
}

// mixes tells whether a row takes a mix: several sources, or a tap, which hears by the
// clock.
func mixes(to listener, heard []Heard) bool {
	_, tap := to.(*Tap)
	return tap || len(heard) > 1
}

// compileMix makes a room of the rows, and paths into it and out of it.
func (p *Paths) compileMix() error {
	m := &p.mix
	if len(m.rows) == 0 {
		return nil
	}
	if err := m.check(); err != nil {
		return err
	}
	var err error
	if m.hearing, err = m.table(); err != nil {
		return err
	}
	if err = m.find(p.to); err != nil {
		return err
	}
	m.who = &occupants{seats: make(map[int]*seat, len(m.rows)), choirs: make(map[int]*choir)}
	for _, number := range m.sources() {
		p.enterSource(number)
	}
	for number := range m.rows {
		if err := p.seat(number); err != nil {
			return err
		}
	}
	return m.compileChoirs()
}

// check refuses rows that cannot be mixed.
func (m *mix) check() error {
	for _, number := range slices.Sorted(maps.Keys(m.rows)) {
		heard := m.rows[number]
		if err := m.checkListener(number, heard); err != nil {
			return err
		}
		for _, h := range heard {
			if err := m.checkSource(number, h.Source); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *mix) checkSource(number, source int) error {
	_, spoken, err := sourceAt(source, m.ends)
	if err == nil && sounding(spoken) == nil {
		why := fmt.Sprintf("the source sends %s, and there is no codec here for it", names(spoken))
		err = &HearingError{number, source, Mix, why}
	}
	return err
}

// checkListener refuses a listener that takes no sound made here. It was found before.
func (m *mix) checkListener(number int, heard []Heard) error {
	second := heard[min(1, len(heard)-1)].Source
	switch to := m.ends[number].hears().(type) {
	case *Tap:
		return nil
	case *Session:
		taken, _ := to.wishes()
		switch {
		case len(taken) == 0:
			return fmt.Errorf("%w: listener %d", ErrNoCodecs, number)
		case sounding(taken) == nil:
			why := fmt.Sprintf("the listener takes %s, and there is no codec here for it", names(taken))
			return &HearingError{number, second, Mix, why}
		}
		return nil
	}
	why := fmt.Sprintf("it hears %d sources at once", len(heard))
	return &HearingError{number, second, Mix, why}
}

// table is the rows as the mixer takes them.
func (m *mix) table() (*audio.Room, error) {
	table := make(map[int][]audio.Heard, len(m.rows))
	for number, heard := range m.rows {
		row := make([]audio.Heard, len(heard))
		for i, h := range heard {
			row[i] = audio.Heard(h)
		}
		table[number] = row
	}
	return audio.NewRoom(table)
}

// sources are the numbers of all that is heard.
func (m *mix) sources() []int {
	var all []int
	for _, heard := range m.rows {
		for _, h := range heard {
			all = append(all, h.Source)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// rate is the highest sampling rate that two of those in the room have: one alone has
// nobody to make use of it.
func (m *mix) rate() int {
	best := make(map[int]int)
	for _, number := range m.sources() {
		_, spoken := m.ends[number].speaks()
		best[number] = rateOf(sounding(spoken))
	}
	for number := range m.rows {
		best[number] = max(best[number], takenRate(m.ends[number].hears()))
	}
	rates := slices.Sorted(maps.Values(best))
	return rates[max(0, len(rates)-2)]
}

// takenRate is the sampling rate of what a listener of a mix takes.
func takenRate(l listener) int {
	if t, ok := l.(*Tap); ok {
		return t.rate
	}
	taken, _ := l.(*Session).wishes()
	return rateOf(sounding(taken))
}

// find finds the room in which somebody is already, or makes one.
func (m *mix) find(listeners map[listener]*path) (err error) {
	rate := m.rate()
	for _, number := range slices.Sorted(maps.Keys(m.rows)) {
		s := seatOf(m.ends[number].hears().current())
		if s != nil && s.room.mixer.Rate() == rate && m.owns(s.room, listeners) {
			m.room = s.room
			return nil
		}
	}
	for number := range m.rows {
		m.room, err = newRoom(clockOf(m.ends[number].hears()), rate)
		break
	}
	return err
}

// owns tells whether all who hear by a room are this table's to say what they hear. A
// listener may have come from another call, whose room that is.
func (*mix) owns(r *room, listeners map[listener]*path) bool {
	for _, s := range r.present.Load().seats {
		if _, ours := listeners[s.to]; !ours && s.to.hearsBy(s.way) {
			return false
		}
	}
	return true
}

// clockOf is the clock of a listener's engine.
func clockOf(l listener) *metronome {
	if t, ok := l.(*Tap); ok {
		return t.clock
	}
	return &l.(*Session).engine.clock
}

// seatOf is the seat by which a listener hears; nil when it hears no mix.
func seatOf(p *path) *seat {
	if p == nil {
		return nil
	}
	s, _ := p.from.maker.(*seat)
	return s
}

// enterSource makes the path of a source into the room.
func (p *Paths) enterSource(number int) {
	m := &p.mix
	from, spoken := m.ends[number].speaks()
	n := m.room.inlet(number, from, spoken)
	if n == nil {
		n = newInlet(m.room, number, from, spoken)
	}
	m.who.inlets = append(m.who.inlets, n)
	way := &path{from: from, to: n}
	way.next = p.from[from]
	p.from[from] = way
}

// seat makes the path out of the room to a listener.
func (p *Paths) seat(number int) (err error) {
	m := &p.mix
	var s *seat
	switch to := m.ends[number].hears().(type) {
	case *Tap:
		s, err = m.seatTap(to)
	case *Session:
		s, err = m.seatSession(to)
	}
	if err != nil {
		return fmt.Errorf("rtp: listener %d: %w", number, err)
	}
	m.who.seats[number] = s
	p.to[s.to] = s.way
	return nil
}

func (m *mix) seatTap(t *Tap) (*seat, error) {
	if s := seatOf(t.current()); s != nil && s.room == m.room {
		return s, nil
	}
	s, err := newSeat(m.room, t, t.rate)
	if err == nil {
		s.tap, s.way = t, &path{from: &s.source, to: t}
	}
	return s, err
}

func (m *mix) seatSession(to *Session) (*seat, error) {
	current := to.current()
	taken, ptime := to.wishes()
	takes := sounding(taken)
	mouth, err := mouthFor(mouthOf(current), takes, mouthRate(takes, m.room.mixer.Rate()), ptime)
	if err != nil {
		return nil, err
	}
	if s := seatOf(current); s != nil && s.room == m.room && s.mouth == mouth {
		return s, nil
	}
	s, err := newSeat(m.room, to, mouth.rate)
	if err == nil {
		s.mouth, s.way = mouth, mouth.path(&s.source, to, taken)
	}
	return s, err
}
