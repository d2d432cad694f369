package dialog

import (
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
)

// Alternatives are the other servers that a first INVITE may go to.
type Alternatives interface {
	// Next gives the server to try after one has failed: with 503, or with nil where the
	// transport failed (503) or nothing came (408). False is none.
	Next(now time.Time, status int, res *sip.Response) (Server, bool)
}

// Server is what requests to another server say.
type Server struct {
	// Via, Contact and Transport are as in Config.
	Via, Contact string
	Transport    transaction.Transport
	// Before is the flow to the server that has failed, where what belongs to it goes
	// on: RFC 3261 s9.1 and s17.1.1.3 send the CANCEL and the ACK where their INVITE went.
	Before transport.Flow
}

// elsewhere sends the INVITE to another server instead of failing. RFC 3263 s4.3:
// "failure occurs if the transaction layer reports a 503 error response or a transport
// failure of some sort", or times out without any response; then "the client
// SHOULD create a new request, which is identical to the previous, but has a different
// value of the Via branch ID than the previous". A server that has said more than 100
// was reached.
func (u *Usage) elsewhere(now time.Time, c *client, status int, res *sip.Response) bool {
	if c != u.invite.client || u.state != Calling || u.config.Alternatives == nil || res != nil && status != 503 {
		return false
	}
	next, ok := u.config.Alternatives.Next(now, status, res)
	if !ok {
		return false
	}
	u.leaveServer(next.Before)
	u.config.Via, u.config.Contact, u.config.Transport = next.Via, next.Contact, next.Transport
	again := &client{message: c.message.again(u.branch(), next.Via, c.message.seq, nil)}
	for i, h := range again.message.head {
		if h.Name == "Contact" {
			again.message.head[i].Value = next.Contact
		}
	}
	u.inviteAgain(again)
	u.start(now, again)
	return true
}

// leaveServer keeps what has been begun on the flow that it was begun on.
func (u *Usage) leaveServer(before transport.Flow) {
	for _, c := range u.clients {
		if !c.left() {
			c.flow = before
		}
	}
	for i := range u.out {
		if a := &u.out[i]; a.Hop != "" && a.Flow == (transport.Flow{}) {
			a.Flow = before
		}
	}
}

// left says whether the client belongs to a server that has been given up.
func (c *client) left() bool { return c.flow != (transport.Flow{}) }

// GiveUpServer goes on at another server when nothing at all has come from this one;
// false when there is none. Should the silent one speak after all, its INVITE is
// cancelled, and an answer acknowledged and hung up.
func (u *Usage) GiveUpServer(now time.Time) bool {
	c := u.invite.client
	if c == nil || !u.elsewhere(now, c, 408, nil) {
		return false
	}
	c.bytes = nil // it has had enough copies of what it shall not take any more
	u.stepClient(now, c, transaction.Cancel, nil)
	return true
}
