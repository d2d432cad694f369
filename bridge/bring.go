package bridge

import (
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
)

// A transferor may stay: its REFER asks the transferee to join the dialog that it has in its
// other call, and not to replace it (RFC 3911 s4). The conversation in that call goes on
// whatever happens, so it is the transferee that moves, and all of them talk with each other.
//
//	the transferee's call                          the transferor's other call
//	Referred with Joins ── Bring ─────────────────▶ Brought ── it may not: RefuseBring ─┐
//	transferBringing                                  │ transferFetching                │
//	  │ once no offer is under way ◀── Surrender ─────┘ Fetch                           │
//	  ├─ AcceptRefer, Notify 200, Give ───────────▶ Fetched: they talk, see add.go      │
//	  │  Hangup to the transferor, the end                                              │
//	  └─ RefuseRefer ◀──────────────────────────────────────────────────── BringFailed ─┘
//
// A transferee that hangs up meanwhile has not moved: those in the other call have not
// noticed. A transferor that hangs up has done its part in the transferee's call.

// Brought asks a call to take in who talks with one of its parties in another call.
type Brought struct {
	// Participant is the transferor's in this call, By who it must be.
	Participant int
	By          dialplan.Party
	// From is the other call, Transferor its participant there.
	From       string
	Transferor int
}

// BringFailed says why a transferee is not taken in.
type BringFailed struct{ Cause event.Cause }

// The actions of a transferor that stays.
type (
	// Bring asks the call that has a dialog to take in the transferee.
	Bring struct {
		Into       DialogID
		By         dialplan.Party
		Transferor int
	}
	// RefuseBring says to a call that its transferee is not taken in.
	RefuseBring struct {
		Call  string
		Cause event.Cause
	}
)

func (Bring) action()       {}
func (RefuseBring) action() {}

// bring asks the transferor's other call.
func (m *Machine) bring() {
	t := &m.transfer
	t.phase, t.kind, t.target = transferBringing, event.TransferAttended, t.asked.Target
	m.do(Bring{Into: t.asked.Replaces, By: m.participant(t.transferor).party, Transferor: t.transferor})
}

func (e Brought) step(m *Machine, now time.Time) {
	p := m.participant(e.Participant)
	refuse := func(status int, text string) {
		m.do(RefuseBring{Call: e.From, Cause: event.Cause{Status: status, Q850: q850Of(status), By: event.PartyGateway, Text: text}})
	}
	switch {
	case p == nil || !p.inTalk() || m.state >= event.CallDisconnecting:
		// RFC 3911 s4 has 481 for what matches no dialog. Where nobody has answered there is no
		// conversation to join either.
		refuse(481, "the dialog to be joined is gone, or has not been answered")
	case p.party != e.By:
		refuse(403, "the dialog to be joined is another's")
	case m.surrender != nil || m.transfer.phase != transferIdle:
		refuse(491, "a transfer is under way there")
	default:
		m.transfer = transfer{phase: transferFetching}
		m.fetching++
		m.do(Fetch{Replaces: DialogID{Call: e.From}, Transferor: e.Transferor, By: e.By, Chain: m.chain})
	}
}

func (e BringFailed) step(m *Machine, now time.Time) {
	if m.transfer.phase == transferBringing && m.surrender == nil {
		m.declined(now, e.Cause)
	}
}

// brought lets the transferee in. It may have been on hold, and some of those here too.
func (m *Machine) brought(now time.Time) {
	m.transfer = transfer{}
	m.wakeAll()
	m.watchSilence(now)
	m.stale = true
	m.rehold(now)
}

// surrenderTransferee takes the wish of the transferor's other call.
func (m *Machine) surrenderTransferee(e *Surrender) {
	t := &m.transfer
	if t.phase != transferBringing || t.transferor != e.Participant || !m.participant(t.transferee).inTalk() {
		m.keep(481, "the transferee is gone")
		return
	}
	m.surrender = e
}

// bringOver hands the transferee over, and is done with its transferor here.
func (m *Machine) bringOver(now time.Time, e *Surrender) {
	q := m.participant(m.transfer.transferee)
	m.tellTransferor(AcceptRefer{})
	m.notify(event.Cause{Status: 200})
	m.transfer = transfer{}
	m.giveAway(now, q, e)
}
