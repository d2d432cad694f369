package dialog

import (
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// Cancel withdraws our INVITE before its final response. The reason goes into the
// CANCEL (RFC 3326), and into the BYE to a 2xx that crosses it: that is acknowledged
// and hung up.
func (u *Usage) Cancel(now time.Time, reason ...Header) {
	if !u.calling() {
		return
	}
	u.state = Withdrawn
	u.endReinvite(now)
	u.invite.cancelWith = reason
	u.stepClient(now, u.invite.client, transaction.Cancel, nil)
}

// sendCancel starts the CANCEL's own transaction. RFC 3261 s9.1: "The Request-URI,
// Call-ID, To, the numeric part of CSeq, and From header fields in the CANCEL
// request MUST be identical to those in the request being cancelled … A CANCEL
// constructed by a client MUST have only a single Via header field value matching
// the top Via value in the request being cancelled."
func (u *Usage) sendCancel(now time.Time, invite *client) {
	m := message{
		method: "CANCEL", uri: invite.message.uri, branch: invite.message.branch,
		hop: invite.message.hop, seq: invite.message.seq,
	}
	for _, h := range invite.message.head {
		switch h.Name {
		case "Via", "Route", "Max-Forwards", "From", "To", "Call-ID":
			m.head = append(m.head, h)
		}
	}
	m.add("CSeq", cseqValue(m.seq, "CANCEL"))
	m.head = append(m.head, u.invite.cancelWith...)
	u.start(now, &client{message: m, dialog: invite.dialog, flow: invite.flow})
}

// receiveCancel answers a CANCEL and ends the INVITE it is about. RFC 3261 s9.2:
// "If the UAS has already sent a final response for the original request, the
// CANCEL request has no effect on the processing of the original request".
func (u *Usage) receiveCancel(now time.Time, key transaction.ServerKey, req *sip.Request, flow transport.Flow) {
	invite := u.find(key.Cancelled())
	if invite == nil {
		u.turnAway(req, flow, 481)
		return
	}
	u.respond(now, u.serve(now, req, flow), 200, nil)
	switch {
	case invite.status >= 200:
	case invite == u.invite.server:
		u.refuse(now, 487, nil)
		u.report(Left{Status: 487, Request: req})
	default:
		u.reinviteCancelled(now)
	}
}
