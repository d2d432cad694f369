package bridge

import (
	"slices"
	"time"

	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/rtp"
)

// Participants are heard by the rule of rtp.Table: the table is the whole of a
// call's media behaviour, and what is not in it is not heard. Its numbers are
// those of the participants.

// rehear computes the table anew from the state of the call, once for all the
// media that the step has connected or shut. A call that ends has shut all of it.
func (m *Machine) rehear(now time.Time) {
	if m.state >= event.CallDisconnecting || !m.stale && !slices.ContainsFunc(m.out, changesHearing) {
		return
	}
	m.stale = false
	t := m.hearing()
	m.play(t)
	m.hush(now, t)
	taps := m.taps(t)
	m.do(Hear{Table: t, Sounds: m.sounds(t), Taps: taps, Keys: m.keysWanted()})
}

func changesHearing(a Action) bool {
	switch a.(type) {
	case Connect, Shut:
		return true
	}
	return false
}

// hearing is the rule: before the answer the caller and the target with early
// media hear each other, the one that sends it where there are several, or the
// caller the ringing tone; after it, everybody who talks hears everybody else who
// does, or music while on hold.
func (m *Machine) hearing() rtp.Table {
	t := make(rtp.Table, 2)
	if m.transfer.hunts() {
		m.transferHearing(t)
		return t
	}
	if !m.answered.IsZero() {
		for i := range m.participants {
			if p := &m.participants[i]; p.audible() {
				t[p.id] = m.heardBy(p)
			}
		}
		return t
	}
	if p := m.earlyMedia(); p != nil {
		t[callerID] = []rtp.Heard{{Source: p.id}}
		t[p.id] = []rtp.Heard{{Source: callerID}}
	}
	if m.ringback.phase == ringbackPlaying {
		t[callerID] = []rtp.Heard{{Source: ringbackFor(callerID)}}
	}
	return t
}

// heardBy is what a party that talks hears.
func (m *Machine) heardBy(p *participant) (list []rtp.Heard) {
	if p.state == event.ParticipantHold && m.limits.Hold == HoldMusic {
		return []rtp.Heard{{Source: musicFor(p.id)}}
	}
	m.others(p, func(q *participant) {
		if q.audible() {
			list = append(list, rtp.Heard{Source: q.id})
		}
	})
	return list
}

// audible says whether a party talks and has agreed on codecs: one that is still
// to answer our offer can neither hear nor be heard.
func (p *participant) audible() bool { return p.inTalk() && len(p.stream.Formats) > 0 }

// earlyMedia is the target whose early media the caller hears.
func (m *Machine) earlyMedia() *participant {
	if p := m.participant(m.ringback.branch); p != nil && p.state == event.ParticipantEarlyMedia {
		return p
	}
	for i := len(m.participants) - 1; i > 0; i-- {
		if p := &m.participants[i]; p.state == event.ParticipantEarlyMedia {
			return p
		}
	}
	return nil
}
