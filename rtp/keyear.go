package rtp

import (
	"slices"
	"time"

	"github.com/tandem-gateway/tandem/rtp/audio"
	"github.com/tandem-gateway/tandem/rtp/dtmf"
	"github.com/tandem-gateway/tandem/rtp/jitter"
)

// Key is a key that a far end has pressed.
type Key struct {
	Digit dtmf.Digit
	// Phase is dtmf.Began or dtmf.Ended. The keys of a far end do not overlap.
	Phase dtmf.Phase
	// Duration is how long it was down, when it has ended.
	Duration time.Duration
	// Tones: it was heard as tones; else it came as telephone-event.
	Tones bool
}

// OnKeys has a function told of the keys that the far end presses: those in
// telephone-event, and where it has not negotiated that, the tones in its sound while
// somebody hears it who takes keys otherwise (see Remote.Keys). It is called in order with
// the session's lock: it must not block, and not call the session. nil ends it.
func (s *Session) OnKeys(tell func(now time.Time, k Key)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tellKey = tell
}

// earForKeys is what hears the far end's keys.
func (s *Session) earForKeys() *keyEar {
	if s.keyEar == nil {
		s.keyEar = &keyEar{session: s}
	}
	return s.keyEar
}

// keyEar hears the keys of a far end. It is guarded by the session's lock, and is pulled
// while a key is down, whose end may be lost.
type keyEar struct {
	session *Session
	place   place
	// receiver is for telephone-event of a clock rate and an SSRC; nil before the first.
	receiver *dtmf.Receiver
	rate     uint32
	ssrc     uint32
	events   []dtmf.Event
	// tones are listened for; nil while they need not be.
	tones *toneEar
}

// overhear looks for keys in a packet that was admitted. It tells whether a key has begun
// to be down, whose end is to be waited for.
func (s *Session) overhear(now time.Time, h header, packet []byte) (pressed bool) {
	if s.tellKey != nil && s.agreed.isKeys(h.number) {
		return s.earForKeys().hearEvent(now, h, packet[h.begin:h.end], s.agreed.rate(h.number))
	}
	if e := s.keyEar; e != nil && e.tones != nil {
		e.tones.hear(now, h, packet[h.begin:h.end])
		s.toned.Store(e.tones.sounding())
	}
	return false
}

// hearEvent takes a packet of telephone-event.
func (e *keyEar) hearEvent(now time.Time, h header, payload []byte, rate uint32) (pressed bool) {
	e.events = e.events[:0]
	if e.receiver == nil || e.rate != rate {
		e.receiver, e.rate, e.ssrc = dtmf.NewReceiver(int(rate)), rate, h.ssrc
	}
	if e.ssrc != h.ssrc {
		e.events, e.ssrc = e.receiver.Reset(e.events), h.ssrc
	}
	packet := dtmf.Packet{Timestamp: h.timestamp, Marker: h.marker, Payload: payload}
	e.events, _ = e.receiver.Receive(now, packet, e.events) // what is none tells nothing
	e.tellEvents(now)
	return e.down()
}

func (e *keyEar) tellEvents(now time.Time) {
	for _, v := range e.events {
		if v.Phase != dtmf.Continued {
			e.say(now, Key{Digit: v.Digit, Phase: v.Phase, Duration: v.Duration})
		}
	}
}

func (e *keyEar) say(now time.Time, k Key) {
	if k.Phase == dtmf.Began {
		k.Duration = 0
	}
	if tell := e.session.tellKey; tell != nil {
		tell(now, k)
	}
}

func (e *keyEar) down() bool {
	if e.receiver == nil {
		return false
	}
	_, down := e.receiver.Pressed()
	return down
}

func (e *keyEar) at() *place { return &e.place }

// wanted tells whether an end may have to be made up.
func (e *keyEar) wanted() bool {
	e.session.mu.Lock()
	defer e.session.mu.Unlock()
	return e.down()
}

// pull ends a key of which nothing is heard any more.
func (e *keyEar) pull(now, _ time.Time) {
	e.session.mu.Lock()
	if e.receiver != nil {
		e.events = e.receiver.Expire(now, e.events[:0])
		e.tellEvents(now)
	}
	over := !e.down()
	e.session.mu.Unlock()
	if over {
		e.settle()
	}
}

func (e *keyEar) settle() { e.session.engine.clock.settle(&e.session.engine.clock.rooms, e) }

// hush ends the keys that are down, as the session closes.
func (e *keyEar) hush(now time.Time) {
	if e == nil {
		return
	}
	if e.receiver != nil {
		e.events = e.receiver.Reset(e.events[:0])
		e.tellEvents(now)
	}
	e.listen(now, nil)
}

// listen begins to listen for tones, in what a far end may send, or ends it.
func (e *keyEar) listen(now time.Time, spoken []Payload) {
	if e.tones.fits(spoken) {
		return
	}
	if e.tones != nil {
		e.tones.close(now)
		e.session.toned.Store(false)
		e.tones = nil
	}
	if len(spoken) > 0 {
		e.tones = newToneEar(e, spoken)
	}
}

// listenForTones is listen for a session, which listens only where somebody wants to know.
func (s *Session) listenForTones(now time.Time, wanted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var spoken []Payload
	if wanted && !s.closed {
		spoken = s.remote.Receive
	}
	if s.keyEar != nil || len(spoken) > 0 && s.tellKey != nil {
		s.earForKeys().listen(now, spoken)
	}
}

// takesKeys tells whether keys in what the far end hears are told to it otherwise than by
// their tones; hasOnlyTones whether its own cannot come otherwise.
func (s *Session) takesKeys() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.remote.Keys || keysIn(s.remote.Send, 0) != nil
}

func (s *Session) hasOnlyTones() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return sounding(s.remote.Receive) != nil && keysIn(s.remote.Receive, 0) == nil
}

// toneRate is the sampling rate at which tones are listened for, in Hz: the telephone's,
// which has room for all of them.
const toneRate = 8000

// toneEar hears keys in the sound of a far end. What is in order does not wait; what was
// lost is concealed, lest one key become two.
type toneEar struct {
	keys     *keyEar
	spoken   []Payload
	ear      ear
	order    *jitter.Sequencer
	detector *audio.DTMFDetector
	heard    []audio.HeardKey
	lost     int
	// expected is the timestamp that goes on from the last sound; begun says that there was
	// any, of an SSRC.
	expected, ssrc uint32
	begun          bool
}

// newToneEar makes one; nil when there is no way to hear.
func newToneEar(keys *keyEar, spoken []Payload) *toneEar {
	p := sounding(spoken)
	if p == nil {
		return nil
	}
	t := &toneEar{keys: keys, spoken: spoken, ear: ear{rate: toneRate, spoken: spoken}}
	var err, other error
	t.order, err = jitter.NewSequencer(jitter.Options{Clock: p.Codec.Rate})
	t.detector, other = audio.NewDTMFDetector(toneRate)
	if err != nil || other != nil {
		return nil
	}
	return t
}

// fits tells whether it is what would be made.
func (t *toneEar) fits(spoken []Payload) bool {
	if t == nil {
		return len(spoken) == 0
	}
	return slices.Equal(spoken, t.spoken)
}

func (t *toneEar) sounding() bool {
	_, down := t.detector.Pressed()
	return down
}

func (t *toneEar) hear(now time.Time, h header, payload []byte) {
	v := t.ear.voice(h.number)
	if v == nil {
		return
	}
	t.order.Put(now, jitter.Packet{
		SSRC: h.ssrc, Sequence: h.sequence, Timestamp: h.timestamp, Marker: h.marker,
		Number: h.number, Kind: jitter.Voice, Payload: payload, Ticks: v.length(payload),
	})
	for f, ok := t.order.Next(now); ok; f, ok = t.order.Next(now) {
		t.take(now, f)
	}
}

func (t *toneEar) take(now time.Time, f jitter.Frame) {
	v := t.ear.voice(f.Number)
	switch {
	case f.Kind == jitter.Lost:
		t.lost++
		return
	case f.Kind != jitter.Voice || v == nil:
		return
	}
	t.catchUp(now, v, f)
	if pcm := t.ear.decode(v, f.Payload); pcm != nil {
		t.add(now, pcm)
	}
	t.begun, t.ssrc, t.expected, t.lost = true, f.SSRC, f.Timestamp+v.ticks, 0
}

// quietest is how much silence is as good as more: a key has ended by then.
const quietest = 100 * time.Millisecond

// catchUp makes up for what is missing before a packet: what was lost goes on as it was,
// what was not sent was silent.
func (t *toneEar) catchUp(now time.Time, v *voice, f jitter.Frame) {
	missing := int32(f.Timestamp - t.expected)
	if !t.begun || t.ssrc != f.SSRC || missing <= 0 {
		return
	}
	rate := v.payload.Codec.Rate
	concealed := min(uint32(missing), uint32(t.lost)*v.ticks, timeTicks(maxConcealed, rate))
	silent := min(uint32(missing)-concealed, timeTicks(quietest, rate))
	var none [toneRate / 10]int16
	t.add(now, none[:timeTicks(ticksTime(silent, rate), toneRate)])
	for concealed > 0 {
		n := min(concealed, v.ticks)
		t.add(now, t.ear.conceal(v, n, nil))
		concealed -= n
	}
}

// add listens to some sound.
func (t *toneEar) add(now time.Time, pcm []int16) {
	t.heard = t.detector.Add(pcm, t.heard[:0])
	for _, k := range t.heard {
		length := time.Duration(k.End-k.Begin) * time.Second / toneRate
		t.keys.say(now, Key{Digit: k.Digit, Phase: k.Phase, Duration: length, Tones: true})
	}
}

// close ends a key that is down.
func (t *toneEar) close(now time.Time) {
	if d, down := t.detector.Pressed(); down {
		t.keys.say(now, Key{Digit: d, Phase: dtmf.Ended, Duration: dtmf.MinDuration, Tones: true})
	}
	t.ear.close()
}
