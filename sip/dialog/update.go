package dialog

import (
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/wire"
)

// learn notes what the other side says of itself: by RFC 3311 s4 an Allow header field
// that lists UPDATE is what allows to send one.
func (d *Dialog) learn(m sip.Message) {
	if _, there := wire.Value(m, "Allow"); there {
		d.Updates = wire.Allows(m, sip.UPDATE)
	}
}

// receiveUpdate takes an UPDATE, RFC 3311 s5.2. It is a target refresh; without an offer
// it is nothing else.
func (u *Usage) receiveUpdate(now time.Time, s *server, d *Dialog) {
	if !u.tooBrief(now, s) {
		u.receiveOffer(now, s, d)
	}
}

// receiveOffer takes what an UPDATE or a PRACK carries: an offer, or nothing.
func (u *Usage) receiveOffer(now time.Time, s *server, d *Dialog) {
	offer, fault := description(s.request)
	switch {
	case fault != 0:
		u.respond(now, s, fault, nil, bodyFault(fault)...)
	case offer == nil && u.updating(s, d):
		u.putOff(now, s, 500)
	case offer == nil:
		u.consent(now, s, d, nil)
	case u.busyFor(d) != 0:
		u.putOff(now, s, u.busyFor(d))
	default:
		u.take(now, s, d, offer)
	}
}

// updating says whether an UPDATE comes while another one waits. RFC 3311 s5.2: "A UAS
// that receives an UPDATE before it has generated a final response to a previous UPDATE on
// the same dialog MUST return a 500 response to the new UPDATE, and MUST include a
// Retry-After header field with a randomly chosen value between 0 and 10 seconds."
func (u *Usage) updating(s *server, d *Dialog) bool {
	r := &u.reinvite
	return s.key.Method == string(sip.UPDATE) && r.phase == reinviteReceived && r.dialog == d &&
		r.server != nil && r.server.key.Method == string(sip.UPDATE)
}

// busyFor gives the status for an offer in an UPDATE that cannot be taken now, 0 when it
// can. RFC 3311 s5.2: when "the UAS has generated an offer … to which it has not yet
// received an answer" it "MUST reject the UPDATE with a 491 response"; when it "has
// received an offer … to which it has not yet generated an answer" with "a 500
// response, and MUST include a Retry-After header field with a randomly chosen value
// between 0 and 10 seconds".
func (u *Usage) busyFor(d *Dialog) int {
	switch {
	case d.Media.State == sdp.LocalOffer, u.reinvite.phase == reinviteSent:
		return 491
	case d.Media.State == sdp.RemoteOffer, u.reinvite.phase == reinviteReceived, d.Media.Local == nil:
		return 500
	}
	return 0
}

// putOff refuses for now.
func (u *Usage) putOff(now time.Time, s *server, status int) {
	if status == 500 {
		u.respond(now, s, 500, nil, Header{"Retry-After", strconv.Itoa(int(u.random(11)))})
		return
	}
	u.respond(now, s, status, nil)
}

// take hands an offer to the owner. One of its own that has not gone yet gives way.
func (u *Usage) take(now time.Time, s *server, d *Dialog, offer *sdp.Description) {
	if offer != nil {
		_ = d.Media.ReceiveOffer(offer) // nothing waits: the caller has looked
	}
	u.yield()
	u.reinvite = reinvite{
		phase: reinviteReceived, server: s, dialog: d,
		target: contactURI(s.request.Contact()),
	}
	if s.key.Method != string(sip.INVITE) {
		u.reinvite.answerBy = now.Add(u.config.Timing.Timeout() / 2)
	}
	u.report(Offered{SDP: offer})
}

// consent answers an UPDATE or a PRACK with 200.
func (u *Usage) consent(now time.Time, s *server, d *Dialog, answer *sdp.Description) {
	var headers []Header
	if s.key.Method == string(sip.UPDATE) {
		d.retarget(contactURI(s.request.Contact()))
		u.identified(s.request)
		if u.state == Confirmed || u.state == Answered {
			headers = u.agreeTimer(now, s.request)
		}
	}
	u.respond(now, s, 200, answer, headers...)
}

// tooLate ends an offer in an UPDATE that its owner does not answer: the other side's
// transaction has timer F. RFC 3311 s5.2: a UAS that must ask somebody first "SHOULD reject
// the request with a 504 response".
func (u *Usage) tooLate(now time.Time) {
	if at := u.reinvite.answerBy; !at.IsZero() && !now.Before(at) {
		u.RefuseOffer(now, 504)
		u.tell(OfferWithdrawn{})
	}
}

// offersEarly gives the dialog in which an offer may be made before the 2xx: an UPDATE
// there needs an exchange that is complete (RFC 3311 s5.1), which only 100rel brings
// about, and a peer that takes it.
func (u *Usage) offersEarly() *Dialog {
	if u.state != Early || u.reinvite.phase != reinviteNone || u.assurance.waiting != 0 {
		return nil
	}
	for i := len(u.dialogs) - 1; i >= 0; i-- {
		if d := u.dialogs[i]; d.Updates && d.Media.State == sdp.Stable && d.Media.Local != nil {
			return d
		}
	}
	return nil
}

// sendUpdate offers by UPDATE.
func (u *Usage) sendUpdate(now time.Time, r reinvite) { u.sendOffer(now, r, "UPDATE") }

// updateAnswered handles a response to an UPDATE of ours: with an offer, or a refresh.
func (u *Usage) updateAnswered(now time.Time, c *client, status int, res *sip.Response) {
	switch {
	case status < 200:
	case c == u.timer.client:
		u.refreshed(now, c, status, res)
	case c == u.naming.client:
		u.identitySaid(now, c, status, res)
	case c != u.reinvite.client:
	case status < 300:
		c.dialog.retarget(contactURI(res.Contact()))
		u.offerConcluded(now, c, res)
	default:
		u.reinviteFailed(now, c, status)
	}
}
