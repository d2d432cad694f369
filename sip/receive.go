package sip

import (
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// receive is where every message comes in, in the order of its wire. It runs on
// the reader's goroutine: it finds out whom the message is for and does not wait.
func (e *Edge) receive(in transport.Inbound) {
	msg, fault := wire.Parse(in.Data)
	if fault != nil {
		e.faulty(in.Flow, fault)
		return
	}
	switch m := msg.(type) {
	case *sip.Response:
		e.receiveResponse(m, in.Flow)
	case *sip.Request:
		wire.StampVia(m.Via(), in.Flow.Remote)
		e.receiveRequest(m, in.Flow)
	}
}

// faulty answers a message that is not valid SIP, or drops it.
func (e *Edge) faulty(f transport.Flow, fault *wire.Fault) {
	e.log.Debug("broken message", "from", f.String(), "fault", fault.Error())
	answer, to := fault.Response(f.Protocol.String(), f.Remote)
	if answer == nil {
		return
	}
	if !f.Protocol.Reliable() {
		f.Remote = to
	}
	e.write(f, answer)
}

// receiveResponse finds the leg by our branch. What comes for a leg that is gone
// is a repetition, or a 2xx of a fork that was slow.
func (e *Edge) receiveResponse(res *sip.Response, f transport.Flow) {
	branch := wire.Branch(res)
	id, participant, ok := parseBranch(branch)
	if own(branch) {
		e.watch.post(answered{res})
		return
	}
	if !ok {
		return // RFC 3261 s18.1.2: no transaction of ours; it is dropped
	}
	if e.deliver(legKey{id, participant}, res, f) {
		return
	}
	if r, ok := e.lingering.response(transaction.NewClientKey(branch, string(res.CSeq().MethodName))); ok && res.StatusCode >= 300 {
		e.write(f, r.answer)
		return
	}
	if res.CSeq().MethodName == sip.INVITE && res.StatusCode >= 200 && res.StatusCode < 300 && e.lingering.hasEnded(id) {
		e.lateAnswer(res, f)
	}
}

// receiveRequest finds what a request is for.
func (e *Edge) receiveRequest(req *sip.Request, f transport.Flow) {
	key := dialog.Key(req)
	if e.repeated(req.Method, key, f) {
		return
	}
	if tag := wire.ToTag(req); tag != "" {
		e.inDialog(tag, req, key, f)
		return
	}
	if mf := req.MaxForwards(); mf != nil && mf.Val() == 0 && req.Method != sip.ACK {
		e.reply(req, f, 483)
		return
	}
	switch req.Method {
	case sip.INVITE:
		e.invite(req, key, f)
	case sip.CANCEL:
		e.cancel(req, key, f)
	case sip.ACK: // of an answer that was given without state, or of nothing
	case sip.REFER:
		e.refer(req, key, f)
	case sip.REGISTER:
		e.register(req, key, f)
	case sip.OPTIONS:
		e.options(req, f)
	case sip.BYE, sip.NOTIFY: // RFC 6665 s4.1.3: a NOTIFY that matches no subscription
		e.reply(req, f, 481)
	default:
		e.unsupported(req, f)
	}
}

// repeated answers the repetition of a request whose transaction is over. An ACK has
// the key of its INVITE and ends there: RFC 3261 s17.2.1, it is never passed on.
func (e *Edge) repeated(method sip.RequestMethod, key transaction.ServerKey, f transport.Flow) bool {
	r, ok := e.lingering.request(key)
	if ok && len(r.answer) > 0 && method != sip.ACK {
		if r.flow != (transport.Flow{}) {
			f = r.flow
		}
		e.write(f, r.answer)
	}
	return ok
}

// inDialog hands a request to the leg whose tag it carries. RFC 3261 s12.2.2: "If
// the request has a tag in the To header field, but the dialog identifier does not
// match any existing dialogs, … it MUST respond to the request with a 481".
func (e *Edge) inDialog(tag string, req *sip.Request, key transaction.ServerKey, f transport.Flow) {
	id, participant, ok := parseLeg(tag)
	if ok && e.deliver(legKey{id, participant}, req, f) {
		return
	}
	if req.Method != sip.ACK {
		e.reply(req, f, 481)
	}
}

// deliver hands a message to a leg; false when its call is over.
func (e *Edge) deliver(to legKey, msg sip.Message, f transport.Flow) bool {
	call := e.calls.of(to)
	return call != nil && call.Post(&delivery{e, to, msg, f})
}

// cancel hands a CANCEL to the call that its INVITE began.
func (e *Edge) cancel(req *sip.Request, key transaction.ServerKey, f transport.Flow) {
	leg, there := e.calls.byInvite(key.Cancelled())
	if !there || !e.deliver(leg, req, f) {
		e.reply(req, f, 481)
	}
}

// write sends bytes that nobody waits for.
func (e *Edge) write(f transport.Flow, b []byte) {
	if err := e.layer.Send(f, b); err != nil {
		e.log.Debug("answer not sent", "to", f.String(), "err", err)
	}
}

// draining gives how long new calls are refused for.
func (e *Edge) draining(now time.Time) (time.Duration, bool) {
	until := e.drain.Load()
	if until == 0 {
		return 0, false
	}
	return max(time.Unix(0, until).Sub(now), time.Second), true
}
