package calltest

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/internal/phone"
)

// listening is the piece of sound that is judged, audible the level (dBm0) from
// which a tone counts as heard. The phones send at -10 dBm0.
const (
	listening = 200 * time.Millisecond
	audible   = -20.0
)

// toneStep is "NAME sends tone [pitch=440]" or "NAME stops tone".
type toneStep struct {
	line
	who   string
	sends bool
	pitch float64
}

func parseTone(l line, words []string) (step, error) {
	t := &toneStep{line: l, who: words[0], sends: words[1] == "sends"}
	o, err := parseOptions(l, words[3:], "pitch")
	if err != nil {
		return nil, err
	}
	if o.has("pitch") {
		if t.pitch, err = strconv.ParseFloat(o["pitch"], 64); err != nil {
			return nil, l.errorf("pitch=%s is no number of Hz", o["pitch"])
		}
	}
	return t, nil
}

func (t *toneStep) play(s *stage) error {
	who, err := s.party(t.who)
	if err != nil {
		return t.errorf("%w", err)
	}
	if !t.sends {
		who.audio.Stop()
		return nil
	}
	if t.pitch > 0 {
		who.audio.Pitch = t.pitch
	}
	if err := who.talk(); err != nil {
		return t.errorf("%w", err)
	}
	return nil
}

// spraysStep is "NAME sprays OTHER": its tone goes to the port that the gateway
// has given to the other one.
type spraysStep struct {
	line
	who, whom string
}

func parseSprays(l line, words []string) (step, error) {
	return &spraysStep{l, words[0], words[2]}, nil
}

func (t *spraysStep) play(s *stage) error {
	who, err := s.party(t.who)
	if err != nil {
		return t.errorf("%w", err)
	}
	whom, err := s.party(t.whom)
	if err != nil {
		return t.errorf("%w", err)
	}
	if whom.theirs == nil {
		return t.errorf("%s has got no session description", t.whom)
	}
	if err := who.audio.Start(time.Now(), *whom.theirs); err != nil {
		return t.errorf("%w", err)
	}
	return nil
}

// talk begins to send the party's tone to where the other side wants it.
func (p *party) talk() error {
	if p.theirs == nil {
		return fmt.Errorf("%s knows no address to send to: no session description came", p.name)
	}
	return p.audio.Start(time.Now(), *p.theirs)
}

// hearsStep is "NAME hears OTHER", "NAME hears nothing" or "NAME hears music".
type hearsStep struct {
	line
	who, whom string
	within    time.Duration
}

func parseHears(l line, words []string) (step, error) {
	h := &hearsStep{line: l, who: words[0], whom: words[2]}
	o, err := parseOptions(l, words[3:], "within")
	if err != nil {
		return nil, err
	}
	if h.within, err = o.duration("within", promptly); err != nil {
		return nil, l.errorf("%w", err)
	}
	return h, nil
}

func (h *hearsStep) play(s *stage) error {
	who, err := s.party(h.who)
	if err != nil {
		return h.errorf("%w", err)
	}
	switch h.whom {
	case "nothing":
		err = s.hearsNothing(who)
	case "music":
		err = s.hearsMusic(who)
	case "silence":
		err = s.hearsSilence(who)
	default:
		err = s.hears(who, h.whom, h.within)
	}
	if err != nil {
		return h.errorf("%w", err)
	}
	return nil
}

func (s *stage) hears(who *party, name string, within time.Duration) error {
	whom, err := s.party(name)
	if err != nil {
		return err
	}
	heard := func() bool { return s.pitchOf(who) == whom.audio.Pitch }
	if s.run(s.patience(within), heard) {
		return nil
	}
	return fmt.Errorf("%s hears %s", who.name, s.heard(who))
}

// hearsNothing lets what is on its way arrive before it listens.
func (s *stage) hearsNothing(who *party) error {
	s.run(2*listening, never)
	if pitch := s.pitchOf(who); pitch != 0 {
		return fmt.Errorf("%s hears %s", who.name, s.heard(who))
	}
	return nil
}

// hearsMusic wants sound that is nobody's tone: a good part of the packets that 20 ms
// frames make.
func (s *stage) hearsMusic(who *party) error {
	s.run(listening, never)
	before := who.audio.Report().Received
	s.run(4*listening, never)
	if n := who.audio.Report().Received - before; n < 20 {
		return fmt.Errorf("%s was sent %d packets in %v, where music makes 40", who.name, n, 4*listening)
	}
	if pitch := s.pitchOf(who); pitch != 0 {
		return fmt.Errorf("%s hears %s", who.name, s.heard(who))
	}
	return nil
}

// hearsSilence wants nothing to be sent to a party, after what is on its way.
func (s *stage) hearsSilence(who *party) error {
	s.run(2*listening, never)
	before := who.audio.Report().Received
	s.run(4*listening, never)
	if n := who.audio.Report().Received - before; n > 0 {
		return fmt.Errorf("%s was sent %d packets in %v", who.name, n, 4*listening)
	}
	return nil
}

// pitchOf is the loudest of the script's tones that a party has heard just now;
// 0 when none is audible, as before there is enough to judge.
func (s *stage) pitchOf(who *party) float64 {
	loudest, pitch := audible, 0.0
	for _, p := range s.parties {
		if level := who.audio.Level(time.Now(), listening, p.audio.Pitch); level > loudest {
			loudest, pitch = level, p.audio.Pitch
		}
	}
	return pitch
}

func (s *stage) heard(who *party) string {
	pitch := s.pitchOf(who)
	for _, p := range s.parties {
		if pitch == p.audio.Pitch && pitch != 0 {
			return p.name
		}
	}
	return fmt.Sprintf("nothing (%d packets came in all)", who.audio.Report().Received)
}

// eachOtherStep is "NAME and NAME hear each other", or "both hear each other"
// when there are two in the call. Both send, both are heard, both fall silent.
type eachOtherStep struct {
	line
	one, other string
}

func parseEachOther(l line, words []string) (step, error) {
	return &eachOtherStep{l, words[0], words[2]}, nil
}

func parseBoth(l line, _ []string) (step, error) { return &eachOtherStep{line: l}, nil }

func (e *eachOtherStep) play(s *stage) error {
	one, other, err := e.pair(s)
	if err == nil {
		err = s.eachOther(one, other)
	}
	if err != nil {
		return e.errorf("%w", err)
	}
	return nil
}

func (e *eachOtherStep) pair(s *stage) (one, other *party, err error) {
	if e.one != "" {
		if one, err = s.party(e.one); err == nil {
			other, err = s.party(e.other)
		}
		return one, other, err
	}
	var talking []*party
	var names []string
	for _, p := range s.parties {
		if p.theirs != nil {
			talking = append(talking, p)
			names = append(names, p.name)
		}
	}
	if len(talking) != 2 {
		return nil, nil, fmt.Errorf("both is for two; with a session description are: %s", strings.Join(names, ", "))
	}
	return talking[0], talking[1], nil
}

func (s *stage) eachOther(one, other *party) error {
	for _, p := range []*party{one, other} {
		if err := p.talk(); err != nil {
			return err
		}
	}
	if err := s.hears(one, other.name, promptly); err != nil {
		return err
	}
	if err := s.hears(other, one.name, promptly); err != nil {
		return err
	}
	one.audio.Stop()
	other.audio.Stop()
	return nil
}

// listen keeps the latest description that came; a tone that is being sent goes
// to the new address, as a phone's would.
func (p *party) listen(m *phone.Message) {
	body, ok := m.SDP()
	if !ok {
		return
	}
	d, err := phone.ParseDescription(body)
	if err != nil {
		return
	}
	p.theirs = &d
	if p.keys.offered && (!m.IsRequest() || m.Method == "ACK") {
		// Keys that cannot be read show when nothing is heard.
		_ = p.secure(d)
	}
	if p.audio.Sending() {
		// An address that cannot be sent to shows when nothing is heard.
		_ = p.audio.Start(time.Now(), d)
	}
}
