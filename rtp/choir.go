package rtp

import (
	"hash/maphash"
	"maps"
	"slices"

	"github.com/tandem-gateway/tandem/rtp/audio"
	"github.com/tandem-gateway/tandem/rtp/codec"
)

// choir is an encoder that seats of a room have in common, while they hear the same: in a
// room of 100 of whom 20 talk, 80 do. Those who may are those whose far ends take the same
// codec in packets of 20 ms, and who would hear the same if they themselves were silent. The
// choir is where most of them are, and so those who talk are not in it.
//
//	       the first of a choir, whose encoder's state it takes; later ones when they
//	       have heard the same for half a second and Encoder.Joins does not object
//	own ---------------------------------------------------------------------> shared
//	  <----------------------------------------------------------------------
//	       it hears something else: its encoder takes the choir's state
//
// Leaving cannot be heard, and joining hardly: see package codec. Each has a header of its
// own all the time. It is the room's, and under its lock.
type choir struct {
	part part

	encoder   codec.Encoder
	resampler *audio.Resampler
	pcm       []int16
	// out is which output it sings, if it does.
	out   int
	sings bool
	// counted is the output that is counted, votes what it has so far; most what out has.
	counted, votes, most int
	// packet has room for a header before the payload, whose length is 0 where there is
	// nothing to send.
	packet [headerSize + maxPayload]byte
	length int
}

// part is what those of a choir have in common: hears is a hash of whom they hear, each of
// them counted as if it heard itself.
type part struct {
	payload Payload
	rate    int
	hears   uint64
}

// like tells whether the encoder is the same.
func (p part) like(other part) bool { return p.payload == other.payload && p.rate == other.rate }

// settled is for how many ticks both encoders must have heard the same before a seat asks
// whether it may join, and again after how many more it does so when it may not: to find that
// out takes about a third of the time of encoding.
const (
	settled = 25
	again   = 10
)

// section is a choir and its seats.
type section struct {
	choir *choir
	seats []*seat
}

func newChoir(p part, sound int) (c *choir, err error) {
	c = &choir{part: p}
	c.packet[0] = 2 << 6
	if c.encoder, err = codec.NewEncoder(p.payload.format(), codec.Options{Rate: p.rate, Channels: 1}); err != nil {
		return nil, err
	}
	if p.rate != sound {
		c.resampler, err = audio.NewResampler(sound, p.rate)
	}
	return c, err
}

// compileChoirs makes choirs of the seats. One that has been there goes on with who was in
// it.
func (m *mix) compileChoirs() error {
	parts := m.parts()
	for _, p := range slices.SortedFunc(maps.Keys(parts), func(a, b part) int { return parts[a][0] - parts[b][0] }) {
		numbers := parts[p]
		if len(numbers) < 2 {
			continue
		}
		c, err := m.choirOf(p, numbers), error(nil)
		if c == nil {
			c, err = newChoir(p, m.room.mixer.Rate())
		}
		if err != nil {
			return err
		}
		m.who.enter(c, numbers)
	}
	return nil
}

// parts are the numbers of those who may be in one choir, in order.
func (m *mix) parts() map[part][]int {
	parts, sources, seed := make(map[part][]int), m.sources(), maphash.MakeSeed()
	for _, number := range slices.Sorted(maps.Keys(m.rows)) {
		s := m.who.seats[number]
		if s.mouth == nil || s.mouth.shape.Channels > 1 {
			continue
		}
		p := part{payload: s.mouth.payload, rate: s.mouth.rate}
		p.payload.Number = 0
		for _, h := range m.rows[number] {
			if h.Source != number {
				p.hears += maphash.Comparable(seed, h.Source)
			}
		}
		if _, heard := slices.BinarySearch(sources, number); heard {
			p.hears += maphash.Comparable(seed, number)
		}
		parts[p] = append(parts[p], number)
	}
	return parts
}

// choirOf is the first choir that one of some seats has been in and that no others are given;
// nil when there is none.
func (m *mix) choirOf(p part, numbers []int) *choir {
	before := m.room.present.Load()
	for _, number := range numbers {
		c := before.choirs[number]
		if c != nil && before.seats[number] == m.who.seats[number] && c.part.like(p) && !m.who.has(c) {
			return c
		}
	}
	return nil
}

// enter gives seats a choir.
func (o *occupants) enter(c *choir, numbers []int) {
	s := section{choir: c}
	for _, number := range numbers {
		o.choirs[number] = c
		s.seats = append(s.seats, o.seats[number])
	}
	o.sections = append(o.sections, s)
}

func (o *occupants) has(c *choir) bool {
	return slices.ContainsFunc(o.sections, func(s section) bool { return s.choir == c })
}

// seatChoirs puts the choirs of other occupants in force, with the room's lock.
func (o *occupants) seatChoirs(before *occupants) {
	for number, s := range before.seats {
		if o.seats[number] != s {
			s.assign(nil)
		}
	}
	for number, s := range o.seats {
		s.assign(o.choirs[number])
	}
	for _, old := range before.sections {
		if !o.has(old.choir) {
			old.choir.encoder.Close()
		}
	}
}

// disband ends the choirs, with the room's lock.
func (o *occupants) disband() {
	for _, section := range o.sections {
		for _, s := range section.seats {
			s.leave()
		}
		section.choir.encoder.Close()
	}
}

// sing lets the choirs encode what they sing of the outputs of a tick.
func (o *occupants) sing(outputs []audio.Output) {
	if len(o.sections) == 0 {
		return
	}
	for i := range outputs {
		for _, number := range outputs[i].Listeners {
			if s := o.seats[number]; s != nil && s.choir != nil && !s.left.Load() {
				s.output = i
				s.choir.vote(i, s.sings)
			}
		}
	}
	for _, section := range o.sections {
		section.sing(outputs)
	}
}

// vote counts one who hears an output; outputs come in order. Who is in the choir has two
// votes, so that it does not come and go where two are even.
func (c *choir) vote(output int, sings bool) {
	if c.counted != output {
		c.counted, c.votes = output, 0
	}
	c.votes++
	if sings {
		c.votes++
	}
	if c.votes > c.most {
		c.out, c.most = output, c.votes
	}
}

// sing encodes what most of the choir hear, if there are two of them or they are in it
// already. Those who hear something else leave before.
func (s section) sing(outputs []audio.Output) {
	c := s.choir
	c.sings = false
	for _, one := range s.seats {
		if one.sings && one.output != c.out {
			one.leave()
		}
		c.sings = c.sings || one.sings
	}
	if !c.sings && c.most > 1 {
		c.sings = slices.ContainsFunc(s.seats, (*seat).founds)
	}
	if c.sings {
		c.encode(outputs[c.out].PCM)
	}
	c.counted, c.votes, c.most = 0, 0, 0
}

func (c *choir) encode(pcm []int16) {
	if c.resampler != nil {
		c.pcm = c.resampler.Append(c.pcm[:0], pcm)
		pcm = c.pcm
	}
	c.length, _ = c.encoder.Encode(c.packet[headerSize:], pcm)
}

// assign says in which choir a seat is to be.
func (s *seat) assign(c *choir) {
	if s.choir != c {
		s.leave()
		s.choir = c
	}
}

// founds makes a seat the first one of its choir, if it can be.
func (s *seat) founds() bool {
	c := s.choir
	if s.output != c.out || s.waited < longestWait || s.left.Load() {
		return false
	}
	s.mouth.mu.Lock()
	defer s.mouth.mu.Unlock()
	if s.mouth.by != &s.source || !s.mouth.isEven() || !c.encoder.Follow(s.mouth.encoder) {
		return false
	}
	if c.resampler != nil {
		c.resampler.Follow(s.resampler)
	}
	s.sings = true
	return true
}

// joins lets a seat go over to its choir where it may, with its mouth's lock. pcm is what it
// hears in this tick.
func (s *seat) joins(pcm []int16) bool {
	c := s.choir
	if c == nil || !c.sings || s.output != c.out {
		s.alike = 0
		return false
	}
	if s.alike++; s.alike < settled || c.length == 0 {
		return false
	}
	s.sings = s.mouth.isEven() && s.mouth.encoder.Joins(c.packet[headerSize:][:c.length], pcm)
	if !s.sings {
		s.alike -= again
	}
	return s.sings
}

// leave lets a seat encode for itself from now on, with the room's lock.
func (s *seat) leave() {
	if !s.sings {
		return
	}
	s.sings, s.alike = false, 0
	s.mouth.mu.Lock()
	defer s.mouth.mu.Unlock()
	s.mouth.encoder.Follow(s.choir.encoder)
	if s.resampler != nil {
		s.resampler.Follow(s.choir.resampler)
	}
}

// depart ends a seat while its mouth goes on to speak for something else.
func (s *seat) depart() {
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	s.left.Store(true)
	s.leave()
}
