package sip

import (
	"strings"
	"time"

	"github.com/tandem-gateway/tandem/sip/dialog"
)

// largest is the size over which a request does not go by UDP. RFC 3261 s18.1.1:
// "If a request is within 200 bytes of the path MTU, or if it is larger than 1300
// bytes and the path MTU is unknown, the request MUST be sent using an RFC 2914
// congestion controlled transport protocol, such as TCP."
const largest = 1300

// invite sends the INVITE of a leg: over TCP when it is too large for UDP and the
// trunk's address leaves the choice to us.
func (l *leg) invite(now time.Time, i dialog.Invitation, auth dialog.Authorizer, free bool) {
	l.begin(now, i, auth)
	actions := l.usage.Take()
	if free && len(actions) > 0 && len(actions[0].Send) > largest {
		l.servers.large = true
		if l.enlarge(l.trunk()) {
			l.begin(now, i, auth)
			actions = l.usage.Take()
		}
	}
	l.carry(now, actions)
	l.flush(now)
}

// begin makes the usage for the leg's flow, and its INVITE.
func (l *leg) begin(now time.Time, i dialog.Invitation, auth dialog.Authorizer) {
	c := l.edge.legConfig(l.call.ID(), l.participant, l.flow, contactOf(l.edge.seen(l.flow), isSIPS(i.RequestURI)), auth)
	c.Alternatives = l
	l.usage = dialog.NewUAC(c)
	l.usage.Invite(now, i)
}

func isSIPS(uri string) bool { return strings.HasPrefix(uri, "sips:") }

// lost handles a connection of the leg that has died, or never came about: what waits
// for an answer there goes to another server, or fails.
func (l *leg) lost(now time.Time) {
	l.usage.TransportFailed(now)
	l.flush(now)
}
