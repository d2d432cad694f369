package bridge

import (
	"net/netip"
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/sdp"
)

// callerID is the participant number of the caller.
const callerID = 1

// legPhase is how far a participant's leg is, which is not how far its
// conversation is: a party that has hung up still has a BYE under way.
//
//	legLive ── Refuse, Hangup, Refused, HungUp ──▶ legEnding ── Released ──▶ legReleased
//	   └────── Hangup before it answered ───────▶ legGivenUp ── Released ────────▲
//
// A leg that was given up may wait half a minute for a trunk that says nothing. The
// call does not end before its other legs have released themselves, but it does
// not wait for that.
type legPhase uint8

const (
	legLive legPhase = iota + 1
	legEnding
	legGivenUp
	legReleased
)

// participant is one party of the call; event.ParticipantState draws its states.
type participant struct {
	id   int
	name string
	// party and identity are who it is; request is what it has asked of the dialplan
	// with, nil for one that was called.
	party    dialplan.Party
	identity event.Identity
	request  *dialplan.Request
	// codecs are the names of those that it may be offered; nil for any.
	codecs []string
	// transfers says what it does with a REFER, digits how it is told keys.
	transfers TransferWay
	digits    KeyWay
	state     event.ParticipantState
	leg       legPhase
	speaking  bool // of those who are mixed
	attempt   int  // counts from 1; 0 for the caller
	local     local
	hint      netip.Addr
	// offered is the last offer of this party, answered or not; nil when it made
	// none.
	offered *sdp.Description
	// remote is this party's last agreed description.
	remote *sdp.Description
	// stream is what was agreed with it, seen from us.
	stream sdp.Stream
	// branches are the addresses of its older early dialogs, the oldest first.
	branches []netip.AddrPort
	// keys is what is known of those that it has pressed; nil before the first.
	keys *keying
	// early counts the descriptions of early media in the call, up to its last one.
	early int
	// try is its attempt as it was told, while that goes on.
	try *event.AttemptStarted
}

// calling makes the party of an INVITE that has come to us. Its request is a copy: the rest
// of the Caller is not kept for as long as it talks.
func (m *Machine) calling(id int, c *Caller, s event.ParticipantState) participant {
	request := c.Request
	return participant{
		id: id, name: c.Name, party: request.Origin, identity: identityOf(request.Origin, c.Name), request: &request,
		transfers: c.Transfers, codecs: c.Codecs, digits: c.Digits, state: s, leg: legLive,
		local: m.side(id, c.Media).protected(c.SRTP, c.Keys), hint: c.Hint, offered: restricted(c.Offer, c.Codecs),
	}
}

func (m *Machine) participant(id int) *participant {
	if id < 1 || id > len(m.participants) {
		return nil
	}
	return &m.participants[id-1]
}

func (m *Machine) caller() *participant { return m.participant(callerID) }

// enterParticipant changes a participant's state and says so.
func (m *Machine) enterParticipant(now time.Time, p *participant, s event.ParticipantState, c event.Cause) {
	if p.state == s || p.state == event.ParticipantDisconnected {
		return
	}
	from := p.state
	p.state = s
	m.emit(event.ParticipantStateChanged{
		Header: m.at(now), Participant: p.id, Name: p.name, From: from, To: s, Cause: c,
	})
}

// leave ends a participant's conversation: its media is shut at once and its
// descriptions are forgotten, its leg goes on until it releases itself.
func (m *Machine) leave(now time.Time, p *participant, c event.Cause) {
	if p.state == event.ParticipantDisconnected {
		return
	}
	m.lastKeys(now, p)
	m.stopPlayingTo(now, p.id)
	m.enterParticipant(now, p, event.ParticipantDisconnected, c)
	if p.leg == legLive {
		p.leg = legEnding
	}
	p.local, p.offered, p.remote = local{}, nil, nil
	m.do(Shut{Participant: p.id})
}

// released is the end of a leg. One that goes without a word has hung up.
func (m *Machine) released(now time.Time, p *participant) {
	p.leg = legReleased
	m.hungUp(now, p, event.Cause{
		Status: 500, Q850: q850Of(500), By: event.PartyGateway, Text: "the leg has ended by itself",
	})
}

// inTalk says whether the answer of this party stands.
func (p *participant) inTalk() bool {
	return p.state == event.ParticipantConnected || p.state == event.ParticipantHold
}

// everyLeg says whether all legs are at least so far.
func (m *Machine) everyLeg(phase legPhase) bool {
	for i := range m.participants {
		if m.participants[i].leg < phase {
			return false
		}
	}
	return true
}

// others gives the participants other than p that are still in the call.
func (m *Machine) others(p *participant, visit func(*participant)) {
	for i := range m.participants {
		q := &m.participants[i]
		if q.id != p.id && q.state != event.ParticipantDisconnected {
			visit(q)
		}
	}
}
