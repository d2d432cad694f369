package rtp

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tandem-gateway/tandem/rtp/audio"
)

// room is a mix: those listeners of a table who hear several sources, and the sources.
// The clock pulls it every 20 ms.
//
//	source -> inlet: jitter buffer -> ear --+
//	source -> inlet: jitter buffer -> ear --+-> mixer -+-> seat: mouth -----------> listener
//	player -> inlet ------------------------+          +-> choir -> seat: mouth --> listener
//	                                                   +-> seat: tap
type room struct {
	clock *metronome
	place place
	// present are those who are in it.
	present atomic.Pointer[occupants]

	// mu keeps a tick and a change of the room apart.
	mu    sync.Mutex
	mixer *audio.Mixer
	// leaving are inlets that are heard for one more tick, so that they fade.
	leaving []*inlet
	// tell is told who begins and ends to speak; nil when nobody wants to know.
	tell func(now time.Time, source int, speaking bool)
}

// occupants are those in a room, by their numbers in the table.
type occupants struct {
	inlets []*inlet
	seats  map[int]*seat
	// choirs has those of the seats that have one, sections each once.
	choirs   map[int]*choir
	sections []section
}

func newRoom(clock *metronome, rate int) (*room, error) {
	m, err := audio.NewMixer(rate)
	if err != nil {
		return nil, err
	}
	r := &room{clock: clock, mixer: m}
	r.present.Store(&occupants{})
	return r, nil
}

// inlet finds the inlet of a source, if it is as it should be.
func (r *room) inlet(number int, from *source, spoken []Payload) *inlet {
	for _, n := range r.present.Load().inlets {
		if n.number == number && n.from == from && slices.Equal(n.spoken, spoken) {
			return n
		}
	}
	return nil
}

// set puts another set of occupants in force.
func (r *room) set(who *occupants, hearing *audio.Room, tell func(time.Time, int, bool)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.present.Load()
	for _, n := range before.inlets {
		if !slices.Contains(who.inlets, n) {
			r.leaving = append(r.leaving, n)
		}
	}
	who.seatChoirs(before)
	r.present.Store(who)
	r.mixer.SetRoom(hearing)
	r.tell = tell
}

// wanted tells whether anybody hears by it.
func (r *room) wanted() bool {
	for _, s := range r.present.Load().seats {
		if s.to.hearsBy(s.way) {
			return true
		}
	}
	return false
}

func (r *room) at() *place { return &r.place }

// settle starts or stops the room and the players in it. A room that is out of force
// frees its decoders, which would be made again if it came back, and its choirs.
func (r *room) settle() {
	r.clock.settle(&r.clock.rooms, r)
	wanted := r.wanted()
	if !wanted {
		r.mu.Lock()
		r.present.Load().disband()
		r.mu.Unlock()
	}
	for _, n := range r.present.Load().inlets {
		n.from.settle()
		if !wanted {
			n.close()
		}
	}
}

// pull makes a tick.
func (r *room) pull(now, slot time.Time) {
	turns, tell := r.tick(now, slot)
	for _, t := range turns {
		tell(now, t.Source, t.Speaking)
	}
}

// tick mixes 20 ms, and gives who has begun or ended to speak, if that is to be told.
func (r *room) tick(now, slot time.Time) (turns []audio.Turn, tell func(time.Time, int, bool)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	who := r.present.Load()
	for _, n := range r.leaving {
		n.put(slot, r.mixer)
		n.close()
	}
	clear(r.leaving)
	r.leaving = r.leaving[:0]
	for _, n := range who.inlets {
		n.put(slot, r.mixer)
	}
	r.speak(now, slot, who)
	if r.tell == nil {
		return nil, nil
	}
	return r.mixer.Turns(), r.tell
}

// speak brings the mixes to those who hear them. Others may run meanwhile: packets that
// are relayed wait for it.
func (r *room) speak(now, slot time.Time, who *occupants) {
	said, outputs := 0, r.mixer.Tick()
	who.sing(outputs)
	for _, out := range outputs {
		for _, number := range out.Listeners {
			if s := who.seats[number]; s != nil {
				s.hear(now, slot, out)
			}
			if said++; said%turn == 0 {
				runtime.Gosched()
			}
		}
	}
}

// seat is a listener in a room: what it hears comes from here.
type seat struct {
	source source
	way    *path
	room   *room
	to     listener
	// mouth is how a session is spoken to; nil for a tap.
	mouth *mouth
	tap   *Tap
	// waited is for how many ticks nothing has been sent, while no sound has come yet.
	waited int
	// left is set when the listener hears something else from now on.
	left atomic.Bool
	// pcm brings sound to the rate of the listener.
	resampler *audio.Resampler
	pcm       []int16

	// choir is whose encoder it may share, nil for none, and sings that it does. output is
	// the mixer's that it hears, alike for how many ticks the choir has sung just that.
	choir         *choir
	sings         bool
	output, alike int
}

// longestWait is how many silent ticks a listener who comes into a room is not sent: the
// sources' first packets are on their way, and what it heard before has a packet's time
// to end.
const longestWait = 3

func newSeat(r *room, to listener, rate int) (*seat, error) {
	s := &seat{room: r, to: to}
	s.source.maker = s
	if rate == r.mixer.Rate() {
		return s, nil
	}
	var err error
	s.resampler, err = audio.NewResampler(r.mixer.Rate(), rate)
	return s, err
}

func (s *seat) settle() { s.room.settle() }

// hear takes the mix of a tick.
func (s *seat) hear(now, slot time.Time, out audio.Output) {
	if s.sings {
		s.sing(now)
		return
	}
	pcm := out.PCM
	if s.resampler != nil {
		s.pcm = s.resampler.Append(s.pcm[:0], pcm)
		pcm = s.pcm
	}
	if s.tap != nil {
		s.tap.hearMix(slot, s.way, pcm)
		return
	}
	if s.waited < longestWait {
		if s.waited++; out.Silent {
			return
		}
		s.waited = longestWait
	}
	s.say(now, pcm)
}

// say says sound, as part of the choir if the seat goes over to that now.
func (s *seat) say(now time.Time, pcm []int16) {
	s.mouth.mu.Lock()
	defer s.mouth.mu.Unlock()
	if s.left.Load() {
		return
	}
	s.mouth.turn(&s.source)
	if s.joins(pcm) {
		s.mouth.pass(now, s.way, s.choir.packet[:], s.choir.length)
	} else {
		s.mouth.say(now, s.way, pcm, framePeriod)
	}
}

// sing says what the choir has encoded.
func (s *seat) sing(now time.Time) {
	s.mouth.mu.Lock()
	defer s.mouth.mu.Unlock()
	if !s.left.Load() {
		s.mouth.pass(now, s.way, s.choir.packet[:], s.choir.length)
	}
}
