package sip

import (
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/refer"
	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/trunk"
)

// An INVITE with Replaces comes from somebody who may call, as any other one; whether it may
// take the place of who it names, its call decides.

// replaces takes an INVITE that has a Replaces; false is one that has none.
func (e *Edge) replaces(s *Settings, a arrival, key transaction.ServerKey) bool {
	r, refusal := refer.ReadReplaces(a.req)
	switch {
	case refusal != nil:
		e.settle(a.req, key, a.flow, refusal.Status, dialog.Phrase(refusal.Phrase))
	case r != nil:
		e.replaceParty(s, a, key, r)
	}
	return r != nil || refusal != nil
}

// replaceParty hands it to the call that has the dialog. RFC 3891 s3: "If no match is
// found, the UAS rejects the INVITE and returns a 481 Call/Transaction Does Not Exist
// response."
func (e *Edge) replaceParty(s *Settings, a arrival, key transaction.ServerKey, r *refer.Replaces) {
	call, id := e.dialogNamed(r)
	if call == nil {
		e.settle(a.req, key, a.flow, 481)
		return
	}
	if err := e.meters.check(time.Now(), meterOf(a.origin), s); err != nil {
		retry := strconv.Itoa(max(1, int(retryAfter(err)/time.Second)))
		e.settle(a.req, key, a.flow, 503, dialog.Header{Name: "Retry-After", Value: retry})
		return
	}
	if !e.calls.join(call, key, mergeKeyOf(a.req)) {
		return // two readers had it at once, or the call has just ended: its sender repeats it
	}
	if w := (&replacement{arrival: a, key: key, dialog: id}); !call.Post(w) {
		w.Dropped()
	}
}

// replacement is an INVITE with Replaces on its call's goroutine.
type replacement struct {
	arrival
	key    transaction.ServerKey
	dialog bridge.DialogID
}

// Do makes a leg in the call, and lets it take its place.
func (r *replacement) Do(c *bridge.Call, now time.Time) {
	l, caller := r.leg(c, now, c.Participants()+1), r.caller()
	l.number = caller.Name
	caller.Trusted, caller.PicksUp = r.settings.rights(r.origin)
	_ = l.admit(now, r.settings, trunk.Ordinary) // it has been checked; what a crossing adds is let pass
	r.edge.calls.joined(r.key, l.participant)
	c.Replace(now, l, caller, r.dialog)
	l.flush(now)
}

// Dropped answers for a call that has ended meanwhile.
func (r *replacement) Dropped() { r.edge.settle(r.req, r.key, r.flow, 481) }

// rights say whose place somebody may take besides its own.
func (s *Settings) rights(p dialplan.Party) (trusted bool, picksUp []string) {
	if p.Kind == dialplan.PartyUser {
		return false, s.Users[p.Name].PicksUp
	}
	t := s.trunk(p.Name)
	return t != nil && t.Trusted, nil
}

// newcomer gives the leg that a repeated INVITE or a CANCEL is for whose number was not
// known yet when it came.
func (d *directory) newcomer(msg sip.Message) legKey {
	req, ok := msg.(*sip.Request)
	if !ok {
		return legKey{}
	}
	key := dialog.Key(req)
	if req.Method == sip.CANCEL {
		key = key.Cancelled()
	}
	leg, _ := d.byInvite(key)
	return leg
}
