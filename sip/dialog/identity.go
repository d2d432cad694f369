package dialog

import (
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// naming is who the two sides say that they are, after the answer has said it first.
// RFC 5876 s3.2 has P-Asserted-Identity in any request but ACK and CANCEL: a call that is
// handed on changes who is at its other end.
type naming struct {
	said    Identified // by the other side, last
	headers []Header   // ours, that wait to be said
	client  *client    // our UPDATE that says them
	saying  []Header   // in it
}

// identityIn reads who a message says that its sender is.
func identityIn(m sip.Message) Identified {
	return Identified{Asserted: joined(m, "P-Asserted-Identity"), Privacy: joined(m, "Privacy")}
}

func joined(m sip.Message, name string) string {
	return strings.Clone(strings.Join(wire.Values(m, name), ", "))
}

// identified reports who the other side says that it is, when that is news. It is asked
// of requests that are accepted.
func (u *Usage) identified(req *sip.Request) {
	if is := identityIn(req); is.Asserted != "" && is != u.naming.said {
		u.naming.said = is
		u.tell(is)
	}
}

// Identify tells the other side who it is connected with, in these headers: after the
// answer and as soon as nothing else is under way, by UPDATE without a description where
// the other side takes it, else by a re-INVITE that offers what is agreed. Nothing is
// reported of it. The last one that waits counts.
func (u *Usage) Identify(now time.Time, headers ...Header) {
	if u.state == Idle || u.state == Ended || u.conversationOver() || len(headers) == 0 {
		return
	}
	u.naming.headers = headers
	u.sayIdentity(now)
}

func (u *Usage) sayIdentity(now time.Time) {
	n := &u.naming
	if n.headers == nil || !u.quiet() {
		return
	}
	headers := n.headers
	switch d := u.chosen; {
	case d.Updates:
		m := u.request(d, "UPDATE", d.nextSeq())
		u.addContact(&m)
		u.addAgent(&m)
		m.head = append(m.head, headers...)
		n.headers, n.saying = nil, headers
		n.client = u.send(now, m, d)
	case d.Media.State == sdp.Stable && d.Media.Local != nil:
		n.headers = nil
		u.sendReinvite(now, reinvite{offer: d.Media.Local, purpose: refreshing, headers: headers})
	}
}

// quiet says whether a call that is up has no INVITE and no UPDATE under way.
func (u *Usage) quiet() bool {
	return u.state == Confirmed && u.naming.client == nil && u.timer.client == nil &&
		u.reinvite.phase == reinviteNone && u.accept.server == nil
}

// identitySaid takes the response to an UPDATE that named us. It is a session refresh
// too (RFC 4028 s7.4).
func (u *Usage) identitySaid(now time.Time, c *client, status int, res *sip.Response) {
	n := &u.naming
	saying := n.saying
	n.client, n.saying = nil, nil
	if !u.updated(now, c, status, res) && n.headers == nil {
		n.headers = saying
	}
}
