package dialog

import (
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/transaction"
	"github.com/tandem-gateway/tandem/sip/transport"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// server is a server transaction with its request and its last response.
type server struct {
	key     transaction.ServerKey
	method  string
	seq     uint32
	flow    transport.Flow
	request *sip.Request // nil once the final response has been sent
	last    []byte
	tx      machine
	status  int // of the last response
	ended   bool
}

// serve starts a server transaction for a request.
func (u *Usage) serve(now time.Time, req *sip.Request, flow transport.Flow) *server {
	s := &server{
		key: Key(req), method: string(req.Method), seq: req.CSeq().SeqNo,
		flow: flow, request: req,
	}
	if req.Method == sip.INVITE {
		tx := transaction.NewInviteServer(u.config.Timing, u.config.Transport)
		s.tx = &tx
	} else {
		tx := transaction.NewNonInviteServer(u.config.Timing, u.config.Transport)
		s.tx = &tx
	}
	u.servers = append(u.servers, s)
	u.stepServer(now, s, transaction.Start, nil)
	return s
}

// find gives the server transaction that a request belongs to.
func (u *Usage) find(key transaction.ServerKey) *server {
	for _, s := range u.servers {
		if s.key == key {
			return s
		}
	}
	return nil
}

// stepServer steps a server transaction; next is the response of the event.
func (u *Usage) stepServer(now time.Time, s *server, ev transaction.Event, next []byte) {
	does := s.tx.Step(now, ev)
	if does.Has(transaction.SendTrying) && s.request != nil {
		next = u.response(s, 100, nil, nil)
	}
	if next != nil && (does.Has(transaction.Send) || does.Has(transaction.SendTrying)) {
		s.last = next
	}
	if (does.Has(transaction.Send) || does.Has(transaction.SendTrying)) && s.last != nil {
		u.out = append(u.out, Action{Send: s.last, Flow: s.flow})
	}
	s.ended = s.ended || does.Has(transaction.Terminated)
	if does.Has(transaction.TimedOut) && s == u.accept.server {
		u.unacknowledged(now)
	}
}

// respond sends a response in a server transaction. A final one lets go of the
// request: nothing more will be made from it.
func (u *Usage) respond(now time.Time, s *server, status int, body *sdp.Description, headers ...Header) {
	if s.status >= 200 || s.request == nil {
		return
	}
	s.status = status
	u.stepServer(now, s, transaction.Response(status), u.response(s, status, body, headers))
	if status >= 200 {
		s.request = nil
	}
}

// response renders one by RFC 3261 s8.2.6.
func (u *Usage) response(s *server, status int, body *sdp.Description, headers []Header) []byte {
	tag := u.config.Tag
	if status == 100 {
		tag = "" // a 100 forms no dialog, and needs no tag
	}
	res := wire.NewResponse(s.request, status, phrase(headers, status), tag)
	if formsDialog(s.method, status) {
		addHeader(res, "Contact", u.config.Contact)
		addHeader(res, "Allow", Allow)
	}
	if u.config.Agent != "" && status > 100 {
		addHeader(res, "Server", u.config.Agent)
	}
	for _, h := range headers {
		if h.Name != "" {
			addHeader(res, h.Name, h.Value)
		}
	}
	if body != nil {
		addHeader(res, "Content-Type", "application/sdp")
		res.SetBody(body.Append(nil))
	}
	b, err := wire.Append(nil, res)
	if err != nil {
		// What we were asked to say cannot be said; the request is answered all the
		// same, without it.
		b, _ = wire.Append(nil, wire.NewResponse(s.request, 500, "", tag))
	}
	return b
}

// Phrase makes a pseudo header that sets a response's reason phrase.
func Phrase(text string) Header { return Header{Value: text} }

func phrase(headers []Header, status int) string {
	for _, h := range headers {
		if h.Name == "" && h.Value != "" {
			return h.Value
		}
	}
	return wire.Phrase(status)
}

// formsDialog says whether a response establishes or confirms a dialog: a
// provisional one over 100 or a 2xx, to an INVITE.
func formsDialog(method string, status int) bool {
	return method == "INVITE" && status > 100 && status < 300
}

// lingering says whether the transaction only answers repetitions.
func (s *server) lingering() bool {
	if s.ended {
		return true
	}
	if tx, ok := s.tx.(*transaction.InviteServer); ok {
		return tx.State == transaction.Confirmed || tx.State == transaction.Accepted
	}
	return s.status >= 200
}

func addHeader(res *sip.Response, name, value string) {
	res.AppendHeader(sip.NewHeader(name, value))
}

// Key is the server transaction that a request belongs to.
func Key(req *sip.Request) transaction.ServerKey {
	via := req.Via()
	branch := wire.Branch(req)
	if transaction.HasCookie(branch) {
		return transaction.NewServerKey(string(req.Method), branch, via.Host, uint16(via.Port))
	}
	return transaction.NewLegacyKey(string(req.Method), transaction.Legacy{
		RequestURI: req.Recipient.String(), ToTag: wire.ToTag(req), FromTag: wire.FromTag(req),
		CallID: req.CallID().Value(), CSeq: req.CSeq().SeqNo, Via: via.Value(),
	})
}
