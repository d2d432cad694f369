package bridge

import (
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
)

// Two calls of one transferor become one (RFC 5589 s7, attended transfer): the transferee
// stays where it is, and the party that the transferor talks with in its other call comes
// over from there.
//
//	the transferee's call                        the other call
//	Referred ── Fetch ──────────────────────────▶ Surrender
//	                                                │ once no offer is under way there
//	AcceptRefer, Notify 200, Hangup ◀── Fetched ── Give; Hangup to the transferor, the end
//	RefuseRefer ◀─────────────────── FetchFailed ── Keep: it is not there, or another's
//
// Nobody is dialled, also where the other call has not been answered: see semiattended.go.

// Fetched is a party that another call has given up for this one. Its leg and media are
// the loop's.
type Fetched struct{ party participant }

// FetchFailed says why there is none.
type FetchFailed struct{ Cause event.Cause }

// Surrender asks a call for the party that a transferor of another call talks with here.
type Surrender struct {
	// Participant is the transferor's in this call, By who it must be.
	Participant int
	By          dialplan.Party
	// EarlyOnly: not if it has been answered.
	EarlyOnly bool
	// Joins: who talks with the transferor comes to where that one stays, see bring.go.
	Joins bool
	// Into is the other call, Chain the id that they share from now on.
	Into, Chain string
}

// The actions of joining.
type (
	// Fetch asks another call for the party that talks there with the transferor.
	// With a Transferor that one is not looked for by its dialog, and stays where it is.
	Fetch struct {
		Replaces   DialogID
		Transferor int
		By         dialplan.Party
		Chain      string
	}
	// Give hands a party over, with its leg and media, to the call that has asked.
	Give struct{ Participant int }
	// Keep says why nobody is handed over.
	Keep struct{ Cause event.Cause }
)

func (Fetch) action() {}
func (Give) action()  {}
func (Keep) action()  {}

// joinCalls asks the other call.
func (m *Machine) joinCalls() {
	t := &m.transfer
	t.phase, t.kind, t.target = transferJoining, event.TransferAttended, t.asked.Target
	m.fetching++
	m.do(Fetch{Replaces: t.asked.Replaces, By: m.participant(t.transferor).party, Chain: m.chain})
}

func (e Fetched) step(m *Machine, now time.Time) {
	m.fetching--
	p := m.adopt(now, e.party)
	switch m.transfer.phase {
	case transferJoining:
		m.tellTransferor(AcceptRefer{})
		m.transferEvent(now, event.Transferring, event.Cause{})
		m.connectParties(now, p)
	case transferFetching:
		m.brought(now)
	default:
		c := event.Cause{Status: 487, Q850: 16, By: event.PartyGateway, Text: "the call that it was transferred to has ended"}
		m.tell(p, Hangup{Cause: c})
		m.leave(now, p, c)
	}
}

// adopt takes a party in.
func (m *Machine) adopt(now time.Time, p participant) *participant {
	p.id, p.state, p.leg, p.attempt, p.speaking = len(m.participants)+1, event.ParticipantIdle, legLive, 0, false
	m.participants = append(m.participants, p)
	joined := &m.participants[p.id-1]
	m.enterParticipant(now, joined, event.ParticipantConnected, event.Cause{})
	return joined
}

func (e FetchFailed) step(m *Machine, now time.Time) {
	m.fetching--
	switch m.transfer.phase {
	case transferJoining:
		m.declined(now, e.Cause)
	case transferFetching:
		m.transfer = transfer{}
	}
}

func (e Surrender) step(m *Machine, now time.Time) {
	p := m.participant(e.Participant)
	switch {
	case e.Joins:
		m.surrenderTransferee(&e)
	case p == nil || p.state == event.ParticipantDisconnected || m.state >= event.CallDisconnecting:
		m.keep(481, "the dialog to be replaced is gone")
	case p.party != e.By:
		m.keep(403, "the dialog to be replaced is another's")
	case m.surrender != nil || m.transfer.phase != transferIdle:
		m.keep(491, "a transfer is under way there")
	case !p.inTalk():
		m.surrenderHunt(now, p, e)
	case e.EarlyOnly:
		// RFC 3891 s3: with early-only a confirmed dialog is refused with 486.
		m.keep(486, "the dialog to be replaced has been answered")
	case m.counterpart(p) == nil:
		m.keep(481, "nobody talks there")
	case m.crowd() > 2:
		m.keep(403, "more than two talk there: nobody is the one to be talked to")
	default:
		m.surrender = &e
	}
}

func (m *Machine) keep(status int, text string) {
	m.do(Keep{Cause: event.Cause{Status: status, Q850: q850Of(status), By: event.PartyGateway, Text: text}})
}

// surrenderNow hands the party over, once no offer is under way: its answer would be
// lost between the calls.
func (m *Machine) surrenderNow(now time.Time) {
	e := m.surrender
	if e == nil || m.exchange.phase != exchangeIdle {
		return
	}
	m.surrender = nil
	if e.Joins {
		m.bringOver(now, e)
		return
	}
	p := m.participant(e.Participant)
	q := m.counterpart(p)
	if q == nil || !p.inTalk() {
		m.keep(481, "the dialog to be replaced is gone")
		return
	}
	m.giveAway(now, q, e)
}

// giveAway hands a party over, and ends the call for the other one.
func (m *Machine) giveAway(now time.Time, q *participant, e *Surrender) {
	c := event.Cause{Status: 200, Q850: 16, By: event.PartyGateway, Text: "transferred"}
	m.emit(event.CallJoined{Header: m.at(now), Into: e.Into, Chain: e.Chain})
	m.close(now, c)
	m.enterParticipant(now, q, event.ParticipantDisconnected, c)
	q.leg = legEnding
	m.do(Give{Participant: q.id})
	m.dismiss(now, c)
}
