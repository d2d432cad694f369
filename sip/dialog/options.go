package dialog

import (
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// Allow lists the methods a leg understands.
const Allow = "INVITE, ACK, CANCEL, BYE, OPTIONS"

// Receive takes a message that belongs to the usage: a response to a request of
// ours, or a request with our tag or of the transaction that began the usage.
func (u *Usage) Receive(now time.Time, msg sip.Message, flow transport.Flow) {
	switch m := msg.(type) {
	case *sip.Response:
		u.receiveResponse(now, m)
	case *sip.Request:
		u.receiveRequest(now, m, flow)
	}
	u.settle()
}

func (u *Usage) receiveRequest(now time.Time, req *sip.Request, flow transport.Flow) {
	key := Key(req)
	if req.Method == sip.ACK {
		u.receiveAck(now, key, req)
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
	s := u.serve(now, req, flow)
	if !u.inOrder(now, s) {
		return
	}
	switch req.Method {
	case sip.INVITE:
		u.receiveReinvite(now, s)
	case sip.BYE:
		u.receiveBye(now, s)
	case sip.OPTIONS:
		u.respond(now, s, 200, nil, Header{"Allow", Allow}, Header{"Accept", "application/sdp"})
	default:
		// RFC 3261 s8.2.1: "The UAS MUST also add an Allow header field to the 405".
		u.respond(now, s, 405, nil, Header{"Allow", Allow})
	}
}

// inOrder finds the request's dialog and checks what RFC 3261 s12.2.2 asks for.
func (u *Usage) inOrder(now time.Time, s *server) bool {
	d := u.dialogOf(wire.FromTag(s.request))
	switch {
	case d == nil:
		u.respond(now, s, 481, nil)
	case d.RemoteSeq != 0 && s.seq <= d.RemoteSeq:
		// "If the remote sequence number was not empty, but the sequence number of
		// the request is lower than the remote sequence number, the request is out
		// of order and MUST be rejected with a 500".
		u.respond(now, s, 500, nil, Phrase("CSeq out of order"))
	case len(wire.OptionTags(s.request, "Require")) > 0:
		// RFC 3261 s8.2.2.3: a server that does not understand an option tag in
		// Require "MUST respond by generating a response with status code 420". We
		// understand none.
		tags := strings.Join(wire.OptionTags(s.request, "Require"), ", ")
		u.respond(now, s, 420, nil, Header{"Unsupported", tags})
	default:
		d.RemoteSeq = s.seq
		return true
	}
	return false
}

// dialogOf gives the dialog with a remote tag.
func (u *Usage) dialogOf(tag string) *Dialog {
	for i := range u.dialogs {
		if u.dialogs[i].RemoteTag == tag {
			return &u.dialogs[i]
		}
	}
	return nil
}

// dialog is the dialog that the usage lives in: the confirmed one, or the
// newest.
func (u *Usage) dialog() *Dialog {
	if u.chosen < len(u.dialogs) {
		return &u.dialogs[u.chosen]
	}
	return nil
}
