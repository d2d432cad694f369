package dialog

import (
	"slices"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sip/wire"
)

// INFO within the dialog, from either side, in what RFC 6086 s9 calls its legacy usage
// (RFC 2976): no package says what a body means, its media type does. Phones send keys so.
// Packages are not understood here.

// Information is what the owner of a usage understands in an INFO.
type Information struct {
	// Types are the media types of the bodies, as Accept lists them.
	Types string
	// Check judges a body by the value of its Content-Type: 0 takes it, 415 says that it
	// is of another type, 400 that it is broken.
	Check func(contentType string, body []byte) (refuse int)
}

// types are those that are understood. RFC 3261 s20.1: "If no Accept header field is
// present, the server SHOULD assume a default value of application/sdp", and an empty one
// "means that no formats are acceptable".
func (i *Information) types() string {
	if i == nil {
		return ""
	}
	return i.Types
}

// maxInfos bounds the INFOs of ours that wait for the one before.
const maxInfos = 64

// informing are our INFOs: one at a time. The next one waits for the response, since one
// that overtook it would have the other refused as out of order (RFC 3261 s12.2.2), and a
// key would be lost.
type informing struct {
	client  *client // nil while there is none
	waiting []note
}

// note is a body that is still to be sent.
type note struct {
	kind string
	body []byte
}

// receiveInfo takes an INFO: one that the owner has a use for is reported, and answered
// with 200 at once.
func (u *Usage) receiveInfo(now time.Time, s *server) {
	req := s.request
	kind, _ := wire.Value(req, "Content-Type")
	refuse := u.understands(req, kind)
	told := Informed{Type: strings.Clone(kind), Body: slices.Clone(req.Body())}
	if status := judgeInfo(req, refuse); status != 0 {
		u.respond(now, s, status, nil, u.infoFault(status)...)
		return
	}
	u.respond(now, s, 200, nil)
	if refuse == 0 {
		u.report(told)
	}
}

// understands asks the owner of a body; none is of no use to anybody.
func (u *Usage) understands(req *sip.Request, kind string) (refuse int) {
	if u.config.Info == nil || len(req.Body()) == 0 || encoded(req) {
		return 415
	}
	return u.config.Info.Check(kind, req.Body())
}

// judgeInfo gives the status to refuse an INFO with, 0 for none, where the owner would
// refuse its body. RFC 2976 s2.2: without a
// body it is answered with 200, since there is a call, and with a body that is not
// understood by 415. One that its sender calls optional (RFC 3261 s20.11) does no harm.
//
// RFC 6086 s4.2.2: one of a package that nobody here has said to receive gets 469.
func judgeInfo(req *sip.Request, refuse int) int {
	if refuse != 415 {
		return refuse
	}
	if _, packaged := wire.Value(req, "Info-Package"); packaged {
		return 469
	}
	disposition, _ := wire.Value(req, "Content-Disposition")
	if len(req.Body()) == 0 || isOptional(disposition) {
		return 0
	}
	return 415
}

// infoFault are the headers of a refusal, which tells what would be understood: the bodies,
// and no package at all.
func (u *Usage) infoFault(status int) []Header {
	switch status {
	case 415:
		return []Header{{"Accept", u.config.Info.types()}, {"Accept-Encoding", "identity"}}
	case 469:
		return []Header{Phrase("Bad Info Package"), {"Recv-Info", ""}}
	}
	return []Header{Phrase("Bad Body")}
}

// Inform sends the other side a body by INFO, once the call is up and those before have
// been answered. A refusal is reported as InfoRefused; 503 at once where too many wait.
func (u *Usage) Inform(now time.Time, contentType string, body []byte) {
	switch {
	case u.state == Idle || u.state == Ended || u.conversationOver():
		return
	case u.informing == nil:
		u.informing = &informing{}
	case len(u.informing.waiting) >= maxInfos:
		u.report(InfoRefused{Status: 503, Body: body})
		return
	}
	u.informing.waiting = append(u.informing.waiting, note{contentType, body})
	u.informNext(now)
}

// informNext sends the next INFO that waits.
func (u *Usage) informNext(now time.Time) {
	n := u.informing
	if n == nil || len(n.waiting) == 0 || n.client != nil || u.state != Confirmed {
		return
	}
	next := n.waiting[0]
	n.waiting = n.waiting[1:]
	m := u.request(u.chosen, "INFO", u.chosen.nextSeq())
	u.addAgent(&m)
	m.add("Content-Type", next.kind)
	m.typed, m.body = true, next.body
	n.client = u.send(now, m, u.chosen)
}

// follow says that an INFO has been repeated as another transaction.
func (n *informing) follow(from, to *client) {
	if n != nil && n.client == from {
		n.client = to
	}
}

// infoAnswered takes the final response to one. RFC 5057 s5.1 says which failures end more
// than the INFO.
func (u *Usage) infoAnswered(now time.Time, c *client, status int) {
	if n := u.informing; status < 200 || n == nil || n.client != c {
		return
	}
	u.informing.client = nil
	if status >= 300 && !u.conversationOver() {
		u.report(InfoRefused{Status: status, Body: c.message.body})
		u.dialogLost(now, c, status)
	}
	u.informNext(now)
}
