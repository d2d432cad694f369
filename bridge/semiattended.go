package bridge

import (
	"slices"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
)

// A transferor need not wait for the answer in its other call (RFC 5589 s7.6, "semi-attended
// transfer"). That call is a hunt then, and the transferee's call goes on with it: what rings
// for the transferor rings on, for the transferee.
//
//	the transferee's call                           the other call, not answered
//	Referred ── Fetch ─────────────────────────────▶ Surrender
//	AcceptRefer, Notify 180 ◀───── HuntFetched ───── GiveHunt; Refuse 487 to the transferor,
//	transferCalling: the hunt goes on                the end
//
// All that belongs to the hunt comes over: the legs of who rings, with their early media; its
// times; the attempts and the forwarding that are left. What the other call has asked for and
// not been told, where an attempt leads or where a user hands the call on, is asked here once
// more. RFC 5589 s7.6 warns of the transferor that cancels its call and has the target called
// anew: that may answer meanwhile, and would have been called twice. Here nobody is.

// search is a hunt as one call gives it to another.
type search struct {
	request    *dialplan.Request
	decision   dialplan.Decision // the running attempt is its first
	forwarding forwarding
	reach      reach
	// hunt counts from that attempt: 0 begun while a user hands the call on before any.
	hunt     hunt
	ringback ringback
}

// GiveHunt hands a hunt over to the call that has asked, with those who ring, their legs and
// media.
type GiveHunt struct {
	search  search
	parties []participant
}

func (GiveHunt) action() {}

// HuntFetched is a hunt that another call has given up for this one.
type HuntFetched struct {
	search  search
	parties []participant
}

// surrenderHunt gives up a call that is not answered, and that the transferor has placed: one
// that rings at the transferor itself hunts for nobody else.
func (m *Machine) surrenderHunt(now time.Time, p *participant, e Surrender) {
	if p.id != callerID {
		m.keep(481, "the dialog to be replaced has not been answered")
		return
	}
	c := event.Cause{Status: 487, Q850: 16, By: event.PartyCaller, Text: "transferred"}
	m.emit(event.CallJoined{Header: m.at(now), Into: e.Into, Chain: e.Chain})
	give := GiveHunt{search: m.search()}
	for i := range m.participants {
		if q := &m.participants[i]; q.rings() {
			party := *q
			party.keys = nil
			give.parties = append(give.parties, party)
			m.emit(event.AttemptEnded{Header: m.at(now), Attempt: q.id - callerID, Cause: c, Into: e.Into})
			m.enterParticipant(now, q, event.ParticipantDisconnected, c)
			q.leg = legEnding
		}
	}
	m.do(give)
	m.refuse(now, c, "")
}

// search is what the other call needs of this one: copies, for it is on another goroutine.
func (m *Machine) search() search {
	request, d, h := *m.request, *m.decision, m.hunt
	begun := h.index - h.before
	d.Attempts = slices.Clone(d.Attempts[max(0, begun-1):])
	f := m.forwarding
	f.history = slices.Clone(f.history)
	behind := h.index - h.located
	h.index, h.before = min(begun, 1), 0
	h.located = h.index - behind
	return search{request: &request, decision: d, forwarding: f, reach: m.reach, hunt: h, ringback: m.ringback}
}

func (e HuntFetched) step(m *Machine, now time.Time) {
	m.fetching--
	if m.transfer.phase != transferJoining {
		m.adoptTargets(now, e)
		m.cancelTargets(now, nil, event.Cause{Status: 487, Q850: 16, By: event.PartyGateway, Text: "the call that it was transferred to has ended"})
		return
	}
	m.transfer.phase = transferCalling
	m.takeSearch(e.search)
	m.transferBegins(now)
	m.adoptTargets(now, e)
	m.tellRinging(now, e.search.ringback)
	m.askAgain(now)
}

// takeSearch makes a hunt this call's.
func (m *Machine) takeSearch(s search) {
	begun := m.hunt.index
	m.hunt = s.hunt
	m.hunt.index, m.hunt.located, m.hunt.before = begun+s.hunt.index, begun+s.hunt.located, begun
	m.request, m.decision, m.forwarding, m.reach = s.request, &s.decision, s.forwarding, s.reach
	m.ringback = ringback{}
}

// adoptTargets takes in who rings.
func (m *Machine) adoptTargets(now time.Time, e HuntFetched) {
	early := m.newestEarly()
	m.participants = slices.Grow(m.participants, len(e.parties))
	for _, p := range e.parties {
		if p.early > 0 {
			p.early += early
		}
		m.adoptTarget(now, p)
		if p.id == e.search.ringback.branch {
			m.ringback.branch = len(m.participants)
		}
	}
}

// adoptTarget takes one in, with its attempt.
func (m *Machine) adoptTarget(now time.Time, p participant) {
	try, state := *p.try, p.state
	p.id, p.state, p.leg, p.attempt = len(m.participants)+1, event.ParticipantIdle, legLive, m.hunt.index
	if try.Since.IsZero() {
		try.Since = try.At
	}
	try.Header, try.Attempt, p.try = m.at(now), p.id-callerID, &try
	m.participants = append(m.participants, p)
	m.emit(try)
	joined := &m.participants[p.id-1]
	m.enterParticipant(now, joined, event.ParticipantConnecting, event.Cause{})
	m.enterParticipant(now, joined, state, event.Cause{})
}

// tellRinging tells the transferor what it has heard in its other call, and lets the
// transferee hear it: early media that the transferor was hearing, else our tone, for the
// transferee's phone does not ring by itself.
func (m *Machine) tellRinging(now time.Time, heard ringback) {
	var status int
	for i := range m.participants {
		switch p := &m.participants[i]; p.state {
		case event.ParticipantRinging:
			status = max(status, 180)
		case event.ParticipantEarlyMedia:
			status = max(status, 183)
		}
	}
	if status != 0 {
		m.notify(event.Cause{Status: status})
	}
	if heard.phase != ringbackIdle || status == 180 {
		m.ringback.phase, m.ringback.since = ringbackPlaying, now
	}
	m.lookForMedia(now)
}

// askAgain asks for what the other call has not been told.
func (m *Machine) askAgain(now time.Time) {
	switch {
	case m.forwarding.phase == forwardAsked:
		m.askForward(now, *m.forwarding.asked)
	case m.hunt.located < m.hunt.index:
		m.do(Locate{Attempt: m.hunt.index, Plan: m.plan()})
	}
}

// rings says whether somebody is being called.
func (p *participant) rings() bool {
	return p.id != callerID && p.state != event.ParticipantDisconnected && !p.inTalk()
}
