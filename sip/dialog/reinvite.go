package dialog

import (
	"errors"
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/tandem-gateway/tandem/sdp"
	"github.com/tandem-gateway/tandem/sip/transaction"
)

// reinvite is the INVITE within the dialog that is under way, from either side.
type reinvite struct {
	phase    reinvitePhase
	offer    *sdp.Description // queued
	client   *client          // sent, abandoned
	cancelAt time.Time        // abandoned
	server   *server          // received
	target   string           // received: the Contact, in force when it is accepted
}

// reinvitePhase is what goes on in the dialog.
//
//	none ── Offer ─▶ sent ─────────── 2xx, failure ──▶ none
//	 │ │              └─ the call ends ─▶ abandoned ── T2: CANCEL; 2xx, failure ──▶ none
//	 │ └─── Offer before an ACK ─▶ queued ─ ACK ─▶ sent
//	 │                                └─ INVITE: OfferFailed ─▶ received
//	 └───── INVITE ─▶ received ── AcceptOffer, RefuseOffer, CANCEL, the call ends ──▶ none
//	                     INVITE while sent: 491; while received: 500
type reinvitePhase uint8

const (
	reinviteNone reinvitePhase = iota
	reinviteQueued
	reinviteSent
	reinviteAbandoned
	reinviteReceived
)

// Offer sends a re-INVITE. What comes of it is reported as OfferAnswered or
// OfferFailed, unless the call ends before; 491 at once when another INVITE or offer
// is under way, for RFC 3261 s14.1 has it: "a UAC MUST NOT initiate a new INVITE
// transaction within a dialog while another INVITE transaction is in progress in
// either direction." While the ACK to a 2xx of ours is awaited the offer waits for it
// too.
func (u *Usage) Offer(now time.Time, s *sdp.Description) {
	switch {
	case u.state == Idle, u.state == Ended, u.conversationOver():
		// The report that made it out of date is on its way.
	case u.state != Confirmed && u.state != Answered, u.reinvite.phase != reinviteNone:
		u.report(OfferFailed{Status: 491})
	case u.accept.server != nil:
		u.reinvite = reinvite{phase: reinviteQueued, offer: s}
	default:
		u.sendReinvite(now, s)
	}
}

// sendQueued sends the offer that waited for the ACK of the 2xx before it.
func (u *Usage) sendQueued(now time.Time) {
	if u.state == Confirmed && u.reinvite.phase == reinviteQueued {
		u.sendReinvite(now, u.reinvite.offer)
	}
}

func (u *Usage) sendReinvite(now time.Time, s *sdp.Description) {
	u.reinvite = reinvite{}
	d := u.chosen
	if err := d.Media.SendOffer(s); err != nil {
		u.report(OfferFailed{Status: offerFault(err)})
		return
	}
	m := u.request(d, "INVITE", d.nextSeq())
	u.addContact(&m)
	u.addAgent(&m)
	m.describe(s)
	u.reinvite = reinvite{phase: reinviteSent, client: u.send(now, m, d)}
}

// offerFault is the status for an offer that the machine does not take: 488 for a bad
// one, 491 for one that comes at the wrong time.
func offerFault(err error) int {
	if errors.Is(err, sdp.ErrBadOffer) {
		return 488
	}
	return 491
}

// reinviteAnswered handles a response to a re-INVITE of ours.
func (u *Usage) reinviteAnswered(now time.Time, c *client, status int, res *sip.Response) {
	switch {
	case status < 200:
	case status < 300 && c.ack != nil: // the 2xx is repeated
		u.acknowledgeReinvite(c)
	case status < 300:
		u.reinviteAccepted(c, res)
	default:
		u.reinviteFailed(now, c, status)
	}
}

// reinviteAccepted acknowledges the 2xx and takes the answer. RFC 3261 s12.2.1.2: "When a UAC receives a 2xx
// response to a target refresh request, it MUST replace the dialog's remote target URI
// with the URI from the Contact header field in that response, if present." The ACK goes
// there.
func (u *Usage) reinviteAccepted(c *client, res *sip.Response) {
	c.dialog.retarget(contactURI(res.Contact()))
	u.acknowledgeReinvite(c)
	if !u.concludes(c) {
		return
	}
	media := &c.dialog.Media
	s, status := description(res)
	if s == nil || media.ReceiveAnswer(s) != nil {
		_ = media.Reject() // it waits: it was sent
		u.tell(OfferFailed{Status: max(status, 488)})
		return
	}
	u.tell(OfferAnswered{SDP: s})
}

// reinviteFailed leaves the session as it was. RFC 3261 s14.1: "If a UA receives a
// non-2xx final response to a re-INVITE, the session parameters MUST remain
// unchanged"; s12.2.1.2: "If the response for a request within a dialog is a 481 …
// or a 408 … the UAC SHOULD terminate the dialog."
func (u *Usage) reinviteFailed(now time.Time, c *client, status int) {
	if !u.concludes(c) {
		return
	}
	_ = c.dialog.Media.Reject() // it waits: it was sent
	u.tell(OfferFailed{Status: status})
	if (status == 481 || status == 408) && u.state == Confirmed {
		u.leave(now)
		u.sendBye(now, c.dialog, nil)
		u.report(Left{Status: status})
	}
}

// concludes says whether a final response ends the re-INVITE that is under way.
func (u *Usage) concludes(c *client) bool {
	if u.reinvite.client != c {
		return false
	}
	u.reinvite = reinvite{}
	return true
}

// receiveReinvite takes an INVITE within the dialog.
func (u *Usage) receiveReinvite(now time.Time, s *server, d *Dialog) {
	switch status := u.busy(d); status {
	case 0:
	case 500:
		// "… and MUST include a Retry-After header field with a randomly chosen value
		// of between 0 and 10 seconds." The caller's number is random enough.
		u.respond(now, s, 500, nil, Header{"Retry-After", strconv.Itoa(int(s.seq % 11))})
		return
	default:
		u.respond(now, s, status, nil)
		return
	}
	offer, fault := description(s.request)
	if fault != 0 {
		u.respond(now, s, fault, nil, bodyFault(fault)...)
		return
	}
	if offer != nil {
		_ = d.Media.ReceiveOffer(offer) // nothing waits: busy has looked
	}
	if u.reinvite.phase == reinviteQueued {
		// Theirs is under way, ours is not.
		u.report(OfferFailed{Status: 491})
	}
	u.reinvite = reinvite{phase: reinviteReceived, server: s, target: contactURI(s.request.Contact())}
	u.report(Offered{SDP: offer})
}

// busy gives the status for an INVITE within the dialog that cannot be taken now, 0
// when it can.
func (u *Usage) busy(d *Dialog) int {
	switch {
	case u.calling():
		// RFC 3261 s14.2: "A UAS that receives an INVITE on a dialog while an INVITE it
		// had sent on that dialog is in progress MUST return a 491 (Request Pending)
		// response to the received INVITE."
		return 491
	case u.ringing(), u.reinvite.phase == reinviteReceived:
		// "A UAS that receives a second INVITE before it sends the final response to a
		// first INVITE with a lower CSeq sequence number on the same dialog MUST return
		// a 500 (Server Internal Error) response to the second INVITE …"
		return 500
	case u.reinvite.phase == reinviteSent, d.Media.State == sdp.LocalOffer:
		// The latter is RFC 5407 s3.1.5: the offer of our 2xx waits for its answer in
		// the ACK. An ACK to an answer need not be waited for (s3.1.4).
		return 491
	}
	return 0
}

// AcceptOffer answers the re-INVITE of the other side; for one without an offer
// the description is ours. RFC 3261 s12.2.2 has requests atomic: "If a particular
// request is accepted by the UAS, all the state changes associated with it are
// performed. If the request is rejected, none of the state changes are performed."
// So its Contact is the target from here on.
func (u *Usage) AcceptOffer(now time.Time, s *sdp.Description) {
	if u.reinvite.phase != reinviteReceived {
		return
	}
	r := u.reinvite
	u.reinvite = reinvite{}
	u.chosen.retarget(r.target)
	u.describeLocal(s)
	u.acceptInvite(now, r.server, s, nil)
}

// RefuseOffer rejects the re-INVITE of the other side.
func (u *Usage) RefuseOffer(now time.Time, status int, headers ...Header) {
	if u.reinvite.phase != reinviteReceived {
		return
	}
	r := u.reinvite
	u.reinvite = reinvite{}
	_ = u.chosen.Media.Reject() // there is none in an INVITE without an offer
	u.respond(now, r.server, failure(status), nil, headers...)
}

// reinviteCancelled ends the re-INVITE that the other side took back: the only one
// without a final response.
func (u *Usage) reinviteCancelled(now time.Time) {
	u.RefuseOffer(now, 487)
	u.tell(OfferWithdrawn{})
}

// endReinvite ends what goes on when the call does. An INVITE of the other side gets
// its 487. Ours will get one too, with the BYE (RFC 3261 s15.1.2); it is given up with
// a CANCEL when it does not.
func (u *Usage) endReinvite(now time.Time) {
	switch u.reinvite.phase {
	case reinviteReceived:
		u.RefuseOffer(now, 487)
	case reinviteSent:
		u.reinvite.phase = reinviteAbandoned
		u.reinvite.cancelAt = now.Add(u.config.Timing.T2)
	default:
		u.reinvite = reinvite{}
	}
}

// cancelReinvite gives up a re-INVITE of ours that the end of the call has not ended: a
// ringing phone could keep it for ever.
func (u *Usage) cancelReinvite(now time.Time) {
	r := &u.reinvite
	if r.cancelAt.IsZero() || now.Before(r.cancelAt) {
		return
	}
	r.cancelAt = time.Time{}
	u.stepClient(now, r.client, transaction.Cancel, nil)
}
