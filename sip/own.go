package sip

import (
	"crypto/rand"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/trunk"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// ownRequest is a request of ours outside of any call, with its transaction (RFC 3261
// s17.1.2). It belongs to the watch.
type ownRequest struct {
	method  string
	branch  string
	flow    transport.Flow
	message []byte
	tx      transaction.NonInviteClient
	// settle is told the outcome, once; the response is nil when none came.
	settle func(now time.Time, r trunk.Result, res *sip.Response)
}

// ownBranch begins the branches of such requests. It has no dot, so no call's does.
const ownBranch = transaction.Cookie + "own"

// outline is what a request says.
type outline struct {
	method, uri, from, to, tag, callID string
	seq                                uint32
	headers                            []dialog.Header
}

// send begins a request on a flow.
func (w *watch) send(now time.Time, f transport.Flow, o outline, settle func(time.Time, trunk.Result, *sip.Response)) *ownRequest {
	kind := transaction.Unreliable
	if f.Protocol.Reliable() {
		kind = transaction.Reliable
	}
	r := &ownRequest{
		method: o.method, branch: ownBranch + rand.Text(), flow: f, settle: settle,
		tx: transaction.NewNonInviteClient(w.edge.config.Timing, kind),
	}
	r.message = o.message(viaOf(w.edge.seen(f))+";branch="+r.branch+";rport", w.edge.config.Agent)
	w.requests[r.branch] = r
	w.advance(now, r, transaction.Start, nil)
	return r
}

// message writes the request.
func (o outline) message(via, agent string) []byte {
	head := []dialog.Header{
		{Name: "Via", Value: via},
		{Name: "Max-Forwards", Value: "70"},
		{Name: "From", Value: "<" + o.from + ">;tag=" + o.tag},
		{Name: "To", Value: "<" + o.to + ">"},
		{Name: "Call-ID", Value: o.callID},
		{Name: "CSeq", Value: strconv.FormatUint(uint64(o.seq), 10) + " " + o.method},
	}
	head = append(head, o.headers...)
	if agent != "" {
		head = append(head, dialog.Header{Name: "User-Agent", Value: agent})
	}
	var b strings.Builder
	b.WriteString(o.method + " " + o.uri + " SIP/2.0\r\n")
	for _, h := range head {
		b.WriteString(h.Name + ": " + h.Value + "\r\n")
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	return []byte(b.String())
}

// advance steps a request's transaction and does what it says.
func (w *watch) advance(now time.Time, r *ownRequest, ev transaction.Event, res *sip.Response) {
	does := r.tx.Step(now, ev)
	if does.Has(transaction.Terminated) {
		delete(w.requests, r.branch)
	}
	switch {
	case does.Has(transaction.Send):
		if err := w.edge.layer.Send(r.flow, r.message); err != nil {
			w.advance(now, r, transaction.TransportError, nil)
		}
	case does.Has(transaction.TimedOut):
		w.finish(now, r, trunk.Result{Fate: trunk.TimedOut}, nil)
	case does.Has(transaction.TransportFailed):
		w.finish(now, r, trunk.Result{Fate: trunk.Unreachable, Phrase: "the connection failed"}, nil)
	case does.Has(transaction.Deliver) && res.StatusCode >= 200:
		w.finish(now, r, resultOf(res), res)
	}
}

// finish settles a request. A server that has failed is asked last from then on: RFC
// 3263 s4.3, the next request goes to another one where the trunk has several.
func (w *watch) finish(now time.Time, r *ownRequest, result trunk.Result, res *sip.Response) {
	w.edge.locator.heard(now, r.flow, res == nil || res.StatusCode == 503, restOf(res))
	r.end(now, result, res)
}

func (r *ownRequest) end(now time.Time, result trunk.Result, res *sip.Response) {
	if settle := r.settle; settle != nil {
		r.settle = nil
		settle(now, result, res)
	}
}

// tickRequests runs the transactions' timers.
func (w *watch) tickRequests(now time.Time) {
	for _, r := range w.requests {
		if at, set := r.tx.Deadline(); set && !at.After(now) {
			w.advance(now, r, transaction.Timer, nil)
		}
	}
}

// answered brings a response to a request of the watch.
type answered struct{ res *sip.Response }

func (a answered) tell(w *watch, now time.Time) {
	// RFC 3261 s17.1.3: the branch and the method of CSeq must be the request's.
	if r := w.requests[wire.Branch(a.res)]; r != nil && r.method == string(a.res.CSeq().MethodName) {
		w.advance(now, r, transaction.Response(a.res.StatusCode), a.res)
	}
}

// own says whether a branch is one of the watch's requests.
func own(branch string) bool { return strings.HasPrefix(branch, ownBranch) }

// reach finds the flow to a trunk, which may take a look-up of its name, and goes on
// on the watch's goroutine.
func (w *watch) reach(name string, then func(now time.Time, t *Trunk, f transport.Flow, err error)) {
	if t := w.edge.settings.Load().trunk(name); t != nil {
		w.reachTrunk(t, then)
	}
}

func (w *watch) reachTrunk(t *Trunk, then func(now time.Time, t *Trunk, f transport.Flow, err error)) {
	w.lookups.Go(func() { // lookupTime bounds it
		f, err := w.edge.flowOf(t)
		w.post(reached{func(now time.Time) { then(now, t, f, err) }})
	})
}

// reached is the end of a look-up.
type reached struct{ then func(now time.Time) }

func (r reached) tell(_ *watch, now time.Time) { r.then(now) }
