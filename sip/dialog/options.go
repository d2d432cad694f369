package dialog

import (
	"slices"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/refer"
	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// Allow lists the methods a leg understands.
const Allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, REFER, NOTIFY, INFO"

// Supported lists the extensions a leg understands: RFC 3262, 4028, 3891 and 4488.
const Supported = "100rel, timer, " + refer.OptionReplaces + ", " + refer.OptionNoReferSub

// Unsupported gives the Unsupported header for a request that requires extensions which
// a leg does not understand. RFC 3261 s8.2.2.3: a UAS "MUST respond by generating a
// response with status code 420 (Bad Extension)" and "MUST add an Unsupported header
// field, and list in it those options it does not understand".
func Unsupported(req *sip.Request) (h Header, required bool) {
	var tags []string
	for _, tag := range wire.OptionTags(req, "Require") {
		if !slices.Contains(strings.Split(Supported, ", "), tag) {
			tags = append(tags, tag)
		}
	}
	return Header{"Unsupported", strings.Join(tags, ", ")}, len(tags) > 0
}

// Receive takes a message that belongs to the usage: a response to a request of
// ours, or a request with our tag or of the transaction that began the usage. One of
// another dialog changes nothing.
func (u *Usage) Receive(now time.Time, msg sip.Message, flow transport.Flow) {
	if u.state == Ended {
		u.receiveLate(msg, flow)
		return
	}
	switch m := msg.(type) {
	case *sip.Response:
		if m.CallID().Value() == u.callID && wire.FromTag(m) == u.config.Tag {
			u.receiveResponse(now, m)
		}
	case *sip.Request:
		u.receiveRequest(now, m, flow)
	}
	u.sayIdentity(now)
	u.notifyAnswered(now)
	u.informNext(now)
	u.settle()
}

func (u *Usage) receiveRequest(now time.Time, req *sip.Request, flow transport.Flow) {
	key := Key(req)
	switch {
	case req.Method == sip.ACK:
		u.receiveAck(now, key, req)
		return
	case req.CallID().Value() != u.callID:
		u.turnAway(req, flow, 481)
		return
	}
	if s := u.find(key); s != nil {
		u.stepServer(now, s, transaction.Request, nil)
		return
	}
	if req.Method == sip.CANCEL {
		u.receiveCancel(now, key, req, flow)
		return
	}
	// RFC 3261 s12.2.2: "If the request has a tag in the To header field, but the dialog
	// identifier does not match any existing dialogs …" it gets a 481.
	d := u.dialogWith(req)
	if d == nil {
		u.turnAway(req, flow, 481)
		return
	}
	if s := u.serve(now, req, flow); u.inOrder(now, s, d) {
		u.serveMethod(now, s, d)
	}
}

// inOrder checks what RFC 3261 s12.2.2 and s8.2 ask of a request within a dialog.
func (u *Usage) inOrder(now time.Time, s *server, d *Dialog) bool {
	if d.RemoteSeq != 0 && s.seq <= d.RemoteSeq {
		// "If the remote sequence number was not empty, but the sequence number of
		// the request is lower than the remote sequence number, the request is out
		// of order and MUST be rejected with a 500". The same number again is no
		// better: it is not a repetition, or it would have been found.
		u.respond(now, s, 500, nil, Phrase("CSeq Out Of Order"))
		return false
	}
	// A number may be left out, by a proxy's challenge for one: "Such a gap does not
	// represent any error condition."
	d.RemoteSeq = s.seq
	if h, required := Unsupported(s.request); required {
		u.respond(now, s, 420, nil, h)
		return false
	}
	return true
}

// serveMethod does what a request within the dialog asks for.
func (u *Usage) serveMethod(now time.Time, s *server, d *Dialog) {
	switch method := s.request.Method; {
	case method == sip.BYE:
		u.receiveBye(now, s, d)
	case referral(method) && u.receiveReferral(now, s, d):
	case u.over(d):
		// RFC 5407 s3.2: it has crossed our BYE. To the other side the dialog is over
		// too, as soon as it hears of it.
		u.respond(now, s, 481, nil)
	case method == sip.INVITE:
		u.receiveReinvite(now, s, d)
	case method == sip.PRACK && d == u.chosen:
		u.receivePrack(now, s, d)
	case method == sip.UPDATE:
		u.receiveUpdate(now, s, d)
	case method == sip.INFO:
		u.receiveInfo(now, s)
	case method == sip.OPTIONS:
		u.respond(now, s, 200, nil, Header{"Allow", Allow}, Header{"Accept", sdpType}, Header{"Supported", Supported}, Header{"Allow-Events", refer.EventPackage})
	default:
		u.respond(now, s, notAllowed(method), nil, Header{"Allow", Allow})
	}
}

// over says whether a dialog only waits for its end: the call's, or a fork's that lost.
func (u *Usage) over(d *Dialog) bool {
	return u.conversationOver() || u.chosen != nil && d != u.chosen
}

// notAllowed tells methods that are known from those that are not. RFC 3261 s8.2.1: "If
// the UAS recognizes but does not support the method of a request, it MUST generate a
// 405 (Method Not Allowed) response", with Allow; s21.5.2: 501 "is the appropriate
// response when a UAS does not recognize the request method".
func notAllowed(method sip.RequestMethod) int {
	switch method {
	case sip.REGISTER, sip.SUBSCRIBE, sip.NOTIFY, sip.REFER, sip.MESSAGE, sip.PRACK, sip.PUBLISH:
		return 405
	}
	return 501
}

// dialogOf gives the dialog with a remote tag.
func (u *Usage) dialogOf(tag string) *Dialog {
	for _, d := range u.dialogs {
		if d.RemoteTag == tag {
			return d
		}
	}
	return nil
}
