package cdr

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/tandem-gateway/tandem/event"
)

// Transfer is what a transfer's record is about.
type Transfer struct {
	// Kind is "blind", "attended", or "recall" for the call back to a transferor whose
	// transfer has failed.
	Kind string `json:"kind"`
	// By transferred the party Of to Target.
	By     Identity `json:"by"`
	Of     Identity `json:"of"`
	Target Identity `json:"target"`
}

// transferred is the cause of a part that ends as the parties talk to others.
const transferred = "transferred"

// transferred folds what a call says of a transfer.
//
//	main ── Transferring ──▶ main and the transfer's own ── Transferred ──▶ the transfer's own
//	 ▲                              │                    main is closed
//	 └──── TransferFailed ──────────┘ the transfer's own is closed
func (c *call) transferred(e event.TransferChanged) {
	if e.State <= event.TransferNone {
		return
	}
	if c.chain == "" {
		c.enchain(e.Chain)
	}
	if e.State == event.Transferring || c.transfer == nil {
		c.beginTransfer(e)
	}
	switch {
	case e.State == event.Transferred, e.Kind == event.TransferRecall && e.Party != 0:
		c.transferSucceeded(e)
	case e.State == event.TransferFailed:
		c.transferFailed(e)
	}
}

// enchain links the records of the call with those of others.
func (c *call) enchain(chain string) {
	c.chain, c.main.Chain = chain, chain
	if c.transfer != nil {
		c.transfer.Chain = chain
	}
}

// join links the call with the one that has taken a party of it. Where one of them has
// written records already, theirs is the id; other is nil when that call is over.
func (c *call) join(other *call, chain string) {
	switch {
	case other != nil && other.chain != "":
		chain = other.chain
	case c.chain != "":
		chain = c.chain
	}
	c.joined = true
	c.enchain(chain)
	if other != nil {
		other.enchain(chain)
	}
}

// beginTransfer opens the record of a transfer. Its caller is who is transferred.
func (c *call) beginTransfer(e event.TransferChanged) {
	c.closeTransfer(c.unfinished(e.Cause), Time{e.At})
	c.transfers++
	target := identityOf(e.Target)
	c.transfer = &Record{
		ID: fmt.Sprintf("%s.%d", c.id, c.transfers), Chain: c.chain, Caller: c.callerOf(e.Transferee, e.Who),
		Dialled: e.Target, Callee: target.Phone + target.User, Received: Time{e.At},
		Transfer: &Transfer{Kind: e.Kind.String(), By: Identity(e.By), Of: Identity(e.Who), Target: target},
		part:     part{caller: e.Transferee},
	}
}

// callerOf is who is transferred. One that was called has asserted nothing: it is whom
// the call reached.
func (c *call) callerOf(participant int, who event.Identity) Caller {
	caller := c.party(participant).caller
	if caller.Trunk == "" {
		caller.User = cmp.Or(caller.User, who.User)
	}
	caller.Asserted = cmp.Or(caller.Asserted, who.Phone)
	return caller
}

// transferSucceeded makes the transfer's record that of the call. The other one is
// closed with this moment, and waits for the counts of the party that leaves.
func (c *call) transferSucceeded(e event.TransferChanged) {
	cause := event.Cause{Status: 200, Q850: 16, By: c.main.sideOf(e.Transferor), Text: transferred}
	if e.Kind == event.TransferRecall {
		cause.Text = "recalled"
	}
	if c.main.Transfer == nil {
		c.main.Answered = c.connected
	}
	if !c.party(e.Transferor).gone {
		c.main.part.leaves = e.Transferor
	}
	c.main.close(cause, Time{e.At})
	c.closed = append(c.closed, c.main)
	c.main, c.transfer = c.transfer, nil
	c.main.Answered, c.failed = Time{e.At}, event.TransferChanged{}
}

// transferFailed closes the transfer's record: the call's own goes on.
func (c *call) transferFailed(e event.TransferChanged) {
	cause := e.Cause
	if cause.Status == 487 && cause.By != event.PartyGateway {
		cause.By = event.PartyCaller // who was to be transferred has hung up
	}
	c.closeTransfer(cause, Time{e.At})
	c.failed = e
}

// recalled opens the record of a call back: nobody else is called in a call whose
// transfer has failed after the transferor left.
func (c *call) recalled(e event.AttemptStarted) {
	if c.transfer != nil || c.failed.Transferor == 0 || !c.party(c.failed.Transferor).gone {
		return
	}
	to := e.User
	if to == "" {
		to = e.Target
	}
	recall := c.failed
	recall.Header, recall.Kind, recall.Target = e.Header, event.TransferRecall, to
	c.beginTransfer(recall)
}

// identityOf reads who a transfer leads to: a number, a user's name, or the value of a
// Refer-To (RFC 3515 s2.1) or another URI.
func identityOf(target string) Identity {
	_, uri, bracketed := strings.Cut(target, "<")
	if !bracketed {
		uri = target
	}
	if scheme, rest, ok := strings.Cut(uri, ":"); ok && !strings.ContainsAny(scheme, "@;?") {
		uri = rest
	}
	user := uri
	if end := strings.IndexAny(uri, "@;?>"); end >= 0 {
		user = uri[:end]
	}
	if user != "" && strings.Trim(user, "+0123456789") == "" {
		return Identity{Phone: user}
	}
	return Identity{User: user}
}
