package sip

import (
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// largest is the size over which a request does not go by UDP. RFC 3261 s18.1.1:
// "If a request is within 200 bytes of the path MTU, or if it is larger than 1300
// bytes and the path MTU is unknown, the request MUST be sent using an RFC 2914
// congestion controlled transport protocol, such as TCP."
const largest = 1300

// smaller is how a request that was too large for UDP goes after all when the
// peer has no TCP: "If a server does not support TCP … the client SHOULD retry
// the request, using UDP".
type smaller struct {
	flow       transport.Flow
	invitation dialog.Invitation
	auth       dialog.Authorizer
}

// invite sends the INVITE of a leg: over TCP when it is too large for UDP and the
// trunk's address leaves the choice to us.
func (l *leg) invite(now time.Time, i dialog.Invitation, auth dialog.Authorizer, free bool) {
	l.begin(now, i, auth)
	actions := l.usage.Take()
	if !free || len(actions) == 0 || len(actions[0].Send) <= largest {
		l.carry(now, actions)
		return
	}
	tcp, err := l.edge.layer.Connect(l.trunk().peer(transport.TCP, l.flow.Remote))
	if err != nil {
		l.carry(now, actions) // we have no TCP ourselves
		return
	}
	l.fallback = &smaller{flow: l.flow, invitation: i, auth: auth}
	l.flow = tcp
	l.begin(now, i, auth)
	l.flush(now)
}

// begin makes the usage for the leg's flow, and its INVITE.
func (l *leg) begin(now time.Time, i dialog.Invitation, auth dialog.Authorizer) {
	l.usage = dialog.NewUAC(l.edge.legConfig(l.call.ID(), l.participant, l.flow, contactOf(l.flow, strings.HasPrefix(i.RequestURI, "sips:")), auth))
	l.usage.Invite(now, i)
}

// lost handles a connection of the leg that has died, or never came about.
func (l *leg) lost(now time.Time) {
	l.failed(now)
	l.flush(now)
}

// failed goes back to UDP with an INVITE that nobody has answered by TCP, or fails
// what waits for an answer.
func (l *leg) failed(now time.Time) {
	f := l.fallback
	if f == nil || l.usage.State() != dialog.Calling {
		l.usage.TransportFailed(now)
		return
	}
	l.fallback, l.flow = nil, f.flow
	l.begin(now, f.invitation, f.auth)
}
