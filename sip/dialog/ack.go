package dialog

import (
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// acknowledge sends the ACK to a 2xx. RFC 3261 s13.2.2.4: "The sequence number of
// the CSeq header field MUST be the same as the INVITE being acknowledged, but the
// CSeq method MUST be ACK. The ACK MUST contain the same credentials as the
// INVITE." It is kept, for "the ACK … MUST be passed to the client transport every
// time a retransmission of the 2xx final response that triggered the ACK arrives".
func (u *Usage) acknowledge(d *Dialog, c *client) {
	m := u.request(d, "ACK", c.message.seq)
	for _, h := range c.message.head {
		if h.Name == "Authorization" || h.Name == "Proxy-Authorization" {
			m.head = append(m.head, h)
		}
	}
	d.ack, d.ackHop, d.ackSeq = m.render(), m.hop, c.message.seq
	u.resendAck(d)
}

func (u *Usage) resendAck(d *Dialog) {
	u.out = append(u.out, Action{Send: d.ack, Hop: d.ackHop})
}

// ackFailure sends the ACK to a final failure. RFC 3261 s17.1.1.3: it has the
// INVITE's Call-ID, From, Request-URI, top Via and Route, the To of the response,
// and the INVITE's CSeq number.
func (u *Usage) ackFailure(c *client, res *sip.Response) {
	m := message{method: "ACK", uri: c.message.uri, hop: c.message.hop}
	for _, h := range c.message.head {
		switch h.Name {
		case "Via", "Route", "Max-Forwards", "From", "Call-ID":
			m.head = append(m.head, h)
		}
	}
	m.add("To", res.To().Value())
	m.add("CSeq", cseqValue(c.message.seq, "ACK"))
	c.ack = m.render()
	u.out = append(u.out, Action{Send: c.ack, Hop: m.hop})
}

// receiveAck takes an ACK: of a final failure to the transaction, of a 2xx to the
// answer that waits for it. Others are repetitions and are dropped.
func (u *Usage) receiveAck(now time.Time, key transaction.ServerKey, req *sip.Request) {
	if s := u.find(key); s != nil && s.status >= 300 {
		u.stepServer(now, s, transaction.Ack, nil)
		return
	}
	a := u.accept
	if a.server == nil || a.server.seq != req.CSeq().SeqNo || u.dialogOf(wire.FromTag(req)) == nil {
		return
	}
	u.accept = acceptance{}
	if u.state == Answered {
		u.state = Confirmed
		u.report(Acknowledged{})
	}
	u.answerInAck(req)
	u.reinviteQueued(now)
	u.ackGone(now)
}

// answerInAck takes the answer to an offer that our 2xx made (RFC 3261 s13.2.1).
func (u *Usage) answerInAck(req *sip.Request) {
	s, _ := description(req)
	if s == nil || u.dialog().Media.ReceiveAnswer(s) != nil {
		return
	}
	u.report(OfferAnswered{SDP: s})
}
