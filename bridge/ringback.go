package bridge

import (
	"slices"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/sdp"
)

// ringback is what the caller hears before the answer: the early media of one party, or
// the ringing tone of the callee's country in its place.
//
//	               ┌── local: a target rings ──────────────────────────────┐
//	ringbackIdle ──┤                                                        ▼
//	  ▲   ▲        └── auto: 180 ──▶ ringbackAwaited ── 1 s ──▶ ringbackPlaying
//	  │   └─────────────── media of a target ──┘                            │
//	  └── auto: media of a target; the answer, the end ─────────────────────┘
//
// RFC 3960 s3.2 has a phone do so: where no early media comes, ringing is made locally.
// A gateway that answers for the callee must do it in its place once there is a
// session, for then the phone is silent.
type ringback struct {
	phase ringbackPhase
	// since is when the 180 came that media is awaited after; checkAt is when to ask
	// next who sends, zero while that makes no difference.
	since, checkAt time.Time
	// branch is the target whose early media is heard; 0 is the newest.
	branch int
}

type ringbackPhase uint8

const (
	ringbackIdle ringbackPhase = iota
	ringbackAwaited
	ringbackPlaying
)

const (
	// ringbackPatience is how long a callee may send nothing after its 180.
	ringbackPatience = time.Second
	// ringbackLook is how often early media is looked for while it makes a difference.
	ringbackLook = 200 * time.Millisecond
	// ringbackFresh is how recent media must be of a party that is sending it.
	ringbackFresh = 300 * time.Millisecond
)

// passes says whether a target's early media is for the caller's ears. RFC 3261 s13.2.1:
// a caller that made no offer gets one "in the first reliable non-failure message", which
// is the 2xx: it could not answer one in a 183.
func (m *Machine) passes(r Ringing) bool {
	return r.SDP != nil && m.caller().offered != nil && m.decision.Ringback != dialplan.RingbackLocal
}

// ringbackDue begins what is to be heard after a provisional response.
func (m *Machine) ringbackDue(now time.Time, r Ringing) {
	b := &m.ringback
	switch m.decision.Ringback {
	case dialplan.RingbackLocal:
		if (r.Status == 180 || r.SDP != nil) && b.phase == ringbackIdle {
			m.playRingback(now)
		}
	case dialplan.RingbackAuto:
		if r.Status == 180 && b.phase == ringbackIdle {
			b.phase, b.since = ringbackAwaited, now
		}
	}
	m.lookForMedia(now)
}

// ringbackMoves forgets the 180 of an attempt that has failed. A tone that plays goes on:
// the caller need not hear that somebody else is rung.
func (m *Machine) ringbackMoves() {
	if m.ringback.phase == ringbackAwaited {
		m.ringback = ringback{}
	}
}

// lookForMedia settles when to ask who sends: a second after a 180, and all the time
// while several could be heard, or one in place of the tone.
func (m *Machine) lookForMedia(now time.Time) {
	b := &m.ringback
	targets := m.earlyTargets()
	switch {
	case b.phase == ringbackAwaited:
		b.checkAt = b.since.Add(ringbackPatience)
	case targets > 1 || targets == 1 && b.phase == ringbackPlaying && m.decision.Ringback == dialplan.RingbackAuto:
		b.checkAt = now.Add(ringbackLook)
	default:
		b.checkAt = time.Time{}
	}
}

func (m *Machine) earlyTargets() (n int) {
	for i := range m.participants {
		if m.participants[i].state == event.ParticipantEarlyMedia {
			n++
		}
	}
	return n
}

// checkRinging asks who sends.
func (m *Machine) checkRinging(now time.Time) {
	if t := m.ringback.checkAt; !t.IsZero() && !now.Before(t) {
		m.ringback.checkAt = time.Time{}
		m.do(CheckMedia{})
	}
}

// heardRinging follows the media: the caller hears the target that sends, the one whose
// early media began last where several do, and the tone while none does.
func (m *Machine) heardRinging(now time.Time, last map[int]time.Time) {
	b := &m.ringback
	branch := m.sending(now, last)
	if branch != 0 && branch != b.branch {
		b.branch, m.stale = branch, true
	}
	switch {
	case m.decision.Ringback != dialplan.RingbackAuto:
	case branch != 0 && b.phase != ringbackIdle:
		m.stale = m.stale || b.phase == ringbackPlaying
		b.phase = ringbackIdle
	case b.phase == ringbackAwaited && !now.Before(b.since.Add(ringbackPatience)):
		m.playRingback(now)
	}
	m.lookForMedia(now)
}

// sending is the target with early media that is sending it, 0 when none is.
func (m *Machine) sending(now time.Time, last map[int]time.Time) (branch int) {
	newest := 0
	for i := range m.participants {
		p := &m.participants[i]
		if p.state == event.ParticipantEarlyMedia && now.Sub(last[p.id]) < ringbackFresh && p.early > newest {
			branch, newest = p.id, p.early
		}
	}
	return branch
}

// newestEarly is the number of the description of early media that came last.
func (m *Machine) newestEarly() (n int) {
	for i := range m.participants {
		n = max(n, m.participants[i].early)
	}
	return n
}

// playRingback lets the caller hear the tone, if there is a way.
func (m *Machine) playRingback(now time.Time) {
	m.ringback.phase, m.ringback.since = ringbackIdle, now
	if m.hearsTones(now) {
		m.ringback.phase, m.stale = ringbackPlaying, true
	}
}

// hearsTones sees to it that the caller has a session to hear a tone in. One who has none
// gets an answer to its offer in a 183, with everything that it offers: which of it the
// callee takes will be known with its own answer.
func (m *Machine) hearsTones(now time.Time) bool {
	c := m.caller()
	if c.offered == nil {
		return false // RFC 3261 s13.2.1: our offer has its place in the 2xx
	}
	if len(c.stream.Formats) > 0 {
		return toned(c.stream)
	}
	answer, ours, err := c.local.accept(c.offered, c.offered)
	if err != nil || !toned(ours) {
		return false // its phone rings by itself
	}
	m.connect(c, ours)
	m.tell(c, Progress{Status: 183, SDP: c.local.publish(answer)})
	return true
}

// toned says whether a tone can be sent: in a codec that the gateway can speak.
func toned(s sdp.Stream) bool {
	return slices.ContainsFunc(s.Formats, func(f sdp.Format) bool { return transcodable(f.Send) })
}
