package sip

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// callerParticipant is the number of the party whose INVITE began the call.
const callerParticipant = 1

// invite takes an INVITE outside a dialog: a repetition goes to its call, a new
// one from somebody who may call begins one.
func (e *Edge) invite(req *sip.Request, key transaction.ServerKey, f transport.Flow) {
	if leg, there := e.calls.byInvite(key); there {
		e.deliver(leg, req, f)
		return
	}
	s := e.settings.Load()
	origin, ok := e.origin(s, req, f)
	if !ok {
		return
	}
	// RFC 3261 s8.2.2.2: the same request by two ways: "the UAS core SHOULD generate
	// a 482 (Loop Detected) response and pass it to the server transaction".
	if e.calls.isMerged(mergeKeyOf(req)) {
		e.settle(req, key, f, 482)
		return
	}
	offer, status, headers := dialog.ReadInvite(req)
	if status != 0 {
		e.settle(req, key, f, status, headers...)
		return
	}
	if h, brief := dialog.TooBrief(req, e.config.MinSE); brief {
		e.settle(req, key, f, 422, h)
		return
	}
	if wait, ok := e.draining(time.Now()); ok {
		e.settle(req, key, f, 503, dialog.Header{Name: "Retry-After", Value: strconv.Itoa(int(wait.Seconds()) + 1)},
			dialog.Phrase("Going Down"))
		return
	}
	// RFC 5393 s5.3.3: each branch needs a Max-Breadth of one at least.
	if n, ok := wire.DeltaSeconds(req, "Max-Breadth"); ok && n == 0 {
		e.settle(req, key, f, 440)
		return
	}
	a := arrival{edge: e, settings: s, origin: origin, req: req, offer: offer, flow: f}
	if !e.replaces(s, a, key) {
		e.begin(s, a, key)
	}
}

// origin says whose call an INVITE is, or answers it. Trunks are known by where
// they send from, and by a password too when one is set; users by their password.
func (e *Edge) origin(s *Settings, req *sip.Request, f transport.Flow) (dialplan.Party, bool) {
	if t := e.trunkOf(s, req, f); t != nil {
		if t.Username == "" || t.Register.Registrar != "" {
			return dialplan.Party{Kind: dialplan.PartyTrunk, Name: t.Name}, true
		}
		_, ok := e.authenticate(req, f, t.password)
		return dialplan.Party{Kind: dialplan.PartyTrunk, Name: t.Name}, ok
	}
	user, ok := e.authenticate(req, f, s.password)
	return dialplan.Party{Kind: dialplan.PartyUser, Name: user}, ok
}

// begin makes the call. It is entered before its goroutine starts, so that what
// comes right behind the INVITE finds it.
func (e *Edge) begin(s *Settings, a arrival, key transaction.ServerKey) {
	call := bridge.New(newCallID(time.Now()), s.env)
	if !e.calls.add(call, key, mergeKeyOf(a.req)) {
		return // two readers had it at once; its sender repeats it and finds the call
	}
	call.Post(&a)
	go call.Run() // it ends with the call; Edge.Calls counts it
}

// arrival is the INVITE on its call's goroutine.
type arrival struct {
	edge     *Edge
	settings *Settings
	origin   dialplan.Party
	req      *sip.Request
	offer    *sdp.Description
	flow     transport.Flow
}

// Do makes the caller's leg and begins the call.
func (a *arrival) Do(c *bridge.Call, now time.Time) {
	l, caller := a.leg(c, now, callerParticipant), a.caller()
	l.number = caller.Name
	decision := choosing{a.edge, a.settings}.Decide(now, caller.Request)
	c.Arrive(now, l, caller, l.limited(now, a.settings, decision))
	l.flush(now)
}

// leg makes the leg of who has called, as a participant of a call.
func (a *arrival) leg(c *bridge.Call, now time.Time, participant int) *leg {
	e, req := a.edge, a.req
	l := &leg{
		edge: e, call: c, participant: participant, made: legKey{c.ID(), participant}, flow: a.flow,
		pinned: a.origin.Kind == dialplan.PartyUser,
		peer:   dialplan.Party{Kind: a.origin.Kind, Name: strings.Clone(a.origin.Name)},
	}
	l.carried = a.settings.carried(l.peer, req)
	l.device = e.phones.device(l.peer, l.flow)
	l.usage = dialog.NewUAS(now, e.legConfig(c.ID(), participant, a.flow, contactOf(e.seen(a.flow), bySIPS(req)), nil), req, a.offer, responseFlow(req, a.flow))
	return l
}

// caller is the calling party for the call and its records.
func (a *arrival) caller() bridge.Caller {
	from := a.req.From()
	c := bridge.Caller{
		Name: from.Address.User, SIPCallID: strings.Clone(a.req.CallID().Value()),
		Source: a.flow.Remote.String(), Dialled: dialled(a.callee()), Hint: a.flow.Remote.Addr(),
		Local: a.edge.mediaAddress(a.flow), Offer: a.offer,
		Request: asked(a.origin, a.req), MaxForwards: 70, Transfers: a.settings.transfers(a.origin),
		SRTP: a.settings.protection(a.origin, a.flow), Codecs: a.settings.codecs(a.origin), Digits: a.settings.digits(a.origin),
	}
	c.Request.To = a.settings.read(a.origin, a.callee())
	c.Request.FromURI = a.settings.read(a.origin, &a.req.From().Address)
	if mf := a.req.MaxForwards(); mf != nil {
		c.MaxForwards = int(mf.Val())
	}
	if n, ok := wire.DeltaSeconds(a.req, "Max-Breadth"); ok {
		c.MaxBreadth = int(min(n, math.MaxInt32))
	}
	if a.origin.Kind == dialplan.PartyTrunk {
		c.Trunk = a.origin.Name
	} else {
		c.User, c.Name = a.origin.Name, a.origin.Name
	}
	c.Name = strings.Clone(c.Name)
	return c
}

// dialled is the callee as it was dialled: the user part, or the URI when it has
// none.
func dialled(to *sip.Uri) string {
	if u := to.User; u != "" {
		return strings.Clone(wire.Unescape(u))
	}
	return to.String()
}

// legConfig is what the usage of a leg is made with.
func (e *Edge) legConfig(call string, participant int, f transport.Flow, contact string, auth dialog.Authorizer) dialog.Config {
	c := dialog.Config{
		Timing: e.config.Timing, Via: viaOf(e.seen(f)), Contact: contact, Agent: e.config.Agent,
		Tag: legTag(call, participant), Branch: legBranch(call, participant), Authorize: auth,
		SessionExpires: e.config.SessionExpires, MinSE: e.config.MinSE, Seed: rand.Uint64(), Info: &keyBodies,
	}
	if f.Protocol.Reliable() {
		c.Transport = transaction.Reliable
	}
	return c
}
