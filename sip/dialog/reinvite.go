package dialog

import (
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
)

// reinvite is the INVITE within the dialog that is under way, from either side.
type reinvite struct {
	phase  reinvitePhase
	server *server          // phase received
	offer  *sdp.Description // phase queued
}

// reinvitePhase is what goes on in the dialog.
//
//	reinviteNone ── Offer ──▶ sent ────────── 2xx, failure ──▶ reinviteNone
//	     │  └────── Offer before the ACK ──▶ queued ─ ACK ─▶ sent
//	     └───────── INVITE ──▶ received ── AcceptOffer, RefuseOffer ──▶ reinviteNone
//	                              INVITE while sent: 491; while received: 500
type reinvitePhase uint8

const (
	reinviteNone reinvitePhase = iota
	reinviteQueued
	reinviteSent
	reinviteReceived
)

// Offer sends a re-INVITE. What comes of it is reported as OfferAnswered or
// OfferFailed; 491 at once when an INVITE of the other side is under way, for
// RFC 3261 s14.1 has it: "a UAC MUST NOT initiate a new INVITE transaction within a
// dialog while another INVITE transaction is in progress in either direction."
func (u *Usage) Offer(now time.Time, s *sdp.Description) {
	switch {
	case u.state == Answered && u.reinvite.phase == reinviteNone:
		u.reinvite = reinvite{phase: reinviteQueued, offer: s}
	case u.state != Confirmed:
		u.report(OfferFailed{Status: 481})
	case u.reinvite.phase != reinviteNone || u.accept.server != nil:
		u.report(OfferFailed{Status: 491})
	default:
		u.sendReinvite(now, s)
	}
}

// reinviteQueued sends the offer that waited for the ACK of the 2xx before it.
func (u *Usage) reinviteQueued(now time.Time) {
	if u.state == Confirmed && u.reinvite.phase == reinviteQueued {
		u.sendReinvite(now, u.reinvite.offer)
	}
}

func (u *Usage) sendReinvite(now time.Time, s *sdp.Description) {
	d := u.dialog()
	if err := d.Media.SendOffer(s); err != nil {
		u.reinvite = reinvite{}
		u.report(OfferFailed{Status: 491})
		return
	}
	u.reinvite = reinvite{phase: reinviteSent}
	m := u.request(d, "INVITE", d.nextSeq())
	m.add("Contact", u.config.Contact)
	m.add("Allow", Allow)
	u.addAgent(&m)
	m.describe(s)
	u.send(now, m, u.chosen)
}

// reinviteAnswered handles a response to a re-INVITE of ours.
func (u *Usage) reinviteAnswered(now time.Time, c *client, status int, res *sip.Response) {
	d := &u.dialogs[c.dialog]
	switch {
	case status < 200:
		return
	case status < 300 && d.ackSeq == c.message.seq:
		u.resendAck(d)
	case status < 300:
		u.acknowledge(d, c)
		u.reinviteAccepted(d, res)
	default:
		u.reinviteFailed(now, d, status)
	}
}

func (u *Usage) reinviteAccepted(d *Dialog, res *sip.Response) {
	// RFC 3261 s12.2.1.2: "When a UAC receives a 2xx response to a target refresh
	// request, it MUST replace the dialog's remote target URI".
	if t := contactURI(res); t != "" {
		d.Target = t
	}
	if u.reinvite.phase != reinviteSent {
		return
	}
	u.reinvite = reinvite{}
	s, status := description(res)
	if s == nil || d.Media.ReceiveAnswer(s) != nil {
		d.Media.Reject()
		u.report(OfferFailed{Status: max(status, 488)})
		return
	}
	u.report(OfferAnswered{SDP: s})
}

// reinviteFailed leaves the session as it was. RFC 3261 s14.1: "If a UA receives a
// non-2xx final response to a re-INVITE, the session parameters MUST remain
// unchanged"; s12.2.1.2: "If the response for a request within a dialog is a 481 …
// or a 408 … the UAC SHOULD terminate the dialog."
func (u *Usage) reinviteFailed(now time.Time, d *Dialog, status int) {
	if u.reinvite.phase != reinviteSent {
		return
	}
	u.reinvite = reinvite{}
	d.Media.Reject()
	u.report(OfferFailed{Status: status})
	if (status == 481 || status == 408) && u.state == Confirmed {
		u.state = Leaving
		u.sendBye(now, u.chosen, nil)
		u.report(Left{Status: status})
	}
}

// receiveReinvite takes an INVITE within the dialog.
func (u *Usage) receiveReinvite(now time.Time, s *server) {
	d := u.dialog()
	switch {
	case u.state != Confirmed && u.state != Answered:
		u.respond(now, s, 481, nil)
		return
	case u.reinvite.phase == reinviteSent:
		// RFC 3261 s14.2: "A UAS that receives an INVITE on a dialog while an INVITE
		// it had sent on that dialog is in progress MUST return a 491 (Request
		// Pending) response".
		u.respond(now, s, 491, nil)
		return
	case u.reinvite.phase == reinviteReceived:
		// "A UAS that receives a second INVITE before it sends the final response to
		// a first INVITE with a lower CSeq sequence number on the same dialog MUST
		// return a 500 … and MUST include a Retry-After header field with a randomly
		// chosen value of between 0 and 10 seconds."
		u.respond(now, s, 500, nil, Header{"Retry-After", itoa(int(s.seq % 11))})
		return
	}
	offer, fault := description(s.request)
	if fault != 0 {
		u.respond(now, s, fault, nil)
		return
	}
	if offer != nil && d.Media.ReceiveOffer(offer) != nil {
		u.respond(now, s, 491, nil)
		return
	}
	if t := contactURI(s.request); t != "" {
		d.Target = t
	}
	u.reinvite = reinvite{phase: reinviteReceived, server: s}
	u.report(Offered{SDP: offer})
}

// AcceptOffer answers the re-INVITE of the other side; for one without an offer
// the description is ours.
func (u *Usage) AcceptOffer(now time.Time, s *sdp.Description) {
	if u.reinvite.phase != reinviteReceived {
		return
	}
	server := u.reinvite.server
	u.reinvite = reinvite{}
	u.describeLocal(s)
	u.acceptInvite(now, server, s, nil)
}

// RefuseOffer rejects the re-INVITE of the other side.
func (u *Usage) RefuseOffer(now time.Time, status int, headers ...Header) {
	if u.reinvite.phase != reinviteReceived {
		return
	}
	server := u.reinvite.server
	u.reinvite = reinvite{}
	u.dialog().Media.Reject()
	u.respond(now, server, status, nil, headers...)
}

// reinviteCancelled ends a re-INVITE that the other side took back.
func (u *Usage) reinviteCancelled(now time.Time, s *server) {
	if u.reinvite.server == s {
		u.RefuseOffer(now, 487)
		u.report(OfferWithdrawn{})
		return
	}
	u.respond(now, s, 487, nil)
}

// endReinvite ends what goes on when the dialog does.
func (u *Usage) endReinvite(now time.Time) {
	if u.reinvite.phase == reinviteReceived {
		u.RefuseOffer(now, 487)
	}
	u.reinvite = reinvite{}
}
