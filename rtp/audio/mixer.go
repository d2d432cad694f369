package audio

import (
	"fmt"
	"slices"
)

// Mixer makes the sound of one room: for each listener the sum of those whom it
// hears, and never itself. It is passive, and belongs to whoever drives it. Once
// in 20 ms that one puts in a frame of each source that has one, and then Tick
// gives what everybody hears.
//
// The sum is exact: where everybody hears everybody else, the sum of all is made
// once, and each is taken out of it for itself without a trace. It is made louder
// or quieter for nobody: the level is what the sources and their gains make.
// Only a sum that exceeds 16 bits goes through a limiter, which adds no delay.
//
// A source without a frame costs nothing, and one that is as good as silent next
// to nothing: it is left out when all its samples are zero, or after 200 ms in
// which none, with the highest gain that anybody hears it with, exceeded 16. That
// is -66 dBFS, the idle noise of G.711's A-law. Everybody else is heard, however
// many they are.
//
// Listeners who hear the same sources with the same gains share one frame, so
// that it can be encoded once for each codec: in a room of 100 in which 3 speak,
// there are 4 frames, and 97 listeners share one.
type Mixer struct {
	rate, samples int
	room          *Room
	// ticked is the room of the last tick. before is the same while there has been
	// no tick since SetRoom, and the next one fades from it; else nil.
	ticked, before *Room
	// members are those of the room, by index, and behind them until the next tick
	// those who have left. index has them all by number.
	members []member
	index   map[int]int
	// talking are the members of whom there is anything to hear in this tick, and
	// active those of them whom anybody in the room hears with the usual gain.
	talking []int
	active  []uint64
	share   sharing
	sums    sums
	outputs []Output
	turns   []Turn
	silence []int16
}

// member is what a mixer knows of a participant.
type member struct {
	number int
	// was is its index in the room before; -1 if it was not there.
	was int
	// frame is its sound of this tick, if there is one.
	frame   []int16
	present bool
	// talks tells that there is something to hear in it.
	talks  bool
	speech *SpeechDetector
	// quiet is for how many frames it has been as good as silent.
	quiet int
	// factor is where its limiter stands, as a listener.
	factor float64
	// group is that of its sound among those of this tick, as a listener.
	group int
}

// Output is a frame that one or more listeners hear.
type Output struct {
	// Listeners are their numbers, in order.
	Listeners []int
	// PCM is the frame.
	PCM []int16
	// Silent tells that it is all zeros, because nobody whom they hear makes a
	// sound.
	Silent bool
}

// Turn is the beginning or the end of somebody's speech.
type Turn struct {
	// Source is the number of who speaks.
	Source int
	// Speaking tells the beginning from the end.
	Speaking bool
}

// quietFrames is how long a source that is as good as silent is still mixed, and
// quietPeak what it may reach.
const (
	quietFrames = 10
	quietPeak   = 16
)

// NewMixer makes a mixer at a sampling rate in Hz of 8,000, 16,000 or 48,000. Its
// room is empty.
func NewMixer(rate int) (*Mixer, error) {
	if !slices.Contains(wavRates, rate) {
		return nil, fmt.Errorf("audio: mixing at %d samples a second: it must be one of %d", rate, wavRates)
	}
	m := &Mixer{rate: rate, samples: rate / 50}
	m.silence = make([]int16, m.samples)
	return m, nil
}

// Rate is the sampling rate in Hz.
func (m *Mixer) Rate() int { return m.rate }

// Samples is how many samples a frame has.
func (m *Mixer) Samples() int { return m.samples }

// SetRoom puts a room in force, from the next tick on. In that tick every gain
// that changes does so along a straight line over the frame's 20 ms, so that
// nothing clicks; to make that possible for somebody who leaves, put in a frame
// of his for that tick too. The first room is in force at once.
//
// What is known of a participant, by his number, is kept: whether he speaks, and
// where his limiter stands. It allocates; Tick does not.
func (m *Mixer) SetRoom(room *Room) {
	old, known := m.members, m.index
	m.room, m.before, m.index = room, m.ticked, make(map[int]int, len(room.numbers))
	m.members = make([]member, 0, max(len(room.numbers), len(old)))
	for _, number := range room.numbers {
		m.enter(number, old, known)
	}
	for _, left := range old {
		if _, stays := m.index[left.number]; !stays {
			m.enter(left.number, old, known)
		}
	}
	n := len(m.members)
	m.talking, m.active = make([]int, 0, n), make([]uint64, room.words)
	m.turns = make([]Turn, 0, 2*n)
	m.outputs = make([]Output, 0, len(room.numbers))
	m.share.prepare(room)
	m.sums.prepare(room, m.samples, n)
}

// enter adds a member, who may have been there already.
func (m *Mixer) enter(number int, old []member, known map[int]int) {
	var entering member
	if i, ok := known[number]; ok && i < len(old) {
		entering = old[i]
	} else {
		entering = member{number: number, factor: 1, quiet: quietFrames}
		entering.frame, entering.speech = make([]int16, m.samples), NewSpeechDetector(m.rate)
	}
	entering.was = -1
	if m.before != nil {
		entering.was = m.before.indexOf(number)
	}
	m.index[number] = len(m.members)
	m.members = append(m.members, entering)
}

// Put gives a source's frame for the next tick. It is copied. A frame that is too
// short is filled up with silence, and what is too long is left out. It tells
// whether the source is in the room.
func (m *Mixer) Put(source int, pcm []int16) bool {
	i, ok := m.index[source]
	if !ok || i >= len(m.members) {
		return false
	}
	s := &m.members[i]
	clear(s.frame[copy(s.frame, pcm):])
	s.present = true
	return true
}

// Tick gives the sound of the next 20 ms: each listener of the room is in one
// output. The outputs and their frames are good until the next tick, and must not
// be changed.
func (m *Mixer) Tick() []Output {
	m.outputs, m.turns = m.outputs[:0], m.turns[:0]
	if m.room == nil {
		return nil
	}
	m.listen()
	m.assemble()
	m.mix()
	m.seat()
	m.finish()
	return m.outputs
}

// Turns gives whose speech began or ended with the last tick. It is good until
// the next one. Who leaves the room while he speaks has ended.
func (m *Mixer) Turns() []Turn { return m.turns }

// listen finds out who is speaking, and whom there is anything to hear of.
func (m *Mixer) listen() {
	m.talking = m.talking[:0]
	clear(m.active)
	for i := range m.members {
		s := &m.members[i]
		if s.hear() {
			m.turns = append(m.turns, Turn{s.number, s.speech.Speaking()})
		}
		if s.talks = s.present && m.audible(i); s.talks {
			m.talking = append(m.talking, i)
			if i < len(m.room.numbers) {
				m.active[i/64] |= 1 << (i % 64)
			}
		}
	}
	for k, common := range m.room.common {
		m.active[k] &= common
	}
}

func (s *member) hear() (changed bool) {
	if !s.present {
		return s.speech.Hear(nil)
	}
	return s.speech.Hear(s.frame)
}

// audible tells whether a frame is to be mixed. While gains change all are but
// silence.
func (m *Mixer) audible(i int) bool {
	s, gain := &m.members[i], int64(unity)
	if i < len(m.room.numbers) {
		gain = max(m.room.loudest[i], 1)
	}
	limit := quietPeak * unity / gain
	if s.speech.power > float64(limit*limit) { // no need to look for a peak
		s.quiet = 0
		return true
	}
	silent, quiet := within(s.frame, limit)
	if !quiet {
		s.quiet = 0
		return true
	}
	s.quiet++
	return !silent && (s.quiet <= quietFrames || m.before != nil)
}

// within tells whether all samples are zero, and whether none exceeds a limit.
func within(pcm []int16, limit int64) (zero, below bool) {
	some, over := int64(0), int64(0)
	for _, sample := range pcm {
		x := int64(sample)
		some |= x
		over |= (limit - x) | (limit + x)
	}
	return some == 0, over >= 0
}

// finish forgets the tick's frames, and those who have left.
func (m *Mixer) finish() {
	staying := len(m.room.numbers)
	for _, left := range m.members[staying:] {
		if left.speech.Speaking() {
			m.turns = append(m.turns, Turn{left.number, false})
		}
	}
	m.ticked, m.before, m.members = m.room, nil, m.members[:staying]
	for i := range m.members {
		m.members[i].present = false
	}
}
