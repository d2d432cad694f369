package calltest

import (
	"slices"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/rtp/audio"
)

// signals are the tones that a gateway plays, by their names.
var signals = []audio.Signal{audio.Ringback, audio.Busy, audio.Congestion}

// playsStep is "gateway plays TONE to NAME in the call of NAME [until=KEYS] [alone]": a tone of
// the United States, without an end. The first NAME is who hears it, or everybody.
type playsStep struct {
	line
	tone       audio.Signal
	whom, call string
	until      string
	alone      bool
}

func parsePlays(l line, words []string) (step, error) {
	p := &playsStep{line: l, whom: words[4], call: words[9]}
	i := slices.IndexFunc(signals, func(s audio.Signal) bool { return s.String() == words[2] })
	if i < 0 {
		return nil, l.errorf("%s is none of the tones %v", words[2], signals)
	}
	o, err := parseOptions(l, words[10:], "until", "alone")
	if err != nil {
		return nil, err
	}
	p.tone, p.until, p.alone = signals[i], o["until"], o.has("alone")
	return p, nil
}

func (p *playsStep) play(s *stage) error {
	of, call, err := s.liveCall(p.call)
	if err != nil {
		return p.errorf("%w", err)
	}
	participant, ok := of.who[p.whom]
	if !ok && p.whom != "everybody" {
		return p.errorf("%s is not in the call: there are %v", p.whom, of.who)
	}
	call.Play(bridge.Playback{
		To: participant, StopOn: p.until, Alone: p.alone, Items: []bridge.Item{{Tone: p.tone, Country: "US"}},
	})
	return nil
}

// silenceStep is "gateway stops playing in the call of NAME".
type silenceStep struct {
	line
	call string
}

func parseSilence(l line, words []string) (step, error) { return &silenceStep{l, words[7]}, nil }

func (p *silenceStep) play(s *stage) error {
	_, call, err := s.liveCall(p.call)
	if err != nil {
		return p.errorf("%w", err)
	}
	call.StopPlaying("")
	return nil
}
