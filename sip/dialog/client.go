package dialog

import (
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/refer"
	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// client is a client transaction with its request.
type client struct {
	message message
	bytes   []byte  // nil once it is not sent again
	dialog  *Dialog // the dialog it is sent in; nil for the first INVITE and its CANCEL
	tx      machine
	offer   *sdp.Description // of a re-INVITE or UPDATE
	refers  refer.Token      // of a REFER, or a NOTIFY about one
	// exchange is set once the request has been challenged.
	exchange Exchange
	// ack is the ACK to a final failure, or to the 2xx of a re-INVITE.
	ack    []byte
	ackHop string
	status int // of the final response; 0 before it
	ended  bool
	// flow is the way to a server that has been given up; zero is the leg's.
	flow transport.Flow
}

// send starts a client transaction.
func (u *Usage) send(now time.Time, m message, d *Dialog) *client {
	c := &client{message: m, dialog: d}
	u.start(now, c)
	return c
}

func (u *Usage) start(now time.Time, c *client) {
	u.clients = append(u.clients, c)
	c.bytes = c.message.render()
	if c.message.method == "INVITE" {
		tx := transaction.NewInviteClient(u.config.Timing, u.config.Transport)
		c.tx = &tx
	} else {
		tx := transaction.NewNonInviteClient(u.config.Timing, u.config.Transport)
		c.tx = &tx
	}
	u.stepClient(now, c, transaction.Start, nil)
}

// receiveResponse takes a response to one of the usage's requests. One that matches
// none is a straggler.
func (u *Usage) receiveResponse(now time.Time, res *sip.Response) {
	branch := wire.Branch(res)
	for _, c := range u.clients {
		if c.message.branch == branch && c.message.method == string(res.CSeq().MethodName) {
			u.stepClient(now, c, transaction.Response(res.StatusCode), res)
			return
		}
	}
	u.straggler(res)
}

// stepClient steps a client transaction and does what it says.
func (u *Usage) stepClient(now time.Time, c *client, ev transaction.Event, res *sip.Response) {
	does := c.tx.Step(now, ev)
	if does.Has(transaction.Send) && c.bytes != nil {
		u.act(Action{Send: c.bytes, Hop: c.message.hop, Flow: c.flow})
	}
	if does.Has(transaction.SendAck) {
		u.ackFailure(c, res)
	}
	c.ended = c.ended || does.Has(transaction.Terminated)
	if does.Has(transaction.SendCancel) {
		u.sendCancel(now, c)
	}
	switch {
	case does.Has(transaction.Deliver):
		u.deliver(now, c, res.StatusCode, res)
	case does.Has(transaction.TimedOut):
		// RFC 3261 s8.1.3.1: "When a timeout error is received from the transaction
		// layer, it MUST be treated as if a 408 (Request Timeout) status code has
		// been received."
		u.deliver(now, c, 408, nil)
	case does.Has(transaction.TransportFailed):
		// "…the condition MUST be treated as a 503 (Service Unavailable) status code."
		u.deliver(now, c, 503, nil)
	}
}

// deliver hands a response to its verb; res is nil when the transaction layer
// made the status up.
func (u *Usage) deliver(now time.Time, c *client, status int, res *sip.Response) {
	if status >= 200 && c.status == 0 {
		c.status, c.bytes = status, nil
	}
	if (status == 401 || status == 407) && res != nil && u.answerChallenge(now, c, res) {
		return
	}
	if status == 422 && res != nil && u.lengthen(now, c, res) || status >= 300 && u.elsewhere(now, c, status, res) {
		return
	}
	switch {
	case c.refers != (refer.Token{}):
		u.referralAnswered(now, c, status, res)
	case c.message.method == "INFO":
		u.infoAnswered(now, c, status)
	case c.message.method == "UPDATE":
		u.updateAnswered(now, c, status, res)
	case c.message.method == "PRACK" && status >= 300:
		u.dialogLost(now, c, status)
	case c.message.method != "INVITE":
	case c.dialog != nil:
		u.reinviteAnswered(now, c, status, res)
	case c == u.invite.client:
		u.inviteAnswered(now, c, status, res)
	case status < 300:
		u.straggler(res)
	}
}

// answerChallenge repeats a request with digest credentials. It is a transaction of
// its own; the challenged one stays to acknowledge repetitions of its 401.
func (u *Usage) answerChallenge(now time.Time, c *client, res *sip.Response) bool {
	if u.config.Authorize == nil || !u.wanted(c) {
		return false
	}
	m := &c.message
	if c.exchange == nil {
		c.exchange = u.config.Authorize.Exchange(m.method, m.uri, m.body)
	}
	credentials, err := c.exchange.Answer(res.StatusCode, challenges(res))
	if err != nil {
		return false
	}
	u.repeat(now, c, *m, credentials)
	return true
}

// repeat sends a request once more as a new transaction, in the place of the one that
// was refused.
func (u *Usage) repeat(now time.Time, c *client, m message, credentials []Header) {
	seq := m.seq + 1
	if c.dialog != nil {
		seq = c.dialog.nextSeq()
	}
	next := &client{
		message: m.again(u.branch(), u.config.Via, seq, credentials),
		dialog:  c.dialog, exchange: c.exchange, offer: c.offer, refers: c.refers,
	}
	if u.refer != nil {
		u.refer.Sent(now, c.refers, seq)
	}
	switch c {
	case u.invite.client:
		u.inviteAgain(next)
	case u.reinvite.client:
		u.reinvite.client = next
	case u.timer.client:
		u.timer.client = next
	case u.naming.client:
		u.naming.client = next
	default:
		u.informing.follow(c, next)
	}
	u.start(now, next)
}

// wanted says whether a challenged request is worth repeating. Of a CANCEL RFC 3261
// s22.1 says: "these requests cannot be resubmitted".
func (u *Usage) wanted(c *client) bool {
	switch c.message.method {
	case "CANCEL":
		return false
	case "INVITE":
		return c == u.invite.client && u.calling() || c == u.reinvite.client && u.state == Confirmed
	}
	return true
}

// TransportFailed says that the way to the other side is broken: every request
// that waits for an answer there fails.
func (u *Usage) TransportFailed(now time.Time) {
	for _, c := range u.clients {
		if !c.left() {
			u.stepClient(now, c, transaction.TransportError, nil)
		}
	}
	for _, s := range u.servers {
		u.stepServer(now, s, transaction.TransportError, nil)
	}
	u.notifyAnswered(now)
	u.settle()
}

// lingering says whether the transaction only waits for repetitions, or for a server
// that has been given up.
func (c *client) lingering() bool { return c.ended || c.status != 0 || c.left() }

// challenges are the values of WWW-Authenticate and Proxy-Authenticate.
func challenges(res *sip.Response) []string {
	if res.StatusCode == 407 {
		return wire.Values(res, "Proxy-Authenticate")
	}
	return wire.Values(res, "WWW-Authenticate")
}
