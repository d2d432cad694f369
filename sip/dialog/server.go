package dialog

import (
	"strings"
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
	u.makeRoom()
	s := &server{key: kept(Key(req)), seq: req.CSeq().SeqNo, flow: back(req, flow), request: req}
	t := transaction.Unreliable
	if flow.Protocol != 0 && flow.Protocol.Reliable() {
		t = transaction.Reliable
	}
	if req.Method == sip.INVITE {
		tx := transaction.NewInviteServer(u.config.Timing, t)
		s.tx = &tx
	} else {
		tx := transaction.NewNonInviteServer(u.config.Timing, t)
		s.tx = &tx
	}
	u.servers = append(u.servers, s)
	u.stepServer(now, s, transaction.Start, nil)
	return s
}

// back is the way of the response to a request that came on a flow: RFC 3261 s18.2.2 and
// RFC 3581 s4 have the top Via say the port, and the address where it has an maddr. A
// connection is used both ways.
func back(req *sip.Request, flow transport.Flow) transport.Flow {
	flow.Remote = wire.ResponseDestination(req.Via(), flow.Protocol.String(), flow.Remote)
	return flow
}

// kept is a key that does not keep the message alive whose parts it is made of.
func kept(k transaction.ServerKey) transaction.ServerKey {
	k.Branch, k.Host = strings.Clone(k.Branch), strings.Clone(k.Host)
	if k.Method == string(sip.INVITE) {
		k.Method = string(sip.INVITE)
	} else {
		k.Method = strings.Clone(k.Method)
	}
	return k
}

// maxServers bounds the transactions that are kept for repetitions.
const maxServers = 64

// makeRoom forgets the oldest transaction that only answers repetitions when there are
// too many: somebody sends requests faster than their repetitions could die out. A
// repetition of it is out of order from then on.
func (u *Usage) makeRoom() {
	if len(u.servers) < maxServers {
		return
	}
	for i, s := range u.servers {
		if s != u.invite.server && s != u.accept.server && s.lingering() {
			u.servers = append(u.servers[:i], u.servers[i+1:]...)
			return
		}
	}
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
	sends := does.Has(transaction.Send)
	if does.Has(transaction.SendTrying) && s.request != nil {
		sends, next = true, u.response(s.request, 100, nil, nil)
	}
	if sends && next != nil {
		s.last = next
	}
	if sends && s.last != nil {
		u.act(Action{Send: s.last, Flow: s.flow})
	}
	s.ended = s.ended || does.Has(transaction.Terminated)
}

// respond sends a response in a server transaction. A final one lets go of the
// request: nothing more will be made from it.
func (u *Usage) respond(now time.Time, s *server, status int, body *sdp.Description, headers ...Header) {
	if s.status >= 200 || s.request == nil {
		return
	}
	s.status = status
	u.stepServer(now, s, transaction.Response(status), u.response(s.request, status, body, headers))
	if status >= 200 {
		s.request = nil
	}
}

// turnAway answers a request without a transaction, RFC 3261 s8.2.7: the same request
// gets the same answer when it comes again.
func (u *Usage) turnAway(req *sip.Request, flow transport.Flow, status int) {
	if b := u.response(req, status, nil, nil); b != nil {
		u.act(Action{Send: b, Flow: back(req, flow)})
	}
}

// response renders one by RFC 3261 s8.2.6.
func (u *Usage) response(req *sip.Request, status int, body *sdp.Description, headers []Header) []byte {
	var text []byte
	if body != nil {
		text = body.Append(make([]byte, 0, bodySize))
	}
	b, err := wire.Append(make([]byte, 0, responseSize+sizeOf(headers)+len(text)),
		wire.NewResponse(req, status, phrase(headers), u.config.Tag))
	if err != nil {
		return nil // cannot be: what the request gave passed wire.Parse
	}
	b = b[:len(b)-len(noBody)]
	// RFC 3311 s5.2: a 2xx to UPDATE has a Contact too.
	if (req.Method == sip.INVITE || req.Method == sip.UPDATE) && status > 100 && status < 300 {
		b = appendHeaders(b, []Header{{"Contact", u.config.Contact}, {"Allow", Allow}, {"Supported", Supported}})
	}
	if u.config.Agent != "" && status > 100 {
		b = appendHeaders(b, []Header{{"Server", u.config.Agent}})
	}
	return appendBody(appendHeaders(b, headers), text)
}

// noBody is how wire.Append ends a message without a body.
const noBody = "Content-Length: 0\r\n\r\n"

// responseSize is room for what a response repeats of its request.
const responseSize = 768

// Phrase makes a pseudo header that sets a response's reason phrase.
func Phrase(text string) Header { return Header{Value: text} }

func phrase(headers []Header) string {
	for _, h := range headers {
		if h.Name == "" && h.Value != "" {
			return string(appendLine(nil, h.Value))
		}
	}
	return ""
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
