package sip

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// Locate gives the phones of a user, or the trunk.
func (e *Edge) Locate(now time.Time, plan dialplan.Attempt) ([]bridge.Target, event.Cause) {
	if plan.To.Kind == dialplan.PartyUser {
		return e.locateUser(now, plan.To.Name)
	}
	return e.locateTrunk(plan)
}

// locateUser: RFC 3261 s21.4.18, 480 for a callee who "is not logged in".
func (e *Edge) locateUser(now time.Time, user string) ([]bridge.Target, event.Cause) {
	var targets []bridge.Target
	for _, b := range e.phones.bindings(now, user) {
		if b.Contact.Scheme != "sip" && b.Contact.Scheme != "sips" {
			continue // RFC 3261 s10.2.1 lets a user list other addresses, even mail
		}
		targets = append(targets, bridge.Target{
			Name: user, URI: b.Contact.String(), Hint: b.Flow.Remote.Addr(), Local: e.mediaAddress(b.Flow),
		})
	}
	if len(targets) == 0 {
		return nil, event.Cause{Status: 480, Q850: 20, By: event.PartyGateway, Text: "no phone of the user is registered"}
	}
	return targets, event.Cause{}
}

func (e *Edge) locateTrunk(plan dialplan.Attempt) ([]bridge.Target, event.Cause) {
	t := e.settings.Load().trunk(plan.To.Name)
	if t == nil {
		return nil, event.Cause{Status: 503, Q850: 38, By: event.PartyGateway, Text: "the trunk has been removed"}
	}
	flow, err := e.flowOf(t)
	if err != nil {
		e.log.Warn("no way to the trunk", "trunk", t.Name, "err", err)
		return nil, event.Cause{Status: 503, Q850: 38, By: event.PartyGateway, Text: err.Error()}
	}
	return []bridge.Target{{Name: t.Name, URI: t.Address.uri(plan.Dial), Hint: flow.Remote.Addr(), Local: e.mediaAddress(flow)}}, event.Cause{}
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
	l := &leg{edge: e, call: c, participant: d.Participant, peer: d.Plan.To}
	auth, err := e.aim(l, d.Target, d.Plan)
	if err != nil {
		e.log.Warn("no way to the callee", "call", c.ID(), "target", d.Target.Name, "err", err)
		l.usage = dialog.NewUAC(dialog.Config{})
		l.tell(bridge.Refused{Cause: event.Cause{Status: 503, Q850: 38, By: event.PartyGateway, Text: err.Error()}})
		l.tell(bridge.Released{})
		return l
	}
	l.invite(now, e.invitation(l, d), auth, !l.pinned && e.free(d.Plan))
	return l
}

// errGone says that what was to be called is not there any more.
var errGone = errors.New("it is gone since the call was routed")

// aim finds the flow to a target, and what answers challenges there.
func (e *Edge) aim(l *leg, t bridge.Target, plan dialplan.Attempt) (dialog.Authorizer, error) {
	if plan.To.Kind == dialplan.PartyUser {
		l.flow, l.pinned = e.phones.flow(plan.To.Name, t.URI), true
		if l.flow == (transport.Flow{}) {
			return nil, errGone
		}
		return nil, nil
	}
	trunk := e.settings.Load().trunk(plan.To.Name)
	if trunk == nil {
		return nil, errGone
	}
	var err error
	if l.flow, err = e.flowOf(trunk); err != nil || trunk.Username == "" {
		return nil, err
	}
	return newAnswerer(trunk.Username, trunk.Password), nil
}

// free says whether a trunk's address leaves the protocol to us.
func (e *Edge) free(plan dialplan.Attempt) bool {
	t := e.settings.Load().trunk(plan.To.Name)
	return t != nil && t.Address.Protocol == 0
}

// invitation is what the INVITE says.
func (e *Edge) invitation(l *leg, d bridge.Dial) dialog.Invitation {
	to, plan, domain := d.Target.URI, d.Plan, e.config.Domain
	if plan.To.Kind == dialplan.PartyUser {
		to = userURI(plan.Dial, domain)
	}
	headers := append(shownHeaders(plan.Identity, domain), diversionHeaders(plan, to, domain)...)
	if d.MaxBreadth > 0 {
		headers = append(headers, dialog.Header{Name: "Max-Breadth", Value: strconv.Itoa(d.MaxBreadth)})
	}
	if caller, ok := l.call.Leg(callerParticipant).(*leg); ok {
		headers = append(headers, e.settings.Load().passed(caller, plan.To)...)
	}
	return dialog.Invitation{
		RequestURI: d.Target.URI, From: fromValue(plan.Identity, domain), To: "<" + to + ">",
		CallID: l.usageID(), MaxForwards: d.MaxForwards, Headers: headers, Offer: d.Offer,
	}
}

// usageID is the Call-ID of a leg that we place. It is not the caller's: on the
// two sides of the gateway are two calls.
func (l *leg) usageID() string { return legTag(l.call.ID(), l.participant) }

// lookupTime bounds the look-up of a trunk's name.
const lookupTime = 2 * time.Second

// flowOf gives the flow to a trunk; a name is looked up.
func (e *Edge) flowOf(t *Trunk) (transport.Flow, error) {
	at, err := resolve(t.Address)
	if err != nil {
		return transport.Flow{}, err
	}
	return e.layer.Connect(t.peer(t.Address.protocol(), at))
}

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

// resolve gives the IP address of a trunk.
func resolve(a Address) (netip.AddrPort, error) {
	if ip := wire.HostAddr(a.Host); ip.IsValid() {
		return netip.AddrPortFrom(ip.Unmap(), a.port()), nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookupTime)
	defer cancel()
	list, err := net.DefaultResolver.LookupNetIP(ctx, "ip", a.Host)
	if err != nil {
		return netip.AddrPort{}, err
	}
	return netip.AddrPortFrom(list[0].Unmap(), a.port()), nil
}
