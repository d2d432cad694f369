package dialog

import (
	"strconv"
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
	client     *client // UAC, until timer M
	server     *server // UAS, until timer L
	offer      *sdp.Description
	cancelWith []Header
	// repeatAt is when the last provisional response must be sent again, expireAt
	// when the caller does not want an answer any more (UAS).
	repeatAt, expireAt time.Time
}

// NewUAC makes the usage of a call that we place. Invite begins it.
func NewUAC(c Config) *Usage { return &Usage{config: c.complete(), owner: ownsCallID} }

// Invite sends the INVITE.
func (u *Usage) Invite(now time.Time, i Invitation) {
	if u.state != Idle {
		return
	}
	u.state, u.callID = Calling, i.CallID
	u.local = i.From + ";tag=" + u.config.Tag
	u.invite = invite{offer: i.Offer}
	m := message{method: "INVITE", uri: i.RequestURI, hop: i.Hop, seq: firstSeq, branch: u.branch()}
	if m.hop == "" {
		m.hop = i.RequestURI
	}
	m.head = make([]Header, 0, 10+len(i.Headers))
	m.add("Via", viaValue(u.config.Via, m.branch))
	m.add("Max-Forwards", strconv.Itoa(i.MaxForwards))
	m.add("From", u.local)
	m.add("To", i.To)
	m.add("Call-ID", i.CallID)
	m.add("CSeq", cseqValue(m.seq, m.method))
	u.addContact(&m)
	u.addAgent(&m)
	m.head = append(m.head, i.Headers...)
	m.describe(i.Offer)
	u.invite.client = u.send(now, m, nil)
}

// firstSeq is the CSeq number of our INVITE.
const firstSeq = 1

// calling says whether our INVITE waits for its final response.
func (u *Usage) calling() bool {
	return u.invite.client != nil && (u.state == Calling || u.state == Early)
}

// addContact adds what an INVITE says of us, within a dialog or outside. RFC 3261
// s13.2.1: Allow and Supported "SHOULD be present in the INVITE"; s8.1.1.8: Contact
// "MUST be present".
func (u *Usage) addContact(m *message) {
	m.add("Contact", u.config.Contact)
	m.add("Allow", Allow)
	m.add("Supported", Supported)
	m.head = append(m.head, u.timerHeaders()...)
}

func (u *Usage) addAgent(m *message) {
	if u.config.Agent != "" {
		m.add("User-Agent", u.config.Agent)
	}
}

// inviteAgain takes the repetition of a challenged INVITE in its place. RFC 3261
// s12.3: "if a request outside of a dialog generates a non-2xx final response, any
// early dialogs created through provisional responses to that request are
// terminated."
func (u *Usage) inviteAgain(next *client) {
	u.dropLate()
	u.state, u.dialogs, u.invite.client = Calling, nil, next
}

// inviteAnswered handles a response to our first INVITE; res is nil when the
// transaction layer made the status up.
func (u *Usage) inviteAnswered(now time.Time, c *client, status int, res *sip.Response) {
	switch {
	case status < 200:
		u.progressed(now, c, status, res)
	case status < 300:
		u.accepted(now, c, res)
	default:
		u.failed(now, status, res)
	}
}

// progressed handles a provisional response. RFC 3261 s12.1: "a provisional
// response with a To tag … creates an early dialog"; there are as many as there
// are tags, and one for a peer of RFC 2543 without any.
func (u *Usage) progressed(now time.Time, c *client, status int, res *sip.Response) {
	switch {
	case !u.calling():
		return // it has crossed the end of the wait for it
	case status == 100 && u.state == Calling:
		u.report(Trying{})
		return
	case status == 100:
		return
	}
	u.state = Early
	d := u.fork(c, res)
	if d == nil {
		u.report(Progressed{Status: status})
		return
	}
	if u.inSequence(d, res) {
		u.hear(now, c, d, res)
		u.catchUp(now, c, d)
	}
}

// hear takes a provisional response whose turn it is, and acknowledges a reliable one.
// While an offer is under way in another fork, one that offers too is not heard: it
// comes again.
func (u *Usage) hear(now time.Time, c *client, d *Dialog, res *sip.Response) {
	rseq, reliable := reliableSeq(res)
	var offer *sdp.Description
	if reliable {
		offer = u.offersLate(d, res)
		if offer != nil && u.reinvite.phase != reinviteNone {
			return
		}
		d.rseq = rseq
	}
	d.learn(res)
	if reliable && offer == nil {
		u.sendPrack(now, c, d, rseq, nil)
	}
	u.report(Progressed{Status: res.StatusCode, SDP: d.heard(res)})
	if offer != nil {
		u.takeLate(now, c, d, offer, rseq)
	}
}

// heard takes the description in a provisional response. RFC 3261 s13.2.1: until the 2xx
// one in an unreliable response is a preview of the answer, and a carrier may send
// several; RFC 3262 s5: in a reliable one it is the answer. One that answers nothing of
// ours is dropped: ringing is what is left.
func (d *Dialog) heard(res *sip.Response) *sdp.Description {
	take := d.Media.PreviewAnswer
	if _, reliable := reliableSeq(res); reliable {
		take = d.Media.ReceiveAnswer
	}
	s, _ := description(res)
	if s == nil || take(s) != nil {
		return nil
	}
	return s
}

// fork gives the dialog of a response, a new one when its tag is new; nil when there
// are too many.
func (u *Usage) fork(c *client, res *sip.Response) *Dialog {
	if d := u.dialogOf(wire.ToTag(res)); d != nil {
		return d
	}
	if len(u.dialogs) >= maxForks && !u.dropEarly() {
		return nil
	}
	d := callerDialog(res, c.message.seq, c.message.uri)
	if u.invite.offer != nil {
		_ = d.Media.SendOffer(u.invite.offer) // the first offer of a new dialog
	}
	u.dialogs = append(u.dialogs, d)
	return d
}

// maxForks bounds the dialogs that are kept of one INVITE.
const maxForks = 32

// dropEarly makes room for a fork: the oldest dialog that has not been answered is
// forgotten. It comes back with its next response.
func (u *Usage) dropEarly() bool {
	for i, d := range u.dialogs {
		if d.ack == nil {
			u.dialogs = append(u.dialogs[:i], u.dialogs[i+1:]...)
			return true
		}
	}
	return false
}

// accepted handles a 2xx. Each one is acknowledged; the first makes the call, a
// fork's that comes after it and one that crosses our CANCEL are hung up. RFC 3261
// s13.2.2.4: "If, after acknowledging any 2xx response to an INVITE, the UAC does
// not want to continue with that dialog, then the UAC MUST terminate the dialog by
// sending a BYE request".
func (u *Usage) accepted(now time.Time, c *client, res *sip.Response) {
	d := u.dialogOf(wire.ToTag(res))
	switch {
	case d == nil:
		d = u.fork(c, res)
	case d.ack != nil: // the 2xx is repeated
		u.acknowledge(d, c, nil)
		return
	case u.owes(d, false): // so it is
		return
	default:
		d.follow(res)
	}
	if d == nil {
		u.straggler(res)
		return
	}
	offer := u.offersLate(d, res)
	if !u.calling() {
		u.acknowledge(d, c, u.rejection(offer))
		u.sendBye(now, d, u.invite.cancelWith)
		return
	}
	u.connected(now, c, d, res, offer)
}

// connected makes the call of the first 2xx. An offer in it is answered by its ACK.
func (u *Usage) connected(now time.Time, c *client, d *Dialog, res *sip.Response, offer *sdp.Description) {
	if offer == nil {
		u.acknowledge(d, c, nil)
	}
	u.state, u.chosen = Confirmed, d
	u.naming.said = identityIn(res)
	u.takeTimer(now, res)
	u.forsake(now, d)
	if offer != nil {
		u.report(Accepted{Response: res})
		u.takeLate(now, c, d, offer, 0)
		return
	}
	u.report(Accepted{SDP: d.answered(res), Response: res})
}

// forsake ends what goes on in the forks that have not got the call, and what came too
// early in any.
func (u *Usage) forsake(now time.Time, d *Dialog) {
	for _, fork := range u.dialogs {
		fork.ahead = nil
	}
	if u.reinvite.dialog == d {
		return
	}
	if u.reinvite.phase == reinviteReceived {
		u.report(OfferWithdrawn{})
	}
	u.yield() // an offer that waited there
	u.endReinvite(now)
}

// answered gives the answer that a 2xx brings: its own, or the one that a
// provisional response has shown; nil when there is none that can be used.
func (d *Dialog) answered(res *sip.Response) *sdp.Description {
	switch {
	case d.Media.Local != nil: // a reliable provisional response has brought it
		return d.Media.Remote
	case d.Media.State == sdp.RemoteOffer: // that of one waits for its answer
		return nil
	}
	s, _ := description(res)
	if s == nil {
		s = d.Media.Preview
	}
	if s == nil || d.Media.ReceiveAnswer(s) != nil {
		_ = d.Media.Reject() // nothing was agreed
		return nil
	}
	return s
}

// failed handles the end of our INVITE without a 2xx.
func (u *Usage) failed(now time.Time, status int, res *sip.Response) {
	if u.calling() {
		u.dropLate()
		u.state = Rejected
		u.endReinvite(now)
		u.report(Failed{Status: status, Response: res})
	}
}

// closeInvite forgets the first INVITE when its transaction has ended. RFC 3261
// s13.2.2.4: "The UAC core considers the INVITE transaction completed 64*T1 seconds
// after the reception of the first 2xx response. At this point all the early dialogs
// that have not transitioned to established dialogs are terminated." The ACKs need
// not be sent again from here on.
func (u *Usage) closeInvite() {
	i := &u.invite
	if i.client != nil && i.client.ended {
		*i = invite{}
		if u.chosen != nil {
			u.chosen.ack = nil
			u.dialogs = []*Dialog{u.chosen}
		}
	}
	if i.server != nil && i.server.ended {
		*i = invite{}
	}
}
