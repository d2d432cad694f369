package dialog

import (
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// Cancel withdraws our INVITE before its final response. The reason goes into the
// CANCEL (RFC 3326). A 2xx that crosses it is acknowledged and hung up.
func (u *Usage) Cancel(now time.Time, reason ...Header) {
	if u.state != Calling && u.state != Early {
		return
	}
	u.state = Withdrawn
	u.invite.cancelWith = reason
	if c := u.invite.client; c != nil {
		u.stepClient(now, c, transaction.Cancel, nil)
	}
	u.settle()
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
	u.send(now, m, -1)
}

// receiveCancel answers a CANCEL and ends the INVITE it is about. RFC 3261 s9.2:
// "If the UAS has already sent a final response for the original request, the
// CANCEL request has no effect on the processing of the original request".
func (u *Usage) receiveCancel(now time.Time, key transaction.ServerKey, req *sip.Request, flow transport.Flow) {
	invite := u.find(key.Cancelled())
	s := u.serve(now, req, flow)
	if invite == nil {
		u.respond(now, s, 481, nil)
		return
	}
	u.respond(now, s, 200, nil)
	if invite.status >= 200 {
		return
	}
	if invite == u.invite.server {
		u.state = Rejected
		u.respond(now, invite, 487, nil)
		u.report(Left{Status: 487, Request: req})
		return
	}
	u.reinviteCancelled(now, invite)
}
