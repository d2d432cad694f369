package bridge

import (
	"time"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp"
	"github.com/tandem-gateway/tandem/rtp/quality"
)

// listening has it measured each five seconds how well the parties are heard, and watches
// for one who is not heard at all.
//
//	     the answer, the end of a hold
//	nil -------------------------------> listening --+
//	 ^                                    |  ^       | MeasureMedia, each 5 s
//	 +----------- hold, the end ----------+  +-------+
type listening struct {
	// measureAt is when to measure next.
	measureAt time.Time
	// silence watches two parties, the first and the second of pair; since is from when on.
	silence quality.Silence
	pair    [2]int
	since   time.Time
}

type (
	// MeasureMedia asks how well the parties are heard; Measured is the answer.
	MeasureMedia struct{}
	// Measured answers MeasureMedia: the intervals that are complete, and when audio last
	// came from each participant.
	Measured struct {
		Intervals []event.MediaQuality
		Last      map[int]time.Time
	}
)

func (MeasureMedia) action() {}

// listenNow begins to listen when the parties talk, and ends when they do not.
func (m *Machine) listenNow(now time.Time) {
	if m.limits.Quality <= 0 || m.state != event.CallConnected {
		m.listening = nil
		return
	}
	if m.listening == nil {
		m.listening = &listening{measureAt: now.Add(m.limits.Quality)}
		m.do(MeasureMedia{}) // the first interval begins here
	}
	m.pairUp(now)
}

// pairUp watches the two who talk: not where there is a third, nor where one is handed on,
// nor one who sends nothing by its own wish (RFC 3264 s5.1: recvonly, inactive).
func (m *Machine) pairUp(now time.Time) {
	l, pair, n := m.listening, [2]int{}, 0
	for i := range m.participants {
		p := &m.participants[i]
		if p.state != event.ParticipantConnected {
			continue
		}
		if n++; n <= len(pair) && p.stream.Direction.Receives() {
			pair[n-1] = p.id
		}
	}
	if n != len(pair) || pair[0] == 0 || pair[1] == 0 || m.transfer.hunts() {
		pair = [2]int{}
	}
	if l.pair == pair {
		return
	}
	l.pair, l.since, l.silence = pair, now, quality.Silence{}
	if pair != [2]int{} {
		l.silence.Answer(now)
		l.measureAt = earliest(l.measureAt, l.silence.Due())
	}
}

// due is when to look next; zero when nobody listens.
func (l *listening) due() time.Time {
	if l == nil {
		return time.Time{}
	}
	return l.measureAt
}

func (m *Machine) measureByTime(now time.Time) {
	l := m.listening
	if due := l.due(); due.IsZero() || now.Before(due) {
		return
	}
	l.measureAt = now.Add(m.limits.Quality)
	m.do(MeasureMedia{})
}

func (e Measured) step(m *Machine, now time.Time) {
	l := m.listening
	if l == nil {
		return // nobody talks any more
	}
	for _, q := range e.Intervals {
		q.Header = m.at(now)
		m.emit(q)
	}
	if l.pair == [2]int{} {
		return
	}
	for side, id := range l.pair {
		if e.Last[id].After(l.since) {
			l.silence.Heard(quality.Side(side))
		}
	}
	m.nameSilent(now)
}

// nameSilent names the one of two who is not heard. Neither of them is no one-way audio:
// it may become that when the first one is heard.
func (m *Machine) nameSilent(now time.Time) {
	l := m.listening
	first, second := l.silence.Step(now)
	switch {
	case first && second:
		l.silence.Answer(now)
	case first:
		m.oneWay(now, l.pair[0])
	case second:
		m.oneWay(now, l.pair[1])
	}
}

func (m *Machine) oneWay(now time.Time, id int) {
	m.emit(event.OneWayAudio{Header: m.at(now), Participant: id, Name: m.participant(id).name})
}

// measure takes the readings of all parties.
func (m media) measure(now time.Time) Measured {
	e := Measured{Last: m.lastHeard()}
	for id, s := range m {
		i, complete := s.Measure(now)
		if complete && i.Losses.Expected > 0 {
			e.Intervals = append(e.Intervals, event.MediaQuality{Participant: id, From: i.From, Quality: qualityOf(i.Quality)})
		}
	}
	return e
}

// qualityOf is a reading as an event has it.
func qualityOf(q quality.Quality) event.Quality {
	return event.Quality{
		Expected: q.Losses.Expected, Lost: q.Losses.Lost, Discarded: q.Discarded,
		BurstRatio: q.Losses.BurstRatio(), Bursts: q.Losses.Bursts,
		Jitter: q.Jitter, JitterMost: q.JitterMost, RoundTrip: q.RoundTrip, RoundTripMost: q.RoundTripMost,
		Delay: q.Delay, R: q.R, MOS: q.MOS, ListeningMOS: q.ListeningMOS, Codec: q.Codec,
	}
}

// toldBy is what a far end says itself.
func toldBy(q rtp.Quality) (t event.Told) {
	if !q.Reporting {
		return t
	}
	t.Loss, t.Discarded = float64(q.Told.LossRate)/256, float64(q.Told.DiscardRate)/256
	if q.Told.R != quality.Unknown {
		t.R = float64(q.Told.R)
	}
	if q.Told.ConversationalMOS != quality.Unknown {
		t.MOS = float64(q.Told.ConversationalMOS) / 10
	}
	return t
}
