package dialog

import (
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// Invitation is what an INVITE of ours says.
type Invitation struct {
	// RequestURI is whom we call.
	RequestURI string
	// Hop is the URI the request is sent to, or empty for the Request-URI.
	Hop string
	// From and To are complete values without a tag.
	From, To string
	CallID   string
	// MaxForwards is what is left of the caller's (RFC 3261 s16.6).
	MaxForwards int
	// Headers are written as they are: identity, privacy, and the like.
	Headers []Header
	// Offer is the description; nil lets the other side offer.
	Offer *sdp.Description
}

// invite is the first INVITE of a usage, from either side.
type invite struct {
	client     *client // UAC
	server     *server // UAS
	seq        uint32
	offer      *sdp.Description
	cancelWith []Header
	owed       []Leftover
}

// NewUAC makes the usage of a call that we place. Invite begins it.
func NewUAC(c Config) *Usage { return &Usage{config: c} }

// Invite sends the INVITE.
func (u *Usage) Invite(now time.Time, i Invitation) {
	if u.state != Idle {
		return
	}
	u.state, u.callID = Calling, i.CallID
	u.local = i.From + ";tag=" + u.config.Tag
	u.invite = invite{seq: firstSeq, offer: i.Offer}
	m := message{method: "INVITE", uri: i.RequestURI, hop: i.Hop, seq: firstSeq, branch: u.branch()}
	if m.hop == "" {
		m.hop = i.RequestURI
	}
	m.head = make([]Header, 0, 16)
	m.add("Via", viaValue(u.config.Via, m.branch))
	m.add("Max-Forwards", itoa(i.MaxForwards))
	m.add("From", u.local)
	m.add("To", i.To)
	m.add("Call-ID", i.CallID)
	m.add("CSeq", cseqValue(m.seq, m.method))
	m.add("Contact", u.config.Contact)
	m.add("Allow", Allow)
	u.addAgent(&m)
	m.head = append(m.head, i.Headers...)
	m.describe(i.Offer)
	u.invite.client = u.send(now, m, -1)
	u.settle()
}

func (u *Usage) addAgent(m *message) {
	if u.config.Agent != "" {
		m.add("User-Agent", u.config.Agent)
	}
}

// inviteAnswered handles a response to our first INVITE; res is nil when the
// transaction layer made the status up.
func (u *Usage) inviteAnswered(now time.Time, c *client, status int, res *sip.Response) {
	switch {
	case status == 100:
		u.report(Trying{})
	case status < 200:
		u.progressed(status, res)
	case status < 300:
		u.accepted(now, c, res)
	default:
		u.failed(status, res)
	}
}

// progressed handles a provisional response. RFC 3261 s12.1: "a provisional
// response with a To tag … creates an early dialog"; there are as many as there
// are tags.
func (u *Usage) progressed(status int, res *sip.Response) {
	if u.state != Calling && u.state != Early {
		return
	}
	u.state = Early
	d := u.fork(res)
	if d == nil {
		u.report(Progressed{Status: status})
		return
	}
	d.follow(res)
	// RFC 3261 s13.2.1: until the 2xx a description in an unreliable provisional
	// response is a preview of the answer; a carrier may send several.
	s, _ := description(res)
	if s != nil && d.Media.PreviewAnswer(s) != nil {
		s = nil // it answers nothing of ours: ringing is what is left
	}
	u.report(Progressed{Status: status, SDP: s})
}

// fork gives the dialog of a response, a new one when its tag is new.
func (u *Usage) fork(res *sip.Response) *Dialog {
	tag := wire.ToTag(res)
	if tag == "" {
		return nil
	}
	if d := u.dialogOf(tag); d != nil {
		return d
	}
	if len(u.dialogs) >= maxForks {
		return nil
	}
	d := callerDialog(res, u.invite.seq)
	if u.invite.offer != nil {
		_ = d.Media.SendOffer(u.invite.offer)
	}
	u.dialogs = append(u.dialogs, d)
	return &u.dialogs[len(u.dialogs)-1]
}

// maxForks bounds the early dialogs of one INVITE.
const maxForks = 32

// accepted handles a 2xx. Each one is acknowledged; the first makes the call, a
// fork's that comes after it and one that crosses our CANCEL are hung up. RFC 3261
// s13.2.2.4: "If, after acknowledging any 2xx response to an INVITE, the UAC does
// not want to continue with that dialog, then the UAC MUST terminate the dialog by
// sending a BYE request".
func (u *Usage) accepted(now time.Time, c *client, res *sip.Response) {
	known := u.dialogOf(wire.ToTag(res))
	if known != nil && known.ack != nil {
		u.resendAck(known)
		return
	}
	d := u.fork(res)
	if d == nil {
		return
	}
	d.follow(res)
	index := u.indexOf(d)
	u.acknowledge(d, c)
	if u.state != Calling && u.state != Early {
		u.sendBye(now, index, nil)
		return
	}
	u.state, u.chosen = Confirmed, index
	u.report(Accepted{SDP: d.answered(res), Response: res})
}

// answered gives the answer that a 2xx brings: its own, or the one that a
// provisional response has shown; nil when there is none that can be used.
func (d *Dialog) answered(res *sip.Response) *sdp.Description {
	s, _ := description(res)
	if s == nil {
		s = d.Media.Preview
	}
	if s == nil || d.Media.ReceiveAnswer(s) != nil {
		return nil
	}
	return s
}

func (u *Usage) indexOf(d *Dialog) int {
	for i := range u.dialogs {
		if &u.dialogs[i] == d {
			return i
		}
	}
	return -1
}

// failed handles the end of our INVITE without a 2xx.
func (u *Usage) failed(status int, res *sip.Response) {
	switch u.state {
	case Calling, Early:
		u.state = Rejected
		u.report(Failed{Status: status, Response: res})
	}
}
