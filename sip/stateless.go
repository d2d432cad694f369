package sip

import (
	"strings"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/dialog"
	"github.com/tandem-gateway/tandem/sip/refer"
	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// reply answers a request at once and keeps nothing (RFC 3261 s8.2.7).
func (e *Edge) reply(req *sip.Request, f transport.Flow, status int, headers ...dialog.Header) []byte {
	res := wire.NewResponse(req, status, "", statelessTag(req))
	for _, h := range headers {
		if h.Name == "" {
			res.Reason = h.Value
			continue
		}
		res.AppendHeader(sip.NewHeader(h.Name, h.Value))
	}
	if e.config.Agent != "" {
		res.AppendHeader(sip.NewHeader("Server", e.config.Agent))
	}
	b, err := wire.Append(nil, res)
	if err != nil {
		e.log.Warn("answer not written", "status", status, "err", err)
		return nil
	}
	e.write(responseFlow(req, f), b)
	return b
}

// settle answers a request of somebody who has proved who they are, and keeps the
// answer for repetitions: a second look at the same credentials would be a replay,
// and the repetition would be challenged instead.
func (e *Edge) settle(req *sip.Request, key transaction.ServerKey, f transport.Flow, status int, headers ...dialog.Header) {
	answer := e.reply(req, f, status, headers...)
	e.lingering.answered(key, answer, responseFlow(req, f))
}

// responseFlow is where the response to a request goes: RFC 3261 s18.2.2 and
// RFC 3581 s4.
func responseFlow(req *sip.Request, f transport.Flow) transport.Flow {
	f.Remote = wire.ResponseDestination(req.Via(), f.Protocol.String(), f.Remote)
	return f
}

// options answers an OPTIONS outside a dialog (RFC 3261 s11.2): a trunk's or a
// phone's question whether we are there. A stranger must say who it is.
func (e *Edge) options(req *sip.Request, f transport.Flow) {
	if !e.known(req, f) {
		return
	}
	e.reply(req, f, 200,
		dialog.Header{Name: "Allow", Value: allow},
		dialog.Header{Name: "Accept", Value: "application/sdp"},
		dialog.Header{Name: "Supported", Value: dialog.Supported},
		dialog.Header{Name: "Allow-Events", Value: refer.EventPackage})
}

// allow lists what we understand outside a dialog and in it.
const allow = dialog.Allow + ", REGISTER"

// known says whether a request is a trunk's, a phone's that is registered from
// there, or a user's that proves it; anybody else has been asked who it is.
func (e *Edge) known(req *sip.Request, f transport.Flow) bool {
	s := e.settings.Load()
	if e.phones.from(f) || e.trunkOf(s, req, f) != nil {
		return true
	}
	_, ok := e.authenticate(req, f, s.password)
	return ok
}

// unsupported answers a method we do not have. RFC 3261 s8.2.1: 405 with Allow for
// one that is recognised, 501 (s21.5.2) for one that is not.
func (e *Edge) unsupported(req *sip.Request, f transport.Flow) {
	switch {
	case !e.known(req, f): // it has its answer
	case strings.Contains(recognised, " "+string(req.Method)+" "):
		e.reply(req, f, 405, dialog.Header{Name: "Allow", Value: allow})
	default:
		e.reply(req, f, 501, dialog.Header{Name: "Allow", Value: allow})
	}
}

const recognised = " SUBSCRIBE NOTIFY REFER INFO MESSAGE PRACK UPDATE PUBLISH "

// lateAnswer ends what a fork answered after its call was over: RFC 3261
// s13.2.2.4, each 2xx is acknowledged, and a dialog that is not wanted is ended by
// BYE. Both are made from the response alone; a repetition of it makes them again.
func (e *Edge) lateAnswer(res *sip.Response, f transport.Flow) {
	for _, b := range dialog.Disown(res, viaOf(e.seen(f))) {
		e.write(f, b)
	}
}

// viaOf is the sent-protocol and sent-by of requests over a flow.
func viaOf(f transport.Flow) string { return "SIP/2.0/" + f.Protocol.String() + " " + f.Local.String() }
