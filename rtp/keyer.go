package rtp

import (
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/tandem-gateway/tandem/rtp/audio"
	"github.com/tandem-gateway/tandem/rtp/dtmf"
)

// ErrNoKeys says that a far end cannot be told keys: it takes no telephone-event, and no
// sound that is made here.
var ErrNoKeys = errors.New("rtp: the far end takes no keys: neither telephone-event nor a codec that there is here")

// longestKey is how long a key is down at most. Whoever releases it may have gone.
const longestKey = time.Minute

// PressKey tells the far end that a key is down, until ReleaseKey or the next one: by
// telephone-event where it takes that (RFC 4733), else by the key's tones. While it is told
// keys it does not hear what its row of the table says; what it hears is one stream all the
// same. The error is ErrNoKeys, ErrClosed, dtmf.ErrDigit or dtmf.ErrFull.
func (s *Session) PressKey(d dtmf.Digit) error {
	return s.keys(func(q keyQueue) error { return q.Press(d) })
}

// ReleaseKey says that the key which is down is up, and how long it was down.
func (s *Session) ReleaseKey(duration time.Duration) {
	if k := s.speaker.Load(); k != nil {
		k.release(duration)
	}
}

// SendKey tells the far end a whole key, as PressKey does, behind those that it is still to
// be told. Keys and the pauses between them have at least the lengths of package dtmf.
func (s *Session) SendKey(d dtmf.Digit, duration time.Duration) error {
	return s.keys(func(q keyQueue) error { return q.Send(d, duration) })
}

// keys puts something into the queue, and has it told.
func (s *Session) keys(put func(keyQueue) error) error {
	k := s.speaker.Load()
	if k == nil {
		s.speaker.CompareAndSwap(nil, newKeyer(s))
		k = s.speaker.Load()
	}
	err := k.take(put)
	s.engine.clock.settle(&s.engine.clock.rooms, k)
	return err
}

// keyQueue is keys on their way: of a dtmf.Sender or an audio.Keypad.
type keyQueue interface {
	Press(dtmf.Digit) error
	Release(time.Duration)
	Send(dtmf.Digit, time.Duration) error
	Front() (d dtmf.Digit, duration time.Duration, down, ok bool)
}

// keyer tells a far end keys, in the place of what it hears. It is a source that cuts in:
// continuity joins it on to what came before and comes after. The clock pulls it while
// there are keys.
//
// What follows a key is not let in before the key is over on the far end's clock, and so a
// key's packets are 20 ms apart whatever the far end's packet time is.
type keyer struct {
	session *Session
	source  source
	place   place

	mu sync.Mutex
	// queue is the sender's or the keypad's; nil while nothing is told.
	queue  keyQueue
	sender *dtmf.Sender
	keypad *audio.Keypad
	way    *path
	// events are told under this header; clock is that of the far end's sound, rate that of
	// its events.
	next        header
	clock, rate uint32
	// mouth speaks the tones.
	mouth *mouth
	pcm   []int16
	// begun is the slot of the first packet, also of those told before; last that of the
	// last one; downs is for how long a key is down.
	begun, last time.Time
	downs       time.Duration
	packet      [headerSize + dtmf.PayloadSize]byte
}

func newKeyer(s *Session) *keyer {
	k := &keyer{session: s}
	k.packet[0] = 2 << 6
	k.next = header{
		ssrc:      rand.Uint32(),
		timestamp: rand.Uint32(),
		sequence:  uint16(rand.Uint32()),
		begin:     headerSize,
		end:       headerSize + dtmf.PayloadSize,
	}
	return k
}

// take puts something into the queue. Where that is empty it begins.
func (k *keyer) take(put func(keyQueue) error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.queue == nil {
		if err := k.begin(); err != nil {
			return err
		}
	}
	err := put(k.queue)
	if k.idle() {
		k.end()
	}
	return err
}

func (k *keyer) release(duration time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.queue != nil {
		k.queue.Release(duration)
	}
}

// begin settles how the far end is told keys, and cuts in.
func (k *keyer) begin() error {
	taken, ptime := k.session.wishes()
	sound := sounding(taken)
	err := k.beginEvents(taken)
	if errors.Is(err, ErrNoKeys) && sound != nil {
		err = k.beginTones(sound, ptime)
	}
	if err != nil {
		return err
	}
	k.last, k.downs = time.Time{}, 0
	if !k.session.cutIn(true) {
		k.end()
		return ErrClosed
	}
	return nil
}

// beginEvents prepares for a far end that takes telephone-event. The timestamps are in the
// clock of what it hears; one SSRC has only one.
func (k *keyer) beginEvents(taken []Payload) error {
	k.clock = k.session.hearingClock()
	events := keysIn(taken, k.clock)
	if events == nil {
		return ErrNoKeys
	}
	k.rate = events.Codec.Rate
	if k.clock == 0 {
		k.clock = k.rate
	}
	k.sender = dtmf.NewSender(int(k.rate), framePeriod)
	k.queue = k.sender
	k.way = &path{from: &k.source, to: k.session}
	k.way.rewrites = append(k.way.inline[:0], rewrite{events.Number, events.Number, k.clock, &events.Codec})
	k.next.number = events.Number
	return nil
}

// keysIn is the payload in which a far end takes keys; nil when there is none. One with the
// clock of the sound comes before others.
func keysIn(taken []Payload, clock uint32) (found *Payload) {
	for i := range taken {
		if p := &taken[i]; p.Codec.isKeys() && (found == nil || p.Codec.Rate == clock && found.Codec.Rate != clock) {
			found = p
		}
	}
	return found
}

// beginTones prepares for one that takes only sound.
func (k *keyer) beginTones(sound *Payload, ptime time.Duration) (err error) {
	if k.mouth, err = newMouth(sound, mouthRate(sound, rateOf(sound)), ptime); err != nil {
		return err
	}
	if k.keypad, err = audio.NewKeypad(k.mouth.rate); err != nil {
		return err
	}
	k.queue = k.keypad
	k.way = k.mouth.path(&k.source, k.session, nil)
	k.pcm = make([]int16, k.mouth.rate/50)
	return nil
}

// end lets the far end hear again what it hears.
func (k *keyer) end() {
	k.session.cutIn(false)
	if k.mouth != nil {
		k.mouth.close()
	}
	k.queue, k.sender, k.keypad, k.mouth, k.way = nil, nil, nil, nil, nil
}

// idle tells whether there is nothing more to tell.
func (k *keyer) idle() bool {
	if k.keypad != nil {
		return !k.keypad.Sounding()
	}
	return k.sender.Len() == 0
}

func (k *keyer) at() *place { return &k.place }

func (k *keyer) wanted() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.queue != nil
}

// pull tells a packet time of the keys.
func (k *keyer) pull(now, slot time.Time) {
	k.mu.Lock()
	if k.queue != nil {
		k.speak(now, slot)
	}
	over := k.queue == nil
	k.mu.Unlock()
	if over {
		k.session.engine.clock.settle(&k.session.engine.clock.rooms, k)
	}
}

func (k *keyer) speak(now, slot time.Time) {
	if k.idle() || k.session.isClosed() {
		if k.mouth != nil {
			k.mouth.flush(now, k.way)
		}
		k.end()
		return
	}
	if k.last.IsZero() {
		k.resume(slot)
	}
	k.bound()
	if k.keypad != nil {
		k.sound(now, slot)
	} else {
		k.tell(now, slot)
	}
	k.last = slot
}

// resume goes on from the keys told before, on the same clock.
func (k *keyer) resume(slot time.Time) {
	if !k.begun.IsZero() {
		k.next.timestamp += timeTicks(slot.Sub(k.begun), k.clock)
	}
	k.begun, k.last = slot, slot.Add(-framePeriod)
}

// bound releases a key that is down for too long.
func (k *keyer) bound() {
	k.downs += framePeriod
	switch _, _, down, ok := k.queue.Front(); {
	case !ok || !down:
		k.downs = 0
	case k.downs > longestKey:
		k.queue.Release(longestKey)
	}
}

// tell sends the event's packet of a slot, or nothing in the pause behind one.
func (k *keyer) tell(now, slot time.Time) {
	at := timeTicks(slot.Sub(k.begun), k.rate)
	p, ok := k.sender.Next(at, k.packet[headerSize:])
	if !ok {
		return
	}
	h := k.next
	h.marker = p.Marker
	h.timestamp += uint32(dtmf.Rescale(int64(p.Timestamp), int(k.rate), int(k.clock)))
	k.next.sequence++
	k.session.hear(now, k.way, h, k.packet[:])
}

// sound sends a frame of the tones.
func (k *keyer) sound(now, slot time.Time) {
	if left := slot.Sub(k.last) - framePeriod; left > 0 {
		k.mouth.pause(now, k.way, timeTicks(left, k.mouth.shape.Clock))
	}
	k.keypad.Fill(k.pcm)
	k.mouth.say(now, k.way, k.pcm, framePeriod)
}

// cutIn says whether the far end is told keys from now on, or hears again what it hears;
// false for a session that is closed.
func (s *Session) cutIn(keys bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keying = keys
	return !s.closed
}

func (s *Session) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// speaksNow tells whether what a path brings is what the far end is to hear now, with the
// lock.
func (s *Session) speaksNow(p *path) bool {
	if s.keying {
		k := s.speaker.Load()
		return p.from == &k.source
	}
	return s.isBy(p)
}

// hearingClock is the clock of the sound that the far end hears; 0 when it hears nothing.
func (s *Session) hearingClock() uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heard != nil {
		for i := range s.heard.rewrites {
			if r := &s.heard.rewrites[i]; !r.codec.accompanies() {
				return r.rate
			}
		}
	}
	if sound := sounding(s.remote.Send); sound != nil {
		return sound.Codec.Rate
	}
	return 0
}

// PassesKeysOf tells whether the telephone-events of another session reach the far end by
// the path on which it hears that one: then it need not be told of its keys.
func (s *Session) PassesKeysOf(from *Session) bool {
	s.mu.Lock()
	way := s.heard
	s.mu.Unlock()
	if way == nil {
		return false
	}
	if t, ok := way.from.maker.(*transcoder); ok {
		return t.from == &from.source && t.keys.to != nil && t.spoken.haveKeys()
	}
	return way.from == &from.source && keysAmong(way.rewrites)
}

func (k kinds) haveKeys() bool { return keysIn(k, 0) != nil }

func keysAmong(list []rewrite) bool {
	for i := range list {
		if list[i].codec.isKeys() {
			return true
		}
	}
	return false
}
