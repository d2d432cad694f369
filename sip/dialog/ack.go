package dialog

import (
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// acknowledgement renders the ACK to a 2xx. RFC 3261 s13.2.2.4: "The sequence number
// of the CSeq header field MUST be the same as the INVITE being acknowledged, but the
// CSeq method MUST be ACK. The ACK MUST contain the same credentials as the INVITE."
func (u *Usage) acknowledgement(d *Dialog, c *client, answer *sdp.Description) (ack []byte, hop string) {
	m := u.request(d, "ACK", c.message.seq)
	m.head = append(m.head, c.message.credentials()...)
	m.describe(answer)
	return m.render(), m.hop
}

// acknowledge sends the ACK to a 2xx to the INVITE that makes the dialog. It is kept,
// for "the ACK … MUST be passed to the client transport every time a retransmission
// of the 2xx final response that triggered the ACK arrives". The answer is to an offer in
// the 2xx, nil where there is none.
func (u *Usage) acknowledge(d *Dialog, c *client, answer *sdp.Description) {
	if d.ack == nil {
		d.ack, d.ackHop = u.acknowledgement(d, c, answer)
	}
	u.act(Action{Send: d.ack, Hop: d.ackHop})
}

// acknowledgeReinvite sends the ACK to a 2xx to a re-INVITE, which is kept with its
// transaction.
func (u *Usage) acknowledgeReinvite(c *client) {
	if c.ack == nil {
		c.ack, c.ackHop = u.acknowledgement(c.dialog, c, nil)
	}
	u.act(Action{Send: c.ack, Hop: c.ackHop})
}

// ackFailure sends the ACK to a final failure, the first time and for each
// repetition. RFC 3261 s17.1.1.3: it has the INVITE's Call-ID, From, Request-URI, top
// Via and Route, the To of the response, and the INVITE's CSeq number.
func (u *Usage) ackFailure(c *client, res *sip.Response) {
	if c.ack == nil {
		m := message{method: "ACK", uri: c.message.uri, head: make([]Header, 0, len(c.message.head))}
		for _, h := range c.message.head {
			switch h.Name {
			case "Via", "Route", "Max-Forwards", "From", "Call-ID":
				m.head = append(m.head, h)
			}
		}
		to := res.To()
		m.add("To", party(to.DisplayName, to.Address, to.Params))
		m.add("CSeq", cseqValue(c.message.seq, "ACK"))
		c.ack, c.ackHop = m.render(), c.message.hop
	}
	u.act(Action{Send: c.ack, Hop: c.ackHop, Flow: c.flow})
}

// receiveAck takes an ACK: of a final failure to the transaction, of a 2xx to the
// answer that waits for it. Others are repetitions and are dropped. The ACK to a 2xx
// is a transaction of its own (RFC 3261 s17.1.1.3 is about the other one): it is known
// by its dialog and its number.
func (u *Usage) receiveAck(now time.Time, key transaction.ServerKey, req *sip.Request) {
	if s := u.find(key); s != nil && s.status >= 300 && req.CallID().Value() == u.callID {
		u.stepServer(now, s, transaction.Ack, nil)
		return
	}
	a := &u.accept
	if a.server == nil || a.server.seq != req.CSeq().SeqNo || u.dialogWith(req) != u.chosen {
		return
	}
	a.server.last = nil // it is not sent any more
	offer := a.offer
	u.accept = acceptance{}
	if u.state == Answered {
		u.state = Confirmed
		u.report(Acknowledged{})
	}
	if offer != nil {
		u.takeAnswer(req)
	}
	u.sendQueued(now)
	u.sendCorrection(now)
	u.ackGone(now)
}

// takeAnswer takes the answer to an offer that our 2xx or 18x made out of its ACK or
// PRACK: RFC 3261 s13.2.1, "If the initial offer is in the first reliable non-failure
// message from the UAS back to UAC, the answer MUST be in the acknowledgement for that
// message".
func (u *Usage) takeAnswer(req *sip.Request) {
	media := &u.chosen.Media
	s, fault := description(req)
	if s != nil && media.ReceiveAnswer(s) == nil {
		u.tell(OfferAnswered{SDP: s})
		return
	}
	_ = media.Reject() // it waits: seen above
	u.tell(OfferFailed{Status: max(fault, 488)})
}

// tell reports what only a call that goes on must know.
func (u *Usage) tell(r Report) {
	switch u.state {
	case Early, Answered, Confirmed:
		u.report(r)
	}
}

// dialogWith gives the dialog that a request is in, by all that names one: RFC 3261
// s12, "a Call-ID value, a local tag and a remote tag".
func (u *Usage) dialogWith(req *sip.Request) *Dialog {
	if req.CallID().Value() != u.callID || wire.ToTag(req) != u.config.Tag {
		return nil
	}
	return u.dialogOf(wire.FromTag(req))
}
