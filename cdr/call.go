package cdr

import (
	"slices"

	"github.com/tandem-gateway/tandem/event"
)

// call holds the records of one call that are not written yet.
type call struct {
	id string
	// chain is the id that calls share which transfers have made of each other; empty
	// before the first transfer. joined says that another call has taken a party of
	// this one.
	chain  string
	joined bool
	// main is the record of the conversation, transfer that of a transfer under way.
	main, transfer *Record
	// closed lack nothing but the last word of a party: an attempt's end, counts.
	closed []*Record
	// transfers counts the records of transfers.
	transfers int
	// failed is the last transfer while nothing has come of it.
	failed event.TransferChanged
	// connected is when the call was answered.
	connected Time
	// ending says that the call disconnects, ender who was the first to leave then.
	ending  bool
	ender   int
	parties map[int]*party
	// talking counts those who talk, crowded says that there were more than two.
	talking int
	crowded bool
}

// party is what is known of a participant.
type party struct {
	caller Caller
	// talked says that it had audio at all: those whose phone was only rung are not
	// listed in Media.
	talked bool
	// gone says that it has left.
	gone bool
	// silent says that it was not heard while the other one was.
	silent   bool
	presence Presence
}

// part is what a record keeps for its own making.
type part struct {
	// caller is the participant that the record has as its caller.
	caller int
	// leaves is the participant whose counts are still to come; 0 for none.
	leaves int
	// last is how the last attempt ended.
	last event.Cause
}

// begin makes the record of a call.
func begin(e event.CallReceived) *call {
	caller := Caller{User: e.User, Trunk: e.Trunk, Asserted: e.Asserted, Source: e.Source}
	return &call{
		id: e.Call, parties: map[int]*party{1: {caller: caller}},
		main: &Record{
			ID: e.Call, SIPCallID: e.SIPCallID, Dialled: e.Dialled, Received: Time{e.At}, Caller: caller, part: part{caller: 1},
		},
	}
}

func (c *call) party(participant int) *party {
	p := c.parties[participant]
	if p == nil {
		p = &party{}
		c.parties[participant] = p
	}
	return p
}

// current is the record that is told of what is tried: that of the transfer under way,
// else the call's.
func (c *call) current() *Record {
	if c.transfer != nil {
		return c.transfer
	}
	return c.main
}

// add folds one event in, and gives the records that are complete with it.
func (c *call) add(e event.Event) []*Record {
	at := Time{e.Of().At}
	switch e := e.(type) {
	case event.CallRouted:
		c.main.routed(e)
	case event.CallForwarded:
		c.current().forwarded(e)
	case event.CallStateChanged:
		c.reached(e.To, at)
	case event.ParticipantStateChanged:
		c.present(e, at)
		c.moved(e, at)
	case event.AttemptStarted:
		c.attemptStarted(e, at)
	case event.AttemptEnded:
		c.attemptEnded(e, at)
	case event.TransferChanged:
		c.transferred(e)
	case event.RecordingChanged:
		c.main.recorded(e)
	case event.OneWayAudio:
		c.party(e.Participant).silent = true
	case event.MediaEnded:
		c.mediaEnded(e)
	case event.CallEnded:
		return c.ended(e, at)
	}
	return c.complete()
}

// reached notes when the call first entered a state.
func (c *call) reached(s event.CallState, at Time) {
	switch s {
	case event.CallRinging:
		c.main.rang(event.ParticipantRinging, at)
	case event.CallEarlyMedia:
		c.main.rang(event.ParticipantEarlyMedia, at)
	case event.CallConnected:
		first(&c.connected, at)
	case event.CallDisconnecting:
		c.ending = true
	}
}

// moved notes what has become of a party. From its early media on it has audio, and so
// has the caller, who hears it.
func (c *call) moved(e event.ParticipantStateChanged, at Time) {
	switch e.To {
	case event.ParticipantEarlyMedia, event.ParticipantConnected:
		c.party(1).talked, c.party(e.Participant).talked = true, true
	case event.ParticipantDisconnected:
		c.party(e.Participant).gone = true
		if c.ending && c.ender == 0 {
			c.ender = e.Participant
		}
	}
	if c.transfer != nil && c.transfer.attempt(e.Participant-1) != nil {
		c.transfer.rang(e.To, at)
	}
}

func (c *call) attemptStarted(e event.AttemptStarted, at Time) {
	c.recalled(e)
	c.current().attemptStarted(e, at)
	c.party(e.Attempt + 1).caller = Caller{User: e.User, Trunk: e.Trunk}
}

// attemptEnded finds the record of an attempt, which the end of a transfer may have
// closed meanwhile: that then waits for the counts too.
func (c *call) attemptEnded(e event.AttemptEnded, at Time) {
	for _, r := range c.open() {
		a := r.attempt(e.Attempt)
		if a == nil {
			continue
		}
		if e.Into != "" {
			r.attemptMoved(e.Attempt)
			return
		}
		r.attemptEnded(a, e, at)
		if p := c.party(e.Attempt + 1); slices.Contains(c.closed, r) && r.part.leaves == 0 && p.talked && !p.gone {
			r.part.leaves = e.Attempt + 1
		}
		return
	}
}

// open are the records that are not written yet, the newest first.
func (c *call) open() []*Record {
	list := append(slices.Clone(c.closed), c.main)
	if c.transfer != nil {
		list = append(list, c.transfer)
	}
	slices.Reverse(list)
	return list
}

// mediaEnded gives the counts of a party, which are of its whole time in the call, to one
// record: to that of the part which it leaves.
func (c *call) mediaEnded(e event.MediaEnded) {
	p := c.party(e.Participant)
	p.gone = true
	to := c.main
	for _, r := range c.open() {
		switch {
		case r.part.leaves == e.Participant && r.part.leaves != 0:
			to, r.part.leaves = r, 0
		case r == c.transfer && r.attempt(e.Participant-1) != nil:
			to = r
		default:
			continue
		}
		break
	}
	if p.talked {
		to.mediaEnded(e, p.silent)
	}
}

// close takes the record of the transfer under way out of the call.
func (c *call) closeTransfer(cause event.Cause, at Time) {
	if c.transfer != nil {
		c.transfer.close(cause, at)
		c.closed = append(c.closed, c.transfer)
		c.transfer = nil
	}
}

// complete gives the closed records that lack nothing any more.
func (c *call) complete() (done []*Record) {
	for _, r := range c.closed {
		if !r.awaits() {
			done = append(done, r)
		}
	}
	c.closed = slices.DeleteFunc(c.closed, func(r *Record) bool { return !r.awaits() })
	return done
}

// ended closes what there is. What still lacks something never gets it.
func (c *call) ended(e event.CallEnded, at Time) []*Record {
	if !e.Ended.IsZero() {
		at = Time{e.Ended}
	}
	cause := e.Cause
	c.closeTransfer(c.unfinished(cause), at)
	if c.main.Transfer == nil {
		c.main.Answered = Time{e.Answered}
	} else if cause.By != event.PartyGateway && c.ender != 0 {
		cause.By = c.main.sideOf(c.ender)
	}
	if c.joined {
		cause.Text = transferred
	}
	c.main.close(cause, at)
	c.main.Participants = c.presences(c.main)
	return append(c.closed, c.main)
}

// unfinished is why a transfer comes to nothing that the end of the call interrupts.
func (c *call) unfinished(end event.Cause) event.Cause {
	if c.transfer != nil && c.transfer.part.last.Status >= 300 {
		return c.transfer.part.last
	}
	if end.Status < 300 {
		end.Status = 487
	}
	return end
}
