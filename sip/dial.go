package sip

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/event"
	"github.com/tandem-gateway/tandem/sdp"
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
	flow, err := e.flowOf(t.Address)
	if err != nil {
		e.log.Warn("no way to the trunk", "trunk", t.Name, "err", err)
		return nil, event.Cause{Status: 503, Q850: 38, By: event.PartyGateway, Text: err.Error()}
	}
	uri := userURI(plan.Dial, t.Address.hostPort())
	if t.Address.Protocol == transport.TCP {
		uri += ";transport=tcp"
	}
	return []bridge.Target{{Name: t.Name, URI: uri, Hint: flow.Remote.Addr(), Local: e.mediaAddress(flow)}}, event.Cause{}
}

// mediaAddress is where media is received for a leg: where the configuration
// says, else on the address that its signalling uses.
func (e *Edge) mediaAddress(f transport.Flow) netip.Addr {
	if e.config.MediaAddress.IsValid() {
		return e.config.MediaAddress
	}
	return f.Local.Addr()
}

// Dial makes the leg of a participant and sends it the INVITE.
func (e *Edge) Dial(now time.Time, c *bridge.Call, participant int, t bridge.Target, plan dialplan.Attempt, offer *sdp.Description) bridge.Leg {
	l := &leg{edge: e, call: c, participant: participant, maxForwards: 70}
	if caller, ok := c.Leg(callerParticipant).(*leg); ok {
		l.maxForwards = caller.maxForwards - 1
	}
	auth, err := e.aim(l, t, plan)
	if err != nil {
		e.log.Warn("no way to the callee", "call", c.ID(), "target", t.Name, "err", err)
		l.usage = dialog.NewUAC(dialog.Config{})
		l.tell(bridge.Refused{Cause: event.Cause{Status: 503, Q850: 38, By: event.PartyGateway, Text: err.Error()}})
		l.tell(bridge.Released{})
		return l
	}
	l.invite(now, e.invitation(l, t, plan, offer), auth, !l.pinned && e.free(plan))
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
	if l.flow, err = e.flowOf(trunk.Address); err != nil || trunk.Username == "" {
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
func (e *Edge) invitation(l *leg, t bridge.Target, plan dialplan.Attempt, offer *sdp.Description) dialog.Invitation {
	to := t.URI
	if plan.To.Kind == dialplan.PartyUser {
		to = userURI(plan.Dial, e.config.Domain)
	}
	return dialog.Invitation{
		RequestURI: t.URI, From: fromValue(plan.Identity, e.config.Domain), To: "<" + to + ">",
		CallID: l.usageID(), MaxForwards: l.maxForwards,
		Headers: shownHeaders(plan.Identity, e.config.Domain), Offer: offer,
	}
}

// usageID is the Call-ID of a leg that we place. It is not the caller's: on the
// two sides of the gateway are two calls.
func (l *leg) usageID() string { return legTag(l.call.ID(), l.participant) }

// lookupTime bounds the look-up of a trunk's name.
const lookupTime = 2 * time.Second

// flowOf gives the flow to a trunk; a name is looked up.
func (e *Edge) flowOf(a Address) (transport.Flow, error) {
	at, err := resolve(a)
	if err != nil {
		return transport.Flow{}, err
	}
	return e.layer.Connect(transport.Peer{Protocol: a.protocol(), Remote: at})
}

// flowTo gives the flow to the next hop of a request within a dialog: the one that
// the dialog has when it leads there, or when a connection must be kept (RFC 5626
// s5.3); a name in a route set leads where we already are.
func (e *Edge) flowTo(hop string, known transport.Flow) transport.Flow {
	u, err := wire.ParseURI(hop)
	if err != nil {
		return known
	}
	if known.Protocol.Reliable() && e.layer.Alive(known) {
		return known
	}
	address := wire.HostAddr(u.Host).Unmap()
	if !address.IsValid() {
		return known
	}
	at := netip.AddrPortFrom(address, portOf(u))
	if at == known.Remote && protocolOf(u) == known.Protocol {
		return known
	}
	f, err := e.layer.Connect(transport.Peer{Protocol: protocolOf(u), Local: netip.AddrPortFrom(known.Local.Addr(), 0), Remote: at})
	if err != nil {
		return known
	}
	return f
}

func portOf(u sip.Uri) uint16 {
	if u.Port > 0 && u.Port < 65536 {
		return uint16(u.Port)
	}
	return 5060
}

func protocolOf(u sip.Uri) transport.Protocol {
	if p, _ := wire.Param(u.UriParams, "transport"); strings.EqualFold(p, "tcp") {
		return transport.TCP
	}
	return transport.UDP
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
