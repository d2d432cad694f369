package sip

import (
	"cmp"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/bridge"
	"github.com/tandem-gateway/tandem/dialplan"
	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/trunk"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// refused is the report of an INVITE that has failed: whether another trunk is tried,
// and what to call where a redirection is followed. What a user's phone says is for the
// call to judge.
func (l *leg) refused(r dialog.Failed) bridge.Refused {
	told := bridge.Refused{Cause: responseCause(r.Status, r.Response)}
	t := l.trunk()
	switch {
	case l.peer.Kind != dialplan.PartyTrunk:
		told.Deflected = l.deflection(r.Response)
		return told
	case t == nil:
		told.Verdict = bridge.TryNext
		return told
	}
	told.Verdict = bridge.GiveUp
	switch t.Failover.Judge(failedResult(r), l.callUrgency()) {
	case trunk.TryNext:
		told.Verdict = bridge.TryNext
	case trunk.FollowContacts:
		if told.Instead = l.follow(t, r.Response); len(told.Instead) > 0 {
			told.Verdict = bridge.TryNext
		}
	}
	return told
}

// deflection reads from the redirection of a user's phone where it sends the call: the
// first contact, best first, that is a user's or a number here. RFC 3261 s8.1.3.4 lets
// the client decide whether to follow: it is followed as the user's forwarding, so far
// as the user may call there. A contact elsewhere is nothing that the user could dial.
func (l *leg) deflection(res *sip.Response) dialplan.Forward {
	if res == nil || res.StatusCode < 300 || res.StatusCode > 302 {
		return dialplan.Forward{}
	}
	contacts := contactsOf(res)
	slices.SortStableFunc(contacts, func(a, b trunk.Contact) int { return cmp.Compare(b.Q, a.Q) })
	for _, c := range contacts {
		if c.Scheme != "tel" && !l.edge.isOurs(c.Host) {
			continue
		}
		if to := l.edge.settings.Load().Plan.Deflection(c.URI); !to.IsZero() {
			return to
		}
	}
	return dialplan.Forward{}
}

// isOurs says whether a URI's host is the gateway's: its domain, or where it listens.
func (e *Edge) isOurs(host string) bool {
	if wire.EqualHost(host, e.config.Domain) {
		return true
	}
	at := wire.HostAddr(host).Unmap()
	if slices.Contains(e.config.Advertise, at) {
		return true
	}
	for _, p := range e.protocols() {
		for _, local := range e.layer.Locals(transport.Protocol(p)) {
			if local.Addr() == at {
				return true
			}
		}
	}
	return false
}

// follow gives the contacts of a redirection that may be called: those at the trunk
// itself, since another has not agreed to what this one is told of the caller.
func (l *leg) follow(t *Trunk, res *sip.Response) (uris []string) {
	caller, ok := l.call.Leg(callerParticipant).(*leg)
	if !ok {
		return nil
	}
	if len(caller.redirection.Tried) == 0 {
		caller.redirection = trunk.NewRedirection(contactAt(l.target, 1000))
	}
	hops, skipped := caller.redirection.Follow(trunk.Place{Trunk: t.Name, Host: t.Address.Host, Port: t.Address.Port}, contactsOf(res), nil)
	for _, why := range skipped {
		l.edge.log.Warn("contact not called", "call", l.call.ID(), "trunk", t.Name, "why", why)
	}
	for _, h := range hops {
		uris = append(uris, h.URI)
	}
	return uris
}

// contactsOf are the contacts of a redirection.
func contactsOf(res *sip.Response) (list []trunk.Contact) {
	for _, c := range wire.Contacts(res) {
		if !c.Address.Wildcard {
			read := contactFrom(c)
			c.Address.Headers = nil // RFC 3261 s19.1.5: not to be obeyed from a stranger
			list = append(list, contactAt(strings.Clone(c.Address.String()), read.Q))
		}
	}
	return list
}

// contactAt reads a URI that may be called.
func contactAt(uri string, q int) trunk.Contact {
	u, err := wire.ParseURI(uri)
	if err != nil {
		return trunk.Contact{URI: uri}
	}
	return trunk.Contact{Scheme: u.Scheme, User: u.User, Host: u.Host, Port: uint16(u.Port), Q: q, URI: uri}
}

// callUrgency is that of the leg's call.
func (l *leg) callUrgency() trunk.Urgency {
	if caller, ok := l.call.Leg(callerParticipant).(*leg); ok {
		return caller.urgency
	}
	return trunk.Ordinary
}
