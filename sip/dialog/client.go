package dialog

import (
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// client is a client transaction with its request.
type client struct {
	message message
	bytes   []byte
	dialog  int // the dialog it is sent in; -1 for the first INVITE
	tx      machine
	// exchange is set once the request has been challenged.
	exchange Exchange
	ack      []byte // to a final failure
	final    bool
	ended    bool
}

// send starts a client transaction.
func (u *Usage) send(now time.Time, m message, dialog int) *client {
	c := &client{message: m, dialog: dialog}
	u.clients = append(u.clients, c)
	u.start(now, c)
	return c
}

func (u *Usage) start(now time.Time, c *client) {
	c.bytes = c.message.render()
	if c.message.method == "INVITE" {
		tx := transaction.NewInviteClient(u.config.Timing, u.config.Transport)
		c.tx = &tx
	} else {
		tx := transaction.NewNonInviteClient(u.config.Timing, u.config.Transport)
		c.tx = &tx
	}
	c.ended, c.final, c.ack = false, false, nil
	u.stepClient(now, c, transaction.Start, nil)
}

// receiveResponse takes a response to one of the usage's requests. One that
// matches none is a straggler and is dropped.
func (u *Usage) receiveResponse(now time.Time, res *sip.Response) {
	branch := wire.Branch(res)
	for _, c := range u.clients {
		if c.message.branch == branch && c.message.method == string(res.CSeq().MethodName) {
			u.stepClient(now, c, transaction.Response(res.StatusCode), res)
			return
		}
	}
}

// stepClient steps a client transaction and does what it says.
func (u *Usage) stepClient(now time.Time, c *client, ev transaction.Event, res *sip.Response) {
	does := c.tx.Step(now, ev)
	if does.Has(transaction.Send) {
		u.out = append(u.out, Action{Send: c.bytes, Hop: c.message.hop})
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
		c.final = c.final || res.StatusCode >= 200
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
	if (status == 401 || status == 407) && res != nil && u.answerChallenge(now, c, res) {
		return
	}
	switch {
	case c.message.method == "INVITE" && c.dialog < 0:
		u.inviteAnswered(now, c, status, res)
	case c.message.method == "INVITE":
		u.reinviteAnswered(now, c, status, res)
	}
}

// answerChallenge repeats a request with a digest answer. The transaction of the
// challenged request ends here: what it still owes is the ACK, which was sent.
func (u *Usage) answerChallenge(now time.Time, c *client, res *sip.Response) bool {
	if u.config.Authorize == nil || u.gaveUp(c) {
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
	u.owe(c) // a retransmitted 401 still gets its ACK
	seq := m.seq + 1
	if c.dialog >= 0 {
		seq = u.dialogs[c.dialog].nextSeq()
	} else {
		u.invite.seq = seq
	}
	m.again(u.branch(), u.config.Via, seq, credentials)
	u.start(now, c)
	return true
}

// gaveUp says whether the request is no longer wanted.
func (u *Usage) gaveUp(c *client) bool {
	return u.state == Withdrawn && c.message.method == "INVITE"
}

func (d *Dialog) nextSeq() uint32 {
	d.LocalSeq++
	return d.LocalSeq
}

// TransportFailed says that the way to the other side is broken: every request
// that waits for an answer there fails.
func (u *Usage) TransportFailed(now time.Time) {
	for _, c := range u.clients {
		u.stepClient(now, c, transaction.TransportError, nil)
	}
	for _, s := range u.servers {
		u.stepServer(now, s, transaction.TransportError, nil)
	}
	u.settle()
}

// lingering says whether the transaction only waits for repetitions.
func (c *client) lingering() bool { return c.ended || c.final }

// challenges are the values of WWW-Authenticate and Proxy-Authenticate.
func challenges(res *sip.Response) []string {
	if res.StatusCode == 407 {
		return wire.Values(res, "Proxy-Authenticate")
	}
	return wire.Values(res, "WWW-Authenticate")
}
