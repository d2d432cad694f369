package sip

import (
	"cmp"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/refer"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// Transfers, between package dialog's words and package bridge's. A REFER within a dialog
// is believed as any other request there: whoever knows both tags and is reached over the
// dialog's flow has proved who it is when the call began, and is not challenged again. What
// it asks for is decided by the dialplan as if it had dialled that itself.

// doReferral carries out the commands of transfers.
func (l *leg) doReferral(now time.Time, c bridge.Command) {
	switch c := c.(type) {
	case bridge.AcceptRefer:
		l.usage.AcceptRefer(now)
	case bridge.RefuseRefer:
		l.usage.RefuseRefer(now, statusToTell(c.Cause))
	case bridge.Notify:
		l.usage.Notify(now, statusToTell(c.Cause))
	case bridge.Refer:
		l.refer(now, c)
	}
}

func statusToTell(c event.Cause) refer.Status {
	return refer.Status{Code: c.Status, Phrase: phraseFor(c)}
}

// refer asks the other side to call somebody itself.
func (l *leg) refer(now time.Time, c bridge.Refer) {
	target, refusal := refer.ParseTarget(c.To)
	if refusal != nil {
		l.tell(bridge.ReferRefused{Cause: causeOf(refusal.Status, nil)})
		return
	}
	if t := l.trunk(); t != nil && c.Number != "" {
		target = refer.Target{Display: target.Display, URI: t.called(c.Number)}
	}
	ref := refer.Reference{To: target}
	if by, err := refer.ParseReferredBy(c.ReferredBy); err == nil {
		ref.By = &by
	}
	l.usage.Refer(now, ref)
}

// referral tells the call what its party asks for, or what has become of what we have asked
// it for.
func (l *leg) referral(now time.Time, r refer.Report) {
	switch r := r.(type) {
	case refer.Referred:
		l.referred(now, &r.Reference)
	case refer.Accepted:
		l.tell(bridge.ReferAccepted{})
	case refer.Refused:
		l.tell(bridge.ReferRefused{Cause: causeTold(r.Status)})
	}
	if c, ok := progressOf(r); ok {
		l.tell(bridge.ReferProgressed{Cause: c})
	}
}

// progressOf is how far our REFER is; false for what says nothing of that.
func progressOf(r refer.Report) (c event.Cause, ok bool) {
	switch r := r.(type) {
	case refer.Accepted:
		// One that will not tell how it goes has said that it does it.
		return causeOf(200, nil), !r.Watched
	case refer.Progressed:
		return causeTold(r.Status), true
	case refer.Done:
		return causeTold(r.Status), true
	case refer.Failed:
		return causeTold(r.Status), true
	case refer.Lost:
		return event.Cause{Status: 408, Q850: 102, By: event.PartyGateway, Text: r.Text}, true
	}
	return event.Cause{}, false
}

// causeTold is a status that the other side tells.
func causeTold(s refer.Status) event.Cause {
	c := causeOf(s.Code, nil)
	c.By, c.Text = event.PartyCallee, cmp.Or(s.Phrase, c.Text)
	return c
}

// referred brings a REFER before the call, or refuses it.
func (l *leg) referred(now time.Time, ref *refer.Reference) {
	asked, refused := l.wish(ref)
	if refused.Code != 0 {
		l.usage.RefuseRefer(now, refused)
		return
	}
	l.tell(asked)
}

// wish reads what a REFER asks for.
func (l *leg) wish(ref *refer.Reference) (asked bridge.Referred, refused refer.Status) {
	e, s := l.edge, l.edge.settings.Load()
	if t := l.trunk(); t != nil && t.Transfers == bridge.TransferRefuse {
		return asked, refer.Status{Code: 403, Phrase: "This Trunk May Not Transfer"}
	}
	target, err := wire.ParseURI(ref.To.URI)
	if err != nil {
		return asked, refer.Status{Code: 400, Phrase: "Bad Refer-To"}
	}
	asked.Request = dialplan.Request{Origin: l.peer, To: s.read(l.peer, &target)}
	if asked.Target, err = ref.To.Value(); err != nil {
		return asked, refer.Status{Code: 400, Phrase: "Bad Refer-To"}
	}
	if asked.ReferredBy, err = l.referrer(ref.By); err != nil {
		return asked, refer.Status{Code: 400, Phrase: "Bad Referred-By"}
	}
	switch to := &ref.To; {
	case to.Replaces != nil:
		return asked, e.replaced(&asked, to.Replaces, &target, l.flow)
	case to.Join != nil:
		// The dialog that is joined is named as one that is replaced.
		asked.Joins = true
		return asked, e.replaced(&asked, &refer.Replaces{CallID: to.Join.CallID, ToTag: to.Join.ToTag, FromTag: to.Join.FromTag}, &target, l.flow)
	}
	return asked, refer.Status{}
}

// referrer is the Referred-By for who is called: the transferor's own, which RFC 3892 s2.2
// has copied "without modification", or one of ours.
func (l *leg) referrer(by *refer.ReferredBy) (string, error) {
	if by != nil {
		return by.Value()
	}
	user := l.peer.Name
	if l.peer.Kind == dialplan.PartyTrunk {
		user = l.number
	}
	return refer.ReferredBy{URI: userURI(user, l.edge.config.Domain)}.Value()
}

// replaced says which dialog a Replaces in a Refer-To means: one of ours, in a call that is
// there, or one of somebody else's, which it is passed on to. The tags are as the target
// would see them, so that ours comes as to-tag; phones that take it the other way round
// are understood too.
func (e *Edge) replaced(asked *bridge.Referred, r *refer.Replaces, at *sip.Uri, f transport.Flow) (refused refer.Status) {
	if call, id := e.dialogNamed(r); call != nil {
		asked.Replaces = id
		return refer.Status{}
	}
	if e.isHere(at, f) {
		return refer.Status{Code: 481, Phrase: "The Dialog That Refer-To Names Is Gone"}
	}
	var err error
	if asked.Foreign, err = r.Value(); err != nil {
		return refer.Status{Code: 400, Phrase: "Bad Dialog In Refer-To"}
	}
	return refer.Status{}
}

// dialogNamed finds the call that has a dialog with one of the tags of a Replaces.
func (e *Edge) dialogNamed(r *refer.Replaces) (*bridge.Call, bridge.DialogID) {
	for _, tags := range [][2]string{{r.ToTag, r.FromTag}, {r.FromTag, r.ToTag}} {
		id, participant, ok := parseLeg(tags[0])
		if !ok {
			continue
		}
		if call := e.calls.of(legKey{id, participant}); call != nil {
			return call, bridge.DialogID{
				Call: call.ID(), CallID: r.CallID, Ours: tags[0], Theirs: tags[1], EarlyOnly: r.EarlyOnly,
			}
		}
	}
	return nil, bridge.DialogID{}
}

// isHere says whether a URI leads to us, as seen over a flow.
func (e *Edge) isHere(u *sip.Uri, f transport.Flow) bool {
	at := wire.HostAddr(u.Host).Unmap()
	return wire.EqualHost(u.Host, e.config.Domain) || at == f.Local.Addr() || at == e.seen(f).Local.Addr()
}

// transferHeaders are those of an INVITE that a transfer has asked for. Without Require a
// target that does not know Replaces would take it for one more call (RFC 3891 s4), and the
// one that it was to replace would go on; with Join it is the same (RFC 3911 s4).
func transferHeaders(d bridge.Dial) (list []dialog.Header) {
	if d.ReferredBy != "" {
		list = append(list, dialog.Header{Name: "Referred-By", Value: d.ReferredBy})
	}
	if d.Replaces != "" {
		list = append(list, dialog.Header{Name: "Replaces", Value: d.Replaces},
			dialog.Header{Name: "Require", Value: refer.OptionReplaces})
	}
	if d.Join != "" {
		list = append(list, dialog.Header{Name: "Join", Value: d.Join},
			dialog.Header{Name: "Require", Value: refer.OptionJoin})
	}
	return list
}

// transfers says what a party does with a REFER.
func (s *Settings) transfers(p dialplan.Party) bridge.TransferWay {
	if t := s.trunk(p.Name); p.Kind == dialplan.PartyTrunk && t != nil {
		return t.Transfers
	}
	return bridge.TransferLocal
}
