package sip

import (
	"cmp"
	"errors"
	"net/netip"
	"strconv"
	"time"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/resolve"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/trunk"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// Locate gives the phones of a user, or the trunk. Where a trunk is may have to be asked
// of name servers: the call goes on meanwhile.
func (e *Edge) Locate(now time.Time, c *bridge.Call, a bridge.Locate) ([]bridge.Target, event.Cause, bool) {
	if a.Plan.To.Kind == dialplan.PartyUser {
		targets, failed := e.locateUser(now, a.Plan.To.Name)
		return targets, failed, true
	}
	t := e.settings.Load().trunk(a.Plan.To.Name)
	if t == nil {
		return nil, event.Cause{Status: 503, Q850: outOfOrder, By: event.PartyGateway, Text: "the trunk has been removed"}, true
	}
	r, target := e.locator.open(e), t.target()
	if list, ok, err := r.Known(target); ok {
		targets, failed := e.locateTrunk(now, t, a.Plan, list, err)
		return targets, failed, true
	}
	r.Start(target, func(list []resolve.Candidate, err error) {
		targets, failed := e.locateTrunk(time.Now(), t, a.Plan, list, err)
		c.Located(a.Attempt, targets, failed)
	})
	return nil, event.Cause{}, false
}

// locateUser: RFC 3261 s21.4.18, 480 for a callee who "is not logged in".
func (e *Edge) locateUser(now time.Time, user string) ([]bridge.Target, event.Cause) {
	var targets []bridge.Target
	settings := e.settings.Load()
	for _, b := range e.phones.bindings(now, user) {
		if b.Contact.Scheme != "sip" && b.Contact.Scheme != "sips" {
			continue // RFC 3261 s10.2.1 lets a user list other addresses, even mail
		}
		targets = append(targets, bridge.Target{
			Name: user, URI: b.Contact.String(), Hint: b.Flow.Remote.Addr(), Local: e.mediaAddress(b.Flow),
			SRTP:   settings.protection(dialplan.Party{Kind: dialplan.PartyUser, Name: user}, b.Flow),
			Codecs: settings.Users[user].Codecs, Digits: settings.Users[user].Digits,
		})
	}
	if len(targets) == 0 {
		return nil, event.Cause{Status: 480, Q850: 20, By: event.PartyGateway, Text: "no phone of the user is registered"}
	}
	return targets, event.Cause{}
}

// locateTrunk gives the trunk at the first of its servers that there is a way to.
func (e *Edge) locateTrunk(now time.Time, t *Trunk, plan dialplan.Attempt, list []resolve.Candidate, err error) ([]bridge.Target, event.Cause) {
	w := &way{}
	if err == nil {
		*w, err = e.wayAmong(now, t, list)
	}
	if err != nil {
		e.log.Warn("no way to the trunk", "trunk", t.Name, "err", err)
		e.watch.post(called{t.Name, trunk.Result{Fate: trunk.Unreachable, Phrase: err.Error()}})
		return nil, event.Cause{Status: 503, Q850: outOfOrder, By: event.PartyGateway, Text: err.Error()}
	}
	settings := e.settings.Load()
	may := settings.protection(plan.To, w.flow)
	settings.discreet(w, may)
	return []bridge.Target{{
		Name: t.Name, URI: cmp.Or(plan.URI, t.called(plan.Dial)), Hint: w.flow.Remote.Addr(),
		Local: e.mediaAddress(w.flow), Way: w, Transfers: t.Transfers, SRTP: may, Codecs: t.Codecs, Digits: t.Digits,
	}}, event.Cause{}
}

// mediaAddress is where media is received for a leg: where the configuration
// says for the family of its signalling, else on the address that this uses.
func (e *Edge) mediaAddress(f transport.Flow) netip.Addr {
	for _, a := range e.config.MediaAddresses {
		if a.Is4() == f.Local.Addr().Is4() {
			return a
		}
	}
	return f.Local.Addr()
}

// Dial makes the leg of a participant and sends it the INVITE.
func (e *Edge) Dial(now time.Time, c *bridge.Call, d bridge.Dial) bridge.Leg {
	l := &leg{edge: e, call: c, participant: d.Participant, made: legKey{c.ID(), d.Participant}, peer: d.Plan.To, number: d.Plan.Dial, target: d.Target.URI}
	if err := l.admitTrunk(now); err != nil {
		e.log.Warn("trunk not tried", "call", c.ID(), "trunk", d.Target.Name, "why", err)
		l.fail(event.Cause{Status: 503, Q850: circuitsBusy, By: event.PartyGateway, Text: err.Error()})
		return l
	}
	l.try()
	auth, err := e.aim(now, l, d)
	if err != nil {
		e.log.Warn("no way to the callee", "call", c.ID(), "target", d.Target.Name, "err", err)
		l.tried(trunk.Result{Fate: trunk.Unreachable, Phrase: err.Error()})
		l.fail(event.Cause{Status: 503, Q850: outOfOrder, By: event.PartyGateway, Text: err.Error()})
		return l
	}
	l.invite(now, e.invitation(l, d), auth, !l.pinned && e.free(d.Plan))
	return l
}

// errNoServer says that a trunk's name leads to no server.
var errNoServer = errors.New("the trunk has no server: check its name in DNS")

// errGone says that what was to be called is not there any more.
var errGone = errors.New("it is gone since the call was routed")

// aim takes the flow to a target, and gives what answers challenges there.
func (e *Edge) aim(now time.Time, l *leg, d bridge.Dial) (dialog.Authorizer, error) {
	if d.Plan.To.Kind == dialplan.PartyUser {
		l.flow, l.pinned = e.phones.flow(d.Plan.To.Name, d.Target.URI), true
		if l.flow == (transport.Flow{}) {
			return nil, errGone
		}
		l.device = e.phones.device(d.Plan.To, l.flow)
		return nil, nil
	}
	t, w := e.settings.Load().trunk(d.Plan.To.Name), d.Target.Way.(*way)
	if t == nil {
		return nil, errGone
	}
	l.spread(now, w, d.Patience)
	if t.Username == "" {
		return nil, nil
	}
	return newAnswerer(t.Username, t.Password), nil
}

// free says whether a trunk's address leaves the protocol to us.
func (e *Edge) free(plan dialplan.Attempt) bool {
	t := e.settings.Load().trunk(plan.To.Name)
	return t != nil && t.Address.Protocol == 0
}

// invitation is what the INVITE says.
func (e *Edge) invitation(l *leg, d bridge.Dial) dialog.Invitation {
	to, plan, writing := d.Target.URI, d.Plan, e.writing(d.Plan.To)
	domain := writing.domain(e.config.Domain)
	plan.Identity = writing.written(plan.Identity)
	if plan.To.Kind == dialplan.PartyUser {
		to = userURI(plan.Dial, domain)
	}
	headers := append(shownHeaders(plan.Identity, domain), diversionHeaders(plan, to, domain)...)
	headers = append(headers, transferHeaders(d)...)
	if d.MaxBreadth > 0 {
		headers = append(headers, dialog.Header{Name: "Max-Breadth", Value: strconv.Itoa(d.MaxBreadth)})
	}
	if caller, ok := l.call.Leg(callerParticipant).(*leg); ok {
		headers = append(headers, e.settings.Load().passed(caller, plan.To)...)
	}
	return dialog.Invitation{
		RequestURI: d.Target.URI, From: fromValue(plan.Identity, domain), To: "<" + to + ">",
		CallID: l.usageID(), MaxForwards: d.MaxForwards, Headers: writing.apply(headers), Offer: d.Offer,
	}
}

// usageID is the Call-ID of a leg that we place. It is not the caller's: on the
// two sides of the gateway are two calls.
func (l *leg) usageID() string { return legTag(l.call.ID(), l.participant) }

// flowTo gives the flow to the next hop of a request within a dialog: the one that
// the dialog has when it leads there, or when a connection must be kept (RFC 5626
// s5.3); a name in a route set leads where we already are. A connection that has died
// is made anew, to a trunk (or nil) that must prove who it is once more.
func (e *Edge) flowTo(hop string, known transport.Flow, t *Trunk) transport.Flow {
	u, err := wire.ParseURI(hop)
	if err != nil {
		return known
	}
	if known.Protocol.Reliable() && e.layer.Alive(known) {
		return known
	}
	p, at := nextHop(u, known)
	if at == known.Remote && p == known.Protocol && !p.Reliable() {
		return known
	}
	to := t.peer(p, at)
	if known.Local.Addr().Is4() == at.Addr().Is4() {
		to.Local = netip.AddrPortFrom(known.Local.Addr(), 0)
	}
	f, err := e.layer.Connect(to)
	if err != nil {
		return known
	}
	return f
}
