package bridge

import (
	"time"

	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
)

// RecallKind is what becomes of a transferee whose transfer has failed after its
// transferor left.
type RecallKind uint8

// The transferor is called back, or somebody else is, or the call ends.
const (
	RecallBack RecallKind = iota
	RecallEnd
	RecallTo
)

// Transfers is how transfers are done.
type Transfers struct {
	// CallerID is whose number the target sees.
	CallerID dialplan.TransferCallerID
	// Recall is what becomes of a transferee that would be left with nobody.
	Recall Recall
	// EndUnanswered has the target's forwarding settings not followed.
	EndUnanswered bool
}

// Recall is the setting transfer_recall.
type Recall struct {
	Kind RecallKind
	// To is who is called by RecallTo: a number or a user, as one would dial it.
	To string
}

// recall calls somebody for a transferee that would be left with nobody.
func (m *Machine) recall(now time.Time, c event.Cause) {
	t := &m.transfer
	by, of := m.participant(t.transferor), m.participant(t.transferee)
	if m.limits.Transfer.Recall.Kind == RecallEnd {
		m.transfer = transfer{}
		m.giveUpCall(now, c)
		return
	}
	t.phase, t.failure, m.request = transferRecalling, c, &t.asked.Request
	if m.limits.Transfer.Recall.Kind == RecallTo {
		to := t.asked.Request
		to.To = m.limits.Transfer.Recall.To
		m.do(Direct{Transfer: dialplan.Transfer{
			Request: to, Transferee: of.asks(), Show: m.limits.Transfer.CallerID,
		}})
		return
	}
	m.do(CallBack{To: by.party, Number: by.identity.Phone, Transferee: of.asks()})
}

// recallFailed ends the call: nobody wants it.
func (m *Machine) recallFailed(now time.Time, c event.Cause) {
	why := m.transfer.failure
	m.transfer = transfer{}
	if why.IsZero() {
		why = c
	}
	m.huntOver()
	m.giveUpCall(now, why)
}

// giveUpCall ends a call whose parties have nobody to talk to.
func (m *Machine) giveUpCall(now time.Time, c event.Cause) {
	c.By = event.PartyGateway
	m.close(now, c)
	m.dismiss(now, c)
}
