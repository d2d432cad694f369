package sip

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/refer"
	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// A REFER outside of a call is click to dial: a program of a user asks for a call between
// the user and somebody else. The user's phones are called first, and who has answered there
// is transferred to the target: the one who has sent the REFER is in the call as its caller,
// without a voice, and does what a transferor does. So the dialplan, forwarding, NOTIFYs and
// records are those of any transfer.
//
//	REFER ──▶ may it be called? ──▶ the user's phones ring ─ nobody answers: RefuseRefer
//	                                  │ answer
//	                                  ▼
//	                                Referred: a blind transfer ─▶ Notify, Hangup
//	                                  └─ it fails: Notify, and everybody is hung up

// click is what one who dials by a click waits for.
type click struct {
	// wish is told once the user has answered.
	wish bridge.Referred
}

// refer takes a REFER outside of a dialog, from a user. It is challenged as an INVITE is. A
// trunk has no phone to be called at.
func (e *Edge) refer(req *sip.Request, key transaction.ServerKey, f transport.Flow) {
	if leg, there := e.calls.byInvite(key); there {
		e.deliver(leg, req, f)
		return
	}
	s := e.settings.Load()
	origin, ok := e.origin(s, req, f)
	if !ok {
		return
	}
	d := dialling{edge: e, settings: s, user: dialplan.Party{Kind: origin.Kind, Name: strings.Clone(origin.Name)}, req: req, flow: f}
	if status, headers := d.refusal(time.Now()); status != 0 {
		e.settle(req, key, f, status, headers...)
		return
	}
	call := bridge.New(newCallID(time.Now()), s.env)
	if !e.calls.add(call, key, mergeKeyOf(req)) {
		return // two readers had it at once
	}
	call.Post(&d)
	go call.Run() // it ends with the call; Edge.Calls counts it
}

// dialling is the REFER on its call's goroutine.
type dialling struct {
	edge     *Edge
	settings *Settings
	user     dialplan.Party
	req      *sip.Request
	flow     transport.Flow
	wish     bridge.Referred
}

// refusal says why a REFER is not followed, before anybody is called.
func (d *dialling) refusal(now time.Time) (status int, headers []dialog.Header) {
	e := d.edge
	if d.user.Kind != dialplan.PartyUser {
		return 403, []dialog.Header{dialog.Phrase("Only Users Dial By REFER")}
	}
	if e.calls.isMerged(mergeKeyOf(d.req)) {
		return 482, nil
	}
	if h, required := dialog.Unsupported(d.req); required {
		return 420, []dialog.Header{h}
	}
	if d.req.Contact() == nil {
		return 400, []dialog.Header{dialog.Phrase("Missing Contact")} // RFC 3515 s2.2
	}
	ref, refusal := refer.ReadReference(d.req)
	if refusal != nil {
		return refusal.Status, []dialog.Header{dialog.Phrase(refusal.Phrase)}
	}
	if wait, ok := e.draining(now); ok {
		return 503, []dialog.Header{{Name: "Retry-After", Value: strconv.Itoa(int(wait.Seconds()) + 1)}}
	}
	l := &leg{edge: e, peer: d.user, flow: d.flow}
	asked, refused := l.wish(&ref)
	if refused.Code != 0 {
		return refused.Code, []dialog.Header{dialog.Phrase(refused.Phrase)}
	}
	d.wish = asked
	if asked.Replaces.Call != "" {
		return 0, nil // nobody is dialled: the call that has the dialog decides
	}
	if r := d.settings.Plan.Decide(asked.Request).Refusal; r != nil {
		return r.Status, []dialog.Header{dialog.Phrase(r.Phrase)}
	}
	return 0, nil
}

// Do has the user's phones called.
func (d *dialling) Do(c *bridge.Call, now time.Time) {
	e := d.edge
	l := &leg{
		edge: e, call: c, participant: callerParticipant, made: legKey{c.ID(), callerParticipant}, flow: d.flow, pinned: true,
		peer: d.user, number: d.user.Name, click: &click{d.wish},
	}
	l.device = e.phones.device(l.peer, l.flow)
	l.usage = dialog.NewReferee(now, e.legConfig(c.ID(), callerParticipant, d.flow, contactOf(e.seen(d.flow), bySIPS(d.req)), nil), d.req, responseFlow(d.req, d.flow))
	request := dialplan.Request{Origin: d.user, To: d.req.Recipient.String(), FromURI: d.req.From().Address.String()}
	decision := choosing{e, d.settings}.Recall(d.user, "", request)
	c.Arrive(now, l, bridge.Caller{
		Name: d.user.Name, User: d.user.Name, SIPCallID: l.usage.CallID(), Source: d.flow.Remote.String(),
		Dialled: d.user.Name, Hint: d.flow.Remote.Addr(), Local: e.mediaAddress(d.flow), Request: request, MaxForwards: 70,
	}, l.limited(now, d.settings, decision))
	l.flush(now)
}

// doClick carries out the commands for one who dials by a click.
func (l *leg) doClick(now time.Time, c bridge.Command) {
	switch c := c.(type) {
	case bridge.Answer:
		l.answered(c.SDP)
	case bridge.Refuse:
		l.usage.RefuseRefer(now, statusToTell(c.Cause))
		l.usage.Bye(now)
	case bridge.Hangup:
		l.usage.Bye(now)
	case bridge.RefuseRefer:
		l.doReferral(now, c)
		l.tell(bridge.HungUp{Cause: c.Cause})
	case bridge.Notify:
		l.doReferral(now, c)
		if c.Cause.Status >= 300 {
			// The user's phone would be left with one who does not talk.
			l.tell(bridge.HungUp{Cause: c.Cause})
		}
	case bridge.AcceptRefer:
		l.doReferral(now, c)
	}
}

// answered goes on once the user is there. The call has offered audio; the answer is one
// that nothing comes of, for this party is neither heard nor hears anything.
func (l *leg) answered(offer *sdp.Description) {
	if offer != nil && offer.Audio() != nil {
		silent := sdp.Local{
			Origin: sdp.Origin{ID: rand.Uint64() >> 1, Version: 1}, Name: "tandem", Address: l.edge.mediaAddress(l.flow),
			Port: discard, Direction: sdp.SendRecv,
		}
		if answer, err := sdp.NewAnswer(offer, silent.Like(offer.Audio()), sdp.OfferOrder); err == nil {
			l.tell(bridge.OfferAnswered{SDP: answer})
		}
	}
	l.tell(l.click.wish)
}

// discard is the port of RFC 863, where what is sent is thrown away.
const discard = 9
