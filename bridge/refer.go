package bridge

import (
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
)

// TransferWay is what a party, or the trunk it is behind, does with a REFER.
type TransferWay uint8

const (
	// TransferLocal has the gateway call the target.
	TransferLocal TransferWay = iota
	// TransferRelay asks it to call the target itself; the gateway does where it refuses.
	TransferRelay
	// TransferRefuse refuses its own REFERs.
	TransferRefuse
)

// The commands of a transfer.
type (
	// AcceptRefer answers the REFER that the leg reported; Notify says what follows.
	AcceptRefer struct{}
	// RefuseRefer rejects it.
	RefuseRefer struct{ Cause event.Cause }
	// Notify tells a transferor what has become of its REFER: a provisional status, or
	// the final one, of the target.
	Notify struct{ Cause event.Cause }
	// Refer asks a party to call somebody itself. To and ReferredBy are values of the
	// headers of these names.
	// Number is what To has come to by the dialplan; empty where To is to be passed on as
	// it is.
	Refer struct{ To, Number, ReferredBy string }
)

func (AcceptRefer) command() {}
func (RefuseRefer) command() {}
func (Notify) command()      {}
func (Refer) command()       {}

// The reports of a transfer.
type (
	// Referred is a party's wish that the other one be connected with somebody else.
	Referred struct {
		// Request is what it would ask of the dialplan if it called the target itself.
		Request dialplan.Request
		// Target is the value of its Refer-To, ReferredBy what the target is told of who
		// transfers.
		Target, ReferredBy string
		// Replaces is the dialog that the transferee takes over, when it is one of ours;
		// Foreign is a Replaces or Join header for one that is not.
		Replaces DialogID
		Foreign  string
		// Joins: the transferee joins that dialog, and the transferor stays in it.
		Joins bool
	}
	// ReferAccepted says that a party will do what Refer asked for.
	ReferAccepted struct{}
	// ReferProgressed is what has become of it: a provisional or a final status.
	ReferProgressed struct{ Cause event.Cause }
	// ReferRefused says that it will not.
	ReferRefused struct{ Cause event.Cause }
)

func (Referred) report()        {}
func (ReferAccepted) report()   {}
func (ReferProgressed) report() {}
func (ReferRefused) report()    {}

// DialogID names a dialog of a leg of ours (RFC 3891 s3): the call it is in, its Call-ID,
// and the tags.
type DialogID struct {
	// Call is the id of our call; empty for none.
	Call string
	// CallID is the dialog's Call-ID, Ours and Theirs are its tags.
	CallID, Ours, Theirs string
	// EarlyOnly: a dialog that has been answered is not to be replaced.
	EarlyOnly bool
}

// relay has the transferee's trunk call the target, where it does that and the target is
// behind it too: what the transferor may call there, the dialplan has said.
func (m *Machine) relay() bool {
	t := &m.transfer
	q, to := m.participant(t.transferee), m.decision.Attempts
	if q.transfers != TransferRelay || len(to) == 0 || to[0].To != q.party {
		return false
	}
	r := Refer{To: t.asked.Target, Number: to[0].Dial, ReferredBy: t.asked.ReferredBy}
	if t.asked.Foreign != "" {
		r.Number = "" // the dialog that is replaced is where To says
	}
	t.phase = transferRelayed
	m.tell(q, r)
	return true
}

// relayed follows a transfer that the transferee's side does itself.
func (m *Machine) relayed(now time.Time, p *participant, r Report) {
	t := &m.transfer
	if t.phase != transferRelayed && t.phase != transferRelaying || p.id != t.transferee {
		return
	}
	switch r := r.(type) {
	case ReferRefused:
		m.askTransferee(now)
	case ReferAccepted:
		t.phase = transferRelaying
		m.tellTransferor(AcceptRefer{})
		m.transferEvent(now, event.Transferring, event.Cause{})
	case ReferProgressed:
		m.relayProgressed(now, r.Cause)
	}
}

// relayProgressed passes on how it goes. At the end the two talk without us, or nothing
// has changed.
func (m *Machine) relayProgressed(now time.Time, c event.Cause) {
	if c.Status >= 300 {
		m.transferFailed(now, c)
		return
	}
	m.notify(c)
	if c.Status < 200 {
		return
	}
	m.transferEvent(now, event.Transferred, event.Cause{})
	m.transfer = transfer{}
	done := event.Cause{Status: 200, Q850: 16, By: event.PartyGateway, Text: "transferred by the trunk itself"}
	m.close(now, done)
	m.dismiss(now, done)
}

// ofTarget is the wish for which somebody is called; nil while it is a recall.
func (t *transfer) ofTarget() *Referred {
	if t.phase != transferCalling {
		return nil
	}
	return t.asked
}

// referred adds what a target is told of the transfer that it is called for.
func (d Dial) referred(r *Referred) Dial {
	if r != nil {
		d.ReferredBy, d.Replaces = r.ReferredBy, r.Foreign
		if r.Joins {
			d.Replaces, d.Join = "", r.Foreign
		}
	}
	return d
}
