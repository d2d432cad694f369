package calltest

import (
	"fmt"
	"strings"
	"time"
)

// pressesStep is "NAME presses KEYS [each=TIME] [tones]".
type pressesStep struct {
	line
	who, keys string
	each      time.Duration
	tones     bool
}

func parsePresses(l line, words []string) (step, error) {
	o, err := parseOptions(l, words[3:], "each", "tones")
	if err != nil {
		return nil, err
	}
	p := &pressesStep{line: l, who: words[0], keys: words[2], tones: o.has("tones")}
	if p.each, err = o.duration("each", 160*time.Millisecond); err != nil {
		return nil, l.errorf("%w", err)
	}
	return p, nil
}

func (p *pressesStep) play(s *stage) error {
	who, err := s.party(p.who)
	if err != nil {
		return p.errorf("%w", err)
	}
	if !who.audio.Sending() {
		if err := who.talk(); err != nil {
			return p.errorf("%w", err)
		}
	}
	if err := who.audio.Press(p.keys, p.each, p.tones); err != nil {
		return p.errorf("%w", err)
	}
	takes := time.Duration(len(p.keys)) * (p.each + time.Second)
	s.run(takes, func() bool { return !who.audio.Pressing() })
	return nil
}

// digitsStep is "NAME sees digits KEYS" or "NAME hears digits KEYS".
type digitsStep struct {
	line
	who, keys string
	tones     bool
}

func parseDigits(l line, words []string) (step, error) {
	return &digitsStep{l, words[0], strings.Join(words[3:], ""), words[1] == "hears"}, nil
}

// settled is how long nothing more may come, so that no key is two.
const settled = 800 * time.Millisecond

func (d *digitsStep) play(s *stage) error {
	who, err := s.party(d.who)
	if err != nil {
		return d.errorf("%w", err)
	}
	came := who.audio.Told
	if d.tones {
		came = who.audio.Heard
	}
	s.run(s.patience(promptly), func() bool { return d.keys != "" && came() == d.keys })
	s.run(settled, never)
	if got := came(); got != d.keys {
		return d.errorf("%w", fmt.Errorf("the digits are %q", got))
	}
	who.audio.Forget()
	return nil
}
