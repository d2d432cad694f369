package bridge

import (
	"slices"
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp"
	"github.com/tandem-gateway/tandem/rtp/dtmf"
	"github.com/tandem-gateway/tandem/sdp"
)

// Keys come from a party in its media, by telephone-event or as tones, and in its
// signalling. Each is told once, and passed on to everybody who hears the party, in the way
// which that one takes. Telephone-event that both sides have passes in the media as it is,
// and tones to who takes tones; all else is made anew here.
//
// Some phones tell a key twice, in the media and by INFO. The rule: an INFO and a key in the
// media of the same party and the same digit are one key, when the INFO comes while the
// other is down, or within 4 s before or behind it; each counts for one. That is as late as
// the third repetition of an INFO that is lost (RFC 3261 s17.1.2.2: after 0.5, 1.5 and 3.5
// s), and no phone tells one key in one way and the next one in another. An INFO from a
// party whose keys may come in the media waits 150 ms for that. One that comes longer before
// has been passed on, and the key in the media is not told again.
const (
	doubleWait = 150 * time.Millisecond
	doubleSpan = 4 * time.Second
)

// KeyWay is how a party is told the keys that others press.
type KeyWay uint8

// The ways: telephone-event (RFC 4733) where that was agreed on, else tones; nothing but
// telephone-event; SIP INFO; or tones.
const (
	KeysAuto KeyWay = iota
	KeysEvents
	KeysInfo
	KeysTones
)

// events says whether telephone-event may be sent that way.
func (w KeyWay) events() bool { return w == KeysAuto || w == KeysEvents }

// keying is what is known of the keys of a party.
type keying struct {
	// refused says that it does not take INFO after all.
	refused bool
	// to are those who are told of the key that is down.
	to []int
	// waiting are INFOs that wait for the same key in the media, told those passed on
	// lately, and heard the keys in the media, each until it can have no double any more.
	waiting, told, heard []expected
	// ignored says that what is down in the media has been told already.
	ignored bool
}

// pad is what is known of a party's keys.
func (p *participant) pad() *keying {
	if p.keys == nil {
		p.keys = &keying{}
	}
	return p.keys
}

// expected is a key whose double may come until then; zero while it is down.
type expected struct {
	Pressed
	until time.Time
}

// pair takes out the key of a digit, and says whether there was one.
func pair(list *[]expected, now time.Time, d dtmf.Digit) bool {
	*list = slices.DeleteFunc(*list, func(e expected) bool { return !e.until.IsZero() && !now.Before(e.until) })
	i := slices.IndexFunc(*list, func(e expected) bool { return e.Digit == d })
	if i >= 0 {
		*list = slices.Delete(*list, i, i+1)
	}
	return i >= 0
}

// Keyed is a key in a participant's media.
type Keyed struct {
	Participant int
	Key         rtp.Key
}

func (e Keyed) step(m *Machine, now time.Time) {
	m.keysDue(now)
	p := m.participant(e.Participant)
	switch {
	case p == nil || p.state == event.ParticipantDisconnected:
	case e.Key.Phase == dtmf.Began:
		m.keyDown(now, p, e.Key)
	default:
		m.keyUp(now, p, e.Key)
	}
}

func (m *Machine) keyDown(now time.Time, p *participant, k rtp.Key) {
	s := p.pad()
	if s.ignored = pair(&s.told, now, k.Digit); s.ignored {
		return
	}
	if !pair(&s.waiting, now, k.Digit) {
		s.heard = append(s.heard, expected{Pressed: Pressed{Digit: k.Digit}})
		m.keyStopsPlaying(now, p.id, k.Digit.String())
	}
	m.hearers(p, func(q *participant) {
		if q.toldInMedia(k.Tones) {
			m.do(Key{Participant: q.id, From: p.id, Phase: dtmf.Began, Digit: k.Digit})
			s.to = append(s.to, q.id)
		}
	})
}

func (m *Machine) keyUp(now time.Time, p *participant, k rtp.Key) {
	s := p.pad()
	if s.ignored {
		s.ignored = false
		return
	}
	for i := range s.heard {
		if s.heard[i].until.IsZero() {
			s.heard[i].until = now.Add(doubleSpan)
		}
	}
	m.releaseKey(p, k.Duration)
	by := event.KeyRFC4733
	if k.Tones {
		by = event.KeyInband
	}
	m.pressed(now, p, Pressed{Digit: k.Digit, Duration: k.Duration}, by)
}

// releaseKey tells the media of those who are told of a party's key that it is up.
func (m *Machine) releaseKey(p *participant, duration time.Duration) {
	for _, id := range p.keys.to {
		m.do(Key{Participant: id, From: p.id, Phase: dtmf.Ended, Duration: duration})
	}
	p.keys.to = p.keys.to[:0]
}

// lastKeys ends the keys of a party that leaves: the INFOs that wait count at once.
func (m *Machine) lastKeys(now time.Time, p *participant) {
	if p.keys == nil {
		return
	}
	for _, k := range p.keys.waiting {
		m.pressed(now, p, k.Pressed, event.KeyInfo)
	}
	m.releaseKey(p, 0)
	p.keys = nil
}

// pressed tells of a whole key, by INFO to those who take that.
func (m *Machine) pressed(now time.Time, p *participant, k Pressed, by event.KeyKind) {
	m.emit(event.DigitPressed{
		Header: m.at(now), Participant: p.id, Digit: k.Digit.String(), Duration: k.Duration, By: by,
	})
	m.hearers(p, func(q *participant) {
		switch {
		case q.takesInfo():
			m.tell(q, Press(k))
		case by == event.KeyInfo && q.toldInMedia(false):
			m.do(Key{Participant: q.id, Phase: dtmf.Ended, Digit: k.Digit, Duration: k.Duration})
		}
	})
}

// informed is a key that a party's INFO tells.
func (m *Machine) informed(now time.Time, p *participant, k Pressed) {
	m.keysDue(now)
	if p.state == event.ParticipantDisconnected {
		return
	}
	s := p.pad()
	if pair(&s.heard, now, k.Digit) {
		return
	}
	m.keyStopsPlaying(now, p.id, k.Digit.String())
	switch {
	case m.keysInMedia(p):
		s.waiting = append(s.waiting, expected{k, now.Add(doubleWait)})
	default:
		m.pressed(now, p, k, event.KeyInfo)
	}
}

// keysInMedia says whether keys of a party may be heard in its media.
func (m *Machine) keysInMedia(p *participant) (may bool) {
	may = hasEvents(p.stream)
	m.hearers(p, func(q *participant) { may = may || q.digits == KeysInfo || q.takesEvents() })
	return may
}

// keysDue passes on the INFOs that have waited.
func (m *Machine) keysDue(now time.Time) {
	for i := range m.participants {
		p := &m.participants[i]
		for s := p.keys; s != nil && len(s.waiting) > 0 && !now.Before(s.waiting[0].until); {
			k := s.waiting[0].Pressed
			s.waiting = slices.Delete(s.waiting, 0, 1)
			s.told = append(s.told, expected{k, now.Add(doubleSpan - doubleWait)})
			m.pressed(now, p, k, event.KeyInfo)
		}
	}
}

func (m *Machine) keysDeadline() (next time.Time) {
	for i := range m.participants {
		if s := m.participants[i].keys; s != nil && len(s.waiting) > 0 {
			next = earliest(next, s.waiting[0].until)
		}
	}
	return next
}

// keyRefused is an INFO that a party does not take: it gets this key and the next ones as
// tones.
func (m *Machine) keyRefused(p *participant, k Pressed) {
	p.pad().refused = true
	m.do(Key{Participant: p.id, Phase: dtmf.Ended, Digit: k.Digit, Duration: k.Duration})
}

// hearers visits those who hear a party.
func (m *Machine) hearers(p *participant, visit func(q *participant)) {
	if m.state >= event.CallDisconnecting {
		return
	}
	t := m.hearing()
	for i := range m.participants {
		q := &m.participants[i]
		if slices.ContainsFunc(t[q.id], func(h rtp.Heard) bool { return h.Source == p.id }) {
			visit(q)
		}
	}
}

// takesInfo says whether a party is told keys by INFO: once it has answered.
func (p *participant) takesInfo() bool {
	return p.digits == KeysInfo && (p.keys == nil || !p.keys.refused) && p.inTalk()
}

// takesEvents says whether it is told keys by telephone-event.
func (p *participant) takesEvents() bool { return p.digits.events() && hasEvents(p.stream) }

// toldInMedia says whether its media is told of a key. Tones come to it by themselves,
// unless they are kept from it since it is told of keys otherwise.
func (p *participant) toldInMedia(tones bool) bool {
	switch {
	case p.takesInfo() || p.digits == KeysEvents && !p.takesEvents():
		return false
	case tones:
		return p.takesEvents() || p.digits == KeysInfo
	}
	return true
}

// hasEvents says whether telephone-event was agreed on.
func hasEvents(s sdp.Stream) bool {
	return slices.ContainsFunc(s.Formats, func(f sdp.Format) bool { return isKeys(f.Send) })
}

// isKeys tells a codec that is keys.
func isKeys(c sdp.Codec) bool { return strings.EqualFold(c.Name, "telephone-event") }

// keys is telephone-event as we offer it.
func keys() sdp.Codec {
	return sdp.Codec{Name: "telephone-event", ClockRate: 8000, Channels: 1, PayloadType: 101, Fmtp: "0-16"}
}

// withKeys adds telephone-event to what a party is offered in the name of another one that
// does not have it: the gateway makes it of that one's tones, and tones of it. Where it
// turns nothing into anything else, it does not.
func (m *Machine) withKeys(list []sdp.Codec) []sdp.Codec {
	if len(m.limits.Codecs) == 0 || slices.ContainsFunc(list, isKeys) {
		return list
	}
	return append(list, numbered(keys(), list))
}

// answeredKeys takes telephone-event from a party that offers it, though the other one did
// not.
func answeredKeys(codecs []sdp.Codec, offer *sdp.Description) []sdp.Codec {
	if slices.ContainsFunc(codecs, isKeys) || !slices.ContainsFunc(codecs, transcodable) || offer.Audio() == nil {
		return codecs
	}
	codecs = slices.Clone(codecs)
	for _, c := range offer.Audio().Codecs {
		if isKeys(c) {
			codecs = append(codecs, c)
		}
	}
	return codecs
}

// sendable are the formats in which a party is sent something. One that is told keys in
// another way is sent no telephone-event.
func (w KeyWay) sendable(formats []sdp.Format) []sdp.Format {
	if w.events() {
		return formats
	}
	return slices.DeleteFunc(slices.Clone(formats), func(f sdp.Format) bool { return isKeys(f.Send) })
}

// listen has a party's media heard for keys.
func (c *Call) listen(participant int) {
	s := c.media[participant]
	if s == nil {
		return
	}
	s.OnKeys(func(_ time.Time, k rtp.Key) { c.Post(overheard{participant, k}) })
}

type overheard struct {
	participant int
	key         rtp.Key
}

func (k overheard) Do(c *Call, _ time.Time) {
	c.tellMachine(Keyed{Participant: k.participant, Key: k.key})
}

// key tells a party's media of a key, unless it has come there by itself.
func (c *Call) key(a Key) {
	to, from := c.media[a.Participant], c.media[a.From]
	var err error
	switch {
	case to == nil:
	case a.From == 0:
		err = to.SendKey(a.Digit, a.Duration)
	case a.Phase == dtmf.Ended:
		to.ReleaseKey(a.Duration)
	case from == nil || !to.PassesKeysOf(from):
		err = to.PressKey(a.Digit)
	}
	if err != nil {
		c.env.Log.Warn("a key is not passed on", "call", c.id, "participant", a.Participant, "err", err)
	}
}
